// SPDX-License-Identifier: MIT
//
// Once the memory of both hosts, their transports and the virtual controllers has grown to what
// the traffic needs, no operation allocates on any side.
#include <doctest/doctest.h>

#include "tests/alloc/allocation_count.hpp"
#include "tests/support/traffic.hpp"

using bluetooth::test::allocation_count;
using bluetooth::test::Traffic;
using Operation = Traffic::Operation;

namespace {

void check_that_nothing_is_allocated(Operation operation, std::size_t size) {
    for (const Traffic::Wire wire : {Traffic::Wire::memory, Traffic::Wire::socket_pair}) {
        CAPTURE(wire);
        Traffic traffic{wire};
        traffic.carry_out(operation, 1'000, size);
        const std::uint64_t before = allocation_count();
        traffic.carry_out(operation, 10'000, size);
        CHECK(allocation_count() - before == 0);
    }
}

}  // namespace

TEST_CASE("allocations: none per notification") {
    check_that_nothing_is_allocated(Operation::notify, 180);
}
TEST_CASE("allocations: none per notification in fragments") {
    check_that_nothing_is_allocated(Operation::notify, 244);
}
TEST_CASE("allocations: none per indication") {
    check_that_nothing_is_allocated(Operation::indicate, 180);
}
TEST_CASE("allocations: none per write command") {
    check_that_nothing_is_allocated(Operation::write_command, 180);
}
TEST_CASE("allocations: none per write request") {
    check_that_nothing_is_allocated(Operation::write_request, 180);
}
TEST_CASE("allocations: none per read") { check_that_nothing_is_allocated(Operation::read, 20); }
TEST_CASE("allocations: none per advertising report") {
    check_that_nothing_is_allocated(Operation::advertising_report, 31);
}
