// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/link_security.hpp"
#include "l2cap/pdus.hpp"

namespace bluetooth::l2cap {

/// How a channel is opened and whose rules it follows: LE credit based flow control (Vol 3 Part A
/// 4.22) or enhanced credit based flow control (4.25).
enum class Mode : std::uint8_t { le, enhanced };

/// What becomes of the SDUs that come: kept to be read, or handed on one by one (for ATT).
enum class Delivery : std::uint8_t { stream, whole_sdus };

/// The smallest MTU and MPS that either side may have (4.22, 4.25).
constexpr std::uint16_t smallest_mtu(Mode mode) { return mode == Mode::le ? 23 : 64; }
/// The largest MPS (4.22, 4.25): with the basic header it is a PDU of 65,537 octets.
inline constexpr std::uint16_t largest_mps = 65533;

/// What one side of a channel offers: the longest SDU that it takes, the longest K-frame, and how
/// many K-frames it takes before some were read.
struct ChannelParameters {
    std::uint16_t mtu = 0;
    std::uint16_t mps = 0;
    std::uint16_t credits = 0;
};

constexpr bool is_valid(const ChannelParameters& parameters, Mode mode) {
    return parameters.mtu >= smallest_mtu(mode) && parameters.mps >= smallest_mtu(mode) &&
           parameters.mps <= largest_mps;
}

}  // namespace bluetooth::l2cap
