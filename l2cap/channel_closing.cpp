// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <utility>

#include "l2cap/c_frame.hpp"
#include "l2cap/channels.hpp"

namespace bluetooth::l2cap {

error_code Channels::disconnect(LinkContext& ctx, Cid cid) {
    Channel* channel = find(cid);
    if (channel == nullptr) return bluetooth::make_error(errc::invalid_argument);
    switch (channel->state) {
    case State::accepted:    // once all of the request are decided on
    case State::connecting:  // once the peer has answered
    case State::open:
        channel->close_wanted = true;
        work_ = true;
        return {};
    case State::closing: return {};
    case State::requested: return answer(ctx, cid, ConnectionResult::no_resources_available);
    case State::free:
    case State::closed:
    case State::lost: break;
    }
    return bluetooth::make_error(errc::invalid_argument);
}

void Channels::ask_to_disconnect(LinkContext& ctx, Channel& channel, error_code error) {
    channel.sender.close();
    channel.receiver.abandon_sdu();
    channel.state = State::closing;
    channel.close_error = error;
    channel.request = requests_.start(ctx, DisconnectionRequest{channel.remote, channel.local});
    if (channel.request != 0) return;
    channel.never_answered = true;
    close(ctx, channel, error);
}

/// The channel has come to its end, in whatever state it was.
void Channels::close(LinkContext& ctx, Channel& channel, error_code error) {
    const State state = std::exchange(channel.state, State::closed);
    channel.sender.close();
    channel.request = 0;
    // Of what the peer has asked for and nobody has accepted none needs to be told, nor of a
    // channel whose end was.
    if (state == State::requested || state == State::lost) return release(channel.local);
    ctx.out.push(ChannelClosed{channel.local, channel.spsm, channel.was_open, error});
}

void Channels::release(Cid cid) {
    Channel* channel = find(cid);
    if (channel == nullptr || channel->state != State::closed) return;
    channel->receiver.close();
    channel->state = channel->never_answered ? State::lost : State::free;
}

void Channels::handle(LinkContext& ctx, Identifier identifier,
                      const DisconnectionRequest& request) {
    // What is the destination for the peer is our end here.
    Channel* channel = find(request.destination_cid);
    if (channel == nullptr || (channel->state != State::open && channel->state != State::closing)) {
        // Fixed channels among them, which cannot be disconnected (4.6).
        std::array<std::uint8_t, fixed_size<InvalidCidData>()> endpoints;
        return reject_command(
            ctx, identifier, RejectReason::invalid_cid_in_request,
            encode_fields(InvalidCidData{request.destination_cid, request.source_cid}, endpoints));
    }
    // A request that names another far end is silently discarded (4.6).
    if (channel->remote != request.source_cid) return count_not_open("a Disconnection Request");
    (void)send_command(ctx, identifier,
                       DisconnectionResponse{request.destination_cid, request.source_cid});
    // A request of ours would meet a channel that is gone, or the next with these CIDs.
    if (channel->state == State::closing) requests_.withdraw(channel->request);
    close(ctx, *channel, channel->close_error);
}

bool Channels::handle(LinkContext& ctx, Identifier identifier,
                      const DisconnectionResponse& response) {
    const auto waiting = std::ranges::find_if(channels_, [identifier](const auto& channel) {
        return channel->state == State::closing && channel->request == identifier;
    });
    // None waits when both sides' requests have crossed.
    Channel* const channel = waiting == channels_.end() ? nullptr : waiting->get();
    // A response that names other ends is silently discarded (4.7).
    if (channel != nullptr &&
        (channel->local != response.source_cid || channel->remote != response.destination_cid))
        return false;
    if (!requests_.answered(ctx, DisconnectionRequest::code, identifier)) return false;
    if (channel != nullptr) close(ctx, *channel, channel->close_error);
    return true;
}

void Channels::on_request_failed(LinkContext& ctx, Identifier identifier, error_code error) {
    finish_reconfiguration(ctx, identifier, error);
    for (const auto& channel : channels_) {
        if (channel->request != identifier) continue;
        if (channel->state == State::connecting) {
            close(ctx, *channel, error);
        } else if (channel->state == State::closing) {
            channel->never_answered = error == errc::timed_out;
            close(ctx, *channel, channel->close_error);
        }
    }
}

}  // namespace bluetooth::l2cap
