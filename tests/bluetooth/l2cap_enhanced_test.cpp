// SPDX-License-Identifier: MIT
//
// Several channels by one request: enhanced credit based flow control (Vol 3 Part A 4.25 to 4.28)
// of whole hosts, and answers that take their time.
#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "tests/bluetooth/l2cap_room.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

std::vector<ChannelId> connect_enhanced(Device& device, std::size_t count, std::uint16_t mtu = 450,
                                        Psm psm = Psm{22}) {
    std::vector<ChannelId> cids(count);
    REQUIRE(device.host.l2cap_connect(ConnectionHandle{0x40}, l2cap::Mode::enhanced, psm, mtu, {},
                                      cids) == error_code{});
    return cids;
}

}  // namespace

TEST_CASE("l2cap enhanced: five channels by one request, each with events and data of its own") {
    ChannelLink link;
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 300, {}));
    const auto cids = connect_enhanced(link.central, 5);
    link.run();
    const char* const names[]{"0040", "0041", "0042", "0043", "0044"};
    Lines at_central;
    Lines accepted;
    Lines opened;
    for (const std::string name : names) {
        at_central.push_back("L2capConnect 0040 " + name + " 22 450 300");
        accepted.push_back("L2capAccept 0040 " + name + " 22 300 450");
        opened.push_back("L2capConnect 0040 " + name + " 22 300 450");
    }
    Lines at_peripheral = accepted;
    at_peripheral.insert(at_peripheral.end(), opened.begin(), opened.end());
    CHECK(link.central.take_events() == at_central);
    CHECK(link.peripheral.take_events() == at_peripheral);
    for (std::size_t i = 0; i < 5; ++i)
        CHECK(ChannelEnd{link.central, cids[i]}.send(Octets(3, std::uint8_t(i))));
    link.run();
    for (std::size_t i = 0; i < 5; ++i)
        CHECK(ChannelEnd{link.peripheral, cids[i]}.read() == Octets(3, std::uint8_t(i)));
    // They end one by one.
    CHECK(!link.central.host.l2cap_disconnect(link.conn, cids[2]));
    link.run();
    CHECK(link.central.take_events().back() == "L2capDisconnect 0040 0042 22 status 0");
    CHECK(link.peripheral.count<L2capDisconnect>() == 1);
}

TEST_CASE("l2cap enhanced: the octets of a request for two, and MTUs of at least 64") {
    PlayedLink link{hci::Role::central};
    const auto cids = connect_enhanced(link.device(), 2, 32);
    CHECK(link.sent() == Lines{to_hex(hex("10000500 17010c00 1600 4000 f700 4000 4000 4100"))});
    // The peer opens both: MTU 100, MPS 64, 7 credits, its ends 0x0051 and 0x0050.
    link.receive("10 00 05 00 | 18 01 0c 00 64 00 40 00 07 00 00 00 51 00 50 00");
    CHECK(link.device().take_events() ==
          Lines{"L2capConnect 0040 0040 22 64 100", "L2capConnect 0040 0041 22 64 100"});
    CHECK(ChannelEnd{link.device(), cids[0]}.send(hex("aa")));
    CHECK(link.sent() == Lines{to_hex(hex("03005100 0100 aa"))});
}

TEST_CASE("l2cap enhanced: numbers of channels that cannot be asked for") {
    ChannelLink link;
    for (const std::size_t count : {0u, 6u}) {
        std::vector<ChannelId> cids(count);
        CHECK(link.central.host
                  .l2cap_connect(link.conn, l2cap::Mode::enhanced, link.psm, 100, {}, cids)
                  .value() == 22);
    }
    // With 62 channels there is room for two more, not for three.
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 64, {}));
    for (int i = 0; i < 62; ++i) (void)link.connect(64);
    std::array<ChannelId, 3> cids{};
    CHECK(link.central.host.l2cap_connect(link.conn, l2cap::Mode::enhanced, link.psm, 64, {}, cids)
              .value() == 12);
    (void)connect_enhanced(link.central, 2, 64);
    link.run();
    CHECK(link.central.count<L2capConnect>() == 64);
    CHECK(link.central.count<L2capDisconnect>() == 0);
}

TEST_CASE("l2cap enhanced: the peer may accept some of the channels") {
    ChannelLink link;
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 450, {}));
    int asked = 0;
    link.peripheral.handler = [&](const Event& event) {
        if (const auto* accept = std::get_if<L2capAccept>(&event))
            accept->answer(++asked % 2 == 0 ? 23 : 0);
    };
    (void)connect_enhanced(link.central, 4);
    link.run();
    CHECK(link.central.take_events() ==
          Lines{"L2capConnect 0040 0040 22 450 450", "L2capDisconnect 0040 0041 22 status 6",
                "L2capConnect 0040 0042 22 450 450", "L2capDisconnect 0040 0043 22 status 6"});
    CHECK(link.peripheral.count<L2capConnect>() == 2);
    for (const std::uint16_t cid : {std::uint16_t{0x40}, std::uint16_t{0x42}})
        CHECK(ChannelEnd{link.central, ChannelId{cid}}.send(hex("01")));
    link.run();
    CHECK(link.peripheral.count<L2capRecv>() == 2);
}

TEST_CASE("l2cap enhanced: where all are refused each hears the reason") {
    ChannelLink link;
    int status = 0;
    SUBCASE("nobody listens") { status = 8; }
    SUBCASE("encryption is demanded") {
        REQUIRE(
            !link.peripheral.host.l2cap_listen(link.psm, 450, {.security = {.encryption = true}}));
        status = 25;
    }
    SUBCASE("the application refuses") {
        REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 450, {}));
        link.peripheral.handler = [](const Event& event) {
            if (const auto* accept = std::get_if<L2capAccept>(&event)) accept->answer(24);
        };
        status = 24;
    }
    (void)connect_enhanced(link.central, 2);
    link.run();
    const std::string end = " 22 status " + std::to_string(status);
    CHECK(link.central.take_events() ==
          Lines{"L2capDisconnect 0040 0040" + end, "L2capDisconnect 0040 0041" + end});
}

TEST_CASE("l2cap enhanced: a peer that does not know the request refuses by status 16") {
    PlayedLink link{hci::Role::central};
    (void)connect_enhanced(link.device(), 2);
    link.receive("06 00 05 00 | 01 01 02 00 00 00");
    CHECK(link.device().take_events() == Lines{"L2capDisconnect 0040 0040 22 status 16",
                                               "L2capDisconnect 0040 0041 22 status 16"});
}

TEST_CASE("l2cap enhanced: a peer that says \"pending\" has 60 s more for its answer") {
    PlayedLink link{hci::Role::central};
    (void)connect_enhanced(link.device(), 1);
    link.world.advance(29s);
    link.receive("0e 00 05 00 | 18 01 0a 00 00 00 00 00 00 00 0d 00 00 00");
    link.world.advance(59s);
    CHECK(link.device().take_events() == Lines{});
    SUBCASE("given") {
        link.receive("0e 00 05 00 | 18 01 0a 00 64 00 40 00 07 00 00 00 50 00");
        CHECK(link.device().take_events() == Lines{"L2capConnect 0040 0040 22 450 100"});
    }
    SUBCASE("not given") {
        link.world.advance(1s);
        CHECK(link.device().take_events() == Lines{"L2capDisconnect 0040 0040 22 status 13"});
    }
}

TEST_CASE("l2cap: an answer may be put off, for 30 s") {
    ChannelLink link;
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 450, {}));
    link.peripheral.handler = [](const Event& event) {
        if (const auto* accept = std::get_if<L2capAccept>(&event)) accept->defer();
    };
    (void)link.connect();
    const auto answer = [&](int status) {
        return link.peripheral.host.l2cap_answer(link.conn, ChannelId{0x40}, status);
    };
    SUBCASE("accepted") {
        link.world.advance(29s);
        CHECK(link.central.take_events() == Lines{});
        // Neither ATT nor other channels wait meanwhile.
        REQUIRE(!link.central.host.read(link.conn, att::Handle{3}));
        link.run();
        CHECK(link.central.count<GattcReadDone>() == 1);
        CHECK(link.at_peripheral.send_error(hex("01")).value() == 22);
        link.forget_events();
        CHECK(!answer(0));
        CHECK(answer(0).value() == 2);
        link.run();
        CHECK(link.central.take_events() == Lines{"L2capConnect 0040 0040 22 450 450"});
        CHECK(link.peripheral.take_events() == Lines{"L2capConnect 0040 0040 22 450 450"});
    }
    SUBCASE("refused") {
        link.run();
        CHECK(!answer(23));
        link.run();
        CHECK(link.central.take_events() == Lines{"L2capDisconnect 0040 0040 22 status 23"});
    }
    SUBCASE("refused by closing it") {
        link.run();
        CHECK(!link.at_peripheral.disconnect());
        link.run();
        CHECK(link.central.take_events() == Lines{"L2capDisconnect 0040 0040 22 status 6"});
    }
    SUBCASE("forgotten") {
        link.world.advance(31s);
        CHECK(link.central.count<L2capDisconnect>() == 1);
        CHECK(answer(0).value() == 2);
        CHECK(link.peripheral.take_events() == Lines{"L2capAccept 0040 0040 22 450 450"});
    }
    SUBCASE("the link has ended") {
        link.run();
        REQUIRE(!link.central.host.disconnect(link.conn));
        link.world.advance(1s);
        CHECK(answer(0).value() == 107);
        CHECK(link.peripheral.count<L2capDisconnect>() == 0);
        link.world.connect(link.central, link.peripheral);
        CHECK(answer(0).value() == 2);
    }
    SUBCASE("but not by a handler that fails") {
        link.peripheral.handler = [](const Event& event) {
            if (const auto* accept = std::get_if<L2capAccept>(&event)) {
                accept->defer();
                throw 1;
            }
        };
        link.run();
        CHECK(link.central.take_events() == Lines{"L2capDisconnect 0040 0040 22 status 6"});
        CHECK(answer(0).value() == 2);
    }
}

TEST_CASE("l2cap enhanced: some answers at once, others later: the peer hears of all together") {
    ChannelLink link;
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 450, {}));
    link.peripheral.handler = [](const Event& event) {
        const auto* accept = std::get_if<L2capAccept>(&event);
        if (accept != nullptr && accept->cid != ChannelId{0x41}) accept->defer();
    };
    (void)connect_enhanced(link.central, 3);
    link.world.advance(6s);
    CHECK(!link.peripheral.host.l2cap_answer(link.conn, ChannelId{0x42}, 0));
    link.run();
    CHECK(link.central.take_events() == Lines{});
    CHECK(!link.peripheral.host.l2cap_answer(link.conn, ChannelId{0x40}, 6));
    link.run();
    CHECK(link.central.take_events() == Lines{"L2capDisconnect 0040 0040 22 status 6",
                                              "L2capConnect 0040 0041 22 450 450",
                                              "L2capConnect 0040 0042 22 450 450"});
}

TEST_CASE("l2cap enhanced: either side may enlarge its MTU; both hear of it") {
    ChannelLink link;
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 300, {}));
    const auto cids = connect_enhanced(link.central, 2);
    link.run();
    link.forget_events();
    CHECK(!link.central.host.l2cap_reconfigure(link.conn, cids, 1000, 0));
    CHECK(link.central.host.l2cap_reconfigure(link.conn, cids, 1000, 0).value() == 114);
    link.run();
    CHECK(link.central.take_events() == Lines{"L2capReconfigured 0040 0040 1000 300 status 0",
                                              "L2capReconfigured 0040 0041 1000 300 status 0"});
    CHECK(link.peripheral.take_events() == Lines{"L2capReconfigured 0040 0040 300 1000 status 0",
                                                 "L2capReconfigured 0040 0041 300 1000 status 0"});
    error_code error;
    const L2capChannelInfo info = link.central.host.l2cap_info(link.conn, cids[0], error);
    CHECK(error == error_code{});
    CHECK(info.our_mtu == 1000);
    CHECK(info.peer_mtu == 300);
    CHECK(link.peripheral.host.l2cap_info(link.conn, ChannelId{0x40}, error).peer_mtu == 1000);
    // Twice 300, our MTU, is still MicroPython's bound.
    CHECK(link.at_peripheral.send(pattern(600)));
    link.run();
    CHECK(link.at_central.read() == pattern(600));

    CHECK(link.central.host.l2cap_reconfigure(link.conn, cids, 999, 0).value() == 22);
    CHECK(link.central.host.l2cap_reconfigure(link.conn, cids, 1000, 100).value() == 22);
    CHECK(!link.central.host.l2cap_reconfigure(link.conn, std::span{cids}.first(1), 1000, 100));
    link.run();
    CHECK(link.at_peripheral.send(pattern(600)));
    link.run();
    CHECK(link.at_central.read() == pattern(600));
}

TEST_CASE("l2cap: a channel with LE credit based flow control is not reconfigured") {
    ChannelLink link;
    link.open();
    const std::array cids{ChannelId{0x40}};
    CHECK(link.central.host.l2cap_reconfigure(link.conn, cids, 1000, 0).value() == 22);
}

TEST_CASE("l2cap enhanced: a peer that refuses a reconfiguration leaves everything as it was") {
    PlayedLink link{hci::Role::central};
    const auto cids = connect_enhanced(link.device(), 1);
    link.receive("0e 00 05 00 | 18 01 0a 00 64 00 40 00 07 00 00 00 50 00");
    link.device().forget_events();
    (void)link.sent();
    REQUIRE(!link.host().l2cap_reconfigure(link.conn, cids, 500, 0));
    CHECK(link.sent() == Lines{to_hex(hex("0a000500 19020600 f401 f700 4000"))});
    const char* line = nullptr;
    SUBCASE("by its result") {
        link.receive("06 00 05 00 | 1a 02 02 00 04 00");
        line = "L2capReconfigured 0040 0040 450 100 status 3";
    }
    SUBCASE("by a Command Reject") {
        link.receive("06 00 05 00 | 01 02 02 00 00 00");
        line = "L2capReconfigured 0040 0040 450 100 status 16";
    }
    SUBCASE("by silence") {
        link.world.advance(30s);
        line = "L2capReconfigured 0040 0040 450 100 status 13";
    }
    CHECK(link.device().take_events() == Lines{line});
    CHECK(ChannelEnd{link.device(), cids[0]}.send(hex("01")));
}

TEST_CASE("l2cap enhanced: 60 channels changed and closed at once each ask the peer for both") {
    ChannelLink link;
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 64, {}));
    for (int i = 0; i < 12; ++i) (void)connect_enhanced(link.central, 5, 64);
    link.run();
    REQUIRE(link.central.count<L2capConnect>() == 60);
    std::array<int, 0x80> changed{};
    std::array<int, 0x80> closed{};
    link.central.wire->on_packet = [&, inner = link.central.wire->on_packet](Bytes packet) {
        // Credit Based Reconfigure Request, Disconnection Request: both name the same CID of ours.
        if (packet[0] == 0x02 && packet[7] == 0x05 && packet[9] == 0x19) ++changed[packet[17]];
        if (packet[0] == 0x02 && packet[7] == 0x05 && packet[9] == 0x06) ++closed[packet[15]];
        inner(packet);
    };
    for (std::uint16_t cid = 0x40; cid < 0x40 + 60; ++cid) {
        const std::array cids{ChannelId{cid}};
        REQUIRE(!link.central.host.l2cap_reconfigure(link.conn, cids, 100, 0));
        REQUIRE(!link.central.host.l2cap_disconnect(link.conn, cids[0]));
    }
    link.run();
    for (std::size_t cid = 0x40; cid < 0x40 + 60; ++cid) {
        CAPTURE(cid);
        CHECK(changed[cid] == 1);
        CHECK(closed[cid] == 1);
    }
    for (const Device* device : {&link.central, &link.peripheral})
        CHECK(device->count<L2capDisconnect>() == 60);
    CHECK(link.central.last<L2capDisconnect>()->status == 0);
}
