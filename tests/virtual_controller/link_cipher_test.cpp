// SPDX-License-Identifier: MIT
#include "virtual_controller/link_cipher.hpp"

#include <string_view>

#include "tests/support/hex.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using bluetooth::test::hex;
using bluetooth::test::Octets;
using hci::Role;

namespace {

// Vol 6 Part C 1: LTK 4C68384139F574D836BCF34E9DFB01BF, SKDm ACBDCEDFE0F10213, SKDs
// 0213243546576879, IVm BADCAB24, IVs DEAFBABE
constexpr EncryptionMaterial sample{
    .long_term_key = {0xbf, 0x01, 0xfb, 0x9d, 0x4e, 0xf3, 0xbc, 0x36,  //
                      0xd8, 0x74, 0xf5, 0x39, 0x41, 0x38, 0x68, 0x4c},
    .skd_central = {0x13, 0x02, 0xf1, 0xe0, 0xdf, 0xce, 0xbd, 0xac},
    .skd_peripheral = {0x79, 0x68, 0x57, 0x46, 0x35, 0x24, 0x13, 0x02},
    .iv_central = {0x24, 0xab, 0xdc, 0xba},
    .iv_peripheral = {0xbe, 0xba, 0xaf, 0xde},
};

constexpr std::uint8_t control = 0x03;  // the LLID of LL control PDUs
constexpr std::uint8_t data = 0x02;     // and that of the start of an L2CAP PDU

struct Pdu {
    Role sender;
    std::uint8_t header;  // as it stands in the sample data, with NESN and SN
    std::string_view payload;
    std::string_view encrypted;
};
// In the order in which they are sent
constexpr Pdu sample_pdus[] = {
    {Role::central, 0x0f, "06", "9f cda7f448"},
    {Role::peripheral, 0x07, "06", "a3 4c13a415"},
    {Role::central, 0x0e, "1700636465666768696a6b6c6d6e6f7071313233343536373839 30",
     "7a70d66415226df26b17839a060405596bd6564f796b5b9ce6ff32 f75a6d33"},
    {Role::peripheral, 0x06, "170037363534333231304142434445464748494a4b4c4d4e4f5051",
     "f38881e7bd94c9c369b9a66846dd4786aa8c39ce540d0dae3adcdf 89b96088"},
};

Octets encrypt(LinkCipher& cipher, std::uint8_t header, Bytes payload) {
    Octets out(LinkCipher::encrypted_size(payload.size()));
    cipher.encrypt(header, payload, out);
    return out;
}
bool decrypts(LinkCipher& cipher, std::uint8_t header, Bytes payload, Bytes expected) {
    Octets out(payload.size() < LinkCipher::mic_size ? 0 : payload.size() - LinkCipher::mic_size);
    return cipher.decrypt(header, payload, out) && Bytes{out} == expected;
}

}  // namespace

TEST_CASE("link cipher: the PDUs of the specification's sample data, at both ends") {
    LinkCipher central{Role::central, sample};
    LinkCipher peripheral{Role::peripheral, sample};
    for (const Pdu& pdu : sample_pdus) {
        CAPTURE(pdu.encrypted);
        const bool from_central = pdu.sender == Role::central;
        LinkCipher& sender = from_central ? central : peripheral;
        LinkCipher& receiver = from_central ? peripheral : central;
        CHECK(encrypt(sender, pdu.header, hex(pdu.payload)) == hex(pdu.encrypted));
        CHECK(decrypts(receiver, pdu.header, hex(pdu.encrypted), hex(pdu.payload)));
    }
}

TEST_CASE("link cipher: NESN, SN and MD are not authenticated, the rest of the octet is") {
    for (int bit = 0; bit < 8; ++bit) {
        CAPTURE(bit);
        const auto header = static_cast<std::uint8_t>(0x0f ^ 1 << bit);
        LinkCipher peripheral{Role::peripheral, sample};
        const bool may_change = bit == 2 || bit == 3 || bit == 4;
        CHECK(decrypts(peripheral, header, hex("9f cda7f448"), hex("06")) == may_change);
    }
}

TEST_CASE("link cipher: a PDU without payload is neither encrypted nor counted") {
    LinkCipher central{Role::central, sample};
    LinkCipher peripheral{Role::peripheral, sample};
    CHECK(encrypt(central, 0x01, Bytes{}).empty());
    CHECK(decrypts(peripheral, 0x01, Bytes{}, Bytes{}));
    CHECK(encrypt(central, control, hex("06")) == hex("9f cda7f448"));
    CHECK(decrypts(peripheral, control, hex("9f cda7f448"), hex("06")));
}

TEST_CASE("link cipher: what was encrypted with any other key or vector fails the MIC") {
    const auto differs = [](auto change) {
        EncryptionMaterial other = sample;
        change(other);
        LinkCipher peripheral{Role::peripheral, other};
        return !decrypts(peripheral, control, hex("9f cda7f448"), hex("06"));
    };
    CHECK(differs([](EncryptionMaterial& other) { other.long_term_key[0] ^= 0x01; }));
    CHECK(differs([](EncryptionMaterial& other) { other.skd_central[0] ^= 0x01; }));
    CHECK(differs([](EncryptionMaterial& other) { other.skd_peripheral[7] ^= 0x01; }));
    CHECK(differs([](EncryptionMaterial& other) { other.iv_central[0] ^= 0x01; }));
    CHECK(differs([](EncryptionMaterial& other) { other.iv_peripheral[3] ^= 0x01; }));
}

TEST_CASE("link cipher: a PDU that was left out, repeated or sent back fails the MIC") {
    LinkCipher central{Role::central, sample};
    const Octets first = encrypt(central, data, hex("0102"));
    const Octets second = encrypt(central, data, hex("0102"));
    CHECK_FALSE(first == second);
    LinkCipher peripheral{Role::peripheral, sample};
    CHECK_FALSE(decrypts(peripheral, data, second, hex("0102")));
    CHECK(decrypts(peripheral, data, first, hex("0102")));
    CHECK_FALSE(decrypts(peripheral, data, first, hex("0102")));
    CHECK(decrypts(peripheral, data, second, hex("0102")));
    CHECK_FALSE(decrypts(central, data, first, hex("0102")));
}

TEST_CASE("link cipher: a payload that is no longer than a MIC fails") {
    LinkCipher peripheral{Role::peripheral, sample};
    for (std::size_t size = 1; size <= LinkCipher::mic_size; ++size)
        CHECK_FALSE(decrypts(peripheral, data, Octets(size), Bytes{}));
    CHECK(decrypts(peripheral, control, hex("9f cda7f448"), hex("06")));
}

TEST_CASE("link cipher: the counter goes on past one octet, each direction by itself") {
    LinkCipher central{Role::central, sample};
    LinkCipher peripheral{Role::peripheral, sample};
    for (int i = 0; i < 70'000; ++i) {
        Octets pdu{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8), 0, 0, 0, 0};
        const Octets plaintext{Bytes{pdu}.first(2)};
        central.encrypt(data, Bytes{pdu}.first(2), pdu);
        REQUIRE(peripheral.decrypt(data, pdu, MutableBytes{pdu}.first(2)));
        REQUIRE(Bytes{pdu}.first(2) == plaintext);
    }
    CHECK(encrypt(peripheral, control, hex("06")) == hex("a3 4c13a415"));
    CHECK(decrypts(central, control, hex("a3 4c13a415"), hex("06")));
    // The nonce of packet 70,000 by hand: 70 11 01 00 80, then the IV
    crypto::AesCcm ccm{crypto::Key{{0x99, 0xad, 0x1b, 0x52, 0x26, 0xa3, 0x7e, 0x3e,  //
                                    0x05, 0x8e, 0x3b, 0x8e, 0x27, 0xc2, 0xc6, 0x66}}};
    Octets expected(5);
    ccm.encrypt({0x70, 0x11, 0x01, 0x00, 0x80, 0x24, 0xab, 0xdc, 0xba, 0xbe, 0xba, 0xaf, 0xde},
                control, hex("06"), expected);
    CHECK(encrypt(central, control, hex("06")) == expected);
}
