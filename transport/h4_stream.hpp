// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "transport/asio.hpp"
#include "transport/failure.hpp"
#include "transport/file_descriptor.hpp"
#include "transport/h4.hpp"
#include "transport/transport.hpp"

namespace bluetooth::transport {

struct H4StreamOptions {
    std::string name;  ///< what `Transport::name` returns and messages begin with
    H4Framer::Direction direction = H4Framer::Direction::to_host;
    std::size_t max_payload = H4Framer::default_max_payload;
    std::size_t queue_capacity = 128;  ///< outgoing packets
    /// Released when the stream closes; for what must live as long, e.g. a pty's other end.
    std::shared_ptr<void> resource = nullptr;
};

/// H4 over a connected stream socket, a serial port or a pty. In the steady state a round of
/// reading or writing allocates nothing; a read takes all packets that have arrived, a write all
/// that are queued.
Attempt<std::unique_ptr<Transport>> make_h4_stream(const asio::any_io_executor& executor,
                                                   FileDescriptor descriptor,
                                                   H4StreamOptions options);

}  // namespace bluetooth::transport
