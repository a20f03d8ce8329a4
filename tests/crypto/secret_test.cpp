// SPDX-License-Identifier: MIT
#include "crypto/secret.hpp"

#include <concepts>
#include <memory>

#include "tests/support/hex.hpp"

using namespace bluetooth;
using namespace bluetooth::crypto;
using bluetooth::test::hex;

namespace {

template <class T>
concept Printable = std::constructible_from<Bytes, const T&>;

static_assert(!Printable<Secret<16>>, "a key must not get into a log line by accident");
static_assert(Printable<std::array<std::uint8_t, 16>>);

static_assert(reversed(std::array<std::uint8_t, 3>{1, 2, 3}) ==
              std::array<std::uint8_t, 3>{3, 2, 1});

}  // namespace

TEST_CASE("secret: its octets are zero once it is gone") {
    using Four = Secret<4>;
    alignas(Four) std::array<std::uint8_t, sizeof(Four)> memory{};
    Four* secret = std::construct_at(reinterpret_cast<Four*>(memory.data()), Four{{1, 2, 3, 4}});
    CHECK(Bytes{memory} == hex("01 02 03 04"));
    std::destroy_at(secret);
    CHECK(Bytes{memory} == hex("00 00 00 00"));
}

TEST_CASE("secret: two are equal when all their octets are") {
    const Secret<4> secret{{1, 2, 3, 4}};
    CHECK(secret == Secret<4>{{1, 2, 3, 4}});
    CHECK(secret != Secret<4>{{0, 2, 3, 4}});
    CHECK(secret != Secret<4>{{1, 2, 3, 5}});
}

TEST_CASE("secret: octets of different numbers are never equal") {
    CHECK(equal(Bytes{}, Bytes{}));
    CHECK(equal(hex("01 02"), hex("01 02")));
    CHECK_FALSE(equal(hex("01 02"), hex("01")));
    CHECK_FALSE(equal(hex("01"), hex("01 00")));
}

TEST_CASE("secret: cleansing overwrites all octets, also none") {
    auto octets = hex("01 02 03");
    cleanse(octets);
    CHECK(octets == hex("00 00 00"));
    cleanse({});
}
