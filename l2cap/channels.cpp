// SPDX-License-Identifier: MIT
#include "l2cap/channels.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "l2cap/c_frame.hpp"

namespace bluetooth::l2cap {

/// A new channel in a free place of the table, whose CID it gets: the lowest, which keeps the table
/// short. None that a Reconfigure Request of ours still names.
Channel* Channels::allocate(State state, Mode mode, Spsm spsm, const ChannelParameters& ours,
                            Delivery delivery) {
    std::size_t index = 0;
    while (index < channels_.size() &&
           (channels_[index]->state != State::free || channels_[index]->reconfiguration != 0))
        ++index;
    if (index > last_cid - first_cid) return nullptr;
    if (index == channels_.size()) channels_.push_back(std::make_unique<Channel>());
    Channel& channel = *channels_[index];
    channel = Channel{};
    channel.state = state;
    channel.mode = mode;
    channel.delivery = delivery;
    channel.local = Cid{static_cast<std::uint16_t>(first_cid + index)};
    channel.spsm = spsm;
    channel.ours = ours;
    return &channel;
}

Channel* Channels::find_open(Cid cid) {
    Channel* channel = find(cid);
    return channel != nullptr && channel->is_open() ? channel : nullptr;
}

/// The channel whose other end has this CID. That end is taken from the request that names it until
/// the channel is closed (4.22, 4.6).
Channel* Channels::find_remote(Cid cid) {
    for (const auto& channel : channels_)
        if (channel->remote == cid && channel->in_use()) return channel.get();
    return nullptr;
}

std::size_t Channels::count(Spsm spsm) const {
    return static_cast<std::size_t>(std::ranges::count_if(channels_, [spsm](const auto& channel) {
        return channel->spsm == spsm && channel->in_use();
    }));
}

Channel* Channels::readable(Cid cid) {
    Channel* channel = find(cid);
    if (channel == nullptr || channel->delivery != Delivery::stream) return nullptr;
    const bool has_receiver = channel->state == State::open || channel->state == State::closing ||
                              channel->state == State::closed;
    return has_receiver ? channel : nullptr;
}

// ---- sending

error_code Channels::send(Cid cid, Bytes sdu) {
    Channel* channel = find_open(cid);
    if (channel == nullptr || channel->close_wanted || sdu.size() > channel->sender.mtu())
        return make_error(errc::invalid_argument);
    const error_code error = channel->sender.send(resources_.buffers, sdu);
    if (error == errc::no_buffers)
        channel->missing_buffers = channel->sender.buffers_for(sdu.size());
    if (error != errc::busy) work_ = true;
    return error;
}

error_code Channels::send(Cid cid, Buffer&& sdu) {
    Channel* channel = find_open(cid);
    if (channel == nullptr || channel->close_wanted || sdu.size() > channel->sender.mtu())
        return make_error(errc::invalid_argument);
    work_ = true;
    return channel->sender.send(resources_.buffers, std::move(sdu));
}

std::size_t Channels::pump(LinkContext& ctx, std::size_t budget) {
    std::size_t sent = 0;
    std::size_t idle = 0;  // channels in a row that had nothing to send
    while (idle < channels_.size() && sent < budget) {
        if (turn_ >= channels_.size()) turn_ = 0;
        Channel& channel = *channels_[turn_++];
        const std::size_t count = channel.is_open() ? serve(ctx, channel, budget - sent) : 0;
        idle = count == 0 ? idle + 1 : 0;
        sent += count;
    }
    if (idle < channels_.size()) return sent;
    work_ = false;
    // What had no buffer is tried again.
    for (const auto& channel : channels_)
        if (channel->is_open() &&
            (channel->missing_buffers != 0 || channel->receiver.credits_due() != 0))
            work_ = true;
    return sent;
}

/// Credits and one K-frame, as far as they are there and the budget goes.
std::size_t Channels::serve(LinkContext& ctx, Channel& channel, std::size_t budget) {
    std::size_t sent = 0;
    if (const std::uint16_t due = channel.receiver.credits_due();
        due != 0 && send_command(ctx, requests_.next_identifier(),
                                 FlowControlCreditIndication{channel.local, due})) {
        channel.receiver.give_credits(due);
        ++sent;
    }
    if (sent < budget && channel.sender.has_frame()) {
        Buffer frame = channel.sender.next_frame();
        add_basic_header(frame, channel.remote);
        ctx.out.push(Send{std::move(frame)});
        ++sent;
    }
    announce_room(ctx, channel, resources_.buffers);
    if (channel.close_wanted && !channel.sender.has_frame()) ask_to_disconnect(ctx, channel, {});
    return sent;
}

/// Tells of room where an SDU stalled the channel or was refused.
void Channels::announce_room(LinkContext& ctx, Channel& channel, const BufferPool& pool) {
    const bool resumed = channel.sender.resume();
    const bool buffers = channel.missing_buffers != 0 && !channel.sender.stalled() &&
                         pool.available() >= channel.missing_buffers;
    if (!resumed && !buffers) return;
    channel.missing_buffers = 0;
    ctx.out.push(SendReady{channel.local});
}

// ---- receiving

void Channels::receive(LinkContext& ctx, Cid cid, Bytes frame) {
    Channel* channel = find_open(cid);
    if (channel == nullptr) return count_not_open("a K-frame");
    if (const auto sdu = channel->receiver.whole_sdu(frame)) {
        channel->receiver.skip_frame();
        ctx.out.push(Deliver{cid, *sdu, {}});
        if (channel->receiver.credits_due() != 0) work_ = true;
        return;
    }
    if (!channel->receiver.begin_frame(frame.size()))
        return violate(ctx, *channel, "a K-frame without credit, empty or above the MPS");
    channel->receiver.append(frame, ctx.receive_buffers);
    finish_frame(ctx, *channel);
}

bool Channels::begin_frame(LinkContext& ctx, Cid cid, std::size_t size) {
    Channel* channel = find_open(cid);
    if (channel == nullptr) {
        count_not_open("a K-frame");
        return false;
    }
    if (channel->receiver.begin_frame(size)) return true;
    violate(ctx, *channel, "a K-frame without credit, empty or above the MPS");
    return false;
}

void Channels::append(LinkContext& ctx, Cid cid, Bytes piece) {
    if (Channel* channel = find_open(cid); channel != nullptr && channel->receiver.in_frame())
        channel->receiver.append(piece, ctx.receive_buffers);
}

void Channels::end_frame(LinkContext& ctx, Cid cid) {
    if (Channel* channel = find_open(cid); channel != nullptr && channel->receiver.in_frame())
        finish_frame(ctx, *channel);
}

void Channels::abort_frame(LinkContext& ctx, Cid cid) {
    if (Channel* channel = find_open(cid); channel != nullptr && channel->receiver.in_frame())
        violate(ctx, *channel, "a K-frame whose rest did not come");
}

void Channels::finish_frame(LinkContext& ctx, Channel& channel) {
    SduReceiver& receiver = channel.receiver;
    switch (receiver.end_frame()) {
    case SduReceiver::Outcome::violation:
        return violate(ctx, channel, "an SDU above the MTU or longer than announced");
    case SduReceiver::Outcome::partial: break;
    case SduReceiver::Outcome::complete:
        if (channel.delivery == Delivery::stream) {
            ctx.out.push(SduReceived{channel.local});
        } else if (Buffer sdu = receiver.take_sdu()) {
            const Bytes pdu = sdu.bytes();
            ctx.out.push(Deliver{channel.local, pdu, std::move(sdu)});
        } else {
            return ask_to_disconnect(ctx, channel, make_error(errc::no_buffers));
        }
        break;
    }
    if (receiver.credits_due() != 0) work_ = true;
}

void Channels::count_not_open(std::string_view what) {
    ++counters_.not_open;
    log::debug("l2cap", "dropped ", what, " for a channel that is not open");
}

void Channels::violate(LinkContext& ctx, Channel& channel, std::string_view what) {
    ++counters_.violations;
    log::warn("l2cap", "closing a channel: the peer sent ", what);
    ask_to_disconnect(ctx, channel, bluetooth::make_error(errc::protocol_error));
}

// ---- the link

void Channels::on_timer(LinkContext& ctx) {
    for (Incoming& incoming : incoming_) {
        if (incoming.identifier == 0) continue;
        if (ctx.now >= incoming.deadline) {
            log::warn("l2cap", "refusing a channel: the application did not answer in time");
            for (std::size_t i = 0; i < incoming.count && incoming.identifier != 0; ++i)
                if (incoming.cids[i] != Cid::null)
                    (void)answer(ctx, incoming.cids[i], ConnectionResult::no_resources_available);
        } else {
            ctx.out.wake_at(incoming.deadline);
        }
    }
}

void Channels::on_disconnected(LinkContext& ctx) {
    incoming_ = {};
    for (const auto& channel : channels_) {
        if (channel->state == State::free || channel->state == State::closed) continue;
        error_code error = channel->close_error;
        if (channel->state == State::connecting || channel->state == State::accepted)
            error = make_error(errc::not_connected);
        if (channel->state == State::open) error = make_error(errc::connection_lost);
        close(ctx, *channel, error);
    }
    work_ = false;
}

}  // namespace bluetooth::l2cap
