// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/address.hpp"
#include "base/time.hpp"
#include "virtual_controller/air_model.hpp"
#include "virtual_controller/profile.hpp"
#include "virtual_controller/random.hpp"
#include "virtual_controller/timer_heap.hpp"

namespace bluetooth::virtual_controller {

/// The air between any number of LE controllers in software. It reads no clock and draws no
/// randomness of its own: with the same seed, the same inputs at the same times give the same
/// octets. Once every controller has been as busy as it gets, nothing is allocated.
///
/// Modelled: advertising events at their real intervals with advDelay; scan windows and the three
/// advertising channels; who hears whom by addresses, accept lists and filter policies; links with
/// their parameters, procedures and supervision.
/// Not modelled: connection events and loss. What a host sends on a link is there at once, in the
/// fragments in which it was sent, procedures end at once, and a link's supervision starts to run
/// out when its peer vanishes. Every advertising PDU is heard that finds a listener on its channel.
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

    const AirModel& model() const { return model_; }

    /// The controller with this public address, or null.
    Controller* find(const Address& public_address);

    /// Takes the controller out of everybody's reach, its host still attached: its links end on
    /// both sides with Connection Timeout, unless `reappear` comes before the supervision timeout.
    void vanish(Controller& controller);
    void reappear(Controller& controller);

    /// When `advance` should be called next; `never` when nothing is due.
    Time next_deadline() const { return timers_.next(); }
    /// Lets happen what is due up to `now`, in the order of time. Time never goes back: an earlier
    /// `now` is ignored.
    void advance(Time now);

    /// The next controller that has something new for its host, or null. Each is named once per
    /// call of its `pending`.
    Controller* take_ready();

    /// What `listener` hears `sender` with, in dBm: between −40 and −89, always the same between
    /// the same two.
    std::int8_t rssi(const Controller& sender, const Controller& listener) const;

private:
    friend class Controller;

    /// Does the tasks that the input at hand has raised; each input ends with it.
    void settle();
    void announce(Controller& controller);
    void set_listening(Controller& controller, bool listening);
    /// One advertising event: hands it to all who listen.
    void broadcast(Controller& advertiser, Time at);

    std::uint64_t seed_;
    AirModel model_;
    Time now_{};
    std::uint16_t added_ = 0;
    TimerHeap timers_;
    std::vector<std::unique_ptr<Controller>> controllers_;  // null where one was removed
    std::vector<std::size_t> free_indices_;
    std::vector<Controller*> listeners_;  // those that scan or initiate, in the order they began
    std::vector<Controller*> unsettled_;
    std::vector<Controller*> ready_;
    std::size_t ready_taken_ = 0;
};

}  // namespace bluetooth::virtual_controller
