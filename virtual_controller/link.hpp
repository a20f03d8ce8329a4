// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/address.hpp"
#include "base/time.hpp"
#include "hci/codes.hpp"
#include "virtual_controller/timer_heap.hpp"

namespace bluetooth::virtual_controller {

/// How a connection is run (Vol 6 Part B 4.5).
struct ConnectionParameters {
    Units1250us interval{};
    std::uint16_t latency{};
    Units10ms supervision_timeout{};
    friend bool operator==(const ConnectionParameters&, const ConnectionParameters&) = default;
};

/// What can be sent in one data channel PDU (Vol 6 Part B 4.5.10).
struct DataLength {
    std::uint16_t octets{};
    hci::Microseconds time{};
    friend bool operator==(const DataLength&, const DataLength&) = default;
};
/// Before the data length update procedure, and without it.
inline constexpr DataLength initial_data_length{27, hci::Microseconds{328}};
/// What the virtual controller sends and receives at most; without the coded PHY.
inline constexpr DataLength maximum_data_length{251, hci::Microseconds{2120}};

/// What is yet to be done for a link's host. Each is a state of the link and not an entry of a
/// queue: where a host is slow to take its events, or the peer is out of reach, it is done later,
/// once. In the order in which they are done.
enum class Task : std::uint16_t {
    // asked for by the host; all but the last end in an event
    terminate = 1 << 0,
    read_remote_version = 1 << 1,
    read_remote_features = 1 << 2,
    update_connection = 1 << 3,
    request_parameters = 1 << 4,
    set_phy = 1 << 5,
    // caused by the peer, or by the above
    ask_for_parameters = 1 << 6,
    report_update = 1 << 7,
    report_data_length = 1 << 8,
    report_phy = 1 << 9,
};

/// One controller's end of a connection.
struct Link {
    bool open = false;
    Controller* owner = nullptr;
    Link* other = nullptr;  ///< the peer's end; null once that is gone without a word
    hci::ConnectionHandle handle{};
    hci::Role role{};
    AddressType peer_address_type{};
    Address peer_address{};

    ConnectionParameters parameters{};
    ConnectionParameters wanted_parameters{};  ///< by our host, or by the peer's
    Units1250us wanted_interval_min{};         ///< with `wanted_parameters.interval` as maximum
    hci::Status update_status{};
    bool awaits_parameter_reply = false;  ///< from our host

    DataLength wanted_data_length = initial_data_length;  ///< by our host
    DataLength sent_data_length = initial_data_length;    ///< in effect from us to the peer

    hci::Phy tx_phy = hci::Phy::le_1m;
    hci::Phy rx_phy = hci::Phy::le_1m;
    std::uint8_t wanted_tx_phys = 0;
    std::uint8_t wanted_rx_phys = 0;
    hci::Status phy_status{};

    hci::Status terminate_reason{};
    std::uint16_t tasks = 0;  ///< of `Task`

    Timer supervision{};  ///< runs while the two ends do not hear each other
    Timer procedure{};    ///< runs while the peer owes an answer

    std::uint8_t held_packets = 0;        ///< in our buffers: the peer's host has no room
    std::uint16_t completed_packets = 0;  ///< carried, not yet told to our host

    bool has(Task task) const { return (tasks & static_cast<std::uint16_t>(task)) != 0; }
    void add(Task task) { tasks = static_cast<std::uint16_t>(tasks | static_cast<unsigned>(task)); }
    void remove(Task task) {
        tasks = static_cast<std::uint16_t>(tasks & ~static_cast<unsigned>(task));
    }
};

}  // namespace bluetooth::virtual_controller
