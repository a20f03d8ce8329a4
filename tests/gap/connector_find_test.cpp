// SPDX-License-Identifier: MIT
// Connecting to an identity that the controller cannot resolve: its address is found first.
#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/gap/connector_script.hpp"

using namespace std::chrono_literals;
using namespace bluetooth;
using namespace bluetooth::gap;
using namespace bluetooth::gap::test;

namespace {

// Opcode, length, passive, interval and window 16 x 0.625 ms, own address type, filter policy.
const std::string parameters = command("0b 20 07 | 00 10 00 10 00 00 00");
const std::string enable = command("0c 20 02 | 01 00");
const std::string disable = command("0c 20 02 | 00 00");
// As `create`, to a random address.
const std::string create_found = command(
    "0d 20 19 | 10 00 10 00 00 01 aa fb 0d 94 81 70 00 18 00 28 00 00 00 00 01 00 00 00 00");
const std::string create_later = command(
    "0d 20 19 | 10 00 10 00 00 01 ab fb 0d 94 81 70 00 18 00 28 00 00 00 00 01 00 00 00 00");
const std::string connected_on_air =
    "connected 0x0040 0 00:AA:01:02:03:04 40 0 256 on air 1 70:81:94:0D:FB:AA";

const Address rpa = Address::parse("70:81:94:0D:FB:AA").value();
const Address later_rpa = Address::parse("70:81:94:0D:FB:AB").value();
const auto found_event = complete("01 00 40 00 00 01 aa fb 0d 94 81 70 28 00 00 00 00 01 00");

struct Fixture : ConnectorScript {
    error_code find(std::chrono::milliseconds timeout = 30s) {
        return connect({.peer = peer, .timeout = timeout, .find_first = true});
    }
    Lines advertises(const Address& address) {
        connector.on_advertiser(context(), AddressType::random_device, address);
        return take();
    }
    /// Until it scans.
    void listen(std::chrono::milliseconds timeout = 30s) {
        REQUIRE(!find(timeout));
        answer();
        answer();
        REQUIRE(take() == Lines{parameters, enable});
    }
    /// Until LE Create Connection is in flight.
    void meet() {
        listen();
        REQUIRE(advertises(rpa) == Lines{disable});
        REQUIRE(answered() == Lines{create_found});
    }
};

}  // namespace

TEST_CASE("connector find: it scans until the peer is heard, and connects to the address heard") {
    Fixture f;
    CHECK(!f.find());
    CHECK(f.take() == Lines{parameters});
    CHECK(f.connector.finding());
    CHECK(f.connector.scanning());
    CHECK(f.connector.request().peer == peer);
    CHECK(f.answered() == Lines{enable});
    CHECK(f.answered() == Lines{});
    CHECK_FALSE(f.connector.at_rest());
    CHECK(f.advertises(rpa) == Lines{disable});
    CHECK_FALSE(f.connector.finding());
    CHECK(f.advertises(later_rpa) == Lines{});
    CHECK(f.connector.scanning());
    CHECK(f.answered() == Lines{create_found});
    CHECK_FALSE(f.connector.scanning());
    CHECK(f.answered() == Lines{});
    CHECK(f.completed(found_event));
    CHECK(f.take() == Lines{connected_on_air});
    CHECK(f.connector.idle());
    CHECK(f.at(1h) == Lines{});
}

TEST_CASE("connector find: own address type is the caller's, for scanning too") {
    Fixture f;
    CHECK(!f.connect({.peer = peer,
                      .own_address_type = hci::OwnAddressType::random_device,
                      .find_first = true}));
    CHECK(f.take() == Lines{command("0b 20 07 | 00 10 00 10 00 01 00")});
}

TEST_CASE("connector find: what is heard while nobody is looked for, or has no type, is ignored") {
    Fixture f;
    CHECK(f.advertises(rpa) == Lines{});
    f.initiate();
    CHECK(f.advertises(rpa) == Lines{});
    CHECK(f.completed(success_event));
    (void)f.take();
    f.listen();
    f.connector.on_advertiser(f.context(), AddressType::unknown, rpa);
    CHECK(f.take() == Lines{});
    CHECK(f.connector.finding());
}

TEST_CASE("connector find: heard before the answer to enable, it waits for that") {
    Fixture f;
    CHECK(!f.find());
    f.answer();
    (void)f.take();
    CHECK(f.advertises(rpa) == Lines{});
    CHECK(f.answered() == Lines{disable});
    CHECK(f.answered() == Lines{create_found});
}

TEST_CASE("connector find: a controller that resolves all the same may name the identity") {
    Fixture f;
    f.meet();
    CHECK(f.answered() == Lines{});
    CHECK(f.connector.on_connection_complete(
        f.context(), complete("01 00 40 00 00 02 04 03 02 01 aa 00 28 00 00 00 00 01 00"), rpa));
    CHECK(f.take() == Lines{connected_on_air});
}

TEST_CASE("connector find: another one's connection is stray") {
    Fixture f;
    f.meet();
    f.answer();
    CHECK_FALSE(f.completed(other_peer_event));
    CHECK(f.take() == Lines{"stray 0x0041"});
    CHECK(f.completed(found_event));
    CHECK(f.take() == Lines{connected_on_air});
}

TEST_CASE("connector find: the former attempt's address is not used for the next") {
    Fixture f;
    f.meet();
    f.answer();
    CHECK(f.completed(failed_event));
    CHECK(f.take() == Lines{"connect failed: connection failed to be established"});
    CHECK(!f.find());
    CHECK(f.take() == Lines{parameters});
    f.reset();
    (void)f.take();
    CHECK(!f.connect());
    CHECK(f.take() == Lines{create});
}

TEST_CASE("connector find: a refusal to scan fails the attempt, one to stop does not") {
    for (int step = 0; step < 2; ++step) {
        CAPTURE(step);
        Fixture f;
        CHECK(!f.find());
        if (step == 1) f.answer();
        (void)f.take();
        CHECK(f.answered(disallowed) == Lines{"connect failed: command disallowed"});
        CHECK(f.connector.idle());
    }
    Fixture f;
    f.listen();
    CHECK(f.advertises(rpa) == Lines{disable});
    CHECK(f.answered(disallowed) == Lines{create_found});
    CHECK(f.answered(disallowed) == Lines{"connect failed: command disallowed"});
    CHECK(f.connector.idle());
}

TEST_CASE("connector find: cancelled or timed out at any step, the controller comes to rest") {
    for (const bool by_time : {false, true}) {
        // Commands sent after the event, each of which succeeds.
        const std::vector<Lines> rest{{}, {disable}, {disable}, {}};
        for (std::size_t step = 0; step < rest.size(); ++step) {
            CAPTURE(by_time);
            CAPTURE(step);
            Fixture f;
            CHECK(!f.find(1s));
            for (std::size_t i = 0; i < step && i < 2; ++i) f.answer();
            if (step == 3) (void)f.advertises(rpa);
            (void)f.take();
            Lines seen;
            if (by_time) {
                seen = f.at(1s);
            } else {
                CHECK(!f.cancel_attempt());
                seen = f.take();
            }
            CHECK_FALSE(f.connector.pending());
            while (!f.connector.at_rest())
                for (const std::string& line : f.answered()) seen.push_back(line);
            Lines expected{by_time ? timed_out : cancelled};
            expected.insert(expected.end(), rest[step].begin(), rest[step].end());
            CHECK(seen == expected);
        }
    }
}

TEST_CASE("connector find: an attempt for another peer waits until the scan has ended") {
    Fixture f;
    f.listen();
    CHECK(!f.cancel_attempt());
    CHECK(f.take() == Lines{cancelled, disable});
    CHECK(!f.connect());
    CHECK(f.take() == Lines{});
    CHECK(f.answered() == Lines{create});
}

TEST_CASE("connector find: held at any step it comes to rest, and looks again when released") {
    for (int step = 0; step < 6; ++step) {
        CAPTURE(step);
        Fixture f;
        CHECK(!f.find());
        if (step >= 1) f.answer();
        if (step >= 2) f.answer();
        if (step >= 3) (void)f.advertises(rpa);  // disable is in flight
        if (step >= 4) f.answer();               // create is
        if (step >= 5) f.answer();
        (void)f.take();
        Lines seen = f.hold();
        CHECK_FALSE(f.connector.finding());
        while (!f.connector.at_rest()) {
            for (const std::string& line : f.answered()) seen.push_back(line);
            if (!seen.empty() && seen.back() == cancel) {
                f.answer();
                CHECK(f.completed(cancelled_event));
            }
        }
        if (step == 0 || step == 3) CHECK(seen == Lines{});
        if (step == 1 || step == 2) CHECK(seen == Lines{disable});
        if (step >= 4) CHECK(seen == Lines{cancel});
        CHECK(f.advertises(rpa) == Lines{});
        CHECK(f.release() == Lines{parameters});
        CHECK(f.answered() == Lines{enable});
        CHECK(f.answered() == Lines{});
        CHECK(f.advertises(later_rpa) == Lines{disable});
        CHECK(f.answered() == Lines{create_later});
    }
}

TEST_CASE("connector find: held and released at once, it begins again in order") {
    Fixture f;
    f.listen();
    CHECK(f.hold() == Lines{disable});
    CHECK(f.release() == Lines{});
    CHECK(f.answered() == Lines{parameters});
    CHECK(f.hold() == Lines{});
    CHECK(f.release() == Lines{});
    // The first one was sent for what was held.
    CHECK(f.answered(disallowed) == Lines{parameters});
    CHECK(f.answered() == Lines{enable});
}

TEST_CASE("connector find: a connection that comes while it is held is connected") {
    Fixture f;
    f.meet();
    CHECK(f.answered() == Lines{});
    CHECK(f.hold() == Lines{cancel});
    CHECK(f.completed(found_event));
    CHECK(f.take() == Lines{connected_on_air});
    CHECK(f.answered(disallowed) == Lines{});
    CHECK(f.connector.idle());
}

TEST_CASE(
    "connector find: a peer that was heard and does not answer is looked for again after 5 s") {
    Fixture f;
    f.meet();
    (void)f.take_wake();
    CHECK(f.answered() == Lines{});
    CHECK(f.take_wake() == Time{} + 5s);
    CHECK(f.at(4'999ms) == Lines{});
    CHECK(f.take_wake() == Time{} + 5s);
    CHECK(f.at(5s) == Lines{cancel});
    CHECK(f.answered() == Lines{});
    CHECK(f.completed(cancelled_event));
    CHECK(f.take() == Lines{parameters});
    CHECK(f.answered() == Lines{enable});
    CHECK(f.answered() == Lines{});
    CHECK(f.advertises(later_rpa) == Lines{disable});
    CHECK(f.answered() == Lines{create_later});
    CHECK(f.at(30s) == Lines{});
    CHECK(f.answered() == Lines{cancel});
    CHECK(f.completed(cancelled_event));
    CHECK(f.take() == Lines{timed_out});
}

TEST_CASE("connector find: a reset of the controller fails the attempt at any step") {
    for (int step = 0; step < 6; ++step) {
        CAPTURE(step);
        Fixture f;
        CHECK(!f.find());
        if (step >= 1) f.answer();
        if (step >= 2) f.answer();
        if (step >= 3) (void)f.advertises(rpa);
        if (step >= 4) f.answer();
        if (step >= 5) f.answer();
        (void)f.take();
        f.reset();
        CHECK(f.take() == Lines{"connect failed: connection lost"});
        CHECK(f.connector.idle());
        CHECK(!f.find());
        CHECK(f.take() == Lines{parameters});
    }
}
