// SPDX-License-Identifier: MIT
//
// Joins a channel with another stream. Octets keep their order; a side from which the other takes
// nothing is not read from, so memory is bounded. When one side has ended, what it sent is
// delivered, then the other is closed.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/time.hpp"
#include "bluetooth/l2cap_channel.hpp"
#include "tools/asioble/standard_streams.hpp"

namespace bluetooth::tool {

struct BridgeOptions {
    /// A channel has no half-close (Vol 3 Part A 4.6 ends both directions): after the end of the
    /// other stream it is closed once nothing has come from the peer for so long.
    Duration linger{};
    /// Told in the end what went wrong; empty when nothing did.
    std::function<void(const std::string& fault)> on_end;
};

void start_bridge(L2capChannel channel, asio::ip::tcp::socket socket, BridgeOptions options);
void start_bridge(L2capChannel channel, std::unique_ptr<StandardStreams> streams,
                  BridgeOptions options);

}  // namespace bluetooth::tool
