// SPDX-License-Identifier: MIT
#include "transport/simulated_world.hpp"

#include <algorithm>

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
    for (const Sleeper* sleeper : sleepers_) next = std::min(next, sleeper->until_);
    return next;
}

void SimulatedWorld::advance_to(Time now) {
    now_ = std::max(now_, now);
    for (Sleeper* sleeper : sleepers_)
        if (sleeper->until_ <= now_) {
            sleeper->until_ = never;
            sleeper->ring();
        }
}

SimulatedWorld::Sleeper::Sleeper(const asio::any_io_executor& executor)
    : world_(SimulatedWorld::of(executor)) {
    if (world_ != nullptr) world_->sleepers_.push_back(this);
}

SimulatedWorld::Sleeper::~Sleeper() {
    if (world_ != nullptr) std::erase(world_->sleepers_, this);
}

Time SimulatedWorld::Sleeper::now() const {
    return world_ == nullptr ? Clock::now() : world_->now();
}

std::chrono::system_clock::time_point SimulatedWorld::Sleeper::wall_clock() const {
    return world_ == nullptr ? std::chrono::system_clock::now() : world_->wall_clock();
}

}  // namespace bluetooth::transport
