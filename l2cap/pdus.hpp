// SPDX-License-Identifier: MIT
//
// The basic header of every L2CAP PDU (Vol 3 Part A 3.1) and the commands of the LE signalling
// channel (4), members in wire order and named as there. A command's `code` is followed by its
// identifier and length (CommandHeader), which `encode_command` adds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/buffer.hpp"
#include "base/error.hpp"
#include "base/pdu.hpp"
#include "base/time.hpp"

namespace bluetooth::l2cap {

/// A channel identifier (2.1, Table 2.3: the fixed channels of LE-U).
enum class Cid : std::uint16_t {
    null = 0x0000,
    att = 0x0004,
    signalling = 0x0005,
    smp = 0x0006,
};
constexpr std::string_view to_string(Cid cid) {
    switch (cid) {
    case Cid::null: return "null";
    case Cid::att: return "ATT";
    case Cid::signalling: return "LE signalling";
    case Cid::smp: return "SMP";
    }
    return static_cast<std::uint16_t>(cid) < 0x0040 ? "reserved" : "dynamic";
}

/// A simplified protocol/service multiplexer: fixed 0x0001 to 0x007f, dynamic 0x0080 to 0x00ff
/// (4.22).
enum class Spsm : std::uint16_t {};
/// Enhanced bearers of ATT (Assigned Numbers 2.4).
inline constexpr Spsm eatt_spsm{0x0027};

/// In front of every PDU: how many octets follow, and for which channel (3.1).
struct BasicHeader {
    std::uint16_t pdu_length{};
    Cid channel_id{};
    BT_FIELDS(BasicHeader, pdu_length, channel_id);
};
inline constexpr std::size_t basic_header_size = fixed_size<BasicHeader>();

/// Makes an information payload the PDU of `channel`, in place: the last thing before ACL.
inline void add_basic_header(Buffer& payload, Cid channel) {
    const auto length = static_cast<std::uint16_t>(payload.size());
    (void)encode_fields(BasicHeader{length, channel}, payload.prepend(basic_header_size));
}

// ---- 4: the signalling channel

/// Pairs a response with its request; never 0 (4).
using Identifier = std::uint8_t;

struct CommandHeader {  // 4, Figure 4.2
    std::uint8_t code{};
    Identifier identifier{};
    std::uint16_t data_length{};
    BT_FIELDS(CommandHeader, code, identifier, data_length);
};
inline constexpr std::size_t command_header_size = fixed_size<CommandHeader>();

enum class RejectReason : std::uint16_t {  // 4.1, Table 4.3
    command_not_understood = 0x0000,
    signalling_mtu_exceeded = 0x0001,
    invalid_cid_in_request = 0x0002,
};
constexpr std::string_view to_string(RejectReason reason) {
    switch (reason) {
    case RejectReason::command_not_understood: return "command not understood";
    case RejectReason::signalling_mtu_exceeded: return "signalling MTU exceeded";
    case RejectReason::invalid_cid_in_request: return "invalid CID in request";
    }
    return "reserved";
}
struct CommandReject {  // 4.1
    RejectReason reason{};
    Bytes reason_data;
    BT_PDU(CommandReject, 0x01, reason, reason_data);
};
struct MtuExceededData {  // 4.1, Table 4.4: for signalling_mtu_exceeded
    std::uint16_t actual_mtu{};
    BT_FIELDS(MtuExceededData, actual_mtu);
};
struct InvalidCidData {  // 4.1, Table 4.4: endpoints as the sender of the reject sees them
    Cid local{};
    Cid remote{};
    BT_FIELDS(InvalidCidData, local, remote);
};

struct DisconnectionRequest {  // 4.6
    Cid destination_cid{};
    Cid source_cid{};
    BT_PDU(DisconnectionRequest, 0x06, destination_cid, source_cid);
};
struct DisconnectionResponse {  // 4.7
    Cid destination_cid{};
    Cid source_cid{};
    BT_PDU(DisconnectionResponse, 0x07, destination_cid, source_cid);
};

struct ConnectionParameterUpdateRequest {  // 4.20
    Units1250us interval_min{};
    Units1250us interval_max{};
    std::uint16_t latency{};  // connection events
    Units10ms timeout{};
    BT_PDU(ConnectionParameterUpdateRequest, 0x12, interval_min, interval_max, latency, timeout);
};
enum class ParameterUpdateResult : std::uint16_t {  // 4.21, Table 4.20
    accepted = 0x0000,
    rejected = 0x0001,
};
constexpr std::string_view to_string(ParameterUpdateResult result) {
    switch (result) {
    case ParameterUpdateResult::accepted: return "accepted";
    case ParameterUpdateResult::rejected: return "rejected";
    }
    return "reserved";
}
struct ConnectionParameterUpdateResponse {  // 4.21
    ParameterUpdateResult result{};
    BT_PDU(ConnectionParameterUpdateResponse, 0x13, result);
};

/// Of the responses that open credit-based channels (4.23, Table 4.21; 4.26, Table 4.23).
enum class ConnectionResult : std::uint16_t {
    successful = 0x0000,
    spsm_not_supported = 0x0002,
    no_resources_available = 0x0004,
    insufficient_authentication = 0x0005,
    insufficient_authorization = 0x0006,
    encryption_key_size_too_short = 0x0007,
    insufficient_encryption = 0x0008,
    invalid_source_cid = 0x0009,
    source_cid_already_allocated = 0x000a,
    unacceptable_parameters = 0x000b,
    invalid_parameters = 0x000c,
    pending = 0x000d,  // only of 4.26, as the next two: the final response follows
    authentication_pending = 0x000e,
    authorization_pending = 0x000f,
};
constexpr bool is_pending(ConnectionResult result) {
    return result >= ConnectionResult::pending && result <= ConnectionResult::authorization_pending;
}
inline error_code make_error(ConnectionResult result) {
    return {static_cast<int>(result), l2cap_category()};
}
struct LeCreditBasedConnectionRequest {  // 4.22
    Spsm spsm{};
    Cid source_cid{};
    std::uint16_t mtu{};
    std::uint16_t mps{};
    std::uint16_t initial_credits{};
    BT_PDU(LeCreditBasedConnectionRequest, 0x14, spsm, source_cid, mtu, mps, initial_credits);
};
struct LeCreditBasedConnectionResponse {  // 4.23
    Cid destination_cid{};
    std::uint16_t mtu{};
    std::uint16_t mps{};
    std::uint16_t initial_credits{};
    ConnectionResult result{};
    BT_PDU(LeCreditBasedConnectionResponse, 0x15, destination_cid, mtu, mps, initial_credits,
           result);
};
struct FlowControlCreditIndication {  // 4.24
    Cid cid{};
    std::uint16_t credits{};
    BT_PDU(FlowControlCreditIndication, 0x16, cid, credits);
};

/// The most channels that one request may open or reconfigure (4.25, 4.27).
inline constexpr std::size_t max_channels_per_request = 5;

using CidListStorage = std::array<std::uint8_t, 2 * max_channels_per_request>;
/// At most that many CIDs, as a request or response has them; the list refers to `storage`.
inline List<Cid> encode(std::span<const Cid> cids, CidListStorage& storage) {
    Writer writer{storage};
    for (const Cid cid : cids) put(writer, cid);
    return List<Cid>{Bytes{writer.written()}};
}

struct CreditBasedConnectionRequest {  // 4.25
    Spsm spsm{};
    std::uint16_t mtu{};
    std::uint16_t mps{};
    std::uint16_t initial_credits{};
    List<Cid> source_cids;
    BT_PDU(CreditBasedConnectionRequest, 0x17, spsm, mtu, mps, initial_credits, source_cids);
};
struct CreditBasedConnectionResponse {  // 4.26
    std::uint16_t mtu{};
    std::uint16_t mps{};
    std::uint16_t initial_credits{};
    ConnectionResult result{};
    List<Cid> destination_cids;
    BT_PDU(CreditBasedConnectionResponse, 0x18, mtu, mps, initial_credits, result,
           destination_cids);
};

struct CreditBasedReconfigureRequest {  // 4.27
    std::uint16_t mtu{};
    std::uint16_t mps{};
    List<Cid> destination_cids;
    BT_PDU(CreditBasedReconfigureRequest, 0x19, mtu, mps, destination_cids);
};
enum class ReconfigureResult : std::uint16_t {  // 4.28, Table 4.24
    successful = 0x0000,
    mtu_reduction_not_allowed = 0x0001,
    mps_reduction_not_allowed = 0x0002,
    invalid_destination_cid = 0x0003,
    unacceptable_parameters = 0x0004,
};
struct CreditBasedReconfigureResponse {  // 4.28
    ReconfigureResult result{};
    BT_PDU(CreditBasedReconfigureResponse, 0x1a, result);
};

/// The commands that LE-U carries (4, Table 4.2).
using Commands =
    PduSet<CommandReject, DisconnectionRequest, DisconnectionResponse,
           ConnectionParameterUpdateRequest, ConnectionParameterUpdateResponse,
           LeCreditBasedConnectionRequest, LeCreditBasedConnectionResponse,
           FlowControlCreditIndication, CreditBasedConnectionRequest, CreditBasedConnectionResponse,
           CreditBasedReconfigureRequest, CreditBasedReconfigureResponse>;

/// Encodes a whole command with its header. Empty when `out` is too small.
template <Described Command>
MutableBytes encode_command(Identifier identifier, const Command& command, MutableBytes out) {
    Writer writer{out};
    const auto data_length = static_cast<std::uint16_t>(wire_size(command));
    put(writer, CommandHeader{Command::code, identifier, data_length});
    put(writer, command);
    return writer.written();
}

}  // namespace bluetooth::l2cap
