// SPDX-License-Identifier: MIT
#include "crypto/random.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <cassert>

#include "crypto/libcrypto.hpp"

namespace bluetooth::crypto {

std::uint32_t RandomSource::below(std::uint32_t bound) {
    assert(bound != 0);
    // The high half of draw * bound is uniform once the draws are left out that would favour some
    // results: those whose low half falls below 2^32 mod bound (Lemire, 2019).
    const std::uint32_t unfair = (0 - bound) % bound;
    for (;;) {
        const auto draw = octets<4>();
        const std::uint64_t number = std::uint64_t{draw[0]} | std::uint64_t{draw[1]} << 8 |
                                     std::uint64_t{draw[2]} << 16 | std::uint64_t{draw[3]} << 24;
        const std::uint64_t product = number * bound;
        if (static_cast<std::uint32_t>(product) >= unfair)
            return static_cast<std::uint32_t>(product >> 32);
    }
}

void SystemRandom::fill(MutableBytes out) {
    static constexpr std::size_t most = 1 << 20;  // RAND_bytes counts in int
    while (!out.empty()) {
        const std::size_t count = std::min(out.size(), most);
        require(RAND_bytes(out.data(), static_cast<int>(count)) == 1, "random octets");
        out = out.subspan(count);
    }
}

std::uint64_t SeededRandom::next() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

void SeededRandom::fill(MutableBytes out) {
    for (std::size_t i = 0; i < out.size(); i += 8) {
        const std::uint64_t octets = next();
        const std::size_t count = std::min<std::size_t>(8, out.size() - i);
        for (std::size_t k = 0; k < count; ++k)
            out[i + k] = static_cast<std::uint8_t>(octets >> (8 * k));
    }
}

}  // namespace bluetooth::crypto
