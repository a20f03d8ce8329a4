// SPDX-License-Identifier: MIT
#include <algorithm>

#include "base/log.hpp"
#include "bluetooth/host_turn.hpp"
#include "hci/acl.hpp"
#include "l2cap/pdus.hpp"
#include "smp/refusal.hpp"

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

// ---- L2CAP

void Host::receive_acl(Bytes packet) {
    const auto acl = hci::decode_acl(packet);
    Connection* connection = acl ? find(acl->handle) : nullptr;
    if (connection == nullptr) {
        ++dropped_;
        log::debug("host", "dropped ACL data that is malformed or for no connection");
        return;
    }
    with_link(*connection, [&](auto& context) {
        connection->link.receive(context, static_cast<l2cap::PacketBoundary>(acl->boundary),
                                 acl->data);
    });
}

void Host::execute(Connection& connection, l2cap::Deliver& action) {
    if (action.channel == l2cap::Cid::att) return receive_att(connection, action.pdu);
    if (action.channel == l2cap::Cid::smp && smp::asks_to_pair(action.pdu)) {
        Buffer refusal = send_buffers_.acquire();
        if (!refusal || !refusal.append(Bytes{smp::pairing_not_supported})) return;
        l2cap::add_basic_header(refusal, l2cap::Cid::smp);
        return submit_acl(connection, std::move(refusal));
    }
    ++dropped_;
}
void Host::execute(Connection& connection, l2cap::Send& action) {
    submit_acl(connection, std::move(action.pdu));
}
void Host::execute(Connection& connection, l2cap::ParameterUpdateRequested& action) {
    const auto& wanted = action.parameters;
    // One update at a time, so that each outcome has its owner.
    const bool accepted =
        connection.update_deadline == never && !submit(hci::LeConnectionUpdate{connection.handle,
                                                                               wanted.interval_min,
                                                                               wanted.interval_max,
                                                                               wanted.latency,
                                                                               wanted.timeout,
                                                                               {},
                                                                               {}},
                                                       Command::other);
    with_link(connection, [&](auto& context) {
        return connection.link.signalling().answer_parameter_update(context, action.token,
                                                                    accepted);
    });
}
void Host::execute(Connection& connection, l2cap::ParameterUpdateDone& action) {
    if (!action.error) return;  // the controller will report the update
    connection.update_deadline = never;
    if (find(connection.handle) == &connection) emit_update(connection, action.error);
}

void Host::submit_acl(Connection& connection, Buffer pdu) {
    const error_code error = acl_.submit(connection.handle, std::move(pdu));
    to_send_ = true;
    // Links that have ended may have something to say still; nobody hears it.
    if (!error || find(connection.handle) != &connection) return;
    // Only answers get here with a full queue: the peer asks for more than it takes.
    log::warn("host", "connection ", to_string(connection.handle),
              ": the peer does not take our answers");
    terminate(connection, error);
}

bool Host::has_room(Connection& connection) {
    if (acl_.room(connection.handle) > send_reserve && send_buffers_.available() > send_reserve)
        return true;
    if (!std::exchange(connection.wants_send_ready, true)) ++waiting_for_room_;
    return false;
}

void Host::announce_room() {
    if (waiting_for_room_ == 0) return;
    const std::uint64_t generation = generation_;
    for (std::size_t i = 0; i < connections_.size(); ++i) {
        Connection& connection = *connections_[i];
        if (!connection.wants_send_ready || connection.disconnect_deadline != never) continue;
        const std::size_t enough =
            send_reserve + std::max<std::size_t>(1, connection.send_queue / 2u);
        const std::size_t enough_buffers = std::min(enough, send_buffers_.size() / 2);
        if (acl_.room(connection.handle) < enough || send_buffers_.available() < enough_buffers)
            continue;
        connection.wants_send_ready = false;
        --waiting_for_room_;
        delivery_.deliver(SendReady{connection.handle});
        if (generation != generation_) return;
    }
}

// ---- ATT

void Host::receive_att(Connection& connection, Bytes pdu) {
    if (att::route(pdu) == att::Destination::client)
        with_client(connection, [&](auto& context) { connection.client.receive(context, pdu); });
    else
        with_server(connection,
                    [&](auto context) { server_->receive(context, connection.session, pdu); });
}

void Host::execute(Connection& connection, att::Send& action) {
    l2cap::add_basic_header(action.pdu, l2cap::Cid::att);
    submit_acl(connection, std::move(action.pdu));
}
void Host::execute(Connection& connection, att::CloseBearer& action) {
    if (find(connection.handle) == &connection) terminate(connection, action.error);
}
void Host::execute(Connection& connection, att::MtuExchanged& action) {
    delivery_.deliver(MtuExchanged{connection.handle, action.mtu});
}

// ---- GATT server

void Host::execute(Connection& connection, att::ReadRequested& action) {
    read_verdict_ = {};
    const auto answer = [this, handle = connection.handle, token = action.token] {
        Connection* reader = find(handle);
        if (reader == nullptr) return;
        const att::ErrorCode verdict = std::exchange(read_verdict_, {});
        with_server(*reader, [&](auto context) {
            server_->answer_read(
                context, reader->session, token,
                verdict == att::ErrorCode{} ? std::nullopt : std::optional{verdict});
        });
    };
    delivery_.deliver(GattsReadRequest{connection.handle, action.handle, &read_verdict_}, answer);
}
void Host::execute(Connection& connection, att::Written& action) {
    const auto answer = [this, handle = connection.handle, token = action.token] {
        if (Connection* writer = find(handle))
            with_server(*writer, [&](auto context) {
                server_->answer_write(context, writer->session, token);
            });
    };
    delivery_.deliver(GattsWrite{connection.handle, action.handle}, answer);
}
void Host::execute(Connection& connection, att::IndicationDone& action) {
    delivery_.deliver(GattsIndicateDone{connection.handle, action.handle,
                                        event_status(action.error), action.error});
}

std::vector<std::vector<AttributeHandle>> Host::register_services(
    std::span<const gatt::ServiceDefinition> services, error_code& error) {
    error = check_active();
    if (error) return {};
    const Turn turn{*this};
    auto registration = server_->register_services(services);
    if (!registration) {
        error = registration.error();
        return {};
    }
    if (registration->changed)
        for (const auto& connection : connections_)
            with_server(*connection, [&](auto context) {
                return server_->service_changed(context, connection->session,
                                                *registration->changed);
            });
    return std::move(registration->handles);
}

Bytes Host::read_value(AttributeHandle handle, error_code& error) {
    error = check_active();
    if (error) return {};
    const auto value = server_->read(handle);
    if (value) return *value;
    error = value.error();
    return {};
}

error_code Host::write_value(AttributeHandle handle, Bytes data, bool send_update) {
    if (const error_code error = check_active()) return error;
    const error_code error = server_->write(handle, data);
    if (error || !send_update) return error;
    const Turn turn{*this};
    error_code refused;
    for (const auto& connection : connections_) {
        if (!server_->subscribed(connection->session, handle)) continue;
        if (!has_room(*connection)) {
            refused = make_error(errc::no_buffers);
            continue;
        }
        const error_code failed = with_server(*connection, [&](auto context) {
            return server_->send_update(context, connection->session, handle);
        });
        if (failed) refused = failed;
    }
    return refused;
}

error_code Host::set_buffer(AttributeHandle handle, std::size_t size, bool append) {
    if (const error_code error = check_active()) return error;
    return server_->set_buffer(handle, size, append);
}

error_code Host::notify(ConnectionHandle handle, AttributeHandle value_handle,
                        std::optional<Bytes> data) {
    if (const error_code error = check_active()) return error;
    Connection* connection = find(handle);
    if (connection == nullptr) return make_error(errc::not_connected);
    if (!has_room(*connection)) return make_error(errc::no_buffers);
    const Turn turn{*this};
    return with_server(*connection, [&](auto context) {
        return server_->notify(context, connection->session, value_handle, data);
    });
}

error_code Host::indicate(ConnectionHandle handle, AttributeHandle value_handle,
                          std::optional<Bytes> data) {
    if (const error_code error = check_active()) return error;
    Connection* connection = find(handle);
    if (connection == nullptr) return make_error(errc::not_connected);
    if (!has_room(*connection)) return make_error(errc::no_buffers);
    const Turn turn{*this};
    return with_server(*connection, [&](auto context) {
        return server_->indicate(context, connection->session, value_handle, data);
    });
}

// ---- GATT client

void Host::execute(Connection& connection, gatt::ExchangeMtuDone& action) {
    // Success is told by MtuExchanged; MicroPython has no event for a refusal.
    if (action.error)
        log::warn("host", "connection ", to_string(connection.handle),
                  ": the peer exchanged no MTU: ", action.error);
}
void Host::execute(Connection& connection, gatt::Indicated& action) {
    const auto confirm = [this, handle = connection.handle, token = action.token] {
        if (Connection* receiver = find(handle))
            with_client(*receiver,
                        [&](auto& context) { return receiver->client.confirm(context, token); });
    };
    delivery_.deliver(GattcIndicate{connection.handle, action.handle, action.value}, confirm);
}

template <class Call> error_code Host::client_call(ConnectionHandle handle, Call&& call) {
    if (const error_code error = check_active()) return error;
    Connection* connection = find(handle);
    if (connection == nullptr) return make_error(errc::not_connected);
    const Turn turn{*this};
    return with_client(*connection,
                       [&](auto& context) { return call(connection->client, context); });
}

error_code Host::discover_services(ConnectionHandle handle, const std::optional<UUID>& uuid) {
    return client_call(handle, [&](gatt::Client& client, gatt::ClientContext& context) {
        return client.discover_services(context, uuid);
    });
}

error_code Host::discover_characteristics(ConnectionHandle handle, AttributeHandle start,
                                          AttributeHandle end, const std::optional<UUID>& uuid) {
    return client_call(handle, [&](gatt::Client& client, gatt::ClientContext& context) {
        return client.discover_characteristics(context, start, end, uuid);
    });
}

error_code Host::discover_descriptors(ConnectionHandle handle, AttributeHandle start,
                                      AttributeHandle end) {
    return client_call(handle, [&](gatt::Client& client, gatt::ClientContext& context) {
        return client.discover_descriptors(context, start, end);
    });
}

error_code Host::read(ConnectionHandle handle, AttributeHandle value_handle) {
    return client_call(handle, [&](gatt::Client& client, gatt::ClientContext& context) {
        return client.read(context, value_handle);
    });
}

error_code Host::write(ConnectionHandle handle, AttributeHandle value_handle, Bytes data,
                       bool with_response) {
    if (Connection* connection = active() ? find(handle) : nullptr;
        connection != nullptr && !has_room(*connection))
        return make_error(errc::no_buffers);
    return client_call(handle, [&](gatt::Client& client, gatt::ClientContext& context) {
        return with_response ? client.write(context, value_handle, data)
                             : client.write_command(context, value_handle, data);
    });
}

error_code Host::exchange_mtu(ConnectionHandle handle) {
    return client_call(handle, [&](gatt::Client& client, gatt::ClientContext& context) {
        return client.exchange_mtu(context, mtu_);
    });
}

std::uint16_t Host::mtu(ConnectionHandle handle) const {
    const auto found = std::ranges::find_if(
        connections_, [&](const auto& connection) { return connection->handle == handle; });
    return found == connections_.end() ? att::default_mtu : (*found)->bearer.mtu();
}

}  // namespace bluetooth
