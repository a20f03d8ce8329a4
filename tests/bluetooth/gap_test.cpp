// SPDX-License-Identifier: MIT
//
// gap_*: advertising, scanning, connecting and disconnecting, between whole hosts.
#include <doctest/doctest.h>

#include "tests/support/host_world.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

const ConnectionHandle conn{0x0040};
const gap::ScanParameters always{.interval = 20ms, .window = 20ms};
constexpr auto public_device = AddressType::public_device;
const std::string no_link = "PeripheralDisconnect ffff 255 00:00:00:00:00:00 ";

error_code connect_to(Device& device, std::uint8_t number, std::chrono::milliseconds timeout = 2s) {
    return device.host.connect(public_device, address_of(number), timeout, {}, {});
}

}  // namespace

// ---- advertising and scanning

TEST_CASE("gap: data not given stays what it was; empty data clears it") {
    World world;
    Device& device = world.add();
    Device& observer = world.add();
    REQUIRE(!observer.host.scan({.interval = 20ms, .window = 20ms, .active = true}));
    const auto heard = [&] {
        world.advance(50ms);
        observer.forget_events();
        world.advance(50ms);
        Lines lines = observer.take_events();
        std::ranges::sort(lines);
        lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
        return lines;
    };
    const std::string from = "ScanResult 0 00:AA:01:00:00:01 ";
    REQUIRE(!device.host.advertise(20ms, hex("02 01 06"), hex("02 0a 00"), true));
    CHECK(heard() == Lines{from + "0 \"020106\"", from + "4 \"020a00\""});
    REQUIRE(!device.host.advertise(20ms, {}, {}, false));  // ADV_SCAN_IND
    CHECK(heard() == Lines{from + "2 \"020106\"", from + "4 \"020a00\""});
    REQUIRE(!device.host.advertise(20ms, Octets(31, 1), Bytes{}, true));
    CHECK(heard() == Lines{from + "0 \"" + to_hex(Octets(31, 1)) + "\"", from + "4 \"\""});
    device.host.stop_advertising();
    device.host.stop_advertising();  // harmless
    CHECK(heard().empty());
    REQUIRE(!device.host.advertise(20ms, {}, {}, true));
    CHECK(heard() == Lines{from + "0 \"" + to_hex(Octets(31, 1)) + "\"", from + "4 \"\""});
    CHECK(device.events().empty());
}

TEST_CASE("gap: the latest of many advertising calls in a row counts") {
    World world;
    Device& device = world.add();
    Device& observer = world.add();
    REQUIRE(!observer.host.scan(always));
    for (std::uint8_t i = 0; i < 50; ++i) {
        REQUIRE(!device.host.advertise(20ms, Bytes{&i, 1}, {}, i % 2 == 0));
        if (i % 8 == 0) device.host.stop_advertising();
    }
    world.advance(100ms);
    REQUIRE(observer.count<ScanResult>() > 0);
    CHECK(observer.last<ScanResult>()->adv_data == hex("31"));
    CHECK(observer.last<ScanResult>()->adv_type == 2);
    CHECK(device.events().empty());
}

TEST_CASE("gap: a scan ends by its duration or by hand, with one ScanDone") {
    World world;
    Device& device = world.add();
    Host& host = device.host;
    REQUIRE(!host.scan({.duration = 300ms}));
    CHECK(host.scan({}) == errc::already_in_progress);
    world.advance(299ms);
    CHECK(device.take_events().empty());
    world.advance(1ms);
    CHECK(device.take_events() == Lines{"ScanDone ok"});
    CHECK(!host.stop_scan());  // silent
    CHECK(device.take_events().empty());
    REQUIRE(!host.scan({}));
    CHECK(!host.stop_scan());
    CHECK(device.take_events() == Lines{"ScanDone ok"});  // before the call has returned
    CHECK(!host.scan({.duration = -1ms}));
    CHECK(device.take_events() == Lines{"ScanDone ok"});
    CHECK(host.scan({.interval = 20ms, .window = 21ms}) == errc::invalid_argument);
    world.advance(60s);
    CHECK(device.take_events().empty());
}

TEST_CASE("gap: each advertising event is reported, unless duplicates are filtered") {
    World world;
    Device& device = world.add();
    Device& observer = world.add();
    REQUIRE(!device.host.advertise(20ms, hex("02 01 06"), {}, true));
    REQUIRE(!observer.host.scan(always));
    world.advance(1s);
    CHECK(observer.count<ScanResult>() > 30);
    REQUIRE(!observer.host.stop_scan());
    observer.forget_events();
    REQUIRE(!observer.host.scan({.interval = 20ms, .window = 20ms, .filter_duplicates = true}));
    world.advance(1s);
    CHECK(observer.count<ScanResult>() == 1);
    CHECK(observer.last<ScanResult>()->rssi < 0);
}

// ---- connecting

TEST_CASE("gap: connecting ends the peer's advertising and our scan, and comes to both sides") {
    World world;
    Device& peripheral = world.add();
    Device& central = world.add();
    Device& observer = world.add();
    REQUIRE(!peripheral.host.advertise(20ms, hex("02 01 06"), {}, true));
    REQUIRE(!central.host.scan(always));
    REQUIRE(!connect_to(central, 1));
    CHECK(central.take_events() == Lines{"ScanDone ok"});
    world.advance(100ms);
    CHECK(central.take_events() == Lines{"PeripheralConnect 0040 0 00:AA:01:00:00:01"});
    CHECK(peripheral.take_events() == Lines{"CentralConnect 0040 0 00:AA:01:00:00:02"});
    REQUIRE(!observer.host.scan(always));
    world.advance(1s);
    CHECK(observer.events().empty());

    CHECK(connect_to(central, 1) == errc::already_done);
    CHECK(errno_value(connect_to(central, 1)) == 5);
    SUBCASE("the central ends it") {
        CHECK(!central.host.disconnect(conn));
        CHECK(central.host.disconnect(conn) == errc::already_in_progress);
        world.advance(100ms);
        CHECK(central.take_events() ==
              Lines{"PeripheralDisconnect 0040 0 00:AA:01:00:00:01 hci 16"});
        CHECK(peripheral.take_events() ==
              Lines{"CentralDisconnect 0040 0 00:AA:01:00:00:02 hci 13"});
    }
    SUBCASE("the peripheral ends it") {
        CHECK(!peripheral.host.disconnect(conn));
        world.advance(100ms);
        CHECK(central.take_events() ==
              Lines{"PeripheralDisconnect 0040 0 00:AA:01:00:00:01 hci 13"});
        CHECK(peripheral.take_events() ==
              Lines{"CentralDisconnect 0040 0 00:AA:01:00:00:02 hci 16"});
    }
    SUBCASE("the peer falls out of reach") {
        world.air.vanish(*peripheral.controller);
        world.advance(5s);
        CHECK(central.take_events() ==
              Lines{"PeripheralDisconnect 0040 0 00:AA:01:00:00:01 hci 08"});
    }
    CHECK(central.host.disconnect(conn) == errc::not_connected);
}

TEST_CASE("gap: an attempt without an answer ends after its time") {
    World world;
    Device& device = world.add();
    REQUIRE(!connect_to(device, 9, 500ms));
    CHECK(connect_to(device, 9) == errc::already_in_progress);
    CHECK(connect_to(device, 8) == errc::already_in_progress);
    CHECK(device.host.scan({}) == errc::busy);
    world.advance(499ms);
    CHECK(device.take_events().empty());
    world.advance(2ms);
    CHECK(device.take_events() == Lines{no_link + "errno 110"});
    REQUIRE(!connect_to(device, 9, 0ms));  // the default, 30 s
    world.advance(29s);
    CHECK(device.take_events().empty());
    world.advance(2s);
    CHECK(device.take_events() == Lines{no_link + "errno 110"});
    REQUIRE(!connect_to(device, 9, -1ms));
    CHECK(device.take_events() == Lines{no_link + "errno 110"});
    REQUIRE(!connect_to(device, 9, std::chrono::milliseconds::max()));
    world.advance(1000s);
    CHECK(device.take_events().empty());
}

TEST_CASE("gap: an attempt can be cancelled, once") {
    World world;
    Device& device = world.add();
    CHECK(device.host.cancel_connect() == errc::already_in_progress);
    REQUIRE(!connect_to(device, 9));
    SUBCASE("at once") {}
    SUBCASE("later") { world.advance(100ms); }
    CHECK(!device.host.cancel_connect());
    CHECK(device.host.cancel_connect() == errc::already_in_progress);
    world.advance(100ms);
    CHECK(device.take_events() == Lines{no_link + "hci 44"});
    CHECK(device.host.cancel_connect() == errc::already_in_progress);
    CHECK(!device.host.scan({}));
}

TEST_CASE("gap: a controller that never ends a cancelled attempt does not wedge the host") {
    World world;
    Device& device = world.add();
    Device& peer = world.add();
    const Octets ended = hex("04 3e 1f 0a");  // LE Enhanced Connection Complete
    device.tamper = [&](Octets& packet) {
        if (packet.size() > 4 && Bytes{packet}.first(4) == ended) packet.clear();
    };
    REQUIRE(!connect_to(device, 9));
    world.advance(10ms);
    CHECK(!device.host.cancel_connect());
    world.advance(1999ms);
    CHECK(device.take_events().empty());
    world.advance(1ms);
    CHECK(device.take_events() == Lines{no_link + "hci 44"});
    device.tamper = {};
    world.connect(device, peer);
}

TEST_CASE("gap: a controller that refuses to cancel does not wedge the host either") {
    World world;
    Device& device = world.add();
    const Octets answer = hex("04 0e 04 01 0e 20 00");
    device.tamper = [&](Octets& packet) {
        if (packet == answer) packet[6] = 0x0c;  // Command Disallowed
    };
    REQUIRE(!connect_to(device, 9));
    world.advance(10ms);
    CHECK(!device.host.cancel_connect());
    world.advance(10ms);
    CHECK(device.take_events() == Lines{no_link + "hci 44"});
}

TEST_CASE("gap: a connection that comes after its attempt was given up is closed unseen") {
    World world;
    Device& device = world.add();
    Device& peer = world.add();
    device.tamper = [](Octets& packet) {
        if (packet == hex("04 0e 04 01 0e 20 00")) packet[6] = 0x0c;
    };
    REQUIRE(!connect_to(device, 2));
    world.advance(10ms);
    // The peer answers in the moment in which we give up.
    REQUIRE(!device.host.cancel_connect());
    world.settle();
    CHECK(device.take_events() == Lines{no_link + "hci 44"});
    device.tamper = {};
    device.inject("04 3e 13 01 00 45 00 00 00 02 00 00 01 aa 00 18 00 00 00 2a 00 00");
    CHECK(device.take_events().empty());
    CHECK(device.host.disconnect(ConnectionHandle{0x45}) == errc::not_connected);
    world.connect(device, peer);
}

TEST_CASE("gap: a refused attempt is reported as such") {
    World world;
    Device& device = world.add();
    device.tamper = [](Octets& packet) {
        if (packet == hex("04 0f 04 00 01 0d 20")) packet[3] = 0x0d;  // limited resources
    };
    REQUIRE(!connect_to(device, 9));
    world.advance(10ms);
    CHECK(device.take_events() == Lines{no_link + "hci 0d"});
}

TEST_CASE("gap: refused advertising is reported by CommandFailed, a refused scan by ScanDone") {
    World world;
    Device& device = world.add();
    device.tamper = [](Octets& packet) {
        if (packet == hex("04 0e 04 01 06 20 00") || packet == hex("04 0e 04 01 0b 20 00"))
            packet[6] = 0x12;
    };
    REQUIRE(!device.host.advertise(20ms, {}, {}, true));
    REQUIRE(!device.host.scan({}));
    world.settle();
    CHECK(device.take_events() == Lines{"CommandFailed gap_advertise hci 12", "ScanDone hci 12"});
    device.tamper = {};
    REQUIRE(!device.host.advertise(20ms, {}, {}, true));
    REQUIRE(!device.host.scan({}));
    world.advance(100ms);
    CHECK(device.take_events().empty());
}

TEST_CASE("gap: a controller that never reports the end of a link is not believed for ever") {
    World world;
    Device& device = world.add();
    Device& peer = world.add();
    world.connect(device, peer);
    device.tamper = [](Octets& packet) {
        if (packet[0] == 0x04 && packet[1] == 0x05) packet.clear();
    };
    REQUIRE(!device.host.disconnect(conn));
    world.advance(34s);
    CHECK(device.take_events().empty());
    world.advance(2s);
    CHECK(device.take_events() == Lines{"PeripheralDisconnect 0040 0 00:AA:01:00:00:02 errno 110",
                                        "ControllerRestarted errno 110"});
}

TEST_CASE("gap: advertising, scanning and links of both roles go side by side") {
    World world;
    Device& device = world.add();
    Device& one = world.add();
    Device& two = world.add();
    world.connect(device, one);
    world.connect(two, device);
    CHECK(!device.host.advertise(20ms, {}, {}, true));
    CHECK(!device.host.scan(always));
    CHECK(!one.host.advertise(20ms, {}, {}, false));
    world.advance(1s);
    CHECK(device.count<ScanResult>() > 10);
    CHECK(device.count<CentralDisconnect>() + device.count<PeripheralDisconnect>() == 0);
    CHECK(!device.host.read(conn, AttributeHandle{3}));
    CHECK(!device.host.read(ConnectionHandle{0x41}, AttributeHandle{3}));
    world.advance(1s);
    CHECK(device.count<GattcReadResult>() == 2);
}
