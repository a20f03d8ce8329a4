// SPDX-License-Identifier: MIT
#include "smp/bond.hpp"

#include <algorithm>
#include <functional>
#include <string_view>
#include <vector>

#include "tests/support/hex.hpp"

using namespace bluetooth;
using namespace bluetooth::smp;
using bluetooth::test::hex;
using bluetooth::test::Octets;

namespace {

crypto::Key key(std::uint8_t first, std::size_t size = 16) {
    crypto::Key key;
    for (std::size_t i = 16 - size; i < 16; ++i)
        key.octets()[i] = static_cast<std::uint8_t>(first + i);
    return key;
}

Bond legacy_bond() {
    return {.peer_type = AddressType::random_device,
            .peer = Address::from_display({0xc0, 0x11, 0x22, 0x33, 0x44, 0x55}),
            .strength = {.authenticated = true, .key_size = 9},
            .device_privacy = true,
            .ours = {.ltk = LongTermKey{key(0x10, 9), 0x1234, {1, 2, 3, 4, 5, 6, 7, 8}},
                     .irk = {},
                     .csrk = key(0x20),
                     .sign_counter = 0x0102'0304},
            .peers = {.ltk = LongTermKey{key(0x30, 9), 0x5678, {8, 7, 6, 5, 4, 3, 2, 1}},
                      .irk = key(0x40),
                      .csrk = key(0x50),
                      .sign_counter = 7}};
}

Bond secure_bond() {
    const LongTermKey ltk{key(0x60), 0, {}};
    return {.peer_type = AddressType::public_device,
            .peer = Address::from_display({0x00, 0xaa, 0x01, 0x02, 0x03, 0x04}),
            .strength = {.secure_connections = true, .key_size = 16},
            .device_privacy = false,
            .ours = {.ltk = ltk, .irk = {}, .csrk = {}, .sign_counter = 0},
            .peers = {.ltk = ltk, .irk = key(0x70), .csrk = {}, .sign_counter = 0}};
}

BondKey key_of(const Bond& bond) { return bond_key(bond.peer_type, bond.peer); }

std::optional<Bond> decode(const BondKey& key, const Secret& ours, const Secret& peers) {
    return decode_bond(key, Bytes{ours.octets()}, Bytes{peers.octets()});
}
std::optional<Bond> round_trip(const Bond& bond) {
    return decode(key_of(bond), encode_our_keys(bond), encode_peer_keys(bond));
}

/// A half after a change of its octets, with a check that is right again.
Secret changed(const Secret& half, std::size_t at, std::uint8_t octet) {
    Secret result = half;
    result.octets()[at] = octet;
    const crypto::Key check_key{
        {'a', 's', 'i', 'o', 'b', 'l', 'e', ' ', 'b', 'o', 'n', 'd', ' ', 'k', 'e', 'y'}};
    const auto code = crypto::aes_cmac(check_key, Bytes{result.octets()}.first(72));
    std::copy_n(code.begin(), 8, result.octets().begin() + 72);
    return result;
}

}  // namespace

TEST_CASE("smp bond: the name of a peer is its identity address") {
    const Address address = Address::from_display({0xc0, 0x11, 0x22, 0x33, 0x44, 0x55});
    CHECK(Bytes{bond_key(AddressType::random_device, address)} == hex("01 55 44 33 22 11 c0"));
    CHECK(Bytes{bond_key(AddressType::random_identity, address)} == hex("01 55 44 33 22 11 c0"));
    CHECK(Bytes{bond_key(AddressType::public_device, address)} == hex("00 55 44 33 22 11 c0"));
    CHECK(Bytes{bond_key(AddressType::public_identity, address)} == hex("00 55 44 33 22 11 c0"));
}

TEST_CASE("smp bond: what is stored stays readable by later versions") {
    // The checks are what `openssl mac` says.
    const Bond legacy = legacy_bond();
    CHECK(Bytes{encode_our_keys(legacy).octets()} ==
          hex("01 2e 09 01 | 55 44 33 22 11 c0 | 34 12 | 01 02 03 04 05 06 07 08"
              "00 00 00 00 00 00 00 17 18 19 1a 1b 1c 1d 1e 1f"
              "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
              "20 21 22 23 24 25 26 27 28 29 2a 2b 2c 2d 2e 2f"
              "04 03 02 01 | 8a 7c 06 18 a4 f2 40 91"));
    CHECK(Bytes{encode_peer_keys(legacy).octets()} ==
          hex("01 be 09 01 | 55 44 33 22 11 c0 | 78 56 | 08 07 06 05 04 03 02 01"
              "00 00 00 00 00 00 00 37 38 39 3a 3b 3c 3d 3e 3f"
              "40 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f"
              "50 51 52 53 54 55 56 57 58 59 5a 5b 5c 5d 5e 5f"
              "07 00 00 00 | 0d 51 67 a1 3f c7 9e 28"));
    CHECK(Bytes{encode_peer_keys(secure_bond()).octets()} ==
          hex("01 99 10 00 | 04 03 02 01 aa 00 | 00 00 | 00 00 00 00 00 00 00 00"
              "60 61 62 63 64 65 66 67 68 69 6a 6b 6c 6d 6e 6f"
              "70 71 72 73 74 75 76 77 78 79 7a 7b 7c 7d 7e 7f"
              "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
              "00 00 00 00 | ea 0b 10 c5 b7 27 db 0d"));
}

TEST_CASE("smp bond: two halves make the bond again") {
    CHECK(round_trip(legacy_bond()) == legacy_bond());
    CHECK(round_trip(secure_bond()) == secure_bond());
}

TEST_CASE("smp bond: any one key makes a legacy bond, none makes no bond") {
    const Bond full = legacy_bond();
    for (unsigned which = 0; which < 32; ++which) {
        CAPTURE(which);
        Bond bond = full;
        bond.ours = bond.peers = {};
        bond.device_privacy = false;
        if ((which & 1) != 0) bond.ours.ltk = full.ours.ltk;
        if ((which & 2) != 0) bond.ours.csrk = full.ours.csrk;
        if ((which & 4) != 0) bond.peers.ltk = full.peers.ltk;
        if ((which & 8) != 0) bond.peers.irk = full.peers.irk;
        if ((which & 16) != 0) bond.peers.csrk = full.peers.csrk;
        const auto decoded = round_trip(bond);
        CHECK(decoded.has_value() == (which != 0));
        if (decoded) CHECK(*decoded == bond);
    }
}

TEST_CASE("smp bond: every sign counter is kept, also the one after the last") {
    for (const std::uint64_t counter : {std::uint64_t{0}, std::uint64_t{1},
                                        std::uint64_t{0xffff'ffff}, std::uint64_t{0x1'0000'0000}}) {
        Bond bond = legacy_bond();
        bond.ours.sign_counter = bond.peers.sign_counter = counter;
        CHECK(round_trip(bond) == bond);
    }
}

TEST_CASE("smp bond: all key sizes that pairing allows, and no other") {
    for (unsigned size = 0; size < 256; ++size) {
        CAPTURE(size);
        for (Bond bond : {legacy_bond(), secure_bond()}) {
            bond.strength.key_size = static_cast<std::uint8_t>(size);
            if (size <= 16) bond.ours.ltk->value = key(0x10, size);
            bond.peers.ltk->value = bond.ours.ltk->value;
            CHECK(round_trip(bond).has_value() == (size >= 7 && size <= 16));
        }
    }
}

TEST_CASE("smp bond: our own IRK is not stored with each peer") {
    Bond bond = secure_bond();
    bond.ours.irk = key(0x01);
    CHECK(round_trip(bond) == secure_bond());
}

TEST_CASE("smp bond: a half that was cut off, has grown or is missing is refused") {
    const Bond bond = legacy_bond();
    const Octets ours{Bytes{encode_our_keys(bond).octets()}};
    const Octets peers{Bytes{encode_peer_keys(bond).octets()}};
    for (std::size_t size = 0; size < secret_size; ++size) {
        CHECK_FALSE(decode_bond(key_of(bond), Bytes{ours}.first(size), peers));
        CHECK_FALSE(decode_bond(key_of(bond), ours, Bytes{peers}.first(size)));
    }
    Octets longer = ours;
    longer.push_back(0);
    CHECK_FALSE(decode_bond(key_of(bond), longer, peers));
    CHECK_FALSE(decode_bond(key_of(bond), {}, {}));
}

TEST_CASE("smp bond: every wrong bit is found") {
    for (const Bond& bond : {legacy_bond(), secure_bond()}) {
        const Secret ours = encode_our_keys(bond);
        const Secret peers = encode_peer_keys(bond);
        for (std::size_t bit = 0; bit < 8 * secret_size; ++bit) {
            CAPTURE(bit);
            const auto mask = static_cast<std::uint8_t>(1 << bit % 8);
            Secret damaged = ours;
            damaged.octets()[bit / 8] ^= mask;
            CHECK_FALSE(decode(key_of(bond), damaged, peers));
            damaged = peers;
            damaged.octets()[bit / 8] ^= mask;
            CHECK_FALSE(decode(key_of(bond), ours, damaged));
        }
        for (std::size_t bit = 0; bit < 8 * sizeof(BondKey); ++bit) {
            BondKey other = key_of(bond);
            other[bit / 8] = static_cast<std::uint8_t>(other[bit / 8] ^ 1 << bit % 8);
            CHECK_FALSE(decode(other, ours, peers));
        }
    }
}

TEST_CASE("smp bond: the halves must be one of each kind and of one bond") {
    const Bond bond = secure_bond();
    const BondKey name = key_of(bond);
    const Secret ours = encode_our_keys(bond);
    const Secret peers = encode_peer_keys(bond);
    CHECK_FALSE(decode(name, peers, ours));
    CHECK_FALSE(decode(name, ours, ours));
    CHECK_FALSE(decode(name, peers, peers));

    const std::vector<std::function<void(Bond&)>> changes{
        [](Bond& other) { other.peer.octets[0] ^= 1; },
        [](Bond& other) { other.peer_type = AddressType::random_device; },
        [](Bond& other) { other.strength.authenticated = true; },
        [](Bond& other) { other.strength.secure_connections = false; },
        [](Bond& other) { other.strength.key_size = 15; },
        [](Bond& other) { other.device_privacy = true; },
        [](Bond& other) { other.ours.ltk->value.octets()[3] ^= 1; },
        [](Bond& other) { other.ours.ltk.reset(); },
    };
    for (std::size_t i = 0; i < changes.size(); ++i) {
        CAPTURE(i);
        Bond other = bond;
        changes[i](other);
        CHECK_FALSE(decode(name, encode_our_keys(other), peers));
        CHECK_FALSE(decode(key_of(other), encode_our_keys(other), peers));
    }
}

TEST_CASE("smp bond: what no pairing leads to is refused") {
    struct {
        std::string_view what;
        Bond from;
        std::function<void(Bond&)> change;
    } const cases[] = {
        {"a public address of unknown kind", legacy_bond(),
         [](Bond& bond) { bond.peer_type = AddressType::unknown; }},
        {"a resolvable private address", legacy_bond(),
         [](Bond& bond) { bond.peer.octets[5] = 0x40; }},
        {"a non-resolvable private address", legacy_bond(),
         [](Bond& bond) { bond.peer.octets[5] = 0x00; }},
        {"an LTK of zeros", legacy_bond(), [](Bond& bond) { bond.ours.ltk->value = {}; }},
        {"an LTK of zeros of the peer", legacy_bond(),
         [](Bond& bond) { bond.peers.ltk->value = {}; }},
        {"an LTK that is longer than the key size", legacy_bond(),
         [](Bond& bond) { bond.peers.ltk->value.octets()[6] = 1; }},
        {"device privacy without an IRK", legacy_bond(),
         [](Bond& bond) { bond.peers.irk.reset(); }},
        {"Secure Connections with a diversifier", secure_bond(),
         [](Bond& bond) {
             bond.ours.ltk->encrypted_diversifier = bond.peers.ltk->encrypted_diversifier = 1;
         }},
        {"Secure Connections with a random number", secure_bond(),
         [](Bond& bond) {
             bond.ours.ltk->random_number[7] = bond.peers.ltk->random_number[7] = 1;
         }},
        {"Secure Connections with two LTKs", secure_bond(),
         [](Bond& bond) { bond.peers.ltk->value = key(0x61); }},
        {"Secure Connections without an LTK", secure_bond(),
         [](Bond& bond) {
             bond.ours.ltk.reset();
             bond.peers.ltk.reset();
         }},
    };
    for (const auto& example : cases) {
        CAPTURE(example.what);
        Bond bond = example.from;
        CHECK(round_trip(bond));
        example.change(bond);
        CHECK_FALSE(round_trip(bond));
    }
}

TEST_CASE("smp bond: octets that nothing explains are refused, whatever their check says") {
    Bond bond = secure_bond();
    bond.peers.irk.reset();  // neither IRK nor CSRK
    const Secret ours = encode_our_keys(bond);
    const Secret peers = encode_peer_keys(bond);
    REQUIRE(decode(key_of(bond), changed(ours, 0, 1), changed(peers, 0, 1)));
    CHECK_FALSE(decode(key_of(bond), changed(ours, 0, 2), peers));  // a later version
    for (std::size_t at = 36; at < 72; ++at) {  // where IRK, CSRK and counter would be
        CAPTURE(at);
        CHECK_FALSE(decode(key_of(bond), changed(ours, at, 1), peers));
        CHECK_FALSE(decode(key_of(bond), ours, changed(peers, at, 1)));
    }
    const std::uint8_t our_flags = ours.octets()[1];
    for (const int flag : {0x10, 0x40, 0x50}) {  // an IRK of ours; no counters without a CSRK
        CAPTURE(flag);
        CHECK_FALSE(decode(key_of(bond),
                           changed(ours, 1, static_cast<std::uint8_t>(our_flags | flag)), peers));
    }
    const Bond signing = legacy_bond();  // counters at once at 7 and used up
    const Secret signer = encode_peer_keys(signing);
    CHECK_FALSE(decode(key_of(signing), encode_our_keys(signing),
                       changed(signer, 1, static_cast<std::uint8_t>(signer.octets()[1] | 0x40))));
    Bond keyless = legacy_bond();  // names of an LTK that is not there
    keyless.ours.ltk.reset();
    CHECK_FALSE(decode(key_of(keyless), changed(encode_our_keys(keyless), 10, 1),
                       encode_peer_keys(keyless)));
}
