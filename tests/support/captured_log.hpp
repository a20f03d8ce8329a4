// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "base/log.hpp"

namespace bluetooth::test {

/// Collects the warnings and errors of one test.
class CapturedLog {
public:
    CapturedLog() : before_(log::level()) {
        log::set_level(log::Level::warning);
        log::set_sink([this](log::Level, std::string_view component, std::string_view text) {
            lines.push_back(std::string{component} + ": " + std::string{text});
        });
    }
    CapturedLog(const CapturedLog&) = delete;
    CapturedLog& operator=(const CapturedLog&) = delete;
    ~CapturedLog() {
        log::set_sink({});
        log::set_level(before_);
    }

    bool says(std::string_view text) const {
        return std::ranges::any_of(
            lines, [&](const std::string& line) { return line.find(text) != line.npos; });
    }

    std::vector<std::string> lines;

private:
    log::Level before_;
};

}  // namespace bluetooth::test
