// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/time.hpp"
#include "smp/toolbox.hpp"

namespace bluetooth::smp {

/// How long a peer whose pairings have failed must wait before its next one (Vol 3 Part H 2.3.6): a
/// few times not at all, as people mistype, then each time twice as long. Time heals: without
/// attempts a peer has its free ones again. The number of peers that are remembered is bounded;
/// those that are no more share one wait, so changing addresses helps only for a while.
class Attempts {
public:
    static constexpr unsigned free_failures = 3;
    static constexpr std::chrono::seconds first_wait{2};
    static constexpr std::chrono::seconds longest_wait{1024};
    /// After so long without a failure nothing is held against a peer.
    static constexpr std::chrono::seconds memory = 2 * longest_wait;
    static constexpr std::size_t capacity = 32;

    /// Whether the peer may pair now.
    bool allowed(const TypedAddress& peer, Time now) const {
        const Failures* const known = find(peer);
        const Failures& failures = known == nullptr ? others_ : *known;
        return now >= failures.not_before || forgotten(failures, now);
    }
    void failed(const TypedAddress& peer, Time now) {
        Failures* const known = find(peer);
        Failures& failures = known == nullptr ? new_entry(peer, now) : *known;
        if (forgotten(failures, now)) failures.count = 0;
        ++failures.count;
        failures.last = now;
        failures.not_before = now + wait_after(failures.count);
    }
    void succeeded(const TypedAddress& peer) {
        if (Failures* const known = find(peer)) *known = {};
    }

private:
    struct Failures {
        TypedAddress peer;
        unsigned count = 0;
        Time last{};
        Time not_before{};
    };

    static bool forgotten(const Failures& failures, Time now) {
        return failures.count == 0 || now - failures.last > memory;
    }
    static std::chrono::seconds wait_after(unsigned count) {
        if (count < free_failures) return std::chrono::seconds{0};
        const unsigned doublings = std::min(count - free_failures, 9u);
        return std::min(longest_wait, first_wait * (1 << doublings));
    }
    const Failures* find(const TypedAddress& peer) const {
        const auto found = std::ranges::find_if(entries_, [&](const Failures& failures) {
            return failures.count != 0 && failures.peer == peer;
        });
        return found == entries_.end() ? nullptr : &*found;
    }
    Failures* find(const TypedAddress& peer) {
        return const_cast<Failures*>(std::as_const(*this).find(peer));
    }
    /// A free place, or where there is none the place that all others share.
    Failures& new_entry(const TypedAddress& peer, Time now) {
        const auto free = std::ranges::find_if(
            entries_, [now](const Failures& failures) { return forgotten(failures, now); });
        Failures& entry = free == entries_.end() ? others_ : *free;
        if (&entry != &others_) entry = {};
        entry.peer = peer;
        return entry;
    }

    std::array<Failures, capacity> entries_{};
    Failures others_;
};

}  // namespace bluetooth::smp
