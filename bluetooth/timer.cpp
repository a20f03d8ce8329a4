// SPDX-License-Identifier: MIT
#include "bluetooth/timer.hpp"

#include <algorithm>
#include <list>
#include <utility>

#include "transport/alarm.hpp"

namespace bluetooth {

class Timer::Core : public std::enable_shared_from_this<Core> {
public:
    explicit Core(Executor executor)
        : executor_(std::move(executor)), alarm_(executor_), expiry_(alarm_.now()) {}

    const Executor& executor() const { return executor_; }
    Time now() const { return alarm_.now(); }
    Time expiry() const { return expiry_; }

    void expires_at(Time when) {
        cancel();
        expiry_ = when;
    }

    void wait(Handler handler) {
        const auto wait = waits_.emplace(waits_.end());
        wait->handler.swap(handler);  // not assigned: in Boost 1.81 that recurses without end
        wait->cancellation = asio::get_associated_cancellation_slot(wait->handler);
        if (wait->cancellation.is_connected())
            wait->cancellation.assign([this, wait](asio::cancellation_type type) {
                if (type != asio::cancellation_type::none)
                    finish(wait, asio::error::operation_aborted);
            });
        arm();
    }

    void cancel() { finish_all(asio::error::operation_aborted); }

private:
    struct Wait {
        Handler handler;
        asio::cancellation_slot cancellation;
    };

    void arm() {
        // A wait without an end is one too: it keeps its executor's loop running.
        const Time when = std::min(expiry_, never - Duration{1});
        alarm_.wake_at(when, *this, &Core::on_alarm);
    }

    void on_alarm() {
        if (waits_.empty()) return;
        if (alarm_.now() < expiry_) return arm();
        finish_all({});
    }

    void finish_all(error_code error) {
        while (!waits_.empty()) finish(waits_.begin(), error);
    }

    void finish(std::list<Wait>::iterator wait, error_code error) {
        if (wait->cancellation.is_connected()) wait->cancellation.clear();
        asio::post(executor_,
                   [executor = executor_, handler = std::move(wait->handler), error]() mutable {
                       const auto home = asio::get_associated_executor(handler, executor);
                       asio::dispatch(home, [handler = std::move(handler), error]() mutable {
                           std::move(handler)(error);
                       });
                   });
        waits_.erase(wait);
        if (waits_.empty()) alarm_.cancel();
    }

    Executor executor_;
    transport::Alarm alarm_;
    Time expiry_;
    std::list<Wait> waits_;
};

Timer::Timer(Executor executor) : core_(std::make_shared<Core>(std::move(executor))) {}
Timer::~Timer() { core_->cancel(); }

Timer::Executor Timer::get_executor() const { return core_->executor(); }
Time Timer::now() const { return core_->now(); }
void Timer::expires_at(Time when) { core_->expires_at(when); }
void Timer::expires_after(Duration duration) {
    const Time now = core_->now();
    core_->expires_at(duration < never - now ? now + duration : never);
}
Time Timer::expiry() const { return core_->expiry(); }
void Timer::cancel() { core_->cancel(); }
void Timer::start_wait(Handler handler) { core_->wait(std::move(handler)); }

}  // namespace bluetooth
