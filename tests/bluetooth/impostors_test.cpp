// SPDX-License-Identifier: MIT
//
// Somebody with a bonded peer's address and without its keys, and handlers that end everything in
// the midst of what bonds lead to.
#include <doctest/doctest.h>

#include "tests/bluetooth/pairing_link.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

constexpr auto conn = PairingLink::conn;
constexpr std::uint8_t notifications[]{1, 0};
constexpr AttributeHandle configuration{0x0017};

/// A bond of both; afterwards the central is somebody who knows nothing of it but has its address.
struct Impostor : PairingLink {
    Impostor() {
        both(config::bond{true});
        pair(central);
        REQUIRE(PairingLink::outcome(peripheral).bonded);
        REQUIRE(!central.host.write(conn, configuration, notifications, true));
        run();
        REQUIRE(!central.host.unpair(AddressType::public_device, address_of(1)));
        REQUIRE(!central.host.set(config::bond{false}));
        reconnect();
        forget_events();
    }
    /// How often the central is notified of a value.
    std::size_t notified() {
        const std::size_t before = central.count<GattcNotify>();
        const Octets value = hex("01");
        REQUIRE(!peripheral.host.write_value(encrypted_value, value, true));
        run();
        return central.count<GattcNotify>() - before;
    }
};

/// A user who agrees with everything, as far as there is still something to agree with.
void agree(Device& device, const Event& event) {
    if (const auto* asked = std::get_if<PasskeyAction>(&event))
        (void)device.host.answer_passkey(asked->conn_handle, asked->action, 1);
}

}  // namespace

TEST_CASE("impostors: a pairing without bonding brings nothing of the bond") {
    Impostor link;
    link.pair(link.central);
    CHECK(link.peripheral.take_events() == Lines{"EncryptionUpdate 0040 1 0 0 16 ok"});
    CHECK(link.notified() == 0);
    // What it configures itself is not stored for the bonded peer.
    REQUIRE(!link.central.host.write(conn, AttributeHandle{0x0017}, Bytes{}, true));
    link.world.advance(10s);
    const auto key = smp::bond_key(AddressType::public_device, address_of(2));
    const auto stored = link.peripheral.secrets.get(SecretType::gatt_client, 0, Bytes{key});
    REQUIRE(stored);
    CHECK(to_hex(*stored).find("17000100") != std::string::npos);
}

TEST_CASE("impostors: a Security Request alone replaces no bond") {
    PairingLink link;
    link.both(config::bond{true});
    link.pair(link.central);
    const auto stored = [&] {
        const auto value = link.central.secrets.get(SecretType::peer_keys, 0, {});
        return value ? Octets{*value} : Octets{};
    };
    const Octets before = stored();
    REQUIRE(!link.peripheral.host.unpair(AddressType::public_device, address_of(2)));
    link.reconnect();
    link.forget_events();
    REQUIRE(!link.peripheral.host.set(config::mitm{true}));
    REQUIRE(!link.peripheral.host.pair(conn, false));
    link.run();
    CHECK(link.central.take_events() == Lines{"EncryptionUpdate 0040 0 0 0 0 hci 06"});
    CHECK(stored() == before);
}

TEST_CASE("impostors: the answer to a weaker pairing may come later") {
    Impostor link;
    REQUIRE(!link.central.host.set(config::bond{true}));
    REQUIRE(!link.central.host.set(config::le_secure{false}));
    link.peripheral.handler = [](const Event& event) {
        if (const auto* weaker = std::get_if<WeakerPairing>(&event)) weaker->defer();
    };
    REQUIRE(!link.central.host.pair(conn, false));
    link.world.advance(5s);
    CHECK(link.peripheral.take_events() == Lines{"WeakerPairing 0040"});
    SUBCASE("yes") {
        REQUIRE(!link.peripheral.host.allow_weaker(conn, true));
        link.run();
        CHECK(link.peripheral.take_events() == Lines{"EncryptionUpdate 0040 1 0 1 16 ok"});
    }
    SUBCASE("no") {
        REQUIRE(!link.peripheral.host.allow_weaker(conn, false));
        link.run();
        CHECK(link.peripheral.take_events() == Lines{"EncryptionUpdate 0040 0 0 0 0 local 03"});
    }
    SUBCASE("not at all") {
        link.world.advance(30s);
        CHECK(link.peripheral.take_events() == Lines{"EncryptionUpdate 0040 0 0 0 0 errno 110"});
    }
    CHECK(link.peripheral.host.allow_weaker(conn, true) == errc::no_such_procedure);
}

TEST_CASE("bonds: a handler may end everything inside any event of security") {
    // By number, in the order in which they come; the last ones when the link ends.
    for (std::size_t at = 0;; ++at) {
        CAPTURE(at);
        PairingLink link;
        link.both(config::bond{true});
        link.both(config::mitm{true});
        link.both(config::io::display_yes_no);
        std::size_t seen = 0;
        bool ended = false;
        link.peripheral.record_secrets = true;
        link.peripheral.handler = [&](const Event& event) {
            CHECK(!ended);
            if (seen++ == at) {
                ended = true;
                link.peripheral.host.stop();
            } else {
                agree(link.peripheral, event);
            }
        };
        REQUIRE(!link.central.host.pair(conn, false));
        link.run();
        if (!ended) {
            REQUIRE(!link.central.host.write(conn, configuration, notifications, true));
            link.run();
        }
        if (!ended) {
            REQUIRE(!link.central.host.disconnect(conn));
            link.run();
        }
        link.world.advance(1min);
        if (!ended) {
            CHECK(at > 6);
            break;
        }
    }
}

TEST_CASE("bonds: a handler may do anything to the link inside any event of security") {
    using Deed = void (*)(Device&);
    for (const Deed deed : {Deed{[](Device& device) { (void)device.host.disconnect(conn); }},
                            Deed{[](Device& device) { (void)device.host.pair(conn, true); }},
                            Deed{[](Device& device) { (void)device.host.cancel_pairing(conn); }},
                            Deed{[](Device& device) {
                                (void)device.host.unpair(AddressType::public_device, address_of(2));
                            }},
                            Deed{[](Device& device) { device.host.irq({}); }}}) {
        for (std::size_t at = 0; at < 12; ++at) {
            CAPTURE(at);
            PairingLink link;
            link.both(config::bond{true});
            link.both(config::mitm{true});
            link.both(config::io::display_yes_no);
            std::size_t seen = 0;
            link.peripheral.handler = [&](const Event& event) {
                if (seen++ == at) deed(link.peripheral);
                agree(link.peripheral, event);
            };
            REQUIRE(!link.central.host.pair(conn, false));
            link.world.advance(1min);
            // Whatever came of it, both can be used.
            link.central.host.stop();
            link.peripheral.host.stop();
            link.world.advance(1s);
            link.peripheral.handler = {};
            link.peripheral.listen();
            link.world.start(link.central);
            link.world.start(link.peripheral);
            link.world.connect(link.central, link.peripheral);
        }
    }
}

TEST_CASE("privacy: the interval may be set before the adapter comes up") {
    World world;
    Device& device = world.add_idle();
    Device& scanner = world.add();
    REQUIRE(!device.host.set(config::rpa_timeout{10s}));
    world.start(device);
    REQUIRE(!device.host.set(config::addr_mode::resolvable_private));
    REQUIRE(!device.host.advertise(100ms, Bytes{}, {}, true));
    const auto seen = [&] {
        scanner.forget_events();
        REQUIRE(!scanner.host.scan({.duration = 1s, .interval = 20ms, .window = 20ms}));
        world.advance(2s);
        return scanner.last<ScanResult>()->addr;
    };
    const Address first = seen();
    world.advance(10s);
    CHECK(seen() != first);
}
