// SPDX-License-Identifier: MIT
//
// Link Layer control procedures (Vol 6 Part B 5.1).
#include <algorithm>

#include "base/connection_parameters.hpp"
#include "virtual_controller/air.hpp"
#include "virtual_controller/controller.hpp"

namespace bluetooth::virtual_controller {

using hci::LeFeature;
using hci::Status;
using namespace std::chrono_literals;

namespace {

constexpr Duration procedure_timeout = 40s;  // Vol 6 Part B 5.2

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
    return current;
}

}  // namespace

// ---- tasks

/// Begins a procedure for our host, unless it is under way.
Status Controller::request(hci::ConnectionHandle handle, Task task) {
    Link* const link = find(handle);
    if (link == nullptr) return Status::unknown_connection_identifier;
    if (link->has(task)) return Status::command_disallowed;
    raise(*link, task);
    return Status::success;
}

/// Leaves a task to be done after what is going on.
void Controller::raise(Link& link, Task task) {
    link.add(task);
    mark_unsettled();
}

/// Does a task; false when it has to be tried again.
bool Controller::perform(Link& link, Task task) {
    switch (task) {
    case Task::terminate: return perform_terminate(link);
    case Task::read_remote_version: return perform_read_remote_version(link);
    case Task::read_remote_features: return perform_read_remote_features(link);
    case Task::update_connection:
        if (!reaches(link)) return false;
        update(link, link.wanted_parameters);
        return true;
    case Task::request_parameters: return perform_parameter_request(link);
    case Task::set_phy: return perform_set_phy(link);
    case Task::ask_for_parameters:
        return send(
            Share::procedure,
            hci::LeRemoteConnectionParameterRequest{
                link.handle, link.wanted_interval_min, link.wanted_parameters.interval,
                link.wanted_parameters.latency, link.wanted_parameters.supervision_timeout});
    case Task::report_update:
        return send(Share::procedure,
                    hci::LeConnectionUpdateComplete{
                        link.update_status, link.handle, link.parameters.interval,
                        link.parameters.latency, link.parameters.supervision_timeout});
    case Task::report_data_length: {
        if (link.other == nullptr) return true;
        const DataLength& received = link.other->sent_data_length;
        return send(
            Share::procedure,
            hci::LeDataLengthChange{link.handle, link.sent_data_length.octets,
                                    link.sent_data_length.time, received.octets, received.time});
    }
    case Task::report_phy:
        return send(Share::procedure, hci::LePhyUpdateComplete{link.phy_status, link.handle,
                                                               link.tx_phy, link.rx_phy});
    }
    return true;
}

// ---- termination, versions, features

bool Controller::perform_terminate(Link& link) {
    if (!reaches(link)) return false;
    Link& other = *link.other;
    const Status reason = link.terminate_reason;
    close(link, Status::connection_terminated_by_local_host);
    other.owner->close(other, reason);
    return true;
}

Status Controller::run(const hci::ReadRemoteVersionInformation& command) {
    return request(command.connection_handle, Task::read_remote_version);
}

bool Controller::perform_read_remote_version(Link& link) {
    if (!reaches(link)) return false;
    const Profile& peer = link.other->owner->profile_;
    return send(Share::procedure, hci::ReadRemoteVersionInformationComplete{
                                      Status::success, link.handle, peer.version,
                                      peer.company_identifier, peer.subversion});
}

Status Controller::run(const hci::LeReadRemoteFeatures& command) {
    const Link* const link = find(command.connection_handle);
    if (link != nullptr && link->role == hci::Role::peripheral &&
        !hci::has(profile_.le_features, LeFeature::peripheral_initiated_features_exchange))
        return Status::command_disallowed;
    return request(command.connection_handle, Task::read_remote_features);
}

// Vol 6 Part B 5.1.4: of the first octet only what both have is in use.
bool Controller::perform_read_remote_features(Link& link) {
    if (!reaches(link)) return false;
    const std::uint64_t theirs = link.other->owner->profile_.le_features;
    const bool understood = link.role == hci::Role::central ||
                            hci::has(theirs, LeFeature::peripheral_initiated_features_exchange);
    return send(Share::procedure,
                hci::LeReadRemoteFeaturesComplete{
                    understood ? Status::success : Status::unsupported_remote_feature, link.handle,
                    understood ? theirs & (profile_.le_features | ~std::uint64_t{0xff}) : 0});
}

// ---- connection parameters

Status Controller::run(const hci::LeConnectionUpdate& command) {  // Vol 4 Part E 7.8.18
    Link* const link = find(command.connection_handle);
    if (link == nullptr) return Status::unknown_connection_identifier;
    const bool central = link->role == hci::Role::central;
    // A peripheral can only ask, by the connection parameters request procedure.
    if (!central && !hci::has(profile_.le_features, LeFeature::connection_parameters_request))
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
void Controller::update(Link& link, const ConnectionParameters& parameters) {
    Link& other = *link.other;
    const bool asked = other.procedure.position != Timer::disarmed;
    const bool changed = other.parameters != parameters;
    air_.timers_.disarm(other.procedure);
    link.awaits_parameter_reply = false;
    link.parameters = other.parameters = parameters;
    link.update_status = Status::success;
    raise(link, Task::report_update);
    if (!asked && !changed) return;
    other.update_status = Status::success;
    other.owner->raise(other, Task::report_update);
}

/// The peripheral's question, which the central's host answers (Vol 6 Part B 5.1.7).
bool Controller::perform_parameter_request(Link& link) {
    if (!reaches(link)) return false;
    Link& other = *link.other;
    Controller& central = *other.owner;
    if (!hci::has(central.profile_.le_features, LeFeature::connection_parameters_request) ||
        !central.is_unmasked(hci::LeSubevent::remote_connection_parameter_request)) {
        link.update_status = Status::unsupported_remote_feature;
        raise(link, Task::report_update);
        return true;
    }
    air_.timers_.arm(link.procedure, air_.now_ + procedure_timeout);
    other.awaits_parameter_reply = true;
    other.wanted_interval_min = link.wanted_interval_min;
    other.wanted_parameters = link.wanted_parameters;
    central.raise(other, Task::ask_for_parameters);
    return true;
}

Status Controller::run(const hci::LeRemoteConnectionParameterRequestReply& command) {
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

Status Controller::run(const hci::LeRemoteConnectionParameterRequestNegativeReply& command) {
    Link* const link = find(command.connection_handle);
    if (link == nullptr) return Status::unknown_connection_identifier;
    if (!link->awaits_parameter_reply) return Status::command_disallowed;
    if (command.reason == Status::success) return Status::invalid_hci_command_parameters;
    link->awaits_parameter_reply = false;
    if (!reaches(*link)) return Status::success;  // both ends are about to time out
    Link& other = *link->other;
    air_.timers_.disarm(other.procedure);
    other.update_status = command.reason;
    other.owner->raise(other, Task::report_update);
    return Status::success;
}

// ---- data length

Status Controller::run(const hci::LeSetDataLength& command) {  // Vol 4 Part E 7.8.33
    Link* const link = find(command.connection_handle);
    if (link == nullptr) return Status::unknown_connection_identifier;
    const DataLength wanted{command.tx_octets, command.tx_time};
    if (!is_valid(wanted)) return Status::invalid_hci_command_parameters;
    link->wanted_data_length = wanted;
    update_data_length(*link);
    return Status::success;
}

/// What we send follows from what our host wants and what both can; both hosts hear of a change
/// (Vol 6 Part B 5.1.9).
void Controller::update_data_length(Link& link) {
    constexpr LeFeature feature = LeFeature::data_packet_length_extension;
    if (!reaches(link) || !hci::has(profile_.le_features, feature) ||
        !hci::has(link.other->owner->profile_.le_features, feature))
        return;
    const DataLength length = smaller(link.wanted_data_length, maximum_data_length);
    if (length == link.sent_data_length) return;
    link.sent_data_length = length;
    raise(link, Task::report_data_length);
    link.other->owner->raise(*link.other, Task::report_data_length);
}

hci::LeReadSuggestedDefaultDataLength::Return Controller::run(
    const hci::LeReadSuggestedDefaultDataLength&) {
    return {Status::success, suggested_data_length_.octets, suggested_data_length_.time};
}

Status Controller::run(const hci::LeWriteSuggestedDefaultDataLength& command) {
    const DataLength suggested{command.suggested_max_tx_octets, command.suggested_max_tx_time};
    if (!is_valid(suggested)) return Status::invalid_hci_command_parameters;
    suggested_data_length_ = suggested;
    return Status::success;
}

hci::LeReadMaximumDataLength::Return Controller::run(const hci::LeReadMaximumDataLength&) {
    return {Status::success, maximum_data_length.octets, maximum_data_length.time,
            maximum_data_length.octets, maximum_data_length.time};
}

// ---- physical layers

hci::LeReadPhy::Return Controller::run(const hci::LeReadPhy& command) {
    const Link* const link = find(command.connection_handle);
    if (link == nullptr)
        return {Status::unknown_connection_identifier, command.connection_handle, {}, {}};
    return {Status::success, command.connection_handle, link->tx_phy, link->rx_phy};
}

Status Controller::run(const hci::LeSetDefaultPhy& command) {  // Vol 4 Part E 7.8.48
    const Status status =
        check_phys(command.all_phys, command.tx_phys, command.rx_phys, supported_phys);
    if (status != Status::success) return status;
    default_tx_phys_ = (command.all_phys & 1) != 0 ? supported_phys : command.tx_phys;
    default_rx_phys_ = (command.all_phys & 2) != 0 ? supported_phys : command.rx_phys;
    return Status::success;
}

Status Controller::run(const hci::LeSetPhy& command) {  // Vol 4 Part E 7.8.49
    Link* const link = find(command.connection_handle);
    if (link == nullptr) return Status::unknown_connection_identifier;
    const Status status =
        check_phys(command.all_phys, command.tx_phys, command.rx_phys, supported_phys);
    if (status != Status::success) return status;
    if (command.phy_options > 2) return Status::invalid_hci_command_parameters;
    if (link->has(Task::set_phy)) return Status::command_disallowed;
    link->wanted_tx_phys = (command.all_phys & 1) != 0 ? supported_phys : command.tx_phys;
    link->wanted_rx_phys = (command.all_phys & 2) != 0 ? supported_phys : command.rx_phys;
    raise(*link, Task::set_phy);
    return Status::success;
}

// Our host hears how it went in any case, the peer's when something changed (Vol 6 Part B 5.1.10).
bool Controller::perform_set_phy(Link& link) {
    if (!reaches(link)) return false;
    Link& other = *link.other;
    const Controller& peer = *other.owner;
    const bool understood = hci::has(peer.profile_.le_features, LeFeature::le_2m_phy);
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
            other.owner->raise(other, Task::report_phy);
        }
    }
    raise(link, Task::report_phy);
    return true;
}

}  // namespace bluetooth::virtual_controller
