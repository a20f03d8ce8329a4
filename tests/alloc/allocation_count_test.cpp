// SPDX-License-Identifier: MIT
#include "tests/alloc/allocation_count.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

using bluetooth::test::allocation_count;

namespace {

template <class Call> std::uint64_t allocations_of(Call&& call) {
    const std::uint64_t before = allocation_count();
    call();
    return allocation_count() - before;
}

struct alignas(64) Line {
    char octets[64];
};

}  // namespace

TEST_CASE("allocation count: every kind of allocation is counted") {
    std::unique_ptr<int> one;
    std::unique_ptr<int[]> many;
    std::unique_ptr<Line> aligned;
    std::vector<int> vector;
    std::string string;
    std::function<void()> function;
    CHECK(allocations_of([&] { one.reset(new int{1}); }) == 1);
    CHECK(allocations_of([&] { many.reset(new int[10]); }) == 1);
    CHECK(allocations_of([&] { aligned.reset(new Line); }) == 1);
    CHECK(allocations_of([&] { vector.resize(10); }) == 1);
    CHECK(allocations_of([&] { string.assign(100, 'x'); }) == 1);
    CHECK(allocations_of([&] { function = [copy = Line{}] { (void)copy; }; }) == 1);
}

TEST_CASE("allocation count: what reuses memory is not counted") {
    std::vector<int> vector(10);
    CHECK(allocations_of([&] {
              vector.clear();
              vector.resize(10);
          }) == 0);
}
