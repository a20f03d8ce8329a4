// SPDX-License-Identifier: MIT
#include "crypto/p256.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>

#include "tests/support/hex.hpp"

using namespace bluetooth;
using namespace bluetooth::crypto;
using bluetooth::test::hex;
using bluetooth::test::Octets;

namespace {

std::array<std::uint8_t, 32> octets32(std::string_view digits) {
    const Octets octets = hex(digits);
    REQUIRE(octets.size() == 32);
    std::array<std::uint8_t, 32> out{};
    std::ranges::copy(octets, out.begin());
    return out;
}
PrivateKey private_key(std::string_view digits) { return PrivateKey{octets32(digits)}; }
KeyPair key_pair(std::string_view digits) {
    const auto pair = KeyPair::from_private(private_key(digits));
    REQUIRE(pair);
    return *pair;
}

/// A random source that draws the same private key for ever, or first some others.
class Draws final : public RandomSource {
public:
    explicit Draws(std::initializer_list<std::string_view> keys) : keys_(keys) {}
    void fill(MutableBytes out) override {
        const Octets key = hex(keys_[std::min(count_++, keys_.size() - 1)]);
        REQUIRE(out.size() == key.size());
        std::ranges::copy(key, out.begin());
    }
    std::size_t count() const { return count_; }

private:
    std::vector<std::string_view> keys_;
    std::size_t count_ = 0;
};

// Vol 2 Part G 7.1.2, data set 1; the first pair is the debug key of Vol 3 Part H 2.3.5.6.1
constexpr std::string_view private_a =
    "3f49f6d4 a3c55f38 74c9b3e3 d2103f50 4aff607b eb40b799 5899b8a6 cd3c1abd";
constexpr std::string_view public_a_x =
    "20b003d2 f297be2c 5e2c83a7 e9f9a5b9 eff49111 acf4fddb cc030148 0e359de6";
constexpr std::string_view public_a_y =
    "dc809c49 652aeb6d 63329abf 5a52155c 766345c2 8fed3024 741c8ed0 1589d28b";
constexpr std::string_view private_b =
    "55188b3d 32f6bb9a 900afcfb eed4e72a 59cb9ac2 f19d7cfb 6b4fdd49 f47fc5fd";
constexpr std::string_view public_b_x =
    "1ea1f0f0 1faf1d96 09592284 f19e4c00 47b58afd 8615a69f 559077b2 2faaa190";
constexpr std::string_view public_b_y =
    "4c55f33e 429dad37 7356703a 9ab85160 472d1130 e28e3676 5f89aff9 15b1214a";
constexpr std::string_view dhkey_1 =
    "ec0234a3 57c8ad05 341010a6 0a397d9b 99796b13 b4f866f1 868d34f3 73bfa698";

// data set 2
constexpr std::string_view private_c =
    "06a51669 3c9aa31a 6084545d 0c5db641 b48572b9 7203ddff b7ac73f7 d0457663";
constexpr std::string_view private_d =
    "529aa067 0d72cd64 97502ed4 73502b03 7e8803b5 c60829a5 a3caa219 505530ba";
constexpr std::string_view dhkey_2 =
    "ab85843a 2f6d883f 62e5684b 38e30733 5fe6e194 5ecd1960 4105c6f2 3221eb69";

// The order n of the group (Vol 2 Part H 7.6), the first that is no private key
constexpr std::string_view order =
    "ffffffff 00000000 ffffffff ffffffff bce6faad a7179e84 f3b9cac2 fc632551";
constexpr std::string_view order_minus_1 =
    "ffffffff 00000000 ffffffff ffffffff bce6faad a7179e84 f3b9cac2 fc632550";
constexpr std::string_view all_ones =
    "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff";
constexpr std::string_view zero =
    "00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000";
constexpr std::string_view one =
    "00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000001";

// The base point G
constexpr std::string_view base_x =
    "6b17d1f2 e12c4247 f8bce6e5 63a440f2 77037d81 2deb33a0 f4a13945 d898c296";
constexpr std::string_view base_y =
    "4fe342e2 fe1a7f9b 8ee7eb4a 7c0f9e16 2bce3357 6b315ece cbb64068 37bf51f5";

}  // namespace

TEST_CASE("p256: the public keys of the specification's sample data") {
    CHECK(key_pair(private_a).public_key() ==
          PublicKey{octets32(public_a_x), octets32(public_a_y)});
    CHECK(key_pair(private_b).public_key() ==
          PublicKey{octets32(public_b_x), octets32(public_b_y)});
}

TEST_CASE("p256: both sides find the shared secret of the sample data") {
    const KeyPair a = key_pair(private_a);
    const KeyPair b = key_pair(private_b);
    CHECK(a.shared_secret(b.public_key()) == DhKey{octets32(dhkey_1)});
    CHECK(b.shared_secret(a.public_key()) == DhKey{octets32(dhkey_1)});

    const KeyPair c = key_pair(private_c);
    const KeyPair d = key_pair(private_d);
    CHECK(c.shared_secret(d.public_key()) == DhKey{octets32(dhkey_2)});
    CHECK(d.shared_secret(c.public_key()) == DhKey{octets32(dhkey_2)});
}

TEST_CASE("p256: private keys are the numbers from 1 to n - 1") {
    CHECK(key_pair(one).public_key() == PublicKey{octets32(base_x), octets32(base_y)});
    CHECK(KeyPair::from_private(private_key(order_minus_1)));
    CHECK_FALSE(KeyPair::from_private(private_key(zero)));
    CHECK_FALSE(KeyPair::from_private(private_key(order)));
    CHECK_FALSE(KeyPair::from_private(private_key(all_ones)));
}

TEST_CASE("p256: a key pair is made of one draw of the random source") {
    Draws random{private_a};
    CHECK(KeyPair::generate(random).public_key().x == octets32(public_a_x));
    CHECK(random.count() == 1);
}

TEST_CASE("p256: a draw that is no private key is drawn again") {
    Draws random{zero, order, private_a};
    CHECK(KeyPair::generate(random).public_key().x == octets32(public_a_x));
    CHECK(random.count() == 3);
}

TEST_CASE("p256: a random source that yields no private key is an error, not an endless loop") {
    Draws random{all_ones};
    CHECK_THROWS_AS((void)KeyPair::generate(random), std::runtime_error);
}

TEST_CASE("p256: two fresh key pairs differ and agree on a secret") {
    SystemRandom random;
    const KeyPair a = KeyPair::generate(random);
    const KeyPair b = KeyPair::generate(random);
    CHECK(a.public_key() != b.public_key());
    CHECK(is_valid(a.public_key()));
    const auto secret = a.shared_secret(b.public_key());
    REQUIRE(secret);
    CHECK(secret == b.shared_secret(a.public_key()));
}

TEST_CASE("p256: what is no public key is refused, with no trace in libcrypto's error queue") {
    ERR_clear_error();
    const KeyPair own = key_pair(private_a);
    const PublicKey valid{octets32(public_b_x), octets32(public_b_y)};
    REQUIRE(is_valid(valid));
    PublicKey key = valid;

    SUBCASE("the y coordinate set to zero, as in the attack on fixed coordinates") { key.y = {}; }
    SUBCASE("the coordinates exchanged") { std::swap(key.x, key.y); }
    SUBCASE("any bit of y changed") { key.y[31] ^= 1; }
    SUBCASE("any bit of x changed") { key.x[0] ^= 0x80; }
    SUBCASE("zeros, as for the point at infinity") { key = {}; }
    SUBCASE("ones") { key = {octets32(all_ones), octets32(all_ones)}; }
    SUBCASE("a point of the curve with x not reduced by the prime") {
        const auto y =
            octets32("459243b9 aa581806 fe913bce 99817ade 11ca503c 64d9a3c5 33415c08 3248fbcc");
        PublicKey reduced{{}, y};
        reduced.x[31] = 5;
        REQUIRE(is_valid(reduced));
        key = {octets32("ffffffff 00000001 00000000 00000000 00000001 00000000 00000000 00000004"),
               y};
    }
    CHECK_FALSE(is_valid(key));
    CHECK_FALSE(own.shared_secret(key));
    CHECK(ERR_peek_error() == 0);
}
