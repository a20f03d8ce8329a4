// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "crypto/p256.hpp"
#include "hci/commands.hpp"
#include "virtual_controller/addresses.hpp"
#include "virtual_controller/advertiser.hpp"
#include "virtual_controller/faults.hpp"
#include "virtual_controller/host_port.hpp"
#include "virtual_controller/initiator.hpp"
#include "virtual_controller/links.hpp"
#include "virtual_controller/profile.hpp"
#include "virtual_controller/random.hpp"
#include "virtual_controller/scanner.hpp"
#include "virtual_controller/synchronizer.hpp"
#include "virtual_controller/timer_heap.hpp"

namespace bluetooth::virtual_controller {

class Air;

// Transmit power in dBm, where nobody asks for another
inline constexpr std::int8_t default_tx_power = 0;
inline constexpr std::int8_t min_tx_power = -20;
inline constexpr std::int8_t max_tx_power = 10;

/// An LE controller, as its host sees it through HCI (Core 5.4 Vol 4 Part E). It does nothing on
/// its own: packets of the host go in by `receive`, time passes by `Air::advance`, and what is for
/// the host waits in `pending`.
///
/// Whatever a host sends, the controller stays whole. Its queue to the host is bounded: where the
/// host does not read, see `Share`.
///
/// It is made of parts, one for each state of the Link Layer, which know each other through it:
/// `Addresses`, `Advertiser`, `Scanner`, `Initiator`, `Synchronizer`, `Links`. `CommandTable`
/// brings each command to the part that it concerns.
class Controller {
public:
    /// For `Air::add`.
    Controller(Air& air, const Profile& profile, std::size_t index, std::uint16_t number,
               std::uint64_t seed);
    Controller(const Controller&) = delete;
    Controller& operator=(const Controller&) = delete;

    /// Takes one H4 packet of the host, indicator included. What is no packet of a host, or is not
    /// as long as it says, is answered by Hardware Error.
    void receive(Time now, Bytes h4_packet);

    /// The H4 packets that wait for the host, back to back; packets completed since the last call
    /// are told in one event at the end. Valid until the next call to anything of the air.
    Bytes pending();
    /// The host has taken the first `count` octets of `pending`; whatever waited for room goes on.
    void consume(std::size_t count);

    /// A small number that no other controller of the air has at the same time.
    std::size_t index() const { return index_; }
    /// Of all that were ever added to the air.
    std::uint16_t number() const { return number_; }
    const Address& public_address() const { return addresses_.public_address(); }
    const Profile& profile() const { return profile_; }
    const Counters& counters() const { return host_.counters; }
    /// What it does wrong from now on.
    Faults& faults() { return host_.faults; }

    // ---- for its parts and the air

    Air& air() const { return air_; }
    SeededRandom& random() { return random_; }
    HostPort& host() { return host_; }
    const HostPort& host() const { return host_; }
    Addresses& addresses() { return addresses_; }
    Advertiser& advertiser() { return advertiser_; }
    Scanner& scanner() { return scanner_; }
    Initiator& initiator() { return initiator_; }
    Synchronizer& synchronizer() { return synchronizer_; }
    Links& links() { return links_; }

    /// Whether it sends and receives at all; see `Air::vanish`.
    bool reachable() const { return reachable_; }
    void set_reachable(bool reachable) { reachable_ = reachable; }
    /// Whether addresses and lists are in use: by advertising, scanning, initiating, or the search
    /// for a train.
    bool uses_addresses() const;
    /// Called when scanner or initiator begin or end to listen.
    void update_listening();
    /// Has `settle` called when what is going on is over.
    void mark_unsettled();
    void settle();
    void on_timer(const Timer& timer, Time due);
    void to_initial_state();
    /// Forgets also what is yet to be carried out.
    void shut_down();

private:
    friend class CommandTable;

    /// Which of the two sets of commands for advertising and scanning the host uses: it must not
    /// mix them (Vol 4 Part E 3.1.1).
    enum class CommandSet : std::uint8_t { undecided, legacy, extended };

    void receive_command(Bytes packet);
    void execute(Bytes packet);
    void execute_late();

    // ---- information.cpp: what the controller is, and what its host wants to hear of it
    bool report_keys();
    hci::Status run(const hci::SetEventMask&);
    hci::Status run(const hci::Reset&);
    hci::Status run(const hci::SetEventMaskPage2&);
    hci::ReadLocalVersionInformation::Return run(const hci::ReadLocalVersionInformation&);
    hci::ReadLocalSupportedCommands::Return run(const hci::ReadLocalSupportedCommands&);
    hci::ReadLocalSupportedFeatures::Return run(const hci::ReadLocalSupportedFeatures&);
    hci::ReadBufferSize::Return run(const hci::ReadBufferSize&);
    hci::ReadBdAddr::Return run(const hci::ReadBdAddr&);
    hci::Status run(const hci::LeSetEventMask&);
    hci::LeReadBufferSize::Return run(const hci::LeReadBufferSize&);
    hci::LeReadLocalSupportedFeatures::Return run(const hci::LeReadLocalSupportedFeatures&);
    hci::LeReadSupportedStates::Return run(const hci::LeReadSupportedStates&);
    hci::LeReadTransmitPower::Return run(const hci::LeReadTransmitPower&);
    hci::LeReadRfPathCompensation::Return run(const hci::LeReadRfPathCompensation&);
    hci::Status run(const hci::LeWriteRfPathCompensation&);
    hci::LeEncrypt::Return run(const hci::LeEncrypt&);
    hci::LeRand::Return run(const hci::LeRand&);
    hci::Status run(const hci::LeReadLocalP256PublicKey&);
    hci::Status run(const hci::LeGenerateDhKey&);
    hci::Status run(const hci::LeGenerateDhKeyV2&);
    hci::Status begin_dh_key(const std::array<std::uint8_t, 32>& x,
                             const std::array<std::uint8_t, 32>& y, hci::DhKeyType type);

    Air& air_;
    Profile profile_;
    std::size_t index_;
    std::uint16_t number_;  // of all that were ever added; names the controller where order counts
    SeededRandom random_;
    HostPort host_;
    hci::SupportedCommands supported_commands_{};
    bool reachable_ = true;
    bool unsettled_ = false;  // stands in the air's list of those with something to do
    bool stuck_ = false;      // something waits for room in our queue
    bool listening_ = false;  // stands in the air's list of listeners

    // What Reset restores
    CommandSet command_set_ = CommandSet::undecided;
    std::int16_t tx_path_compensation_ = 0;
    std::int16_t rx_path_compensation_ = 0;
    std::optional<crypto::KeyPair> key_pair_;
    bool reports_public_key_ = false;
    std::optional<hci::LeGenerateDhKeyComplete> dh_key_;

    Addresses addresses_;
    Advertiser advertiser_;
    Initiator initiator_;
    Scanner scanner_;
    Synchronizer synchronizer_;
    Links links_;

    /// A command that is carried out late; see `Faults::answer_delay`.
    struct LateCommand {
        Time due{};
        std::vector<std::uint8_t> packet;
    };
    std::vector<LateCommand> late_commands_;
    Timer command_timer_;
};

}  // namespace bluetooth::virtual_controller
