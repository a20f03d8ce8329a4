// SPDX-License-Identifier: MIT
// Each PDU against octets put together by hand from Vol 3 Part H 3.5 and 3.6.
#include "smp/pdus.hpp"

#include <doctest/doctest.h>

#include <set>

#include "tests/support/hex.hpp"

using namespace bluetooth;
using namespace bluetooth::smp;
using bluetooth::test::hex;
using bluetooth::test::Octets;

namespace {

std::set<std::uint8_t> codes_checked;

/// `pdu` is these octets, and nothing shorter or longer is it.
template <class P> void check(const P& pdu, std::string_view text) {
    const Octets octets = hex(text);
    codes_checked.insert(P::code);
    std::array<std::uint8_t, max_pdu_size> room{};
    CHECK(Bytes{encode(pdu, room)} == Bytes{octets});
    CHECK(decode<P>(octets) == pdu);
    for (std::size_t size = 0; size < octets.size(); ++size)
        CHECK_FALSE(decode<P>(Bytes{octets}.first(size)));
    Octets longer = octets;
    longer.push_back(0);
    CHECK_FALSE(decode<P>(longer));
    CHECK_FALSE(Pdus::dispatch(longer, [](const auto&) {}));
    Octets other = octets;
    other[0] ^= 0x40;
    CHECK_FALSE(decode<P>(other));
}

Octets128 counting(std::uint8_t first) {
    Octets128 octets{};
    for (std::uint8_t& octet : octets) octet = first++;
    return octets;
}

}  // namespace

TEST_CASE("smp pdus: each has the octets of the specification and no other size") {
    codes_checked.clear();
    const Features features{
        IoCapability::keyboard_only, OobDataFlag::present, 0x1d, 16, 0x07, 0x02};
    check(PairingRequest{features}, "01 02 01 1d 10 07 02");
    check(PairingResponse{features}, "02 02 01 1d 10 07 02");
    check(PairingConfirm{counting(0x10)}, "03 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f");
    check(PairingRandom{counting(0x20)}, "04 20 21 22 23 24 25 26 27 28 29 2a 2b 2c 2d 2e 2f");
    check(PairingFailed{Reason::confirm_value_failed}, "05 04");
    check(EncryptionInformation{counting(0x30)},
          "06 30 31 32 33 34 35 36 37 38 39 3a 3b 3c 3d 3e 3f");
    check(CentralIdentification{0x1234, {1, 2, 3, 4, 5, 6, 7, 8}},
          "07 34 12 01 02 03 04 05 06 07 08");
    check(IdentityInformation{counting(0x40)},
          "08 40 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f");
    check(IdentityAddressInformation{AddressType::random_device,
                                     Address::parse("c1:22:33:44:55:66").value()},
          "09 01 66 55 44 33 22 c1");
    check(SigningInformation{counting(0x50)}, "0a 50 51 52 53 54 55 56 57 58 59 5a 5b 5c 5d 5e 5f");
    check(SecurityRequest{0x2d}, "0b 2d");
    PairingPublicKey key;
    for (std::uint8_t i = 0; i < 32; ++i) {
        key.public_key_x[i] = i;
        key.public_key_y[i] = static_cast<std::uint8_t>(0x80 + i);
    }
    check(key,
          "0c 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f"
          "   10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f"
          "   80 81 82 83 84 85 86 87 88 89 8a 8b 8c 8d 8e 8f"
          "   90 91 92 93 94 95 96 97 98 99 9a 9b 9c 9d 9e 9f");
    check(PairingDhKeyCheck{counting(0x60)}, "0d 60 61 62 63 64 65 66 67 68 69 6a 6b 6c 6d 6e 6f");
    check(PairingKeypressNotification{Keypress::entry_completed}, "0e 04");

    CHECK(codes_checked == std::set<std::uint8_t>(Pdus::codes.begin(), Pdus::codes.end()));
}

TEST_CASE("smp pdus: the numbers of Tables 3.4, 3.5, 3.7 and 3.9 and of Figures 3.3 and 3.11") {
    CHECK(IoCapability{0} == IoCapability::display_only);
    CHECK(IoCapability{1} == IoCapability::display_yes_no);
    CHECK(IoCapability{2} == IoCapability::keyboard_only);
    CHECK(IoCapability{3} == IoCapability::no_input_no_output);
    CHECK(IoCapability{4} == IoCapability::keyboard_display);
    CHECK(OobDataFlag{1} == OobDataFlag::present);
    CHECK(Reason{0x01} == Reason::passkey_entry_failed);
    CHECK(Reason{0x02} == Reason::oob_not_available);
    CHECK(Reason{0x03} == Reason::authentication_requirements);
    CHECK(Reason{0x04} == Reason::confirm_value_failed);
    CHECK(Reason{0x05} == Reason::pairing_not_supported);
    CHECK(Reason{0x06} == Reason::encryption_key_size);
    CHECK(Reason{0x07} == Reason::command_not_supported);
    CHECK(Reason{0x08} == Reason::unspecified_reason);
    CHECK(Reason{0x09} == Reason::repeated_attempts);
    CHECK(Reason{0x0a} == Reason::invalid_parameters);
    CHECK(Reason{0x0b} == Reason::dhkey_check_failed);
    CHECK(Reason{0x0c} == Reason::numeric_comparison_failed);
    CHECK(Keypress{0} == Keypress::entry_started);
    CHECK(Keypress{1} == Keypress::digit_entered);
    CHECK(Keypress{2} == Keypress::digit_erased);
    CHECK(Keypress{3} == Keypress::cleared);

    const auto features = [](std::uint8_t auth_req) { return Features{.auth_req = auth_req}; };
    CHECK(features(0x01).bonding());
    CHECK_FALSE(features(0x00).bonding());
    CHECK_FALSE(features(0x02).bonding());  // reserved
    CHECK_FALSE(features(0x03).bonding());  // reserved
    CHECK(features(0x04).has(auth_req::mitm));
    CHECK(features(0x08).has(auth_req::secure_connections));
    CHECK(features(0x10).has(auth_req::keypress));
    CHECK(features(0x20).has(auth_req::ct2));
    CHECK(key_distribution::encryption == 1);
    CHECK(key_distribution::identity == 2);
    CHECK(key_distribution::signing == 4);
    CHECK(key_distribution::link_key == 8);
}

TEST_CASE("smp pdus: reserved codes are no PDUs") {
    for (unsigned code = 0; code < 256; ++code) {
        if (code >= 1 && code <= 0x0e) continue;
        for (const std::size_t size : {1u, 2u, 7u, 17u, 65u}) {
            Octets octets(size, 0);
            octets[0] = static_cast<std::uint8_t>(code);
            CHECK_FALSE(Pdus::dispatch(octets, [](const auto&) {}));
        }
    }
}
