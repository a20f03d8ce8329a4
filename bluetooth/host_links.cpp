// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>

#include "base/connection_parameters.hpp"
#include "base/log.hpp"
#include "bluetooth/host_turn.hpp"
#include "hci/commands.hpp"

namespace bluetooth {

void Host::on_connection_complete(const hci::LeConnectionComplete& event,
                                  const Address& resolved_from) {
    if (event.status == hci::Status::success && find(event.connection_handle) != nullptr) {
        ++dropped_;
        log::warn("host", "the controller reported connection ", to_string(event.connection_handle),
                  " a second time");
        return;
    }
    const bool ours = with_gap([&](gap::Context context) {
        return connector_.on_connection_complete(context, event, resolved_from);
    });
    if (ours || event.role != hci::Role::peripheral || event.status != hci::Status::success)
        return arrange_gap();
    // Before advertising is told: what follows may change our address.
    const Address& air = resolved_from.is_zero() ? event.peer_address : resolved_from;
    const smp::LinkEnds ends = ends_of(
        hci::Role::peripheral,
        resolved_from.is_zero() ? event.peer_address_type : AddressType::random_device, air);
    with_gap([&](gap::Context context) { advertiser_.on_connected(context); });
    arrange_gap();
    const auto identity = identity_of(event.peer_address_type, event.peer_address);
    open_connection(event.connection_handle, identity ? identity->type : event.peer_address_type,
                    identity ? identity->address : event.peer_address, ends,
                    event.connection_interval, event.peripheral_latency, event.supervision_timeout);
}

void Host::open_connection(ConnectionHandle handle, AddressType type, const Address& peer,
                           const smp::LinkEnds& ends, Units1250us interval, std::uint16_t latency,
                           Units10ms supervision_timeout) {
    const hci::Role role =
        ends.role == smp::Role::central ? hci::Role::central : hci::Role::peripheral;
    if (connections_.size() == max_connections) {
        log::warn("host", "closing connection ", to_string(handle), ": all ", max_connections,
                  " slots are taken");
        (void)submit(hci::Disconnect{handle, hci::Status::remote_device_terminated_low_resources},
                     Command::disconnect, handle);
        if (role == hci::Role::central)
            delivery_.deliver(PeripheralDisconnect{no_connection, AddressType::unknown, Address{},
                                                   make_error(errc::no_buffers)});
        return;
    }
    connections_.push_back(std::make_unique<Connection>(handle, role, type, peer, ends, local_,
                                                        *server_, listeners_, free_channel_pool()));
    Connection& connection = *connections_.back();
    connection.interval = interval;
    connection.latency = latency;
    connection.supervision_timeout = supervision_timeout;
    connection.updates_by_l2cap = role == hci::Role::peripheral &&
                                  !init_.info().has(hci::LeFeature::connection_parameters_request);
    connection.send_queue = send_queue_;
    connection.att.client.raise_security(auto_security_);
    if (const auto identity = identity_of(type, peer)) {
        connection.bond_peer = {identity->type, identity->address};
        // A private address is another one next time.
        if (gatt_cache_)
            connection.att.client.use_cache(discovery_cache_,
                                            {.type = identity->type, .address = identity->address});
        with_gap([&](gap::Context context) { privacy_.use_peer(context, *identity); });
    }
    acl_.add_link(handle);
    if (eatt_.unencrypted) enable_enhanced_bearers(connection);
    if (role == hci::Role::central)
        delivery_.deliver(PeripheralConnect{handle, type, peer});
    else
        delivery_.deliver(CentralConnect{handle, type, peer});
    if (find(handle) == &connection)
        with_security(connection, [&](auto context) { connection.security.on_connected(context); });
}

void Host::close_connection(ConnectionHandle handle, error_code reason) {
    const auto found = std::ranges::find_if(
        connections_, [&](const auto& connection) { return connection->handle == handle; });
    if (found == connections_.end()) return;
    // Out of the table first: for the handlers of what follows the link has ended.
    Connection& connection = **found;
    if (connection.refused.any) --waiting_for_room_;
    dropped_ += connection.dropped();
    any_ended_ = true;
    ended_connections_.push_back(std::move(*found));
    connections_.erase(found);
    last_found_ = nullptr;
    environment_.wake_at(now_);  // `on_timer` may be about to pass over the one that moved up
    (void)acl_.remove_link(handle);
    const std::uint64_t generation = generation_;
    save_client(connection);
    save_counters(connection);
    with_link(connection, [&](auto& context) { connection.link.on_disconnected(context); });
    if (generation != generation_) return;
    with_security(connection, [&](auto context) { connection.security.on_disconnected(context); });
    if (generation != generation_) return;
    while (!connection.enhanced.empty() && generation == generation_)
        end_bearer(connection, connection.enhanced.back()->channel);
    if (generation != generation_) return;
    with_server(connection, connection.att,
                [&](auto context) { server_->on_disconnected(context, connection.att.session); });
    if (generation != generation_) return;
    with_client(connection, connection.att,
                [&](auto& context) { connection.att.client.on_disconnected(context); });
    if (generation != generation_) return;
    if (connection.role == hci::Role::central)
        delivery_.deliver(
            PeripheralDisconnect{handle, connection.peer_type, connection.peer, reason});
    else
        delivery_.deliver(CentralDisconnect{handle, connection.peer_type, connection.peer, reason});
}

void Host::terminate(Connection& connection, error_code cause) {
    if (connection.disconnect_deadline != never) return;
    log::warn("host", "closing connection ", to_string(connection.handle), ": ", cause);
    if (const error_code error = ask_to_disconnect(connection)) ask_again_later(connection, error);
}

error_code Host::ask_to_disconnect(Connection& connection) {
    const error_code error =
        submit(hci::Disconnect{connection.handle, hci::Status::remote_user_terminated_connection},
               Command::disconnect, connection.handle);
    if (error) return error;
    connection.disconnect_again = false;
    connection.disconnect_deadline = now_ + Connection::disconnect_limit;
    environment_.wake_at(connection.disconnect_deadline);
    return {};
}

void Host::on_disconnect_refused(ConnectionHandle handle, error_code error) {
    Connection* connection = find(handle);
    if (connection == nullptr || connection->disconnect_deadline == never) return;
    // Unknown Connection Identifier: it has ended, and nothing else will say so.
    if (error == errc::not_connected) return close_connection(handle, error);
    ask_again_later(*connection, error);
}

void Host::ask_again_later(Connection& connection, error_code error) {
    if (++connection.refused_disconnects == Connection::max_disconnect_tries) {
        log::error("host", "gave up connection ", to_string(connection.handle),
                   ", which the controller does not close: ", error);
        return close_connection(connection.handle, error);
    }
    connection.disconnect_again = true;
    connection.disconnect_deadline = now_ + Connection::disconnect_pause;
    environment_.wake_at(connection.disconnect_deadline);
}

void Host::on_disconnect_overdue(Connection& connection) {
    if (connection.disconnect_again) {
        if (const error_code error = ask_to_disconnect(connection))
            ask_again_later(connection, error);
        return;
    }
    // Its buffers may still hold packets of that link: only a reset makes them ours again.
    on_controller_failed(make_error(errc::timed_out), "it does not end a connection");
}

void Host::on_connection_update(const hci::LeConnectionUpdateComplete& event) {
    Connection* connection = find(event.connection_handle);
    if (connection == nullptr) return;
    if (event.status != hci::Status::success)
        return on_update_refused(event.connection_handle, gap::controller_error(event.status));
    connection->update_deadline = never;
    connection->interval = event.connection_interval;
    connection->latency = event.peripheral_latency;
    connection->supervision_timeout = event.supervision_timeout;
    emit_update(*connection, {});
}

void Host::on_update_refused(ConnectionHandle handle, error_code error) {
    Connection* connection = find(handle);
    if (connection == nullptr) return;
    // Unsupported Remote Feature, mostly: then the host of the central is asked instead.
    if (error == errc::not_supported && connection->role == hci::Role::peripheral &&
        connection->update_deadline != never && !connection->updates_by_l2cap) {
        connection->updates_by_l2cap = true;
        error = request_update(*connection);
        if (!error) return;
    }
    connection->update_deadline = never;
    emit_update(*connection, error);
}

void Host::emit_update(const Connection& connection, error_code error) {
    delivery_.deliver(ConnectionUpdate{connection.handle, connection.interval, connection.latency,
                                       connection.supervision_timeout, event_status(error), error});
}

/// Puts the peer's wish for other parameters to the application, and what that decides to `answer`.
void Host::decide_update(ConnectionHandle handle, const ConnectionParameters& wanted,
                         std::function<void(bool)> answer) {
    const auto decided = [this, answer = std::move(answer)] {
        const bool granted = std::exchange(update_verdict_, true);
        answer(granted && !delivery_.handler_failed());
    };
    delivery_.deliver(
        ConnectionUpdateRequest{handle, wanted.interval_min, wanted.interval_max, wanted.latency,
                                wanted.supervision_timeout, &update_verdict_},
        decided);
}

// ---- the calls of the application

error_code Host::disconnect(ConnectionHandle handle) {
    if (const error_code error = check_active()) return error;
    Connection* connection = find(handle);
    if (connection == nullptr) return make_error(errc::not_connected);
    if (connection->disconnect_deadline != never) return make_error(errc::already_in_progress);
    const Turn turn{*this};
    return ask_to_disconnect(*connection);
}

error_code Host::update_connection(ConnectionHandle handle, std::chrono::microseconds min_interval,
                                   std::chrono::microseconds max_interval, std::uint16_t latency,
                                   std::chrono::milliseconds supervision_timeout) {
    const auto intervals = make_connection_parameters(min_interval, max_interval);
    if (!intervals) return intervals.error();
    ConnectionParameters parameters = *intervals;
    parameters.latency = latency;
    parameters.supervision_timeout = Units10ms{static_cast<std::uint16_t>(
        std::clamp<std::int64_t>(supervision_timeout / std::chrono::milliseconds{10}, 0, 0xffff))};
    if (!is_valid(parameters)) return make_error(errc::invalid_argument);
    if (const error_code error = check_active()) return error;
    Connection* connection = find(handle);
    if (connection == nullptr) return make_error(errc::not_connected);
    if (connection->update_deadline != never) return make_error(errc::already_in_progress);
    const Turn turn{*this};
    connection->wanted_parameters = parameters;
    const error_code error = request_update(*connection);
    if (error) connection->update_deadline = never;
    return error;
}

/// A central decides. A peripheral asks the other link layer, by the Connection Parameters Request
/// procedure, and the other host by L2CAP only where one of the two lacks that (Vol 3 Part A 4.20).
/// Whether the peer has it, the controller finds out by itself (Vol 6 Part B 5.1.7.1).
error_code Host::request_update(Connection& connection) {
    const ConnectionParameters& wanted = connection.wanted_parameters;
    connection.update_deadline = now_ + Connection::update_limit;
    environment_.wake_at(connection.update_deadline);
    if (connection.updates_by_l2cap)
        return with_link(connection, [&](auto& context) {
            return connection.link.signalling().request_parameter_update(
                context, {wanted.interval_min, wanted.interval_max, wanted.latency,
                          wanted.supervision_timeout});
        });
    return submit(hci::LeConnectionUpdate{connection.handle,
                                          wanted.interval_min,
                                          wanted.interval_max,
                                          wanted.latency,
                                          wanted.supervision_timeout,
                                          {},
                                          {}},
                  Command::update, connection.handle);
}

}  // namespace bluetooth
