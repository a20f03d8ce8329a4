// SPDX-License-Identifier: MIT
#include "tests/virtual_controller/extended_world.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using namespace bluetooth::virtual_controller::test;

namespace {

constexpr std::string_view enable_1 = "01 39 20 06 01 01 01 00 00 00";
constexpr std::string_view unmask_all = "01 01 20 08 ff ff ff ff 00 00 00 00";
constexpr std::string_view status_of_create = "04 0f 04 00 01 43 20";
// Scan all the time; 30 ms, no latency, 420 ms. And the same with 50 ms.
constexpr std::string_view every_30_ms = "10 00 10 00 18 00 18 00 00 00 2a 00 00 00 00 00";
constexpr std::string_view every_50_ms = "10 00 10 00 28 00 28 00 00 00 2a 00 00 00 00 00";
constexpr std::string_view no_address = "00 00 00 00 00 00";

/// LE Extended Create Connection to 00:AA:01:00:00:01 on one PHY.
std::string create(std::string_view phys) {
    return "01 43 20 1a 00 00 00 01 00 00 01 aa 00" + std::string{phys} + std::string{every_30_ms};
}

/// A connectable set (properties 0x0001), and somebody who may connect to it.
struct Connectable : ExtendedWorld {
    Controller& peripheral = add(1);
    Controller& central = add(2);

    explicit Connectable(
        std::string_view properties = "01 00",
        std::string_view rest = "07 00 00 00 00 00 00 00 00 00 7f 01 00 01 00 00") {
        CHECK(status(peripheral, set_parameters("01", properties, rest)) == 0x00);
        ok(peripheral, enable_1);
    }
};

const std::string at_central = "04 3e 13 01 00 40 00 00 00 01 00 00 01 aa 00 18 00 00 00 2a 00 00";
const std::string at_peripheral =
    "04 3e 13 01 00 40 00 01 00 02 00 00 01 aa 00 18 00 00 00 2a 00 00";
const std::string terminated = "04 3e 06 12 00 01 40 00 00";

}  // namespace

TEST_CASE("virtual extended connection: both ends learn it, and that the set has ended") {
    Connectable world;
    CHECK(world.ask(world.central, create("01")) == hex(status_of_create));
    world.run(150ms);
    CHECK(world.take(world.central) == hex(at_central));
    CHECK(world.take(world.peripheral) == hex(at_peripheral + terminated));
    // It advertises no more, until it is enabled again: then others can connect.
    Controller& other = world.add(3);
    world.scan(other);
    world.run(1s);
    CHECK(world.count(other) == 0);
    world.ok(other, "01 42 20 06 00 00 00 00 00 00");
    world.ok(world.peripheral, enable_1);
    CHECK(world.ask(other, create("01")) == hex(status_of_create));
    world.run(150ms);
    CHECK(world.take(world.peripheral) ==
          hex("04 3e 13 01 00 41 00 01 00 03 00 00 01 aa 00 18 00 00 00 2a 00 00 |"
              "04 3e 06 12 00 01 41 00 00"));
}

TEST_CASE("virtual extended connection: unmasked, the enhanced event and the channel selection") {
    Connectable world;
    world.ok(world.central, unmask_all);
    world.ok(world.peripheral, unmask_all);
    CHECK(world.ask(world.central, create("01")) == hex(status_of_create));
    world.run(150ms);
    const std::string rest = std::string{no_address} + std::string{no_address} +
                             "18 00 00 00 2a 00 00 | 04 3e 04 14 40 00 01";
    CHECK(world.take(world.central) == hex("04 3e 1f 0a 00 40 00 00 00 01 00 00 01 aa 00" + rest));
    CHECK(world.take(world.peripheral) ==
          hex("04 3e 1f 0a 00 40 00 01 00 02 00 00 01 aa 00" + rest + terminated));
}

TEST_CASE("virtual extended connection: it begins on the secondary physical layer of the set") {
    std::string_view rest;
    std::string command;
    std::string phy;
    std::string interval = "18";
    SUBCASE("LE 1M") {
        rest = "07 00 00 00 00 00 00 00 00 00 7f 01 00 01 00 00";
        command = create("01");
        phy = "01";
    }
    SUBCASE("LE 2M") {
        rest = "07 00 00 00 00 00 00 00 00 00 7f 01 00 02 00 00";
        command = create("01");
        phy = "02";
    }
    SUBCASE("LE 2M, with parameters of its own") {
        rest = "07 00 00 00 00 00 00 00 00 00 7f 01 00 02 00 00";
        command = "01 43 20 2a 00 00 00 01 00 00 01 aa 00 03" + std::string{every_30_ms} +
                  std::string{every_50_ms};
        phy = "02";
        interval = "28";
    }
    SUBCASE("LE Coded, with parameters of its own") {
        rest = "07 00 00 00 00 00 00 00 00 00 7f 03 00 03 00 00";
        command = "01 43 20 2a 00 00 00 01 00 00 01 aa 00 05" + std::string{every_30_ms} +
                  std::string{every_50_ms};
        phy = "03";
        interval = "28";
    }
    SUBCASE("found on LE Coded, used on LE 1M") {
        rest = "07 00 00 00 00 00 00 00 00 00 7f 03 00 01 00 00";
        command = create("04");
        phy = "01";
    }
    Connectable world{"01 00", rest};
    CHECK(world.ask(world.central, command) == hex(status_of_create));
    world.run(150ms);
    CHECK(world.take(world.central) ==
          hex("04 3e 13 01 00 40 00 00 00 01 00 00 01 aa 00" + interval + "00 00 00 2a 00 00"));
    CHECK(world.ask(world.central, "01 30 20 02 40 00") ==
          hex("04 0e 08 01 30 20 00 40 00" + phy + phy));
    world.take(world.peripheral);
    CHECK(world.ask(world.peripheral, "01 30 20 02 40 00") ==
          hex("04 0e 08 01 30 20 00 40 00" + phy + phy));
}

TEST_CASE("virtual extended connection: who does not listen on the primary PHY finds nobody") {
    Connectable world{"01 00", "07 00 00 00 00 00 00 00 00 00 7f 03 00 03 00 00"};
    CHECK(world.ask(world.central, create("01")) == hex(status_of_create));
    world.run(2s);
    CHECK(world.take(world.central).empty());
    CHECK(world.ask(world.central, create("04")) == hex("04 0f 04 0c 01 43 20"));  // one at a time
    // 2M has no primary channels.
    world.ask(world.central, "01 0e 20 00");
    CHECK(world.ask(world.central, create("02")) == hex("04 0f 04 12 01 43 20"));
    CHECK(world.ask(world.central, create("00")) == hex("04 0f 04 12 01 43 20"));
    CHECK(world.ask(world.central, create("04")) == hex(status_of_create));
    world.run(150ms);
    CHECK(world.take(world.central) == hex(at_central));
}

TEST_CASE("virtual extended connection: by the accept list to whom of it advertises") {
    Connectable world;
    Controller& central = world.central;
    const std::string by_list =
        "01 43 20 1a 01 00 00 00 00 00 00 00 00 01" + std::string{every_30_ms};
    world.ok(central, "01 11 20 07 00 07 00 00 01 aa 00");
    CHECK(world.ask(central, by_list) == hex(status_of_create));
    world.run(1s);
    CHECK(world.take(central).empty());
    CHECK(world.status(central, "01 11 20 07 00 01 00 00 01 aa 00") == 0x0c);
    world.ask(central, "01 0e 20 00");
    world.ok(central, "01 11 20 07 00 01 00 00 01 aa 00");
    CHECK(world.ask(central, by_list) == hex(status_of_create));
    world.run(150ms);
    CHECK(world.take(central) == hex(at_central));
}

TEST_CASE("virtual extended connection: an advertiser's accept list decides, too") {
    ExtendedWorld world;
    Controller& peripheral = world.add(1);
    Controller& central = world.add(2);
    CHECK(world.status(peripheral,
                       set_parameters("01", "01 00",
                                      "07 00 00 00 00 00 00 00 00 02 7f 01 00 01 00 00")) == 0);
    world.ok(peripheral, "01 11 20 07 00 03 00 00 01 aa 00");
    world.ok(peripheral, enable_1);
    CHECK(world.ask(central, create("01")) == hex(status_of_create));
    world.run(1s);
    CHECK(world.take(central).empty());
    Controller& listed = world.add(3);
    CHECK(world.ask(listed, create("01")) == hex(status_of_create));
    world.run(150ms);
    CHECK(world.take(listed) == hex(at_central));
    CHECK(world.take(central).empty());
}

TEST_CASE("virtual extended connection: cancelled, it says so in the event that is wanted") {
    ExtendedWorld world;
    Controller& central = world.add(2);
    CHECK(world.ask(central, create("01")) == hex(status_of_create));
    CHECK(world.ask(central, "01 0e 20 00") ==
          hex("04 0e 04 01 0e 20 00 |"
              "04 3e 13 01 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"));
    world.ok(central, unmask_all);
    CHECK(world.ask(central, create("01")) == hex(status_of_create));
    CHECK(world.ask(central, "01 0e 20 00") ==
          hex("04 0e 04 01 0e 20 00 |"
              "04 3e 1f 0a 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
              "00 00 00 00 00 00 00"));
    CHECK(world.ask(central, "01 0e 20 00") == hex("04 0e 04 01 0e 20 0c"));
}

TEST_CASE("virtual extended connection: directed sets connect the one they are for") {
    std::string_view properties;
    SUBCASE("extended") { properties = "05 00"; }
    SUBCASE("legacy") { properties = "15 00"; }
    Connectable world{properties, "07 00 00 02 00 00 01 aa 00 00 7f 01 00 01 00 00"};
    Controller& other = world.add(3);
    CHECK(world.ask(other, create("01")) == hex(status_of_create));
    world.run(1s);
    CHECK(world.take(other).empty());
    CHECK(world.ask(world.central, create("01")) == hex(status_of_create));
    world.run(150ms);
    CHECK(world.take(world.central) == hex(at_central));
    CHECK(world.take(world.peripheral) == hex(at_peripheral + terminated));
    CHECK(world.take(other).empty());
}

TEST_CASE("virtual extended connection: legacy PDUs are connected to, by either command") {
    Connectable world{"13 00"};
    SUBCASE("the extended one") {
        CHECK(world.ask(world.central, create("01")) == hex(status_of_create));
    }
    SUBCASE("the legacy one") {
        CHECK(world.ask(world.central,
                        "01 0d 20 19 10 00 10 00 00 00 01 00 00 01 aa 00 00 18 00 18 00 00 00 "
                        "2a 00 00 00 00 00") == hex("04 0f 04 00 01 0d 20"));
    }
    world.run(150ms);
    CHECK(world.take(world.central) == hex(at_central));
    CHECK(world.take(world.peripheral) == hex(at_peripheral + terminated));
}

TEST_CASE("virtual extended connection: extended PDUs are not found by the legacy command") {
    Connectable world;
    CHECK(world.ask(world.central,
                    "01 0d 20 19 10 00 10 00 00 00 01 00 00 01 aa 00 00 18 00 18 00 00 00 "
                    "2a 00 00 00 00 00") == hex("04 0f 04 00 01 0d 20"));
    world.run(2s);
    CHECK(world.take(world.central).empty());
}

TEST_CASE("virtual extended connection: data of a connectable set must fit one PDU") {
    Connectable world;
    // Neither when it is set while enabled, nor when it is enabled
    CHECK(world.status(world.peripheral, "01 37 20 fe 01 03 00 fa" + to_text(pattern(250))) ==
          0x45);
    world.ok(world.peripheral, "01 39 20 06 00 01 01 00 00 00");
    world.ok(world.peripheral, "01 37 20 fe 01 03 00 fa" + to_text(pattern(250)));
    CHECK(world.status(world.peripheral, enable_1) == 0x12);
    world.ok(world.peripheral, "01 37 20 c8 01 03 00 c4" + to_text(pattern(196)));
    world.ok(world.peripheral, enable_1);
    // A connectable set's address stays while it is enabled.
    CHECK(world.status(world.peripheral, "01 35 20 07 01 01 02 03 04 05 c6") == 0x0c);
}

TEST_CASE("virtual extended connection: a set may have a random address of its own") {
    ExtendedWorld world;
    Controller& peripheral = world.add(1);
    Controller& central = world.add(2);
    CHECK(world.status(peripheral,
                       set_parameters("01", "01 00",
                                      "07 01 00 00 00 00 00 00 00 00 7f 01 00 01 00 00")) == 0);
    world.ok(peripheral, "01 05 20 06 11 11 11 11 11 d1");  // not the controller's
    CHECK(world.status(peripheral, enable_1) == 0x12);
    CHECK(world.status(peripheral, "01 35 20 07 01 01 02 03 04 05 86") == 0x12);
    world.ok(peripheral, "01 35 20 07 01 01 02 03 04 05 c6");
    world.ok(peripheral, enable_1);
    world.ok(central, "01 05 20 06 22 22 22 22 22 e2");
    CHECK(world.ask(central, "01 43 20 1a 00 01 01 01 02 03 04 05 c6 01" +
                                 std::string{every_30_ms}) == hex(status_of_create));
    world.run(150ms);
    CHECK(world.take(central) ==
          hex("04 3e 13 01 00 40 00 00 01 01 02 03 04 05 c6 18 00 00 00 2a 00 00"));
    CHECK(world.take(peripheral) ==
          hex("04 3e 13 01 00 40 00 01 01 22 22 22 22 22 e2 18 00 00 00 2a 00 00" + terminated));
}
