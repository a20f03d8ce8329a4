// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace bluetooth::test {

/// What a core wanted done, one action a line, so that a test reads like a transcript; prints line
/// by line when a check fails.
struct Lines : std::vector<std::string> {
    using std::vector<std::string>::vector;
};

}  // namespace bluetooth::test

template <> struct doctest::StringMaker<bluetooth::test::Lines> {
    static doctest::String convert(const bluetooth::test::Lines& lines) {
        std::string text;
        for (const std::string& line : lines) text += "\n    " + line;
        return (lines.empty() ? "nothing" : text).c_str();
    }
};
