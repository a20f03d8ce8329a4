// SPDX-License-Identifier: MIT
#include "tools/asioble/demo_services.hpp"

#include <array>

namespace bluetooth::tool {

const UUID demo_service = UUID::from_string("a510b1e0-6f2c-4d0b-8a37-5d1f0c9e2b41");
const UUID demo_text = UUID::from_string("a510b1e1-6f2c-4d0b-8a37-5d1f0c9e2b41");
const UUID demo_alert = UUID::from_string("a510b1e2-6f2c-4d0b-8a37-5d1f0c9e2b41");

DemoHandles register_demo_services(BLE& ble) {
    const std::array services{
        Service{battery_service, {Characteristic{battery_level, FLAG_READ | FLAG_NOTIFY, {}}}},
        Service{demo_service,
                {Characteristic{demo_text, FLAG_READ | FLAG_WRITE | FLAG_WRITE_NO_RESPONSE, {}},
                 Characteristic{demo_alert, FLAG_READ | FLAG_INDICATE, {}}}},
    };
    const auto handles = ble.gatts_register_services(services);
    const DemoHandles demo{handles[0][0], handles[1][0], handles[1][1]};
    ble.gatts_set_buffer(demo.text, 100);
    ble.gatts_write(demo.battery, std::array<std::uint8_t, 1>{100});
    ble.gatts_write(demo.text, Bytes::of("hello"));
    ble.gatts_write(demo.alert, std::array<std::uint8_t, 1>{0});
    return demo;
}

}  // namespace bluetooth::tool
