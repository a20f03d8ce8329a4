// SPDX-License-Identifier: MIT
//
// Connects to the first device that has the Battery Service and prints its battery level.
//
//     ASIOBLE_TRANSPORT=serial:/dev/ttyACM0 ./central
#include <iostream>

#include "bluetooth/advertising_data.hpp"
#include "bluetooth/ble.hpp"

using namespace bluetooth;
using namespace std::chrono_literals;

namespace {

const UUID battery_service{0x180f};
const UUID battery_level{0x2a19};

/// What to do upon each event: every step is started by the end of the one before.
struct BatteryReader {
    BLE& ble;

    void operator()(const ScanResult& found) const {
        const bool has_battery = AdvertisingDataView{found.adv_data}.has_service(battery_service);
        error_code connecting_already;
        if (has_battery) ble.gap_connect(found.addr_type, found.addr, {}, connecting_already);
    }
    void operator()(const PeripheralConnect& link) const {
        std::cout << "connected to " << to_string(link.addr) << '\n';
        ble.gattc_discover_characteristics(link.conn_handle, AttributeHandle{0x0001},
                                           AttributeHandle{0xffff}, battery_level);
    }
    void operator()(const GattcCharacteristicResult& found) const {
        ble.gattc_read(found.conn_handle, found.value_handle);
    }
    void operator()(const GattcReadResult& value) const {
        if (!value.data.empty()) std::cout << "battery: " << int{value.data[0]} << " %\n";
        ble.gap_disconnect(value.conn_handle);
    }
    void operator()(const PeripheralDisconnect&) const { ble.stop(); }
    void operator()(const auto&) const {}  // all others
};

}  // namespace

int main() try {
    BLE ble;  // the controller that ASIOBLE_TRANSPORT names
    ble.irq([&](const Event& event) { std::visit(BatteryReader{ble}, event); });
    ble.active(true);
    ble.gap_scan(30s, {.interval = 30ms, .window = 30ms});
    ble.run_for(60s);
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
