// SPDX-License-Identifier: MIT
//
// The cryptographic toolbox (Vol 3 Part H 2.2), over the primitives of crypto/. The random address
// hash function ah is `crypto::IdentityResolver::ah`. Values are most significant octet first, but
// for the feature PDUs, which are taken as they were sent.
#pragma once

#include <array>
#include <cstdint>

#include "base/address.hpp"
#include "base/bytes.hpp"
#include "crypto/aes.hpp"
#include "crypto/p256.hpp"

namespace bluetooth::smp {

using crypto::Block;
using crypto::Key;

/// A device address and its kind, as the functions take them: of the kind only whether it is
/// random counts.
struct TypedAddress {
    AddressType type = AddressType::public_device;
    Address address;
    friend bool operator==(const TypedAddress&, const TypedAddress&) = default;
    /// 0 for public, 1 for random addresses.
    std::uint8_t type_bit() const { return static_cast<std::uint8_t>(type) & 1; }
};

/// One coordinate of a public key.
using Coordinate = std::array<std::uint8_t, 32>;
/// A feature PDU with its code.
using FeaturePdu = std::array<std::uint8_t, 7>;

/// Confirm value generation of legacy pairing (2.2.3).
Block c1(const Key& k, const Block& r, const FeaturePdu& request, const FeaturePdu& response,
         const TypedAddress& initiator, const TypedAddress& responder);
/// Key generation of legacy pairing (2.2.4): the STK of the TK, Srand and Mrand.
Key s1(const Key& k, const Block& r1, const Block& r2);

/// Confirm value generation of LE Secure Connections (2.2.6).
Block f4(const Coordinate& u, const Coordinate& v, const Block& x, std::uint8_t z);
/// Key generation (2.2.7).
struct MacKeyAndLtk {
    Key mac_key;
    Key ltk;
};
MacKeyAndLtk f5(const crypto::DhKey& w, const Block& n1, const Block& n2, const TypedAddress& a1,
                const TypedAddress& a2);
/// Check value generation (2.2.8). `io_cap` is AuthReq, OOB data flag and IO capability.
Block f6(const Key& w, const Block& n1, const Block& n2, const Block& r,
         const std::array<std::uint8_t, 3>& io_cap, const TypedAddress& a1, const TypedAddress& a2);
/// Numeric comparison value generation (2.2.9), of which the user sees the last six decimal digits.
std::uint32_t g2(const Coordinate& u, const Coordinate& v, const Block& x, const Block& y);
/// Link key conversion (2.2.10, 2.2.11).
Key h6(const Key& w, const std::array<std::uint8_t, 4>& key_id);
Key h7(const Key& salt, const Key& w);

/// `key` cut to so many octets: those that are too many, the most significant ones, become 0
/// (2.3.4).
Key masked(Key key, std::uint8_t key_size);

}  // namespace bluetooth::smp
