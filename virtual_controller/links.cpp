// SPDX-License-Identifier: MIT
#include "virtual_controller/links.hpp"

#include <algorithm>

#include "virtual_controller/air.hpp"
#include "virtual_controller/controller.hpp"

namespace bluetooth::virtual_controller {

using hci::Status;

namespace {

// Vol 4 Part E 7.1.6
bool is_disconnect_reason(Status reason) {
    switch (reason) {
    case Status::authentication_failure:
    case Status::remote_user_terminated_connection:
    case Status::remote_device_terminated_low_resources:
    case Status::remote_device_terminated_power_off:
    case Status::unsupported_remote_feature:
    case Status::pairing_with_unit_key_not_supported:
    case Status::unacceptable_connection_parameters: return true;
    default: return false;
    }
}

}  // namespace

Links::Links(Controller& controller)
    : controller_(controller),
      links_(std::min<std::size_t>(controller.profile().max_connections, max_links)) {
    const std::size_t buffers = controller.profile().acl_buffers;
    const std::size_t length = controller.profile().acl_length;
    acl_memory_ = std::make_unique_for_overwrite<std::uint8_t[]>(buffers * length);
    held_.reserve(buffers);
    empty_buffers_.reserve(buffers);
    for (std::size_t buffer = 0; buffer < buffers; ++buffer)
        empty_buffers_.push_back(static_cast<std::uint8_t>(buffer));
    free_buffers_ = buffers;

    for (std::size_t i = 0; i < links_.size(); ++i) {
        Link& link = links_[i];
        const auto which = static_cast<std::uint8_t>(i);
        link.owner = this;
        link.handle = hci::ConnectionHandle{static_cast<std::uint16_t>(first_handle + i)};
        link.event = {&controller_, Timer::Kind::connection_event, which};
        link.supervision = {&controller_, Timer::Kind::supervision, which};
        link.procedure = {&controller_, Timer::Kind::procedure, which};
        link.encryption_wait = {&controller_, Timer::Kind::encryption, which};
        link.authenticated_payload = {&controller_, Timer::Kind::authenticated_payload, which};
    }
    reset();
}

void Links::reset() {
    for (Link& link : links_) {
        if (!link.open) continue;
        if (link.other != nullptr) link.other->owner->lose(*link.other);
        drop(link);
    }
    channel_map_ = {0xff, 0xff, 0xff, 0xff, 0x1f};
    suggested_data_length_ = initial_data_length;
    default_tx_phys_ = default_rx_phys_ = supported_phys();
    host_flow_control_ = false;
    host_packet_length_ = host_packets_ = 0;
    packets_at_host_ = 0;
}

Link* Links::find(hci::ConnectionHandle handle) {
    const std::size_t index = static_cast<std::size_t>(handle) - first_handle;  // wraps below it
    if (index >= links_.size() || !links_[index].open) return nullptr;
    return &links_[index];
}

bool Links::have_room() const {
    return std::ranges::find(links_, false, &Link::open) != links_.end();
}

bool Links::any_open() const {
    return std::ranges::find(links_, true, &Link::open) != links_.end();
}

/// A link to open, where there is room for one.
Link& Links::free_link() { return *std::ranges::find(links_, false, &Link::open); }

bool Links::is_connected_to(const Device& peer) const {
    return std::ranges::any_of(links_,
                               [&](const Link& link) { return link.open && link.peer == peer; });
}

void Links::connect(Links& peripheral, AdvertisingSet& set, const Initiator::Wish& wish) {
    Controller& advertiser = peripheral.controller_;
    Air& air = controller_.air();
    controller_.initiator().stop();
    Link& ours = free_link();
    if (!air.receive(controller_, advertiser, default_tx_power, set.parameters.primary_phy)) {
        // The request was lost: we wait for a peer that does not come (Vol 6 Part B 4.5.2).
        open(ours, nullptr, hci::Role::central, wish.own, set.own, wish);
        air.timers().arm(ours.supervision, air.now() + 6 * wish.parameters.interval);
        return;
    }
    const Device peer = set.own;
    Link& theirs = peripheral.free_link();
    open(ours, &theirs, hci::Role::central, wish.own, peer, wish);
    peripheral.open(theirs, &ours, hci::Role::peripheral, peer, wish.own, wish);
    ours.established = theirs.established = true;
    ours.anchor = air.now();
    advertiser.advertiser().on_connected(set, theirs.handle);
    raise(ours, Task::update_data_length);
    peripheral.raise(theirs, Task::update_data_length);
}

void Links::open(Link& link, Link* other, hci::Role role, const Device& own, const Device& peer,
                 const Initiator::Wish& wish) {
    const Addresses::Identity identity = controller_.addresses().identify(peer);
    link.open = true;
    link.tasks = 0;
    link.other = other;
    link.role = role;
    link.peer = identity.listed;
    link.parameters = wish.parameters;
    link.tx_phy = link.rx_phy = wish.phy;
    link.wanted_data_length = suggested_data_length_;
    link.sync_transfer = controller_.synchronizer().default_transfer_parameters();
    if (controller_.addresses().is_own_resolvable(own)) link.local_resolvable = own.address;
    if (identity.reported != peer) link.peer_resolvable = peer.address;
    report_connected(link, identity.reported);
    report_channel_selection(link);
}

/// Algorithm #2 is used where both ends have it (Vol 6 Part B 4.5.8, Vol 4 Part E 7.7.65.20).
void Links::report_channel_selection(const Link& link) {
    constexpr hci::LeFeature feature = hci::LeFeature::channel_selection_algorithm_2;
    if (!controller_.profile().has(feature)) return;
    const bool second =
        link.other == nullptr || link.other->owner->controller_.profile().has(feature);
    (void)controller_.host().send(
        Share::link, hci::LeChannelSelectionAlgorithm{
                         link.handle, second ? std::uint8_t{0x01} : std::uint8_t{0x00}});
}

// The clock accuracy is the central's, hence told to the peripheral (Vol 4 Part E 7.7.65.1). 0 is
// the worst, 500 ppm. The enhanced event replaces the other one where the host wants it.
void Links::report_connected(const Link& link, const Device& reported) {
    HostPort& host = controller_.host();
    const LinkParameters& parameters = link.parameters;
    if (controller_.profile().has(hci::LeFeature::ll_privacy) &&
        host.is_unmasked(hci::LeSubevent::enhanced_connection_complete)) {
        (void)host.send(Share::link, hci::LeEnhancedConnectionComplete{
                                         Status::success, link.handle, link.role, reported.type,
                                         reported.address, link.local_resolvable,
                                         link.peer_resolvable, parameters.interval,
                                         parameters.latency, parameters.supervision_timeout, 0});
        return;
    }
    (void)host.send(Share::link, hci::LeConnectionComplete{Status::success, link.handle, link.role,
                                                           link.peer.type, link.peer.address,
                                                           parameters.interval, parameters.latency,
                                                           parameters.supervision_timeout, 0});
}

bool Links::report_failed(Status status, hci::Role role) {
    HostPort& host = controller_.host();
    if (controller_.profile().has(hci::LeFeature::ll_privacy) &&
        host.is_unmasked(hci::LeSubevent::enhanced_connection_complete)) {
        hci::LeEnhancedConnectionComplete event{};
        event.status = status;
        event.role = role;
        return host.send(Share::link, event);
    }
    hci::LeConnectionComplete event{};
    event.status = status;
    event.role = role;
    return host.send(Share::link, event);
}

/// Forgets a link without a word to host or peer.
void Links::drop(Link& link) {
    TimerHeap& timers = controller_.air().timers();
    discard_data(link);
    Link empty;
    empty.owner = this;
    empty.handle = link.handle;
    for (Timer Link::*timer : {&Link::event, &Link::supervision, &Link::procedure,
                               &Link::encryption_wait, &Link::authenticated_payload}) {
        timers.disarm(link.*timer);
        empty.*timer = link.*timer;
    }
    link = std::move(empty);
}

void Links::close(Link& link, Status reason) {
    const hci::ConnectionHandle handle = link.handle;
    drop(link);
    (void)controller_.host().send(Share::link,
                                  hci::DisconnectionComplete{Status::success, handle, reason});
}

/// The peer is gone for good, without a word.
void Links::lose(Link& link) {
    link.other = nullptr;
    start_supervision(link);
}

bool Links::reaches(const Link& link) const {
    if (link.other == nullptr) return false;
    const Controller& peer = link.other->owner->controller_;
    const Air& air = controller_.air();
    return air.in_reach(controller_, peer, link.tx_phy) &&
           (link.rx_phy == link.tx_phy || air.in_reach(controller_, peer, link.rx_phy));
}

void Links::start_supervision(Link& link) {
    Air& air = controller_.air();
    if (link.supervision.position != Timer::disarmed) return;
    air.timers().arm(link.supervision, air.now() + link.parameters.supervision_timeout);
    watch_payloads(link);
}

void Links::stop_supervision(Link& link) {
    controller_.air().timers().disarm(link.supervision);
    controller_.air().timers().disarm(link.authenticated_payload);
}

void Links::on_timer(const Timer& timer, Time due) {
    Link& link = links_[timer.which];
    switch (timer.kind) {
    case Timer::Kind::connection_event: return on_connection_event(link, due);
    case Timer::Kind::authenticated_payload:
        raise(link, Task::report_payload_timeout);
        return watch_payloads(link);
    case Timer::Kind::supervision: {
        const Status reason = link.established ? Status::connection_timeout
                                               : Status::connection_failed_to_be_established;
        if (link.other != nullptr) link.other->owner->lose(*link.other);
        return close(link, reason);
    }
    default:  // the peer's host has not answered in time (Vol 6 Part B 5.2)
        if (link.other != nullptr) link.other->owner->lose(*link.other);
        return close(link, Status::ll_response_timeout);
    }
}

void Links::on_reach_changed() {
    for (Link& link : links_) {
        if (!link.open || link.other == nullptr) continue;
        Link& other = *link.other;
        if (reaches(link)) {
            if (link.supervision.position == Timer::disarmed) continue;
            stop_supervision(link);
            other.owner->stop_supervision(other);
            controller_.mark_unsettled();
            other.owner->controller_.mark_unsettled();
            release_held();
            other.owner->release_held();
        } else {
            start_supervision(link);
            other.owner->start_supervision(other);
        }
    }
}

// ---- commands about a link as a whole

Status Links::run(const hci::Disconnect& command) {  // Vol 4 Part E 7.1.6
    Link* const link = find(command.connection_handle);
    if (link == nullptr) return Status::unknown_connection_identifier;
    if (!is_disconnect_reason(command.reason)) return Status::invalid_hci_command_parameters;
    if (link->has(Task::terminate)) return Status::command_disallowed;
    link->terminate_reason = command.reason;
    raise(*link, Task::terminate);
    return Status::success;
}

hci::ReadRssi::Return Links::run(const hci::ReadRssi& command) {
    const Link* const link = find(command.connection_handle);
    if (link == nullptr)
        return {Status::unknown_connection_identifier, command.connection_handle, 0};
    const std::int8_t rssi =
        link->other == nullptr
            ? hci::power_not_available
            : controller_.air().rssi(link->other->owner->controller_, controller_);
    return {Status::success, command.connection_handle, rssi};
}

hci::ReadTransmitPowerLevel::Return Links::run(const hci::ReadTransmitPowerLevel& command) {
    if (find(command.connection_handle) == nullptr)
        return {Status::unknown_connection_identifier, command.connection_handle, 0};
    if (command.type > hci::TransmitPowerType::maximum)
        return {Status::invalid_hci_command_parameters, command.connection_handle, 0};
    const bool maximum = command.type == hci::TransmitPowerType::maximum;
    return {Status::success, command.connection_handle, maximum ? max_tx_power : default_tx_power};
}

// The central decides on the map of its links (Vol 6 Part B 4.5.8.1).
hci::LeReadChannelMap::Return Links::run(const hci::LeReadChannelMap& command) {
    const Link* const link = find(command.connection_handle);
    if (link == nullptr)
        return {Status::unknown_connection_identifier, command.connection_handle, {}};
    const bool ours = link->role == hci::Role::central || link->other == nullptr;
    return {Status::success, command.connection_handle,
            ours ? channel_map_ : link->other->owner->channel_map_};
}

Status Links::run(const hci::LeSetHostChannelClassification& command) {  // Vol 4 Part E 7.8.19
    const auto& map = command.channel_map;
    const bool reserved = (map[4] & 0xe0) != 0;  // there are 37 data channels
    const bool none = std::ranges::all_of(map, [](std::uint8_t octet) { return octet == 0; });
    if (reserved || none) return Status::invalid_hci_command_parameters;
    channel_map_ = map;
    return Status::success;
}

}  // namespace bluetooth::virtual_controller
