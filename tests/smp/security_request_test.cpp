// SPDX-License-Identifier: MIT
// The Security Request of a peripheral (Vol 3 Part H 2.4.6, 3.6.7), from both sides.
#include <doctest/doctest.h>

#include <memory>

#include "tests/smp/bonds.hpp"
#include "tests/smp/two_managers.hpp"

using namespace bluetooth;
using namespace bluetooth::smp;
using bluetooth::test::Bonded;
using bluetooth::test::encrypt_legacy;
using bluetooth::test::encrypt_modern;
using bluetooth::test::key_text;
using bluetooth::test::legacy_bond;
using bluetooth::test::Lines;
using bluetooth::test::ManagerScript;
using bluetooth::test::modern_bond;
using bluetooth::test::TwoManagers;
using std::chrono::seconds;

TEST_CASE("smp security request: a peripheral asks for what its settings want") {
    const auto request = [](auto change) {
        Bonded script{Role::peripheral, std::nullopt};
        script.local.settings.secure_connections = false;
        change(script.local.settings);
        return script.pair();
    };
    CHECK(request([](Settings&) {}) == Lines{"send 0b00"});
    CHECK(request([](Settings& s) { s.bonding = true; }) == Lines{"send 0b01"});
    CHECK(request([](Settings& s) { s.mitm = true; }) == Lines{"send 0b04"});
    CHECK(request([](Settings& s) { s.secure_connections = true; }) == Lines{"send 0b08"});
    CHECK(request([](Settings& s) { s.keypress = true; }) == Lines{"send 0b10"});
}

TEST_CASE("smp security request: it ends by an encryption, a failure, a cancel or in 30 s") {
    const auto asked = [] {
        auto script = std::make_unique<Bonded>(Role::peripheral, modern_bond());
        CHECK(script->pair() == Lines{"send 0b08"});
        CHECK(script->manager.busy());
        CHECK_FALSE(script->manager.pairing());
        return script;
    };
    auto encrypted = asked();
    CHECK(encrypted->key_request() == Lines{"key " + key_text("cc")});
    CHECK(encrypted->encryption_change() == Lines{"security sc 16 bonded", "done"});
    CHECK(encrypted->wait(seconds{60}).empty());

    auto refused = asked();
    CHECK(refused->receive("05 05") == Lines{"failed: bluetooth.smp.peer 5"});
    CHECK_FALSE(refused->manager.busy());

    auto cancelled = asked();
    CHECK(cancelled->cancel() == Lines{"failed: bluetooth.smp.local 8"});
    CHECK_FALSE(cancelled->manager.busy());

    auto ignored = asked();
    CHECK(ignored->wait(seconds{29}).empty());
    CHECK(ignored->wait(seconds{1}) == Lines{"failed: bluetooth.host 110"});
    CHECK_FALSE(ignored->manager.busy());
    CHECK(ignored->pair() == Lines{"send 0b08"});  // no pairing has timed out
}

TEST_CASE("smp security request: a central encrypts where the bond is good enough, else pairs") {
    Bonded bonded{Role::central, legacy_bond()};
    CHECK(bonded.receive("0b 01") == Lines{encrypt_legacy});
    CHECK(bonded.encryption_change() == Lines{"security legacy 16 bonded", "done"});

    // More than there is counts only where we want it too: anybody can ask for it.
    Bonded asked_for{Role::central, legacy_bond(false)};
    CHECK(asked_for.receive("0b 05") == Lines{encrypt_legacy});
    Bonded not_enough{Role::central, legacy_bond(false)};
    not_enough.local.settings.mitm = true;
    not_enough.local.settings.io = IoCapability::keyboard_display;
    CHECK(not_enough.receive("0b 05").at(0).starts_with("send 01"));
    Bonded enough{Role::central, legacy_bond(true)};
    CHECK(enough.receive("0b 05") == Lines{encrypt_legacy});

    Bonded stranger{Role::central, std::nullopt};
    CHECK(stranger.receive("0b 01") == Lines{"send 01030008100000"});
    CHECK(stranger.manager.pairing());
}

TEST_CASE("smp security request: in the middle of something a central ignores it") {
    Bonded pairing{Role::central, std::nullopt};
    (void)pairing.pair();
    CHECK(pairing.receive("0b 01").empty());
    CHECK(pairing.manager.pairing());
    Bonded encrypting{Role::central, modern_bond()};
    (void)encrypting.pair();
    CHECK(encrypting.receive("0b 01").empty());
    CHECK(encrypting.encryption_change() == Lines{"security sc 16 bonded", "done"});
}

TEST_CASE("smp security request: one that comes before the bond is looked up waits for it") {
    ManagerScript script{Role::central};
    script.answers_lookups = false;
    (void)script.connect();
    CHECK(script.receive("0b 01").empty());
    script.manager.on_bond(script.context(), modern_bond());
    CHECK(script.lines() == Lines{"security plain bonded", encrypt_modern});

    // With a pair of our own they become one.
    ManagerScript both{Role::central};
    both.answers_lookups = false;
    (void)both.connect();
    CHECK(both.receive("0b 01").empty());
    CHECK(both.pair().empty());
    both.manager.on_bond(both.context(), modern_bond());
    CHECK(both.lines() == Lines{"security plain bonded", encrypt_modern});
    CHECK(both.encryption_change() == Lines{"security sc 16 bonded", "done"});
    CHECK_FALSE(both.manager.busy());
}

TEST_CASE("smp security request: two managers come to an encrypted link by it") {
    TwoManagers two;
    REQUIRE_FALSE(two.peripheral.manager.pair(two.peripheral.context()));
    two.run();
    for (ManagerScript* side : {&two.central, &two.peripheral}) {
        CHECK(two.outcome(*side).succeeded());
        CHECK(side->manager.security().bonded);
    }
    // The next link: with the key of that bond.
    TwoManagers again{two.central.stored, two.peripheral.stored};
    REQUIRE_FALSE(again.peripheral.manager.pair(again.peripheral.context()));
    again.run();
    CHECK(again.of_central().sent.empty());
    CHECK(again.of_peripheral().sent.size() == 1);
    CHECK(again.of_central().succeeded());
    CHECK(again.of_peripheral().succeeded());
    CHECK(again.of_central().key == two.central.stored->ours.ltk->value);
}

TEST_CASE("smp security request: a legacy bond encrypts the next link with its distributed key") {
    TwoManagers two;
    two.central.local.settings.secure_connections = false;
    two.pair();
    TwoManagers again{two.central.stored, two.peripheral.stored};
    again.pair();
    CHECK(again.of_central().succeeded());
    CHECK(again.of_peripheral().succeeded());
    CHECK(again.of_central().key == two.peripheral.stored->ours.ltk->value);
    CHECK(again.of_central().key != two.of_central().key);  // which was the STK
    // With the roles exchanged it is the other one's.
    TwoManagers exchanged{two.peripheral.stored, two.central.stored};
    exchanged.pair();
    CHECK(exchanged.of_central().succeeded());
    CHECK(exchanged.of_central().key == two.central.stored->ours.ltk->value);
}

TEST_CASE("smp security request: a bond that only one side has left is no way in") {
    TwoManagers two;
    two.pair();
    TwoManagers again{two.central.stored};
    again.pair();
    CHECK(again.of_central().error() == ManagerScript::hci_error(0x06));
    CHECK(again.of_central().sent.empty());
    CHECK_FALSE(again.central.manager.security().encrypted);
    CHECK_FALSE(again.peripheral.manager.security().encrypted);
}
