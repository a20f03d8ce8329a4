// SPDX-License-Identifier: MIT
// Pairings that somebody has caught on the air. Of the keys only what was public or guessed is
// known: that is checked by the formulas, and by our manager in the place of the side whose private
// key it is.
#include <string>

#include "tests/smp/replay.hpp"
#include "tests/support/json.hpp"

using namespace bluetooth;
using namespace bluetooth::smp;
using bluetooth::test::Air;
using bluetooth::test::array_of;
using bluetooth::test::hex_at;
using bluetooth::test::Octets;
using bluetooth::test::Replay;
using bluetooth::test::text_at;

namespace {

using Json = boost::json::value;

const Json* member(const Json& object, std::string_view name) {
    return object.as_object().if_contains(name);
}

constexpr std::uint32_t known_passkey = 123'456;  // it is in the files' names

/// A session, its PDUs sorted by code and side.
struct Session {
    explicit Session(const Json& json) : file(text_at(json, "file")) {
        const Json& con = json.at("con");
        const auto address = [&](const char* octets, const char* type) {
            return TypedAddress{AddressType{con.at(type).to_number<std::uint8_t>()},
                                Address::from_display(array_of<6>(hex_at(con, octets)))};
        };
        a = address("ia", "iat");
        b = address("ra", "rat");
        for (const Json& pdu : json.at("pdus").as_array())
            air.push_back({text_at(pdu, "frm") == "initiator", hex_at(pdu, "hex")});
        if (passkey_entry()) insert_lost_confirm();
    }
    std::vector<Octets> all(bool central, std::uint8_t code) const {
        std::vector<Octets> values;
        for (const auto& p : air)
            if (p.from_central == central && p.pdu[0] == code)
                values.emplace_back(Bytes{p.pdu}.subspan(1));
        return values;
    }
    Octets one(bool central, std::uint8_t code) const { return all(central, code).at(0); }
    Block block(bool central, std::uint8_t code) const {
        return crypto::reversed(array_of<16>(one(central, code)));
    }
    crypto::PublicKey key(bool central) const {
        const Octets octets = one(central, 0x0c);
        return {crypto::reversed(array_of<32>(Bytes{octets}.first(32))),
                crypto::reversed(array_of<32>(Bytes{octets}.last(32)))};
    }
    FeaturePdu features(bool central) const {
        for (const auto& p : air)
            if (p.pdu[0] == (central ? 0x01 : 0x02)) return array_of<7>(p.pdu);
        return {};
    }
    /// AuthReq, OOB flag and IO capability, as f6 takes them.
    std::array<std::uint8_t, 3> io_cap(bool central) const {
        const FeaturePdu pdu = features(central);
        return {pdu[3], pdu[2], pdu[1]};
    }
    bool passkey_entry() const { return file.find("sc-passkeyentry") != std::string::npos; }

    /// The responder's confirm value of round 17 was not caught, and those behind it are told to be
    /// the other's each.
    void insert_lost_confirm() {
        constexpr int lost = 33;
        int confirms = 0;
        auto behind_last = air.end();
        for (auto at = air.begin(); at != air.end(); ++at) {
            if (at->pdu[0] != 0x03) continue;
            if (confirms > lost) at->from_central = !at->from_central;
            if (++confirms == lost) {
                behind_last = at + 1;
                ++confirms;
            }
        }
        const auto random = crypto::reversed(array_of<16>(all(false, 0x04).at(16)));
        const auto value = crypto::reversed(f4(key(false).x, key(true).x, random, passkey_bit(16)));
        Octets pdu{0x03};
        pdu.insert(pdu.end(), value.begin(), value.end());
        air.insert(behind_last, {false, pdu});
    }
    static std::uint8_t passkey_bit(unsigned round) {
        return static_cast<std::uint8_t>(0x80 | (known_passkey >> round & 1));
    }

    std::string file;
    TypedAddress a;
    TypedAddress b;
    Air air;
};

void check_legacy(const Session& session, const Json& json) {
    const Key tk{array_of<16>(hex_at(json, "tk"))};
    const Key stk{array_of<16>(hex_at(json, "stk"))};
    for (const bool central : {true, false})
        CHECK(c1(tk, session.block(central, 0x04), session.features(true), session.features(false),
                 session.a, session.b) == session.block(central, 0x03));
    CHECK(s1(tk, session.block(false, 0x04), session.block(true, 0x04)) == stk);

    for (const Role role : {Role::central, Role::peripheral}) {
        Replay replay{role, session.a, session.b, session.air};
        replay.use_temporary_key(tk, tk);
        replay.passkey = known_passkey;
        replay.run();
        CHECK(replay.sent == replay.expected);
        CHECK(replay.key == stk);
        REQUIRE(replay.done.size() == 1);
        CHECK_FALSE(replay.done[0].error);
        CHECK(replay.done[0].security.authenticated == (tk != Key{}));
    }
}

/// The confirm values of Passkey Entry.
void check_rounds(const Session& session, bool central) {
    const auto randoms = session.all(central, 0x04);
    const auto confirms = session.all(central, 0x03);
    REQUIRE(randoms.size() == 20);
    REQUIRE(confirms.size() == 20);
    for (unsigned round = 0; round < 20; ++round) {
        const auto random = crypto::reversed(array_of<16>(randoms[round]));
        const auto value = f4(session.key(central).x, session.key(!central).x, random,
                              Session::passkey_bit(round));
        CHECK(Bytes{crypto::reversed(value)} == confirms[round]);
    }
}

void check_stage_one(const Session& session, const Json& json) {
    for (const bool central : {true, false}) {
        const auto index = central ? 0u : 1u;
        CHECK(crypto::is_valid(session.key(central)) == json.at("curve").at(index).as_bool());
        CHECK((session.key(central) == debug_key_pair().public_key()) ==
              json.at("debug").at(index).as_bool());
    }
    if (session.passkey_entry()) {
        check_rounds(session, true);
        check_rounds(session, false);
        return;
    }
    const Block na = session.block(true, 0x04);
    const Block nb = session.block(false, 0x04);
    CHECK((f4(session.key(false).x, session.key(true).x, nb, 0) == session.block(false, 0x03)) ==
          json.at("f4_ok").as_bool());
    CHECK(g2(session.key(true).x, session.key(false).x, na, nb) % 1'000'000 ==
          std::stoul(text_at(json, "g2")));
}

/// The responder uses the debug key: all is known.
void check_stage_two(const Session& session, const Json& json) {
    const auto dhkey = debug_key_pair().shared_secret(session.key(true));
    REQUIRE(dhkey);
    const Block na = crypto::reversed(array_of<16>(session.all(true, 0x04).back()));
    const Block nb = crypto::reversed(array_of<16>(session.all(false, 0x04).back()));
    const MacKeyAndLtk keys = f5(*dhkey, na, nb, session.a, session.b);
    CHECK(keys.ltk == Key{array_of<16>(hex_at(json, "ltk"))});
    Block r{};
    if (session.passkey_entry())
        for (unsigned i = 0; i < 4; ++i)
            r[15 - i] = static_cast<std::uint8_t>(known_passkey >> 8 * i);
    CHECK((f6(keys.mac_key, na, nb, r, session.io_cap(true), session.a, session.b) ==
           session.block(true, 0x0d)) == json.at("ea_ok").as_bool());
    CHECK((f6(keys.mac_key, nb, na, r, session.io_cap(false), session.b, session.a) ==
           session.block(false, 0x0d)) == json.at("eb_ok").as_bool());

    Replay replay{Role::peripheral, session.a, session.b, session.air};
    replay.script.local.settings.debug_keys = true;
    replay.passkey = known_passkey;
    replay.run();
    CHECK(replay.sent == replay.expected);
    CHECK(replay.key == keys.ltk);
    REQUIRE(replay.done.size() == 1);
    CHECK_FALSE(replay.done[0].error);
    if (replay.compared) CHECK(*replay.compared == std::stoul(text_at(json, "g2")));
}

}  // namespace

TEST_CASE("smp air: pairings that were caught on the air come out as they did there") {
    const auto file = test::fixture_json("vectors/smp_air_sessions.json");
    if (!file) return;
    int legacy = 0;
    int stage_one = 0;
    int stage_two = 0;
    for (const Json& json : file->at("sessions").as_array()) {
        const Session session{json};
        CAPTURE(session.file);
        CHECK(session.features(true) == array_of<7>(hex_at(json, "preq")));
        CHECK(session.features(false) == array_of<7>(hex_at(json, "prsp")));
        if (!json.at("sc").as_bool()) {
            check_legacy(session, json);
            ++legacy;
            continue;
        }
        check_stage_one(session, json);
        ++stage_one;
        if (member(json, "ltk") == nullptr) continue;
        check_stage_two(session, json);
        ++stage_two;
    }
    CHECK(legacy == 2);
    CHECK(stage_one == 5);
    CHECK(stage_two == 3);
}
