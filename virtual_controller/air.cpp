// SPDX-License-Identifier: MIT
#include "virtual_controller/air.hpp"

#include <algorithm>

#include "virtual_controller/controller.hpp"

namespace bluetooth::virtual_controller {

Air::Air(std::uint64_t seed, const AirModel& model) : seed_(seed), model_(model) {}

Air::~Air() = default;

Controller& Air::add(const Profile& profile) {
    std::size_t index = controllers_.size();
    if (free_indices_.empty()) {
        controllers_.emplace_back();
    } else {
        index = free_indices_.back();
        free_indices_.pop_back();
    }
    const std::uint16_t number = ++added_;
    controllers_[index] = std::make_unique<Controller>(*this, profile, index, number, seed_);
    return *controllers_[index];
}

void Air::remove(Controller& controller) {
    controller.to_initial_state();
    std::erase(listeners_, &controller);
    std::replace(ready_.begin(), ready_.end(), &controller, static_cast<Controller*>(nullptr));
    const std::size_t index = controller.index();
    controllers_[index].reset();
    free_indices_.push_back(index);
}

Controller* Air::find(const Address& public_address) {
    const auto found = std::ranges::find_if(controllers_, [&](const auto& controller) {
        return controller != nullptr && controller->public_address() == public_address;
    });
    return found == controllers_.end() ? nullptr : found->get();
}

void Air::vanish(Controller& controller) { controller.on_vanished(); }

void Air::reappear(Controller& controller) {
    controller.on_reappeared();
    settle();
}

void Air::advance(Time now) {
    while (timers_.next() <= now) {
        const Time due = timers_.next();
        now_ = std::max(now_, due);
        Timer& timer = timers_.pop();
        timer.owner->on_timer(timer, due);
        settle();
    }
    now_ = std::max(now_, now);
}

void Air::settle() {
    // The list grows while it is gone through.
    for (std::size_t i = 0; i < unsettled_.size(); ++i) unsettled_[i]->settle();
    unsettled_.clear();
}

void Air::announce(Controller& controller) { ready_.push_back(&controller); }

Controller* Air::take_ready() {
    while (ready_taken_ < ready_.size()) {
        Controller* const controller = ready_[ready_taken_++];
        if (controller == nullptr) continue;
        controller->announced_ = false;
        return controller;
    }
    ready_.clear();
    ready_taken_ = 0;
    return nullptr;
}

std::int8_t Air::rssi(const Controller& sender, const Controller& listener) const {
    const auto [low, high] = std::minmax(sender.number_, listener.number_);
    const std::uint64_t pair = std::uint64_t{low} << 32 | high;
    return static_cast<std::int8_t>(-40 - static_cast<int>(mix(seed_ ^ pair) % 50));
}

void Air::set_listening(Controller& controller, bool listening) {
    if (listening)
        listeners_.push_back(&controller);
    else
        std::erase(listeners_, &controller);
}

void Air::broadcast(Controller& advertiser, Time at) {
    for (Controller* listener : listeners_)
        if (listener != &advertiser) listener->hear(advertiser, at);
    for (Controller* listener : listeners_) {
        if (listener == &advertiser || !listener->connects_to(advertiser, at)) continue;
        listener->connect(advertiser);  // ends its listening, hence changes the list
        return;
    }
}

}  // namespace bluetooth::virtual_controller
