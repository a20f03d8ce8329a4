// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.hpp"
#include "crypto/aes.hpp"

namespace bluetooth::crypto {

/// AES-CCM (RFC 3610) under one key as Bluetooth uses it, with a message integrity check of four
/// octets and one octet of additional data (Vol 6 Part E 2). Nothing is allocated per packet.
/// Throws `std::runtime_error` as `Aes128` does.
class AesCcm {
public:
    static constexpr std::size_t mic_size = 4;
    /// In the order in which it stands in block B0 (Vol 6 Part E 2.1).
    using Nonce = std::array<std::uint8_t, 13>;

    explicit AesCcm(const Key& key);

    /// Fills `out`, which is `mic_size` octets longer than `plaintext`, with the ciphertext and the
    /// MIC; it may begin where `plaintext` does. A nonce must never be used twice under one key.
    void encrypt(const Nonce& nonce, std::uint8_t additional_data, Bytes plaintext,
                 MutableBytes out);
    /// Fills `out`, which is `mic_size` octets shorter than `ciphertext_and_mic`; it may begin
    /// where that does. False when the MIC is wrong, or is not there: nothing of the plaintext is
    /// then in `out`.
    bool decrypt(const Nonce& nonce, std::uint8_t additional_data, Bytes ciphertext_and_mic,
                 MutableBytes out);

private:
    struct Free {
        void operator()(evp_cipher_ctx_st* context) const noexcept;  // wipes the key schedule
    };
    // One for each direction: turning a context round means to expand the key again.
    std::unique_ptr<evp_cipher_ctx_st, Free> encryption_;
    std::unique_ptr<evp_cipher_ctx_st, Free> decryption_;
};

}  // namespace bluetooth::crypto
