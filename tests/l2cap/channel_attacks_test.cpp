// SPDX-License-Identifier: MIT
//
// What a peer may try on credit-based channels: on the signalling channel (S…) and as data (C…,
// L…). Those that need no channel stand in signalling_test.cpp.
#include <doctest/doctest.h>

#include "tests/l2cap/channel_script.hpp"

using namespace bluetooth;
using namespace std::chrono_literals;
using bluetooth::l2cap::Channel;
using bluetooth::l2cap::Delivery;
using bluetooth::l2cap::Mode;
using bluetooth::test::ChannelScript;
using bluetooth::test::cid;
using bluetooth::test::Lines;
using bluetooth::test::sent;

namespace {

const Lines nothing{};

/// The answer to an LE Credit Based Connection Request with identifier 01.
Lines refused(std::string_view result) {
    return {
        sent("0e 00 05 00 | 15 01 0a 00 | 00 00 | 00 00 | 00 00 | 00 00 | " + std::string{result})};
}
bool is_open(ChannelScript& link, std::uint16_t number = 0x40) {
    return link.channels().find(cid(number))->is_open();
}
/// The channel was closed for what the peer did, and this once.
void check_closed_for_violation(ChannelScript& link) {
    CHECK_FALSE(is_open(link));
    CHECK(link.channels().counters().violations == 1);
    CHECK(link.frame(cid(0x40), "01 00 aa") == nothing);
    CHECK(link.command("07 01 04 00 | 41 00 | 40 00") ==
          Lines{"closed 40: " + make_error(errc::protocol_error).message()});
    link.channels().release(cid(0x40));
    // The link lives on.
    link.accept_one();
    CHECK(is_open(link));
    CHECK(link.frame(cid(0x40), "01 00 aa") == Lines{"sdu 40"});
    CHECK(link.disconnect() == Lines{"closed 40: connection lost"});
    CHECK(link.all_buffers_back());
}
const Lines disconnected{sent("08 00 05 00 | 06 01 04 00 | 41 00 | 40 00")};

}  // namespace

TEST_CASE("l2cap attacks: a response opens nothing unless it answers our request in kind (S05)") {
    ChannelScript link;
    link.connect(Mode::le);
    link.connect(Mode::enhanced, {100, 64, 4}, 1);
    for (const char* response :
         {"15 02 0a 00 | 50 00 | 40 00 | 40 00 | 01 00 | 00 00",  // the second's identifier
          "15 07 0a 00 | 50 00 | 40 00 | 40 00 | 01 00 | 00 00",  // nobody's
          "18 01 0a 00 | 40 00 | 40 00 | 01 00 | 00 00 | 50 00",  // of another kind
          "18 02 0a 00 | 40 00 | 40 00 | 01 00 | 00 00 | 50 00",  // before the request went out
          "07 01 04 00 | 50 00 | 40 00", "1a 01 02 00 | 00 00", "13 01 02 00 | 00 00"})
        CHECK(link.command(response) == nothing);
    CHECK_FALSE(is_open(link, 0x40));
    CHECK_FALSE(is_open(link, 0x41));
    CHECK(link.link.signalling().ignored() == 7);
    // Twice is once too often.
    CHECK(link.command("15 01 0a 00 | 50 00 | 40 00 | 40 00 | 01 00 | 00 00").size() == 2);
    CHECK(link.command("15 01 0a 00 | 51 00 | 40 00 | 40 00 | 01 00 | 00 00") == nothing);
    CHECK(link.channels().find(cid(0x40))->remote == cid(0x50));
}

TEST_CASE("l2cap attacks: source CIDs that are not dynamic are refused (S07)") {
    ChannelScript link;
    for (const char* source :
         {"00 00", "01 00", "04 00", "05 00", "06 00", "3f 00", "80 00", "ff ff", "40 01"})
        CHECK(link.command("14 01 0a 00 | 80 00 | " + std::string{source} +
                           " | 20 00 | 20 00 | 05 00") == refused("09 00"));
}

TEST_CASE("l2cap attacks: a source CID that is in use is refused (S08)") {
    ChannelScript link;
    const char* request = "14 01 0a 00 | 80 00 | 41 00 | 40 00 | 20 00 | 05 00";
    CHECK(link.command(request) == Lines{"requested 40 psm 128 mtu 100 64"});
    CHECK(link.command(request) == refused("0a 00"));
    CHECK(link.answer(cid(0x40)).size() == 2);
    CHECK(link.command(request) == refused("0a 00"));
    // For as long as it is not closed on both sides.
    CHECK(link.close(cid(0x40)).size() == 1);
    CHECK(link.command(request) == refused("0a 00"));
    link.command("07 01 04 00 | 41 00 | 40 00");
    CHECK(link.command(request) == Lines{"requested 41 psm 128 mtu 100 64"});
}

TEST_CASE("l2cap attacks: an MTU or MPS out of range is refused (S09)") {
    ChannelScript link;
    for (const char* numbers : {"16 00 | 17 00", "17 00 | 16 00", "00 00 | 00 00", "17 00 | 00 00",
                                "17 00 | ff ff", "17 00 | fe ff"})
        CHECK(link.command("14 01 0a 00 | 80 00 | 41 00 | " + std::string{numbers} + " | 01 00") ==
              refused("0b 00"));
}

TEST_CASE("l2cap attacks: a channel that opens with an MTU or MPS out of range is closed (S09)") {
    for (const char* numbers :
         {"16 00 | 17 00", "17 00 | 16 00", "00 00 | 00 00", "17 00 | ff ff"}) {
        ChannelScript link;
        link.connect(Mode::le);
        CHECK(link.command("15 01 0a 00 | 50 00 | " + std::string{numbers} + " | 01 00 | 00 00") ==
              Lines{sent("08 00 05 00 | 06 02 04 00 | 50 00 | 40 00")});
        CHECK(link.command("07 02 04 00 | 50 00 | 40 00") ==
              Lines{"failed 40: unacceptable parameters"});
    }
}

TEST_CASE("l2cap attacks: destination CIDs that are not dynamic open nothing (S06, S21)") {
    for (const char* destination : {"00 00", "04 00", "3f 00", "80 00", "ff ff"}) {
        ChannelScript link;
        link.connect(Mode::le);
        CHECK(link.command("15 01 0a 00 | " + std::string{destination} +
                           " | 40 00 | 40 00 | 01 00 | 00 00") ==
              Lines{"failed 40: " + make_error(errc::protocol_error).message()});
        link.channels().release(cid(0x40));
        link.connect(Mode::enhanced, {100, 64, 4}, 1);
        const Lines lines = link.command("18 02 0a 00 | 40 00 | 40 00 | 01 00 | 00 00 | " +
                                         std::string{destination});
        REQUIRE(lines.size() == 1);
        CHECK(lines[0].starts_with("failed 40: "));
    }
}

TEST_CASE("l2cap attacks: a destination CID for two channels leaves neither usable (S06, S21)") {
    const std::string violated = make_error(errc::protocol_error).message();
    ChannelScript link;
    SUBCASE("in two responses") {
        link.accept_one();  // 0x41 of the peer
        link.connect(Mode::le);
        CHECK(link.command("15 01 0a 00 | 41 00 | 40 00 | 40 00 | 01 00 | 00 00") ==
              Lines{sent("08 00 05 00 | 06 02 04 00 | 41 00 | 40 00"), "failed 41: " + violated});
        CHECK_FALSE(is_open(link));
        CHECK(link.command("07 02 04 00 | 41 00 | 40 00") == Lines{"closed 40: " + violated});
    }
    SUBCASE("in one response") {
        link.connect(Mode::enhanced, {100, 64, 4}, 3);
        CHECK(link.command("18 01 0e 00 | 40 00 | 40 00 | 01 00 | 00 00 | 60 00 61 00 60 00") ==
              Lines{"opened 40 psm 128 mtu 100 64", "opened 41 psm 128 mtu 100 64",
                    sent("08 00 05 00 | 06 02 04 00 | 60 00 | 40 00"), "failed 42: " + violated});
        CHECK(is_open(link, 0x41));
    }
}

TEST_CASE("l2cap attacks: SPSMs nobody listens on, in any range, are refused (S11)") {
    ChannelScript link;
    for (const char* spsm :
         {"00 00", "01 00", "27 00", "7f 00", "81 00", "00 01", "80 80", "ff ff"})
        CHECK(link.command("14 01 0a 00 | " + std::string{spsm} +
                           " | 41 00 | 40 00 | 20 00 | 05 00") == refused("02 00"));
    link.listeners.remove(test::spsm_80);
    CHECK(link.command("14 01 0a 00 | 80 00 | 41 00 | 40 00 | 20 00 | 05 00") == refused("02 00"));
}

TEST_CASE("l2cap attacks: more than 65535 credits close the channel (S13)") {
    ChannelScript link;
    SUBCASE("given twice") {
        link.accept_one("00 00");
        CHECK(link.command("16 01 04 00 | 41 00 | ff ff") == nothing);
        CHECK(is_open(link));
        CHECK(link.command("16 02 04 00 | 41 00 | ff ff") == disconnected);
    }
    SUBCASE("one more than all at the beginning") {
        link.accept_one("ff ff");
        CHECK(link.command("16 01 04 00 | 41 00 | 01 00") == disconnected);
    }
    check_closed_for_violation(link);
}

TEST_CASE("l2cap attacks: credits for what is not open are discarded (S15, S25)") {
    ChannelScript link;
    link.accept_one("00 00");
    // Our own number is not the peer's; closed; null; fixed; without a body.
    for (const char* credits : {"16 01 04 00 | 40 00 | ff ff", "16 01 04 00 | 42 00 | 01 00",
                                "16 01 04 00 | 00 00 | 01 00", "16 01 04 00 | 04 00 | ff ff"}) {
        CHECK(link.command(credits) == nothing);
        CHECK(link.pump() == nothing);
    }
    CHECK(link.command("16 01 00 00").size() == 1);
    CHECK(link.channels().find(cid(0x40))->sender.credits() == 0);
    CHECK(link.channels().counters().not_open == 4);
    CHECK(link.channels().counters().violations == 0);
    link.command("06 02 04 00 | 40 00 | 41 00");
    CHECK(link.command("16 01 04 00 | 41 00 | 01 00") == nothing);
}

TEST_CASE("l2cap attacks: a fixed channel cannot be disconnected beside an open one (S16, S18)") {
    ChannelScript link;
    link.accept_one();
    for (const char* ends : {"04 00 04 00", "05 00 05 00", "06 00 06 00", "04 00 41 00",
                             "00 00 41 00", "41 00 40 00", "80 00 41 00", "ff ff ff ff"})
        CHECK(link.command("06 01 04 00 " + std::string{ends}) ==
              Lines{sent("0a 00 05 00 | 01 01 06 00 | 02 00 | " + std::string{ends})});
    CHECK(is_open(link));
}

TEST_CASE("l2cap attacks: six channels asked for at once get none, and no state (S19, S20)") {
    ChannelScript link;
    CHECK(link.command("17 01 14 00 | 80 00 | 40 00 | 40 00 | 05 00 | "
                       "41 00 42 00 43 00 44 00 45 00 46 00") ==
          Lines{sent("16 00 05 00 | 18 01 12 00 | 00 00 | 00 00 | 00 00 | 0c 00 | "
                     "00 00 00 00 00 00 00 00 00 00")});
    CHECK(link.channels().find(cid(0x40)) == nullptr);
    CHECK(link.answer(cid(0x40)) == nothing);
    CHECK(link.error == errc::no_such_procedure);
}

TEST_CASE("l2cap attacks: K-frames before a channel opens and after it has ended go (C01, L09)") {
    ChannelScript link;
    CHECK(link.frame(cid(0x40), "01 00 aa") == nothing);
    link.command("14 01 0a 00 | 80 00 | 41 00 | 40 00 | 20 00 | 05 00");
    CHECK(link.frame(cid(0x40), "01 00 aa") == nothing);
    link.answer(cid(0x40));
    link.command("06 7f 04 00 | 40 00 | 41 00");
    CHECK(link.frame(cid(0x40), "01 00 aa") == nothing);
    link.channels().release(cid(0x40));
    CHECK(link.frame(cid(0x40), "01 00 aa") == nothing);
    CHECK(link.frame(cid(0x7f), "01 00 aa") == nothing);
    CHECK(link.channels().counters().not_open == 5);
    CHECK(link.all_buffers_back());

    ChannelScript ours;
    ours.connect(Mode::le);
    CHECK(ours.frame(cid(0x40), "01 00 aa") == nothing);
}

TEST_CASE("l2cap attacks: an SDU longer than our MTU closes the channel (C03)") {
    for (const char* frame : {"ff ff 01 02 03 04", "65 00 01"}) {
        ChannelScript link;
        link.accept_one();
        CHECK(link.frame(cid(0x40), frame) == disconnected);
        check_closed_for_violation(link);
    }
    ChannelScript link;
    link.accept_one();
    CHECK(link.frame(cid(0x40), "64 00 01") == nothing);  // as long as it may be
    CHECK(is_open(link));
}

TEST_CASE("l2cap attacks: more octets than the SDU's length says close the channel (C02, C04)") {
    ChannelScript link;
    link.accept_one();
    SUBCASE("in one frame") { CHECK(link.frame(cid(0x40), "02 00 aa bb cc") == disconnected); }
    SUBCASE("after an empty SDU") { CHECK(link.frame(cid(0x40), "00 00 aa") == disconnected); }
    SUBCASE("in a later frame") {
        CHECK(link.frame(cid(0x40), "03 00 aa") == nothing);
        CHECK(link.frame(cid(0x40), "bb cc dd") == disconnected);
    }
    check_closed_for_violation(link);
}

TEST_CASE("l2cap attacks: a first K-frame too short for a length closes the channel (C04, C08)") {
    for (const Delivery delivery : {Delivery::stream, Delivery::whole_sdus})
        for (const char* frame : {"", "01"})
            for (const bool in_pieces : {false, true}) {
                ChannelScript link;
                link.listeners.clear();
                link.listeners.add({test::spsm_80, test::offered, {}, delivery});
                link.accept_one();
                if (in_pieces) {
                    const auto pdu = ChannelScript::pdu(cid(0x40), test::hex(frame));
                    Lines lines = link.start(to_hex(Bytes{pdu}.first(3)));
                    CHECK(lines == nothing);
                    CHECK(link.more(to_hex(Bytes{pdu}.subspan(3))) == disconnected);
                } else {
                    CHECK(link.frame(cid(0x40), frame) == disconnected);
                }
                CHECK(link.channels().counters().violations == 1);
                CHECK(link.all_buffers_back());
            }
}

TEST_CASE("l2cap attacks: an empty K-frame within an SDU closes the channel (C08, L08)") {
    ChannelScript link;
    link.accept_one();
    CHECK(link.frame(cid(0x40), "03 00 aa") == nothing);
    CHECK(link.frame(cid(0x40), "") == disconnected);
    check_closed_for_violation(link);
}

TEST_CASE("l2cap attacks: a K-frame longer than our MPS closes the channel (C05, L10)") {
    ChannelScript link;
    link.accept_one();
    SUBCASE("whole") {
        CHECK(link.frame(cid(0x40), "31 00 " + std::string(2 * 49, '0')) == disconnected);
    }
    SUBCASE("announced, before any of it has come, and the rest is skipped") {
        CHECK(link.start("ff ff 40 00") == disconnected);
        CHECK(link.more(std::string(2000, '0')) == nothing);
        CHECK(link.receive_pool.available() == link.receive_pool.size());
    }
    check_closed_for_violation(link);
}

TEST_CASE("l2cap attacks: a K-frame that we gave no credit for closes the channel (C06)") {
    ChannelScript link;
    link.accept_one();
    // Four credits, and an application that does not read.
    for (int i = 0; i < 4; ++i)
        CHECK(link.frame(cid(0x40), "30 00 " + std::string(2 * 48, '1')) == Lines{"sdu 40"});
    CHECK(link.frame(cid(0x40), "01 00 aa") == disconnected);
    // What was paid for can still be read.
    CHECK(link.read(cid(0x40)).size() == 4 * 2 * 48);
    check_closed_for_violation(link);
}

TEST_CASE("l2cap attacks: no credits at all means no K-frame at all (C06)") {
    for (const Delivery delivery : {Delivery::stream, Delivery::whole_sdus}) {
        ChannelScript link;
        link.connect(Mode::le, {100, 50, 0}, 1, delivery);
        link.command("15 01 0a 00 | 60 00 | 40 00 | 40 00 | 20 00 | 00 00");
        CHECK(link.frame(cid(0x40), "01 00 aa") ==
              Lines{sent("08 00 05 00 | 06 02 04 00 | 60 00 | 40 00")});
    }
}

TEST_CASE("l2cap attacks: a K-frame whose rest never comes closes the channel (L10)") {
    ChannelScript link;
    link.accept_one();
    CHECK(link.start("06 00 40 00 | 04 00 aa") == nothing);
    SUBCASE("after 30 s") {
        CHECK(link.wait(29999ms) == nothing);
        CHECK(link.wait(1ms) == disconnected);
    }
    SUBCASE("when another PDU begins, which counts") {
        CHECK(link.start("01 00 04 00 13") == Lines{disconnected[0], "ATT 13 copied"});
    }
    SUBCASE("when more of it comes than was announced") {
        CHECK(link.more("bb cc dd ee ff") == disconnected);
    }
    check_closed_for_violation(link);
}

TEST_CASE("l2cap attacks: an SDU is not touched by what comes after it was handed over (C09)") {
    ChannelScript link;
    link.connect(Mode::le, {100, 50, 4}, 1, Delivery::whole_sdus);
    link.command("15 01 0a 00 | 60 00 | 40 00 | 40 00 | 20 00 | 00 00");
    link.frame(cid(0x40), "04 00 aa bb");
    auto ctx = link.context();
    const auto last = test::hex("02 00 40 00 cc dd");
    link.link.receive(ctx, PacketBoundary::first_flushable, last);
    const auto next = test::hex("04 00 40 00 04 00 11 22");
    link.link.receive(ctx, PacketBoundary::first_flushable, next);
    // The next SDU found no buffer, as the first one's is still in use.
    REQUIRE(link.out.size() == 1);
    CHECK(to_hex(std::get<l2cap::Deliver>(link.out[0]).pdu) == "aabbccdd");
    link.drain();
    CHECK(link.all_buffers_back());
}

TEST_CASE("l2cap attacks: a peer that answers nothing runs us out of neither CIDs nor requests") {
    ChannelScript link;
    // It violates each channel it opens, and leaves our Disconnection Requests unanswered.
    for (unsigned i = 0; i < 200; ++i) {
        const std::array octet{static_cast<std::uint8_t>(0x40 + i % 64)};
        const Lines lines =
            link.command("14 01 0a 00 | 80 00 | " + to_hex(octet) + " 00 | 40 00 | 20 00 | 05 00");
        if (lines.empty() || !lines[0].starts_with("requested")) continue;
        link.answer(link.last_requested);
        link.frame(link.last_requested, "");
    }
    for (int i = 0; i < 64; ++i) link.wait(30s);
    CHECK(link.all_buffers_back());
    CHECK(link.disconnect() == nothing);
}
