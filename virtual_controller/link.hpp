// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/address.hpp"
#include "base/time.hpp"
#include "hci/codes.hpp"
#include "virtual_controller/device.hpp"
#include "virtual_controller/link_cipher.hpp"
#include "virtual_controller/timer_heap.hpp"

namespace bluetooth::virtual_controller {

class Links;

/// How a connection is run (Vol 6 Part B 4.5).
struct LinkParameters {
    Units1250us interval{};
    std::uint16_t latency{};
    Units10ms supervision_timeout{};
    friend bool operator==(const LinkParameters&, const LinkParameters&) = default;
};

/// What can be sent in one data channel PDU (Vol 6 Part B 4.5.10).
struct DataLength {
    std::uint16_t octets{};
    hci::Microseconds time{};
    friend bool operator==(const DataLength&, const DataLength&) = default;
};
/// How long a peer may take to answer in a procedure of the Link Layer (Vol 6 Part B 5.2).
inline constexpr Duration procedure_timeout = std::chrono::seconds{40};

/// Before the data length update procedure, and without it.
inline constexpr DataLength initial_data_length{27, hci::Microseconds{328}};

/// What to do when a peer hands over a periodic advertising train (Vol 4 Part E 7.8.91).
struct SyncTransferParameters {
    hci::SyncTransferMode mode{};
    std::uint16_t skip = 0;
    Units10ms timeout{};
};

/// What is yet to be done for a link. Each is a state of the link and not an entry of a queue:
/// where a host is slow to take its events, or the peer is out of reach, it is done later, once. In
/// the order in which they are done.
enum class Task : std::uint32_t {
    // between the two ends: an air that takes time does them at connection events
    terminate = 1 << 0,
    read_remote_version = 1 << 1,
    read_remote_features = 1 << 2,
    update_connection = 1 << 3,
    request_parameters = 1 << 4,
    reject_parameters = 1 << 5,
    set_phy = 1 << 6,
    update_data_length = 1 << 7,
    request_encryption = 1 << 8,
    reject_encryption = 1 << 9,
    start_encryption = 1 << 10,
    // towards the host
    ask_for_parameters = 1 << 11,
    ask_for_key = 1 << 12,
    report_version = 1 << 13,
    report_features = 1 << 14,
    report_update = 1 << 15,
    report_data_length = 1 << 16,
    report_phy = 1 << 17,
    report_encryption = 1 << 18,
    report_payload_timeout = 1 << 19,
};
inline constexpr std::uint32_t tasks_on_the_air =
    static_cast<std::uint32_t>(Task::ask_for_parameters) - 1;

/// One controller's end of a connection.
struct Link {
    bool open = false;
    Links* owner = nullptr;
    Link* other = nullptr;  ///< the peer's end; null once that is gone without a word
    hci::ConnectionHandle handle{};
    hci::Role role{};
    Device peer{};               ///< an identity, where it is known
    Address local_resolvable{};  ///< ours on this link, if it is such a one
    Address peer_resolvable{};
    bool established = false;  ///< the peer was heard on it

    LinkParameters parameters{};
    LinkParameters wanted_parameters{};  ///< by our host, or by the peer's
    Units1250us wanted_interval_min{};   ///< with `wanted_parameters.interval` as maximum
    hci::Status update_status{};
    bool awaits_parameter_reply = false;  ///< from our host
    hci::Status parameter_refusal{};      ///< of the peer's wish, by our host

    DataLength wanted_data_length = initial_data_length;  ///< by our host
    DataLength sent_data_length = initial_data_length;    ///< in effect from us to the peer

    hci::Phy tx_phy = hci::Phy::le_1m;
    hci::Phy rx_phy = hci::Phy::le_1m;
    std::uint8_t wanted_tx_phys = 0;
    std::uint8_t wanted_rx_phys = 0;
    hci::Status phy_status{};

    // Encryption (Vol 6 Part B 5.1.3)
    bool encrypted = false;          ///< as the host was told
    bool starts_encryption = false;  ///< data waits
    bool awaits_key = false;         ///< from our host
    hci::Status encryption_status{};
    std::array<std::uint8_t, 8> random_number{};
    std::uint16_t encrypted_diversifier = 0;
    EncryptionMaterial encryption{};
    std::optional<LinkCipher> cipher{};
    Units10ms authenticated_payload_timeout{0x0bb8};  ///< Vol 4 Part E 7.3.93

    SyncTransferParameters sync_transfer{};

    hci::Status terminate_reason{};
    std::uint32_t tasks = 0;  ///< of `Task`

    Timer event{};                  ///< the connection event under way or awaited, at the central
    Time event_due{};               ///< when `event` fires
    Time anchor{};                  ///< of some connection event, at the central
    Timer supervision{};            ///< runs while the two ends do not hear each other
    Timer procedure{};              ///< runs while the peer owes an answer to a request
    Timer encryption_wait{};        ///< runs until encryption has started
    Timer authenticated_payload{};  ///< runs while an encrypted link hears nothing

    std::uint8_t held_packets = 0;        ///< in our buffers, on their way
    std::uint16_t completed_packets = 0;  ///< carried, not yet told to our host
    std::uint32_t packets_at_host = 0;    ///< given to our host, which counts them
    /// The rest of a packet that came, for which our host has no buffers yet.
    std::vector<std::uint8_t> undelivered{};

    bool has(Task task) const { return (tasks & static_cast<std::uint32_t>(task)) != 0; }
    void add(Task task) { tasks |= static_cast<std::uint32_t>(task); }
    void remove(Task task) { tasks &= ~static_cast<std::uint32_t>(task); }
};

}  // namespace bluetooth::virtual_controller
