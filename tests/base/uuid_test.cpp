// SPDX-License-Identifier: MIT
#include "base/uuid.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <vector>

#include "tests/support/hex.hpp"
#include "tests/support/json.hpp"

using namespace bluetooth;
using bluetooth::test::hex;
using bluetooth::test::text_at;

namespace {

constexpr const char* nordic_uart = "6e400001-b5a3-f393-e0a9-e50e24dcca9e";
constexpr const char* heart_rate = "0000180d-0000-1000-8000-00805f9b34fb";

}  // namespace

TEST_CASE("uuid: 16, 32 and 128 bits are kept as given, least significant octet first") {
    CHECK(UUID{0x180d}.bytes() == hex("0d 18"));
    CHECK(UUID::from_u16(0x180d) == UUID{0x180d});
    CHECK(UUID::from_u32(0x04030201).bytes() == hex("01 02 03 04"));
    CHECK(UUID::from_string(nordic_uart).bytes() ==
          hex("9e ca dc 24 0e e5 a9 e0 93 f3 a3 b5 01 00 40 6e"));
    CHECK(UUID{0x180d}.size() == 2);
    CHECK(UUID::from_u32(0x180d).size() == 4);
    CHECK(UUID::from_string(nordic_uart).size() == 16);
    CHECK(UUID{} == UUID{0x0000});
}

TEST_CASE("uuid: octets make one of 2, 4 or 16 only") {
    const auto octets = hex("9e ca dc 24 0e e5 a9 e0 93 f3 a3 b5 01 00 40 6e ff");
    for (std::size_t size = 0; size <= octets.size(); ++size) {
        CAPTURE(size);
        const auto uuid = UUID::from_bytes(Bytes{octets}.first(size));
        CHECK(uuid.has_value() == (size == 2 || size == 4 || size == 16));
        if (uuid) CHECK(uuid->bytes() == Bytes{Bytes{octets}.first(size)});
    }
}

TEST_CASE("uuid: reads the short forms, which MicroPython takes for raw octets") {
    CHECK(UUID::parse("180d") == UUID{0x180d});
    CHECK(UUID::parse("180D") == UUID{0x180d});
    CHECK(UUID::parse("0x180d") == UUID{0x180d});
    CHECK(UUID::parse("0X180D") == UUID{0x180d});
    CHECK(UUID::parse("04030201") == UUID::from_u32(0x04030201));
    CHECK(UUID::parse("0x04030201") == UUID::from_u32(0x04030201));
}

TEST_CASE("uuid: reads the long form in any case, with dashes at any place or none") {
    for (const char* text :
         {nordic_uart, "6E400001-B5A3-F393-E0A9-E50E24DCCA9E", "6e400001b5a3f393e0a9e50e24dcca9e",
          "6-e-400001b5a3f393e0a9e50e24dcca9e-", "--6e400001b5a3f393e0a9e50e24dcca9e"}) {
        CAPTURE(text);
        CHECK(UUID::parse(text) == UUID::from_string(nordic_uart));
    }
}

TEST_CASE("uuid: what is no UUID is nothing, or an error that says what to write") {
    for (const char* text : {"",
                             "-",
                             "1",
                             "18",
                             "180",
                             "180d0",
                             "180g",
                             "0x",
                             "0x18",
                             "0x180",
                             "18-0d",
                             "180d-180d",
                             " 180d",
                             "180d ",
                             "+80d",
                             "6e400001-b5a3-f393-e0a9-e50e24dcca9",
                             "6e400001-b5a3-f393-e0a9-e50e24dcca9e0",
                             "6e400001-b5a3-f393-e0a9-e50e24dcca9g",
                             "6e400001 b5a3 f393 e0a9 e50e24dcca9e",
                             "0x6e400001b5a3f393e0a9e50e24dcca9e"}) {
        CAPTURE(text);
        CHECK_FALSE(UUID::parse(text));
        CHECK_THROWS_AS((void)UUID::from_string(text), std::invalid_argument);
    }
    CHECK_THROWS_WITH((void)UUID::from_string("18"),
                      "invalid UUID '18': write 4, 8 or 32 hex digits, e.g. 180d or "
                      "6e400001-b5a3-f393-e0a9-e50e24dcca9e");
}

TEST_CASE("uuid: prints as MicroPython prints it") {
    CHECK(to_string(UUID{0x180d}) == "UUID(0x180d)");
    CHECK(to_string(UUID{0x000a}) == "UUID(0x000a)");
    CHECK(to_string(UUID::from_u32(0x04030201)) == "UUID(0x04030201)");
    CHECK(to_string(UUID::from_string("6E400001B5A3F393E0A9E50E24DCCA9E")) ==
          "UUID('6e400001-b5a3-f393-e0a9-e50e24dcca9e')");
}

TEST_CASE("uuid: different sizes are different values, though they mean the same") {
    const UUID full = UUID::from_string(heart_rate);
    CHECK(UUID{0x180d} != full);
    CHECK(UUID{0x180d} != UUID::from_u32(0x180d));
    CHECK(UUID{0x180d}.same_as(full));
    CHECK(full.same_as(UUID::from_u32(0x180d)));
    CHECK(UUID{0x180d}.same_as(UUID{0x180d}));
    CHECK_FALSE(UUID{0x180d}.same_as(UUID{0x180f}));
    CHECK_FALSE(UUID::from_string(nordic_uart).same_as(UUID{0x0001}));
}

TEST_CASE("uuid: the canonical form has 128 bits, the shortest as few as tell it") {
    CHECK(UUID{0x180d}.canonical() == UUID::from_string(heart_rate));
    CHECK(UUID::from_u32(0x12345678).canonical() ==
          UUID::from_string("12345678-0000-1000-8000-00805f9b34fb"));
    CHECK(UUID::from_string(nordic_uart).canonical() == UUID::from_string(nordic_uart));

    CHECK(UUID::from_string(heart_rate).shortest() == UUID{0x180d});
    CHECK(UUID::from_u32(0x0000ffff).shortest() == UUID{0xffff});
    CHECK(UUID::from_u32(0x00010000).shortest() == UUID::from_u32(0x00010000));
    CHECK(UUID::from_string("12345678-0000-1000-8000-00805f9b34fb").shortest() ==
          UUID::from_u32(0x12345678));
    CHECK(UUID{0x180d}.shortest() == UUID{0x180d});
    // one bit away from the base UUID
    const UUID foreign = UUID::from_string("0000180d-0000-1000-8000-00805f9b34fa");
    CHECK(foreign.shortest() == foreign);
    CHECK(UUID::from_string(nordic_uart).shortest() == UUID::from_string(nordic_uart));
}

TEST_CASE("uuid: ordered by size, then by the octets as they stand on the wire") {
    CHECK(UUID{0x0100} < UUID{0x00ff});  // 00 01 before ff 00
    CHECK(UUID{0xffff} < UUID::from_u32(0));
    CHECK(UUID::from_u32(0xffffffff) < UUID::from_string("00000000-0000-0000-0000-000000000000"));
    CHECK(UUID{0x180d} <= UUID{0x180d});
    CHECK(UUID{0x180e} > UUID{0x180d});
    CHECK((UUID{0x180d} <=> UUID{0x180d}) == std::strong_ordering::equal);
}

TEST_CASE("uuid: serves as a key") {
    const std::unordered_set<UUID> set{UUID{0x180d}, UUID{0x180d}, UUID::from_u32(0x180d),
                                       UUID::from_string(heart_rate)};
    CHECK(set.size() == 3);
    CHECK(set.contains(UUID{0x180d}));
    CHECK(std::hash<UUID>{}(UUID{0x180d}) == std::hash<UUID>{}(UUID::from_string("180d")));
}

TEST_CASE("uuid: is made and compared at compile time") {
    static_assert(UUID{0x180d} == UUID::from_u16(0x180d));
    static_assert(UUID{0x180d} < UUID::from_u32(0));
    static_assert(UUID::from_u32(0x04030201).size() == 4);
}

TEST_CASE("uuid: reads, refuses and shortens what third-party vectors say") {
    const auto file = test::fixture_json("vectors/uuid.json");
    if (!file) return;
    for (const auto& vector : file->at("valid").as_array()) {
        const std::string text = text_at(vector, "str");
        CAPTURE(text);
        const auto uuid = UUID::parse(text);
        REQUIRE(uuid);
        CHECK(uuid->canonical() == UUID::from_string(text_at(vector, "str128")));
        const std::string type = text_at(vector, "type");
        CHECK(uuid->size() == (type == "BT_UUID16" ? 2 : type == "BT_UUID32" ? 4 : 16));
    }
    for (const auto& malformed : file->at("malformed").as_array()) {
        const std::string text{malformed.as_string().c_str()};
        CAPTURE(text);
        CHECK_FALSE(UUID::parse(text));
    }
    for (const auto& vector : file->at("compress").as_array()) {
        if (text_at(vector, "type") != "BT_UUID16") continue;  // that stack has no 32-bit form here
        CHECK(UUID::from_string(text_at(vector, "str")).shortest() ==
              UUID::from_string(text_at(vector, "val16")));
    }
}
