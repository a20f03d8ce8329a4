// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.hpp"
#include "crypto/secret.hpp"

struct evp_cipher_ctx_st;
struct evp_mac_ctx_st;

namespace bluetooth::crypto {

/// 128 bits, the most significant octet first.
using Block = std::array<std::uint8_t, 16>;
/// A 128-bit key (LTK, STK, IRK, CSRK, TK, …), the most significant octet first.
using Key = Secret<16>;

/// AES-128 under one key. Keep one where a key is used again, e.g. per IRK: encrypting allocates
/// nothing. Throws `std::runtime_error` where libcrypto is set up without AES-128.
class Aes128 {
public:
    explicit Aes128(const Key& key);

    Block encrypt(const Block& plaintext);

private:
    struct Free {
        void operator()(evp_cipher_ctx_st* context) const noexcept;  // wipes the key schedule
    };
    std::unique_ptr<evp_cipher_ctx_st, Free> context_;
};

/// AES-CMAC (RFC 4493, Vol 3 Part H 2.2.5) under one key, over messages given piece by piece.
/// Computing allocates nothing. Throws `std::runtime_error` as `Aes128` does.
class AesCmac {
public:
    explicit AesCmac(const Key& key);

    /// Appends `part` to the message.
    void update(Bytes part);
    /// The authentication code of the message; the next one begins empty, under the same key.
    Block finish();

private:
    struct Free {
        void operator()(evp_mac_ctx_st* context) const noexcept;  // wipes the key and subkeys
    };
    std::unique_ptr<evp_mac_ctx_st, Free> context_;
};

/// The security function e: one block under a key that is used once (Vol 3 Part H 2.2.1).
/// The parameters of LE Encrypt (Vol 4 Part E 7.8.22) are the `reversed` ones.
Block e(const Key& key, const Block& plaintext);

/// AES-CMAC of one message under a key that is used once.
Block aes_cmac(const Key& key, Bytes message);

}  // namespace bluetooth::crypto
