// SPDX-License-Identifier: MIT
//
// What advertiser, scanner, connector and privacy share: the actions they hand to the host, and the
// context that comes with every input.
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

/// Which object a command is from. Opcodes do not tell: scanner and connector both scan.
enum class Sender : std::uint8_t { advertiser, scanner, connector, privacy };

/// The host sends the command and hands the answer to `on_command_done` of its sender. Each
/// object has at most one command in flight.
struct SendCommand {
    Sender sender{};
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

/// The attempt succeeded.
struct Connected {
    hci::ConnectionHandle handle{};
    AddressType peer_type{};  ///< type and address as they were asked for
    Address peer{};
    Units1250us interval{};
    std::uint16_t latency = 0;
    Units10ms supervision_timeout{};
    AddressType air_type{};  ///< those that the peer used on air, as far as the controller tells
    Address air_address{};
};
/// The attempt failed, timed out (`errc::timed_out`) or was cancelled (HCI status 0x44).
struct ConnectFailed {
    error_code error;
};
/// A connection as central that no attempt waits for: the host disconnects it.
struct StrayConnection {
    hci::ConnectionHandle handle{};
};

/// The host calls `hold` of advertiser, scanner and connector with `held`, and once all three are
/// at rest `Privacy::on_at_rest`.
struct HoldAddresses {
    bool held = false;
};
/// The controller refused the own address that was last asked for; the one before stays in use.
struct OwnAddressFailed {
    error_code error;
};

using Outbox = bluetooth::Outbox<SendCommand, AdvertisingFailed, ScanResult, ScanDone, Connected,
                                 ConnectFailed, StrayConnection, HoldAddresses, OwnAddressFailed>;

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
