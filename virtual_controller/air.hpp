// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/address.hpp"
#include "base/bytes.hpp"
#include "base/time.hpp"
#include "hci/codes.hpp"
#include "virtual_controller/air_model.hpp"
#include "virtual_controller/profile.hpp"
#include "virtual_controller/random.hpp"
#include "virtual_controller/timer_heap.hpp"

namespace bluetooth::virtual_controller {

struct AdvertisingSet;

/// Where a controller is, in metres.
struct Position {
    double x = 0;
    double y = 0;
};

/// The air between any number of LE controllers in software. It reads no clock and draws no
/// randomness of its own: with the same seed, the same inputs at the same times give the same
/// octets. Once every controller has been as busy as it gets, packets allocate nothing.
///
/// Always modelled: advertising events at their real intervals with advDelay; scan windows and the
/// three advertising channels; who hears whom by addresses, lists, filter policies and privacy;
/// links with their parameters, procedures, encryption and supervision. By distance, for
/// controllers that were placed: signal strength, and who is out of reach on which PHY. By
/// `AirModel`: loss, collisions of advertising on its primary channels, and the time that links
/// take. Not modelled: the secondary channels' occupancy, other radio traffic than advertising in
/// collisions, channel hopping, clock drift, the instants of link layer procedures (what they
/// change is changed at the connection event that carries them, and a train handed over is there at
/// once).
class Air {
public:
    explicit Air(std::uint64_t seed, const AirModel& model = {});
    Air(const Air&) = delete;
    Air& operator=(const Air&) = delete;
    ~Air();

    /// Brings a controller into the air, which owns it until `remove`. The reference stays valid.
    Controller& add(const Profile& profile = {});
    /// Takes a controller away, as if its power was cut: its peers learn it by their supervision
    /// timeouts.
    void remove(Controller& controller);

    /// The controller with this public address, or null.
    Controller* find(const Address& public_address);

    /// Takes the controller out of everybody's reach, its host still attached: its links end on
    /// both sides with Connection Timeout, unless `reappear` comes before the supervision timeout.
    void vanish(Controller& controller);
    void reappear(Controller& controller);
    /// Lets the controller forget everything, what waits for its host included, as if its power
    /// failed for a moment. The host is not told.
    void reset(Controller& controller);
    /// Where the controller is from now on. Between two that were placed the distance says how
    /// strong the signal is, and whether there is one.
    void place(Controller& controller, Position position);

    /// When `advance` should be called next; `never` when nothing is due.
    Time next_deadline() const { return timers_.next(); }
    /// Lets happen what is due up to `now`, in the order of time. Time never goes back: an earlier
    /// `now` is ignored.
    void advance(Time now);

    /// The next controller that has something new for its host, or null. Each is named once per
    /// call of its `pending`.
    Controller* take_ready();

    /// What `listener` hears `sender` with, in dBm. Between two of whom not both were placed it is
    /// between −40 and −89, always the same.
    std::int8_t rssi(const Controller& sender, const Controller& listener,
                     std::int8_t tx_power = 0) const;

    // ---- for the controllers

    const AirModel& model() const { return model_; }
    Time now() const { return now_; }
    TimerHeap& timers() { return timers_; }
    /// Does what the input at hand has left to do; each input ends with it.
    void settle();
    void add_unsettled(Controller& controller) { unsettled_.push_back(&controller); }
    void announce(Controller& controller) { ready_.push_back(&controller); }
    void set_listening(Controller& controller, bool listening);
    /// The controller follows periodic advertising trains, or none any more.
    void set_following(Controller& controller, bool following);
    std::uint32_t next_train() { return ++trains_; }

    bool in_reach(const Controller& a, const Controller& b, hci::Phy phy) const;
    /// One PDU from `sender`: its RSSI, or nothing when it does not come through.
    std::optional<std::int8_t> receive(const Controller& sender, const Controller& listener,
                                       std::int8_t tx_power, hci::Phy phy);
    /// Whether a PDU is lost that is in reach; draws anew each time.
    bool loses();
    /// Data that comes in an auxiliary PDU and the chain behind it: as much of its beginning as
    /// comes through; nothing when the auxiliary PDU itself is lost.
    std::optional<Bytes> receive_chain(Bytes data);

    /// With collisions: an advertising event begins now; returns when it is over. Takes channels
    /// from the set, and from others on the air, where PDUs meet.
    Time transmit(AdvertisingSet& set);
    /// The event is over, or was broken off.
    void withdraw(AdvertisingSet& set);
    /// Hands an advertising event to all who listen.
    void broadcast(Controller& advertiser, AdvertisingSet& set);
    /// Hands an event of its train to all who follow one.
    void broadcast_train(Controller& advertiser, const AdvertisingSet& set);

private:
    /// An advertising event that is being sent, one PDU on each of its channels in turn.
    struct Transmission {
        AdvertisingSet* set;
        Time start;
        Duration pdu;
    };
    struct Placed {
        const Controller* controller;
        Position position;
    };
    const Placed* placed(const Controller& controller) const;

    std::uint64_t seed_;
    AirModel model_;
    SeededRandom random_;
    Time now_{};
    std::uint16_t added_ = 0;
    std::uint32_t trains_ = 0;
    TimerHeap timers_;
    std::vector<std::unique_ptr<Controller>> controllers_;  // null where one was removed
    std::vector<std::size_t> free_indices_;
    std::vector<Placed> placed_;
    std::vector<Controller*> listeners_;  // those that scan or initiate, in the order they began
    std::vector<Controller*> followers_;  // those that follow trains
    std::vector<Transmission> transmissions_;
    std::vector<Controller*> unsettled_;
    std::vector<Controller*> ready_;
    std::size_t ready_taken_ = 0;
};

}  // namespace bluetooth::virtual_controller
