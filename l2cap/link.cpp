// SPDX-License-Identifier: MIT
#include "l2cap/link.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace bluetooth::l2cap {

void Link::receive_fragment(LinkContext& ctx, PacketBoundary boundary, Bytes data) {
    switch (boundary) {
    case PacketBoundary::first_non_flushable:
    case PacketBoundary::first_flushable:
        if (unfinished()) {
            drop(counters_.incomplete, "a PDU that was never finished");
            abandon(ctx);
        }
        break;
    case PacketBoundary::continuing:
        if (!unfinished())
            return drop(counters_.continuation_without_start, "a fragment without a start");
        break;
    case PacketBoundary::complete:
        return drop(counters_.invalid_boundary, "a packet with boundary flag 0b11");
    }
    if (data.empty()) return;
    append(ctx, data);
    if (!unfinished()) return;
    deadline_ = ctx.now + reassembly_timeout;
    ctx.out.wake_at(deadline_);
}

void Link::append(LinkContext& ctx, Bytes data) {
    const std::size_t of_header = std::min(basic_header_size - header_size_, data.size());
    if (of_header != 0) {
        std::copy_n(data.begin(), of_header,
                    header_octets_.begin() + static_cast<std::ptrdiff_t>(header_size_));
        header_size_ += of_header;
        data = data.subspan(of_header);
        if (header_size_ < basic_header_size) return;
        begin_payload(ctx);
    }

    if (data.size() > missing_) {
        drop(counters_.overrun, "a PDU longer than its header says");
        return abandon(ctx);
    }
    missing_ -= data.size();
    if (payload_) (void)payload_.append(data);
    if (receiver_ != Cid::null) channels_.append(ctx, receiver_, data);
    if (missing_ != 0) return;
    if (receiver_ != Cid::null) {
        channels_.end_frame(ctx, receiver_);
        return reset_reassembly();
    }

    const Cid channel = read_header(header_octets_.data()).channel_id;
    Buffer payload = std::move(payload_);
    reset_reassembly();
    // Without a buffer the PDU was skipped, unless it had no payload to begin with.
    if (!payload) return;
    const Bytes view = payload.bytes();
    deliver(ctx, channel, view, std::move(payload));
}

/// The header is whole: decides whether the payload is worth a buffer.
void Link::begin_payload(LinkContext& ctx) {
    const auto [length, channel] = read_header(header_octets_.data());
    missing_ = length;
    if (Channels::is_dynamic(channel)) {
        if (channels_.begin_frame(ctx, channel, length)) receiver_ = channel;
        return;
    }
    const std::size_t limit = std::min(max_payload(channel), ctx.receive_buffers.capacity());
    if (length == 0) return drop(counters_.empty, "an empty PDU");
    if (limit == 0) return drop(counters_.unknown_channel, "a PDU for a channel that is not there");
    if (length > limit) return drop(counters_.too_long, "a PDU that is too long for its channel");
    payload_ = ctx.receive_buffers.acquire();
    if (!payload_) drop(counters_.no_buffer, "a PDU for which no buffer is free");
}

void Link::deliver(LinkContext& ctx, Cid channel, Bytes payload, Buffer storage) {
    if (Channels::is_dynamic(channel)) return channels_.receive(ctx, channel, payload);
    const std::size_t limit = max_payload(channel);
    if (payload.empty()) return drop(counters_.empty, "an empty PDU");
    if (limit == 0) return drop(counters_.unknown_channel, "a PDU for a channel that is not there");
    if (payload.size() > limit)
        return drop(counters_.too_long, "a PDU that is too long for its channel");
    if (channel == Cid::signalling) return signalling_.receive(ctx, payload);
    ctx.out.push(Deliver{channel, payload, std::move(storage)});
}

void Link::on_timer(LinkContext& ctx) {
    if (ctx.now >= deadline_) {
        drop(counters_.timed_out, "a PDU whose next fragment did not come");
        abandon(ctx);
    }
    ctx.out.wake_at(deadline_);
    signalling_.on_timer(ctx);
    channels_.on_timer(ctx);
}

void Link::on_disconnected(LinkContext& ctx) {
    reset_reassembly();
    signalling_.on_disconnected(ctx);
    channels_.on_disconnected(ctx);
}

/// The rest of the PDU will not come.
void Link::abandon(LinkContext& ctx) {
    if (receiver_ != Cid::null) channels_.abort_frame(ctx, receiver_);
    reset_reassembly();
}

void Link::reset_reassembly() {
    header_size_ = 0;
    missing_ = 0;
    payload_.reset();
    receiver_ = Cid::null;
    deadline_ = never;
}

void Link::drop(std::uint32_t& counter, std::string_view reason) {
    ++counter;
    log::warn("l2cap", "dropped ", reason);
}

}  // namespace bluetooth::l2cap
