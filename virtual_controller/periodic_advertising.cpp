// SPDX-License-Identifier: MIT
//
// Periodic advertising (Vol 6 Part B 4.4.2.12): its commands, and its events on the air.
#include "virtual_controller/advertiser.hpp"
#include "virtual_controller/air.hpp"
#include "virtual_controller/controller.hpp"
#include "virtual_controller/radio.hpp"

namespace bluetooth::virtual_controller {

using hci::DataOperation;
using hci::Status;

namespace {

constexpr Status invalid = Status::invalid_hci_command_parameters;
constexpr Units1250us shortest_interval{0x0006};
// What a set with a train must not be (Vol 4 Part E 7.8.61)
constexpr std::uint16_t not_with_train =
    property::connectable | property::scannable | property::legacy | property::anonymous;

}  // namespace

Status Advertiser::run(const hci::LeSetPeriodicAdvertisingParameters& command) {  // 7.8.61
    AdvertisingSet* const set = find(command.advertising_handle);
    if (set == nullptr) return Status::unknown_advertising_identifier;
    if (set->has(not_with_train) || command.periodic_advertising_interval_min < shortest_interval ||
        command.periodic_advertising_interval_min > command.periodic_advertising_interval_max ||
        (command.periodic_advertising_properties & ~hci::periodic_include_tx_power) != 0)
        return invalid;
    PeriodicTrain& train = set->periodic;
    if (train.enabled) return Status::command_disallowed;
    if (air_time(set->parameters.secondary_phy, train.data.size()) >
        command.periodic_advertising_interval_max)
        return Status::packet_too_long;
    train.configured = true;
    train.interval = command.periodic_advertising_interval_max;
    train.properties = command.periodic_advertising_properties;
    return Status::success;
}

Status Advertiser::run(const hci::LeSetPeriodicAdvertisingData& command) {  // Vol 4 Part E 7.8.62
    AdvertisingSet* const set = find(command.advertising_handle);
    if (set == nullptr) return Status::unknown_advertising_identifier;
    PeriodicTrain& train = set->periodic;
    const Bytes fragment = command.advertising_data.octets;
    if (!train.configured) return Status::command_disallowed;
    if (command.operation == DataOperation::unchanged)
        return train.enabled && fragment.empty() ? Status::success : invalid;
    if (command.operation > DataOperation::complete) return invalid;
    const bool whole = command.operation == DataOperation::complete;
    if (!whole && fragment.empty()) return invalid;
    if (train.enabled && !whole) return Status::command_disallowed;
    const bool continues = command.operation == DataOperation::intermediate_fragment ||
                           command.operation == DataOperation::last_fragment;
    if (continues && train.data.complete()) return invalid;
    const std::size_t size = fragment.size() + (continues ? train.data.size() : 0);
    if (air_time(set->parameters.secondary_phy, size) > train.interval)
        return Status::packet_too_long;
    return train.data.add(command.operation, fragment);
}

Status Advertiser::run(const hci::LeSetPeriodicAdvertisingEnable& command) {  // 7.8.63
    AdvertisingSet* const set = find(command.advertising_handle);
    if (set == nullptr) return Status::unknown_advertising_identifier;
    if ((command.enable & ~(hci::enable_periodic_advertising | hci::include_adi)) != 0)
        return invalid;
    if ((command.enable & hci::include_adi) != 0)
        return Status::unsupported_feature_or_parameter_value;
    PeriodicTrain& train = set->periodic;
    if ((command.enable & hci::enable_periodic_advertising) == 0) {
        train.enabled = false;
        stop_train(*set);
        return Status::success;
    }
    if (!train.configured || !train.data.complete()) return Status::command_disallowed;
    if (set->has(not_with_train)) return invalid;  // its parameters have changed since
    train.enabled = true;
    // Nobody can find the train before the set advertises; then it goes on by itself.
    if (set->enabled) start_train(*set);
    return Status::success;
}

void Advertiser::start_train(AdvertisingSet& set) {
    PeriodicTrain& train = set.periodic;
    if (train.running) return;
    Air& air = controller_.air();
    train.running = true;
    train.identifier = air.next_train();
    air.timers().arm(train.timer, air.now() + train.interval);
}

void Advertiser::stop_train(AdvertisingSet& set) {
    set.periodic.running = false;
    controller_.air().timers().disarm(set.periodic.timer);
}

void Advertiser::on_periodic_event(AdvertisingSet& set, Time due) {
    Air& air = controller_.air();
    if (controller_.reachable()) air.broadcast_train(controller_, set);
    air.timers().arm(set.periodic.timer, due + set.periodic.interval);
}

}  // namespace bluetooth::virtual_controller
