// SPDX-License-Identifier: MIT
#pragma once

#include "base/address.hpp"

namespace bluetooth::virtual_controller {

/// Who sends or is meant: an address together with its kind, which only both name a device.
struct Device {
    AddressType type{};
    Address address{};
    friend bool operator==(const Device&, const Device&) = default;
};

}  // namespace bluetooth::virtual_controller
