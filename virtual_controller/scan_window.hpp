// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace bluetooth::virtual_controller {

/// When a scanner or initiator listens on one PHY, and on which channel (Vol 6 Part B 4.4.3).
struct ScanWindow {
    Time start{};
    Duration interval{};
    Duration window{};

    bool hears(Time at, std::uint8_t channel_map) const {
        if (at < start) return false;
        const Duration since_start = at - start;
        if (since_start % interval >= window) return false;
        // One channel per interval, in turn; an advertising event uses all channels of its map.
        const auto channel = static_cast<unsigned>(since_start / interval % 3);
        return (channel_map >> channel & 1) != 0;
    }
};

/// Ranges of the legacy commands (Vol 4 Part E 7.8.10); the extended ones only bound them below.
inline constexpr Units625us shortest_scan{0x0004};
inline constexpr Units625us longest_legacy_scan{0x4000};
constexpr bool is_valid_scan(Units625us interval, Units625us window,
                             Units625us longest = Units625us::max()) {
    return window >= shortest_scan && window <= interval && interval <= longest;
}

}  // namespace bluetooth::virtual_controller
