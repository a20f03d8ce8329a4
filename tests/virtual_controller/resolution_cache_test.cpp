// SPDX-License-Identifier: MIT
#include "virtual_controller/resolution_cache.hpp"

#include <doctest/doctest.h>

#include <cstdint>

using namespace bluetooth;
using namespace bluetooth::virtual_controller;

namespace {

constexpr Address rpa(std::uint32_t number) {
    return Address::from_wire({static_cast<std::uint8_t>(number),
                               static_cast<std::uint8_t>(number >> 8),
                               static_cast<std::uint8_t>(number >> 16), 0x00, 0x00, 0x40});
}

}  // namespace

TEST_CASE("resolution cache: remembers which entry resolves an address, and that none does") {
    ResolutionCache cache;
    cache.reset();
    CHECK_FALSE(cache.find(rpa(1)));
    cache.remember(rpa(1), 7);
    cache.remember(rpa(2), ResolutionCache::no_entry);
    cache.remember(rpa(3), 0);
    CHECK(cache.find(rpa(1)) == 7);
    CHECK(cache.find(rpa(2)) == ResolutionCache::no_entry);
    CHECK(cache.find(rpa(3)) == 0);
    CHECK_FALSE(cache.find(rpa(4)));
}

TEST_CASE("resolution cache: forgets everything when it is reset, and knows nothing before") {
    ResolutionCache cache;
    cache.remember(rpa(1), 7);
    CHECK_FALSE(cache.find(rpa(1)));
    cache.reset();
    cache.remember(rpa(1), 7);
    cache.reset();
    CHECK_FALSE(cache.find(rpa(1)));
}

TEST_CASE("resolution cache: what is asked for again and again stays, however many pass by") {
    ResolutionCache cache;
    cache.reset();
    cache.remember(rpa(0), 5);
    for (std::uint32_t i = 1; i < 100'000; ++i) {
        cache.remember(rpa(i), ResolutionCache::no_entry);
        REQUIRE(cache.find(rpa(0)) == 5);
    }
    // Nor does it grow: of the others only the latest are left.
    std::uint32_t left = 0;
    for (std::uint32_t i = 1; i < 100'000; ++i) left += cache.find(rpa(i)).has_value();
    CHECK(left > 4000);
    CHECK(left < 4096);
}

TEST_CASE("resolution cache: has room for a thousand advertisers") {
    ResolutionCache cache;
    cache.reset();
    for (std::uint32_t i = 0; i < 1000; ++i) cache.remember(rpa(i), ResolutionCache::no_entry);
    std::uint32_t left = 0;
    for (std::uint32_t i = 0; i < 1000; ++i) left += cache.find(rpa(i)).has_value();
    CHECK(left > 980);
}
