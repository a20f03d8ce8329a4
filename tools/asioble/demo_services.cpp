// SPDX-License-Identifier: MIT
#include "tools/asioble/demo_services.hpp"

#include <array>

namespace bluetooth::tool {

const UUID demo_service = UUID::from_string("a510b1e0-6f2c-4d0b-8a37-5d1f0c9e2b41");
const UUID demo_text = UUID::from_string("a510b1e1-6f2c-4d0b-8a37-5d1f0c9e2b41");
const UUID demo_alert = UUID::from_string("a510b1e2-6f2c-4d0b-8a37-5d1f0c9e2b41");
const UUID secret_service = UUID::from_string("a510b1e8-6f2c-4d0b-8a37-5d1f0c9e2b41");
const UUID demo_secret = UUID::from_string("a510b1e9-6f2c-4d0b-8a37-5d1f0c9e2b41");

namespace {

Characteristic fixed_text(std::uint16_t type, std::string_view text) {
    const Bytes value = Bytes::of(text);
    return {UUID{type}, FLAG_READ, {}, {value.begin(), value.end()}};
}

}  // namespace

DemoHandles register_demo_services(BLE& ble, bool with_device_information) {
    std::vector<Service> services{
        {battery_service, {{battery_level, FLAG_READ | FLAG_NOTIFY}}},
        {demo_service,
         {{demo_text, FLAG_READ | FLAG_WRITE | FLAG_WRITE_NO_RESPONSE | FLAG_RELIABLE_WRITE},
          {demo_alert, FLAG_READ | FLAG_INDICATE}}},
    };
    if (with_device_information)
        services.push_back({device_information_service,
                            {fixed_text(0x2a29, "asioble"), fixed_text(0x2a24, "demo")}});
    const auto handles = ble.gatts_register_services(services);
    DemoHandles demo{handles[0][0], handles[1][0], handles[1][1]};
    if (with_device_information) {
        demo.manufacturer = handles[2][0];
        demo.model = handles[2][1];
    }
    ble.gatts_set_buffer(demo.text, att::max_value_size);
    ble.gatts_write(demo.battery, std::array<std::uint8_t, 1>{100});
    ble.gatts_write(demo.text, Bytes::of("hello"));
    ble.gatts_write(demo.alert, std::array<std::uint8_t, 1>{0});
    return demo;
}

void register_secret_service(BLE& ble) {
    const Bytes value = Bytes::of("secret");
    const std::array services{
        Service{secret_service,
                {{demo_secret,
                  FLAG_READ | FLAG_WRITE | FLAG_READ_ENCRYPTED | FLAG_WRITE_ENCRYPTED,
                  {},
                  {value.begin(), value.end()}}}}};
    ble.gatts_register_services(services);
}

}  // namespace bluetooth::tool
