// SPDX-License-Identifier: MIT
//
// How a link is run: connection parameters, data length, physical layers (Vol 6 Part B 5.1.1,
// 5.1.7, 5.1.9, 5.1.10).
#include <algorithm>

#include "base/connection_parameters.hpp"
#include "virtual_controller/air.hpp"
#include "virtual_controller/controller.hpp"
#include "virtual_controller/links.hpp"

namespace bluetooth::virtual_controller {

using hci::LeFeature;
using hci::Status;
namespace {

constexpr DataLength smaller(const DataLength& a, const DataLength& b) {
    return {std::min(a.octets, b.octets), std::min(a.time, b.time)};
}

bool is_valid(const DataLength& length) {  // Vol 4 Part E 7.8.33
    return length.octets >= 0x001b && length.octets <= 0x00fb &&
           length.time >= hci::Microseconds{0x0148} && length.time <= hci::Microseconds{0x4290};
}

template <class Command> bool is_valid_update(const Command& command) {
    return bluetooth::is_valid({command.connection_interval_min, command.connection_interval_max,
                                command.max_latency, command.supervision_timeout}) &&
           command.min_ce_length <= command.max_ce_length;
}

// Bits of preferences that no command may have set, and those not supported here
Status check_phys(std::uint8_t all_phys, std::uint8_t tx_phys, std::uint8_t rx_phys,
                  std::uint8_t supported) {
    const auto tx = static_cast<unsigned>((all_phys & 1) != 0 ? supported : tx_phys);
    const auto rx = static_cast<unsigned>((all_phys & 2) != 0 ? supported : rx_phys);
    if (all_phys > 3 || tx == 0 || rx == 0) return Status::invalid_hci_command_parameters;
    if (((tx | rx) & ~unsigned{supported}) != 0)
        return Status::unsupported_feature_or_parameter_value;
    return Status::success;
}

// The fastest that both like, else the one in use
hci::Phy choose_phy(unsigned common, hci::Phy current) {
    if ((common & hci::prefer_le_2m) != 0) return hci::Phy::le_2m;
    if ((common & hci::prefer_le_1m) != 0) return hci::Phy::le_1m;
    if ((common & hci::prefer_le_coded) != 0) return hci::Phy::le_coded;
    return current;
}

}  // namespace

// ---- connection parameters

Status Links::run(const hci::LeConnectionUpdate& command) {  // Vol 4 Part E 7.8.18
    Link* const link = find(command.connection_handle);
    if (link == nullptr) return Status::unknown_connection_identifier;
    const bool central = link->role == hci::Role::central;
    // A peripheral can only ask, by the connection parameters request procedure.
    if (!central && !controller_.profile().has(LeFeature::connection_parameters_request))
        return Status::command_disallowed;
    if (!is_valid_update(command)) return Status::invalid_hci_command_parameters;
    if (link->procedure.position != Timer::disarmed) return Status::command_disallowed;
    const Task task = central ? Task::update_connection : Task::request_parameters;
    if (link->has(task)) return Status::command_disallowed;
    link->wanted_interval_min = command.connection_interval_min;
    link->wanted_parameters = {command.connection_interval_max, command.max_latency,
                               command.supervision_timeout};
    raise(*link, task);
    return Status::success;
}

/// New parameters for both ends, by the central. The peripheral's host hears of it when something
/// changed, or when it had asked (Vol 4 Part E 7.7.65.3).
void Links::update(Link& link) {
    Air& air = controller_.air();
    Link& other = *link.other;
    const bool asked = other.procedure.position != Timer::disarmed;
    const bool changed = other.parameters != link.wanted_parameters;
    air.timers().disarm(other.procedure);
    link.awaits_parameter_reply = false;
    link.remove(Task::ask_for_parameters);
    link.parameters = other.parameters = link.wanted_parameters;
    link.anchor = air.now();
    link.update_status = Status::success;
    raise(link, Task::report_update);
    if (!asked && !changed) return;
    other.update_status = Status::success;
    other.owner->raise(other, Task::report_update);
}

/// The peripheral's question, which the central's host answers (Vol 6 Part B 5.1.7).
void Links::request_parameters(Link& link) {
    Link& other = *link.other;
    const Controller& central = other.owner->controller_;
    if (!central.profile().has(LeFeature::connection_parameters_request) ||
        !central.host().is_unmasked(hci::LeSubevent::remote_connection_parameter_request)) {
        link.update_status = Status::unsupported_remote_feature;
        return raise(link, Task::report_update);
    }
    Air& air = controller_.air();
    air.timers().arm(link.procedure, air.now() + procedure_timeout);
    if (other.has(Task::update_connection)) return;  // which is the answer then
    other.awaits_parameter_reply = true;
    other.wanted_interval_min = link.wanted_interval_min;
    other.wanted_parameters = link.wanted_parameters;
    other.owner->raise(other, Task::ask_for_parameters);
}

Status Links::run(const hci::LeRemoteConnectionParameterRequestReply& command) {
    Link* const link = find(command.connection_handle);
    if (link == nullptr) return Status::unknown_connection_identifier;
    if (!link->awaits_parameter_reply) return Status::command_disallowed;
    if (!is_valid_update(command)) return Status::invalid_hci_command_parameters;
    link->awaits_parameter_reply = false;
    link->wanted_parameters = {command.connection_interval_max, command.max_latency,
                               command.supervision_timeout};
    raise(*link, Task::update_connection);
    return Status::success;
}

Status Links::run(const hci::LeRemoteConnectionParameterRequestNegativeReply& command) {
    Link* const link = find(command.connection_handle);
    if (link == nullptr) return Status::unknown_connection_identifier;
    if (!link->awaits_parameter_reply) return Status::command_disallowed;
    if (command.reason == Status::success) return Status::invalid_hci_command_parameters;
    link->awaits_parameter_reply = false;
    link->parameter_refusal = command.reason;
    raise(*link, Task::reject_parameters);
    return Status::success;
}

void Links::reject_parameters(Link& link) {
    Link& other = *link.other;
    controller_.air().timers().disarm(other.procedure);
    other.update_status = link.parameter_refusal;
    other.owner->raise(other, Task::report_update);
}

// ---- data length

/// The longest packets that we can send and receive: the time is that of a coded packet, where
/// there are such (Vol 6 Part B 4.5.10).
DataLength Links::longest_data() const {
    const bool coded = controller_.profile().has_phy(hci::Phy::le_coded);
    return {251, hci::Microseconds{static_cast<std::uint16_t>(coded ? 17040 : 2120)}};
}

Status Links::run(const hci::LeSetDataLength& command) {  // Vol 4 Part E 7.8.33
    Link* const link = find(command.connection_handle);
    if (link == nullptr) return Status::unknown_connection_identifier;
    const DataLength wanted{command.tx_octets, command.tx_time};
    if (!is_valid(wanted)) return Status::invalid_hci_command_parameters;
    link->wanted_data_length = wanted;
    raise(*link, Task::update_data_length);
    return Status::success;
}

/// What we send follows from what our host wants and what both can; both hosts hear of a change
/// (Vol 6 Part B 5.1.9).
void Links::update_data_length(Link& link) {
    constexpr LeFeature feature = LeFeature::data_packet_length_extension;
    Links& peer = *link.other->owner;
    if (!controller_.profile().has(feature) || !peer.controller_.profile().has(feature)) return;
    const DataLength length =
        smaller(link.wanted_data_length, smaller(longest_data(), peer.longest_data()));
    if (length == link.sent_data_length) return;
    link.sent_data_length = length;
    raise(link, Task::report_data_length);
    peer.raise(*link.other, Task::report_data_length);
}

hci::LeReadSuggestedDefaultDataLength::Return Links::run(
    const hci::LeReadSuggestedDefaultDataLength&) {
    return {Status::success, suggested_data_length_.octets, suggested_data_length_.time};
}

Status Links::run(const hci::LeWriteSuggestedDefaultDataLength& command) {
    const DataLength suggested{command.suggested_max_tx_octets, command.suggested_max_tx_time};
    if (!is_valid(suggested)) return Status::invalid_hci_command_parameters;
    suggested_data_length_ = suggested;
    return Status::success;
}

hci::LeReadMaximumDataLength::Return Links::run(const hci::LeReadMaximumDataLength&) {
    const DataLength longest = longest_data();
    return {Status::success, longest.octets, longest.time, longest.octets, longest.time};
}

// ---- physical layers

std::uint8_t Links::supported_phys() const {
    const Profile& profile = controller_.profile();
    unsigned phys = hci::prefer_le_1m;
    if (profile.has_phy(hci::Phy::le_2m)) phys |= hci::prefer_le_2m;
    if (profile.has_phy(hci::Phy::le_coded)) phys |= hci::prefer_le_coded;
    return static_cast<std::uint8_t>(phys);
}

hci::LeReadPhy::Return Links::run(const hci::LeReadPhy& command) {
    const Link* const link = find(command.connection_handle);
    if (link == nullptr)
        return {Status::unknown_connection_identifier, command.connection_handle, {}, {}};
    return {Status::success, command.connection_handle, link->tx_phy, link->rx_phy};
}

Status Links::run(const hci::LeSetDefaultPhy& command) {  // Vol 4 Part E 7.8.48
    const std::uint8_t supported = supported_phys();
    const Status status = check_phys(command.all_phys, command.tx_phys, command.rx_phys, supported);
    if (status != Status::success) return status;
    default_tx_phys_ = (command.all_phys & 1) != 0 ? supported : command.tx_phys;
    default_rx_phys_ = (command.all_phys & 2) != 0 ? supported : command.rx_phys;
    return Status::success;
}

Status Links::run(const hci::LeSetPhy& command) {  // Vol 4 Part E 7.8.49
    Link* const link = find(command.connection_handle);
    if (link == nullptr) return Status::unknown_connection_identifier;
    const std::uint8_t supported = supported_phys();
    const Status status = check_phys(command.all_phys, command.tx_phys, command.rx_phys, supported);
    if (status != Status::success) return status;
    if (command.phy_options > 2) return Status::invalid_hci_command_parameters;
    if (link->has(Task::set_phy)) return Status::command_disallowed;
    link->wanted_tx_phys = (command.all_phys & 1) != 0 ? supported : command.tx_phys;
    link->wanted_rx_phys = (command.all_phys & 2) != 0 ? supported : command.rx_phys;
    raise(*link, Task::set_phy);
    return Status::success;
}

// Our host hears how it went in any case, the peer's when something changed (Vol 6 Part B 5.1.10).
void Links::set_phy(Link& link) {
    Link& other = *link.other;
    Links& peer = *other.owner;
    const bool understood = peer.supported_phys() != hci::prefer_le_1m;
    link.phy_status = understood ? Status::success : Status::unsupported_remote_feature;
    if (understood) {
        const auto tx =
            choose_phy(link.wanted_tx_phys & unsigned{peer.default_rx_phys_}, link.tx_phy);
        const auto rx =
            choose_phy(link.wanted_rx_phys & unsigned{peer.default_tx_phys_}, link.rx_phy);
        const bool changed = tx != link.tx_phy || rx != link.rx_phy;
        link.tx_phy = other.rx_phy = tx;
        link.rx_phy = other.tx_phy = rx;
        if (changed) {
            other.phy_status = Status::success;
            peer.raise(other, Task::report_phy);
        }
    }
    raise(link, Task::report_phy);
    if (reaches(link)) return;
    start_supervision(link);  // too far for what they have agreed upon
    peer.start_supervision(other);
}

}  // namespace bluetooth::virtual_controller
