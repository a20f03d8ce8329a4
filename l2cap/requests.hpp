// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/deadline.hpp"
#include "base/ring.hpp"
#include "l2cap/context.hpp"

namespace bluetooth::l2cap {

/// Our requests on the signalling channel of one link: each gets an identifier, and goes out when
/// the one before it has been answered or given up.
class Requests {
public:
    /// RTX: how long a request waits for its response (Vol 3 Part A 6.2.1 allows 1 to 60 s).
    static constexpr std::chrono::seconds response_timeout{30};
    /// ERTX: how long for the final response after one that says "pending" (6.2.2: 60 to 300 s),
    /// and how long altogether.
    static constexpr std::chrono::seconds extended_timeout{60};
    static constexpr std::chrono::seconds longest_wait{300};
    /// A request for which no buffer was free is tried again after this time.
    static constexpr std::chrono::milliseconds buffer_retry{100};
    /// Two for each channel (to change and to close it), and some.
    static constexpr std::size_t limit = 136;

    /// A request that was answered or given up.
    struct Ended {
        std::uint8_t code = 0;
        Identifier identifier = 0;
    };

    /// Sends or queues a request; 0 when too many wait.
    template <class Command> Identifier start(LinkContext& ctx, const Command& command) {
        Request request{.code = Command::code, .identifier = next_identifier()};
        request.size = static_cast<std::uint8_t>(
            encode_command(request.identifier, command, request.octets).size());
        const Identifier identifier = request.identifier;
        if (!queue_.push(std::move(request))) return 0;
        send_front(ctx);
        return identifier;
    }

    /// An identifier for a command that has no response.
    Identifier next_identifier();

    /// Whether this is the outstanding request, of this kind; then it has ended, and the next goes
    /// out.
    bool answered(LinkContext& ctx, std::uint8_t request_code, Identifier identifier);
    /// The request that a Command Reject with this identifier ends.
    std::optional<Ended> rejected(LinkContext& ctx, Identifier identifier);
    /// A "pending" response came for the outstanding request: it may take longer. False if it is
    /// not of that kind.
    bool pending(LinkContext& ctx, std::uint8_t request_code, Identifier identifier);
    /// Takes a request back that has not gone out yet.
    void withdraw(Identifier identifier);

    /// The outstanding request if its time is over; to be called until there is none.
    std::optional<Ended> expired(LinkContext& ctx);
    void on_disconnected() { queue_.clear(); }

private:
    // The largest: a request for five channels (4.25).
    static constexpr std::size_t max_size = command_header_size + 8 + 2 * max_channels_per_request;

    struct Request {
        std::uint8_t code = 0;
        Identifier identifier = 0;
        std::uint8_t size = 0;
        bool sent = false;
        std::array<std::uint8_t, max_size> octets{};
    };

    bool is_outstanding(std::uint8_t request_code, Identifier identifier) const {
        return !queue_.empty() && queue_.front().sent && queue_.front().code == request_code &&
               queue_.front().identifier == identifier;
    }
    void send_front(LinkContext& ctx);
    Ended end_front(LinkContext& ctx);

    Ring<Request> queue_{limit};  // the front one is outstanding, or waits for a buffer
    Identifier last_identifier_ = 0;
    Deadline deadline_;
    Time give_up_ = never;  // ERTX does not go on for ever
    Time retry_at_ = never;
};

}  // namespace bluetooth::l2cap
