// SPDX-License-Identifier: MIT
//
// How long PDUs are on the air (Vol 6 Part B 2.1 and 2.2).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "base/time.hpp"
#include "crypto/ccm.hpp"
#include "hci/codes.hpp"

namespace bluetooth::virtual_controller {

/// Between the packets of a connection event (Vol 6 Part B 4.1.1).
inline constexpr Duration inter_frame_space = std::chrono::microseconds{150};

/// Of a packet with so many octets behind the header of its PDU. Coded packets use S=8.
constexpr std::chrono::microseconds air_time(hci::Phy phy, std::size_t payload) {
    const auto octets = static_cast<std::int64_t>(payload);
    switch (phy) {
    case hci::Phy::le_2m:  // preamble 2, access address 4, header 2, CRC 3
        return std::chrono::microseconds{(11 + octets) * 4};
    case hci::Phy::le_coded:  // preamble, access address, CI, TERM1; then 64 µs each; TERM2
        return std::chrono::microseconds{80 + 256 + 16 + 24 + (5 + octets) * 64 + 24};
    case hci::Phy::le_1m:
    case hci::Phy::none: break;
    }
    return std::chrono::microseconds{(10 + octets) * 8};  // preamble 1
}

/// How many octets of data fit a packet of at most `time`, MIC included; 27 always do (Vol 6 Part B
/// 4.5.10).
constexpr std::size_t octets_within(hci::Phy phy, std::chrono::microseconds time) {
    std::size_t octets = 251;
    while (octets > 27 && air_time(phy, octets + crypto::AesCcm::mic_size) > time) --octets;
    return octets;
}

}  // namespace bluetooth::virtual_controller
