// SPDX-License-Identifier: MIT
#include "l2cap/requests.hpp"

#include <algorithm>

namespace bluetooth::l2cap {

/// The next one that no request has, so that a Command Reject can be told to whom it belongs.
Identifier Requests::next_identifier() {
    const auto taken = [this](Identifier identifier) {
        for (std::size_t i = 0; i < queue_.size(); ++i)
            if (queue_[i].identifier == identifier) return true;
        return false;
    };
    do {
        if (++last_identifier_ == 0) ++last_identifier_;
    } while (taken(last_identifier_));
    return last_identifier_;
}

void Requests::send_front(LinkContext& ctx) {
    if (queue_.empty() || queue_.front().sent) return;
    Request& request = queue_.front();
    Buffer frame = ctx.send_buffers.acquire();
    if (!frame) {
        retry_at_ = ctx.now + buffer_retry;
        ctx.out.wake_at(retry_at_);
        return;
    }
    retry_at_ = never;
    (void)frame.append(Bytes{request.octets}.first(request.size));
    add_basic_header(frame, Cid::signalling);
    ctx.out.push(Send{std::move(frame)});
    request.sent = true;
    deadline_.set(ctx.now + response_timeout);
    give_up_ = ctx.now + longest_wait;
    ctx.out.wake_at(deadline_.when());
}

Requests::Ended Requests::end_front(LinkContext& ctx) {
    const Ended ended{queue_.front().code, queue_.front().identifier};
    queue_.drop();
    deadline_.clear();
    send_front(ctx);
    return ended;
}

bool Requests::answered(LinkContext& ctx, std::uint8_t request_code, Identifier identifier) {
    if (!is_outstanding(request_code, identifier)) return false;
    (void)end_front(ctx);
    return true;
}

std::optional<Requests::Ended> Requests::rejected(LinkContext& ctx, Identifier identifier) {
    if (queue_.empty() || !is_outstanding(queue_.front().code, identifier)) return std::nullopt;
    return end_front(ctx);
}

bool Requests::pending(LinkContext& ctx, std::uint8_t request_code, Identifier identifier) {
    if (!is_outstanding(request_code, identifier)) return false;
    deadline_.set(std::min(ctx.now + extended_timeout, give_up_));
    ctx.out.wake_at(deadline_.when());
    return true;
}

void Requests::withdraw(Identifier identifier) {
    for (std::size_t left = queue_.size(); left != 0; --left) {
        Request request = queue_.pop();
        if (request.sent || request.identifier != identifier) (void)queue_.push(std::move(request));
    }
}

std::optional<Requests::Ended> Requests::expired(LinkContext& ctx) {
    if (ctx.now >= retry_at_) send_front(ctx);
    if (deadline_.passed(ctx.now)) return end_front(ctx);
    ctx.out.wake_at(std::min(deadline_.when(), retry_at_));
    return std::nullopt;
}

}  // namespace bluetooth::l2cap
