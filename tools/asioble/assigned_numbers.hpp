// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "base/uuid.hpp"

namespace bluetooth::tool {

/// The name that the Assigned Numbers give to a service (3.4), characteristic (3.8) or descriptor
/// (3.7) or unit (3.5), for those that are met most; else empty.
std::string_view name_of(const UUID& uuid);
/// Likewise for a company identifier (7.1).
std::string_view company_name(std::uint16_t company);
/// Likewise for the category that an appearance belongs to (2.6.2).
std::string_view appearance_category_name(std::uint16_t appearance);

}  // namespace bluetooth::tool
