// SPDX-License-Identifier: MIT
//
// Octet order in crypto/: every value is an array whose first octet is the most significant one, as
// the formulas and sample data of the specification write it (Vol 3 Part H 2.2, Appendix D). HCI
// and SMP carry the same values least significant octet first: `reversed` turns one into the other.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace bluetooth::crypto {

/// The same octets in the opposite order: from the order of HCI and SMP to that of crypto/ and
/// back.
template <std::size_t N>
constexpr std::array<std::uint8_t, N> reversed(std::array<std::uint8_t, N> octets) {
    std::ranges::reverse(octets);
    return octets;
}

/// Overwrites `octets` with zeros, also where an optimizer finds the write useless.
void cleanse(MutableBytes octets) noexcept;

/// Whether both hold the same octets, found out in a time that depends on the sizes only. For
/// confirm values and other checks whose timing must not help a guessing peer.
bool equal(Bytes a, Bytes b) noexcept;

/// `N` octets that nobody may learn: overwritten when they go out of scope, compared in constant
/// time, and not convertible to `Bytes`, so that no log line or PDU prints them by accident.
template <std::size_t N> class Secret {
public:
    Secret() = default;
    explicit Secret(const std::array<std::uint8_t, N>& octets) : octets_(octets) {}
    Secret(const Secret&) = default;
    Secret& operator=(const Secret&) = default;
    ~Secret() { cleanse(octets_); }

    const std::array<std::uint8_t, N>& octets() const { return octets_; }
    std::array<std::uint8_t, N>& octets() { return octets_; }

    friend bool operator==(const Secret& a, const Secret& b) {
        return equal(Bytes{a.octets_}, Bytes{b.octets_});
    }

private:
    std::array<std::uint8_t, N> octets_{};
};

}  // namespace bluetooth::crypto
