// SPDX-License-Identifier: MIT
// Peers whose keys are known, resolved by the host.
#include <doctest/doctest.h>

#include <cstdint>
#include <optional>

#include "tests/gap/privacy_script.hpp"

using namespace bluetooth;
using namespace bluetooth::gap;
using namespace bluetooth::gap::test;

namespace {

using Fixture = PrivacyScript;

const Identity a{AddressType::public_device, address("00:AA:00:00:00:0A")};
const Identity b{AddressType::random_device, address("C0:00:00:00:00:0B")};

Identity numbered(std::uint32_t number) {
    return {AddressType::public_device,
            Address::from_wire({static_cast<std::uint8_t>(number),
                                static_cast<std::uint8_t>(number >> 8), 0, 0, 0xaa, 0})};
}
crypto::Key numbered_key(std::uint32_t number) {
    crypto::Key key;
    key.octets()[0] = 1;
    key.octets()[15] = static_cast<std::uint8_t>(number);
    key.octets()[14] = static_cast<std::uint8_t>(number >> 8);
    return key;
}

std::optional<Identity> resolve(Fixture& f, const Address& address) {
    return f.privacy.resolve(AddressType::random_device, address);
}

}  // namespace

TEST_CASE(
    "privacy resolution: the specification's sample address is its key's, and nobody else's") {
    Fixture f;
    f.add(a);
    f.add(b, false, counting_irk);
    CHECK(resolve(f, sample_rpa) == a);
    CHECK(resolve(f, second_rpa) == a);
    CHECK(resolve(f, counting_rpa) == b);
    CHECK_FALSE(resolve(f, address("70:81:94:0D:FB:AB")));
    for (int i = 0; i < 2; ++i) {
        CHECK(resolve(f, sample_rpa) == a);
        CHECK_FALSE(resolve(f, address("70:81:94:0D:FB:AB")));
    }
}

TEST_CASE("privacy resolution: only random addresses of the resolvable kind are resolved") {
    Fixture f;
    f.add(a);
    CHECK_FALSE(f.privacy.resolve(AddressType::public_device, sample_rpa));
    CHECK_FALSE(f.privacy.resolve(AddressType::public_identity, sample_rpa));
    CHECK_FALSE(f.privacy.resolve(AddressType::unknown, sample_rpa));
    CHECK_FALSE(resolve(f, b.address));
    CHECK_FALSE(resolve(f, address("30:81:94:0D:FB:AA")));
    CHECK_FALSE(resolve(f, address("B0:81:94:0D:FB:AA")));
}

TEST_CASE("privacy resolution: what was found out is forgotten when peers change") {
    Fixture f;
    CHECK_FALSE(resolve(f, sample_rpa));
    f.add(a);
    CHECK(resolve(f, sample_rpa) == a);
    f.privacy.remove_peer(f.context(), a);
    CHECK_FALSE(resolve(f, sample_rpa));
    f.add(b);
    CHECK(resolve(f, sample_rpa) == b);
    f.add(b, false, counting_irk);
    CHECK_FALSE(resolve(f, sample_rpa));
    f.privacy.clear(f.context());
    CHECK_FALSE(resolve(f, counting_rpa));
}

TEST_CASE("privacy resolution: a crowd does not crowd out what is right") {
    Fixture f;
    f.add(a);
    for (std::uint32_t round = 0; round < 3; ++round) {
        for (std::uint32_t i = 0; i < 200; ++i) {
            const auto octet = static_cast<std::uint8_t>(i);
            CHECK_FALSE(resolve(f, Address::from_wire({octet, 0xff, 0xff, 1, 1, 0x41})));
        }
        CHECK(resolve(f, sample_rpa) == a);
        CHECK(resolve(f, second_rpa) == a);
    }
}

TEST_CASE(
    "privacy resolution: the cache asks once for an address, as long as 64 others do not come") {
    ResolutionCache cache;
    int asked = 0;
    const auto get = [&](std::uint8_t number, std::optional<Identity> answer) {
        return cache.get(Address::from_wire({number, 0, 0, 0, 0, 0x40}), [&] {
            ++asked;
            return answer;
        });
    };
    for (int round = 0; round < 2; ++round)
        for (std::uint8_t i = 0; i < 64; ++i)
            CHECK(get(i, i == 0 ? std::optional{a} : std::nullopt) ==
                  (i == 0 ? std::optional{a} : std::nullopt));
    CHECK(asked == 64);
    CHECK(get(0, b) == a);
    CHECK(get(64, b) == b);  // in the place of 1, which was asked for longest ago
    CHECK(asked == 65);
    CHECK(get(0, b) == a);
    CHECK(asked == 65);
    CHECK(get(1, b) == b);
    CHECK(asked == 66);
    cache.clear();
    CHECK(get(0, b) == b);
    CHECK(asked == 67);
}

TEST_CASE("privacy resolution: there is room for 256, all of whom are resolved") {
    Fixture f;
    f.restore(2);
    for (std::uint32_t i = 0; i < 256; ++i) f.add(numbered(i), false, numbered_key(i));
    CHECK(f.privacy.add_peer(f.context(), b, sample_irk, false) == errc::no_buffers);
    f.add(numbered(7), false, numbered_key(7));  // in the place of its former self
    f.add(b, false, crypto::Key{});              // nobody
    for (const std::uint32_t i : {0u, 7u, 100u, 255u}) {
        crypto::IdentityResolver resolver{numbered_key(i)};
        CHECK(resolve(f, resolver.generate({0x41, 2, 3})) == numbered(i));
    }
    const Lines sent = f.pause();
    CHECK(sent.size() == 3);
    CHECK(f.privacy.in_controller_list(numbered(7)));
    CHECK(f.privacy.in_controller_list(numbered(255)));
    f.privacy.clear(f.context());
    CHECK(f.pause() == Lines{disable_resolution, clear_list});
    f.add(b);
    CHECK(resolve(f, sample_rpa) == b);
}
