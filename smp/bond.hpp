// SPDX-License-Identifier: MIT
//
// What two devices remember of a pairing, and how it is written down.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/address.hpp"
#include "base/bytes.hpp"
#include "crypto/aes.hpp"

namespace bluetooth::smp {

/// A Long Term Key and how the central names it (Vol 3 Part H 2.4.2.2). With LE Secure Connections
/// both names are 0.
struct LongTermKey {
    crypto::Key value;  ///< octets beyond the key size are 0
    std::uint16_t encrypted_diversifier = 0;
    std::array<std::uint8_t, 8> random_number{};  ///< as on the wire
    friend bool operator==(const LongTermKey&, const LongTermKey&) = default;
};

/// What one side of a bond has given to the other (Vol 3 Part H 2.4.3).
struct DistributedKeys {
    /// For links in which the giver is the peripheral. With LE Secure Connections both sides have
    /// made the same one.
    std::optional<LongTermKey> ltk;
    std::optional<crypto::Key> irk;   ///< of the peer only: ours is one for all peers
    std::optional<crypto::Key> csrk;  ///< with which the giver signs
    std::uint64_t sign_counter = 0;   ///< the smallest SignCounter that the giver has not used
    friend bool operator==(const DistributedKeys&, const DistributedKeys&) = default;
};

/// How good the keys of a pairing are.
struct KeyStrength {
    bool secure_connections = false;  ///< made by LE Secure Connections
    bool authenticated = false;       ///< protected against a man in the middle
    std::uint8_t key_size = 16;       ///< octets, 7 to 16
    friend bool operator==(const KeyStrength&, const KeyStrength&) = default;

    /// Whether these keys lack nothing that those have.
    bool at_least(const KeyStrength& other) const {
        return secure_connections >= other.secure_connections &&
               authenticated >= other.authenticated && key_size >= other.key_size;
    }
};

struct Bond {
    AddressType peer_type = AddressType::public_device;  ///< public or random (static)
    Address peer;                                        ///< its identity address
    KeyStrength strength;
    /// The peer has an Identity Resolving Key, yet paired under its identity address: its privacy
    /// mode is the device privacy mode (Vol 6 Part B 4.7).
    bool device_privacy = false;
    DistributedKeys ours;   ///< given by us
    DistributedKeys peers;  ///< given by the peer
    friend bool operator==(const Bond&, const Bond&) = default;
};

/// The name of a peer in a store: its address type and its address as on the wire (octets 0 and
/// 1 to 6).
using BondKey = std::array<std::uint8_t, 7>;
BondKey bond_key(AddressType type, const Address& address);

/// One half of a bond in a form that a program stores without knowing it: version, strength, peer,
/// keys, and a check of these against damage.
inline constexpr std::size_t secret_size = 80;
using Secret = crypto::Secret<secret_size>;
Secret encode_our_keys(const Bond& bond);
Secret encode_peer_keys(const Bond& bond);
/// The key under which this half is stored; nothing when it is no half of a bond.
std::optional<BondKey> bond_key_of(Bytes half);
/// Puts a bond together. Nothing when either half is not what was once encoded under this key, or
/// says what no pairing can lead to (a key size out of range, no key at all).
std::optional<Bond> decode_bond(const BondKey& key, Bytes our_keys, Bytes peer_keys);

}  // namespace bluetooth::smp
