// SPDX-License-Identifier: MIT
#pragma once

#include <cassert>
#include <cstddef>
#include <utility>
#include <vector>

namespace bluetooth {

/// A first-in first-out queue of at most `capacity` elements in memory allocated once.
template <class T> class Ring {
public:
    explicit Ring(std::size_t capacity) : slots_(capacity) {}

    bool empty() const { return size_ == 0; }
    bool full() const { return size_ == slots_.size(); }
    std::size_t size() const { return size_; }
    std::size_t capacity() const { return slots_.size(); }

    /// Appends; false (and `value` untouched) when full.
    bool push(T&& value) {
        if (full()) return false;
        slots_[index(size_)] = std::move(value);
        ++size_;
        return true;
    }
    T& front() {
        assert(!empty());
        return slots_[head_];
    }
    const T& front() const {
        assert(!empty());
        return slots_[head_];
    }
    /// The element `offset` places behind the front.
    T& operator[](std::size_t offset) {
        assert(offset < size_);
        return slots_[index(offset)];
    }
    const T& operator[](std::size_t offset) const {
        assert(offset < size_);
        return slots_[index(offset)];
    }
    T pop() {
        assert(!empty());
        T value = std::exchange(slots_[head_], T{});
        head_ = index(1);
        --size_;
        return value;
    }
    /// Drops the front element.
    void drop() {
        assert(!empty());
        slots_[head_] = T{};
        head_ = index(1);
        --size_;
    }
    void clear() {
        while (!empty()) drop();
    }

private:
    std::size_t index(std::size_t offset) const {
        const std::size_t at = head_ + offset;
        return at < slots_.size() ? at : at - slots_.size();
    }

    std::vector<T> slots_;
    std::size_t head_ = 0;
    std::size_t size_ = 0;
};

}  // namespace bluetooth
