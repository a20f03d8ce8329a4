// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>

#include "bluetooth/host_turn.hpp"
#include "bluetooth/l2cap_status.hpp"

namespace bluetooth {
namespace {

/// Of one link, for what waits on its channels: a megabyte of address space, of which only what is
/// in use at once is ever touched.
constexpr std::size_t channel_buffer_count = 2048;

/// MicroPython's smallest MTU of a channel.
constexpr std::uint16_t min_mtu = 32;
/// With the basic header it fills the largest packet of the link layer (Vol 6 Part B 4.5.10).
constexpr std::uint16_t default_mps = 247;
constexpr std::uint16_t max_mps = 517;
/// Enough to keep a link of 2 Mbit/s busy over several connection events.
constexpr std::size_t default_credits = 64;

constexpr bool is_valid(Psm psm) {
    return psm > Psm{0} && psm <= Psm{0x00ff} && psm != l2cap::eatt_spsm;
}

l2cap::ChannelParameters parameters_of(std::uint16_t mtu, const L2capOptions& options,
                                       l2cap::Mode mode) {
    l2cap::ChannelParameters ours;
    ours.mtu = std::max({mtu, min_mtu, l2cap::smallest_mtu(mode)});
    ours.mps = options.mps != 0 ? options.mps : default_mps;
    const std::size_t two_sdus =
        (2 * (ours.mtu + l2cap::sdu_length_size) + ours.mps - 1) / ours.mps;
    ours.credits = options.credits != 0
                       ? options.credits
                       : static_cast<std::uint16_t>(std::max(default_credits, two_sdus));
    return ours;
}

/// Whether our side may offer these: less than the specification allows, to bound memory.
bool is_offered(const l2cap::ChannelParameters& ours, l2cap::Mode mode) {
    return l2cap::is_valid(ours, mode) && ours.mps <= max_mps;
}

}  // namespace

/// A pool that no link uses now. What has been sent on a former link may still hold buffers of it.
BufferPool& Host::free_channel_pool() {
    for (const auto& pool : channel_pools_)
        if (std::ranges::none_of(connections_, [&](const auto& connection) {
                return &connection->channel_buffers == pool.get();
            }))
            return *pool;
    channel_pools_.push_back(std::make_unique<BufferPool>(channel_buffer_count, buffer_capacity));
    return *channel_pools_.back();
}

/// Gives the links' channels their turn; whether packets have come of it.
bool Host::pump_channels() {
    bool sent = false;
    const std::uint64_t generation = generation_;
    for (std::size_t i = 0; i < connections_.size(); ++i) {
        Connection& connection = *connections_[i];
        l2cap::Channels& channels = connection.link.channels();
        if (!channels.has_work()) continue;
        const std::size_t queued = acl_.queued(connection.handle, hci::Traffic::dynamic_channels);
        if (queued >= channel_packets) continue;
        const std::size_t count = with_link(connection, [&](auto& context) {
            return channels.pump(context, channel_packets - queued);
        });
        if (generation != generation_) return false;
        sent |= count != 0;
    }
    return sent;
}

// ---- what the cores report

void Host::execute(Connection& connection, l2cap::ChannelRequested& action) {
    const auto answer = [this, handle = connection.handle,
                         cid = action.channel](l2cap::ConnectionResult result) {
        if (Connection* asked = find(handle))
            with_link(*asked, [&](auto& context) {
                return asked->link.channels().answer(context, cid, result);
            });
    };
    if (action.spsm == l2cap::eatt_spsm)
        return answer(connection.link.channels().count(l2cap::eatt_spsm) <= max_enhanced_bearers
                          ? l2cap::ConnectionResult::successful
                          : l2cap::ConnectionResult::no_resources_available);
    const auto decided = [this, answer, handle = connection.handle, cid = action.channel] {
        L2capAccept::Verdict verdict = std::exchange(accept_verdict_, {});
        constexpr int no_resources = 6;
        // A handler that has failed has accepted nothing.
        if (delivery_.handler_failed() && verdict.status == 0) verdict = {no_resources, false};
        if (!verdict.deferred) return answer(channel_result(verdict.status));
        if (Connection* asked = find(handle))
            with_link(*asked,
                      [&](auto& context) { return asked->link.channels().defer(context, cid); });
    };
    delivery_.deliver(L2capAccept{connection.handle, action.channel, action.spsm, action.our_mtu,
                                  action.peer_mtu, &accept_verdict_},
                      decided);
}

void Host::execute(Connection& connection, l2cap::ChannelOpened& action) {
    if (action.spsm == l2cap::eatt_spsm) return add_bearer(connection, action);
    delivery_.deliver(L2capConnect{connection.handle, action.channel, action.spsm, action.our_mtu,
                                   action.peer_mtu});
}

void Host::execute(Connection& connection, l2cap::ChannelClosed& action) {
    const auto release = [this, handle = connection.handle, cid = action.channel] {
        if (Connection* its = find(handle)) its->link.channels().release(cid);
    };
    if (action.spsm == l2cap::eatt_spsm) {
        end_bearer(connection, action.channel);
        return release();
    }
    if (ChannelObserver* observer = observer_of(connection.handle, action.channel)) {
        std::erase_if(observers_, [&](const Observed& one) { return one.observer == observer; });
        observer->on_closed(action.error);
    }
    delivery_.deliver(
        L2capDisconnect{connection.handle, action.channel, action.spsm,
                        action.was_open ? 0 : channel_status(action.error), action.error},
        release);
}

void Host::execute(Connection& connection, l2cap::SduReceived& action) {
    if (ChannelObserver* observer = observer_of(connection.handle, action.channel))
        return observer->on_received();
    delivery_.deliver(L2capRecv{connection.handle, action.channel});
}

void Host::execute(Connection& connection, l2cap::SendReady& action) {
    if (connection.bearer(action.channel) != nullptr) return;
    if (ChannelObserver* observer = observer_of(connection.handle, action.channel))
        return observer->on_send_ready();
    delivery_.deliver(L2capSendReady{connection.handle, action.channel, 0});
}

void Host::execute(Connection& connection, l2cap::ChannelReconfigured& action) {
    if (AttBearer* bearer = connection.bearer(action.channel))
        return bearer->bearer.set_enhanced_mtu(std::min(action.our_mtu, action.peer_mtu));
    delivery_.deliver(L2capReconfigured{connection.handle, action.channel, action.our_mtu,
                                        action.peer_mtu, channel_status(action.error),
                                        action.error});
}

// ---- the calls of the application

error_code Host::l2cap_listen(Psm psm, std::uint16_t mtu, const L2capOptions& options) {
    const l2cap::ChannelParameters ours = parameters_of(mtu, options, l2cap::Mode::le);
    const std::uint8_t key_size = options.security.min_key_size;
    if (!is_valid(psm) || !is_offered(ours, l2cap::Mode::le) ||
        (key_size != 0 && (key_size < 7 || key_size > 16)))
        return make_error(errc::invalid_argument);
    if (const error_code error = check_active()) return error;
    SecurityRequirement security = options.security;
    security.secure_connections |=
        security.authentication && local_.settings.secure_connections_only;
    if (!listeners_.add({psm, ours, security, l2cap::Delivery::stream}))
        return make_error(errc::already_in_progress);
    return {};
}

/// Has `call` do something to the channels of a link.
template <class Call> error_code Host::channel_call(ConnectionHandle handle, Call&& call) {
    if (const error_code error = check_active()) return error;
    Connection* connection = find(handle);
    if (connection == nullptr) return make_error(errc::not_connected);
    const Turn turn{*this};
    to_send_ = true;
    return with_link(*connection,
                     [&](auto& context) { return call(context, connection->link.channels()); });
}

error_code Host::l2cap_connect(ConnectionHandle handle, l2cap::Mode mode, Psm psm,
                               std::uint16_t mtu, const L2capOptions& options,
                               std::span<ChannelId> cids) {
    const l2cap::ChannelParameters ours = parameters_of(mtu, options, mode);
    if (!is_valid(psm) || !is_offered(ours, mode)) return make_error(errc::invalid_argument);
    return channel_call(handle, [&](auto& context, l2cap::Channels& channels) {
        return channels.connect(context, mode, psm, ours, l2cap::Delivery::stream, cids);
    });
}

error_code Host::l2cap_answer(ConnectionHandle handle, ChannelId cid, int status) {
    return channel_call(handle, [&](auto& context, l2cap::Channels& channels) {
        return channels.answer(context, cid, channel_result(status));
    });
}

error_code Host::l2cap_reconfigure(ConnectionHandle handle, std::span<const ChannelId> cids,
                                   std::uint16_t mtu, std::uint16_t mps) {
    if (mps > max_mps) return make_error(errc::invalid_argument);
    return channel_call(handle, [&](auto& context, l2cap::Channels& channels) {
        const auto is_ours = [&](ChannelId cid) { return is_for_application(channels.find(cid)); };
        return std::ranges::all_of(cids, is_ours) ? channels.reconfigure(context, cids, mtu, mps)
                                                  : make_error(errc::invalid_argument);
    });
}

error_code Host::l2cap_disconnect(ConnectionHandle handle, ChannelId cid) {
    return channel_call(handle, [&](auto& context, l2cap::Channels& channels) {
        return is_for_application(channels.find(cid)) ? channels.disconnect(context, cid)
                                                      : make_error(errc::invalid_argument);
    });
}

bool Host::l2cap_send(ConnectionHandle handle, ChannelId cid, Bytes data, error_code& error) {
    error = check_active();
    if (error) return false;
    Connection* connection = find(handle);
    l2cap::Channels* channels = connection == nullptr ? nullptr : &connection->link.channels();
    const l2cap::Channel* channel = channels == nullptr ? nullptr : channels->find(cid);
    if (connection == nullptr) {
        error = make_error(errc::not_connected);
    } else if (!is_for_application(channel) ||
               data.size() > 2 * std::size_t{channel->receiver.mtu()}) {
        error = make_error(errc::invalid_argument);
    } else {
        const Turn turn{*this};
        error = channels->send(cid, data);
        to_send_ = true;
    }
    return !error && !channel->sender.stalled();
}

/// The channel whose received octets may be read: also one that has ended, until the application
/// has heard of it. Null when there is none.
l2cap::Channel* Host::readable(ConnectionHandle handle, ChannelId cid, Connection*& connection) {
    connection = find(handle);
    for (std::size_t i = ended_connections_.size(); connection == nullptr && i-- > 0;)
        if (ended_connections_[i]->handle == handle) connection = ended_connections_[i].get();
    return connection == nullptr ? nullptr : connection->link.channels().readable(cid);
}

/// The peer may be due credits.
void Host::after_read(Connection& connection, const l2cap::Channel& channel) {
    connection.link.channels().on_read(channel);
    if (!connection.link.channels().has_work()) return;
    const Turn turn{*this};
    to_send_ = true;
}

std::size_t Host::l2cap_receive(ConnectionHandle handle, ChannelId cid, MutableBytes buffer,
                                error_code& error) {
    // Not `check_active`: what has come can be read also when the controller has failed.
    error = active() ? error_code{} : make_error(errc::not_active);
    if (error) return 0;
    Connection* connection = nullptr;
    l2cap::Channel* channel = readable(handle, cid, connection);
    if (channel == nullptr) {
        error = make_error(connection == nullptr ? errc::not_connected : errc::invalid_argument);
        return 0;
    }
    const std::size_t size = channel->receiver.read(buffer);
    after_read(*connection, *channel);
    return size;
}

std::size_t Host::l2cap_available(ConnectionHandle handle, ChannelId cid, error_code& error) {
    // Reading nothing passes over empty SDUs, which are part of no stream.
    (void)l2cap_receive(handle, cid, {}, error);
    Connection* connection = nullptr;
    const l2cap::Channel* channel = error ? nullptr : readable(handle, cid, connection);
    return channel == nullptr ? 0 : channel->receiver.available();
}

std::optional<std::size_t> Host::l2cap_next_sdu(ConnectionHandle handle, ChannelId cid) {
    Connection* connection = nullptr;
    l2cap::Channel* channel = readable(handle, cid, connection);
    return channel == nullptr ? std::nullopt : channel->receiver.next_sdu();
}

std::size_t Host::l2cap_receive_sdu(ConnectionHandle handle, ChannelId cid, MutableBytes buffer) {
    Connection* connection = nullptr;
    l2cap::Channel* channel = readable(handle, cid, connection);
    if (channel == nullptr) return 0;
    const std::size_t size = channel->receiver.read_sdu(buffer);
    after_read(*connection, *channel);
    return size;
}

L2capChannelInfo Host::l2cap_info(ConnectionHandle handle, ChannelId cid, error_code& error) {
    error = {};
    Connection* connection = find(handle);
    const l2cap::Channel* channel =
        connection == nullptr ? nullptr : connection->link.channels().find(cid);
    if (connection == nullptr)
        error = make_error(errc::not_connected);
    else if (!is_for_application(channel) || !channel->in_use())
        error = make_error(errc::invalid_argument);
    if (error) return {};
    return {channel->spsm, channel->ours.mtu, channel->peers.mtu};
}

// ---- observers

error_code Host::observe_channel(ConnectionHandle handle, ChannelId cid,
                                 ChannelObserver& observer) {
    error_code error;
    (void)l2cap_info(handle, cid, error);
    if (!error && observer_of(handle, cid) != nullptr)
        error = make_error(errc::already_in_progress);
    if (!error) observers_.push_back({handle, cid, &observer});
    return error;
}

ChannelObserver* Host::observer_of(ConnectionHandle handle, ChannelId cid) const {
    for (const Observed& one : observers_)
        if (one.connection == handle && one.channel == cid) return one.observer;
    return nullptr;
}

void Host::drop_observers(error_code error) {
    for (const Observed& one : std::exchange(observers_, {})) one.observer->on_closed(error);
}

}  // namespace bluetooth
