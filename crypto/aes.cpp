// SPDX-License-Identifier: MIT
#include "crypto/aes.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "crypto/libcrypto.hpp"

namespace bluetooth::crypto {
namespace {

// Looking an algorithm up costs far more than one block, so it is done once per process.
const EVP_CIPHER* aes_128_ecb() {
    struct Free {
        void operator()(EVP_CIPHER* cipher) const noexcept { EVP_CIPHER_free(cipher); }
    };
    static const std::unique_ptr<EVP_CIPHER, Free> cipher{
        EVP_CIPHER_fetch(nullptr, "AES-128-ECB", nullptr)};
    require(cipher != nullptr, "AES-128-ECB");
    return cipher.get();
}

EVP_MAC* cmac() {
    struct Free {
        void operator()(EVP_MAC* mac) const noexcept { EVP_MAC_free(mac); }
    };
    static const std::unique_ptr<EVP_MAC, Free> mac{EVP_MAC_fetch(nullptr, "CMAC", nullptr)};
    require(mac != nullptr, "CMAC");
    return mac.get();
}

}  // namespace

void Aes128::Free::operator()(evp_cipher_ctx_st* context) const noexcept {
    EVP_CIPHER_CTX_free(context);
}

Aes128::Aes128(const Key& key) : context_(EVP_CIPHER_CTX_new()) {
    require(context_ != nullptr &&
                EVP_EncryptInit_ex2(context_.get(), aes_128_ecb(), key.octets().data(), nullptr,
                                    nullptr) == 1 &&
                EVP_CIPHER_CTX_set_padding(context_.get(), 0) == 1,
            "AES-128-ECB");
}

Block Aes128::encrypt(const Block& plaintext) {
    Block ciphertext{};
    int size = 0;
    require(EVP_EncryptUpdate(context_.get(), ciphertext.data(), &size, plaintext.data(),
                              static_cast<int>(plaintext.size())) == 1,
            "AES-128-ECB");
    return ciphertext;
}

void AesCmac::Free::operator()(evp_mac_ctx_st* context) const noexcept {
    EVP_MAC_CTX_free(context);
}

AesCmac::AesCmac(const Key& key) : context_(EVP_MAC_CTX_new(cmac())) {
    char cipher[] = "AES-128-CBC";  // libcrypto takes its parameters as mutable
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
        OSSL_PARAM_construct_end(),
    };
    require(context_ != nullptr && EVP_MAC_init(context_.get(), key.octets().data(),
                                                key.octets().size(), parameters) == 1,
            "AES-128-CMAC");
}

void AesCmac::update(Bytes part) {
    require(EVP_MAC_update(context_.get(), part.data(), part.size()) == 1, "AES-128-CMAC");
}

Block AesCmac::finish() {
    Block code{};
    std::size_t size = 0;
    require(EVP_MAC_final(context_.get(), code.data(), &size, code.size()) == 1 &&
                EVP_MAC_init(context_.get(), nullptr, 0, nullptr) == 1,  // the same key again
            "AES-128-CMAC");
    return code;
}

Block e(const Key& key, const Block& plaintext) { return Aes128{key}.encrypt(plaintext); }

Block aes_cmac(const Key& key, Bytes message) {
    AesCmac cmac{key};
    cmac.update(message);
    return cmac.finish();
}

}  // namespace bluetooth::crypto
