// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "att/pdus.hpp"
#include "base/buffer.hpp"
#include "base/time.hpp"

namespace bluetooth::att {

/// The prepare queue of one bearer (Vol 3 Part F 3.4.6). Fragments are packed behind one another
/// into pool buffers, so that a long value sent in small pieces does not empty the pool.
class PreparedWrites {
public:
    struct Fragment {
        Handle handle{};
        std::uint16_t offset = 0;
        Bytes octets;
    };
    /// A queue left alone for this long is forgotten. The client's next Prepare or Execute is then
    /// refused, as it may count on what is no more.
    static constexpr std::chrono::seconds lifetime{30};

    PreparedWrites(std::size_t max_fragments, std::size_t max_buffers)
        : max_fragments_(max_fragments), max_buffers_(max_buffers) {}

    /// Copies a fragment; false (and no change) when a limit is reached or the pool is empty.
    bool add(BufferPool& pool, Time now, Handle handle, std::uint16_t offset, Bytes octets) {
        if (fragments_.size() >= max_fragments_) return false;
        if (buffers_.empty() || buffers_.back().tail().size() < octets.size()) {
            if (buffers_.size() >= max_buffers_) return false;
            Buffer buffer = pool.acquire();
            if (!buffer || buffer.tail().size() < octets.size()) return false;
            buffers_.push_back(std::move(buffer));
        }
        Buffer& buffer = buffers_.back();
        const std::uint8_t* copy = buffer.tail().data();
        buffer.append(octets);
        fragments_.push_back({handle, offset, Bytes{copy, octets.size()}});
        deadline_ = now + lifetime;
        return true;
    }
    void clear() {
        fragments_.clear();
        buffers_.clear();
        deadline_ = never;
        lost_ = false;
    }
    /// Forgets the fragments without the client's asking for it, who may believe them to be here.
    void lose() {
        const bool lost = lost_ || !fragments_.empty();
        clear();
        lost_ = lost;
    }
    /// Whether some of what the client has prepared since it last executed was lost.
    bool lost() const { return lost_; }
    Time deadline() const { return deadline_; }
    std::span<const Fragment> fragments() const { return fragments_; }

private:
    std::size_t max_fragments_;
    std::size_t max_buffers_;
    std::vector<Fragment> fragments_;
    std::vector<Buffer> buffers_;
    Time deadline_ = never;
    bool lost_ = false;
};

}  // namespace bluetooth::att
