// SPDX-License-Identifier: MIT
//
// Flow control from the controller to its host (Vol 4 Part E 4.2).
#include "tests/virtual_controller/world.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using namespace bluetooth::virtual_controller::test;

namespace {

// Two controllers of which the first one's host has said how much it takes, then connected.
struct CountingHost : World {
    Controller& peripheral;
    Controller& central;

    explicit CountingHost(std::string_view buffers) : peripheral(add(1)), central(add(2)) {
        CHECK(ask(peripheral, "01 33 0c 07 " + std::string{buffers} + " 00 00") ==
              hex("04 0e 04 01 33 0c 00"));
        CHECK(ask(peripheral, "01 31 0c 01 01") == hex("04 0e 04 01 31 0c 00"));
        ask(peripheral, "01 0a 20 01 01");
        ask(central,
            "01 0d 20 19 10 00 10 00 00 00 01 00 00 01 aa 00 00 18 00 18 00 00 00 2a 00 00 00 00 "
            "00");
        run(2s);
        take(peripheral);
        take(central);
    }
};

}  // namespace

TEST_CASE("virtual host flow control: no more packets than the host has buffers") {
    CountingHost world{"fb 00 00 02 00"};
    for (const char* octet : {"a1", "a2", "a3", "a4"})
        world.send(world.central, std::string{"02 40 00 01 00 "} + octet);
    CHECK(world.take(world.peripheral) == hex("02 40 20 01 00 a1 | 02 40 20 01 00 a2"));
    CHECK(world.take(world.central) == hex("04 13 05 01 40 00 02 00"));
    CHECK(world.take(world.peripheral).empty());
    // Not answered when it is right
    CHECK(world.ask(world.peripheral, "01 35 0c 05 01 40 00 01 00") == hex("02 40 20 01 00 a3"));
    CHECK(world.ask(world.peripheral, "01 35 0c 05 01 40 00 02 00") == hex("02 40 20 01 00 a4"));
    CHECK(world.take(world.central) == hex("04 13 05 01 40 00 02 00"));
}

TEST_CASE("virtual host flow control: packets are no longer than the host's buffers") {
    CountingHost world{"1b 00 00 08 00"};
    Octets packet = hex("02 40 00 3c 00");
    for (std::uint8_t i = 0; i < 60; ++i) packet.push_back(i);
    world.central.receive(world.now, packet);
    const auto received = packets(world.take(world.peripheral));
    REQUIRE(received.size() == 3);
    CHECK(part(received[0], 0, 6) == hex("02 40 20 1b 00 00"));
    CHECK(part(received[1], 0, 6) == hex("02 40 10 1b 00 1b"));
    CHECK(part(received[2], 0, 6) == hex("02 40 10 06 00 36"));
}

TEST_CASE("virtual host flow control: what a host says wrongly is refused") {
    CountingHost world{"fb 00 00 02 00"};
    world.send(world.central, "02 40 00 01 00 aa");
    world.take(world.peripheral);
    CHECK(world.ask(world.peripheral, "01 35 0c 05 01 40 00 02 00") == hex("04 0e 04 01 35 0c 12"));
    CHECK(
        world.ask(world.peripheral, "01 35 0c 05 01 41 00 02 00").empty());  // a link that is gone
    // Not while there are links
    CHECK(world.ask(world.peripheral, "01 31 0c 01 00") == hex("04 0e 04 01 31 0c 0c"));
    CHECK(world.ask(world.peripheral, "01 33 0c 07 fb 00 00 08 00 00 00") ==
          hex("04 0e 04 01 33 0c 0c"));
    CHECK(world.take(world.central) == hex("04 13 05 01 40 00 01 00"));
    CHECK(world.ask(world.central, "01 31 0c 01 04") == hex("04 0e 04 01 31 0c 12"));
    CHECK(world.ask(world.central, "01 31 0c 01 02") == hex("04 0e 04 01 31 0c 11"));
    Controller& fresh = world.add(3);
    CHECK(world.ask(fresh, "01 31 0c 01 01") == hex("04 0e 04 01 31 0c 0c"));  // how many buffers?
    CHECK(world.ask(fresh, "01 33 0c 07 1a 00 00 08 00 00 00") == hex("04 0e 04 01 33 0c 12"));
    CHECK(world.ask(fresh, "01 33 0c 07 fb 00 00 00 00 00 00") == hex("04 0e 04 01 33 0c 12"));
}

TEST_CASE("virtual host flow control: the end of a link returns its packets") {
    CountingHost world{"fb 00 00 01 00"};
    world.send(world.central, "02 40 00 01 00 aa");
    world.send(world.central, "02 40 00 01 00 bb");
    CHECK(world.take(world.peripheral) == hex("02 40 20 01 00 aa"));
    world.ask(world.central, "01 06 04 03 40 00 13");
    CHECK(world.take(world.peripheral) == hex("04 05 04 00 40 00 13"));
    world.ask(world.peripheral, "01 0a 20 01 01");
    world.ask(world.central,
              "01 0d 20 19 10 00 10 00 00 00 01 00 00 01 aa 00 00 18 00 18 00 00 00 2a 00 00 00 00 "
              "00");
    world.run(2s);
    world.take(world.peripheral);
    world.send(world.central, "02 40 00 01 00 cc");
    CHECK(world.take(world.peripheral) == hex("02 40 20 01 00 cc"));
}

TEST_CASE(
    "virtual host flow control: a packet longer than all of the host's buffers comes in parts") {
    CountingHost world{"1b 00 00 02 00"};
    Octets packet = hex("02 40 00 3c 00");
    for (std::uint8_t i = 0; i < 60; ++i) packet.push_back(i);
    world.central.receive(world.now, packet);
    world.send(world.central, "02 40 00 01 00 aa");
    CHECK(packets(world.take(world.peripheral)).size() == 2);
    const Octets rest = world.ask(world.peripheral, "01 35 0c 05 01 40 00 01 00");
    CHECK(rest == hex("02 40 10 06 00 36 37 38 39 3a 3b"));
    CHECK(world.ask(world.peripheral, "01 35 0c 05 01 40 00 01 00") == hex("02 40 20 01 00 aa"));
}

TEST_CASE("virtual host flow control: credits come back also while answers are late") {
    CountingHost world{"fb 00 00 01 00"};
    world.peripheral.faults().answer_delay = 1h;
    for (int i = 0; i < 20; ++i) world.send(world.peripheral, "01 03 0c 00");
    for (int i = 0; i < 50; ++i) {
        world.send(world.central, "02 40 00 01 00 aa");
        CHECK(world.take(world.peripheral) == hex("02 40 20 01 00 aa"));
        world.send(world.peripheral, "01 35 0c 05 01 40 00 01 00");
        world.take(world.central);
    }
}
