// SPDX-License-Identifier: MIT
//
// The services of `asioble demo` and `asioble advertise`: something to read, to write, to be
// notified of and to be indicated. And that of `asioble pair`, which needs an encrypted link.
#pragma once

#include "bluetooth/ble.hpp"

namespace bluetooth::tool {

inline constexpr UUID device_information_service{0x180a};
inline constexpr UUID battery_service{0x180f};
inline constexpr UUID battery_level{0x2a19};  ///< read, notify: a percentage
extern const UUID demo_service;
extern const UUID demo_text;   ///< read, write, write command, reliable write: up to 512 octets
extern const UUID demo_alert;  ///< read, indicate: how often the text was written

extern const UUID secret_service;
extern const UUID demo_secret;  ///< read, write, on an encrypted link only

struct DemoHandles {
    AttributeHandle battery{};
    AttributeHandle text{};
    AttributeHandle alert{};
    // Of the Device Information Service; 0 without it.
    AttributeHandle manufacturer{};
    AttributeHandle model{};
};

/// Registers both services, and the Device Information Service where that is wanted; the battery is
/// full, the text says hello.
DemoHandles register_demo_services(BLE& ble, bool with_device_information = false);

/// Registers a service with one value, "secret".
void register_secret_service(BLE& ble);

}  // namespace bluetooth::tool
