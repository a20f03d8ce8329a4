// SPDX-License-Identifier: MIT
#include "base/byte_ring.hpp"

#include <doctest/doctest.h>

#include <deque>

#include "tests/support/hex.hpp"

using namespace bluetooth;
using bluetooth::test::hex;
using bluetooth::test::Octets;

namespace {

Octets read(ByteRing& ring, std::size_t count) {
    Octets out(count);
    ring.read(out);
    return out;
}

}  // namespace

TEST_CASE("byte ring: octets come out in the order in which they went in") {
    ByteRing ring{8};
    ring.write(hex("01 02 03"));
    ring.write(hex("04 05"));
    CHECK(ring.size() == 5);
    CHECK(ring.room() == 3);
    CHECK(read(ring, 1) == hex("01"));
    CHECK(read(ring, 4) == hex("02 03 04 05"));
    CHECK(ring.size() == 0);
    CHECK(ring.room() == ring.capacity());
}

TEST_CASE("byte ring: one without memory is empty and full") {
    ByteRing ring;
    CHECK(ring.capacity() == 0);
    CHECK(ring.room() == 0);
    ring.write({});
    ring.drop(0);
    CHECK(read(ring, 0) == Octets{});
}

TEST_CASE("byte ring: it is filled to the last octet, wherever the front stands") {
    for (std::size_t front = 0; front < 5; ++front) {
        ByteRing ring{5};
        const Octets before(front, 0xee);
        ring.write(before);
        ring.write(hex("00"));  // so that dropping does not empty it, which would begin anew
        ring.drop(front);
        if (front == 4) CHECK(ring.room() == 4);
        ring.write(hex("11 22 33 44"));
        CHECK(ring.room() == 0);
        CHECK(read(ring, 5) == hex("00 11 22 33 44"));
    }
}

TEST_CASE("byte ring: over many rounds it does what a queue of octets does") {
    ByteRing ring{13};
    std::deque<std::uint8_t> model;
    std::uint32_t random = 1;
    const auto below = [&random](std::size_t limit) {
        random = random * 1664525 + 1013904223;
        return (random >> 8) % limit;
    };
    std::uint8_t next = 0;
    for (int round = 0; round < 5000; ++round) {
        Octets in(below(ring.room() + 1));
        for (auto& octet : in) model.push_back(octet = next++);
        ring.write(in);
        const std::size_t count = below(ring.size() + 1);
        if (below(4) == 0) {
            ring.drop(count);
        } else {
            const Octets out = read(ring, count);
            REQUIRE(std::equal(out.begin(), out.end(), model.begin()));
        }
        model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(count));
        REQUIRE(ring.size() == model.size());
        REQUIRE(ring.size() + ring.room() == ring.capacity());
    }
}
