// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/address.hpp"
#include "virtual_controller/random.hpp"

namespace bluetooth::virtual_controller {

/// Remembers which entry of a resolving list a resolvable private address belongs to, or that it
/// belongs to none: an advertiser keeps its address for minutes, and is heard many times a second.
/// Of bounded size; what was asked for least recently makes room for what is new.
class ResolutionCache {
public:
    /// The answer for an address that no entry resolves.
    static constexpr std::uint16_t no_entry = 0xffff;

    /// Forgets everything; the only function that allocates, once.
    void reset() { slots_.assign(sets * ways, empty); }

    /// Nothing for an address that is not remembered, or before the first `reset`.
    std::optional<std::uint16_t> find(const Address& rpa) {
        const std::uint64_t wanted = key(rpa);
        const std::span<std::uint64_t> set = set_of(wanted);
        const auto found =
            std::ranges::find(set, wanted, [](std::uint64_t slot) { return slot & key_bits; });
        if (found == set.end()) return std::nullopt;
        std::rotate(set.begin(), found, found + 1);  // the front is what was used last
        return static_cast<std::uint16_t>(set.front() >> 48);
    }
    /// `rpa` must not be remembered yet.
    void remember(const Address& rpa, std::uint16_t answer) {
        const std::uint64_t wanted = key(rpa);
        const std::span<std::uint64_t> set = set_of(wanted);
        if (set.empty()) return;
        std::shift_right(set.begin(), set.end(), 1);
        set.front() = std::uint64_t{answer} << 48 | wanted;
    }

private:
    // A slot is an address with its answer above it. No resolvable private address is all zeros.
    static constexpr std::uint64_t empty = 0;
    static constexpr std::uint64_t key_bits = 0xffff'ffff'ffff;
    static constexpr std::size_t sets = 1024;  // 32 KiB in all
    static constexpr std::size_t ways = 4;

    static std::uint64_t key(const Address& address) {
        std::uint64_t key = 0;
        for (std::size_t i = 0; i < address.wire().size(); ++i)
            key |= std::uint64_t{address.wire()[i]} << (8 * i);
        return key;
    }
    std::span<std::uint64_t> set_of(std::uint64_t key) {
        if (slots_.empty()) return {};
        return std::span{slots_}.subspan(mix(key) % sets * ways, ways);
    }

    std::vector<std::uint64_t> slots_;
};

}  // namespace bluetooth::virtual_controller
