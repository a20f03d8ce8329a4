// SPDX-License-Identifier: MIT
#include "bluetooth/timer.hpp"

#include <utility>

namespace bluetooth {

/// A wait is an operation of Asio's timer, so that it ends with its execution context like others.
struct Timer::Wait {
    using executor_type = asio::any_completion_executor;
    using cancellation_slot_type = asio::cancellation_slot;

    Executor fallback;
    std::shared_ptr<const bool> rung;
    Handler handler;

    executor_type get_executor() const {
        return asio::get_associated_executor(handler, executor_type{fallback});
    }
    cancellation_slot_type get_cancellation_slot() const {
        return asio::get_associated_cancellation_slot(handler);
    }
    void operator()(error_code error) { std::move(handler)(*rung ? error_code{} : error); }
};

Timer::Timer(Executor executor)
    : Sleeper(executor), timer_(std::move(executor)), rung_(std::make_shared<bool>(false)) {
    expires_at(now());
}

void Timer::expires_at(Time when) {
    cancel();
    expiry_ = when;
    // In a simulated world Asio's timer never expires: `ring` ends its waits.
    timer_.expires_at(simulated() ? never : when);
}

void Timer::expires_after(Duration duration) {
    const Time start = now();
    expires_at(duration < never - start ? start + duration : never);
}

void Timer::cancel() {
    sleep_until(never);
    timer_.cancel();
}

void Timer::start_wait(Handler handler) {
    sleep_until(expiry_);
    Executor executor = timer_.get_executor();
    timer_.async_wait(Wait{std::move(executor), rung_, std::move(handler)});
}

void Timer::ring() {
    *std::exchange(rung_, std::make_shared<bool>(false)) = true;
    timer_.cancel();
}

}  // namespace bluetooth
