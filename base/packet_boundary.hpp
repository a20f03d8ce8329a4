// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace bluetooth {

/// Where in an L2CAP PDU an ACL packet stands: its Packet_Boundary_Flag (Vol 4 Part E 5.4.2). On
/// LE, hosts start a PDU with `first_non_flushable`, controllers with `first_flushable`; nobody
/// uses `complete`.
enum class PacketBoundary : std::uint8_t {
    first_non_flushable = 0b00,
    continuing = 0b01,
    first_flushable = 0b10,
    complete = 0b11,
};

}  // namespace bluetooth
