// SPDX-License-Identifier: MIT
//
// The calls of `BLE` that are about GATT.
#include <array>

#include "bluetooth/adapter.hpp"
#include "bluetooth/ble.hpp"
#include "bluetooth/throwing.hpp"

namespace bluetooth {

// ---- GATT server

std::vector<std::vector<AttributeHandle>> BLE::gatts_register_services(
    std::span<const Service> services, error_code& error) {
    return adapter_->host.register_services(services, error);
}
std::vector<std::vector<AttributeHandle>> BLE::gatts_register_services(
    std::span<const Service> services) {
    return throwing("gatts_register_services",
                    [&](error_code& error) { return gatts_register_services(services, error); });
}

Bytes BLE::gatts_read(AttributeHandle value_handle, error_code& error) {
    return adapter_->host.read_value(value_handle, error);
}
Bytes BLE::gatts_read(AttributeHandle value_handle) {
    error_code unknown_handle_reads_empty;
    return gatts_read(value_handle, unknown_handle_reads_empty);
}

std::size_t BLE::gatts_write(AttributeHandle value_handle, Bytes data, bool send_update,
                             error_code& error) {
    error = adapter_->host.write_value(value_handle, data, send_update);
    return data.size();
}
std::size_t BLE::gatts_write(AttributeHandle value_handle, Bytes data, bool send_update) {
    return throwing("gatts_write", [&](error_code& error) {
        return gatts_write(value_handle, data, send_update, error);
    });
}

void BLE::gatts_set_buffer(AttributeHandle value_handle, std::size_t size, bool append,
                           error_code& error) {
    error = adapter_->host.set_buffer(value_handle, size, append);
}
void BLE::gatts_set_buffer(AttributeHandle value_handle, std::size_t size, bool append) {
    throwing("gatts_set_buffer",
             [&](error_code& error) { gatts_set_buffer(value_handle, size, append, error); });
}

void BLE::gatts_notify(ConnectionHandle conn_handle, AttributeHandle value_handle,
                       std::optional<Bytes> data, error_code& error) {
    error = adapter_->host.notify(conn_handle, value_handle, data);
}
void BLE::gatts_notify(ConnectionHandle conn_handle, AttributeHandle value_handle,
                       std::optional<Bytes> data) {
    throwing("gatts_notify",
             [&](error_code& error) { gatts_notify(conn_handle, value_handle, data, error); });
}
void BLE::gatts_notify_multiple(ConnectionHandle conn_handle, std::span<const HandleValue> values,
                                error_code& error) {
    error = adapter_->host.notify_multiple(conn_handle, values);
}
void BLE::gatts_notify_multiple(ConnectionHandle conn_handle, std::span<const HandleValue> values) {
    throwing("gatts_notify_multiple",
             [&](error_code& error) { gatts_notify_multiple(conn_handle, values, error); });
}

void BLE::gatts_indicate(ConnectionHandle conn_handle, AttributeHandle value_handle,
                         std::optional<Bytes> data, error_code& error) {
    error = adapter_->host.indicate(conn_handle, value_handle, data);
}
void BLE::gatts_indicate(ConnectionHandle conn_handle, AttributeHandle value_handle,
                         std::optional<Bytes> data) {
    throwing("gatts_indicate",
             [&](error_code& error) { gatts_indicate(conn_handle, value_handle, data, error); });
}

void BLE::gatts_authorize(ConnectionHandle conn_handle, bool authorized, error_code& error) {
    error = adapter_->host.authorize(conn_handle, authorized);
}
void BLE::gatts_authorize(ConnectionHandle conn_handle, bool authorized) {
    throwing("gatts_authorize",
             [&](error_code& error) { gatts_authorize(conn_handle, authorized, error); });
}

// ---- GATT client

void BLE::gattc_discover_services(ConnectionHandle conn_handle, std::optional<UUID> uuid,
                                  error_code& error) {
    error = adapter_->host.discover_services(conn_handle, uuid);
}
void BLE::gattc_discover_services(ConnectionHandle conn_handle, std::optional<UUID> uuid) {
    throwing("gattc_discover_services",
             [&](error_code& error) { gattc_discover_services(conn_handle, uuid, error); });
}

void BLE::gattc_discover_secondary_services(ConnectionHandle conn_handle, std::optional<UUID> uuid,
                                            error_code& error) {
    error = adapter_->host.discover_services(conn_handle, uuid, ServiceType::secondary);
}
void BLE::gattc_discover_secondary_services(ConnectionHandle conn_handle,
                                            std::optional<UUID> uuid) {
    throwing("gattc_discover_secondary_services", [&](error_code& error) {
        gattc_discover_secondary_services(conn_handle, uuid, error);
    });
}

void BLE::gattc_discover_included(ConnectionHandle conn_handle, AttributeHandle start_handle,
                                  AttributeHandle end_handle, error_code& error) {
    error = adapter_->host.discover_included(conn_handle, start_handle, end_handle);
}
void BLE::gattc_discover_included(ConnectionHandle conn_handle, AttributeHandle start_handle,
                                  AttributeHandle end_handle) {
    throwing("gattc_discover_included", [&](error_code& error) {
        gattc_discover_included(conn_handle, start_handle, end_handle, error);
    });
}

void BLE::gattc_discover_characteristics(ConnectionHandle conn_handle, AttributeHandle start_handle,
                                         AttributeHandle end_handle, std::optional<UUID> uuid,
                                         error_code& error) {
    error = adapter_->host.discover_characteristics(conn_handle, start_handle, end_handle, uuid);
}
void BLE::gattc_discover_characteristics(ConnectionHandle conn_handle, AttributeHandle start_handle,
                                         AttributeHandle end_handle, std::optional<UUID> uuid) {
    throwing("gattc_discover_characteristics", [&](error_code& error) {
        gattc_discover_characteristics(conn_handle, start_handle, end_handle, uuid, error);
    });
}

void BLE::gattc_discover_descriptors(ConnectionHandle conn_handle, AttributeHandle start_handle,
                                     AttributeHandle end_handle, error_code& error) {
    error = adapter_->host.discover_descriptors(conn_handle, start_handle, end_handle);
}
void BLE::gattc_discover_descriptors(ConnectionHandle conn_handle, AttributeHandle start_handle,
                                     AttributeHandle end_handle) {
    throwing("gattc_discover_descriptors", [&](error_code& error) {
        gattc_discover_descriptors(conn_handle, start_handle, end_handle, error);
    });
}

void BLE::gattc_read(ConnectionHandle conn_handle, AttributeHandle value_handle,
                     error_code& error) {
    error = adapter_->host.read(conn_handle, value_handle);
}
void BLE::gattc_read(ConnectionHandle conn_handle, AttributeHandle value_handle) {
    throwing("gattc_read",
             [&](error_code& error) { gattc_read(conn_handle, value_handle, error); });
}

void BLE::gattc_read_long(ConnectionHandle conn_handle, AttributeHandle value_handle,
                          error_code& error) {
    error = adapter_->host.read_long(conn_handle, value_handle);
}
void BLE::gattc_read_long(ConnectionHandle conn_handle, AttributeHandle value_handle) {
    throwing("gattc_read_long",
             [&](error_code& error) { gattc_read_long(conn_handle, value_handle, error); });
}

void BLE::gattc_read_by_uuid(ConnectionHandle conn_handle, AttributeHandle start_handle,
                             AttributeHandle end_handle, const UUID& uuid, error_code& error) {
    error = adapter_->host.read_by_uuid(conn_handle, start_handle, end_handle, uuid);
}
void BLE::gattc_read_by_uuid(ConnectionHandle conn_handle, AttributeHandle start_handle,
                             AttributeHandle end_handle, const UUID& uuid) {
    throwing("gattc_read_by_uuid", [&](error_code& error) {
        gattc_read_by_uuid(conn_handle, start_handle, end_handle, uuid, error);
    });
}

void BLE::gattc_read_multiple(ConnectionHandle conn_handle,
                              std::span<const AttributeHandle> value_handles, bool variable,
                              error_code& error) {
    error = adapter_->host.read_multiple(conn_handle, value_handles, variable);
}
void BLE::gattc_read_multiple(ConnectionHandle conn_handle,
                              std::span<const AttributeHandle> value_handles, bool variable) {
    throwing("gattc_read_multiple", [&](error_code& error) {
        gattc_read_multiple(conn_handle, value_handles, variable, error);
    });
}

void BLE::gattc_write(ConnectionHandle conn_handle, AttributeHandle value_handle, Bytes data,
                      bool with_response, error_code& error) {
    error = adapter_->host.write(conn_handle, value_handle, data, with_response);
}
void BLE::gattc_write(ConnectionHandle conn_handle, AttributeHandle value_handle, Bytes data,
                      bool with_response) {
    throwing("gattc_write", [&](error_code& error) {
        gattc_write(conn_handle, value_handle, data, with_response, error);
    });
}

void BLE::gattc_write_signed(ConnectionHandle conn_handle, AttributeHandle value_handle, Bytes data,
                             error_code& error) {
    error = adapter_->host.write_signed(conn_handle, value_handle, data);
}
void BLE::gattc_write_signed(ConnectionHandle conn_handle, AttributeHandle value_handle,
                             Bytes data) {
    throwing("gattc_write_signed", [&](error_code& error) {
        gattc_write_signed(conn_handle, value_handle, data, error);
    });
}

void BLE::gattc_write_long(ConnectionHandle conn_handle, AttributeHandle value_handle, Bytes data,
                           error_code& error) {
    error = adapter_->host.write_reliable(conn_handle, std::array{HandleValue{value_handle, data}});
}
void BLE::gattc_write_long(ConnectionHandle conn_handle, AttributeHandle value_handle, Bytes data) {
    throwing("gattc_write_long",
             [&](error_code& error) { gattc_write_long(conn_handle, value_handle, data, error); });
}

void BLE::gattc_write_reliable(ConnectionHandle conn_handle, std::span<const HandleValue> values,
                               error_code& error) {
    error = adapter_->host.write_reliable(conn_handle, values);
}
void BLE::gattc_write_reliable(ConnectionHandle conn_handle, std::span<const HandleValue> values) {
    throwing("gattc_write_reliable",
             [&](error_code& error) { gattc_write_reliable(conn_handle, values, error); });
}

void BLE::gattc_subscribe(ConnectionHandle conn_handle, AttributeHandle value_handle,
                          Subscription subscription, error_code& error) {
    error = adapter_->host.subscribe(conn_handle, value_handle, subscription);
}
void BLE::gattc_subscribe(ConnectionHandle conn_handle, AttributeHandle value_handle,
                          Subscription subscription) {
    throwing("gattc_subscribe", [&](error_code& error) {
        gattc_subscribe(conn_handle, value_handle, subscription, error);
    });
}

void BLE::gattc_exchange_mtu(ConnectionHandle conn_handle, error_code& error) {
    error = adapter_->host.exchange_mtu(conn_handle);
}
void BLE::gattc_exchange_mtu(ConnectionHandle conn_handle) {
    throwing("gattc_exchange_mtu",
             [&](error_code& error) { gattc_exchange_mtu(conn_handle, error); });
}
std::uint16_t BLE::gattc_mtu(ConnectionHandle conn_handle) const {
    return adapter_->host.mtu(conn_handle);
}

}  // namespace bluetooth
