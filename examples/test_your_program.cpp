// SPDX-License-Identifier: MIT
//
// How to test a program of one's own: the program, here a thermometer, on one side, the test as its
// peer on the other, and a day that passes in a moment. No hardware, and always the same outcome.
//
// The one thing that a program does for this: it is given its `BLE`, and waits with
// `bluetooth::Timer`.
#include <array>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>

#include "bluetooth/advertising_data.hpp"
#include "bluetooth/ble.hpp"
#include "bluetooth/timer.hpp"
#include "virtual_controller/simulation.hpp"

using namespace bluetooth;
using namespace std::chrono_literals;

namespace {

// ---- the program: advertises, and measures once a minute

const UUID environmental_sensing{0x181a};
const UUID temperature{0x2a6e};

class Thermometer {
public:
    explicit Thermometer(BLE& ble) : ble_(ble), timer_(ble.get_executor()) {}

    void start() {
        const std::array services{
            Service{environmental_sensing, {{temperature, FLAG_READ | FLAG_NOTIFY, {}}}}};
        value_ = ble_.gatts_register_services(services)[0][0];
        ble_.irq([this](const Event& event) {
            if (std::holds_alternative<CentralDisconnect>(event)) advertise();
        });
        advertise();
        measure();
    }

private:
    void advertise() {
        ble_.gap_advertise(250ms, AdvertisingData{}.flags().services({environmental_sensing}));
    }
    void measure() {
        error_code later;  // a subscriber's queue is full: the next value will do
        ble_.gatts_write(value_, Bytes::of(std::to_string(++measurements_)), true, later);
        timer_.expires_after(1min);
        timer_.async_wait([this](error_code error) {
            if (!error) measure();
        });
    }

    BLE& ble_;
    Timer timer_;
    AttributeHandle value_{};
    int measurements_ = 0;
};

// ---- its test

void check(bool holds, const char* what) {
    std::cout << (holds ? "ok      " : "FAILED  ") << what << '\n';
    if (!holds) std::exit(1);
}

/// A peer that connects to whatever measures temperatures, and subscribes.
struct Phone {
    explicit Phone(BLE& to_use) : ble(to_use) {
        ble.irq([this](const Event& event) { on_event(event); });
    }
    void look_for_thermometers() { ble.gap_scan(10s, {.interval = 100ms, .window = 100ms}); }

    void on_event(const Event& event) {
        error_code connecting_already;
        if (const auto* result = std::get_if<ScanResult>(&event)) {
            if (AdvertisingDataView{result->adv_data}.has_service(environmental_sensing))
                ble.gap_connect(result->addr_type, result->addr, {}, connecting_already);
        } else if (const auto* up = std::get_if<PeripheralConnect>(&event)) {
            link = up->conn_handle;
            ble.gattc_discover_characteristics(up->conn_handle, AttributeHandle{0x0001},
                                               AttributeHandle{0xffff}, temperature);
        } else if (const auto* found = std::get_if<GattcCharacteristicResult>(&event)) {
            ble.gattc_subscribe(found->conn_handle, found->value_handle);
        } else if (std::holds_alternative<GattcNotify>(event)) {
            ++values;
        } else if (std::holds_alternative<PeripheralDisconnect>(event)) {
            link.reset();
        }
    }

    BLE& ble;
    std::optional<ConnectionHandle> link;
    int values = 0;
};

}  // namespace

int main() {
    virtual_controller::Simulation simulation;
    BLE at_thermometer{simulation.executor(), "virtual:"};
    BLE at_phone{simulation.executor(), "virtual:"};
    simulation.activate(at_thermometer, at_phone);

    Thermometer thermometer{at_thermometer};
    thermometer.start();
    Phone phone{at_phone};
    phone.look_for_thermometers();
    check(simulation.run_until([&] { return phone.link.has_value(); }, 10s), "it is found");
    simulation.run_for(24h);
    check(phone.values == 24 * 60, "a day brings a value each minute");

    const Address mine = at_phone.config<config::mac>().address;
    simulation.vanish(mine);
    check(simulation.run_until([&] { return !phone.link; }, 1min), "carried away, the link ends");
    simulation.reappear(mine);
    phone.look_for_thermometers();
    check(simulation.run_until([&] { return phone.link.has_value(); }, 10s),
          "brought back, it is found again");
}
