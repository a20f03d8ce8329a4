// SPDX-License-Identifier: MIT
//
// The commands of the LE Controller group: Core 4.0 to 4.2, and what 5.0 adds to legacy use.
#pragma once

#include <array>
#include <cstdint>

#include "base/address.hpp"
#include "base/time.hpp"
#include "hci/command.hpp"

namespace bluetooth::hci {

// ---- Core 4.0

struct LeSetEventMask {  // Vol 4 Part E 7.8.1
    std::uint64_t le_event_mask{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetEventMask, 0x2001, 25, 0, le_event_mask);
};
/// A length of 0 means that LE shares the buffers that Read Buffer Size tells of.
struct LeReadBufferSize {  // Vol 4 Part E 7.8.2
    struct Return {
        Status status{};
        std::uint16_t le_acl_data_packet_length{};
        std::uint8_t total_num_le_acl_data_packets{};
        BT_FIELDS(Return, status, le_acl_data_packet_length, total_num_le_acl_data_packets);
    };
    BT_HCI_COMMAND(LeReadBufferSize, 0x2002, 25, 1);
};
struct LeReadBufferSizeV2 {  // Vol 4 Part E 7.8.2
    struct Return {
        Status status{};
        std::uint16_t le_acl_data_packet_length{};
        std::uint8_t total_num_le_acl_data_packets{};
        std::uint16_t iso_data_packet_length{};
        std::uint8_t total_num_iso_data_packets{};
        BT_FIELDS(Return, status, le_acl_data_packet_length, total_num_le_acl_data_packets,
                  iso_data_packet_length, total_num_iso_data_packets);
    };
    BT_HCI_COMMAND(LeReadBufferSizeV2, 0x2060, 41, 5);
};
struct LeReadLocalSupportedFeatures {  // Vol 4 Part E 7.8.3
    struct Return {
        Status status{};
        std::uint64_t le_features{};
        BT_FIELDS(Return, status, le_features);
    };
    BT_HCI_COMMAND(LeReadLocalSupportedFeatures, 0x2003, 25, 2);
};
struct LeSetRandomAddress {  // Vol 4 Part E 7.8.4
    Address random_address{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetRandomAddress, 0x2005, 25, 4, random_address);
};
struct LeSetAdvertisingParameters {  // Vol 4 Part E 7.8.5
    Units625us advertising_interval_min{};
    Units625us advertising_interval_max{};
    AdvertisingType advertising_type{};
    OwnAddressType own_address_type{};
    AddressType peer_address_type{};
    Address peer_address{};
    std::uint8_t advertising_channel_map{};
    AdvertisingFilterPolicy advertising_filter_policy{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetAdvertisingParameters, 0x2006, 25, 5, advertising_interval_min,
                   advertising_interval_max, advertising_type, own_address_type, peer_address_type,
                   peer_address, advertising_channel_map, advertising_filter_policy);
};
struct LeReadAdvertisingPhysicalChannelTxPower {  // Vol 4 Part E 7.8.6
    struct Return {
        Status status{};
        std::int8_t tx_power_level{};
        BT_FIELDS(Return, status, tx_power_level);
    };
    BT_HCI_COMMAND(LeReadAdvertisingPhysicalChannelTxPower, 0x2007, 25, 6);
};
struct LeSetAdvertisingData {  // Vol 4 Part E 7.8.7
    std::uint8_t advertising_data_length{};
    std::array<std::uint8_t, 31> advertising_data{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetAdvertisingData, 0x2008, 25, 7, advertising_data_length, advertising_data);
};
struct LeSetScanResponseData {  // Vol 4 Part E 7.8.8
    std::uint8_t scan_response_data_length{};
    std::array<std::uint8_t, 31> scan_response_data{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetScanResponseData, 0x2009, 26, 0, scan_response_data_length,
                   scan_response_data);
};
struct LeSetAdvertisingEnable {  // Vol 4 Part E 7.8.9
    Enable advertising_enable{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetAdvertisingEnable, 0x200a, 26, 1, advertising_enable);
};
struct LeSetScanParameters {  // Vol 4 Part E 7.8.10
    ScanType le_scan_type{};
    Units625us le_scan_interval{};
    Units625us le_scan_window{};
    OwnAddressType own_address_type{};
    ScanFilterPolicy scanning_filter_policy{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetScanParameters, 0x200b, 26, 2, le_scan_type, le_scan_interval,
                   le_scan_window, own_address_type, scanning_filter_policy);
};
struct LeSetScanEnable {  // Vol 4 Part E 7.8.11
    Enable le_scan_enable{};
    Enable filter_duplicates{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetScanEnable, 0x200c, 26, 3, le_scan_enable, filter_duplicates);
};
struct LeCreateConnection {  // Vol 4 Part E 7.8.12
    Units625us le_scan_interval{};
    Units625us le_scan_window{};
    InitiatorFilterPolicy initiator_filter_policy{};
    AddressType peer_address_type{};
    Address peer_address{};
    OwnAddressType own_address_type{};
    Units1250us connection_interval_min{};
    Units1250us connection_interval_max{};
    std::uint16_t max_latency{};
    Units10ms supervision_timeout{};
    Units625us min_ce_length{};
    Units625us max_ce_length{};
    using Return = CommandStatusOnly;
    BT_HCI_COMMAND(LeCreateConnection, 0x200d, 26, 4, le_scan_interval, le_scan_window,
                   initiator_filter_policy, peer_address_type, peer_address, own_address_type,
                   connection_interval_min, connection_interval_max, max_latency,
                   supervision_timeout, min_ce_length, max_ce_length);
};
struct LeCreateConnectionCancel {  // Vol 4 Part E 7.8.13
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeCreateConnectionCancel, 0x200e, 26, 5);
};
struct LeReadFilterAcceptListSize {  // Vol 4 Part E 7.8.14
    struct Return {
        Status status{};
        std::uint8_t filter_accept_list_size{};
        BT_FIELDS(Return, status, filter_accept_list_size);
    };
    BT_HCI_COMMAND(LeReadFilterAcceptListSize, 0x200f, 26, 6);
};
struct LeClearFilterAcceptList {  // Vol 4 Part E 7.8.15
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeClearFilterAcceptList, 0x2010, 26, 7);
};
struct LeAddDeviceToFilterAcceptList {  // Vol 4 Part E 7.8.16
    AddressType address_type{};
    Address address{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeAddDeviceToFilterAcceptList, 0x2011, 27, 0, address_type, address);
};
struct LeRemoveDeviceFromFilterAcceptList {  // Vol 4 Part E 7.8.17
    AddressType address_type{};
    Address address{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeRemoveDeviceFromFilterAcceptList, 0x2012, 27, 1, address_type, address);
};
struct LeConnectionUpdate {  // Vol 4 Part E 7.8.18
    ConnectionHandle connection_handle{};
    Units1250us connection_interval_min{};
    Units1250us connection_interval_max{};
    std::uint16_t max_latency{};
    Units10ms supervision_timeout{};
    Units625us min_ce_length{};
    Units625us max_ce_length{};
    using Return = CommandStatusOnly;
    BT_HCI_COMMAND(LeConnectionUpdate, 0x2013, 27, 2, connection_handle, connection_interval_min,
                   connection_interval_max, max_latency, supervision_timeout, min_ce_length,
                   max_ce_length);
};
struct LeSetHostChannelClassification {  // Vol 4 Part E 7.8.19
    std::array<std::uint8_t, 5> channel_map{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetHostChannelClassification, 0x2014, 27, 3, channel_map);
};
struct LeReadChannelMap {  // Vol 4 Part E 7.8.20
    ConnectionHandle connection_handle{};
    struct Return {
        Status status{};
        ConnectionHandle connection_handle{};
        std::array<std::uint8_t, 5> channel_map{};
        BT_FIELDS(Return, status, connection_handle, channel_map);
    };
    BT_HCI_COMMAND(LeReadChannelMap, 0x2015, 27, 4, connection_handle);
};
struct LeReadRemoteFeatures {  // Vol 4 Part E 7.8.21
    ConnectionHandle connection_handle{};
    using Return = CommandStatusOnly;
    BT_HCI_COMMAND(LeReadRemoteFeatures, 0x2016, 27, 5, connection_handle);
};
struct LeEncrypt {  // Vol 4 Part E 7.8.22
    std::array<std::uint8_t, 16> key{};
    std::array<std::uint8_t, 16> plaintext_data{};
    struct Return {
        Status status{};
        std::array<std::uint8_t, 16> encrypted_data{};
        BT_FIELDS(Return, status, encrypted_data);
    };
    BT_HCI_COMMAND(LeEncrypt, 0x2017, 27, 6, key, plaintext_data);
};
struct LeRand {  // Vol 4 Part E 7.8.23
    struct Return {
        Status status{};
        std::array<std::uint8_t, 8> random_number{};
        BT_FIELDS(Return, status, random_number);
    };
    BT_HCI_COMMAND(LeRand, 0x2018, 27, 7);
};
struct LeEnableEncryption {  // Vol 4 Part E 7.8.24
    ConnectionHandle connection_handle{};
    std::array<std::uint8_t, 8> random_number{};
    std::uint16_t encrypted_diversifier{};
    std::array<std::uint8_t, 16> long_term_key{};
    using Return = CommandStatusOnly;
    BT_HCI_COMMAND(LeEnableEncryption, 0x2019, 28, 0, connection_handle, random_number,
                   encrypted_diversifier, long_term_key);
};
struct LeLongTermKeyRequestReply {  // Vol 4 Part E 7.8.25
    ConnectionHandle connection_handle{};
    std::array<std::uint8_t, 16> long_term_key{};
    using Return = HandleReturn;
    BT_HCI_COMMAND(LeLongTermKeyRequestReply, 0x201a, 28, 1, connection_handle, long_term_key);
};
struct LeLongTermKeyRequestNegativeReply {  // Vol 4 Part E 7.8.26
    ConnectionHandle connection_handle{};
    using Return = HandleReturn;
    BT_HCI_COMMAND(LeLongTermKeyRequestNegativeReply, 0x201b, 28, 2, connection_handle);
};
struct LeReadSupportedStates {  // Vol 4 Part E 7.8.27
    struct Return {
        Status status{};
        std::uint64_t le_states{};
        BT_FIELDS(Return, status, le_states);
    };
    BT_HCI_COMMAND(LeReadSupportedStates, 0x201c, 28, 3);
};

// ---- Core 4.1

struct LeRemoteConnectionParameterRequestReply {  // Vol 4 Part E 7.8.31
    ConnectionHandle connection_handle{};
    Units1250us connection_interval_min{};
    Units1250us connection_interval_max{};
    std::uint16_t max_latency{};
    Units10ms supervision_timeout{};
    Units625us min_ce_length{};
    Units625us max_ce_length{};
    using Return = HandleReturn;
    BT_HCI_COMMAND(LeRemoteConnectionParameterRequestReply, 0x2020, 33, 4, connection_handle,
                   connection_interval_min, connection_interval_max, max_latency,
                   supervision_timeout, min_ce_length, max_ce_length);
};
struct LeRemoteConnectionParameterRequestNegativeReply {  // Vol 4 Part E 7.8.32
    ConnectionHandle connection_handle{};
    Status reason{};
    using Return = HandleReturn;
    BT_HCI_COMMAND(LeRemoteConnectionParameterRequestNegativeReply, 0x2021, 33, 5,
                   connection_handle, reason);
};

// ---- Core 4.2

struct LeSetDataLength {  // Vol 4 Part E 7.8.33
    ConnectionHandle connection_handle{};
    std::uint16_t tx_octets{};
    Microseconds tx_time{};
    using Return = HandleReturn;
    BT_HCI_COMMAND(LeSetDataLength, 0x2022, 33, 6, connection_handle, tx_octets, tx_time);
};
struct LeReadSuggestedDefaultDataLength {  // Vol 4 Part E 7.8.34
    struct Return {
        Status status{};
        std::uint16_t suggested_max_tx_octets{};
        Microseconds suggested_max_tx_time{};
        BT_FIELDS(Return, status, suggested_max_tx_octets, suggested_max_tx_time);
    };
    BT_HCI_COMMAND(LeReadSuggestedDefaultDataLength, 0x2023, 33, 7);
};
struct LeWriteSuggestedDefaultDataLength {  // Vol 4 Part E 7.8.35
    std::uint16_t suggested_max_tx_octets{};
    Microseconds suggested_max_tx_time{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeWriteSuggestedDefaultDataLength, 0x2024, 34, 0, suggested_max_tx_octets,
                   suggested_max_tx_time);
};
struct LeReadLocalP256PublicKey {  // Vol 4 Part E 7.8.36
    using Return = CommandStatusOnly;
    BT_HCI_COMMAND(LeReadLocalP256PublicKey, 0x2025, 34, 1);
};
struct LeGenerateDhKey {  // Vol 4 Part E 7.8.37
    std::array<std::uint8_t, 32> key_x_coordinate{};
    std::array<std::uint8_t, 32> key_y_coordinate{};
    using Return = CommandStatusOnly;
    BT_HCI_COMMAND(LeGenerateDhKey, 0x2026, 34, 2, key_x_coordinate, key_y_coordinate);
};
struct LeAddDeviceToResolvingList {  // Vol 4 Part E 7.8.38
    AddressType peer_identity_address_type{};
    Address peer_identity_address{};
    std::array<std::uint8_t, 16> peer_irk{};
    std::array<std::uint8_t, 16> local_irk{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeAddDeviceToResolvingList, 0x2027, 34, 3, peer_identity_address_type,
                   peer_identity_address, peer_irk, local_irk);
};
struct LeRemoveDeviceFromResolvingList {  // Vol 4 Part E 7.8.39
    AddressType peer_identity_address_type{};
    Address peer_identity_address{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeRemoveDeviceFromResolvingList, 0x2028, 34, 4, peer_identity_address_type,
                   peer_identity_address);
};
struct LeClearResolvingList {  // Vol 4 Part E 7.8.40
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeClearResolvingList, 0x2029, 34, 5);
};
struct LeReadResolvingListSize {  // Vol 4 Part E 7.8.41
    struct Return {
        Status status{};
        std::uint8_t resolving_list_size{};
        BT_FIELDS(Return, status, resolving_list_size);
    };
    BT_HCI_COMMAND(LeReadResolvingListSize, 0x202a, 34, 6);
};
struct LeReadPeerResolvableAddress {  // Vol 4 Part E 7.8.42
    AddressType peer_identity_address_type{};
    Address peer_identity_address{};
    struct Return {
        Status status{};
        Address peer_resolvable_address{};
        BT_FIELDS(Return, status, peer_resolvable_address);
    };
    BT_HCI_COMMAND(LeReadPeerResolvableAddress, 0x202b, 34, 7, peer_identity_address_type,
                   peer_identity_address);
};
struct LeReadLocalResolvableAddress {  // Vol 4 Part E 7.8.43
    AddressType peer_identity_address_type{};
    Address peer_identity_address{};
    struct Return {
        Status status{};
        Address local_resolvable_address{};
        BT_FIELDS(Return, status, local_resolvable_address);
    };
    BT_HCI_COMMAND(LeReadLocalResolvableAddress, 0x202c, 35, 0, peer_identity_address_type,
                   peer_identity_address);
};
struct LeSetAddressResolutionEnable {  // Vol 4 Part E 7.8.44
    Enable address_resolution_enable{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetAddressResolutionEnable, 0x202d, 35, 1, address_resolution_enable);
};
struct LeSetResolvablePrivateAddressTimeout {  // Vol 4 Part E 7.8.45
    Seconds rpa_timeout{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetResolvablePrivateAddressTimeout, 0x202e, 35, 2, rpa_timeout);
};
struct LeReadMaximumDataLength {  // Vol 4 Part E 7.8.46
    struct Return {
        Status status{};
        std::uint16_t supported_max_tx_octets{};
        Microseconds supported_max_tx_time{};
        std::uint16_t supported_max_rx_octets{};
        Microseconds supported_max_rx_time{};
        BT_FIELDS(Return, status, supported_max_tx_octets, supported_max_tx_time,
                  supported_max_rx_octets, supported_max_rx_time);
    };
    BT_HCI_COMMAND(LeReadMaximumDataLength, 0x202f, 35, 3);
};

// ---- Core 5.0

struct LeReadPhy {  // Vol 4 Part E 7.8.47
    ConnectionHandle connection_handle{};
    struct Return {
        Status status{};
        ConnectionHandle connection_handle{};
        Phy tx_phy{};
        Phy rx_phy{};
        BT_FIELDS(Return, status, connection_handle, tx_phy, rx_phy);
    };
    BT_HCI_COMMAND(LeReadPhy, 0x2030, 35, 4, connection_handle);
};
/// Bit 0 of `all_phys`: no preference for sending; bit 1: none for receiving.
struct LeSetDefaultPhy {  // Vol 4 Part E 7.8.48
    std::uint8_t all_phys{};
    std::uint8_t tx_phys{};
    std::uint8_t rx_phys{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetDefaultPhy, 0x2031, 35, 5, all_phys, tx_phys, rx_phys);
};
struct LeSetPhy {  // Vol 4 Part E 7.8.49
    ConnectionHandle connection_handle{};
    std::uint8_t all_phys{};
    std::uint8_t tx_phys{};
    std::uint8_t rx_phys{};
    std::uint16_t phy_options{};
    using Return = CommandStatusOnly;
    BT_HCI_COMMAND(LeSetPhy, 0x2032, 35, 6, connection_handle, all_phys, tx_phys, rx_phys,
                   phy_options);
};
struct LeSetPrivacyMode {  // Vol 4 Part E 7.8.77
    AddressType peer_identity_address_type{};
    Address peer_identity_address{};
    PrivacyMode privacy_mode{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(LeSetPrivacyMode, 0x204e, 39, 2, peer_identity_address_type,
                   peer_identity_address, privacy_mode);
};

}  // namespace bluetooth::hci
