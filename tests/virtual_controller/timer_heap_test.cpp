// SPDX-License-Identifier: MIT
#include "virtual_controller/timer_heap.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "virtual_controller/random.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using namespace std::chrono_literals;

TEST_CASE("timer heap: gives the soonest first, equals in the order of arming") {
    TimerHeap heap;
    CHECK(heap.next() == never);
    Timer timers[4];
    heap.arm(timers[0], Time{3s});
    heap.arm(timers[1], Time{1s});
    heap.arm(timers[2], Time{3s});
    heap.arm(timers[3], Time{2s});
    CHECK(heap.next() == Time{1s});
    CHECK(&heap.pop() == &timers[1]);
    CHECK(&heap.pop() == &timers[3]);
    CHECK(&heap.pop() == &timers[0]);
    CHECK(&heap.pop() == &timers[2]);
    CHECK(heap.next() == never);
    for (const Timer& timer : timers) CHECK(timer.position == Timer::disarmed);
}

TEST_CASE("timer heap: arming an armed timer moves it, disarming a disarmed one does nothing") {
    TimerHeap heap;
    Timer a;
    Timer b;
    heap.arm(a, Time{1s});
    heap.arm(b, Time{2s});
    heap.arm(a, Time{3s});
    CHECK(&heap.pop() == &b);
    heap.disarm(b);
    heap.disarm(a);
    heap.disarm(a);
    CHECK(heap.next() == never);
}

TEST_CASE("timer heap: agrees with sorting, whatever is armed, moved and disarmed") {
    SeededRandom random{1};
    TimerHeap heap;
    std::vector<Timer> timers(200);
    std::vector<Time> due(timers.size(), never);
    for (int i = 0; i < 20'000; ++i) {
        const std::size_t which = random.next() % timers.size();
        if (random.next() % 3 == 0) {
            heap.disarm(timers[which]);
            due[which] = never;
        } else {
            due[which] = Time{Duration{random.next() % 1000}};
            heap.arm(timers[which], due[which]);
        }
        REQUIRE(heap.next() == *std::ranges::min_element(due));
    }
    Time last{};
    while (heap.next() != never) {
        const Time when = heap.next();
        REQUIRE(when >= last);
        last = when;
        const auto which = static_cast<std::size_t>(&heap.pop() - timers.data());
        REQUIRE(due[which] == when);
        due[which] = never;
    }
    CHECK(std::ranges::count(due, never) == static_cast<std::ptrdiff_t>(due.size()));
}
