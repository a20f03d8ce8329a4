// SPDX-License-Identifier: MIT
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "base/bytes.hpp"

namespace bluetooth {

class BufferPool;

/// A handle on one slot of a `BufferPool`: a window of octets with room in front, into which each
/// layer prepends its header in place. Move-only; `share` makes a second handle with a window of
/// its own on the same slot. The slot returns to its pool with the last handle. A pool must outlive
/// its buffers, and both belong to one thread.
class Buffer {
public:
    Buffer() = default;
    Buffer(Buffer&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)),
          slot_(other.slot_),
          begin_(std::exchange(other.begin_, 0)),
          end_(std::exchange(other.end_, 0)) {}
    Buffer& operator=(Buffer&& other) noexcept {
        if (this != &other) {
            reset();
            pool_ = std::exchange(other.pool_, nullptr);
            slot_ = other.slot_;
            begin_ = std::exchange(other.begin_, 0);
            end_ = std::exchange(other.end_, 0);
        }
        return *this;
    }
    ~Buffer() { reset(); }

    explicit operator bool() const { return pool_ != nullptr; }

    void reset() {
        if (pool_ != nullptr) release();
    }
    inline Bytes bytes() const;
    inline MutableBytes mutable_bytes();
    std::size_t size() const { return static_cast<std::size_t>(end_ - begin_); }

    /// The free room behind the window; `commit` takes octets written there into the window.
    inline MutableBytes tail();
    void commit(std::size_t count) {
        assert(count <= tail().size());
        end_ += static_cast<std::uint32_t>(count);
    }
    /// Copies `octets` behind the window; false (and no change) when they do not fit.
    inline bool append(Bytes octets);

    /// Grows the window to the front by `count` octets and returns them, to be written.
    inline MutableBytes prepend(std::size_t count);
    std::size_t headroom() const { return begin_; }

    void remove_prefix(std::size_t count) {
        assert(count <= size());
        begin_ += static_cast<std::uint32_t>(count);
    }
    /// Cuts the window to its first `count` octets.
    void truncate(std::size_t count) {
        assert(count <= size());
        end_ = begin_ + static_cast<std::uint32_t>(count);
    }

    /// A second handle on the same slot, with the same window.
    inline Buffer share() const;

private:
    friend class BufferPool;
    inline void release();
    Buffer(BufferPool& pool, std::uint32_t slot, std::uint32_t headroom)
        : pool_(&pool), slot_(slot), begin_(headroom), end_(headroom) {}

    BufferPool* pool_ = nullptr;
    std::uint32_t slot_ = 0;
    std::uint32_t begin_ = 0;
    std::uint32_t end_ = 0;
};

/// A fixed number of buffers of a fixed size, allocated once.
class BufferPool {
public:
    /// Room in front of each buffer for H4 (1), ACL (4), L2CAP (4) and credit-based SDU (2)
    /// headers.
    static constexpr std::size_t headroom = 16;

    /// `count` buffers that hold `capacity` octets each behind their headroom.
    BufferPool(std::size_t count, std::size_t capacity)
        : slot_size_(capacity + headroom),
          memory_(std::make_unique_for_overwrite<std::uint8_t[]>(count * slot_size_)),
          references_(count, 0) {
        free_.reserve(count);
        for (std::size_t slot = count; slot-- > 0;)
            free_.push_back(static_cast<std::uint32_t>(slot));
    }
    BufferPool(const BufferPool&) = delete;
    BufferPool& operator=(const BufferPool&) = delete;
    ~BufferPool() { assert(available() == size()); }

    /// An empty buffer with headroom, or a null handle when all are in use.
    Buffer acquire() {
        if (free_.empty()) return {};
        const std::uint32_t slot = free_.back();
        free_.pop_back();
        references_[slot] = 1;
        return Buffer(*this, slot, headroom);
    }

    std::size_t size() const { return references_.size(); }
    std::size_t available() const { return free_.size(); }
    std::size_t capacity() const { return slot_size_ - headroom; }

private:
    friend class Buffer;
    std::uint8_t* slot(std::uint32_t index) { return memory_.get() + index * slot_size_; }

    std::size_t slot_size_;
    std::unique_ptr<std::uint8_t[]> memory_;
    std::vector<std::uint16_t> references_;
    std::vector<std::uint32_t> free_;
};

inline void Buffer::release() {
    if (--pool_->references_[slot_] == 0) pool_->free_.push_back(slot_);
    pool_ = nullptr;
    begin_ = end_ = 0;
}
inline Bytes Buffer::bytes() const {
    if (pool_ == nullptr) return {};
    return {pool_->slot(slot_) + begin_, size()};
}
inline MutableBytes Buffer::mutable_bytes() {
    if (pool_ == nullptr) return {};
    return {pool_->slot(slot_) + begin_, size()};
}
inline MutableBytes Buffer::tail() {
    if (pool_ == nullptr) return {};
    return {pool_->slot(slot_) + end_, pool_->slot_size_ - end_};
}
inline bool Buffer::append(Bytes octets) {
    const MutableBytes room = tail();
    if (octets.size() > room.size()) return false;
    if (!octets.empty()) std::memcpy(room.data(), octets.data(), octets.size());
    end_ += static_cast<std::uint32_t>(octets.size());
    return true;
}
inline MutableBytes Buffer::prepend(std::size_t count) {
    assert(pool_ != nullptr && count <= begin_);
    begin_ -= static_cast<std::uint32_t>(count);
    return {pool_->slot(slot_) + begin_, count};
}
inline Buffer Buffer::share() const {
    Buffer copy;
    if (pool_ == nullptr) return copy;
    ++pool_->references_[slot_];
    copy.pool_ = pool_;
    copy.slot_ = slot_;
    copy.begin_ = begin_;
    copy.end_ = end_;
    return copy;
}

}  // namespace bluetooth
