// SPDX-License-Identifier: MIT
#include "tests/virtual_controller/extended_world.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using namespace bluetooth::virtual_controller::test;

namespace {

// Default and link parameters: reports, no skip, lost after 1 s
constexpr std::string_view by_default = "01 5d 20 06 02 00 00 64 00 00";
constexpr std::string_view for_link = "01 5c 20 08 40 00 02 00 00 64 00 00";
// The train of set 1, and the train that is followed as 0, each with the service data 0x1234
constexpr std::string_view send_set = "01 5b 20 05 40 00 34 12 01";
constexpr std::string_view send_sync = "01 5a 20 06 40 00 34 12 00 00";
constexpr std::string_view received =
    "04 3e 14 18 00 40 00 34 12 00 00 05 00 01 00 00 01 aa 00 01 50 00 00";

/// A peripheral 00:AA:01:00:00:01 with a train, connected to a central …:02.
struct Linked : Two {
    Controller& peripheral = advertiser;
    Controller& central = scanner;

    explicit Linked(Profile of_central = {}, std::string_view before = {})
        : Two({}, std::move(of_central)) {
        if (!before.empty()) ok(central, before);
        CHECK(status(peripheral, set_parameters("02", "01 00")) == 0x00);
        ok(peripheral, "01 39 20 06 01 01 02 00 00 00");
        CHECK(ask(central,
                  "01 43 20 1a 00 00 00 01 00 00 01 aa 00 01 10 00 10 00 18 00 18 00 00 00 "
                  "2a 00 00 00 00 00") == hex("04 0f 04 00 01 43 20"));
        run(150ms);
        CHECK(part(take(central), 0, 7) == hex("04 3e 13 01 00 40 00"));
        take(peripheral);
        start_train(peripheral);
    }
    void start_train(Controller& controller) {
        CHECK(status(controller,
                     set_parameters("01", "00 00",
                                    "07 00 00 00 00 00 00 00 00 00 7f 01 00 01 05 00")) == 0);
        ok(controller, "01 3e 20 07 01 50 00 50 00 00 00");
        ok(controller, "01 3f 20 05 01 03 02 aa bb");
        ok(controller, "01 40 20 02 01 01");
        ok(controller, "01 39 20 06 01 01 01 00 00 00");
    }
    Octets report() const {
        return hex("04 3e 0a 0f 00 00 7f" + rssi(advertiser, scanner) + "ff 00 02 aa bb");
    }
};

}  // namespace

TEST_CASE("virtual sync transfer: an advertiser hands over its own train, nobody scans") {
    std::string_view before;
    SUBCASE("the peer takes it by default") { before = by_default; }
    SUBCASE("the peer takes it on this link") {}
    Linked world{{}, before};
    if (before.empty())
        CHECK(world.ask(world.central, for_link) == hex("04 0e 06 01 5c 20 00 40 00"));
    CHECK(world.ask(world.peripheral, send_set) == hex("04 0e 06 01 5b 20 00 40 00"));
    world.run(100ms);
    const auto got = packets(world.take(world.central));
    REQUIRE(got.size() == 2);
    CHECK(got[0] == hex(received));
    CHECK(got[1] == world.report());
    world.run(1s);
    CHECK(world.count(world.central) == 10);
    // It is a train as any other.
    CHECK(world.status(world.central, "01 46 20 02 00 00") == 0x00);
    world.run(1s);
    CHECK(world.take(world.central).empty());
    // Handed over again, it is followed again; while it is followed that changes nothing.
    world.ask(world.peripheral, send_set);
    world.ask(world.peripheral, send_set);
    world.run(110ms);
    const auto again = packets(world.take(world.central));
    REQUIRE(again.size() >= 2);
    CHECK(again[0] == hex(received));
    CHECK(again[1] == world.report());
}

TEST_CASE("virtual sync transfer: what a peer does with it is its own affair") {
    Linked world;
    SUBCASE("nothing, unless it was told to") {
        CHECK(world.status(world.peripheral, send_set) == 0x00);
        world.run(2s);
        CHECK(world.take(world.central).empty());
    }
    SUBCASE("nothing any more") {
        world.ask(world.central, for_link);
        world.ask(world.central, "01 5c 20 08 40 00 00 00 00 00 00 00");
        CHECK(world.status(world.peripheral, send_set) == 0x00);
        world.run(2s);
        CHECK(world.take(world.central).empty());
    }
    SUBCASE("defaults are for later links") {
        world.ok(world.central, by_default);
        CHECK(world.status(world.peripheral, send_set) == 0x00);
        world.run(2s);
        CHECK(world.take(world.central).empty());
    }
    SUBCASE("follow without reports, until they are asked for") {
        world.ask(world.central, "01 5c 20 08 40 00 01 00 00 64 00 00");
        CHECK(world.status(world.peripheral, send_set) == 0x00);
        world.run(2s);
        CHECK(world.take(world.central) == hex(received));
        world.ok(world.central, "01 59 20 03 00 00 01");
        world.run(100ms);
        CHECK(world.take(world.central) == world.report());
    }
    SUBCASE("skip") {
        world.ask(world.central, "01 5c 20 08 40 00 02 03 00 64 00 00");
        CHECK(world.status(world.peripheral, send_set) == 0x00);
        world.run(4s);
        CHECK(world.count(world.central) == 1 + 10);
    }
    SUBCASE("fail to hear it") {
        world.ask(world.central, for_link);
        CHECK(world.status(world.peripheral, send_set) == 0x00);
        world.ok(world.peripheral, "01 40 20 02 00 01");
        world.run(600ms);
        CHECK(world.take(world.central) ==
              hex("04 3e 14 18 3e 40 00 34 12 00 00 05 00 01 00 00 01 aa 00 01 50 00 00"));
    }
}

TEST_CASE("virtual sync transfer: who follows a train hands it over, to either side") {
    Linked world;
    Controller& third = world.add(3);
    world.start_train(third);
    const bool to_peripheral = [] {
        bool result = false;
        SUBCASE("the central to the peripheral") { result = true; }
        SUBCASE("the peripheral to the central") {}
        return result;
    }();
    Controller& sender = to_peripheral ? world.central : world.peripheral;
    Controller& receiver = to_peripheral ? world.peripheral : world.central;
    CHECK(world.status(sender, send_sync) == 0x42);
    CHECK(world.ask(sender, "01 44 20 0e 00 05 00 03 00 00 01 aa 00 00 00 64 00 00") ==
          hex("04 0f 04 00 01 44 20"));
    world.scan(sender, "01");
    world.run(250ms);
    world.ask(sender, "01 42 20 06 00 00 00 00 00 00");
    CHECK(world.ask(receiver, for_link) == hex("04 0e 06 01 5c 20 00 40 00"));
    CHECK(world.ask(sender, send_sync) == hex("04 0e 06 01 5a 20 00 40 00"));
    world.run(100ms);
    const auto got = packets(world.take(receiver));
    REQUIRE(got.size() == 2);
    CHECK(got[0] == hex("04 3e 14 18 00 40 00 34 12 00 00 05 00 03 00 00 01 aa 00 01 50 00 00"));
    CHECK(got[1] == hex("04 3e 0a 0f 00 00 7f" + world.rssi(third, receiver) + "ff 00 02 aa bb"));
    // The link is no longer needed.
    world.ask(sender, "01 06 04 03 40 00 13");
    world.run(500ms);
    CHECK(world.count(receiver) >= 5);
}

TEST_CASE("virtual sync transfer: what cannot be is refused") {
    Linked world;
    CHECK(world.ask(world.peripheral, "01 5b 20 05 41 00 34 12 01") ==
          hex("04 0e 06 01 5b 20 02 41 00"));
    CHECK(world.ask(world.peripheral, "01 5b 20 05 40 00 34 12 03") ==
          hex("04 0e 06 01 5b 20 42 40 00"));
    CHECK(world.ask(world.peripheral, "01 5b 20 05 40 00 34 12 02") ==
          hex("04 0e 06 01 5b 20 0c 40 00"));  // has no train
    CHECK(world.ask(world.peripheral, send_sync) == hex("04 0e 06 01 5a 20 42 40 00"));
    CHECK(world.ask(world.central, "01 5c 20 08 41 00 02 00 00 64 00 00") ==
          hex("04 0e 06 01 5c 20 02 41 00"));
    CHECK(world.ask(world.central, "01 5c 20 08 40 00 04 00 00 64 00 00") ==
          hex("04 0e 06 01 5c 20 12 40 00"));
    CHECK(world.ask(world.central, "01 5c 20 08 40 00 02 f4 01 64 00 00") ==
          hex("04 0e 06 01 5c 20 12 40 00"));
    CHECK(world.ask(world.central, "01 5d 20 06 02 00 00 09 00 00") == hex("04 0e 04 01 5d 20 12"));
}

TEST_CASE("virtual sync transfer: a peer without the feature is not asked") {
    Profile without;
    without.le_features &=
        ~feature_bit(hci::LeFeature::periodic_advertising_sync_transfer_recipient);
    Linked world{without};
    CHECK(world.ask(world.peripheral, send_set) == hex("04 0e 06 01 5b 20 1a 40 00"));
    CHECK(world.ask(world.central, for_link) == hex("04 0f 04 01 01 5c 20"));
}
