// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include "base/error.hpp"
#include "l2cap/context.hpp"

namespace bluetooth::l2cap {

/// Which end of the link this is; the Connection Parameter Update procedure differs by it.
enum class Role : std::uint8_t { central, peripheral };

/// The LE signalling channel of one link (Vol 3 Part A 4): answers what the peer asks, and runs the
/// Connection Parameter Update procedure in both roles. Credit-based channels are not offered:
/// requests for them are refused the way the specification has it.
class Signalling {
public:
    /// The longest C-frame that is read; longer ones are rejected with this number (4.1).
    static constexpr std::uint16_t mtu = 64;
    /// RTX: how long a request waits for its response (6.2.1 allows 1 to 60 s).
    static constexpr std::chrono::seconds response_timeout{30};
    /// How long the host may think about a request of the peer before it is rejected.
    static constexpr std::chrono::seconds answer_timeout{5};

    explicit Signalling(Role role) : role_(role) {}

    /// A C-frame, without its basic header.
    void receive(LinkContext& ctx, Bytes frame);
    void on_timer(LinkContext& ctx);
    void on_disconnected(LinkContext& ctx);

    /// Asks the central for other connection parameters (4.20); `ParameterUpdateDone` follows.
    /// Errors: `not_permitted` as central (use HCI), `invalid_argument`, `already_in_progress`,
    /// `no_buffers`.
    error_code request_parameter_update(LinkContext& ctx,
                                        const ConnectionParameterUpdateRequest& parameters);

    /// Answers `ParameterUpdateRequested`. Error: `no_such_procedure` when it came too late.
    error_code answer_parameter_update(LinkContext& ctx, Token token, bool accept);

    /// Commands that were ignored, as nothing about them could be answered.
    std::uint32_t ignored() const { return ignored_; }

private:
    template <class Command>
    bool send(LinkContext& ctx, Identifier identifier, const Command& command);
    void reject(LinkContext& ctx, Identifier identifier, RejectReason reason, Bytes data = {});
    void ignore(std::uint8_t code);
    Identifier next_identifier();

    void handle(LinkContext& ctx, Identifier identifier, const CommandReject& reject);
    void handle(LinkContext& ctx, Identifier identifier, const DisconnectionRequest& request);
    void handle(LinkContext& ctx, Identifier identifier,
                const ConnectionParameterUpdateRequest& request);
    void handle(LinkContext& ctx, Identifier identifier,
                const ConnectionParameterUpdateResponse& response);
    void handle(LinkContext& ctx, Identifier identifier,
                const LeCreditBasedConnectionRequest& request);
    void handle(LinkContext& ctx, Identifier identifier,
                const CreditBasedConnectionRequest& request);
    void handle(LinkContext& ctx, Identifier identifier,
                const CreditBasedReconfigureRequest& request);
    template <class Response>  // of procedures that we never start, and credits for no channel
    void handle(LinkContext&, Identifier, const Response&) {
        ignore(Response::code);
    }

    void finish_own_request(LinkContext& ctx, error_code error);

    Role role_;
    Identifier last_identifier_ = 0;
    Identifier own_request_ = 0;  // identifier of the outstanding request; 0: none
    Time own_deadline_ = never;

    Identifier peer_request_ = 0;  // identifier of the request that the host is to answer; 0: none
    Token peer_token_ = 0;
    Time peer_deadline_ = never;

    std::uint32_t ignored_ = 0;
};

}  // namespace bluetooth::l2cap
