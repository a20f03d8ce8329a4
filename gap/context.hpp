// SPDX-License-Identifier: MIT
//
// What advertiser, scanner and connector share: the actions they hand to the host, and the context
// that comes with every input.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/address.hpp"
#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/outbox.hpp"
#include "base/time.hpp"
#include "hci/codes.hpp"
#include "hci/commands.hpp"

namespace bluetooth::gap {

/// The host sends the command and hands the answer to `on_command_done` of the same object. Each
/// object has at most one command in flight.
struct SendCommand {
    hci::EncodedCommand command;
};

/// The controller refused, or was reset; the advertiser is idle.
struct AdvertisingFailed {
    error_code error;
};

/// One advertising report.
struct ScanResult {
    AddressType address_type{};
    Address address{};
    hci::AdvertisingEventType event_type{};
    std::int8_t rssi = hci::power_not_available;
    Bytes data{};  ///< points into the received packet
};
/// The scan has ended; exactly once for each accepted `Scanner::start`.
struct ScanDone {
    error_code error;  ///< set when the controller refused, or was reset
};

/// The attempt succeeded; type and address of the peer are those that were asked for.
struct Connected {
    hci::ConnectionHandle handle{};
    AddressType peer_type{};
    Address peer{};
    Units1250us interval{};
    std::uint16_t latency = 0;
    Units10ms supervision_timeout{};
};
/// The attempt failed, timed out (`errc::timed_out`) or was cancelled (HCI status 0x44).
struct ConnectFailed {
    error_code error;
};
/// A connection as central that no attempt waits for: the host disconnects it.
struct StrayConnection {
    hci::ConnectionHandle handle{};
};

using Outbox = bluetooth::Outbox<SendCommand, AdvertisingFailed, ScanResult, ScanDone, Connected,
                                 ConnectFailed, StrayConnection>;

struct Context {
    Time now;
    Outbox& out;
};

/// The error for a status that the controller gave.
inline error_code controller_error(hci::Status status) {
    return {static_cast<int>(status), hci_category()};
}

/// `now` + `wait`, or `never` where that lies beyond the clock's range.
inline Time deadline_after(Time now, std::chrono::milliseconds wait) {
    if (wait >= std::chrono::duration_cast<std::chrono::milliseconds>(never - now)) return never;
    return now + wait;
}

}  // namespace bluetooth::gap
