// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/link_security.hpp"
#include "l2cap/pdus.hpp"

namespace bluetooth {

/// Options of `BLE::l2cap_listen`, `l2cap_connect` and `l2cap_connect_enhanced`.
struct L2capOptions {
    /// The largest part of an SDU in one packet that we take, 23 (enhanced: 64) to 517 octets; 0
    /// stands for 247, which fills the largest packet of the link layer.
    std::uint16_t mps = 0;
    /// How many such packets the peer may have on the way before the application has read them:
    /// this bounds the channel's memory. 0: enough to keep a link busy and for two SDUs.
    std::uint16_t credits = 0;
    /// What `l2cap_listen` demands of a link, else it refuses the channel.
    SecurityRequirement security{};
};

/// What was agreed for a channel.
struct L2capChannelInfo {
    l2cap::Spsm psm{};
    std::uint16_t our_mtu = 0;
    std::uint16_t peer_mtu = 0;
};

}  // namespace bluetooth
