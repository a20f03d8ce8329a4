// SPDX-License-Identifier: MIT
//
// Two hosts that pair over the virtual air.
#include <doctest/doctest.h>

#include "tests/bluetooth/pairing_link.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

TEST_CASE("pairing: Just Works without bonding, begun by either side") {
    PairingLink link;
    SUBCASE("the central") { link.pair(link.central); }
    SUBCASE("the peripheral") { link.pair(link.peripheral); }
    CHECK(link.central.take_events() == Lines{"EncryptionUpdate 0040 1 0 0 16 ok"});
    CHECK(link.peripheral.take_events() == Lines{"EncryptionUpdate 0040 1 0 0 16 ok"});
    CHECK(PairingLink::outcome(link.central).secure_connections);
    CHECK(PairingLink::outcome(link.central).method == PairingMethod::just_works);
    CHECK(link.read_status(PairingLink::encrypted_value) == 0);
    CHECK(link.read_status(PairingLink::authenticated_value) == 0x105);
}

TEST_CASE("pairing: a bond is stored by both sides before the link is announced as encrypted") {
    PairingLink link;
    link.both(config::bond{true});
    link.central.record_secrets = true;
    link.pair(link.central);
    CHECK(link.central.take_events() ==
          Lines{"GetSecret 2 0 0001000001aa00", "GetSecret 2 0 0001000001aa00",
                "SetSecret 1 0001000001aa00 80 octets", "SetSecret 2 0001000001aa00 80 octets",
                "EncryptionUpdate 0040 1 0 1 16 ok"});
    CHECK(link.peripheral.take_events() == Lines{"EncryptionUpdate 0040 1 0 1 16 ok"});
}

TEST_CASE("pairing: a bonded peer is encrypted with by the stored key") {
    PairingLink link;
    link.both(config::bond{true});
    const bool secure = true;
    link.both(config::le_secure{secure});
    link.pair(link.central);
    link.reconnect();
    link.forget_events();
    CHECK(link.read_status(PairingLink::encrypted_value) == 0x10f);  // not 5: there is a key
    link.forget_events();
    link.pair(link.central);
    CHECK(link.central.take_events() == Lines{"EncryptionUpdate 0040 1 0 1 16 ok"});
    CHECK(link.peripheral.take_events() == Lines{"EncryptionUpdate 0040 1 0 1 16 ok"});
    CHECK(!PairingLink::outcome(link.central).method);
    CHECK(link.read_status(PairingLink::encrypted_value) == 0);
}

TEST_CASE("pairing: two restarted hosts encrypt with the stored key") {
    PairingLink link;
    link.both(config::bond{true});
    link.pair(link.central);
    for (Device* device : {&link.central, &link.peripheral}) device->host.stop();
    link.world.advance(1s);
    for (Device* device : {&link.central, &link.peripheral}) link.world.start(*device);
    PairingLink::register_services(link.peripheral);
    link.world.connect(link.central, link.peripheral);
    link.pair(link.central);
    CHECK(link.peripheral.take_events() == Lines{"EncryptionUpdate 0040 1 0 1 16 ok"});
}

TEST_CASE("pairing: what the peer has lost is reported, and not paired anew by itself") {
    PairingLink link;
    link.both(config::bond{true});
    link.pair(link.central);
    REQUIRE(!link.peripheral.host.unpair(AddressType::public_device, address_of(2)));
    link.reconnect();
    link.forget_events();
    link.pair(link.central);
    CHECK(link.central.take_events() == Lines{"EncryptionUpdate 0040 0 0 0 0 hci 06"});
    CHECK(link.peripheral.count<EncryptionUpdate>() == 0);
    SUBCASE("the application has it paired anew") {
        link.forget_events();
        REQUIRE(!link.central.host.pair(PairingLink::conn, true));
        link.run();
        CHECK(link.central.take_events() == Lines{"EncryptionUpdate 0040 1 0 1 16 ok"});
    }
    SUBCASE("the application forgets the peer") {
        REQUIRE(!link.central.host.unpair(AddressType::public_device, address_of(1)));
        link.forget_events();
        link.pair(link.central);
        CHECK(link.central.take_events() == Lines{"EncryptionUpdate 0040 1 0 1 16 ok"});
    }
}

TEST_CASE("pairing: a link that is lost meanwhile ends it before the link's own end") {
    PairingLink link;
    link.both(config::mitm{true});
    link.both(config::io::keyboard_display);
    link.central_agrees.reset();
    REQUIRE(!link.central.host.pair(PairingLink::conn, false));
    link.run();
    REQUIRE(link.central.count<PasskeyAction>() == 1);
    link.forget_events();
    REQUIRE(!link.central.host.disconnect(PairingLink::conn));
    link.run();
    CHECK(link.central.take_events() ==
          Lines{"EncryptionUpdate 0040 0 0 0 0 errno 104",
                "PeripheralDisconnect 0040 0 00:AA:01:00:00:01 hci 16"});
    CHECK(link.peripheral.take_events() ==
          Lines{"EncryptionUpdate 0040 0 0 0 0 errno 104",
                "CentralDisconnect 0040 0 00:AA:01:00:00:02 hci 13"});
}
