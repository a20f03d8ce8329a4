// SPDX-License-Identifier: MIT
// The security manager without a pairing: links that are encrypted with the key of a bond, and ends
// of their encryption (Vol 3 Part C 10.3, Part H 2.4.4).
#include <doctest/doctest.h>

#include "tests/smp/bonds.hpp"

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
using std::chrono::seconds;

namespace {

const std::string rand_of_ours = "0102030405060708";

std::string message(errc error) { return make_error(error).message(); }

}  // namespace

TEST_CASE("smp manager: a central encrypts with the bond's key and believes only the controller") {
    Bonded script{Role::central, legacy_bond()};
    CHECK(script.pair() == Lines{encrypt_legacy});
    CHECK(script.manager.busy());
    CHECK_FALSE(script.manager.pairing());
    CHECK_FALSE(script.manager.security().encrypted);
    CHECK(script.pair() == Lines{message(errc::already_in_progress)});
    CHECK(script.encryption_change() == Lines{"security legacy 16 bonded", "done"});
    CHECK_FALSE(script.manager.busy());

    Bonded modern{Role::central, modern_bond(true)};
    CHECK(modern.pair() == Lines{encrypt_modern});
    CHECK(modern.encryption_change() == Lines{"security sc mitm 16 bonded", "done"});
    // Once more: the controller refreshes the key.
    CHECK(modern.pair() == Lines{encrypt_modern});
    CHECK(modern.key_refresh() == Lines{"security sc mitm 16 bonded", "done"});
}

TEST_CASE("smp manager: a peripheral gives the controller the key that is asked for by its name") {
    Bonded script{Role::peripheral, legacy_bond(true)};
    CHECK(script.key_request(0x1234, rand_of_ours) == Lines{"key " + key_text("aa")});
    CHECK(script.encryption_change() == Lines{"security legacy mitm 16 bonded", "done"});
    // Another time, under the same key.
    CHECK(script.key_request(0x1234, rand_of_ours) == Lines{"key " + key_text("aa")});
    CHECK(script.key_refresh() == Lines{"security legacy mitm 16 bonded", "done"});

    Bonded modern{Role::peripheral, modern_bond()};
    CHECK(modern.key_request() == Lines{"key " + key_text("cc")});
    CHECK(modern.encryption_change() == Lines{"security sc 16 bonded", "done"});
}

TEST_CASE("smp manager: a key request with another name has no key") {
    Bonded script{Role::peripheral, legacy_bond()};
    CHECK(script.key_request(0x1235, rand_of_ours) == Lines{"no key"});
    CHECK(script.key_request(0x1234, "0102030405060709") == Lines{"no key"});
    CHECK(script.key_request(0x5678, "1112131415161718") == Lines{"no key"});  // the peer's
    CHECK(script.key_request() == Lines{"no key"});
    CHECK_FALSE(script.manager.busy());
    CHECK(script.manager.dropped() == 4);
    // And no encryption counts after that.
    CHECK(script.encryption_change().empty());
    CHECK_FALSE(script.manager.security().encrypted);

    Bonded modern{Role::peripheral, modern_bond()};
    CHECK(modern.key_request(1) == Lines{"no key"});
    CHECK(modern.key_request(0, "0000000000000001") == Lines{"no key"});

    Bonded stranger{Role::peripheral, std::nullopt};
    CHECK(stranger.key_request() == Lines{"no key"});
    CHECK(stranger.key_request(0x1234, rand_of_ours) == Lines{"no key"});

    Bond without_ours = legacy_bond();
    without_ours.ours.ltk.reset();
    Bonded one_sided{Role::peripheral, without_ours};
    CHECK(one_sided.key_request(0x1234, rand_of_ours) == Lines{"no key"});
}

TEST_CASE("smp manager: a key request that comes before the bond is looked up waits for it") {
    ManagerScript script{Role::peripheral};
    script.answers_lookups = false;
    CHECK(script.connect().empty());
    CHECK(script.key_request().empty());
    script.manager.on_bond(script.context(), modern_bond());
    CHECK(script.lines() == Lines{"security plain bonded", "key " + key_text("cc")});
    CHECK(script.encryption_change() == Lines{"security sc 16 bonded", "done"});
}

TEST_CASE("smp manager: a bond that settings do not allow any more gives no key") {
    Bond small = modern_bond();
    small.strength.key_size = 7;
    for (const bool too_old : {false, true}) {
        Bonded peripheral{Role::peripheral, too_old ? legacy_bond() : small};
        peripheral.local.settings.secure_connections_only = too_old;
        CHECK((too_old ? peripheral.key_request(0x1234, rand_of_ours) : peripheral.key_request()) ==
              Lines{"no key"});
        Bonded central{Role::central, too_old ? legacy_bond() : small};
        central.local.settings.secure_connections_only = too_old;
        CHECK(central.pair().at(0).starts_with("send 01"));  // pairs instead
    }
}

TEST_CASE("smp manager: a peer that has lost the key is reported, never paired with anew") {
    for (const unsigned code : {0x06u, 0x3du, 0x08u}) {
        const auto status = static_cast<std::uint8_t>(code);
        Bonded script{Role::central, modern_bond()};
        CHECK(script.pair() == Lines{encrypt_modern});
        CHECK(script.encryption_change(status, false) ==
              Lines{"failed: bluetooth.hci " + std::to_string(status)});
        CHECK_FALSE(script.manager.busy());
        CHECK(script.manager.security() == LinkSecurity{.bonded = true});
        CHECK(script.wait(seconds{100}).empty());
        // The application may, by saying so.
        CHECK(script.pair() == Lines{encrypt_modern});
        CHECK(script.encryption_change(status, false).size() == 1);
        CHECK(script.pair(true).at(0).starts_with("send 01"));
    }
    Bonded refresh{Role::central, modern_bond()};
    (void)refresh.pair();
    (void)refresh.encryption_change();
    (void)refresh.pair();
    CHECK(refresh.key_refresh(0x06) == Lines{"failed: bluetooth.hci 6"});
    Bonded refused{Role::central, modern_bond()};
    (void)refused.pair();
    CHECK(refused.encryption_refused(0x0c) == Lines{"failed: bluetooth.hci 12"});
    CHECK_FALSE(refused.manager.busy());
    Bonded peripheral{Role::peripheral, modern_bond()};
    (void)peripheral.key_request();
    CHECK(peripheral.encryption_change(0x3d, false) == Lines{"failed: bluetooth.hci 61"});
}

TEST_CASE("smp manager: encryption that is switched off is reported (CVE-2020-9770)") {
    for (const Role role : {Role::central, Role::peripheral}) {
        Bonded script{role, modern_bond(true)};
        if (role == Role::central)
            (void)script.pair();
        else
            (void)script.key_request();
        (void)script.encryption_change();
        CHECK(script.manager.security().encrypted);
        CHECK(script.encryption_change(0, false) ==
              Lines{"security plain bonded", "failed: bluetooth.host 71"});
        CHECK(script.manager.security() == LinkSecurity{.bonded = true});
    }
    // Off while it is to become on: that was the end of it.
    Bonded early{Role::central, modern_bond()};
    (void)early.pair();
    CHECK(early.encryption_change(0, false) ==
          Lines{"security plain bonded", "failed: bluetooth.host 71"});
    CHECK_FALSE(early.manager.busy());
    CHECK(early.encryption_change().empty());
    CHECK_FALSE(early.manager.security().encrypted);
    // Off while a peripheral has asked for more: that ends the asking.
    Bonded asking{Role::peripheral, modern_bond()};
    (void)asking.key_request();
    (void)asking.encryption_change();
    CHECK(asking.pair() == Lines{"send 0b08"});
    CHECK(asking.encryption_change(0, false) ==
          Lines{"security plain bonded", "failed: bluetooth.host 71"});
    CHECK_FALSE(asking.manager.busy());
    CHECK(asking.wait(seconds{60}).empty());
}

TEST_CASE("smp manager: an encryption that nobody has asked for counts as none") {
    for (const Role role : {Role::central, Role::peripheral}) {
        Bonded script{role, modern_bond()};
        CHECK(script.encryption_change().empty());
        CHECK(script.key_refresh().empty());
        CHECK(script.encryption_change(0x06, false).empty());
        CHECK(script.key_refresh(0x06).empty());
        CHECK(script.encryption_refused(0x0c).empty());
        CHECK(script.manager.dropped() == 5);
        CHECK_FALSE(script.manager.security().encrypted);
    }
}

TEST_CASE("smp manager: a controller that never answers is not waited for") {
    for (const Role role : {Role::central, Role::peripheral}) {
        Bonded script{role, modern_bond()};
        if (role == Role::central)
            (void)script.pair();
        else
            (void)script.key_request();
        CHECK(script.wait(seconds{44}).empty());
        CHECK(script.wait(seconds{1}) == Lines{"failed: bluetooth.host 110"});
        CHECK_FALSE(script.manager.busy());
        CHECK(script.encryption_change().empty());  // too late
        CHECK_FALSE(script.manager.security().encrypted);
    }
}

TEST_CASE("smp manager: a bond that is removed gives no key any more") {
    Bonded script{Role::central, modern_bond()};
    (void)script.pair();
    (void)script.encryption_change();
    script.manager.forget_bond();
    script.stored.reset();
    CHECK(script.manager.security().encrypted);
    CHECK_FALSE(script.manager.security().bonded);
    CHECK_FALSE(script.manager.bond());
    CHECK(script.pair().at(0).starts_with("send 01"));

    Bonded peripheral{Role::peripheral, modern_bond()};
    peripheral.manager.forget_bond();
    CHECK(peripheral.key_request() == Lines{"no key"});
}

TEST_CASE("smp manager: pair looks the bond up again, as the application may have changed it") {
    Bonded script{Role::central, std::nullopt};
    script.stored = modern_bond();
    CHECK(script.pair() == Lines{"security plain bonded", encrypt_modern});
}

TEST_CASE("smp manager: pair asks for more than the bond has where settings do") {
    Bonded script{Role::central, modern_bond(false)};
    script.local.settings.mitm = true;
    CHECK(script.pair() == Lines{encrypt_modern});  // without input nor output it cannot be had
    Bonded able{Role::central, modern_bond(false)};
    able.local.settings.mitm = true;
    able.local.settings.io = IoCapability::keyboard_display;
    CHECK(able.pair().at(0).starts_with("send 0104"));
    Bonded good{Role::central, modern_bond(true)};
    good.local.settings.mitm = true;
    good.local.settings.io = IoCapability::keyboard_display;
    CHECK(good.pair() == Lines{encrypt_modern});
}

TEST_CASE("smp manager: a link that is lost ends what is under way, once") {
    for (const Role role : {Role::central, Role::peripheral}) {
        Bonded script{role, modern_bond()};
        (void)script.pair();
        CHECK(script.manager.busy());
        CHECK(script.disconnect() == Lines{"failed: bluetooth.host 104"});
        CHECK_FALSE(script.manager.busy());
        CHECK(script.wait(seconds{100}).empty());
        Bonded idle{role, modern_bond()};
        CHECK(idle.disconnect().empty());
    }
    ManagerScript looking{Role::central};
    looking.answers_lookups = false;
    (void)looking.connect();
    CHECK(looking.pair().empty());
    CHECK(looking.disconnect() == Lines{"failed: bluetooth.host 104"});
}

TEST_CASE("smp manager: what waits for the store can be cancelled; an encryption cannot") {
    ManagerScript looking{Role::central};
    looking.answers_lookups = false;
    (void)looking.connect();
    CHECK(looking.cancel() == Lines{message(errc::no_such_procedure)});
    CHECK(looking.pair().empty());
    CHECK(looking.cancel() == Lines{"failed: bluetooth.smp.local 8"});
    looking.manager.on_bond(looking.context(), std::nullopt);
    CHECK(looking.lines().empty());

    Bonded encrypting{Role::central, modern_bond()};
    (void)encrypting.pair();
    CHECK(encrypting.cancel() == Lines{message(errc::no_such_procedure)});
}
