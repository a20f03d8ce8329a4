// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

#include "att/database.hpp"
#include "base/error.hpp"
#include "gatt/service_definition.hpp"

namespace bluetooth::gatt {

/// Adds the attributes that the definitions describe (Vol 3 Part G 3) behind those that are there,
/// and collects for each service the handles of its values: each characteristic's value, then its
/// declared descriptors. The table is then still to be sealed.
///
/// Errors: `invalid_argument` (a service includes itself or one that is not there, a key size is
/// out of range, a value is longer than 512 octets, a characteristic declares two Client
/// Characteristic Configuration or two Extended Properties descriptors), `too_big` (handles ran
/// out).
error_code add_services(att::Database& database, std::span<const ServiceDefinition> services,
                        std::vector<std::vector<att::Handle>>& handles);

}  // namespace bluetooth::gatt
