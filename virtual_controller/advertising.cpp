// SPDX-License-Identifier: MIT
//
// The Advertising state (Vol 6 Part B 4.4.2).
#include "virtual_controller/air.hpp"
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

constexpr Duration high_duty_interval = 3750us;  // Vol 6 Part B 4.4.2.4.3
constexpr Duration high_duty_limit = 1280ms;
constexpr auto max_advertising_delay = std::chrono::microseconds{10ms};  // Vol 6 Part B 4.4.2.2.1

bool is_directed(AdvertisingType type) {
    return type == AdvertisingType::adv_direct_ind_high_duty ||
           type == AdvertisingType::adv_direct_ind_low_duty;
}

}  // namespace

Status Controller::run(const hci::LeSetAdvertisingParameters& command) {  // Vol 4 Part E 7.8.5
    constexpr Status invalid = Status::invalid_hci_command_parameters;
    if (advertiser_.enabled) return Status::command_disallowed;
    const AdvertisingType type = command.advertising_type;
    if (type > AdvertisingType::adv_direct_ind_low_duty) return invalid;
    if (type != AdvertisingType::adv_direct_ind_high_duty) {
        const bool connectable = type == AdvertisingType::adv_ind || is_directed(type);
        const Units625us shortest = !connectable && profile_.version < hci::CoreVersion::v5_0
                                        ? shortest_non_connectable_interval
                                        : shortest_interval;
        if (command.advertising_interval_min < shortest ||
            command.advertising_interval_max > longest_interval ||
            command.advertising_interval_min > command.advertising_interval_max)
            return invalid;
    }
    if (command.own_address_type > hci::OwnAddressType::random_device ||
        command.peer_address_type > AddressType::random_device ||
        command.advertising_channel_map == 0 ||
        command.advertising_channel_map > hci::all_advertising_channels ||
        command.advertising_filter_policy > hci::AdvertisingFilterPolicy::all_from_accept_list)
        return invalid;
    advertiser_.parameters = command;
    return Status::success;
}

hci::LeReadAdvertisingPhysicalChannelTxPower::Return Controller::run(
    const hci::LeReadAdvertisingPhysicalChannelTxPower&) {
    return {Status::success, tx_power};
}

Status Controller::run(const hci::LeSetAdvertisingData& command) {  // Vol 4 Part E 7.8.7
    if (command.advertising_data_length > command.advertising_data.size())
        return Status::invalid_hci_command_parameters;
    advertiser_.data = command.advertising_data;
    advertiser_.data_size = command.advertising_data_length;
    return Status::success;
}

Status Controller::run(const hci::LeSetScanResponseData& command) {  // Vol 4 Part E 7.8.8
    if (command.scan_response_data_length > command.scan_response_data.size())
        return Status::invalid_hci_command_parameters;
    advertiser_.response = command.scan_response_data;
    advertiser_.response_size = command.scan_response_data_length;
    return Status::success;
}

Status Controller::run(const hci::LeSetAdvertisingEnable& command) {  // Vol 4 Part E 7.8.9
    if (command.advertising_enable > hci::Enable::enabled)
        return Status::invalid_hci_command_parameters;
    if (command.advertising_enable == hci::Enable::disabled) {
        stop_advertising();
        return Status::success;
    }
    const auto own = own_device(advertiser_.parameters.own_address_type);
    if (!own) return Status::invalid_hci_command_parameters;
    if (is_connectable() && !links_have_room()) return Status::connection_limit_exceeded;
    advertiser_.own = *own;
    start_advertising();
    return Status::success;
}

void Controller::start_advertising() {
    advertiser_.enabled = true;
    advertiser_.high_duty_end = air_.now_ + high_duty_limit;
    air_.timers_.arm(advertising_timer_, air_.now_);
}

void Controller::stop_advertising() {
    advertiser_.enabled = false;
    air_.timers_.disarm(advertising_timer_);
}

void Controller::on_advertising_event(Time due) {
    const hci::LeSetAdvertisingParameters& parameters = advertiser_.parameters;
    const bool high_duty = parameters.advertising_type == AdvertisingType::adv_direct_ind_high_duty;
    if (high_duty && due >= advertiser_.high_duty_end) {
        stop_advertising();
        return send_failed_connection(Status::advertising_timeout, hci::Role::peripheral);
    }
    if (reachable_) air_.broadcast(*this, due);
    if (!advertiser_.enabled) return;  // somebody connected
    if (high_duty) return air_.timers_.arm(advertising_timer_, due + high_duty_interval);
    const auto delay_range = static_cast<std::uint64_t>(max_advertising_delay.count()) + 1;
    const std::chrono::microseconds delay{random_.next() % delay_range};
    air_.timers_.arm(advertising_timer_, due + parameters.advertising_interval_min + delay);
}

bool Controller::is_connectable() const {
    const AdvertisingType type = advertiser_.parameters.advertising_type;
    return type == AdvertisingType::adv_ind || is_directed(type);
}

bool Controller::is_scannable() const {
    const AdvertisingType type = advertiser_.parameters.advertising_type;
    return type == AdvertisingType::adv_ind || type == AdvertisingType::adv_scan_ind;
}

/// Whether our advertising can be heard by `device`: what is directed at another cannot.
bool Controller::is_for(const Device& device) const {
    const hci::LeSetAdvertisingParameters& parameters = advertiser_.parameters;
    return !is_directed(parameters.advertising_type) ||
           device == Device{parameters.peer_address_type, parameters.peer_address};
}

bool Controller::answers_scan_of(const Device& scanner) const {
    const auto policy = advertiser_.parameters.advertising_filter_policy;
    return is_scannable() &&
           (policy == hci::AdvertisingFilterPolicy::all ||
            policy == hci::AdvertisingFilterPolicy::connections_from_accept_list ||
            accepts(scanner));
}

bool Controller::answers_connect_of(const Device& initiator) const {
    const auto policy = advertiser_.parameters.advertising_filter_policy;
    // The filter policy is for undirected advertising (Vol 6 Part B 4.3.2).
    return is_connectable() && is_for(initiator) &&
           (is_directed(advertiser_.parameters.advertising_type) ||
            policy == hci::AdvertisingFilterPolicy::all ||
            policy == hci::AdvertisingFilterPolicy::scan_requests_from_accept_list ||
            accepts(initiator));
}

}  // namespace bluetooth::virtual_controller
