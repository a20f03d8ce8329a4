// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "base/bytes.hpp"

namespace bluetooth::virtual_controller {

/// How much of a host's queue a kind of packet may fill. A host that does not read first misses
/// advertising reports, as with a real controller; then its peers' data waits in the peers'
/// buffers; then what its peers cause on a link waits; then its own commands are refused. The last
/// share is kept for what must not be lost: the beginning and the end of a link.
enum class Share : std::uint8_t { report, data, procedure, reply, link };

/// The H4 packets that wait for one host: contiguous octets in memory allocated once, so that all
/// of them leave in one write.
class Outgoing {
public:
    explicit Outgoing(std::size_t capacity)
        : capacity_(capacity),
          limits_{capacity / 2, capacity / 8 * 5, capacity / 4 * 3, capacity / 8 * 7, capacity},
          memory_(std::make_unique_for_overwrite<std::uint8_t[]>(2 * capacity)) {}

    bool fits(Share share, std::size_t size) const {
        return end_ - begin_ + size <= limits_[static_cast<std::size_t>(share)];
    }
    /// Room for a packet of `size` octets behind the others; ask `fits` before.
    MutableBytes append(std::size_t size) {
        assert(fits(Share::link, size));
        // Twice the capacity: octets are moved at most once per `capacity` octets appended.
        if (2 * capacity_ - end_ < size) {
            std::memmove(memory_.get(), memory_.get() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        end_ += size;
        return {memory_.get() + end_ - size, size};
    }

    Bytes pending() const { return {memory_.get() + begin_, end_ - begin_}; }
    void consume(std::size_t count) {
        assert(count <= end_ - begin_);
        begin_ += count;
        if (begin_ == end_) clear();
    }
    void clear() { begin_ = end_ = 0; }

private:
    std::size_t capacity_;
    std::array<std::size_t, 5> limits_;  // by Share
    std::unique_ptr<std::uint8_t[]> memory_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace bluetooth::virtual_controller
