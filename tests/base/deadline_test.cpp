// SPDX-License-Identifier: MIT
#include "base/deadline.hpp"

#include <doctest/doctest.h>

using namespace bluetooth;
using namespace std::chrono_literals;

TEST_CASE("deadline: it has passed when its time has come, not before") {
    const Time start{};
    Deadline deadline;
    CHECK_FALSE(deadline.is_set());
    CHECK_FALSE(deadline.passed(start + 1000h));
    deadline.set(start + 30s);
    CHECK(deadline.is_set());
    CHECK_FALSE(deadline.passed(start + 30s - 1ns));
    CHECK(deadline.passed(start + 30s));
    CHECK(deadline.passed(start + 30s + 250ms));
    deadline.clear();
    CHECK_FALSE(deadline.passed(start + 31s));
}

TEST_CASE("deadline: found far too late, it gives a second more, once") {
    const Time start{};
    Deadline deadline;
    deadline.set(start + 30s);
    CHECK_FALSE(deadline.passed(start + 31s));
    CHECK(deadline.when() == start + 32s);
    CHECK_FALSE(deadline.passed(start + 32s - 1ns));
    CHECK(deadline.passed(start + 40s));  // late again
    deadline.set(start + 60s);
    CHECK_FALSE(deadline.passed(start + 70s));
}
