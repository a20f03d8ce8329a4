// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "hci/commands.hpp"
#include "virtual_controller/addresses.hpp"
#include "virtual_controller/advertising_set.hpp"
#include "virtual_controller/duplicate_filter.hpp"
#include "virtual_controller/scan_window.hpp"
#include "virtual_controller/timer_heap.hpp"

namespace bluetooth::virtual_controller {

class Controller;

/// The Scanning state of a controller (Vol 6 Part B 4.4.3).
///
///   scanner.cpp              the commands, and when it listens
///   advertising_reports.cpp  what it hears, and how it tells its host
class Scanner {
public:
    explicit Scanner(Controller& controller);

    /// As after Reset.
    void reset();
    bool enabled() const { return enabled_; }
    /// Not in the pauses between scan periods.
    bool listening() const { return listening_; }
    bool uses_accept_list() const;
    void on_timer(const Timer& timer, Time due);
    /// LE Scan Timeout, where it is due; false when there is no room for it.
    bool report_timeout();

    /// An advertising event of a set, with what of it was not destroyed.
    void hear(Controller& advertiser, const AdvertisingSet& set);

    // The commands, answered by what they return
    hci::Status run(const hci::LeSetScanParameters&);
    hci::Status run(const hci::LeSetScanEnable&);
    hci::Status run(const hci::LeSetExtendedScanParameters&);
    hci::Status run(const hci::LeSetExtendedScanEnable&);

private:
    struct OnPhy {
        bool enabled = false;
        hci::ScanType type = hci::ScanType::passive;
        Units625us interval{0x0010};
        Units625us window{0x0010};
        ScanWindow hears{};
    };
    /// For whom a directed advertisement is.
    struct Target {
        Device reported{};
        bool unresolved = false;  ///< a resolvable private address, perhaps ours
    };
    /// Who and what an advertisement is, in the words of its report.
    struct Heard {
        Device advertiser{};
        std::optional<Target> target{};
        std::int8_t rssi = 0;
    };

    void listen(Time from);
    void stop();
    hci::Status enable(bool filter_duplicates);

    std::optional<Target> target_of(const AdvertisingSet& set) const;
    bool is_wanted(const AdvertisingSet& set, const Addresses::Identity& advertiser) const;
    void ask_for_response(Controller& advertiser, const AdvertisingSet& set,
                          const Addresses::Identity& identity, const Heard& heard);
    void report(const AdvertisingSet& set, const Heard& heard, bool response, Bytes data,
                hci::DataStatus status);
    void report_legacy(const AdvertisingSet& set, const Heard& heard, bool response, Bytes data);
    void report_extended(const AdvertisingSet& set, const Heard& heard, std::uint16_t type,
                         Bytes data, hci::DataStatus status);

    Controller& controller_;
    bool extended_ = false;  // by which commands, hence with which reports
    bool enabled_ = false;
    bool listening_ = false;
    bool timed_out_ = false;  // of which the host was not told yet
    bool filter_duplicates_ = false;
    bool forgets_each_period_ = false;
    hci::OwnAddressType own_address_type_{};
    hci::ScanFilterPolicy policy_{};
    OnPhy on_1m_;
    OnPhy on_coded_;
    Duration duration_{};
    Duration period_{};
    DuplicateFilter reported_;
    Timer end_timer_;
    Timer period_timer_;
};

}  // namespace bluetooth::virtual_controller
