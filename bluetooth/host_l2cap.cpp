// SPDX-License-Identifier: MIT
#include <algorithm>

#include "base/log.hpp"
#include "bluetooth/host_turn.hpp"
#include "hci/acl.hpp"
#include "l2cap/pdus.hpp"

namespace bluetooth {

Connection* Host::find(ConnectionHandle handle) {
    if (last_found_ != nullptr && last_found_->handle == handle) return last_found_;
    for (const auto& connection : connections_)
        if (connection->handle == handle) return last_found_ = connection.get();
    return nullptr;
}

/// Whether an event is about a link that we know; else it is counted as dropped.
bool Host::is_ours(ConnectionHandle handle) {
    if (find(handle) != nullptr) return true;
    ++dropped_;
    log::debug("host", "dropped an event for connection ", to_string(handle), ", which is none");
    return false;
}

void Host::receive_acl(Bytes packet) {
    const auto acl = hci::decode_acl(packet);
    Connection* connection = acl ? find(acl->handle) : nullptr;
    if (connection == nullptr) {
        ++dropped_;
        log::debug("host", "dropped ACL data that is malformed or for no connection");
        return;
    }
    if (const auto pdu = connection->link.att_pdu(acl->boundary, acl->data))
        return receive_att(*connection, connection->att, *pdu);
    with_link(*connection,
              [&](auto& context) { connection->link.receive(context, acl->boundary, acl->data); });
}

void Host::execute(Connection& connection, l2cap::Deliver& action) {
    if (AttBearer* bearer = connection.bearer(action.channel); bearer != nullptr)
        return receive_att(connection, *bearer, action.pdu);
    if (action.channel == l2cap::Cid::smp) return receive_smp(connection, action.pdu);
    ++dropped_;
}
void Host::execute(Connection& connection, l2cap::Send& action) {
    // Signalling too: a response stands before, or behind, the data of the channel it is about.
    submit_acl(connection, std::move(action.pdu), hci::Traffic::dynamic_channels);
}
void Host::execute(Connection& connection, l2cap::ParameterUpdateRequested& action) {
    const auto& [interval_min, interval_max, latency, timeout] = action.parameters;
    const ConnectionParameters wanted{interval_min, interval_max, latency, timeout};
    decide_update(connection.handle, wanted,
                  [this, wanted, handle = connection.handle, token = action.token](bool granted) {
                      Connection* asked = find(handle);
                      if (asked == nullptr) return;
                      // One update at a time, so that each outcome has its owner.
                      granted = granted && asked->update_deadline == never &&
                                !submit(hci::LeConnectionUpdate{handle,
                                                                wanted.interval_min,
                                                                wanted.interval_max,
                                                                wanted.latency,
                                                                wanted.supervision_timeout,
                                                                {},
                                                                {}},
                                        Command::other);
                      with_link(*asked, [&](auto& context) {
                          return asked->link.signalling().answer_parameter_update(context, token,
                                                                                  granted);
                      });
                  });
}
void Host::execute(Connection& connection, l2cap::ParameterUpdateDone& action) {
    if (!action.error) return;  // the controller will report the update
    connection.update_deadline = never;
    if (find(connection.handle) == &connection) emit_update(connection, action.error);
}

void Host::submit_acl(Connection& connection, Buffer pdu, hci::Traffic traffic) {
    const error_code error = acl_.submit(connection.handle, std::move(pdu), traffic);
    to_send_ = true;
    // Links that have ended may have something to say still; nobody hears it.
    if (!error || find(connection.handle) != &connection) return;
    // Only answers get here with a full queue: the peer asks for more than it takes.
    log::warn("host", "connection ", to_string(connection.handle),
              ": the peer does not take our answers");
    terminate(connection, error);
}

/// Whether the link takes so many packets of the application, and the pool has as many buffers and
/// `buffers` more. If not, the application will be told when that has changed.
bool Host::has_room(Connection& connection, std::size_t packets, std::size_t buffers) {
    if (acl_.room(connection.handle) >= send_reserve + packets &&
        send_buffers_.available() >= send_reserve + packets + buffers)
        return true;
    Connection::Refused& refused = note_refusal(connection);
    refused.packets = std::max(refused.packets, packets);
    refused.buffers = std::max(refused.buffers, buffers);
    return false;
}

Connection::Refused& Host::note_refusal(Connection& connection) {
    if (!std::exchange(connection.refused.any, true)) ++waiting_for_room_;
    return connection.refused;
}

/// Whether the bearer that refused an indication still would. One that has ended is none.
bool Host::is_full(Connection& connection, const Connection::Refused& refused) {
    const AttBearer* bearer = connection.bearer(refused.indication);
    return bearer != nullptr && bearer->session.pending_indications() > connection.send_queue / 2u;
}

/// Tells of room where something was refused: once half of the queue is free, or what was refused
/// fits if that is more.
void Host::announce_room() {
    if (waiting_for_room_ == 0) return;
    const std::uint64_t generation = generation_;
    for (std::size_t i = 0; i < connections_.size(); ++i) {
        Connection& connection = *connections_[i];
        const Connection::Refused& refused = connection.refused;
        if (!refused.any || connection.disconnect_deadline != never) continue;
        const std::size_t packets =
            std::max<std::size_t>(refused.packets, connection.send_queue / 2u);
        if (acl_.room(connection.handle) < send_reserve + packets ||
            send_buffers_.available() < send_reserve + packets + refused.buffers ||
            is_full(connection, refused))
            continue;
        connection.refused = {};
        --waiting_for_room_;
        delivery_.deliver(SendReady{connection.handle});
        if (generation != generation_) return;
    }
}

// ---- ATT

void Host::receive_att(Connection& connection, AttBearer& bearer, Bytes pdu) {
    if (att::route(pdu) == att::Destination::client)
        with_client(connection, bearer,
                    [&](auto& context) { bearer.client.receive(context, pdu); });
    else
        with_server(connection, bearer,
                    [&](auto context) { server_->receive(context, bearer.session, pdu); });
}

void Host::execute(Connection& connection, AttBearer& bearer, att::Send& action) {
    if (bearer.channel == l2cap::Cid::att) {
        l2cap::add_basic_header(action.pdu, l2cap::Cid::att);
        return submit_acl(connection, std::move(action.pdu));
    }
    l2cap::Channels& channels = connection.link.channels();
    // A peer without credits for answers to all that it asks: as on the fixed channel.
    if (channels.send(bearer.channel, std::move(action.pdu)) == errc::no_buffers)
        with_link(connection, [&](auto& context) { channels.disconnect(context, bearer.channel); });
    to_send_ = true;
}
void Host::execute(Connection& connection, AttBearer& bearer, att::CloseBearer& action) {
    if (find(connection.handle) != &connection) return;
    if (bearer.channel == l2cap::Cid::att) return terminate(connection, action.error);
    log::warn("host", "closing an enhanced bearer: ", action.error);
    with_link(connection, [&](auto& context) {
        connection.link.channels().disconnect(context, bearer.channel);
    });
    to_send_ = true;
}
void Host::execute(Connection& connection, AttBearer&, att::MtuExchanged& action) {
    delivery_.deliver(MtuExchanged{connection.handle, action.mtu});
}

}  // namespace bluetooth
