// SPDX-License-Identifier: MIT
#include "tests/virtual_controller/world.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using namespace bluetooth::virtual_controller::test;

TEST_CASE("virtual data: goes both ways, its start marked as a controller does") {
    Pair pair;
    pair.send(pair.central, "02 40 00 07 00 03 00 04 00 02 17 00");
    CHECK(pair.take(pair.peripheral) == hex("02 40 20 07 00 03 00 04 00 02 17 00"));
    CHECK(pair.take(pair.central) == hex("04 13 05 01 40 00 01 00"));
    // A continuing fragment stays one.
    pair.send(pair.peripheral, "02 40 00 06 00 03 00 04 00 03 17");
    pair.send(pair.peripheral, "02 40 10 01 00 00");
    CHECK(pair.take(pair.central) == hex("02 40 20 06 00 03 00 04 00 03 17 02 40 10 01 00 00"));
    CHECK(pair.take(pair.peripheral) == hex("04 13 05 01 40 00 02 00"));
}

TEST_CASE("virtual data: completed packets of several links come in one event") {
    Pair pair;
    Controller& third = pair.add(3);
    pair.ask(third, "01 0a 20 01 01");
    pair.ask(pair.central,
             "01 0d 20 19 10 00 10 00 00 00 03 00 00 01 aa 00 00 18 00 18 00 00 00 2a "
             "00 00 00 00 00");
    pair.run(2s);
    CHECK(pair.take(pair.central) ==
          hex("04 3e 13 01 00 41 00 00 00 03 00 00 01 aa 00 18 00 00 00 2a 00 00"));
    pair.send(pair.central, "02 40 00 01 00 aa");
    pair.send(pair.central, "02 41 00 01 00 bb");
    pair.send(pair.central, "02 40 10 01 00 cc");
    CHECK(pair.take(pair.central) == hex("04 13 09 02 40 00 02 00 41 00 01 00"));
    CHECK(pair.take(pair.central).empty());
    CHECK(pair.take(pair.peripheral) == hex("02 40 20 01 00 aa | 02 40 10 01 00 cc"));
}

TEST_CASE("virtual data: a host that sends more than there are buffers overflows them") {
    Pair pair;
    for (int i = 0; i < 8; ++i) pair.send(pair.central, "02 40 00 01 00 aa");
    pair.send(pair.central, "02 40 00 01 00 bb");
    CHECK(pair.take(pair.central) == hex("04 1a 01 01 | 04 13 05 01 40 00 08 00"));
    CHECK(packets(pair.take(pair.peripheral)).size() == 8);
    CHECK(pair.central.counters().refused_data == 1);
    pair.send(pair.central, "02 40 00 01 00 cc");  // and goes on
    CHECK(pair.take(pair.peripheral) == hex("02 40 20 01 00 cc"));
}

TEST_CASE("virtual data: a fragment longer than a buffer is refused") {
    Pair pair{{}, Profile::bluetooth_4_0()};
    pair.send(pair.central,
              "02 40 00 1c 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
              "00 00 00 00 00 00 00 00 00");
    CHECK(pair.take(pair.central) == hex("04 1a 01 01"));
    CHECK(pair.take(pair.peripheral).empty());
}

TEST_CASE("virtual data: flags that no LE host may use lead nowhere") {
    Pair pair;
    for (const char* packet :
         {"02 40 20 01 00 aa", "02 40 30 01 00 aa", "02 40 40 01 00 aa", "02 40 00 00 00"}) {
        CAPTURE(packet);
        pair.send(pair.central, packet);
        CHECK(pair.take(pair.central) == hex("04 13 05 01 40 00 01 00"));
        CHECK(pair.take(pair.peripheral).empty());
    }
}

TEST_CASE("virtual data: for a handle without a link it is dropped") {
    Pair pair;
    pair.send(pair.central, "02 41 00 01 00 aa");
    pair.send(pair.central, "02 ff 0f 01 00 aa");
    CHECK(pair.take(pair.central).empty());
    CHECK(pair.central.counters().refused_data == 2);
}

TEST_CASE("virtual data: a slow host holds its peer back and loses nothing") {
    Pair pair;
    const auto packet = [](std::uint32_t n) {
        Octets octets = hex("02 40 00 fb 00");
        octets.resize(5 + 251);
        for (std::size_t i = 0; i < 4; ++i) octets[5 + i] = static_cast<std::uint8_t>(n >> (8 * i));
        return octets;
    };
    // The peripheral's host does not read, until the central's has no buffer left.
    std::uint32_t sent = 0;
    std::size_t credits = 8;
    const auto send_all = [&] {
        while (credits > 0) {
            pair.central.receive(pair.now, packet(sent));
            ++sent;
            --credits;
        }
        for (const Octets& event : packets(pair.take(pair.central))) {
            REQUIRE(part(event, 0, 6) == hex("04 13 05 01 40 00"));
            credits += event[6];
        }
    };
    for (std::uint32_t before = ~0u; before != sent;) {
        before = sent;
        send_all();
    }
    CHECK(credits == 0);
    CHECK(sent > 16);
    CHECK(pair.central.counters().refused_data == 0);

    // It reads in odd pieces; all that was sent arrives in order.
    Octets received;
    while (sent < 1000) {
        const Bytes pending = pair.peripheral.pending();
        REQUIRE(!pending.empty());
        const std::size_t count = std::min<std::size_t>(pending.size(), 1001);
        received.insert(received.end(), pending.begin(),
                        pending.begin() + static_cast<std::ptrdiff_t>(count));
        pair.peripheral.consume(count);
        send_all();
    }
    for (Octets more = pair.take(pair.peripheral); !more.empty(); more = pair.take(pair.peripheral))
        received.insert(received.end(), more.begin(), more.end());
    const auto got = packets(received);
    REQUIRE(got.size() == sent);
    for (std::uint32_t n = 0; n < sent; ++n) {
        Octets expected = packet(n);
        expected[2] = 0x20;
        REQUIRE(got[n] == expected);
    }
}

TEST_CASE("virtual data: what a slow host's peers cause on a link waits, too") {
    Pair pair;
    Octets packet = hex("02 40 00 fb 00");
    packet.resize(5 + 251);
    for (int i = 0; i < 400; ++i) {
        pair.central.receive(pair.now, packet);
        pair.take(pair.central);
    }
    // Far more updates than there is room for: the host hears of the last.
    for (int i = 0; i < 2000; ++i) {
        pair.ask(pair.central, "01 13 20 0e 40 00 28 00 50 00 04 00 f4 01 00 00 00 00");
        pair.ask(pair.central, "01 13 20 0e 40 00 28 00 51 00 04 00 f4 01 00 00 00 00");
    }
    CHECK(pair.ask(pair.central, "01 06 04 03 40 00 13") ==
          hex("04 0f 04 00 01 06 04 | 04 05 04 00 40 00 16"));
    const auto got = packets(pair.take(pair.peripheral));
    CHECK(got.back() == hex("04 05 04 00 40 00 13"));
}

TEST_CASE("virtual data: a disconnection frees the buffers of its link") {
    Pair pair;
    pair.air.vanish(pair.peripheral);
    for (int i = 0; i < 8; ++i) pair.send(pair.central, "02 40 00 01 00 aa");
    CHECK(pair.take(pair.central).empty());
    pair.run(1s);
    CHECK(pair.take(pair.central) == hex("04 05 04 00 40 00 08"));
    pair.take(pair.peripheral);
    pair.air.reappear(pair.peripheral);
    pair.connect();
    for (int i = 0; i < 8; ++i) pair.send(pair.central, "02 40 00 01 00 aa");
    CHECK(pair.take(pair.central) == hex("04 13 05 01 40 00 08 00"));
    CHECK(packets(pair.take(pair.peripheral)).size() == 8);
}
