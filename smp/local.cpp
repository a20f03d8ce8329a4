// SPDX-License-Identifier: MIT
#include "smp/local.hpp"

namespace bluetooth::smp {

crypto::KeyPair debug_key_pair() {
    static const crypto::PrivateKey private_key{{0x3f, 0x49, 0xf6, 0xd4, 0xa3, 0xc5, 0x5f, 0x38,
                                                 0x74, 0xc9, 0xb3, 0xe3, 0xd2, 0x10, 0x3f, 0x50,
                                                 0x4a, 0xff, 0x60, 0x7b, 0xeb, 0x40, 0xb7, 0x99,
                                                 0x58, 0x99, 0xb8, 0xa6, 0xcd, 0x3c, 0x1a, 0xbd}};
    return *crypto::KeyPair::from_private(private_key);
}

LocalOobData make_oob_data(crypto::RandomSource& random) {
    crypto::KeyPair pair = crypto::KeyPair::generate(random);
    const auto r = random.octets<16>();
    const Coordinate& x = pair.public_key().x;
    return {{r, f4(x, x, r, 0)}, std::move(pair)};
}

}  // namespace bluetooth::smp
