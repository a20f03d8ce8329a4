// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>

#include "base/address.hpp"
#include "base/pdu.hpp"
#include "base/time.hpp"
#include "hci/codes.hpp"

namespace bluetooth::hci {

/// Legacy advertising carries at most so many octets of data (Vol 6 Part B 2.3.1).
inline constexpr std::size_t max_legacy_advertising_data = 31;
/// One extended report carries at most so many, the most that an event has room for (Vol 4 Part E
/// 7.7.65.13).
inline constexpr std::size_t max_extended_report_data = 229;

/// One report of an LE Advertising Report event.
struct AdvertisingReport {  // Vol 4 Part E 7.7.65.2
    AdvertisingEventType event_type{};
    AddressType address_type{};
    Address address{};
    Octets8 data{};
    std::int8_t rssi{};  ///< dBm, or `power_not_available`
    BT_FIELDS(AdvertisingReport, event_type, address_type, address, data, rssi);

    static constexpr std::uint8_t max_in_event = 0x19;
    bool valid() const { return data.octets.size() <= max_legacy_advertising_data; }
};

/// One report of an LE Directed Advertising Report event.
struct DirectedAdvertisingReport {  // Vol 4 Part E 7.7.65.11
    AdvertisingEventType event_type{};
    AddressType address_type{};
    Address address{};
    AddressType direct_address_type{};
    Address direct_address{};
    std::int8_t rssi{};  ///< dBm, or `power_not_available`
    BT_FIELDS(DirectedAdvertisingReport, event_type, address_type, address, direct_address_type,
              direct_address, rssi);

    static constexpr std::uint8_t max_in_event = 0x19;
    bool valid() const { return true; }
};

/// One report of an LE Extended Advertising Report event: a whole advertisement, or a fragment of
/// one whose `data_status` tells whether more follows.
struct ExtendedAdvertisingReport {  // Vol 4 Part E 7.7.65.13
    std::uint16_t event_type{};     ///< of `extended_event_type`
    AddressType address_type{};     ///< `unknown`: anonymous, and the address is meaningless
    Address address{};
    Phy primary_phy{};
    Phy secondary_phy{};                          ///< `none`: all came on the primary channels
    std::uint8_t advertising_sid{};               ///< or `no_advertising_sid`
    std::int8_t tx_power{};                       ///< dBm, or `power_not_available`
    std::int8_t rssi{};                           ///< dBm, or `power_not_available`
    Units1250us periodic_advertising_interval{};  ///< 0: no periodic advertising
    AddressType direct_address_type{};  ///< of directed advertising alone; 0xfe: unresolved
    Address direct_address{};
    Octets8 data{};
    BT_FIELDS(ExtendedAdvertisingReport, event_type, address_type, address, primary_phy,
              secondary_phy, advertising_sid, tx_power, rssi, periodic_advertising_interval,
              direct_address_type, direct_address, data);

    bool has(std::uint16_t bits) const { return (event_type & bits) == bits; }
    DataStatus data_status() const {
        return static_cast<DataStatus>(event_type >> extended_event_type::data_status_shift & 3);
    }

    static constexpr std::uint8_t max_in_event = 0x0a;
    bool valid() const { return data.octets.size() <= max_extended_report_data; }
};

/// The reports of one event, decoded while iterating: those that fit completely; what follows the
/// first that does not is dropped. A count of 0 or above `Report::max_in_event` makes the whole
/// event invalid, hence empty (Vol 4 Part E 7.7.65.2, 7.7.65.11, 7.7.65.13).
template <class Report> class ReportRange {
public:
    /// From the event's parameters behind the subevent code.
    explicit ReportRange(Bytes parameters) {
        if (parameters.empty() || parameters[0] == 0 || parameters[0] > Report::max_in_event)
            return;
        count_ = parameters[0];
        reports_ = Bytes{parameters.subspan(1)};
    }

    class iterator {
    public:
        using value_type = Report;
        using difference_type = std::ptrdiff_t;
        iterator() = default;
        iterator(std::uint8_t left, Bytes rest) : left_(left), rest_(rest) { decode(); }
        const Report& operator*() const { return report_; }
        const Report* operator->() const { return &report_; }
        iterator& operator++() {
            decode();
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const iterator& at, std::default_sentinel_t) { return at.ended_; }

    private:
        void decode() {
            ended_ = true;
            if (left_ == 0) return;
            --left_;
            Reader reader{rest_};
            get(reader, report_);
            if (!reader.ok() || !report_.valid()) {
                left_ = 0;
                return;
            }
            rest_ = reader.rest();
            ended_ = false;
        }

        std::uint8_t left_ = 0;
        Bytes rest_;
        Report report_{};
        bool ended_ = true;
    };

    iterator begin() const { return {count_, reports_}; }
    std::default_sentinel_t end() const { return {}; }

private:
    std::uint8_t count_ = 0;
    Bytes reports_;
};

using AdvertisingReports = ReportRange<AdvertisingReport>;
using DirectedAdvertisingReports = ReportRange<DirectedAdvertisingReport>;
using ExtendedAdvertisingReports = ReportRange<ExtendedAdvertisingReport>;

}  // namespace bluetooth::hci
