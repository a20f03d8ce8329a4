// SPDX-License-Identifier: MIT
//
// Enhanced bearers of ATT (Vol 3 Part F 3.2.11, Part G 5.3): credit-based channels to the SPSM of
// EATT, beside the bearer on the fixed channel. Each runs its own transactions, so that no request
// waits for another's answer; those about the same attribute stay on one bearer, hence in order.
#include <algorithm>

#include "base/log.hpp"
#include "bluetooth/host_turn.hpp"

namespace bluetooth {
namespace {

/// PDUs are handed on at once, so a few frames are enough: two of the longest PDUs, and one.
constexpr l2cap::ChannelParameters bearer_parameters{
    .mtu = att::Server::max_mtu, .mps = 247, .credits = 7};

}  // namespace

/// Offers the SPSM to peers, or no more. In the enhanced mode only (Vol 3 Part G 5.3.1): Linux asks
/// in the other one too, and pairs when it is told that encryption is all that lacks.
void Host::listen_for_bearers() {
    listeners_.remove(l2cap::eatt_spsm);
    if (eatt_.bearers == 0) return;
    (void)listeners_.add({.spsm = l2cap::eatt_spsm,
                          .parameters = bearer_parameters,
                          .security = {.encryption = !eatt_.unencrypted},
                          .delivery = l2cap::Delivery::whole_sdus,
                          .enhanced_only = true});
}

/// How many bearers more the link may have, those counted that are being opened.
std::size_t Host::bearers_left(Connection& connection) {
    const std::size_t there = connection.link.channels().count(l2cap::eatt_spsm);
    return there < max_enhanced_bearers ? max_enhanced_bearers - there : 0;
}

/// Begins what leads to bearers of ours. Only as central, lest both sides open theirs at once
/// (Vol 3 Part G 5.4).
void Host::enable_enhanced_bearers(Connection& connection) {
    if (eatt_.bearers == 0 || connection.role != hci::Role::central) return;
    with_client(connection, connection.att, [&](auto& context) {
        return connection.att.client.enable_enhanced_bearers(context);
    });
}

void Host::execute(Connection& connection, AttBearer&, gatt::EnhancedBearersDone& action) {
    if (action.error)
        log::warn("host", "connection ", to_string(connection.handle),
                  ": no enhanced bearers: ", action.error);
    if (!action.supported || find(connection.handle) != &connection) return;
    const std::size_t count = std::min<std::size_t>(eatt_.bearers, bearers_left(connection));
    if (count == 0) return;
    std::array<l2cap::Cid, max_enhanced_bearers> cids;
    const error_code error = with_link(connection, [&](auto& context) {
        return connection.link.channels().connect(context, l2cap::Mode::enhanced, l2cap::eatt_spsm,
                                                  bearer_parameters, l2cap::Delivery::whole_sdus,
                                                  std::span{cids}.first(count));
    });
    if (error) log::warn("host", "no enhanced bearers: ", error);
}

void Host::add_bearer(Connection& connection, const l2cap::ChannelOpened& opened) {
    connection.enhanced.push_back(
        std::make_unique<AttBearer>(opened.channel, std::min(opened.our_mtu, opened.peer_mtu),
                                    *server_, connection.client_state));
    connection.enhanced.back()->client.raise_security(auto_security_);
}

void Host::end_bearer(Connection& connection, l2cap::Cid channel) {
    const auto found = std::ranges::find(connection.enhanced, channel, &AttBearer::channel);
    if (found == connection.enhanced.end()) return;  // it was never opened
    AttBearer& bearer = **found;
    if (find(connection.handle) == &connection) dropped_ += bearer.dropped();  // else that is done
    any_ended_ = true;
    ended_bearers_.push_back(std::move(*found));
    connection.enhanced.erase(found);
    const std::uint64_t generation = generation_;
    with_server(connection, bearer,
                [&](auto context) { server_->on_disconnected(context, bearer.session); });
    if (generation != generation_) return;
    with_client(connection, bearer, [&](auto& context) { bearer.client.on_disconnected(context); });
}

AttBearer* Host::find_bearer(ConnectionHandle handle, l2cap::Cid channel, Connection*& connection) {
    connection = find(handle);
    return connection == nullptr ? nullptr : connection->bearer(channel);
}

/// Whether an enhanced bearer may be chosen in place of the fixed one: it takes values of the same
/// length, and can send now.
bool Host::is_useful(Connection& connection, const AttBearer& bearer) {
    if (bearer.bearer.closed() || bearer.bearer.mtu() < connection.att.bearer.mtu()) return false;
    const l2cap::Channel* channel = connection.link.channels().find(bearer.channel);
    return channel != nullptr && channel->is_open() && channel->sender.credits() != 0 &&
           !channel->sender.stalled();
}

/// The bearer that works on one of these attributes already, else the one with the least to do.
AttBearer& Host::client_bearer(Connection& connection, std::span<const AttributeHandle> about) {
    if (about.empty() || connection.enhanced.empty()) return connection.att;
    if (acl_.queued(connection.handle, hci::Traffic::fixed_channels) == 0)
        connection.command_queued = false;
    AttBearer* least = &connection.att;
    for (std::size_t i = 0; i < connection.bearer_count(); ++i) {
        AttBearer& bearer = connection.bearer_at(i);
        const auto concerned = [&](AttributeHandle handle) {
            return bearer.client.concerns(handle);
        };
        if (std::ranges::any_of(about, concerned)) return bearer;
        if (bearer.client.pending() < least->client.pending() && is_useful(connection, bearer))
            least = &bearer;
    }
    // A write command that is still in the queue must not be overtaken.
    return connection.command_queued ? connection.att : *least;
}

/// The bearer on which an indication of this value waits already, else the first that is free.
AttBearer& Host::indication_bearer(Connection& connection, AttributeHandle handle) {
    AttBearer* free = nullptr;
    for (std::size_t i = 0; i < connection.bearer_count(); ++i) {
        AttBearer& bearer = connection.bearer_at(i);
        if (bearer.session.indicates(handle)) return bearer;
        const bool may = &bearer == &connection.att || is_useful(connection, bearer);
        if (free == nullptr && may && bearer.session.pending_indications() == 0) free = &bearer;
    }
    return free == nullptr ? connection.att : *free;
}

}  // namespace bluetooth
