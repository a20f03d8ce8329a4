// SPDX-License-Identifier: MIT
//
// What values mean, for the characteristics and descriptors that are met most.
#pragma once

#include <limits>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/uuid.hpp"
#include "tools/asioble/output.hpp"

namespace bluetooth::tool {

/// "72 bpm, skin contact": the value of an attribute of this type. Empty where the type is not
/// known here, or the value is not what its type asks for.
std::string decoded_value(const UUID& type, Bytes value);

/// `48656c6c6f (Hello)`: octets and meaning, or what can be guessed without a known type. Beyond
/// `most_octets` only their number is told.
std::string describe_value(const std::optional<UUID>& type, Bytes value,
                           std::size_t most_octets = std::numeric_limits<std::size_t>::max());

/// Adds "value" in hex and, where the type is known, "decoded".
void add_to(Json& json, const std::optional<UUID>& type, Bytes value);

}  // namespace bluetooth::tool
