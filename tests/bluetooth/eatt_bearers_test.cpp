// SPDX-License-Identifier: MIT
//
// One whole host with enhanced bearers of ATT, against a peer that the test plays.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/bluetooth/l2cap_room.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

/// Puts the SDU's length in front of an ATT PDU.
Octets as_sdu(std::string_view pdu) {
    Octets octets = hex(pdu);
    const auto size = octets.size();
    octets.insert(octets.begin(), {std::uint8_t(size), std::uint8_t(size >> 8)});
    return octets;
}

/// What the host has sent, as "0041 0a1600": CID and ATT PDU, without the length of an SDU.
Lines att_sent(PlayedLink& link) {
    Lines lines;
    for (const Octets& pdu : link.take_sent()) {
        const std::uint8_t cid[]{pdu[3], pdu[2]};
        const std::size_t header = pdu[2] >= 0x40 ? 6 : 4;
        lines.push_back(to_hex(cid) + " " + to_hex(Bytes{pdu}.subspan(header)));
    }
    return lines;
}

/// A client whose server has opened two bearers for it: its ends 0x0051 and 0x0052, ours 0x0040 and
/// 0x0041.
struct PlayedServer : PlayedLink {
    explicit PlayedServer(std::uint8_t mtu = 0xf0, std::uint8_t credits = 100)
        : PlayedLink(hci::Role::central, {.bearers = 2, .unencrypted = true}) {
        receive("05 00 04 00 | 09 03 13 00 01");
        receive("05 00 04 00 | 09 03 0f 00 00");
        receive("01 00 04 00 | 13");
        Octets response = hex("10 00 05 00 | 18 01 0c 00 00 00 40 00 00 00 00 00 51 00 52 00");
        response[8] = mtu;
        response[12] = credits;
        receive(Bytes{response});
        CHECK(att_sent(*this) == Lines{"0004 080100ffff3a2b", "0004 080100ffff292b",
                                       "0004 120f0002", "0005 17010c0027000502f700070040004100"});
    }
    void answer(std::uint16_t cid, std::string_view pdu) {
        receive(cid, cid == 0x0004 ? hex(pdu) : as_sdu(pdu));
    }
    void read(std::uint16_t handle) { REQUIRE(!host().read(conn, AttributeHandle{handle})); }
    void write(std::uint16_t handle, bool with_response) {
        REQUIRE(!host().write(conn, AttributeHandle{handle}, hex("77"), with_response));
    }
    /// One read on each bearer.
    void read_three() {
        for (const std::uint16_t handle : {std::uint16_t{1}, std::uint16_t{2}, std::uint16_t{3}})
            read(handle);
        REQUIRE(att_sent(*this) == Lines{"0004 0a0100", "0051 0a0200", "0052 0a0300"});
    }
};

/// A server whose client has opened a bearer: its end 0x0051, ours 0x0040.
struct PlayedClient : PlayedLink {
    explicit PlayedClient(std::uint8_t mtu = 0x40, std::uint8_t credits = 100)
        : PlayedLink(hci::Role::peripheral, {.bearers = 2, .unencrypted = true}) {
        Octets request = hex("17 01 0a 00 27 00 00 00 f7 00 00 00 51 00");
        request[6] = mtu;
        request[10] = credits;
        receive(0x0005, request);
        CHECK(att_sent(*this) == Lines{"0005 18010a000502f700070000004000"});
    }
    /// What the host answers to this ATT PDU on the bearer, credits apart.
    Lines asked(std::string_view pdu) {
        receive(0x0040, as_sdu(pdu));
        Lines lines = att_sent(*this);
        std::erase_if(lines, [](const std::string& line) { return line.starts_with("0005 16"); });
        return lines;
    }
    error_code indicate(std::uint16_t handle) {
        return host().indicate(conn, AttributeHandle{handle}, {});
    }
};

}  // namespace

TEST_CASE("eatt bearer: the slow answer on one holds up none of the others") {
    PlayedServer link;
    link.read_three();
    link.answer(0x0041, "0b 33");
    link.answer(0x0040, "0b 22");
    CHECK(link.device().take_events() ==
          Lines{"GattcReadResult 0040 0003 \"33\"", "GattcReadDone 0040 0003 status 0",
                "GattcReadResult 0040 0002 \"22\"", "GattcReadDone 0040 0002 status 0"});
    // The next go to those that have nothing to do.
    link.read(4);
    link.read(5);
    CHECK(att_sent(link) == Lines{"0051 0a0400", "0052 0a0500"});
    link.answer(0x0004, "0b 11");
    CHECK(link.device().take_events() ==
          Lines{"GattcReadResult 0040 0001 \"11\"", "GattcReadDone 0040 0001 status 0"});
}

TEST_CASE("eatt bearer: an answer on another bearer than the request's is ignored") {
    PlayedServer link;
    link.read(1);
    link.read(2);
    link.answer(0x0041, "0b 22");
    CHECK(link.device().take_events() == Lines{});
    link.answer(0x0040, "0b 22");
    CHECK(link.device().take_events() ==
          Lines{"GattcReadResult 0040 0002 \"22\"", "GattcReadDone 0040 0002 status 0"});
}

TEST_CASE("eatt bearer: one that the peer closes ends its procedures; the others go on") {
    PlayedServer link;
    link.read_three();
    link.read(2);  // behind the first, on the same bearer
    link.receive("08 00 05 00 | 06 09 04 00 40 00 51 00");
    CHECK(att_sent(link) == Lines{"0005 0709040040005100"});
    CHECK(link.device().take_events() ==
          Lines{"GattcReadDone 0040 0000 status 7", "GattcReadDone 0040 0000 status 7"});
    link.answer(0x0041, "0b 33");
    link.answer(0x0004, "0b 11");
    CHECK(link.device().count<GattcReadDone>() == 4);
    CHECK(link.device().last<GattcReadDone>()->status == 0);
    link.read(4);
    link.read(5);
    CHECK(att_sent(link) == Lines{"0004 0a0400", "0052 0a0500"});
}

TEST_CASE("eatt bearer: one that is not answered for 30 s is closed, and the link is not") {
    PlayedServer link;
    link.read_three();
    link.answer(0x0004, "0b 11");
    link.answer(0x0041, "0b 33");
    link.device().forget_events();
    link.world.advance(29999ms);
    CHECK(link.device().take_events() == Lines{});
    link.world.advance(1ms);
    CHECK(link.device().take_events() == Lines{"GattcReadDone 0040 0002 status 13"});
    CHECK(att_sent(link) == Lines{"0005 0602040051004000"});
    // Nothing is sent on it any more, nor waits for it.
    link.read(1);
    link.read(2);
    CHECK(att_sent(link) == Lines{"0004 0a0100", "0052 0a0200"});
    link.receive("08 00 05 00 | 07 02 04 00 51 00 40 00");
    link.answer(0x0041, "0b 22");
    link.answer(0x0004, "0b 11");
    CHECK(link.device().count<GattcReadResult>() == 2);
    CHECK(link.device().count<PeripheralDisconnect>() == 0);
    CHECK(link.device().count<L2capDisconnect>() == 0);
}

TEST_CASE("eatt bearer: a peer without a bearer of this kind is asked on the fixed one") {
    PlayedLink link{hci::Role::central, {.bearers = 2, .unencrypted = true}};
    REQUIRE(att_sent(link) == Lines{"0004 080100ffff3a2b"});
    SUBCASE("it does not know the characteristic") { link.receive("05 00 04 00 | 01 08 01 00 0a"); }
    SUBCASE("its bit is not set") { link.receive("05 00 04 00 | 09 03 13 00 00"); }
    SUBCASE("it refuses the channels") {
        link.receive("05 00 04 00 | 09 03 13 00 01");
        link.receive("05 00 04 00 | 09 03 0f 00 02");  // it knows us already
        CHECK(att_sent(link) ==
              Lines{"0004 080100ffff292b", "0005 17010c0027000502f700070040004100"});
        link.receive("10 00 05 00 | 18 01 0c 00 00 00 00 00 00 00 04 00 00 00 00 00");
    }
    SUBCASE("it does not know how") {
        link.receive("05 00 04 00 | 09 03 13 00 01");
        link.receive("05 00 04 00 | 09 03 0f 00 02");
        (void)link.sent();
        link.receive("06 00 05 00 | 01 01 02 00 00 00");
    }
    SUBCASE("it answers nonsense") { link.receive("02 00 04 00 | 09 00"); }
    CHECK(link.device().take_events() == Lines{});
    for (const std::uint16_t handle : {std::uint16_t{1}, std::uint16_t{2}})
        REQUIRE(!link.host().read(link.conn, AttributeHandle{handle}));
    CHECK(att_sent(link) == Lines{"0004 0a0100"});
    link.receive("02 00 04 00 | 0b 11");
    CHECK(att_sent(link) == Lines{"0004 0a0200"});
}

TEST_CASE("eatt bearer: other octets of the Client Supported Features are written back as read") {
    PlayedLink link{hci::Role::central, {.bearers = 1, .unencrypted = true}};
    link.receive("05 00 04 00 | 09 03 13 00 01");
    link.receive("06 00 04 00 | 09 04 0f 00 05 80");
    CHECK(att_sent(link) == Lines{"0004 080100ffff3a2b", "0004 080100ffff292b", "0004 120f000780"});
}

TEST_CASE("eatt bearer: its MTU is the smaller of both sides', and is not exchanged") {
    PlayedClient link;
    const Octets name(100, 0x41);
    REQUIRE(!link.host().set(config::gap_name{std::string{Bytes{name}.text()}}));
    const Lines answer = link.asked("0a 03 00");
    REQUIRE(answer.size() == 1);
    CHECK(answer[0] == "0051 0b" + to_hex(Bytes{name}.first(63)));
    // The fixed one has its own.
    link.receive("03 00 04 00 | 0a 03 00");
    CHECK(att_sent(link) == Lines{"0004 0b" + to_hex(Bytes{name}.first(22))});
    SUBCASE("A04: an exchange is refused by Request Not Supported") {
        CHECK(link.asked("02 00 01") == Lines{"0051 0102000006"});
        CHECK(link.asked("0a 03 00") == answer);
        CHECK(link.device().count<MtuExchanged>() == 0);
    }
    SUBCASE("the peer enlarges its MTU") {
        link.receive("0a 00 05 00 | 19 02 06 00 5a 00 f7 00 51 00");
        CHECK(att_sent(link) == Lines{"0005 1a0202000000"});
        CHECK(link.asked("0a 03 00") == Lines{"0051 0b" + to_hex(Bytes{name}.first(89))});
    }
}

TEST_CASE("eatt bearer: A22: nothing waits for a bearer that its client closes after a request") {
    PlayedClient link;
    const auto both = [&](std::string_view pdu) {
        // In one read of the host.
        Octets request = as_sdu(pdu);
        Octets read{
            0x02, 0x40, 0x20, std::uint8_t(request.size() + 4), 0, std::uint8_t(request.size()),
            0,    0x40, 0};
        read.insert(read.end(), request.begin(), request.end());
        const Octets disconnect = hex("02 40 20 0c 00 08 00 05 00 06 07 04 00 40 00 51 00");
        read.insert(read.end(), disconnect.begin(), disconnect.end());
        link.device().wire->feed(read);
        return att_sent(link);
    };
    const std::string closed = "0005 0707040040005100";
    SUBCASE("an invalid request") { CHECK(both("08 01 00").back() == closed); }
    SUBCASE("an unknown one") { CHECK(both("bf 00").back() == closed); }
    SUBCASE("a valid one, which the application decides on") {
        CHECK(both("0a 03 00").back() == closed);
    }
    SUBCASE("and it closes it in the middle of a K-frame") {
        link.device().wire->feed(hex("02 40 20 06 00 09 00 40 00 03 00"));
        CHECK(both("0a 03 00").back() == closed);
    }
    CHECK(link.device().take_events() == Lines{});
    link.receive("03 00 04 00 | 0a 03 00");
    CHECK(att_sent(link) == Lines{"0004 0b6173696f626c65"});
    link.receive("0e 00 05 00 | 17 01 0a 00 27 00 40 00 40 00 09 00 51 00");
    CHECK(att_sent(link) == Lines{"0005 18010a000502f700070000004000"});
    CHECK(link.asked("0a 03 00") == Lines{"0051 0b6173696f626c65"});
}

TEST_CASE(
    "eatt bearer: a client that asks without end and gives no credits loses the bearer only") {
    PlayedClient link{0x40, 0};
    std::size_t asked = 0;
    Lines sent;
    // The host gives credits for what it takes.
    for (; asked < 2000 && sent.empty(); ++asked) {
        link.receive(0x0040, as_sdu("0a 03 00"));
        for (const std::string& line : att_sent(link))
            if (line.starts_with("0005 06")) sent.push_back(line);
    }
    CHECK(sent.size() == 1);
    CHECK(asked < 200);
    link.receive("03 00 04 00 | 0a 03 00");
    CHECK(att_sent(link) == Lines{"0004 0b6173696f626c65"});
}

TEST_CASE("eatt bearer: a PDU of the peer that is longer than the MTU closes the bearer alone") {
    PlayedClient link;
    link.receive("06 00 40 00 | 06 02 0a 03 00 00");  // of 518 octets
    CHECK(att_sent(link) == Lines{"0005 0601040051004000"});
    link.receive("03 00 04 00 | 0a 03 00");
    CHECK(att_sent(link) == Lines{"0004 0b6173696f626c65"});
}

// ---- which bearer is chosen

TEST_CASE("eatt bearer: commands leave on the fixed bearer in the order of the calls") {
    PlayedServer link;
    link.read(1);  // keeps the fixed bearer busy; commands need not wait for that
    for (const std::uint16_t handle : {std::uint16_t{2}, std::uint16_t{3}, std::uint16_t{2}})
        link.write(handle, false);
    link.read(3);  // overtakes no command
    CHECK(att_sent(link) ==
          Lines{"0004 0a0100", "0004 52020077", "0004 52030077", "0004 52020077"});
    link.answer(0x0004, "0b 11");
    CHECK(att_sent(link) == Lines{"0004 0a0300"});
    // Once they have left, all bearers serve again.
    link.read(4);
    CHECK(att_sent(link) == Lines{"0051 0a0400"});
}

TEST_CASE("eatt bearer: one with a smaller MTU than the fixed one is chosen for nothing") {
    SUBCASE("by the client") {
        PlayedServer link{0x40};
        link.receive("03 00 04 00 | 02 64 00");
        CHECK(att_sent(link) == Lines{"0004 030001"});
        link.write(1, true);
        link.write(2, true);
        link.read(3);
        CHECK(att_sent(link) == Lines{"0004 12010077"});
        link.answer(0x0004, "13");
        CHECK(att_sent(link) == Lines{"0004 12020077"});
    }
    SUBCASE("by the server") {
        PlayedClient link{0x40};
        link.receive("03 00 04 00 | 02 64 00");
        CHECK(att_sent(link) == Lines{"0004 030001"});
        REQUIRE(!link.indicate(3));
        REQUIRE(!link.indicate(5));
        CHECK(att_sent(link) == Lines{"0004 1d03006173696f626c65"});
        link.receive("01 00 04 00 | 1e");
        CHECK(att_sent(link) == Lines{"0004 1d05000000"});
    }
}

TEST_CASE("eatt bearer: one without credits is not chosen until it has some") {
    SUBCASE("by the client") {
        PlayedServer link{0xf0, 0};
        link.read(1);
        link.read(2);
        CHECK(att_sent(link) == Lines{"0004 0a0100"});
        link.receive("08 00 05 00 | 16 05 04 00 52 00 01 00");
        link.read(3);
        CHECK(att_sent(link) == Lines{"0052 0a0300"});
        link.write(4, true);
        CHECK(att_sent(link) == Lines{});
        link.answer(0x0004, "0b 11");
        link.answer(0x0004, "0b 22");
        CHECK(att_sent(link) == Lines{"0004 0a0200", "0004 12040077"});
    }
    SUBCASE("by the server") {
        PlayedClient link{0x40, 0};
        REQUIRE(!link.indicate(3));
        REQUIRE(!link.indicate(5));
        CHECK(att_sent(link) == Lines{"0004 1d03006173696f626c65"});
        link.receive("08 00 05 00 | 16 02 04 00 51 00 01 00");
        REQUIRE(!link.indicate(5));  // behind the one that waits
        CHECK(att_sent(link) == Lines{});
        link.receive("01 00 04 00 | 1e");
        link.receive("01 00 04 00 | 1e");
        CHECK(att_sent(link) == Lines{"0004 1d05000000", "0004 1d05000000"});
        REQUIRE(!link.indicate(3));
        CHECK(att_sent(link) == Lines{"0051 1d03006173696f626c65"});
    }
}

TEST_CASE("eatt bearer: refused indications are told of when there is room on their bearer") {
    PlayedClient link;
    REQUIRE(!link.indicate(3));  // on the fixed bearer, and never confirmed
    std::size_t accepted = 0;
    while (!link.indicate(5)) ++accepted;
    CHECK(accepted == config::send_queue{}.value);
    link.run();
    CHECK(link.device().take_events() == Lines{});
    for (std::size_t i = 0; i < accepted / 2; ++i) link.receive(0x0040, as_sdu("1e"));
    CHECK(link.device().count<SendReady>() == 1);
    CHECK(!link.indicate(5));
}

// ---- how many there are

TEST_CASE("eatt bearer: five are a link's most, whoever asks for them") {
    SUBCASE("the peer, for more than there may be") {
        PlayedClient link;
        link.receive(0x0005, hex("17 02 0e 00 27 00 40 00 40 00 05 00 52 00 53 00 54 00"));
        CHECK(att_sent(link) == Lines{"0005 18020e000502f70007000000410042004300"});
        link.receive(0x0005, hex("17 03 12 00 27 00 40 00 40 00 05 00 55005600570058005900"));
        // MTU 517, MPS 247, 7 credits; "some refused, no resources"; one is open
        CHECK(att_sent(link) == Lines{"0005 180312000502f7000700040000000000000000004800"});
        link.receive(0x0005, hex("17 04 0a 00 27 00 40 00 40 00 05 00 5a 00"));
        CHECK(att_sent(link) == Lines{"0005 18040a0000000000000004000000"});
    }
    SUBCASE("we, beside those of the peer") {
        PlayedLink link{hci::Role::central, {.bearers = 3, .unencrypted = true}};
        link.receive(0x0005, hex("17 01 10 00 27 00 40 00 40 00 05 00 51 00 52 00 53 00 54 00"));
        link.receive("05 00 04 00 | 09 03 13 00 01");
        link.receive("05 00 04 00 | 09 03 0f 00 02");
        CHECK(att_sent(link) == Lines{"0004 080100ffff3a2b",
                                      "0005 180110000502f700070000004000410042004300",
                                      "0004 080100ffff292b", "0005 17010a0027000502f70007004400"});
        // While our request is under way there is no room for another of theirs.
        link.receive(0x0005, hex("17 02 0a 00 27 00 40 00 40 00 05 00 55 00"));
        CHECK(att_sent(link) == Lines{"0005 18020a0000000000000004000000"});
    }
    SUBCASE("those are counted of whose end the peer has not heard") {
        PlayedClient link;
        link.receive(0x0005, hex("17 02 10 00 27 00 40 00 40 00 05 00 52 00 53 00 54 00 55 00"));
        (void)att_sent(link);
        link.receive("06 00 40 00 | 06 02 0a 03 00 00");  // an SDU of 518 octets
        CHECK(att_sent(link) == Lines{"0005 0601040051004000"});
        link.receive(0x0005, hex("17 03 0a 00 27 00 40 00 40 00 05 00 56 00"));
        CHECK(att_sent(link) == Lines{"0005 18030a0000000000000004000000"});
        link.receive("08 00 05 00 | 07 01 04 00 51 00 40 00");
        link.receive(0x0005, hex("17 04 0a 00 27 00 40 00 40 00 05 00 56 00"));
        CHECK(att_sent(link) == Lines{"0005 18040a000502f700070000004000"});
    }
}
