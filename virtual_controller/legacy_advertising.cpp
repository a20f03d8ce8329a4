// SPDX-License-Identifier: MIT
//
// The commands of legacy advertising, Core 4.0.
#include "virtual_controller/advertiser.hpp"
#include "virtual_controller/controller.hpp"

namespace bluetooth::virtual_controller {

using hci::AdvertisingType;
using hci::Status;
using namespace std::chrono_literals;

namespace {

constexpr Units625us shortest_interval{0x0020};
constexpr Units625us longest_interval{0x4000};
// Before Core 5.0 for what cannot be connected to (Core 4.2 Vol 2 Part E 7.8.5)
constexpr Units625us shortest_non_connectable_interval{0x00a0};
constexpr Duration high_duty_limit = 1280ms;  // Vol 4 Part E 7.8.9

std::uint16_t properties_of(AdvertisingType type) {  // Vol 4 Part E 7.8.53
    switch (type) {
    case AdvertisingType::adv_ind: break;
    case AdvertisingType::adv_direct_ind_high_duty: return legacy_adv_direct_ind_high_duty;
    case AdvertisingType::adv_scan_ind: return legacy_adv_scan_ind;
    case AdvertisingType::adv_nonconn_ind: return legacy_adv_nonconn_ind;
    case AdvertisingType::adv_direct_ind_low_duty: return legacy_adv_direct_ind_low_duty;
    }
    return legacy_adv_ind;
}

}  // namespace

Status Advertiser::run(const hci::LeSetAdvertisingParameters& command) {  // Vol 4 Part E 7.8.5
    constexpr Status invalid = Status::invalid_hci_command_parameters;
    if (legacy().enabled) return Status::command_disallowed;
    const AdvertisingType type = command.advertising_type;
    if (type > AdvertisingType::adv_direct_ind_low_duty) return invalid;
    const std::uint16_t properties = properties_of(type);
    if (type != AdvertisingType::adv_direct_ind_high_duty) {
        const bool connectable = (properties & property::connectable) != 0;
        const bool before_5_0 = controller_.profile().version < hci::CoreVersion::v5_0;
        const Units625us shortest =
            !connectable && before_5_0 ? shortest_non_connectable_interval : shortest_interval;
        if (command.advertising_interval_min < shortest ||
            command.advertising_interval_max > longest_interval ||
            command.advertising_interval_min > command.advertising_interval_max)
            return invalid;
    }
    if (!controller_.addresses().knows(command.own_address_type) ||
        command.peer_address_type > AddressType::random_device ||
        command.advertising_channel_map == 0 ||
        command.advertising_channel_map > hci::all_advertising_channels ||
        command.advertising_filter_policy > hci::AdvertisingFilterPolicy::all_from_accept_list)
        return invalid;
    AdvertisingSet::Parameters& parameters = legacy().parameters;
    parameters.properties = properties;
    parameters.interval = command.advertising_interval_min;
    parameters.channel_map = command.advertising_channel_map;
    parameters.own_address_type = command.own_address_type;
    parameters.peer = {command.peer_address_type, command.peer_address};
    parameters.filter_policy = command.advertising_filter_policy;
    return Status::success;
}

hci::LeReadAdvertisingPhysicalChannelTxPower::Return Advertiser::run(
    const hci::LeReadAdvertisingPhysicalChannelTxPower&) {
    return {Status::success, default_tx_power};
}

Status Advertiser::run(const hci::LeSetAdvertisingData& command) {  // Vol 4 Part E 7.8.7
    if (command.advertising_data_length > command.advertising_data.size())
        return Status::invalid_hci_command_parameters;
    legacy().data.set(Bytes{command.advertising_data}.first(command.advertising_data_length));
    return Status::success;
}

Status Advertiser::run(const hci::LeSetScanResponseData& command) {  // Vol 4 Part E 7.8.8
    if (command.scan_response_data_length > command.scan_response_data.size())
        return Status::invalid_hci_command_parameters;
    legacy().response.set(
        Bytes{command.scan_response_data}.first(command.scan_response_data_length));
    return Status::success;
}

Status Advertiser::run(const hci::LeSetAdvertisingEnable& command) {  // Vol 4 Part E 7.8.9
    if (command.advertising_enable > hci::Enable::enabled)
        return Status::invalid_hci_command_parameters;
    AdvertisingSet& set = legacy();
    if (command.advertising_enable == hci::Enable::disabled) {
        stop(set);
        return Status::success;
    }
    set.random_address = controller_.addresses().random_address();
    if (!has_addresses(set)) return Status::invalid_hci_command_parameters;
    if (set.is_connectable() && !controller_.links().have_room())
        return Status::connection_limit_exceeded;
    start(set, set.is_high_duty() ? high_duty_limit : Duration::zero(), 0);
    return Status::success;
}

}  // namespace bluetooth::virtual_controller
