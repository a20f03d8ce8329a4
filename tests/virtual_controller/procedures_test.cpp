// SPDX-License-Identifier: MIT
#include "tests/virtual_controller/world.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using namespace bluetooth::virtual_controller::test;

TEST_CASE("virtual procedures: remote version and features") {
    Pair pair{Profile::bluetooth_4_0()};
    CHECK(pair.ask(pair.central, "01 1d 04 02 40 00") ==
          hex("04 0f 04 00 01 1d 04 | 04 0c 08 00 40 00 06 ff ff 01 00"));
    CHECK(pair.ask(pair.peripheral, "01 1d 04 02 40 00") ==
          hex("04 0f 04 00 01 1d 04 | 04 0c 08 00 40 00 0d ff ff 01 00"));
    CHECK(pair.ask(pair.central, "01 16 20 02 40 00") ==
          hex("04 0f 04 00 01 16 20 | 04 3e 0c 04 00 40 00 01 00 00 00 00 00 00 00"));
    // A peripheral of 4.0 cannot ask.
    CHECK(pair.ask(pair.peripheral, "01 16 20 02 40 00") == hex("04 0f 04 0c 01 16 20"));
    CHECK(pair.ask(pair.central, "01 1d 04 02 41 00") == hex("04 0f 04 02 01 1d 04"));
    CHECK(pair.ask(pair.central, "01 16 20 02 41 00") == hex("04 0f 04 02 01 16 20"));
}

TEST_CASE("virtual procedures: the peripheral asks for features where both can") {
    SUBCASE("both") {
        Pair pair;
        CHECK(pair.ask(pair.peripheral, "01 16 20 02 40 00") ==
              hex("04 0f 04 00 01 16 20 | 04 3e 0c 04 00 40 00 ff 79 00 03 00 00 00 00"));
    }
    SUBCASE("only the peripheral") {
        Pair pair{{}, Profile::bluetooth_4_0()};
        CHECK(pair.ask(pair.peripheral, "01 16 20 02 40 00") ==
              hex("04 0f 04 00 01 16 20 | 04 3e 0c 04 1a 40 00 00 00 00 00 00 00 00 00"));
    }
}

TEST_CASE("virtual procedures: the central updates the connection") {
    Pair pair;
    const auto update = [&](std::string_view parameters) {
        return pair.ask(pair.central, "01 13 20 0e 40 00 " + std::string{parameters});
    };
    CHECK(update("28 00 50 00 04 00 f4 01 00 00 00 00") ==
          hex("04 0f 04 00 01 13 20 | 04 3e 0a 03 00 40 00 50 00 04 00 f4 01"));
    CHECK(pair.take(pair.peripheral) == hex("04 3e 0a 03 00 40 00 50 00 04 00 f4 01"));
    // Nothing new: the peripheral's host does not hear of it.
    CHECK(update("28 00 50 00 04 00 f4 01 00 00 00 00") ==
          hex("04 0f 04 00 01 13 20 | 04 3e 0a 03 00 40 00 50 00 04 00 f4 01"));
    CHECK(pair.take(pair.peripheral).empty());
    // The new supervision timeout holds.
    pair.air.vanish(pair.peripheral);
    pair.run(4999ms);
    CHECK(pair.take(pair.central).empty());
    pair.run(1ms);
    CHECK(pair.take(pair.central) == hex("04 05 04 00 40 00 08"));
}

TEST_CASE("virtual procedures: connection parameters out of range are refused") {
    Pair pair;
    for (const char* parameters : {
             "05 00 50 00 00 00 f4 01 00 00 00 00",  // interval below 7.5 ms
             "06 00 81 0c 00 00 80 0c 00 00 00 00",  // above 4 s
             "50 00 28 00 00 00 f4 01 00 00 00 00",  // minimum above maximum
             "28 00 50 00 f4 01 f4 01 00 00 00 00",  // latency
             "28 00 50 00 00 00 09 00 00 00 00 00",  // timeout below 100 ms
             "28 00 50 00 00 00 81 0c 00 00 00 00",  // above 32 s
             "28 00 50 00 00 00 14 00 00 00 00 00",  // 200 ms, not longer than two of 100 ms
             "28 00 50 00 00 00 f4 01 02 00 01 00",  // CE lengths
         }) {
        CAPTURE(parameters);
        CHECK(pair.ask(pair.central, std::string{"01 13 20 0e 40 00 "} + parameters) ==
              hex("04 0f 04 12 01 13 20"));
    }
    CHECK(pair.ask(pair.central, "01 13 20 0e 41 00 28 00 50 00 00 00 f4 01 00 00 00 00") ==
          hex("04 0f 04 02 01 13 20"));
    CHECK(pair.take(pair.peripheral).empty());
}

TEST_CASE("virtual procedures: the peripheral asks for parameters, the central's host decides") {
    Pair pair;
    CHECK(pair.ask(pair.peripheral, "01 13 20 0e 40 00 28 00 50 00 04 00 f4 01 00 00 00 00") ==
          hex("04 0f 04 00 01 13 20"));
    CHECK(pair.take(pair.central) == hex("04 3e 0b 06 40 00 28 00 50 00 04 00 f4 01"));
    CHECK(pair.ask(pair.peripheral, "01 13 20 0e 40 00 28 00 50 00 04 00 f4 01 00 00 00 00") ==
          hex("04 0f 04 0c 01 13 20"));  // under way
    SUBCASE("yes") {
        CHECK(pair.ask(pair.central, "01 20 20 0e 40 00 28 00 40 00 04 00 f4 01 00 00 00 00") ==
              hex("04 0e 06 01 20 20 00 40 00 | 04 3e 0a 03 00 40 00 40 00 04 00 f4 01"));
        CHECK(pair.take(pair.peripheral) == hex("04 3e 0a 03 00 40 00 40 00 04 00 f4 01"));
        CHECK(pair.ask(pair.central, "01 20 20 0e 40 00 28 00 40 00 04 00 f4 01 00 00 00 00") ==
              hex("04 0e 06 01 20 20 0c 40 00"));
    }
    SUBCASE("yes, with impossible parameters") {
        CHECK(pair.ask(pair.central, "01 20 20 0e 40 00 28 00 05 00 04 00 f4 01 00 00 00 00") ==
              hex("04 0e 06 01 20 20 12 40 00"));
    }
    SUBCASE("no") {
        CHECK(pair.ask(pair.central, "01 21 20 03 40 00 3b") == hex("04 0e 06 01 21 20 00 40 00"));
        CHECK(pair.take(pair.peripheral) == hex("04 3e 0a 03 3b 40 00 18 00 00 00 2a 00"));
        CHECK(pair.ask(pair.central, "01 21 20 03 40 00 3b") == hex("04 0e 06 01 21 20 0c 40 00"));
    }
    SUBCASE("no answer within 40 s ends the link") {
        pair.run(39'999ms);
        CHECK(pair.take(pair.peripheral).empty());
        pair.run(1ms);
        CHECK(pair.take(pair.peripheral) == hex("04 05 04 00 40 00 22"));
        pair.run(420ms);
        CHECK(pair.take(pair.central) == hex("04 05 04 00 40 00 08"));
    }
}

TEST_CASE("virtual procedures: a central that does not hear of the question refuses it") {
    SUBCASE("its host masked the event") {
        Pair pair;
        pair.ask(pair.central, "01 01 20 08 1f 00 00 00 00 00 00 00");
        CHECK(pair.ask(pair.peripheral, "01 13 20 0e 40 00 28 00 50 00 04 00 f4 01 00 00 00 00") ==
              hex("04 0f 04 00 01 13 20 | 04 3e 0a 03 1a 40 00 18 00 00 00 2a 00"));
    }
    SUBCASE("it is of 4.0") {
        Pair pair{{}, Profile::bluetooth_4_0()};
        CHECK(pair.ask(pair.peripheral, "01 13 20 0e 40 00 28 00 50 00 04 00 f4 01 00 00 00 00") ==
              hex("04 0f 04 00 01 13 20 | 04 3e 0a 03 1a 40 00 18 00 00 00 2a 00"));
    }
    SUBCASE("a peripheral of 4.0 cannot even ask") {
        Pair pair{Profile::bluetooth_4_0()};
        CHECK(pair.ask(pair.peripheral, "01 13 20 0e 40 00 28 00 50 00 04 00 f4 01 00 00 00 00") ==
              hex("04 0f 04 0c 01 13 20"));
    }
}

TEST_CASE("virtual procedures: data length is set for each direction") {
    Pair pair;
    CHECK(pair.ask(pair.central, "01 22 20 06 40 00 fb 00 48 08") ==
          hex("04 0e 06 01 22 20 00 40 00 | 04 3e 0b 07 40 00 fb 00 48 08 1b 00 48 01"));
    CHECK(pair.take(pair.peripheral) == hex("04 3e 0b 07 40 00 1b 00 48 01 fb 00 48 08"));
    // Nothing new
    CHECK(pair.ask(pair.central, "01 22 20 06 40 00 fb 00 48 08") ==
          hex("04 0e 06 01 22 20 00 40 00"));
    CHECK(pair.ask(pair.central, "01 22 20 06 40 00 1a 00 48 08") ==
          hex("04 0e 06 01 22 20 12 40 00"));
    CHECK(pair.ask(pair.central, "01 22 20 06 40 00 fc 00 48 08") ==
          hex("04 0e 06 01 22 20 12 40 00"));
    CHECK(pair.ask(pair.central, "01 22 20 06 40 00 fb 00 47 01") ==
          hex("04 0e 06 01 22 20 12 40 00"));
    CHECK(pair.ask(pair.central, "01 22 20 06 41 00 fb 00 48 08") ==
          hex("04 0e 06 01 22 20 02 41 00"));
}

TEST_CASE("virtual procedures: the suggested data length is used for new links") {
    World world;
    Controller& peripheral = world.add(1);
    Controller& central = world.add(2);
    CHECK(world.ask(central, "01 24 20 04 fb 00 48 08") == hex("04 0e 04 01 24 20 00"));
    CHECK(world.ask(central, "01 23 20 00") == hex("04 0e 08 01 23 20 00 fb 00 48 08"));
    CHECK(world.ask(central, "01 24 20 04 fc 00 48 08") == hex("04 0e 04 01 24 20 12"));
    world.ask(peripheral, "01 0a 20 01 01");
    world.ask(central,
              "01 0d 20 19 10 00 10 00 00 00 01 00 00 01 aa 00 00 18 00 18 00 00 00 2a 00 "
              "00 00 00 00");
    world.run(2s);
    CHECK(world.take(central) ==
          hex("04 3e 13 01 00 40 00 00 00 01 00 00 01 aa 00 18 00 00 00 2a 00 00 |"
              "04 3e 0b 07 40 00 fb 00 48 08 1b 00 48 01"));
    CHECK(world.take(peripheral) ==
          hex("04 3e 13 01 00 40 00 01 00 02 00 00 01 aa 00 18 00 00 00 2a 00 00 |"
              "04 3e 0b 07 40 00 1b 00 48 01 fb 00 48 08"));
}

TEST_CASE("virtual procedures: with a peer of 4.0 the data length stays") {
    Pair pair{Profile::bluetooth_4_0()};
    CHECK(pair.ask(pair.central, "01 22 20 06 40 00 fb 00 48 08") ==
          hex("04 0e 06 01 22 20 00 40 00"));
    CHECK(pair.take(pair.peripheral).empty());
}

TEST_CASE("virtual procedures: physical layers are agreed upon") {
    Pair pair;
    CHECK(pair.ask(pair.central, "01 30 20 02 40 00") == hex("04 0e 08 01 30 20 00 40 00 01 01"));
    CHECK(pair.ask(pair.central, "01 30 20 02 41 00") == hex("04 0e 08 01 30 20 02 41 00 00 00"));
    SUBCASE("both to 2M") {
        CHECK(pair.ask(pair.central, "01 32 20 07 40 00 00 02 02 00 00") ==
              hex("04 0f 04 00 01 32 20 | 04 3e 06 0c 00 40 00 02 02"));
        CHECK(pair.take(pair.peripheral) == hex("04 3e 06 0c 00 40 00 02 02"));
        CHECK(pair.ask(pair.central, "01 30 20 02 40 00") ==
              hex("04 0e 08 01 30 20 00 40 00 02 02"));
    }
    SUBCASE("one direction, by the peer's default") {
        CHECK(pair.ask(pair.peripheral, "01 31 20 03 00 01 03") == hex("04 0e 04 01 31 20 00"));
        CHECK(pair.ask(pair.central, "01 32 20 07 40 00 03 00 00 00 00") ==
              hex("04 0f 04 00 01 32 20 | 04 3e 06 0c 00 40 00 02 01"));
        CHECK(pair.take(pair.peripheral) == hex("04 3e 06 0c 00 40 00 01 02"));
    }
    SUBCASE("nothing new is told to the one who asked") {
        CHECK(pair.ask(pair.central, "01 32 20 07 40 00 00 01 01 00 00") ==
              hex("04 0f 04 00 01 32 20 | 04 3e 06 0c 00 40 00 01 01"));
        CHECK(pair.take(pair.peripheral).empty());
    }
    SUBCASE("what is not supported or empty is refused") {
        CHECK(pair.ask(pair.central, "01 32 20 07 40 00 00 08 01 00 00") ==
              hex("04 0f 04 11 01 32 20"));
        CHECK(pair.ask(pair.central, "01 32 20 07 40 00 00 00 01 00 00") ==
              hex("04 0f 04 12 01 32 20"));
        CHECK(pair.ask(pair.central, "01 32 20 07 41 00 00 01 01 00 00") ==
              hex("04 0f 04 02 01 32 20"));
        CHECK(pair.ask(pair.central, "01 31 20 03 00 08 08") == hex("04 0e 04 01 31 20 11"));
        CHECK(pair.ask(pair.central, "01 31 20 03 00 00 00") == hex("04 0e 04 01 31 20 12"));
    }
}

TEST_CASE("virtual procedures: a peer of 4.0 knows no physical layers") {
    Pair pair{Profile::bluetooth_4_0()};
    CHECK(pair.ask(pair.central, "01 32 20 07 40 00 00 02 02 00 00") ==
          hex("04 0f 04 00 01 32 20 | 04 3e 06 0c 1a 40 00 01 01"));
}

TEST_CASE("virtual procedures: a wish of the peripheral does not take the place of the central's") {
    Pair pair;
    pair.air.vanish(pair.peripheral);
    pair.ask(pair.central, "01 13 20 0e 40 00 28 00 50 00 04 00 f4 01 00 00 00 00");
    pair.ask(pair.peripheral, "01 13 20 0e 40 00 06 00 06 00 00 00 f4 01 00 00 00 00");
    pair.air.reappear(pair.peripheral);
    CHECK(pair.take(pair.central) == hex("04 3e 0a 03 00 40 00 50 00 04 00 f4 01"));
    CHECK(pair.take(pair.peripheral) == hex("04 3e 0a 03 00 40 00 50 00 04 00 f4 01"));
}

TEST_CASE("virtual procedures: a refusal given out of reach comes when the ends meet again") {
    Pair pair;
    pair.ask(pair.peripheral, "01 13 20 0e 40 00 28 00 50 00 04 00 f4 01 00 00 00 00");
    pair.take(pair.central);
    pair.air.vanish(pair.central);
    CHECK(pair.ask(pair.central, "01 21 20 03 40 00 3b") == hex("04 0e 06 01 21 20 00 40 00"));
    CHECK(pair.take(pair.peripheral).empty());
    pair.air.reappear(pair.central);
    CHECK(pair.take(pair.peripheral) == hex("04 3e 0a 03 3b 40 00 18 00 00 00 2a 00"));
    pair.run(1min);
    CHECK(pair.take(pair.peripheral).empty());
}
