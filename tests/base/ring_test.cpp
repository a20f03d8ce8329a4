// SPDX-License-Identifier: MIT
#include "base/ring.hpp"

#include <doctest/doctest.h>

#include <memory>

using namespace bluetooth;

TEST_CASE("ring: what was pushed first comes out first, also around the end of the memory") {
    Ring<int> ring{3};
    int next_in = 0;
    int next_out = 0;
    for (int round = 0; round < 10; ++round) {
        while (ring.push(int{next_in})) ++next_in;
        CHECK(ring.size() == 3);
        CHECK(ring.pop() == next_out++);
        CHECK(ring.pop() == next_out++);
    }
    CHECK(ring.pop() == next_out);
    CHECK(ring.empty());
}

TEST_CASE("ring: it is full at its capacity and refuses more, without taking the value") {
    Ring<std::unique_ptr<int>> ring{1};
    CHECK(ring.capacity() == 1);
    CHECK_FALSE(ring.full());
    CHECK(ring.push(std::make_unique<int>(1)));
    CHECK(ring.full());
    auto refused = std::make_unique<int>(2);
    CHECK_FALSE(ring.push(std::move(refused)));
    REQUIRE(refused);
    CHECK(*refused == 2);
    CHECK(*ring.front() == 1);
}

TEST_CASE("ring: elements are reached by their distance from the front") {
    Ring<int> ring{3};
    for (int i = 0; i < 3; ++i) CHECK(ring.push(int{i}));
    CHECK(ring.pop() == 0);
    CHECK(ring.push(3));
    CHECK(ring.front() == 1);
    CHECK(ring[0] == 1);
    CHECK(ring[1] == 2);
    CHECK(ring[2] == 3);
    ring[1] = 20;
    CHECK(ring.pop() == 1);
    CHECK(ring.pop() == 20);
}

TEST_CASE("ring: an element that was taken out or cleared leaves nothing behind") {
    const auto value = std::make_shared<int>(1);
    Ring<std::shared_ptr<int>> ring{4};
    for (int i = 0; i < 3; ++i) CHECK(ring.push(std::shared_ptr<int>{value}));
    CHECK(value.use_count() == 4);
    (void)ring.pop();
    CHECK(value.use_count() == 3);
    ring.clear();
    CHECK(value.use_count() == 1);
    CHECK(ring.empty());
    CHECK(ring.push(std::shared_ptr<int>{value}));
    CHECK(ring.size() == 1);
}

TEST_CASE("ring: one without capacity is empty and full") {
    Ring<int> ring{0};
    CHECK(ring.empty());
    CHECK(ring.full());
    CHECK_FALSE(ring.push(1));
}
