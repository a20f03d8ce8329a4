// SPDX-License-Identifier: MIT
#include "tests/virtual_controller/extended_world.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using namespace bluetooth::virtual_controller::test;

namespace {

constexpr std::string_view enable_1 = "01 39 20 06 01 01 01 00 00 00";
constexpr std::string_view stop_scan = "01 42 20 06 00 00 00 00 00 00";
constexpr std::string_view on_1m = "07 00 00 00 00 00 00 00 00 00 7f 01 00 01 00 00";
constexpr std::string_view on_coded = "07 00 00 00 00 00 00 00 00 00 7f 03 00 03 00 00";

/// A set that advertises every 100 ms.
struct Heard : Two {
    explicit Heard(std::string_view properties = "00 00", std::string_view rest = on_1m) {
        CHECK(status(advertiser, set_parameters("01", properties, rest)) == 0x00);
        ok(advertiser, enable_1);
    }
};

}  // namespace

TEST_CASE("virtual extended scanning: on two physical layers at once, each with its window") {
    Heard world;
    Controller& coded = world.add(3);
    CHECK(world.status(coded, set_parameters("01", "00 00", on_coded)) == 0x00);
    world.ok(coded, enable_1);
    const auto heard = [&](std::string_view parameters) {
        world.ok(world.scanner, parameters);
        world.ok(world.scanner, "01 42 20 06 01 00 00 00 00 00");
        world.run(10s);
        std::size_t counts[2]{};
        for (const Octets& report : packets(world.take(world.scanner))) ++counts[report[14] == 3];
        world.ok(world.scanner, stop_scan);
        return std::pair{counts[0], counts[1]};
    };
    const auto [all_1m, all_coded] = heard("01 41 20 0d 00 00 05 00 10 00 10 00 00 10 00 10 00");
    CHECK(all_1m >= 90);
    CHECK(all_coded >= 90);
    const auto [only_1m, none] = heard("01 41 20 08 00 00 01 00 10 00 10 00");
    CHECK(only_1m >= 90);
    CHECK(none == 0);
    const auto [nothing, only_coded] = heard("01 41 20 08 00 00 04 00 10 00 10 00");
    CHECK(nothing == 0);
    CHECK(only_coded >= 90);
    // 10 ms of 10 ms, and 10 ms of 100 ms
    const auto [much, little] = heard("01 41 20 0d 00 00 05 00 10 00 10 00 00 a0 00 10 00");
    CHECK(much >= 90);
    CHECK(little >= 1);
    CHECK(little <= 40);
}

TEST_CASE("virtual extended scanning: it ends after its duration") {
    Heard world;
    world.ok(world.scanner, "01 41 20 08 00 00 01 00 10 00 10 00");
    world.ok(world.scanner, "01 42 20 06 01 00 32 00 00 00");  // 0.5 s
    world.run(499ms);
    CHECK(world.count(world.scanner) == 4);  // the set has begun before
    world.run(1ms);
    CHECK(world.take(world.scanner) == hex("04 3e 01 11"));
    world.run(10s);
    CHECK(world.take(world.scanner).empty());
    // It is over: parameters may change.
    world.ok(world.scanner, "01 41 20 08 00 00 01 00 10 00 10 00");
    // Enabled again, the duration begins again.
    world.ok(world.scanner, "01 42 20 06 01 00 32 00 00 00");
    CHECK(world.status(world.scanner, "01 41 20 08 00 00 01 00 10 00 10 00") == 0x0c);
    world.run(300ms);
    CHECK(world.count(world.scanner) >= 2);
    world.ok(world.scanner, "01 42 20 06 01 00 32 00 00 00");
    world.run(300ms);
    CHECK(world.count(world.scanner) >= 2);
    world.run(200ms);
    const Octets taken = world.take(world.scanner);
    CHECK(part(taken, taken.size() - 4, 4) == hex("04 3e 01 11"));
}

TEST_CASE("virtual extended scanning: with a period it goes on and on, and duplicates are new") {
    Heard world;
    world.ok(world.scanner, "01 41 20 08 00 00 01 00 10 00 10 00");
    std::string_view filter;
    std::size_t in_a_period = 0;
    std::size_t first = 0;
    SUBCASE("no filter") {
        filter = "00";
        first = 4;
        in_a_period = 5;
    }
    SUBCASE("one filter for all") {
        filter = "01";
        first = 1;
    }
    SUBCASE("one for each period") {
        filter = "02";
        first = in_a_period = 1;
    }
    // 0.5 s of each 1.28 s
    world.ok(world.scanner, "01 42 20 06 01" + std::string{filter} + "32 00 01 00");
    world.run(500ms);
    CHECK(world.count(world.scanner) == first);
    world.run(779ms);
    CHECK(world.take(world.scanner).empty());
    for (int i = 0; i < 3; ++i) {
        world.run(501ms);
        const std::size_t heard = world.count(world.scanner);
        CHECK(heard <= in_a_period);
        CHECK(heard + 1 >= in_a_period);
        world.run(779ms);
        CHECK(world.take(world.scanner).empty());
    }
    world.ok(world.scanner, stop_scan);
    world.run(10s);
    CHECK(world.take(world.scanner).empty());
}

TEST_CASE("virtual extended scanning: durations and filters that do not go together are refused") {
    ExtendedWorld world;
    Controller& scanner = world.add(1);
    CHECK(world.status(scanner, "01 42 20 06 01 00 80 00 01 00") == 0x12);  // 1.28 s of 1.28 s
    CHECK(world.status(scanner, "01 42 20 06 01 02 00 00 00 00") == 0x12);  // no periods
    CHECK(world.status(scanner, "01 42 20 06 01 03 00 00 00 00") == 0x12);
    CHECK(world.status(scanner, "01 42 20 06 02 00 00 00 00 00") == 0x12);
    CHECK(world.status(scanner, "01 42 20 06 01 00 7f 00 01 00") == 0x00);
    CHECK(world.status(scanner, stop_scan) == 0x00);
    CHECK(world.status(scanner, stop_scan) == 0x00);
}

TEST_CASE("virtual extended scanning: filter policies") {
    ExtendedWorld world;
    Controller& listed = world.add(1);
    Controller& scanner = world.add(2);
    Controller& stranger = world.add(3);
    Controller& directed = world.add(4);
    Controller& listed_directed = world.add(5);
    Controller& to_scanner = world.add(6);
    // To somebody's resolvable private address, perhaps the scanner's
    const std::string_view to_rpa = "07 00 01 11 22 33 44 55 66 00 7f 01 00 01 00 00";
    const std::string_view to_us = "07 00 00 02 00 00 01 aa 00 00 7f 01 00 01 00 00";
    for (Controller* one : {&listed, &stranger})
        CHECK(world.status(*one, set_parameters("01", "00 00")) == 0x00);
    for (Controller* one : {&directed, &listed_directed})
        CHECK(world.status(*one, set_parameters("01", "04 00", to_rpa)) == 0x00);
    CHECK(world.status(to_scanner, set_parameters("01", "04 00", to_us)) == 0x00);
    for (Controller* one : {&listed, &stranger, &directed, &listed_directed, &to_scanner})
        world.ok(*one, enable_1);
    world.ok(scanner, "01 11 20 07 00 01 00 00 01 aa 00");
    world.ok(scanner, "01 11 20 07 00 05 00 00 01 aa 00");
    std::string policy;
    std::vector<int> heard;
    SUBCASE("all") {
        policy = "00";
        heard = {1, 3, 6};
    }
    SUBCASE("the accept list") {
        policy = "01";
        heard = {1};
    }
    SUBCASE("all, and unresolved directed") {
        policy = "02";
        heard = {1, 3, 4, 5, 6};
    }
    SUBCASE("the accept list, and unresolved directed") {
        policy = "03";
        heard = {1, 5};
    }
    world.ok(scanner, "01 41 20 08 00" + policy + "01 00 10 00 10 00");
    world.ok(scanner, "01 42 20 06 01 01 00 00 00 00");
    world.run(1s);
    std::vector<int> who;
    for (const Octets& report : packets(world.take(scanner))) {
        who.push_back(report[8]);
        if (report[8] == 4 || report[8] == 5)
            CHECK(part(report, 21, 7) == hex("fe 11 22 33 44 55 66"));
        else if (report[8] == 6)
            CHECK(part(report, 21, 7) == hex("00 02 00 00 01 aa 00"));
        else
            CHECK(part(report, 21, 7) == hex("00 00 00 00 00 00 00"));
    }
    std::ranges::sort(who);
    CHECK(who == heard);
    if (policy == "01" || policy == "03") {
        CHECK(world.status(scanner, "01 11 20 07 00 09 00 00 01 aa 00") == 0x0c);
        CHECK(world.status(scanner, "01 10 20 00") == 0x0c);
    }
}

TEST_CASE("virtual extended scanning: anonymous advertising has an entry of the list") {
    Heard world{"20 00"};
    world.ok(world.scanner, "01 11 20 07 00 01 00 00 01 aa 00");
    world.ok(world.scanner, "01 41 20 08 00 01 01 00 10 00 10 00");
    world.ok(world.scanner, "01 42 20 06 01 00 00 00 00 00");
    world.run(1s);
    CHECK(world.count(world.scanner) == 0);  // the address is not told, listed or not
    world.ok(world.scanner, stop_scan);
    world.ok(world.scanner, "01 11 20 07 ff 99 99 99 99 99 99");
    world.ok(world.scanner, "01 42 20 06 01 01 00 00 00 00");
    world.run(1s);
    CHECK(world.take(world.scanner) == world.report("00 00 ff 00 00 00 00 00 00 01 01 00 7f"));
    world.ok(world.scanner, stop_scan);
    world.ok(world.scanner, "01 12 20 07 ff 00 00 00 00 00 00");
    world.ok(world.scanner, "01 42 20 06 01 01 00 00 00 00");
    world.run(1s);
    CHECK(world.count(world.scanner) == 0);
}

TEST_CASE("virtual extended scanning: a legacy scanner knows nothing of extended PDUs") {
    Heard world;
    world.ok(world.scanner, "01 0c 20 02 01 00");
    world.run(1s);
    CHECK(world.count(world.scanner) == 0);
}

TEST_CASE("virtual extended scanning: a slow host gets whole advertisements or none") {
    Two world;
    CHECK(world.status(world.advertiser, set_parameters("01", "00 00")) == 0x00);
    const Octets data = pattern(1650);
    world.set_data(world.advertiser, 0x37, 1, data);
    world.ok(world.advertiser, enable_1);
    world.scan(world.scanner);
    world.run(20s);
    const std::uint64_t missed = world.scanner.counters().missed_reports;
    CHECK(missed > 100);
    const auto got = packets(world.take(world.scanner));
    // Half of 32,768 octets is for reports; one of these takes 8 events and 1,882 octets.
    REQUIRE(got.size() == 8 * 8);
    for (std::size_t i = 0; i < got.size(); i += 8) {
        Octets whole;
        for (std::size_t j = i; j < i + 8; ++j) {
            CHECK((got[j][5] >> 5 & 3) == (j + 1 < i + 8 ? 1 : 0));
            whole.insert(whole.end(), got[j].begin() + 29, got[j].end());
        }
        CHECK(whole == data);
    }
    // And it goes on as soon as there is room.
    world.run(500ms);
    CHECK(world.scanner.counters().missed_reports == missed);
    CHECK(world.count(world.scanner) >= 8 * 4);
}

TEST_CASE("virtual extended scanning: what a lossy air cuts off is marked, whole is not") {
    AirModel lossy;
    lossy.loss = 0.2;
    ExtendedWorld world{lossy};
    Controller& advertiser = world.add(1);
    Controller& scanner = world.add(2);
    CHECK(world.status(advertiser, set_parameters("01", "00 00")) == 0x00);
    const Octets data = pattern(700);
    world.set_data(advertiser, 0x37, 1, data);
    world.ok(advertiser, enable_1);
    world.scan(scanner);
    std::size_t whole = 0;
    std::size_t truncated = 0;
    Octets octets;
    for (int i = 0; i < 100; ++i) {
        world.run(110ms);
        for (const Octets& report : packets(world.take(scanner))) {
            octets.insert(octets.end(), report.begin() + 29, report.end());
            const int status = report[5] >> 5 & 3;
            if (status == 1) continue;
            REQUIRE(octets.size() <= data.size());
            CHECK(octets == part(data, 0, octets.size()));
            CHECK((octets.size() == data.size()) == (status == 0));
            ++(status == 0 ? whole : truncated);
            octets.clear();
        }
    }
    CHECK(whole >= 10);
    CHECK(truncated >= 10);
    CHECK(whole + truncated <= 90);
}

TEST_CASE("virtual extended scanning: an advertiser hears of requests for legacy PDUs, too") {
    Two world;
    std::string_view notify;
    SUBCASE("if it wants to") { notify = "01"; }
    SUBCASE("else not") { notify = "00"; }
    CHECK(world.status(world.advertiser,
                       set_parameters("01", "13 00",
                                      "07 00 00 00 00 00 00 00 00 00 7f 01 00 01 00" +
                                          std::string{notify})) == 0x00);
    world.scan_actively(world.scanner);
    world.ok(world.advertiser, enable_1);
    world.run(50ms);
    CHECK(world.count(world.scanner) == 2);
    CHECK(world.take(world.advertiser) ==
          (notify == "01" ? hex("04 3e 09 13 01 00 02 00 00 01 aa 00") : Octets{}));
}

TEST_CASE("virtual extended scanning: a host that is slow to read hears of the end all the same") {
    World world;
    Controller& peripheral = world.add(1);
    Controller& central = world.add(2);
    world.ask(peripheral, "01 0a 20 01 01");
    world.ask(central,
              "01 43 20 1a 00 00 00 01 00 00 01 aa 00 01 10 00 10 00 18 00 18 00 00 00 2a 00 00 00 "
              "00 00");
    world.run(2s);
    REQUIRE(!world.take(central).empty());
    // What the peer causes fills the queue as far as it may.
    for (int i = 0; i < 4000; ++i)
        world.ask(peripheral,
                  i % 2 == 0 ? "01 22 20 06 40 00 1b 00 48 01" : "01 22 20 06 40 00 fb 00 90 42");
    CHECK(central.pending().size() > 24'000);
    world.send(central, "01 41 20 08 00 00 01 00 10 00 10 00");
    world.send(central, "01 42 20 06 01 00 01 00 00 00");
    world.run(100ms);
    const auto before = packets(world.take(central));
    CHECK(std::ranges::find(before, hex("04 3e 01 11")) == before.end());
    const auto after = packets(world.take(central));
    CHECK(std::ranges::find(after, hex("04 3e 01 11")) != after.end());
}
