// SPDX-License-Identifier: MIT
#include "virtual_controller/air.hpp"

#include <algorithm>
#include <cmath>

#include "virtual_controller/controller.hpp"
#include "virtual_controller/radio.hpp"

namespace bluetooth::virtual_controller {
namespace {

// Free space at 2.4 GHz, a metre away; then 20 dB for each factor of ten, and walls beside.
constexpr double loss_at_a_metre = 40;
constexpr double loss_per_decade = 25;
constexpr double shortest_distance = 0.1;

// Between the PDUs of an advertising event
constexpr Duration channel_change = std::chrono::microseconds{400};
// Of an advertising PDU beside its data: the advertiser's address (Vol 6 Part B 2.3.1.1); of an
// ADV_EXT_IND: extended header with ADI and AuxPtr (2.3.1.7)
constexpr std::size_t advertising_overhead = 6;
constexpr std::size_t extended_pdu = 7;
// Data that one auxiliary PDU carries
constexpr std::size_t chain_data = 245;

// The weakest signal that gets through (Vol 6 Part A 4.1 demands −70, −70, and −82; radios do
// better)
int sensitivity(hci::Phy phy) {
    switch (phy) {
    case hci::Phy::le_2m: return -92;
    case hci::Phy::le_coded: return -103;
    default: return -95;
    }
}

Duration primary_pdu(const AdvertisingSet& set) {
    const std::size_t payload =
        set.is_legacy() ? advertising_overhead + (set.is_directed() ? 6 : set.data.size())
                        : extended_pdu;
    return air_time(set.parameters.primary_phy, payload);
}

}  // namespace

Air::Air(std::uint64_t seed, const AirModel& model)
    : seed_(seed), model_(model), random_(mix(seed) ^ 0x616972) {}

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
    controller.shut_down();
    std::erase(listeners_, &controller);
    std::erase(followers_, &controller);
    std::erase(unsettled_, &controller);
    std::erase_if(placed_, [&](const Placed& one) { return one.controller == &controller; });
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

void Air::vanish(Controller& controller) {
    controller.set_reachable(false);
    controller.links().on_reach_changed();
    settle();
}

void Air::reappear(Controller& controller) {
    controller.set_reachable(true);
    controller.links().on_reach_changed();
    settle();
}

void Air::reset(Controller& controller) {
    controller.shut_down();
    controller.host().clear();
    settle();
}

void Air::place(Controller& controller, Position position) {
    const auto found = std::ranges::find(placed_, &controller, &Placed::controller);
    if (found == placed_.end())
        placed_.push_back({&controller, position});
    else
        found->position = position;
    controller.links().on_reach_changed();
    settle();
}

const Air::Placed* Air::placed(const Controller& controller) const {
    const auto found = std::ranges::find(placed_, &controller, &Placed::controller);
    return found == placed_.end() ? nullptr : &*found;
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

Controller* Air::take_ready() {
    while (ready_taken_ < ready_.size()) {
        Controller* const controller = ready_[ready_taken_++];
        if (controller == nullptr) continue;
        controller->host().announcement_taken();
        return controller;
    }
    ready_.clear();
    ready_taken_ = 0;
    return nullptr;
}

void Air::set_listening(Controller& controller, bool listening) {
    if (listening)
        listeners_.push_back(&controller);
    else
        std::erase(listeners_, &controller);
}

void Air::set_following(Controller& controller, bool following) {
    std::erase(followers_, &controller);
    if (following) followers_.push_back(&controller);
}

// ---- who hears whom

std::int8_t Air::rssi(const Controller& sender, const Controller& listener,
                      std::int8_t tx_power) const {
    if (!placed_.empty()) {
        const Placed* const from = placed(sender);
        const Placed* const to = placed(listener);
        if (from != nullptr && to != nullptr) {
            const double distance =
                std::hypot(from->position.x - to->position.x, from->position.y - to->position.y);
            const double loss = loss_at_a_metre +
                                loss_per_decade * std::log10(std::max(distance, shortest_distance));
            return static_cast<std::int8_t>(std::clamp(std::lround(tx_power - loss), -127L, 20L));
        }
    }
    const auto [low, high] = std::minmax({sender.number(), listener.number()});
    const std::uint64_t pair = std::uint64_t{low} << 32 | high;
    return static_cast<std::int8_t>(-40 - static_cast<int>(mix(seed_ ^ pair) % 50));
}

bool Air::in_reach(const Controller& a, const Controller& b, hci::Phy phy) const {
    return a.reachable() && b.reachable() && (placed_.empty() || rssi(a, b) >= sensitivity(phy));
}

std::optional<std::int8_t> Air::receive(const Controller& sender, const Controller& listener,
                                        std::int8_t tx_power, hci::Phy phy) {
    if (!sender.reachable() || !listener.reachable()) return std::nullopt;
    const std::int8_t strength = rssi(sender, listener, tx_power);
    if (strength < sensitivity(phy) || loses()) return std::nullopt;
    return strength;
}

bool Air::loses() {
    if (model_.loss <= 0) return false;
    constexpr double range = 1u << 31;
    return static_cast<double>(random_.next() >> 33) < model_.loss * range;
}

std::optional<Bytes> Air::receive_chain(Bytes data) {
    if (loses()) return std::nullopt;
    for (std::size_t received = chain_data; received < data.size(); received += chain_data)
        if (loses()) return data.first(received);
    return data;
}

// ---- advertising

Time Air::transmit(AdvertisingSet& set) {
    const Duration pdu = primary_pdu(set);
    const auto slot = [](const AdvertisingSet& of, unsigned channel) {
        unsigned before = 0;
        for (unsigned i = 0; i < channel; ++i) before += of.parameters.channel_map >> i & 1u;
        return before;
    };
    const auto begin_on = [&](const AdvertisingSet& of, Time start, Duration length,
                              unsigned channel) {
        return start + slot(of, channel) * (length + channel_change);
    };
    for (const Transmission& other : transmissions_) {
        for (unsigned channel = 0; channel < 3; ++channel) {
            const unsigned bit = 1u << channel;
            if ((set.parameters.channel_map & other.set->parameters.channel_map & bit) == 0)
                continue;
            const Time ours = begin_on(set, now_, pdu, channel);
            const Time theirs = begin_on(*other.set, other.start, other.pdu, channel);
            if (ours >= theirs + other.pdu || theirs >= ours + pdu) continue;
            set.channels = static_cast<std::uint8_t>(set.channels & ~bit);
            other.set->channels = static_cast<std::uint8_t>(other.set->channels & ~bit);
        }
    }
    transmissions_.push_back({&set, now_, pdu});
    const unsigned last = slot(set, 3) - 1;
    return now_ + last * (pdu + channel_change) + pdu;
}

void Air::withdraw(AdvertisingSet& set) {
    if (!transmissions_.empty())
        std::erase_if(transmissions_, [&](const Transmission& one) { return one.set == &set; });
}

void Air::broadcast(Controller& advertiser, AdvertisingSet& set) {
    for (std::size_t i = 0; i < listeners_.size(); ++i)
        if (listeners_[i] != &advertiser) listeners_[i]->scanner().hear(advertiser, set);
    for (Controller* listener : listeners_) {
        if (listener == &advertiser) continue;
        const auto wish = listener->initiator().hear(advertiser, set);
        if (!wish) continue;
        // Ends the listening of one, hence changes the list.
        return listener->links().connect(advertiser.links(), set, *wish);
    }
}

void Air::broadcast_train(Controller& advertiser, const AdvertisingSet& set) {
    for (Controller* follower : followers_)
        if (follower != &advertiser) follower->synchronizer().hear_train(advertiser, set);
}

}  // namespace bluetooth::virtual_controller
