// SPDX-License-Identifier: MIT
#include "virtual_controller/advertiser.hpp"

#include <algorithm>

#include "virtual_controller/air.hpp"
#include "virtual_controller/controller.hpp"

namespace bluetooth::virtual_controller {

using hci::AdvertisingFilterPolicy;
using hci::Status;
using namespace std::chrono_literals;

namespace {

constexpr Duration high_duty_interval = 3750us;                          // Vol 6 Part B 4.4.2.4.3
constexpr auto max_advertising_delay = std::chrono::microseconds{10ms};  // Vol 6 Part B 4.4.2.2.1

// What holds until the host sets it (Vol 4 Part E 7.8.5): connectable, 1.28 s, public address
AdvertisingSet::Parameters default_parameters() {
    AdvertisingSet::Parameters parameters;
    parameters.interval = Units625us{0x0800};
    return parameters;
}

}  // namespace

Status FragmentedData::add(hci::DataOperation operation, Bytes fragment) {
    const bool first = operation == hci::DataOperation::first_fragment ||
                       operation == hci::DataOperation::complete;
    if (first) octets_.clear();
    if (octets_.size() + fragment.size() > max_size) {
        clear();
        return Status::memory_capacity_exceeded;
    }
    octets_.insert(octets_.end(), fragment.begin(), fragment.end());
    complete_ =
        operation == hci::DataOperation::complete || operation == hci::DataOperation::last_fragment;
    return Status::success;
}

Advertiser::Advertiser(Controller& controller)
    : controller_(controller), sets_(1u + controller.profile().advertising_sets) {
    (void)create({});
}

void Advertiser::reset() {
    for (std::size_t i = 1; i < sets_.size(); ++i)
        if (sets_[i] != nullptr) remove(*sets_[i]);
    AdvertisingSet& set = legacy();
    stop(set);
    set.parameters = default_parameters();
    set.data.clear();
    set.response.clear();
}

std::size_t Advertiser::index_of(const AdvertisingSet& set) const { return set.event_timer.which; }

AdvertisingSet* Advertiser::create(hci::AdvertisingHandle handle) {
    const auto place = std::ranges::find_if(sets_, [](const auto& set) { return set == nullptr; });
    if (place == sets_.end()) return nullptr;
    *place = std::make_unique<AdvertisingSet>();
    AdvertisingSet& set = **place;
    const auto which = static_cast<std::uint8_t>(place - sets_.begin());
    set.handle = handle;
    set.parameters = default_parameters();
    set.event_timer = {&controller_, Timer::Kind::advertising_event, which};
    set.event_end_timer = {&controller_, Timer::Kind::advertising_event_end, which};
    set.end_timer = {&controller_, Timer::Kind::advertising_end, which};
    set.periodic.timer = {&controller_, Timer::Kind::periodic_advertising_event, which};
    change_data_identifier(set);
    return &set;
}

void Advertiser::remove(AdvertisingSet& set) {
    stop(set);
    stop_train(set);
    sets_[index_of(set)].reset();
}

AdvertisingSet* Advertiser::find(hci::AdvertisingHandle handle) const {
    for (std::size_t i = 1; i < sets_.size(); ++i)
        if (sets_[i] != nullptr && sets_[i]->handle == handle) return sets_[i].get();
    return nullptr;
}

bool Advertiser::active() const {
    return std::ranges::any_of(sets_,
                               [](const auto& set) { return set != nullptr && set->enabled; });
}

bool Advertiser::uses_accept_list() const {
    return std::ranges::any_of(sets_, [](const auto& set) {
        return set != nullptr && set->enabled &&
               set->parameters.filter_policy != AdvertisingFilterPolicy::all;
    });
}

/// Whether we have an address of the kind that the set is to advertise with.
bool Advertiser::has_addresses(const AdvertisingSet& set) const {
    const AdvertisingSet::Parameters& parameters = set.parameters;
    return controller_.addresses()
        .own(parameters.own_address_type, parameters.peer, set.random_address)
        .has_value();
}

/// Which addresses the PDUs carry (Vol 6 Part B 6.2); ask `has_addresses` before.
void Advertiser::take_addresses(AdvertisingSet& set) const {
    Addresses& addresses = controller_.addresses();
    const AdvertisingSet::Parameters& parameters = set.parameters;
    set.own = *addresses.own(parameters.own_address_type, parameters.peer, set.random_address);
    set.target.reset();
    if (set.is_directed()) set.target = addresses.target(parameters.peer);
}

void Advertiser::renew_addresses() {
    for (const auto& set : sets_)
        if (set != nullptr && set->enabled &&
            (set->is_directed() ||
             set->parameters.own_address_type >= hci::OwnAddressType::resolvable_or_public))
            take_addresses(*set);
}

void Advertiser::start(AdvertisingSet& set, Duration duration, std::uint8_t max_events) {
    Air& air = controller_.air();
    stop(set);  // where it advertises already it begins anew
    take_addresses(set);
    set.enabled = true;
    set.max_events = max_events;
    set.events = 0;
    air.timers().arm(set.event_timer, air.now());
    if (duration > Duration::zero())
        air.timers().arm(set.end_timer, air.now() + duration);
    else
        air.timers().disarm(set.end_timer);
    if (set.periodic.enabled) start_train(set);
}

void Advertiser::stop(AdvertisingSet& set) {
    Air& air = controller_.air();
    set.enabled = false;
    air.timers().disarm(set.event_timer);
    air.timers().disarm(set.event_end_timer);
    air.timers().disarm(set.end_timer);
    air.withdraw(set);
}

/// Vol 4 Part E 7.7.65.18, and 7.8.9 for the legacy commands, which know only one such end.
void Advertiser::terminate(AdvertisingSet& set, Status status, hci::ConnectionHandle link) {
    stop(set);
    if (&set == &legacy()) {
        if (status == Status::advertising_timeout)
            controller_.links().report_failed(status, hci::Role::peripheral);
        return;
    }
    // The events are counted where there is a limit to them.
    const std::uint8_t events = set.max_events == 0 ? std::uint8_t{0} : set.events;
    (void)controller_.host().send(
        Share::link, hci::LeAdvertisingSetTerminated{status, set.handle, link, events});
}

void Advertiser::on_connected(AdvertisingSet& set, hci::ConnectionHandle link) {
    terminate(set, Status::success, link);
}

void Advertiser::on_timer(const Timer& timer, Time due) {
    AdvertisingSet& set = *sets_[timer.which];
    switch (timer.kind) {
    case Timer::Kind::advertising_event: return on_event(set, due);
    case Timer::Kind::advertising_event_end: return finish_event(set, due);
    case Timer::Kind::periodic_advertising_event: return on_periodic_event(set, due);
    default: return terminate(set, Status::advertising_timeout, {});
    }
}

void Advertiser::on_event(AdvertisingSet& set, Time due) {
    Air& air = controller_.air();
    set.event_start = due;
    set.channels = set.parameters.channel_map;
    if (!controller_.reachable()) return finish_event(set, due);
    // Who collides is known only when the last PDU of the event is through.
    if (air.model().collisions)
        air.timers().arm(set.event_end_timer, air.transmit(set));
    else
        finish_event(set, due);
}

void Advertiser::finish_event(AdvertisingSet& set, Time due) {
    Air& air = controller_.air();
    air.withdraw(set);
    if (controller_.reachable() && set.channels != 0) air.broadcast(controller_, set);
    if (!set.enabled) return;  // somebody connected
    ++set.events;
    if (set.max_events != 0 && set.events == set.max_events)
        return terminate(set, Status::limit_reached, {});
    if (set.is_high_duty()) {
        const Time next = set.event_start + high_duty_interval;
        return air.timers().arm(set.event_timer, std::max(next, due));
    }
    const auto delay_range = static_cast<std::uint64_t>(max_advertising_delay.count()) + 1;
    const std::chrono::microseconds delay{controller_.random().next() % delay_range};
    air.timers().arm(set.event_timer,
                     std::max(set.event_start + set.parameters.interval + delay, due));
}

// ---- who is answered (Vol 6 Part B 4.3.2)

namespace {

/// Directed advertising is for one device, whatever the filter policy, which is for the other kind.
bool is_target(const AdvertisingSet& set, const Device& device,
               const Addresses::Identity& identity) {
    return device == *set.target || identity.listed == set.parameters.peer;
}

}  // namespace

bool Advertiser::answers_scan(const AdvertisingSet& set, const Device& scanner) const {
    const auto policy = set.parameters.filter_policy;
    if (!set.is_scannable()) return false;
    const Addresses::Identity identity = controller_.addresses().identify(scanner);
    if (!identity.acceptable) return false;
    if (set.is_directed()) return is_target(set, scanner, identity);
    return policy == AdvertisingFilterPolicy::all ||
           policy == AdvertisingFilterPolicy::connections_from_accept_list ||
           controller_.addresses().accepts(identity.listed);
}

bool Advertiser::answers_connect(const AdvertisingSet& set, const Device& initiator) const {
    const auto policy = set.parameters.filter_policy;
    if (!set.is_connectable()) return false;
    const Addresses::Identity identity = controller_.addresses().identify(initiator);
    if (!identity.acceptable) return false;
    if (set.is_directed()) return is_target(set, initiator, identity);
    return policy == AdvertisingFilterPolicy::all ||
           policy == AdvertisingFilterPolicy::scan_requests_from_accept_list ||
           controller_.addresses().accepts(identity.listed);
}

void Advertiser::on_scan_request(const AdvertisingSet& set, const Device& scanner) {
    if (!set.parameters.reports_scan_requests) return;
    const Device reported = controller_.addresses().identify(scanner).reported;
    (void)controller_.host().send(
        Share::report, hci::LeScanRequestReceived{set.handle, reported.type, reported.address});
}

void Advertiser::change_data_identifier(AdvertisingSet& set) {
    // 1 to 0xfff further on, so that it is always another one
    set.data_identifier = static_cast<std::uint16_t>(
        (set.data_identifier + 1 + controller_.random().next() % 0x0fff) & 0x0fff);
}

}  // namespace bluetooth::virtual_controller
