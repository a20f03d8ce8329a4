// SPDX-License-Identifier: MIT
#include "crypto/p256.hpp"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include <algorithm>
#include <memory>

#include "crypto/libcrypto.hpp"

namespace bluetooth::crypto {
namespace {

constexpr const char* p256 = "the curve P-256";

struct Free {
    void operator()(EC_GROUP* group) const noexcept { EC_GROUP_free(group); }
    void operator()(EC_POINT* point) const noexcept { EC_POINT_clear_free(point); }
    void operator()(BIGNUM* number) const noexcept { BN_clear_free(number); }
    void operator()(BN_CTX* scratch) const noexcept { BN_CTX_free(scratch); }
};
template <class T> using Owned = std::unique_ptr<T, Free>;

const EC_GROUP* curve() {
    static const Owned<EC_GROUP> group{EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)};
    require(group != nullptr, p256);
    return group.get();
}

Owned<BN_CTX> new_scratch() {
    Owned<BN_CTX> scratch{BN_CTX_secure_new()};
    require(scratch != nullptr, p256);
    return scratch;
}
Owned<EC_POINT> new_point() {
    Owned<EC_POINT> point{EC_POINT_new(curve())};
    require(point != nullptr, p256);
    return point;
}

// SEC 1 2.3.3: 04, x, y
constexpr std::uint8_t uncompressed = 0x04;
using EncodedPoint = std::array<std::uint8_t, 65>;

// Nothing where a coordinate is not below the prime or the point is not on the curve. The cofactor
// is 1 and infinity has no coordinates, so every point left has the order of the group.
Owned<EC_POINT> decode_point(const PublicKey& key, BN_CTX* scratch) {
    EncodedPoint encoded{uncompressed};
    std::ranges::copy(key.x, encoded.begin() + 1);
    std::ranges::copy(key.y, encoded.begin() + 33);
    Owned<EC_POINT> point = new_point();
    const KeepErrorQueue keep;
    if (EC_POINT_oct2point(curve(), point.get(), encoded.data(), encoded.size(), scratch) != 1)
        return nullptr;
    return point;
}

Owned<BIGNUM> to_number(const PrivateKey& key) {
    Owned<BIGNUM> number{BN_secure_new()};
    require(
        number != nullptr && BN_bin2bn(key.octets().data(), static_cast<int>(key.octets().size()),
                                       number.get()) != nullptr,
        p256);
    BN_set_flags(number.get(), BN_FLG_CONSTTIME);
    return number;
}

}  // namespace

bool is_valid(const PublicKey& key) { return decode_point(key, new_scratch().get()) != nullptr; }

KeyPair KeyPair::generate(RandomSource& random) {
    // A draw is out of range once in 2^32 times: a source that fails this often is broken.
    for (int attempt = 0; attempt < 16; ++attempt) {
        PrivateKey key;
        random.fill(key.octets());
        if (const auto pair = from_private(key)) return *pair;
    }
    throw std::runtime_error("the random source yields no usable P-256 private key");
}

std::optional<KeyPair> KeyPair::from_private(const PrivateKey& key) {
    const Owned<BN_CTX> scratch = new_scratch();
    const Owned<BIGNUM> number = to_number(key);
    if (BN_is_zero(number.get()) || BN_cmp(number.get(), EC_GROUP_get0_order(curve())) >= 0)
        return std::nullopt;
    const Owned<EC_POINT> point = new_point();
    EncodedPoint encoded{};
    require(
        EC_POINT_mul(curve(), point.get(), number.get(), nullptr, nullptr, scratch.get()) == 1 &&
            EC_POINT_point2oct(curve(), point.get(), POINT_CONVERSION_UNCOMPRESSED, encoded.data(),
                               encoded.size(), scratch.get()) == encoded.size(),
        p256);
    PublicKey public_key;
    std::copy_n(encoded.begin() + 1, 32, public_key.x.begin());
    std::copy_n(encoded.begin() + 33, 32, public_key.y.begin());
    return KeyPair{key, public_key};
}

std::optional<DhKey> KeyPair::shared_secret(const PublicKey& peer) const {
    const Owned<BN_CTX> scratch = new_scratch();
    const Owned<EC_POINT> peer_point = decode_point(peer, scratch.get());
    if (peer_point == nullptr) return std::nullopt;
    const Owned<BIGNUM> number = to_number(private_key_);
    const Owned<EC_POINT> shared = new_point();
    const Owned<BIGNUM> x{BN_secure_new()};
    DhKey key;
    require(
        x != nullptr &&
            EC_POINT_mul(curve(), shared.get(), nullptr, peer_point.get(), number.get(),
                         scratch.get()) == 1 &&
            EC_POINT_get_affine_coordinates(curve(), shared.get(), x.get(), nullptr,
                                            scratch.get()) == 1 &&
            BN_bn2binpad(x.get(), key.octets().data(), static_cast<int>(key.octets().size())) == 32,
        p256);
    return key;
}

}  // namespace bluetooth::crypto
