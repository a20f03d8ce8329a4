// SPDX-License-Identifier: MIT
#include "gap/connector.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <deque>
#include <optional>
#include <string>

#include "tests/gap/connector_script.hpp"

namespace {

using namespace std::chrono_literals;
using namespace bluetooth;
using namespace bluetooth::gap;
using namespace bluetooth::gap::test;

using Fixture = ConnectorScript;

}  // namespace

TEST_CASE("connector: an attempt that succeeds reports handle, peer and parameters") {
    Fixture f;
    CHECK(!f.connect());
    CHECK(f.take() == Lines{create});
    CHECK(f.answered() == Lines{});
    CHECK(f.connector.pending());
    CHECK(f.completed(success_event));
    CHECK(f.take() == Lines{connected});
    CHECK_FALSE(f.connector.pending());
    CHECK(f.at(1h) == Lines{});
}

TEST_CASE("connector: peer, own address type and parameters are the caller's") {
    Fixture f;
    CHECK(!f.connect({.peer_type = AddressType::random_device,
                      .peer = peer,
                      .parameters = {Units1250us{6}, Units1250us{8}, 4, Units10ms{100}},
                      .own_address_type = hci::OwnAddressType::random_device}));
    CHECK(f.take() == Lines{command("0d 20 19 | 10 00 10 00 00 01 04 03 02 01 aa 00 01 "
                                    "06 00 08 00 04 00 64 00 00 00 00 00")});
}

TEST_CASE("connector: a peer named by its identity is reported as it was asked for") {
    Fixture f;
    f.initiate({.peer_type = AddressType::public_identity, .peer = peer});
    CHECK(f.completed(success_event));
    CHECK(f.take() == Lines{"connected 0x0040 2 00:AA:01:02:03:04 40 0 256"});
}

TEST_CASE("connector: bad arguments are refused, so is a second attempt") {
    Fixture f;
    CHECK(f.connect({.peer_type = AddressType{4}, .peer = peer}) == errc::invalid_argument);
    CHECK(f.connect({.peer_type = AddressType::unknown, .peer = peer}) == errc::invalid_argument);
    CHECK(f.connect(
              {.peer = peer, .parameters = {Units1250us{5}, Units1250us{40}, 0, Units10ms{256}}}) ==
          errc::invalid_argument);
    CHECK(f.take() == Lines{});
    CHECK(!f.connect());
    CHECK(f.connect() == errc::already_in_progress);
    f.answer();
    CHECK(f.connect() == errc::already_in_progress);
    CHECK(f.take() == Lines{create});
}

TEST_CASE("connector: a refused LE Create Connection fails with the cause") {
    Fixture f;
    CHECK(!f.connect());
    (void)f.take();
    CHECK(f.answered(disallowed) == Lines{"connect failed: command disallowed"});
    CHECK_FALSE(f.connector.pending());
    CHECK(!f.connect());
    CHECK(f.take() == Lines{create});
}

TEST_CASE("connector: an LE Connection Complete with an error fails with the cause") {
    Fixture f;
    f.initiate();
    CHECK(f.completed(failed_event));
    CHECK(f.take() == Lines{"connect failed: connection failed to be established"});
    CHECK_FALSE(f.connector.pending());
}

TEST_CASE("connector: the time-out cancels, and fails when the controller has ended the attempt") {
    Fixture f;
    f.initiate({.peer = peer, .timeout = 500ms});
    CHECK(f.take_wake() == Time{} + 500ms);
    CHECK(f.at(499ms) == Lines{});
    CHECK(f.take_wake() == Time{} + 500ms);
    CHECK(f.at(500ms) == Lines{cancel});
    CHECK(f.answered() == Lines{});
    CHECK(f.connector.pending());
    CHECK(f.completed(cancelled_event));
    CHECK(f.take() == Lines{timed_out});
    CHECK_FALSE(f.connector.pending());
}

TEST_CASE("connector: time-out 0 is 30 s, a negative one fails at once, the greatest never") {
    Fixture zero;
    zero.initiate({.peer = peer, .timeout = 0ms});
    CHECK(zero.take_wake() == Time{} + 30s);
    Fixture negative;
    CHECK(!negative.connect({.peer = peer, .timeout = -1ms}));
    CHECK(negative.take() == Lines{timed_out});
    CHECK_FALSE(negative.connector.pending());
    Fixture forever;
    forever.initiate({.peer = peer, .timeout = std::chrono::milliseconds::max()});
    CHECK(forever.take_wake() == never);
    CHECK(forever.at(std::chrono::hours{24 * 365}) == Lines{});
    CHECK(!forever.cancel_attempt());
    CHECK(forever.take() == Lines{cancel});
}

TEST_CASE("connector: cancel ends the attempt, once; without an attempt there is nothing to do") {
    Fixture f;
    CHECK(f.cancel_attempt() == errc::already_in_progress);
    f.initiate();
    CHECK(!f.cancel_attempt());
    CHECK(f.take() == Lines{cancel});
    CHECK(f.cancel_attempt() == errc::already_in_progress);
    CHECK(f.connect() == errc::already_in_progress);
    CHECK(f.answered() == Lines{});
    CHECK(f.completed(cancelled_event));
    CHECK(f.take() == Lines{cancelled});
    CHECK(f.cancel_attempt() == errc::already_in_progress);
}

TEST_CASE("connector: cancelled before LE Create Connection is answered, it waits for the answer") {
    Fixture accepted;
    CHECK(!accepted.connect());
    CHECK(!accepted.cancel_attempt());
    CHECK(accepted.take() == Lines{create});
    CHECK(accepted.answered() == Lines{cancel});
    CHECK(accepted.answered() == Lines{});
    CHECK(accepted.completed(cancelled_event));
    CHECK(accepted.take() == Lines{cancelled});

    Fixture refused;
    CHECK(!refused.connect());
    CHECK(!refused.cancel_attempt());
    (void)refused.take();
    CHECK(refused.answered(disallowed) == Lines{cancelled});
}

TEST_CASE("connector: a controller that refuses the cancellation does not wedge it") {
    Fixture f;
    f.initiate();
    CHECK(!f.cancel_attempt());
    (void)f.take();
    CHECK(f.answered(disallowed) == Lines{cancelled});
    CHECK_FALSE(f.connector.pending());
    // The abandoned attempt comes to an end all the same.
    CHECK_FALSE(f.completed(success_event));
    CHECK(f.take() == Lines{"stray 0x0040"});
    CHECK_FALSE(f.completed(cancelled_event));
    CHECK(f.take() == Lines{});
}

TEST_CASE("connector: an attempt that never ends after the cancellation fails 2 s later") {
    for (const bool answers_cancel : {true, false}) {
        CAPTURE(answers_cancel);
        Fixture f;
        f.initiate({.peer = peer, .timeout = 500ms});
        CHECK(f.at(500ms) == Lines{cancel});
        if (answers_cancel) CHECK(f.answered() == Lines{});
        (void)f.take_wake();
        CHECK(f.at(2'499ms) == Lines{});
        CHECK(f.take_wake() == Time{} + 2'500ms);
        CHECK(f.at(2'500ms) == Lines{timed_out});
        CHECK_FALSE(f.completed(success_event));
        CHECK(f.take() == Lines{"stray 0x0040"});

        CHECK(!f.connect());
        if (answers_cancel) {
            CHECK(f.take() == Lines{create});
        } else {
            CHECK(f.take() == Lines{});
            CHECK(f.answered(disallowed) == Lines{create});
        }
        CHECK(f.answered() == Lines{});
        CHECK(f.completed(success_event));
        CHECK(f.take() == Lines{connected});
    }
}

TEST_CASE("connector: LE Create Connection answered after all was given up is cancelled") {
    Fixture f;
    CHECK(!f.connect());
    CHECK(!f.cancel_attempt());
    CHECK(f.take() == Lines{create});
    CHECK(f.at(2s) == Lines{cancelled});
    CHECK(!f.connect());
    CHECK(f.take() == Lines{});
    CHECK(f.answered() == Lines{cancel});
    CHECK_FALSE(f.completed(cancelled_event));
    CHECK(f.answered() == Lines{create});
    CHECK(f.answered() == Lines{});
    CHECK(f.completed(success_event));
    CHECK(f.take() == Lines{connected});
}

TEST_CASE("connector: a new attempt that waits for an old answer can itself time out") {
    Fixture f;
    f.initiate();
    CHECK(!f.cancel_attempt());
    CHECK(f.at(2s) == Lines{cancel, cancelled});
    CHECK(!f.connect({.peer = peer, .timeout = 100ms}));
    CHECK(f.at(2'100ms) == Lines{timed_out});
    CHECK(f.answered() == Lines{});
    CHECK_FALSE(f.connector.pending());
}

TEST_CASE("connector: a connection that beats the cancellation is stray, the attempt has failed") {
    Fixture f;
    f.initiate();
    CHECK(!f.cancel_attempt());
    (void)f.take();
    CHECK(f.completed(success_event));
    CHECK(f.take() == Lines{"stray 0x0040", cancelled});
    CHECK(f.answered(disallowed) == Lines{});
    CHECK_FALSE(f.connector.pending());
}

TEST_CASE("connector: a completion before the answer to cancel frees it for the next attempt") {
    Fixture f;
    f.initiate();
    CHECK(!f.cancel_attempt());
    CHECK(f.completed(cancelled_event));
    CHECK(f.take() == Lines{cancel, cancelled});
    CHECK(!f.connect());
    CHECK(f.take() == Lines{});
    CHECK(f.answered() == Lines{create});
}

TEST_CASE(
    "connector: connections to other peers, as peripheral, or with no handle are not its own") {
    Fixture f;
    f.initiate();
    CHECK_FALSE(f.completed(other_peer_event));
    CHECK(f.take() == Lines{"stray 0x0041"});
    // Role peripheral.
    CHECK_FALSE(f.completed(complete("01 00 40 00 01 00 04 03 02 01 aa 00 28 00 00 00 00 01 00")));
    // Advertising Timeout ends directed advertising.
    CHECK_FALSE(f.completed(complete("01 3c 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00")));
    // Handle 0x0f00 is beyond the range.
    CHECK_FALSE(f.completed(complete("01 00 00 0f 00 00 04 03 02 01 aa 00 28 00 00 00 00 01 00")));
    // The same octets, but a random address.
    CHECK_FALSE(f.completed(complete("01 00 42 00 00 01 04 03 02 01 aa 00 28 00 00 00 00 01 00")));
    CHECK(f.take() == Lines{"stray 0x0042"});
    CHECK(f.connector.pending());
    CHECK(f.completed(success_event));
    CHECK(f.take() == Lines{connected});
}

TEST_CASE("connector: an error for a former attempt does not end one not accepted yet") {
    Fixture f;
    CHECK(!f.connect());
    (void)f.take();
    CHECK_FALSE(f.completed(cancelled_event));
    CHECK(f.take() == Lines{});
    CHECK(f.connector.pending());
}

TEST_CASE("connector: a reset of the controller fails the attempt at any step") {
    for (int step = 0; step < 4; ++step) {
        CAPTURE(step);
        Fixture f;
        CHECK(!f.connect());
        if (step >= 1) f.answer();
        if (step >= 2) CHECK(!f.cancel_attempt());
        if (step >= 3) f.answer();
        (void)f.take();
        f.connector.on_controller_reset(f.context(), make_error(errc::connection_lost));
        CHECK(f.take() == Lines{"connect failed: connection lost"});
        f.connector.on_controller_reset(f.context(), make_error(errc::connection_lost));
        CHECK(f.take() == Lines{});
        CHECK(!f.connect());
        CHECK(f.take() == Lines{create});
    }
}

TEST_CASE("connector: it is idle while the controller neither initiates nor owes an answer") {
    Fixture f;
    CHECK(f.connector.idle());
    CHECK(!f.connect());
    CHECK_FALSE(f.connector.idle());
    CHECK(f.answered(disallowed) == Lines{create, "connect failed: command disallowed"});
    CHECK(f.connector.idle());

    f.initiate();
    CHECK_FALSE(f.connector.idle());
    CHECK(f.completed(success_event));
    CHECK(f.connector.idle());

    f.initiate();
    CHECK(!f.cancel_attempt());
    CHECK(f.completed(cancelled_event));
    CHECK_FALSE(f.connector.pending());
    CHECK_FALSE(f.connector.idle());  // LE Create Connection Cancel is in flight
    f.answer();
    CHECK(f.connector.idle());

    // An abandoned attempt counts until the controller has ended it.
    for (const auto& end : {success_event, failed_event}) {
        f.initiate();
        CHECK(!f.cancel_attempt());
        f.answer(disallowed);
        CHECK_FALSE(f.connector.pending());
        CHECK_FALSE(f.connector.idle());
        CHECK_FALSE(f.completed(end));
        CHECK(f.connector.idle());
    }

    f.initiate();
    f.connector.on_controller_reset(f.context(), make_error(errc::connection_lost));
    CHECK(f.connector.idle());
}

TEST_CASE("connector: an answer that nobody waits for is ignored") {
    Fixture f;
    CHECK(f.answered() == Lines{});
    CHECK(f.at(1h) == Lines{});
}

TEST_CASE("connector: whatever the order of inputs, each attempt ends with exactly one event") {
    // A controller that may refuse, stay silent or be late, as dice decide.
    struct Message {
        std::optional<hci::Status> answer;
        hci::LeConnectionComplete event;
    };
    for (std::uint32_t seed = 0; seed < 3000; ++seed) {
        CAPTURE(seed);
        Dice dice{seed};
        Fixture f;
        bool initiating = false;
        bool held = false;
        int in_flight = 0;
        int attempts = 0;
        int outcomes = 0;
        int links = 0;  // connections that exist and that the host was told of
        std::deque<Message> to_host;
        const auto collect = [&] {
            for (const std::string& line : f.take()) {
                if (line == create) {
                    REQUIRE(++in_flight == 1);
                    REQUIRE_FALSE(held);
                    const bool refuse = initiating || dice.roll(5) == 0;
                    if (!refuse) initiating = true;
                    to_host.push_back({refuse ? disallowed : success, {}});
                } else if (line == cancel) {
                    REQUIRE(++in_flight == 1);
                    const bool refuse = !initiating || dice.roll(4) == 0;
                    to_host.push_back({refuse ? disallowed : success, {}});
                    if (refuse) continue;
                    if (dice.roll(4) == 0) continue;  // and never completes
                    initiating = false;
                    to_host.push_back({std::nullopt, cancelled_event});
                } else if (line.starts_with("stray")) {
                    ++links;
                } else {
                    ++outcomes;
                    if (line == connected) ++links;
                }
            }
            if (f.connector.at_rest()) REQUIRE_FALSE(initiating);
        };
        const auto deliver = [&] {
            if (to_host.empty()) return;
            const Message message = to_host.front();
            to_host.pop_front();
            if (message.answer) {
                --in_flight;
                f.answer(*message.answer);
            } else {
                f.completed(message.event);
            }
            collect();
        };
        int made = 0;
        for (int i = 0; i < 60; ++i) {
            switch (dice.roll(9)) {
            case 0:
                if (!f.connect({.peer = peer, .timeout = 1s})) ++attempts;
                break;
            case 1: (void)f.cancel_attempt(); break;
            case 2:
                f.now += std::chrono::milliseconds{dice.roll(1500)};
                f.connector.on_timer(f.context());
                break;
            case 3:
                if (!initiating || dice.roll(2) == 0) break;
                initiating = false;
                if (dice.roll(2) == 0) {
                    to_host.push_back({std::nullopt, failed_event});
                } else {
                    ++made;
                    to_host.push_back({std::nullopt, success_event});
                }
                break;
            case 4:
                held = !held;
                f.connector.hold(f.context(), held);
                break;
            default: deliver(); break;
            }
            collect();
        }
        while (!to_host.empty()) deliver();
        // Time alone ends whatever is left, though the controller says nothing more.
        for (int i = 0; i < 3; ++i) {
            f.now += 3s;
            f.connector.on_timer(f.context());
            collect();
            while (!to_host.empty()) deliver();
        }
        CHECK_FALSE(f.connector.pending());
        CHECK(f.connector.idle() == !initiating);
        CHECK(attempts == outcomes);
        CHECK(links == made);
    }
}
