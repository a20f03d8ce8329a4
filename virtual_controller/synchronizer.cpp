// SPDX-License-Identifier: MIT
#include "virtual_controller/synchronizer.hpp"

#include <algorithm>
#include <utility>

#include "virtual_controller/air.hpp"
#include "virtual_controller/controller.hpp"

namespace bluetooth::virtual_controller {

using hci::DataStatus;
using hci::Status;

namespace {

constexpr Status invalid = Status::invalid_hci_command_parameters;
constexpr std::uint8_t last_sid = 0x0f;
constexpr std::uint8_t known_cte_types = 0x1f;
// A report's data (Vol 4 Part E 7.7.65.15), and what its event needs beside
constexpr std::size_t max_report_data = 247;
constexpr std::size_t report_overhead = 11;
constexpr int events_to_establish = 6;  // Vol 6 Part B 4.4.5.1

}  // namespace

Synchronizer::Synchronizer(Controller& controller)
    : controller_(controller), syncs_(controller.profile().periodic_syncs) {
    for (std::size_t i = 0; i < syncs_.size(); ++i)
        syncs_[i].timer = {&controller, Timer::Kind::synchronization, static_cast<std::uint8_t>(i)};
}

void Synchronizer::reset() {
    for (Sync& sync : syncs_)
        if (sync.in_use) end(sync);
    search_.reset();
    cancelled_ = false;
    advertisers_.clear();
    by_default_ = {};
}

hci::SyncHandle Synchronizer::handle_of(const Sync& sync) const {
    return hci::SyncHandle{static_cast<std::uint16_t>(&sync - syncs_.data())};
}

Synchronizer::Sync* Synchronizer::find(hci::SyncHandle handle) {
    const auto index = static_cast<std::size_t>(handle);
    return index < syncs_.size() && syncs_[index].established && !syncs_[index].lost
               ? &syncs_[index]
               : nullptr;
}

bool Synchronizer::follows(const Train& train) const {
    return std::ranges::any_of(syncs_, [&](const Sync& sync) {
        return sync.in_use && sync.train.identifier == train.identifier;
    });
}

bool Synchronizer::can_follow(const Train& train) const {
    return controller_.profile().has_phy(train.phy) && !follows(train);
}

bool Synchronizer::searching() const {
    return search_ || std::ranges::any_of(syncs_, [](const Sync& sync) {
               return sync.in_use && !sync.established && !sync.transfer;
           });
}

/// Null where as many are followed as can be.
Synchronizer::Sync* Synchronizer::begin(const Train& train, const std::optional<Transfer>& transfer,
                                        bool reports, std::uint16_t skip, Units10ms timeout) {
    const auto place = std::ranges::find(syncs_, false, &Sync::in_use);
    if (place == syncs_.end()) return nullptr;
    Air& air = controller_.air();
    const Timer timer = place->timer;
    *place = {true, false, false, train, transfer, reports, skip, 0, timeout, timer};
    air.timers().arm(place->timer, air.now() + events_to_establish * train.interval);
    air.set_following(controller_, true);
    return &*place;
}

void Synchronizer::end(Sync& sync) {
    controller_.air().timers().disarm(sync.timer);
    sync.in_use = sync.established = sync.lost = false;
    if (std::ranges::none_of(syncs_, &Sync::in_use))
        controller_.air().set_following(controller_, false);
}

void Synchronizer::on_timer(const Timer& timer) {
    syncs_[timer.which].lost = true;
    controller_.mark_unsettled();
}

bool Synchronizer::settle() {
    bool done = report_cancelled();
    for (Sync& sync : syncs_) {
        if (!sync.lost) continue;
        if (report_end(sync))
            end(sync);
        else
            done = false;
    }
    return done;
}

bool Synchronizer::report_end(const Sync& sync) {
    if (!sync.established) return report_begin(sync, Status::connection_failed_to_be_established);
    return controller_.host().send(Share::procedure,
                                   hci::LePeriodicAdvertisingSyncLost{handle_of(sync)});
}

void Synchronizer::hear(const AdvertisingSet& set) {
    if (!search_) return;
    const Device advertiser = controller_.addresses().identify(set.own).listed;
    const Advertiser heard{advertiser, set.parameters.sid};
    const bool wanted = search_->by_list
                            ? std::ranges::find(advertisers_, heard) != advertisers_.end()
                            : heard == search_->wanted;
    const Train train{set.periodic.identifier, set.own, set.parameters.sid,
                      set.parameters.secondary_phy, set.periodic.interval};
    if (!wanted || !can_follow(train)) return;
    if (begin(train, std::nullopt, search_->reports, search_->skip, search_->timeout) != nullptr)
        search_.reset();
}

void Synchronizer::hear_train(Controller& advertiser, const AdvertisingSet& set) {
    Air& air = controller_.air();
    for (Sync& sync : syncs_) {
        if (!sync.in_use || sync.lost || sync.train.identifier != set.periodic.identifier) continue;
        if (sync.to_skip > 0) {
            --sync.to_skip;
            continue;
        }
        if (!air.in_reach(advertiser, controller_, set.parameters.secondary_phy)) continue;
        // AUX_SYNC_IND, then the AUX_CHAIN_INDs as far as they come through
        const auto data = air.receive_chain(set.periodic.data.bytes());
        if (!data) continue;
        const std::int8_t rssi = air.rssi(advertiser, controller_, set.parameters.tx_power);
        if (!sync.established) {
            if (!report_begin(sync, Status::success)) continue;
            sync.established = true;
        }
        sync.to_skip = sync.skip;
        air.timers().arm(sync.timer, air.now() + sync.timeout);
        if (sync.reports) report(sync, rssi, set, *data);
    }
}

/// Sync Established, or Sync Transfer Received where the train came over a link.
bool Synchronizer::report_begin(const Sync& sync, Status status) {
    HostPort& host = controller_.host();
    const Train& train = sync.train;
    const Device advertiser = controller_.addresses().identify(train.advertiser).reported;
    if (sync.transfer)
        return host.send(
            Share::procedure,
            hci::LePeriodicAdvertisingSyncTransferReceived{
                status, sync.transfer->link, sync.transfer->service_data, handle_of(sync),
                train.sid, advertiser.type, advertiser.address, train.phy, train.interval, 0});
    return host.send(Share::procedure, hci::LePeriodicAdvertisingSyncEstablished{
                                           status, handle_of(sync), train.sid, advertiser.type,
                                           advertiser.address, train.phy, train.interval, 0});
}

void Synchronizer::report(const Sync& sync, std::int8_t rssi, const AdvertisingSet& set,
                          Bytes data) {
    const DataStatus last =
        data.size() < set.periodic.data.size() ? DataStatus::truncated : DataStatus::complete;
    HostPort& host = controller_.host();
    const std::size_t events =
        std::max<std::size_t>((data.size() + max_report_data - 1) / max_report_data, 1);
    if (!host.fits(Share::report, events * report_overhead + data.size())) {
        ++host.counters.missed_reports;
        return;
    }
    const bool with_power = (set.periodic.properties & hci::periodic_include_tx_power) != 0;
    const std::int8_t tx_power = with_power ? set.parameters.tx_power : hci::power_not_available;
    do {
        const std::size_t size = std::min(data.size(), max_report_data);
        const DataStatus status = size < data.size() ? DataStatus::more_to_come : last;
        (void)host.send(Share::report,
                        hci::LePeriodicAdvertisingReport{handle_of(sync),
                                                         tx_power,
                                                         rssi,
                                                         hci::no_constant_tone_extension,
                                                         status,
                                                         {data.first(size)}});
        data = data.subspan(size);
    } while (!data.empty());
}

bool Synchronizer::report_cancelled() {
    if (!std::exchange(cancelled_, false)) return true;
    hci::LePeriodicAdvertisingSyncEstablished event{};
    event.status = Status::operation_cancelled_by_host;
    cancelled_ = !controller_.host().send(Share::procedure, event);
    return !cancelled_;
}

// ---- the commands

Status Synchronizer::run(const hci::LePeriodicAdvertisingCreateSync& command) {  // 7.8.67
    constexpr std::uint8_t known = hci::sync_to_periodic_advertiser_list |
                                   hci::sync_without_reports | hci::sync_filters_duplicates;
    if (searching() || cancelled_) return Status::command_disallowed;
    const bool by_list = (command.options & hci::sync_to_periodic_advertiser_list) != 0;
    if ((command.options & ~known) != 0 || command.skip > longest_sync_skip ||
        command.sync_timeout < shortest_sync_timeout ||
        command.sync_timeout > longest_sync_timeout ||
        (command.sync_cte_type & ~known_cte_types) != 0 ||
        (!by_list && (command.advertising_sid > last_sid ||
                      command.advertiser_address_type > AddressType::random_device)))
        return invalid;
    // Duplicates are told by the ADI of periodic advertising, which is another feature.
    if ((command.options & hci::sync_filters_duplicates) != 0)
        return Status::unsupported_feature_or_parameter_value;
    const Advertiser wanted{{command.advertiser_address_type, command.advertiser_address},
                            command.advertising_sid};
    const bool already = std::ranges::any_of(syncs_, [&](const Sync& sync) {
        const Device advertiser = controller_.addresses().identify(sync.train.advertiser).listed;
        return sync.in_use && Advertiser{advertiser, sync.train.sid} == wanted;
    });
    if (!by_list && already) return Status::connection_already_exists;
    if (std::ranges::find(syncs_, false, &Sync::in_use) == syncs_.end())
        return Status::memory_capacity_exceeded;
    search_ = {by_list, wanted, (command.options & hci::sync_without_reports) == 0, command.skip,
               command.sync_timeout};
    return Status::success;
}

// Its answer comes first, then Sync Established (Vol 4 Part E 7.8.68).
Status Synchronizer::run(const hci::LePeriodicAdvertisingCreateSyncCancel&) {
    if (search_) {
        search_.reset();
    } else {  // found, but not yet heard
        const auto found = std::ranges::find_if(syncs_, [](const Sync& sync) {
            return sync.in_use && !sync.established && !sync.transfer;
        });
        if (found == syncs_.end()) return Status::command_disallowed;
        end(*found);
    }
    cancelled_ = true;
    controller_.mark_unsettled();
    return Status::success;
}

Status Synchronizer::run(const hci::LePeriodicAdvertisingTerminateSync& command) {  // 7.8.69
    if (!is_valid(command.sync_handle)) return invalid;
    Sync* const sync = find(command.sync_handle);
    if (sync == nullptr) return Status::unknown_advertising_identifier;
    end(*sync);
    return Status::success;
}

Status Synchronizer::run(const hci::LeAddDeviceToPeriodicAdvertiserList& command) {  // 7.8.70
    if (searching()) return Status::command_disallowed;
    if (command.advertiser_address_type > AddressType::random_device ||
        command.advertising_sid > last_sid)
        return invalid;
    const Advertiser advertiser{{command.advertiser_address_type, command.advertiser_address},
                                command.advertising_sid};
    if (std::ranges::find(advertisers_, advertiser) != advertisers_.end()) return invalid;
    if (advertisers_.size() == controller_.profile().periodic_advertiser_list_size)
        return Status::memory_capacity_exceeded;
    advertisers_.push_back(advertiser);
    return Status::success;
}

Status Synchronizer::run(const hci::LeRemoveDeviceFromPeriodicAdvertiserList& command) {
    if (searching()) return Status::command_disallowed;
    if (command.advertiser_address_type > AddressType::random_device ||
        command.advertising_sid > last_sid)
        return invalid;
    const Advertiser advertiser{{command.advertiser_address_type, command.advertiser_address},
                                command.advertising_sid};
    return std::erase(advertisers_, advertiser) > 0 ? Status::success
                                                    : Status::unknown_advertising_identifier;
}

Status Synchronizer::run(const hci::LeClearPeriodicAdvertiserList&) {  // Vol 4 Part E 7.8.72
    if (searching()) return Status::command_disallowed;
    advertisers_.clear();
    return Status::success;
}

hci::LeReadPeriodicAdvertiserListSize::Return Synchronizer::run(
    const hci::LeReadPeriodicAdvertiserListSize&) {
    return {Status::success, controller_.profile().periodic_advertiser_list_size};
}

Status Synchronizer::run(const hci::LeSetPeriodicAdvertisingReceiveEnable& command) {  // 7.8.88
    constexpr std::uint8_t known =
        hci::report_periodic_advertising | hci::filter_periodic_duplicates;
    if (!is_valid(command.sync_handle) || (command.enable & ~known) != 0) return invalid;
    Sync* const sync = find(command.sync_handle);
    if (sync == nullptr) return Status::unknown_advertising_identifier;
    if ((command.enable & hci::filter_periodic_duplicates) != 0)
        return Status::unsupported_feature_or_parameter_value;
    sync->reports = (command.enable & hci::report_periodic_advertising) != 0;
    return Status::success;
}

}  // namespace bluetooth::virtual_controller
