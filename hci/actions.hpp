// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "base/buffer.hpp"
#include "base/error.hpp"
#include "base/outbox.hpp"
#include "base/time.hpp"
#include "hci/codes.hpp"

namespace bluetooth::hci {

/// Chosen by whoever submits a command, and handed back with its answer.
using Tag = std::uint32_t;

/// A whole H4 packet, indicator included, for the transport.
struct Send {
    Buffer packet;
};
/// The controller answered a command.
struct CommandDone {
    Tag tag{};
    std::uint16_t opcode{};
    Status status{};
    /// For `decode_return`, status included; a command that failed may return its status alone.
    Bytes return_parameters;
};
/// Any event but the answers to commands and what ends in `ControllerFailed`. An event of `Events`
/// (hci/events.hpp) decodes, and when it tells of success its handle and role are valid. Number Of
/// Completed Packets and the advertising reports come unchecked: `for_each_completed` and the
/// ranges of advertising_report.hpp take them as they are.
struct EventReceived {
    EventCode code{};
    Bytes parameters;
};
/// The controller is lost for now: it did not answer in time, or reported that it lost its way.
/// Outstanding commands get no answer. All links are gone; only `Core::restart` and a new `Init`
/// bring it back.
struct ControllerFailed {
    error_code error;
    std::string_view text;  ///< what happened, a literal
};
/// The bring-up ended; without `error`, `Init::info` holds what was learned.
struct InitDone {
    error_code error;
    std::string_view text;  ///< what failed, a literal; empty after success
};

using Outbox = bluetooth::Outbox<Send, CommandDone, EventReceived, ControllerFailed, InitDone>;

struct Context {
    Time now;
    /// A pool for commands alone, so that data can never crowd out a Disconnect. Each buffer must
    /// hold 259 octets.
    BufferPool& command_buffers;
    Outbox& out;
};

}  // namespace bluetooth::hci
