// SPDX-License-Identifier: MIT
#include "bluetooth/timer.hpp"

#include <doctest/doctest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <optional>
#include <vector>

#include "virtual_controller/simulation.hpp"

using namespace bluetooth;
using namespace std::chrono_literals;
using virtual_controller::Simulation;

namespace {

/// When a wait has ended, and how.
struct Wait {
    std::optional<error_code> error;
    Time at;

    void begin(Timer& timer) {
        timer.async_wait([this, &timer](error_code outcome) {
            error = outcome;
            at = timer.now();
        });
    }
    bool over() const { return error == error_code{}; }
    bool aborted() const { return error == error_code{asio::error::operation_aborted}; }
};

}  // namespace

TEST_CASE("timer: ends its waits when it expires, never inside a call") {
    Simulation simulation;
    Timer timer{simulation.executor()};
    Wait first;
    Wait second;
    Wait at_once;
    at_once.begin(timer);
    CHECK(!at_once.error);
    simulation.poll();
    CHECK(at_once.over());

    const Time beginning = simulation.now();
    timer.expires_after(10s);
    CHECK(timer.expiry() == beginning + 10s);
    first.begin(timer);
    second.begin(timer);
    simulation.run_for(1min);
    CHECK(first.over());
    CHECK(first.at == beginning + 10s);
    CHECK(second.over());
    CHECK(second.at == beginning + 10s);
}

TEST_CASE("timer: moved to an earlier or a later time, it ends at that one") {
    Simulation simulation;
    Timer timer{simulation.executor()};
    const Time beginning = simulation.now();
    for (const Duration moved : {Duration{5s}, Duration{15s}}) {
        Wait former;
        Wait latter;
        timer.expires_at(beginning + 10s);
        former.begin(timer);
        timer.expires_at(beginning + moved);
        latter.begin(timer);
        simulation.run_for(beginning + 20s - simulation.now());
        CHECK(former.aborted());
        if (moved == Duration{5s}) {
            CHECK(latter.over());
            CHECK(latter.at == beginning + moved);
        }
        CHECK(latter.over());
    }
}

TEST_CASE("timer: cancelled or destroyed, it ends its waits with operation_aborted") {
    Simulation simulation;
    std::optional<Timer> timer;
    timer.emplace(simulation.executor());
    timer->expires_at(never);
    std::optional<error_code> outcome;
    const auto note = [&](error_code error) { outcome = error; };
    timer->async_wait(note);
    SUBCASE("cancelled") { timer->cancel(); }
    SUBCASE("destroyed") { timer.reset(); }
    CHECK(!outcome);
    simulation.poll();
    CHECK(outcome == error_code{asio::error::operation_aborted});
}

TEST_CASE("timer: a wait that is cancelled by its slot leaves the others alone") {
    Simulation simulation;
    Timer timer{simulation.executor()};
    timer.expires_after(10s);
    asio::cancellation_signal signal;
    std::optional<error_code> cancelled;
    timer.async_wait(
        asio::bind_cancellation_slot(signal.slot(), [&](error_code error) { cancelled = error; }));
    Wait other;
    other.begin(timer);
    signal.emit(asio::cancellation_type::total);
    simulation.poll();
    CHECK(cancelled == error_code{asio::error::operation_aborted});
    CHECK(!other.error);
    simulation.run_for(10s);
    CHECK(other.over());
}

TEST_CASE("timer: on an io_context of its own it follows the real clock") {
    asio::io_context context;
    Timer timer{context.get_executor()};
    const Time before = Clock::now();
    timer.expires_after(1h);
    timer.expires_after(2ms);
    Wait wait;
    wait.begin(timer);
    context.run();  // ends by itself
    CHECK(wait.over());
    CHECK(wait.at >= before + 2ms);
}
