// SPDX-License-Identifier: MIT
//
// The PDUs of the Attribute Protocol (Vol 3 Part F 3.4), members in wire order and named as there.
// UUIDs stand as Bytes (2 or 16 octets): the PDU's end tells their size.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/error.hpp"
#include "base/pdu.hpp"
#include "base/uuid.hpp"

namespace bluetooth::att {

/// ATT_MTU until it was exchanged, over LE (Vol 3 Part G 5.2.1).
inline constexpr std::uint16_t default_mtu = 23;
/// The largest value of an attribute (3.2.9).
inline constexpr std::size_t max_value_size = 512;
/// After this long without an answer a transaction has failed and its bearer with it (3.3.3).
inline constexpr std::chrono::seconds transaction_timeout{30};

/// An attribute handle: 0x0001 to 0xffff; 0x0000 is reserved (3.2.2).
enum class Handle : std::uint16_t {};

inline constexpr Handle no_handle{0x0000};
inline constexpr Handle first_handle{0x0001};
inline constexpr Handle last_handle{0xffff};

/// The handle as a number, to calculate with.
constexpr std::uint16_t number(Handle handle) { return static_cast<std::uint16_t>(handle); }

enum class Opcode : std::uint8_t;  // defined below, from the PDUs

/// Why a request was refused (3.4.1.1, Table 3.4). 0x80 to 0x9f belong to the application, 0xe0 to
/// 0xff are common profile and service errors (CSS Part B 1).
enum class ErrorCode : std::uint8_t {
    invalid_handle = 0x01,
    read_not_permitted = 0x02,
    write_not_permitted = 0x03,
    invalid_pdu = 0x04,
    insufficient_authentication = 0x05,
    request_not_supported = 0x06,
    invalid_offset = 0x07,
    insufficient_authorization = 0x08,
    prepare_queue_full = 0x09,
    attribute_not_found = 0x0a,
    attribute_not_long = 0x0b,
    encryption_key_size_too_short = 0x0c,
    invalid_attribute_value_length = 0x0d,
    unlikely_error = 0x0e,
    insufficient_encryption = 0x0f,
    unsupported_group_type = 0x10,
    insufficient_resources = 0x11,
    database_out_of_sync = 0x12,
    value_not_allowed = 0x13,
    write_request_rejected = 0xfc,
    cccd_improperly_configured = 0xfd,
    procedure_already_in_progress = 0xfe,
    out_of_range = 0xff,
};

inline error_code make_error(ErrorCode code) { return {static_cast<int>(code), att_category()}; }
inline std::string to_string(ErrorCode code) { return make_error(code).message(); }

// ---- 3.4.1 error handling

struct ErrorResponse {  // 3.4.1.1
    Opcode request_opcode_in_error{};
    Handle attribute_handle_in_error{};
    ErrorCode error_code{};
    BT_PDU(ErrorResponse, 0x01, request_opcode_in_error, attribute_handle_in_error, error_code);
};

// ---- 3.4.2 MTU exchange

struct ExchangeMtuRequest {  // 3.4.2.1
    std::uint16_t client_rx_mtu{};
    BT_PDU(ExchangeMtuRequest, 0x02, client_rx_mtu);
};
struct ExchangeMtuResponse {  // 3.4.2.2
    std::uint16_t server_rx_mtu{};
    BT_PDU(ExchangeMtuResponse, 0x03, server_rx_mtu);
};

// ---- 3.4.3 find information

struct FindInformationRequest {  // 3.4.3.1
    Handle starting_handle{};
    Handle ending_handle{};
    BT_PDU(FindInformationRequest, 0x04, starting_handle, ending_handle);
};

/// Of the pairs in a Find Information Response (3.4.3.2, Table 3.8).
enum class InformationFormat : std::uint8_t {
    uuid16 = 0x01,   ///< handle and 16-bit UUID
    uuid128 = 0x02,  ///< handle and 128-bit UUID
};
constexpr std::string_view to_string(InformationFormat format) {
    switch (format) {
    case InformationFormat::uuid16: return "uuid16";
    case InformationFormat::uuid128: return "uuid128";
    }
    return "reserved";
}
struct FindInformationResponse {  // 3.4.3.2
    InformationFormat format{};
    Bytes information_data;
    BT_PDU(FindInformationResponse, 0x05, format, information_data);
};

struct FindByTypeValueRequest {  // 3.4.3.3
    Handle starting_handle{};
    Handle ending_handle{};
    std::uint16_t attribute_type{};  // a 16-bit UUID
    Bytes attribute_value;
    BT_PDU(FindByTypeValueRequest, 0x06, starting_handle, ending_handle, attribute_type,
           attribute_value);
};
struct HandlesInformation {  // 3.4.3.4, Table 3.12
    Handle found_attribute_handle{};
    Handle group_end_handle{};
    BT_FIELDS(HandlesInformation, found_attribute_handle, group_end_handle);
};
struct FindByTypeValueResponse {  // 3.4.3.4
    List<HandlesInformation> handles_information_list;
    BT_PDU(FindByTypeValueResponse, 0x07, handles_information_list);
};

// ---- 3.4.4 reading attributes

struct ReadByTypeRequest {  // 3.4.4.1
    Handle starting_handle{};
    Handle ending_handle{};
    Bytes attribute_type;
    BT_PDU(ReadByTypeRequest, 0x08, starting_handle, ending_handle, attribute_type);
};
struct ReadByTypeResponse {  // 3.4.4.2: elements of `length` octets: a handle and its value
    std::uint8_t length{};
    Bytes attribute_data_list;
    BT_PDU(ReadByTypeResponse, 0x09, length, attribute_data_list);
};

struct ReadRequest {  // 3.4.4.3
    Handle attribute_handle{};
    BT_PDU(ReadRequest, 0x0a, attribute_handle);
};
struct ReadResponse {  // 3.4.4.4
    Bytes attribute_value;
    BT_PDU(ReadResponse, 0x0b, attribute_value);
};

struct ReadBlobRequest {  // 3.4.4.5
    Handle attribute_handle{};
    std::uint16_t value_offset{};
    BT_PDU(ReadBlobRequest, 0x0c, attribute_handle, value_offset);
};
struct ReadBlobResponse {  // 3.4.4.6
    Bytes part_attribute_value;
    BT_PDU(ReadBlobResponse, 0x0d, part_attribute_value);
};

struct ReadMultipleRequest {  // 3.4.4.7: two handles or more
    List<Handle> set_of_handles;
    BT_PDU(ReadMultipleRequest, 0x0e, set_of_handles);
};
struct ReadMultipleResponse {  // 3.4.4.8
    Bytes set_of_values;
    BT_PDU(ReadMultipleResponse, 0x0f, set_of_values);
};

struct ReadByGroupTypeRequest {  // 3.4.4.9
    Handle starting_handle{};
    Handle ending_handle{};
    Bytes attribute_group_type;
    BT_PDU(ReadByGroupTypeRequest, 0x10, starting_handle, ending_handle, attribute_group_type);
};
struct ReadByGroupTypeResponse {  // 3.4.4.10: elements of `length` octets: handle, group end, value
    std::uint8_t length{};
    Bytes attribute_data_list;
    BT_PDU(ReadByGroupTypeResponse, 0x11, length, attribute_data_list);
};

struct ReadMultipleVariableRequest {  // 3.4.4.11: two handles or more
    List<Handle> set_of_handles;
    BT_PDU(ReadMultipleVariableRequest, 0x20, set_of_handles);
};
struct ReadMultipleVariableResponse {  // 3.4.4.12: a 16-bit length and a value, repeated
    Bytes length_value_tuple_list;
    BT_PDU(ReadMultipleVariableResponse, 0x21, length_value_tuple_list);
};

// ---- 3.4.5 writing attributes

struct WriteRequest {  // 3.4.5.1
    Handle attribute_handle{};
    Bytes attribute_value;
    BT_PDU(WriteRequest, 0x12, attribute_handle, attribute_value);
};
struct WriteResponse {  // 3.4.5.2
    BT_PDU(WriteResponse, 0x13);
};
struct WriteCommand {  // 3.4.5.3
    Handle attribute_handle{};
    Bytes attribute_value;
    BT_PDU(WriteCommand, 0x52, attribute_handle, attribute_value);
};

/// Octets of the signature that ends a Signed Write Command (3.3.1).
inline constexpr std::size_t authentication_signature_size = 12;

struct SignedWriteCommand {  // 3.4.5.4: the last 12 octets are the authentication signature
    Handle attribute_handle{};
    Bytes attribute_value_and_signature;
    BT_PDU(SignedWriteCommand, 0xd2, attribute_handle, attribute_value_and_signature);
};

// ---- 3.4.6 queued writes

struct PrepareWriteRequest {  // 3.4.6.1
    Handle attribute_handle{};
    std::uint16_t value_offset{};
    Bytes part_attribute_value;
    BT_PDU(PrepareWriteRequest, 0x16, attribute_handle, value_offset, part_attribute_value);
};
struct PrepareWriteResponse {  // 3.4.6.2: echoes the request
    Handle attribute_handle{};
    std::uint16_t value_offset{};
    Bytes part_attribute_value;
    BT_PDU(PrepareWriteResponse, 0x17, attribute_handle, value_offset, part_attribute_value);
};

enum class ExecuteWriteFlags : std::uint8_t {  // 3.4.6.3, Table 3.38
    cancel = 0x00,
    write = 0x01,
};
constexpr std::string_view to_string(ExecuteWriteFlags flags) {
    switch (flags) {
    case ExecuteWriteFlags::cancel: return "cancel";
    case ExecuteWriteFlags::write: return "write";
    }
    return "reserved";
}
struct ExecuteWriteRequest {  // 3.4.6.3
    ExecuteWriteFlags flags{};
    BT_PDU(ExecuteWriteRequest, 0x18, flags);
};
struct ExecuteWriteResponse {  // 3.4.6.4
    BT_PDU(ExecuteWriteResponse, 0x19);
};

// ---- 3.4.7 server initiated

struct HandleValueNotification {  // 3.4.7.1
    Handle attribute_handle{};
    Bytes attribute_value;
    BT_PDU(HandleValueNotification, 0x1b, attribute_handle, attribute_value);
};
struct HandleValueIndication {  // 3.4.7.2
    Handle attribute_handle{};
    Bytes attribute_value;
    BT_PDU(HandleValueIndication, 0x1d, attribute_handle, attribute_value);
};
struct HandleValueConfirmation {  // 3.4.7.3
    BT_PDU(HandleValueConfirmation, 0x1e);
};
struct MultipleHandleValueNotification {  // 3.4.7.4: handle, 16-bit length and value, repeated
    Bytes handle_length_value_tuple_list;
    BT_PDU(MultipleHandleValueNotification, 0x23, handle_length_value_tuple_list);
};

using Pdus =
    PduSet<ErrorResponse, ExchangeMtuRequest, ExchangeMtuResponse, FindInformationRequest,
           FindInformationResponse, FindByTypeValueRequest, FindByTypeValueResponse,
           ReadByTypeRequest, ReadByTypeResponse, ReadRequest, ReadResponse, ReadBlobRequest,
           ReadBlobResponse, ReadMultipleRequest, ReadMultipleResponse, ReadByGroupTypeRequest,
           ReadByGroupTypeResponse, WriteRequest, WriteResponse, PrepareWriteRequest,
           PrepareWriteResponse, ExecuteWriteRequest, ExecuteWriteResponse, HandleValueNotification,
           HandleValueIndication, HandleValueConfirmation, ReadMultipleVariableRequest,
           ReadMultipleVariableResponse, MultipleHandleValueNotification, WriteCommand,
           SignedWriteCommand>;

/// The first octet of each PDU (3.4.8, Table 3.43).
enum class Opcode : std::uint8_t {
    error_response = ErrorResponse::code,
    exchange_mtu_request = ExchangeMtuRequest::code,
    exchange_mtu_response = ExchangeMtuResponse::code,
    find_information_request = FindInformationRequest::code,
    find_information_response = FindInformationResponse::code,
    find_by_type_value_request = FindByTypeValueRequest::code,
    find_by_type_value_response = FindByTypeValueResponse::code,
    read_by_type_request = ReadByTypeRequest::code,
    read_by_type_response = ReadByTypeResponse::code,
    read_request = ReadRequest::code,
    read_response = ReadResponse::code,
    read_blob_request = ReadBlobRequest::code,
    read_blob_response = ReadBlobResponse::code,
    read_multiple_request = ReadMultipleRequest::code,
    read_multiple_response = ReadMultipleResponse::code,
    read_by_group_type_request = ReadByGroupTypeRequest::code,
    read_by_group_type_response = ReadByGroupTypeResponse::code,
    write_request = WriteRequest::code,
    write_response = WriteResponse::code,
    prepare_write_request = PrepareWriteRequest::code,
    prepare_write_response = PrepareWriteResponse::code,
    execute_write_request = ExecuteWriteRequest::code,
    execute_write_response = ExecuteWriteResponse::code,
    handle_value_notification = HandleValueNotification::code,
    handle_value_indication = HandleValueIndication::code,
    handle_value_confirmation = HandleValueConfirmation::code,
    read_multiple_variable_request = ReadMultipleVariableRequest::code,
    read_multiple_variable_response = ReadMultipleVariableResponse::code,
    multiple_handle_value_notification = MultipleHandleValueNotification::code,
    write_command = WriteCommand::code,
    signed_write_command = SignedWriteCommand::code,
};

/// The name of the PDU with this opcode, e.g. "ReadByTypeRequest"; "unknown" for any other.
inline std::string_view to_string(Opcode opcode) {
    std::string_view name = "unknown";
    Pdus::for_each([&](auto pdu) {
        using Pdu = typename decltype(pdu)::type;
        if (static_cast<Opcode>(Pdu::code) == opcode) name = Pdu::pdu_name;
    });
    return name;
}

/// An opcode with this bit set is a command: never answered (3.3.1).
inline constexpr std::uint8_t command_flag = 0x40;
/// An opcode with this bit set ends with an authentication signature (3.3.1).
inline constexpr std::uint8_t authentication_signature_flag = 0x80;

/// One of several values that are sent together.
struct HandleValue {
    Handle handle{};
    Bytes value;
};

/// `uuid` in a size that ATT can carry: 32-bit UUIDs are sent in 128 bits (3.2.1).
inline UUID wire_uuid(const UUID& uuid) { return uuid.size() == 4 ? uuid.canonical() : uuid; }

}  // namespace bluetooth::att
