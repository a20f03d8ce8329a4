// SPDX-License-Identifier: MIT
#include "tools/asioble/measurement.hpp"

#include <sys/resource.h>

namespace bluetooth::tool {

Usage Usage::now() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return {Clock::now(), seconds(usage.ru_utime), seconds(usage.ru_stime), usage.ru_maxrss};
}

std::string rounded(double value) {
    return std::to_string(static_cast<std::uint64_t>(value + 0.5));
}

std::string milliseconds(double seconds) { return rounded(seconds * 1000) + " ms"; }

void Watchdog::start() {
    timer_.expires_after(patience);
    timer_.async_wait([this, before = progress_()](error_code error) {
        if (error) return;
        if (progress_() == before)
            loop_.fail("the other side did nothing for 10 s; " + std::to_string(before) + ' ' +
                       unit_ + " were done" + (before == 0 ? hint_ : ""));
        else
            start();
    });
}

}  // namespace bluetooth::tool
