// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "l2cap/c_frame.hpp"
#include "l2cap/channels.hpp"

namespace bluetooth::l2cap {
namespace {

/// Whether channels can have been opened with this result: all, or some (4.26).
constexpr bool opens_any(ConnectionResult result) {
    return result == ConnectionResult::successful ||
           result == ConnectionResult::no_resources_available ||
           result == ConnectionResult::invalid_source_cid ||
           result == ConnectionResult::source_cid_already_allocated;
}

}  // namespace

/// What both requests for channels say (4.22, 4.25).
struct Channels::Opening {
    Identifier identifier = 0;
    Mode mode{};
    Spsm spsm{};
    ChannelParameters peers;
};

// ---- by us

error_code Channels::connect(LinkContext& ctx, Mode mode, Spsm spsm, const ChannelParameters& ours,
                             Delivery delivery, std::span<Cid> cids) {
    const std::size_t most = mode == Mode::le ? 1 : max_channels_per_request;
    if (cids.empty() || cids.size() > most || !is_valid(ours, mode))
        return bluetooth::make_error(errc::invalid_argument);
    std::size_t count = 0;
    for (; count < cids.size(); ++count) {
        const Channel* channel = allocate(State::connecting, mode, spsm, ours, delivery);
        if (channel == nullptr) break;
        cids[count] = channel->local;
    }
    Identifier identifier = 0;
    if (count == cids.size() && mode == Mode::le) {
        identifier = requests_.start(
            ctx, LeCreditBasedConnectionRequest{spsm, cids[0], ours.mtu, ours.mps, ours.credits});
    } else if (count == cids.size()) {
        CidListStorage octets;
        identifier =
            requests_.start(ctx, CreditBasedConnectionRequest{spsm, ours.mtu, ours.mps,
                                                              ours.credits, encode(cids, octets)});
    }
    for (const Cid cid : cids.first(count)) {
        find(cid)->request = identifier;
        if (identifier == 0) find(cid)->state = State::free;
    }
    return identifier == 0 ? bluetooth::make_error(errc::no_buffers) : error_code{};
}

bool Channels::handle(LinkContext& ctx, Identifier identifier,
                      const LeCreditBasedConnectionResponse& response) {
    if (!requests_.answered(ctx, LeCreditBasedConnectionRequest::code, identifier)) return false;
    for (const auto& channel : channels_)
        if (channel->state == State::connecting && channel->request == identifier)
            on_connected(ctx, *channel, response.destination_cid,
                         {response.mtu, response.mps, response.initial_credits}, response.result);
    return true;
}

bool Channels::handle(LinkContext& ctx, Identifier identifier,
                      const CreditBasedConnectionResponse& response) {
    if (is_pending(response.result))
        return requests_.pending(ctx, CreditBasedConnectionRequest::code, identifier);
    if (!requests_.answered(ctx, CreditBasedConnectionRequest::code, identifier)) return false;
    // The channels stand in the table in the order of the request, hence of the response (4.26). A
    // null CID, or one that is not there, stands for a channel that was refused.
    std::size_t place = 0;
    for (const auto& channel : channels_) {
        if (channel->state != State::connecting || channel->request != identifier) continue;
        const auto& cids = response.destination_cids;
        const Cid remote = place < cids.size() ? cids[place] : Cid::null;
        ++place;
        const bool opened = remote != Cid::null && opens_any(response.result);
        const ConnectionResult refusal = response.result == ConnectionResult::successful
                                             ? ConnectionResult::no_resources_available
                                             : response.result;
        on_connected(ctx, *channel, remote, {response.mtu, response.mps, response.initial_credits},
                     opened ? ConnectionResult::successful : refusal);
    }
    return true;
}

void Channels::on_connected(LinkContext& ctx, Channel& channel, Cid remote,
                            const ChannelParameters& peers, ConnectionResult result) {
    if (result != ConnectionResult::successful) return close(ctx, channel, make_error(result));
    Channel* const twin = find_remote(remote);
    if (!is_dynamic(remote) || twin != nullptr) {
        ++counters_.violations;
        log::warn("l2cap", "a channel was opened to an end that cannot be: CID ", remote);
        // Of two channels to one end neither can be used (4.23, 4.26).
        if (twin != nullptr && twin->is_open()) violate(ctx, *twin, "its CID for another channel");
        return close(ctx, channel, bluetooth::make_error(errc::protocol_error));
    }
    channel.remote = remote;
    if (channel.close_wanted)  // while we waited
        return ask_to_disconnect(ctx, channel, {});
    if (!is_valid(peers, channel.mode)) {
        ++counters_.violations;
        log::warn("l2cap", "a channel was opened with an MTU or MPS that is too small");
        return ask_to_disconnect(ctx, channel,
                                 make_error(ConnectionResult::unacceptable_parameters));
    }
    open(ctx, channel, peers);
}

/// Both sides' numbers are known, and the credits that the peer has been told of are its own.
void Channels::open(LinkContext& ctx, Channel& channel, const ChannelParameters& peers) {
    channel.state = State::open;
    channel.request = 0;
    channel.was_open = true;
    work_ |= channel.close_wanted;
    channel.peers = peers;
    channel.sender.open(peers.mtu, peers.mps, peers.credits, resources_.buffers.capacity());
    channel.receiver.open(channel.ours, channel.delivery);
    channel.receiver.give_credits(channel.ours.credits);
    ctx.out.push(ChannelOpened{channel.local, channel.spsm, channel.ours.mtu, peers.mtu});
}

// ---- by the peer

void Channels::handle(LinkContext& ctx, Identifier identifier,
                      const LeCreditBasedConnectionRequest& request) {
    const std::array source_cids{request.source_cid};
    open_requested(
        ctx,
        {identifier, Mode::le, request.spsm, {request.mtu, request.mps, request.initial_credits}},
        source_cids);
}

void Channels::handle(LinkContext& ctx, Identifier identifier,
                      const CreditBasedConnectionRequest& request) {
    const std::size_t count = request.source_cids.size();
    std::array<Cid, max_channels_per_request> source_cids{};
    for (std::size_t i = 0; i < std::min(count, source_cids.size()); ++i)
        source_cids[i] = request.source_cids[i];
    if (count == 0 || count > source_cids.size()) {
        // One null CID stands for each refused channel, but for no more than a request can name.
        Incoming incoming{.identifier = identifier, .mode = Mode::enhanced};
        incoming.count = static_cast<std::uint8_t>(std::min(count, source_cids.size()));
        incoming.refusal = ConnectionResult::invalid_parameters;
        (void)send_response(ctx, incoming);
        return;
    }
    open_requested(ctx,
                   {identifier,
                    Mode::enhanced,
                    request.spsm,
                    {request.mtu, request.mps, request.initial_credits}},
                   std::span{source_cids}.first(count));
}

void Channels::open_requested(LinkContext& ctx, const Opening& opening,
                              std::span<const Cid> source_cids) {
    Incoming request{.identifier = opening.identifier, .mode = opening.mode};
    request.count = static_cast<std::uint8_t>(source_cids.size());
    const Listener* listener = resources_.listeners.find(opening.spsm);
    request.refusal = refusal_of(opening, listener);
    const auto place = std::ranges::find(incoming_, Identifier{0}, &Incoming::identifier);
    if (request.refusal == ConnectionResult::successful && place == incoming_.end())
        request.refusal = ConnectionResult::no_resources_available;
    if (request.refusal != ConnectionResult::successful) {
        (void)send_response(ctx, request);
        return;
    }
    request.deadline = ctx.now + answer_timeout;
    ctx.out.wake_at(request.deadline);
    for (std::size_t i = 0; i < source_cids.size(); ++i)
        request.cids[i] = add_requested(ctx, opening, *listener, source_cids[i], request.refusal);
    request.undecided = static_cast<std::uint8_t>(
        std::ranges::count_if(request.cids, [](Cid cid) { return cid != Cid::null; }));
    *place = request;
    if (request.undecided == 0) respond(ctx, *place);
}

/// Why none of the channels can be.
ConnectionResult Channels::refusal_of(const Opening& opening, const Listener* listener) const {
    if (listener == nullptr || (listener->enhanced_only && opening.mode != Mode::enhanced))
        return ConnectionResult::spsm_not_supported;
    // In the order of Vol 3 Part C 10.3.1: authentication, key size, encryption; then what is not
    // of the link but of the application.
    const LinkSecurity& link = resources_.security;
    const SecurityRequirement& required = listener->security;
    if (required.authentication && !(link.encrypted && link.authenticated))
        return ConnectionResult::insufficient_authentication;
    if (required.secure_connections && !(link.encrypted && link.secure_connections))
        return ConnectionResult::insufficient_authentication;
    if (link.encrypted && link.key_size < required.min_key_size)
        return ConnectionResult::encryption_key_size_too_short;
    if ((required.encryption || required.min_key_size != 0) && !link.encrypted)
        return ConnectionResult::insufficient_encryption;
    if (required.authorization && !link.authorized)
        return ConnectionResult::insufficient_authorization;
    return is_valid(opening.peers, opening.mode) ? ConnectionResult::successful
                                                 : ConnectionResult::unacceptable_parameters;
}

/// Puts one of the channels to the application; returns our end, or null when it cannot be, for the
/// reason then in `refusal`.
Cid Channels::add_requested(LinkContext& ctx, const Opening& opening, const Listener& listener,
                            Cid source_cid, ConnectionResult& refusal) {
    const auto refuse = [&](ConnectionResult result) {
        refusal = result;
        return Cid::null;
    };
    if (!is_dynamic(source_cid)) return refuse(ConnectionResult::invalid_source_cid);
    if (find_remote(source_cid) != nullptr)
        return refuse(ConnectionResult::source_cid_already_allocated);
    ChannelParameters ours = listener.parameters;
    ours.mtu = std::max(ours.mtu, smallest_mtu(opening.mode));
    ours.mps = std::max(ours.mps, smallest_mtu(opening.mode));
    Channel* channel =
        allocate(State::requested, opening.mode, opening.spsm, ours, listener.delivery);
    if (channel == nullptr) return refuse(ConnectionResult::no_resources_available);
    channel->remote = source_cid;
    channel->peers = opening.peers;
    ctx.out.push(ChannelRequested{channel->local, opening.spsm, ours.mtu, opening.peers.mtu});
    return channel->local;
}

Channels::Incoming* Channels::incoming_of(Cid cid) {
    const Channel* channel = find(cid);
    if (channel == nullptr || channel->state != State::requested) return nullptr;
    for (Incoming& incoming : incoming_)
        if (incoming.identifier != 0 &&
            std::ranges::find(incoming.cids, cid) != incoming.cids.end())
            return &incoming;
    return nullptr;
}

error_code Channels::answer(LinkContext& ctx, Cid cid, ConnectionResult result) {
    Incoming* incoming = incoming_of(cid);
    if (incoming == nullptr) return bluetooth::make_error(errc::no_such_procedure);
    Channel& channel = *find(cid);
    channel.state = State::accepted;
    if (result != ConnectionResult::successful) {
        channel.state = State::free;
        std::ranges::replace(incoming->cids, cid, Cid::null);
        incoming->refusal = result;
    }
    if (--incoming->undecided == 0) respond(ctx, *incoming);
    return {};
}

error_code Channels::defer(LinkContext& ctx, Cid cid) {
    Incoming* incoming = incoming_of(cid);
    if (incoming == nullptr) return bluetooth::make_error(errc::no_such_procedure);
    incoming->deadline = ctx.now + deferral_timeout;
    ctx.out.wake_at(incoming->deadline);
    return {};
}

/// All of a request's channels have been decided on.
void Channels::respond(LinkContext& ctx, Incoming& incoming) {
    const Incoming decided = std::exchange(incoming, {});
    const bool told = send_response(ctx, decided);
    for (const Cid cid : decided.cids) {
        if (cid == Cid::null) continue;
        Channel& channel = *find(cid);
        // The peer waits in vain then, and gives up.
        if (told)
            open(ctx, channel, channel.peers);
        else
            close(ctx, channel, make_error(ConnectionResult::no_resources_available));
    }
}

bool Channels::send_response(LinkContext& ctx, const Incoming& incoming) {
    const std::span<const Cid> cids = std::span{incoming.cids}.first(incoming.count);
    const auto accepted = std::ranges::find_if(cids, [](Cid cid) { return cid != Cid::null; });
    const bool any = accepted != cids.end();
    const ChannelParameters ours = any ? find(*accepted)->ours : ChannelParameters{};
    if (incoming.mode == Mode::le)
        return send_command(ctx, incoming.identifier,
                            LeCreditBasedConnectionResponse{cids[0], ours.mtu, ours.mps,
                                                            ours.credits, incoming.refusal});
    // Of a request that was granted in part only some results tell (4.26).
    ConnectionResult result = incoming.refusal;
    if (any && !opens_any(result)) result = ConnectionResult::no_resources_available;
    CidListStorage octets;
    return send_command(ctx, incoming.identifier,
                        CreditBasedConnectionResponse{ours.mtu, ours.mps, ours.credits, result,
                                                      encode(cids, octets)});
}

}  // namespace bluetooth::l2cap
