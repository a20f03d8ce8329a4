// SPDX-License-Identifier: MIT
//
// Full queues: who is refused, who is not, and when it goes on.
#include <doctest/doctest.h>

#include "tests/bluetooth/gatt_link.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

/// Notifies a counter until there is no room; how often that worked.
std::size_t fill(GattLink& link, std::uint8_t& counter) {
    std::size_t accepted = 0;
    for (;; ++counter, ++accepted) {
        const error_code error =
            link.peripheral.host.notify(link.conn, link.value, {{&counter, 1}});
        if (!error) continue;
        CHECK(error == errc::no_buffers);
        return accepted;
    }
}

}  // namespace

TEST_CASE(
    "flow: a peer that takes nothing fills the queue; SendReady follows when it takes again") {
    GattLink link;
    link.world.air.vanish(*link.central.controller);
    std::uint8_t counter = 0;
    std::size_t accepted = fill(link, counter);
    link.world.settle();
    accepted += fill(link, counter);
    // The queue, and what the controller holds.
    CHECK(accepted == 32 + 8);
    link.world.settle();
    CHECK(link.peripheral.host.write(link.conn, link.value, hex("01"), false) == errc::no_buffers);
    CHECK(link.peripheral.host.indicate(link.conn, link.value, {}) == errc::no_buffers);
    CHECK(link.peripheral.events().empty());

    link.world.air.reappear(*link.central.controller);
    link.run();
    CHECK(link.peripheral.take_events() == Lines{"SendReady 0040"});
    REQUIRE(link.central.count<GattcNotify>() == accepted);
    CHECK(link.central.last<GattcNotify>()->data == Bytes{Octets{std::uint8_t(counter - 1)}});
    CHECK(!link.peripheral.host.notify(link.conn, link.value, {}));
}

TEST_CASE("flow: refused updates too are followed by SendReady") {
    GattLink link;
    link.subscribe(1);
    link.world.air.vanish(*link.central.controller);
    std::uint8_t counter = 0;
    for (int i = 0; i < 2; ++i, link.world.settle()) (void)fill(link, counter);
    link.world.air.reappear(*link.central.controller);
    link.run();
    link.peripheral.forget_events();
    link.world.air.vanish(*link.central.controller);
    error_code error;
    for (int i = 0; i < 100 && !error; ++i) {
        error = link.peripheral.host.write_value(link.value, hex("77"), true);
        link.world.settle();
    }
    CHECK(error == errc::no_buffers);
    CHECK(link.stored() == hex("77"));  // written nevertheless
    link.world.air.reappear(*link.central.controller);
    link.run();
    CHECK(link.peripheral.count<SendReady>() == 1);
}

TEST_CASE("flow: a handler of SendReady that fills the queue again keeps the stream going") {
    GattLink link;
    std::uint8_t counter = 0;
    std::size_t accepted = 0;
    int rounds = 0;
    link.peripheral.handler = [&](const Event& event) {
        if (std::holds_alternative<SendReady>(event) && ++rounds < 100)
            accepted += fill(link, counter);
    };
    accepted += fill(link, counter);
    link.run();
    CHECK(rounds == 100);
    CHECK(link.central.count<GattcNotify>() == accepted);
}

TEST_CASE("flow: the length of the queue is that of the configuration when the link began") {
    GattLink link;
    link.world.air.vanish(*link.central.controller);
    std::uint8_t counter = 0;
    SUBCASE("longer, for the next link") {
        REQUIRE(!link.peripheral.host.set(config::send_queue{1000}));
        CHECK(fill(link, counter) == 32);
    }
    SUBCASE("shorter, for the next link") {
        REQUIRE(!link.peripheral.host.set(config::send_queue{4}));
        CHECK(fill(link, counter) == 32);
    }
    link.world.air.reappear(*link.central.controller);
    link.run();
    CHECK(link.peripheral.count<SendReady>() == 1);

    REQUIRE(!link.peripheral.host.set(config::send_queue{4}));
    REQUIRE(!link.central.host.disconnect(link.conn));
    link.world.advance(1s);
    link.world.connect(link.central, link.peripheral);
    CHECK(fill(link, counter) == 4);
    link.run();
    CHECK(link.peripheral.count<SendReady>() == 1);
}

TEST_CASE("flow: what the application sends never keeps the peer from being answered") {
    GattLink link;
    link.world.air.vanish(*link.central.controller);
    std::uint8_t counter = 0;
    for (int i = 0; i < 2; ++i, link.world.settle()) (void)fill(link, counter);
    // A Read Request, from a peer that hears nothing itself.
    for (int i = 0; i < 8; ++i) link.peripheral.inject("02 40 20 07 00 03 00 04 00 0a 16 00");
    CHECK(link.peripheral.count<GattsReadRequest>() == 8);
    // One that asks without end and never takes the answers is given up.
    for (int i = 0; i < 40; ++i) link.peripheral.inject("02 40 20 07 00 03 00 04 00 0a 16 00");
    CHECK(link.peripheral.host.disconnect(link.conn) == errc::already_in_progress);
    link.world.advance(5s);
    CHECK(std::holds_alternative<CentralDisconnect>(link.peripheral.events().back()));
}

TEST_CASE("flow: nothing is lost or reordered while the transport itself takes nothing") {
    GattLink link;
    Wire& wire = *link.peripheral.wire;
    wire.held = true;
    wire.capacity = 3;
    std::uint8_t counter = 0;
    const std::size_t accepted = fill(link, counter);
    REQUIRE(!link.peripheral.host.scan({}));
    REQUIRE(!link.peripheral.host.advertise(20ms, {}, {}, true));
    link.run();
    CHECK(link.central.events().empty());
    for (int i = 0; i < 20; ++i) {
        wire.release();
        link.run();
        wire.held = true;
    }
    wire.release();
    link.run();
    REQUIRE(link.central.count<GattcNotify>() == accepted);
    std::uint8_t expected = 0;
    for (const Event& event : link.central.events())
        CHECK(std::get<GattcNotify>(event).data == Bytes{Octets{expected++}});
    CHECK(link.peripheral.count<ControllerRestarted>() == 0);
    CHECK(!link.peripheral.host.stop_scan());
}
