// SPDX-License-Identifier: MIT
#include "tests/virtual_controller/world.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using namespace bluetooth::virtual_controller::test;

namespace {

// One advertiser 00:AA:01:00:00:01 and one scanner …:02 that listens all the time.
struct Scan : World {
    Controller& advertiser = add(1);
    Controller& scanner = add(2);
    std::uint8_t rssi = static_cast<std::uint8_t>(air.rssi(advertiser, scanner));

    void advertise(std::string_view type, std::string_view rest = "00 00 00 00 00 00 00 00 07 00") {
        // every 100 ms
        CHECK(ask(advertiser, "01 06 20 0f a0 00 a0 00 " + std::string{type} + " " +
                                  std::string{rest}) == hex("04 0e 04 01 06 20 00"));
        CHECK(ask(advertiser, "01 0a 20 01 01") == hex("04 0e 04 01 0a 20 00"));
    }
    void scan(std::string_view parameters, std::string_view filter_duplicates = "00") {
        CHECK(ask(scanner, "01 0b 20 07 " + std::string{parameters}) ==
              hex("04 0e 04 01 0b 20 00"));
        CHECK(ask(scanner, "01 0c 20 02 01 " + std::string{filter_duplicates}) ==
              hex("04 0e 04 01 0c 20 00"));
    }
    Octets report(std::string_view octets) const {
        Octets expected = hex(octets);
        expected.push_back(rssi);
        return expected;
    }
};

constexpr std::string_view passive = "00 10 00 10 00 00 00";
constexpr std::string_view active = "01 10 00 10 00 00 00";

}  // namespace

TEST_CASE("virtual advertising: ADV_IND is reported with its data, and its scan response") {
    Scan world;
    CHECK(world.ask(world.advertiser,
                    "01 08 20 20 03 02 01 06 00 00 00 00 00 00 00 00 00 00 00 00 "
                    "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00") ==
          hex("04 0e 04 01 08 20 00"));
    CHECK(world.ask(world.advertiser,
                    "01 09 20 20 02 01 2a 00 00 00 00 00 00 00 00 00 00 00 00 00 "
                    "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00") ==
          hex("04 0e 04 01 09 20 00"));
    world.advertise("00");
    SUBCASE("passively without") {
        world.scan(passive);
        world.run(150ms);
        CHECK(world.take(world.scanner) ==
              world.report("04 3e 0f 02 01 00 00 01 00 00 01 aa 00 03 02 01 06"));
    }
    SUBCASE("actively with") {
        world.scan(active);
        world.run(150ms);
        const auto got = packets(world.take(world.scanner));
        REQUIRE(got.size() == 2);
        CHECK(got[0] == world.report("04 3e 0f 02 01 00 00 01 00 00 01 aa 00 03 02 01 06"));
        CHECK(got[1] == world.report("04 3e 0e 02 01 04 00 01 00 00 01 aa 00 02 01 2a"));
    }
}

TEST_CASE("virtual advertising: each type is reported as what it is") {
    Scan world;
    world.scan(active);
    SUBCASE("ADV_SCAN_IND with a scan response") {
        world.advertise("02");
        world.run(50ms);
        const auto got = packets(world.take(world.scanner));
        REQUIRE(got.size() == 2);
        CHECK(got[0] == world.report("04 3e 0c 02 01 02 00 01 00 00 01 aa 00 00"));
        CHECK(got[1] == world.report("04 3e 0c 02 01 04 00 01 00 00 01 aa 00 00"));
    }
    SUBCASE("ADV_NONCONN_IND alone") {
        world.advertise("03");
        world.run(50ms);
        CHECK(world.take(world.scanner) ==
              world.report("04 3e 0c 02 01 03 00 01 00 00 01 aa 00 00"));
    }
    SUBCASE("ADV_DIRECT_IND to the one it is for") {
        world.advertise("04", "00 00 02 00 00 01 aa 00 07 00");
        world.run(50ms);
        CHECK(world.take(world.scanner) ==
              world.report("04 3e 0c 02 01 01 00 01 00 00 01 aa 00 00"));
    }
    SUBCASE("ADV_DIRECT_IND not to others") {
        world.advertise("04", "00 00 03 00 00 01 aa 00 07 00");
        world.run(50ms);
        CHECK(world.take(world.scanner).empty());
    }
}

TEST_CASE("virtual advertising: events come at the interval and up to 10 ms more") {
    Scan world;
    world.scan(passive);
    world.advertise("03");
    std::size_t reports = 0;
    Duration shortest = 1h;
    Duration longest{};
    Time last = never;
    for (int i = 0; i < 10'000; ++i) {
        world.run(1ms);
        const auto got = packets(world.take(world.scanner)).size();
        if (got == 0) continue;
        REQUIRE(got == 1);
        ++reports;
        if (last != never) {
            shortest = std::min(shortest, world.now - last);
            longest = std::max(longest, world.now - last);
        }
        last = world.now;
    }
    CHECK(reports >= 10'000 / 110);
    CHECK(reports <= 10'000 / 100 + 1);
    CHECK(shortest >= 99ms);
    CHECK(longest <= 111ms);
    CHECK(longest - shortest >= 5ms);
}

TEST_CASE("virtual advertising: directed at high duty it lasts 1.28 s") {
    Scan world;
    world.scan(passive);
    // A high duty cycle takes no intervals.
    CHECK(world.ask(world.advertiser, "01 06 20 0f 00 00 00 00 01 00 00 02 00 00 01 aa 00 07 00") ==
          hex("04 0e 04 01 06 20 00"));
    CHECK(world.ask(world.advertiser, "01 0a 20 01 01") == hex("04 0e 04 01 0a 20 00"));
    world.run(1279ms);
    CHECK(world.take(world.advertiser).empty());
    CHECK(packets(world.take(world.scanner)).size() >= 340);
    world.run(10ms);
    CHECK(world.take(world.advertiser) ==
          hex("04 3e 13 01 3c 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00"));
    world.take(world.scanner);
    world.run(1s);
    CHECK(world.take(world.scanner).empty());
}

TEST_CASE("virtual scanning: the duplicate filter reports a device once until scanning restarts") {
    Scan world;
    world.advertise("00");
    world.scan(active, "01");
    world.run(2s);
    CHECK(packets(world.take(world.scanner)).size() == 2);  // ADV_IND and SCAN_RSP
    CHECK(world.ask(world.scanner, "01 0c 20 02 01 01") == hex("04 0e 04 01 0c 20 00"));
    world.run(2s);
    CHECK(packets(world.take(world.scanner)).size() == 2);
}

TEST_CASE("virtual scanning: outside its window a scanner is deaf") {
    Scan world;
    // 10.24 s interval, 100 ms window
    world.scan("00 00 40 a0 00 00 00");
    world.run(150ms);
    world.advertise("03");
    world.run(10s);
    CHECK(world.take(world.scanner).empty());
    world.run(1s);
    CHECK(packets(world.take(world.scanner)).size() >= 1);
}

TEST_CASE("virtual scanning: channels are scanned in turn") {
    Scan world;
    // 1 s each; the advertiser is on channel 38 only
    world.scan("00 40 06 40 06 00 00");
    world.advertise("03", "00 00 00 00 00 00 00 00 02 00");
    world.run(990ms);
    CHECK(world.take(world.scanner).empty());
    world.run(1s);
    CHECK(packets(world.take(world.scanner)).size() >= 8);
    world.run(20ms);
    world.take(world.scanner);
    world.run(970ms);
    CHECK(world.take(world.scanner).empty());
}

TEST_CASE("virtual scanning: with the accept list only its devices are reported") {
    Scan world;
    Controller& other = world.add(3);
    CHECK(world.ask(other, "01 0a 20 01 01") == hex("04 0e 04 01 0a 20 00"));
    CHECK(world.ask(world.scanner, "01 11 20 07 00 01 00 00 01 aa 00") ==
          hex("04 0e 04 01 11 20 00"));
    world.advertise("03");
    world.scan("00 10 00 10 00 00 01");
    world.run(150ms);
    CHECK(world.take(world.scanner) == world.report("04 3e 0c 02 01 03 00 01 00 00 01 aa 00 00"));
}

TEST_CASE("virtual advertising: a filter policy keeps scan responses from strangers") {
    Scan world;
    world.advertise("02", "00 00 00 00 00 00 00 00 07 01");
    world.scan(active);
    world.run(150ms);
    CHECK(packets(world.take(world.scanner)).size() == 1);
    CHECK(world.ask(world.advertiser, "01 0a 20 01 00") == hex("04 0e 04 01 0a 20 00"));
    CHECK(world.ask(world.advertiser, "01 11 20 07 00 02 00 00 01 aa 00") ==
          hex("04 0e 04 01 11 20 00"));
    CHECK(world.ask(world.advertiser, "01 0a 20 01 01") == hex("04 0e 04 01 0a 20 00"));
    world.run(50ms);
    CHECK(packets(world.take(world.scanner)).size() == 2);
}

TEST_CASE("virtual controller: the accept list keeps its rules") {
    World world;
    Controller& controller = world.add(1);
    const auto ask = [&](std::string_view command) { return world.ask(controller, command); };
    for (int i = 0; i < 8; ++i)
        CHECK(ask("01 11 20 07 01 0" + std::to_string(i) + " 00 00 00 00 c0") ==
              hex("04 0e 04 01 11 20 00"));
    CHECK(ask("01 11 20 07 01 08 00 00 00 00 c0") == hex("04 0e 04 01 11 20 07"));  // full
    CHECK(ask("01 11 20 07 01 07 00 00 00 00 c0") == hex("04 0e 04 01 11 20 00"));  // is in
    CHECK(ask("01 12 20 07 01 07 00 00 00 00 c0") == hex("04 0e 04 01 12 20 00"));
    CHECK(ask("01 11 20 07 01 08 00 00 00 00 c0") == hex("04 0e 04 01 11 20 00"));
    CHECK(ask("01 11 20 07 02 08 00 00 00 00 c0") == hex("04 0e 04 01 11 20 12"));
    // in use
    CHECK(ask("01 0b 20 07 00 10 00 10 00 00 01") == hex("04 0e 04 01 0b 20 00"));
    CHECK(ask("01 0c 20 02 01 00") == hex("04 0e 04 01 0c 20 00"));
    CHECK(ask("01 11 20 07 01 09 00 00 00 00 c0") == hex("04 0e 04 01 11 20 0c"));
    CHECK(ask("01 12 20 07 01 08 00 00 00 00 c0") == hex("04 0e 04 01 12 20 0c"));
    CHECK(ask("01 10 20 00") == hex("04 0e 04 01 10 20 0c"));
    CHECK(ask("01 0c 20 02 00 00") == hex("04 0e 04 01 0c 20 00"));
    CHECK(ask("01 10 20 00") == hex("04 0e 04 01 10 20 00"));
}

TEST_CASE("virtual controller: states disallow commands") {
    World world;
    Controller& controller = world.add(1);
    const auto ask = [&](std::string_view command) { return world.ask(controller, command); };
    CHECK(ask("01 05 20 06 01 02 03 04 05 c6") == hex("04 0e 04 01 05 20 00"));
    CHECK(ask("01 05 20 06 01 02 03 04 05 86") == hex("04 0e 04 01 05 20 12"));  // 0b10
    CHECK(ask("01 0e 20 00") == hex("04 0e 04 01 0e 20 0c"));  // nothing to cancel
    CHECK(ask("01 0a 20 01 00") == hex("04 0e 04 01 0a 20 00"));
    CHECK(ask("01 0a 20 01 01") == hex("04 0e 04 01 0a 20 00"));
    CHECK(ask("01 05 20 06 01 02 03 04 05 c6") == hex("04 0e 04 01 05 20 0c"));
    CHECK(ask("01 06 20 0f a0 00 a0 00 00 00 00 00 00 00 00 00 00 07 00") ==
          hex("04 0e 04 01 06 20 0c"));
    CHECK(ask("01 0a 20 01 00") == hex("04 0e 04 01 0a 20 00"));
    CHECK(ask("01 0c 20 02 01 00") == hex("04 0e 04 01 0c 20 00"));
    CHECK(ask("01 05 20 06 01 02 03 04 05 c6") == hex("04 0e 04 01 05 20 0c"));
    CHECK(ask("01 0b 20 07 00 10 00 10 00 00 00") == hex("04 0e 04 01 0b 20 0c"));
    CHECK(ask("01 0c 20 02 00 00") == hex("04 0e 04 01 0c 20 00"));
}

TEST_CASE("virtual scanning: thousands of advertisers are all heard") {
    World world;
    Controller& scanner = world.add(1);
    for (int i = 0; i < 3000; ++i) world.air.add().receive(world.now, hex("01 0a 20 01 01"));
    CHECK(world.ask(scanner, "01 0c 20 02 01 00") == hex("04 0e 04 01 0c 20 00"));
    std::size_t reports = 0;
    for (int i = 0; i < 1290; ++i) {
        world.run(1ms);
        for (const auto& packet : packets(world.take(scanner))) reports += packet[3] == 0x02;
    }
    // At time 0 more answer at once than there is room for.
    CHECK(reports + scanner.counters().missed_reports >= 3000);
    CHECK(reports >= 400);
}
