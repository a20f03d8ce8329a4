// SPDX-License-Identifier: MIT
//
// What a request costs the ATT server against tables of 10, 1,000 and 10,000 attributes.
// database_work_test.cpp asserts that it hardly depends on their number.
#include <benchmark/benchmark.h>

#include <string>

#include "tests/bench/large_database.hpp"

namespace {

using bluetooth::test::large_database_requests;
using bluetooth::test::LargeServer;

void serve(benchmark::State& state, std::size_t request_number, bool gaps) {
    LargeServer server{static_cast<std::size_t>(state.range(0)), gaps};
    const auto request = large_database_requests(server.database())[request_number];
    for (auto _ : state)
        if (!server.serve(request)) return state.SkipWithError("not the expected answer");
}

[[maybe_unused]] const bool registered = [] {
    const auto requests = large_database_requests(bluetooth::test::large_database(10, false));
    for (std::size_t i = 0; i < requests.size(); ++i)
        for (const bool gaps : {false, true}) {
            const std::string name = std::string{requests[i].name} + (gaps ? ", gaps" : "");
            benchmark::RegisterBenchmark(name.c_str(), serve, i, gaps)
                ->Arg(10)
                ->Arg(1'000)
                ->Arg(10'000);
        }
    return true;
}();

}  // namespace
