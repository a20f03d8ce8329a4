// SPDX-License-Identifier: MIT
#pragma once

#include "base/uuid.hpp"

namespace bluetooth::att {

/// The attribute types that client and server themselves know (Vol 3 Part G 3.4, Table 3.15; 7).
namespace type {
inline constexpr UUID primary_service{0x2800};
inline constexpr UUID secondary_service{0x2801};
inline constexpr UUID include{0x2802};
inline constexpr UUID characteristic{0x2803};
inline constexpr UUID extended_properties{0x2900};
inline constexpr UUID user_description{0x2901};
inline constexpr UUID client_configuration{0x2902};
inline constexpr UUID server_configuration{0x2903};
inline constexpr UUID presentation_format{0x2904};
inline constexpr UUID aggregate_format{0x2905};
inline constexpr UUID service_changed{0x2a05};
inline constexpr UUID client_supported_features{0x2b29};
inline constexpr UUID database_hash{0x2b2a};
inline constexpr UUID server_supported_features{0x2b3a};
}  // namespace type

}  // namespace bluetooth::att
