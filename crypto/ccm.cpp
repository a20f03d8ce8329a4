// SPDX-License-Identifier: MIT
#include "crypto/ccm.hpp"

#include <openssl/evp.h>

#include "crypto/libcrypto.hpp"

namespace bluetooth::crypto {
namespace {

constexpr const char* aes_128_ccm = "AES-128-CCM";

const EVP_CIPHER* ccm_cipher() {
    struct Free {
        void operator()(EVP_CIPHER* cipher) const noexcept { EVP_CIPHER_free(cipher); }
    };
    static const std::unique_ptr<EVP_CIPHER, Free> cipher{
        EVP_CIPHER_fetch(nullptr, aes_128_ccm, nullptr)};
    require(cipher != nullptr, aes_128_ccm);
    return cipher.get();
}

// What stays the same for all packets. libcrypto wants the sizes before the key.
EVP_CIPHER_CTX* new_context(const Key& key, bool encrypts) {
    EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
    const int direction = encrypts ? 1 : 0;
    const bool ready =
        context != nullptr &&
        EVP_CipherInit_ex2(context, ccm_cipher(), nullptr, nullptr, direction, nullptr) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN,
                            static_cast<int>(AesCcm::Nonce{}.size()), nullptr) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(AesCcm::mic_size),
                            nullptr) == 1 &&
        EVP_CipherInit_ex2(context, nullptr, key.octets().data(), nullptr, direction, nullptr) == 1;
    if (!ready) EVP_CIPHER_CTX_free(context);
    require(ready, aes_128_ccm);
    return context;
}

// CCM must know the size of the message before its first octet.
bool begin(EVP_CIPHER_CTX* context, const AesCcm::Nonce& nonce, std::uint8_t additional_data,
           std::size_t message_size) {
    int size = 0;
    return EVP_CipherInit_ex2(context, nullptr, nullptr, nonce.data(), -1, nullptr) == 1 &&
           EVP_CipherUpdate(context, nullptr, &size, nullptr, static_cast<int>(message_size)) ==
               1 &&
           EVP_CipherUpdate(context, nullptr, &size, &additional_data, 1) == 1;
}

// Also computes or compares the MIC. An empty message has no address, yet libcrypto wants one.
bool process(EVP_CIPHER_CTX* context, Bytes in, MutableBytes out) {
    std::uint8_t nowhere = 0;
    int size = 0;
    return EVP_CipherUpdate(context, in.empty() ? &nowhere : out.data(), &size,
                            in.empty() ? &nowhere : in.data(), static_cast<int>(in.size())) == 1;
}

}  // namespace

void AesCcm::Free::operator()(evp_cipher_ctx_st* context) const noexcept {
    EVP_CIPHER_CTX_free(context);
}

AesCcm::AesCcm(const Key& key)
    : encryption_(new_context(key, true)), decryption_(new_context(key, false)) {}

void AesCcm::encrypt(const Nonce& nonce, std::uint8_t additional_data, Bytes plaintext,
                     MutableBytes out) {
    EVP_CIPHER_CTX* context = encryption_.get();
    require(begin(context, nonce, additional_data, plaintext.size()) &&
                process(context, plaintext, out) &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(mic_size),
                                    out.last(mic_size).data()) == 1,
            aes_128_ccm);
}

bool AesCcm::decrypt(const Nonce& nonce, std::uint8_t additional_data, Bytes ciphertext_and_mic,
                     MutableBytes out) {
    if (ciphertext_and_mic.size() < mic_size) return false;
    const Bytes ciphertext = ciphertext_and_mic.first(ciphertext_and_mic.size() - mic_size);
    std::array<std::uint8_t, mic_size> mic{};  // libcrypto takes it as mutable
    std::ranges::copy(ciphertext_and_mic.last(mic_size), mic.begin());

    EVP_CIPHER_CTX* context = decryption_.get();
    const KeepErrorQueue keep;
    require(begin(context, nonce, additional_data, ciphertext.size()) &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(mic_size),
                                    mic.data()) == 1,
            aes_128_ccm);
    if (process(context, ciphertext, out)) return true;
    cleanse(out.first(ciphertext.size()));
    return false;
}

}  // namespace bluetooth::crypto
