// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>

#include "base/address.hpp"
#include "base/pdu.hpp"
#include "hci/codes.hpp"

namespace bluetooth::hci {

/// Legacy advertising carries at most so many octets of data (Vol 6 Part B 2.3.1).
inline constexpr std::size_t max_legacy_advertising_data = 31;

/// One report of an LE Advertising Report event.
struct AdvertisingReport {  // Vol 4 Part E 7.7.65.2
    AdvertisingEventType event_type{};
    AddressType address_type{};
    Address address{};
    Octets8 data{};
    std::int8_t rssi{};  ///< dBm, or `power_not_available`
    BT_FIELDS(AdvertisingReport, event_type, address_type, address, data, rssi);

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

    bool valid() const { return true; }
};

/// The reports of one event, decoded while iterating: those that fit completely; what follows the
/// first that does not is dropped. A count outside 1 to 25 makes the whole event invalid, hence
/// empty (Vol 4 Part E 7.7.65.2).
template <class Report> class ReportRange {
public:
    /// From the event's parameters behind the subevent code.
    explicit ReportRange(Bytes parameters) {
        if (parameters.empty() || parameters[0] == 0 || parameters[0] > max_reports) return;
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
    static constexpr std::uint8_t max_reports = 0x19;

    std::uint8_t count_ = 0;
    Bytes reports_;
};

using AdvertisingReports = ReportRange<AdvertisingReport>;
using DirectedAdvertisingReports = ReportRange<DirectedAdvertisingReport>;

}  // namespace bluetooth::hci
