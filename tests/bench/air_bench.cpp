// SPDX-License-Identifier: MIT
//
// How quickly the virtual air runs where it is crowded: six minutes with a thousand advertisers and
// ten scanners, and what it costs that advertising collides or is lost.
#include <benchmark/benchmark.h>

#include <stdexcept>

#include "tests/support/crowd.hpp"

namespace {

using namespace bluetooth;
using namespace std::chrono_literals;

void run(benchmark::State& state, Duration duration, const virtual_controller::AirModel& model) {
    std::uint64_t reports = 0;
    for (auto _ : state) {
        test::Crowd crowd{1'000, 10, 1, model};
        crowd.run(duration);
        if (crowd.missed() > 0) throw std::runtime_error{"a host missed reports"};
        reports += crowd.reports();
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(reports));
    state.counters["reports"] =
        static_cast<double>(reports) / static_cast<double>(state.iterations());
}

void crowded_air_six_minutes(benchmark::State& state) { run(state, 6min, {}); }
BENCHMARK(crowded_air_six_minutes)->Unit(benchmark::kSecond)->Iterations(1);

void crowded_air_ten_seconds(benchmark::State& state) { run(state, 10s, {}); }
BENCHMARK(crowded_air_ten_seconds)->Unit(benchmark::kMillisecond);

void crowded_air_with_collisions_ten_seconds(benchmark::State& state) {
    run(state, 10s, {.loss = 0.05, .collisions = true, .timing = false});
}
BENCHMARK(crowded_air_with_collisions_ten_seconds)->Unit(benchmark::kMillisecond);

}  // namespace
