// SPDX-License-Identifier: MIT
#include <utility>

#include "bluetooth/host_turn.hpp"

namespace bluetooth {

void Host::execute(Connection& connection, AttBearer& bearer, att::ReadRequested& action) {
    const auto answer = [this, handle = connection.handle, channel = bearer.channel,
                         token = action.token] {
        att::ErrorCode verdict = std::exchange(read_verdict_, {});
        // A handler that has failed has allowed nothing.
        if (delivery_.handler_failed() && verdict == att::ErrorCode{})
            verdict = att::ErrorCode::unlikely_error;
        Connection* reader = nullptr;
        AttBearer* asking = find_bearer(handle, channel, reader);
        if (asking == nullptr) return;
        with_server(*reader, *asking, [&](auto context) {
            server_->answer_read(
                context, asking->session, token,
                verdict == att::ErrorCode{} ? std::nullopt : std::optional{verdict});
        });
    };
    delivery_.deliver(GattsReadRequest{connection.handle, action.handle, &read_verdict_}, answer);
}
void Host::execute(Connection& connection, AttBearer& bearer, att::Written& action) {
    const auto answer = [this, handle = connection.handle, channel = bearer.channel,
                         token = action.token] {
        Connection* writer = nullptr;
        if (AttBearer* asking = find_bearer(handle, channel, writer))
            with_server(*writer, *asking, [&](auto context) {
                server_->answer_write(context, asking->session, token);
            });
    };
    // A handler may have replaced the table since, by which the handle meant this value.
    if (action.table != server_->table_number()) return answer();
    delivery_.deliver(GattsWrite{connection.handle, action.handle}, answer);
}
void Host::execute(Connection& connection, AttBearer&, att::Subscribed& action) {
    // Soon, not at once: a client must not have us write a file for each of its requests.
    if (connection.client_restored && connection.save_deadline == never) {
        connection.save_deadline = now_ + Connection::save_delay;
        environment_.wake_at(connection.save_deadline);
    }
    delivery_.deliver(GattsSubscribe{connection.handle, action.handle,
                                     static_cast<Subscription>(action.configuration)});
}
void Host::execute(Connection& connection, AttBearer&, att::IndicationDone& action) {
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
    const std::uint64_t generation = generation_;
    const std::uint32_t table = server_->table_number();
    if (registration->changed)
        for (std::size_t i = 0; i < connections_.size() && generation == generation_; ++i)
            with_server(*connections_[i], connections_[i]->att, [&](auto context) {
                server_->announce_change(context, connections_[i]->att.session);
            });
    // A handler, told of an indication's end, may have deactivated us or registered others.
    if (generation != generation_)
        error = make_error(errc::not_active);
    else if (table != server_->table_number())
        error = make_error(errc::try_again);
    if (error) return {};
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
    const std::uint64_t generation = generation_;
    error_code refused;
    for (std::size_t i = 0; i < connections_.size() && generation == generation_; ++i) {
        Connection& connection = *connections_[i];
        if (!server_->subscribed(connection.client_state, handle)) continue;
        const error_code failed =
            update(connection, connection.att, 1, [&](auto context, auto& session) {
                return server_->send_update(context, session, handle);
            });
        if (failed) refused = failed;
    }
    return refused;
}

error_code Host::set_buffer(AttributeHandle handle, std::size_t size, bool append) {
    if (const error_code error = check_active()) return error;
    return server_->set_buffer(handle, size, append);
}

/// Has the server send up to `count` updates to a client on one of its bearers, if there is room
/// for all of them.
template <class Call>
error_code Host::update(Connection& connection, AttBearer& bearer, std::size_t count, Call&& call) {
    if (!has_room(connection, count)) return make_error(errc::no_buffers);
    const error_code error = with_server(
        connection, bearer, [&](auto context) { return call(context, bearer.session); });
    // With room for the packet it is indications that wait for their confirmations.
    if (error == errc::no_buffers) note_refusal(connection).indication = bearer.channel;
    return error;
}

/// On the fixed bearer, where all notifications keep their order.
template <class Call>
error_code Host::update(ConnectionHandle handle, std::size_t count, Call&& call) {
    if (const error_code error = check_active()) return error;
    Connection* connection = find(handle);
    if (connection == nullptr) return make_error(errc::not_connected);
    const Turn turn{*this};
    return update(*connection, connection->att, count, call);
}

error_code Host::notify(ConnectionHandle handle, AttributeHandle value_handle,
                        std::optional<Bytes> data) {
    return update(handle, 1, [&](auto context, auto& session) {
        return server_->notify(context, session, value_handle, data);
    });
}

error_code Host::notify_multiple(ConnectionHandle handle,
                                 std::span<const att::HandleValue> values) {
    if (values.empty()) return make_error(errc::invalid_argument);
    const Connection* connection = find(handle);
    if (connection != nullptr && values.size() > connection->send_queue)
        return make_error(errc::too_big);
    return update(handle, values.size(), [&](auto context, auto& session) {
        return server_->notify_multiple(context, session, values);
    });
}

error_code Host::indicate(ConnectionHandle handle, AttributeHandle value_handle,
                          std::optional<Bytes> data) {
    if (const error_code error = check_active()) return error;
    Connection* connection = find(handle);
    if (connection == nullptr) return make_error(errc::not_connected);
    const Turn turn{*this};
    AttBearer& bearer = indication_bearer(*connection, value_handle);
    return update(*connection, bearer, 1, [&](auto context, auto& session) {
        return server_->indicate(context, session, value_handle, data);
    });
}

error_code Host::authorize(ConnectionHandle handle, bool authorized) {
    if (const error_code error = check_active()) return error;
    Connection* connection = find(handle);
    if (connection == nullptr) return make_error(errc::not_connected);
    connection->client_state.security.authorized = authorized;
    return {};
}

}  // namespace bluetooth
