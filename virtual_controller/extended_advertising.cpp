// SPDX-License-Identifier: MIT
//
// The commands of extended advertising, Core 5.0.
#include <algorithm>

#include "virtual_controller/advertiser.hpp"
#include "virtual_controller/controller.hpp"
#include "virtual_controller/radio.hpp"

namespace bluetooth::virtual_controller {

using hci::DataOperation;
using hci::Status;
using namespace std::chrono_literals;

namespace {

constexpr Status invalid = Status::invalid_hci_command_parameters;

constexpr LongUnits625us shortest_interval{0x20};
constexpr std::uint8_t last_sid = 0x0f;
constexpr Duration high_duty_limit = 1280ms;  // Vol 4 Part E 7.8.56
// Of the data of a connectable set, which must fit one AUX_ADV_IND: 255 octets less the extended
// header with AdvA, TargetA, ADI and TxPower (Vol 6 Part B 2.3.4)
constexpr std::size_t max_connectable_data = 255 - (2 + 6 + 6 + 2 + 1);

// Vol 4 Part E 7.8.53
bool is_valid_combination(std::uint16_t properties) {
    constexpr std::uint16_t known = property::connectable | property::scannable |
                                    property::directed | property::high_duty_cycle |
                                    property::legacy | property::anonymous |
                                    property::include_tx_power;
    const auto has = [&](std::uint16_t bits) { return (properties & bits) == bits; };
    if ((properties & ~unsigned{known}) != 0) return false;
    if (has(property::legacy))
        return properties == legacy_adv_ind || properties == legacy_adv_scan_ind ||
               properties == legacy_adv_nonconn_ind ||
               properties == legacy_adv_direct_ind_low_duty ||
               properties == legacy_adv_direct_ind_high_duty;
    return !has(property::connectable | property::scannable) && !has(property::high_duty_cycle) &&
           !has(property::anonymous | property::connectable) &&
           !has(property::anonymous | property::scannable);
}

bool may_have_data(std::uint16_t properties) {
    const bool legacy = (properties & property::legacy) != 0;
    return legacy ? (properties & property::directed) == 0
                  : (properties & property::scannable) == 0;
}

/// Whether the PDUs that carry so much data end before the next advertising event begins.
bool fits_interval(const AdvertisingSet& set, std::size_t size) {
    return air_time(set.parameters.secondary_phy, size) <= set.parameters.interval;
}

}  // namespace

Status Advertiser::run(const hci::LeSetAdvertisingSetRandomAddress& command) {
    AdvertisingSet* const set = find(command.advertising_handle);
    if (set == nullptr) return Status::unknown_advertising_identifier;
    if (set->enabled && set->is_connectable()) return Status::command_disallowed;
    if (!is_random(command.random_address)) return invalid;
    set->random_address = command.random_address;
    if (set->enabled) take_addresses(*set);
    return Status::success;
}

Status Advertiser::check(const hci::LeSetExtendedAdvertisingParameters& command) const {
    const Profile& profile = controller_.profile();
    const std::uint16_t properties = command.advertising_event_properties;
    if (!is_valid(command.advertising_handle) || !is_valid_combination(properties)) return invalid;
    const bool legacy = (properties & property::legacy) != 0;
    if ((properties & property::high_duty_cycle) == 0 &&
        (command.primary_advertising_interval_min < shortest_interval ||
         command.primary_advertising_interval_min > command.primary_advertising_interval_max))
        return invalid;
    if (command.primary_advertising_channel_map == 0 ||
        command.primary_advertising_channel_map > hci::all_advertising_channels ||
        !controller_.addresses().knows(command.own_address_type) ||
        command.peer_address_type > AddressType::random_device ||
        command.advertising_filter_policy > hci::AdvertisingFilterPolicy::all_from_accept_list ||
        command.advertising_sid > last_sid ||
        command.scan_request_notification_enable > hci::Enable::enabled)
        return invalid;
    const int tx_power = command.advertising_tx_power;
    if ((tx_power < -127 || tx_power > 20) && tx_power != hci::no_tx_power_preference)
        return invalid;
    if (legacy)
        return command.primary_advertising_phy == hci::Phy::le_1m ? Status::success : invalid;
    if (command.primary_advertising_phy == hci::Phy::none ||
        command.primary_advertising_phy == hci::Phy::le_2m ||
        command.secondary_advertising_phy == hci::Phy::none)
        return invalid;
    return profile.has_phy(command.primary_advertising_phy) &&
                   profile.has_phy(command.secondary_advertising_phy)
               ? Status::success
               : Status::unsupported_feature_or_parameter_value;
}

hci::LeSetExtendedAdvertisingParameters::Return Advertiser::run(
    const hci::LeSetExtendedAdvertisingParameters& command) {  // Vol 4 Part E 7.8.53
    const std::uint16_t properties = command.advertising_event_properties;
    if (const Status status = check(command); status != Status::success) return {status, 0};
    AdvertisingSet* set = find(command.advertising_handle);
    if (set != nullptr) {
        const bool legacy = (properties & property::legacy) != 0;
        constexpr std::uint16_t not_with_train =
            property::connectable | property::scannable | property::legacy | property::anonymous;
        if (set->enabled) return {Status::command_disallowed, 0};
        if ((set->data.size() > 0 && !may_have_data(properties)) ||
            (legacy && (set->data.size() > hci::max_legacy_advertising_data ||
                        set->response.size() > hci::max_legacy_advertising_data)) ||
            (set->periodic.enabled && (properties & not_with_train) != 0))
            return {invalid, 0};
    } else {
        set = create(command.advertising_handle);
        if (set == nullptr) return {Status::memory_capacity_exceeded, 0};
    }
    const std::int8_t tx_power =
        command.advertising_tx_power == hci::no_tx_power_preference
            ? default_tx_power
            : std::clamp(command.advertising_tx_power, min_tx_power, max_tx_power);
    set->parameters = {properties,
                       command.primary_advertising_interval_min,
                       command.primary_advertising_channel_map,
                       command.own_address_type,
                       {command.peer_address_type, command.peer_address},
                       command.advertising_filter_policy,
                       command.primary_advertising_phy,
                       command.secondary_advertising_phy,
                       command.advertising_sid,
                       tx_power,
                       command.scan_request_notification_enable == hci::Enable::enabled};
    return {Status::success, tx_power};
}

/// What both kinds of data of a set have in common (Vol 4 Part E 7.8.54, 7.8.55).
Status Advertiser::set_data(AdvertisingSet* set, FragmentedData& data, DataOperation operation,
                            Bytes fragment) {
    const bool whole = operation == DataOperation::complete;
    if (set->is_legacy()) {
        if (!whole || fragment.size() > hci::max_legacy_advertising_data) return invalid;
        return data.add(operation, fragment);
    }
    if (operation > DataOperation::complete || (!whole && fragment.empty())) return invalid;
    if (set->enabled && !whole) return Status::command_disallowed;
    const bool continues = operation == DataOperation::intermediate_fragment ||
                           operation == DataOperation::last_fragment;
    if (continues && data.complete()) return invalid;
    return data.add(operation, fragment);
}

Status Advertiser::run(const hci::LeSetExtendedAdvertisingData& command) {
    AdvertisingSet* const set = find(command.advertising_handle);
    if (set == nullptr) return Status::unknown_advertising_identifier;
    const Bytes fragment = command.advertising_data.octets;
    if (command.operation == DataOperation::unchanged) {  // a new data identifier is all
        if (!set->enabled || set->is_legacy() || !fragment.empty() || set->data.size() == 0)
            return invalid;
        change_data_identifier(*set);
        return Status::success;
    }
    if (!may_have_data(set->parameters.properties)) return invalid;
    if (set->enabled && !set->is_legacy() &&
        ((set->is_connectable() && fragment.size() > max_connectable_data) ||
         !fits_interval(*set, fragment.size())))
        return Status::packet_too_long;
    const Status status = set_data(set, set->data, command.operation, fragment);
    if (status == Status::success) change_data_identifier(*set);
    return status;
}

Status Advertiser::run(const hci::LeSetExtendedScanResponseData& command) {
    AdvertisingSet* const set = find(command.advertising_handle);
    if (set == nullptr) return Status::unknown_advertising_identifier;
    const Bytes fragment = command.scan_response_data.octets;
    if (!set->is_scannable() && !fragment.empty()) return invalid;
    // A scannable set of extended PDUs is nothing without its response.
    if (set->enabled && set->is_scannable() && !set->is_legacy() && fragment.empty())
        return Status::command_disallowed;
    if (set->enabled && !set->is_legacy() && !fits_interval(*set, fragment.size()))
        return Status::packet_too_long;
    const Status status = set_data(set, set->response, command.operation, fragment);
    if (status == Status::success) change_data_identifier(*set);  // Vol 6 Part B 4.4.2.11
    return status;
}

/// Whether one set can begin to advertise now (Vol 4 Part E 7.8.56).
Status Advertiser::check_enable(const hci::AdvertisingSetEnable& wanted) const {
    AdvertisingSet* const set = find(wanted.advertising_handle);
    if (set == nullptr) return Status::unknown_advertising_identifier;
    if (set->is_high_duty() &&
        (wanted.duration == Units10ms{0} || wanted.duration > high_duty_limit))
        return invalid;
    if (!set->data.complete() || !set->response.complete()) return Status::command_disallowed;
    if (!set->is_legacy()) {
        if (set->is_scannable() && set->response.size() == 0) return Status::command_disallowed;
        if (set->is_connectable() && set->data.size() > max_connectable_data) return invalid;
        if (!fits_interval(*set, std::max(set->data.size(), set->response.size())))
            return Status::packet_too_long;
    }
    if (set->is_connectable() && !controller_.links().have_room())
        return Status::connection_limit_exceeded;
    return has_addresses(*set) ? Status::success : invalid;
}

Status Advertiser::run(const hci::LeSetExtendedAdvertisingEnable& command) {
    const List<hci::AdvertisingSetEnable>& wanted = command.sets.elements;
    if (command.enable > hci::Enable::enabled || wanted.size() >= sets_.size()) return invalid;
    for (std::size_t i = 0; i < wanted.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (wanted[i].advertising_handle == wanted[j].advertising_handle) return invalid;

    if (command.enable == hci::Enable::disabled) {
        for (const hci::AdvertisingSetEnable one : wanted)
            if (find(one.advertising_handle) == nullptr)
                return Status::unknown_advertising_identifier;
        for (const hci::AdvertisingSetEnable one : wanted) stop(*find(one.advertising_handle));
        if (wanted.empty())
            for (const auto& set : sets_)
                if (set != nullptr) stop(*set);
        return Status::success;
    }
    if (wanted.empty()) return invalid;
    for (const hci::AdvertisingSetEnable one : wanted)
        if (const Status status = check_enable(one); status != Status::success) return status;
    for (const hci::AdvertisingSetEnable one : wanted)
        start(*find(one.advertising_handle), one.duration, one.max_extended_advertising_events);
    return Status::success;
}

hci::LeReadMaximumAdvertisingDataLength::Return Advertiser::run(
    const hci::LeReadMaximumAdvertisingDataLength&) {
    return {Status::success, static_cast<std::uint16_t>(FragmentedData::max_size)};
}

hci::LeReadNumberOfSupportedAdvertisingSets::Return Advertiser::run(
    const hci::LeReadNumberOfSupportedAdvertisingSets&) {
    return {Status::success, controller_.profile().advertising_sets};
}

Status Advertiser::run(const hci::LeRemoveAdvertisingSet& command) {
    AdvertisingSet* const set = find(command.advertising_handle);
    if (set == nullptr) return Status::unknown_advertising_identifier;
    if (set->enabled || set->periodic.enabled) return Status::command_disallowed;
    remove(*set);
    return Status::success;
}

Status Advertiser::run(const hci::LeClearAdvertisingSets&) {
    for (const auto& set : sets_)
        if (set != nullptr && (set->enabled || set->periodic.enabled))
            return Status::command_disallowed;
    for (std::size_t i = 1; i < sets_.size(); ++i)
        if (sets_[i] != nullptr) remove(*sets_[i]);
    return Status::success;
}

}  // namespace bluetooth::virtual_controller
