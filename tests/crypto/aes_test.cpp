// SPDX-License-Identifier: MIT
#include "crypto/aes.hpp"

#include <algorithm>
#include <string_view>

#include "tests/support/hex.hpp"

using namespace bluetooth;
using namespace bluetooth::crypto;
using bluetooth::test::hex;
using bluetooth::test::Octets;

namespace {

Block block(std::string_view digits) {
    const Octets octets = hex(digits);
    REQUIRE(octets.size() == 16);
    Block out{};
    std::ranges::copy(octets, out.begin());
    return out;
}
Key key(std::string_view digits) { return Key{block(digits)}; }

// RFC 4493 section 4: the key, and the message of which each example takes the front
constexpr std::string_view rfc4493_key = "2b7e1516 28aed2a6 abf71588 09cf4f3c";
constexpr std::string_view rfc4493_message =
    "6bc1bee2 2e409f96 e93d7e11 7393172a ae2d8a57 1e03ac9c 9eb76fac 45af8e51"
    "30c81c46 a35ce411 e5fbc119 1a0a52ef f69f2445 df4f9b17 ad2b417b e66c3710";

struct CmacExample {
    std::size_t size;
    std::string_view code;
};
constexpr CmacExample rfc4493_examples[] = {
    {0, "bb1d6929 e9593728 7fa37d12 9b756746"},
    {16, "070a16b4 6b4d4144 f79bdd9d d04a287c"},
    {40, "dfa66747 de9ae630 30ca3261 1497c827"},
    {64, "51f0bebf 7e3b9d92 fc497417 79363cfe"},
};

}  // namespace

TEST_CASE("aes: e gives the results of FIPS 197") {
    SUBCASE("appendix B") {
        CHECK(Bytes{e(key("2b7e1516 28aed2a6 abf71588 09cf4f3c"),
                      block("3243f6a8 885a308d 313198a2 e0370734"))} ==
              hex("3925841d 02dc09fb dc118597 196a0b32"));
    }
    SUBCASE("appendix C.1") {
        CHECK(Bytes{e(key("00010203 04050607 08090a0b 0c0d0e0f"),
                      block("00112233 44556677 8899aabb ccddeeff"))} ==
              hex("69c4e0d8 6a7b0430 d8cdb780 70b4c55a"));
    }
}

TEST_CASE("aes: the blocks of one key are encrypted independently of one another") {
    Aes128 aes{key("00010203 04050607 08090a0b 0c0d0e0f")};
    const Block plaintext = block("00112233 44556677 8899aabb ccddeeff");
    const Block ciphertext = block("69c4e0d8 6a7b0430 d8cdb780 70b4c55a");
    for (int i = 0; i < 3; ++i) {
        CHECK(aes.encrypt(plaintext) == ciphertext);
        (void)aes.encrypt(ciphertext);
    }
}

TEST_CASE("aes-cmac: the subkeys' common root is that of RFC 4493") {
    CHECK(Bytes{e(key(rfc4493_key), Block{})} == hex("7df76b0c 1ab899b3 3e42f047 b91b546f"));
}

TEST_CASE("aes-cmac: the four examples of RFC 4493") {
    const Octets message = hex(rfc4493_message);
    for (const CmacExample& example : rfc4493_examples) {
        CAPTURE(example.size);
        CHECK(Bytes{aes_cmac(key(rfc4493_key), Bytes{message}.first(example.size))} ==
              hex(example.code));
    }
}

TEST_CASE("aes-cmac: a message gives one code, however it is cut into pieces") {
    const Octets message = hex(rfc4493_message);
    AesCmac cmac{key(rfc4493_key)};
    for (std::size_t cut = 0; cut <= message.size(); ++cut) {
        CAPTURE(cut);
        cmac.update(Bytes{message}.first(cut));
        cmac.update(Bytes{message}.subspan(cut));
        CHECK(Bytes{cmac.finish()} == hex("51f0bebf 7e3b9d92 fc497417 79363cfe"));
    }
}

TEST_CASE("aes-cmac: after a code the next message begins empty, under the same key") {
    const Octets message = hex(rfc4493_message);
    AesCmac cmac{key(rfc4493_key)};
    for (const CmacExample& example : rfc4493_examples) {
        cmac.update(Bytes{message}.first(example.size));
        CHECK(Bytes{cmac.finish()} == hex(example.code));
    }
}
