// SPDX-License-Identifier: MIT
//
// A lookup by handle or by type does not scan the table: what a request costs hardly grows with it.
#include <doctest/doctest.h>

#include <array>
#include <string_view>

#include "tests/bench/large_database.hpp"
#include "tests/bench/work_count.hpp"

using namespace bluetooth;
using namespace bluetooth::test;

namespace {

/// The work for each of the requests, with all that happens once behind it.
std::array<std::uint64_t, 5> work_for(std::size_t attributes, bool gaps) {
    LargeServer server{attributes, gaps};
    REQUIRE(server.database().size() == attributes);
    std::array<std::uint64_t, 5> work{};
    const auto requests = large_database_requests(server.database());
    for (std::size_t i = 0; i < requests.size(); ++i) {
        REQUIRE(server.serve(requests[i]));
        const std::uint64_t before = work_count();
        const bool served = server.serve(requests[i]);
        work[i] = work_count() - before;
        CHECK(served);
    }
    return work;
}

}  // namespace

TEST_CASE("att server: a request to 10,000 attributes costs little more than one to 10") {
    // The binary search of the larger table takes ten steps more; a scan takes a thousand times as
    // many.
    constexpr std::uint64_t bound = 4;
    for (const bool gaps : {false, true}) {
        const auto few = work_for(10, gaps);
        const auto some = work_for(1'000, gaps);
        const auto many = work_for(10'000, gaps);
        const auto requests = large_database_requests(large_database(10, gaps));
        for (std::size_t i = 0; i < requests.size(); ++i) {
            const std::string_view request = requests[i].name;
            MESSAGE(request, std::string_view{gaps ? ", with gaps: " : ": "}, few[i], ", ", some[i],
                    ", ", many[i], " blocks");
            CHECK(few[i] > 0);
            CHECK(many[i] < bound * few[i]);
        }
    }
}

TEST_CASE("work count: the work of a loop is counted, so a scan would be found") {
    const auto sum_of = [](std::uint64_t count) {
        volatile std::uint64_t sum = 0;
        for (std::uint64_t i = 0; i < count; ++i) sum = sum + i;
    };
    const std::uint64_t start = work_count();
    sum_of(10);
    const std::uint64_t middle = work_count();
    sum_of(10'000);
    CHECK(work_count() - middle > 100 * (middle - start));
}
