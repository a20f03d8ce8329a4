// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "crypto/random.hpp"
#include "crypto/secret.hpp"

namespace bluetooth::crypto {

/// The coordinates of a P-256 public key, each with its most significant octet first; in HCI and
/// SMP each is `reversed`.
struct PublicKey {
    std::array<std::uint8_t, 32> x{};
    std::array<std::uint8_t, 32> y{};
    friend bool operator==(const PublicKey&, const PublicKey&) = default;
};

using PrivateKey = Secret<32>;
/// The x coordinate of the shared point, the DHKey of Secure Connections.
using DhKey = Secret<32>;

/// Whether `key` is a point of the curve, with coordinates within the field. Anything else a peer
/// sends could disclose the private key (Vol 3 Part H 2.3.5.6.1).
bool is_valid(const PublicKey& key);

/// A P-256 key pair (Vol 2 Part H 7.6). Throws `std::runtime_error` where libcrypto
/// is set up without the curve, or where the random source never draws a usable key.
class KeyPair {
public:
    static KeyPair generate(RandomSource& random);
    /// Nothing when `key` is not in the range of private keys, 1 … n - 1.
    static std::optional<KeyPair> from_private(const PrivateKey& key);

    const PublicKey& public_key() const { return public_key_; }

    /// The function P256 (Vol 3 Part H 2.3.5.6.1): the same on both sides. Nothing when `peer` is
    /// not valid.
    std::optional<DhKey> shared_secret(const PublicKey& peer) const;

private:
    KeyPair(const PrivateKey& private_key, const PublicKey& public_key)
        : private_key_(private_key), public_key_(public_key) {}

    PrivateKey private_key_;
    PublicKey public_key_;
};

}  // namespace bluetooth::crypto
