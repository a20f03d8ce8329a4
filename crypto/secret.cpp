// SPDX-License-Identifier: MIT
#include "crypto/secret.hpp"

#include <openssl/crypto.h>

namespace bluetooth::crypto {

void cleanse(MutableBytes octets) noexcept { OPENSSL_cleanse(octets.data(), octets.size()); }

bool equal(Bytes a, Bytes b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace bluetooth::crypto
