// SPDX-License-Identifier: MIT
//
// Other MTUs and MPSs for enhanced channels that are open (Vol 3 Part A 4.27, 4.28).
#include <doctest/doctest.h>

#include "tests/l2cap/channel_script.hpp"

using namespace bluetooth;
using namespace std::chrono_literals;
using bluetooth::l2cap::Mode;
using bluetooth::test::ChannelScript;
using bluetooth::test::cid;
using bluetooth::test::Lines;
using bluetooth::test::sent;

namespace {

/// Channels 0x40 and 0x41 of ours, MTU 100 and MPS 70, to 0x60 and 0x61 of the peer, MTU 72, MPS
/// 66, 3 credits.
ChannelScript& with_two(ChannelScript& link) {
    link.connect(Mode::enhanced, {100, 70, 4}, 2);
    link.command("18 01 0c 00 | 48 00 | 42 00 | 03 00 | 00 00 | 60 00 61 00");
    return link;
}
std::string answered(std::string_view result) {
    return sent("06 00 05 00 | 1a 7f 02 00 | " + std::string{result});
}

}  // namespace

TEST_CASE("l2cap reconfiguration: the peer takes longer SDUs and frames on both channels") {
    ChannelScript script;
    ChannelScript& link = with_two(script);
    CHECK(link.command("19 7f 08 00 | 50 00 | 46 00 | 60 00 61 00") ==
          Lines{answered("00 00"), "reconfigured 40 mtu 100 80", "reconfigured 41 mtu 100 80"});
    CHECK_FALSE(link.send(cid(0x41), std::string(2 * 80, '1')));
    // 0x46 octets in the first K-frame: 2 of the SDU's length, 68 of the SDU.
    CHECK(link.pump() == Lines{sent("46 00 61 00 | 50 00 " + std::string(2 * 68, '1')),
                               sent("0c 00 61 00 | " + std::string(2 * 12, '1'))});
    CHECK(link.send(cid(0x41), std::string(2 * 81, '1')) == errc::invalid_argument);
}

TEST_CASE("l2cap reconfiguration: what the peer may not do is refused, all or nothing (S24)") {
    ChannelScript script;
    ChannelScript& link = with_two(script);
    struct {
        const char* data;
        const char* result;
    } const cases[] = {
        {"08 00 | 47 00 | 42 00 | 60 00 61 00", "01 00"},  // MTU reduced
        {"06 00 | 47 00 | 42 00 | 60 00", "01 00"},
        {"08 00 | 48 00 | 41 00 | 60 00 61 00", "02 00"},  // MPS reduced for two
        {"08 00 | 48 00 | 42 00 | 60 00 62 00", "03 00"},  // unknown
        {"06 00 | 48 00 | 42 00 | 40 00", "03 00"},        // our end's number
        {"06 00 | 48 00 | 42 00 | 04 00", "03 00"},        // fixed
        {"06 00 | 48 00 | 42 00 | 00 00", "03 00"},        // null
        {"06 00 | 48 00 | 3f 00 | 60 00", "04 00"},        // MPS below 64
        {"06 00 | 3f 00 | 42 00 | 60 00", "04 00"},        // MTU below 64
        {"06 00 | 48 00 | ff ff | 60 00", "04 00"},        // MPS above 65533
        {"04 00 | 48 00 | 42 00 |", "04 00"},              // no channel
        {"10 00 | 48 00 | 42 00 | 60 00 61 00 60 00 61 00 60 00 61 00", "04 00"},  // six
    };
    for (const auto& c : cases) {
        CAPTURE(c.data);
        CHECK(link.command("19 7f " + std::string{c.data}) == Lines{answered(c.result)});
        CHECK(link.channels().find(cid(0x40))->sender.mtu() == 72);
        CHECK(link.channels().find(cid(0x41))->sender.mtu() == 72);
    }
    // Half a CID does not have the form of a request.
    CHECK(link.command("19 7f 07 00 | 48 00 | 42 00 | 60 00 61") ==
          Lines{sent("06 00 05 00 | 01 7f 02 00 | 00 00")});
}

TEST_CASE("l2cap reconfiguration: one channel may get a smaller MPS, frames being cut after it") {
    ChannelScript script;
    ChannelScript& link = with_two(script);
    CHECK(link.command("19 7f 06 00 | 48 00 | 40 00 | 60 00") ==
          Lines{answered("00 00"), "reconfigured 40 mtu 100 72"});
    REQUIRE_FALSE(link.send(cid(0x40), std::string(2 * 64, '2')));
    CHECK(link.pump() == Lines{sent("40 00 60 00 | 40 00 " + std::string(2 * 62, '2')),
                               sent("02 00 60 00 | 22 22")});
}

TEST_CASE("l2cap reconfiguration: a smaller MPS is refused while longer frames wait for credits") {
    ChannelScript script;
    ChannelScript& link = with_two(script);
    for (int i = 0; i < 2; ++i) REQUIRE_FALSE(link.send(cid(0x40), std::string(2 * 70, '2')));
    link.pump();  // three of the four frames
    CHECK(link.command("19 7f 06 00 | 48 00 | 40 00 | 60 00").size() == 2);
    REQUIRE(link.command("16 7f 04 00 | 60 00 | 05 00").empty());
    CHECK(link.pump().size() == 2);  // the rest of six octets, and "ready"
    ChannelScript other;
    with_two(other);
    REQUIRE_FALSE(other.send(cid(0x40), std::string(2 * 70, '2')));
    CHECK(other.command("19 7f 06 00 | 48 00 | 40 00 | 60 00") == Lines{answered("04 00")});
}

TEST_CASE("l2cap reconfiguration: it is of enhanced channels alone") {
    ChannelScript link;
    link.accept_one();
    CHECK(link.command("19 7f 06 00 | 48 00 | 42 00 | 41 00") == Lines{answered("03 00")});
    CHECK(link.reconfigure({cid(0x40)}, 200, 0) == Lines{});
    CHECK(link.error == errc::invalid_argument);
}

TEST_CASE("l2cap reconfiguration: ours counts once the peer has agreed") {
    ChannelScript script;
    ChannelScript& link = with_two(script);
    CHECK(link.reconfigure({cid(0x40), cid(0x41)}, 120, 80) ==
          Lines{sent("0c 00 05 00 | 19 02 08 00 | 78 00 | 50 00 | 40 00 41 00")});
    CHECK(link.reconfigure({cid(0x41)}, 130, 0) == Lines{});
    CHECK(link.error == errc::already_in_progress);
    CHECK(link.channels().find(cid(0x40))->receiver.mtu() == 100);
    CHECK(link.command("1a 02 02 00 | 00 00") ==
          Lines{"reconfigured 40 mtu 120 72", "reconfigured 41 mtu 120 72"});
    const std::string payload(2 * 78, '3');
    CHECK(link.frame(cid(0x40), "78 00 " + payload) == Lines{});
    CHECK(link.frame(cid(0x40), std::string(2 * 42, '4')) == Lines{"sdu 40"});
    CHECK(link.read(cid(0x40)) == payload + std::string(2 * 42, '4'));
}

TEST_CASE("l2cap reconfiguration: what was received before is kept") {
    ChannelScript script;
    ChannelScript& link = with_two(script);
    link.frame(cid(0x40), "03 00 aa bb cc");
    link.frame(cid(0x40), "04 00 01 02");
    CHECK(link.read(cid(0x40), 1) == "aa");
    link.reconfigure({cid(0x40)}, 3000, 200);
    // The peer may still send what the old numbers allow.
    CHECK(link.command("1a 02 02 00 | 00 00") == Lines{"reconfigured 40 mtu 3000 72"});
    CHECK(link.frame(cid(0x40), "03 04") ==
          Lines{"sdu 40", sent("08 00 05 00 | 16 03 04 00 | 40 00 | 03 00")});
    CHECK(link.read(cid(0x40)) == "bbcc01020304");
}

TEST_CASE("l2cap reconfiguration: without a wish for the MPS each channel keeps its own") {
    ChannelScript script;
    ChannelScript& link = with_two(script);
    CHECK(link.reconfigure({cid(0x40)}, 101, 0) ==
          Lines{sent("0a 00 05 00 | 19 02 06 00 | 65 00 | 46 00 | 40 00")});
}

TEST_CASE("l2cap reconfiguration: every refusal leaves the channel as it was") {
    for (const char* answer : {"1a 02 02 00 | 01 00", "1a 02 02 00 | 02 00", "1a 02 02 00 | 03 00",
                               "1a 02 02 00 | 04 00", "1a 02 02 00 | 05 00"}) {
        ChannelScript script;
        ChannelScript& link = with_two(script);
        link.reconfigure({cid(0x40)}, 200, 0);
        CHECK(link.command(answer) == Lines{"reconfigured 40 mtu 100 72: unacceptable parameters"});
        CHECK(link.reconfigure({cid(0x40)}, 200, 0).size() == 1);
    }
    ChannelScript script;
    ChannelScript& link = with_two(script);
    link.reconfigure({cid(0x40)}, 200, 0);
    CHECK(link.command("01 02 02 00 | 00 00") ==
          Lines{"reconfigured 40 mtu 100 72: not supported"});
    link.reconfigure({cid(0x40)}, 200, 0);
    CHECK(link.wait(30s) == Lines{"reconfigured 40 mtu 100 72: timed out"});
    CHECK(link.command("1a 03 02 00 | 00 00") == Lines{});
}

TEST_CASE("l2cap reconfiguration: what the peer would have to refuse is not asked for") {
    ChannelScript script;
    ChannelScript& link = with_two(script);
    link.accept_one("05 00", "70 00");  // 0x42, of the other mode
    const auto both = std::vector{cid(0x40), cid(0x41)};
    for (const auto& [cids, mtu, mps] :
         {std::tuple{both, 99, 70},                      // a smaller MTU
          {both, 100, 69},                               // a smaller MPS for two
          {std::vector{cid(0x40)}, 100, 63},             // below 64
          {std::vector{cid(0x40), cid(0x42)}, 200, 70},  // the other mode
          {std::vector{cid(0x40), cid(0x44)}, 200, 70},  // not there
          {std::vector<l2cap::Cid>{}, 200, 70},          // none
          {std::vector(6, cid(0x40)), 200, 70}}) {       // six
        CHECK(link.reconfigure(cids, static_cast<std::uint16_t>(mtu),
                               static_cast<std::uint16_t>(mps)) == Lines{});
        CHECK(link.error == errc::invalid_argument);
    }
    CHECK(link.reconfigure({cid(0x40)}, 100, 64).size() == 1);
}

TEST_CASE("l2cap reconfiguration: a channel that ends meanwhile is not changed") {
    ChannelScript script;
    ChannelScript& link = with_two(script);
    link.reconfigure({cid(0x40), cid(0x41)}, 200, 0);
    CHECK(link.command("06 7f 04 00 | 40 00 | 60 00").size() == 2);
    CHECK(link.command("1a 02 02 00 | 03 00") ==
          Lines{"reconfigured 41 mtu 100 72: unacceptable parameters"});
    link.reconfigure({cid(0x41)}, 200, 0);
    CHECK(link.disconnect() == Lines{"closed 41: connection lost"});
    CHECK(link.all_buffers_back());
}

TEST_CASE("l2cap reconfiguration: a request that has yet to go out never names the next channel") {
    ChannelScript script;
    ChannelScript& link = with_two(script);
    // Another request of ours is out, so this one waits.
    link.connect(Mode::le);
    CHECK(link.reconfigure({cid(0x40)}, 200, 0) == Lines{});
    CHECK(link.command("06 7f 04 00 | 40 00 | 60 00").back() == "closed 40");
    link.channels().release(cid(0x40));
    // The CID is not given away before the request is over.
    CHECK(link.command("14 7e 0a 00 | 80 00 | 70 00 | 40 00 | 20 00 | 05 00") ==
          Lines{"requested 43 psm 128 mtu 100 64"});
    CHECK(link.answer(cid(0x43)).size() == 2);
    link.command("15 02 0a 00 | 00 00 | 00 00 | 00 00 | 00 00 | 02 00");
    CHECK(link.command("1a 03 02 00 | 03 00") == Lines{});
    CHECK(link.command("14 7d 0a 00 | 80 00 | 71 00 | 40 00 | 20 00 | 05 00") ==
          Lines{"requested 40 psm 128 mtu 100 64"});
}
