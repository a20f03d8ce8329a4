// SPDX-License-Identifier: MIT
#include "l2cap/c_frame.hpp"
#include "l2cap/channels.hpp"

namespace bluetooth::l2cap {

// ---- credits (4.24)

void Channels::handle(LinkContext& ctx, const FlowControlCreditIndication& indication) {
    // The CID is that of the sender's end.
    Channel* channel = find_remote(indication.cid);
    if (channel == nullptr || !channel->is_open()) return count_not_open("credits");
    if (!channel->sender.add_credits(indication.credits))
        return violate(ctx, *channel, "more than 65535 credits");
    work_ = true;
}

// ---- reconfiguration (4.27)

error_code Channels::reconfigure(LinkContext& ctx, std::span<const Cid> cids, std::uint16_t mtu,
                                 std::uint16_t mps) {
    using bluetooth::make_error;
    if (cids.empty() || cids.size() > max_channels_per_request)
        return make_error(errc::invalid_argument);
    // One request has one MPS for all, so those that keep theirs must have the same.
    std::uint16_t common_mps = 0;
    for (const Cid cid : cids) {
        const Channel* channel = find_open(cid);
        if (channel == nullptr || channel->mode != Mode::enhanced || channel->close_wanted)
            return make_error(errc::invalid_argument);
        if (channel->reconfiguration != 0) return make_error(errc::already_in_progress);
        const std::uint16_t wanted = mps != 0 ? mps : channel->receiver.mps();
        if (common_mps == 0) common_mps = wanted;
        const bool smaller = wanted < channel->receiver.mps();
        if (wanted != common_mps || mtu < channel->receiver.mtu() || (smaller && cids.size() > 1) ||
            !is_valid({mtu, wanted, 0}, Mode::enhanced))
            return make_error(errc::invalid_argument);
    }
    CidListStorage octets;
    const Identifier identifier =
        requests_.start(ctx, CreditBasedReconfigureRequest{mtu, common_mps, encode(cids, octets)});
    if (identifier == 0) return make_error(errc::no_buffers);
    for (const Cid cid : cids) {
        Channel& channel = *find(cid);
        channel.reconfiguration = identifier;
        channel.wanted = {mtu, common_mps, 0};
    }
    return {};
}

bool Channels::handle(LinkContext& ctx, Identifier identifier,
                      const CreditBasedReconfigureResponse& response) {
    if (!requests_.answered(ctx, CreditBasedReconfigureRequest::code, identifier)) return false;
    finish_reconfiguration(ctx, identifier,
                           response.result == ReconfigureResult::successful
                               ? error_code{}
                               : make_error(ConnectionResult::unacceptable_parameters));
    return true;
}

void Channels::finish_reconfiguration(LinkContext& ctx, Identifier identifier, error_code error) {
    for (const auto& channel : channels_) {
        if (channel->reconfiguration != identifier) continue;
        channel->reconfiguration = 0;
        if (!channel->is_open()) continue;
        if (!error) {
            channel->ours.mtu = channel->wanted.mtu;
            channel->ours.mps = channel->wanted.mps;
            channel->receiver.reconfigure(channel->ours.mtu, channel->ours.mps);
        }
        report_reconfiguration(ctx, *channel, error);
    }
}

void Channels::report_reconfiguration(LinkContext& ctx, const Channel& channel, error_code error) {
    ctx.out.push(
        ChannelReconfigured{channel.local, channel.receiver.mtu(), channel.sender.mtu(), error});
}

void Channels::handle(LinkContext& ctx, Identifier identifier,
                      const CreditBasedReconfigureRequest& request) {
    const ReconfigureResult result = judge(request);
    (void)send_command(ctx, identifier, CreditBasedReconfigureResponse{result});
    if (result != ReconfigureResult::successful) return;
    for (std::size_t i = 0; i < request.destination_cids.size(); ++i) {
        Channel& channel = *find_remote(request.destination_cids[i]);
        channel.peers.mtu = request.mtu;
        channel.peers.mps = request.mps;
        channel.sender.reconfigure(request.mtu, request.mps);
        work_ = true;
        report_reconfiguration(ctx, channel, {});
    }
}

/// All of the channels are changed, or none (4.28).
ReconfigureResult Channels::judge(const CreditBasedReconfigureRequest& request) {
    const auto& cids = request.destination_cids;
    if (cids.size() == 0 || cids.size() > max_channels_per_request ||
        !is_valid({request.mtu, request.mps, 0}, Mode::enhanced))
        return ReconfigureResult::unacceptable_parameters;
    bool mtu_reduced = false;
    bool mps_reduced = false;
    bool too_long_queued = false;
    for (std::size_t i = 0; i < cids.size(); ++i) {
        const Channel* channel = find_remote(cids[i]);
        if (channel == nullptr || !channel->is_open() || channel->mode != Mode::enhanced)
            return ReconfigureResult::invalid_destination_cid;
        mtu_reduced |= request.mtu < channel->sender.mtu();
        mps_reduced |= request.mps < channel->peers.mps;
        too_long_queued |= channel->sender.longest_queued_frame() > request.mps;
    }
    if (mtu_reduced) return ReconfigureResult::mtu_reduction_not_allowed;
    if (mps_reduced && cids.size() > 1) return ReconfigureResult::mps_reduction_not_allowed;
    // Frames that are cut already are not cut again; later it may be asked once more.
    return too_long_queued ? ReconfigureResult::unacceptable_parameters
                           : ReconfigureResult::successful;
}

}  // namespace bluetooth::l2cap
