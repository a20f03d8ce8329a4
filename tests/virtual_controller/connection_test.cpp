// SPDX-License-Identifier: MIT
#include "tests/virtual_controller/world.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using namespace bluetooth::virtual_controller::test;

namespace {
// LE Create Connection to 00:AA:01:00:00:01
constexpr std::string_view create =
    "01 0d 20 19 10 00 10 00 00 00 01 00 00 01 aa 00 00 18 00 18 00 00 00 2a 00 00 00 00 00";
}  // namespace

TEST_CASE("virtual connection: it waits for its advertiser, and advertising ends with it") {
    World world;
    Controller& peripheral = world.add(1);
    Controller& stranger = world.add(3);
    Controller& central = world.add(2);
    CHECK(world.ask(central, create) == hex("04 0f 04 00 01 0d 20"));
    CHECK(world.ask(central, create) == hex("04 0f 04 0c 01 0d 20"));  // one at a time
    CHECK(world.ask(stranger, "01 0a 20 01 01") == hex("04 0e 04 01 0a 20 00"));
    world.run(10s);
    CHECK(world.take(central).empty());
    CHECK(world.ask(peripheral, "01 0a 20 01 01") == hex("04 0e 04 01 0a 20 00"));
    world.run(2s);
    CHECK(world.take(peripheral) ==
          hex("04 3e 13 01 00 40 00 01 00 02 00 00 01 aa 00 18 00 00 00 2a 00 00"));
    CHECK(world.take(central) ==
          hex("04 3e 13 01 00 40 00 00 00 01 00 00 01 aa 00 18 00 00 00 2a 00 00"));
    // A second link of the same two is refused.
    CHECK(world.ask(central, create) == hex("04 0f 04 0b 01 0d 20"));
    // It no longer advertises.
    CHECK(world.ask(stranger, "01 0c 20 02 01 00") == hex("04 0e 04 01 0c 20 00"));
    world.run(3s);
    CHECK(world.take(stranger).empty());
}

TEST_CASE("virtual connection: with random addresses both ends name them") {
    World world;
    Controller& peripheral = world.add(1);
    Controller& central = world.add(2);
    world.ask(peripheral, "01 05 20 06 01 02 03 04 05 c6");
    world.ask(peripheral, "01 06 20 0f a0 00 a0 00 00 01 00 00 00 00 00 00 00 07 00");
    world.ask(peripheral, "01 0a 20 01 01");
    CHECK(world.ask(central,
                    "01 0d 20 19 10 00 10 00 00 01 01 02 03 04 05 c6 01 18 00 28 00 00 00 "
                    "2a 00 00 00 00 00") == hex("04 0f 04 12 01 0d 20"));  // none set
    world.ask(central, "01 05 20 06 0a 0b 0c 0d 0e 4f");
    CHECK(world.ask(central,
                    "01 0d 20 19 10 00 10 00 00 01 01 02 03 04 05 c6 01 18 00 28 00 00 00 "
                    "2a 00 00 00 00 00") == hex("04 0f 04 00 01 0d 20"));
    world.run(200ms);
    CHECK(world.take(peripheral) ==
          hex("04 3e 13 01 00 40 00 01 01 0a 0b 0c 0d 0e 4f 28 00 00 00 2a 00 00"));
    CHECK(world.take(central) ==
          hex("04 3e 13 01 00 40 00 00 01 01 02 03 04 05 c6 28 00 00 00 2a 00 00"));
}

TEST_CASE("virtual connection: cancelled, it ends with Unknown Connection Identifier") {
    World world;
    Controller& central = world.add(2);
    CHECK(world.ask(central, create) == hex("04 0f 04 00 01 0d 20"));
    world.run(1s);
    CHECK(world.ask(central, "01 0e 20 00") ==
          hex("04 0e 04 01 0e 20 00 |"
              "04 3e 13 01 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"));
    CHECK(world.ask(central, "01 0e 20 00") == hex("04 0e 04 01 0e 20 0c"));
    CHECK(world.ask(central, create) == hex("04 0f 04 00 01 0d 20"));
}

TEST_CASE("virtual connection: by the accept list to whom of it advertises") {
    World world;
    Controller& peripheral = world.add(1);
    Controller& stranger = world.add(3);
    Controller& central = world.add(2);
    world.ask(central, "01 11 20 07 00 01 00 00 01 aa 00");
    CHECK(world.ask(central,
                    "01 0d 20 19 10 00 10 00 01 00 00 00 00 00 00 00 00 18 00 18 00 00 00 "
                    "2a 00 00 00 00 00") == hex("04 0f 04 00 01 0d 20"));
    CHECK(world.ask(central, "01 10 20 00") == hex("04 0e 04 01 10 20 0c"));  // in use
    world.ask(stranger, "01 0a 20 01 01");
    world.run(3s);
    CHECK(world.take(central).empty());
    world.ask(peripheral, "01 0a 20 01 01");
    world.run(3s);
    CHECK(world.take(central) ==
          hex("04 3e 13 01 00 40 00 00 00 01 00 00 01 aa 00 18 00 00 00 2a 00 00"));
}

TEST_CASE("virtual connection: an advertiser with an accept list takes only its devices") {
    World world;
    Controller& peripheral = world.add(1);
    Controller& central = world.add(2);
    world.ask(peripheral, "01 06 20 0f a0 00 a0 00 00 00 00 00 00 00 00 00 00 07 02");
    world.ask(peripheral, "01 0a 20 01 01");
    world.ask(central, create);
    world.run(1s);
    CHECK(world.take(central).empty());
    world.ask(peripheral, "01 0a 20 01 00");
    world.ask(peripheral, "01 11 20 07 00 02 00 00 01 aa 00");
    world.ask(peripheral, "01 0a 20 01 01");
    world.run(1s);
    CHECK(world.take(central).size() == 22);
}

TEST_CASE("virtual connection: directed advertising connects the one it is for") {
    World world;
    Controller& peripheral = world.add(1);
    Controller& other = world.add(3);
    Controller& central = world.add(2);
    world.ask(other, create);
    world.ask(central, create);
    world.ask(peripheral, "01 06 20 0f a0 00 a0 00 01 00 00 02 00 00 01 aa 00 07 00");
    world.ask(peripheral, "01 0a 20 01 01");
    world.run(100ms);
    CHECK(world.take(other).empty());
    CHECK(world.take(central).size() == 22);
    CHECK(world.take(peripheral) ==
          hex("04 3e 13 01 00 40 00 01 00 02 00 00 01 aa 00 18 00 00 00 2a 00 00"));
    world.run(2s);
    CHECK(world.take(peripheral).empty());  // no advertising timeout any more
}

TEST_CASE("virtual connection: a scannable or non-connectable advertiser is not connected to") {
    World world;
    Controller& peripheral = world.add(1);
    Controller& central = world.add(2);
    for (const char* type : {"02", "03"}) {
        world.ask(peripheral, std::string{"01 06 20 0f a0 00 a0 00 "} + type +
                                  " 00 00 00 00 00 00 00 00 07 00");
        world.ask(peripheral, "01 0a 20 01 01");
        world.ask(central, create);
        world.run(1s);
        CHECK(world.take(central).empty());
        world.ask(central, "01 0e 20 00");
        world.ask(peripheral, "01 0a 20 01 00");
    }
}

TEST_CASE("virtual connection: the number of links has a limit") {
    World world;
    Profile one;
    one.max_connections = 1;
    Controller& peripheral = world.add(1);
    Controller& central = world.add(2, one);
    world.ask(peripheral, "01 0a 20 01 01");
    world.ask(central, create);
    world.run(2s);
    CHECK(world.take(central).size() == 22);
    CHECK(world.ask(central,
                    "01 0d 20 19 10 00 10 00 00 00 05 00 00 01 aa 00 00 18 00 18 00 00 00 "
                    "2a 00 00 00 00 00") == hex("04 0f 04 09 01 0d 20"));
    CHECK(world.ask(central, "01 0a 20 01 01") == hex("04 0e 04 01 0a 20 09"));
}

TEST_CASE("virtual connection: a disconnection tells each side why") {
    Pair pair;
    SUBCASE("by the central") {
        CHECK(pair.ask(pair.central, "01 06 04 03 40 00 13") ==
              hex("04 0f 04 00 01 06 04 | 04 05 04 00 40 00 16"));
        CHECK(pair.take(pair.peripheral) == hex("04 05 04 00 40 00 13"));
    }
    SUBCASE("by the peripheral") {
        CHECK(pair.ask(pair.peripheral, "01 06 04 03 40 00 15") ==
              hex("04 0f 04 00 01 06 04 | 04 05 04 00 40 00 16"));
        CHECK(pair.take(pair.central) == hex("04 05 04 00 40 00 15"));
    }
    CHECK(pair.ask(pair.central, "01 06 04 03 40 00 13") == hex("04 0f 04 02 01 06 04"));
    pair.run(60s);
    CHECK(pair.take(pair.central).empty());
    CHECK(pair.take(pair.peripheral).empty());
    pair.connect();  // and again
}

TEST_CASE("virtual connection: what is no reason for a disconnection is refused") {
    Pair pair;
    CHECK(pair.ask(pair.central, "01 06 04 03 40 00 16") == hex("04 0f 04 12 01 06 04"));
    CHECK(pair.ask(pair.central, "01 06 04 03 41 00 13") == hex("04 0f 04 02 01 06 04"));
    CHECK(pair.ask(pair.central, "01 06 04 03 00 00 13") == hex("04 0f 04 02 01 06 04"));
}

TEST_CASE("virtual connection: a peer that vanishes is noticed after the supervision timeout") {
    Pair pair;
    pair.air.vanish(pair.peripheral);
    pair.run(419ms);
    CHECK(pair.take(pair.central).empty());
    CHECK(pair.take(pair.peripheral).empty());
    pair.run(1ms);
    CHECK(pair.take(pair.central) == hex("04 05 04 00 40 00 08"));
    CHECK(pair.take(pair.peripheral) == hex("04 05 04 00 40 00 08"));
}

TEST_CASE("virtual connection: back in time, a vanished peer is still connected") {
    Pair pair;
    pair.air.vanish(pair.peripheral);
    pair.run(400ms);
    // What is asked for meanwhile comes afterwards.
    CHECK(pair.ask(pair.central, "01 1d 04 02 40 00") == hex("04 0f 04 00 01 1d 04"));
    pair.send(pair.central, "02 40 00 05 00 01 00 04 00 aa");
    CHECK(pair.take(pair.central).empty());
    pair.air.reappear(pair.peripheral);
    CHECK(pair.take(pair.central) ==
          hex("04 0c 08 00 40 00 0d ff ff 01 00 | 04 13 05 01 40 00 01 00"));
    CHECK(pair.take(pair.peripheral) == hex("02 40 20 05 00 01 00 04 00 aa"));
    pair.run(10s);
    CHECK(pair.take(pair.central).empty());
}

TEST_CASE("virtual connection: disconnecting from a vanished peer ends by the timeout") {
    Pair pair;
    pair.air.vanish(pair.peripheral);
    CHECK(pair.ask(pair.central, "01 06 04 03 40 00 13") == hex("04 0f 04 00 01 06 04"));
    CHECK(pair.ask(pair.central, "01 06 04 03 40 00 13") == hex("04 0f 04 0c 01 06 04"));
    pair.run(420ms);
    CHECK(pair.take(pair.central) == hex("04 05 04 00 40 00 08"));
}

TEST_CASE("virtual connection: a reset or removed peer is noticed by the supervision timeout") {
    Pair pair;
    SUBCASE("reset") {
        CHECK(pair.ask(pair.peripheral, "01 03 0c 00") == hex("04 0e 04 01 03 0c 00"));
    }
    SUBCASE("removed") { pair.air.remove(pair.peripheral); }
    CHECK(pair.ask(pair.central, "01 05 14 02 40 00") == hex("04 0e 07 01 05 14 00 40 00 7f"));
    pair.run(419ms);
    CHECK(pair.take(pair.central).empty());
    pair.run(1ms);
    CHECK(pair.take(pair.central) == hex("04 05 04 00 40 00 08"));
}

TEST_CASE("virtual connection: out of reach nothing is heard") {
    World world;
    Controller& advertiser = world.add(1);
    Controller& scanner = world.add(2);
    world.ask(advertiser, "01 0a 20 01 01");
    world.ask(scanner, "01 0c 20 02 01 00");
    world.air.vanish(scanner);
    world.run(5s);
    CHECK(world.take(scanner).empty());
    world.air.reappear(scanner);
    world.air.vanish(advertiser);
    world.run(5s);
    CHECK(world.take(scanner).empty());
    world.air.reappear(advertiser);
    world.run(5s);
    CHECK(packets(world.take(scanner)).size() >= 3);
}

TEST_CASE("virtual connection: RSSI, transmit power and channel map can be read") {
    Pair pair;
    Octets rssi = hex("04 0e 07 01 05 14 00 40 00");
    rssi.push_back(static_cast<std::uint8_t>(pair.air.rssi(pair.peripheral, pair.central)));
    CHECK(pair.ask(pair.central, "01 05 14 02 40 00") == rssi);
    CHECK(pair.ask(pair.central, "01 05 14 02 41 00") == hex("04 0e 07 01 05 14 02 41 00 00"));
    CHECK(pair.ask(pair.central, "01 2d 0c 03 40 00 01") == hex("04 0e 07 01 2d 0c 00 40 00 0a"));
    CHECK(pair.ask(pair.central, "01 2d 0c 03 40 00 02") == hex("04 0e 07 01 2d 0c 12 40 00 00"));
    CHECK(pair.ask(pair.central, "01 15 20 02 40 00") ==
          hex("04 0e 0b 01 15 20 00 40 00 ff ff ff ff 1f"));
    CHECK(pair.ask(pair.central, "01 14 20 05 ff ff 00 00 10") == hex("04 0e 04 01 14 20 00"));
    CHECK(pair.ask(pair.peripheral, "01 15 20 02 40 00") ==
          hex("04 0e 0b 01 15 20 00 40 00 ff ff 00 00 10"));
    CHECK(pair.ask(pair.central, "01 14 20 05 00 00 00 00 00") == hex("04 0e 04 01 14 20 12"));
    CHECK(pair.ask(pair.central, "01 14 20 05 ff ff ff ff 3f") == hex("04 0e 04 01 14 20 12"));
}
