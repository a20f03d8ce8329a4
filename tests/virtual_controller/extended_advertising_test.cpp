// SPDX-License-Identifier: MIT
#include "tests/virtual_controller/extended_world.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using namespace bluetooth::virtual_controller::test;

namespace {

constexpr std::string_view enable_1 = "01 39 20 06 01 01 01 00 00 00";
constexpr std::string_view disable_1 = "01 39 20 06 00 01 01 00 00 00";

/// Reassembles reports of one advertisement; all but the last must say that more comes.
Octets reassemble(const std::vector<Octets>& reports) {
    Octets data;
    for (std::size_t i = 0; i < reports.size(); ++i) {
        const Octets& report = reports[i];
        REQUIRE(report.size() >= 29);
        const int status = report[5] >> 5 & 3;
        CHECK(status == (i + 1 < reports.size() ? 1 : 0));
        CHECK(report[28] == report.size() - 29);
        data.insert(data.end(), report.begin() + 29, report.end());
    }
    return data;
}

}  // namespace

TEST_CASE("virtual extended advertising: sets are made by their parameters, up to a limit") {
    ExtendedWorld world;
    Profile two_sets;
    two_sets.advertising_sets = 2;
    Controller& one = world.add(1, two_sets);
    CHECK(world.ask(one, "01 3b 20 00") == hex("04 0e 05 01 3b 20 00 02"));
    CHECK(world.ask(one, "01 3a 20 00") == hex("04 0e 06 01 3a 20 00 72 06"));
    CHECK(world.status(one, enable_1) == 0x42);
    CHECK(world.status(one, "01 37 20 04 01 03 00 00") == 0x42);
    CHECK(world.status(one, "01 38 20 04 01 03 00 00") == 0x42);
    CHECK(world.status(one, "01 35 20 07 01 01 02 03 04 05 c6") == 0x42);
    CHECK(world.status(one, "01 3c 20 01 01") == 0x42);
    // The answer carries the power: 0 dBm where none is asked for, else what there is.
    CHECK(world.ask(one, set_parameters("01", "00 00")) == hex("04 0e 05 01 36 20 00 00"));
    CHECK(world.ask(one, set_parameters("ef", "00 00",
                                        "07 00 00 00 00 00 00 00 00 00 14 01 00 01 00 00")) ==
          hex("04 0e 05 01 36 20 00 0a"));
    CHECK(world.status(one, set_parameters("02", "00 00")) == 0x07);
    CHECK(world.status(one, set_parameters("f0", "00 00")) == 0x12);
    world.ok(one, enable_1);
    CHECK(world.status(one, "01 3c 20 01 01") == 0x0c);
    CHECK(world.status(one, "01 3d 20 00") == 0x0c);
    CHECK(world.status(one, set_parameters("01", "00 00")) == 0x0c);
    world.ok(one, disable_1);
    world.ok(one, "01 3c 20 01 01");
    CHECK(world.status(one, enable_1) == 0x42);
    CHECK(world.status(one, set_parameters("02", "00 00")) == 0x00);
    world.ok(one, "01 3d 20 00");
    CHECK(world.status(one, "01 39 20 06 01 01 02 00 00 00") == 0x42);
    CHECK(world.status(one, "01 39 20 06 01 01 ef 00 00 00") == 0x42);
}

TEST_CASE("virtual extended advertising: several sets advertise at once, each as itself") {
    Two world;
    world.scan(world.scanner, "01");
    const std::string_view sid_7 = "07 00 00 00 00 00 00 00 00 00 7f 01 00 01 07 00";
    const std::string_view sid_9 = "07 01 00 00 00 00 00 00 00 00 7f 01 00 02 09 00";
    CHECK(world.status(world.advertiser, set_parameters("01", "00 00", sid_7)) == 0x00);
    CHECK(world.status(world.advertiser, set_parameters("02", "00 00", sid_9)) == 0x00);
    world.ok(world.advertiser, "01 37 20 06 01 03 00 02 01 aa");
    world.ok(world.advertiser, "01 37 20 05 02 03 00 01 bb");
    // all or none: the second has no address yet
    constexpr std::string_view both = "01 39 20 0a 01 02 01 00 00 00 02 00 00 00";
    CHECK(world.status(world.advertiser, both) == 0x12);
    world.run(1s);
    CHECK(world.count(world.scanner) == 0);
    world.ok(world.advertiser, "01 35 20 07 02 01 02 03 04 05 c6");
    CHECK(world.status(world.advertiser, "01 39 20 0a 01 02 01 00 00 00 01 00 00 00") == 0x12);
    world.ok(world.advertiser, both);
    world.run(50ms);
    const auto got = packets(world.take(world.scanner));
    REQUIRE(got.size() == 2);
    CHECK(got[0] == world.report("00 00 00 01 00 00 01 aa 00 01 01 07 7f",
                                 "00 00 00 00 00 00 00 00 00 02", hex("01 aa")));
    CHECK(got[1] == world.report("00 00 01 01 02 03 04 05 c6 01 02 09 7f",
                                 "00 00 00 00 00 00 00 00 00 01", hex("bb")));
    // Disabling without a name disables all.
    world.ok(world.scanner, "01 42 20 06 00 00 00 00 00 00");
    world.ok(world.advertiser, "01 39 20 02 00 00");
    world.scan(world.scanner);
    world.run(1s);
    CHECK(world.count(world.scanner) == 0);
}

TEST_CASE("virtual extended advertising: legacy PDUs are reported by both kinds of scanners") {
    Two world;
    Controller& old = world.add(3);
    std::string_view properties;
    std::string rest = "07 00 00 00 00 00 00 00 00 00 7f 01 00 01 03 00";
    std::string data = "01 37 20 05 01 03 00 01 aa";
    std::string_view extended;
    std::string_view legacy;
    std::string_view response;
    SUBCASE("ADV_IND") {
        properties = "13 00";
        extended = "13 00";
        legacy = "00";
        response = "1b 00";
    }
    SUBCASE("ADV_SCAN_IND") {
        properties = "12 00";
        extended = "12 00";
        legacy = "02";
        response = "1a 00";
    }
    SUBCASE("ADV_NONCONN_IND") {
        properties = "10 00";
        extended = "10 00";
        legacy = "03";
    }
    CHECK(world.status(world.advertiser, set_parameters("01", properties, rest)) == 0x00);
    world.ok(world.advertiser, data);
    CHECK(world.status(world.advertiser, "01 38 20 05 01 03 00 01 bb") ==
          (response.empty() ? 0x12 : 0x00));
    world.scan_actively(world.scanner);
    world.ok(old, "01 0b 20 07 01 10 00 10 00 00 00");
    world.ok(old, "01 0c 20 02 01 00");
    world.ok(world.advertiser, enable_1);
    world.run(50ms);
    const auto got = packets(world.take(world.scanner));
    const auto at_old = packets(world.take(old));
    const std::string who = "00 01 00 00 01 aa 00";
    REQUIRE(got.size() == (response.empty() ? 1 : 2));
    REQUIRE(at_old.size() == got.size());
    CHECK(got[0] == world.report(std::string{extended} + who + "01 00 ff 7f",
                                 "00 00 00 00 00 00 00 00 00 01", hex("aa")));
    const std::string rssi = world.rssi(world.advertiser, old);
    CHECK(at_old[0] == hex("04 3e 0d 02 01" + std::string{legacy} + who + "01 aa" + rssi));
    if (response.empty()) return;
    CHECK(got[1] == world.report(std::string{response} + who + "01 00 ff 7f",
                                 "00 00 00 00 00 00 00 00 00 01", hex("bb")));
    CHECK(at_old[1] == hex("04 3e 0d 02 01 04" + who + "01 bb" + rssi));
}

TEST_CASE("virtual extended advertising: legacy directed PDUs are for one, for a while") {
    Two world;
    Controller& other = world.add(3);
    world.scan(world.scanner);
    world.scan(other);
    const std::string_view to_scanner = "07 00 00 02 00 00 01 aa 00 00 7f 01 00 01 00 00";
    constexpr std::string_view type = "15 00 00 01 00 00 01 aa 00 01 00 ff 7f";
    SUBCASE("low duty cycle") {
        CHECK(world.status(world.advertiser, set_parameters("01", "15 00", to_scanner)) == 0);
        CHECK(world.status(world.advertiser, "01 37 20 05 01 03 00 01 aa") == 0x12);  // no room
        world.ok(world.advertiser, enable_1);
        world.run(50ms);
        CHECK(world.take(world.scanner) == world.report(type, "00 00 00 02 00 00 01 aa 00 00"));
    }
    SUBCASE("high duty cycle, with its duration") {
        CHECK(world.status(world.advertiser, set_parameters("01", "1d 00", to_scanner)) == 0);
        CHECK(world.status(world.advertiser, enable_1) == 0x12);
        CHECK(world.status(world.advertiser, "01 39 20 06 01 01 01 81 00 00") == 0x12);
        world.ok(world.advertiser, "01 39 20 06 01 01 01 80 00 00");  // 1.28 s
        world.run(1279ms);
        CHECK(world.take(world.advertiser).empty());
        const auto got = packets(world.take(world.scanner));
        CHECK(got.size() == 342);  // every 3.75 ms
        CHECK(got[0] == world.report(type, "00 00 00 02 00 00 01 aa 00 00"));
        world.run(1ms);
        CHECK(world.take(world.advertiser) == hex("04 3e 06 12 3c 01 00 00 00"));
        world.run(1s);
        CHECK(world.count(world.scanner) <= 1);
    }
    CHECK(world.count(other) == 0);
}

TEST_CASE("virtual extended advertising: data of any length arrives, in fragments where long") {
    Two world;
    CHECK(world.status(world.advertiser, set_parameters("01", "00 00")) == 0x00);
    for (const std::size_t size : {0u, 1u, 229u, 230u, 458u, 1650u}) {
        CAPTURE(size);
        const Octets data = pattern(size);
        world.set_data(world.advertiser, 0x37, 1, data);
        world.scan(world.scanner);
        world.ok(world.advertiser, enable_1);
        world.run(50ms);
        const auto got = packets(world.take(world.scanner));
        CHECK(got.size() == std::max<std::size_t>((size + 228) / 229, 1));
        CHECK(reassemble(got) == data);
        for (std::size_t i = 0; i < got.size(); ++i)  // all of the same event
            CHECK(part(got[i], 6, 12) == hex("00 00 01 00 00 01 aa 00 01 01 00 7f"));
        world.ok(world.scanner, "01 42 20 06 00 00 00 00 00 00");
        world.ok(world.advertiser, disable_1);
    }
}

TEST_CASE("virtual extended advertising: fragments have their order, and must be complete") {
    ExtendedWorld world;
    Controller& one = world.add(1);
    CHECK(world.status(one, set_parameters("01", "00 00")) == 0x00);
    CHECK(world.status(one, "01 37 20 05 01 02 00 01 aa") == 0x12);  // the last of nothing
    CHECK(world.status(one, "01 37 20 04 01 01 00 00") == 0x12);     // empty
    CHECK(world.status(one, "01 37 20 04 01 04 00 00") == 0x12);     // unchanged, not enabled
    world.ok(one, "01 37 20 05 01 01 00 01 aa");
    CHECK(world.status(one, enable_1) == 0x0c);
    world.ok(one, "01 37 20 05 01 02 00 01 bb");
    world.ok(one, enable_1);
    CHECK(world.status(one, "01 37 20 05 01 01 00 01 aa") == 0x0c);
    world.ok(one, "01 37 20 04 01 04 00 00");
    world.ok(one, disable_1);
    // 1,651 octets: everything is discarded.
    const std::string full = to_text(pattern(251));
    world.ok(one, "01 37 20 ff 01 01 00 fb" + full);
    for (int i = 0; i < 5; ++i) world.ok(one, "01 37 20 ff 01 00 00 fb" + full);
    CHECK(world.status(one, "01 37 20 95 01 02 00 91" + to_text(pattern(145))) == 0x07);
    CHECK(world.status(one, "01 37 20 05 01 02 00 01 aa") == 0x12);
    world.ok(one, enable_1);
}

TEST_CASE("virtual extended advertising: a scannable set has its data in the response") {
    Two world;
    CHECK(world.status(world.advertiser,
                       set_parameters("01", "02 00",
                                      "07 00 00 00 00 00 00 00 00 00 7f 01 00 02 05 01")) == 0);
    CHECK(world.status(world.advertiser, "01 37 20 05 01 03 00 01 aa") == 0x12);
    CHECK(world.status(world.advertiser, enable_1) == 0x0c);  // nothing to respond
    const Octets data = pattern(300);
    world.set_data(world.advertiser, 0x38, 1, data);
    world.ok(world.advertiser, enable_1);
    CHECK(world.status(world.advertiser, "01 38 20 04 01 03 00 00") == 0x0c);
    SUBCASE("not asked for") {
        world.scan(world.scanner);
        world.run(150ms);
        const auto got = packets(world.take(world.scanner));
        REQUIRE(!got.empty());
        for (const Octets& report : got)
            CHECK(report == world.report("02 00 00 01 00 00 01 aa 00 01 02 05 7f"));
        CHECK(world.take(world.advertiser).empty());
    }
    SUBCASE("asked for, and the advertiser's host hears of it") {
        world.scan_actively(world.scanner);
        world.run(115ms);
        const auto got = packets(world.take(world.scanner));
        REQUIRE(got.size() == 3);
        CHECK(got[0] == world.report("02 00 00 01 00 00 01 aa 00 01 02 05 7f"));
        CHECK(got[1] == world.report("2a 00 00 01 00 00 01 aa 00 01 02 05 7f",
                                     "00 00 00 00 00 00 00 00 00 e5", part(data, 0, 229)));
        CHECK(got[2] == world.report("0a 00 00 01 00 00 01 aa 00 01 02 05 7f",
                                     "00 00 00 00 00 00 00 00 00 47", part(data, 229, 71)));
        CHECK(world.take(world.advertiser) == hex("04 3e 09 13 01 00 02 00 00 01 aa 00"));
    }
}

TEST_CASE("virtual extended advertising: a directed scannable set responds to its target alone") {
    Two world;
    Controller& other = world.add(3);
    CHECK(world.status(world.advertiser,
                       set_parameters("01", "06 00",
                                      "07 00 00 02 00 00 01 aa 00 00 7f 01 00 01 00 01")) == 0);
    world.ok(world.advertiser, "01 38 20 05 01 03 00 01 bb");
    world.scan_actively(world.scanner);
    world.scan_actively(other);
    world.ok(world.advertiser, enable_1);
    world.run(50ms);
    const auto got = packets(world.take(world.scanner));
    REQUIRE(got.size() == 2);
    constexpr std::string_view to_us = "00 00 00 02 00 00 01 aa 00 00";
    CHECK(got[0] == world.report("06 00 00 01 00 00 01 aa 00 01 01 00 7f", to_us));
    CHECK(got[1] == world.report("0e 00 00 01 00 00 01 aa 00 01 01 00 7f",
                                 "00 00 00 02 00 00 01 aa 00 01", hex("bb")));
    CHECK(world.count(other) == 0);
    CHECK(world.take(world.advertiser) == hex("04 3e 09 13 01 00 02 00 00 01 aa 00"));
}

TEST_CASE("virtual extended advertising: what a set shows besides its data") {
    Two world;
    std::string_view properties;
    std::string rest = "07 00 00 00 00 00 00 00 00 00 7f 01 00 01 0f 00";
    std::string phys = "01 00 01 00 10 00 10 00";
    std::string_view begin;
    std::string_view end = "00 00 00 00 00 00 00 00 00 00";
    SUBCASE("nothing, when it is anonymous") {
        properties = "20 00";
        begin = "00 00 ff 00 00 00 00 00 00 01 01 0f 7f";
    }
    SUBCASE("its power") {
        properties = "40 00";
        rest = "07 00 00 00 00 00 00 00 00 00 00 01 00 01 0f 00";
        begin = "00 00 00 01 00 00 01 aa 00 01 01 0f 00";
    }
    SUBCASE("for whom it is") {
        properties = "04 00";
        rest = "07 00 00 02 00 00 01 aa 00 00 7f 01 00 01 0f 00";
        begin = "04 00 00 01 00 00 01 aa 00 01 01 0f 7f";
        end = "00 00 00 02 00 00 01 aa 00 00";
    }
    SUBCASE("its secondary physical layer") {
        properties = "01 00";
        rest = "07 00 00 00 00 00 00 00 00 00 7f 01 00 02 0f 00";
        begin = "01 00 00 01 00 00 01 aa 00 01 02 0f 7f";
    }
    SUBCASE("coded on both") {
        properties = "00 00";
        rest = "07 00 00 00 00 00 00 00 00 00 7f 03 00 03 0f 00";
        phys = "04 00 10 00 10 00";
        begin = "00 00 00 01 00 00 01 aa 00 03 03 0f 7f";
    }
    CHECK(world.status(world.advertiser, set_parameters("01", properties, rest)) == 0x00);
    world.ok(world.advertiser, enable_1);
    const bool coded = phys.starts_with("04");
    world.ok(world.scanner,
             coded ? "01 41 20 08 00 00 04 00 10 00 10 00" : "01 41 20 08 00 00 01 00 10 00 10 00");
    world.ok(world.scanner, "01 42 20 06 01 00 00 00 00 00");
    world.run(115ms);
    CHECK(world.take(world.scanner) == world.report(begin, end));
}

TEST_CASE("virtual extended advertising: physical layers that one has not are not used") {
    Profile only_1m;
    only_1m.le_features &=
        ~(feature_bit(hci::LeFeature::le_2m_phy) | feature_bit(hci::LeFeature::le_coded_phy));
    Two world{{}, only_1m};
    const std::string_view on_2m = "07 00 00 00 00 00 00 00 00 00 7f 01 00 02 00 00";
    CHECK(world.status(world.scanner, set_parameters("01", "00 00", on_2m)) == 0x11);
    CHECK(world.status(world.scanner, "01 41 20 08 00 00 04 00 10 00 10 00") == 0x11);
    CHECK(world.status(world.advertiser, set_parameters("01", "00 00", on_2m)) == 0x00);
    world.scan(world.scanner);
    world.ok(world.advertiser, enable_1);
    world.run(1s);
    CHECK(world.count(world.scanner) == 0);
}

TEST_CASE("virtual extended advertising: it ends after its duration, or its number of events") {
    Two world;
    CHECK(world.status(world.advertiser, set_parameters("01", "00 00")) == 0x00);
    world.scan(world.scanner);
    SUBCASE("0.5 s") {
        world.ok(world.advertiser, "01 39 20 06 01 01 01 32 00 00");
        world.run(499ms);
        CHECK(world.take(world.advertiser).empty());
        world.run(1ms);
        CHECK(world.take(world.advertiser) == hex("04 3e 06 12 3c 01 00 00 00"));
        CHECK(world.count(world.scanner) == 5);
    }
    SUBCASE("three events") {
        world.ok(world.advertiser, "01 39 20 06 01 01 01 00 00 03");
        world.run(230ms);
        CHECK(world.take(world.advertiser) == hex("04 3e 06 12 43 01 00 00 03"));
        CHECK(world.count(world.scanner) == 3);
    }
    SUBCASE("whatever comes first") {
        world.ok(world.advertiser, "01 39 20 06 01 01 01 0f 00 09");
        world.run(150ms);
        CHECK(world.take(world.advertiser) == hex("04 3e 06 12 3c 01 00 00 02"));
        CHECK(world.count(world.scanner) == 2);
    }
    SUBCASE("begun again, both are counted anew") {
        world.ok(world.advertiser, "01 39 20 06 01 01 01 32 00 04");
        world.run(150ms);
        world.ok(world.advertiser, "01 39 20 06 01 01 01 32 00 04");
        world.run(250ms);
        CHECK(world.take(world.advertiser).empty());
        CHECK(world.count(world.scanner) == 5);
        world.run(100ms);
        CHECK(world.take(world.advertiser) == hex("04 3e 06 12 43 01 00 00 04"));
        CHECK(world.count(world.scanner) == 1);
    }
    world.run(1s);
    CHECK(world.count(world.scanner) == 0);
    world.ok(world.advertiser, "01 3c 20 01 01");  // it no longer advertises
}

TEST_CASE("virtual extended advertising: new data is no duplicate, nor is a new identifier") {
    Two world;
    CHECK(world.status(world.advertiser, set_parameters("01", "00 00")) == 0x00);
    world.ok(world.advertiser, "01 37 20 05 01 03 00 01 aa");
    world.ok(world.advertiser, enable_1);
    world.scan(world.scanner, "01");
    const auto report = [&](std::string_view data) {
        return world.report("00 00 00 01 00 00 01 aa 00 01 01 00 7f",
                            "00 00 00 00 00 00 00 00 00 01", hex(data));
    };
    world.run(1s);
    CHECK(world.take(world.scanner) == report("aa"));
    world.ok(world.advertiser, "01 37 20 05 01 03 00 01 bb");
    world.run(1s);
    CHECK(world.take(world.scanner) == report("bb"));
    world.ok(world.advertiser, "01 37 20 04 01 04 00 00");
    world.run(1s);
    CHECK(world.take(world.scanner) == report("bb"));
}
