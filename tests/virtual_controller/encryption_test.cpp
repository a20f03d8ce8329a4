// SPDX-License-Identifier: MIT
#include "tests/virtual_controller/world.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using namespace bluetooth::virtual_controller::test;

namespace {

constexpr const char* key = "bf 01 fb 9d 4e f3 bc 36 d8 74 f5 39 41 38 68 4c";
constexpr const char* other_key = "bf 01 fb 9d 4e f3 bc 36 d8 74 f5 39 41 38 68 4d";

// LE Enable Encryption with random number and diversifier of a legacy key, and what the peer's host
// is asked.
Octets start(Pair& pair, std::string_view long_term_key = key) {
    return pair.ask(pair.central, "01 19 20 1c 40 00 ab cd ef 12 34 56 78 90 74 24 " +
                                      std::string{long_term_key});
}
Octets request() { return hex("04 3e 0d 05 40 00 ab cd ef 12 34 56 78 90 74 24"); }
Octets reply(Pair& pair, std::string_view long_term_key = key) {
    return pair.ask(pair.peripheral, "01 1a 20 12 40 00 " + std::string{long_term_key});
}

// A link that is encrypted, nothing waiting for the hosts.
struct EncryptedPair : Pair {
    EncryptedPair() {
        start(*this);
        take(peripheral);
        CHECK(reply(*this) == hex("04 0e 06 01 1a 20 00 40 00 | 04 08 04 00 40 00 01"));
        CHECK(take(central) == hex("04 08 04 00 40 00 01"));
    }
};

}  // namespace

TEST_CASE("virtual encryption: starts when both hosts give the same key, and both hear of it") {
    Pair pair;
    CHECK(start(pair) == hex("04 0f 04 00 01 19 20"));
    CHECK(pair.take(pair.peripheral) == request());
    CHECK(pair.take(pair.central).empty());
    CHECK(reply(pair) == hex("04 0e 06 01 1a 20 00 40 00 | 04 08 04 00 40 00 01"));
    CHECK(pair.take(pair.central) == hex("04 08 04 00 40 00 01"));
    CHECK(reply(pair) == hex("04 0e 06 01 1a 20 0c 40 00"));  // nobody asks any more
}

TEST_CASE("virtual encryption: data is the same behind it, in packets of any size") {
    EncryptedPair pair;
    for (const std::size_t size : {1u, 26u, 27u, 28u, 54u, 251u}) {
        CAPTURE(size);
        Octets packet = hex("02 40 00 00 00");
        packet[3] = static_cast<std::uint8_t>(size);
        for (std::size_t i = 0; i < size; ++i) packet.push_back(static_cast<std::uint8_t>(i));
        pair.central.receive(pair.now, packet);
        packet[2] = 0x20;
        CHECK(pair.take(pair.peripheral) == packet);
    }
    CHECK(pair.take(pair.central) == hex("04 13 05 01 40 00 06 00"));
    pair.send(pair.peripheral, "02 40 00 02 00 aa bb");
    pair.send(pair.peripheral, "02 40 10 01 00 cc");
    CHECK(pair.take(pair.central) == hex("02 40 20 02 00 aa bb | 02 40 10 01 00 cc"));
}

TEST_CASE("virtual encryption: different keys end the link, at the peripheral at once") {
    Pair pair;
    start(pair);
    pair.take(pair.peripheral);
    CHECK(reply(pair, other_key) == hex("04 0e 06 01 1a 20 00 40 00 | 04 05 04 00 40 00 3d"));
    CHECK(pair.peripheral.counters().mic_failures == 1);
    CHECK(pair.take(pair.central).empty());
    pair.run(420ms);
    CHECK(pair.take(pair.central) == hex("04 05 04 00 40 00 08"));
}

TEST_CASE("virtual encryption: a peripheral without the key refuses, the link goes on in clear") {
    Pair pair;
    start(pair);
    pair.take(pair.peripheral);
    CHECK(pair.ask(pair.peripheral, "01 1b 20 02 40 00") == hex("04 0e 06 01 1b 20 00 40 00"));
    CHECK(pair.take(pair.central) == hex("04 08 04 06 40 00 00"));
    pair.send(pair.central, "02 40 00 01 00 aa");
    CHECK(pair.take(pair.peripheral) == hex("02 40 20 01 00 aa"));
    CHECK(pair.take(pair.central) == hex("04 13 05 01 40 00 01 00"));
    CHECK(start(pair) == hex("04 0f 04 00 01 19 20"));  // and can be asked again
}

TEST_CASE("virtual encryption: a host that masks the request has no key") {
    Pair pair;
    pair.ask(pair.peripheral, "01 01 20 08 0f 00 00 00 00 00 00 00");
    CHECK(start(pair) == hex("04 0f 04 00 01 19 20 | 04 08 04 06 40 00 00"));
    CHECK(pair.take(pair.peripheral).empty());
}

TEST_CASE("virtual encryption: not with a peer that cannot") {
    Profile plain;
    plain.le_features &= ~feature_bit(hci::LeFeature::encryption);
    Pair pair{plain};
    CHECK(start(pair) == hex("04 0f 04 00 01 19 20 | 04 08 04 1a 40 00 00"));
    CHECK(pair.ask(pair.peripheral, "01 1b 20 02 40 00") == hex("04 0f 04 01 01 1b 20"));
}

TEST_CASE("virtual encryption: only the central begins it, once at a time, on a link") {
    Pair pair;
    const std::string command =
        std::string{"01 19 20 1c 40 00 00 00 00 00 00 00 00 00 00 00 "} + key;
    CHECK(pair.ask(pair.peripheral, command) == hex("04 0f 04 0c 01 19 20"));
    CHECK(pair.ask(pair.central, command) == hex("04 0f 04 00 01 19 20"));
    CHECK(pair.ask(pair.central, command) == hex("04 0f 04 0c 01 19 20"));
    CHECK(pair.ask(pair.central, std::string{"01 19 20 1c 41 00 00 00 00 00 00 00 00 00 00 00 "} +
                                     key) == hex("04 0f 04 02 01 19 20"));
    CHECK(pair.take(pair.peripheral).size() == 16);  // the request
    CHECK(pair.ask(pair.peripheral, "01 1b 20 02 41 00") == hex("04 0e 06 01 1b 20 02 41 00"));
}

TEST_CASE("virtual encryption: data waits while it starts, and then goes encrypted") {
    Pair pair;
    start(pair);
    pair.take(pair.peripheral);
    pair.send(pair.central, "02 40 00 01 00 aa");
    pair.send(pair.peripheral, "02 40 00 01 00 bb");
    CHECK(pair.take(pair.peripheral).empty());
    CHECK(pair.take(pair.central).empty());
    CHECK(reply(pair) == hex("04 0e 06 01 1a 20 00 40 00 | 02 40 20 01 00 aa |"
                             "04 08 04 00 40 00 01 | 04 13 05 01 40 00 01 00"));
}

TEST_CASE("virtual encryption: a key is refreshed, and told as such") {
    EncryptedPair pair;
    CHECK(start(pair, other_key) == hex("04 0f 04 00 01 19 20"));
    CHECK(pair.take(pair.peripheral) == request());
    CHECK(reply(pair, other_key) == hex("04 0e 06 01 1a 20 00 40 00 | 04 30 03 00 40 00"));
    CHECK(pair.take(pair.central) == hex("04 30 03 00 40 00"));
    pair.send(pair.central, "02 40 00 01 00 aa");
    CHECK(pair.take(pair.peripheral) == hex("02 40 20 01 00 aa"));
}

TEST_CASE("virtual encryption: a refresh without a key ends the link, never falls back to clear") {
    EncryptedPair pair;
    start(pair);
    pair.take(pair.peripheral);
    CHECK(pair.ask(pair.peripheral, "01 1b 20 02 40 00") ==
          hex("04 0e 06 01 1b 20 00 40 00 | 04 05 04 00 40 00 06"));
    CHECK(pair.take(pair.central) == hex("04 05 04 00 40 00 06"));
}

TEST_CASE("virtual encryption: a host that never answers the request costs the link after 40 s") {
    Pair pair;
    start(pair);
    pair.take(pair.peripheral);
    pair.run(39'999ms);
    CHECK(pair.take(pair.central).empty());
    pair.run(1ms);
    CHECK(pair.take(pair.central) == hex("04 05 04 00 40 00 22"));
    pair.run(420ms);
    CHECK(pair.take(pair.peripheral) == hex("04 05 04 00 40 00 08"));
}

TEST_CASE("virtual encryption: an octet changed on the air is a MIC failure, which ends the link") {
    EncryptedPair pair;
    pair.peripheral.faults().corrupt_data = 1;
    pair.send(pair.central, "02 40 00 04 00 01 02 03 04");
    CHECK(pair.take(pair.peripheral) == hex("04 05 04 00 40 00 3d"));
    CHECK(pair.peripheral.counters().mic_failures == 1);
    pair.run(420ms);
    CHECK(pair.take(pair.central) == hex("04 05 04 00 40 00 08"));
}

TEST_CASE("virtual encryption: a link without authenticated payloads is told of, again and again") {
    EncryptedPair pair;
    // Supervision timeout 32 s, authenticated payload timeout 1 s, its event unmasked
    pair.ask(pair.central, "01 13 20 0e 40 00 18 00 18 00 00 00 80 0c 00 00 00 00");
    CHECK(pair.ask(pair.central, "01 63 0c 08 00 00 80 00 00 00 00 00") ==
          hex("04 0e 04 01 63 0c 00"));
    CHECK(pair.ask(pair.central, "01 7b 0c 02 40 00") ==
          hex("04 0e 08 01 7b 0c 00 40 00 b8 0b"));  // 30 s
    CHECK(pair.ask(pair.central, "01 7c 0c 04 40 00 64 00") == hex("04 0e 06 01 7c 0c 00 40 00"));
    CHECK(pair.ask(pair.central, "01 7c 0c 04 40 00 02 00") ==
          hex("04 0e 06 01 7c 0c 12 40 00"));  // shorter than the interval
    CHECK(pair.ask(pair.central, "01 7c 0c 04 41 00 64 00") == hex("04 0e 06 01 7c 0c 02 41 00"));
    pair.run(10s);
    CHECK(pair.take(pair.central).empty());  // in reach the link layer sees to it (LE Ping)
    pair.air.vanish(pair.peripheral);
    pair.run(999ms);
    CHECK(pair.take(pair.central).empty());
    pair.run(1ms);
    CHECK(pair.take(pair.central) == hex("04 57 02 40 00"));
    pair.run(1s);
    CHECK(pair.take(pair.central) == hex("04 57 02 40 00"));
    pair.air.reappear(pair.peripheral);
    pair.run(10s);
    CHECK(pair.take(pair.central).empty());
}

TEST_CASE("virtual encryption: P-256 keys are made and shared") {
    World world;
    Controller& alice = world.add(1);
    Controller& bob = world.add(2);
    const auto public_key = [&](Controller& controller) {
        const Octets answer = world.ask(controller, "01 25 20 00");
        CHECK(part(answer, 0, 12) == hex("04 0f 04 00 01 25 20 | 04 3e 42 08 00"));
        return part(answer, 12, 64);
    };
    const auto shared = [&](Controller& controller, const Octets& peer) {
        Octets command = hex("01 26 20 40");
        command.insert(command.end(), peer.begin(), peer.end());
        controller.receive(world.now, command);
        const Octets answer = world.take(controller);
        CHECK(part(answer, 0, 12) == hex("04 0f 04 00 01 26 20 | 04 3e 22 09 00"));
        return part(answer, 12, 32);
    };
    Octets too_early = hex("01 26 20 40");
    too_early.resize(4 + 64, 0x11);
    alice.receive(world.now, too_early);
    CHECK(world.take(alice) == hex("04 0f 04 0c 01 26 20"));
    const Octets of_alice = public_key(alice);
    const Octets of_bob = public_key(bob);
    CHECK(of_alice != of_bob);
    CHECK(shared(alice, of_bob) == shared(bob, of_alice));
}

TEST_CASE("virtual encryption: a public key that is no point of the curve gives no secret") {
    World world;
    Controller& controller = world.add(1);
    world.ask(controller, "01 25 20 00");
    Octets command = hex("01 26 20 40");
    command.resize(4 + 64, 0x11);
    controller.receive(world.now, command);
    Octets answer = hex("04 0f 04 00 01 26 20 | 04 3e 22 09 12");
    answer.resize(answer.size() + 32, 0xff);
    CHECK(world.take(controller) == answer);
}
