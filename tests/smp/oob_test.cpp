// SPDX-License-Identifier: MIT
// Pairing with data that were exchanged out of band (Vol 3 Part H 2.3.5.4, 2.3.5.6.4).
#include <doctest/doctest.h>

#include "tests/smp/bonds.hpp"
#include "tests/smp/two_managers.hpp"

using namespace bluetooth;
using namespace bluetooth::smp;
using bluetooth::test::key_of;
using bluetooth::test::ManagerScript;
using bluetooth::test::Octets;
using bluetooth::test::TwoManagers;

namespace {

/// `from` hands its data out to `to`.
void hand_over(ManagerScript& from, ManagerScript& to) {
    from.local.our_oob = make_oob_data(from.random);
    to.local.peer_oob = from.local.our_oob->data;
}
bool has_sent(const TwoManagers::Outcome& side, std::uint8_t code) {
    return std::ranges::any_of(side.sent, [code](const Octets& pdu) { return pdu[0] == code; });
}

}  // namespace

TEST_CASE("smp oob: LE Secure Connections takes data of both sides or of one") {
    for (const int ways : {1, 2, 3}) {
        CAPTURE(ways);
        TwoManagers two;
        if (ways & 1) hand_over(two.peripheral, two.central);
        if (ways & 2) hand_over(two.central, two.peripheral);
        two.pair();
        for (ManagerScript* side : {&two.central, &two.peripheral}) {
            CHECK(two.outcome(*side).succeeded());
            CHECK(two.outcome(*side).done.at(0).method == Method::out_of_band);
            CHECK(side->manager.security().authenticated);
            CHECK_FALSE(has_sent(two.outcome(*side), 0x03));  // no confirm values
        }
        CHECK(two.of_central().sent.at(0)[2] == ((ways & 1) ? 1 : 0));
        CHECK(two.of_peripheral().sent.at(0)[2] == ((ways & 2) ? 1 : 0));
    }
}

TEST_CASE("smp oob: wrong data are found out before a random number is sent (M28)") {
    for (const bool central_has : {false, true})
        for (const bool wrong_random : {false, true}) {
            TwoManagers two;
            ManagerScript& has = central_has ? two.central : two.peripheral;
            ManagerScript& other = central_has ? two.peripheral : two.central;
            hand_over(other, has);
            (wrong_random ? has.local.peer_oob->random : has.local.peer_oob->confirm)[5] ^= 1;
            two.pair();
            CHECK(two.outcome(has).error() == local_error(Reason::confirm_value_failed));
            CHECK(two.outcome(other).error() == peer_error(Reason::confirm_value_failed));
            CHECK_FALSE(has_sent(two.outcome(has), 0x04));
        }
}

TEST_CASE("smp oob: data for another key pair do not fit") {
    TwoManagers two;
    hand_over(two.peripheral, two.central);
    two.peripheral.local.our_oob->key_pair = crypto::KeyPair::generate(two.peripheral.random);
    two.pair();
    CHECK(two.of_central().error() == local_error(Reason::confirm_value_failed));
}

TEST_CASE("smp oob: a random number that was not handed out fails the check") {
    TwoManagers two;
    hand_over(two.peripheral, two.central);
    two.peripheral.local.our_oob->data.random[0] ^= 1;
    two.pair();
    CHECK(two.of_peripheral().error() == local_error(Reason::dhkey_check_failed));
    CHECK_FALSE(two.of_central().key);
}

TEST_CASE("smp oob: a peer that claims to have data of ours that there are not is refused") {
    for (const bool we_are_central : {false, true}) {
        TwoManagers two;
        ManagerScript& claims = we_are_central ? two.peripheral : two.central;
        ManagerScript& other = we_are_central ? two.central : two.peripheral;
        claims.local.peer_oob = OobData{};
        two.pair();
        // Whoever is first to see the other's public key finds it out.
        CHECK(two.outcome(claims).error());
        CHECK(two.outcome(other).error());
        CHECK_FALSE(two.of_central().key);
    }
    ManagerScript script{Role::peripheral};
    (void)script.connect();
    CHECK(script.receive("01 03 01 08 10 00 00").size() == 1);
    const crypto::PublicKey key = crypto::KeyPair::generate(script.random).public_key();
    std::array<std::uint8_t, max_pdu_size> room{};
    const test::Lines lines = script.receive(
        Bytes{encode(PairingPublicKey{crypto::reversed(key.x), crypto::reversed(key.y)}, room)});
    CHECK(lines.at(1) == "send 0502");
}

TEST_CASE("smp oob: legacy pairing takes a TK that both have") {
    TwoManagers two;
    for (ManagerScript* side : {&two.central, &two.peripheral}) {
        side->local.settings.secure_connections = false;
        side->local.oob_tk = key_of(0x5a);
    }
    two.pair();
    CHECK(two.of_central().succeeded());
    CHECK(two.of_peripheral().succeeded());
    CHECK(two.central.manager.security().authenticated);
    CHECK(two.of_central().done.at(0).method == Method::out_of_band);

    TwoManagers wrong;
    for (ManagerScript* side : {&wrong.central, &wrong.peripheral}) {
        side->local.settings.secure_connections = false;
        side->local.oob_tk = key_of(side == &wrong.central ? 1 : 2);
    }
    wrong.pair();
    CHECK(wrong.of_peripheral().error() == local_error(Reason::confirm_value_failed));
    CHECK_FALSE(wrong.of_central().key);

    // Where only one has it, it is Just Works (Table 2.6).
    TwoManagers one;
    for (ManagerScript* side : {&one.central, &one.peripheral})
        side->local.settings.secure_connections = false;
    one.central.local.oob_tk = key_of(1);
    one.pair();
    CHECK(one.of_central().succeeded());
    CHECK(one.of_central().done.at(0).method == Method::just_works);
}

TEST_CASE("smp oob: a TK that is withdrawn while the application is asked is missed") {
    TwoManagers two{test::modern_bond(true), std::nullopt};
    for (ManagerScript* side : {&two.central, &two.peripheral}) {
        side->local.settings.secure_connections = false;
        side->local.oob_tk = key_of(0x5a);
    }
    // The question is put when the response comes.
    two.on_the_way = [&](bool to_central, Octets& pdu) {
        if (to_central && pdu[0] == 0x02) two.central.local.oob_tk.reset();
    };
    REQUIRE_FALSE(two.central.manager.pair(two.central.context(), true));
    two.run();
    CHECK(two.of_central().error() == local_error(Reason::oob_not_available));
    CHECK(two.of_peripheral().error() == peer_error(Reason::oob_not_available));
}
