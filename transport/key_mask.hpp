// SPDX-License-Identifier: MIT
#pragma once

#include <bitset>
#include <cstdint>

#include "base/bytes.hpp"

namespace bluetooth::transport {

/// Overwrites key material in HCI packets with zeros, so that a capture can be shown around. The
/// packets keep their lengths. Masked are: LTKs, IRKs and broadcast codes in commands; the input of
/// LE Encrypt and what it and LE Rand return; Diffie-Hellman keys; and the keys that pairing
/// distributes (Vol 3 Part H 3.6).
class KeyMask {
public:
    enum class Direction : std::uint8_t { sent, received };

    /// `packet` is one whole H4 packet, indicator first; malformed ones are left as they are.
    void apply(Direction direction, MutableBytes packet);

private:
    void mask_acl(Direction direction, MutableBytes packet);

    // For each connection handle and direction: the PDU under way may hold a key, so its
    // continuation fragments are masked too.
    std::bitset<0x1000> key_continues_[2];
};

}  // namespace bluetooth::transport
