// SPDX-License-Identifier: MIT
//
// Waiting for a time costs no memory, nor does moving an alarm to an earlier time.
#include "transport/alarm.hpp"

#include <doctest/doctest.h>

#include <memory>

#include "tests/alloc/allocation_count.hpp"

using namespace bluetooth;
using namespace std::chrono_literals;
using bluetooth::test::allocation_count;
using transport::Alarm;
using transport::SimulatedWorld;

namespace {

struct Sleeper : std::enable_shared_from_this<Sleeper> {
    explicit Sleeper(const asio::any_io_executor& executor) : alarm(executor) {}
    void wake_at(Time when) { alarm.wake_at(when, *this, &Sleeper::wake); }
    void wake() { ++woken; }

    Alarm alarm;
    int woken = 0;
};

}  // namespace

TEST_CASE(
    "allocations: none per alarm, also one that is moved, in the real and a simulated world") {
    asio::io_context context;
    const auto work = asio::make_work_guard(context);
    SimulatedWorld* world = nullptr;
    SUBCASE("real") {}
    SUBCASE("simulated") { world = &asio::make_service<SimulatedWorld>(context); }
    const auto sleeper = std::make_shared<Sleeper>(context.get_executor());
    std::uint64_t before = 0;
    for (int round = 0; round < 1'100; ++round) {
        if (round == 100) before = allocation_count();
        const Time now = sleeper->alarm.now();
        sleeper->wake_at(now + 2h);
        sleeper->wake_at(now + 1h);
        sleeper->wake_at(now);
        if (world != nullptr) world->advance_to(now);
        while (sleeper->woken <= round) context.run_one();
    }
    CHECK(allocation_count() - before == 0);
    CHECK(sleeper->woken == 1'100);
}
