// SPDX-License-Identifier: MIT
#include "crypto/identity_resolver.hpp"

namespace bluetooth::crypto {

Octets24 IdentityResolver::ah(const Octets24& r) {
    Block padded{};  // r' = padding || r
    std::ranges::copy(r, padded.end() - 3);
    const Block hash = aes_.encrypt(padded);
    return {hash[13], hash[14], hash[15]};  // modulo 2^24
}

Address IdentityResolver::generate(Octets24 random) {
    Octets24& prand = random;
    prand[0] = static_cast<std::uint8_t>((prand[0] & 0x3f) | 0x40);
    if (prand == Octets24{0x40, 0x00, 0x00} || prand == Octets24{0x7f, 0xff, 0xff}) prand[2] ^= 1;
    const Octets24 hash = ah(prand);
    return Address::from_display({prand[0], prand[1], prand[2], hash[0], hash[1], hash[2]});
}

bool IdentityResolver::resolves(const Address& address) {
    if (!address.is_resolvable_private()) return false;
    const std::array<std::uint8_t, 6> octets = address.display();
    return ah({octets[0], octets[1], octets[2]}) == Octets24{octets[3], octets[4], octets[5]};
}

}  // namespace bluetooth::crypto
