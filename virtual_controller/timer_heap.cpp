// SPDX-License-Identifier: MIT
#include "virtual_controller/timer_heap.hpp"

namespace bluetooth::virtual_controller {

void TimerHeap::place(std::size_t position, const Entry& entry) {
    heap_[position] = entry;
    entry.timer->position = position;
}

void TimerHeap::sift_up(std::size_t position, const Entry& entry) {
    while (position > 0) {
        const std::size_t parent = (position - 1) / 2;
        if (!(entry < heap_[parent])) break;
        place(position, heap_[parent]);
        position = parent;
    }
    place(position, entry);
}

void TimerHeap::sift_down(std::size_t position, const Entry& entry) {
    for (;;) {
        std::size_t child = 2 * position + 1;
        if (child >= heap_.size()) break;
        if (child + 1 < heap_.size() && heap_[child + 1] < heap_[child]) ++child;
        if (!(heap_[child] < entry)) break;
        place(position, heap_[child]);
        position = child;
    }
    place(position, entry);
}

void TimerHeap::arm(Timer& timer, Time when) {
    disarm(timer);
    const Entry entry{when, armed_++, &timer};
    heap_.push_back(entry);
    sift_up(heap_.size() - 1, entry);
}

void TimerHeap::disarm(Timer& timer) {
    const std::size_t position = timer.position;
    if (position == Timer::disarmed) return;
    timer.position = Timer::disarmed;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (position == heap_.size()) return;  // it was the last itself
    if (position > 0 && last < heap_[(position - 1) / 2])
        sift_up(position, last);
    else
        sift_down(position, last);
}

Timer& TimerHeap::pop() {
    Timer& timer = *heap_.front().timer;
    disarm(timer);
    return timer;
}

}  // namespace bluetooth::virtual_controller
