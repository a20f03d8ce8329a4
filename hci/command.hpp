// SPDX-License-Identifier: MIT
//
// How a command is declared, encoded and recognised; the commands themselves are in
// controller_commands.hpp, le_commands.hpp and le_extended_commands.hpp; commands.hpp includes all.
//
//     struct LeSetRandomAddress {                     // Vol 4 Part E 7.8.4
//         Address random_address{};
//         using Return = StatusReturn;
//         BT_HCI_COMMAND(LeSetRandomAddress, 0x2005, 25, 4, random_address);
//     };
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "base/pdu.hpp"
#include "hci/codes.hpp"

namespace bluetooth::hci {

/// The parameters of a command take at most 255 octets (Vol 4 Part E 5.4.1).
inline constexpr std::size_t max_parameters = 255;
/// The opcode of no command: Command Complete and Command Status carry it when they only tell how
/// many commands may be sent (Vol 4 Part E 7.7.14).
inline constexpr std::uint16_t no_operation = 0x0000;

/// What Read Local Supported Commands returns: a bit for each command.
using SupportedCommands = std::array<std::uint8_t, 64>;

/// Where a command stands in SupportedCommands (Vol 4 Part E 6.27).
struct CommandBit {
    std::uint8_t octet;
    std::uint8_t bit;
};

/// Gives a command its opcode and its octet and bit in SupportedCommands, and names its members.
#define BT_HCI_COMMAND(Name, command_opcode, octet, bit, ...)                \
    static constexpr std::uint16_t opcode = command_opcode;                  \
    static constexpr ::bluetooth::hci::CommandBit supported_bit{octet, bit}; \
    BT_FIELDS(Name, __VA_ARGS__)

/// Return parameters of commands that return nothing else.
struct StatusReturn {
    Status status{};
    BT_FIELDS(StatusReturn, status);
};
/// Return parameters of commands about one link that return nothing else.
struct HandleReturn {
    Status status{};
    ConnectionHandle connection_handle{};
    BT_FIELDS(HandleReturn, status, connection_handle);
};
/// How many packets of one link are done with, in Number Of Completed Packets and Host Number Of
/// Completed Packets.
struct CompletedPackets {
    ConnectionHandle connection_handle{};
    std::uint16_t count{};
    BT_FIELDS(CompletedPackets, connection_handle, count);
};
/// Marks commands that are answered by Command Status; what they bring about comes as an event.
struct CommandStatusOnly {};

/// Whether the controller announced `C`.
template <class C> constexpr bool supports(const SupportedCommands& commands) {
    return (commands[C::supported_bit.octet] >> C::supported_bit.bit & 1) != 0;
}
/// Announces `C`.
template <class C> constexpr void announce(SupportedCommands& commands) {
    commands[C::supported_bit.octet] =
        static_cast<std::uint8_t>(commands[C::supported_bit.octet] | 1u << C::supported_bit.bit);
}

/// A command of any kind, ready to be sent.
struct EncodedCommand {
    std::uint16_t opcode = no_operation;
    std::uint8_t size = 0;
    std::array<std::uint8_t, max_parameters> octets{};
    /// Answered by Command Status alone; else a successful Command Status is not the answer yet.
    bool answered_by_status = false;

    Bytes parameters() const { return {octets.data(), size}; }
};

template <class C> EncodedCommand encode_command(const C& command) {
    EncodedCommand encoded;
    encoded.opcode = C::opcode;
    encoded.size = static_cast<std::uint8_t>(encode_fields(command, encoded.octets).size());
    encoded.answered_by_status = std::is_same_v<typename C::Return, CommandStatusOnly>;
    return encoded;
}

/// The return parameters of `C`. Nothing when they are too short; octets that later versions of
/// the specification append are ignored. A command that failed may return its status alone.
template <class C> std::optional<typename C::Return> decode_return(Bytes return_parameters) {
    return decode_prefix<typename C::Return>(return_parameters);
}

/// A command packet as the controller receives it, without H4's indicator.
struct CommandPacket {
    std::uint16_t opcode{};
    Octets8 parameters{};
    BT_FIELDS(CommandPacket, opcode, parameters);
};
/// Nothing when the length octet and the packet's size disagree.
inline std::optional<CommandPacket> decode_command_packet(Bytes packet) {
    return decode_fields<CommandPacket>(packet);
}
/// The packet for any command; empty when `out` is too small. 258 octets are always enough.
inline MutableBytes encode_command_packet(const EncodedCommand& command, MutableBytes out) {
    return encode_fields(CommandPacket{command.opcode, {command.parameters()}}, out);
}
template <class C> MutableBytes encode_command_packet(const C& command, MutableBytes out) {
    return encode_command_packet(encode_command(command), out);
}
/// The command `C` out of a packet's parameters, which must have exactly its size. Where other
/// members tell that size, `C::complete` knows.
template <class C> std::optional<C> decode_command(Bytes parameters) {
    std::optional<C> command = decode_fields<C>(parameters);
    if constexpr (requires(const C& decoded) { decoded.complete(); })
        if (command && !command->complete()) command.reset();
    return command;
}

}  // namespace bluetooth::hci
