// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "base/uuid.hpp"

namespace bluetooth::tool {

/// The name that the Assigned Numbers give to a service (3.4), characteristic (3.8) or descriptor
/// (3.7), for those that are met most; else empty.
std::string_view name_of(const UUID& uuid);
/// Likewise for a company identifier (7.1).
std::string_view company_name(std::uint16_t company);

}  // namespace bluetooth::tool
