// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bluetooth {

/// A read-only view of octets that somebody else owns. Comparable, unlike `std::span`.
class Bytes : public std::span<const std::uint8_t> {
public:
    using std::span<const std::uint8_t>::span;
    constexpr Bytes() = default;
    constexpr Bytes(std::span<const std::uint8_t> s) : std::span<const std::uint8_t>(s) {}

    // As those of std::span, but the parts are Bytes too.
    constexpr Bytes first(std::size_t count) const {
        return std::span<const std::uint8_t>::first(count);
    }
    constexpr Bytes last(std::size_t count) const {
        return std::span<const std::uint8_t>::last(count);
    }
    constexpr Bytes subspan(std::size_t offset, std::size_t count = std::dynamic_extent) const {
        return std::span<const std::uint8_t>::subspan(offset, count);
    }

    /// The octets of a text, for names and values given as string literals.
    static Bytes of(std::string_view text) {
        return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
    }
    /// The same octets as text; no encoding is assumed.
    std::string_view text() const { return {reinterpret_cast<const char*>(data()), size()}; }

    friend bool operator==(Bytes a, Bytes b) { return std::ranges::equal(a, b); }
};

/// A view of octets that may be written.
using MutableBytes = std::span<std::uint8_t>;

/// Appends `bytes` to `out` as lower-case hex digits without separators.
inline void append_hex(std::string& out, Bytes bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    for (std::uint8_t octet : bytes) {
        out += digits[octet >> 4];
        out += digits[octet & 15];
    }
}

/// `bytes` as lower-case hex digits without separators.
inline std::string to_hex(Bytes bytes) {
    std::string out;
    out.reserve(2 * bytes.size());
    append_hex(out, bytes);
    return out;
}

}  // namespace bluetooth
