// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/time.hpp"

namespace bluetooth {

/// How often the two ends of a connection meet, and when they give each other up (Vol 6 Part B
/// 4.5.1, 4.5.2; ranges as in Vol 4 Part E 7.8.12). By default 30 to 50 ms and 2.56 s.
struct ConnectionParameters {
    Units1250us interval_min{24};
    Units1250us interval_max{40};
    std::uint16_t latency = 0;  ///< connection events that the peripheral may skip
    Units10ms supervision_timeout{256};

    friend bool operator==(const ConnectionParameters&, const ConnectionParameters&) = default;
};

/// Twice the longest time between two events that the peripheral attends. The supervision timeout
/// must be longer than that (Vol 4 Part E 7.8.12).
constexpr std::chrono::microseconds least_supervision_time(Units1250us interval_max,
                                                           std::uint16_t latency) {
    constexpr std::chrono::microseconds unit{1250};
    return 2 * (1 + std::int64_t{latency}) * std::int64_t{interval_max.count()} * unit;
}

/// Whether the specification allows the combination, for a connection of our own as for one that
/// a peer asks for (Vol 4 Part E 7.8.12, Vol 3 Part A 4.20).
constexpr bool is_valid(const ConnectionParameters& parameters) {
    const auto& [interval_min, interval_max, latency, timeout] = parameters;
    constexpr std::chrono::microseconds timeout_unit{10'000};
    return interval_min.count() >= 6 && interval_max.count() <= 3200 &&
           interval_min <= interval_max && latency <= 499 && timeout.count() >= 10 &&
           timeout.count() <= 3200 &&
           std::int64_t{timeout.count()} * timeout_unit >
               least_supervision_time(interval_max, latency);
}

/// 2.56 s, or where that is too short the next step of 10 ms that is long enough. The result is
/// beyond 32 s, hence not valid, where no supervision timeout fits.
constexpr Units10ms default_supervision_timeout(Units1250us interval_max, std::uint16_t latency) {
    constexpr std::chrono::microseconds unit{10'000};
    const std::int64_t steps = least_supervision_time(interval_max, latency) / unit + 1;
    return Units10ms{static_cast<std::uint16_t>(std::clamp<std::int64_t>(steps, 256, 0xffff))};
}

/// The parameters for a connection with these intervals, each rounded down to 1.25 ms; one that is
/// not given keeps its default. `errc::invalid_argument`: not within 7.5 ms to 4 s, or the least
/// interval greater than the greatest.
inline result<ConnectionParameters> make_connection_parameters(
    std::optional<std::chrono::microseconds> interval_min,
    std::optional<std::chrono::microseconds> interval_max) {
    constexpr std::chrono::microseconds unit{1250};
    ConnectionParameters parameters;
    for (const auto& [wanted, member] : {std::pair{interval_min, &parameters.interval_min},
                                         std::pair{interval_max, &parameters.interval_max}}) {
        if (!wanted) continue;
        // Clamped to values that are out of range as well, but fit the type.
        *member = Units1250us{
            static_cast<std::uint16_t>(std::clamp<std::int64_t>(*wanted / unit, 0, 0xffff))};
    }
    parameters.supervision_timeout =
        default_supervision_timeout(parameters.interval_max, parameters.latency);
    if (!is_valid(parameters)) return make_error(errc::invalid_argument);
    return parameters;
}

}  // namespace bluetooth
