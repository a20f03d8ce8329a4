// SPDX-License-Identifier: MIT
//
// What the measuring subcommands share: how much time and memory went, and an end to standstill.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "tools/asioble/loop.hpp"

namespace bluetooth::tool {

struct Usage {
    Time at{};
    double user = 0;  // seconds of CPU time
    double system = 0;
    long peak_kib = 0;

    static Usage now();
};

/// "1235", "17 ms": figures for a person.
std::string rounded(double value);
std::string milliseconds(double seconds);

/// Fails the loop once nothing has moved for 10 s. Costs nothing in between.
class Watchdog {
public:
    /// `progress` grows with everything that is done; `unit` is what it counts. `hint` is added to
    /// the message if nothing at all was done.
    Watchdog(Loop& loop, std::function<std::uint64_t()> progress, std::string unit,
             std::string hint = {})
        : loop_(loop),
          progress_(std::move(progress)),
          unit_(std::move(unit)),
          hint_(std::move(hint)) {}

    void start();
    void stop() { timer_.cancel(); }

private:
    static constexpr std::chrono::seconds patience{10};

    Loop& loop_;
    std::function<std::uint64_t()> progress_;
    std::string unit_;
    std::string hint_;
    asio::steady_timer timer_{loop_.context()};
};

}  // namespace bluetooth::tool
