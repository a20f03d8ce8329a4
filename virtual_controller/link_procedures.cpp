// SPDX-License-Identifier: MIT
//
// What is to be done for a link, and the procedures that end at once: termination, exchange of
// versions and features (Vol 6 Part B 5.1).
#include "virtual_controller/air.hpp"
#include "virtual_controller/controller.hpp"
#include "virtual_controller/links.hpp"

namespace bluetooth::virtual_controller {

using hci::LeFeature;
using hci::Status;

/// Begins a procedure for our host, unless it is under way.
Status Links::request(hci::ConnectionHandle handle, Task task) {
    Link* const link = find(handle);
    if (link == nullptr) return Status::unknown_connection_identifier;
    if (link->has(task)) return Status::command_disallowed;
    raise(*link, task);
    return Status::success;
}

/// Leaves a task to be done after what is going on.
void Links::raise(Link& link, Task task) {
    if (!link.open) return;
    link.add(task);
    controller_.mark_unsettled();
}

// What a command has begun comes after the command's answer, and what was stuck after it came
// unstuck. A task may raise others, here or at peers: those are for the next round.
bool Links::settle() {
    on_host_room();
    bool done = true;
    const bool timing = controller_.air().model().timing;
    for (Link& link : links_) {
        std::uint32_t rest = link.tasks;
        if (timing && (rest & tasks_on_the_air) != 0) {
            schedule_event(link);
            rest &= ~tasks_on_the_air;
        }
        for (; link.open && rest != 0; rest &= rest - 1) {
            const Task task{rest & (~rest + 1)};
            link.remove(task);
            const bool on_the_air = (static_cast<std::uint32_t>(task) & tasks_on_the_air) != 0;
            if (on_the_air ? perform(link, task) : report(link, task)) continue;
            link.add(task);
            if (!on_the_air) done = false;
        }
    }
    return done;
}

/// Does a task between the two ends; false while they do not reach each other.
bool Links::perform(Link& link, Task task) {
    if (!reaches(link)) return false;
    switch (task) {
    case Task::terminate: perform_terminate(link); break;
    case Task::read_remote_version: raise(link, Task::report_version); break;
    case Task::read_remote_features: raise(link, Task::report_features); break;
    case Task::update_connection: update(link); break;
    case Task::request_parameters: request_parameters(link); break;
    case Task::reject_parameters: reject_parameters(link); break;
    case Task::set_phy: set_phy(link); break;
    case Task::update_data_length: update_data_length(link); break;
    case Task::request_encryption: request_encryption(link); break;
    case Task::reject_encryption: reject_encryption(link); break;
    case Task::start_encryption: start_encryption(link); break;
    default: break;
    }
    return true;
}

/// Tells the host; false when there is no room in its queue.
bool Links::report(Link& link, Task task) {
    HostPort& host = controller_.host();
    const Profile* const peer =
        link.other == nullptr ? nullptr : &link.other->owner->controller_.profile();
    switch (task) {
    case Task::ask_for_parameters:
        return host.send(
            Share::procedure,
            hci::LeRemoteConnectionParameterRequest{
                link.handle, link.wanted_interval_min, link.wanted_parameters.interval,
                link.wanted_parameters.latency, link.wanted_parameters.supervision_timeout});
    case Task::ask_for_key:
        return host.send(
            Share::procedure,
            hci::LeLongTermKeyRequest{link.handle, link.random_number, link.encrypted_diversifier});
    case Task::report_version:
        return peer == nullptr ||
               host.send(Share::procedure, hci::ReadRemoteVersionInformationComplete{
                                               Status::success, link.handle, peer->version,
                                               peer->company_identifier, peer->subversion});
    case Task::report_features: {
        if (peer == nullptr) return true;
        // Vol 6 Part B 5.1.4: of the first octet only what both have is in use.
        const bool understood = link.role == hci::Role::central ||
                                peer->has(LeFeature::peripheral_initiated_features_exchange);
        const std::uint64_t features =
            peer->le_features & (controller_.profile().le_features | ~std::uint64_t{0xff});
        return host.send(Share::procedure,
                         hci::LeReadRemoteFeaturesComplete{
                             understood ? Status::success : Status::unsupported_remote_feature,
                             link.handle, understood ? features : 0});
    }
    case Task::report_update:
        return host.send(Share::procedure,
                         hci::LeConnectionUpdateComplete{
                             link.update_status, link.handle, link.parameters.interval,
                             link.parameters.latency, link.parameters.supervision_timeout});
    case Task::report_data_length: {
        if (link.other == nullptr) return true;
        const DataLength& received = link.other->sent_data_length;
        return host.send(
            Share::procedure,
            hci::LeDataLengthChange{link.handle, link.sent_data_length.octets,
                                    link.sent_data_length.time, received.octets, received.time});
    }
    case Task::report_phy:
        return host.send(Share::procedure, hci::LePhyUpdateComplete{link.phy_status, link.handle,
                                                                    link.tx_phy, link.rx_phy});
    case Task::report_encryption: {
        const Status status = link.encryption_status;
        if (status == Status::success && link.encrypted)
            return host.send(Share::procedure,
                             hci::EncryptionKeyRefreshComplete{status, link.handle});
        const auto enabled =
            status == Status::success ? hci::Enable::enabled : hci::Enable::disabled;
        if (!host.send(Share::procedure, hci::EncryptionChange{status, link.handle, enabled}))
            return false;
        link.encrypted = status == Status::success;
        return true;
    }
    case Task::report_payload_timeout:
        return host.send(Share::procedure, hci::AuthenticatedPayloadTimeoutExpired{link.handle});
    default: return true;
    }
}

void Links::perform_terminate(Link& link) {
    Link& other = *link.other;
    const Status reason = link.terminate_reason;
    close(link, Status::connection_terminated_by_local_host);
    other.owner->close(other, reason);
}

Status Links::run(const hci::ReadRemoteVersionInformation& command) {  // Vol 4 Part E 7.1.23
    return request(command.connection_handle, Task::read_remote_version);
}

Status Links::run(const hci::LeReadRemoteFeatures& command) {  // Vol 4 Part E 7.8.21
    const Link* const link = find(command.connection_handle);
    if (link != nullptr && link->role == hci::Role::peripheral &&
        !controller_.profile().has(LeFeature::peripheral_initiated_features_exchange))
        return Status::command_disallowed;
    return request(command.connection_handle, Task::read_remote_features);
}

}  // namespace bluetooth::virtual_controller
