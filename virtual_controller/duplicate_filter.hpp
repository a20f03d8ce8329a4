// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "virtual_controller/device.hpp"
#include "virtual_controller/random.hpp"

namespace bluetooth::virtual_controller {

/// Remembers which reports a scanner has made (Vol 6 Part B 4.4.3.5). Like a real controller's its
/// memory is small: past `capacity` the oldest are forgotten, and reported again.
class DuplicateFilter {
public:
    static constexpr std::size_t capacity = 128;

    void clear() { size_ = next_ = 0; }
    /// Whether the same kind of PDU, with the same set and data identifier where it has them, was
    /// passed here before from the same device; remembers it.
    bool seen(std::uint16_t event_type, const Device& device, std::uint16_t set_and_data) {
        std::uint64_t key =
            std::uint64_t{static_cast<std::uint8_t>(device.type)} << 48 | std::uint64_t{1} << 56;
        for (std::size_t i = 0; i < device.address.wire().size(); ++i)
            key |= std::uint64_t{device.address.wire()[i]} << (8 * i);
        key ^= mix(std::uint64_t{event_type} << 16 | set_and_data);
        const auto end = keys_.begin() + static_cast<std::ptrdiff_t>(size_);
        if (std::find(keys_.begin(), end, key) != end) return true;
        keys_[next_] = key;
        next_ = (next_ + 1) % capacity;
        size_ = std::min(size_ + 1, capacity);
        return false;
    }

private:
    std::array<std::uint64_t, capacity> keys_;  // the first size_ are valid
    std::size_t size_ = 0;
    std::size_t next_ = 0;
};

}  // namespace bluetooth::virtual_controller
