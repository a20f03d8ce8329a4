// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.hpp"

namespace bluetooth::smp {

/// Pairing Failed with the reason Pairing Not Supported (Vol 3 Part H 3.5.5): what a peer is told
/// that asks to pair, so that it need not wait for its time-out.
inline constexpr std::array<std::uint8_t, 2> pairing_not_supported{0x05, 0x05};

/// Whether a peer's PDU is a Pairing Request or a Security Request (Vol 3 Part H 3.5.1, 3.6.7). All
/// others belong to a pairing, of which there is none, and are ignored.
constexpr bool asks_to_pair(Bytes pdu) {
    return !pdu.empty() && (pdu[0] == 0x01 || pdu[0] == 0x0b);
}

}  // namespace bluetooth::smp
