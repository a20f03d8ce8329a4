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
    std::same_as<T, GattcReadDone> || std::same_as<T, GattcWriteDone>;

Octets copy(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

std::optional<AttributeHandle> RemoteCharacteristic::configuration() const {
    const auto found = std::ranges::find(descriptors, UUID{0x2902},
                                         [](const auto& d) { return d.uuid.shortest(); });
    if (found == descriptors.end()) return std::nullopt;
    return found->handle;
}

void Central::on_event(const Event& event) {
    std::visit(
        Overloaded{
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
            [&](const GattcServiceResult& service) {
                services_.push_back({service.start_handle, service.end_handle, service.uuid, {}});
            },
            [&](const GattcCharacteristicResult& found) {
                services_.back().characteristics.push_back(
                    {found.value_handle, found.end_handle, found.properties, found.uuid, {}});
            },
            [&](const GattcDescriptorResult& found) {
                services_.back().characteristics.back().descriptors.push_back(
                    {found.dsc_handle, found.uuid});
            },
            [&](const GattcReadResult& result) { value_ = copy(result.data); },
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

template <class Call> void Central::perform(const std::string& what, Call&& call) {
    done_ = false;
    outcome_ = {};
    error_code error;
    call(error);
    if (error) fail(what, error);
    loop_.run_until([&] { return done_; });
    if (outcome_) fail(what, outcome_);
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

std::vector<RemoteService> Central::discover() {
    services_.clear();
    perform("discovering services",
            [&](error_code& error) { ble_.gattc_discover_services(*connection_, {}, error); });
    std::vector<RemoteService> services;
    for (RemoteService& service : std::exchange(services_, {})) {
        services_.assign(1, std::move(service));
        RemoteService& present = services_.back();
        perform("discovering characteristics", [&](error_code& error) {
            ble_.gattc_discover_characteristics(*connection_, present.start_handle,
                                                present.end_handle, {}, error);
        });
        // Results go to the last characteristic of the last service, so take them one by one.
        auto characteristics = std::exchange(present.characteristics, {});
        for (RemoteCharacteristic& characteristic : characteristics) {
            present.characteristics.push_back(characteristic);
            if (characteristic.value_handle == characteristic.end_handle) continue;
            perform("discovering descriptors", [&](error_code& error) {
                ble_.gattc_discover_descriptors(*connection_, characteristic.value_handle,
                                                characteristic.end_handle, error);
            });
        }
        services.push_back(std::move(present));
    }
    return services;
}

Octets Central::read(AttributeHandle handle) {
    value_.clear();
    perform("reading " + to_text(handle),
            [&](error_code& error) { ble_.gattc_read(*connection_, handle, error); });
    return value_;
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

void Central::subscribe(const RemoteCharacteristic& characteristic) {
    const auto configuration = characteristic.configuration();
    if (!configuration || (characteristic.properties & (FLAG_NOTIFY | FLAG_INDICATE)) == 0)
        throw Failure{to_text(characteristic.value_handle) +
                      " has nothing to subscribe to: it neither notifies nor indicates"};
    // Client Characteristic Configuration (Vol 3 Part G 3.3.3.3)
    static constexpr std::array<std::uint8_t, 2> notifications{0x01, 0x00};
    static constexpr std::array<std::uint8_t, 2> indications{0x02, 0x00};
    const bool notifies = (characteristic.properties & FLAG_NOTIFY) != 0;
    write(*configuration, notifies ? notifications : indications);
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

void Central::disconnect() {
    if (!connection_ || !ble_.gap_disconnect(*connection_)) return;
    loop_.run_until([&] { return !connection_; });
}

}  // namespace bluetooth::tool
