// SPDX-License-Identifier: MIT
#include "gatt/server.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "gatt/database_hash.hpp"
#include "gatt/service_table.hpp"

namespace bluetooth::gatt {

namespace {

namespace flag = att::flag;
namespace type = att::type;
using att::Database;
using att::Handle;

constexpr UUID generic_access{0x1800};
constexpr UUID generic_attribute{0x1801};

// The built-in services stand first and keep their shape, so their handles are constants.
constexpr Handle device_name_value{0x0003};
constexpr Handle appearance_value{0x0005};
constexpr Handle preferred_parameters_value{0x0007};
constexpr Handle address_resolution_value{0x0009};
constexpr Handle service_changed_configuration{0x000d};
constexpr Handle database_hash_value{0x0011};
constexpr Handle server_features_value{0x0013};

/// An empty table with the services that every server has (Vol 3 Part C 12, Part G 7).
Database built_in_services() {
    Database database;
    const auto add = [&database](const UUID& uuid, std::uint16_t flags, Bytes value) {
        database.add_characteristic(uuid, static_cast<std::uint8_t>(flags), flags, value);
    };
    const std::array<std::uint8_t, 4> zeros{};
    std::array<std::uint8_t, 8> preferred{};
    encode_fields(PreferredConnectionParameters{}, preferred);

    database.add_service(generic_access);
    add(UUID{0x2a00}, flag::read, {});                     // Device Name
    add(UUID{0x2a01}, flag::read, Bytes{zeros}.first(2));  // Appearance: unknown
    add(UUID{0x2a04}, flag::read, preferred);  // Peripheral Preferred Connection Parameters
    add(UUID{0x2aa6}, flag::read, Bytes{zeros}.first(1));  // Central Address Resolution

    database.add_service(generic_attribute);
    add(type::service_changed, flag::indicate, zeros);
    database.add_client_configuration();
    database.add_client_features();
    add(type::database_hash, flag::read, {});
    add(type::server_supported_features, flag::read, Bytes{zeros}.first(1));  // none
    return database;
}

Database sealed(Database database) {
    database.seal();
    return database;
}

}  // namespace

Server::Server(const att::ServerLimits& limits) : att::Server(sealed(built_in_services()), limits) {
    update_hash();
}

result<Registration> Server::register_services(std::span<const ServiceDefinition> services) {
    Database next = built_in_services();
    for (const Handle handle : {device_name_value, appearance_value, preferred_parameters_value,
                                address_resolution_value, server_features_value})
        next.find(handle)->value = database().find(handle)->value;

    Registration registration;
    next.user_attributes(true);
    if (const error_code error = add_services(next, services, registration.handles)) return error;
    next.seal();
    registration.changed = replace_database(std::move(next));
    update_hash();
    return registration;
}

void Server::update_hash() {
    hash_ = database_hash(database());
    set_value(database_hash_value, crypto::reversed(hash_));
}

att::Attribute* Server::user_attribute(Handle handle) {
    att::Attribute* found = attribute(handle);
    return found != nullptr && found->user ? found : nullptr;
}

result<Bytes> Server::read(Handle handle) {
    att::Attribute* found = user_attribute(handle);
    if (found == nullptr) return make_error(errc::invalid_argument);
    if (!found->append) return Bytes{found->value};
    taken_.swap(found->value);
    found->value.clear();
    return Bytes{taken_};
}

error_code Server::write(Handle handle, Bytes value) {
    att::Attribute* found = user_attribute(handle);
    if (found == nullptr) return make_error(errc::invalid_argument);
    // The octets may be the value's own, from `read`.
    const bool own = !value.empty() && !found->value.empty() &&
                     value.data() >= found->value.data() &&
                     value.data() < found->value.data() + found->value.size();
    if (own)
        found->value = std::vector<std::uint8_t>{value.begin(), value.end()};
    else
        found->value.assign(value.begin(), value.end());
    found->capacity = std::max(found->capacity, value.size());
    return {};
}

error_code Server::set_buffer(Handle handle, std::size_t capacity, bool append) {
    att::Attribute* found = user_attribute(handle);
    if (found == nullptr) return make_error(errc::invalid_argument);
    if (capacity == 0) return make_error(errc::no_buffers);
    if (capacity > max_capacity) return make_error(errc::too_big);
    found->value.clear();
    found->value.reserve(capacity);
    found->capacity = capacity;
    found->append = append;
    return {};
}

error_code Server::set_device_name(Bytes name) {
    if (name.size() > max_device_name) return make_error(errc::invalid_argument);
    set_value(device_name_value, name);
    return {};
}

Bytes Server::device_name() const { return database().find(device_name_value)->value; }

void Server::set_appearance(std::uint16_t appearance) {
    set_value(appearance_value, octets_of(appearance));
}

void Server::set_preferred_connection_parameters(const PreferredConnectionParameters& parameters) {
    std::array<std::uint8_t, 8> octets{};
    set_value(preferred_parameters_value, encode_fields(parameters, octets));
}

void Server::set_central_address_resolution(bool supported) {
    const std::uint8_t octet = supported ? 1 : 0;
    set_value(address_resolution_value, Bytes{&octet, 1});
}

void Server::set_enhanced_bearers(bool supported) {
    const std::uint8_t features = supported ? 0x01 : 0;  // bit 0: EATT Supported
    set_value(server_features_value, Bytes{&features, 1});
}

void Server::set_value(Handle handle, Bytes value) {
    attribute(handle)->value.assign(value.begin(), value.end());
}

ClientRecord Server::record(const ClientState& client) const {
    ClientRecord record;
    for (std::size_t number = 0; number < database().configuration_count(); ++number)
        if (const std::uint16_t value = client.configuration(number); value != 0)
            record.configurations.push_back({database().configuration_handle(number), value});
    record.features = client.features();
    record.table = hash_;
    record.aware = client.awareness() == att::ChangeAwareness::aware;
    return record;
}

void Server::restore(ClientState& client, const ClientRecord& record) const {
    const bool same_table = record.table == hash_;
    client.set_features(record.features);
    for (const auto& [handle, value] : record.configurations) {
        const att::Attribute* found = database().find(handle);
        if (found != nullptr && found->kind == att::Attribute::Kind::client_configuration &&
            (same_table || handle == service_changed_configuration))
            client.set_configuration(found->configuration, value);
    }
    if (!same_table || !record.aware) client.table_changed({att::first_handle, att::last_handle});
}

}  // namespace bluetooth::gatt
