// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace bluetooth::gatt {

/// What a client wants to be told of a value's changes: the bits of the Client Characteristic
/// Configuration descriptor (Vol 3 Part G 3.3.3.3, Table 3.11).
enum class Subscription : std::uint8_t {
    none = 0x00,
    notifications = 0x01,
    indications = 0x02,
    both = 0x03,
};

}  // namespace bluetooth::gatt
