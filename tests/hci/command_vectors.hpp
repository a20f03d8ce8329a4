// SPDX-License-Identifier: MIT
//
// Commands against their octets, written down from the specification.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hci/command.hpp"
#include "tests/hci/coverage.hpp"
#include "tests/support/hex.hpp"

namespace bluetooth::test {

template <std::size_t N> std::array<std::uint8_t, N> array(std::string_view text) {
    const Octets octets = hex(text);
    std::array<std::uint8_t, N> out{};
    std::copy_n(octets.begin(), N, out.begin());
    return out;
}

/// `command` is the packet `text`, and its parameters are that command with no octet fewer or more.
template <class C> void check_command(Coverage& covered, const C& command, std::string_view text) {
    INFO(C::pdu_name);
    covered.add(command);
    const Octets packet = hex(text);
    std::array<std::uint8_t, 258> out{};
    CHECK(Bytes{hci::encode_command_packet(command, out)} == Bytes{packet});

    const auto decoded = hci::decode_command_packet(packet);
    REQUIRE(decoded);
    CHECK(decoded->opcode == C::opcode);
    const Bytes parameters = decoded->parameters.octets;
    CHECK(hci::decode_command<C>(parameters) == command);
    for (std::size_t size = 0; size < parameters.size(); ++size)
        CHECK_FALSE(hci::decode_command<C>(Bytes{parameters.first(size)}));
    Octets longer{parameters};
    longer.push_back(0);
    CHECK_FALSE(hci::decode_command<C>(longer));
}

/// `text` are the return parameters `expected` of `C`, with no octet fewer.
template <class C> void check_return(const typename C::Return& expected, std::string_view text) {
    INFO(C::pdu_name);
    Octets octets = hex(text);
    CHECK(hci::decode_return<C>(octets) == expected);
    std::array<std::uint8_t, 255> out{};
    CHECK(Bytes{encode_fields(expected, out)} == Bytes{octets});
    for (std::size_t size = 0; size < octets.size(); ++size)
        CHECK_FALSE(hci::decode_return<C>(Bytes{Bytes{octets}.first(size)}));
    octets.push_back(0xff);
    CHECK(hci::decode_return<C>(octets) == expected);
}

}  // namespace bluetooth::test
