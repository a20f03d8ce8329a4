// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/address.hpp"
#include "hci/codes.hpp"

namespace bluetooth::virtual_controller {

/// Remembers which reports a scanner has made (Vol 6 Part B 4.4.3.5). Like a real controller's its
/// memory is small: past `capacity` devices the oldest are forgotten, and reported again.
class DuplicateFilter {
public:
    static constexpr std::size_t capacity = 128;

    void clear() { size_ = next_ = 0; }

    /// Whether the same kind of PDU from the same device was passed here before; remembers it.
    bool seen(hci::AdvertisingEventType event_type, AddressType type, const Address& address) {
        std::uint64_t key = std::uint64_t{static_cast<std::uint8_t>(event_type)} << 56 |
                            std::uint64_t{static_cast<std::uint8_t>(type)} << 48;
        for (std::size_t i = 0; i < address.wire().size(); ++i)
            key |= std::uint64_t{address.wire()[i]} << (8 * i);
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
