// SPDX-License-Identifier: MIT
// Attacks on the keys of a pairing and on when they count.
#include <doctest/doctest.h>

#include "tests/smp/bonds.hpp"
#include "tests/smp/two_managers.hpp"

using namespace bluetooth;
using namespace bluetooth::smp;
using bluetooth::test::key_text;
using bluetooth::test::Lines;
using bluetooth::test::ManagerScript;
using bluetooth::test::Octets;
using bluetooth::test::TwoManagers;
using std::chrono::seconds;

namespace {

const std::array<std::string, 5> key_pdus{"06" + key_text("11"), "07 0100 0000000000000000",
                                          "08" + key_text("22"), "09 01 040000 0000c0",
                                          "0a" + key_text("33")};

/// A pairing up to the first PDU with this code for the central (or the peripheral), which is lost.
void pair_until(TwoManagers& two, bool to_which, std::uint8_t code) {
    two.on_the_way = [=](bool to_central, Octets& pdu) {
        if (to_central == to_which && pdu[0] >= code && pdu[0] != 0x0c && pdu[0] != 0x0d)
            pdu.clear();
    };
    two.pair();
    two.on_the_way = [](bool, Octets&) {};
}
void use_legacy(TwoManagers& two) {
    for (ManagerScript* side : {&two.central, &two.peripheral})
        side->local.settings.secure_connections = false;
}

}  // namespace

TEST_CASE("smp attack M14: keys before the link is encrypted") {
    for (const std::string& pdu : key_pdus) {
        // Out of any pairing.
        ManagerScript idle{Role::peripheral};
        (void)idle.connect();
        CHECK(idle.receive(pdu).empty());
        // Between the features and the confirm values.
        ManagerScript early{Role::peripheral};
        (void)early.connect();
        (void)early.receive("01 03 00 01 10 07 07");
        CHECK(early.receive(pdu) == Lines{"send 0508", "failed: bluetooth.smp.local 8"});
        // When both have the STK, but nobody uses it.
        TwoManagers two;
        use_legacy(two);
        two.on_the_way = [](bool to_central, Octets& sent) {
            if (to_central && sent[0] == 0x04) sent.clear();
        };
        two.pair();
        CHECK(two.peripheral.receive(pdu) == Lines{"send 0508", "failed: bluetooth.smp.local 8"});
        CHECK(two.peripheral.key_request() == Lines{"no key"});
    }
}

TEST_CASE("smp attack M14: keys that were not agreed on, twice, and after the end") {
    TwoManagers two;
    use_legacy(two);
    two.pair();
    const Bond bond = *two.central.stored;
    for (const std::string& pdu : key_pdus) {
        CHECK(two.central.receive(pdu).empty());
        CHECK(two.peripheral.receive(pdu).empty());
    }
    CHECK(*two.central.stored == bond);

    TwoManagers waiting;
    use_legacy(waiting);
    pair_until(waiting, true, 0x06);
    REQUIRE(waiting.central.manager.pairing());
    CHECK(waiting.central.manager.security().encrypted);
    CHECK(waiting.central.receive(key_pdus[1]).empty());  // a name before its key
    CHECK(waiting.central.receive(key_pdus[0]).empty());
    CHECK(waiting.central.receive("06" + key_text("44")).empty());
    CHECK(waiting.central.receive(key_pdus[1]).empty());
    CHECK(waiting.central.receive("07 0200 0000000000000000").empty());
    CHECK(waiting.central.receive(key_pdus[2]).empty());
    CHECK(waiting.central.receive("08" + key_text("55")).empty());
    CHECK(waiting.central.receive("09 01 020000 0000c0").empty());
    CHECK(waiting.central.receive("09 01 030000 0000c0").empty());  // a second identity
    CHECK(waiting.central.receive(key_pdus[4]).back() == "done: Just Works");
    const DistributedKeys& peers = waiting.central.stored->peers;
    CHECK(peers.ltk->value == test::key_of(0x11));
    CHECK(peers.ltk->encrypted_diversifier == 1);
    CHECK(peers.irk == test::key_of(0x22));
    CHECK(peers.csrk == test::key_of(0x33));
    CHECK(waiting.central.stored->peer == *Address::parse("c0:00:00:00:00:02"));
    CHECK(waiting.central.manager.dropped() == 5);
}

TEST_CASE("smp attack: a response with more keys than were asked for, and larger ones") {
    ManagerScript script{Role::central};
    script.local.settings.bonding = true;
    script.local.settings.max_key_size = 10;
    script.local.settings.min_key_size = 7;
    script.local.settings.secure_connections = false;
    (void)script.connect();
    CHECK(script.pair() == Lines{"send 010300010a0707"});
    CHECK(script.receive("02 03 00 01 10 ff ff").size() == 1);
    CHECK(script.manager.pairing());  // with 10 octets and without the link key

    TwoManagers two;
    use_legacy(two);
    two.central.local.settings.max_key_size = 10;
    for (ManagerScript* side : {&two.central, &two.peripheral})
        side->local.settings.min_key_size = 7;
    two.pair();
    CHECK(two.central.stored->strength.key_size == 10);
    CHECK(two.central.stored->peers.ltk->value.octets()[5] == 0);
    CHECK(two.of_central().succeeded());
}

TEST_CASE("smp attack M23: a legacy LTK of zeros, also one that is so when it is cut") {
    for (const bool cut : {false, true}) {
        TwoManagers two;
        use_legacy(two);
        for (ManagerScript* side : {&two.central, &two.peripheral}) {
            side->local.settings.min_key_size = 7;
            if (cut) side->local.settings.max_key_size = 7;
        }
        pair_until(two, true, 0x06);
        CHECK(two.central.receive(cut ? "06 00000000000000 112233445566778899"
                                      : "06" + key_text("00")) ==
              Lines{"send 050a", "failed: bluetooth.smp.local 10", "disconnect"});
        CHECK_FALSE(two.central.last_stored);
    }
}

TEST_CASE("smp attack M29: no link key is ever agreed on, so none can be derived") {
    TwoManagers two;
    two.on_the_way = [](bool to_central, Octets& pdu) {
        if (to_central && pdu[0] == 0x02) pdu[5] = pdu[6] = 0x0f;
    };
    two.pair();
    CHECK(two.of_central().succeeded());
    CHECK(two.of_central().sent.at(0)[5] == 0x07);
    ManagerScript script{Role::peripheral};
    script.local.settings.bonding = true;
    (void)script.connect();
    CHECK(script.receive("01 03 00 29 10 08 08") == Lines{"send 02030009100000"});
}

TEST_CASE("smp attack M32: the keys of a short pairing are cut, in use and in the store") {
    for (const bool sc : {false, true}) {
        TwoManagers two;
        for (ManagerScript* side : {&two.central, &two.peripheral}) {
            side->local.settings.secure_connections = sc;
            side->local.settings.min_key_size = 7;
            side->local.settings.max_key_size = 7;
        }
        // A peer that does not cut its own.
        two.on_the_way = [](bool to_central, Octets& pdu) {
            if (to_central && pdu[0] == 0x06) std::fill(pdu.begin() + 8, pdu.end(), 0xee);
        };
        two.pair();
        for (const auto& key : {*two.of_central().key, two.central.stored->peers.ltk->value,
                                two.peripheral.stored->ours.ltk->value})
            CHECK(to_hex(Bytes{key.octets()}.first(9)) == "000000000000000000");
    }
}

TEST_CASE("smp attack: an identity that is ours, private or of no kind") {
    for (const std::string identity :
         {"01 010000 0000c0",  // the central's own
          "01 112233 445566",  // resolvable private
          "01 112233 445500",  // non-resolvable private
          "02 112233 445566", "03 040000 0000c0", "ff 112233 445566"}) {
        CAPTURE(identity);
        TwoManagers two;
        pair_until(two, true, 0x08);
        REQUIRE(two.central.manager.pairing());
        (void)two.central.receive(key_pdus[2]);
        CHECK(two.central.receive("09" + identity) ==
              Lines{"send 050a", "failed: bluetooth.smp.local 10", "disconnect"});
        CHECK_FALSE(two.central.last_stored);
    }
}

TEST_CASE("smp attack: a private address without an identity is not stored") {
    ManagerScript script{Role::peripheral, ManagerScript::address_of(false),
                         test::random_address("40:00:00:00:00:01")};
    script.local.settings.bonding = true;
    script.local.settings.secure_connections = false;
    (void)script.connect();
    CHECK(script.receive("01 03 00 01 10 00 01") == Lines{"send 02030001100001"});
    const auto confirm =
        c1(Key{}, Block{}, {1, 3, 0, 1, 16, 0, 1}, {2, 3, 0, 1, 16, 0, 1},
           test::random_address("40:00:00:00:00:01"), ManagerScript::address_of(false));
    (void)script.receive("03" + to_hex(crypto::reversed(confirm)));
    (void)script.receive("04" + key_text("00"));
    CHECK(script.key_request().at(0).starts_with("key "));
    const Lines end = script.encryption_change();
    CHECK(end.front() == "security legacy 16");
    CHECK(end.back() == "done: Just Works");
    CHECK_FALSE(script.last_stored);
}

TEST_CASE("smp attack: a key request in phase 2, and encryption that is reported there") {
    TwoManagers two;
    two.on_the_way = [](bool to_central, Octets& pdu) {
        if (!to_central && pdu[0] == 0x0d) pdu.clear();
    };
    two.pair();
    REQUIRE(two.peripheral.manager.pairing());
    CHECK(two.peripheral.key_request() == Lines{"no key"});
    CHECK(two.peripheral.encryption_change().empty());
    CHECK(two.peripheral.key_refresh().empty());
    CHECK_FALSE(two.peripheral.manager.security().encrypted);
    CHECK(two.peripheral.manager.pairing());
    // With the right check it goes on as if nothing had been.
    CHECK(two.peripheral.receive(two.of_central().sent.back()).at(0).starts_with("send 0d"));
    CHECK(two.peripheral.key_request(1) == Lines{"no key"});  // another name
    CHECK(two.peripheral.key_request().at(0).starts_with("key "));
    CHECK(two.peripheral.encryption_change().at(0) == "security sc 16");
}

TEST_CASE("smp attack: a bond's key while a new pairing waits for its own") {
    TwoManagers two{test::modern_bond(), test::modern_bond()};
    two.on_the_way = [](bool to_central, Octets& pdu) {
        if (to_central && pdu[0] == 0x0d) pdu.clear();
    };
    REQUIRE_FALSE(two.central.manager.pair(two.central.context(), true));
    two.run();
    const Lines answer = two.peripheral.key_request();
    CHECK(answer.at(0).starts_with("key "));
    CHECK(answer.at(0) != "key " + key_text("cc"));
}

TEST_CASE("smp attack: values of zero, and those of another pairing") {
    SUBCASE("confirm values of zero") {
        for (const bool sc : {false, true}) {
            TwoManagers two;
            for (ManagerScript* side : {&two.central, &two.peripheral})
                side->local.settings.secure_connections = sc;
            two.on_the_way = [](bool, Octets& pdu) {
                if (pdu[0] == 0x03) std::fill(pdu.begin() + 1, pdu.end(), std::uint8_t{0});
            };
            two.pair();
            CHECK((sc ? two.of_central() : two.of_peripheral()).error() ==
                  local_error(Reason::confirm_value_failed));
            CHECK_FALSE(two.of_central().key);
        }
    }
    SUBCASE("the public key of another pairing, with all that belongs to it") {
        TwoManagers first;
        first.pair();
        for (std::size_t from = 1; from < 5; ++from) {
            TwoManagers second;
            second.central.random = test::GivenRandom{77};
            std::size_t sent = 0;
            second.on_the_way = [&](bool to_central, Octets& pdu) {
                if (!to_central) return;
                if (++sent > from && sent <= first.of_peripheral().sent.size())
                    pdu = first.of_peripheral().sent[sent - 1];
            };
            second.pair();
            CHECK(second.of_central().error());
            CHECK_FALSE(second.of_central().key == first.of_central().key);
            CHECK_FALSE(second.central.last_stored);
        }
    }
    SUBCASE("a check that is the other side's own") {
        TwoManagers two;
        Octets check;
        two.on_the_way = [&](bool to_central, Octets& pdu) {
            if (pdu[0] == 0x0d && !to_central) check = pdu;
            if (pdu[0] == 0x0d && to_central) pdu = check;
        };
        two.pair();
        CHECK(two.of_central().error() == local_error(Reason::dhkey_check_failed));
        CHECK_FALSE(two.of_central().key);
    }
}

TEST_CASE("smp attack M26: silence, then the missing PDU after all") {
    TwoManagers two;
    Octets late;
    two.on_the_way = [&](bool to_central, Octets& pdu) {
        if (!to_central && pdu[0] == 0x0d) late = std::exchange(pdu, {});
    };
    two.pair();
    two.wait(seconds{30});
    CHECK(two.of_peripheral().error() == errc::timed_out);
    CHECK(two.peripheral.receive(late).empty());
    CHECK(two.peripheral.key_request() == Lines{"no key"});
    CHECK_FALSE(two.peripheral.manager.busy());
}
