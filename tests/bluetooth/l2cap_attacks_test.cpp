// SPDX-License-Identifier: MIT
//
// What a broken or hostile peer may say on the signalling channel and on channels, and the right
// answer of a whole host. The octets are those of the link: L2CAP PDUs, C-frames.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/bluetooth/l2cap_room.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

/// A peripheral that listens on SPSM 0x0080 (MTU 100, MPS 64, 5 credits).
struct Attacked : PlayedLink {
    Attacked() : PlayedLink(hci::Role::peripheral) {
        REQUIRE(!host().l2cap_listen(Psm{0x80}, 100, {.mps = 64, .credits = 5}));
    }
    /// The peer opens a channel between its CID 0x0041 and ours, 0x0040.
    void open() {
        receive("0e 00 05 00 | 14 01 0a 00 | 80 00 41 00 64 00 40 00 05 00");
        REQUIRE(sent() == Lines{to_hex(hex("0e000500 15010a00 4000 6400 4000 0500 0000"))});
        REQUIRE(device().take_events() ==
                Lines{"L2capAccept 0040 0040 128 100 100", "L2capConnect 0040 0040 128 100 100"});
    }
    /// What the host answers to this C-frame, header apart.
    Lines answers(std::string_view command) {
        receive(0x0005, hex(command));
        Lines lines;
        for (const Octets& pdu : take_sent()) lines.push_back(to_hex(Bytes{pdu}.subspan(4)));
        return lines;
    }
};

Lines command(std::string_view octets) {
    if (octets.empty()) return {};
    return {to_hex(hex(octets))};
}

/// Nobody has heard of anything; ATT and a channel work as before.
void check_unharmed(Attacked& link) {
    CHECK(link.device().take_events() == Lines{});
    link.receive("03 00 04 00 | 0a 03 00");
    CHECK(link.sent() == Lines{to_hex(hex("08000400 0b 6173696f626c65"))});
    link.receive("07 00 40 00 | 05 00 01 02 03 04 05");
    CHECK(link.device().take_events() == Lines{"L2capRecv 0040 0040"});
    CHECK(link.end().read() == hex("01 02 03 04 05"));
    CHECK(link.end().send(hex("06")));
    CHECK(link.sent() == Lines{to_hex(hex("03004100 0100 06"))});
}

}  // namespace

TEST_CASE("l2cap attacks: signalling that is malformed or makes no sense changes nothing") {
    struct Attack {
        const char* id;
        const char* octets;
        const char* answer;
    };
    const std::vector<Attack> all{
        {"S01", "14 01 0a 00 80 00", "01 01 02 00 00 00"},
        {"S02", "16 01 04 00 41 00 01 00 16 02 04 00 41 00 01 00", "01 01 02 00 00 00"},
        {"S03", "14 00 0a 00 80 00 42 00 64 00 40 00 05 00", ""},
        {"S04 unknown", "7f 01 00 00", "01 01 02 00 00 00"},
        {"S04 BR/EDR Configuration Request", "04 01 04 00 40 00 00 00", "01 01 02 00 00 00"},
        {"S04 BR/EDR Information Request", "0a 01 02 00 02 00", "01 01 02 00 00 00"},
        {"S04 a reject", "01 01 02 00 00 00", ""},
        {"S04 a truncated response", "15 01 02 00 00 00", ""},
        {"S05", "15 01 0a 00 40 00 17 00 17 00 01 00 00 00", ""},
        {"S05 enhanced", "18 01 0a 00 40 00 40 00 01 00 00 00 41 00", ""},
        {"S05 disconnection", "07 01 04 00 41 00 40 00", ""},
        {"S05 reconfiguration", "1a 01 02 00 00 00", ""},
        {"S07", "14 01 0a 00 80 00 01 00 20 00 20 00 05 00",
         "15 01 0a 00 00 00 00 00 00 00 00 00 09 00"},
        {"S07 above the dynamic CIDs", "14 01 0a 00 80 00 80 00 20 00 20 00 05 00",
         "15 01 0a 00 00 00 00 00 00 00 00 00 09 00"},
        {"S08", "14 01 0a 00 80 00 41 00 20 00 20 00 05 00",
         "15 01 0a 00 00 00 00 00 00 00 00 00 0a 00"},
        {"S08 enhanced", "17 01 0a 00 80 00 40 00 40 00 05 00 41 00",
         "18 01 0a 00 00 00 00 00 00 00 0a 00 00 00"},
        {"unknown SPSM", "14 01 0a 00 81 00 42 00 20 00 20 00 05 00",
         "15 01 0a 00 00 00 00 00 00 00 00 00 02 00"},
        {"EATT on a link without encryption", "17 01 0a 00 27 00 40 00 40 00 05 00 42 00",
         "18 01 0a 00 00 00 00 00 00 00 08 00 00 00"},
        {"MTU of 22", "14 01 0a 00 80 00 42 00 16 00 20 00 05 00",
         "15 01 0a 00 00 00 00 00 00 00 00 00 0b 00"},
        {"MPS of 22", "14 01 0a 00 80 00 42 00 20 00 16 00 05 00",
         "15 01 0a 00 00 00 00 00 00 00 00 00 0b 00"},
        {"S14", "16 01 04 00 41 00 00 00", ""},
        {"S15 unknown CID", "16 01 04 00 42 00 01 00", ""},
        {"S15 our end's number", "16 01 04 00 40 00 01 00", ""},
        {"S16", "06 01 04 00 04 00 04 00", "01 01 06 00 02 00 04 00 04 00"},
        {"S16 signalling", "06 01 04 00 05 00 05 00", "01 01 06 00 02 00 05 00 05 00"},
        {"disconnection of no channel", "06 01 04 00 50 00 41 00", "01 01 06 00 02 00 50 00 41 00"},
        {"disconnection for another far end", "06 01 04 00 40 00 42 00", ""},
        {"S19", "17 01 14 00 80 00 40 00 40 00 05 00 42 00 43 00 44 00 45 00 46 00 47 00",
         "18 01 12 00 00 00 00 00 00 00 0c 00 00 00 00 00 00 00 00 00 00 00"},
        {"S20 none", "17 01 08 00 80 00 40 00 40 00 05 00", "18 01 08 00 00 00 00 00 00 00 0c 00"},
        {"S20 half a CID", "17 01 09 00 80 00 40 00 40 00 05 00 42", "01 01 02 00 00 00"},
        {"S22", "17 01 0a 00 80 00 40 00 40 00 05 00 01 00",
         "18 01 0a 00 00 00 00 00 00 00 09 00 00 00"},
        {"S23 MTU", "17 01 0a 00 80 00 3f 00 40 00 05 00 42 00",
         "18 01 0a 00 00 00 00 00 00 00 0b 00 00 00"},
        {"S23 MPS", "17 01 0a 00 80 00 40 00 3f 00 05 00 42 00",
         "18 01 0a 00 00 00 00 00 00 00 0b 00 00 00"},
        {"S24 unknown", "19 01 06 00 80 00 80 00 42 00", "1a 01 02 00 03 00"},
        {"S24 not an enhanced one", "19 01 06 00 80 00 80 00 41 00", "1a 01 02 00 03 00"},
        {"S24 empty", "19 01 04 00 80 00 80 00", "1a 01 02 00 04 00"},
        {"S24 six", "19 01 10 00 80 00 80 00 41 00 42 00 43 00 44 00 45 00 46 00",
         "1a 01 02 00 04 00"},
        {"S27", "12 01 08 00 06 00 06 00 f3 01 0a 00", "01 01 02 00 00 00"},
    };
    std::size_t chosen = 0;
    for (const Attack& each : all) SUBCASE(each.id) {
            chosen = static_cast<std::size_t>(&each - all.data());
        }
    Attacked link;
    link.open();
    CHECK(link.answers(all[chosen].octets) == command(all[chosen].answer));
    check_unharmed(link);
}

TEST_CASE("l2cap attacks: data against the rules closes its channel, and nothing else") {
    struct Attack {
        const char* id;
        std::vector<std::string> pdus;
    };
    const std::string short_frame = "03 00 40 00 | 01 00 aa";
    std::string frame = "40 00 40 00 | 3e 00";     // of 64 octets, as many as the MPS allows
    std::string too_long = "41 00 40 00 | 3f 00";  // of 65
    for (int i = 0; i < 62; ++i) frame += " aa";
    for (int i = 0; i < 63; ++i) too_long += " aa";
    const std::vector<Attack> all{
        {"S13", {"08 00 05 00 | 16 02 04 00 41 00 fb ff"}},
        {"C03", {"06 00 40 00 | ff ff 01 02 03 04"}},
        {"C03 one octet above the MTU", {"06 00 40 00 | 65 00 01 02 03 04"}},
        {"C05", {too_long}},
        {"C06", {frame, frame, frame, frame, frame, frame}},
        {"C08 empty", {"00 00 40 00"}},
        {"half of an SDU's length", {"01 00 40 00 | 01"}},
        {"longer than announced", {"05 00 40 00 | 02 00 01 02 03"}},
        {"longer than announced, later",
         {"05 00 40 00 | 05 00 01 02 03", "03 00 40 00 | 04 05 06"}},
    };
    std::size_t chosen = 0;
    for (const Attack& each : all) SUBCASE(each.id) {
            chosen = static_cast<std::size_t>(&each - all.data());
        }
    Attacked link;
    link.open();
    for (const std::string& pdu : all[chosen].pdus) link.receive(pdu);
    CHECK(link.sent() == Lines{to_hex(hex("08000500 06010400 41004000"))});
    link.device().forget_events();
    // What still comes on the channel is dropped.
    link.receive(short_frame);
    CHECK(link.end().send_error(hex("01")).value() == 22);
    CHECK(link.device().take_events() == Lines{});
    link.receive("08 00 05 00 | 07 01 04 00 41 00 40 00");
    CHECK(link.device().take_events() == Lines{"L2capDisconnect 0040 0040 128 status 0"});
    CHECK(link.sent() == Lines{});
    link.open();
    check_unharmed(link);
}

TEST_CASE("l2cap attacks: C01: data for a channel that is not open, or no more, is dropped") {
    Attacked link;
    const std::string frame = "03 00 40 00 | 01 00 aa";
    link.receive(frame);
    CHECK(link.sent() == Lines{});
    link.open();
    link.receive("08 00 05 00 | 06 02 04 00 40 00 41 00");
    CHECK(link.sent() == Lines{to_hex(hex("08000500 07020400 40004100"))});
    CHECK(link.device().take_events() == Lines{"L2capDisconnect 0040 0040 128 status 0"});
    link.receive(frame);
    link.receive("08 00 05 00 | 16 03 04 00 41 00 01 00");
    CHECK(link.sent() == Lines{});
    link.open();
    check_unharmed(link);
}

TEST_CASE("l2cap attacks: C07: an empty SDU is an event with nothing to read") {
    Attacked link;
    link.open();
    link.receive("02 00 40 00 | 00 00");
    CHECK(link.device().take_events() == Lines{"L2capRecv 0040 0040"});
    CHECK(link.end().available() == 0);
    link.receive("02 00 40 00 | 00 00");
    CHECK(link.device().take_events() == Lines{"L2capRecv 0040 0040"});
    CHECK(link.end().read() == hex(""));
    // The peer has as many credits as before.
    CHECK(link.sent() == Lines{to_hex(hex("08000500 16010400 40000200"))});
    link.receive("03 00 40 00 | 01 00 aa");
    CHECK(link.end().read() == hex("aa"));
}

TEST_CASE("l2cap attacks: S12: what a listener demands is refused in the specification's order") {
    struct Case {
        SecurityRequirement demand;
        const char* result;
    };
    Case chosen;
    SUBCASE("authentication") { chosen = {{.encryption = true, .authentication = true}, "05 00"}; }
    SUBCASE("encryption") { chosen = {{.encryption = true, .min_key_size = 16}, "08 00"}; }
    SUBCASE("authorization") { chosen = {{.authorization = true}, "06 00"}; }
    Attacked link;
    REQUIRE(!link.host().l2cap_listen(Psm{0x81}, 100, {.security = chosen.demand}));
    CHECK(link.answers("14 01 0a 00 81 00 41 00 64 00 40 00 05 00") ==
          command("15 01 0a 00 00 00 00 00 00 00 00 00 " + std::string{chosen.result}));
    CHECK(link.answers("17 02 0c 00 81 00 40 00 40 00 05 00 41 00 42 00") ==
          command("18 02 0c 00 00 00 00 00 00 00 " + std::string{chosen.result} + " 00 00 00 00"));
    link.open();
    check_unharmed(link);
}

TEST_CASE("l2cap: each result of a response has its status") {
    struct Case {
        const char* result;
        int status;
    };
    const std::vector<Case> all{{"02 00", 8},  {"04 00", 6},  {"05 00", 23}, {"06 00", 24},
                                {"07 00", 26}, {"08 00", 25}, {"09 00", 16}, {"0a 00", 2},
                                {"0b 00", 3},  {"0c 00", 3},  {"01 00", 17}, {"ff ff", 17}};
    PlayedLink link{hci::Role::central};
    int identifier = 0;
    for (const Case& each : all) {
        CAPTURE(each.result);
        ChannelId cid{};
        REQUIRE(!connect_channel(link.device(), link.conn, Psm{22}, 450, cid));
        const std::string number = to_hex(Octets{std::uint8_t(++identifier)});
        CHECK(link.sent() ==
              Lines{to_hex(hex("0e000500 14" + number + "0a00 1600 4000 c201 f700 4000"))});
        link.receive("0e 00 05 00 15" + number + "0a 00 00 00 00 00 00 00 00 00" + each.result);
        CHECK(link.device().take_events() ==
              Lines{"L2capDisconnect 0040 0040 22 status " + std::to_string(each.status)});
    }
}

TEST_CASE("l2cap: a request that fails in another way has a status too, and the next may follow") {
    PlayedLink link{hci::Role::central};
    ChannelId cid{};
    REQUIRE(!connect_channel(link.device(), link.conn, Psm{22}, 450, cid));
    REQUIRE(link.take_sent().size() == 1);
    int status = 0;
    SUBCASE("S28: the peer never answers") {
        link.world.advance(29999ms);
        CHECK(link.device().take_events() == Lines{});
        link.world.advance(1ms);
        status = 13;
    }
    SUBCASE("the peer does not know the request") {
        link.receive("06 00 05 00 | 01 01 02 00 00 00");
        status = 16;
    }
    SUBCASE("the other end is none of the dynamic CIDs") {
        link.receive("0e 00 05 00 | 15 01 0a 00 04 00 64 00 40 00 05 00 00 00");
        status = 71;
    }
    SUBCASE("the MTU is too small") {
        link.receive("0e 00 05 00 | 15 01 0a 00 41 00 16 00 40 00 05 00 00 00");
        CHECK(link.sent() == Lines{to_hex(hex("08000500 06020400 41004000"))});
        link.receive("08 00 05 00 | 07 02 04 00 41 00 40 00");
        status = 3;
    }
    (void)link.sent();
    CHECK(link.device().last<L2capDisconnect>()->status == status);
    link.device().forget_events();
    REQUIRE(!connect_channel(link.device(), link.conn, Psm{22}, 450, cid));
    const auto sent = link.take_sent();
    REQUIRE(sent.size() == 1);
    Octets response = hex("0e 00 05 00 | 15 00 0a 00 41 00 64 00 40 00 05 00 00 00");
    response[5] = sent[0][5];
    link.receive(Bytes{response});
    CHECK(link.device().take_events() == Lines{"L2capConnect 0040 0040 22 450 100"});
}

TEST_CASE("l2cap attacks: S28: a disconnection that is never answered ends after 30 s") {
    Attacked link;
    link.open();
    REQUIRE(!link.end().disconnect());
    CHECK(link.sent() == Lines{to_hex(hex("08000500 06010400 41004000"))});
    link.world.advance(29999ms);
    CHECK(link.device().take_events() == Lines{});
    link.world.advance(1ms);
    CHECK(link.device().take_events() == Lines{"L2capDisconnect 0040 0040 128 status 0"});
    // What the peer sends to that CID may still be meant for the old channel: another one is used.
    CHECK(link.answers("14 02 0a 00 80 00 42 00 64 00 40 00 05 00") ==
          command("15 02 0a 00 41 00 64 00 40 00 05 00 00 00"));
}

TEST_CASE("l2cap attacks: requests without end, none of them decided, are refused beyond a few") {
    Attacked link;
    link.device().handler = [](const Event& event) {
        if (const auto* accept = std::get_if<L2capAccept>(&event)) accept->defer();
    };
    int refused = 0;
    for (int i = 0; i < 60; ++i) {
        Octets request = hex("14 00 0a 00 80 00 00 00 64 00 40 00 05 00");
        request[1] = std::uint8_t(i + 1);
        request[6] = std::uint8_t(0x40 + i);
        link.receive(0x0005, request);
        for (const Octets& pdu : link.take_sent()) {
            REQUIRE(Bytes{pdu}.subspan(pdu.size() - 2) == hex("04 00"));
            ++refused;
        }
    }
    CHECK(refused == 60 - 4);
    link.world.advance(30s);
    link.device().handler = {};
    link.device().forget_events();
    CHECK(link.take_sent().size() == 4);
    link.open();
    check_unharmed(link);
}
