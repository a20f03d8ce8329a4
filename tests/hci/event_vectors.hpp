// SPDX-License-Identifier: MIT
//
// Events against their octets, written down from the specification.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/show.hpp"
#include "hci/events.hpp"
#include "tests/hci/coverage.hpp"
#include "tests/support/hex.hpp"

namespace bluetooth::test {

/// `event` is the packet `text`, and that packet is found and dispatched as the event.
template <class E> void check_event(Coverage& covered, const E& event, std::string_view text) {
    INFO(E::pdu_name);
    covered.add(event);
    const Octets bytes = hex(text);
    std::array<std::uint8_t, 257> out{};
    CHECK(Bytes{hci::encode_event_packet(event, out)} == Bytes{bytes});

    const auto packet = hci::decode_event_packet(bytes);
    REQUIRE(packet);
    CHECK(packet->code == E::code);
    const Bytes parameters = packet->parameters.octets;
    CHECK(hci::decode_event<E>(parameters) == event);
    CHECK(hci::event_name(packet->code, parameters) == E::pdu_name);
    bool dispatched = false;
    CHECK(hci::Events::dispatch(packet->code, parameters, [&](const auto& decoded) {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(decoded)>, E>)
            dispatched = decoded == event;
    }));
    CHECK(dispatched);
}

/// The data and RSSI of all reports that an event yields, as text.
template <class Reports>
std::vector<std::string> read_reports(std::string_view parameters_behind_subevent) {
    const Octets octets = hex(parameters_behind_subevent);
    std::vector<std::string> reports;
    for (const auto& report : Reports{octets}) {
        std::string text = to_string(report.address) + ' ' + std::to_string(report.rssi);
        if constexpr (requires { report.data; }) text += ' ' + to_hex(report.data.octets);
        reports.push_back(text);
    }
    return reports;
}

}  // namespace bluetooth::test
