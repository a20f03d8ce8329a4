// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

#include "base/error.hpp"
#include "l2cap/channels.hpp"
#include "l2cap/context.hpp"
#include "l2cap/requests.hpp"

namespace bluetooth::l2cap {

/// Which end of the link this is; the Connection Parameter Update procedure differs by it.
enum class Role : std::uint8_t { central, peripheral };

/// The LE signalling channel of one link (Vol 3 Part A 4): takes C-frames apart, rejects what
/// cannot be understood, hands what concerns channels to `Channels`, and runs the Connection
/// Parameter Update procedure in both roles.
class Signalling {
public:
    /// The longest C-frame that is read; longer ones are rejected with this number (4.1).
    static constexpr std::uint16_t mtu = 64;
    /// How long the host may think about a request of the peer before it is rejected.
    static constexpr std::chrono::seconds answer_timeout{5};

    Signalling(Role role, Requests& requests, Channels& channels)
        : role_(role), requests_(requests), channels_(channels) {}

    /// A C-frame, without its basic header.
    void receive(LinkContext& ctx, Bytes frame);
    void on_timer(LinkContext& ctx);
    void on_disconnected(LinkContext& ctx);

    /// Asks the central for other connection parameters (4.20); `ParameterUpdateDone` follows.
    /// Errors: `not_permitted` as central (use HCI), `invalid_argument`, `already_in_progress`,
    /// `no_buffers` (too many requests wait).
    error_code request_parameter_update(LinkContext& ctx,
                                        const ConnectionParameterUpdateRequest& parameters);

    /// Answers `ParameterUpdateRequested`. Error: `no_such_procedure` when it came too late.
    error_code answer_parameter_update(LinkContext& ctx, Token token, bool accept);

    /// Commands that were ignored, as nothing about them could be answered.
    std::uint32_t ignored() const { return ignored_; }

private:
    void ignore(std::uint8_t code);
    void on_request_failed(LinkContext& ctx, const Requests::Ended& ended, error_code error);

    void handle(LinkContext& ctx, Identifier identifier, const CommandReject& reject);
    void handle(LinkContext& ctx, Identifier identifier,
                const ConnectionParameterUpdateRequest& request);
    void handle(LinkContext& ctx, Identifier identifier,
                const ConnectionParameterUpdateResponse& response);
    void handle(LinkContext& ctx, Identifier, const FlowControlCreditIndication& indication) {
        channels_.handle(ctx, indication);
    }
    template <class Command>  // the others are for channels
    void handle(LinkContext& ctx, Identifier identifier, const Command& command);

    Role role_;
    Requests& requests_;
    Channels& channels_;

    Identifier own_update_ = 0;  // our request for other parameters; 0: none

    Identifier peer_update_ = 0;  // the peer's, which the host is to answer; 0: none
    Token peer_token_ = 0;
    Time peer_deadline_ = never;

    std::uint32_t ignored_ = 0;
};

}  // namespace bluetooth::l2cap
