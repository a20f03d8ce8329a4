// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/packet_boundary.hpp"
#include "hci/codes.hpp"

namespace bluetooth::hci {

/// Handle with flags, and length.
inline constexpr std::size_t acl_header_size = 4;

/// An ACL data packet, without H4's indicator.
struct AclPacket {
    ConnectionHandle handle{};
    PacketBoundary boundary{};
    std::uint8_t broadcast{};  ///< 0 on LE
    Bytes data{};
    friend bool operator==(const AclPacket&, const AclPacket&) = default;
};

/// Nothing when the packet's size and its length field disagree (Vol 4 Part E 5.4.2).
inline std::optional<AclPacket> decode_acl(Bytes packet) {
    if (packet.size() < acl_header_size) return std::nullopt;
    const unsigned handle_and_flags = packet[0] | unsigned{packet[1]} << 8;
    const std::size_t length = packet[2] | std::size_t{packet[3]} << 8;
    if (length != packet.size() - acl_header_size) return std::nullopt;
    return AclPacket{ConnectionHandle{static_cast<std::uint16_t>(handle_and_flags & 0x0fff)},
                     static_cast<PacketBoundary>(handle_and_flags >> 12 & 0b11),
                     static_cast<std::uint8_t>(handle_and_flags >> 14),
                     Bytes{packet.subspan(acl_header_size)}};
}

/// The header of a packet with `length` octets of data.
inline std::array<std::uint8_t, acl_header_size> acl_header(ConnectionHandle handle,
                                                            PacketBoundary boundary,
                                                            std::uint16_t length) {
    const auto handle_and_flags = static_cast<std::uint16_t>(static_cast<unsigned>(handle) |
                                                             static_cast<unsigned>(boundary) << 12);
    return {static_cast<std::uint8_t>(handle_and_flags),
            static_cast<std::uint8_t>(handle_and_flags >> 8), static_cast<std::uint8_t>(length),
            static_cast<std::uint8_t>(length >> 8)};
}

}  // namespace bluetooth::hci
