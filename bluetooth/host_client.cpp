// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>

#include "base/log.hpp"
#include "bluetooth/host_turn.hpp"

namespace bluetooth {

void Host::execute(Connection& connection, AttBearer&, gatt::ExchangeMtuDone& action) {
    // Success is told by MtuExchanged; MicroPython has no event for a refusal.
    if (action.error)
        log::warn("host", "connection ", to_string(connection.handle),
                  ": the peer exchanged no MTU: ", action.error);
}
void Host::execute(Connection& connection, AttBearer& bearer, gatt::Indicated& action) {
    const auto confirm = [this, handle = connection.handle, channel = bearer.channel,
                          token = action.token] {
        Connection* receiver = nullptr;
        if (AttBearer* asking = find_bearer(handle, channel, receiver))
            with_client(*receiver, *asking,
                        [&](auto& context) { return asking->client.confirm(context, token); });
    };
    delivery_.deliver(GattcIndicate{connection.handle, action.handle, action.value}, confirm);
}

/// Hands a procedure to the client on one of the link's bearers: `about` are the attributes that it
/// works on. Without any it is for the fixed bearer, where searches keep their order.
template <class Call>
error_code Host::client_call(ConnectionHandle handle, std::span<const AttributeHandle> about,
                             Call&& call) {
    if (const error_code error = check_active()) return error;
    Connection* connection = find(handle);
    if (connection == nullptr) return make_error(errc::not_connected);
    const Turn turn{*this};
    AttBearer& bearer = client_bearer(*connection, about);
    return with_client(*connection, bearer,
                       [&](auto& context) { return call(bearer.client, context); });
}

error_code Host::discover_services(ConnectionHandle handle, const std::optional<UUID>& uuid,
                                   gatt::ServiceType type) {
    return client_call(handle, {}, [&](gatt::Client& client, gatt::ClientContext& context) {
        return client.discover_services(context, uuid, type);
    });
}

error_code Host::discover_included(ConnectionHandle handle, AttributeHandle start,
                                   AttributeHandle end) {
    return client_call(handle, {}, [&](gatt::Client& client, gatt::ClientContext& context) {
        return client.discover_included(context, start, end);
    });
}

error_code Host::discover_characteristics(ConnectionHandle handle, AttributeHandle start,
                                          AttributeHandle end, const std::optional<UUID>& uuid) {
    return client_call(handle, {}, [&](gatt::Client& client, gatt::ClientContext& context) {
        return client.discover_characteristics(context, start, end, uuid);
    });
}

error_code Host::discover_descriptors(ConnectionHandle handle, AttributeHandle start,
                                      AttributeHandle end) {
    return client_call(handle, {}, [&](gatt::Client& client, gatt::ClientContext& context) {
        return client.discover_descriptors(context, start, end);
    });
}

error_code Host::read(ConnectionHandle handle, AttributeHandle value_handle) {
    if (value_handle == att::no_handle) return make_error(errc::invalid_argument);
    return client_call(handle, std::span{&value_handle, 1},
                       [&](gatt::Client& client, gatt::ClientContext& context) {
                           return client.read(context, value_handle);
                       });
}

error_code Host::read_long(ConnectionHandle handle, AttributeHandle value_handle) {
    if (value_handle == att::no_handle) return make_error(errc::invalid_argument);
    return client_call(handle, std::span{&value_handle, 1},
                       [&](gatt::Client& client, gatt::ClientContext& context) {
                           return client.read_long(context, value_handle);
                       });
}

error_code Host::read_by_uuid(ConnectionHandle handle, AttributeHandle start, AttributeHandle end,
                              const UUID& uuid) {
    return client_call(handle, {}, [&](gatt::Client& client, gatt::ClientContext& context) {
        return client.read_by_uuid(context, start, end, uuid);
    });
}

error_code Host::read_multiple(ConnectionHandle handle,
                               std::span<const AttributeHandle> value_handles, bool variable) {
    if (std::ranges::find(value_handles, att::no_handle) != value_handles.end())
        return make_error(errc::invalid_argument);
    return client_call(handle, value_handles,
                       [&](gatt::Client& client, gatt::ClientContext& context) {
                           return client.read_multiple(context, value_handles, variable);
                       });
}

error_code Host::write(ConnectionHandle handle, AttributeHandle value_handle, Bytes data,
                       bool with_response) {
    if (value_handle == att::no_handle) return make_error(errc::invalid_argument);
    // Commands keep their order on the fixed bearer, and nothing but credits, which it has no need
    // of, would bound them on another.
    const std::span<const AttributeHandle> about{&value_handle, with_response ? 1u : 0u};
    if (Connection* connection = active() ? find(handle) : nullptr; connection != nullptr) {
        constexpr std::size_t header = 3;  // opcode and handle
        const AttBearer& bearer = client_bearer(*connection, about);
        if (strict_ && data.size() + header > bearer.bearer.mtu()) return make_error(errc::too_big);
        if (!has_room(*connection, 1)) return make_error(errc::no_buffers);
        connection->command_queued |= !with_response;
    }
    return client_call(handle, about, [&](gatt::Client& client, gatt::ClientContext& context) {
        return with_response ? client.write(context, value_handle, data)
                             : client.write_command(context, value_handle, data);
    });
}

error_code Host::write_reliable(ConnectionHandle handle, std::span<const att::HandleValue> values) {
    if (std::ranges::find(values, att::no_handle, &att::HandleValue::handle) != values.end())
        return make_error(errc::invalid_argument);
    std::size_t octets = 0;
    for (const att::HandleValue& value : values) octets += value.value.size();
    const std::size_t buffers = std::min(octets, gatt::ValueQueue::max_octets) / buffer_capacity;
    if (Connection* connection = active() ? find(handle) : nullptr;
        connection != nullptr && !has_room(*connection, 1, buffers))
        return make_error(errc::no_buffers);
    std::array<AttributeHandle, gatt::ValueQueue::max_values> about;
    const std::size_t count = std::min(values.size(), about.size());
    for (std::size_t i = 0; i < count; ++i) about[i] = values[i].handle;
    return client_call(handle, std::span{about}.first(count),
                       [&](gatt::Client& client, gatt::ClientContext& context) {
                           return client.write_reliable(context, values);
                       });
}

error_code Host::write_signed(ConnectionHandle handle, AttributeHandle value_handle, Bytes data) {
    constexpr std::uint64_t counters = std::uint64_t{1} << 32;
    constexpr std::uint64_t stored_ahead = 64;
    if (value_handle == att::no_handle) return make_error(errc::invalid_argument);
    if (const error_code error = check_active()) return error;
    Connection* connection = find(handle);
    if (connection == nullptr) return make_error(errc::not_connected);
    const auto& bond = connection->security.bond();
    const bool encrypted = connection->client_state.security.encrypted;
    if (encrypted || !bond || !bond->ours.csrk) return make_error(errc::permission_denied);
    std::uint64_t& next = connection->next_sign_counter;
    if (next == 0) next = connection->stored_sign_counter = bond->ours.sign_counter;
    if (next >= counters) return make_error(errc::permission_denied);
    if (!has_room(*connection, 1)) return make_error(errc::no_buffers);
    const Turn turn{*this};
    const crypto::Key csrk = *bond->ours.csrk;
    const std::uint64_t counter = next++;
    // A counter must never be used twice, not even after a crash.
    if (next > connection->stored_sign_counter) {
        connection->stored_sign_counter = std::min(next + stored_ahead, counters);
        store_counters(*connection, connection->stored_sign_counter);
        if (find(handle) != connection) return make_error(errc::not_connected);
    }
    return with_client(*connection, connection->att, [&](auto& context) {
        return connection->att.client.write_signed(context, value_handle, data, csrk,
                                                   static_cast<std::uint32_t>(counter));
    });
}

error_code Host::subscribe(ConnectionHandle handle, AttributeHandle value_handle,
                           Subscription subscription) {
    if (value_handle == att::no_handle) return make_error(errc::invalid_argument);
    return client_call(handle, std::span{&value_handle, 1},
                       [&](gatt::Client& client, gatt::ClientContext& context) {
                           return client.subscribe(context, value_handle, subscription);
                       });
}

error_code Host::exchange_mtu(ConnectionHandle handle) {
    return client_call(handle, {}, [&](gatt::Client& client, gatt::ClientContext& context) {
        return client.exchange_mtu(context, mtu_);
    });
}

std::uint16_t Host::mtu(ConnectionHandle handle) const {
    const auto found = std::ranges::find_if(
        connections_, [&](const auto& connection) { return connection->handle == handle; });
    return found == connections_.end() ? att::default_mtu : (*found)->att.bearer.mtu();
}

}  // namespace bluetooth
