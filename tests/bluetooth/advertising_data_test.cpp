// SPDX-License-Identifier: MIT
#include "bluetooth/advertising_data.hpp"

#include <doctest/doctest.h>

#include <boost/json/array.hpp>
#include <boost/json/value_to.hpp>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/json.hpp"

namespace {

using namespace bluetooth;
using bluetooth::test::hex;
using bluetooth::test::Octets;

const UUID heart_rate{0x180d};
const UUID battery{0x180f};
const UUID nordic_uart = UUID::from_string("6e400001-b5a3-f393-e0a9-e50e24dcca9e");
const std::string replacement = "\xef\xbf\xbd";

static_assert(std::forward_iterator<AdvertisingDataView::iterator>);

Octets octets(const AdvertisingData& data) { return Octets{data.bytes()}; }

/// What a `BLE` call would receive.
Octets received(std::optional<Bytes> data) { return Octets{data.value()}; }

std::vector<AdStructure> structures(Bytes data) {
    std::vector<AdStructure> all;
    for (const AdStructure& structure : AdvertisingDataView{data}) all.push_back(structure);
    return all;
}

std::string printable(std::string_view text) { return printable_text(Bytes::of(text)); }

}  // namespace

// ---- building

TEST_CASE("advertising data: each structure is a length, a type and its data") {
    CHECK(octets(AdvertisingData{}) == hex(""));
    CHECK(octets(AdvertisingData{}.flags()) == hex("02 01 06"));
    CHECK(octets(AdvertisingData{}.flags(ad_flags::limited_discoverable)) == hex("02 01 01"));
    CHECK(octets(AdvertisingData{}.name("abc")) == hex("04 09 61 62 63"));
    CHECK(octets(AdvertisingData{}.short_name("ab")) == hex("03 08 61 62"));
    CHECK(octets(AdvertisingData{}.appearance(0x0340)) == hex("03 19 40 03"));
    CHECK(octets(AdvertisingData{}.tx_power(-4)) == hex("02 0a fc"));
    CHECK(octets(AdvertisingData{}.manufacturer_data(0x004c, hex("02 15"))) ==
          hex("05 ff 4c 00 02 15"));
    CHECK(octets(AdvertisingData{}.add(AdType::le_role, hex("00"))) == hex("02 1c 00"));
    CHECK(octets(AdvertisingData{}.add(AdType::uri, {})) == hex("01 24"));
}

TEST_CASE("advertising data: services go into one list for each size of UUID") {
    CHECK(octets(AdvertisingData{}.services({heart_rate, battery})) == hex("05 03 0d 18 0f 18"));
    CHECK(octets(AdvertisingData{}.incomplete_services({heart_rate})) == hex("03 02 0d 18"));
    CHECK(octets(AdvertisingData{}.services({UUID::from_u32(0x01020304)})) ==
          hex("05 05 04 03 02 01"));
    CHECK(octets(AdvertisingData{}.incomplete_services({UUID::from_u32(0x01020304)})) ==
          hex("05 04 04 03 02 01"));
    CHECK(octets(AdvertisingData{}.services({heart_rate, nordic_uart, battery})) ==
          hex("05 03 0d 18 0f 18 | 11 07 9e ca dc 24 0e e5 a9 e0 93 f3 a3 b5 01 00 40 6e"));
    CHECK(octets(AdvertisingData{}.incomplete_services(std::vector{nordic_uart})) ==
          hex("11 06 9e ca dc 24 0e e5 a9 e0 93 f3 a3 b5 01 00 40 6e"));
    CHECK(octets(AdvertisingData{}.services({})) == hex(""));
}

TEST_CASE("advertising data: service data starts with the UUID in its own size") {
    CHECK(octets(AdvertisingData{}.service_data(battery, hex("64"))) == hex("04 16 0f 18 64"));
    CHECK(octets(AdvertisingData{}.service_data(UUID::from_u32(0x01020304), hex("64"))) ==
          hex("06 20 04 03 02 01 64"));
    CHECK(octets(AdvertisingData{}.service_data(nordic_uart, {})) ==
          hex("11 21 9e ca dc 24 0e e5 a9 e0 93 f3 a3 b5 01 00 40 6e"));
}

TEST_CASE("advertising data: structures follow each other, and the object is a call's argument") {
    AdvertisingData data;
    data.flags().services({heart_rate}).name("hr");
    CHECK(received(data) == hex("02 01 06 | 03 03 0d 18 | 03 09 68 72"));
    CHECK(received(AdvertisingData{}.flags()) == hex("02 01 06"));
}

TEST_CASE("advertising data: 31 octets fit, 32 do not") {
    AdvertisingData full;
    full.name(std::string(29, 'x'));
    CHECK(full.bytes().size() == 31);
    AdvertisingData too_long;
    too_long.name(std::string(30, 'x'));
    CHECK_THROWS_AS((void)too_long.bytes(), system_error);
    AdvertisingData one_left;
    one_left.name(std::string(28, 'x')).add(AdType::uri, {});
    CHECK_THROWS_AS((void)one_left.bytes(), system_error);
    AdvertisingData huge;
    huge.manufacturer_data(0, Octets(100'000));
    CHECK_THROWS_AS((void)huge.bytes(), system_error);
}

TEST_CASE("advertising data: the error says what does not fit, by how much, and what to do") {
    AdvertisingData data;
    data.flags().services({nordic_uart}).name("thermometer").tx_power(0);
    try {
        (void)data.bytes();
        FAIL("no exception");
    } catch (const system_error& error) {
        CHECK(error.code() == errc::invalid_argument);
        const std::string text = error.what();
        CAPTURE(text);
        CHECK(
            text.starts_with("Complete Local Name does not fit: the advertising data would have "
                             "34 octets, 31 are allowed"));
    }
    error_code error;
    CHECK(data.bytes(error).empty());
    CHECK(error == errc::invalid_argument);
    CHECK(AdvertisingData{}.flags().bytes(error).size() == 3);
    CHECK(!error);
}

// ---- reading

TEST_CASE("advertising data view: goes through the structures in the order sent") {
    const Octets data = hex("02 01 06 | 01 24 | 04 09 61 62 63");
    const auto all = structures(data);
    REQUIRE(all.size() == 3);
    CHECK(all[0] == AdStructure{AdType::flags, hex("06")});
    CHECK(all[1] == AdStructure{AdType::uri, {}});
    CHECK(all[2].type == AdType::complete_local_name);
    CHECK(all[2].data.data() == data.data() + 7);  // a view, not a copy
    CHECK(structures({}).empty());
}

TEST_CASE("advertising data view: a length of zero ends the data") {
    CHECK(structures(hex("00 02 01 06")).empty());
    CHECK(structures(hex("02 01 06 | 00 | 02 0a 04")).size() == 1);
    CHECK(structures(Octets(31)).empty());
}

TEST_CASE("advertising data view: a structure longer than the data ends it, earlier ones count") {
    CHECK(structures(hex("1e ff 4c")).empty());
    CHECK(structures(hex("01")).empty());
    CHECK(structures(hex("02 0a")).empty());
    const Octets data = hex("02 01 06 | 03 03 0d 18 | 1e ff 4c");
    CHECK(structures(data).size() == 2);
    CHECK(AdvertisingDataView{data}.flags() == 6);
    CHECK(AdvertisingDataView{data}.has_service(heart_rate));
    CHECK_FALSE(AdvertisingDataView{data}.manufacturer_data());
    for (std::size_t size = 0; size <= data.size(); ++size)
        CHECK(structures(Bytes{data}.first(size)).size() == (size < 3 ? 0 : size < 7 ? 1 : 2));
}

TEST_CASE("advertising data view: values are found by type, or absent") {
    const Octets data = hex("02 01 1a | 02 0a fc | 03 19 40 03 | 05 ff 4c 00 02 15 | 03 08 61 62");
    const AdvertisingDataView view{data};
    CHECK(view.flags() == 0x1a);
    CHECK(view.tx_power() == -4);
    CHECK(view.appearance() == 0x0340);
    CHECK(view.manufacturer_data() == ManufacturerData{0x004c, hex("02 15")});
    CHECK(view.name() == "ab");
    CHECK_FALSE(view.has_complete_name());
    CHECK(view.find(AdType::shortened_local_name) == Bytes{hex("61 62")});
    CHECK_FALSE(view.find(AdType::uri));

    const AdvertisingDataView nothing{Bytes{}};
    CHECK_FALSE(nothing.flags());
    CHECK_FALSE(nothing.tx_power());
    CHECK_FALSE(nothing.appearance());
    CHECK_FALSE(nothing.manufacturer_data());
    CHECK_FALSE(nothing.name());
    CHECK(nothing.services().empty());
    CHECK_FALSE(nothing.service_data(battery));
}

TEST_CASE("advertising data view: structures too short for their type are passed over") {
    const Octets data = hex("01 01 | 01 0a | 02 19 40 | 02 ff 4c | 02 16 0f | 02 01 06 | 02 0a 04");
    const AdvertisingDataView view{data};
    CHECK(view.flags() == 6);
    CHECK(view.tx_power() == 4);
    CHECK_FALSE(view.appearance());
    CHECK_FALSE(view.manufacturer_data());
    CHECK_FALSE(view.service_data(battery));
}

TEST_CASE("advertising data view: a complete name is preferred to a shortened one") {
    const Octets data = hex("03 08 61 62 | 04 09 61 62 63");
    CHECK(AdvertisingDataView{data}.name() == "abc");
    CHECK(AdvertisingDataView{data}.has_complete_name());
}

TEST_CASE("advertising data view: services of all lists, in the sizes sent") {
    const Octets data = hex(
        "03 02 0d 18 | 05 05 04 03 02 01 | 11 07 9e ca dc 24 0e e5 a9 e0 93 f3 a3 b5 01 00 40 6e"
        "| 04 03 0f 18 aa");
    const AdvertisingDataView view{data};
    CHECK(view.services() ==
          std::vector<UUID>{heart_rate, UUID::from_u32(0x01020304), nordic_uart, battery});
    CHECK(view.has_service(battery));
    CHECK(view.has_service(nordic_uart));
    CHECK_FALSE(view.has_service(UUID{0x1800}));
    // By meaning, not by size.
    CHECK(view.has_service(UUID::from_string("0000180d-0000-1000-8000-00805f9b34fb")));
    CHECK(view.has_service(UUID::from_u32(0x180d)));
}

TEST_CASE("advertising data view: service data of the service asked for") {
    const Octets data =
        hex("04 16 0d 18 01 | 04 16 0f 18 64 | 06 20 04 03 02 01 02"
            "| 12 21 9e ca dc 24 0e e5 a9 e0 93 f3 a3 b5 01 00 40 6e 03");
    const AdvertisingDataView view{data};
    CHECK(view.service_data(battery) == Bytes{hex("64")});
    CHECK(view.service_data(UUID::from_u32(0x01020304)) == Bytes{hex("02")});
    CHECK(view.service_data(nordic_uart) == Bytes{hex("03")});
    CHECK_FALSE(view.service_data(UUID{0x1800}));
}

TEST_CASE("advertising data view: any octets are read without harm") {
    Octets data(64);
    for (std::uint32_t seed = 1; seed < 5000; ++seed) {
        std::uint32_t state = seed * 2654435761u;
        for (std::uint8_t& octet : data) {
            state = state * 1664525 + 1013904223;
            // Small numbers make plausible lengths and types.
            octet = static_cast<std::uint8_t>(state >> 24 & (state >> 8 & 1 ? 0xff : 0x1f));
        }
        const AdvertisingDataView view{data};
        (void)view.name();
        (void)view.services();
        (void)view.has_service(nordic_uart);
        (void)view.service_data(battery);
        (void)view.manufacturer_data();
        (void)view.appearance();
        std::size_t total = 0;
        for (const AdStructure& structure : view) total += 2 + structure.data.size();
        CHECK(total <= data.size());
    }
}

TEST_CASE("advertising data: the names of AD types are those of the Assigned Numbers") {
    CHECK(to_string(AdType::flags) == "Flags");
    CHECK(to_string(AdType::complete_services_128) == "Complete List of 128-bit Service UUIDs");
    CHECK(to_string(AdType::manufacturer_specific_data) == "Manufacturer Specific Data");
    CHECK(to_string(AdType{0x2d}) == "Broadcast_Code");
    CHECK(to_string(AdType{0x00}) == "unassigned AD type");
    CHECK(to_string(AdType{0xfe}) == "unassigned AD type");
}

// ---- texts of strangers

TEST_CASE("printable text: well-formed UTF-8 stays as it is") {
    for (const std::string text :
         {"", "abc ~", "Marcel\xe2\x80\x99s", "\xc2\xa0", "\xdf\xbf", "\xe0\xa0\x80",
          "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
        CHECK(printable(text) == text);
}

TEST_CASE("printable text: what is not UTF-8 is replaced, as little of it as possible") {
    CHECK(printable("a\x80z") == "a" + replacement + "z");
    CHECK(printable("a\xffz") == "a" + replacement + "z");
    // Overlong forms, surrogates, beyond U+10FFFF.
    CHECK(printable("\xc0\xaf") == replacement + replacement);
    CHECK(printable("\xe0\x80\xaf") == replacement + replacement + replacement);
    CHECK(printable("\xed\xa0\x80") == replacement + replacement + replacement);
    CHECK(printable("\xf4\x90\x80\x80") == replacement + replacement + replacement + replacement);
    CHECK(printable("\xf5") == replacement);
    // Cut off: the Unicode Standard's example, 3.9, table 3-11.
    CHECK(printable("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41") ==
          replacement + replacement + replacement + replacement + "A");
    CHECK(printable("a\xe2\x80") == "a" + replacement);
}

TEST_CASE("printable text: control characters cannot reach a terminal") {
    CHECK(printable("a\x1b[31mz") == "a" + replacement + "[31mz");
    CHECK(printable("a\r\nz") == "a" + replacement + replacement + "z");
    CHECK(printable("\x7f") == replacement);
    CHECK(printable("\xc2\x80") == replacement);
    CHECK(printable("\xc2\x9f") == replacement);
    CHECK(printable("\xe2\x80\xa8") == replacement);  // LINE SEPARATOR
    CHECK(printable("\xe2\x80\xae") == replacement);  // RIGHT-TO-LEFT OVERRIDE
    CHECK(printable("\xe2\x81\xa6") == replacement);  // LEFT-TO-RIGHT ISOLATE
}

TEST_CASE("printable text: NULs at the end are padding, others are not") {
    CHECK(printable(std::string_view{"ab\0\0", 4}) == "ab");
    CHECK(printable(std::string_view{"a\0b", 3}) == "a" + replacement + "b");
    CHECK(printable(std::string_view{"\0", 1}) == "");
}

TEST_CASE("advertising data view: real devices' data reads as another stack reads it") {
    const auto file = test::fixture_json("vectors/advertising_data.json");
    if (!file) return;
    std::size_t compared = 0;
    for (const auto& entry : file->at("tests").as_array()) {
        const std::string test = boost::json::value_to<std::string>(entry.at("test").at(0));
        CAPTURE(test);
        const Octets data = test::hex_at(entry, "data");
        const AdvertisingDataView view{data};
        const auto& members = entry.as_object();

        // Names that are not UTF-8 end up otherwise there: cut off, or without the bad octets.
        const bool malformed = test.find("invalid-utf8") != test.npos ||
                               test.find("utf16") != test.npos ||
                               test.find("iso-2022") != test.npos;
        if (!members.contains("name") || members.at("name").is_null()) {
            CHECK_FALSE(view.name());
        } else if (malformed) {
            CHECK(view.name().value().find(replacement) != std::string::npos);
        } else {
            CHECK(view.name() == test::text_at(entry, "name"));
        }
        if (members.contains("name_complete") && !members.at("name_complete").is_null())
            CHECK(view.has_complete_name() == (test::text_at(entry, "name_complete") == "true"));

        const int tx_power = std::stoi(test::text_at(entry, "tx_power"));
        CHECK(view.tx_power().value_or(127) == tx_power);
        if (members.contains("flags"))
            CHECK(view.flags() == std::stoi(test::text_at(entry, "flags"), nullptr, 16));

        std::vector<UUID> services;
        if (members.contains("uuid"))
            for (const auto& text : members.at("uuid").as_array())
                services.push_back(UUID::from_string(boost::json::value_to<std::string>(text)));
        std::vector<UUID> listed;
        for (const UUID& uuid : view.services()) listed.push_back(uuid.canonical());
        CHECK(listed == services);
        ++compared;
    }
    CHECK(compared >= 18);
}
