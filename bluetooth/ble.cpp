// SPDX-License-Identifier: MIT
#include "bluetooth/ble.hpp"

#include <variant>

#include "bluetooth/adapter.hpp"
#include "bluetooth/throwing.hpp"

namespace bluetooth {

std::string_view advice(const error_code& error) {
    if (error.category() != host_category()) return {};
    switch (static_cast<errc>(error.value())) {
    case errc::not_active: return "";  // the meaning says it
    case errc::no_buffers:
        return "; go on when SendReady, L2capSendReady or the end of a procedure is reported";
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

}  // namespace bluetooth
