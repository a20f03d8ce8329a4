// SPDX-License-Identifier: MIT
#include "base/show.hpp"

#include <string>

#include "base/address.hpp"
#include "base/time.hpp"
#include "tests/support/hex.hpp"

using namespace bluetooth;
using bluetooth::test::hex;
using bluetooth::test::Octets;

namespace {

enum class Named : std::uint8_t { on = 1 };
std::string_view to_string(Named value) { return value == Named::on ? "on" : "unknown"; }
enum class Handle : std::uint16_t {};

struct Everything {
    Named named{};
    Handle handle{};
    std::int8_t rssi{};
    Units1250us interval{};
    std::array<std::uint8_t, 2> octets{};
    BT_PDU(Everything, 0x01, named, handle, rssi, interval, octets);
};

struct Views {
    Octets8 name;
    CountedList<Handle> handles;
    Bytes value;
    BT_PDU(Views, 0x02, name, handles, value);
};

struct Element {
    Handle handle{};
    std::uint8_t value{};
    BT_FIELDS(Element, handle, value);
};
struct Elements {
    List<Element> elements;
    BT_PDU(Elements, 0x03, elements);
};

struct Report {
    AddressType type{};
    Address peer;
    BT_FIELDS(Report, type, peer);
};

struct Empty {
    BT_PDU(Empty, 0x04);
};

template <class T> std::string shown(const T& value) {
    std::string out;
    show(out, value);
    return out;
}

}  // namespace

TEST_CASE("show: members by name, in wire order") {
    CHECK(to_string(Everything{Named::on, Handle{0x2a}, -70, Units1250us{24}, {{0xab, 0x01}}}) ==
          "Everything{named=on, handle=0x002a, rssi=-70, interval=30 ms, octets=ab01}");
    CHECK(to_string(Empty{}) == "Empty{}");
}

TEST_CASE("show: views as hex digits, lists in brackets") {
    const Octets octets = hex("02 | 02 41 42 | 02 01 00 02 00 | 63 64");
    const auto views = decode<Views>(octets);
    REQUIRE(views);
    CHECK(to_string(*views) == "Views{name=4142, handles=[0x0001, 0x0002], value=6364}");
    CHECK(to_string(Views{}) == "Views{name=, handles=[], value=}");
}

TEST_CASE("show: the elements of a list as structs") {
    const Octets octets = hex("03 | 01 00 0a | 02 00 0b");
    const auto elements = decode<Elements>(octets);
    REQUIRE(elements);
    CHECK(to_string(*elements) ==
          "Elements{elements=[{handle=0x0001, value=0x0a}, {handle=0x0002, value=0x0b}]}");
}

TEST_CASE("show: an address within a PDU as people write it") {
    CHECK(to_string(Report{AddressType::random_device,
                           Address::from_display({0x00, 0xaa, 0x01, 0x02, 0x03, 0x04})}) ==
          "Report{type=random, peer=00:AA:01:02:03:04}");
}

TEST_CASE("show: unsigned integers in hex, as wide as on the wire") {
    CHECK(shown(std::uint8_t{7}) == "0x07");
    CHECK(shown(std::uint16_t{7}) == "0x0007");
    CHECK(shown(std::uint32_t{0xdeadbeef}) == "0xdeadbeef");
    CHECK(shown(std::uint64_t{0x0123456789abcdef}) == "0x0123456789abcdef");
    CHECK(shown(std::int16_t{-32768}) == "-32768");
}

TEST_CASE("show: durations in milliseconds, with a fraction where there is one") {
    CHECK(shown(Units625us{0}) == "0 ms");
    CHECK(shown(Units625us{1}) == "0.625 ms");
    CHECK(shown(Units625us{16}) == "10 ms");
    CHECK(shown(Units625us{0xffff}) == "40959.375 ms");
    CHECK(shown(Units1250us{6}) == "7.5 ms");
    CHECK(shown(Units1250us{9}) == "11.25 ms");
    CHECK(shown(Units10ms{0xffff}) == "655350 ms");
}
