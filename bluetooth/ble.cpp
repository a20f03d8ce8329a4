// SPDX-License-Identifier: MIT
#include "bluetooth/ble.hpp"

#include <array>
#include <type_traits>
#include <variant>

#include "bluetooth/adapter.hpp"

namespace bluetooth {
namespace {

/// What to do about an error of the host, behind its meaning.
std::string_view advice(const error_code& error) {
    if (error.category() != host_category()) return {};
    switch (static_cast<errc>(error.value())) {
    case errc::not_active: return "";  // the meaning says it
    case errc::no_buffers: return "; go on when SendReady or the end of a procedure is reported";
    case errc::busy: return "; wait for its Done event or stop it";
    case errc::already_in_progress: return "; wait for its event or cancel it";
    case errc::not_connected: return "; use the handle of a live *Connect event";
    case errc::not_permitted: return "; use async_active";
    case errc::too_big: return "; see the call's documentation for its limit";
    case errc::try_again: return "; it can be done a little later";
    case errc::invalid_argument: return "; see the call's documentation for what it takes";
    default: return "";
    }
}

/// Runs the form of a call that takes an `error_code` and throws what it reports.
template <class Call> auto throwing(const char* name, Call&& call) {
    error_code error;
    if constexpr (std::is_void_v<decltype(call(error))>) {
        call(error);
        if (error) throw system_error(error, std::string{name} + std::string{advice(error)});
    } else {
        auto value = call(error);
        if (error) throw system_error(error, std::string{name} + std::string{advice(error)});
        return value;
    }
}

}  // namespace

BLE::BLE(std::string_view transport)
    : context_(std::make_unique<asio::io_context>(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE)),
      adapter_(std::make_shared<Adapter>(context_->get_executor(), transport)) {}

BLE::BLE(Executor executor, std::string_view transport)
    : adapter_(std::make_shared<Adapter>(std::move(executor), transport)) {}

BLE::~BLE() {
    adapter_->host.irq({});
    adapter_->deactivate();
    // A context of our own is driven until the controller was left clean, within a second.
    if (!context_) return;
    context_->restart();
    while (adapter_->host.closing() && context_->run_one() > 0) {}
}

BLE::Executor BLE::get_executor() const { return adapter_->executor(); }

namespace {
asio::io_context& owned(const std::unique_ptr<asio::io_context>& context, const char* call) {
    if (context) return *context;
    throw system_error(make_error(errc::not_permitted),
                       std::string{call} + ": this BLE was made on a foreign executor; run that");
}
}  // namespace

std::size_t BLE::run() {
    asio::io_context& context = owned(context_, "run");
    const auto work = asio::make_work_guard(context);
    context.restart();
    return context.run();
}
std::size_t BLE::run_for(std::chrono::milliseconds duration) {
    asio::io_context& context = owned(context_, "run_for");
    const auto work = asio::make_work_guard(context);
    context.restart();
    return context.run_for(duration);
}
std::size_t BLE::poll() {
    asio::io_context& context = owned(context_, "poll");
    context.restart();
    return context.poll();
}
void BLE::stop() { owned(context_, "stop").stop(); }

// ---- state

bool BLE::active() const { return adapter_->host.active(); }

bool BLE::active(bool on) {
    error_code error;
    const bool now_active = active(on, error);
    if (error) {
        const std::string& message = last_message();
        throw system_error(error,
                           message.empty() ? "active" + std::string{advice(error)} : message);
    }
    return now_active;
}

bool BLE::active(bool on, error_code& error) {
    error = {};
    if (!on) {
        adapter_->deactivate();
        return false;
    }
    if (active()) return true;
    if (!context_ || adapter_->host.in_handler()) {
        error = make_error(errc::not_permitted);
        return false;
    }
    // Shared, since the handler outlives this call when somebody stops the context meanwhile.
    const auto outcome = std::make_shared<std::optional<error_code>>();
    async_active(true, [outcome](error_code result) { *outcome = result; });
    const auto work = asio::make_work_guard(*context_);
    context_->restart();
    while (!*outcome && context_->run_one() > 0) {}
    if (*outcome) {
        error = **outcome;
    } else {
        adapter_->deactivate();
        error = asio::error::operation_aborted;
    }
    return active();
}

void BLE::start_active(bool on, ActivationHandler handler) {
    if (!on) return adapter_->deactivate(std::move(handler));
    if (!active() && !adapter_->activating()) return adapter_->activate(std::move(handler));
    const error_code outcome = active() ? error_code{} : make_error(errc::already_in_progress);
    adapter_->post_result(std::move(handler), outcome);
}

const std::string& BLE::last_message() const { return adapter_->last_message(); }

void BLE::irq(Handler handler) { adapter_->host.irq(std::move(handler)); }

ControllerInfo BLE::controller_info() const { return adapter_->host.controller_info(); }
Statistics BLE::statistics() const { return adapter_->host.statistics(); }

void BLE::snoop(std::string_view path, bool with_keys) {
    std::string message;
    if (const error_code error = adapter_->host.snoop(path, with_keys, message))
        throw system_error(error, message);
}
void BLE::snoop(std::string_view path, bool with_keys, error_code& error) {
    std::string message;
    error = adapter_->host.snoop(path, with_keys, message);
}

void BLE::throw_on(const error_code& error, const char* call) {
    if (error) throw system_error(error, std::string{call} + std::string{advice(error)});
}

void BLE::set_option(const config::SettableOption& option, error_code& error) {
    error = std::visit([this](const auto& value) { return adapter_->host.set(value); }, option);
}
void BLE::get_option(config::GettableOption& option, error_code& error) const {
    error = std::visit([this](auto& value) { return adapter_->host.get(value); }, option);
}

// ---- GAP

void BLE::gap_advertise(std::chrono::microseconds interval, std::optional<Bytes> adv_data,
                        const AdvertiseOptions& options, error_code& error) {
    error = adapter_->host.advertise(interval, adv_data, options.resp_data, options.connectable);
}
void BLE::gap_advertise(std::chrono::microseconds interval, std::optional<Bytes> adv_data,
                        const AdvertiseOptions& options) {
    throwing("gap_advertise",
             [&](error_code& error) { gap_advertise(interval, adv_data, options, error); });
}
void BLE::gap_advertise(std::nullopt_t) { adapter_->host.stop_advertising(); }

void BLE::gap_scan(std::chrono::milliseconds duration, const ScanOptions& options,
                   error_code& error) {
    error = adapter_->host.scan({.duration = duration,
                                 .interval = options.interval,
                                 .window = options.window,
                                 .active = options.active,
                                 .filter_duplicates = options.filter_duplicates});
}
void BLE::gap_scan(std::chrono::milliseconds duration, const ScanOptions& options) {
    throwing("gap_scan", [&](error_code& error) { gap_scan(duration, options, error); });
}
void BLE::gap_scan(std::nullopt_t, error_code& error) { error = adapter_->host.stop_scan(); }
void BLE::gap_scan(std::nullopt_t) {
    throwing("gap_scan", [&](error_code& error) { gap_scan(std::nullopt, error); });
}

void BLE::gap_connect(AddressType addr_type, const Address& addr, const ConnectOptions& options,
                      error_code& error) {
    error = adapter_->host.connect(addr_type, addr, options.scan_duration,
                                   options.min_conn_interval, options.max_conn_interval);
}
void BLE::gap_connect(AddressType addr_type, const Address& addr, const ConnectOptions& options) {
    throwing("gap_connect",
             [&](error_code& error) { gap_connect(addr_type, addr, options, error); });
}
void BLE::gap_connect(std::nullopt_t, error_code& error) {
    error = adapter_->host.cancel_connect();
}
void BLE::gap_connect(std::nullopt_t) {
    throwing("gap_connect", [&](error_code& error) { gap_connect(std::nullopt, error); });
}

bool BLE::gap_disconnect(ConnectionHandle conn_handle, error_code& error) {
    error = adapter_->host.disconnect(conn_handle);
    if (error == errc::not_connected) {
        error = {};
        return false;
    }
    return !error;
}
bool BLE::gap_disconnect(ConnectionHandle conn_handle) {
    return throwing("gap_disconnect",
                    [&](error_code& error) { return gap_disconnect(conn_handle, error); });
}

void BLE::gap_update_connection(ConnectionHandle conn_handle,
                                std::chrono::microseconds min_interval,
                                std::chrono::microseconds max_interval, std::uint16_t latency,
                                std::chrono::milliseconds supervision_timeout, error_code& error) {
    error = adapter_->host.update_connection(conn_handle, min_interval, max_interval, latency,
                                             supervision_timeout);
}
void BLE::gap_update_connection(ConnectionHandle conn_handle,
                                std::chrono::microseconds min_interval,
                                std::chrono::microseconds max_interval, std::uint16_t latency,
                                std::chrono::milliseconds supervision_timeout) {
    throwing("gap_update_connection", [&](error_code& error) {
        gap_update_connection(conn_handle, min_interval, max_interval, latency, supervision_timeout,
                              error);
    });
}

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

// ---- L2CAP

void BLE::l2cap_listen(Psm psm, std::uint16_t mtu, const L2capOptions& options, error_code& error) {
    error = adapter_->host.l2cap_listen(psm, mtu, options);
}
void BLE::l2cap_listen(Psm psm, std::uint16_t mtu, const L2capOptions& options) {
    throwing("l2cap_listen", [&](error_code& error) { l2cap_listen(psm, mtu, options, error); });
}

ChannelId BLE::l2cap_connect(ConnectionHandle conn_handle, Psm psm, std::uint16_t mtu,
                             const L2capOptions& options, error_code& error) {
    ChannelId cid{};
    error = adapter_->host.l2cap_connect(conn_handle, l2cap::Mode::le, psm, mtu, options,
                                         std::span{&cid, 1});
    return cid;
}
ChannelId BLE::l2cap_connect(ConnectionHandle conn_handle, Psm psm, std::uint16_t mtu,
                             const L2capOptions& options) {
    return throwing("l2cap_connect", [&](error_code& error) {
        return l2cap_connect(conn_handle, psm, mtu, options, error);
    });
}

std::vector<ChannelId> BLE::l2cap_connect_enhanced(ConnectionHandle conn_handle, Psm psm,
                                                   std::uint16_t mtu, std::size_t count,
                                                   const L2capOptions& options, error_code& error) {
    // One more than the most is refused as any other wrong number is.
    std::vector<ChannelId> cids(std::min(count, l2cap::max_channels_per_request + 1));
    error =
        adapter_->host.l2cap_connect(conn_handle, l2cap::Mode::enhanced, psm, mtu, options, cids);
    if (error) cids.clear();
    return cids;
}
std::vector<ChannelId> BLE::l2cap_connect_enhanced(ConnectionHandle conn_handle, Psm psm,
                                                   std::uint16_t mtu, std::size_t count,
                                                   const L2capOptions& options) {
    return throwing("l2cap_connect_enhanced", [&](error_code& error) {
        return l2cap_connect_enhanced(conn_handle, psm, mtu, count, options, error);
    });
}

void BLE::l2cap_answer(ConnectionHandle conn_handle, ChannelId cid, int status, error_code& error) {
    error = adapter_->host.l2cap_answer(conn_handle, cid, status);
}
void BLE::l2cap_answer(ConnectionHandle conn_handle, ChannelId cid, int status) {
    throwing("l2cap_answer",
             [&](error_code& error) { l2cap_answer(conn_handle, cid, status, error); });
}

void BLE::l2cap_reconfigure(ConnectionHandle conn_handle, std::span<const ChannelId> cids,
                            std::uint16_t mtu, std::uint16_t mps, error_code& error) {
    error = adapter_->host.l2cap_reconfigure(conn_handle, cids, mtu, mps);
}
void BLE::l2cap_reconfigure(ConnectionHandle conn_handle, std::span<const ChannelId> cids,
                            std::uint16_t mtu, std::uint16_t mps) {
    throwing("l2cap_reconfigure",
             [&](error_code& error) { l2cap_reconfigure(conn_handle, cids, mtu, mps, error); });
}

void BLE::l2cap_disconnect(ConnectionHandle conn_handle, ChannelId cid, error_code& error) {
    error = adapter_->host.l2cap_disconnect(conn_handle, cid);
}
void BLE::l2cap_disconnect(ConnectionHandle conn_handle, ChannelId cid) {
    throwing("l2cap_disconnect",
             [&](error_code& error) { l2cap_disconnect(conn_handle, cid, error); });
}

bool BLE::l2cap_send(ConnectionHandle conn_handle, ChannelId cid, Bytes data, error_code& error) {
    return adapter_->host.l2cap_send(conn_handle, cid, data, error);
}
bool BLE::l2cap_send(ConnectionHandle conn_handle, ChannelId cid, Bytes data) {
    return throwing("l2cap_send",
                    [&](error_code& error) { return l2cap_send(conn_handle, cid, data, error); });
}

std::size_t BLE::l2cap_recvinto(ConnectionHandle conn_handle, ChannelId cid, MutableBytes buffer,
                                error_code& error) {
    return adapter_->host.l2cap_receive(conn_handle, cid, buffer, error);
}
std::size_t BLE::l2cap_recvinto(ConnectionHandle conn_handle, ChannelId cid, MutableBytes buffer) {
    return throwing("l2cap_recvinto", [&](error_code& error) {
        return l2cap_recvinto(conn_handle, cid, buffer, error);
    });
}
std::size_t BLE::l2cap_recvinto(ConnectionHandle conn_handle, ChannelId cid, std::nullopt_t,
                                error_code& error) {
    return adapter_->host.l2cap_available(conn_handle, cid, error);
}
std::size_t BLE::l2cap_recvinto(ConnectionHandle conn_handle, ChannelId cid, std::nullopt_t) {
    return throwing("l2cap_recvinto", [&](error_code& error) {
        return l2cap_recvinto(conn_handle, cid, std::nullopt, error);
    });
}

}  // namespace bluetooth
