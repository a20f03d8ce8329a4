// SPDX-License-Identifier: MIT
#pragma once

#include "att/database.hpp"
#include "crypto/aes.hpp"

namespace bluetooth::gatt {

/// The Database Hash (Vol 3 Part G 7.3): equal for tables that a client may take for the same. The
/// characteristic's value is this in reverse, as all numbers on the wire.
crypto::Block database_hash(const att::Database& database);

}  // namespace bluetooth::gatt
