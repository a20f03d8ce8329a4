// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "crypto/ccm.hpp"
#include "hci/codes.hpp"

namespace bluetooth::virtual_controller {

/// What both ends of a link know before it is encrypted (Vol 6 Part B 5.1.3.1), each value with its
/// least significant octet first, as HCI and LL_ENC_REQ and LL_ENC_RSP carry it.
struct EncryptionMaterial {
    std::array<std::uint8_t, 16> long_term_key{};
    std::array<std::uint8_t, 8> skd_central{};  ///< session key diversifier, the central's half
    std::array<std::uint8_t, 8> skd_peripheral{};
    std::array<std::uint8_t, 4> iv_central{};  ///< initialization vector, the central's half
    std::array<std::uint8_t, 4> iv_peripheral{};
};

/// One end of an encrypted link: its session key, and where it is in each direction. Pausing and
/// starting encryption again makes a new one (Vol 6 Part B 5.1.3.2).
///
/// Every PDU that is new goes through it once, in order; one that is sent again has the octets of
/// the first time. PDUs without payload are neither encrypted nor counted (Vol 6 Part E 1).
class LinkCipher {
public:
    static constexpr std::size_t mic_size = crypto::AesCcm::mic_size;

    LinkCipher(hci::Role role, const EncryptionMaterial& material);

    /// What a payload becomes on air.
    static constexpr std::size_t encrypted_size(std::size_t payload_size) {
        return payload_size == 0 ? 0 : payload_size + mic_size;
    }

    /// The payload of our next PDU into `out`, which is `encrypted_size` long and may begin where
    /// `payload` does. Of `header`, the first octet of the PDU's header, what may change when the
    /// PDU is sent again (NESN, SN, MD) is not looked at, so that the LLID alone will do.
    void encrypt(std::uint8_t header, Bytes payload, MutableBytes out);
    /// The payload of the peer's next PDU into `out`, which is `mic_size` octets shorter than
    /// `payload` and may begin where that does. False on a MIC failure, which ends the link.
    bool decrypt(std::uint8_t header, Bytes payload, MutableBytes out);

private:
    /// All PDUs one of the two ends sends.
    struct Direction {
        bool from_central = false;
        std::uint64_t packet_counter = 0;
    };
    crypto::AesCcm::Nonce nonce(const Direction& direction) const;

    crypto::AesCcm ccm_;
    std::array<std::uint8_t, 8> iv_{};
    Direction sending_;
    Direction receiving_;
};

}  // namespace bluetooth::virtual_controller
