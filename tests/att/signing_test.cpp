// SPDX-License-Identifier: MIT
#include "att/signing.hpp"

#include <doctest/doctest.h>

#include "tests/support/hex.hpp"

using namespace bluetooth;
using namespace bluetooth::test;

namespace {

/// K of RFC 4493, section 4.
const crypto::Key key{{0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09,
                       0xcf, 0x4f, 0x3c}};

}  // namespace

// RFC 4493, example 2, has the message 6bc1bee2 2e409f96 e93d7e11 7393172a and the code 070a16b4
// 6b4d4144 f79bdd9d d04a287c. The last four octets of PDU and counter come first in reverse.
TEST_CASE(
    "att signing: a signature is the counter and half of an AES-CMAC, all least octet first") {
    const Octets pdu = hex("2a 17 93 73 11 7e 3d e9 96 9f 40 2e");
    const auto signature = att::sign(key, 0x6bc1bee2, pdu);
    CHECK(Octets{Bytes{signature}} == hex("e2 be c1 6b 44 41 4d 6b b4 16 0a 07"));
}

TEST_CASE("att signing: the counter of a PDU with the right signature is found") {
    const Octets signed_pdu =
        hex("2a 17 93 73 11 7e 3d e9 96 9f 40 2e e2 be c1 6b 44 41 4d 6b b4 16 0a 07");
    CHECK(att::verify(key, signed_pdu) == 0x6bc1bee2);
}

TEST_CASE("att signing: a change of any bit is found, and so is a PDU too short for a signature") {
    const Octets signed_pdu =
        hex("2a 17 93 73 11 7e 3d e9 96 9f 40 2e e2 be c1 6b 44 41 4d 6b b4 16 0a 07");
    for (std::size_t bit = 0; bit < 8 * signed_pdu.size(); ++bit) {
        Octets changed = signed_pdu;
        changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1 << bit % 8));
        CHECK_FALSE(att::verify(key, changed));
    }
    for (std::size_t size = 0; size < 12; ++size)
        CHECK_FALSE(att::verify(key, Bytes{signed_pdu}.last(size)));
}
