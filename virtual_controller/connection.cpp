// SPDX-License-Identifier: MIT
//
// Beginning, end and supervision of links (Vol 6 Part B 4.5).
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

Link* Controller::find(hci::ConnectionHandle handle) {
    const std::size_t index = static_cast<std::size_t>(handle) - first_handle;  // wraps below it
    if (index >= links_.size() || !links_[index].open) return nullptr;
    return &links_[index];
}

bool Controller::links_have_room() const {
    return std::ranges::find(links_, false, &Link::open) != links_.end();
}

/// A link to open, where there is room for one.
Link& Controller::free_link() { return *std::ranges::find(links_, false, &Link::open); }

bool Controller::is_connected_to(const Device& device) const {
    return std::ranges::any_of(links_, [&](const Link& link) {
        return link.open && device == Device{link.peer_address_type, link.peer_address};
    });
}

/// Both ends of a new link, we as central.
void Controller::connect(Controller& advertiser) {
    initiator_.enabled = false;
    update_listening();
    advertiser.stop_advertising();

    const hci::LeCreateConnection& command = initiator_.command;
    const ConnectionParameters parameters{command.connection_interval_max, command.max_latency,
                                          command.supervision_timeout};
    Link& ours = free_link();
    Link& theirs = advertiser.free_link();
    open(ours, theirs, hci::Role::central, advertiser.advertiser_.own, parameters);
    advertiser.open(theirs, ours, hci::Role::peripheral, initiator_.own, parameters);
    update_data_length(ours);
    advertiser.update_data_length(theirs);
}

void Controller::open(Link& link, Link& other, hci::Role role, const Device& peer,
                      const ConnectionParameters& parameters) {
    link.open = true;
    link.other = &other;
    link.role = role;
    link.peer_address_type = peer.type;
    link.peer_address = peer.address;
    link.parameters = parameters;
    link.wanted_data_length = suggested_data_length_;
    send_connection_complete(link);
}

// The clock accuracy is the central's, hence told to the peripheral (Vol 4 Part E 7.7.65.1). 0 is
// the worst, 500 ppm.
void Controller::send_connection_complete(const Link& link) {
    (void)send(Share::link, hci::LeConnectionComplete{
                                Status::success, link.handle, link.role, link.peer_address_type,
                                link.peer_address, link.parameters.interval,
                                link.parameters.latency, link.parameters.supervision_timeout, 0});
}

void Controller::send_failed_connection(Status status, hci::Role role) {
    hci::LeConnectionComplete event{};
    event.status = status;
    event.role = role;
    (void)send(Share::link, event);
}

/// Forgets a link without a word to host or peer.
void Controller::drop(Link& link) {
    air_.timers_.disarm(link.supervision);
    air_.timers_.disarm(link.procedure);
    discard_data(link);
    Link empty;
    empty.owner = this;
    empty.handle = link.handle;
    empty.supervision = link.supervision;
    empty.procedure = link.procedure;
    link = empty;
}

void Controller::close(Link& link, Status reason) {
    const hci::ConnectionHandle handle = link.handle;
    drop(link);
    (void)send(Share::link, hci::DisconnectionComplete{Status::success, handle, reason});
}

/// The peer is gone for good, without a word.
void Controller::lose(Link& link) {
    link.other = nullptr;
    start_supervision(link);
}

bool Controller::reaches(const Link& link) const {
    return reachable_ && link.other != nullptr && link.other->owner->reachable_;
}

void Controller::start_supervision(Link& link) {
    if (link.supervision.position != Timer::disarmed) return;
    air_.timers_.arm(link.supervision, air_.now_ + link.parameters.supervision_timeout);
}

void Controller::on_supervision_timeout(Link& link) {
    if (link.other != nullptr) link.other->owner->lose(*link.other);
    close(link, Status::connection_timeout);
}

// The peer's host has not answered in time (Vol 6 Part B 5.2).
void Controller::on_procedure_timeout(Link& link) {
    if (link.other != nullptr) link.other->owner->lose(*link.other);
    close(link, Status::ll_response_timeout);
}

void Controller::on_vanished() {
    reachable_ = false;
    for (Link& link : links_) {
        if (!link.open) continue;
        start_supervision(link);
        if (link.other != nullptr) link.other->owner->start_supervision(*link.other);
    }
}

void Controller::on_reappeared() {
    reachable_ = true;
    for (Link& link : links_) {
        if (!link.open || !reaches(link)) continue;
        Link& other = *link.other;
        air_.timers_.disarm(link.supervision);
        air_.timers_.disarm(other.supervision);
        update_data_length(link);
        other.owner->update_data_length(other);
        other.owner->try_again();
    }
    try_again();
}

// ---- commands about a link as a whole

Status Controller::run(const hci::Disconnect& command) {  // Vol 4 Part E 7.1.6
    Link* const link = find(command.connection_handle);
    if (link == nullptr) return Status::unknown_connection_identifier;
    if (!is_disconnect_reason(command.reason)) return Status::invalid_hci_command_parameters;
    if (link->has(Task::terminate)) return Status::command_disallowed;
    link->terminate_reason = command.reason;
    raise(*link, Task::terminate);
    return Status::success;
}

hci::ReadRssi::Return Controller::run(const hci::ReadRssi& command) {
    const Link* const link = find(command.connection_handle);
    if (link == nullptr)
        return {Status::unknown_connection_identifier, command.connection_handle, 0};
    const std::int8_t rssi =
        link->other == nullptr ? hci::power_not_available : air_.rssi(*link->other->owner, *this);
    return {Status::success, command.connection_handle, rssi};
}

hci::ReadTransmitPowerLevel::Return Controller::run(const hci::ReadTransmitPowerLevel& command) {
    if (find(command.connection_handle) == nullptr)
        return {Status::unknown_connection_identifier, command.connection_handle, 0};
    if (command.type > hci::TransmitPowerType::maximum)
        return {Status::invalid_hci_command_parameters, command.connection_handle, 0};
    return {Status::success, command.connection_handle, tx_power};
}

// The central decides on the map of its links (Vol 6 Part B 4.5.8.1).
hci::LeReadChannelMap::Return Controller::run(const hci::LeReadChannelMap& command) {
    const Link* const link = find(command.connection_handle);
    if (link == nullptr)
        return {Status::unknown_connection_identifier, command.connection_handle, {}};
    const bool central = link->role == hci::Role::central || link->other == nullptr;
    return {Status::success, command.connection_handle,
            central ? channel_map_ : link->other->owner->channel_map_};
}

Status Controller::run(const hci::LeSetHostChannelClassification& command) {
    const auto& map = command.channel_map;
    const bool reserved = (map[4] & 0xe0) != 0;  // there are 37 data channels
    const bool none = std::ranges::all_of(map, [](std::uint8_t octet) { return octet == 0; });
    if (reserved || none) return Status::invalid_hci_command_parameters;
    channel_map_ = map;
    return Status::success;
}

}  // namespace bluetooth::virtual_controller
