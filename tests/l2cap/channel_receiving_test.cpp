// SPDX-License-Identifier: MIT
//
// SDUs on their way in: put together from K-frames (Vol 3 Part A 3.4), kept until they are read,
// and paid for with credits (10.1).
#include <doctest/doctest.h>

#include "tests/l2cap/channel_script.hpp"

using namespace bluetooth;
using namespace std::chrono_literals;
using bluetooth::l2cap::Delivery;
using bluetooth::l2cap::Mode;
using bluetooth::test::ChannelScript;
using bluetooth::test::cid;
using bluetooth::test::hex;
using bluetooth::test::Lines;
using bluetooth::test::Octets;
using bluetooth::test::offered;
using bluetooth::test::sent;

namespace {

/// A link with channel 0x40 open, opened by us, MTU 100, MPS 50 and `credits`.
void open_with(ChannelScript& link, std::uint16_t credits, Delivery delivery = Delivery::stream) {
    link.connect(Mode::le, {100, 50, credits}, 1, delivery);
    link.command("15 01 0a 00 | 60 00 | 40 00 | 40 00 | 20 00 | 00 00");
}
bool is_credit(const std::string& line) { return line.starts_with("send 0800050016"); }
const Lines nothing{};

}  // namespace

TEST_CASE("l2cap receiving: an SDU in one K-frame can be read once it is here") {
    ChannelScript link;
    link.accept_one();
    CHECK_FALSE(link.next_sdu(cid(0x40)).has_value());
    CHECK(link.frame(cid(0x40), "03 00 aa bb cc") == Lines{"sdu 40"});
    CHECK(link.available(cid(0x40)) == 3);
    CHECK(link.next_sdu(cid(0x40)) == 3);
    CHECK(link.read(cid(0x40)) == "aabbcc");
    CHECK(link.available(cid(0x40)) == 0);
    CHECK(link.read(cid(0x40)).empty());
}

TEST_CASE("l2cap receiving: an SDU in several K-frames can be read when all are here") {
    ChannelScript link;
    open_with(link, 9);
    CHECK(link.frame(cid(0x40), "05 00 aa") == nothing);
    CHECK(link.frame(cid(0x40), "bb cc") == nothing);
    CHECK(link.available(cid(0x40)) == 0);
    CHECK(link.read(cid(0x40)).empty());
    CHECK_FALSE(link.next_sdu(cid(0x40)).has_value());
    CHECK(link.frame(cid(0x40), "dd ee")[0] == "sdu 40");
    CHECK(link.read(cid(0x40)) == "aabbccddee");
    // The first K-frame may hold the length alone.
    CHECK(link.frame(cid(0x40), "01 00") == nothing);
    CHECK(link.frame(cid(0x40), "ff")[0] == "sdu 40");
    CHECK(link.read(cid(0x40)) == "ff");
}

TEST_CASE("l2cap receiving: an empty SDU is announced, and read as nothing (C07)") {
    ChannelScript link;
    open_with(link, 9);
    CHECK(link.frame(cid(0x40), "00 00") == Lines{"sdu 40"});
    CHECK(link.available(cid(0x40)) == 0);
    CHECK(link.next_sdu(cid(0x40)) == 0);
    CHECK(link.read_sdu(cid(0x40)).empty());
    CHECK_FALSE(link.next_sdu(cid(0x40)).has_value());
    link.frame(cid(0x40), "00 00");
    link.frame(cid(0x40), "01 00 aa");
    CHECK(link.read(cid(0x40)) == "aa");
    CHECK_FALSE(link.next_sdu(cid(0x40)).has_value());
}

TEST_CASE("l2cap receiving: as a stream the bounds of SDUs vanish, one by one they are kept") {
    ChannelScript link;
    open_with(link, 9);
    for (const char* sdu : {"03 00 01 02 03", "00 00", "02 00 04 05", "01 00 06"})
        link.frame(cid(0x40), sdu);
    CHECK(link.available(cid(0x40)) == 6);
    SUBCASE("read over the bounds") {
        CHECK(link.read(cid(0x40), 4) == "01020304");
        CHECK(link.next_sdu(cid(0x40)) == 1);
        CHECK(link.read(cid(0x40), 0).empty());
        CHECK(link.read(cid(0x40), 9) == "0506");
    }
    SUBCASE("read one by one") {
        CHECK(link.next_sdu(cid(0x40)) == 3);
        CHECK(link.read_sdu(cid(0x40)) == "010203");
        CHECK(link.next_sdu(cid(0x40)) == 0);
        CHECK(link.read_sdu(cid(0x40)).empty());
        // What there is no room for is dropped.
        CHECK(link.read_sdu(cid(0x40), 1) == "04");
        CHECK(link.available(cid(0x40)) == 1);
        CHECK(link.read_sdu(cid(0x40)) == "06");
    }
    SUBCASE("read in both ways") {
        CHECK(link.read(cid(0x40), 1) == "01");
        CHECK(link.next_sdu(cid(0x40)) == 2);
        CHECK(link.read_sdu(cid(0x40)) == "0203");
        CHECK(link.read_sdu(cid(0x40)).empty());
        CHECK(link.read(cid(0x40), 9) == "040506");
    }
    CHECK_FALSE(link.next_sdu(cid(0x40)).has_value());
    CHECK(link.available(cid(0x40)) == 0);
}

TEST_CASE("l2cap receiving: a K-frame may be cut into packets at every two places") {
    const Octets whole = test::hex("07 00 40 00 | 05 00 aa bb cc dd ee");
    const Bytes bytes{whole};
    for (const bool as_sdu : {false, true})
        for (std::size_t first = 1; first < whole.size(); ++first)
            for (std::size_t second = first; second < whole.size(); ++second) {
                ChannelScript link;
                open_with(link, 9, as_sdu ? Delivery::whole_sdus : Delivery::stream);
                CHECK(link.start(to_hex(bytes.first(first))) == nothing);
                CHECK(link.more(to_hex(bytes.subspan(first, second - first))) == nothing);
                const Lines last = link.more(to_hex(bytes.subspan(second)));
                if (as_sdu) {
                    CHECK(last == Lines{"dynamic aabbccddee copied"});
                } else {
                    CHECK(last == Lines{"sdu 40"});
                    CHECK(link.read(cid(0x40)) == "aabbccddee");
                }
                CHECK(link.all_buffers_back());
                CHECK(link.link.dropped() == 0);
            }
}

TEST_CASE("l2cap receiving: an SDU may be cut into K-frames at every two places") {
    const Octets whole = test::hex("05 00 aa bb cc dd ee");
    const Bytes bytes{whole};
    for (const bool as_sdu : {false, true})
        for (std::size_t first = 2; first < whole.size() - 1; ++first)
            for (std::size_t second = first + 1; second < whole.size(); ++second) {
                ChannelScript link;
                open_with(link, 9, as_sdu ? Delivery::whole_sdus : Delivery::stream);
                CHECK(link.frame(cid(0x40), to_hex(bytes.first(first))) == nothing);
                CHECK(link.frame(cid(0x40), to_hex(bytes.subspan(first, second - first))) ==
                      nothing);
                const Lines last = link.frame(cid(0x40), to_hex(bytes.subspan(second)));
                if (as_sdu)
                    CHECK(last == Lines{"dynamic aabbccddee copied"});
                else
                    CHECK(last == Lines{"sdu 40"});
                CHECK(link.all_buffers_back());
            }
}

TEST_CASE("l2cap receiving: for ATT a whole SDU in one packet is a view of it") {
    ChannelScript link;
    open_with(link, 9, Delivery::whole_sdus);
    CHECK(link.frame(cid(0x40), "03 00 0a 03 00") == Lines{"dynamic 0a0300"});
    CHECK(link.channels().readable(cid(0x40)) == nullptr);
    CHECK(link.frame(cid(0x40), "00 00") == Lines{"dynamic "});
    // Frames are paid for in this way too.
    Lines lines;
    for (int i = 0; i < 7; ++i)
        for (auto& line : link.frame(cid(0x40), "01 00 0a")) lines.push_back(std::move(line));
    CHECK(std::ranges::count_if(lines, is_credit) == 2);
}

TEST_CASE("l2cap receiving: for ATT an SDU without a buffer ends the channel") {
    ChannelScript link;
    open_with(link, 9, Delivery::whole_sdus);
    Buffer taken = link.receive_pool.acquire();
    CHECK(link.frame(cid(0x40), "02 00 aa") == nothing);
    CHECK(link.frame(cid(0x40), "bb") == Lines{sent("08 00 05 00 | 06 02 04 00 | 60 00 | 40 00")});
    CHECK(link.command("07 02 04 00 | 60 00 | 40 00") ==
          Lines{"closed 40: " + make_error(errc::no_buffers).message()});
}

TEST_CASE("l2cap receiving: credits come back as the application reads, and only then") {
    ChannelScript link;
    link.accept_one();  // four credits of ours
    const std::string fifty = "64 00 " + std::string(2 * 48, '1');
    CHECK(link.frame(cid(0x40), fifty) == nothing);
    CHECK(link.frame(cid(0x40), std::string(2 * 50, '2')) == nothing);
    CHECK(link.frame(cid(0x40), "33 33") == Lines{"sdu 40"});
    // Two frames and six octets stand in a room of four frames: one more fits, not worth a packet.
    CHECK(link.pump() == nothing);
    CHECK(link.wait(1h) == nothing);
    CHECK(link.read(cid(0x40), 60).size() == 2 * 60);
    CHECK(link.pump() == Lines{sent("08 00 05 00 | 16 01 04 00 | 40 00 | 02 00")});
    CHECK(link.read(cid(0x40)).size() == 2 * 40);
    CHECK(link.pump() == nothing);
    CHECK(link.channels().find(cid(0x40))->receiver.credits() == 3);
}

TEST_CASE("l2cap receiving: an application that reads nothing costs no more than its window") {
    ChannelScript link;
    link.accept_one();
    std::size_t frames = 0;
    // An honest peer, which sends what it may.
    while (link.channels().find(cid(0x40))->receiver.credits() != 0) {
        for (const std::string& line : link.frame(cid(0x40), "30 00 " + std::string(2 * 48, '1')))
            CHECK(line == "sdu 40");
        REQUIRE(++frames < 100);
    }
    CHECK(frames == 4);
    CHECK(link.available(cid(0x40)) == 4 * 48);
    CHECK(link.read_sdu(cid(0x40)).size() == 2 * 48);
    // A peer without any credit hears of the first that is free.
    CHECK(link.pump() == Lines{sent("08 00 05 00 | 16 01 04 00 | 40 00 | 01 00")});
}

TEST_CASE("l2cap receiving: a frame that is still coming in keeps its room") {
    ChannelScript link;
    open_with(link, 1);  // room for 152 octets
    link.frame(cid(0x40), "3c 00 " + std::string(2 * 48, '1'));
    link.frame(cid(0x40), std::string(2 * 12, '1'));
    link.start("32 00 40 00 | 30 00");
    // 64 octets are taken, and soon 48 more.
    CHECK(link.pump() == nothing);
    CHECK(link.more(std::string(2 * 48, '2')) == Lines{"sdu 40"});
    CHECK(link.pump() == nothing);
    CHECK(link.read_sdu(cid(0x40)).size() == 2 * 60);
    CHECK(link.pump() == Lines{sent("08 00 05 00 | 16 04 04 00 | 40 00 | 01 00")});
}

TEST_CASE("l2cap receiving: with one credit a whole SDU still comes through, frame by frame") {
    ChannelScript link;
    open_with(link, 1);
    CHECK(link.frame(cid(0x40), "64 00 " + std::string(2 * 48, '1')) ==
          Lines{sent("08 00 05 00 | 16 02 04 00 | 40 00 | 01 00")});
    CHECK(link.frame(cid(0x40), std::string(2 * 50, '2')) ==
          Lines{sent("08 00 05 00 | 16 03 04 00 | 40 00 | 01 00")});
    // Beside an SDU that was not read there is room for one frame.
    CHECK(link.frame(cid(0x40), "33 33") ==
          Lines{"sdu 40", sent("08 00 05 00 | 16 04 04 00 | 40 00 | 01 00")});
    CHECK(link.frame(cid(0x40), "64 00 " + std::string(2 * 48, '1')) == nothing);
    CHECK(link.read(cid(0x40)).size() == 200);
    CHECK(link.pump() == Lines{sent("08 00 05 00 | 16 05 04 00 | 40 00 | 01 00")});
}

TEST_CASE("l2cap receiving: credits for which no buffer was free are given later") {
    ChannelScript link;
    open_with(link, 1);
    {
        Buffer a = link.send_pool.acquire();
        Buffer b = link.send_pool.acquire();
        CHECK(link.frame(cid(0x40), "01 00 aa") == Lines{"sdu 40"});
        CHECK(link.read(cid(0x40)) == "aa");
        CHECK(link.pump() == nothing);
        CHECK(link.channels().has_work());
    }
    CHECK(link.pump() == Lines{sent("08 00 05 00 | 16 04 04 00 | 40 00 | 01 00")});
    CHECK_FALSE(link.channels().has_work());
}

TEST_CASE("l2cap receiving: an SDU of 65535 octets arrives whole") {
    ChannelScript link;
    link.connect(Mode::le, {65535, 1000, 10});
    link.command("15 01 0a 00 | 60 00 | 40 00 | 40 00 | 20 00 | 00 00");
    Octets sdu(65537);
    for (std::size_t i = 2; i < sdu.size(); ++i) sdu[i] = static_cast<std::uint8_t>(i * 7 / 3);
    sdu[0] = sdu[1] = 0xff;
    Lines lines;
    for (std::size_t at = 0; at < sdu.size(); at += 1000)
        for (auto& line : link.frame(
                 cid(0x40),
                 to_hex(Bytes{sdu}.subspan(at, std::min<std::size_t>(1000, sdu.size() - at)))))
            lines.push_back(std::move(line));
    CHECK(std::ranges::count(lines, "sdu 40") == 1);
    CHECK(link.next_sdu(cid(0x40)) == 65535);
    CHECK(link.read_sdu(cid(0x40), 65535) == to_hex(Bytes{sdu}.subspan(2)));
}

TEST_CASE("l2cap receiving: what came before the end can be read until the name is released") {
    for (const bool by_peer : {true, false}) {
        ChannelScript link;
        link.accept_one();
        link.frame(cid(0x40), "03 00 aa bb cc");
        link.frame(cid(0x40), "04 00 01");  // never finished
        if (by_peer) {
            link.command("06 7e 04 00 | 40 00 | 41 00");
        } else {
            link.close(cid(0x40));
            CHECK(link.read(cid(0x40), 1) == "aa");
            link.command("07 01 04 00 | 41 00 | 40 00");
        }
        CHECK(link.channels().find(cid(0x40))->state == l2cap::Channel::State::closed);
        CHECK(link.read(cid(0x40)) == (by_peer ? "aabbcc" : "bbcc"));
        CHECK(link.pump() == nothing);  // no credits any more
        link.channels().release(cid(0x40));
        CHECK(link.read(cid(0x40)) == "no such channel");
        CHECK(link.all_buffers_back());
    }
}

TEST_CASE("l2cap receiving: a K-frame in pieces whose channel closes meanwhile is skipped") {
    ChannelScript link;
    link.accept_one();
    CHECK(link.start("07 00 40 00 05 00 aa") == nothing);
    CHECK(link.close(cid(0x40)).size() == 1);
    CHECK(link.more("bb cc") == nothing);
    CHECK(link.more("dd ee") == nothing);
    CHECK(link.command("07 01 04 00 | 41 00 | 40 00") == Lines{"closed 40"});
    CHECK(link.read(cid(0x40)).empty());
    CHECK(link.link.counters().total() == 0);
}

TEST_CASE("l2cap receiving: SDUs for several channels may come in turns") {
    ChannelScript link;
    link.accept_one("05 00", "41 00");
    link.accept_one("05 00", "42 00");
    link.frame(cid(0x40), "04 00 a1 a2");
    link.frame(cid(0x41), "03 00 b1");
    CHECK(link.frame(cid(0x40), "a3 a4")[0] == "sdu 40");
    CHECK(link.frame(cid(0x41), "b2 b3")[0] == "sdu 41");
    CHECK(link.read(cid(0x40)) == "a1a2a3a4");
    CHECK(link.read(cid(0x41)) == "b1b2b3");
}

TEST_CASE("l2cap receiving: a bearer that is being closed holds no buffer for its unfinished SDU") {
    ChannelScript link;
    link.connect(Mode::enhanced, {100, 64, 4}, 1, Delivery::whole_sdus);
    link.command("18 01 0a 00 | 48 00 | 40 00 | 01 00 | 00 00 | 60 00");
    link.frame(cid(0x40), "04 00 aa");
    CHECK(link.receive_pool.available() == link.receive_pool.size() - 1);
    link.frame(cid(0x40), "bb cc dd ee");  // more than was announced
    CHECK(link.receive_pool.available() == link.receive_pool.size());
}
