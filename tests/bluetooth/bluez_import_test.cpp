// SPDX-License-Identifier: MIT
#include "bluetooth/bluez_import.hpp"

#include <string>
#include <string_view>
#include <utility>

#include "tests/support/hex.hpp"

using namespace bluetooth;
using bluetooth::test::hex;

namespace {

const Address public_peer = Address::from_display({0x00, 0xaa, 0x01, 0x02, 0x03, 0x04});
const Address static_peer = Address::from_display({0xc0, 0xaa, 0x01, 0x02, 0x03, 0x04});

constexpr std::string_view legacy = R"([General]
Name=Thermometer
AddressType=static
SupportedTechnologies=LE;
Trusted=true
Services=00001800-0000-1000-8000-00805f9b34fb;00001801-0000-1000-8000-00805f9b34fb;

[LongTermKey]
Key=0102030405060708090A0B0C0D0E0F10
Authenticated=1
EncSize=16
EDiv=4660
Rand=578437695752307201

[PeripheralLongTermKey]
Key=1112131415161718191A1B1C1D1E1F20
Authenticated=1
EncSize=16
EDiv=65535
Rand=18446744073709551615

[SlaveLongTermKey]
Key=1112131415161718191A1B1C1D1E1F20
Authenticated=1
EncSize=16
EDiv=65535
Rand=18446744073709551615

[IdentityResolvingKey]
Key=2122232425262728292A2B2C2D2E2F30

[LocalSignatureKey]
Key=3132333435363738393A3B3C3D3E3F40
Counter=5

[RemoteSignatureKey]
Key=4142434445464748494A4B4C4D4E4F50
Counter=8

[ConnectionParameters]
MinInterval=6
)";

constexpr std::string_view secure = R"([General]
AddressType=public

[PeripheralLongTermKey]
Key=0102030405060708090A0B0C0D0E0F10
Authenticated=2
EncSize=16
EDiv=0
Rand=0

[SlaveLongTermKey]
Key=0102030405060708090A0B0C0D0E0F10
Authenticated=2
EncSize=16
EDiv=0
Rand=0
)";

std::string changed(std::string_view text, std::string_view from, std::string_view to) {
    std::string result{text};
    const std::size_t at = result.find(from);
    REQUIRE(at != result.npos);
    return result.replace(at, from.size(), to);
}

smp::Bond good(std::string_view text, const Address& peer) {
    const auto bond = bond_from_bluez(text, peer);
    INFO(std::string{text});
    if (!bond) FAIL(bond.error().message);
    return *bond;
}
std::string message(std::string_view text, const Address& peer, errc why = errc::invalid_argument) {
    const auto bond = bond_from_bluez(text, peer);
    CAPTURE(std::string{text});
    REQUIRE_FALSE(bond.has_value());
    CHECK(bond.error().code == why);
    return bond.error().message;
}
bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("bluez import: a legacy bond, each key for its role and most significant octet first") {
    const smp::Bond bond = good(legacy, static_peer);
    CHECK(bond.peer == static_peer);
    CHECK(bond.peer_type == AddressType::random_device);
    CHECK(bond.strength == smp::KeyStrength{.authenticated = true, .key_size = 16});
    CHECK_FALSE(bond.device_privacy);

    REQUIRE(bond.peers.ltk);  // for links in which we are the central
    CHECK(Bytes{bond.peers.ltk->value.octets()} == hex("100f0e0d0c0b0a090807060504030201"));
    CHECK(bond.peers.ltk->encrypted_diversifier == 0x1234);
    CHECK(Bytes{bond.peers.ltk->random_number} == hex("01 02 03 04 05 06 07 08"));
    REQUIRE(bond.ours.ltk);
    CHECK(Bytes{bond.ours.ltk->value.octets()} == hex("201f1e1d1c1b1a191817161514131211"));
    CHECK(bond.ours.ltk->encrypted_diversifier == 0xffff);
    CHECK(Bytes{bond.ours.ltk->random_number} == hex("ff ff ff ff ff ff ff ff"));
    REQUIRE(bond.peers.irk);
    CHECK(Bytes{bond.peers.irk->octets()} == hex("302f2e2d2c2b2a292827262524232221"));
    REQUIRE(bond.ours.csrk);
    CHECK(Bytes{bond.ours.csrk->octets()} == hex("403f3e3d3c3b3a393837363534333231"));
    CHECK(bond.ours.sign_counter == 5);  // the next one
    REQUIRE(bond.peers.csrk);
    CHECK(Bytes{bond.peers.csrk->octets()} == hex("504f4e4d4c4b4a494847464544434241"));
    CHECK(bond.peers.sign_counter == 9);  // behind the last one that was seen
}

TEST_CASE("bluez import: the key of Secure Connections is for both roles") {
    const smp::Bond bond = good(secure, public_peer);
    CHECK(bond.peer_type == AddressType::public_device);
    CHECK(bond.strength == smp::KeyStrength{.secure_connections = true, .key_size = 16});
    REQUIRE(bond.ours.ltk);
    CHECK(Bytes{bond.ours.ltk->value.octets()} == hex("100f0e0d0c0b0a090807060504030201"));
    CHECK(bond.peers.ltk == bond.ours.ltk);

    auto authenticated = changed(secure, "Authenticated=2", "Authenticated=3");
    CHECK(good(authenticated, public_peer).strength.authenticated);
    const auto central = changed(secure, "[PeripheralLongTermKey]", "[LongTermKey]");
    CHECK(good(central, public_peer) == bond);
}

TEST_CASE("bluez import: what older versions have written") {
    const auto slave = changed(legacy, "[PeripheralLongTermKey]", "[ConnectionParameters]");
    CHECK(good(slave, static_peer) == good(legacy, static_peer));
    const auto numbers = changed(legacy, "Rand=578437695752307201", "Rand=0x0102030405060708");
    CHECK(good(numbers, static_peer) == good(legacy, static_peer));
    const auto prefix = changed(legacy, "Key=0102", "Key=0x0102");
    CHECK(good(prefix, static_peer) == good(legacy, static_peer));

    std::string role{
        "[General]\nAddressType=public\n[LongTermKey]\nMaster=false\nKey="
        "0102030405060708090A0B0C0D0E0F10\nAuthenticated=0\nEncSize=16\nEDiv=1\n"
        "Rand=1\n"};
    CHECK(good(role, public_peer).ours.ltk);
    CHECK_FALSE(good(role, public_peer).peers.ltk);
    role = changed(role, "Master=false", "Master=true");
    CHECK(good(role, public_peer).peers.ltk);
    CHECK_FALSE(good(role, public_peer).ours.ltk);
}

TEST_CASE("bluez import: spaces, comments and line ends of other systems do not matter") {
    std::string text{"# a comment\r\n\n"};
    for (const char c : secure) {
        if (c == '=') text += " =\t";
        if (c == '\n') text += "  \r\n";
        if (c != '=' && c != '\n') text += c;
    }
    CHECK(good(text, public_peer) == good(secure, public_peer));
    const std::string_view without_end = secure.substr(0, secure.size() - 1);
    CHECK(good(without_end, public_peer) == good(secure, public_peer));
}

TEST_CASE("bluez import: a short key loses the octets beyond its size") {
    const auto text =
        changed(changed(secure, "EncSize=16", "EncSize=7"), "EncSize=16", "EncSize=7");
    const smp::Bond bond = good(text, public_peer);
    CHECK(bond.strength.key_size == 7);
    CHECK(Bytes{bond.ours.ltk->value.octets()} == hex("00000000000000000007060504030201"));
}

TEST_CASE("bluez import: an IRK of zeros is none") {
    const auto text = changed(legacy, "Key=2122232425262728292A2B2C2D2E2F30",
                              "Key=00000000000000000000000000000000");
    CHECK_FALSE(good(text, static_peer).peers.irk);
}

TEST_CASE("bluez import: a signature counter at 0 stays there, the last one is followed by none") {
    auto text = changed(legacy, "Counter=8", "Counter=0");
    CHECK(good(text, static_peer).peers.sign_counter == 0);
    text = changed(legacy, "Counter=8", "Counter=4294967295");
    CHECK(good(text, static_peer).peers.sign_counter == 0x1'0000'0000);
    text = changed(legacy, "Counter=8\n", "");  // else counters would be used again
    CHECK(contains(message(text, static_peer), "Counter"));
}

TEST_CASE("bluez import: what is no bond of Bluetooth LE is told apart from damage") {
    const std::string_view classic =
        "[General]\nName=Speaker\n[LinkKey]\nKey="
        "0102030405060708090A0B0C0D0E0F10\nType=4\nPINLength=0\n";
    CHECK(contains(message(classic, public_peer, errc::not_supported), "classic Bluetooth"));
    CHECK(contains(message("[General]\nAddressType=public\n", public_peer, errc::not_supported),
                   "not paired"));
    CHECK(contains(message("", public_peer, errc::not_supported), "not paired"));
}

TEST_CASE("bluez import: every kind of damage has a message that names it") {
    const std::pair<std::string, std::string_view> cases[] = {
        {changed(secure, "Key=01", "Key="), "Key"},
        {changed(secure, "Key=01", "Key=0"), "Key"},
        {changed(secure, "Key=01", "Key=0101"), "Key"},
        {changed(secure, "Key=01", "Key=0g"), "Key"},
        {changed(secure, "Key=", "Kay="), "Key"},
        {changed(secure, "0102030405060708090A0B0C0D0E0F10", "00000000000000000000000000000000"),
         "Key"},
        {changed(secure, "Authenticated=2", "Authenticated=4"), "debug keys"},
        {changed(secure, "Authenticated=2", "Authenticated=5"), "Authenticated"},
        {changed(secure, "Authenticated=2", "Authenticated=true"), "Authenticated"},
        {changed(secure, "Authenticated=2\n", ""), "Authenticated"},
        {changed(secure, "EncSize=16", "EncSize=6"), "EncSize"},
        {changed(secure, "EncSize=16", "EncSize=17"), "EncSize"},
        {changed(secure, "EncSize=16", "EncSize=-1"), "EncSize"},
        {changed(secure, "EncSize=16\n", ""), "EncSize"},
        {changed(secure, "EDiv=0", "EDiv=65536"), "EDiv"},
        {changed(secure, "EDiv=0\n", ""), "EDiv"},
        {changed(secure, "EDiv=0", "EDiv=1"), "contradict"},
        {changed(secure, "Rand=0", "Rand=18446744073709551616"), "Rand"},
        {changed(secure, "Rand=0", "Rand=0x01"), "Rand"},
        {changed(secure, "Rand=0\n", ""), "Rand"},
        {changed(secure, "Rand=0", "Rand=1"), "contradict"},
        {changed(secure, "AddressType=public", "AddressType=static"), "00:AA:01:02:03:04"},
        {changed(secure, "AddressType=public", "AddressType="), "AddressType"},
        {changed(secure, "AddressType=public\n", ""), "AddressType"},
        {changed(secure, "[General]", "[Particular]"), "AddressType"},
        {changed(secure, "[General]", "General"), "line 1"},
        {changed(secure, "AddressType=public", "AddressType"), "line 2"},
        {"Key=1\n", "line 1"},
        {"\x7f"
         "ELF\n",
         "line 1"},
        {std::string(64 * 1024 + 1, '\n'), "too large"},
    };
    for (const auto& [text, word] : cases) {
        CAPTURE(word);
        const std::string told = message(text, public_peer);
        CAPTURE(told);
        CHECK(contains(told, word));
        CHECK_FALSE(contains(told, "0304050607"));  // a key
    }

    const auto other_key = changed(secure, "[SlaveLongTermKey]\nKey=01", "[LongTermKey]\nKey=02");
    CHECK(contains(message(other_key, public_peer), "differ"));
    const auto mixed = changed(legacy, "Authenticated=1", "Authenticated=3");
    CHECK(contains(message(mixed, static_peer), "different pairings"));
    for (const std::string_view key : {"21222324", "31323334", "41424344"}) {
        const auto text = changed(legacy, "Key=" + std::string{key}, "Key=zz");
        CHECK(contains(message(text, static_peer), "has no valid Key"));
    }
    for (const std::string_view counter : {"-1", "4294967296", "many"}) {
        const auto text = changed(legacy, "Counter=5", "Counter=" + std::string{counter});
        CHECK(contains(message(text, static_peer), "Counter"));
    }
}

TEST_CASE("bluez import: a file that ends too early does no harm") {
    for (const std::string_view text : {legacy, secure})
        for (std::size_t size = 0; size < text.size(); ++size)
            (void)bond_from_bluez(text.substr(0, size), static_peer);
}

TEST_CASE("bluez import: our own identity") {
    const auto irk =
        irk_from_bluez("[General]\nIdentityResolvingKey=0102030405060708090a0b0c0d0e0f10\n");
    REQUIRE(irk.has_value());
    CHECK(Bytes{irk->octets()} == hex("100f0e0d0c0b0a090807060504030201"));
    CHECK(irk_from_bluez("[General]\nIdentityResolvingKey=0x0102030405060708090a0b0c0d0e0f10\n")
              .has_value());
    for (const std::string_view text :
         {"", "[General]\n", "[General]\nIdentityResolvingKey=01\n", "IdentityResolvingKey=01\n",
          "[General]\nIdentityResolvingKey=00000000000000000000000000000000\n"})
        CHECK_FALSE(irk_from_bluez(text).has_value());
}
