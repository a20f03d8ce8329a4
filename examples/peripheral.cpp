// SPDX-License-Identifier: MIT
//
// A thermometer: advertises, and notifies whoever subscribes of the temperature, once a second.
//
//     ASIOBLE_TRANSPORT=serial:/dev/ttyACM0 ./peripheral
#include <array>
#include <cstdint>
#include <iostream>

#include "bluetooth/advertising_data.hpp"
#include "bluetooth/ble.hpp"

using namespace std::chrono_literals;

int main() try {
    const bluetooth::UUID environmental_sensing{0x181a};
    const bluetooth::UUID temperature{0x2a6e};  // hundredths of a degree Celsius, little-endian

    bluetooth::BLE ble;  // the controller that ASIOBLE_TRANSPORT names
    bluetooth::AdvertisingData data;
    data.flags().services({environmental_sensing}).name("thermometer");

    ble.irq([&](const bluetooth::Event& event) {
        if (std::holds_alternative<bluetooth::CentralConnect>(event))
            std::cout << "a central has connected" << std::endl;
        if (std::holds_alternative<bluetooth::CentralDisconnect>(event))
            ble.gap_advertise(250ms, data);  // for the next one
    });
    ble.active(true);

    const std::array services{bluetooth::Service{
        environmental_sensing, {{temperature, bluetooth::FLAG_READ | bluetooth::FLAG_NOTIFY, {}}}}};
    const auto value = ble.gatts_register_services(services)[0][0];
    ble.gap_advertise(250ms, data);

    for (std::uint16_t celsius = 2000; ble.active();
         celsius = celsius == 2500 ? 2000 : celsius + 1) {
        const std::array octets{static_cast<std::uint8_t>(celsius),
                                static_cast<std::uint8_t>(celsius >> 8)};
        bluetooth::error_code queue_full;  // a client that is too slow misses a value
        ble.gatts_write(value, octets, true, queue_full);
        ble.run_for(1s);
    }
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
