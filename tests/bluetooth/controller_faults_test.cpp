// SPDX-License-Identifier: MIT
//
// A whole host over a controller that goes wrong in the ways of virtual_controller/faults.hpp.
#include <doctest/doctest.h>

#include "tests/bluetooth/gatt_link.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

TEST_CASE("controller faults: one that falls silent is given up, after its links have ended") {
    GattLink link;
    link.central.controller->faults().silent = true;
    REQUIRE(!link.central.host.disconnect(GattLink::conn));
    link.world.advance(30s);
    CHECK(link.central.count<PeripheralDisconnect>() == 1);
    CHECK(link.central.count<AdapterLost>() == 1);
    CHECK(!link.central.host.active());
}

TEST_CASE("controller faults: answers that are late cost time, nothing else") {
    World world;
    Device& peripheral = world.add();
    Device& central = world.add();
    for (Device* device : {&peripheral, &central})
        device->controller->faults().answer_delay = 500ms;
    REQUIRE(!peripheral.host.advertise(100ms, {}, {}, true));
    world.advance(3s);
    REQUIRE(!central.host.connect(AddressType::public_device, address_of(1), 20s, {}, {}));
    world.advance(10s);
    REQUIRE(central.count<PeripheralConnect>() == 1);
    REQUIRE(peripheral.count<CentralConnect>() == 1);
    REQUIRE(!central.host.disconnect(central.last<PeripheralConnect>()->conn_handle));
    world.advance(5s);
    CHECK(central.count<PeripheralDisconnect>() == 1);
    CHECK(central.count<ControllerRestarted>() == 0);
    CHECK(peripheral.count<CentralDisconnect>() == 1);
}

TEST_CASE(
    "controller faults: more packets told as completed than there were are believed no more") {
    GattLink link;
    link.peripheral.controller->faults().completed_packets_error = 7;
    std::uint8_t counter = 0;
    std::size_t sent = 0;
    for (int round = 0; round < 50; ++round) {
        for (;; ++counter, ++sent)
            if (link.peripheral.host.notify(link.conn, link.value, {{&counter, 1}})) break;
        link.run();
    }
    CHECK(sent > 1000);
    CHECK(link.central.count<GattcNotify>() == sent);
    CHECK(link.peripheral.controller->counters().refused_data == 0);
}

TEST_CASE("controller faults: a controller that has forgotten its links is found out") {
    GattLink link;
    link.world.air.reset(*link.central.controller);
    REQUIRE(!link.central.host.read(link.conn, link.value));
    link.world.advance(2min);
    CHECK(link.central.count<PeripheralDisconnect>() == 1);
    CHECK(link.peripheral.count<CentralDisconnect>() == 1);
}

TEST_CASE("controller faults: whatever bit of its events is wrong, the host stays whole") {
    for (unsigned step = 0; step < 150; ++step) {
        CAPTURE(step);
        GattLink link;
        for (unsigned i = 0; i < step % 30; ++i) (void)link.central.controller->random().next();
        link.central.controller->faults().corrupt_events = 1 + step % 5;
        (void)link.central.host.read(link.conn, link.value);
        (void)link.peripheral.host.notify(link.conn, link.value, {});
        (void)link.central.host.update_connection(link.conn, 50ms, 50ms, 0, 4s);
        link.world.advance(5s);
        (void)link.central.host.disconnect(link.conn);
        link.world.advance(2min);
        // Its own end of the link is gone, in which way ever.
        CHECK(link.central.count<PeripheralDisconnect>() <= 1);
        link.central.host.stop();
        link.world.advance(5s);
        CHECK(!link.central.host.active());
        link.central.controller->faults().corrupt_events = 0;
        link.world.start(link.central);
    }
}
