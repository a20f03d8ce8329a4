// SPDX-License-Identifier: MIT
//
// The enumerations of HCI, numbered as Vol 1 Part F (status) and Vol 4 Part E (the rest) do. A
// value received may be none of the named ones.
#pragma once

#include <chrono>
#include <cstdint>
#include <ratio>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace bluetooth::hci {

/// Names one link of one controller (Vol 4 Part E 5.3.1).
enum class ConnectionHandle : std::uint16_t {};
/// The largest handle a controller may give out.
inline constexpr ConnectionHandle last_connection_handle{0x0eff};
constexpr bool is_valid(ConnectionHandle handle) { return handle <= last_connection_handle; }
/// "0x0040".
std::string to_string(ConnectionHandle handle);

/// Outcome of a command or procedure, and reason of a disconnection (Vol 1 Part F 1.3).
enum class Status : std::uint8_t {
    success = 0x00,
    unknown_hci_command = 0x01,
    unknown_connection_identifier = 0x02,
    hardware_failure = 0x03,
    authentication_failure = 0x05,
    pin_or_key_missing = 0x06,
    memory_capacity_exceeded = 0x07,
    connection_timeout = 0x08,
    connection_limit_exceeded = 0x09,
    connection_already_exists = 0x0b,
    command_disallowed = 0x0c,
    rejected_due_to_limited_resources = 0x0d,
    rejected_due_to_security_reasons = 0x0e,
    unsupported_feature_or_parameter_value = 0x11,
    invalid_hci_command_parameters = 0x12,
    remote_user_terminated_connection = 0x13,
    remote_device_terminated_low_resources = 0x14,
    remote_device_terminated_power_off = 0x15,
    connection_terminated_by_local_host = 0x16,
    repeated_attempts = 0x17,
    pairing_not_allowed = 0x18,
    unsupported_remote_feature = 0x1a,
    invalid_ll_parameters = 0x1e,
    unspecified_error = 0x1f,
    unsupported_ll_parameter_value = 0x20,
    ll_response_timeout = 0x22,
    ll_procedure_collision = 0x23,
    encryption_mode_not_acceptable = 0x25,
    instant_passed = 0x28,
    pairing_with_unit_key_not_supported = 0x29,
    different_transaction_collision = 0x2a,
    insufficient_security = 0x2f,
    parameter_out_of_mandatory_range = 0x30,
    host_busy_pairing = 0x38,
    controller_busy = 0x3a,
    unacceptable_connection_parameters = 0x3b,
    advertising_timeout = 0x3c,
    connection_terminated_due_to_mic_failure = 0x3d,
    connection_failed_to_be_established = 0x3e,
    unknown_advertising_identifier = 0x42,
    limit_reached = 0x43,
    operation_cancelled_by_host = 0x44,
    packet_too_long = 0x45,
};
/// As `hci_category` words it, e.g. "command disallowed".
std::string to_string(Status status);

/// Event codes (Vol 4 Part E 7.7).
enum class EventCode : std::uint8_t {
    disconnection_complete = 0x05,
    encryption_change = 0x08,
    read_remote_version_information_complete = 0x0c,
    command_complete = 0x0e,
    command_status = 0x0f,
    hardware_error = 0x10,
    number_of_completed_packets = 0x13,
    data_buffer_overflow = 0x1a,
    encryption_key_refresh_complete = 0x30,
    le_meta = 0x3e,
    authenticated_payload_timeout_expired = 0x57,
    vendor_specific = 0xff,
};

/// Codes of the events inside LE Meta (Vol 4 Part E 7.7.65).
enum class LeSubevent : std::uint8_t {
    connection_complete = 0x01,
    advertising_report = 0x02,
    connection_update_complete = 0x03,
    read_remote_features_complete = 0x04,
    long_term_key_request = 0x05,
    remote_connection_parameter_request = 0x06,
    data_length_change = 0x07,
    read_local_p256_public_key_complete = 0x08,
    generate_dhkey_complete = 0x09,
    enhanced_connection_complete = 0x0a,
    directed_advertising_report = 0x0b,
    phy_update_complete = 0x0c,
    extended_advertising_report = 0x0d,
    periodic_advertising_sync_established = 0x0e,
    periodic_advertising_report = 0x0f,
    periodic_advertising_sync_lost = 0x10,
    scan_timeout = 0x11,
    advertising_set_terminated = 0x12,
    scan_request_received = 0x13,
    channel_selection_algorithm = 0x14,
    periodic_advertising_sync_transfer_received = 0x18,
};

enum class Role : std::uint8_t { central = 0x00, peripheral = 0x01 };
std::string_view to_string(Role role);

/// Which address a controller puts into the PDUs it sends (Vol 4 Part E 7.8.5).
enum class OwnAddressType : std::uint8_t {
    public_device = 0x00,
    random_device = 0x01,
    resolvable_or_public = 0x02,  ///< a resolvable private one by the resolving list, else public
    resolvable_or_random = 0x03,
};
std::string_view to_string(OwnAddressType type);

/// What is advertised (Vol 4 Part E 7.8.5).
enum class AdvertisingType : std::uint8_t {
    adv_ind = 0x00,                   ///< connectable and scannable, undirected
    adv_direct_ind_high_duty = 0x01,  ///< connectable, directed, for 1.28 s at most
    adv_scan_ind = 0x02,              ///< scannable, undirected
    adv_nonconn_ind = 0x03,           ///< neither
    adv_direct_ind_low_duty = 0x04,   ///< connectable, directed, at the interval given
};
std::string_view to_string(AdvertisingType type);

/// What was received (Vol 4 Part E 7.7.65.2). Unlike in AdvertisingType, 4 is a scan response.
enum class AdvertisingEventType : std::uint8_t {
    adv_ind = 0x00,
    adv_direct_ind = 0x01,
    adv_scan_ind = 0x02,
    adv_nonconn_ind = 0x03,
    scan_rsp = 0x04,
};
std::string_view to_string(AdvertisingEventType type);

/// From whom an advertiser takes requests (Vol 4 Part E 7.8.5).
enum class AdvertisingFilterPolicy : std::uint8_t {
    all = 0x00,
    scan_requests_from_accept_list = 0x01,
    connections_from_accept_list = 0x02,
    all_from_accept_list = 0x03,
};
/// The primary advertising channels (Vol 4 Part E 7.8.5).
inline constexpr std::uint8_t all_advertising_channels = 0x07;

enum class ScanType : std::uint8_t { passive = 0x00, active = 0x01 };
/// Whose advertising a scanner reports (Vol 4 Part E 7.8.10).
enum class ScanFilterPolicy : std::uint8_t {
    all = 0x00,
    accept_list = 0x01,
    all_and_unresolved_directed = 0x02,
    accept_list_and_unresolved_directed = 0x03,
};
/// Whether LE Create Connection names its peer or takes any in the accept list (Vol 4 Part
/// E 7.8.12).
enum class InitiatorFilterPolicy : std::uint8_t { peer_address = 0x00, accept_list = 0x01 };

/// On or off, in the many commands that switch something.
enum class Enable : std::uint8_t { disabled = 0x00, enabled = 0x01 };

/// How to treat the identity address of a peer in the resolving list (Vol 4 Part E 7.8.77).
enum class PrivacyMode : std::uint8_t { network = 0x00, device = 0x01 };

/// A physical layer in use (Vol 4 Part E 7.7.65.12); `none` stands only in extended reports, for no
/// packet on the secondary channels (Vol 4 Part E 7.7.65.13).
enum class Phy : std::uint8_t { none = 0x00, le_1m = 0x01, le_2m = 0x02, le_coded = 0x03 };
std::string_view to_string(Phy phy);
/// Physical layers in a preference (Vol 4 Part E 7.8.48), and those to scan or initiate on
/// (7.8.64, 7.8.66), to be combined.
inline constexpr std::uint8_t prefer_le_1m = 0x01;
inline constexpr std::uint8_t prefer_le_2m = 0x02;
inline constexpr std::uint8_t prefer_le_coded = 0x04;

/// Which level Read Transmit Power Level returns (Vol 4 Part E 7.3.35).
enum class TransmitPowerType : std::uint8_t { current = 0x00, maximum = 0x01 };

/// Version of the specification a controller follows (Assigned Numbers 2.1), e.g. in Read Local
/// Version Information.
enum class CoreVersion : std::uint8_t {
    v1_1 = 0x01,
    v1_2 = 0x02,
    v2_0 = 0x03,
    v2_1 = 0x04,
    v3_0 = 0x05,
    v4_0 = 0x06,
    v4_1 = 0x07,
    v4_2 = 0x08,
    v5_0 = 0x09,
    v5_1 = 0x0a,
    v5_2 = 0x0b,
    v5_3 = 0x0c,
    v5_4 = 0x0d,
    v6_0 = 0x0e,
};
/// "4.2", "5.4"; "unknown" for a version later than this list.
std::string_view to_string(CoreVersion version);

/// RSSI and TX power "not available" in reports and answers (Vol 4 Part E 7.7.65.2, 7.5.4).
inline constexpr std::int8_t power_not_available = 127;

/// Air times of data packets (Vol 4 Part E 7.8.33).
using Microseconds = std::chrono::duration<std::uint16_t, std::micro>;
/// Lifetime of a resolvable private address (Vol 4 Part E 7.8.45).
using Seconds = std::chrono::duration<std::uint16_t>;

// ---- extended and periodic advertising

/// Names one advertising set of a controller; the host chooses it (Vol 4 Part E 7.8.53).
enum class AdvertisingHandle : std::uint8_t {};
inline constexpr AdvertisingHandle last_advertising_handle{0xef};
constexpr bool is_valid(AdvertisingHandle handle) { return handle <= last_advertising_handle; }

/// Names one periodic advertising train that a controller follows (Vol 4 Part E 7.7.65.14).
enum class SyncHandle : std::uint16_t {};
inline constexpr SyncHandle last_sync_handle{0x0eff};
constexpr bool is_valid(SyncHandle handle) { return handle <= last_sync_handle; }

/// What an advertising set sends, to be combined (Vol 4 Part E 7.8.53).
namespace advertising_event_properties {
inline constexpr std::uint16_t connectable = 1 << 0;
inline constexpr std::uint16_t scannable = 1 << 1;
inline constexpr std::uint16_t directed = 1 << 2;
inline constexpr std::uint16_t high_duty_cycle = 1 << 3;  ///< with connectable and directed
inline constexpr std::uint16_t legacy = 1 << 4;           ///< the PDUs of Core 4
inline constexpr std::uint16_t anonymous = 1 << 5;        ///< without the advertiser's address
inline constexpr std::uint16_t include_tx_power = 1 << 6;
}  // namespace advertising_event_properties

/// What was received, combined (Vol 4 Part E 7.7.65.13). Unlike in the properties, bit 3 is a scan
/// response.
namespace extended_event_type {
inline constexpr std::uint16_t connectable = 1 << 0;
inline constexpr std::uint16_t scannable = 1 << 1;
inline constexpr std::uint16_t directed = 1 << 2;
inline constexpr std::uint16_t scan_response = 1 << 3;
inline constexpr std::uint16_t legacy = 1 << 4;
inline constexpr unsigned data_status_shift = 5;  ///< two bits, a DataStatus
}  // namespace extended_event_type

/// Whether the data of a report is all there is (Vol 4 Part E 7.7.65.13, 7.7.65.15).
enum class DataStatus : std::uint8_t {
    complete = 0x00,
    more_to_come = 0x01,
    truncated = 0x02,  ///< the rest was lost
};
std::string_view to_string(DataStatus status);

/// Which part of a set's data a command carries (Vol 4 Part E 7.8.54).
enum class DataOperation : std::uint8_t {
    intermediate_fragment = 0x00,
    first_fragment = 0x01,
    last_fragment = 0x02,
    complete = 0x03,
    unchanged = 0x04,  ///< no data: only the advertising data identifier is to change
};
std::string_view to_string(DataOperation operation);

/// Whether the controller may spread data over more PDUs than need be (Vol 4 Part E 7.8.54).
enum class FragmentPreference : std::uint8_t { may_fragment = 0x00, should_not_fragment = 0x01 };

/// Which advertisements an extended scan reports once only (Vol 4 Part E 7.8.65).
enum class FilterDuplicates : std::uint8_t {
    disabled = 0x00,
    enabled = 0x01,
    reset_each_period = 0x02,  ///< once per scan period
};

/// For LE Set Periodic Advertising Enable, to be combined (Vol 4 Part E 7.8.63).
inline constexpr std::uint8_t enable_periodic_advertising = 1 << 0;
inline constexpr std::uint8_t include_adi = 1 << 1;
/// In the properties of periodic advertising (Vol 4 Part E 7.8.61).
inline constexpr std::uint16_t periodic_include_tx_power = 1 << 6;
/// For LE Periodic Advertising Create Sync, to be combined (Vol 4 Part E 7.8.67).
inline constexpr std::uint8_t sync_to_periodic_advertiser_list = 1 << 0;
inline constexpr std::uint8_t sync_without_reports = 1 << 1;
inline constexpr std::uint8_t sync_filters_duplicates = 1 << 2;
/// For LE Set Periodic Advertising Receive Enable, to be combined (Vol 4 Part E 7.8.88).
inline constexpr std::uint8_t report_periodic_advertising = 1 << 0;
inline constexpr std::uint8_t filter_periodic_duplicates = 1 << 1;

/// What a controller does when a peer transfers a sync to it (Vol 4 Part E 7.8.91).
enum class SyncTransferMode : std::uint8_t {
    ignore = 0x00,
    without_reports = 0x01,
    with_reports = 0x02,
    with_filtered_reports = 0x03,
};
std::string_view to_string(SyncTransferMode mode);

/// Which private key LE Generate DHKey uses (Vol 4 Part E 7.8.37).
enum class DhKeyType : std::uint8_t { generated = 0x00, debug = 0x01 };

/// Upon which changes a set takes a new resolvable private address, to be combined (Vol 4 Part
/// E 7.8.122).
inline constexpr std::uint8_t upon_advertising_data_change = 1 << 0;
inline constexpr std::uint8_t upon_scan_response_data_change = 1 << 1;

/// SID in a report whose advertisement had none (Vol 4 Part E 7.7.65.13).
inline constexpr std::uint8_t no_advertising_sid = 0xff;
/// TX power of an advertising set that leaves it to the controller (Vol 4 Part E 7.8.53).
inline constexpr std::int8_t no_tx_power_preference = 127;
/// CTE type in a report without Constant Tone Extension (Vol 4 Part E 7.7.65.15).
inline constexpr std::uint8_t no_constant_tone_extension = 0xff;

// ---- feature bits that the host asks for

/// In Read Local Supported Features (Vol 2 Part C 3.3).
inline constexpr std::uint64_t feature_br_edr_not_supported = std::uint64_t{1} << 37;
inline constexpr std::uint64_t feature_le_supported = std::uint64_t{1} << 38;

/// In LE Read Local Supported Features and LE Read Remote Features (Vol 6 Part B 4.6).
enum class LeFeature : std::uint8_t {
    encryption = 0,
    connection_parameters_request = 1,
    extended_reject_indication = 2,
    peripheral_initiated_features_exchange = 3,
    ping = 4,
    data_packet_length_extension = 5,
    ll_privacy = 6,
    extended_scanning_filter_policies = 7,
    le_2m_phy = 8,
    le_coded_phy = 11,
    extended_advertising = 12,
    periodic_advertising = 13,
    channel_selection_algorithm_2 = 14,
    periodic_advertising_sync_transfer_sender = 24,
    periodic_advertising_sync_transfer_recipient = 25,
};
constexpr bool has(std::uint64_t le_features, LeFeature feature) {
    return (le_features >> static_cast<unsigned>(feature) & 1) != 0;
}

}  // namespace bluetooth::hci
