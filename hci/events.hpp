// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "base/address.hpp"
#include "base/time.hpp"
#include "hci/advertising_report.hpp"
#include "hci/command.hpp"
#include "hci/event.hpp"
#include "hci/le_extended_events.hpp"

namespace bluetooth::hci {

struct DisconnectionComplete {  // Vol 4 Part E 7.7.5
    Status status{};
    ConnectionHandle connection_handle{};
    Status reason{};
    BT_HCI_EVENT(DisconnectionComplete, disconnection_complete, status, connection_handle, reason);
};
struct EncryptionChange {  // Vol 4 Part E 7.7.8
    Status status{};
    ConnectionHandle connection_handle{};
    Enable encryption_enabled{};
    BT_HCI_EVENT(EncryptionChange, encryption_change, status, connection_handle,
                 encryption_enabled);
};
struct ReadRemoteVersionInformationComplete {  // Vol 4 Part E 7.7.12
    Status status{};
    ConnectionHandle connection_handle{};
    CoreVersion version{};
    std::uint16_t company_identifier{};
    std::uint16_t subversion{};
    BT_HCI_EVENT(ReadRemoteVersionInformationComplete, read_remote_version_information_complete,
                 status, connection_handle, version, company_identifier, subversion);
};
struct CommandComplete {  // Vol 4 Part E 7.7.14
    std::uint8_t num_hci_command_packets{};
    std::uint16_t command_opcode{};
    Bytes return_parameters{};
    BT_HCI_EVENT(CommandComplete, command_complete, num_hci_command_packets, command_opcode,
                 return_parameters);
};
struct CommandStatus {  // Vol 4 Part E 7.7.15
    Status status{};
    std::uint8_t num_hci_command_packets{};
    std::uint16_t command_opcode{};
    BT_HCI_EVENT(CommandStatus, command_status, status, num_hci_command_packets, command_opcode);
};
struct HardwareError {  // Vol 4 Part E 7.7.16
    std::uint8_t hardware_code{};
    BT_HCI_EVENT(HardwareError, hardware_error, hardware_code);
};
/// Read it with `for_each_completed`, which needs no correct count.
struct NumberOfCompletedPackets {  // Vol 4 Part E 7.7.19
    CountedList<CompletedPackets> completed{};
    BT_HCI_EVENT(NumberOfCompletedPackets, number_of_completed_packets, completed);
};
struct DataBufferOverflow {  // Vol 4 Part E 7.7.26
    std::uint8_t link_type{};
    BT_HCI_EVENT(DataBufferOverflow, data_buffer_overflow, link_type);
};
struct EncryptionKeyRefreshComplete {  // Vol 4 Part E 7.7.39
    Status status{};
    ConnectionHandle connection_handle{};
    BT_HCI_EVENT(EncryptionKeyRefreshComplete, encryption_key_refresh_complete, status,
                 connection_handle);
};
struct AuthenticatedPayloadTimeoutExpired {  // Vol 4 Part E 7.7.75
    ConnectionHandle connection_handle{};
    BT_HCI_EVENT(AuthenticatedPayloadTimeoutExpired, authenticated_payload_timeout_expired,
                 connection_handle);
};

// ---- LE Meta. When `status` is an error the other members may hold anything.

struct LeConnectionComplete {  // Vol 4 Part E 7.7.65.1
    Status status{};
    ConnectionHandle connection_handle{};
    Role role{};
    AddressType peer_address_type{};
    Address peer_address{};
    Units1250us connection_interval{};
    std::uint16_t peripheral_latency{};
    Units10ms supervision_timeout{};
    std::uint8_t central_clock_accuracy{};
    BT_HCI_LE_EVENT(LeConnectionComplete, connection_complete, status, connection_handle, role,
                    peer_address_type, peer_address, connection_interval, peripheral_latency,
                    supervision_timeout, central_clock_accuracy);
};
/// To build one; received ones are read with `AdvertisingReports`.
struct LeAdvertisingReport {  // Vol 4 Part E 7.7.65.2
    std::uint8_t num_reports{};
    Bytes reports{};
    BT_HCI_LE_EVENT(LeAdvertisingReport, advertising_report, num_reports, reports);
};
struct LeConnectionUpdateComplete {  // Vol 4 Part E 7.7.65.3
    Status status{};
    ConnectionHandle connection_handle{};
    Units1250us connection_interval{};
    std::uint16_t peripheral_latency{};
    Units10ms supervision_timeout{};
    BT_HCI_LE_EVENT(LeConnectionUpdateComplete, connection_update_complete, status,
                    connection_handle, connection_interval, peripheral_latency,
                    supervision_timeout);
};
struct LeReadRemoteFeaturesComplete {  // Vol 4 Part E 7.7.65.4
    Status status{};
    ConnectionHandle connection_handle{};
    std::uint64_t le_features{};
    BT_HCI_LE_EVENT(LeReadRemoteFeaturesComplete, read_remote_features_complete, status,
                    connection_handle, le_features);
};
struct LeLongTermKeyRequest {  // Vol 4 Part E 7.7.65.5
    ConnectionHandle connection_handle{};
    std::array<std::uint8_t, 8> random_number{};
    std::uint16_t encrypted_diversifier{};
    BT_HCI_LE_EVENT(LeLongTermKeyRequest, long_term_key_request, connection_handle, random_number,
                    encrypted_diversifier);
};
struct LeRemoteConnectionParameterRequest {  // Vol 4 Part E 7.7.65.6
    ConnectionHandle connection_handle{};
    Units1250us interval_min{};
    Units1250us interval_max{};
    std::uint16_t max_latency{};
    Units10ms timeout{};
    BT_HCI_LE_EVENT(LeRemoteConnectionParameterRequest, remote_connection_parameter_request,
                    connection_handle, interval_min, interval_max, max_latency, timeout);
};
struct LeDataLengthChange {  // Vol 4 Part E 7.7.65.7
    ConnectionHandle connection_handle{};
    std::uint16_t max_tx_octets{};
    Microseconds max_tx_time{};
    std::uint16_t max_rx_octets{};
    Microseconds max_rx_time{};
    BT_HCI_LE_EVENT(LeDataLengthChange, data_length_change, connection_handle, max_tx_octets,
                    max_tx_time, max_rx_octets, max_rx_time);
};
struct LeReadLocalP256PublicKeyComplete {  // Vol 4 Part E 7.7.65.8
    Status status{};
    std::array<std::uint8_t, 32> key_x_coordinate{};
    std::array<std::uint8_t, 32> key_y_coordinate{};
    BT_HCI_LE_EVENT(LeReadLocalP256PublicKeyComplete, read_local_p256_public_key_complete, status,
                    key_x_coordinate, key_y_coordinate);
};
struct LeGenerateDhKeyComplete {  // Vol 4 Part E 7.7.65.9
    Status status{};
    std::array<std::uint8_t, 32> dh_key{};
    BT_HCI_LE_EVENT(LeGenerateDhKeyComplete, generate_dhkey_complete, status, dh_key);
};
struct LeEnhancedConnectionComplete {  // Vol 4 Part E 7.7.65.10, version 1
    Status status{};
    ConnectionHandle connection_handle{};
    Role role{};
    AddressType peer_address_type{};
    Address peer_address{};
    Address local_resolvable_private_address{};
    Address peer_resolvable_private_address{};
    Units1250us connection_interval{};
    std::uint16_t peripheral_latency{};
    Units10ms supervision_timeout{};
    std::uint8_t central_clock_accuracy{};
    BT_HCI_LE_EVENT(LeEnhancedConnectionComplete, enhanced_connection_complete, status,
                    connection_handle, role, peer_address_type, peer_address,
                    local_resolvable_private_address, peer_resolvable_private_address,
                    connection_interval, peripheral_latency, supervision_timeout,
                    central_clock_accuracy);
};
/// To build one; received ones are read with `DirectedAdvertisingReports`.
struct LeDirectedAdvertisingReport {  // Vol 4 Part E 7.7.65.11
    std::uint8_t num_reports{};
    Bytes reports{};
    BT_HCI_LE_EVENT(LeDirectedAdvertisingReport, directed_advertising_report, num_reports, reports);
};
struct LePhyUpdateComplete {  // Vol 4 Part E 7.7.65.12
    Status status{};
    ConnectionHandle connection_handle{};
    Phy tx_phy{};
    Phy rx_phy{};
    BT_HCI_LE_EVENT(LePhyUpdateComplete, phy_update_complete, status, connection_handle, tx_phy,
                    rx_phy);
};
struct LeChannelSelectionAlgorithm {  // Vol 4 Part E 7.7.65.20
    ConnectionHandle connection_handle{};
    std::uint8_t channel_selection_algorithm{};
    BT_HCI_LE_EVENT(LeChannelSelectionAlgorithm, channel_selection_algorithm, connection_handle,
                    channel_selection_algorithm);
};

/// Calls `visitor(handle, count)` for each complete pair in the parameters of Number Of Completed
/// Packets, whatever their count octet says.
template <class Visitor> void for_each_completed(Bytes parameters, Visitor&& visitor) {
    if (parameters.empty()) return;
    Reader reader{Bytes{parameters.subspan(1)}};
    for (std::uint8_t left = parameters[0]; left > 0; --left) {
        CompletedPackets completed;
        get(reader, completed);
        if (!reader.ok()) return;
        visitor(completed.connection_handle, completed.count);
    }
}

/// Events this library knows, for what treats them alike: dispatch, names, monitor, tests.
template <class... E> struct EventSet {
    /// Calls `visitor(std::type_identity<E>{})` for each event.
    template <class Visitor> static constexpr void for_each(Visitor&& visitor) {
        (visitor(std::type_identity<E>{}), ...);
    }
    /// Calls `visitor(std::type_identity<E>{})` for the event that has this code and, inside LE
    /// Meta, these parameters; false when there is none.
    template <class Visitor> static bool with(EventCode code, Bytes parameters, Visitor&& visitor) {
        return ((is<E>(code, parameters) && (visitor(std::type_identity<E>{}), true)) || ...);
    }
    /// Decodes the event and hands it to `visitor`; false when it is unknown or malformed.
    template <class Visitor>
    static bool dispatch(EventCode code, Bytes parameters, Visitor&& visitor) {
        bool handled = false;
        with(code, parameters, [&]<class Event>(std::type_identity<Event>) {
            if (const auto event = decode_event<Event>(parameters)) {
                handled = true;
                visitor(*event);
            }
        });
        return handled;
    }
    /// The events of both sets.
    template <class... F> EventSet<E..., F...> operator+(EventSet<F...>) const { return {}; }

private:
    template <class Event> static bool is(EventCode code, [[maybe_unused]] Bytes parameters) {
        if constexpr (LeMetaEvent<Event>)
            return code == EventCode::le_meta && !parameters.empty() &&
                   LeSubevent{parameters[0]} == Event::subevent_code;
        else
            return code == Event::code;
    }
};

/// Those of this file.
using BasicEvents =
    EventSet<DisconnectionComplete, EncryptionChange, ReadRemoteVersionInformationComplete,
             CommandComplete, CommandStatus, HardwareError, NumberOfCompletedPackets,
             DataBufferOverflow, EncryptionKeyRefreshComplete, AuthenticatedPayloadTimeoutExpired,
             LeConnectionComplete, LeAdvertisingReport, LeConnectionUpdateComplete,
             LeReadRemoteFeaturesComplete, LeLongTermKeyRequest, LeRemoteConnectionParameterRequest,
             LeDataLengthChange, LeReadLocalP256PublicKeyComplete, LeGenerateDhKeyComplete,
             LeEnhancedConnectionComplete, LeDirectedAdvertisingReport, LePhyUpdateComplete,
             LeChannelSelectionAlgorithm>;

/// Those of le_extended_events.hpp.
using ExtendedEvents = EventSet<LeExtendedAdvertisingReport, LePeriodicAdvertisingSyncEstablished,
                                LePeriodicAdvertisingReport, LePeriodicAdvertisingSyncLost,
                                LeScanTimeout, LeAdvertisingSetTerminated, LeScanRequestReceived,
                                LePeriodicAdvertisingSyncTransferReceived>;

/// All of them.
using Events = decltype(BasicEvents{} + ExtendedEvents{});

/// "DisconnectionComplete", "LeConnectionComplete"; "event" for one that is not in `Events`.
std::string_view event_name(EventCode code, Bytes parameters);

}  // namespace bluetooth::hci
