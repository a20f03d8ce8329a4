// SPDX-License-Identifier: MIT
#include "tests/virtual_controller/world.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using namespace bluetooth::virtual_controller::test;

TEST_CASE("virtual faults: a silent controller answers nothing and does nothing") {
    Pair pair;
    pair.central.faults().silent = true;
    CHECK(pair.ask(pair.central, "01 03 0c 00").empty());
    CHECK(pair.ask(pair.central, "01 06 04 03 40 00 13").empty());
    pair.send(pair.central, "02 40 00 01 00 aa");
    pair.run(10s);
    CHECK(pair.take(pair.peripheral).empty());
    pair.central.faults().silent = false;
    CHECK(pair.ask(pair.central, "01 06 04 03 40 00 13") ==
          hex("04 0f 04 00 01 06 04 | 04 05 04 00 40 00 16"));
}

TEST_CASE("virtual faults: answers come as late as they are told to, in order") {
    World world;
    Controller& controller = world.add(1);
    controller.faults().answer_delay = 500ms;
    CHECK(world.ask(controller, "01 09 10 00").empty());
    world.run(200ms);
    CHECK(world.ask(controller, "01 02 20 00").empty());
    world.run(299ms);
    CHECK(world.take(controller).empty());
    world.run(1ms);
    CHECK(world.take(controller) == hex("04 0e 0a 01 09 10 00 01 00 00 01 aa 00"));
    controller.faults().answer_delay = {};
    CHECK(world.ask(controller, "01 03 0c 00").empty());  // not before the one that is late
    world.run(200ms);
    CHECK(world.take(controller) == hex("04 0e 07 01 02 20 00 fb 00 08 | 04 0e 04 01 03 0c 00"));
    CHECK(world.ask(controller, "01 03 0c 00") == hex("04 0e 04 01 03 0c 00"));
}

TEST_CASE("virtual faults: late commands are bounded, and gone with their controller") {
    World world;
    Controller& controller = world.add(1);
    controller.faults().answer_delay = 1h;
    for (int i = 0; i < 20; ++i) world.send(controller, "01 03 0c 00");
    CHECK(controller.counters().refused_commands == 4);
    world.air.remove(controller);
    world.run(2h);
}

TEST_CASE("virtual faults: a corrupt event differs in one bit of its parameters") {
    World world;
    Controller& controller = world.add(1);
    const Octets right = world.ask(controller, "01 02 10 00");
    controller.faults().corrupt_events = 1;
    const Octets wrong = world.ask(controller, "01 02 10 00");
    REQUIRE(wrong.size() == right.size());
    int bits = 0;
    for (std::size_t i = 0; i < right.size(); ++i) {
        const unsigned difference = static_cast<unsigned>(right[i]) ^ wrong[i];
        if (i < 3) CHECK(difference == 0);
        for (unsigned rest = difference; rest != 0; rest &= rest - 1) ++bits;
    }
    CHECK(bits == 1);
    CHECK(world.ask(controller, "01 02 10 00") == right);  // it was one
}

TEST_CASE("virtual faults: lies about credits") {
    Pair pair;
    SUBCASE("of packets: more than there were, fewer, none") {
        pair.central.faults().completed_packets_error = 3;
        CHECK(pair.ask(pair.central, "02 40 00 01 00 aa") == hex("04 13 05 01 40 00 04 00"));
        pair.central.faults().completed_packets_error = -5;
        CHECK(pair.ask(pair.central, "02 40 00 01 00 aa") == hex("04 13 05 01 40 00 00 00"));
        CHECK(packets(pair.take(pair.peripheral)).size() == 2);
    }
    SUBCASE("of commands") {
        pair.central.faults().command_credits = 0;
        CHECK(pair.ask(pair.central, "01 01 20 08 ff fd f7 ff 00 00 00 00") ==
              hex("04 0e 04 00 01 20 00"));
        CHECK(pair.ask(pair.central, "01 06 04 03 41 00 13") == hex("04 0f 04 02 00 06 04"));
        CHECK(pair.ask(pair.central, "01 ff 0f 00") == hex("04 0f 04 01 00 ff 0f"));
    }
}

TEST_CASE("virtual faults: a controller that forgets everything tells nobody") {
    Pair pair;
    pair.send(pair.peripheral, "02 40 00 01 00 aa");
    pair.air.reset(pair.central);
    CHECK(pair.take(pair.central).empty());
    CHECK(pair.ask(pair.central, "01 06 04 03 40 00 13") == hex("04 0f 04 02 01 06 04"));
    pair.take(pair.peripheral);
    pair.run(420ms);
    CHECK(pair.take(pair.peripheral) == hex("04 05 04 00 40 00 08"));
}
