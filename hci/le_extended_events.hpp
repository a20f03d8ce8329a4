// SPDX-License-Identifier: MIT
//
// The events inside LE Meta that extended and periodic advertising bring. When `status` is an error
// the other members may hold anything.
#pragma once

#include <cstdint>

#include "base/address.hpp"
#include "base/time.hpp"
#include "hci/event.hpp"

namespace bluetooth::hci {

/// To build one; received ones are read with `ExtendedAdvertisingReports`.
struct LeExtendedAdvertisingReport {  // Vol 4 Part E 7.7.65.13
    std::uint8_t num_reports{};
    Bytes reports{};
    BT_HCI_LE_EVENT(LeExtendedAdvertisingReport, extended_advertising_report, num_reports, reports);
};
struct LePeriodicAdvertisingSyncEstablished {  // Vol 4 Part E 7.7.65.14, version 1
    Status status{};
    SyncHandle sync_handle{};
    std::uint8_t advertising_sid{};
    AddressType advertiser_address_type{};
    Address advertiser_address{};
    Phy advertiser_phy{};
    Units1250us periodic_advertising_interval{};
    std::uint8_t advertiser_clock_accuracy{};
    BT_HCI_LE_EVENT(LePeriodicAdvertisingSyncEstablished, periodic_advertising_sync_established,
                    status, sync_handle, advertising_sid, advertiser_address_type,
                    advertiser_address, advertiser_phy, periodic_advertising_interval,
                    advertiser_clock_accuracy);
};
struct LePeriodicAdvertisingReport {  // Vol 4 Part E 7.7.65.15, version 1
    SyncHandle sync_handle{};
    std::int8_t tx_power{};   ///< dBm, or `power_not_available`
    std::int8_t rssi{};       ///< dBm, or `power_not_available`
    std::uint8_t cte_type{};  ///< or `no_constant_tone_extension`
    DataStatus data_status{};
    Octets8 data{};
    BT_HCI_LE_EVENT(LePeriodicAdvertisingReport, periodic_advertising_report, sync_handle, tx_power,
                    rssi, cte_type, data_status, data);
};
struct LePeriodicAdvertisingSyncLost {  // Vol 4 Part E 7.7.65.16
    SyncHandle sync_handle{};
    BT_HCI_LE_EVENT(LePeriodicAdvertisingSyncLost, periodic_advertising_sync_lost, sync_handle);
};
struct LeScanTimeout {  // Vol 4 Part E 7.7.65.17
    BT_HCI_LE_EVENT(LeScanTimeout, scan_timeout);
};
/// Success: a link was made, with `connection_handle`; else the duration or the number of events is
/// used up.
struct LeAdvertisingSetTerminated {  // Vol 4 Part E 7.7.65.18
    Status status{};
    AdvertisingHandle advertising_handle{};
    ConnectionHandle connection_handle{};
    std::uint8_t num_completed_extended_advertising_events{};
    BT_HCI_LE_EVENT(LeAdvertisingSetTerminated, advertising_set_terminated, status,
                    advertising_handle, connection_handle,
                    num_completed_extended_advertising_events);
};
struct LeScanRequestReceived {  // Vol 4 Part E 7.7.65.19
    AdvertisingHandle advertising_handle{};
    AddressType scanner_address_type{};
    Address scanner_address{};
    BT_HCI_LE_EVENT(LeScanRequestReceived, scan_request_received, advertising_handle,
                    scanner_address_type, scanner_address);
};
struct LePeriodicAdvertisingSyncTransferReceived {  // Vol 4 Part E 7.7.65.24, version 1
    Status status{};
    ConnectionHandle connection_handle{};
    std::uint16_t service_data{};
    SyncHandle sync_handle{};
    std::uint8_t advertising_sid{};
    AddressType advertiser_address_type{};
    Address advertiser_address{};
    Phy advertiser_phy{};
    Units1250us periodic_advertising_interval{};
    std::uint8_t advertiser_clock_accuracy{};
    BT_HCI_LE_EVENT(LePeriodicAdvertisingSyncTransferReceived,
                    periodic_advertising_sync_transfer_received, status, connection_handle,
                    service_data, sync_handle, advertising_sid, advertiser_address_type,
                    advertiser_address, advertiser_phy, periodic_advertising_interval,
                    advertiser_clock_accuracy);
};

}  // namespace bluetooth::hci
