// SPDX-License-Identifier: MIT
//
// gattc_*: what a client asks, and the MTU.
#include <doctest/doctest.h>

#include "tests/bluetooth/gatt_link.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

TEST_CASE("gattc: calls may follow each other at once and end in their order") {
    GattLink link;
    Host& host = link.central.host;
    CHECK(!host.exchange_mtu(link.conn));
    CHECK(!host.discover_services(link.conn, UUID{0xff10}));
    CHECK(!host.discover_services(link.conn, UUID{0xffff}));
    CHECK(!host.discover_characteristics(link.conn, AttributeHandle{0x14}, AttributeHandle{0x1c},
                                         {}));
    CHECK(!host.discover_characteristics(link.conn, AttributeHandle{1}, AttributeHandle{0xffff},
                                         UUID{0xff12}));
    CHECK(!host.discover_descriptors(link.conn, link.value, AttributeHandle{0x18}));
    CHECK(!host.write(link.conn, link.value, hex("01 02"), true));
    CHECK(!host.read(link.conn, link.value));
    CHECK(!host.read(link.conn, AttributeHandle{0x7777}));
    link.run();
    CHECK(link.central.take_events() ==
          Lines{"MtuExchanged 0040 256", "GattcServiceResult 0040 0014 001c UUID(0xff10)",
                "GattcServiceDone 0040 status 0", "GattcServiceDone 0040 status 0",
                "GattcCharacteristicResult 0040 0018 0016 62 UUID(0xff11)",
                "GattcCharacteristicResult 0040 001a 001a 0 UUID(0xff12)",
                "GattcCharacteristicResult 0040 001c 001c 4 UUID(0xff13)",
                "GattcCharacteristicDone 0040 status 0",
                "GattcCharacteristicResult 0040 001a 001a 0 UUID(0xff12)",
                "GattcCharacteristicDone 0040 status 0",
                "GattcDescriptorResult 0040 0017 UUID(0x2902)",
                "GattcDescriptorResult 0040 0018 UUID(0x2901)", "GattcDescriptorDone 0040 status 0",
                "GattcWriteDone 0040 0016 status 0", "GattcReadResult 0040 0016 \"0102\"",
                "GattcReadDone 0040 0016 status 0", "GattcReadDone 0040 7777 status 257"});
}

TEST_CASE("gattc: bad handles and ranges are refused, as is a link that does not exist") {
    GattLink link;
    Host& host = link.central.host;
    const AttributeHandle none{0}, one{1}, two{2};
    CHECK(host.discover_characteristics(link.conn, two, one, {}) == errc::invalid_argument);
    CHECK(host.discover_characteristics(link.conn, none, one, {}) == errc::invalid_argument);
    CHECK(host.discover_descriptors(link.conn, two, one) == errc::invalid_argument);
    CHECK(host.read(link.conn, none) == errc::invalid_argument);
    CHECK(host.write(link.conn, none, hex("01"), true) == errc::invalid_argument);
    CHECK(host.write(link.conn, none, hex("01"), false) == errc::invalid_argument);
    const ConnectionHandle other{0x41};
    CHECK(host.discover_services(other, {}) == errc::not_connected);
    CHECK(host.discover_characteristics(other, one, two, {}) == errc::not_connected);
    CHECK(host.discover_descriptors(other, one, two) == errc::not_connected);
    CHECK(host.read(other, one) == errc::not_connected);
    CHECK(host.write(other, one, hex("01"), true) == errc::not_connected);
    CHECK(host.write(other, one, hex("01"), false) == errc::not_connected);
    CHECK(host.exchange_mtu(other) == errc::not_connected);
    CHECK(host.mtu(other) == 23);
    link.run();
    CHECK(link.central.events().empty());
}

TEST_CASE("gattc: the queue of calls is bounded") {
    GattLink link;
    error_code error;
    std::size_t accepted = 0;
    while (!(error = link.central.host.read(link.conn, link.value))) ++accepted;
    CHECK(error == errc::busy);
    CHECK(accepted >= 8);
    CHECK(accepted <= 64);
    link.run();
    CHECK(link.central.count<GattcReadDone>() == accepted);
}

TEST_CASE("gattc: disconnecting fails what is pending, before the link's last event") {
    GattLink link;
    REQUIRE(!link.central.host.read(link.conn, link.value));
    REQUIRE(!link.central.host.write(link.conn, link.value, hex("01"), true));
    REQUIRE(!link.central.host.discover_services(link.conn, {}));
    REQUIRE(!link.central.host.exchange_mtu(link.conn));
    link.central.tamper = [](Octets& packet) {
        if (packet[0] == 0x02) packet.clear();
    };
    CHECK(!link.central.host.disconnect(link.conn));
    CHECK(link.central.events().empty());
    link.run();
    CHECK(link.central.take_events() ==
          Lines{"GattcReadDone 0040 0000 status 7", "GattcWriteDone 0040 0016 status 7",
                "GattcServiceDone 0040 status 7",
                "PeripheralDisconnect 0040 0 00:AA:01:00:00:01 hci 16"});
}

TEST_CASE("gattc: a request that is not answered for 30 s fails and the link is closed") {
    GattLink link;
    REQUIRE(!link.central.host.read(link.conn, link.value));
    REQUIRE(!link.central.host.write(link.conn, link.value, hex("01"), true));
    link.central.tamper = [](Octets& packet) {
        if (packet[0] == 0x02) packet.clear();
    };
    link.world.advance(29s);
    CHECK(link.central.events().empty());
    link.world.advance(2s);
    CHECK(link.central.take_events() ==
          Lines{"GattcReadDone 0040 0016 status 13", "GattcWriteDone 0040 0016 status 7",
                "PeripheralDisconnect 0040 0 00:AA:01:00:00:01 hci 16"});
    CHECK(link.peripheral.take_events().back() ==
          "CentralDisconnect 0040 0 00:AA:01:00:00:02 hci 13");
}

TEST_CASE("gattc: the MTU is the smaller of both wishes, exchanged once, by either side") {
    GattLink link;
    SUBCASE("256 by default") {
        CHECK(!link.central.host.exchange_mtu(link.conn));
        link.run();
        CHECK(link.central.take_events() == Lines{"MtuExchanged 0040 256"});
        CHECK(link.peripheral.take_events() == Lines{"MtuExchanged 0040 256"});
    }
    SUBCASE("the peripheral's, set while the link was up") {
        CHECK(!link.peripheral.host.set(config::mtu{100}));
        CHECK(!link.central.host.exchange_mtu(link.conn));
        link.run();
        CHECK(link.central.take_events() == Lines{"MtuExchanged 0040 100"});
    }
    SUBCASE("the central's, and the peripheral asks") {
        CHECK(!link.central.host.set(config::mtu{50}));
        CHECK(!link.peripheral.host.exchange_mtu(link.conn));
        link.run();
        CHECK(link.peripheral.take_events() == Lines{"MtuExchanged 0040 50"});
        CHECK(link.peripheral.host.mtu(link.conn) == 50);
        CHECK(link.central.host.mtu(link.conn) == 50);
    }
    CHECK(link.central.host.exchange_mtu(link.conn) == errc::already_in_progress);
    CHECK(link.peripheral.host.exchange_mtu(link.conn) == errc::already_in_progress);
    // The next link begins anew.
    link.central.forget_events();
    REQUIRE(!link.central.host.disconnect(link.conn));
    link.world.advance(1s);
    link.world.connect(link.central, link.peripheral);
    CHECK(link.central.host.mtu(link.conn) == 23);
    CHECK(!link.central.host.set(config::mtu{517}));
    CHECK(!link.peripheral.host.set(config::mtu{517}));
    CHECK(!link.central.host.exchange_mtu(link.conn));
    link.run();
    CHECK(link.central.take_events() == Lines{"MtuExchanged 0040 517"});
}

TEST_CASE("gattc: writes, reads and notifications are cut to what the MTU carries") {
    GattLink link;
    REQUIRE(!link.peripheral.host.set(config::mtu{50}));
    REQUIRE(!link.peripheral.host.set_buffer(link.value, 500, false));
    REQUIRE(!link.central.host.exchange_mtu(link.conn));
    const Octets wanted(70, 0x42);
    REQUIRE(!link.central.host.write(link.conn, link.value, wanted, true));
    link.run();
    CHECK(link.central.last<GattcWriteDone>()->status == 0);
    CHECK(link.stored() == Octets(47, 0x42));
    REQUIRE(!link.central.host.write(link.conn, link.value, Octets(70, 0x43), false));
    link.run();
    CHECK(link.stored() == Octets(47, 0x43));
    REQUIRE(!link.peripheral.host.write_value(link.value, wanted, false));
    REQUIRE(!link.central.host.read(link.conn, link.value));
    REQUIRE(!link.peripheral.host.notify(link.conn, link.value, {}));
    link.run();
    CHECK(link.central.last<GattcReadResult>()->data == Octets(49, 0x42));
    CHECK(link.central.last<GattcNotify>()->data == Octets(47, 0x42));
}

TEST_CASE("gattc: the longest PDUs pass through the shortest ACL packets") {
    World world;
    Device& device = world.add(virtual_controller::Profile::bluetooth_4_0());
    Device& peer = world.add(virtual_controller::Profile::bluetooth_4_0());
    error_code error;
    (void)peer.host.register_services(
        std::vector<gatt::ServiceDefinition>{
            {UUID{1}, {{UUID{2}, att::flag::read | att::flag::write, {}}}}},
        error);
    const AttributeHandle value{0x0016};
    REQUIRE(!peer.host.set_buffer(value, 512, false));
    for (Device* side : {&device, &peer}) REQUIRE(!side->host.set(config::mtu{517}));
    const ConnectionHandle conn = world.connect(device, peer).central;
    REQUIRE(!device.host.exchange_mtu(conn));
    Octets octets(512);
    for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = static_cast<std::uint8_t>(i);
    REQUIRE(!device.host.write(conn, value, octets, true));
    REQUIRE(!device.host.read(conn, value));
    world.advance(1s);
    REQUIRE(device.last<GattcReadResult>() != nullptr);
    CHECK(device.last<GattcReadResult>()->data == octets);
}

TEST_CASE("config: options are checked, and those without a controller work without one") {
    World world;
    Host& host = world.add_idle().host;
    config::gap_name name;
    config::rxbuf rxbuf;
    config::send_queue queue;
    CHECK(!host.get(name));
    CHECK(name.value == "asioble");
    CHECK(!host.set(config::gap_name{std::string("a\0b", 3)}));
    CHECK(!host.get(name));
    CHECK(name.value == std::string("a\0b", 3));
    CHECK(!host.set(config::gap_name{std::string(248, 'x')}));
    CHECK(host.set(config::gap_name{std::string(249, 'x')}) == errc::invalid_argument);
    CHECK(!host.get(rxbuf));
    CHECK(rxbuf.value == 128);
    CHECK(host.set(config::rxbuf{15}) == errc::invalid_argument);
    CHECK(!host.set(config::rxbuf{16}));
    CHECK(!host.get(rxbuf));
    CHECK(rxbuf.value == 16);
    CHECK(host.set(config::send_queue{0}) == errc::invalid_argument);
    CHECK(host.set(config::send_queue{1025}) == errc::invalid_argument);
    CHECK(!host.set(config::send_queue{1024}));
    CHECK(!host.get(queue));
    CHECK(queue.value == 1024);
}
