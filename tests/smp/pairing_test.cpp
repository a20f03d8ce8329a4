// SPDX-License-Identifier: MIT
// Two of our managers pair with one another, in every way that there is.
#include <doctest/doctest.h>

#include "tests/smp/two_managers.hpp"

using namespace bluetooth;
using namespace bluetooth::smp;
using bluetooth::test::hex;
using bluetooth::test::ManagerScript;
using bluetooth::test::Octets;
using bluetooth::test::TwoManagers;

namespace {

/// Both have come to the same good end.
void check_success(TwoManagers& two, const KeyStrength& strength) {
    for (ManagerScript* side : {&two.central, &two.peripheral}) {
        CAPTURE(side == &two.central);
        CHECK(two.outcome(*side).succeeded());
        CHECK_FALSE(two.outcome(*side).disconnected);
        CHECK_FALSE(side->manager.busy());
        CHECK(side->manager.dropped() == 0);
        const LinkSecurity& security = side->manager.security();
        CHECK(security.encrypted);
        CHECK(security.authenticated == strength.authenticated);
        CHECK(security.secure_connections == strength.secure_connections);
        CHECK(security.key_size == strength.key_size);
        CHECK(security.bonded == side->stored.has_value());
        CHECK(security == two.outcome(*side).done.at(0).security);
    }
    CHECK(two.of_central().key == two.of_peripheral().key);
    CHECK(two.of_central().done.at(0).method == two.of_peripheral().done.at(0).method);
    CHECK(two.of_central().compared == two.of_peripheral().compared);
}

/// What one has of the other is what that one says it has given.
void check_bonds(TwoManagers& two) {
    REQUIRE(two.central.stored);
    REQUIRE(two.peripheral.stored);
    const Bond& c = *two.central.stored;
    const Bond& p = *two.peripheral.stored;
    CHECK(c.strength == p.strength);
    CHECK(c.ours.ltk == p.peers.ltk);
    CHECK(c.peers.ltk == p.ours.ltk);
    CHECK(c.ours.csrk == p.peers.csrk);
    CHECK(c.peers.csrk == p.ours.csrk);
    CHECK(c.ours.csrk != c.peers.csrk);
    CHECK(c.peers.irk == two.peripheral.local.identity.irk);
    CHECK(p.peers.irk == two.central.local.identity.irk);
    CHECK(c.peer == two.peripheral.local.identity.address.address);
    CHECK(p.peer == two.central.local.identity.address.address);
    CHECK(c.strength.secure_connections == (c.ours.ltk == c.peers.ltk));
}

}  // namespace

TEST_CASE("smp pairing: all capabilities, with and without MITM protection, old and new") {
    for (const bool sc : {false, true})
        for (const bool mitm : {false, true})
            for (std::uint8_t i = 0; i < 5; ++i)
                for (std::uint8_t r = 0; r < 5; ++r) {
                    CAPTURE(sc);
                    CAPTURE(mitm);
                    CAPTURE(i);
                    CAPTURE(r);
                    TwoManagers two;
                    for (ManagerScript* side : {&two.central, &two.peripheral}) {
                        side->local.settings.secure_connections = sc;
                        side->local.settings.mitm = mitm;
                    }
                    two.central.local.settings.io = IoCapability{i};
                    two.peripheral.local.settings.io = IoCapability{r};
                    two.pair();
                    // The table itself is checked elsewhere.
                    const Features fi{.io_capability = IoCapability{i},
                                      .auth_req = mitm ? auth_req::mitm : std::uint8_t{0}};
                    const Features fr{.io_capability = IoCapability{r}};
                    const AssociationModel model = association_model(fi, fr, sc);
                    check_success(two, {sc, model.authenticated(), 16});
                    check_bonds(two);
                    CHECK(two.of_central().done.at(0).method == model.method);
                    CHECK(two.of_central().compared.size() ==
                          (model.method == Method::numeric_comparison ? 1 : 0));
                }
}

TEST_CASE("smp pairing: one side without LE Secure Connections makes it a legacy pairing") {
    for (const bool central_can : {false, true}) {
        TwoManagers two;
        two.central.local.settings.secure_connections = central_can;
        two.peripheral.local.settings.secure_connections = !central_can;
        two.pair();
        check_success(two, {false, false, 16});
        check_bonds(two);
    }
}

TEST_CASE("smp pairing: without bonding on both sides no key is given and none stored") {
    for (const int bonding : {0, 1, 2})
        for (const bool sc : {false, true}) {
            TwoManagers two;
            for (ManagerScript* side : {&two.central, &two.peripheral})
                side->local.settings.secure_connections = sc;
            two.central.local.settings.bonding = bonding == 1;
            two.peripheral.local.settings.bonding = bonding == 2;
            two.pair();
            check_success(two, {sc, false, 16});
            CHECK_FALSE(two.central.last_stored);
            CHECK_FALSE(two.peripheral.last_stored);
            for (const Octets& pdu : two.of_central().sent)
                CHECK_FALSE((pdu[0] >= 6 && pdu[0] <= 0x0a));
        }
}

TEST_CASE("smp pairing: the shorter of both key sizes counts, and the surplus octets are zero") {
    for (const bool sc : {false, true})
        for (std::uint8_t size = 7; size <= 16; ++size) {
            CAPTURE(size);
            TwoManagers two;
            for (ManagerScript* side : {&two.central, &two.peripheral}) {
                side->local.settings.secure_connections = sc;
                side->local.settings.min_key_size = 7;
            }
            (size % 2 ? two.central : two.peripheral).local.settings.max_key_size = size;
            two.pair();
            check_success(two, {sc, false, size});
            check_bonds(two);
            for (const crypto::Key& key :
                 {*two.of_central().key, two.central.stored->ours.ltk->value,
                  two.central.stored->peers.ltk->value}) {
                for (std::size_t i = 0; i < 16u - size; ++i) CHECK(key.octets()[i] == 0);
                CHECK(key.octets()[16u - size] != 0);  // with these random numbers
            }
        }
}

TEST_CASE("smp pairing: a key that is too short for one side ends it before any key is made") {
    for (const bool central_minds : {false, true}) {
        TwoManagers two;
        ManagerScript& minds = central_minds ? two.central : two.peripheral;
        ManagerScript& other = central_minds ? two.peripheral : two.central;
        other.local.settings.max_key_size = 15;
        other.local.settings.min_key_size = 7;
        two.pair();
        CHECK(two.outcome(minds).error() == local_error(Reason::encryption_key_size));
        CHECK(two.outcome(other).error() == peer_error(Reason::encryption_key_size));
        CHECK_FALSE(two.of_central().key);
    }
}

TEST_CASE("smp pairing: Secure Connections Only refuses legacy pairing and shorter keys") {
    for (const bool strict_central : {false, true}) {
        TwoManagers two;
        ManagerScript& strict = strict_central ? two.central : two.peripheral;
        ManagerScript& other = strict_central ? two.peripheral : two.central;
        strict.local.settings.secure_connections_only = true;
        strict.local.settings.min_key_size = 7;
        other.local.settings.secure_connections = false;
        two.pair();
        CHECK(two.outcome(strict).error() == local_error(Reason::authentication_requirements));

        TwoManagers shorter;
        ManagerScript& strict2 = strict_central ? shorter.central : shorter.peripheral;
        ManagerScript& other2 = strict_central ? shorter.peripheral : shorter.central;
        strict2.local.settings.secure_connections_only = true;
        for (ManagerScript* side : {&strict2, &other2}) side->local.settings.min_key_size = 7;
        other2.local.settings.max_key_size = 15;
        shorter.pair();
        CHECK(shorter.outcome(strict2).error() == local_error(Reason::encryption_key_size));

        TwoManagers good;
        (strict_central ? good.central : good.peripheral).local.settings.secure_connections_only =
            true;
        good.pair();
        check_success(good, {true, false, 16});
    }
}

TEST_CASE("smp pairing: a wrong passkey, and numbers that differ, fail on both sides") {
    for (const bool sc : {false, true}) {
        TwoManagers two;
        for (ManagerScript* side : {&two.central, &two.peripheral}) {
            side->local.settings.secure_connections = sc;
            side->local.settings.mitm = true;
        }
        two.central.local.settings.io = IoCapability::keyboard_only;
        two.peripheral.local.settings.io = IoCapability::display_only;
        two.typed = two.passkey ^ 1 << 19;  // the last bit to be looked at
        two.pair();
        CHECK(two.of_central().error() == peer_error(Reason::confirm_value_failed));
        CHECK(two.of_peripheral().error() == local_error(Reason::confirm_value_failed));
        CHECK(two.of_peripheral().done.at(0).method == Method::passkey_entry);
        CHECK_FALSE(two.of_central().key);
    }
    TwoManagers two;
    for (ManagerScript* side : {&two.central, &two.peripheral}) {
        side->local.settings.mitm = true;
        side->local.settings.io = IoCapability::display_yes_no;
    }
    two.agrees = false;
    two.pair();
    CHECK(two.of_central().error() == local_error(Reason::numeric_comparison_failed));
    CHECK(two.of_peripheral().error() == local_error(Reason::numeric_comparison_failed));
    CHECK(two.of_central().compared.size() == 1);
    CHECK_FALSE(two.of_central().key);
}

TEST_CASE("smp pairing: a method that the application does not allow is refused") {
    TwoManagers two;
    two.peripheral.local.settings.methods = {Method::numeric_comparison, Method::out_of_band};
    two.pair();
    CHECK(two.of_peripheral().error() == local_error(Reason::authentication_requirements));
    CHECK(two.of_central().error() == peer_error(Reason::authentication_requirements));
}

TEST_CASE("smp pairing: a private address is bonded under the identity that its owner tells") {
    TwoManagers two;
    two.central.local.identity.address = test::public_address("00:11:22:33:44:55");
    two.pair();
    CHECK(two.peripheral.stored->peer_type == AddressType::public_device);
    CHECK(two.peripheral.stored->peer == *Address::parse("00:11:22:33:44:55"));
    CHECK_FALSE(two.peripheral.stored->device_privacy);
    CHECK(two.central.stored->device_privacy);  // the peripheral uses its identity address
}

TEST_CASE("smp pairing: keypresses pass where both have agreed on them") {
    for (const bool agreed : {false, true}) {
        TwoManagers two;
        for (ManagerScript* side : {&two.central, &two.peripheral}) {
            side->local.settings.mitm = true;
            side->local.settings.keypress = true;
        }
        two.peripheral.local.settings.keypress = agreed;
        two.central.local.settings.io = IoCapability::keyboard_only;
        two.peripheral.local.settings.io = IoCapability::display_only;
        two.answers = false;
        two.pair();
        CHECK(two.central.keypress(Keypress{5}) ==
              test::Lines{
                  (agreed ? make_error(errc::invalid_argument) : make_error(errc::not_supported))
                      .message()});
        CHECK(two.peripheral.keypress(Keypress::entry_started) ==
              test::Lines{make_error(errc::no_such_procedure).message()});
        if (!agreed) continue;
        CHECK(two.central.keypress(Keypress::digit_entered) == test::Lines{"send 0e01"});
        CHECK(two.peripheral.receive("0e 01") == test::Lines{"keypress 1"});
        CHECK(two.peripheral.receive("0e 05").empty());  // reserved
        // Each keeps the time-out away for another 30 s.
        two.wait(std::chrono::seconds{29});
        CHECK(two.central.keypress(Keypress::digit_entered) == test::Lines{"send 0e01"});
        (void)two.peripheral.receive("0e 01");
        two.wait(std::chrono::seconds{29});
        CHECK(two.central.manager.pairing());
        CHECK(two.peripheral.manager.pairing());
        CHECK(two.central.answer(PasskeyAction::input, 1).size() == 1);
        CHECK(two.central.keypress(Keypress::digit_entered) ==
              test::Lines{make_error(errc::no_such_procedure).message()});
        two.wait(std::chrono::seconds{31});
        CHECK(two.of_peripheral().error() == errc::timed_out);
    }
}

TEST_CASE("smp pairing: keypresses do not keep a pairing alive for ever") {
    TwoManagers two;
    for (ManagerScript* side : {&two.central, &two.peripheral}) side->local.settings.mitm = true;
    two.central.local.settings.io = IoCapability::keyboard_only;
    two.peripheral.local.settings.io = IoCapability::display_only;
    two.answers = false;
    two.pair();
    for (int i = 0; i < 200; ++i) {
        (void)two.peripheral.receive("0e 01");
        two.wait(std::chrono::seconds{20});
    }
    CHECK_FALSE(two.peripheral.manager.busy());
    CHECK(two.of_peripheral().error() == errc::timed_out);
}

TEST_CASE("smp pairing: a debug key is accepted where it is allowed, and not stored") {
    for (const int who : {1, 2, 3}) {
        CAPTURE(who);
        TwoManagers two;
        two.central.local.settings.debug_keys = (who & 1) != 0;
        two.peripheral.local.settings.debug_keys = (who & 2) != 0;
        two.pair();
        if (who == 3) {
            check_success(two, {true, false, 16});
            CHECK_FALSE(two.central.last_stored);
            CHECK_FALSE(two.peripheral.last_stored);
        } else {
            ManagerScript& refuses = who == 1 ? two.peripheral : two.central;
            CHECK(two.outcome(refuses).error() == local_error(Reason::dhkey_check_failed));
        }
    }
}

TEST_CASE("smp pairing: a key pair that is given is used") {
    TwoManagers two;
    two.central.local.key_pair = debug_key_pair();
    two.central.local.settings.debug_keys = false;
    two.peripheral.local.settings.debug_keys = true;
    two.pair();
    CHECK(two.of_central().sent.at(1) ==
          hex("0c e69d350e480103ccdbfdf4ac1191f4efb9a5f9e9a7832c5e2cbe97f2d203b020"
              "8bd28915d08e1c742430ed8fc24563765c15525abf9a32636deb2a65499c80dc"));
}
