// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.hpp"

namespace bluetooth::virtual_controller {

class Controller;

/// What of a controller is due at some time. Lives in its controller, which must disarm it before
/// it goes.
struct Timer {
    enum class Kind : std::uint8_t {
        // of an advertising set
        advertising_event,
        advertising_event_end,
        advertising_end,
        periodic_advertising_event,
        // of the scanner
        scan_end,
        scan_period,
        // of a periodic advertising train that is followed
        synchronization,
        // of a link
        connection_event,
        supervision,
        procedure,
        encryption,
        authenticated_payload,
        // of the controller
        resolvable_address,
        command,
    };

    Controller* owner = nullptr;
    Kind kind = Kind::advertising_event;
    std::uint8_t which = 0;  ///< of the sets, trains or links

    static constexpr std::size_t disarmed = SIZE_MAX;
    std::size_t position = disarmed;  ///< in the heap
};

/// The timers of all controllers of one air, soonest first; equal times in the order of arming, so
/// that the same inputs give the same order again. Thousands of advertisers cost the logarithm of
/// their number per advertising event.
class TimerHeap {
public:
    /// Arms `timer`, or moves it when it is armed.
    void arm(Timer& timer, Time when);
    void disarm(Timer& timer);

    /// When the soonest is due; `never` when none is armed.
    Time next() const { return heap_.empty() ? never : heap_.front().when; }
    /// Disarms and returns the soonest.
    Timer& pop();

private:
    struct Entry {
        Time when;
        std::uint64_t order;
        Timer* timer;

        friend bool operator<(const Entry& a, const Entry& b) {
            return a.when != b.when ? a.when < b.when : a.order < b.order;
        }
    };

    void place(std::size_t position, const Entry& entry);
    void sift_up(std::size_t position, const Entry& entry);
    void sift_down(std::size_t position, const Entry& entry);

    std::vector<Entry> heap_;
    std::uint64_t armed_ = 0;
};

}  // namespace bluetooth::virtual_controller
