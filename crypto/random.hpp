// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace bluetooth::crypto {

/// Where keys, nonces, passkeys, random addresses and random delays come from. Whoever needs
/// randomness is given one, so that a test can write down every octet.
class RandomSource {
public:
    virtual ~RandomSource() = default;

    /// Overwrites all of `out`.
    virtual void fill(MutableBytes out) = 0;

    template <std::size_t N> std::array<std::uint8_t, N> octets() {
        std::array<std::uint8_t, N> out{};
        fill(out);
        return out;
    }
    /// A number below `bound`, each equally likely: `below(1'000'000)` is a passkey. `bound` is
    /// not 0.
    std::uint32_t below(std::uint32_t bound);
};

/// The operating system's randomness, through libcrypto's generator. Throws `std::runtime_error`
/// where libcrypto finds no source of entropy, rather than hand out octets that can be guessed.
class SystemRandom final : public RandomSource {
public:
    void fill(MutableBytes out) override;
};

/// The same octets for the same seed on every machine (SplitMix64), for tests and simulation.
/// Never for keys: whoever sees a few octets knows all others.
class SeededRandom final : public RandomSource {
public:
    explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
    void fill(MutableBytes out) override;

private:
    std::uint64_t next();

    std::uint64_t state_;
};

}  // namespace bluetooth::crypto
