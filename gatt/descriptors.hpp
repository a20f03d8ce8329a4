// SPDX-License-Identifier: MIT
//
// Definitions of the descriptors that describe a value (Vol 3 Part G 3.3.3), ready for a
// characteristic's list:
//
//     {UUID{0x2a6e}, FLAG_READ, {user_description("Cellar"), presentation_format({.format = 0x0e,
//                                                            .exponent = -2, .unit = 0x272f})}}
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "att/database.hpp"
#include "base/pdu.hpp"
#include "gatt/service_definition.hpp"

namespace bluetooth::gatt {

/// Characteristic User Description (3.3.3.2): UTF-8 text. With `att::flag::write` in the flags,
/// clients may change it; the characteristic then needs `att::flag::aux_write`.
inline DescriptorDefinition user_description(std::string_view text,
                                             std::uint16_t flags = att::flag::read) {
    return {att::type::user_description, flags, {text.begin(), text.end()}};
}

/// How a value is to be read (3.3.3.5, Table 3.12). The numbers are those of the Assigned Numbers:
/// formats 2.4, units 3.5, name spaces and descriptions 2.4.
struct PresentationFormat {
    std::uint8_t format = 0;   ///< e.g. 0x04 uint8, 0x0e sint16, 0x19 UTF-8
    std::int8_t exponent = 0;  ///< of ten, for integers
    std::uint16_t unit = 0x2700;
    std::uint8_t name_space = 1;  ///< the Bluetooth SIG's
    std::uint16_t description = 0;
    BT_FIELDS(PresentationFormat, format, exponent, unit, name_space, description);
};

/// Characteristic Presentation Format (3.3.3.5), which nobody can change.
inline DescriptorDefinition presentation_format(const PresentationFormat& format) {
    std::array<std::uint8_t, 7> octets{};
    const Bytes value = encode_fields(format, octets);
    return {att::type::presentation_format, att::flag::read, {value.begin(), value.end()}};
}

}  // namespace bluetooth::gatt
