// SPDX-License-Identifier: MIT
//
// What a handler may do, and what comes of it.
#include <doctest/doctest.h>

#include <stdexcept>

#include "tests/bluetooth/gatt_link.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

TEST_CASE("handler: stopping a scan inside one is followed by ScanDone at once") {
    World world;
    Device& one = world.add();
    Device& observer = world.add();
    REQUIRE(!one.host.advertise(20ms, {}, {}, true));
    observer.handler = [&](const Event& event) {
        if (!std::holds_alternative<ScanResult>(event)) return;
        const std::size_t before = observer.events().size();
        CHECK(observer.host.in_handler());
        CHECK(!observer.host.stop_scan());
        CHECK(observer.events().size() == before);  // not inside another handler
    };
    REQUIRE(!observer.host.scan({.interval = 20ms, .window = 20ms}));
    world.settle();
    // Two reports in one event: the rest of what the handler interrupted is discarded.
    observer.inject("04 3e 16 02 02 00 00 66 55 44 33 22 11 00 c4 00 00 66 55 44 33 22 12 00 c4");
    CHECK(observer.take_events() == Lines{"ScanResult 0 11:22:33:44:55:66 0 \"\"", "ScanDone ok"});
    CHECK(!observer.host.in_handler());
}

TEST_CASE("handler: another one takes over after the running one has returned") {
    GattLink link;
    std::vector<int> heard;
    link.peripheral.host.irq([&](const Event&) {
        link.peripheral.host.irq([&](const Event&) { heard.push_back(2); });
        heard.push_back(1);
        CHECK(!link.peripheral.host.indicate(link.conn, link.value, {}));
    });
    REQUIRE(!link.central.host.write(link.conn, link.value, hex("01"), false));
    link.run();
    CHECK(heard == std::vector{1, 2});
    link.peripheral.host.irq({});
    REQUIRE(!link.central.host.write(link.conn, link.value, hex("01"), false));
    link.run();
    CHECK(heard == std::vector{1, 2});
    link.peripheral.listen();
    REQUIRE(!link.central.host.write(link.conn, link.value, hex("01"), false));
    link.run();
    CHECK(link.peripheral.take_events() == Lines{"GattsWrite 0040 0016"});
}

TEST_CASE("handler: one that removes itself hears no more") {
    GattLink link;
    int heard = 0;
    link.peripheral.host.irq([&](const Event&) {
        ++heard;
        link.peripheral.host.irq({});
        CHECK(!link.peripheral.host.indicate(link.conn, link.value, {}));
    });
    for (int i = 0; i < 3; ++i)
        REQUIRE(!link.central.host.write(link.conn, link.value, hex("01"), true));
    link.run();
    CHECK(heard == 1);
    CHECK(link.central.count<GattcWriteDone>() == 3);
}

TEST_CASE("handler: an exception is reported and costs nothing but itself") {
    GattLink link;
    link.peripheral.handler = [](const Event& event) {
        if (const auto* request = std::get_if<GattsReadRequest>(&event))
            request->answer(att::ErrorCode{0x80});
        if (std::holds_alternative<GattsWrite>(event)) throw 42;
        throw std::runtime_error("thrown by the test");
    };
    REQUIRE(!link.central.host.read(link.conn, link.value));
    REQUIRE(!link.central.host.write(link.conn, link.value, hex("01"), true));
    REQUIRE(!link.central.host.write(link.conn, link.value, hex("02"), true));
    link.run();
    CHECK(link.peripheral.count<GattsWrite>() == 2);
    CHECK(link.central.take_events() == Lines{"GattcReadDone 0040 0016 status 384",
                                              "GattcWriteDone 0040 0016 status 0",
                                              "GattcWriteDone 0040 0016 status 0"});
    CHECK(!link.peripheral.host.in_handler());
}

TEST_CASE("handler: each next call may be made in the handler of the one before, for ever") {
    GattLink link;
    int left = 2000;
    link.central.handler = [&](const Event& event) {
        if (std::holds_alternative<GattcReadDone>(event) && --left > 0)
            CHECK(!link.central.host.read(link.conn, link.value));
    };
    REQUIRE(!link.central.host.read(link.conn, link.value));
    link.world.settle();
    CHECK(left == 0);
}

TEST_CASE("handler: what it causes comes before the rest of what it interrupted") {
    World world;
    Device& device = world.add();
    REQUIRE(!device.host.scan({.interval = 20ms, .window = 20ms}));
    world.settle();
    device.handler = [&](const Event& event) {
        if (std::holds_alternative<ScanResult>(event) && device.count<ScanResult>() == 1) {
            CHECK(!device.host.connect(AddressType::public_device, address_of(9), -1ms, {}, {}));
            CHECK(!device.host.scan({.duration = -1ms}));
        }
    };
    device.inject("04 3e 16 02 02 00 00 66 55 44 33 22 11 00 c4 00 00 66 55 44 33 22 12 00 c4");
    CHECK(device.take_events() == Lines{"ScanResult 0 11:22:33:44:55:66 0 \"\"", "ScanDone ok",
                                        "PeripheralDisconnect ffff 255 00:00:00:00:00:00 errno 110",
                                        "ScanDone ok"});
}

TEST_CASE("handler: every call may be made in every handler") {
    World world;
    Device& device = world.add();
    Device& peer = world.add();
    const std::vector<gatt::ServiceDefinition> services{
        {UUID{0xff10},
         {{UUID{0xff11},
           att::flag::read | att::flag::write | att::flag::notify | att::flag::indicate,
           {}}}}};
    const AttributeHandle value{0x0016}, configuration{0x0017};
    const ConnectionHandle conn{0x0040};
    const auto call = [&](Host& host, std::size_t which) {
        error_code error;
        config::mac mac;
        switch (which % 24) {
        case 0: (void)host.advertise(20ms, hex("01"), {}, true); break;
        case 1: host.stop_advertising(); break;
        case 2: (void)host.scan({.duration = 30ms, .interval = 20ms, .window = 20ms}); break;
        case 3: (void)host.stop_scan(); break;
        case 4: (void)host.connect(AddressType::public_device, address_of(1), 1s, {}, {}); break;
        case 5: (void)host.connect(AddressType::public_device, address_of(2), 1s, {}, {}); break;
        case 6: (void)host.cancel_connect(); break;
        case 7: (void)host.disconnect(conn); break;
        case 8: (void)host.update_connection(conn, 30ms, 50ms, 0, 1s); break;
        case 9: (void)host.register_services(services, error); break;
        case 10: (void)host.read_value(value, error); break;
        case 11: (void)host.write_value(value, hex("01"), true); break;
        case 12: (void)host.set_buffer(value, 30, which % 2 == 0); break;
        case 13: (void)host.notify(conn, value, {}); break;
        case 14: (void)host.indicate(conn, value, {}); break;
        case 15: (void)host.discover_services(conn, {}); break;
        case 16: (void)host.discover_characteristics(conn, value, configuration, {}); break;
        case 17: (void)host.discover_descriptors(conn, value, configuration); break;
        case 18: (void)host.read(conn, value); break;
        case 19: (void)host.write(conn, configuration, hex("03 00"), true); break;
        case 20: (void)host.write(conn, value, hex("02"), which % 2 == 0); break;
        case 21: (void)host.exchange_mtu(conn); break;
        case 22: (void)host.set(config::addr_mode::public_address); break;
        default: (void)host.get(mac); break;
        }
    };
    virtual_controller::SeededRandom random{5};
    int calls = 0;
    for (Device* side : {&device, &peer})
        side->handler = [&, side](const Event&) {
            for (std::size_t i = random.next() % 4; i > 0 && ++calls < 20'000; --i)
                call(side->host, random.next() % 48);
        };
    for (int round = 0; round < 1000; ++round) {
        call(device.host, random.next() % 48);
        call(peer.host, random.next() % 48);
        world.advance(20ms);
    }
    CHECK(calls > 800);
    for (Device* side : {&device, &peer}) side->handler = {};
    world.advance(120s);
    // Everything that was begun has ended.
    for (Device* side : {&device, &peer}) {
        CHECK(side->host.active());
        CHECK(side->count<ControllerRestarted>() == 0);
        side->forget_events();
        side->host.stop();
    }
    world.advance(1s);
    for (Device* side : {&device, &peer}) {
        CHECK(side->events().empty());
        CHECK(side->closed == 1);
    }
}
