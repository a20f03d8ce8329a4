// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/uuid.hpp"

namespace bluetooth::gatt {

/// A secondary service is only found where another service includes it (Vol 3 Part G 2.6.2).
enum class ServiceType : std::uint8_t { primary, secondary };

// A table of services as the application describes it. `flags` are those of `att::flag`: the
// properties of the characteristic and what a peer must fulfil to read or write. `min_key_size` is
// how many octets (7 to 16) the key must have where flags ask for encryption; 0 is the server's
// general minimum.

struct DescriptorDefinition {
    UUID uuid;
    std::uint16_t flags = 0;
    std::vector<std::uint8_t> value{};  ///< to begin with
    std::uint8_t min_key_size = 0;
};

struct CharacteristicDefinition {
    UUID uuid;
    std::uint16_t flags = 0;
    /// Some descriptors come by themselves where they are not declared here: the Client
    /// Characteristic Configuration for notify and indicate, and the Characteristic Extended
    /// Properties for reliable write and writable auxiliaries.
    std::vector<DescriptorDefinition> descriptors{};
    std::vector<std::uint8_t> value{};  ///< to begin with
    std::uint8_t min_key_size = 0;
};

struct ServiceDefinition {
    UUID uuid;
    std::vector<CharacteristicDefinition> characteristics{};
    /// The services that this one includes, by their places in the table. No service may include
    /// itself, not by way of others either (Vol 3 Part G 3.2).
    std::vector<std::size_t> includes{};
    ServiceType type = ServiceType::primary;
};

}  // namespace bluetooth::gatt
