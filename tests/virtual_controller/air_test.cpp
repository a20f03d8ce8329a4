// SPDX-License-Identifier: MIT
//
// What of real air there is where one asks for it: distance, loss, collisions, and the time that
// links take.
#include "tests/support/crowd.hpp"
#include "tests/virtual_controller/world.hpp"
#include "virtual_controller/radio.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using namespace bluetooth::virtual_controller::test;
using bluetooth::test::Crowd;

namespace {

// Adds up the data of ACL packets among `octets`.
std::size_t data_in(const Octets& octets) {
    std::size_t size = 0;
    for (const Octets& packet : packets(octets))
        if (packet[0] == 0x02) size += packet.size() - 5;
    return size;
}

// A link with a given interval and data length on an air that takes time.
struct TimedPair : Pair {
    TimedPair() : Pair{{}, {}, {.loss = 0, .collisions = false, .timing = true}} { drain(); }
    void drain() {
        take(central);
        take(peripheral);
    }
    void use(std::string_view interval_max, bool le_2m, bool long_data) {
        ask(central,
            "01 13 20 0e 40 00 06 00 " + std::string{interval_max} + " 00 00 f4 01 00 00 00 00");
        if (le_2m) ask(central, "01 32 20 07 40 00 00 02 02 00 00");
        if (long_data) ask(central, "01 22 20 06 40 00 fb 00 90 42");
        run(1s);
        drain();
    }
    /// Octets of data per second that come through from central to peripheral.
    double throughput() {
        Octets packet = hex("02 40 00 fb 00");
        packet.resize(5 + 251);
        std::size_t credits = 8;
        std::size_t received = 0;
        for (int step = 0; step < 1000; ++step) {
            for (; credits > 0; --credits) central.receive(now, packet);
            run(1ms);
            received += data_in(take(peripheral));
            for (const Octets& event : packets(take(central))) credits += event[6];
        }
        return static_cast<double>(received);
    }
};

// What one exchange of a packet with `payload` octets and an empty one back allows, per second.
double most(hci::Phy phy, std::size_t payload, Duration interval) {
    const Duration exchange = air_time(phy, payload) + air_time(phy, 0) + 2 * inter_frame_space;
    const auto in_event = static_cast<double>((interval - inter_frame_space) / exchange);
    return in_event * static_cast<double>(payload) * (std::chrono::duration<double>{1s} / interval);
}

}  // namespace

TEST_CASE("radio: packets take the time that the specification gives them") {
    using hci::Phy;
    CHECK(air_time(Phy::le_1m, 0) == 80us);
    CHECK(air_time(Phy::le_1m, 27) == 296us);
    CHECK(air_time(Phy::le_1m, 255) == 2120us);
    CHECK(air_time(Phy::le_2m, 0) == 44us);
    CHECK(air_time(Phy::le_2m, 255) == 1064us);
    CHECK(air_time(Phy::le_coded, 0) == 720us);
    CHECK(air_time(Phy::le_coded, 255) == 17'040us);
    CHECK(octets_within(Phy::le_1m, 328us) == 27);
    CHECK(octets_within(Phy::le_1m, 2120us) == 251);
    CHECK(octets_within(Phy::le_coded, 17'040us) == 251);
    CHECK(octets_within(Phy::le_coded, 2120us) == 27);
}

TEST_CASE("air with timing: data waits for a connection event") {
    TimedPair pair;
    pair.use("50 00", false, false);  // 100 ms
    pair.send(pair.central, "02 40 00 01 00 aa");
    CHECK(pair.take(pair.peripheral).empty());
    Duration waited{};
    for (; waited < 200ms && pair.peripheral.pending().empty(); waited += 1ms) pair.run(1ms);
    CHECK(waited > 1ms);
    CHECK(waited <= 101ms);
    CHECK(pair.take(pair.peripheral) == hex("02 40 20 01 00 aa"));
    CHECK(pair.take(pair.central) == hex("04 13 05 01 40 00 01 00"));
}

TEST_CASE("air with timing: with latency the peripheral is awake at some events only") {
    TimedPair pair;
    // 100 ms, latency 9: once a second
    pair.ask(pair.central, "01 13 20 0e 40 00 06 00 50 00 09 00 80 0c 00 00 00 00");
    pair.run(2s);
    pair.drain();
    pair.run(10ms);  // just past an event that is attended
    const auto wait_for = [&](Controller& controller) {
        Duration waited{};
        for (; waited < 2s && controller.pending().empty(); waited += 10ms) pair.run(10ms);
        pair.drain();
        return waited;
    };
    pair.send(pair.peripheral, "02 40 00 01 00 aa");
    CHECK(wait_for(pair.central) <= 110ms);  // it wakes when it has something to say
    Duration longest{};
    for (int i = 0; i < 5; ++i) {
        pair.run(230ms);
        pair.send(pair.central, "02 40 00 01 00 aa");
        longest = std::max(longest, wait_for(pair.peripheral));
    }
    CHECK(longest > 500ms);
    CHECK(longest <= 1010ms);
    // What the central waits with does not hold up the peripheral.
    pair.run(1030ms);
    pair.drain();
    pair.send(pair.central, "02 40 00 01 00 aa");
    pair.send(pair.peripheral, "02 40 00 01 00 bb");
    CHECK(wait_for(pair.central) <= 110ms);
}

TEST_CASE("air with timing: throughput is what PHY, data length and interval allow") {
    TimedPair pair;
    const struct {
        const char* interval;
        Duration length;
        bool le_2m;
        bool long_data;
    } cases[] = {
        {"06 00", 7500us, false, false}, {"06 00", 7500us, false, true},
        {"06 00", 7500us, true, false},  {"06 00", 7500us, true, true},
        {"28 00", 50ms, false, false},   {"28 00", 50ms, false, true},
        {"28 00", 50ms, true, false},    {"28 00", 50ms, true, true},
    };
    for (const auto& one : cases) {
        CAPTURE(one.interval);
        CAPTURE(one.le_2m);
        CAPTURE(one.long_data);
        TimedPair fresh;
        fresh.use(one.interval, one.le_2m, one.long_data);
        const double expected = most(one.le_2m ? hci::Phy::le_2m : hci::Phy::le_1m,
                                     one.long_data ? 251 : 27, one.length);
        const double measured = fresh.throughput();
        CHECK(measured > expected * 0.90);
        CHECK(measured <= expected * 1.02);
    }
}

TEST_CASE("air with timing: encrypted links take time too, and lose nothing") {
    TimedPair pair;
    pair.use("06 00", true, true);
    const std::string key = "01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10";
    pair.send(pair.central, "01 19 20 1c 40 00 00 00 00 00 00 00 00 00 00 00 " + key);
    pair.run(100ms);
    CHECK(pair.take(pair.peripheral) == hex("04 3e 0d 05 40 00 00 00 00 00 00 00 00 00 00 00"));
    pair.send(pair.peripheral, "01 1a 20 12 40 00 " + key);
    pair.run(100ms);
    CHECK(pair.take(pair.peripheral) == hex("04 0e 06 01 1a 20 00 40 00 | 04 08 04 00 40 00 01"));
    pair.drain();
    CHECK(pair.throughput() > 100'000);
}

TEST_CASE("air with loss: what is lost on a link is sent again, in order") {
    World world{{.loss = 0.2, .collisions = false, .timing = true}};
    Controller& peripheral = world.add(1);
    Controller& central = world.add(2);
    world.ask(peripheral, "01 0a 20 01 01");
    world.ask(central,
              "01 0d 20 19 10 00 10 00 00 00 01 00 00 01 aa 00 00 18 00 18 00 00 00 2a 00 00 00 00 "
              "00");
    while (peripheral.pending().empty()) world.run(100ms);
    world.take(peripheral);
    world.take(central);
    std::uint8_t sent = 0;
    std::uint8_t received = 0;
    std::size_t credits = 8;
    for (int step = 0; step < 20'000 && received < 200; ++step) {
        for (; credits > 0 && sent < 200; --credits, ++sent) {
            Octets packet = hex("02 40 00 02 00 00 00");
            packet[5] = sent;
            central.receive(world.now, packet);
        }
        world.run(5ms);
        for (const Octets& packet : packets(world.take(peripheral)))
            if (packet[0] == 0x02) CHECK(packet[5] == received++);
        for (const Octets& event : packets(world.take(central)))
            if (event[1] == 0x13) credits += event[6];
    }
    CHECK(received == 200);
}

TEST_CASE("air with loss: about as many reports are missing as PDUs are lost") {
    Crowd all{50, 2, 1};
    Crowd some{50, 2, 1, {.loss = 0.25, .collisions = false, .timing = false}};
    all.run(20s);
    some.run(20s);
    const double share = static_cast<double>(some.reports()) / static_cast<double>(all.reports());
    CHECK(share > 0.72);
    CHECK(share < 0.78);
}

TEST_CASE("air with loss: everything lost, nobody hears anybody") {
    World world{{.loss = 1, .collisions = false, .timing = false}};
    Controller& advertiser = world.add(1);
    Controller& scanner = world.add(2);
    world.ask(advertiser, "01 0a 20 01 01");
    world.ask(scanner, "01 0c 20 02 01 00");
    world.run(10s);
    CHECK(world.take(scanner).empty());
}

TEST_CASE("air with loss: a connection request that is lost leaves the initiator alone") {
    // The advertisement gets through now and then, the request rarely: one of many tries shows it.
    World world{{.loss = 0.6, .collisions = false, .timing = false}};
    Controller& peripheral = world.add(1);
    Controller& central = world.add(2);
    bool seen = false;
    for (int attempt = 0; attempt < 50 && !seen; ++attempt) {
        world.ask(peripheral, "01 0a 20 01 01");
        world.ask(central,
                  "01 0d 20 19 10 00 10 00 00 00 01 00 00 01 aa 00 00 18 00 18 00 00 00 2a 00 00 "
                  "00 00 00");
        world.run(20s);
        const Octets heard = world.take(central);
        if (world.take(peripheral).empty()) {
            // Six intervals of 30 ms later
            CHECK(heard == hex("04 3e 13 01 00 40 00 00 00 01 00 00 01 aa 00 18 00 00 00 2a 00 00 |"
                               "04 05 04 00 40 00 3e"));
            seen = true;
        }
        world.ask(central, "01 06 04 03 40 00 13");
        world.run(1s);
        world.take(central);
        world.take(peripheral);
    }
    CHECK(seen);
}

TEST_CASE("air with collisions: the more advertise, the more is destroyed") {
    const auto heard_share = [](std::size_t advertisers) {
        Crowd ideal{advertisers, 1, 1};
        Crowd real{advertisers, 1, 1, {.loss = 0, .collisions = true, .timing = false}};
        ideal.run(10s);
        real.run(10s);
        return static_cast<double>(real.reports()) / static_cast<double>(ideal.reports());
    };
    // Pure ALOHA: exp(-2 G), G being the share of the time that a channel is in use. A PDU of 37
    // octets takes 376 µs.
    CHECK(heard_share(1) == 1);
    const double of_20 = heard_share(20);
    CHECK(of_20 > 0.82);
    CHECK(of_20 < 0.90);  // 0.865
    const double of_200 = heard_share(200);
    CHECK(of_200 > 0.20);
    CHECK(of_200 < 0.28);  // 0.236
}

TEST_CASE("air with places: the farther, the weaker, until nothing is heard") {
    World world;
    Controller& advertiser = world.add(1);
    Controller& scanner = world.add(2);
    world.air.place(advertiser, {0, 0});
    int last = 0;
    for (const double distance : {0.5, 1.0, 3.0, 10.0, 30.0, 100.0}) {
        world.air.place(scanner, {distance, 0});
        const int rssi = world.air.rssi(advertiser, scanner);
        CHECK(rssi < last);
        last = rssi;
    }
    CHECK(world.air.rssi(advertiser, scanner) == -90);  // 40 + 25 log10(100)
    world.ask(advertiser, "01 0a 20 01 01");
    world.ask(scanner, "01 0c 20 02 01 00");
    world.run(10s);
    const Octets heard = world.take(scanner);
    REQUIRE(!heard.empty());
    CHECK(heard[14] == 0xa6);  // −90 dBm
    world.air.place(scanner, {0, 1000});
    world.run(10s);
    CHECK(world.take(scanner).empty());
}

TEST_CASE("air with places: a link ends when its ends part, and not when they come back in time") {
    Pair pair;
    pair.air.place(pair.central, {0, 0});
    pair.air.place(pair.peripheral, {10, 0});
    pair.run(10s);
    pair.air.place(pair.peripheral, {5000, 0});
    pair.run(400ms);
    pair.air.place(pair.peripheral, {10, 0});
    pair.run(10s);
    CHECK(pair.take(pair.central).empty());
    pair.air.place(pair.peripheral, {5000, 0});
    pair.run(420ms);
    CHECK(pair.take(pair.central) == hex("04 05 04 00 40 00 08"));
    CHECK(pair.take(pair.peripheral) == hex("04 05 04 00 40 00 08"));
}

TEST_CASE("air: the same seed gives the same octets, another one others") {
    for (const AirModel model : {AirModel{}, AirModel{0.1, true, true}}) {
        const auto digest = [&](std::uint64_t seed) {
            Crowd crowd{40, 3, seed, model};
            crowd.run(10s);
            return crowd.digest();
        };
        CHECK(digest(1) == digest(1));
        CHECK(digest(1) != digest(2));
    }
}

TEST_CASE("air: an advertiser every 100 ms is reported as often as it advertises") {
    Crowd crowd{100, 10, 1};
    crowd.run(60s);
    CHECK(crowd.missed() == 0);
    // 100 ms and the mean of advDelay, 5 ms: 571 events each
    CHECK(crowd.reports() > 565'000);
    CHECK(crowd.reports() < 577'000);
}

TEST_CASE("air with places: a PHY that does not reach so far costs the link") {
    Pair pair;
    pair.air.place(pair.central, {0, 0});
    pair.air.place(pair.peripheral, {140, 0});  // −94 dBm: enough for 1M, not for 2M
    pair.run(10s);
    CHECK(pair.take(pair.central).empty());
    SUBCASE("both directions") { pair.ask(pair.central, "01 32 20 07 40 00 00 02 02 00 00"); }
    SUBCASE("one direction") { pair.ask(pair.central, "01 32 20 07 40 00 00 01 02 00 00"); }
    pair.take(pair.peripheral);
    pair.run(420ms);
    CHECK(pair.take(pair.central) == hex("04 05 04 00 40 00 08"));
    CHECK(pair.take(pair.peripheral) == hex("04 05 04 00 40 00 08"));
}

TEST_CASE("air with collisions: who begins to listen during an event does not hear it") {
    // On the coded PHY an event takes more than 4 ms, longer than a scan interval may be.
    World world{{.loss = 0, .collisions = true, .timing = false}};
    Controller& advertiser = world.add(1);
    Controller& scanner = world.add(2);
    world.ask(advertiser,
              "01 36 20 19 01 00 00 a0 00 00 a0 00 00 07 00 00 00 00 00 00 00 00 00 7f 03 00 03 00 "
              "00");
    CHECK(world.ask(advertiser, "01 39 20 06 01 01 01 00 00 00") == hex("04 0e 04 01 39 20 00"));
    world.ask(scanner, "01 41 20 08 00 00 04 00 04 00 04 00");
    world.run(3ms);
    CHECK(world.ask(scanner, "01 42 20 06 01 00 00 00 00 00") == hex("04 0e 04 01 42 20 00"));
    world.run(50ms);
    CHECK(world.take(scanner).empty());
    world.run(10s);
    CHECK(!world.take(scanner).empty());
}
