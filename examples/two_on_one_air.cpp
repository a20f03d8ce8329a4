// SPDX-License-Identifier: MIT
//
// A peripheral and a central in one process, on the virtual controller, in real time: no hardware
// needed. (How to test a program of one's own, without waiting: test_your_program.cpp.)
#include <array>
#include <boost/asio/io_context.hpp>
#include <iostream>

#include "bluetooth/advertising_data.hpp"
#include "bluetooth/ble.hpp"

using namespace bluetooth;
using namespace std::chrono_literals;

int main() {
    boost::asio::io_context loop;
    BLE peripheral{loop.get_executor(), "virtual:"};
    BLE central{loop.get_executor(), "virtual:"};

    const UUID service{0xff10};
    const UUID greeting{0xff11};

    peripheral.async_active(true, [&](error_code error) {
        if (error) return;
        const std::array services{Service{service, {{greeting, FLAG_READ, {}}}}};
        const auto value = peripheral.gatts_register_services(services)[0][0];
        peripheral.gatts_write(value, Bytes::of("hello, world"));
        peripheral.gap_advertise(30ms, AdvertisingData{}.flags().services({service}));
        central.async_active(true, [&](error_code failed) {
            if (!failed) central.gap_scan(10s, {.interval = 30ms, .window = 30ms});
        });
    });

    int status = 1;
    central.irq([&](const Event& event) {
        error_code ignored;
        if (const auto* result = std::get_if<ScanResult>(&event))
            central.gap_connect(result->addr_type, result->addr, {}, ignored);
        else if (const auto* link = std::get_if<PeripheralConnect>(&event))
            central.gattc_discover_characteristics(link->conn_handle, AttributeHandle{0x0001},
                                                   AttributeHandle{0xffff}, greeting);
        else if (const auto* found = std::get_if<GattcCharacteristicResult>(&event))
            central.gattc_read(found->conn_handle, found->value_handle);
        else if (const auto* value = std::get_if<GattcReadResult>(&event)) {
            std::cout << "the peripheral says: " << value->data.text() << '\n';
            status = 0;
            loop.stop();
        }
    });
    loop.run_for(10s);
    return status;
}
