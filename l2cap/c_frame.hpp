// SPDX-License-Identifier: MIT
//
// How a command of the signalling channel goes out: one in a C-frame of its own (Vol 3 Part A 4).
#pragma once

#include "base/log.hpp"
#include "l2cap/context.hpp"

namespace bluetooth::l2cap {

/// False when no buffer is free.
template <class Command>
bool send_command(LinkContext& ctx, Identifier identifier, const Command& command) {
    Buffer frame = ctx.send_buffers.acquire();
    if (!frame) {
        log::warn("l2cap", "no buffer for ", Command::pdu_name);
        return false;
    }
    frame.commit(encode_command(identifier, command, frame.tail()).size());
    add_basic_header(frame, Cid::signalling);
    ctx.out.push(Send{std::move(frame)});
    return true;
}

inline void reject_command(LinkContext& ctx, Identifier identifier, RejectReason reason,
                           Bytes data = {}) {
    log::warn("l2cap", "rejecting a signalling command: ", reason);
    (void)send_command(ctx, identifier, CommandReject{reason, data});
}

}  // namespace bluetooth::l2cap
