// SPDX-License-Identifier: MIT
#include "smp/bond.hpp"

#include <algorithm>
#include <type_traits>

#include "base/pdu.hpp"

namespace bluetooth::smp {
namespace {

constexpr std::uint8_t format_version = 1;
constexpr std::size_t check_size = 8;
constexpr std::size_t checked_size = secret_size - check_size;
constexpr std::uint64_t sign_counters = std::uint64_t{1} << 32;

// The bits of `StoredHalf::flags`.
constexpr std::uint8_t flag_secure_connections = 0x01;
constexpr std::uint8_t flag_authenticated = 0x02;
constexpr std::uint8_t flag_device_privacy = 0x04;
constexpr std::uint8_t flag_ltk = 0x08;
constexpr std::uint8_t flag_irk = 0x10;
constexpr std::uint8_t flag_csrk = 0x20;
constexpr std::uint8_t flag_counters_used_up = 0x40;  ///< the sign counter is 2^32, written as 0
constexpr std::uint8_t flag_of_peer = 0x80;  ///< so that halves are never taken for another

// What both halves of a bond say of the pairing.
constexpr std::uint8_t flags_in_common =
    flag_secure_connections | flag_authenticated | flag_device_privacy;

/// One half as it is stored. Numbers are little endian; keys have their most significant octet
/// first. What is not there is zero.
struct StoredHalf {
    std::uint8_t version = format_version;
    std::uint8_t flags = 0;
    std::uint8_t key_size = 0;
    AddressType peer_type{};
    Address peer;
    std::uint16_t encrypted_diversifier = 0;
    std::array<std::uint8_t, 8> random_number{};
    crypto::Block ltk{};
    crypto::Block irk{};
    crypto::Block csrk{};
    std::uint32_t sign_counter = 0;
    std::array<std::uint8_t, check_size> check{};
    BT_FIELDS(StoredHalf, version, flags, key_size, peer_type, peer, encrypted_diversifier,
              random_number, ltk, irk, csrk, sign_counter, check);

    constexpr ~StoredHalf() {
        if (std::is_constant_evaluated()) return;
        crypto::cleanse(ltk);
        crypto::cleanse(irk);
        crypto::cleanse(csrk);
    }
    bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};
static_assert(fixed_size<StoredHalf>() == secret_size);

/// Whether the octets are those that were written. Finds accidents only: everybody knows this key.
std::array<std::uint8_t, check_size> check_of(Bytes half) {
    static constexpr crypto::Block key{'a', 's', 'i', 'o', 'b', 'l', 'e', ' ',
                                       'b', 'o', 'n', 'd', ' ', 'k', 'e', 'y'};
    const crypto::Block code = crypto::aes_cmac(crypto::Key{key}, half.first(checked_size));
    std::array<std::uint8_t, check_size> check;
    std::copy_n(code.begin(), check_size, check.begin());
    return check;
}

/// A bond is with an identity, however HCI came to know it (Vol 4 Part E 7.8.12).
AddressType identity_type(AddressType type) {
    switch (type) {
    case AddressType::public_identity: return AddressType::public_device;
    case AddressType::random_identity: return AddressType::random_device;
    default: return type;
    }
}

Secret encode_half(const Bond& bond, const DistributedKeys& keys, std::uint8_t flags) {
    StoredHalf half;
    half.flags = flags;
    if (bond.strength.secure_connections) half.flags |= flag_secure_connections;
    if (bond.strength.authenticated) half.flags |= flag_authenticated;
    if (bond.device_privacy) half.flags |= flag_device_privacy;
    half.key_size = bond.strength.key_size;
    half.peer_type = identity_type(bond.peer_type);
    half.peer = bond.peer;
    if (keys.ltk) {
        half.flags |= flag_ltk;
        half.encrypted_diversifier = keys.ltk->encrypted_diversifier;
        half.random_number = keys.ltk->random_number;
        half.ltk = keys.ltk->value.octets();
    }
    if (keys.irk) {
        half.flags |= flag_irk;
        half.irk = keys.irk->octets();
    }
    if (keys.csrk) {
        half.flags |= flag_csrk;
        half.csrk = keys.csrk->octets();
        if (keys.sign_counter < sign_counters)
            half.sign_counter = static_cast<std::uint32_t>(keys.sign_counter);
        else
            half.flags |= flag_counters_used_up;
    }
    Secret secret;
    encode_fields(half, secret.octets());
    const auto check = check_of(secret.octets());
    std::ranges::copy(check, secret.octets().begin() + checked_size);
    return secret;
}

bool all_zero(Bytes octets) {
    return std::ranges::all_of(octets, [](std::uint8_t octet) { return octet == 0; });
}

/// An LTK of a smaller size has lost its most significant octets (Vol 3 Part H 2.3.4).
bool valid_ltk(const StoredHalf& half) {
    const Bytes ltk{half.ltk};
    const bool named = half.encrypted_diversifier != 0 || !all_zero(Bytes{half.random_number});
    if (!half.has(flag_ltk)) return all_zero(ltk) && !named;
    if (all_zero(ltk) || !all_zero(ltk.first(ltk.size() - half.key_size))) return false;
    return !(half.has(flag_secure_connections) && named);
}

bool valid_counter(const StoredHalf& half) {
    if (!half.has(flag_csrk)) return half.sign_counter == 0 && !half.has(flag_counters_used_up);
    return half.sign_counter == 0 || !half.has(flag_counters_used_up);
}

bool valid(const StoredHalf& half) {
    // Vol 3 Part H 2.3.4: encryption key sizes
    return half.version == format_version && half.key_size >= 7 && half.key_size <= 16 &&
           is_identity_address(half.peer_type, half.peer) && valid_ltk(half) &&
           (half.has(flag_irk) || all_zero(Bytes{half.irk})) &&
           (half.has(flag_csrk) || all_zero(Bytes{half.csrk})) && valid_counter(half);
}

std::optional<StoredHalf> decode_half(Bytes octets) {
    if (octets.size() != secret_size) return std::nullopt;
    auto half = decode_fields<StoredHalf>(octets);
    if (!half || half->check != check_of(octets) || !valid(*half)) return std::nullopt;
    return half;
}

/// Whether two halves that are valid each for itself make one bond.
bool fit(const StoredHalf& ours, const StoredHalf& peers) {
    if (ours.has(flag_of_peer) || !peers.has(flag_of_peer)) return false;
    if (ours.peer_type != peers.peer_type || ours.peer != peers.peer) return false;
    if (ours.key_size != peers.key_size) return false;
    if (((ours.flags ^ peers.flags) & flags_in_common) != 0) return false;
    if (ours.has(flag_irk)) return false;
    if (peers.has(flag_device_privacy) && !peers.has(flag_irk)) return false;
    // Both sides have made one LTK (Vol 3 Part H 2.4.2.1).
    if (ours.has(flag_secure_connections))
        return ours.has(flag_ltk) && peers.has(flag_ltk) &&
               crypto::equal(Bytes{ours.ltk}, Bytes{peers.ltk});
    return ((ours.flags | peers.flags) & (flag_ltk | flag_irk | flag_csrk)) != 0;
}

DistributedKeys keys_of(const StoredHalf& half) {
    DistributedKeys keys;
    if (half.has(flag_ltk))
        keys.ltk = {crypto::Key{half.ltk}, half.encrypted_diversifier, half.random_number};
    if (half.has(flag_irk)) keys.irk = crypto::Key{half.irk};
    if (half.has(flag_csrk)) keys.csrk = crypto::Key{half.csrk};
    keys.sign_counter = half.has(flag_counters_used_up) ? sign_counters : half.sign_counter;
    return keys;
}

}  // namespace

BondKey bond_key(AddressType type, const Address& address) {
    BondKey key;
    key[0] = static_cast<std::uint8_t>(identity_type(type));
    std::ranges::copy(address.wire(), key.begin() + 1);
    return key;
}

Secret encode_our_keys(const Bond& bond) {
    DistributedKeys ours = bond.ours;
    ours.irk.reset();  // stored once for all peers
    return encode_half(bond, ours, 0);
}

Secret encode_peer_keys(const Bond& bond) { return encode_half(bond, bond.peers, flag_of_peer); }

std::optional<BondKey> bond_key_of(Bytes half) {
    const auto decoded = decode_half(half);
    if (!decoded) return std::nullopt;
    return bond_key(decoded->peer_type, decoded->peer);
}

std::optional<Bond> decode_bond(const BondKey& key, Bytes our_keys, Bytes peer_keys) {
    const auto ours = decode_half(our_keys);
    const auto peers = decode_half(peer_keys);
    if (!ours || !peers || !fit(*ours, *peers)) return std::nullopt;
    if (bond_key(peers->peer_type, peers->peer) != key) return std::nullopt;
    return Bond{.peer_type = peers->peer_type,
                .peer = peers->peer,
                .strength = {.secure_connections = peers->has(flag_secure_connections),
                             .authenticated = peers->has(flag_authenticated),
                             .key_size = peers->key_size},
                .device_privacy = peers->has(flag_device_privacy),
                .ours = keys_of(*ours),
                .peers = keys_of(*peers)};
}

}  // namespace bluetooth::smp
