// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "base/bytes.hpp"

namespace bluetooth {

/// A first-in first-out queue of octets in memory allocated once.
class ByteRing {
public:
    ByteRing() = default;
    explicit ByteRing(std::size_t capacity)
        : octets_(std::make_unique_for_overwrite<std::uint8_t[]>(capacity)), capacity_(capacity) {}

    std::size_t capacity() const { return capacity_; }
    std::size_t size() const { return size_; }
    std::size_t room() const { return capacity_ - size_; }

    /// Appends octets for which there is room.
    void write(Bytes octets) {
        assert(octets.size() <= room());
        const std::size_t tail = wrapped(head_ + size_);
        const std::size_t first = std::min(octets.size(), capacity_ - tail);
        copy(octets_.get() + tail, octets.data(), first);
        copy(octets_.get(), octets.data() + first, octets.size() - first);
        size_ += octets.size();
    }
    /// Moves octets that are there out.
    void read(MutableBytes out) {
        assert(out.size() <= size_);
        const std::size_t first = std::min(out.size(), capacity_ - head_);
        copy(out.data(), octets_.get() + head_, first);
        copy(out.data() + first, octets_.get(), out.size() - first);
        drop(out.size());
    }
    /// Drops the first `count` octets.
    void drop(std::size_t count) {
        assert(count <= size_);
        size_ -= count;
        head_ = size_ == 0 ? 0 : wrapped(head_ + count);
    }

private:
    std::size_t wrapped(std::size_t at) const { return at < capacity_ ? at : at - capacity_; }
    static void copy(std::uint8_t* to, const std::uint8_t* from, std::size_t count) {
        if (count != 0) std::memcpy(to, from, count);
    }

    std::unique_ptr<std::uint8_t[]> octets_;
    std::size_t capacity_ = 0;
    std::size_t head_ = 0;
    std::size_t size_ = 0;
};

}  // namespace bluetooth
