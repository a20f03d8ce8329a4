// SPDX-License-Identifier: MIT
//
// Private: how what a bonded client has configured at our server is written down, for
// `SecretType::gatt_client`.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "gatt/server.hpp"

namespace bluetooth {

std::vector<std::uint8_t> encode_client_record(const gatt::ClientRecord& record);
/// Nothing when it was not made by `encode_client_record`, or is damaged.
std::optional<gatt::ClientRecord> decode_client_record(Bytes octets);

}  // namespace bluetooth
