// SPDX-License-Identifier: MIT
//
// A connector with its peer, and what the controller says to it.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "gap/connector.hpp"
#include "tests/gap/script.hpp"

namespace bluetooth::gap::test {

// Opcode, length, scan interval and window 16 x 0.625 ms, filter policy, peer, own address type,
// intervals 24 and 40 x 1.25 ms, latency, supervision timeout 256 x 10 ms, event lengths.
inline const std::string create = command(
    "0d 20 19 | 10 00 10 00 00 00 04 03 02 01 aa 00 00 18 00 28 00 00 00 00 01 00 00 00 00");
inline const std::string cancel = command("0e 20 00");
inline const std::string connected = "connected 0x0040 0 00:AA:01:02:03:04 40 0 256";
inline const std::string timed_out = "connect failed: timed out";
inline const std::string cancelled = "connect failed: operation cancelled by host";

inline const Address peer = Address::from_display({0x00, 0xaa, 0x01, 0x02, 0x03, 0x04});
inline const Address other = Address::from_display({0x00, 0xaa, 0x01, 0x02, 0x03, 0x05});

// Subevent, status, handle, role, peer, interval, latency, timeout, clock accuracy.
inline hci::LeConnectionComplete complete(std::string_view parameters) {
    return hci::decode_event<hci::LeConnectionComplete>(hex(parameters)).value();
}
inline const auto success_event =
    complete("01 00 40 00 00 00 04 03 02 01 aa 00 28 00 00 00 00 01 00");
inline const auto other_peer_event =
    complete("01 00 41 00 00 00 05 03 02 01 aa 00 28 00 00 00 00 01 00");
inline const auto failed_event =
    complete("01 3e 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
inline const auto cancelled_event =
    complete("01 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");

struct ConnectorScript : Script {
    Connector connector;

    error_code connect(ConnectRequest request = {.peer = peer}) {
        return connector.connect(context(), request);
    }
    error_code cancel_attempt() { return connector.cancel(context()); }
    void answer(hci::Status status = success) {
        connector.on_command_done(context(), 0, status, {});
    }
    Lines answered(hci::Status status = success) {
        answer(status);
        return take();
    }
    bool completed(const hci::LeConnectionComplete& event) {
        return connector.on_connection_complete(context(), event);
    }
    Lines at(Duration since_start) {
        now = Time{} + since_start;
        connector.on_timer(context());
        return take();
    }
    void initiate(ConnectRequest request = {.peer = peer}) {
        REQUIRE(!connect(request));
        answer();
        (void)take();
    }
    Lines hold() {
        connector.hold(context(), true);
        return take();
    }
    Lines release() {
        connector.hold(context(), false);
        return take();
    }
    void reset() { connector.on_controller_reset(context(), make_error(errc::connection_lost)); }
};

}  // namespace bluetooth::gap::test
