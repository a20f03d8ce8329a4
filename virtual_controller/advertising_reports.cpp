// SPDX-License-Identifier: MIT
//
// What a scanner hears, and how it tells its host.
#include <algorithm>
#include <array>

#include "virtual_controller/air.hpp"
#include "virtual_controller/controller.hpp"
#include "virtual_controller/scanner.hpp"

namespace bluetooth::virtual_controller {

using hci::DataStatus;
namespace event_type = hci::extended_event_type;

namespace {

// Of an extended report without data, from its event's H4 indicator on
constexpr std::size_t extended_report_overhead =
    1 + hci::event_header_size + 2 + fixed_size<Address>() + 18;
constexpr std::uint8_t unresolved_direct_address = 0xfe;  // Vol 4 Part E 7.7.65.13

hci::AdvertisingEventType legacy_type(const AdvertisingSet& set, bool response) {
    if (response) return hci::AdvertisingEventType::scan_rsp;
    if (set.is_directed()) return hci::AdvertisingEventType::adv_direct_ind;
    if (set.is_connectable()) return hci::AdvertisingEventType::adv_ind;
    return set.is_scannable() ? hci::AdvertisingEventType::adv_scan_ind
                              : hci::AdvertisingEventType::adv_nonconn_ind;
}

std::uint16_t extended_type(const AdvertisingSet& set, bool response) {
    constexpr std::uint16_t common =
        property::connectable | property::scannable | property::directed | property::legacy;
    unsigned type = set.parameters.properties & common;
    if (response) type |= event_type::scan_response;
    return static_cast<std::uint16_t>(type);
}

}  // namespace

void Scanner::hear(Controller& advertiser, const AdvertisingSet& set) {
    if (!listening_ || (!set.is_legacy() && !extended_)) return;
    const OnPhy& scan = set.parameters.primary_phy == hci::Phy::le_coded ? on_coded_ : on_1m_;
    if (!scan.enabled || !scan.hears.hears(set.event_start, set.channels)) return;
    Air& air = controller_.air();
    const auto rssi =
        air.receive(advertiser, controller_, set.parameters.tx_power, set.parameters.primary_phy);
    if (!rssi) return;
    Heard heard{{AddressType::unknown, {}}, target_of(set), *rssi};
    Bytes data = set.data.bytes();
    DataStatus status = DataStatus::complete;
    if (!set.is_legacy()) {
        const hci::Phy phy = set.parameters.secondary_phy;
        if (!controller_.profile().has_phy(phy) || !air.in_reach(advertiser, controller_, phy))
            return;
        // AUX_ADV_IND, then the AUX_CHAIN_INDs as far as they come through
        const auto received = air.receive_chain(data);
        if (!received) return;
        if (received->size() < data.size()) status = DataStatus::truncated;
        data = *received;
        if (set.periodic.running) controller_.synchronizer().hear(set);
    }
    if (set.is_directed() && !heard.target) return;
    Addresses::Identity identity;
    if (!set.is_anonymous()) {
        identity = controller_.addresses().identify(set.own);
        heard.advertiser = identity.reported;
    }
    if (!is_wanted(set, identity)) return;
    // Legacy directed advertising has no room for data, extended scannable has its in the response.
    const bool without_data = set.is_legacy() ? set.is_directed() : set.is_scannable();
    report(set, heard, false, without_data ? Bytes{} : data, status);
    if (scan.type == hci::ScanType::active && set.is_scannable())
        ask_for_response(advertiser, set, identity, heard);
}

/// Whose the target of a directed advertisement is; nothing when it is not for us.
std::optional<Scanner::Target> Scanner::target_of(const AdvertisingSet& set) const {
    if (!set.target) return std::nullopt;
    const auto ours = controller_.addresses().own_identity(*set.target, own_address_type_);
    if (ours) return Target{*ours, false};
    const bool may_be_unresolved =
        policy_ == hci::ScanFilterPolicy::all_and_unresolved_directed ||
        policy_ == hci::ScanFilterPolicy::accept_list_and_unresolved_directed;
    if (may_be_unresolved && set.target->type == AddressType::random_device &&
        set.target->address.is_resolvable_private())
        return Target{*set.target, true};
    return std::nullopt;
}

bool Scanner::is_wanted(const AdvertisingSet& set, const Addresses::Identity& advertiser) const {
    if (set.is_anonymous())
        return !uses_accept_list() || controller_.addresses().accepts({AddressType::unknown, {}});
    return advertiser.acceptable &&
           (!uses_accept_list() || controller_.addresses().accepts(advertiser.listed));
}

void Scanner::ask_for_response(Controller& advertiser, const AdvertisingSet& set,
                               const Addresses::Identity& identity, const Heard& heard) {
    const auto own = controller_.addresses().own(own_address_type_, identity.listed);
    if (!own || !advertiser.advertiser().answers_scan(set, *own)) return;
    Air& air = controller_.air();
    if (!air.receive(controller_, advertiser, default_tx_power, set.parameters.primary_phy)) return;
    advertiser.advertiser().on_scan_request(set, *own);
    const auto response = air.receive_chain(set.response.bytes());
    if (!response) return;
    const bool whole = response->size() == set.response.size();
    report(set, heard, true, *response, whole ? DataStatus::complete : DataStatus::truncated);
}

void Scanner::report(const AdvertisingSet& set, const Heard& heard, bool response, Bytes data,
                     DataStatus status) {
    if (extended_)
        report_extended(set, heard, extended_type(set, response), data, status);
    else
        report_legacy(set, heard, response, data);
}

void Scanner::report_legacy(const AdvertisingSet& set, const Heard& heard, bool response,
                            Bytes data) {
    const hci::AdvertisingEventType type = legacy_type(set, response);
    HostPort& host = controller_.host();
    const Device& advertiser = heard.advertiser;
    // Behind the indicator: event header, subevent, number of reports; type, address type,
    // address, length, data, RSSI. That of a directed one is not longer.
    const std::size_t size = 1 + hci::event_header_size + 2 + 1 + 1 + 6 + 1 + data.size() + 1 + 7;
    if (!host.fits(Share::report, size)) {
        ++host.counters.missed_reports;
        return;
    }
    if (filter_duplicates_ && reported_.seen(static_cast<std::uint16_t>(type), advertiser, 0))
        return;
    std::array<std::uint8_t, 64> octets;
    if (heard.target && heard.target->unresolved) {
        const Device& target = heard.target->reported;
        const hci::DirectedAdvertisingReport report{
            type, advertiser.type, advertiser.address, target.type, target.address, heard.rssi};
        (void)host.send(Share::report,
                        hci::LeDirectedAdvertisingReport{1, encode_fields(report, octets)});
        return;
    }
    const hci::AdvertisingReport report{
        type, advertiser.type, advertiser.address, {data}, heard.rssi};
    (void)host.send(Share::report, hci::LeAdvertisingReport{1, encode_fields(report, octets)});
}

void Scanner::report_extended(const AdvertisingSet& set, const Heard& heard, std::uint16_t type,
                              Bytes data, DataStatus status) {
    HostPort& host = controller_.host();
    const std::size_t events = std::max<std::size_t>(
        (data.size() + hci::max_extended_report_data - 1) / hci::max_extended_report_data, 1);
    // All fragments or none: a host must not take a part for the whole.
    if (!host.fits(Share::report, events * extended_report_overhead + data.size())) {
        ++host.counters.missed_reports;
        return;
    }
    const bool legacy = set.is_legacy();
    const auto set_and_data =
        static_cast<std::uint16_t>(set.parameters.sid << 12 | set.data_identifier);
    // What was truncated is no duplicate of the whole.
    const auto with_status = static_cast<std::uint16_t>(
        type | static_cast<unsigned>(status) << event_type::data_status_shift);
    if (filter_duplicates_ &&
        reported_.seen(with_status, heard.advertiser, legacy ? std::uint16_t{0} : set_and_data))
        return;

    hci::ExtendedAdvertisingReport report{};
    report.address_type = heard.advertiser.type;
    report.address = heard.advertiser.address;
    report.primary_phy = set.parameters.primary_phy;
    report.secondary_phy = legacy ? hci::Phy::none : set.parameters.secondary_phy;
    report.advertising_sid = legacy ? hci::no_advertising_sid : set.parameters.sid;
    report.tx_power =
        !legacy && set.has_tx_power() ? set.parameters.tx_power : hci::power_not_available;
    report.rssi = heard.rssi;
    if (set.periodic.running) report.periodic_advertising_interval = set.periodic.interval;
    if (heard.target) {
        report.direct_address_type = heard.target->unresolved
                                         ? AddressType{unresolved_direct_address}
                                         : heard.target->reported.type;
        report.direct_address = heard.target->reported.address;
    }
    std::array<std::uint8_t, hci::max_event_parameters> octets;
    do {
        const std::size_t size = std::min(data.size(), hci::max_extended_report_data);
        const DataStatus part = size < data.size() ? DataStatus::more_to_come : status;
        report.event_type = static_cast<std::uint16_t>(type | static_cast<unsigned>(part)
                                                                  << event_type::data_status_shift);
        report.data.octets = data.first(size);
        (void)host.send(Share::report,
                        hci::LeExtendedAdvertisingReport{1, encode_fields(report, octets)});
        data = data.subspan(size);
    } while (!data.empty());
}

}  // namespace bluetooth::virtual_controller
