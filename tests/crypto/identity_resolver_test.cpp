// SPDX-License-Identifier: MIT
#include "crypto/identity_resolver.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace bluetooth;
using namespace bluetooth::crypto;

namespace {

// Vol 3 Part H Appendix D.7
const Key sample_irk{{0xec, 0x02, 0x34, 0xa3, 0x57, 0xc8, 0xad, 0x05,  //
                      0x34, 0x10, 0x10, 0xa6, 0x0a, 0x39, 0x7d, 0x9b}};
const Key other_irk{{0xec, 0x02, 0x34, 0xa3, 0x57, 0xc8, 0xad, 0x05,  //
                     0x34, 0x10, 0x10, 0xa6, 0x0a, 0x39, 0x7d, 0x9a}};

Address address(const char* text) { return Address::parse(text).value(); }

}  // namespace

TEST_CASE("identity resolver: ah gives the specification's sample data") {
    IdentityResolver resolver{sample_irk};
    CHECK(resolver.ah({0x70, 0x81, 0x94}) == Octets24{0x0d, 0xfb, 0xaa});
    CHECK(resolver.ah({0x70, 0x81, 0x94}) == Octets24{0x0d, 0xfb, 0xaa});
}

TEST_CASE("identity resolver: an address is prand, then its hash") {
    IdentityResolver resolver{sample_irk};
    const Address made = resolver.generate({0x70, 0x81, 0x94});
    CHECK(made == address("70:81:94:0D:FB:AA"));
    CHECK(made.wire() == std::array<std::uint8_t, 6>{0xaa, 0xfb, 0x0d, 0x94, 0x81, 0x70});
}

TEST_CASE("identity resolver: the kind of the address replaces the two highest random bits") {
    IdentityResolver resolver{sample_irk};
    constexpr std::uint8_t highest_octets[] = {0x30, 0x70, 0xb0, 0xf0};
    for (const std::uint8_t highest : highest_octets)
        CHECK(resolver.generate({highest, 0x81, 0x94}) == address("70:81:94:0D:FB:AA"));
}

TEST_CASE("identity resolver: random bits that are all equal make no address") {
    // Vol 6 Part B 1.3.2.2: at least one bit of the random part is 0, and at least one is 1
    IdentityResolver resolver{sample_irk};
    const Address from_zeros = resolver.generate({0x00, 0x00, 0x00});
    const Address from_ones = resolver.generate({0xff, 0xff, 0xff});
    CHECK(to_string(from_zeros).substr(0, 8) == "40:00:01");
    CHECK(to_string(from_ones).substr(0, 8) == "7F:FF:FE");
    CHECK(resolver.resolves(from_zeros));
    CHECK(resolver.resolves(from_ones));
}

TEST_CASE("identity resolver: an address is resolved by the key it was made with only") {
    IdentityResolver resolver{sample_irk};
    CHECK(resolver.resolves(address("70:81:94:0D:FB:AA")));
    CHECK_FALSE(IdentityResolver{other_irk}.resolves(address("70:81:94:0D:FB:AA")));
    for (const char* wrong : {"70:81:94:0D:FB:AB", "70:81:94:0C:FB:AA", "70:81:95:0D:FB:AA"})
        CHECK_FALSE(resolver.resolves(address(wrong)));
}

TEST_CASE("identity resolver: an address of another kind is resolved by no key") {
    IdentityResolver resolver{sample_irk};
    constexpr std::uint8_t highest_octets[] = {0x30, 0xb0, 0xf0};
    for (const std::uint8_t highest : highest_octets) {
        const Octets24 hash = resolver.ah({highest, 0x81, 0x94});
        CHECK_FALSE(resolver.resolves(
            Address::from_display({highest, 0x81, 0x94, hash[0], hash[1], hash[2]})));
    }
}
