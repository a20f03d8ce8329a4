// SPDX-License-Identifier: MIT
#include "virtual_controller/link_cipher.hpp"

#include <algorithm>

#include "crypto/aes.hpp"

namespace bluetooth::virtual_controller {
namespace {

// The central's half is the least significant one (Vol 6 Part B 5.1.3.1), here as in the IV.
template <std::size_t N>
std::array<std::uint8_t, 2 * N> joined(const std::array<std::uint8_t, N>& central,
                                       const std::array<std::uint8_t, N>& peripheral) {
    std::array<std::uint8_t, 2 * N> both{};
    std::ranges::copy(peripheral, std::ranges::copy(central, both.begin()).out);
    return both;
}

// sessionKey = Security function e(LTK, SKD)
crypto::Key session_key(const EncryptionMaterial& material) {
    return crypto::Key{
        crypto::e(crypto::Key{crypto::reversed(material.long_term_key)},
                  crypto::reversed(joined(material.skd_central, material.skd_peripheral)))};
}

// All but NESN, SN and MD (Vol 6 Part E 2.2, the additional data in block B1)
constexpr std::uint8_t authenticated_bits = 0xe3;

}  // namespace

LinkCipher::LinkCipher(hci::Role role, const EncryptionMaterial& material)
    : ccm_(session_key(material)),
      iv_(joined(material.iv_central, material.iv_peripheral)),
      sending_{role == hci::Role::central},
      receiving_{role == hci::Role::peripheral} {}

// Vol 6 Part E 2.1: the counter in 39 bits and the direction in one, then the IV
crypto::AesCcm::Nonce LinkCipher::nonce(const Direction& direction) const {
    crypto::AesCcm::Nonce nonce{};
    for (unsigned i = 0; i < 5; ++i)
        nonce[i] = static_cast<std::uint8_t>(direction.packet_counter >> (8 * i));
    nonce[4] = static_cast<std::uint8_t>((nonce[4] & 0x7f) | (direction.from_central ? 0x80 : 0));
    std::ranges::copy(iv_, nonce.begin() + 5);
    return nonce;
}

void LinkCipher::encrypt(std::uint8_t header, Bytes payload, MutableBytes out) {
    if (payload.empty()) return;
    ccm_.encrypt(nonce(sending_), header & authenticated_bits, payload, out);
    ++sending_.packet_counter;
}

bool LinkCipher::decrypt(std::uint8_t header, Bytes payload, MutableBytes out) {
    if (payload.empty()) return true;
    // A MIC of nothing is none that a peer may send: what is encrypted has a payload.
    if (payload.size() <= mic_size) return false;
    if (!ccm_.decrypt(nonce(receiving_), header & authenticated_bits, payload, out)) return false;
    ++receiving_.packet_counter;
    return true;
}

}  // namespace bluetooth::virtual_controller
