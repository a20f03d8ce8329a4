// SPDX-License-Identifier: MIT
#include <algorithm>

#include "tests/virtual_controller/world.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using namespace bluetooth::virtual_controller::test;

TEST_CASE("virtual controller: tells what it is") {
    World world;
    Controller& controller = world.add(1);
    const auto ask = [&](std::string_view command) { return world.ask(controller, command); };
    CHECK(ask("01 03 0c 00") == hex("04 0e 04 01 03 0c 00"));
    CHECK(ask("01 01 10 00") == hex("04 0e 0c 01 01 10 00 | 0d 01 00 0d ff ff 01 00"));
    CHECK(ask("01 02 10 00") ==
          hex("04 0e 44 01 02 10 00 | 20 00 80 00 00 c0 00 00 | 00 00 e4 00 00 00 b8 22 |"
              "00 00 00 00 00 00 04 00 | 00 f7 ff ff 0f 00 00 00 | 30 f0 ff 7f fe ff ff 07 |"
              "e0 07 00 00 00 00 00 00 | 00 00 00 00 00 00 00 00 | 00 00 00 00 00 00 00 00"));
    CHECK(ask("01 03 10 00") == hex("04 0e 0c 01 03 10 00 | 00 00 00 00 60 00 00 00"));
    CHECK(ask("01 05 10 00") == hex("04 0e 0b 01 05 10 00 | 00 00 00 00 00 00 00"));
    CHECK(ask("01 09 10 00") == hex("04 0e 0a 01 09 10 00 | 01 00 00 01 aa 00"));
    CHECK(ask("01 02 20 00") == hex("04 0e 07 01 02 20 00 | fb 00 08"));
    CHECK(ask("01 03 20 00") == hex("04 0e 0c 01 03 20 00 | ff 79 00 03 00 00 00 00"));
    CHECK(ask("01 07 20 00") == hex("04 0e 05 01 07 20 00 | 00"));
    CHECK(ask("01 0f 20 00") == hex("04 0e 05 01 0f 20 00 | 08"));
    CHECK(ask("01 1c 20 00") == hex("04 0e 0c 01 1c 20 00 | ff ff ff ff ff 03 00 00"));
    CHECK(ask("01 23 20 00") == hex("04 0e 08 01 23 20 00 | 1b 00 48 01"));
    CHECK(ask("01 2f 20 00") == hex("04 0e 0c 01 2f 20 00 | fb 00 90 42 fb 00 90 42"));
}

TEST_CASE("virtual controller: LE Encrypt is AES-128, least significant octet first") {
    World world;
    Controller& controller = world.add(1);
    // FIPS-197 Appendix C.1, its octets reversed
    CHECK(world.ask(controller,
                    "01 17 20 20 | 0f 0e 0d 0c 0b 0a 09 08 07 06 05 04 03 02 01 00 |"
                    "ff ee dd cc bb aa 99 88 77 66 55 44 33 22 11 00") ==
          hex("04 0e 14 01 17 20 00 | 5a c5 b4 70 80 b7 cd d8 30 04 7b 6a d8 e0 c4 69"));
}

TEST_CASE("virtual controller: LE Rand gives other octets each time") {
    World world;
    Controller& controller = world.add(1);
    const Octets first = world.ask(controller, "01 18 20 00");
    const Octets second = world.ask(controller, "01 18 20 00");
    CHECK(part(first, 0, 7) == hex("04 0e 0c 01 18 20 00"));
    CHECK(first.size() == 15);
    CHECK(first != second);
}

TEST_CASE("virtual controller: a command it does not know is answered by Unknown HCI Command") {
    World world;
    Controller& controller = world.add(1);
    CHECK(world.ask(controller, "01 1d 20 00") == hex("04 0f 04 01 01 1d 20"));  // receiver test
    CHECK(world.ask(controller, "01 00 fc 01 ff") == hex("04 0f 04 01 01 00 fc"));
    CHECK(world.ask(controller, "01 00 00 00") == hex("04 0f 04 01 01 00 00"));
}

TEST_CASE("virtual controller: one of Bluetooth 4.0 knows no later commands") {
    World world;
    Controller& controller = world.add(1, Profile::bluetooth_4_0());
    CHECK(world.ask(controller, "01 01 10 00") ==
          hex("04 0e 0c 01 01 10 00 | 06 01 00 06 ff ff 01 00"));
    CHECK(world.ask(controller, "01 03 20 00") ==
          hex("04 0e 0c 01 03 20 00 | 01 00 00 00 00 00 00 00"));
    CHECK(world.ask(controller, "01 02 20 00") == hex("04 0e 07 01 02 20 00 | 1b 00 08"));
    CHECK(world.ask(controller, "01 2f 20 00") == hex("04 0f 04 01 01 2f 20"));
    CHECK(world.ask(controller, "01 30 20 02 40 00") == hex("04 0f 04 01 01 30 20"));
    const Octets commands = world.ask(controller, "01 02 10 00");
    REQUIRE(commands.size() == 71);
    CHECK(part(commands, 7 + 33, 3) == hex("00 00 00"));
    // ADV_NONCONN_IND every 20 ms: not before 5.0
    CHECK(world.ask(controller, "01 06 20 0f 20 00 20 00 03 00 00 00 00 00 00 00 00 07 00") ==
          hex("04 0e 04 01 06 20 12"));
}

TEST_CASE("virtual controller: a profile takes single commands away") {
    World world;
    Profile profile;
    profile.without = {0x2018};
    Controller& controller = world.add(1, profile);
    CHECK(world.ask(controller, "01 18 20 00") == hex("04 0f 04 01 01 18 20"));
    CHECK(part(world.ask(controller, "01 02 10 00"), 7 + 27, 1) == hex("7f"));
}

TEST_CASE("virtual controller: LE may share the buffers of BR/EDR") {
    World world;
    Profile profile;
    profile.shared_buffers = true;
    Controller& controller = world.add(1, profile);
    CHECK(world.ask(controller, "01 02 20 00") == hex("04 0e 07 01 02 20 00 | 00 00 00"));
    CHECK(world.ask(controller, "01 05 10 00") ==
          hex("04 0e 0b 01 05 10 00 | fb 00 00 08 00 00 00"));
}

TEST_CASE("virtual controller: without a public address it can only use a random one") {
    World world;
    Controller& controller = world.add(1, Profile::without_public_address());
    CHECK(world.ask(controller, "01 09 10 00") == hex("04 0e 0a 01 09 10 00 | 00 00 00 00 00 00"));
    CHECK(world.ask(controller, "01 0a 20 01 01") == hex("04 0e 04 01 0a 20 12"));
    CHECK(world.ask(controller, "01 05 20 06 01 02 03 04 05 c6") == hex("04 0e 04 01 05 20 00"));
    CHECK(world.ask(controller, "01 06 20 0f 00 08 00 08 00 01 00 00 00 00 00 00 00 07 00") ==
          hex("04 0e 04 01 06 20 00"));
    CHECK(world.ask(controller, "01 0a 20 01 01") == hex("04 0e 04 01 0a 20 00"));
}

TEST_CASE("virtual controller: public addresses differ and follow from the seed") {
    const auto address = [](std::uint64_t seed, int nth) {
        Air air{seed};
        Controller* controller = nullptr;
        for (int i = 0; i < nth; ++i) controller = &air.add();
        return controller->public_address();
    };
    CHECK(address(1, 1) == address(1, 1));
    CHECK(address(1, 1) != address(1, 2));
    CHECK(address(1, 1) != address(2, 1));
}

TEST_CASE("virtual controller: event masks hold back what they mask") {
    Pair pair;
    SUBCASE("LE Meta as a whole") {
        pair.ask(pair.central, "01 01 0c 08 ff ff ff ff ff ff ff 1f");
        pair.ask(pair.central, "01 16 20 02 40 00");
        CHECK(pair.take(pair.central).empty());
    }
    SUBCASE("one LE event") {
        pair.ask(pair.central, "01 01 20 08 f7 ff 0f 00 00 00 00 00");  // not remote features
        CHECK(pair.ask(pair.central, "01 16 20 02 40 00") == hex("04 0f 04 00 01 16 20"));
    }
    SUBCASE("Disconnection Complete") {
        pair.ask(pair.central, "01 01 0c 08 ef ff ff ff ff ff ff 3f");
        CHECK(pair.ask(pair.central, "01 06 04 03 40 00 13") == hex("04 0f 04 00 01 06 04"));
        CHECK(pair.take(pair.peripheral) == hex("04 05 04 00 40 00 13"));
    }
    SUBCASE("Reset brings back the initial masks, without LE Meta") {
        pair.ask(pair.central, "01 03 0c 00");
        pair.ask(pair.central,
                 "01 0d 20 19 10 00 10 00 00 00 01 00 00 01 aa 00 00 18 00 18 00 00 "
                 "00 2a 00 00 00 00 00");
        CHECK(pair.ask(pair.central, "01 0e 20 00") == hex("04 0e 04 01 0e 20 00"));
    }
}
