// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace bluetooth::virtual_controller {

/// One step of SplitMix64: maps close numbers to numbers that look unrelated.
constexpr std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

/// Numbers that look random and are the same for the same seed: made for repeatable tests, worth
/// nothing for secrets.
class SeededRandom {
public:
    explicit constexpr SeededRandom(std::uint64_t seed) : state_(seed) {}
    constexpr std::uint64_t next() {
        const std::uint64_t value = mix(state_);
        state_ += 0x9e3779b97f4a7c15;
        return value;
    }

private:
    std::uint64_t state_;
};

}  // namespace bluetooth::virtual_controller
