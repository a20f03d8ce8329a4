// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "crypto/aes.hpp"

namespace bluetooth::att {

/// What follows the value in a Signed Write Command: the SignCounter and 64 bits of MAC (Vol 3
/// Part H 2.4.5).
using Signature = std::array<std::uint8_t, 12>;

/// Signs `pdu`, which is opcode, handle and value. A counter must never be used twice with one key.
Signature sign(const crypto::Key& csrk, std::uint32_t sign_counter, Bytes pdu);

/// The SignCounter of a PDU that ends with a signature made by this key, else nothing. Whether the
/// counter is a fresh one is for the caller to judge.
std::optional<std::uint32_t> verify(const crypto::Key& csrk, Bytes signed_pdu);

}  // namespace bluetooth::att
