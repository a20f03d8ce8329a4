// SPDX-License-Identifier: MIT
//
// Every pair of IO capabilities over the virtual air, as the table of the specification has it
// (Vol 3 Part H, Table 2.8), with users who do what they are told and such who do not.
#include <doctest/doctest.h>

#include <array>
#include <string>

#include "tests/bluetooth/pairing_link.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

enum Model : std::uint8_t {
    JW,  // Just Works
    NC,  // Numeric Comparison
    ID,  // Passkey Entry: the initiator displays
    RD,  // the responder displays
    BI,  // both input
};

/// Rows: the responder; columns: the initiator; each DisplayOnly, DisplayYesNo, KeyboardOnly,
/// NoInputNoOutput, KeyboardDisplay.
constexpr Model legacy[5][5]{{JW, JW, RD, JW, RD},
                             {JW, JW, RD, JW, RD},
                             {ID, ID, BI, JW, ID},
                             {JW, JW, JW, JW, JW},
                             {ID, ID, RD, JW, ID}};
constexpr Model secure[5][5]{{JW, JW, RD, JW, RD},
                             {JW, NC, RD, JW, NC},
                             {ID, ID, BI, JW, ID},
                             {JW, JW, JW, JW, JW},
                             {ID, NC, RD, JW, NC}};

struct Case {
    unsigned initiator = 0;
    unsigned responder = 0;
    bool secure_connections = true;
    bool mitm = true;
    bool by_peripheral = false;  // who calls gap_pair

    Model model() const {
        if (!mitm) return JW;
        return (secure_connections ? secure : legacy)[responder][initiator];
    }
    std::string text() const {
        return "initiator " + std::to_string(initiator) + ", responder " +
               std::to_string(responder) + (secure_connections ? ", secure" : ", legacy") +
               (mitm ? ", mitm" : "") + (by_peripheral ? ", by the peripheral" : "");
    }
};

/// What a user is asked to do in a model; nothing in Just Works.
std::optional<PasskeyActionType> task(Model model, bool initiator) {
    switch (model) {
    case JW: return std::nullopt;
    case NC: return PasskeyActionType::numeric_comparison;
    case BI: return PasskeyActionType::input;
    case ID: return initiator ? PasskeyActionType::display : PasskeyActionType::input;
    case RD: return initiator ? PasskeyActionType::input : PasskeyActionType::display;
    }
    return std::nullopt;
}

void set_up(PairingLink& link, const Case& at) {
    link.both(config::le_secure{at.secure_connections});
    link.both(config::mitm{at.mitm});
    REQUIRE(!link.central.host.set(config::io{static_cast<std::uint8_t>(at.initiator)}));
    REQUIRE(!link.peripheral.host.set(config::io{static_cast<std::uint8_t>(at.responder)}));
}

/// Runs `body` for each case on one link after the other; those that failed begin anew.
template <class Body> void for_each_case(Body&& body) {
    for (unsigned initiator = 0; initiator < 5; ++initiator)
        for (unsigned responder = 0; responder < 5; ++responder)
            for (const bool secure_connections : {false, true})
                body(Case{initiator, responder, secure_connections});
}

void check_asked(const Device& device, Model model, bool initiator) {
    const auto expected = task(model, initiator);
    REQUIRE(device.count<PasskeyAction>() == (expected ? 1 : 0));
    if (expected) CHECK(device.last<PasskeyAction>()->action == *expected);
}

}  // namespace

TEST_CASE("pairing methods: each pair of capabilities pairs by the model of the table") {
    PairingLink link;
    int count = 0;
    for_each_case([&](Case at) {
        for (at.mitm = false;; at.mitm = true) {
            for (at.by_peripheral = false;; at.by_peripheral = true) {
                CAPTURE(at.text());
                set_up(link, at);
                link.forget_events();
                link.pair(at.by_peripheral ? link.peripheral : link.central);
                check_asked(link.central, at.model(), true);
                check_asked(link.peripheral, at.model(), false);
                if (at.model() == NC)
                    CHECK(link.central.last<PasskeyAction>()->passkey ==
                          link.peripheral.last<PasskeyAction>()->passkey);
                for (const Device* device : {&link.central, &link.peripheral}) {
                    const EncryptionUpdate& update = PairingLink::outcome(*device);
                    CHECK(update.encrypted);
                    CHECK(update.authenticated == (at.model() != JW));
                    CHECK(update.secure_connections == at.secure_connections);
                    CHECK(update.key_size == 16);
                    REQUIRE(!update.error);
                }
                ++count;
                if (at.by_peripheral) break;
            }
            if (at.mitm) break;
        }
    });
    CHECK(count == 200);
}

TEST_CASE("pairing methods: wrong passkeys and differing numbers fail on both sides") {
    for_each_case([&](const Case& at) {
        if (at.model() == JW) return;
        for (const bool central_is_wrong : {false, true}) {
            CAPTURE(at.text());
            PairingLink link;
            set_up(link, at);
            (central_is_wrong ? link.central_passkey : link.peripheral_passkey) = 123457;
            (central_is_wrong ? link.central_agrees : link.peripheral_agrees) = false;
            REQUIRE(!link.central.host.pair(PairingLink::conn, false));
            link.run();
            for (Device* device : {&link.central, &link.peripheral}) {
                const EncryptionUpdate& update = PairingLink::outcome(*device);
                CHECK(!update.encrypted);
                CHECK(!update.authenticated);
                CHECK(update.key_size == 0);
                CHECK(update.error.value() == (at.model() == NC ? 0x0c : 0x04));
            }
            CHECK(link.central.count<PeripheralDisconnect>() == 0);
            CHECK(link.read_status(PairingLink::encrypted_value) == 0x105);
        }
    });
}

TEST_CASE("pairing methods: a user who does not react ends it after 30 s, on both sides") {
    for_each_case([&](const Case& at) {
        if (at.model() == JW) return;
        for (const bool central_sleeps : {false, true}) {
            CAPTURE(at.text());
            PairingLink link;
            set_up(link, at);
            (central_sleeps ? link.central_passkey : link.peripheral_passkey).reset();
            (central_sleeps ? link.central_agrees : link.peripheral_agrees).reset();
            REQUIRE(!link.central.host.pair(PairingLink::conn, false));
            link.world.advance(29s);
            CHECK(link.central.count<EncryptionUpdate>() == 0);
            CHECK(link.peripheral.count<EncryptionUpdate>() == 0);
            link.world.advance(2s);
            for (Device* device : {&link.central, &link.peripheral}) {
                CHECK(PairingLink::outcome(*device).error == errc::timed_out);
                CHECK(device->host.pair(PairingLink::conn, false) == errc::timed_out);
            }
            CHECK(link.central.count<PeripheralDisconnect>() == 0);
        }
    });
}

TEST_CASE("pairing methods: cut off behind any packet, it fails on both sides in time") {
    for (const bool secure_connections : {false, true})
        for (const bool bonding : {false, true})
            for (const bool passkey : {false, true})
                for (unsigned kept = 0;; ++kept) {
                    CAPTURE(secure_connections);
                    CAPTURE(bonding);
                    CAPTURE(passkey);
                    CAPTURE(kept);
                    PairingLink link;
                    link.both(config::le_secure{secure_connections});
                    link.both(config::bond{bonding});
                    link.both(config::mitm{passkey});
                    link.both(config::io::keyboard_only);
                    unsigned passed = 0;
                    bool cut = false;
                    const auto tamper = [&](Octets& packet) {
                        const bool smp = packet.size() > 9 && packet[0] == 0x02 && packet[7] == 6;
                        if (!smp || passed++ < kept) return;
                        cut = true;
                        packet.clear();
                    };
                    link.central.tamper = tamper;
                    link.peripheral.tamper = tamper;
                    REQUIRE(!link.central.host.pair(PairingLink::conn, false));
                    link.world.advance(40s);
                    if (!cut) {  // that was all
                        CHECK(!PairingLink::outcome(link.central).error);
                        CHECK(!PairingLink::outcome(link.peripheral).error);
                        CHECK(kept > 4);
                        break;
                    }
                    // A central that has sent its last key is done; the peripheral that did not get
                    // it closes the link, whose key belongs to no pairing.
                    CHECK((PairingLink::outcome(link.central).error ||
                           link.central.count<PeripheralDisconnect>() == 1));
                    // Unless the peripheral never heard of it, or has had its share.
                    CHECK(link.peripheral.count<EncryptionUpdate>() == (kept == 0 ? 0 : 1));
                    for (Device* device : {&link.central, &link.peripheral}) {
                        const auto* update = device->last<EncryptionUpdate>();
                        CHECK(device->secrets.get(SecretType::our_keys, 0, {}).has_value() ==
                              (update != nullptr && update->bonded));
                    }
                }
}
