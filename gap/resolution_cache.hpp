// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/address.hpp"

namespace bluetooth::gap {

/// A device named by an address that stays: public or random static (Vol 6 Part B 1.3).
struct Identity {
    AddressType type{};  ///< `public_device` or `random_device`
    Address address{};

    friend bool operator==(const Identity&, const Identity&) = default;
};

/// Whose some resolvable private addresses are, found out before. When full, the one that was
/// asked for longest ago is forgotten.
class ResolutionCache {
public:
    static constexpr std::size_t capacity = 64;

    /// What `resolve` returned for the address (nothing: it is nobody's), called only when unknown.
    template <class Resolve>
    std::optional<Identity> get(const Address& address, Resolve&& resolve) {
        const auto used = entries_.begin() + static_cast<std::ptrdiff_t>(size_);
        auto entry = std::find_if(entries_.begin(), used,
                                  [&](const Entry& e) { return e.address == address; });
        if (entry == used) {
            if (size_ < capacity)
                ++size_;
            else
                entry = std::ranges::min_element(entries_, {}, &Entry::last_use);
            entry->address = address;
            entry->identity = resolve();
        }
        entry->last_use = ++uses_;
        return entry->identity;
    }
    void clear() { size_ = 0; }

private:
    struct Entry {
        Address address;
        std::optional<Identity> identity;
        std::uint64_t last_use = 0;
    };

    std::array<Entry, capacity> entries_;
    std::size_t size_ = 0;
    std::uint64_t uses_ = 0;
};

}  // namespace bluetooth::gap
