// SPDX-License-Identifier: MIT
//
// What outlives a link: bonds, in the adapter's store or the application's, and what comes with
// them.
#include <doctest/doctest.h>

#include <map>
#include <utility>

#include "tests/bluetooth/pairing_link.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

constexpr auto conn = PairingLink::conn;

/// An application that keeps the secrets itself, as MicroPython's examples do.
struct OwnStore {
    std::map<std::pair<SecretType, Octets>, Octets> secrets;
    bool full = false;

    explicit OwnStore(Device& device) {
        device.handler = [this](const Event& event) {
            if (const auto* get = std::get_if<GetSecret>(&event)) answer(*get);
            if (const auto* set = std::get_if<SetSecret>(&event)) answer(*set);
        };
    }
    OwnStore(const OwnStore&) = delete;
    OwnStore& operator=(const OwnStore&) = delete;

    void answer(const GetSecret& get) {
        std::size_t index = get.index;
        for (const auto& [name, value] : secrets) {
            if (name.first != get.type) continue;
            if (get.key ? name.second == Octets{*get.key} : index-- == 0)
                return get.answer(Bytes{value});
        }
        get.answer({});
    }
    void answer(const SetSecret& set) {
        const std::pair name{set.type, Octets{set.key}};
        if (!set.value) return set.answer(secrets.erase(name) == 1);
        if (!full) secrets[name] = Octets{*set.value};
        set.answer(!full);
    }
};

void bond(PairingLink& link) {
    link.both(config::bond{true});
    REQUIRE(!link.central.host.pair(conn, false));
    link.run();
    REQUIRE(!PairingLink::outcome(link.central).error);
}

}  // namespace

TEST_CASE("bonds: secrets are asked for while the adapter comes up") {
    World world;
    Device& device = world.add_idle();
    device.record_secrets = true;
    world.start(device);
    CHECK(device.take_events() ==
          Lines{"GetSecret 2 0 none", "GetSecret 10 0 69726b", "SetSecret 10 69726b 16 octets"});
    device.host.stop();
    world.advance(1s);
    world.start(device);
    CHECK(device.take_events() == Lines{"GetSecret 2 0 none", "GetSecret 10 0 69726b"});
}

TEST_CASE("bonds: an adapter without a public address keeps its static one") {
    virtual_controller::Profile profile;
    profile.has_public_address = false;
    World world;
    Device& device = world.add(profile);
    config::mac first;
    REQUIRE(!device.host.get(first));
    CHECK(first.type == AddressType::random_device);
    CHECK(first.address.is_static_random());
    device.host.stop();
    world.advance(1s);
    world.start(device);
    config::mac second;
    REQUIRE(!device.host.get(second));
    CHECK(second.address == first.address);
}

TEST_CASE("bonds: an application may keep them itself") {
    PairingLink link;
    OwnStore store{link.central};
    bond(link);
    CHECK(PairingLink::outcome(link.central).bonded);
    CHECK(store.secrets.size() == 2);
    CHECK(!link.central.secrets.get(SecretType::peer_keys, 0, {}));
    link.reconnect();
    link.forget_events();
    link.pair(link.central);
    CHECK(link.central.take_events() == Lines{"EncryptionUpdate 0040 1 0 1 16 ok"});

    REQUIRE(!link.central.host.unpair(AddressType::public_device, address_of(1)));
    CHECK(store.secrets.empty());
}

TEST_CASE("bonds: what could not be stored is not called bonded") {
    PairingLink link;
    OwnStore store{link.central};
    store.full = true;
    bond(link);
    CHECK(link.central.take_events() == Lines{"EncryptionUpdate 0040 1 0 0 16 ok"});
    CHECK(link.peripheral.take_events() == Lines{"EncryptionUpdate 0040 1 0 1 16 ok"});
}

TEST_CASE("bonds: a damaged one is none (M31)") {
    PairingLink link;
    bond(link);
    const auto stored = link.central.secrets.get(SecretType::our_keys, 0, {});
    REQUIRE(stored);
    Octets octets{*stored};
    SUBCASE("one bit") { octets[40] ^= 1; }
    SUBCASE("cut short") { octets.pop_back(); }
    SUBCASE("empty") { octets.clear(); }
    SUBCASE("a key of 17 octets") { octets[2] = 17; }
    const auto key = smp::bond_key(AddressType::public_device, address_of(1));
    REQUIRE(link.central.secrets.set(SecretType::our_keys, Bytes{key}, Bytes{octets}));
    link.reconnect();
    link.forget_events();
    link.pair(link.central);  // pairs, as there is no bond
    CHECK(link.central.take_events() == Lines{"EncryptionUpdate 0040 1 0 1 16 ok"});
    CHECK(PairingLink::outcome(link.central).method == PairingMethod::just_works);
}

TEST_CASE("bonds: a bonded client finds its subscriptions again, once the link is encrypted") {
    PairingLink link;
    bond(link);
    const std::uint8_t notifications[]{1, 0};
    REQUIRE(!link.central.host.write(conn, AttributeHandle{0x0017}, notifications, true));
    link.run();
    REQUIRE(link.peripheral.count<GattsSubscribe>() == 1);
    link.reconnect();
    link.forget_events();

    const Octets value = hex("01 02");
    REQUIRE(!link.peripheral.host.write_value(PairingLink::encrypted_value, value, true));
    link.run();
    CHECK(link.central.count<GattcNotify>() == 0);  // it may be anybody yet
    link.pair(link.central);
    REQUIRE(!link.peripheral.host.write_value(PairingLink::encrypted_value, value, true));
    link.run();
    CHECK(link.central.count<GattcNotify>() == 1);

    SUBCASE("also of a peripheral that was restarted") {
        link.peripheral.host.stop();
        link.world.advance(1s);
        link.world.start(link.peripheral);
        PairingLink::register_services(link.peripheral);
        link.world.connect(link.central, link.peripheral);
        link.pair(link.central);
        REQUIRE(!link.peripheral.host.write_value(PairingLink::encrypted_value, value, true));
        link.run();
        CHECK(link.central.count<GattcNotify>() == 1);
    }
    SUBCASE("not after the bond was forgotten") {
        REQUIRE(!link.peripheral.host.unpair(AddressType::public_device, address_of(2)));
        link.reconnect();
        link.forget_events();
        REQUIRE(!link.central.host.pair(conn, true));
        link.run();
        REQUIRE(!link.peripheral.host.write_value(PairingLink::encrypted_value, value, true));
        link.run();
        CHECK(link.central.count<GattcNotify>() == 0);
    }
}

TEST_CASE("bonds: a weaker pairing replaces a better bond only by the application's word") {
    PairingLink link;
    link.both(config::mitm{true});
    link.both(config::io::display_yes_no);
    bond(link);
    REQUIRE(PairingLink::outcome(link.peripheral).authenticated);
    // The central has lost its bond, and its user has other means now.
    REQUIRE(!link.central.host.unpair(AddressType::public_device, address_of(1)));
    REQUIRE(!link.central.host.set(config::io::no_input_no_output));
    link.reconnect();
    link.forget_events();
    SUBCASE("which is not given") {
        link.pair(link.central);
        CHECK(link.peripheral.take_events() ==
              Lines{"WeakerPairing 0040", "EncryptionUpdate 0040 0 0 0 0 local 03"});
        CHECK(link.central.take_events() == Lines{"EncryptionUpdate 0040 0 0 0 0 peer 03"});
    }
    SUBCASE("which is given") {
        link.peripheral.handler = [](const Event& event) {
            if (const auto* weaker = std::get_if<WeakerPairing>(&event)) weaker->answer(true);
        };
        link.pair(link.central);
        CHECK(link.peripheral.take_events() ==
              Lines{"WeakerPairing 0040", "EncryptionUpdate 0040 1 0 1 16 ok"});
        link.reconnect();
        link.forget_events();
        link.pair(link.central);
        CHECK(link.central.take_events() == Lines{"EncryptionUpdate 0040 1 0 1 16 ok"});
    }
}

TEST_CASE("bonds: writes are signed and verified on links without encryption, each once") {
    PairingLink link;
    const std::vector<gatt::ServiceDefinition> services{
        {UUID{0xff20},
         {{UUID{0xff21}, att::flag::read | att::flag::authenticated_signed_write, {}}}}};
    error_code error;
    const auto handles = link.peripheral.host.register_services(services, error);
    REQUIRE(!error);
    const AttributeHandle value = handles[0][0];
    const auto write = [&](std::string_view octets) {
        const Octets data = hex(octets);
        const error_code outcome = link.central.host.write_signed(conn, value, data);
        link.run();
        return outcome;
    };
    const auto stored = [&] { return to_hex(link.peripheral.host.read_value(value, error)); };

    CHECK(write("01") == errc::permission_denied);  // no key
    bond(link);
    CHECK(write("02") == errc::permission_denied);  // encrypted
    for (const char* octets : {"03", "04"}) {
        link.reconnect();
        CHECK(!write(octets));
        CHECK(stored() == octets);
    }
    // The counter goes on after the peripheral was restarted: what was sent before is not taken.
    link.peripheral.host.stop();
    link.world.advance(1s);
    link.world.start(link.peripheral);
    (void)link.peripheral.host.register_services(services, error);
    link.world.connect(link.central, link.peripheral);
    link.run();
    CHECK(!write("05"));
    CHECK(stored() == "05");
}

TEST_CASE("bonds: a procedure that needs security gets it where that is asked for, once (B15)") {
    PairingLink link;
    link.both(config::bond{true});
    REQUIRE(!link.central.host.set(config::auto_security{true}));
    CHECK(link.read_status(PairingLink::encrypted_value) == 0);
    CHECK(link.central.count<EncryptionUpdate>() == 1);
    // More than Just Works is not to be had here.
    CHECK(link.read_status(PairingLink::authenticated_value) == 0x105);
    CHECK(link.central.count<EncryptionUpdate>() == 1);

    SUBCASE("with the bond, later") {
        link.reconnect();
        link.forget_events();
        CHECK(link.read_status(PairingLink::encrypted_value) == 0);
        CHECK(!PairingLink::outcome(link.central).method);
    }
    SUBCASE("not where the peer has lost the bond") {
        REQUIRE(!link.peripheral.host.unpair(AddressType::public_device, address_of(2)));
        link.reconnect();
        link.forget_events();
        CHECK(link.read_status(PairingLink::encrypted_value) == 0x105);
        CHECK(link.central.count<EncryptionUpdate>() == 1);
    }
}

TEST_CASE("bonds: Secure Connections Only Mode wants that for what needs authentication") {
    PairingLink link;
    REQUIRE(!link.central.host.set(config::le_secure{false}));
    link.both(config::mitm{true});
    link.both(config::io::keyboard_only);
    link.pair(link.central);
    REQUIRE(PairingLink::outcome(link.central).authenticated);
    CHECK(link.read_status(PairingLink::authenticated_value) == 0);
    REQUIRE(!link.peripheral.host.set(config::sc_only{true}));
    CHECK(link.read_status(PairingLink::authenticated_value) == 0x105);
    link.forget_events();
    link.pair(link.central);
    CHECK(link.central.take_events() == Lines{"EncryptionUpdate 0040 0 0 0 0 peer 03"});
}

TEST_CASE("bonds: out-of-band data of both, one or neither side") {
    PairingLink link;
    error_code error;
    const smp::OobData of_peripheral = link.peripheral.host.make_oob_data(error);
    REQUIRE(!error);
    const smp::OobData of_central = link.central.host.make_oob_data(error);
    SUBCASE("both") {
        link.central.host.set_oob_data(of_peripheral);
        link.peripheral.host.set_oob_data(of_central);
    }
    SUBCASE("the central has the peripheral's") { link.central.host.set_oob_data(of_peripheral); }
    SUBCASE("the peripheral has the central's") { link.peripheral.host.set_oob_data(of_central); }
    link.pair(link.central);
    for (Device* device : {&link.central, &link.peripheral}) {
        CHECK(PairingLink::outcome(*device).authenticated);
        CHECK(PairingLink::outcome(*device).method == PairingMethod::out_of_band);
    }
    link.forget_events();
    for (Device* device : {&link.central, &link.peripheral}) device->host.forget_oob();
    link.pair(link.central);
    CHECK(PairingLink::outcome(link.central).method == PairingMethod::just_works);
}

TEST_CASE("bonds: out-of-band data of someone else is refused before anything is sent (M28)") {
    PairingLink link;
    error_code error;
    (void)link.peripheral.host.make_oob_data(error);
    smp::OobData wrong = link.central.host.make_oob_data(error);
    link.central.host.set_oob_data(wrong);
    link.pair(link.central);
    CHECK(link.central.take_events() == Lines{"EncryptionUpdate 0040 0 0 0 0 local 04"});
    CHECK(link.peripheral.take_events() == Lines{"EncryptionUpdate 0040 0 0 0 0 peer 04"});
}
