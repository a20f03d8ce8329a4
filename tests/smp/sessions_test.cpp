// SPDX-License-Identifier: MIT
// Pairings of another stack whose keys and random numbers are known: in the place of its side ours
// sends the same octets.
#include <string>

#include "tests/smp/replay.hpp"
#include "tests/support/json.hpp"

using namespace bluetooth;
using namespace bluetooth::smp;
using bluetooth::test::Air;
using bluetooth::test::array_of;
using bluetooth::test::hex;
using bluetooth::test::hex_at;
using bluetooth::test::key_from_air;
using bluetooth::test::Octets;
using bluetooth::test::Replay;
using bluetooth::test::text_at;

namespace {

using Json = boost::json::value;

const Json* member(const Json& object, std::string_view name) {
    return object.as_object().if_contains(name);
}
Octets pdu(std::uint8_t code, std::initializer_list<Octets> parts) {
    Octets octets{code};
    for (const Octets& part : parts) octets.insert(octets.end(), part.begin(), part.end());
    return octets;
}
/// A number that stands there as text, as so many octets of the air.
Octets number_at(const Json& object, const char* name, std::size_t size) {
    std::uint64_t value = std::stoull(text_at(object, name), nullptr, 0);
    Octets octets;
    for (std::size_t i = 0; i < size; ++i, value >>= 8)
        octets.push_back(static_cast<std::uint8_t>(value));
    return octets;
}

/// The whole pairing in the order of the air.
Air air_of(const Json& session) {
    Air air{{true, hex_at(session, "pair_req_pdu")}, {false, hex_at(session, "pair_rsp_pdu")}};
    const Json& params = session.at("params");
    const auto indexed = [&](const char* name, bool central, std::uint8_t code, int round) {
        const Json* values = member(params, name);
        const Json* value = values ? member(*values, std::to_string(round)) : nullptr;
        if (value != nullptr) air.push_back({central, pdu(code, {hex_at(*value, "value")})});
    };
    for (const bool central : {true, false})
        if (const Json* key = member(params, central ? "public_key_req" : "public_key_rsp"))
            air.push_back({central, pdu(0x0c, {hex_at(*key, "x"), hex_at(*key, "y")})});
    for (int round = 0; round < 20; ++round) {
        indexed("confirm_req", true, 0x03, round);
        indexed("confirm_rsp", false, 0x03, round);
        indexed("random_req", true, 0x04, round);
        indexed("random_rsp", false, 0x04, round);
    }
    for (const bool central : {true, false})
        if (const Json* check = member(params, central ? "dhkey_check_req" : "dhkey_check_rsp"))
            air.push_back({central, pdu(0x0d, {hex_at(*check, "value")})});
    // The peripheral's keys come first, hence are called requests there.
    for (const bool central : {false, true}) {
        const auto keys = [&](std::string name) {
            return member(params, name + (central ? "_rsp" : "_req"));
        };
        if (const Json* key = keys("enc_info"))
            air.push_back({central, pdu(0x06, {hex_at(*key, "ltk")})});
        if (const Json* key = keys("master_id"))
            air.push_back(
                {central, pdu(0x07, {number_at(*key, "ediv", 2), number_at(*key, "rand_val", 8)})});
        if (const Json* key = keys("id_info"))
            air.push_back({central, pdu(0x08, {hex_at(*key, "irk")})});
        if (const Json* key = keys("id_addr_info"))
            air.push_back(
                {central, pdu(0x09, {number_at(*key, "addr_type", 1), hex_at(*key, "bd_addr")})});
        if (const Json* key = keys("sign_info"))
            air.push_back({central, pdu(0x0a, {hex_at(*key, "sig_key")})});
    }
    return air;
}

TypedAddress address_of(const Json& params, const char* name, std::string_view type) {
    const Json* kind = member(params, type);
    const bool random = kind != nullptr && kind->as_string() == "BLE_ADDR_RANDOM";
    return {random ? AddressType::random_device : AddressType::public_device,
            Address::from_wire(array_of<6>(hex_at(params, name)))};
}

}  // namespace

TEST_CASE("smp sessions: ours in the place of another stack sends octet by octet the same") {
    const auto file = test::fixture_json("vectors/smp_sessions.json");
    if (!file) return;
    int sessions = 0;
    for (const Json& session : file->at("sessions").as_array()) {
        const std::string name = text_at(session, "name");
        CAPTURE(name);
        const Json& params = session.at("params");
        const bool initiator = text_at(session, "iut_role") == "initiator";
        Replay replay{initiator ? Role::central : Role::peripheral,
                      address_of(params, "init_id_addr", "init_addr_type"),
                      address_of(params, "resp_id_addr", "resp_addr_type"), air_of(session)};
        CHECK(replay.same_features);
        if (const Json* key = member(params, "our_priv_key")) {
            (void)key;
            replay.script.local.key_pair = crypto::KeyPair::from_private(
                crypto::PrivateKey{crypto::reversed(array_of<32>(hex_at(params, "our_priv_key")))});
            REQUIRE(replay.script.local.key_pair);
        }
        const Json& info = params.at("passkey_info");
        if (const Json* passkey = member(info.at("passkey"), "passkey"))
            replay.passkey = static_cast<std::uint32_t>(std::stoul(passkey->as_string().c_str()));
        replay.run();

        CHECK(replay.sent == replay.expected);
        const bool sc = session.at("secure_connections").as_bool();
        REQUIRE(replay.key);
        CHECK(*replay.key == key_from_air(hex_at(params, sc ? "ltk" : "stk")));
        if (const Json* number = member(info, "exp_numcmp"))
            CHECK(replay.compared == std::stoul(number->as_string().c_str()));
        else
            CHECK_FALSE(replay.compared);

        REQUIRE(replay.done.size() == 1);
        CHECK_FALSE(replay.done[0].error);
        const std::string authenticated = text_at(params, "authenticated");
        CHECK(replay.done[0].security.authenticated ==
              (authenticated == "true" || authenticated == "1"));
        CHECK(replay.done[0].security.secure_connections == sc);
        CHECK(replay.done[0].security.bonded);
        CHECK(replay.script.manager.dropped() == 0);
        // What the other side has given.
        const auto given = [&](std::string key) {
            return member(params, key + (initiator ? "_req" : "_rsp"));
        };
        const Bond& bond = replay.script.last_stored.value();
        if (const Json* irk = given("id_info"))
            CHECK(bond.peers.irk == key_from_air(hex_at(*irk, "irk")));
        if (const Json* csrk = given("sign_info"))
            CHECK(bond.peers.csrk == key_from_air(hex_at(*csrk, "sig_key")));
        if (const Json* ltk = given("enc_info")) {
            CHECK(bond.peers.ltk->value == key_from_air(hex_at(*ltk, "ltk")));
            CHECK(bond.peers.ltk->encrypted_diversifier ==
                  std::stoul(text_at(*given("master_id"), "ediv"), nullptr, 0));
        }
        ++sessions;
    }
    CHECK(sessions == 6);
}
