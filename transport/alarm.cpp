// SPDX-License-Identifier: MIT
#include "transport/alarm.hpp"

#include <utility>

namespace bluetooth::transport {

Alarm::Alarm(const asio::any_io_executor& executor) : Sleeper(executor), timer_(executor) {
    if (simulated()) timer_.expires_at(never);
}

bool Alarm::set(Time when) {
    when_ = when;
    if (simulated())
        sleep_until(when);
    else
        timer_.expires_at(when);  // a wait under way ends, to begin anew
    return !waiting_;
}

void Alarm::cancel() {
    when_ = never;
    due_ = false;
    sleep_until(never);
    timer_.cancel();
}

Alarm::Outcome Alarm::ended(const error_code& error) {
    waiting_ = when_ != never && error && !due_;
    if (waiting_) return Outcome::moved;
    due_ = false;
    return std::exchange(when_, never) == never ? Outcome::cancelled : Outcome::rung;
}

void Alarm::ring() {
    due_ = true;
    timer_.cancel();
}

}  // namespace bluetooth::transport
