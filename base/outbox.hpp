// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <variant>
#include <vector>

#include "base/time.hpp"

namespace bluetooth {

/// What a core wants done, in order. A core appends while it handles one input; the host drains
/// after the core has returned. The memory is kept, so that the steady state allocates nothing.
///
/// Deadlines are not actions of their own: a core asks to be called at the latest at some time by
/// `wake_at`, and decides in its `on_timer` what is due. A wake-up that is no longer needed costs
/// one idle call; nothing has to be disarmed.
template <class... Actions> class Outbox {
public:
    using Action = std::variant<Actions...>;

    template <class A> void push(A&& action) { actions_.emplace_back(std::forward<A>(action)); }
    bool empty() const { return actions_.empty(); }
    std::size_t size() const { return actions_.size(); }

    auto begin() { return actions_.begin(); }
    auto end() { return actions_.end(); }
    Action& operator[](std::size_t index) { return actions_[index]; }
    void clear() { actions_.clear(); }
    /// Keeps the first `count` actions.
    void truncate(std::size_t count) {
        actions_.erase(actions_.begin() + static_cast<std::ptrdiff_t>(count), actions_.end());
    }

    void wake_at(Time when) { wake_ = std::min(wake_, when); }
    /// The earliest wake-up asked for since the last call.
    Time take_wake() { return std::exchange(wake_, never); }

private:
    std::vector<Action> actions_;
    Time wake_ = never;
};

}  // namespace bluetooth
