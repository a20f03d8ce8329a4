// SPDX-License-Identifier: MIT
#include "att/bearer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "tests/support/hex.hpp"

using namespace bluetooth;
using namespace bluetooth::att;

TEST_CASE("att bearer: the opcode decides between client and server") {
    // Vol 3 Part F 3.4.8, Table 3.43: everything that a server sends.
    constexpr std::array<unsigned, 16> from_server{0x01, 0x03, 0x05, 0x07, 0x09, 0x0b, 0x0d, 0x0f,
                                                   0x11, 0x13, 0x17, 0x19, 0x1b, 0x1d, 0x21, 0x23};
    for (unsigned code = 0; code <= 0xff; ++code) {
        const auto opcode = static_cast<std::uint8_t>(code);
        const bool for_client = std::ranges::find(from_server, code) != from_server.end();
        CAPTURE(code);
        CHECK(route(Bytes{&opcode, 1}) == (for_client ? Destination::client : Destination::server));
    }
    CHECK(route(Bytes{}) == Destination::server);
}

TEST_CASE("att bearer: ATT_MTU is the smaller of both, never below 23") {
    struct {
        std::uint16_t own, peer, mtu;
    } const cases[] = {{256, 517, 256}, {517, 50, 50},     {256, 0, 23},
                       {256, 22, 23},   {256, 65535, 256}, {23, 517, 23}};
    for (const auto [own, peer, mtu] : cases) {
        Bearer bearer;
        CHECK(bearer.mtu() == 23);
        CHECK_FALSE(bearer.mtu_exchanged());
        CHECK(bearer.finish_mtu_exchange(own, peer));
        CHECK(bearer.mtu() == mtu);
        CHECK(bearer.mtu_exchanged());
    }
}

TEST_CASE("att bearer: when both sides exchange the MTU, only the first end of it is news") {
    Bearer bearer;
    CHECK(bearer.finish_mtu_exchange(256, 100));
    CHECK_FALSE(bearer.finish_mtu_exchange(256, 100));
    CHECK(bearer.mtu() == 100);
}
