// SPDX-License-Identifier: MIT
//
// The commands outside the LE group that an LE host needs.
#pragma once

#include <array>
#include <cstdint>

#include "base/address.hpp"
#include "base/time.hpp"
#include "hci/command.hpp"

namespace bluetooth::hci {

// ---- Link Control

struct Disconnect {  // Vol 4 Part E 7.1.6
    ConnectionHandle connection_handle{};
    Status reason{};
    using Return = CommandStatusOnly;
    BT_HCI_COMMAND(Disconnect, 0x0406, 0, 5, connection_handle, reason);
};
struct ReadRemoteVersionInformation {  // Vol 4 Part E 7.1.23
    ConnectionHandle connection_handle{};
    using Return = CommandStatusOnly;
    BT_HCI_COMMAND(ReadRemoteVersionInformation, 0x041d, 2, 7, connection_handle);
};

// ---- Controller & Baseband

struct SetEventMask {  // Vol 4 Part E 7.3.1
    std::uint64_t event_mask{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(SetEventMask, 0x0c01, 5, 6, event_mask);
};
struct Reset {  // Vol 4 Part E 7.3.2
    using Return = StatusReturn;
    BT_HCI_COMMAND(Reset, 0x0c03, 5, 7);
};
struct ReadTransmitPowerLevel {  // Vol 4 Part E 7.3.35
    ConnectionHandle connection_handle{};
    TransmitPowerType type{};
    struct Return {
        Status status{};
        ConnectionHandle connection_handle{};
        std::int8_t tx_power_level{};
        BT_FIELDS(Return, status, connection_handle, tx_power_level);
    };
    BT_HCI_COMMAND(ReadTransmitPowerLevel, 0x0c2d, 10, 2, connection_handle, type);
};
/// Bit 0 for ACL data, bit 1 for synchronous data.
struct SetControllerToHostFlowControl {  // Vol 4 Part E 7.3.38
    std::uint8_t flow_control_enable{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(SetControllerToHostFlowControl, 0x0c31, 10, 5, flow_control_enable);
};
struct HostBufferSize {  // Vol 4 Part E 7.3.39
    std::uint16_t host_acl_data_packet_length{};
    std::uint8_t host_synchronous_data_packet_length{};
    std::uint16_t host_total_num_acl_data_packets{};
    std::uint16_t host_total_num_synchronous_data_packets{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(HostBufferSize, 0x0c33, 10, 6, host_acl_data_packet_length,
                   host_synchronous_data_packet_length, host_total_num_acl_data_packets,
                   host_total_num_synchronous_data_packets);
};
/// May be sent at any time, whatever the command credits; answered only when it is wrong.
struct HostNumberOfCompletedPackets {  // Vol 4 Part E 7.3.40
    CountedList<CompletedPackets> completed{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(HostNumberOfCompletedPackets, 0x0c35, 10, 7, completed);
};
struct SetEventMaskPage2 {  // Vol 4 Part E 7.3.69
    std::uint64_t event_mask_page_2{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(SetEventMaskPage2, 0x0c63, 22, 2, event_mask_page_2);
};
/// Tells a controller that also has BR/EDR that its host speaks LE.
struct WriteLeHostSupport {  // Vol 4 Part E 7.3.79
    Enable le_supported_host{};
    std::uint8_t unused{};
    using Return = StatusReturn;
    BT_HCI_COMMAND(WriteLeHostSupport, 0x0c6d, 24, 6, le_supported_host, unused);
};
struct ReadAuthenticatedPayloadTimeout {  // Vol 4 Part E 7.3.93
    ConnectionHandle connection_handle{};
    struct Return {
        Status status{};
        ConnectionHandle connection_handle{};
        Units10ms authenticated_payload_timeout{};
        BT_FIELDS(Return, status, connection_handle, authenticated_payload_timeout);
    };
    BT_HCI_COMMAND(ReadAuthenticatedPayloadTimeout, 0x0c7b, 32, 4, connection_handle);
};
struct WriteAuthenticatedPayloadTimeout {  // Vol 4 Part E 7.3.94
    ConnectionHandle connection_handle{};
    Units10ms authenticated_payload_timeout{};
    using Return = HandleReturn;
    BT_HCI_COMMAND(WriteAuthenticatedPayloadTimeout, 0x0c7c, 32, 5, connection_handle,
                   authenticated_payload_timeout);
};

// ---- Informational Parameters

struct ReadLocalVersionInformation {  // Vol 4 Part E 7.4.1
    struct Return {
        Status status{};
        CoreVersion hci_version{};
        std::uint16_t hci_subversion{};
        CoreVersion lmp_version{};
        std::uint16_t company_identifier{};
        std::uint16_t lmp_subversion{};
        BT_FIELDS(Return, status, hci_version, hci_subversion, lmp_version, company_identifier,
                  lmp_subversion);
    };
    BT_HCI_COMMAND(ReadLocalVersionInformation, 0x1001, 14, 3);
};
struct ReadLocalSupportedCommands {  // Vol 4 Part E 7.4.2
    struct Return {
        Status status{};
        SupportedCommands supported_commands{};
        BT_FIELDS(Return, status, supported_commands);
    };
    BT_HCI_COMMAND(ReadLocalSupportedCommands, 0x1002, 14, 4);
};
struct ReadLocalSupportedFeatures {  // Vol 4 Part E 7.4.3
    struct Return {
        Status status{};
        std::uint64_t lmp_features{};
        BT_FIELDS(Return, status, lmp_features);
    };
    BT_HCI_COMMAND(ReadLocalSupportedFeatures, 0x1003, 14, 5);
};
struct ReadBufferSize {  // Vol 4 Part E 7.4.5
    struct Return {
        Status status{};
        std::uint16_t acl_data_packet_length{};
        std::uint8_t synchronous_data_packet_length{};
        std::uint16_t total_num_acl_data_packets{};
        std::uint16_t total_num_synchronous_data_packets{};
        BT_FIELDS(Return, status, acl_data_packet_length, synchronous_data_packet_length,
                  total_num_acl_data_packets, total_num_synchronous_data_packets);
    };
    BT_HCI_COMMAND(ReadBufferSize, 0x1005, 14, 7);
};
/// The public address; zeros when the controller has none.
struct ReadBdAddr {  // Vol 4 Part E 7.4.6
    struct Return {
        Status status{};
        Address bd_addr{};
        BT_FIELDS(Return, status, bd_addr);
    };
    BT_HCI_COMMAND(ReadBdAddr, 0x1009, 15, 1);
};

// ---- Status Parameters

struct ReadRssi {  // Vol 4 Part E 7.5.4
    ConnectionHandle connection_handle{};
    struct Return {
        Status status{};
        ConnectionHandle connection_handle{};
        std::int8_t rssi{};
        BT_FIELDS(Return, status, connection_handle, rssi);
    };
    BT_HCI_COMMAND(ReadRssi, 0x1405, 15, 5, connection_handle);
};

}  // namespace bluetooth::hci
