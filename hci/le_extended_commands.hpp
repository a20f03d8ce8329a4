// SPDX-License-Identifier: MIT
//
// The commands of the LE Controller group with which Core 5 advertises, scans and initiates in
// sets, on three PHYs, and periodically.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/address.hpp"
#include "base/time.hpp"
#include "hci/command.hpp"

namespace bluetooth::hci {

// ---- extended advertising

struct LeSetAdvertisingSetRandomAddress {  // Vol 4 Part E 7.8.52
    AdvertisingHandle advertising_handle{};
    Address random_address{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetAdvertisingSetRandomAddress, 0x2035, 36, 1, advertising_handle,
                   random_address);
};
struct LeSetExtendedAdvertisingParameters {  // Vol 4 Part E 7.8.53, version 1
    AdvertisingHandle advertising_handle{};
    std::uint16_t advertising_event_properties{};  ///< of the namespace so named
    LongUnits625us primary_advertising_interval_min{};
    LongUnits625us primary_advertising_interval_max{};
    std::uint8_t primary_advertising_channel_map{};
    OwnAddressType own_address_type{};
    AddressType peer_address_type{};
    Address peer_address{};
    AdvertisingFilterPolicy advertising_filter_policy{};
    std::int8_t advertising_tx_power{};  ///< dBm at most, or `no_tx_power_preference`
    Phy primary_advertising_phy{};
    std::uint8_t secondary_advertising_max_skip{};
    Phy secondary_advertising_phy{};
    std::uint8_t advertising_sid{};
    Enable scan_request_notification_enable{};
    struct Return {
        Status status{};
        std::int8_t selected_tx_power{};
        BT_FIELDS(Return, status, selected_tx_power);
    };
    BT_HCI_COMMAND(LeSetExtendedAdvertisingParameters, 0x2036, 36, 2, advertising_handle,
                   advertising_event_properties, primary_advertising_interval_min,
                   primary_advertising_interval_max, primary_advertising_channel_map,
                   own_address_type, peer_address_type, peer_address, advertising_filter_policy,
                   advertising_tx_power, primary_advertising_phy, secondary_advertising_max_skip,
                   secondary_advertising_phy, advertising_sid, scan_request_notification_enable);
};

/// How much data one command takes for a set; more comes in fragments (Vol 4 Part E 7.8.54).
inline constexpr std::size_t max_extended_advertising_data_fragment = 251;

struct LeSetExtendedAdvertisingData {  // Vol 4 Part E 7.8.54
    AdvertisingHandle advertising_handle{};
    DataOperation operation{};
    FragmentPreference fragment_preference{};
    Octets8 advertising_data{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetExtendedAdvertisingData, 0x2037, 36, 3, advertising_handle, operation,
                   fragment_preference, advertising_data);
};
struct LeSetExtendedScanResponseData {  // Vol 4 Part E 7.8.55
    AdvertisingHandle advertising_handle{};
    DataOperation operation{};
    FragmentPreference fragment_preference{};
    Octets8 scan_response_data{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetExtendedScanResponseData, 0x2038, 36, 4, advertising_handle, operation,
                   fragment_preference, scan_response_data);
};
/// One advertising set of LE Set Extended Advertising Enable.
struct AdvertisingSetEnable {
    AdvertisingHandle advertising_handle{};
    Units10ms duration{};                            ///< 0: until the host disables it
    std::uint8_t max_extended_advertising_events{};  ///< 0: any number
    BT_FIELDS(AdvertisingSetEnable, advertising_handle, duration, max_extended_advertising_events);
};
/// Disabling no set means all.
struct LeSetExtendedAdvertisingEnable {  // Vol 4 Part E 7.8.56
    Enable enable{};
    CountedList<AdvertisingSetEnable> sets{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetExtendedAdvertisingEnable, 0x2039, 36, 5, enable, sets);
};
struct LeReadMaximumAdvertisingDataLength {  // Vol 4 Part E 7.8.57
    struct Return {
        Status status{};
        std::uint16_t max_advertising_data_length{};
        BT_FIELDS(Return, status, max_advertising_data_length);
    };
    BT_HCI_COMMAND(LeReadMaximumAdvertisingDataLength, 0x203a, 36, 6);
};
struct LeReadNumberOfSupportedAdvertisingSets {  // Vol 4 Part E 7.8.58
    struct Return {
        Status status{};
        std::uint8_t num_supported_advertising_sets{};
        BT_FIELDS(Return, status, num_supported_advertising_sets);
    };
    BT_HCI_COMMAND(LeReadNumberOfSupportedAdvertisingSets, 0x203b, 36, 7);
};
struct LeRemoveAdvertisingSet {  // Vol 4 Part E 7.8.59
    AdvertisingHandle advertising_handle{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeRemoveAdvertisingSet, 0x203c, 37, 0, advertising_handle);
};
struct LeClearAdvertisingSets {  // Vol 4 Part E 7.8.60
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeClearAdvertisingSets, 0x203d, 37, 1);
};

// ---- periodic advertising

struct LeSetPeriodicAdvertisingParameters {  // Vol 4 Part E 7.8.61, version 1
    AdvertisingHandle advertising_handle{};
    Units1250us periodic_advertising_interval_min{};
    Units1250us periodic_advertising_interval_max{};
    std::uint16_t periodic_advertising_properties{};  ///< `periodic_include_tx_power` or 0
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetPeriodicAdvertisingParameters, 0x203e, 37, 2, advertising_handle,
                   periodic_advertising_interval_min, periodic_advertising_interval_max,
                   periodic_advertising_properties);
};
/// Takes at most 252 octets of data.
struct LeSetPeriodicAdvertisingData {  // Vol 4 Part E 7.8.62
    AdvertisingHandle advertising_handle{};
    DataOperation operation{};
    Octets8 advertising_data{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetPeriodicAdvertisingData, 0x203f, 37, 3, advertising_handle, operation,
                   advertising_data);
};
struct LeSetPeriodicAdvertisingEnable {  // Vol 4 Part E 7.8.63
    std::uint8_t enable{};               ///< `enable_periodic_advertising`, `include_adi`
    AdvertisingHandle advertising_handle{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetPeriodicAdvertisingEnable, 0x2040, 37, 4, enable, advertising_handle);
};

// ---- extended scanning and initiating

/// Whether `count` elements are one for each bit of `phys`.
constexpr bool is_for_each_of(std::uint8_t phys, std::size_t count) {
    return count == static_cast<std::size_t>(std::popcount(phys));
}

/// How LE Set Extended Scan Parameters scans on one PHY.
struct PhyScanParameters {
    ScanType scan_type{};
    Units625us scan_interval{};
    Units625us scan_window{};
    BT_FIELDS(PhyScanParameters, scan_type, scan_interval, scan_window);
};
/// `phys` has an element for each bit of `scanning_phys`, the lowest first.
struct LeSetExtendedScanParameters {  // Vol 4 Part E 7.8.64
    OwnAddressType own_address_type{};
    ScanFilterPolicy scanning_filter_policy{};
    std::uint8_t scanning_phys{};
    List<PhyScanParameters> phys{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetExtendedScanParameters, 0x2041, 37, 5, own_address_type,
                   scanning_filter_policy, scanning_phys, phys);

    bool complete() const { return is_for_each_of(scanning_phys, phys.size()); }
};
struct LeSetExtendedScanEnable {  // Vol 4 Part E 7.8.65
    Enable enable{};
    FilterDuplicates filter_duplicates{};
    Units10ms duration{};  ///< 0: until the host disables it
    Units1280ms period{};  ///< from one start to the next; 0: once
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetExtendedScanEnable, 0x2042, 37, 6, enable, filter_duplicates, duration,
                   period);
};
/// How LE Extended Create Connection initiates on one PHY, and what the link is to be like.
struct PhyInitiatingParameters {
    Units625us scan_interval{};
    Units625us scan_window{};
    Units1250us connection_interval_min{};
    Units1250us connection_interval_max{};
    std::uint16_t max_latency{};
    Units10ms supervision_timeout{};
    Units625us min_ce_length{};
    Units625us max_ce_length{};
    BT_FIELDS(PhyInitiatingParameters, scan_interval, scan_window, connection_interval_min,
              connection_interval_max, max_latency, supervision_timeout, min_ce_length,
              max_ce_length);
};
/// `phys` has an element for each bit of `initiating_phys`, the lowest first.
struct LeExtendedCreateConnection {  // Vol 4 Part E 7.8.66, version 1
    InitiatorFilterPolicy initiator_filter_policy{};
    OwnAddressType own_address_type{};
    AddressType peer_address_type{};
    Address peer_address{};
    std::uint8_t initiating_phys{};
    List<PhyInitiatingParameters> phys{};
    using Return = CommandStatusOnly;
    BT_HCI_COMMAND(LeExtendedCreateConnection, 0x2043, 37, 7, initiator_filter_policy,
                   own_address_type, peer_address_type, peer_address, initiating_phys, phys);

    bool complete() const { return is_for_each_of(initiating_phys, phys.size()); }
};

// ---- following periodic advertising

struct LePeriodicAdvertisingCreateSync {  // Vol 4 Part E 7.8.67
    std::uint8_t options{};  ///< `sync_to_periodic_advertiser_list` and those beside it
    std::uint8_t advertising_sid{};
    AddressType advertiser_address_type{};
    Address advertiser_address{};
    std::uint16_t skip{};
    Units10ms sync_timeout{};
    std::uint8_t sync_cte_type{};
    using Return = CommandStatusOnly;
    BT_HCI_COMMAND(LePeriodicAdvertisingCreateSync, 0x2044, 38, 0, options, advertising_sid,
                   advertiser_address_type, advertiser_address, skip, sync_timeout, sync_cte_type);
};
struct LePeriodicAdvertisingCreateSyncCancel {  // Vol 4 Part E 7.8.68
    using Return = StatusReturn;
    BT_HCI_COMMAND(LePeriodicAdvertisingCreateSyncCancel, 0x2045, 38, 1);
};
struct LePeriodicAdvertisingTerminateSync {  // Vol 4 Part E 7.8.69
    SyncHandle sync_handle{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LePeriodicAdvertisingTerminateSync, 0x2046, 38, 2, sync_handle);
};
struct LeAddDeviceToPeriodicAdvertiserList {  // Vol 4 Part E 7.8.70
    AddressType advertiser_address_type{};
    Address advertiser_address{};
    std::uint8_t advertising_sid{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeAddDeviceToPeriodicAdvertiserList, 0x2047, 38, 3, advertiser_address_type,
                   advertiser_address, advertising_sid);
};
struct LeRemoveDeviceFromPeriodicAdvertiserList {  // Vol 4 Part E 7.8.71
    AddressType advertiser_address_type{};
    Address advertiser_address{};
    std::uint8_t advertising_sid{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeRemoveDeviceFromPeriodicAdvertiserList, 0x2048, 38, 4, advertiser_address_type,
                   advertiser_address, advertising_sid);
};
struct LeClearPeriodicAdvertiserList {  // Vol 4 Part E 7.8.72
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeClearPeriodicAdvertiserList, 0x2049, 38, 5);
};
struct LeReadPeriodicAdvertiserListSize {  // Vol 4 Part E 7.8.73
    struct Return {
        Status status{};
        std::uint8_t periodic_advertiser_list_size{};
        BT_FIELDS(Return, status, periodic_advertiser_list_size);
    };
    BT_HCI_COMMAND(LeReadPeriodicAdvertiserListSize, 0x204a, 38, 6);
};
struct LeSetPeriodicAdvertisingReceiveEnable {  // Vol 4 Part E 7.8.88
    SyncHandle sync_handle{};
    std::uint8_t enable{};  ///< `report_periodic_advertising`, `filter_periodic_duplicates`
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetPeriodicAdvertisingReceiveEnable, 0x2059, 40, 5, sync_handle, enable);
};

// ---- handing a periodic advertising train to the peer of a link

struct LePeriodicAdvertisingSyncTransfer {  // Vol 4 Part E 7.8.89
    ConnectionHandle connection_handle{};
    std::uint16_t service_data{};
    SyncHandle sync_handle{};
    using Return = HandleReturn;
    BT_HCI_COMMAND(LePeriodicAdvertisingSyncTransfer, 0x205a, 40, 6, connection_handle,
                   service_data, sync_handle);
};
struct LePeriodicAdvertisingSetInfoTransfer {  // Vol 4 Part E 7.8.90
    ConnectionHandle connection_handle{};
    std::uint16_t service_data{};
    AdvertisingHandle advertising_handle{};
    using Return = HandleReturn;
    BT_HCI_COMMAND(LePeriodicAdvertisingSetInfoTransfer, 0x205b, 40, 7, connection_handle,
                   service_data, advertising_handle);
};
struct LeSetPeriodicAdvertisingSyncTransferParameters {  // Vol 4 Part E 7.8.91
    ConnectionHandle connection_handle{};
    SyncTransferMode mode{};
    std::uint16_t skip{};
    Units10ms sync_timeout{};
    std::uint8_t cte_type{};
    using Return = HandleReturn;
    BT_HCI_COMMAND(LeSetPeriodicAdvertisingSyncTransferParameters, 0x205c, 41, 0, connection_handle,
                   mode, skip, sync_timeout, cte_type);
};
struct LeSetDefaultPeriodicAdvertisingSyncTransferParameters {  // Vol 4 Part E 7.8.92
    SyncTransferMode mode{};
    std::uint16_t skip{};
    Units10ms sync_timeout{};
    std::uint8_t cte_type{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetDefaultPeriodicAdvertisingSyncTransferParameters, 0x205d, 41, 1, mode, skip,
                   sync_timeout, cte_type);
};

// ---- power, keys and addresses

struct LeReadTransmitPower {  // Vol 4 Part E 7.8.74
    struct Return {
        Status status{};
        std::int8_t min_tx_power{};  ///< dBm
        std::int8_t max_tx_power{};  ///< dBm
        BT_FIELDS(Return, status, min_tx_power, max_tx_power);
    };
    BT_HCI_COMMAND(LeReadTransmitPower, 0x204b, 38, 7);
};
struct LeReadRfPathCompensation {  // Vol 4 Part E 7.8.75
    struct Return {
        Status status{};
        std::int16_t rf_tx_path_compensation_value{};  ///< 0.1 dB
        std::int16_t rf_rx_path_compensation_value{};  ///< 0.1 dB
        BT_FIELDS(Return, status, rf_tx_path_compensation_value, rf_rx_path_compensation_value);
    };
    BT_HCI_COMMAND(LeReadRfPathCompensation, 0x204c, 39, 0);
};
struct LeWriteRfPathCompensation {                 // Vol 4 Part E 7.8.76
    std::int16_t rf_tx_path_compensation_value{};  ///< 0.1 dB
    std::int16_t rf_rx_path_compensation_value{};  ///< 0.1 dB
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeWriteRfPathCompensation, 0x204d, 39, 1, rf_tx_path_compensation_value,
                   rf_rx_path_compensation_value);
};
struct LeGenerateDhKeyV2 {  // Vol 4 Part E 7.8.37
    std::array<std::uint8_t, 32> key_x_coordinate{};
    std::array<std::uint8_t, 32> key_y_coordinate{};
    DhKeyType key_type{};
    using Return = CommandStatusOnly;
    BT_HCI_COMMAND(LeGenerateDhKeyV2, 0x205e, 41, 2, key_x_coordinate, key_y_coordinate, key_type);
};
struct LeSetDataRelatedAddressChanges {  // Vol 4 Part E 7.8.122
    AdvertisingHandle advertising_handle{};
    std::uint8_t change_reasons{};  ///< `upon_advertising_data_change` and the one beside it
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetDataRelatedAddressChanges, 0x207c, 45, 6, advertising_handle,
                   change_reasons);
};

}  // namespace bluetooth::hci
