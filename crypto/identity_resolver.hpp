// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>

#include "base/address.hpp"
#include "crypto/aes.hpp"

namespace bluetooth::crypto {

/// The 24 bits of a prand or of its hash, the most significant octet first.
using Octets24 = std::array<std::uint8_t, 3>;

/// Makes and recognises the resolvable private addresses of one Identity Resolving Key (Vol 6
/// Part B 1.3.2.2 and 1.3.2.3). Keep one per key: only its construction allocates. Throws
/// `std::runtime_error` as `Aes128` does.
class IdentityResolver {
public:
    explicit IdentityResolver(const Key& irk) : aes_(irk) {}

    /// The random address hash function ah (Vol 3 Part H 2.2.2).
    Octets24 ah(const Octets24& r);
    /// A resolvable private address. Of `random` 22 bits are used; should they all be equal, which
    /// no address allows, the least significant one is turned round.
    Address generate(Octets24 random);
    /// Whether `address` is a resolvable private one that was made with this key.
    bool resolves(const Address& address);

private:
    Aes128 aes_;
};

}  // namespace bluetooth::crypto
