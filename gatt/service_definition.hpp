// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "base/uuid.hpp"

namespace bluetooth::gatt {

/// A table of services as the application describes it. `flags` are those of `att::flag`: the
/// properties of the characteristic and what a peer must fulfil to read or write.
struct DescriptorDefinition {
    UUID uuid;
    std::uint16_t flags = 0;
};
struct CharacteristicDefinition {
    UUID uuid;
    std::uint16_t flags = 0;
    /// Beside the Client Characteristic Configuration descriptor, which notify and indicate bring.
    std::vector<DescriptorDefinition> descriptors;
};
struct ServiceDefinition {
    UUID uuid;
    std::vector<CharacteristicDefinition> characteristics;
};

}  // namespace bluetooth::gatt
