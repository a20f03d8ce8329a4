// SPDX-License-Identifier: MIT
//
// Pairings of another stack with itself, both sides recorded: our manager takes the place of either
// side, draws the random numbers that stand in the capture, and should send the same PDUs. That
// stack offers a link key, which ours does not; tests/smp/replay.hpp says what follows from that.
#include <string>

#include "tests/smp/replay.hpp"
#include "tests/support/btsnoop.hpp"
#include "tests/support/json.hpp"

using namespace bluetooth;
using namespace bluetooth::smp;
using bluetooth::test::Air;
using bluetooth::test::array_of;
using bluetooth::test::hex_at;
using bluetooth::test::key_from_air;
using bluetooth::test::Octets;
using bluetooth::test::random_address;
using bluetooth::test::Replay;

namespace {

using Json = boost::json::value;

const TypedAddress central_address = random_address("f0:f0:f0:f0:f0:f0");
const TypedAddress peripheral_address = random_address("f1:f1:f1:f1:f1:f1");

/// What the users of those sessions typed where nothing was displayed, or wrongly.
constexpr std::uint32_t typed_on_both_sides = 6789;
constexpr std::uint32_t typed_wrongly = 1;

std::uint16_t number(Bytes octets, std::size_t at) {
    return static_cast<std::uint16_t>(octets[at] | octets[at + 1] << 8);
}

/// The SMP PDUs of a capture, and the key that its host gave to LE Enable Encryption.
struct Capture {
    Capture(const std::string& name, bool of_central) {
        const auto records = test::fixture_btsnoop(
            "simulated/" + name + (of_central ? ".central.btsnoop" : ".peripheral.btsnoop"));
        std::array<Octets, 2> unfinished;
        for (const test::SnoopRecord& record : records.value()) {
            const Bytes packet{record.packet};
            if (packet[0] == 0x01 && number(packet, 1) == 0x2019)
                key = key_from_air(packet.last(16));
            if (packet[0] != 0x02) continue;
            Octets& pdu = unfinished[record.received];
            if ((packet[2] >> 4 & 3) != 1) pdu.clear();
            pdu.insert(pdu.end(), packet.begin() + 5, packet.end());
            if (pdu.size() < 4u + number(pdu, 0)) continue;
            if (number(pdu, 2) == 0x0006)
                air.push_back({of_central != record.received, Octets{Bytes{pdu}.subspan(4)}});
            pdu.clear();
        }
    }
    const Octets& find(bool central, std::uint8_t code) const {
        for (const auto& p : air)
            if (p.from_central == central && p.pdu[0] == code) return p.pdu;
        static const Octets none;
        return none;
    }
    Air air;
    std::optional<crypto::Key> key;
};

Key key_of(std::uint32_t passkey) {
    Key key;
    for (unsigned i = 0; i < 4; ++i)
        key.octets()[15 - i] = static_cast<std::uint8_t>(passkey >> 8 * i);
    return key;
}

/// What one side's user has put in or displayed.
std::uint32_t passkey_of(const std::string& name, const Json& session, bool central) {
    if (name.ends_with("KO_KO")) return typed_on_both_sides;
    if (name.ends_with("wrong_passkey") && central) return typed_wrongly;
    const Json& displayed = session.at("displayed_number");
    return displayed.is_null() ? 0 : displayed.to_number<std::uint32_t>();
}

/// The confirm values as they were recorded, with the features as they were.
void check_confirm_values(const Capture& capture, const Key& tk) {
    for (const bool central : {true, false}) {
        const auto value =
            c1(tk, crypto::reversed(array_of<16>(Bytes{capture.find(central, 0x04)}.subspan(1))),
               array_of<7>(capture.find(true, 0x01)), array_of<7>(capture.find(false, 0x02)),
               central_address, peripheral_address);
        CHECK(Bytes{crypto::reversed(value)} == Bytes{capture.find(central, 0x03)}.subspan(1));
    }
}

std::optional<crypto::KeyPair> key_pair_of(const Json& session, Bytes public_key) {
    for (const Json& pair : session.at("ecc_keys").as_array()) {
        const auto x = crypto::reversed(array_of<32>(hex_at(pair, "x")));
        if (Bytes{x} == public_key.subspan(1, 32))
            return crypto::KeyPair::from_private(
                crypto::PrivateKey{array_of<32>(hex_at(pair, "priv"))});
    }
    return std::nullopt;
}

struct Counts {
    int sessions = 0;
    int same_features = 0;
    int legacy = 0;
};

void replay_side(const std::string& name, const Json& session, bool central, Counts& counts) {
    const Capture capture{name, central};
    const bool sc = (capture.find(false, 0x02)[3] & 0x08) != 0;
    Replay replay{central ? Role::central : Role::peripheral, central_address, peripheral_address,
                  capture.air};
    counts.same_features += replay.same_features;
    replay.script.local.settings.min_key_size = 7;
    replay.passkey = passkey_of(name, session, central);
    const bool wrong = session.at("error").is_string();
    replay.agrees = !wrong || central;
    if (sc) {
        replay.script.local.key_pair = key_pair_of(session, capture.find(central, 0x0c));
        REQUIRE(replay.script.local.key_pair);
    } else {
        ++counts.legacy;
        const Key ours = key_of(replay.passkey);
        const Key theirs = key_of(passkey_of(name, session, !central));
        if (!wrong) check_confirm_values(capture, ours);
        replay.use_temporary_key(ours, theirs);
    }
    replay.run();
    ++counts.sessions;

    REQUIRE(replay.done.size() == 1);
    const SecurityDone& done = replay.done[0];
    if (wrong) {
        REQUIRE(replay.sent.size() == replay.expected.size());
        // That stack gives another reason where its user refuses than Table 3.7 has for it.
        const bool refused = name == "smp_sc_nc_rejected";
        Reason reason{capture.find(false, 0x05).at(1)};
        if (refused && !central) {
            reason = Reason::numeric_comparison_failed;
            replay.expected.back()[1] = 0x0c;
        }
        // A random number that was never shown cannot be drawn again.
        const bool unknown = !central && !refused;
        for (std::size_t i = 0; i < replay.sent.size(); ++i)
            if (!unknown || i + 2 != replay.sent.size())
                CHECK(replay.sent[i] == replay.expected[i]);
        CHECK(done.error == (central ? peer_error(reason) : local_error(reason)));
        CHECK_FALSE(replay.key);
        CHECK_FALSE(replay.script.manager.security().encrypted);
        return;
    }
    CHECK(replay.sent == replay.expected);
    CHECK_FALSE(done.error);
    CHECK(replay.script.manager.dropped() == 0);
    CHECK(done.security.encrypted);
    CHECK(done.security.secure_connections == sc);
    CHECK(replay.key == Capture(name, true).key);
    const Json& keys = session.at("keys").at(central ? "central" : "peripheral");
    if (sc) CHECK(replay.key == key_from_air(hex_at(keys.at("ltk"), "value")));
    if (replay.compared) CHECK(*replay.compared == session.at("displayed_number").as_int64());
    // Whether that stack took the method for authenticated.
    if (sc) CHECK(done.security.authenticated == keys.at("ltk").at("authenticated").as_bool());
    if (!sc && !done.security.bonded) return;
    const Bond& bond = replay.script.last_stored.value();
    if (!sc) {
        CHECK(bond.ours.ltk->value == key_from_air(Bytes{capture.find(central, 0x06)}.subspan(1)));
        CHECK(bond.peers.ltk->value ==
              key_from_air(Bytes{capture.find(!central, 0x06)}.subspan(1)));
    }
    CHECK_FALSE(bond.peers.irk);  // all zero: it has no private addresses
}

}  // namespace

TEST_CASE("smp simulated: ours takes either side of another stack's pairings") {
    const auto meta = test::fixture_json("simulated/meta.json");
    if (!meta) return;
    Counts counts;
    for (const auto& [key, session] : meta->as_object()) {
        const std::string name{key};
        if (!name.starts_with("smp_") || name.find("_oob") != std::string::npos) continue;
        CAPTURE(name);
        for (const bool central : {true, false}) {
            CAPTURE(central);
            replay_side(name, session, central, counts);
        }
    }
    CHECK(counts.sessions == 2 * 59);
    CHECK(counts.legacy == 2 * 26);
    MESSAGE(counts.same_features, " of ", counts.sessions, " with the very same features");
}

/// That stack takes the TK where only one side says that it has one, against Table 2.6: ours would
/// not pair like this, but its values are right.
TEST_CASE("smp simulated: a TK from out of band makes the confirm values and the STK") {
    const auto meta = test::fixture_json("simulated/meta.json");
    if (!meta) return;
    const Capture capture{"smp_lgcy_oob", true};
    const Key tk = key_from_air(hex_at(meta->at("smp_lgcy_oob"), "oob_tk"));
    check_confirm_values(capture, tk);
    const auto random = [&](bool central) {
        return crypto::reversed(array_of<16>(Bytes{capture.find(central, 0x04)}.subspan(1)));
    };
    CHECK(capture.key == s1(tk, random(false), random(true)));
}

/// Their private keys are not known: what was exchanged out of band is checked, and that the data
/// of one pairing do not fit the other.
TEST_CASE("smp simulated: out-of-band data of LE Secure Connections confirm the public keys") {
    const auto meta = test::fixture_json("simulated/meta.json");
    if (!meta) return;
    const Capture both{"smp_sc_oob_both", true};
    const Capture one_way{"smp_sc_oob_one_way", true};
    const Json& oob = meta->at("smp_sc_oob_both").at("oob");
    for (const bool central : {true, false}) {
        const Json& data = oob.at(central ? "initiator" : "responder");
        const auto x_of = [&](const Capture& capture) {
            return crypto::reversed(
                array_of<32>(Bytes{capture.find(central, 0x0c)}.subspan(1, 32)));
        };
        const auto confirm = [&](const Coordinate& x) {
            const auto r = crypto::reversed(array_of<16>(hex_at(data, "r")));
            return Octets{Bytes{crypto::reversed(f4(x, x, r, 0))}};
        };
        CHECK(confirm(x_of(both)) == hex_at(data, "c"));
        CHECK(confirm(x_of(one_way)) != hex_at(data, "c"));
    }
}
