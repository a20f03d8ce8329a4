// SPDX-License-Identifier: MIT
#include "base/address.hpp"

#include <string>

#include "tests/support/hex.hpp"

using namespace bluetooth;
using bluetooth::test::hex;

namespace {
constexpr Address example = Address::from_display({0x00, 0xaa, 0x01, 0x02, 0x03, 0x04});
}

TEST_CASE("address: the order of people and the order of the wire are each other's reverse") {
    CHECK(Bytes{example.wire()} == hex("04 03 02 01 aa 00"));
    CHECK(Bytes{example.display()} == hex("00 aa 01 02 03 04"));
    CHECK(Address::from_wire({0x04, 0x03, 0x02, 0x01, 0xaa, 0x00}) == example);
    CHECK(to_string(example) == "00:AA:01:02:03:04");
}

TEST_CASE("address: in a PDU it stands in wire order") {
    std::array<std::uint8_t, 6> memory{};
    CHECK(Bytes{encode_fields(example, memory)} == hex("04 03 02 01 aa 00"));
    CHECK(decode_fields<Address>(hex("04 03 02 01 aa 00")) == example);
}

TEST_CASE("address: reads the ways in which people write it") {
    for (const char* text : {"00:AA:01:02:03:04", "00:aa:01:02:03:04", "00-AA-01-02-03-04",
                             "00aa01020304", "00AA01020304"}) {
        CAPTURE(text);
        CHECK(Address::parse(text) == example);
    }
    CHECK(Address::parse(to_string(example)) == example);
}

TEST_CASE("address: does not read anything else") {
    for (const char* text :
         {"", ":", "00", "00:AA:01:02:03", "00:AA:01:02:03:", "00:AA:01:02:03:0",
          "00:AA:01:02:03:04:", "00:AA:01:02:03:04:05", ":00:AA:01:02:03:04", "00::AA:01:02:03:04",
          "00:AA:01:02:03:0g", "00:AA:01:02:03:+4", " 00:AA:01:02:03:04", "00:AA:01:02:03:04 ",
          "0:AA:01:02:03:04", "00.AA.01.02.03.04"}) {
        CAPTURE(text);
        CHECK_FALSE(Address::parse(text));
    }
}

TEST_CASE("address: ordered as it is written") {
    const Address low = *Address::parse("00:00:00:00:00:ff");
    const Address high = *Address::parse("01:00:00:00:00:00");
    CHECK(low < high);
    CHECK(high > low);
    CHECK((low <=> low) == 0);
    CHECK(low != high);
}

TEST_CASE("address: only the one of zeros is zero") {
    CHECK(Address{}.is_zero());
    CHECK_FALSE(example.is_zero());
    CHECK_FALSE(Address::parse("00:00:00:00:00:01")->is_zero());
}

TEST_CASE("address: its two most significant bits tell the kind of a random one") {
    // Vol 6 Part B 1.3.2: 11 static, 01 resolvable private, 00 non-resolvable private, 10 reserved
    struct Kinds {
        const char* text;
        bool is_static, resolvable, non_resolvable;
    };
    for (const Kinds& kinds : {Kinds{"C0:00:00:00:00:01", true, false, false},
                               Kinds{"FF:00:00:00:00:01", true, false, false},
                               Kinds{"40:00:00:00:00:01", false, true, false},
                               Kinds{"7F:00:00:00:00:01", false, true, false},
                               Kinds{"00:00:00:00:00:01", false, false, true},
                               Kinds{"3F:00:00:00:00:01", false, false, true},
                               Kinds{"80:00:00:00:00:01", false, false, false},
                               Kinds{"BF:00:00:00:00:01", false, false, false}}) {
        CAPTURE(kinds.text);
        const auto address = Address::parse(kinds.text);
        REQUIRE(address);
        CHECK(address->is_static_random() == kinds.is_static);
        CHECK(address->is_resolvable_private() == kinds.resolvable);
        CHECK(address->is_non_resolvable_private() == kinds.non_resolvable);
    }
}

TEST_CASE("address type: has HCI's numbers and a name each") {
    CHECK(static_cast<int>(AddressType::public_device) == 0);
    CHECK(static_cast<int>(AddressType::random_device) == 1);
    CHECK(static_cast<int>(AddressType::public_identity) == 2);
    CHECK(static_cast<int>(AddressType::random_identity) == 3);
    CHECK(to_string(AddressType::public_device) == "public");
    CHECK(to_string(AddressType::random_device) == "random");
    CHECK(to_string(AddressType::public_identity) == "public identity");
    CHECK(to_string(AddressType::random_identity) == "random identity");
    CHECK(to_string(AddressType::unknown) == "unknown");
    CHECK(to_string(AddressType{0x77}) == "unknown");
}
