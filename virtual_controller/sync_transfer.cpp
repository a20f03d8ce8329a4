// SPDX-License-Identifier: MIT
//
// Periodic advertising trains that are handed over on a link (Vol 6 Part B 5.1.13).
#include "virtual_controller/air.hpp"
#include "virtual_controller/controller.hpp"
#include "virtual_controller/synchronizer.hpp"

namespace bluetooth::virtual_controller {

using hci::LeFeature;
using hci::Status;
using hci::SyncTransferMode;

namespace {

// Vol 4 Part E 7.8.91 and 7.8.92
template <class Command> Status check(const Command& command) {
    if (command.mode > SyncTransferMode::with_filtered_reports ||
        command.skip > longest_sync_skip || (command.cte_type & ~0x1f) != 0 ||
        (command.mode != SyncTransferMode::ignore &&
         (command.sync_timeout < shortest_sync_timeout ||
          command.sync_timeout > longest_sync_timeout)))
        return Status::invalid_hci_command_parameters;
    // Duplicates are told by the ADI of periodic advertising, which is another feature.
    return command.mode == SyncTransferMode::with_filtered_reports
               ? Status::unsupported_feature_or_parameter_value
               : Status::success;
}

}  // namespace

Status Synchronizer::run(const hci::LeSetPeriodicAdvertisingSyncTransferParameters& command) {
    Link* const link = controller_.links().find(command.connection_handle);
    if (link == nullptr) return Status::unknown_connection_identifier;
    const Status status = check(command);
    if (status == Status::success)
        link->sync_transfer = {command.mode, command.skip, command.sync_timeout};
    return status;
}

Status Synchronizer::run(
    const hci::LeSetDefaultPeriodicAdvertisingSyncTransferParameters& command) {
    const Status status = check(command);
    if (status == Status::success) by_default_ = {command.mode, command.skip, command.sync_timeout};
    return status;
}

Status Synchronizer::run(const hci::LePeriodicAdvertisingSyncTransfer& command) {  // 7.8.89
    const Sync* const sync = find(command.sync_handle);
    if (sync == nullptr) return Status::unknown_advertising_identifier;
    return transfer(command.connection_handle, command.service_data, sync->train);
}

Status Synchronizer::run(const hci::LePeriodicAdvertisingSetInfoTransfer& command) {  // 7.8.90
    const AdvertisingSet* const set = controller_.advertiser().find(command.advertising_handle);
    if (set == nullptr) return Status::unknown_advertising_identifier;
    if (!set->periodic.running) return Status::command_disallowed;
    return transfer(command.connection_handle, command.service_data,
                    {set->periodic.identifier, set->own, set->parameters.sid,
                     set->parameters.secondary_phy, set->periodic.interval});
}

/// LL_PERIODIC_SYNC_IND to the peer of the link.
Status Synchronizer::transfer(hci::ConnectionHandle handle, std::uint16_t service_data,
                              const Train& train) {
    const Link* const link = controller_.links().find(handle);
    if (link == nullptr) return Status::unknown_connection_identifier;
    if (link->other == nullptr) return Status::success;  // nobody hears it any more
    Controller& peer = link->other->owner->controller();
    if (!peer.profile().has(LeFeature::periodic_advertising_sync_transfer_recipient))
        return Status::unsupported_remote_feature;
    if (controller_.air().in_reach(controller_, peer, link->tx_phy))
        peer.synchronizer().receive_transfer(*link->other, service_data, train);
    return Status::success;
}

void Synchronizer::receive_transfer(const Link& link, std::uint16_t service_data,
                                    const Train& train) {
    const SyncTransferParameters& parameters = link.sync_transfer;
    if (parameters.mode == SyncTransferMode::ignore || !can_follow(train)) return;
    (void)begin(train, Transfer{link.handle, service_data},
                parameters.mode == SyncTransferMode::with_reports, parameters.skip,
                parameters.timeout);
}

}  // namespace bluetooth::virtual_controller
