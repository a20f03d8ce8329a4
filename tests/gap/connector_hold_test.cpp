// SPDX-License-Identifier: MIT
// Attempts to connect that are held, so that the random address may be changed meanwhile.
#include <doctest/doctest.h>

#include <chrono>

#include "tests/gap/connector_script.hpp"

using namespace std::chrono_literals;
using namespace bluetooth;
using namespace bluetooth::gap;
using namespace bluetooth::gap::test;

namespace {

using Fixture = ConnectorScript;

}  // namespace

TEST_CASE("connector hold: an attempt under way is cancelled, and begins anew when released") {
    Fixture f;
    f.initiate();
    CHECK_FALSE(f.connector.at_rest());
    CHECK(f.hold() == Lines{cancel});
    CHECK(f.answered() == Lines{});
    CHECK_FALSE(f.connector.at_rest());
    CHECK(f.completed(cancelled_event));
    CHECK(f.take() == Lines{});
    CHECK(f.connector.at_rest());
    CHECK(f.connector.pending());
    CHECK_FALSE(f.connector.idle());

    CHECK(f.release() == Lines{create});
    CHECK(f.answered() == Lines{});
    CHECK(f.completed(success_event));
    CHECK(f.take() == Lines{connected});
}

TEST_CASE("connector hold: without an attempt it is at rest already, and one has to wait") {
    Fixture f;
    CHECK(f.hold() == Lines{});
    CHECK(f.connector.at_rest());
    CHECK(f.connector.idle());
    CHECK(!f.connect());
    CHECK(f.connect() == errc::already_in_progress);
    CHECK(f.take() == Lines{});
    CHECK(f.connector.at_rest());
    CHECK(f.release() == Lines{create});
    CHECK(f.release() == Lines{});
}

TEST_CASE("connector hold: while LE Create Connection is not answered there is nothing to cancel") {
    Fixture f;
    CHECK(!f.connect());
    CHECK(f.take() == Lines{create});
    CHECK(f.hold() == Lines{});
    CHECK_FALSE(f.connector.at_rest());
    CHECK(f.answered() == Lines{cancel});
    CHECK(f.answered() == Lines{});
    CHECK(f.completed(cancelled_event));
    CHECK(f.take() == Lines{});
    CHECK(f.connector.at_rest());
    CHECK(f.release() == Lines{create});
}

TEST_CASE("connector hold: LE Create Connection refused meanwhile fails with the cause") {
    Fixture f;
    CHECK(!f.connect());
    CHECK(f.take() == Lines{create});
    CHECK(f.hold() == Lines{});
    CHECK(f.answered(disallowed) == Lines{"connect failed: command disallowed"});
    CHECK(f.connector.idle());
    CHECK(f.release() == Lines{});
}

TEST_CASE("connector hold: released at once, it goes on when the cancellation is done") {
    Fixture f;
    f.initiate();
    CHECK(f.hold() == Lines{cancel});
    CHECK(f.release() == Lines{});
    CHECK(f.hold() == Lines{});
    CHECK(f.release() == Lines{});
    CHECK(f.answered() == Lines{});
    CHECK(f.completed(cancelled_event));
    CHECK(f.take() == Lines{create});
    CHECK(f.connector.pending());

    Fixture late;  // the answer to the cancellation comes after the completion
    late.initiate();
    CHECK(late.hold() == Lines{cancel});
    CHECK(late.release() == Lines{});
    CHECK(late.completed(cancelled_event));
    CHECK(late.take() == Lines{});
    CHECK(late.answered() == Lines{create});
}

TEST_CASE("connector hold: an attempt that succeeds just then is connected") {
    Fixture f;
    f.initiate();
    CHECK(f.hold() == Lines{cancel});
    CHECK(f.completed(success_event));
    CHECK(f.take() == Lines{connected});
    CHECK_FALSE(f.connector.at_rest());
    CHECK(f.answered(disallowed) == Lines{});
    CHECK(f.connector.idle());

    Fixture refused_first;
    refused_first.initiate();
    CHECK(refused_first.hold() == Lines{cancel});
    CHECK(refused_first.answered(disallowed) == Lines{});
    CHECK(refused_first.completed(success_event));
    CHECK(refused_first.take() == Lines{connected});
    CHECK(refused_first.connector.idle());
}

TEST_CASE("connector hold: an attempt that fails just then is made anew") {
    Fixture f;
    f.initiate();
    CHECK(f.hold() == Lines{cancel});
    CHECK(f.completed(failed_event));
    CHECK(f.answered(disallowed) == Lines{});
    CHECK(f.connector.at_rest());
    CHECK(f.release() == Lines{create});
}

TEST_CASE("connector hold: an attempt whose cancellation does not end fails 2 s later") {
    for (const int way : {0, 1, 2}) {
        CAPTURE(way);
        Fixture f;
        f.initiate({.peer = peer, .timeout = 30s});
        CHECK(f.hold() == Lines{cancel});
        if (way == 1) CHECK(f.answered() == Lines{});
        if (way == 2) CHECK(f.answered(disallowed) == Lines{});
        (void)f.take_wake();
        CHECK(f.at(1'999ms) == Lines{});
        CHECK(f.take_wake() == Time{} + 2s);
        CHECK(f.at(2s) == Lines{timed_out});
        CHECK_FALSE(f.connector.pending());
        CHECK_FALSE(f.connector.at_rest());
        CHECK(f.release() == Lines{});
        if (way == 0) CHECK(f.answered(disallowed) == Lines{});
        CHECK_FALSE(f.completed(success_event));
        CHECK(f.take() == Lines{"stray 0x0040"});
        CHECK(f.connector.idle());
    }
}

TEST_CASE("connector hold: the time-out goes on meanwhile") {
    Fixture waiting;
    CHECK(waiting.hold() == Lines{});
    CHECK(!waiting.connect({.peer = peer, .timeout = 500ms}));
    CHECK(waiting.at(499ms) == Lines{});
    CHECK(waiting.take_wake() == Time{} + 500ms);
    CHECK(waiting.at(500ms) == Lines{timed_out});
    CHECK(waiting.release() == Lines{});

    Fixture pausing;
    pausing.initiate({.peer = peer, .timeout = 500ms});
    CHECK(pausing.hold() == Lines{cancel});
    CHECK(pausing.at(500ms) == Lines{});
    CHECK(pausing.answered() == Lines{});
    CHECK(pausing.completed(cancelled_event));
    CHECK(pausing.take() == Lines{timed_out});
    CHECK(pausing.connector.idle());
}

TEST_CASE("connector hold: cancel ends the attempt in the way it does else") {
    Fixture waiting;
    CHECK(waiting.hold() == Lines{});
    CHECK(!waiting.connect());
    CHECK(!waiting.cancel_attempt());
    CHECK(waiting.take() == Lines{cancelled});

    Fixture pausing;
    pausing.initiate();
    CHECK(pausing.hold() == Lines{cancel});
    CHECK(!pausing.cancel_attempt());
    CHECK(pausing.cancel_attempt() == errc::already_in_progress);
    CHECK(pausing.take() == Lines{});
    CHECK(pausing.completed(cancelled_event));
    CHECK(pausing.take() == Lines{cancelled});
    CHECK(pausing.answered() == Lines{});
    CHECK(pausing.connector.idle());

    Fixture ending;
    ending.initiate();
    CHECK(!ending.cancel_attempt());
    CHECK(ending.take() == Lines{cancel});
    CHECK(ending.hold() == Lines{});
    CHECK(ending.answered() == Lines{});
    CHECK(ending.completed(cancelled_event));
    CHECK(ending.take() == Lines{cancelled});
    CHECK(ending.connector.at_rest());
}

TEST_CASE("connector hold: a reset of the controller fails the attempt, and the hold stays") {
    for (int step = 0; step < 4; ++step) {
        CAPTURE(step);
        Fixture f;
        if (step == 0) (void)f.hold();
        CHECK(!f.connect());
        if (step >= 2) f.answer();
        if (step >= 1) (void)f.hold();
        if (step >= 3) f.answer();
        (void)f.take();
        f.reset();
        CHECK(f.take() == Lines{"connect failed: connection lost"});
        CHECK(f.connector.idle());
        CHECK(!f.connect());
        CHECK(f.take() == Lines{});
        CHECK(f.release() == Lines{create});
    }
}
