// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

#include "base/time.hpp"

namespace bluetooth {

/// Until when an answer must have come. One that was found to have passed far too late tells of an
/// event loop of ours that stood still: the answer may have arrived and not have been read. Then,
/// once, there is a second more to read it.
class Deadline {
public:
    static constexpr Duration lateness_of_our_own = std::chrono::milliseconds{250};
    static constexpr Duration time_to_read = std::chrono::seconds{1};

    void set(Time when) {
        when_ = when;
        extended_ = false;
    }
    void clear() { set(never); }
    bool is_set() const { return when_ != never; }
    Time when() const { return when_; }

    /// Whether the answer is overdue. If not, `when` may have moved.
    bool passed(Time now) {
        if (now < when_) return false;
        if (extended_ || now <= when_ + lateness_of_our_own) return true;
        extended_ = true;
        when_ = now + time_to_read;
        return false;
    }

private:
    Time when_ = never;
    bool extended_ = false;
};

}  // namespace bluetooth
