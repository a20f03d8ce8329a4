// SPDX-License-Identifier: MIT
#include "tests/virtual_controller/extended_world.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using namespace bluetooth::virtual_controller::test;

namespace {

constexpr std::string_view enable_1 = "01 39 20 06 01 01 01 00 00 00";
constexpr std::string_view disable_1 = "01 39 20 06 00 01 01 00 00 00";
constexpr std::string_view train_every_100_ms = "01 3e 20 07 01 50 00 50 00 00 00";
constexpr std::string_view start_train = "01 40 20 02 01 01";
constexpr std::string_view stop_train = "01 40 20 02 00 01";
constexpr std::string_view pending = "04 0f 04 00 01 44 20";
// To SID 5 of 00:AA:01:00:00:01, every event, lost after 1 s
constexpr std::string_view create_sync = "01 44 20 0e 00 05 00 01 00 00 01 aa 00 00 00 64 00 00";
constexpr std::string_view cancel_sync = "01 45 20 00";
constexpr std::string_view established = "04 3e 10 0e 00 00 00 05 00 01 00 00 01 aa 00 01 50 00 00";
constexpr std::string_view lost = "04 3e 03 10 00 00";

/// A set with SID 5 and a train, and somebody who scans.
struct Train : Two {
    explicit Train(const AirModel& model = {}) : Two({}, {}, model) {
        CHECK(status(advertiser,
                     set_parameters("01", "00 00",
                                    "07 00 00 00 00 00 00 00 00 00 7f 01 00 01 05 00")) == 0);
        ok(advertiser, train_every_100_ms);
        ok(advertiser, start_train);
        ok(advertiser, enable_1);
    }
    /// A report with so few octets of data that it is whole.
    Octets report_of(std::string_view data, std::string_view tx_power = "7f") const {
        const Octets octets = hex(data);
        Octets event = hex("04 3e 00 0f 00 00" + std::string{tx_power} + peer_rssi() + "ff 00 00" +
                           std::string{data});
        event[2] = static_cast<std::uint8_t>(event.size() - 3);
        event[10] = static_cast<std::uint8_t>(octets.size());
        return event;
    }
    /// Finds the train, and scans no more.
    void follow(std::string_view command = create_sync) {
        CHECK(ask(scanner, command) == hex(pending));
        ok(scanner, "01 41 20 08 00 00 01 00 10 00 10 00");
        ok(scanner, "01 42 20 06 01 01 00 00 00 00");
        run(130ms);
        send(scanner, "01 42 20 06 00 00 00 00 00 00");
        run(100ms);
        const auto got = packets(take(scanner));
        const auto found =
            std::ranges::find(got, hex(established));  // beside reports and an answer
        CHECK(found != got.end());
    }
};

}  // namespace

TEST_CASE("virtual periodic advertising: scanners see the interval, and can follow the train") {
    Train world;
    world.ok(world.advertiser, "01 3f 20 05 01 03 02 aa bb");
    CHECK(world.ask(world.scanner, create_sync) == hex(pending));
    world.run(1s);
    CHECK(world.take(world.scanner).empty());  // nothing is found without scanning
    world.scan(world.scanner, "01");
    world.run(250ms);
    const auto got = packets(world.take(world.scanner));
    REQUIRE(got.size() >= 3);
    CHECK(got[0] ==
          world.report("00 00 00 01 00 00 01 aa 00 01 01 05 7f", "50 00 00 00 00 00 00 00 00 00"));
    CHECK(got[1] == hex(established));
    CHECK(got[2] == world.report_of("aa bb"));
    // Scanning is no longer needed, nor is the set.
    world.ok(world.scanner, "01 42 20 06 00 00 00 00 00 00");
    world.ok(world.advertiser, disable_1);
    world.run(1s);
    const auto reports = packets(world.take(world.scanner));
    CHECK(reports.size() == 10);
    for (const Octets& report : reports) CHECK(report == world.report_of("aa bb"));
    // But who begins to look for it now finds nothing.
    Controller& late = world.add(3);
    CHECK(world.ask(late, create_sync) == hex(pending));
    world.scan(late);
    world.run(2s);
    CHECK(world.take(late).empty());
}

TEST_CASE("virtual periodic advertising: data of any length arrives") {
    Train world;
    world.follow();
    world.ok(world.advertiser, stop_train);
    for (const std::size_t size : {0u, 1u, 247u, 248u, 494u, 1650u}) {
        CAPTURE(size);
        const Octets data = pattern(size);
        world.ok(world.advertiser, stop_train);
        world.set_data(world.advertiser, 0x3f, 1, data);
        world.ok(world.advertiser, start_train);
        world.ok(world.scanner, "01 46 20 02 00 00");
        world.follow();
        world.take(world.scanner);
        world.run(100ms);
        const auto got = packets(world.take(world.scanner));
        CHECK(got.size() == std::max<std::size_t>((size + 246) / 247, 1));
        Octets whole;
        for (std::size_t i = 0; i < got.size(); ++i) {
            CHECK(got[i][9] == (i + 1 < got.size() ? 0x01 : 0x00));
            CHECK(got[i][10] == got[i].size() - 11);
            whole.insert(whole.end(), got[i].begin() + 11, got[i].end());
        }
        CHECK(whole == data);
    }
}

TEST_CASE("virtual periodic advertising: data and power may change on the way") {
    Train world;
    world.follow();
    world.ok(world.advertiser, "01 3f 20 05 01 03 02 aa bb");
    world.run(100ms);
    CHECK(world.take(world.scanner) == world.report_of("aa bb"));
    world.ok(world.advertiser, "01 3f 20 04 01 03 01 cc");
    world.run(100ms);
    CHECK(world.take(world.scanner) == world.report_of("cc"));
    CHECK(world.status(world.advertiser, "01 3f 20 04 01 01 01 cc") == 0x0c);  // no fragments
    CHECK(world.status(world.advertiser, train_every_100_ms) == 0x0c);
    // Another train of the set, with its power
    world.ok(world.advertiser, stop_train);
    world.ok(world.advertiser, "01 3e 20 07 01 50 00 50 00 40 00");
    world.ok(world.advertiser, start_train);
    world.run(1s);
    CHECK(world.take(world.scanner) == hex(lost));
    world.follow();
    world.run(100ms);
    CHECK(world.take(world.scanner) == world.report_of("cc", "00"));
}

TEST_CASE("virtual periodic advertising: commands in the wrong state are refused") {
    ExtendedWorld world;
    Controller& one = world.add(1);
    CHECK(world.status(one, train_every_100_ms) == 0x42);
    CHECK(world.status(one, start_train) == 0x42);
    for (const char* properties : {"01 00", "02 00", "10 00", "20 00"}) {
        CHECK(world.status(one, set_parameters("01", properties)) == 0x00);
        CHECK(world.status(one, train_every_100_ms) == 0x12);
    }
    CHECK(world.status(one, set_parameters("01", "00 00")) == 0x00);
    CHECK(world.status(one, start_train) == 0x0c);
    CHECK(world.status(one, "01 3f 20 04 01 03 01 cc") == 0x0c);
    CHECK(world.status(one, "01 3e 20 07 01 05 00 50 00 00 00") == 0x12);
    CHECK(world.status(one, "01 3e 20 07 01 51 00 50 00 00 00") == 0x12);
    world.ok(one, train_every_100_ms);
    world.ok(one, "01 3f 20 04 01 01 01 cc");
    CHECK(world.status(one, start_train) == 0x0c);  // more was to come
    world.ok(one, "01 3f 20 04 01 02 01 cc");
    world.ok(one, start_train);
    CHECK(world.status(one, "01 3c 20 01 01") == 0x0c);
    CHECK(world.status(one, "01 3d 20 00") == 0x0c);
    CHECK(world.status(one, set_parameters("01", "01 00")) == 0x12);
    world.ok(one, stop_train);
    CHECK(world.status(one, set_parameters("01", "01 00")) == 0x00);
    CHECK(world.status(one, start_train) == 0x12);
    world.ok(one, "01 3c 20 01 01");
}

TEST_CASE("virtual periodic advertising: a train that ends, or is carried away, is lost") {
    Train world;
    world.follow();
    world.run(100ms);
    world.take(world.scanner);
    SUBCASE("ended") { world.ok(world.advertiser, stop_train); }
    SUBCASE("carried away") { world.air.vanish(world.advertiser); }
    SUBCASE("reset") { world.ok(world.advertiser, "01 03 0c 00"); }
    SUBCASE("removed") { world.air.remove(world.advertiser); }
    world.run(890ms);
    CHECK(world.take(world.scanner).empty());
    world.run(110ms);
    CHECK(world.take(world.scanner) == hex(lost));
    CHECK(world.status(world.scanner, "01 46 20 02 00 00") == 0x42);
}

TEST_CASE("virtual periodic advertising: found but never heard, it is not established") {
    Train world;
    CHECK(world.ask(world.scanner, create_sync) == hex(pending));
    world.scan(world.scanner);
    world.run(115ms);
    world.take(world.scanner);
    world.air.vanish(world.advertiser);
    CHECK(world.ask(world.scanner, create_sync) == hex("04 0f 04 0c 01 44 20"));
    world.run(600ms);
    CHECK(world.take(world.scanner) ==
          hex("04 3e 10 0e 3e 00 00 05 00 01 00 00 01 aa 00 01 50 00 00"));
    CHECK(world.ask(world.scanner, create_sync) == hex(pending));
}

TEST_CASE("virtual periodic advertising: a search is cancelled") {
    Train world;
    CHECK(world.status(world.scanner, cancel_sync) == 0x0c);
    CHECK(world.ask(world.scanner, create_sync) == hex(pending));
    CHECK(world.ask(world.scanner, create_sync) == hex("04 0f 04 0c 01 44 20"));
    SUBCASE("before anything was found") {}
    SUBCASE("between finding and hearing") {
        world.scan(world.scanner);
        world.run(115ms);
        world.take(world.scanner);
    }
    CHECK(world.ask(world.scanner, cancel_sync) ==
          hex("04 0e 04 01 45 20 00 | 04 3e 10 0e 44 00 00 00 00 00 00 00 00 00 00 00 00 00 00"));
    CHECK(world.status(world.scanner, cancel_sync) == 0x0c);
    world.send(world.scanner, "01 42 20 06 00 00 00 00 00 00");
    world.take(world.scanner);
    world.run(1s);
    CHECK(world.take(world.scanner).empty());
    world.follow();
    CHECK(world.ask(world.scanner, create_sync) == hex("04 0f 04 0b 01 44 20"));
}

TEST_CASE("virtual periodic advertising: by the list of periodic advertisers") {
    Train world;
    CHECK(world.ask(world.scanner, "01 4a 20 00") == hex("04 0e 05 01 4a 20 00 08"));
    constexpr std::string_view by_list = "01 44 20 0e 01 00 00 00 00 00 00 00 00 00 00 64 00 00";
    world.ok(world.scanner, "01 47 20 08 00 01 00 00 01 aa 00 04");
    CHECK(world.status(world.scanner, "01 47 20 08 00 01 00 00 01 aa 00 04") == 0x12);
    CHECK(world.status(world.scanner, "01 48 20 08 00 01 00 00 01 aa 00 05") == 0x42);
    CHECK(world.ask(world.scanner, by_list) == hex(pending));
    CHECK(world.status(world.scanner, "01 47 20 08 00 01 00 00 01 aa 00 05") == 0x0c);
    CHECK(world.status(world.scanner, "01 49 20 00") == 0x0c);
    world.scan(world.scanner, "01");
    world.run(1s);
    CHECK(world.count(world.scanner) == 1);  // only the set, whose SID is another
    world.ok(world.scanner, "01 42 20 06 00 00 00 00 00 00");
    world.ask(world.scanner, cancel_sync);
    world.ok(world.scanner, "01 48 20 08 00 01 00 00 01 aa 00 04");
    world.ok(world.scanner, "01 47 20 08 00 01 00 00 01 aa 00 05");
    world.follow(by_list);
    world.ok(world.scanner, "01 49 20 00");
}

TEST_CASE("virtual periodic advertising: events are skipped, and reports switched off and on") {
    Train world;
    SUBCASE("three of four are skipped") {
        world.follow("01 44 20 0e 00 05 00 01 00 00 01 aa 00 03 00 64 00 00");
        world.run(4s);
        CHECK(world.count(world.scanner) == 10);
    }
    SUBCASE("no reports at first") {
        world.follow("01 44 20 0e 02 05 00 01 00 00 01 aa 00 00 00 64 00 00");
        world.run(2s);
        CHECK(world.take(world.scanner).empty());
        world.ok(world.scanner, "01 59 20 03 00 00 01");
        world.run(1s);
        CHECK(world.count(world.scanner) == 10);
        world.ok(world.scanner, "01 59 20 03 00 00 00");
        world.run(2s);
        CHECK(world.take(world.scanner).empty());
    }
    SUBCASE("it is given up") {
        world.follow();
        world.ok(world.scanner, "01 46 20 02 00 00");
        world.run(2s);
        CHECK(world.take(world.scanner).empty());
        CHECK(world.status(world.scanner, "01 59 20 03 00 00 01") == 0x42);
    }
}

TEST_CASE(
    "virtual periodic advertising: what a lossy air cuts off is marked, and the train stays") {
    AirModel lossy;
    lossy.loss = 0.2;
    Train world{lossy};
    const Octets data = pattern(700);
    world.ok(world.advertiser, stop_train);
    world.set_data(world.advertiser, 0x3f, 1, data);
    world.ok(world.advertiser, start_train);
    CHECK(world.ask(world.scanner, create_sync) == hex(pending));
    world.scan(world.scanner, "01");
    world.run(3s);
    world.ask(world.scanner, "01 42 20 06 00 00 00 00 00 00");
    std::size_t whole = 0;
    std::size_t truncated = 0;
    Octets octets;
    for (int i = 0; i < 100; ++i) {
        world.run(100ms);
        for (const Octets& report : packets(world.take(world.scanner))) {
            REQUIRE(report[3] == 0x0f);  // never lost
            octets.insert(octets.end(), report.begin() + 11, report.end());
            if (report[9] == 0x01) continue;
            REQUIRE(octets.size() <= data.size());
            CHECK(octets == part(data, 0, octets.size()));
            CHECK((octets.size() == data.size()) == (report[9] == 0x00));
            ++(report[9] == 0x00 ? whole : truncated);
            octets.clear();
        }
    }
    CHECK(whole >= 30);
    CHECK(truncated >= 20);
    CHECK(whole + truncated >= 65);
    CHECK(whole + truncated <= 95);
}
