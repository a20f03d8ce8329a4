// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace bluetooth::test {

/// Octets that a test writes down or collects; prints as hex when a check fails.
struct Octets : std::vector<std::uint8_t> {
    using std::vector<std::uint8_t>::vector;
    explicit Octets(Bytes bytes) : std::vector<std::uint8_t>(bytes.begin(), bytes.end()) {}
    friend bool operator==(const Octets& a, const Octets& b) { return Bytes{a} == Bytes{b}; }
};

/// `hex("02 17 00")`: white space and '|' are ignored, so that a test can group octets.
inline Octets hex(std::string_view text) {
    Octets octets;
    int high = -1;
    for (char c : text) {
        int digit = -1;
        if (c >= '0' && c <= '9') digit = c - '0';
        if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
        if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
        if (digit < 0) {
            if (c == ' ' || c == '|' || c == '\n') continue;
            throw std::invalid_argument("hex(): only hex digits, white space and '|'");
        }
        if (high < 0) {
            high = digit;
        } else {
            octets.push_back(static_cast<std::uint8_t>(high << 4 | digit));
            high = -1;
        }
    }
    if (high >= 0) throw std::invalid_argument("hex(): odd number of digits");
    return octets;
}

}  // namespace bluetooth::test

template <> struct doctest::StringMaker<bluetooth::test::Octets> {
    static doctest::String convert(const bluetooth::test::Octets& octets) {
        return bluetooth::to_hex(octets).c_str();
    }
};
template <> struct doctest::StringMaker<bluetooth::Bytes> {
    static doctest::String convert(const bluetooth::Bytes& bytes) {
        return bluetooth::to_hex(bytes).c_str();
    }
};
