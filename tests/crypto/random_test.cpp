// SPDX-License-Identifier: MIT
#include "crypto/random.hpp"

#include <algorithm>
#include <string_view>

#include "tests/support/hex.hpp"

using namespace bluetooth;
using namespace bluetooth::crypto;
using bluetooth::test::hex;
using bluetooth::test::Octets;

namespace {

/// Hands out the octets that a test has written down.
class ScriptedRandom final : public RandomSource {
public:
    explicit ScriptedRandom(std::string_view digits) : octets_(hex(digits)) {}
    void fill(MutableBytes out) override {
        REQUIRE(out.size() <= octets_.size() - used_);
        std::ranges::copy(Bytes{octets_}.subspan(used_, out.size()), out.begin());
        used_ += out.size();
    }
    std::size_t left() const { return octets_.size() - used_; }

private:
    Octets octets_;
    std::size_t used_ = 0;
};

}  // namespace

TEST_CASE("seeded random: the numbers of SplitMix64, least significant octet first") {
    // The published sequence for seed 1234567: 6457827717110365317, 3203168211198807973
    SeededRandom random{1234567};
    CHECK(Bytes{random.octets<16>()} == hex("85fc08fb17d09e59 a50f545884f0732c"));
}

TEST_CASE("seeded random: the same seed gives the same octets, another one gives others") {
    SeededRandom a{1};
    SeededRandom b{1};
    SeededRandom c{2};
    const auto octets = a.octets<32>();
    CHECK(octets == b.octets<32>());
    CHECK(octets != c.octets<32>());
    CHECK(octets != a.octets<32>());
}

TEST_CASE("seeded random: fills any number of octets and none beyond") {
    for (std::size_t size = 0; size <= 17; ++size) {
        CAPTURE(size);
        Octets octets(size + 1, 0xee);
        SeededRandom{1234567}.fill(MutableBytes{octets}.first(size));
        CHECK(octets.back() == 0xee);
        const auto expected = SeededRandom{1234567}.octets<17>();
        CHECK(Bytes{Bytes{octets}.first(size)} == Bytes{expected}.first(size));
    }
}

TEST_CASE("system random: fills all of what it is given, differently each time") {
    SystemRandom random;
    random.fill({});
    CHECK(random.octets<32>() != random.octets<32>());

    Octets large((1 << 20) + 100);  // more than libcrypto is asked for at once
    random.fill(large);
    CHECK(std::ranges::count(Bytes{large}.last(100), 0) < 20);
    CHECK(std::ranges::count(Bytes{large}.first(100), 0) < 20);
}

TEST_CASE("random: a number below a bound takes the whole range and never reaches the bound") {
    ScriptedRandom random{"01000080 | ffffffff | ffffffff | 04000000"};
    CHECK(random.below(1'000'000) == 500'000);
    CHECK(random.below(1'000'000) == 999'999);
    CHECK(random.below(1) == 0);
    CHECK(random.below(0xffffffff) == 3);
    CHECK(random.left() == 0);
}

TEST_CASE("random: a draw that would favour one number is drawn again") {
    // 2^32 is no multiple of a million: the draw 0 is one of those left out.
    ScriptedRandom random{"00000000 | 01000080"};
    CHECK(random.below(1'000'000) == 500'000);
    CHECK(random.left() == 0);
}

TEST_CASE("random: numbers below a bound are spread evenly") {
    SeededRandom random{7};
    std::array<int, 10> seen{};
    for (int i = 0; i < 10'000; ++i) ++seen.at(random.below(10));
    CHECK(std::ranges::min(seen) > 900);
    CHECK(std::ranges::max(seen) < 1'100);
}
