// SPDX-License-Identifier: MIT
#include "crypto/ccm.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <string_view>

#include "tests/support/hex.hpp"

using namespace bluetooth;
using namespace bluetooth::crypto;
using bluetooth::test::hex;
using bluetooth::test::Octets;

namespace {

template <std::size_t N> std::array<std::uint8_t, N> exactly(std::string_view digits) {
    const Octets octets = hex(digits);
    REQUIRE(octets.size() == N);
    std::array<std::uint8_t, N> out{};
    std::ranges::copy(octets, out.begin());
    return out;
}

// Vol 6 Part C 1: the session key, and the four packets encrypted under it
const Key session_key{{0x99, 0xad, 0x1b, 0x52, 0x26, 0xa3, 0x7e, 0x3e,  //
                       0x05, 0x8e, 0x3b, 0x8e, 0x27, 0xc2, 0xc6, 0x66}};

struct Packet {
    const char* name;
    std::string_view nonce;
    std::uint8_t additional_data;
    std::string_view plaintext;
    std::string_view ciphertext;
    std::string_view mic;
};
constexpr Packet sample_packets[] = {
    {"LL_START_ENC_RSP1", "00000000 80 24abdcba bebaafde", 0x03, "06", "9f", "cda7f448"},
    {"LL_START_ENC_RSP2", "00000000 00 24abdcba bebaafde", 0x03, "06", "a3", "4c13a415"},
    {"LL_DATA1", "01000000 80 24abdcba bebaafde", 0x02,
     "1700636465666768696a6b6c6d6e6f70 71313233343536373839 30",
     "7a70d66415226df26b17839a06040559 6bd6564f796b5b9ce6ff32", "f75a6d33"},
    {"LL_DATA2", "01000000 00 24abdcba bebaafde", 0x02,
     "17003736353433323130414243444546 4748494a4b4c4d4e4f5051",
     "f38881e7bd94c9c369b9a66846dd4786 aa8c39ce540d0dae3adcdf", "89b96088"},
};
const Packet& data1 = sample_packets[2];

Octets on_air(const Packet& packet) {
    Octets octets = hex(packet.ciphertext);
    const Octets mic = hex(packet.mic);
    octets.insert(octets.end(), mic.begin(), mic.end());
    return octets;
}

}  // namespace

TEST_CASE("aes-ccm: the packets of the specification's sample data are encrypted and decrypted") {
    AesCcm ccm{session_key};
    for (int round = 0; round < 2; ++round)  // nothing is left over from the packets before
        for (const Packet& packet : sample_packets) {
            CAPTURE(packet.name);
            const AesCcm::Nonce nonce = exactly<13>(packet.nonce);
            Octets encrypted(hex(packet.plaintext).size() + AesCcm::mic_size);
            ccm.encrypt(nonce, packet.additional_data, hex(packet.plaintext), encrypted);
            CHECK(encrypted == on_air(packet));

            Octets decrypted(encrypted.size() - AesCcm::mic_size);
            CHECK(ccm.decrypt(nonce, packet.additional_data, encrypted, decrypted));
            CHECK(decrypted == hex(packet.plaintext));
        }
}

TEST_CASE("aes-ccm: a packet can be encrypted and decrypted where it stands") {
    AesCcm ccm{session_key};
    const AesCcm::Nonce nonce = exactly<13>(data1.nonce);
    Octets packet = hex(data1.plaintext);
    const std::size_t size = packet.size();
    packet.resize(size + AesCcm::mic_size);
    ccm.encrypt(nonce, data1.additional_data, Bytes{packet}.first(size), packet);
    CHECK(packet == on_air(data1));
    CHECK(ccm.decrypt(nonce, data1.additional_data, packet, MutableBytes{packet}.first(size)));
    CHECK(Bytes{packet}.first(size) == hex(data1.plaintext));
}

TEST_CASE(
    "aes-ccm: one bit changed in any octet is found, and nothing of the plaintext given out") {
    AesCcm ccm{session_key};
    const AesCcm::Nonce nonce = exactly<13>(data1.nonce);
    const Octets right = on_air(data1);
    ERR_clear_error();
    for (std::size_t i = 0; i < right.size(); ++i) {
        CAPTURE(i);
        Octets wrong = right;
        wrong[i] ^= 0x01;
        Octets out(right.size() - AesCcm::mic_size, 0xaa);
        CHECK_FALSE(ccm.decrypt(nonce, data1.additional_data, wrong, out));
        CHECK(out == Octets(out.size(), 0x00));
    }
    CHECK(ERR_peek_error() == 0);
    Octets out(right.size() - AesCcm::mic_size);
    CHECK(ccm.decrypt(nonce, data1.additional_data, right, out));
}

TEST_CASE("aes-ccm: another nonce, additional data or key is found") {
    const AesCcm::Nonce nonce = exactly<13>(data1.nonce);
    const Octets packet = on_air(data1);
    Octets out(packet.size() - AesCcm::mic_size);
    AesCcm ccm{session_key};
    for (std::size_t i = 0; i < nonce.size(); ++i) {
        AesCcm::Nonce other = nonce;
        other[i] ^= 0x80;
        CHECK_FALSE(ccm.decrypt(other, data1.additional_data, packet, out));
    }
    CHECK_FALSE(ccm.decrypt(nonce, 0x01, packet, out));
    Key other_key = session_key;
    other_key.octets()[15] ^= 0x01;
    CHECK_FALSE(AesCcm{other_key}.decrypt(nonce, data1.additional_data, packet, out));
}

TEST_CASE("aes-ccm: what is too short to hold a MIC has none") {
    AesCcm ccm{session_key};
    for (std::size_t size = 0; size < AesCcm::mic_size; ++size)
        CHECK_FALSE(ccm.decrypt(AesCcm::Nonce{}, 0, Octets(size), MutableBytes{}));
}

TEST_CASE("aes-ccm: an empty message has a MIC too") {
    // RFC 3610 2.2 and 2.3, written out: T = E(B1 ^ E(B0)), U = T ^ E(A0)
    Aes128 aes{session_key};
    const Block encrypted_b0 = aes.encrypt(exactly<16>("49 01000000 80 24abdcba bebaafde 0000"));
    Block b1 = exactly<16>("0001 02 00000000000000000000000000");
    for (std::size_t i = 0; i < b1.size(); ++i) b1[i] ^= encrypted_b0[i];
    const Block tag = aes.encrypt(b1);
    const Block key_stream = aes.encrypt(exactly<16>("01 01000000 80 24abdcba bebaafde 0000"));
    Octets expected;
    for (std::size_t i = 0; i < AesCcm::mic_size; ++i)
        expected.push_back(static_cast<std::uint8_t>(tag[i] ^ key_stream[i]));

    AesCcm ccm{session_key};
    const AesCcm::Nonce nonce = exactly<13>(data1.nonce);
    Octets mic(AesCcm::mic_size);
    ccm.encrypt(nonce, 0x02, Bytes{}, mic);
    CHECK(mic == expected);
    CHECK(ccm.decrypt(nonce, 0x02, mic, MutableBytes{}));
    mic[0] ^= 0x01;
    CHECK_FALSE(ccm.decrypt(nonce, 0x02, mic, MutableBytes{}));
}

TEST_CASE("aes-ccm: the longest payload of a data PDU comes back") {
    AesCcm ccm{session_key};
    Octets plaintext;
    for (int i = 0; i < 251; ++i) plaintext.push_back(static_cast<std::uint8_t>(i));
    Octets encrypted(plaintext.size() + AesCcm::mic_size);
    ccm.encrypt(AesCcm::Nonce{}, 0x02, plaintext, encrypted);
    Octets decrypted(plaintext.size());
    CHECK(ccm.decrypt(AesCcm::Nonce{}, 0x02, encrypted, decrypted));
    CHECK(decrypted == plaintext);
}
