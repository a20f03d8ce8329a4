// SPDX-License-Identifier: MIT
//
// SDUs on their way out: cut into K-frames (Vol 3 Part A 3.4), as credits allow (10.1).
#include <doctest/doctest.h>

#include "tests/l2cap/channel_script.hpp"

using namespace bluetooth;
using namespace std::chrono_literals;
using bluetooth::test::ChannelScript;
using bluetooth::test::cid;
using bluetooth::test::hex;
using bluetooth::test::Lines;
using bluetooth::test::Octets;
using bluetooth::test::sent;

namespace {

/// 00, 01, 02 … as hex digits.
std::string counting(std::size_t count, std::size_t from = 0) {
    Octets octets(count);
    for (std::size_t i = 0; i < count; ++i) octets[i] = static_cast<std::uint8_t>(from + i);
    return to_hex(octets);
}
std::size_t used(const ChannelScript& link) {
    return link.channel_pool.size() - link.channel_pool.available();
}
const Lines nothing{};

}  // namespace

TEST_CASE("l2cap sending: the SDU's length stands in the first K-frame, and counts for the MPS") {
    ChannelScript link;
    link.accept_one();  // MPS 0x20
    REQUIRE_FALSE(link.send(cid(0x40), counting(30)));
    CHECK(link.pump() == Lines{sent("20 00 41 00 | 1e 00 " + counting(30))});
    REQUIRE_FALSE(link.send(cid(0x40), counting(31)));
    CHECK(link.pump() ==
          Lines{sent("20 00 41 00 | 1f 00 " + counting(30)), sent("01 00 41 00 | 1e")});
    REQUIRE_FALSE(link.send(cid(0x40), counting(62)));
    CHECK(link.pump() == Lines{sent("20 00 41 00 | 3e 00 " + counting(30)),
                               sent("20 00 41 00 | " + counting(32, 30))});
    CHECK(link.all_buffers_back());
}

TEST_CASE("l2cap sending: an empty SDU is a K-frame that holds a length of zero") {
    ChannelScript link;
    link.accept_one();
    REQUIRE_FALSE(link.send(cid(0x40), ""));
    CHECK(link.pump() == Lines{sent("02 00 41 00 | 00 00")});
}

TEST_CASE("l2cap sending: an SDU may be as long as the peer's MTU") {
    ChannelScript link;
    link.accept_one();  // MTU 0x40
    CHECK(link.send(cid(0x40), counting(65)) == errc::invalid_argument);
    CHECK(link.pump() == nothing);
    REQUIRE_FALSE(link.send(cid(0x40), counting(64)));
    CHECK(link.pump().size() == 3);
    CHECK(link.send(cid(0x41), "aa") == errc::invalid_argument);
    CHECK(link.send(cid(0x04), "aa") == errc::invalid_argument);
}

TEST_CASE("l2cap sending: K-frames of one SDU share a pool buffer until the last has left") {
    ChannelScript link;
    link.accept_one("00 00");
    REQUIRE_FALSE(link.send(cid(0x40), counting(64)));  // three frames
    CHECK(used(link) == 1);
    CHECK(link.pump() == nothing);
    link.command("16 7e 04 00 | 41 00 | 03 00");
    auto ctx = link.context();
    CHECK(link.channels().pump(ctx, 9) == 3);
    CHECK(used(link) == 1);
    // Each frame is written to by the layers below: four octets for ACL, one for H4.
    for (auto& action : link.out) {
        auto* send = std::get_if<l2cap::Send>(&action);
        if (send == nullptr) continue;
        for (auto& octet : send->pdu.prepend(5)) octet = 0xee;
    }
    Lines lines;
    for (auto& action : link.out)
        if (auto* send = std::get_if<l2cap::Send>(&action)) {
            send->pdu.remove_prefix(5);
            lines.push_back("send " + to_hex(send->pdu.bytes()));
        }
    CHECK(lines == Lines{sent("20 00 41 00 | 40 00 " + counting(30)),
                         sent("20 00 41 00 | " + counting(32, 30)), sent("02 00 41 00 | 3e 3f")});
    link.drain();
    CHECK(link.all_buffers_back());
}

TEST_CASE("l2cap sending: no frame is longer than a buffer, whatever MPS the peer offers") {
    ChannelScript link;
    link.open_by_peer("80 00 | 41 00 | ff ff | fd ff | ff ff");
    REQUIRE_FALSE(link.send(cid(0x40), std::string(2 * 600, '5')));
    const Lines lines = link.pump();
    REQUIRE(lines.size() == 2);
    CHECK(lines[0] == sent("09 02 41 00 | 58 02 " + std::string(2 * 519, '5')));
    CHECK(lines[1] == sent("51 00 41 00 | " + std::string(2 * 81, '5')));
}

TEST_CASE("l2cap sending: 65535 octets go in one SDU where there are buffers for it") {
    ChannelScript link;
    link.open_by_peer("80 00 | 41 00 | ff ff | 05 02 | ff ff");  // MPS 517
    const std::string sdu(2 * std::size_t{65535}, '6');
    // 127 frames, one a buffer, of which there are 16.
    CHECK(link.send(cid(0x40), sdu) == errc::no_buffers);
    CHECK(link.all_buffers_back());

    BufferPool many{127, 521};
    l2cap::SduSender sender;
    sender.open(65535, 517, 65535, 521);
    const Octets octets = hex(sdu);
    REQUIRE_FALSE(sender.send(many, Bytes{octets}));
    CHECK(sender.stalled());  // the queue is as full as it may be
    Octets whole;
    while (sender.has_frame()) {
        const Buffer frame = sender.next_frame();
        CHECK(frame.size() <= 517);
        const Bytes bytes = frame.bytes();
        whole.insert(whole.end(), bytes.begin(), bytes.end());
    }
    CHECK(whole.size() == 65537);
    CHECK(whole[0] == 0xff);
    CHECK(whole[1] == 0xff);
    CHECK(Bytes{whole}.subspan(2).size() == octets.size());
    CHECK(sender.resume());
}

TEST_CASE("l2cap sending: credits are never exceeded, and SendReady follows a stall") {
    ChannelScript link;
    link.accept_one("02 00");
    REQUIRE_FALSE(link.send(cid(0x40), counting(64)));  // three frames, two credits
    CHECK(link.channels().find(cid(0x40))->sender.stalled());
    CHECK(link.send(cid(0x40), "aa") == errc::busy);
    CHECK(link.pump().size() == 2);
    CHECK(link.pump() == nothing);
    CHECK_FALSE(link.channels().has_work());
    CHECK(link.command("16 7e 04 00 | 41 00 | 01 00") == nothing);
    CHECK(link.channels().has_work());
    // All has left, but there is no credit for more.
    CHECK(link.pump() == Lines{sent("02 00 41 00 | 3e 3f")});
    CHECK(link.send(cid(0x40), "aa") == errc::busy);
    CHECK(link.command("16 7e 04 00 | 41 00 | 00 00") == nothing);  // S14
    CHECK(link.pump() == nothing);
    link.command("16 7e 04 00 | 41 00 | 01 00");
    CHECK(link.pump() == Lines{"ready 40"});
    CHECK_FALSE(link.send(cid(0x40), "aa"));
    CHECK(link.pump() == Lines{sent("03 00 41 00 | 01 00 aa")});
}

TEST_CASE("l2cap sending: while there are credits beyond what is queued a channel is not stalled") {
    ChannelScript link;
    link.accept_one("04 00");
    for (int i = 0; i < 3; ++i) {
        REQUIRE_FALSE(link.send(cid(0x40), "aa"));
        CHECK_FALSE(link.channels().find(cid(0x40))->sender.stalled());
    }
    REQUIRE_FALSE(link.send(cid(0x40), "aa"));
    CHECK(link.channels().find(cid(0x40))->sender.stalled());
    CHECK(link.pump().size() == 4);
}

TEST_CASE("l2cap sending: without initial credits nothing is sent until some come (S10)") {
    ChannelScript link;
    link.accept_one("00 00");
    REQUIRE_FALSE(link.send(cid(0x40), "aa"));
    CHECK(link.pump() == nothing);
    CHECK(link.send(cid(0x40), "bb") == errc::busy);
    link.command("16 7e 04 00 | 41 00 | 02 00");
    CHECK(link.pump() == Lines{sent("03 00 41 00 | 01 00 aa"), "ready 40"});
}

TEST_CASE("l2cap sending: the queue is bounded however many credits there are") {
    ChannelScript link;
    link.accept_one("ff ff");
    std::size_t taken = 0;
    while (!link.send(cid(0x40), "aa")) ++taken;
    CHECK(taken == 16);  // as many as buffers
    CHECK(link.send(cid(0x40), "aa") == errc::no_buffers);
    CHECK(link.pump().size() == 16);
    CHECK(link.channels().has_work());
    CHECK(link.pump() == Lines{"ready 40"});

    BufferPool large{100, 521};
    l2cap::SduSender sender;
    sender.open(64, 32, 65535, 521);
    const Octets sdu = hex("aa");
    taken = 0;
    while (!sender.send(large, Bytes{sdu})) ++taken;
    CHECK(taken == l2cap::SduSender::frame_limit);
    while (!sender.resume()) (void)sender.next_frame();
    CHECK(large.available() == large.size() - l2cap::SduSender::frame_limit / 2);
    sender.close();
    CHECK(large.available() == large.size());
}

TEST_CASE("l2cap sending: SendReady comes when as many buffers are free as were missing") {
    ChannelScript link;
    link.accept_one("ff ff", "41 00");
    std::vector<Buffer> taken;
    while (Buffer one = link.channel_pool.acquire()) taken.push_back(std::move(one));
    CHECK(link.send(cid(0x40), "aa") == errc::no_buffers);
    CHECK(link.pump() == nothing);
    taken.pop_back();
    CHECK(link.pump() == Lines{"ready 40"});
    CHECK(link.pump() == nothing);
    REQUIRE_FALSE(link.send(cid(0x40), "aa"));
    CHECK(link.pump().size() == 1);
}

TEST_CASE("l2cap sending: channels take turns, frame by frame, within the budget") {
    ChannelScript link;
    link.accept_one("09 00", "41 00");
    link.accept_one("09 00", "42 00");
    link.accept_one("09 00", "43 00");
    REQUIRE_FALSE(link.send(cid(0x40), counting(64)));
    REQUIRE_FALSE(link.send(cid(0x41), "aa"));
    REQUIRE_FALSE(link.send(cid(0x41), "bb"));
    REQUIRE_FALSE(link.send(cid(0x42), "cc"));
    CHECK(link.pump(2) ==
          Lines{sent("20 00 41 00 | 40 00 " + counting(30)), sent("03 00 42 00 | 01 00 aa")});
    CHECK(link.pumped == 2);
    CHECK(link.channels().has_work());
    CHECK(link.pump(2) ==
          Lines{sent("03 00 43 00 | 01 00 cc"), sent("20 00 41 00 | " + counting(32, 30))});
    CHECK(link.pump(2) == Lines{sent("03 00 42 00 | 01 00 bb"), sent("02 00 41 00 | 3e 3f")});
    CHECK(link.pump(2) == nothing);
    CHECK(link.pumped == 0);
    CHECK_FALSE(link.channels().has_work());
    CHECK(link.pump(0) == nothing);
}

TEST_CASE("l2cap sending: a channel without credits does not hold up the others") {
    ChannelScript link;
    link.accept_one("00 00", "41 00");
    link.accept_one("09 00", "42 00");
    REQUIRE_FALSE(link.send(cid(0x40), "aa"));
    REQUIRE_FALSE(link.send(cid(0x41), "bb"));
    CHECK(link.pump() == Lines{sent("03 00 42 00 | 01 00 bb")});
    CHECK_FALSE(link.channels().has_work());
}

TEST_CASE("l2cap sending: an SDU in a buffer goes without a copy when it fits a K-frame") {
    ChannelScript link;
    link.accept_one("01 00");
    const auto send = [&](std::string_view octets) {
        Buffer sdu = link.channel_pool.acquire();
        (void)sdu.append(hex(octets));
        return link.channels().send(cid(0x40), std::move(sdu));
    };
    REQUIRE_FALSE(send("aa bb"));
    CHECK(used(link) == 1);
    REQUIRE_FALSE(send(counting(40)));  // although stalled, and cut
    CHECK(used(link) == 2);
    CHECK(link.pump() == Lines{sent("04 00 41 00 | 02 00 aa bb")});
    link.command("16 7e 04 00 | 41 00 | 02 00");
    CHECK(link.pump() == Lines{sent("20 00 41 00 | 28 00 " + counting(30)),
                               sent("0a 00 41 00 | " + counting(10, 30))});
    CHECK(link.all_buffers_back());
}

TEST_CASE("l2cap sending: an SDU that waits for credits waits in buffers of its own link") {
    ChannelScript link;
    link.accept_one("00 00");
    const auto send = [&](std::string_view octets) {
        Buffer sdu = link.send_pool.acquire();
        (void)sdu.append(hex(octets));
        return link.channels().send(cid(0x40), std::move(sdu));
    };
    for (const std::size_t waiting : {1u, 2u, 3u}) {
        REQUIRE_FALSE(send("aa bb"));
        CHECK(link.send_pool.available() == link.send_pool.size());
        CHECK(used(link) == waiting);
    }
    const std::string frame = sent("04 00 41 00 | 02 00 aa bb");
    link.command("16 7e 04 00 | 41 00 | 04 00");
    CHECK(link.pump() == Lines{frame, "ready 40", frame, frame});
    REQUIRE_FALSE(send("aa bb"));  // a credit is there
    CHECK(link.send_pool.available() == link.send_pool.size() - 1);
    CHECK(used(link) == 0);
    CHECK(link.pump() == Lines{frame});
    CHECK(link.all_buffers_back());
}
