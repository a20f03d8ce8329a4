// SPDX-License-Identifier: MIT
//
// Hosts under private addresses, bonded or not, with controllers that resolve and such that do not.
#include <doctest/doctest.h>

#include <set>

#include "tests/bluetooth/pairing_link.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

virtual_controller::Profile without_ll_privacy() {
    virtual_controller::Profile profile;
    profile.le_features &= ~virtual_controller::feature_bit(hci::LeFeature::ll_privacy);
    return profile;
}
virtual_controller::Profile with_list_of(std::uint8_t size) {
    virtual_controller::Profile profile;
    profile.resolving_list_size = size;
    return profile;
}

/// Runs `body` with a controller that resolves addresses, one that does not, and one with little
/// room for that.
template <class Body> void with_each_controller(Body&& body) {
    SUBCASE("resolving in the controller") { body(virtual_controller::Profile{}); }
    SUBCASE("resolving in the host") { body(without_ll_privacy()); }
    SUBCASE("a resolving list of one") { body(with_list_of(1)); }
}

/// What a scanner next to it sees of an advertiser, `addr` and type.
ScanResult seen_by(Device& scanner, World& world) {
    scanner.forget_events();
    REQUIRE(!scanner.host.scan({.duration = 2s, .interval = 20ms, .window = 20ms}));
    world.advance(3s);
    REQUIRE(scanner.last<ScanResult>() != nullptr);
    return *scanner.last<ScanResult>();
}

void advertise(Device& device) { REQUIRE(!device.host.advertise(100ms, Bytes{}, {}, true)); }

void bond(Device& central, Device& peripheral, World& world) {
    for (Device* device : {&central, &peripheral}) {
        REQUIRE(!device->host.set(config::bond{true}));
        REQUIRE(!device->host.set(config::addr_mode::resolvable_private));
    }
    world.settle();
    advertise(peripheral);
    const ScanResult found = seen_by(central, world);
    REQUIRE(!central.host.connect(found.addr_type, found.addr, 2s, {}, {}));
    world.advance(1s);
    REQUIRE(central.last<PeripheralConnect>() != nullptr);
    REQUIRE(!central.host.pair(central.last<PeripheralConnect>()->conn_handle, false));
    world.advance(1s);
    REQUIRE(central.last<EncryptionUpdate>() != nullptr);
    REQUIRE(central.last<EncryptionUpdate>()->bonded);
    REQUIRE(!central.host.disconnect(central.last<PeripheralConnect>()->conn_handle));
    world.advance(1s);
    central.forget_events();
    peripheral.forget_events();
}

}  // namespace

TEST_CASE(
    "privacy: a resolvable private address changes every 15 minutes, also while advertising") {
    World world;
    Device& peripheral = world.add();
    Device& scanner = world.add();
    REQUIRE(!peripheral.host.set(config::addr_mode::resolvable_private));
    advertise(peripheral);
    std::set<Address> addresses;
    for (int quarter = 0; quarter < 4; ++quarter) {
        const ScanResult seen = seen_by(scanner, world);
        CHECK(seen.addr_type == AddressType::random_device);
        CHECK(seen.addr.is_resolvable_private());
        addresses.insert(seen.addr);
        CHECK(seen_by(scanner, world).addr == seen.addr);
        world.advance(15min - 6s);
    }
    CHECK(addresses.size() == 4);
    CHECK(peripheral.count<CommandFailed>() == 0);
    config::mac mac;
    REQUIRE(!peripheral.host.get(mac));
    CHECK(mac.address == address_of(1));  // the identity
}

TEST_CASE("privacy: non-resolvable private addresses change as often as is asked for") {
    World world;
    Device& peripheral = world.add();
    Device& scanner = world.add();
    REQUIRE(!peripheral.host.set(config::rpa_timeout{60s}));
    REQUIRE(!peripheral.host.set(config::addr_mode::non_resolvable_private));
    advertise(peripheral);
    const ScanResult first = seen_by(scanner, world);
    CHECK(first.addr.is_non_resolvable_private());
    world.advance(60s);
    CHECK(seen_by(scanner, world).addr != first.addr);
}

TEST_CASE("privacy: a bonded peer is known by its identity and connected to by it") {
    with_each_controller([](const virtual_controller::Profile& profile) {
        World world;
        Device& peripheral = world.add(profile);
        Device& central = world.add(profile);
        bond(central, peripheral, world);
        world.advance(20min);  // both have other addresses since

        advertise(peripheral);
        const ScanResult seen = seen_by(central, world);
        CHECK(seen.addr_type == AddressType::public_identity);
        CHECK(seen.addr == address_of(1));

        REQUIRE(!central.host.connect(AddressType::public_device, address_of(1), 2s, {}, {}));
        world.advance(1s);
        REQUIRE(central.last<PeripheralConnect>() != nullptr);
        CHECK(central.last<PeripheralConnect>()->addr == address_of(1));
        REQUIRE(peripheral.last<CentralConnect>() != nullptr);
        CHECK(peripheral.last<CentralConnect>()->addr == address_of(2));
        CHECK(peripheral.last<CentralConnect>()->addr_type == AddressType::public_device);

        REQUIRE(!central.host.pair(central.last<PeripheralConnect>()->conn_handle, false));
        world.advance(1s);
        REQUIRE(central.last<EncryptionUpdate>() != nullptr);
        CHECK(central.last<EncryptionUpdate>()->bonded);
        CHECK(!central.last<EncryptionUpdate>()->method);  // not paired anew
    });
}

TEST_CASE("privacy: bonds of a restarted host resolve addresses again") {
    with_each_controller([](const virtual_controller::Profile& profile) {
        World world;
        Device& peripheral = world.add(profile);
        Device& central = world.add(profile);
        bond(central, peripheral, world);
        central.host.stop();
        world.advance(1s);
        world.start(central);
        advertise(peripheral);
        CHECK(seen_by(central, world).addr == address_of(1));
    });
}

TEST_CASE("privacy: a peer that is bonded under its identity address is found under it too") {
    World world;
    Device& peripheral = world.add();
    Device& central = world.add();
    for (Device* device : {&central, &peripheral}) REQUIRE(!device->host.set(config::bond{true}));
    const LinkHandles link = world.connect(central, peripheral);
    REQUIRE(!central.host.pair(link.central, false));
    world.advance(1s);
    REQUIRE(!central.host.disconnect(link.central));
    world.advance(1s);
    advertise(peripheral);
    CHECK(seen_by(central, world).addr == address_of(1));
    world.connect(central, peripheral);
}

TEST_CASE("privacy: a forgotten peer is a stranger again") {
    with_each_controller([](const virtual_controller::Profile& profile) {
        World world;
        Device& peripheral = world.add(profile);
        Device& central = world.add(profile);
        bond(central, peripheral, world);
        REQUIRE(!central.host.unpair(AddressType::public_device, address_of(1)));
        advertise(peripheral);
        const ScanResult seen = seen_by(central, world);
        CHECK(seen.addr_type == AddressType::random_device);
        CHECK(seen.addr.is_resolvable_private());
    });
}

TEST_CASE("privacy: a controller that was reset resolves again, and keeps our kind of address") {
    World world;
    Device& peripheral = world.add();
    Device& central = world.add();
    bond(central, peripheral, world);
    central.inject("04 10 01 42");  // Hardware Error
    world.advance(1s);
    REQUIRE(central.count<ControllerRestarted>() == 1);
    advertise(peripheral);
    CHECK(seen_by(central, world).addr == address_of(1));
    advertise(central);
    CHECK(seen_by(peripheral, world).addr == address_of(2));  // resolved: it was private
}
