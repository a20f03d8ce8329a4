// SPDX-License-Identifier: MIT
#include "transport/alarm.hpp"

#include <utility>
#include <vector>

#include "transport/simulated_world.hpp"

namespace bluetooth::transport {

Alarm::Alarm(const asio::any_io_executor& executor)
    : world_(SimulatedWorld::of(executor)), timer_(executor) {
    if (world_ == nullptr) return;
    timer_.expires_at(never);
    world_->alarms_.push_back(this);
}

Alarm::~Alarm() {
    if (world_ != nullptr) std::erase(world_->alarms_, this);
}

Time Alarm::now() const { return world_ == nullptr ? Clock::now() : world_->now(); }

std::chrono::system_clock::time_point Alarm::wall_clock() const {
    return world_ == nullptr ? std::chrono::system_clock::now() : world_->wall_clock();
}

bool Alarm::set(Time when) {
    if (when >= when_) return false;
    when_ = when;
    if (world_ == nullptr) timer_.expires_at(when);  // a wait under way ends, to begin anew
    return !waiting_;
}

void Alarm::cancel() {
    when_ = never;
    due_ = false;
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
