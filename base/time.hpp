// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <ratio>

namespace bluetooth {

/// The clock whose time is handed to the cores. Only its types are used below bluetooth/: no core
/// ever calls `now()`.
using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using Duration = Clock::duration;

/// No deadline.
inline constexpr Time never = Time::max();

/// Advertising and scanning intervals and windows, 0.625 ms (Vol 4 Part E 7.8.5, 7.8.10).
using Units625us = std::chrono::duration<std::uint16_t, std::ratio<625, 1'000'000>>;
/// Intervals of extended advertising, 0.625 ms too, but in three octets (Vol 4 Part E 7.8.53).
using LongUnits625us = std::chrono::duration<std::uint32_t, std::ratio<625, 1'000'000>>;
/// Connection intervals, 1.25 ms (Vol 4 Part E 7.8.12).
using Units1250us = std::chrono::duration<std::uint16_t, std::ratio<1250, 1'000'000>>;
/// Supervision and advertising time-outs, 10 ms (Vol 4 Part E 7.8.12).
using Units10ms = std::chrono::duration<std::uint16_t, std::ratio<10, 1'000>>;
/// Periods of extended scanning, 1.28 s (Vol 4 Part E 7.8.65).
using Units1280ms = std::chrono::duration<std::uint16_t, std::ratio<1280, 1'000>>;

}  // namespace bluetooth
