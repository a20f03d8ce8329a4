// SPDX-License-Identifier: MIT
//
// Bringing a controller up, losing it, getting it back, and leaving it clean.
#include <doctest/doctest.h>

#include "att/database.hpp"
#include "tests/support/host_world.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

const ConnectionHandle conn{0x0040};
const AttributeHandle attribute{0x0016};
const std::vector<gatt::ServiceDefinition> service{
    {UUID{0xff10}, {{UUID{0xff11}, att::flag::read | att::flag::indicate, {}}}}};

/// Whatever the host is asked for while it is not active, with what it answers.
void check_all_refused(Host& host, errc answer) {
    config::mac mac;
    config::mtu mtu;
    error_code error;
    CHECK(host.get(mac) == answer);
    CHECK(host.get(mtu) == answer);
    CHECK(host.set(config::mtu{100}) == answer);
    CHECK(host.set(config::addr_mode::random_static) == answer);
    CHECK(host.advertise(100ms, {}, {}, true) == answer);
    CHECK(host.scan({}) == answer);
    CHECK(host.stop_scan() == answer);
    CHECK(host.connect(AddressType::public_device, address_of(2), 2s, {}, {}) == answer);
    CHECK(host.cancel_connect() == answer);
    CHECK(host.disconnect(conn) == answer);
    CHECK(host.update_connection(conn, 30ms, 50ms, 0, 1s) == answer);
    CHECK(host.register_services(service, error).empty());
    CHECK(error == answer);
    CHECK(host.read_value(attribute, error).empty());
    CHECK(error == answer);
    CHECK(host.write_value(attribute, hex("01"), true) == answer);
    CHECK(host.set_buffer(attribute, 20, false) == answer);
    CHECK(host.notify(conn, attribute, {}) == answer);
    CHECK(host.indicate(conn, attribute, {}) == answer);
    CHECK(host.discover_services(conn, {}) == answer);
    CHECK(host.discover_characteristics(conn, attribute, attribute, {}) == answer);
    CHECK(host.discover_descriptors(conn, attribute, attribute) == answer);
    CHECK(host.read(conn, attribute) == answer);
    CHECK(host.write(conn, attribute, hex("01"), true) == answer);
    CHECK(host.write(conn, attribute, hex("01"), false) == answer);
    CHECK(host.exchange_mtu(conn) == answer);
}

void check_all_inactive(Host& host) {
    CHECK(!host.active());
    check_all_refused(host, errc::not_active);
    host.stop_advertising();  // harmless
    CHECK(host.mtu(conn) == 23);
    CHECK(host.controller_info().acl_data_packet_length == 0);
}

}  // namespace

TEST_CASE("host: before the start every call that needs a controller is refused as not active") {
    World world;
    Device& device = world.add_idle();
    check_all_inactive(device.host);
    device.host.stop();  // harmless
    CHECK(device.closed == 0);
}

TEST_CASE("host: bad arguments are refused before the lack of a controller") {
    World world;
    Host& host = world.add_idle().host;
    const Octets too_long(32);
    CHECK(host.advertise(19ms, {}, {}, true) == errc::invalid_argument);
    CHECK(host.advertise(10241ms, {}, {}, true) == errc::invalid_argument);
    CHECK(host.advertise(-1us, {}, {}, true) == errc::invalid_argument);
    CHECK(host.advertise(100ms, too_long, {}, true) == errc::invalid_argument);
    CHECK(host.advertise(100ms, {}, too_long, true) == errc::invalid_argument);
    CHECK(host.scan({.interval = 10ms, .window = 11ms}) == errc::invalid_argument);
    CHECK(host.connect(AddressType{4}, {}, 2s, {}, {}) == errc::invalid_argument);
    CHECK(host.connect(AddressType::public_device, {}, 2s, 7ms, {}) == errc::invalid_argument);
    CHECK(host.connect(AddressType::public_device, {}, 2s, 60ms, 50ms) == errc::invalid_argument);
    CHECK(host.update_connection(conn, 30ms, 50ms, 500, 30s) == errc::invalid_argument);
    CHECK(host.update_connection(conn, 30ms, 50ms, 0, 90ms) == errc::invalid_argument);
    CHECK(host.set(config::mtu{22}) == errc::invalid_argument);
    CHECK(host.set(config::mtu{518}) == errc::invalid_argument);
    CHECK(host.set(config::addr_mode{4}) == errc::invalid_argument);
}

TEST_CASE("host: bring-up tells what the controller is, and stopping forgets it") {
    World world;
    Device& device = world.add();
    CHECK(device.host.active());
    CHECK(device.host.controller_info().public_address == address_of(1));
    CHECK(device.host.controller_info().acl_data_packet_count == 8);
    CHECK(device.host.statistics().packets_sent > 5);
    device.host.stop();
    check_all_inactive(device.host);
    CHECK(device.host.closing());
    world.settle();
    CHECK(!device.host.closing());
    CHECK(device.closed == 1);
    CHECK(device.events().empty());
    CHECK(device.host.statistics().packets_sent == 0);
}

TEST_CASE("host: a silent controller fails the start within 2 s") {
    World world;
    Device& device = world.add_bare();
    device.start();
    world.advance(1999ms);
    CHECK(!device.started);
    world.advance(1ms);
    REQUIRE(device.started);
    CHECK(*device.started == errc::timed_out);
    CHECK(device.message.find("does not answer") != std::string::npos);
    CHECK(!device.wire->open());
    CHECK(device.closed == 1);
    CHECK(device.events().empty());
    check_all_inactive(device.host);
}

TEST_CASE("host: a transport lost during the start fails it with the transport's words") {
    World world;
    Device& device = world.add_bare();
    device.start();
    device.wire->lose(make_error(errc::connection_lost), "the plug was pulled");
    REQUIRE(device.started);
    CHECK(*device.started == errc::connection_lost);
    CHECK(device.message == "the plug was pulled");
    CHECK(device.events().empty());
}

TEST_CASE("host: a start can be given up") {
    World world;
    Device& device = world.add_bare();
    device.start();
    device.host.stop();
    CHECK(device.closed == 1);
    CHECK(!device.started);
    world.advance(10s);
    CHECK(!device.started);
    CHECK(device.closed == 1);
}

TEST_CASE("host: stopping leaves the controller clean in less than a second") {
    World world;
    Device& device = world.add();
    Device& peer = world.add();
    Device& observer = world.add();
    world.connect(device, peer);
    REQUIRE(!device.host.advertise(20ms, hex("02 01 06"), {}, true));
    REQUIRE(!device.host.scan({.interval = 20ms, .window = 20ms}));
    error_code error;
    (void)device.host.register_services(service, error);
    REQUIRE(!device.host.indicate(conn, attribute, {}));
    world.advance(10ms);
    device.forget_events();

    SUBCASE("the links are ended, not lost") {}
    SUBCASE("even with a connection attempt pending") {
        REQUIRE(!device.host.stop_scan());
        REQUIRE(!device.host.connect(AddressType::public_device, address_of(9), 30s, {}, {}));
        device.forget_events();
    }
    device.host.stop();
    world.advance(900ms);
    CHECK(device.closed == 1);
    CHECK(device.events().empty());
    CHECK(peer.take_events().back() == "CentralDisconnect 0040 0 00:AA:01:00:00:01 hci 13");
    REQUIRE(!observer.host.scan({.interval = 20ms, .window = 20ms}));
    world.advance(2s);
    CHECK(observer.events().empty());
}

TEST_CASE("host: a controller that answers no more does not hold up the closing") {
    World world;
    Device& device = world.add();
    Device& peer = world.add();
    world.connect(device, peer);
    device.tamper = [](Octets& packet) { packet.clear(); };
    device.host.stop();
    world.advance(999ms);  // half of it for the links, half for the reset
    CHECK(device.host.closing());
    world.advance(1ms);
    CHECK(!device.host.closing());
    CHECK(device.closed == 1);
}

TEST_CASE("host: start and stop alternate as often as one likes") {
    World world;
    Device& device = world.add();
    Device& peer = world.add();
    for (int round = 0; round < 20; ++round) {
        CAPTURE(round);
        if (round % 2 == 0)
            world.connect(device, peer);
        else
            world.connect(peer, device);
        error_code error;
        for (Device* side : {&device, &peer}) {
            const auto handles = side->host.register_services(service, error);
            REQUIRE(handles.size() == 1);
            REQUIRE(handles[0] == std::vector{attribute});
        }
        REQUIRE(!peer.host.indicate(conn, attribute, hex("01")));
        REQUIRE(!device.host.read(conn, attribute));
        if (round % 3 == 0) world.settle();
        device.host.stop();
        const std::size_t heard = device.events().size();
        world.advance(1s);
        CHECK(device.closed == static_cast<std::size_t>(round + 1));
        CHECK(device.events().size() == heard);
        CHECK(peer.count<CentralDisconnect>() + peer.count<PeripheralDisconnect>() == 1);
        peer.forget_events();
        device.forget_events();
        world.start(device);
    }
}

TEST_CASE("host: a start resets what belongs to one activation and keeps the rest") {
    World world;
    Device& device = world.add();
    error_code error;
    REQUIRE(!device.host.set(config::mtu{100}));
    REQUIRE(!device.host.set(config::gap_name{"kept"}));
    REQUIRE(!device.host.set(config::addr_mode::random_static));
    (void)device.host.register_services(service, error);
    REQUIRE(!device.host.advertise(20ms, hex("02 01 06"), {}, true));
    device.inject("04 05 00");  // malformed
    CHECK(device.host.statistics().packets_dropped == 1);
    device.host.stop();
    world.advance(1s);
    world.start(device);
    config::mtu mtu;
    config::gap_name name;
    config::mac mac;
    CHECK(!device.host.get(mtu));
    CHECK(mtu.value == 256);
    CHECK(!device.host.get(name));
    CHECK(name.value == "kept");
    CHECK(!device.host.get(mac));
    CHECK(mac.type == AddressType::public_device);
    CHECK(device.host.write_value(attribute, hex("01"), false) == errc::invalid_argument);
    CHECK(device.host.statistics().packets_dropped == 0);
    Device& observer = world.add();
    REQUIRE(!observer.host.scan({.interval = 20ms, .window = 20ms}));
    REQUIRE(!device.host.advertise(20ms, {}, {}, true));
    world.advance(100ms);
    REQUIRE(observer.count<ScanResult>() > 0);
    CHECK(observer.last<ScanResult>()->adv_data.empty());  // no data since the activation
}

TEST_CASE("host: a hardware error ends everything with its own event, then the host goes on") {
    World world;
    Device& device = world.add();
    Device& peer = world.add();
    Device& other = world.add();
    error_code error;
    REQUIRE(device.host.register_services(service, error).size() == 1);
    REQUIRE(!device.host.write_value(attribute, hex("c0 ff ee"), false));
    world.connect(device, peer);
    world.connect(other, device);
    const ConnectionHandle second{0x0041};
    REQUIRE(!device.host.read(conn, AttributeHandle{3}));
    REQUIRE(!device.host.indicate(second, attribute, {}));
    REQUIRE(!device.host.scan({}));
    REQUIRE(!device.host.advertise(20ms, {}, {}, true));
    device.tamper = [](Octets& packet) { packet.clear(); };
    world.advance(100ms);
    device.forget_events();
    device.tamper = {};

    bool checked = false;
    device.handler = [&](const Event& event) {
        if (std::holds_alternative<ControllerRestarted>(event) || checked) return;
        checked = true;
        CHECK(device.host.active());
        check_all_refused(device.host, errc::try_again);
    };
    SUBCASE("Hardware Error") { device.inject("04 10 01 00"); }
    SUBCASE("Data Buffer Overflow") { device.inject("04 1a 01 01"); }
    CHECK(checked);
    Lines events = device.take_events();
    REQUIRE(events.size() == 7);
    CHECK(events.back().starts_with("ControllerRestarted"));
    CHECK(events[0] == "GattsIndicateDone 0041 0016 status 7");
    CHECK(events[1].starts_with("CentralDisconnect 0041 0 00:AA:01:00:00:03"));
    CHECK(events[2] == "GattcReadDone 0040 0000 status 7");
    CHECK(events[3].starts_with("PeripheralDisconnect 0040 0 00:AA:01:00:00:02"));
    CHECK(device.count<ScanDone>() == 1);
    CHECK(device.last<ScanDone>()->error);
    CHECK(device.count<CommandFailed>() == 1);
    CHECK(device.last<CommandFailed>()->what == "gap_advertise");

    // The peers learn it by their supervision timeouts; services and values are kept.
    world.advance(5s);
    device.handler = {};
    world.connect(peer, device);
    REQUIRE(!peer.host.read(conn, attribute));
    world.advance(100ms);
    REQUIRE(peer.last<GattcReadResult>() != nullptr);
    CHECK(peer.last<GattcReadResult>()->data == hex("c0 ff ee"));
}

TEST_CASE("host: our own address is the same after the controller was restarted") {
    World world;
    Device& device = world.add();
    SUBCASE("public") {}
    SUBCASE("random static") { REQUIRE(!device.host.set(config::addr_mode::random_static)); }
    SUBCASE("non-resolvable") {
        REQUIRE(!device.host.set(config::addr_mode::non_resolvable_private));
    }
    world.settle();
    config::mac before, after;
    REQUIRE(!device.host.get(before));
    device.inject("04 10 01 00");
    REQUIRE(device.count<ControllerRestarted>() == 1);
    REQUIRE(!device.host.get(after));
    CHECK(after.type == before.type);
    CHECK(after.address == before.address);
    // On the air too:
    Device& observer = world.add();
    REQUIRE(!observer.host.scan({.interval = 20ms, .window = 20ms}));
    REQUIRE(!device.host.advertise(20ms, {}, {}, true));
    world.advance(100ms);
    REQUIRE(observer.count<ScanResult>() > 0);
    CHECK(observer.last<ScanResult>()->addr == before.address);
}

TEST_CASE("host: a controller that has lost its public address in a restart gets a random one") {
    World world;
    Device& device = world.add();
    device.tamper = [](Octets& packet) {
        const Octets answer = hex("04 0e 0a 01 09 10 00");  // of Read BD_ADDR
        if (packet.size() == 13 && Bytes{packet}.first(7) == answer)
            std::fill(packet.begin() + 7, packet.end(), std::uint8_t{0});
    };
    device.inject("04 10 01 00");
    REQUIRE(device.count<ControllerRestarted>() == 1);
    config::mac mac;
    REQUIRE(!device.host.get(mac));
    CHECK(mac.type == AddressType::random_device);
    CHECK(mac.address.is_static_random());
}

TEST_CASE("host: a controller that fails again and again is given up") {
    World world;
    Device& device = world.add();
    SUBCASE("by errors") {
        for (int i = 0; i < 3; ++i) {
            device.inject("04 10 01 00");
            world.advance(1s);
        }
        CHECK(device.count<ControllerRestarted>() == 3);
        CHECK(device.count<AdapterLost>() == 0);
        device.inject("04 10 01 00");
    }
    SUBCASE("by silence") {
        REQUIRE(!device.host.scan({.duration = 1s}));
        device.tamper = [](Octets& packet) { packet.clear(); };
        world.advance(20s);
        CHECK(device.count<ScanDone>() == 1);
    }
    CHECK(device.count<AdapterLost>() == 1);
    CHECK(std::holds_alternative<AdapterLost>(device.events().back()));
    CHECK(device.last<AdapterLost>()->message.find("again and again") != std::string_view::npos);
    CHECK(device.closed == 1);
    check_all_inactive(device.host);
    device.tamper = {};
    world.start(device);  // perhaps it is well by now
    CHECK(device.host.active());
}

TEST_CASE("host: failures that lie more than a minute apart are all overcome") {
    World world;
    Device& device = world.add();
    for (int i = 0; i < 10; ++i) {
        device.inject("04 10 01 00");
        world.advance(61s);
    }
    CHECK(device.count<ControllerRestarted>() == 10);
    CHECK(device.host.active());
}

TEST_CASE("host: an unplugged adapter ends everything, then itself") {
    World world;
    Device& device = world.add();
    Device& peer = world.add();
    world.connect(device, peer);
    REQUIRE(!device.host.read(conn, AttributeHandle{3}));
    device.wire->lose(make_error(errc::connection_lost), "unplugged");
    CHECK(device.take_events() == Lines{"GattcReadDone 0040 0000 status 7",
                                        "PeripheralDisconnect 0040 0 00:AA:01:00:00:02 errno 104",
                                        "AdapterLost errno 104"});
    CHECK(device.last<AdapterLost>()->message == "unplugged");
    CHECK(device.closed == 1);
    check_all_inactive(device.host);
}
