// SPDX-License-Identifier: MIT
//
// The Scanning state and the Initiating state (Vol 6 Part B 4.4.3 and 4.4.4), up to the moment when
// a connection is made.
#include "base/connection_parameters.hpp"
#include "virtual_controller/air.hpp"
#include "virtual_controller/controller.hpp"

namespace bluetooth::virtual_controller {

using hci::AdvertisingEventType;
using hci::Status;

namespace {

constexpr Units625us shortest_scan{0x0004};
constexpr Units625us longest_scan{0x4000};

bool is_valid_scan(Units625us interval, Units625us window) {
    return window >= shortest_scan && window <= interval && interval <= longest_scan;
}

AdvertisingEventType event_type_of(hci::AdvertisingType type) {
    switch (type) {
    case hci::AdvertisingType::adv_ind: return AdvertisingEventType::adv_ind;
    case hci::AdvertisingType::adv_scan_ind: return AdvertisingEventType::adv_scan_ind;
    case hci::AdvertisingType::adv_nonconn_ind: return AdvertisingEventType::adv_nonconn_ind;
    case hci::AdvertisingType::adv_direct_ind_high_duty:
    case hci::AdvertisingType::adv_direct_ind_low_duty: break;
    }
    return AdvertisingEventType::adv_direct_ind;
}

}  // namespace

bool Controller::ScanWindow::hears(Time at, std::uint8_t channel_map) const {
    const Duration since_start = at - start;
    if (since_start % interval >= window) return false;
    // One channel per interval, in turn; an advertising event uses all channels of its map.
    const auto channel = static_cast<unsigned>(since_start / interval % 3);
    return (channel_map >> channel & 1) != 0;
}

Status Controller::run(const hci::LeSetScanParameters& command) {  // Vol 4 Part E 7.8.10
    if (scanner_.enabled) return Status::command_disallowed;
    if (command.le_scan_type > hci::ScanType::active ||
        !is_valid_scan(command.le_scan_interval, command.le_scan_window) ||
        command.own_address_type > hci::OwnAddressType::random_device ||
        command.scanning_filter_policy > hci::ScanFilterPolicy::accept_list)
        return Status::invalid_hci_command_parameters;
    scanner_.parameters = command;
    return Status::success;
}

Status Controller::run(const hci::LeSetScanEnable& command) {  // Vol 4 Part E 7.8.11
    if (command.le_scan_enable > hci::Enable::enabled)
        return Status::invalid_hci_command_parameters;
    if (command.le_scan_enable == hci::Enable::disabled) {
        scanner_.enabled = false;
        update_listening();
        return Status::success;
    }
    if (command.filter_duplicates > hci::Enable::enabled)
        return Status::invalid_hci_command_parameters;
    const hci::LeSetScanParameters& parameters = scanner_.parameters;
    const auto own = own_device(parameters.own_address_type);
    // A passive scanner sends nothing, hence can do without a public address.
    if (!own && (parameters.own_address_type == hci::OwnAddressType::random_device ||
                 parameters.le_scan_type == hci::ScanType::active))
        return Status::invalid_hci_command_parameters;
    scanner_.enabled = true;
    scanner_.filter_duplicates = command.filter_duplicates == hci::Enable::enabled;
    scanner_.own = own.value_or(Device{});
    scanner_.window = {air_.now_, parameters.le_scan_interval, parameters.le_scan_window};
    reported_.clear();
    update_listening();
    return Status::success;
}

void Controller::update_listening() {
    const bool listening = scanner_.enabled || initiator_.enabled;
    if (listening == listening_) return;
    listening_ = listening;
    air_.set_listening(*this, listening);
}

void Controller::hear(const Controller& advertiser, Time at) {
    const Advertiser& heard = advertiser.advertiser_;
    const hci::LeSetScanParameters& parameters = scanner_.parameters;
    if (!reachable_ || !scanner_.enabled ||
        !scanner_.window.hears(at, heard.parameters.advertising_channel_map) ||
        !advertiser.is_for(scanner_.own))
        return;
    if (parameters.scanning_filter_policy == hci::ScanFilterPolicy::accept_list &&
        !accepts(heard.own))
        return;
    const AdvertisingEventType type = event_type_of(heard.parameters.advertising_type);
    const std::int8_t rssi = air_.rssi(advertiser, *this);
    // Directed advertising has no room for data.
    const bool directed = type == AdvertisingEventType::adv_direct_ind;
    report(type, heard.own, directed ? Bytes{} : heard.data_bytes(), rssi);
    if (parameters.le_scan_type == hci::ScanType::active &&
        advertiser.answers_scan_of(scanner_.own))
        report(AdvertisingEventType::scan_rsp, heard.own, heard.response_bytes(), rssi);
}

void Controller::report(AdvertisingEventType type, const Device& device, Bytes data,
                        std::int8_t rssi) {
    // Behind the indicator: event header, subevent, number of reports; type, address type,
    // address, length, data, RSSI.
    const std::size_t size = 1 + hci::event_header_size + 2 + 1 + 1 + 6 + 1 + data.size() + 1;
    if (!outgoing_.fits(Share::report, size)) {
        ++counters_.missed_reports;
        return;
    }
    if (scanner_.filter_duplicates && reported_.seen(type, device.type, device.address)) return;
    std::array<std::uint8_t, 64> octets;
    const hci::AdvertisingReport report{type, device.type, device.address, {data}, rssi};
    (void)send(Share::report, hci::LeAdvertisingReport{1, encode_fields(report, octets)});
}

Status Controller::run(const hci::LeCreateConnection& command) {  // Vol 4 Part E 7.8.12
    constexpr Status invalid = Status::invalid_hci_command_parameters;
    if (initiator_.enabled) return Status::command_disallowed;
    if (!is_valid_scan(command.le_scan_interval, command.le_scan_window) ||
        command.initiator_filter_policy > hci::InitiatorFilterPolicy::accept_list ||
        command.own_address_type > hci::OwnAddressType::random_device ||
        !is_valid({command.connection_interval_min, command.connection_interval_max,
                   command.max_latency, command.supervision_timeout}) ||
        command.min_ce_length > command.max_ce_length)
        return invalid;
    if (command.initiator_filter_policy == hci::InitiatorFilterPolicy::peer_address) {
        if (command.peer_address_type > AddressType::random_device) return invalid;
        if (is_connected_to({command.peer_address_type, command.peer_address}))
            return Status::connection_already_exists;
    }
    const auto own = own_device(command.own_address_type);
    if (!own) return invalid;
    if (!links_have_room()) return Status::connection_limit_exceeded;
    initiator_.enabled = true;
    initiator_.command = command;
    initiator_.own = *own;
    initiator_.window = {air_.now_, command.le_scan_interval, command.le_scan_window};
    update_listening();
    return Status::success;
}

// Its answer comes first, then Connection Complete (Vol 4 Part E 7.8.13).
Status Controller::run(const hci::LeCreateConnectionCancel&) {
    if (!initiator_.enabled) return Status::command_disallowed;
    initiator_.enabled = false;
    initiator_.cancelled = true;
    mark_unsettled();
    update_listening();
    return Status::success;
}

bool Controller::connects_to(const Controller& advertiser, Time at) const {
    const Advertiser& heard = advertiser.advertiser_;
    const hci::LeCreateConnection& command = initiator_.command;
    if (!reachable_ || !initiator_.enabled ||
        !initiator_.window.hears(at, heard.parameters.advertising_channel_map) ||
        !advertiser.answers_connect_of(initiator_.own))
        return false;
    const bool wanted = command.initiator_filter_policy == hci::InitiatorFilterPolicy::accept_list
                            ? accepts(heard.own)
                            : heard.own == Device{command.peer_address_type, command.peer_address};
    return wanted && links_have_room() && advertiser.links_have_room() &&
           !is_connected_to(heard.own) && !advertiser.is_connected_to(initiator_.own);
}

}  // namespace bluetooth::virtual_controller
