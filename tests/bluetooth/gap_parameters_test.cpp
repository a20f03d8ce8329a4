// SPDX-License-Identifier: MIT
//
// Connection parameters and our own addresses, between whole hosts.
#include <doctest/doctest.h>

#include <optional>
#include <vector>

#include "tests/support/host_world.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

const ConnectionHandle conn{0x0040};
const gap::ScanParameters always{.interval = 20ms, .window = 20ms};

}  // namespace

TEST_CASE("gap: both ends can change the parameters of a link, and both hear of it") {
    World world;
    Device& peripheral = world.add();
    Device& central = world.add();
    world.connect(central, peripheral);
    const std::string changed = "ConnectionUpdate 0040 80 4 300 status 0";
    SUBCASE("the central") {
        CHECK(!central.host.update_connection(conn, 100ms, 100ms, 4, 3s));
        CHECK(central.host.update_connection(conn, 100ms, 100ms, 4, 3s) ==
              errc::already_in_progress);
    }
    std::optional<std::string> asked;
    SUBCASE("the peripheral") {
        asked = "ConnectionUpdateRequest 0040 80 80 4 300";
        CHECK(!peripheral.host.update_connection(conn, 100ms, 100ms, 4, 3s));
        CHECK(peripheral.host.update_connection(conn, 100ms, 100ms, 4, 3s) ==
              errc::already_in_progress);
    }
    world.advance(1s);
    CHECK(central.take_events() == (asked ? Lines{*asked, changed} : Lines{changed}));
    CHECK(peripheral.take_events() == Lines{changed});
    CHECK(central.host.update_connection(ConnectionHandle{0x41}, 100ms, 100ms, 4, 3s) ==
          errc::not_connected);
}

TEST_CASE("gap: an update that leads nowhere ends with an error, and another may be tried") {
    World world;
    Device& peripheral = world.add();
    Device& central = world.add();
    world.connect(central, peripheral);
    Device& asking_by_l2cap = world.add(virtual_controller::Profile::bluetooth_4_0());
    Device& other = world.add();
    world.connect(other, asking_by_l2cap);
    Device* asker = &central;
    int status = 0;
    SUBCASE("the controller refuses") {
        central.tamper = [](Octets& packet) {
            if (packet == hex("04 0f 04 00 01 13 20")) packet[3] = 0x0c;
            if (packet[0] == 0x04 && packet[1] == 0x3e && packet[3] == 0x03) packet.clear();
        };
        status = 0x20c;
    }
    SUBCASE("the controller never reports the update") {
        central.tamper = [](Octets& packet) {
            if (packet[0] == 0x04 && packet[1] == 0x3e && packet[3] == 0x03) packet.clear();
        };
        status = 13;
    }
    SUBCASE("the central refuses") {
        asker = &peripheral;
        // Its host is asked for a latency that the specification does not allow.
        central.tamper = [](Octets& packet) {
            if (packet[0] == 0x04 && packet[1] == 0x3e && packet[3] == 0x06)
                packet[10] = packet[11] = 0xff;
        };
        status = 0x23b;
    }
    SUBCASE("by L2CAP, the central never answers") {
        asker = &asking_by_l2cap;
        other.tamper = [](Octets& packet) {
            if (packet[0] == 0x02) packet.clear();
        };
        status = 13;
    }
    SUBCASE("by L2CAP, the central agrees and does nothing") {
        asker = &asking_by_l2cap;
        asking_by_l2cap.tamper = [](Octets& packet) {
            if (packet[0] == 0x04 && packet[1] == 0x3e && packet[3] == 0x03) packet.clear();
        };
        status = 13;
    }
    REQUIRE(!asker->host.update_connection(conn, 100ms, 100ms, 0, 3s));
    world.advance(60s);
    REQUIRE(asker->count<ConnectionUpdate>() == 1);
    CHECK(asker->last<ConnectionUpdate>()->status == status);
    CHECK(asker->last<ConnectionUpdate>()->interval == Units1250us{40});  // still in force
    CHECK(!asker->host.update_connection(conn, 100ms, 100ms, 0, 3s));
}

TEST_CASE("gap: a peripheral asks the other link layer, or where one cannot do that the host") {
    using virtual_controller::Profile;
    const Octets by_link_layer = hex("01 13 20 0e 40 00 50 00 50 00 04 00 2c 01 00 00 00 00");
    const Octets by_l2cap = hex("02 40 00 10 00 0c 00 05 00 12 01 08 00 50 00 50 00 04 00 2c 01");
    Profile ours;
    Profile theirs;
    std::vector<Octets> expected{by_link_layer};
    SUBCASE("both can") {}
    SUBCASE("ours cannot") {
        ours = Profile::bluetooth_4_0();
        expected = {by_l2cap};
    }
    SUBCASE("theirs cannot") {
        theirs = Profile::bluetooth_4_0();
        expected = {by_link_layer, by_l2cap};
    }
    SUBCASE("ours says that it can, but refuses") {
        ours.without = {hci::LeConnectionUpdate::opcode};
        expected = {by_link_layer, by_l2cap};
    }
    World world;
    Device& peripheral = world.add(ours);
    Device& central = world.add(theirs);
    world.connect(central, peripheral);
    peripheral.keep_octets = true;
    REQUIRE(!peripheral.host.update_connection(conn, 100ms, 100ms, 4, 3s));
    world.advance(1s);
    CHECK(peripheral.sent == expected);
    const Lines changed{"ConnectionUpdate 0040 80 4 300 status 0"};
    CHECK(central.take_events() ==
          Lines{"ConnectionUpdateRequest 0040 80 80 4 300", changed.front()});
    CHECK(peripheral.take_events() == changed);

    peripheral.sent.clear();
    REQUIRE(!peripheral.host.update_connection(conn, 200ms, 200ms, 0, 3s));
    world.advance(1s);
    CHECK_MESSAGE(peripheral.sent.size() == 1, "what the other end lacks is known now");
    CHECK(central.take_events() == Lines{"ConnectionUpdateRequest 0040 160 160 0 300",
                                         "ConnectionUpdate 0040 160 0 300 status 0"});
}

// ---- addresses

TEST_CASE("gap: the address mode decides by which address peers know us") {
    World world;
    Device& device = world.add();
    Device& observer = world.add();
    REQUIRE(!observer.host.scan(always));
    config::mac mac;
    const auto heard = [&](bool by_mac = true) {
        REQUIRE(!device.host.advertise(20ms, {}, {}, true));
        world.advance(50ms);
        device.host.stop_advertising();
        world.settle();
        REQUIRE(observer.last<ScanResult>() != nullptr);
        const ScanResult result = *observer.last<ScanResult>();
        REQUIRE(!device.host.get(mac));
        CHECK((result.addr_type == mac.type && result.addr == mac.address) == by_mac);
        observer.forget_events();
        return result.addr;
    };
    CHECK(heard() == address_of(1));
    REQUIRE(!device.host.set(config::addr_mode::random_static));
    const Address first = heard();
    CHECK(first.is_static_random());
    REQUIRE(!device.host.set(config::addr_mode::random_static));
    CHECK(heard() != first);
    REQUIRE(!device.host.set(config::addr_mode::non_resolvable_private));
    CHECK(heard().is_non_resolvable_private());
    REQUIRE(!device.host.set(config::addr_mode::resolvable_private));
    CHECK(heard(false).is_resolvable_private());
    CHECK(mac.address == address_of(1));  // the identity
    REQUIRE(!device.host.set(config::addr_mode::public_address));
    CHECK(heard() == address_of(1));

    REQUIRE(!device.host.advertise(20ms, {}, {}, true));
    CHECK(device.host.set(config::addr_mode::random_static) == errc::busy);
    device.host.stop_advertising();
    CHECK(device.host.set(config::addr_mode::random_static) == errc::busy);
    world.settle();
    CHECK(!device.host.set(config::addr_mode::random_static));
    CHECK(heard().is_static_random());
    CHECK(device.events().empty());
}

TEST_CASE("gap: without a public address a random static one is used") {
    World world;
    Device& device = world.add(virtual_controller::Profile::without_public_address());
    config::mac mac;
    REQUIRE(!device.host.get(mac));
    CHECK(mac.type == AddressType::random_device);
    CHECK(mac.address.is_static_random());
    CHECK(device.host.set(config::addr_mode::public_address) == errc::invalid_argument);
    Device& peer = world.add();
    world.connect(peer, device);
    CHECK(peer.host.connect(mac.type, mac.address, 2s, {}, {}) == errc::already_done);
}

TEST_CASE(
    "gap: the address may be changed right after a scan or advertising was started and stopped") {
    World world;
    Device& device = world.add();
    SUBCASE("scan") {
        REQUIRE(!device.host.set(config::addr_mode::random_static));
        REQUIRE(!device.host.scan(always));
        REQUIRE(!device.host.stop_scan());
    }
    SUBCASE("advertising") {
        REQUIRE(!device.host.set(config::addr_mode::random_static));
        REQUIRE(!device.host.advertise(20ms, {}, {}, true));
        device.host.stop_advertising();
    }
    const error_code error = device.host.set(config::addr_mode::random_static);
    world.advance(100ms);
    if (error)
        CHECK(error == errc::busy);
    else
        CHECK(device.count<CommandFailed>() == 0);
    Device& observer = world.add();
    REQUIRE(!observer.host.scan(always));
    REQUIRE(!device.host.advertise(20ms, {}, {}, true));
    world.advance(100ms);
    config::mac mac;
    REQUIRE(!device.host.get(mac));
    REQUIRE(observer.last<ScanResult>() != nullptr);
    CHECK(observer.last<ScanResult>()->addr == mac.address);
}
