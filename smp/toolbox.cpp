// SPDX-License-Identifier: MIT
#include "smp/toolbox.hpp"

#include <algorithm>
#include <cstddef>

#include "crypto/secret.hpp"

namespace bluetooth::smp {
namespace {

Block exclusive_or(Block a, const Block& b) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] ^= b[i];
    return a;
}

/// The 56 bits of an address with its kind (2.2.7).
std::array<std::uint8_t, 7> octets_of(const TypedAddress& address) {
    std::array<std::uint8_t, 7> octets{address.type_bit()};
    std::ranges::copy(address.address.display(), octets.begin() + 1);
    return octets;
}

template <class... Parts> Block cmac(const Key& key, const Parts&... parts) {
    crypto::AesCmac mac{key};
    (mac.update(Bytes{parts}), ...);
    return mac.finish();
}

template <std::size_t N, class Iterator>
Iterator put_reversed(const std::array<std::uint8_t, N>& octets, Iterator out) {
    return std::ranges::copy(crypto::reversed(octets), out).out;
}

}  // namespace

Block c1(const Key& k, const Block& r, const FeaturePdu& request, const FeaturePdu& response,
         const TypedAddress& initiator, const TypedAddress& responder) {
    Block p1{};
    auto at = put_reversed(response, p1.begin());
    at = put_reversed(request, at);
    *at++ = responder.type_bit();
    *at = initiator.type_bit();
    Block p2{};
    const auto behind_padding = std::ranges::copy(initiator.address.display(), p2.begin() + 4).out;
    std::ranges::copy(responder.address.display(), behind_padding);
    crypto::Aes128 aes{k};
    return aes.encrypt(exclusive_or(aes.encrypt(exclusive_or(r, p1)), p2));
}

Key s1(const Key& k, const Block& r1, const Block& r2) {
    Block r{};
    std::copy_n(r1.begin() + 8, 8, r.begin());
    std::copy_n(r2.begin() + 8, 8, r.begin() + 8);
    return Key{crypto::e(k, r)};
}

Block f4(const Coordinate& u, const Coordinate& v, const Block& x, std::uint8_t z) {
    return cmac(Key{x}, u, v, std::array{z});
}

MacKeyAndLtk f5(const crypto::DhKey& w, const Block& n1, const Block& n2, const TypedAddress& a1,
                const TypedAddress& a2) {
    static const Key salt{{0x6c, 0x88, 0x83, 0x91, 0xaa, 0xf5, 0xa5, 0x38, 0x60, 0x37, 0x0b, 0xdb,
                           0x5a, 0x60, 0x83, 0xbe}};
    constexpr std::array<std::uint8_t, 4> key_id{0x62, 0x74, 0x6c, 0x65};  // "btle"
    constexpr std::array<std::uint8_t, 2> length{0x01, 0x00};              // of the result, in bits
    const Key t{cmac(salt, w.octets())};
    const auto part = [&](std::uint8_t counter) {
        return Key{
            cmac(t, std::array{counter}, key_id, n1, n2, octets_of(a1), octets_of(a2), length)};
    };
    return {part(0), part(1)};
}

Block f6(const Key& w, const Block& n1, const Block& n2, const Block& r,
         const std::array<std::uint8_t, 3>& io_cap, const TypedAddress& a1,
         const TypedAddress& a2) {
    return cmac(w, n1, n2, r, io_cap, octets_of(a1), octets_of(a2));
}

std::uint32_t g2(const Coordinate& u, const Coordinate& v, const Block& x, const Block& y) {
    const Block mac = cmac(Key{x}, u, v, y);
    std::uint32_t value = 0;
    for (std::size_t i = 12; i < 16; ++i) value = value << 8 | mac[i];
    return value;
}

Key h6(const Key& w, const std::array<std::uint8_t, 4>& key_id) { return Key{cmac(w, key_id)}; }
Key h7(const Key& salt, const Key& w) { return Key{cmac(salt, w.octets())}; }

Key masked(Key key, std::uint8_t key_size) {
    const std::size_t surplus = key_size < key.octets().size() ? key.octets().size() - key_size : 0;
    std::fill_n(key.octets().begin(), surplus, std::uint8_t{0});
    return key;
}

}  // namespace bluetooth::smp
