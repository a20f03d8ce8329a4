// SPDX-License-Identifier: MIT
//
// Values that find no room, and what the application is told of that.
#include <doctest/doctest.h>

#include <vector>

#include "tests/bluetooth/gatt_link.hpp"

using namespace bluetooth;
using namespace bluetooth::test;

TEST_CASE("gatt room: more notifications than there is room for do not end the link") {
    GattLink link;
    const Octets one(1, 0x41);
    const auto notify = [&](std::size_t count) {
        const std::vector<att::HandleValue> values(count, {link.value, Bytes{one}});
        return link.peripheral.host.notify_multiple(link.conn, values);
    };
    CHECK(notify(33) == errc::too_big);
    CHECK(notify(0) == errc::invalid_argument);
    std::size_t sent = 0;
    while (!notify(16)) sent += 16;
    CHECK(notify(16) == errc::no_buffers);
    link.run();
    CHECK(link.central.count<GattcNotify>() == sent);
    CHECK(link.peripheral.count<SendReady>() == 1);
    CHECK(link.peripheral.count<CentralDisconnect>() == 0);
    CHECK(!notify(16));
}

TEST_CASE("gatt room: refused indications are told of when there is room again") {
    GattLink link;
    std::size_t accepted = 0;
    while (!link.peripheral.host.indicate(link.conn, link.value, hex("01"))) ++accepted;
    CHECK(accepted == config::send_queue{}.value);
    CHECK(link.peripheral.count<SendReady>() == 0);
    link.world.advance(std::chrono::seconds{10});
    CHECK(link.peripheral.count<GattsIndicateDone>() == accepted);
    CHECK(link.peripheral.count<SendReady>() == 1);
}

TEST_CASE("gatt room: notifications do not wait for confirmations of indications") {
    GattLink link;
    link.central.tamper = [](Octets& packet) {
        if (packet[0] == 0x02) packet.clear();  // it never confirms
    };
    for (int i = 0; i < 20; ++i) {
        REQUIRE(!link.peripheral.host.indicate(link.conn, link.value, hex("01")));
        link.run();
    }
    while (!link.peripheral.host.notify(link.conn, link.value, hex("02"))) {}
    link.run();
    CHECK(link.peripheral.count<GattsIndicateDone>() == 0);
    CHECK(link.peripheral.count<SendReady>() == 1);
}

TEST_CASE("gatt room: with a queue of one, SendReady leads to success after a refusal or two") {
    GattLink link;
    REQUIRE(!link.central.host.disconnect(link.conn));
    link.run();
    REQUIRE(!link.peripheral.host.set(config::send_queue{1}));
    link.world.connect(link.central, link.peripheral);
    const auto indicate = [&] {
        return link.peripheral.host.indicate(link.conn, link.value, hex("01"));
    };
    REQUIRE(!indicate());
    REQUIRE(indicate() == errc::no_buffers);
    std::size_t refused = 0;
    bool done = false;
    link.peripheral.handler = [&](const Event& event) {
        if (!std::holds_alternative<SendReady>(event) || done) return;
        done = !indicate();
        refused += done ? 0 : 1;
    };
    link.run();
    CHECK(done);
    CHECK(refused <= 1);  // there was room for the packet before there was for the indication
    CHECK(link.peripheral.count<GattsIndicateDone>() == 2);
}

TEST_CASE("gatt room: reliable writes without end leave buffers for answers") {
    GattLink link;
    link.world.air.vanish(*link.central.controller);
    const Octets value(512, 0x55);
    const std::vector<att::HandleValue> values(7, {link.value, Bytes{value}});
    std::size_t accepted = 0;
    error_code error;
    while (!(error = link.central.host.write_reliable(link.conn, values))) ++accepted;
    CHECK(error == errc::busy);  // one link's queue of procedures
    CHECK(accepted == gatt::Client::default_queue_size);
    link.central.inject("02 40 20 07 00 03 00 04 00 0a 03 00");
    CHECK(link.central.count<PeripheralDisconnect>() == 0);
}
