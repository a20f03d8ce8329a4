// SPDX-License-Identifier: MIT
// What a PDU cannot say on the wire is not encoded; to be added to pdu_test.cpp and others.
#include "base/address.hpp"
#include "base/buffer.hpp"
#include "tests/support/hex.hpp"

using namespace bluetooth;
using bluetooth::test::hex;
using bluetooth::test::Octets;

namespace {

struct Element {
    std::uint16_t value{};
    BT_FIELDS(Element, value);
};
struct Counted {
    CountedList<Element> elements;
    BT_FIELDS(Counted, elements);
};
struct Listed {
    List<Element> elements;
    BT_FIELDS(Listed, elements);
};
struct Report {
    AddressType type{};
    Address peer;
    BT_PDU(Report, 0x01, type, peer);
};

struct Open {
    Bytes rest;
    BT_FIELDS(Open, rest);
};
struct HoldsOpen {
    std::uint8_t head{};
    Open open;
    BT_FIELDS(HoldsOpen, head, open);
};
static_assert(fixed_size<HoldsOpen>() == 0, "a struct is as open as its members");

}  // namespace

TEST_CASE("pdu: elements that their count octet cannot count are not encoded") {
    const Octets elements(512);
    Octets out(600);
    CHECK(encode_fields(Counted{{List<Element>{elements}}}, out).empty());
    CHECK(encode_fields(Counted{{List<Element>{Bytes{elements}.first(510)}}}, out).size() == 511);
}

TEST_CASE("pdu: half an element is not encoded") {
    const Octets octets = hex("01 02 03");
    Octets out(8);
    CHECK(encode_fields(Listed{List<Element>{octets}}, out).empty());
    CHECK(encode_fields(Counted{{List<Element>{octets}}}, out).empty());
}

TEST_CASE("pdu print: an address within a PDU as people write it") {
    CHECK(to_string(Report{AddressType::random_device,
                           Address::from_display({0x00, 0xaa, 0x01, 0x02, 0x03, 0x04})}) ==
          "Report{type=random, peer=00:AA:01:02:03:04}");
}

TEST_CASE("buffer: one that was moved from has no size and no headroom") {
    BufferPool pool{1, 8};
    Buffer first = pool.acquire();
    REQUIRE(first.append(hex("01 02")));
    const Buffer second = std::move(first);
    CHECK(first.size() == 0);
    CHECK(first.headroom() == 0);
}

TEST_CASE("bytes: the parts of a view are comparable too") {
    const Octets octets = hex("01 02 03");
    CHECK(Bytes{octets}.first(2) == hex("01 02"));
    CHECK(Bytes{octets}.last(2) == hex("02 03"));
    CHECK(Bytes{octets}.subspan(1) == hex("02 03"));
    CHECK(Bytes{octets}.subspan(1, 1) == hex("02"));
}
