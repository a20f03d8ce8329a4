// SPDX-License-Identifier: MIT
//
// What declarations hold (Vol 3 Part G 3.1 to 3.3): a server's database is made of them, and a
// client's discoveries read them. UUIDs stand as Bytes, as in PDUs.
#pragma once

#include <cstdint>

#include "att/pdus.hpp"

namespace bluetooth::att {

/// The value of a service declaration is the UUID alone (3.1); responses that list groups have the
/// service's handles in front of it (Vol 3 Part F 3.4.4.10).
struct ServiceElement {
    Handle attribute_handle{};
    Handle end_group_handle{};
    Bytes service_uuid;
    BT_FIELDS(ServiceElement, attribute_handle, end_group_handle, service_uuid);
};

/// 3.2, Table 3.2. A UUID of 128 bits is left out.
struct IncludeDeclaration {
    Handle included_service_attribute_handle{};
    Handle end_group_handle{};
    Bytes service_uuid;
    BT_FIELDS(IncludeDeclaration, included_service_attribute_handle, end_group_handle,
              service_uuid);
};

/// 3.3.1, Table 3.3.
struct CharacteristicDeclaration {
    std::uint8_t characteristic_properties{};
    Handle characteristic_value_handle{};
    Bytes characteristic_uuid;
    BT_FIELDS(CharacteristicDeclaration, characteristic_properties, characteristic_value_handle,
              characteristic_uuid);
};

}  // namespace bluetooth::att
