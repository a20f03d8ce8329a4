// SPDX-License-Identifier: MIT
//
// What a host asks a client to choose among several bearers: how much it has to do, and of which
// attributes.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <iterator>
#include <vector>

#include "tests/gatt/client_procedures.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using bluetooth::gatt::Client;

namespace {

using Handles = std::vector<std::uint16_t>;

/// Those of 0x0001 to 0x0040 and 0xffff that a pending procedure concerns.
Handles concerned(ClientScript& script) {
    Handles all;
    for (std::uint16_t value = 1; value <= 0x40; ++value)
        if (script.client.concerns(handle(value))) all.push_back(value);
    if (script.client.concerns(att::last_handle)) all.push_back(0xffff);
    return all;
}
/// `first` to `last`, and 0xffff when that is meant too.
Handles range(std::uint16_t first, std::uint16_t last, bool to_the_end = false) {
    Handles all;
    for (std::uint16_t value = first; value <= last; ++value) all.push_back(value);
    if (to_the_end) all.push_back(0xffff);
    return all;
}

}  // namespace

TEST_CASE("gatt client: pending counts what is queued or running") {
    ClientScript script;
    CHECK(script.client.pending() == 0);
    read(script);
    write(script);
    read(script);
    exchange_mtu(script);
    CHECK(script.client.pending() == 4);
    CHECK(script.call(&Client::read, handle(7)) == errc::busy);
    CHECK(script.client.pending() == 4);
    script.peer("0b aa");
    CHECK(script.client.pending() == 3);
    script.peer("01 12 03 00 03");
    CHECK(script.client.pending() == 2);
    SUBCASE("and nothing after the link was lost") { script.disconnect(); }
    SUBCASE("nor after the bearer has failed") { script.wait(std::chrono::seconds{30}); }
    CHECK(script.client.pending() == 0);
    CHECK(concerned(script) == Handles{});
}

TEST_CASE("gatt client: what is no procedure is not pending") {
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::write_command, handle(3), hex("aa")));
    script.peer("1d 05 00 aa");
    CHECK(script.client.pending() == 0);
    CHECK(concerned(script) == Handles{});
}

TEST_CASE("gatt client: each procedure concerns the attributes that it may read or write") {
    const Handles its_range = range(0x10, 0x2f);
    const Handles everything = range(1, 0x40, true);
    struct Case {
        const char* procedure;
        Begin begin;
        Handles expected;
    };
    const Case cases[] = {
        {"read", read, {3}},
        {"long read", read_long, {3}},
        {"read of several", read_multiple, {3, 5}},
        {"read of several of variable length", read_multiple_variable, {3, 5}},
        {"write", write, {3}},
        {"long write", write_long, {3}},
        {"subscription, by its value", subscribe, {0x12}},
        {"read by UUID", read_by_uuid, its_range},
        {"discovery of characteristics", discover_characteristics, its_range},
        {"discovery of included services", discover_included, its_range},
        {"discovery of descriptors, behind the value", discover_descriptors, range(0x13, 0x15)},
        {"discovery of services", discover_services, everything},
        {"discovery of services by UUID", discover_by_uuid, everything},
        {"enabling of enhanced bearers", enable_enhanced_bearers, everything},
        {"exchange of the MTU", exchange_mtu, {}},
    };
    CHECK(std::size(cases) == std::size(procedures));
    for (const Case& one : cases) {
        CAPTURE(one.procedure);
        ClientScript script;
        one.begin(script);
        CHECK(script.client.pending() == 1);
        CHECK(concerned(script) == one.expected);
        script.disconnect();
        CHECK(concerned(script) == Handles{});
    }
}

TEST_CASE("gatt client: queued procedures concern their attributes as the running one does") {
    ClientScript script;
    exchange_mtu(script);
    read(script);
    subscribe(script);
    CHECK(concerned(script) == Handles{3, 0x12});
    script.peer("03 17 00");
    CHECK(concerned(script) == Handles{3, 0x12});
    script.peer("0b aa");
    CHECK(concerned(script) == Handles{0x12});
}

TEST_CASE("gatt client: a reliable write concerns all its attributes until it is executed") {
    ClientScript script;
    const Octets octets = hex("aa");
    const std::vector<att::HandleValue> values{{handle(3), octets}, {handle(7), octets}};
    REQUIRE_FALSE(script.call(&Client::write_reliable, values));
    CHECK(concerned(script) == Handles{3, 7});
    script.peer("17 03 00 00 00 aa");
    CHECK(concerned(script) == Handles{3, 7});
    script.drain();
    CHECK(script.peer("17 07 00 00 00 aa") == Lines{"send 1801"});
    CHECK(concerned(script) == Handles{3, 7});
    script.peer("19");
    CHECK(concerned(script) == Handles{});
}

TEST_CASE("gatt client: a subscription concerns its descriptor once that is found") {
    ClientScript script;
    subscribe(script);
    script.drain();
    CHECK(script.peer("05 01 13 00 01 29 14 00 02 29") == Lines{"send 1214000300"});
    CHECK(concerned(script) == Handles{0x12, 0x14});
    script.peer("13");
    CHECK(concerned(script) == Handles{});
}

TEST_CASE("gatt client: a search no longer concerns what it has passed") {
    ClientScript script;
    SUBCASE("of values") {
        read_by_uuid(script);
        script.peer("09 03 11 00 aa 13 00 bb");
        CHECK(concerned(script) == range(0x14, 0x2f));
    }
    SUBCASE("of characteristics") {
        discover_characteristics(script);
        script.peer("09 07 11 00 10 12 00 37 2a 14 00 02 15 00 38 2a");
        CHECK(concerned(script) == range(0x15, 0x2f));
    }
    script.drain();
    script.disconnect();
}
