// SPDX-License-Identifier: MIT
// The security manager around a pairing: what the application answers, weaker bonds, the store, and
// ends that come from outside.
#include <doctest/doctest.h>

#include "tests/smp/bonds.hpp"
#include "tests/smp/two_managers.hpp"

using namespace bluetooth;
using namespace bluetooth::smp;
using bluetooth::test::Bonded;
using bluetooth::test::legacy_bond;
using bluetooth::test::Lines;
using bluetooth::test::ManagerScript;
using bluetooth::test::modern_bond;
using bluetooth::test::Octets;
using bluetooth::test::TwoManagers;
using std::chrono::seconds;

namespace {

std::string message(errc error) { return make_error(error).message(); }

}  // namespace

TEST_CASE("smp manager: answers that nobody has asked for, or that do not fit, are refused") {
    ManagerScript script{Role::central};
    (void)script.connect();
    const auto none = Lines{message(errc::no_such_procedure)};
    const auto invalid = Lines{message(errc::invalid_argument)};
    CHECK(script.answer(PasskeyAction::input, 1) == none);
    CHECK(script.answer(PasskeyAction{1}, 1) == invalid);
    CHECK(script.answer(PasskeyAction{5}, 1) == invalid);
    CHECK(script.allow_weaker(true) == none);
    CHECK(script.keypress(Keypress::digit_entered) == none);
    CHECK(script.cancel() == none);

    script.local.settings.mitm = true;
    script.local.settings.io = IoCapability::keyboard_only;
    script.local.settings.secure_connections = false;
    CHECK(script.pair() == Lines{"send 01020004100000"});
    CHECK(script.answer(PasskeyAction::input, 1) == none);
    CHECK(script.receive("02 00 00 00 10 00 00") == Lines{"input"});
    CHECK(script.answer(PasskeyAction::display, 1) == invalid);
    CHECK(script.answer(PasskeyAction::numeric_comparison, 1) == invalid);
    CHECK(script.answer(PasskeyAction::input, 1'000'000) == invalid);
    CHECK(script.answer(PasskeyAction::input, 999'999).size() == 1);
    CHECK(script.answer(PasskeyAction::input, 999'999) ==
          Lines{message(errc::already_in_progress)});
    CHECK(script.allow_weaker(true) == none);
    CHECK(script.manager.pairing());
}

TEST_CASE("smp manager: what is less than the bond is asked for, refused or allowed") {
    for (const bool we_are_central : {false, true})
        for (const int weakness : {0, 1, 2}) {
            CAPTURE(we_are_central);
            CAPTURE(weakness);
            Bonded script{we_are_central ? Role::central : Role::peripheral, modern_bond(true)};
            script.local.settings.bonding = true;
            script.local.settings.min_key_size = 7;
            const std::string features = weakness == 0   ? "03 00 01 10 07 07"   // legacy
                                         : weakness == 1 ? "03 00 09 10 07 07"   // Just Works
                                                         : "03 00 09 07 07 07";  // short
            const std::string asked = std::string{"weaker: "} + (weakness == 0 ? "legacy" : "sc") +
                                      (weakness == 2 ? " 7" : " 16") + " than sc mitm 16";
            const auto begin = [&](ManagerScript& s) {
                if (!we_are_central) return s.receive("01" + features);
                CHECK(s.pair(true) == Lines{"send 01030009100707"});
                return s.receive("02" + features);
            };
            CHECK(begin(script) == Lines{asked});
            CHECK(script.manager.busy());
            CHECK(script.allow_weaker(false) ==
                  Lines{"send 0503", "failed: bluetooth.smp.local 3"});
            CHECK_FALSE(script.manager.busy());
            CHECK(script.manager.bond()->strength.authenticated);

            Bonded other{we_are_central ? Role::central : Role::peripheral, modern_bond(true)};
            other.local.settings = script.local.settings;
            (void)begin(other);
            const Lines went_on = other.allow_weaker(true);
            REQUIRE(went_on.size() == 1);
            CHECK(went_on[0].starts_with(we_are_central ? (weakness == 0 ? "send 03" : "send 0c")
                                                        : "send 02"));

            Bonded silent{we_are_central ? Role::central : Role::peripheral, modern_bond(true)};
            silent.local.settings = script.local.settings;
            (void)begin(silent);
            CHECK(silent.wait(seconds{30}) == Lines{"failed: bluetooth.host 110"});
        }
}

TEST_CASE("smp manager: a weaker bond that was allowed says so to the store") {
    TwoManagers two{modern_bond(true), std::nullopt};
    REQUIRE_FALSE(two.central.manager.pair(two.central.context(), true));
    two.run();
    CHECK(two.of_central().succeeded());
    CHECK(two.central.replaces_better);
    CHECK_FALSE(two.peripheral.replaces_better);
    CHECK_FALSE(two.central.stored->strength.authenticated);

    // As good as before, or not to be stored: nobody is asked.
    TwoManagers same{modern_bond(false), modern_bond(false)};
    same.allows_weaker = false;
    REQUIRE_FALSE(same.central.manager.pair(same.central.context(), true));
    same.run();
    CHECK(same.of_central().succeeded());
    CHECK_FALSE(same.central.replaces_better);
    TwoManagers passing{modern_bond(true), modern_bond(true)};
    passing.allows_weaker = false;
    passing.central.local.settings.bonding = false;
    REQUIRE_FALSE(passing.central.manager.pair(passing.central.context(), true));
    passing.run();
    CHECK(passing.of_central().succeeded());
    CHECK_FALSE(passing.central.last_stored);
    CHECK(passing.central.manager.security() ==
          LinkSecurity{
              .encrypted = true, .bonded = true, .key_size = 16, .secure_connections = true});
}

TEST_CASE("smp manager: pairing again on an encrypted link refreshes its key") {
    TwoManagers two;
    two.pair();
    const auto first = two.of_central().key;
    REQUIRE_FALSE(two.central.manager.pair(two.central.context(), true));
    two.run();
    CHECK(two.of_central().done.size() == 2);
    CHECK(two.of_peripheral().done.size() == 2);
    CHECK_FALSE(two.of_central().error());
    CHECK_FALSE(two.of_peripheral().error());
    CHECK(two.of_central().key != first);
    CHECK(two.central.manager.security().encrypted);
}

TEST_CASE("smp manager: a store that fails leaves an encrypted link without a bond") {
    TwoManagers two;
    two.central.store_works = false;
    two.pair();
    CHECK(two.of_central().succeeded());
    CHECK(two.central.manager.security().encrypted);
    CHECK_FALSE(two.central.manager.security().bonded);
    CHECK_FALSE(two.central.manager.bond());
    CHECK(two.peripheral.manager.security().bonded);
}

TEST_CASE("smp manager: until the bond is stored the pairing has not ended") {
    for (const int end : {0, 1, 2}) {
        TwoManagers two;
        two.central.answers_stores = false;
        two.pair();
        CHECK(two.of_central().done.empty());
        CHECK(two.central.manager.busy());
        CHECK_FALSE(two.central.manager.pairing());
        CHECK(two.central.manager.pair(two.central.context()) == errc::already_in_progress);
        CHECK(two.central.receive("0b 01").empty());
        if (end == 0) {
            two.central.manager.on_bond_stored(two.central.context(), true);
            CHECK(two.central.lines() == Lines{"security sc 16 bonded", "done: Just Works"});
        } else if (end == 1) {
            CHECK(two.central.disconnect() == Lines{"failed: bluetooth.host 104"});
        } else {  // the encryption goes meanwhile: that is no success any more
            CHECK(two.central.encryption_change(0, false) == Lines{"security plain"});
            two.central.manager.on_bond_stored(two.central.context(), true);
            CHECK(two.central.lines() ==
                  Lines{"security plain bonded", "failed: bluetooth.host 71"});
        }
        CHECK_FALSE(two.central.manager.busy());
        two.central.manager.on_bond_stored(two.central.context(), true);
        CHECK(two.central.lines().empty());
    }
}

TEST_CASE("smp manager: a pairing that is cancelled fails on both sides") {
    for (const bool central_cancels : {false, true}) {
        TwoManagers two;
        two.answers = false;
        for (ManagerScript* side : {&two.central, &two.peripheral}) {
            side->local.settings.mitm = true;
            side->local.settings.io = IoCapability::keyboard_display;
        }
        two.pair();
        ManagerScript& cancels = central_cancels ? two.central : two.peripheral;
        ManagerScript& other = central_cancels ? two.peripheral : two.central;
        CHECK_FALSE(cancels.manager.cancel(cancels.context()));
        two.run();
        CHECK(two.outcome(cancels).error() == local_error(Reason::unspecified_reason));
        CHECK(two.outcome(other).error() == peer_error(Reason::unspecified_reason));
        CHECK(two.of_central().done.size() == 1);
        CHECK(two.of_peripheral().done.size() == 1);
        CHECK(cancels.cancel() == Lines{message(errc::no_such_procedure)});
    }
}

TEST_CASE("smp manager: after a time-out nothing is sent and no pairing begins on this link") {
    for (const Role role : {Role::central, Role::peripheral}) {
        ManagerScript script{role};
        (void)script.connect();
        if (role == Role::central)
            (void)script.pair();
        else
            (void)script.receive("01 03 00 08 10 00 00");
        CHECK(script.wait(seconds{29}).empty());
        CHECK(script.wait(seconds{1}) == Lines{"failed: bluetooth.host 110"});
        CHECK_FALSE(script.manager.busy());
        CHECK(script.pair() == Lines{message(errc::timed_out)});
        for (const char* pdu : {"01 03 00 08 10 00 00", "02 03 00 08 10 00 00", "0b 00", "05 08",
                                "03", "01 ff", "0e 00", "42"})
            CHECK(script.receive(pdu).empty());
        // A key that both have may still be used.
        CHECK(script.key_request() == Lines{"no key"});
    }
}

TEST_CASE("smp manager: a link that is lost, or not encrypted any more, ends a pairing") {
    for (const Role role : {Role::central, Role::peripheral})
        for (const bool lost : {false, true}) {
            ManagerScript script{role};
            (void)script.connect();
            if (role == Role::central)
                (void)script.pair();
            else
                (void)script.receive("01 03 00 00 10 00 00");
            CHECK(script.manager.pairing());
            if (lost)
                CHECK(script.disconnect() == Lines{"failed: bluetooth.host 104"});
            else
                CHECK(script.encryption_change(0, false).back() == "failed: bluetooth.host 71");
            CHECK_FALSE(script.manager.busy());
        }
}

TEST_CASE("smp manager: a request to pair that comes before the bond is looked up waits for it") {
    ManagerScript script{Role::peripheral};
    script.answers_lookups = false;
    (void)script.connect();
    CHECK(script.receive("01 03 00 09 10 07 07").empty());
    script.manager.on_bond(script.context(), std::nullopt);
    CHECK(script.lines() == Lines{"send 02030008100000"});
    CHECK(script.manager.pairing());
}

TEST_CASE("smp manager: a peripheral that has asked takes the central's pairing for the answer") {
    ManagerScript script{Role::peripheral};
    (void)script.connect();
    CHECK(script.pair() == Lines{"send 0b08"});
    CHECK(script.receive("01 03 00 00 10 00 00") == Lines{"send 02030008100000"});
    CHECK(script.receive("05 08") == Lines{"failed: bluetooth.smp.peer 8"});
    CHECK_FALSE(script.manager.busy());
    CHECK(script.wait(seconds{60}).empty());
}

TEST_CASE("smp manager: a controller that refuses to encrypt ends the pairing") {
    for (const int how : {0, 1, 2}) {
        TwoManagers two;
        // The peripheral's check is the last PDU before the encryption.
        two.on_the_way = [](bool to_central, Octets& pdu) {
            if (to_central && pdu[0] == 0x0d) pdu.clear();
        };
        two.pair();
        CHECK(two.peripheral.manager.busy());
        REQUIRE(two.of_peripheral().sent.back()[0] == 0x0d);
        CHECK(two.central.receive(two.of_peripheral().sent.back()).at(0).starts_with("encrypt "));
        CHECK(two.central.manager.busy());
        const Lines end = how == 0   ? two.central.encryption_refused(0x0c)
                          : how == 1 ? two.central.encryption_change(0x06, false)
                                     : two.central.wait(seconds{30});
        if (how == 2)  // it may encrypt yet, with a key that is none
            CHECK(end == Lines{"failed: bluetooth.host 110", "disconnect"});
        else
            CHECK(end == Lines{how == 0 ? "failed: bluetooth.hci 12" : "failed: bluetooth.hci 6"});
        CHECK_FALSE(two.central.manager.busy());
        CHECK(two.central.encryption_change().empty());  // too late
        CHECK_FALSE(two.central.manager.security().encrypted);
    }
}
