// SPDX-License-Identifier: MIT
#include "transport/simulated_world.hpp"

#include <algorithm>

#include "transport/alarm.hpp"

namespace bluetooth::transport {

// Not the epoch: "an hour ago" is to be a time too.
constexpr Time beginning{std::chrono::hours{24}};
constexpr std::chrono::sys_days date_of_beginning{std::chrono::year{2024} / 1 / 1};

asio::execution_context::id SimulatedWorld::id;

SimulatedWorld::SimulatedWorld(asio::execution_context& context, std::uint64_t seed)
    : service(context), now_(beginning), seed_(seed) {}

SimulatedWorld* SimulatedWorld::of(const asio::any_io_executor& executor) {
    asio::execution_context& context = asio::query(executor, asio::execution::context);
    if (!asio::has_service<SimulatedWorld>(context)) return nullptr;
    return &asio::use_service<SimulatedWorld>(context);
}

std::chrono::system_clock::time_point SimulatedWorld::wall_clock() const {
    using std::chrono::system_clock;
    return date_of_beginning + std::chrono::duration_cast<system_clock::duration>(now_ - beginning);
}

// An odd factor keeps the generators of neighbouring seeds apart.
std::uint64_t SimulatedWorld::next_seed() { return seed_ * 0x9e6c'63d0'876a'68d5 + ++seeds_; }

Time SimulatedWorld::next_alarm() const {
    Time next = never;
    for (const Alarm* alarm : alarms_)
        if (!alarm->due_) next = std::min(next, alarm->when_);
    return next;
}

void SimulatedWorld::advance_to(Time now) {
    now_ = std::max(now_, now);
    for (Alarm* alarm : alarms_)
        if (!alarm->due_ && alarm->when_ <= now_) alarm->ring();
}

}  // namespace bluetooth::transport
