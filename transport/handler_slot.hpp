// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <new>
#include <utility>

#include "transport/asio.hpp"

namespace bluetooth::transport {

/// Memory for one pending asynchronous operation, used again in each round, so that waiting
/// allocates nothing. The owner of a handler must own its slot too (Asio returns the memory before
/// it destroys the handler). A second operation at the same time, or one too big, goes to the heap.
class HandlerSlot {
public:
    HandlerSlot() = default;
    HandlerSlot(const HandlerSlot&) = delete;
    HandlerSlot& operator=(const HandlerSlot&) = delete;

    void* allocate(std::size_t size) {
        if (used_ || size > sizeof(memory_)) return ::operator new(size);
        used_ = true;
        return memory_;
    }
    void deallocate(void* pointer) {
        if (pointer == memory_)
            used_ = false;
        else
            ::operator delete(pointer);
    }

private:
    alignas(std::max_align_t) std::byte memory_[256];
    bool used_ = false;
};

/// The allocator of handlers that live in `slot` (Asio's associated allocator).
template <class T> class SlotAllocator {
public:
    using value_type = T;

    explicit SlotAllocator(HandlerSlot& slot) : slot_(&slot) {}
    template <class U> SlotAllocator(const SlotAllocator<U>& other) : slot_(other.slot_) {}

    T* allocate(std::size_t count) { return static_cast<T*>(slot_->allocate(sizeof(T) * count)); }
    void deallocate(T* pointer, std::size_t) { slot_->deallocate(pointer); }

    friend bool operator==(const SlotAllocator&, const SlotAllocator&) = default;

private:
    template <class> friend class SlotAllocator;
    HandlerSlot* slot_;
};

/// As `asio::post`, in the handler's own memory: a type-erased executor takes other memory.
template <class Handler>
void post_in_slot(const asio::any_io_executor& executor, Handler&& handler) {
    if (const auto* context = executor.target<asio::io_context::executor_type>())
        asio::post(*context, std::forward<Handler>(handler));
    else
        asio::post(executor, std::forward<Handler>(handler));
}

}  // namespace bluetooth::transport
