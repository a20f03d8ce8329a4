// SPDX-License-Identifier: MIT
#include "tools/asioble/central.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <utility>

namespace bluetooth::tool {
namespace {

using namespace std::chrono_literals;

/// The events that end a call of the GATT client.
template <class T>
concept ClientDone = std::same_as<T, GattcServiceDone> ||
    std::same_as<T, GattcCharacteristicDone> || std::same_as<T, GattcDescriptorDone> ||
    std::same_as<T, GattcReadDone> || std::same_as<T, GattcWriteDone> ||
    std::same_as<T, GattcIncludedDone> || std::same_as<T, GattcSubscribeDone>;

Octets copy(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

void Central::on_event(const Event& event) {
    std::visit(Overloaded{
                   [&](const ScanResult& result) {
                       if (found_ || !matches_ || !matches_(result)) return;
                       found_ = Found{result.addr_type, result.addr, result.rssi,
                                      AdvertisingDataView{result.adv_data}.name().value_or("")};
                   },
                   [&](const ScanDone& done) {
                       scanning_ = false;
                       outcome_ = done.error;
                   },
                   [&](const PeripheralConnect& connect) {
                       connecting_ = false;
                       connection_ = connect.conn_handle;
                   },
                   [&](const PeripheralDisconnect& disconnect) {
                       if (disconnect.conn_handle == no_connection)
                           connecting_ = false;
                       else if (is_ours(disconnect.conn_handle))
                           connection_.reset();
                       else
                           return;
                       reason_ = disconnect.reason;
                   },
                   [&](const MtuExchanged& exchanged) {
                       if (is_ours(exchanged.conn_handle)) mtu_exchanged_ = true;
                   },
                   [&](const GattcServiceResult& found) {
                       services_.push_back({found.start_handle, found.end_handle, found.uuid});
                   },
                   [&](const GattcIncludedResult& found) {
                       if (RemoteService* const service = service_of(found.handle))
                           service->includes.push_back(
                               {found.handle, found.start_handle, found.end_handle, found.uuid});
                   },
                   [&](const GattcCharacteristicResult& found) {
                       if (RemoteService* const service = service_of(found.value_handle))
                           service->characteristics.push_back({found.value_handle, found.end_handle,
                                                               found.properties, found.uuid});
                   },
                   [&](const GattcDescriptorResult& found) { on_descriptor(found); },
                   [&](const GattcReadResult& read) {
                       values_.push_back({read.value_handle, copy(read.data)});
                   },
                   [&](const GattcNotify& notify) {
                       if (received_.size() < max_received)
                           received_.push_back({notify.value_handle, copy(notify.data), false});
                   },
                   [&](const GattcIndicate& indicate) {
                       if (received_.size() < max_received)
                           received_.push_back({indicate.value_handle, copy(indicate.data), true});
                   },
                   [&](const SendReady&) { send_ready_ = true; },
                   [&]<ClientDone Done>(const Done& done) {
                       done_ = true;
                       outcome_ = done.error;
                   },
                   [](const auto&) {},
               },
               event);
}

void Central::fail(const std::string& what, const error_code& error) {
    std::string message = what + ": " + error.message();
    // The end of the link follows the end of what it interrupted, and knows the reason.
    if (error == errc::not_connected && loop_.run_until([&] { return !connection_; }, 1s))
        message = what + ": the link was lost" + (reason_ ? ": " + reason_.message() : "");
    throw Failure{message};
}

void Central::expect_connected(const std::string& what) {
    if (!connected()) fail(what, make_error(errc::not_connected));
}

template <class Call> error_code Central::wait_for(Call&& call) {
    done_ = false;
    error_code error;
    call(error);
    if (error) return error;
    loop_.run_until([&] { return done_; });
    return outcome_;
}

template <class Call> void Central::perform(const std::string& what, Call&& call) {
    if (const error_code error = wait_for(call)) fail(what, error);
}

template <class Call> error_code Central::attempt(const std::string& what, Call&& call) {
    const error_code error = wait_for(call);
    if (error && error.category() != att_category()) fail(what, error);
    return error;
}

std::optional<Found> Central::find(const Matches& matches, Duration limit) {
    matches_ = matches;
    found_.reset();
    outcome_ = {};
    // Listen all the time: somebody is waiting.
    ble_.gap_scan(0ms, {.interval = 30ms, .window = 30ms, .active = true});
    scanning_ = true;
    loop_.run_until([&] { return found_ || !scanning_; }, limit);
    if (scanning_) ble_.gap_scan(std::nullopt);
    loop_.run_until([&] { return !scanning_; });
    matches_ = {};
    if (outcome_) throw Failure{"the controller refused to scan: " + outcome_.message()};
    return found_;
}

void Central::connect(AddressType type, const Address& address, std::chrono::milliseconds limit) {
    connecting_ = true;
    mtu_exchanged_ = false;
    reason_ = {};
    ble_.gap_connect(type, address, {.scan_duration = limit});
    loop_.run_until([&] { return !connecting_; });
    if (!connection_)
        throw Failure{"cannot connect to " + to_string(address) +
                      (reason_ ? ": " + reason_.message() : "") +
                      "; is it near, advertising, and not connected to another device?"};
}

std::uint16_t Central::exchange_mtu(std::uint16_t wish) {
    ble_.config(config::mtu{wish});
    error_code error;
    ble_.gattc_exchange_mtu(*connection_, error);
    if (error && error != errc::already_in_progress) fail("exchanging the MTU", error);
    loop_.run_until([&] { return mtu_exchanged_ || !connection_; }, 5s);
    if (!connection_) fail("exchanging the MTU", make_error(errc::not_connected));
    return ble_.gattc_mtu(*connection_);
}

RemoteService* Central::service_of(AttributeHandle handle) {
    const auto found = std::ranges::find_if(services_, [&](const RemoteService& service) {
        return service.start_handle <= handle && handle <= service.end_handle;
    });
    return found == services_.end() ? nullptr : &*found;
}

void Central::on_descriptor(const GattcDescriptorResult& found) {
    RemoteService* const service = service_of(found.dsc_handle);
    if (service == nullptr) return;
    for (RemoteCharacteristic& characteristic : service->characteristics)
        if (characteristic.value_handle < found.dsc_handle &&
            found.dsc_handle <= characteristic.end_handle)
            characteristic.descriptors.push_back({found.dsc_handle, found.uuid});
}

RemoteDatabase Central::discover() {
    services_.clear();
    perform("discovering services",
            [&](error_code& error) { ble_.gattc_discover_services(*connection_, {}, error); });
    const std::size_t primary = services_.size();
    // Not every peer knows what is seldom used: what it refuses here it does not have.
    attempt("discovering secondary services", [&](error_code& error) {
        ble_.gattc_discover_secondary_services(*connection_, {}, error);
    });
    for (std::size_t i = primary; i < services_.size(); ++i) services_[i].secondary = true;
    std::ranges::sort(services_, {}, &RemoteService::start_handle);
    attempt("discovering included services", [&](error_code& error) {
        ble_.gattc_discover_included(*connection_, AttributeHandle{0x0001}, AttributeHandle{0xffff},
                                     error);
    });
    for (const RemoteService& service : services_) {
        perform("discovering characteristics", [&](error_code& error) {
            ble_.gattc_discover_characteristics(*connection_, service.start_handle,
                                                service.end_handle, {}, error);
        });
        for (const RemoteCharacteristic& characteristic : service.characteristics) {
            if (characteristic.value_handle == characteristic.end_handle) continue;
            perform("discovering descriptors", [&](error_code& error) {
                ble_.gattc_discover_descriptors(*connection_, characteristic.value_handle,
                                                characteristic.end_handle, error);
            });
        }
    }
    return std::exchange(services_, {});
}

Octets Central::read(AttributeHandle handle) {
    values_.clear();
    perform("reading " + to_text(handle),
            [&](error_code& error) { ble_.gattc_read(*connection_, handle, error); });
    return values_.empty() ? Octets{} : std::move(values_.front().data);
}

Octets Central::read_long(AttributeHandle handle) {
    result<Octets> value = try_read_long(handle);
    if (!value) fail("reading " + to_text(handle), value.error());
    return std::move(*value);
}

result<Octets> Central::try_read_long(AttributeHandle handle) {
    values_.clear();
    const error_code refusal = attempt("reading " + to_text(handle), [&](error_code& error) {
        ble_.gattc_read_long(*connection_, handle, error);
    });
    if (refusal) return refusal;
    return values_.empty() ? Octets{} : std::move(values_.front().data);
}

std::vector<ReadValue> Central::read_by_uuid(const UUID& uuid) {
    values_.clear();
    perform("reading each " + to_text(uuid), [&](error_code& error) {
        ble_.gattc_read_by_uuid(*connection_, AttributeHandle{0x0001}, AttributeHandle{0xffff},
                                uuid, error);
    });
    return std::exchange(values_, {});
}

void Central::write(AttributeHandle handle, Bytes value) {
    perform("writing " + to_text(handle),
            [&](error_code& error) { ble_.gattc_write(*connection_, handle, value, true, error); });
}

void Central::write_command(AttributeHandle handle, Bytes value) {
    for (;;) {
        send_ready_ = false;
        error_code error;
        ble_.gattc_write(*connection_, handle, value, false, error);
        if (!error) return;
        if (error != errc::no_buffers) fail("writing " + to_text(handle), error);
        loop_.run_until([&] { return send_ready_ || !connection_; });
        if (!connection_) fail("writing " + to_text(handle), make_error(errc::not_connected));
    }
}

template <class Call> void Central::write_in_parts(const std::string& what, Call&& call) {
    const error_code error = wait_for(call);
    if (error == errc::protocol_error)
        throw Failure{what +
                      ": the peer did not repeat what it was sent (a wrong echo), so the write "
                      "was cancelled"};
    if (error) fail(what, error);
}

void Central::write_long(AttributeHandle handle, Bytes value) {
    write_in_parts("writing " + to_text(handle), [&](error_code& error) {
        ble_.gattc_write_long(*connection_, handle, value, error);
    });
}

void Central::write_reliable(std::span<const HandleValue> values) {
    write_in_parts("writing reliably", [&](error_code& error) {
        ble_.gattc_write_reliable(*connection_, values, error);
    });
}

Subscription Central::subscribe(const RemoteCharacteristic& characteristic) {
    if ((characteristic.properties & (FLAG_NOTIFY | FLAG_INDICATE)) == 0)
        throw Failure{to_text(characteristic.value_handle) +
                      " has nothing to subscribe to: it neither notifies nor indicates"};
    const Subscription subscription = (characteristic.properties & FLAG_NOTIFY) != 0
                                          ? Subscription::notifications
                                          : Subscription::indications;
    perform("subscribing to " + to_text(characteristic.value_handle), [&](error_code& error) {
        ble_.gattc_subscribe(*connection_, characteristic.value_handle, subscription, error);
    });
    return subscription;
}

std::optional<ReceivedValue> Central::next_value(Duration limit) {
    loop_.run_until([&] { return !received_.empty() || !connection_; }, limit);
    if (received_.empty() && !connection_)
        fail("waiting for values", make_error(errc::not_connected));
    if (received_.empty()) return std::nullopt;
    ReceivedValue value = std::move(received_.front());
    received_.pop_front();
    return value;
}

void Central::wait_for_arrival() {
    if (!connection_) return;
    wait_for(
        [&](error_code& error) { ble_.gattc_read(*connection_, AttributeHandle{0x0001}, error); });
}

void Central::disconnect() {
    if (!connection_ || !ble_.gap_disconnect(*connection_)) return;
    loop_.run_until([&] { return !connection_; });
}

}  // namespace bluetooth::tool
