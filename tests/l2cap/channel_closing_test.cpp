// SPDX-License-Identifier: MIT
//
// How channels end (Vol 3 Part A 4.6, 4.7), and our requests with their time limits (6.2).
#include <doctest/doctest.h>

#include "tests/l2cap/channel_script.hpp"

using namespace bluetooth;
using namespace std::chrono_literals;
using bluetooth::l2cap::Channel;
using bluetooth::l2cap::Mode;
using bluetooth::test::ChannelScript;
using bluetooth::test::cid;
using bluetooth::test::Lines;
using bluetooth::test::sent;

namespace {

Channel::State state_of(ChannelScript& link) { return link.channels().find(cid(0x40))->state; }

const std::string disconnect_request = sent("08 00 05 00 | 06 01 04 00 | 41 00 | 40 00");

}  // namespace

TEST_CASE("l2cap closing: the peer asks, is answered, and the application hears of it") {
    ChannelScript link;
    link.accept_one();
    REQUIRE_FALSE(link.send(cid(0x40), "aa bb"));
    CHECK(link.command("06 7f 04 00 | 40 00 | 41 00") ==
          Lines{sent("08 00 05 00 | 07 7f 04 00 | 40 00 | 41 00"), "closed 40"});
    CHECK(link.all_buffers_back());
    CHECK(link.send(cid(0x40), "aa") == errc::invalid_argument);
    link.close(cid(0x40));
    CHECK(link.error == errc::invalid_argument);
    // Once is enough.
    CHECK(link.command("06 7f 04 00 | 40 00 | 41 00") ==
          Lines{sent("0a 00 05 00 | 01 7f 06 00 | 02 00 | 40 00 | 41 00")});
}

TEST_CASE("l2cap closing: a Disconnection Request that names another far end is discarded") {
    ChannelScript link;
    link.accept_one();
    CHECK(link.command("06 7f 04 00 | 40 00 | 42 00") == Lines{});
    CHECK(link.command("06 7f 04 00 | 40 00 | 40 00") == Lines{});
    CHECK(state_of(link) == Channel::State::open);
}

TEST_CASE("l2cap closing: only a channel that is open can be disconnected") {
    ChannelScript link;
    const Lines rejected{sent("0a 00 05 00 | 01 7f 06 00 | 02 00 | 40 00 | 41 00")};
    CHECK(link.command("06 7f 04 00 | 40 00 | 41 00") == rejected);
    link.command("14 01 0a 00 | 80 00 | 41 00 | 40 00 | 20 00 | 05 00");
    CHECK(link.command("06 7f 04 00 | 40 00 | 41 00") == rejected);  // the application decides yet
    CHECK(link.answer(cid(0x40)).size() == 2);

    ChannelScript other;
    other.connect(Mode::le);
    CHECK(other.command("06 7f 04 00 | 40 00 | 41 00") == rejected);
    CHECK(other.command("06 7f 04 00 | 40 00 | 00 00").size() == 1);
    CHECK(state_of(other) == Channel::State::connecting);
}

TEST_CASE("l2cap closing: we ask, the peer answers") {
    ChannelScript link;
    link.accept_one();
    CHECK(link.close(cid(0x40)) == Lines{disconnect_request});
    CHECK(state_of(link) == Channel::State::closing);
    CHECK(link.close(cid(0x40)) == Lines{});
    CHECK_FALSE(link.error);
    // What is still on its way counts for nothing.
    CHECK(link.frame(cid(0x40), "01 00 aa") == Lines{});
    CHECK(link.command("16 7f 04 00 | 41 00 | 01 00") == Lines{});
    CHECK(link.command("07 01 04 00 | 41 00 | 40 00") == Lines{"closed 40"});
    CHECK(link.wait(1h) == Lines{});
    CHECK(link.channels().counters().violations == 0);
}

TEST_CASE("l2cap closing: a response that names other ends is discarded") {
    ChannelScript link;
    link.accept_one();
    link.close(cid(0x40));
    for (const char* wrong : {"07 01 04 00 | 40 00 | 41 00", "07 01 04 00 | 41 00 | 41 00",
                              "07 01 04 00 | 00 00 | 00 00", "07 02 04 00 | 41 00 | 40 00"})
        CHECK(link.command(wrong) == Lines{});
    CHECK(state_of(link) == Channel::State::closing);
    SUBCASE("and the right one may follow") {
        CHECK(link.command("07 01 04 00 | 41 00 | 40 00") == Lines{"closed 40"});
    }
    SUBCASE("or the time is over") { CHECK(link.wait(30s) == Lines{"closed 40"}); }
}

TEST_CASE("l2cap closing: what credits allow is sent first") {
    ChannelScript link;
    link.accept_one("02 00");
    for (const char* sdu : {"aa", "bb", "cc"}) (void)link.send(cid(0x40), sdu);
    CHECK(link.close(cid(0x40)) == Lines{sent("03 00 41 00 | 01 00 aa"),
                                         sent("03 00 41 00 | 01 00 bb"), disconnect_request});
    CHECK(link.all_buffers_back());
    CHECK(link.send(cid(0x40), "dd") == errc::invalid_argument);
}

TEST_CASE("l2cap closing: while frames wait for their turn nothing more is taken") {
    ChannelScript link;
    link.accept_one("09 00");
    for (const char* sdu : {"aa", "bb"}) REQUIRE_FALSE(link.send(cid(0x40), sdu));
    auto ctx = link.context();
    REQUIRE_FALSE(link.channels().disconnect(ctx, cid(0x40)));
    CHECK(link.send(cid(0x40), "cc") == errc::invalid_argument);
    CHECK(link.pump(1) == Lines{sent("03 00 41 00 | 01 00 aa")});
    CHECK(link.pump(1) == Lines{sent("03 00 41 00 | 01 00 bb"), disconnect_request});
}

TEST_CASE("l2cap closing: requests of both sides that cross close the channel once") {
    ChannelScript link;
    link.accept_one();
    link.close(cid(0x40));
    CHECK(link.command("06 7f 04 00 | 40 00 | 41 00") ==
          Lines{sent("08 00 05 00 | 07 7f 04 00 | 40 00 | 41 00"), "closed 40"});
    link.channels().release(cid(0x40));
    SUBCASE("and the response to ours ends our request") {
        CHECK(link.command("07 01 04 00 | 41 00 | 40 00") == Lines{});
    }
    SUBCASE("and so does a reject of it") {
        CHECK(link.command("01 01 06 00 | 02 00 | 41 00 | 40 00") == Lines{});
    }
    SUBCASE("and a new channel with the same CIDs is not touched by the response") {
        link.accept_one();
        CHECK(link.command("07 01 04 00 | 41 00 | 40 00") == Lines{});
        CHECK(state_of(link) == Channel::State::open);
    }
    CHECK(link.link.signalling().ignored() == 0);
    CHECK(link.connect(Mode::le).size() == 1);  // the next request does not wait
}

TEST_CASE("l2cap closing: a request that still waits when the peer closes is not sent") {
    ChannelScript link;
    link.accept_one();
    link.connect(Mode::le);
    CHECK(link.close(cid(0x40)) == Lines{});
    CHECK(link.command("06 7f 04 00 | 40 00 | 41 00").size() == 2);
    link.channels().release(cid(0x40));
    // It would close the next channel with these CIDs.
    link.accept_one();
    CHECK(link.command("15 01 0a 00 | 00 00 | 00 00 | 00 00 | 00 00 | 02 00") ==
          Lines{"failed 41: SPSM not supported"});
    CHECK(state_of(link) == Channel::State::open);
}

TEST_CASE("l2cap closing: a peer that does not know the channel has closed it") {
    ChannelScript link;
    link.accept_one();
    link.close(cid(0x40));
    CHECK(link.command("01 01 06 00 | 02 00 | 41 00 | 40 00") == Lines{"closed 40"});
    link.channels().release(cid(0x40));
    link.connect(Mode::le);
    CHECK(link.names == std::vector{cid(0x40)});
}

TEST_CASE("l2cap closing: the CID of a channel whose end was never answered is not used again") {
    ChannelScript link;
    link.accept_one();
    link.close(cid(0x40));
    CHECK(link.wait(29999ms) == Lines{});
    CHECK(link.wait(1ms) == Lines{"closed 40"});
    link.channels().release(cid(0x40));
    CHECK(link.frame(cid(0x40), "01 00 aa") == Lines{});
    CHECK(link.command("06 7f 04 00 | 40 00 | 41 00") ==
          Lines{sent("0a 00 05 00 | 01 7f 06 00 | 02 00 | 40 00 | 41 00")});
    link.connect(Mode::le);
    CHECK(link.names == std::vector{cid(0x41)});
    CHECK(link.disconnect() == Lines{"failed 41: not connected"});
}

TEST_CASE("l2cap closing: a CID is used again once the application has heard of the end") {
    ChannelScript link;
    link.accept_one();
    link.command("06 7f 04 00 | 40 00 | 41 00");
    link.connect(Mode::le);
    CHECK(link.names == std::vector{cid(0x41)});
    link.channels().release(cid(0x40));
    link.accept_one();
    CHECK(link.last_requested == cid(0x40));
}

TEST_CASE("l2cap closing: an application that closes what it was asked for has refused it") {
    ChannelScript link;
    link.command("14 7f 0a 00 | 80 00 | 41 00 | 40 00 | 20 00 | 05 00");
    CHECK(link.close(cid(0x40)) ==
          Lines{sent("0e 00 05 00 | 15 7f 0a 00 | 00 00 | 00 00 | 00 00 | 00 00 | 04 00")});
    link.close(cid(0x40));
    CHECK(link.error == errc::invalid_argument);
    link.close(cid(0x04));
    CHECK(link.error == errc::invalid_argument);
    link.close(cid(0x7f));
    CHECK(link.error == errc::invalid_argument);
}

TEST_CASE("l2cap requests: one is outstanding, the others wait for its end") {
    ChannelScript link;
    const Lines second{sent("0e 00 05 00 | 14 02 0a 00 | 80 00 | 41 00 | 64 00 | 32 00 | 04 00")};
    CHECK(link.connect(Mode::le).size() == 1);
    CHECK(link.connect(Mode::le) == Lines{});
    CHECK_FALSE(link.error);
    CHECK(link.wait(10s) == Lines{});
    SUBCASE("which is a response") {
        Lines lines = link.command("15 01 0a 00 | 00 00 | 00 00 | 00 00 | 00 00 | 02 00");
        CHECK(lines == Lines{second[0], "failed 40: SPSM not supported"});
    }
    SUBCASE("which is a reject") {
        CHECK(link.command("01 01 02 00 | 00 00") == Lines{second[0], "failed 40: not supported"});
    }
    SUBCASE("which is that time is over") {
        CHECK(link.wait(20s) == Lines{second[0], "failed 40: timed out"});
    }
    // The time of the second begins when it has been sent.
    CHECK(link.wait(29999ms) == Lines{});
    CHECK(link.wait(1ms) == Lines{"failed 41: timed out"});
}

TEST_CASE("l2cap requests: a response to one that still waits is ignored") {
    ChannelScript link;
    link.connect(Mode::le);
    link.connect(Mode::le);
    CHECK(link.command("15 02 0a 00 | 55 00 | 40 00 | 40 00 | 01 00 | 00 00") == Lines{});
    CHECK(link.command("01 02 02 00 | 00 00") == Lines{});
    CHECK(link.link.signalling().ignored() == 2);
}

TEST_CASE("l2cap requests: the peer's requests are answered while ours is outstanding") {
    ChannelScript link;
    link.connect(Mode::le);
    link.command("14 01 0a 00 | 80 00 | 41 00 | 40 00 | 20 00 | 05 00");
    CHECK(link.answer(cid(0x41)).size() == 2);
    CHECK(link.command("06 02 04 00 | 41 00 | 41 00").size() == 2);
}

TEST_CASE("l2cap requests: identifiers wrap from 255 to 1 past those of waiting requests") {
    ChannelScript link;
    link.connect(Mode::le);  // identifier 1, never answered
    link.accept_one("05 00", "77 00");
    unsigned credits = 0;
    std::uint8_t expected = 2;
    // Credits take identifiers too: one for every two frames.
    while (credits++ < 600) {
        link.frame(cid(0x41), "00 00");
        link.read(cid(0x41));
        for (const std::string& line : link.frame(cid(0x41), "00 00"))
            if (line.starts_with("send 08000500"
                                 "16")) {
                const std::array octet{expected};
                CHECK(line.substr(15, 2) == to_hex(octet));
                expected = expected == 255 ? 2 : static_cast<std::uint8_t>(expected + 1);
            }
        link.read(cid(0x41));
    }
}

TEST_CASE("l2cap requests: the link may end in any state of a closing") {
    const auto run = [](ChannelScript& link, int steps) {
        link.accept_one("01 00");
        link.frame(cid(0x40), "04 00 aa bb");  // half an SDU
        link.connect(Mode::le);                // a request that keeps the next waiting
        (void)link.send(cid(0x40), "aa bb");
        (void)link.send(cid(0x40), "cc dd");
        if (steps > 0) link.close(cid(0x40));
        if (steps > 1) link.command("15 01 0a 00 | 00 00 | 00 00 | 00 00 | 00 00 | 02 00");
        if (steps > 2) link.channels().release(cid(0x41));
        if (steps > 3) link.wait(30s);
        if (steps > 4) link.channels().release(cid(0x40));
    };
    for (int steps = 0; steps <= 5; ++steps) {
        CAPTURE(steps);
        ChannelScript link;
        run(link, steps);
        CHECK(link.disconnect() ==
              (steps < 1   ? Lines{"closed 40: connection lost", "failed 41: not connected"}
               : steps < 2 ? Lines{"closed 40", "failed 41: not connected"}
               : steps < 4 ? Lines{"closed 40"}
                           : Lines{}));
        CHECK(link.all_buffers_back());
        CHECK(link.disconnect() == Lines{});
    }
}
