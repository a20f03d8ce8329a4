// SPDX-License-Identifier: MIT
#pragma once

#include "tests/smp/manager_script.hpp"

namespace bluetooth::test {

inline crypto::Key key_of(std::uint8_t octet) {
    crypto::Key key;
    key.octets().fill(octet);
    return key;
}
/// How such a key prints.
inline std::string key_text(std::string_view octet) {
    std::string text;
    for (int i = 0; i < 16; ++i) text += octet;
    return text;
}

/// Of legacy pairing. Ours has aa.. as LTK, 0x1234 as EDIV and 01..08 as Rand; the peer's has bb..,
/// 0x5678 and 11..18.
inline smp::Bond legacy_bond(bool authenticated = false) {
    smp::Bond bond;
    bond.peer_type = AddressType::random_device;
    bond.strength.authenticated = authenticated;
    bond.ours.ltk = smp::LongTermKey{key_of(0xaa), 0x1234, {1, 2, 3, 4, 5, 6, 7, 8}};
    bond.peers.ltk =
        smp::LongTermKey{key_of(0xbb), 0x5678, {0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18}};
    return bond;
}
/// Of LE Secure Connections. The LTK is cc.. .
inline smp::Bond modern_bond(bool authenticated = false) {
    smp::Bond bond;
    bond.peer_type = AddressType::random_device;
    bond.strength = {true, authenticated, 16};
    bond.ours.ltk = bond.peers.ltk = smp::LongTermKey{key_of(0xcc), 0, {}};
    return bond;
}
inline const std::string encrypt_legacy =
    "encrypt " + key_text("bb") + " ediv 22136 rand 1112131415161718";
inline const std::string encrypt_modern = "encrypt " + key_text("cc");

/// A manager of a fresh link to a peer with this bond.
struct Bonded : ManagerScript {
    Bonded(smp::Role role, const std::optional<smp::Bond>& bond) : ManagerScript(role) {
        stored = bond;
        CHECK(connect() == (bond ? Lines{"security plain bonded"} : Lines{}));
    }
};

}  // namespace bluetooth::test
