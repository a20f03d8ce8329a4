// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace bluetooth {

/// Counters since the last activation; what a gateway shows on its status page.
struct Statistics {
    std::uint64_t packets_sent = 0;
    std::uint64_t packets_received = 0;
    std::uint64_t send_calls = 0;     ///< system calls that wrote packets
    std::uint64_t receive_calls = 0;  ///< system calls that read packets
    /// Malformed or unexpected packets from peers or the controller, which were dropped.
    std::uint64_t packets_dropped = 0;
};

}  // namespace bluetooth
