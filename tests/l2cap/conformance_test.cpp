// SPDX-License-Identifier: MIT
//
// Exchanges from outside the project: what a peer sends, and what is to be answered. Another
// stack's MTU, MPS and credits stand in its answers; results and CIDs have to be the same.
#include <doctest/doctest.h>

#include <string>

#include "tests/l2cap/channel_script.hpp"
#include "tests/support/json.hpp"

using namespace bluetooth;
using bluetooth::l2cap::Mode;
using bluetooth::test::ChannelScript;
using bluetooth::test::cid;
using bluetooth::test::fixture_json;
using bluetooth::test::hex;
using bluetooth::test::hex_at;
using bluetooth::test::Lines;
using bluetooth::test::Octets;
using bluetooth::test::text_at;

namespace {

/// The command that the link has sent, without its basic header.
Octets sent_by(const Lines& lines) {
    for (const std::string& line : lines)
        if (line.starts_with("send ")) return hex(line.substr(5 + 8));
    return {};
}

/// The octets of a response with the numbers of its sender's own made zero.
Octets comparable(std::uint8_t code, Bytes data) {
    Octets octets{data};
    // 4.23: CID, MTU, MPS, credits, result. 4.26: MTU, MPS, credits, result, CIDs.
    const std::size_t first = code == l2cap::LeCreditBasedConnectionResponse::code ? 2 : 0;
    for (std::size_t i = first; i < first + 6 && i < octets.size(); ++i) octets[i] = 0;
    // A list of null CIDs is as good as none.
    while (code == l2cap::CreditBasedConnectionResponse::code && octets.size() > 8 &&
           octets.back() == 0)
        octets.pop_back();
    return octets;
}

/// Sends a command of the peer, accepts or refuses what it asks for, and returns our answer.
Octets answer_to(ChannelScript& link, Bytes command, l2cap::ConnectionResult decision) {
    Lines lines = link.command(to_hex(command));
    const std::size_t asked = lines.size();
    for (std::size_t i = 0; i < asked; ++i)
        if (lines[i].starts_with("requested "))
            for (auto& line : link.answer(cid(static_cast<std::uint16_t>(0x40 + i)), decision))
                lines.push_back(std::move(line));
    return sent_by(lines);
}

Octets command(std::uint8_t code, Bytes data) {
    Octets octets{code, 0x01, static_cast<std::uint8_t>(data.size()), 0};
    octets.insert(octets.end(), data.begin(), data.end());
    return octets;
}

}  // namespace

TEST_CASE("l2cap conformance: another stack's server cases are answered as it answers them") {
    const auto vectors = fixture_json("vectors/l2cap_le.json");
    if (!vectors) return;
    std::size_t count = 0;
    for (const auto& test : vectors->at("tests").as_array()) {
        if (!test.as_object().contains("expect_cmd")) continue;
        const std::string name = text_at(test, "name");
        CAPTURE(name);
        const auto number = [&](const char* member) {
            return static_cast<std::uint8_t>(test.at(member).as_int64());
        };
        ChannelScript link;
        link.listeners.clear();
        link.listeners.add({l2cap::Spsm{number("server_psm")}, {672, 188, 4}, {}, {}});
        // The case whose application refuses.
        const bool refuses = test.as_object().contains("expect_err");
        const Octets answer =
            answer_to(link, command(number("send_cmd_code"), hex_at(test, "send_cmd")),
                      refuses ? l2cap::ConnectionResult::insufficient_authorization
                              : l2cap::ConnectionResult::successful);
        REQUIRE(answer.size() > 4);
        CHECK(answer[0] == number("expect_cmd_code"));
        CHECK(answer[1] == 0x01);
        const Octets expected = hex_at(test, "expect_cmd");
        CHECK(comparable(answer[0], Bytes{answer}.subspan(4)) == comparable(answer[0], expected));
        ++count;
    }
    CHECK(count == 16);
}

TEST_CASE("l2cap conformance: another stack's client cases begin and end as it expects") {
    const auto vectors = fixture_json("vectors/l2cap_le.json");
    if (!vectors) return;
    std::size_t rejected = 0;
    for (const auto& test : vectors->at("tests").as_array()) {
        const auto& members = test.as_object();
        if (text_at(test, "side") != "client" || !members.contains("client_psm")) continue;
        const std::string name = text_at(test, "name");
        CAPTURE(name);
        const Mode mode = members.contains("mode") ? Mode::enhanced : Mode::le;
        ChannelScript link;
        const Octets request = sent_by(link.connect(mode, {672, 188, 4}));
        REQUIRE(request.size() > 4);
        CHECK(request[0] == (mode == Mode::le ? 0x14 : 0x17));
        if (!members.contains("send_cmd")) continue;
        CHECK(link.command(text_at(test, "send_cmd")) == Lines{"failed 40: not supported"});
        ++rejected;
    }
    CHECK(rejected == 2);
}

TEST_CASE("l2cap conformance: requests of real peers are answered as they were, or should be") {
    const auto vectors = fixture_json("vectors/l2cap_credit_based.json");
    if (!vectors) return;
    for (const auto& test : vectors->as_array()) {
        const std::string meaning = text_at(test, "meaning");
        CAPTURE(meaning);
        if (test.at("request").is_null()) {
            // Enhanced is asked for by the enhanced request, without falling back.
            ChannelScript link;
            CHECK(sent_by(link.connect(Mode::enhanced, {672, 188, 4}))[0] == 0x17);
            continue;
        }
        const Octets request = hex_at(test, "request");
        ChannelScript link;
        const bool is_le = request[0] == l2cap::LeCreditBasedConnectionRequest::code;
        const auto spsm = static_cast<std::uint16_t>(request[4] | request[5] << 8);
        const bool wants_long_key = meaning.find("key size 7") != std::string::npos;
        link.listeners.clear();
        link.listeners.add({l2cap::Spsm{spsm},
                            {672, is_le ? std::uint16_t{23} : std::uint16_t{64}, 30},
                            {.min_key_size = wants_long_key ? std::uint8_t{16} : std::uint8_t{0}},
                            {}});
        if (wants_long_key) link.security = {.encrypted = true, .key_size = 7};
        const Octets answer = answer_to(link, request, l2cap::ConnectionResult::successful);
        if (is_le) {
            // The octets come first, then what they mean.
            const std::string expected = text_at(test, "expect").substr(0, 28);
            CHECK(to_hex(answer) == expected);
            continue;
        }
        // The DCIDs in the order of the SCIDs; one credit more than all is too many.
        const std::size_t count = (request.size() - 12) / 2;
        REQUIRE(answer.size() == 12 + 2 * count);
        for (std::size_t i = 0; i < count; ++i) {
            const auto ours = cid(static_cast<std::uint16_t>(answer[12 + 2 * i]));
            CHECK(link.channels().find(ours)->remote ==
                  cid(static_cast<std::uint16_t>(request[12 + 2 * i])));
        }
        CHECK(link.channels().find(cid(0x40))->sender.credits() == 65535);
        CHECK(link.command("16 02 04 00 | 74 00 | 01 00").size() == 1);
        CHECK(link.channels().counters().violations == 1);
    }
}
