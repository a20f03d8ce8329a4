// SPDX-License-Identifier: MIT
//
// Channels of two whole hosts, as the application sees them.
#include <doctest/doctest.h>

#include <vector>

#include "tests/bluetooth/l2cap_room.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

/// What the central hears of a channel that the peripheral's handler answers by `status`.
Lines answered(ChannelLink& link, int status) {
    link.peripheral.handler = [status](const Event& event) {
        if (const auto* accept = std::get_if<L2capAccept>(&event)) accept->answer(status);
    };
    (void)link.connect();
    link.run();
    return link.central.take_events();
}

}  // namespace

TEST_CASE("l2cap: both sides hear of a channel, of its data and of its end") {
    ChannelLink link;
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 512, {}));
    CHECK(link.connect(450) == ChannelId{0x0040});
    link.run();
    CHECK(link.peripheral.take_events() ==
          Lines{"L2capAccept 0040 0040 22 512 450", "L2capConnect 0040 0040 22 512 450"});
    CHECK(link.central.take_events() == Lines{"L2capConnect 0040 0040 22 450 512"});

    CHECK(link.at_central.send(hex("01 02 03")));
    link.run();
    CHECK(link.peripheral.take_events() == Lines{"L2capRecv 0040 0040"});
    CHECK(link.at_peripheral.read() == hex("01 02 03"));
    CHECK(link.at_peripheral.send(hex("04")));
    link.run();
    CHECK(link.central.take_events() == Lines{"L2capRecv 0040 0040"});
    CHECK(link.at_central.read() == hex("04"));

    CHECK(!link.at_central.disconnect());
    link.run();
    CHECK(link.peripheral.take_events() == Lines{"L2capDisconnect 0040 0040 22 status 0"});
    CHECK(link.central.take_events() == Lines{"L2capDisconnect 0040 0040 22 status 0"});
}

TEST_CASE("l2cap: sixteen SDUs of 400 octets in each direction arrive whole on PSM 22") {
    ChannelLink link;
    link.open(450);
    struct Side {
        ChannelEnd end;
        unsigned sent = 0;
        Octets received{};
    };
    Side sides[]{{link.at_peripheral}, {link.at_central}};
    for (Side& side : sides) {
        const auto send = [&side] {
            while (side.sent < 16 && side.end.send(pattern(400, side.sent++))) {}
        };
        side.end.device.handler = [&side, send](const Event& event) {
            if (std::holds_alternative<L2capRecv>(event)) {
                const Octets part = side.end.read();
                side.received.insert(side.received.end(), part.begin(), part.end());
            } else if (std::holds_alternative<L2capSendReady>(event)) {
                send();
            }
        };
        send();
    }
    link.run();
    Octets expected;
    for (unsigned i = 0; i < 16; ++i) {
        const Octets sdu = pattern(400, i);
        expected.insert(expected.end(), sdu.begin(), sdu.end());
    }
    for (const Side& side : sides) {
        CHECK(side.sent == 16);
        CHECK(side.received == expected);
        CHECK(side.end.device.count<L2capRecv>() == 16);
    }
}

TEST_CASE("l2cap: an MTU below 32 octets becomes 32") {
    ChannelLink link;
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 10, {}));
    (void)link.connect(23);
    link.run();
    CHECK(link.peripheral.take_events() ==
          Lines{"L2capAccept 0040 0040 22 32 32", "L2capConnect 0040 0040 22 32 32"});
    CHECK(link.at_central.send_error(pattern(33)).value() == 22);
    CHECK(link.at_central.send(pattern(32)));
    link.run();
    CHECK(link.at_peripheral.read() == pattern(32));
}

TEST_CASE("l2cap: the calls refuse what cannot be, by MicroPython's numbers") {
    ChannelLink link;
    Host& host = link.central.host;
    const ConnectionHandle none{0x0099};
    ChannelId cid{};
    SUBCASE("listening") {
        CHECK(host.l2cap_listen(link.psm, 100, {}) == error_code{});
        CHECK(host.l2cap_listen(link.psm, 200, {}).value() == 114);
        CHECK(host.l2cap_listen(Psm{0}, 100, {}).value() == 22);
        CHECK(host.l2cap_listen(Psm{0x0100}, 100, {}).value() == 22);
        CHECK(host.l2cap_listen(Psm{0x0027}, 100, {}).value() == 22);
        CHECK(host.l2cap_listen(Psm{0x80}, 100, {.mps = 22}).value() == 22);
        CHECK(host.l2cap_listen(Psm{0x80}, 100, {.mps = 518}).value() == 22);
        CHECK(host.l2cap_listen(Psm{0x80}, 65535, {.mps = 23}) == error_code{});
        CHECK(host.l2cap_listen(Psm{0x81}, 100, {.mps = 517}) == error_code{});
    }
    SUBCASE("connecting") {
        CHECK(connect_channel(link.central, none, link.psm, 100, cid).value() == 107);
        CHECK(connect_channel(link.central, link.conn, Psm{0}, 100, cid).value() == 22);
        CHECK(connect_channel(link.central, link.conn, Psm{0x27}, 100, cid).value() == 22);
        CHECK(connect_channel(link.central, link.conn, link.psm, 100, cid, {.mps = 22}).value() ==
              22);
        CHECK(connect_channel(link.central, link.conn, link.psm, 100, cid, {.mps = 518}).value() ==
              22);
        CHECK(connect_channel(link.central, link.conn, link.psm, 100, cid) == error_code{});
        // Not open yet.
        CHECK(link.at_central.send_error(hex("01")).value() == 22);
    }
    SUBCASE("no such channel, no such link") {
        Octets octets(1);
        for (const auto& [conn, number] : {std::pair{link.conn, 22}, std::pair{none, 107}}) {
            CAPTURE(number);
            const ChannelId unknown{0x0041};
            error_code error;
            (void)host.l2cap_send(conn, unknown, octets, error);
            CHECK(error.value() == number);
            CHECK(host.l2cap_receive(conn, unknown, octets, error) == 0);
            CHECK(error.value() == number);
            CHECK(host.l2cap_available(conn, unknown, error) == 0);
            CHECK(error.value() == number);
            CHECK(host.l2cap_disconnect(conn, unknown).value() == number);
            const std::array cids{unknown};
            CHECK(host.l2cap_reconfigure(conn, cids, 500, 0).value() == number);
        }
        CHECK(host.l2cap_answer(link.conn, ChannelId{0x0041}, 0).value() == 2);
        CHECK(host.l2cap_answer(none, ChannelId{0x0041}, 0).value() == 107);
        // Fixed channels are not the application's.
        for (const unsigned fixed : {0x0000u, 0x0004u, 0x0005u, 0x0006u, 0x003fu, 0x0080u, 0xffffu})
            CHECK(host.l2cap_disconnect(link.conn, ChannelId(fixed)).value() == 22);
    }
    SUBCASE("inactive") {
        host.stop();
        CHECK(host.l2cap_listen(link.psm, 100, {}).value() == 19);
        CHECK(connect_channel(link.central, link.conn, link.psm, 100, cid).value() == 19);
        CHECK(link.at_central.disconnect().value() == 19);
        CHECK(link.at_central.send_error({}).value() == 19);
        error_code error;
        CHECK(host.l2cap_available(link.conn, ChannelId{0x40}, error) == 0);
        CHECK(error.value() == 19);
        CHECK(host.l2cap_answer(link.conn, ChannelId{0x40}, 0).value() == 19);
    }
}

TEST_CASE("l2cap: an SDU may have the peer's MTU, and twice ours at most") {
    ChannelLink link;
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 300, {}));
    (void)link.connect(100);
    link.run();
    // The central: ours 100, the peer's 300.
    CHECK(link.at_central.send_error(pattern(201)).value() == 22);
    CHECK(link.at_central.send(pattern(200)));
    // The peripheral: ours 300, the peer's 100.
    CHECK(link.at_peripheral.send_error(pattern(101)).value() == 22);
    CHECK(link.at_peripheral.send(pattern(100)));
    link.run();
    CHECK(link.at_peripheral.available() == 200);
    CHECK(link.at_central.available() == 100);
}

TEST_CASE("l2cap: SDUs are read as one stream of octets; an empty one raises an event alone") {
    ChannelLink link;
    link.open();
    for (const char* sdu : {"01 02 03", "", "04 05"}) CHECK(link.at_central.send(hex(sdu)));
    link.run();
    CHECK(link.peripheral.count<L2capRecv>() == 3);
    CHECK(link.at_peripheral.available() == 5);
    CHECK(link.at_peripheral.read(2) == hex("01 02"));
    CHECK(link.at_peripheral.available() == 3);
    CHECK(link.at_peripheral.read(2) == hex("03 04"));
    CHECK(link.at_peripheral.read(2) == hex("05"));
    CHECK(link.at_peripheral.read(2) == hex(""));
    CHECK(link.at_peripheral.available() == 0);

    CHECK(link.at_central.send({}));
    link.run();
    CHECK(link.peripheral.count<L2capRecv>() == 4);
    CHECK(link.at_peripheral.available() == 0);
}

TEST_CASE("l2cap: while a channel is stalled nothing is taken; SendReady ends that, once") {
    ChannelLink link;
    // One credit at a time. The receiver has room for one SDU and the frame after it.
    link.open(32, {.mps = 34, .credits = 1});
    CHECK_FALSE(link.at_central.send(Octets(32, 1)));
    CHECK(link.at_central.send_error({}).value() == 16);
    link.run();
    CHECK(link.central.take_events() == Lines{"L2capSendReady 0040 0040 status 0"});
    for (std::uint8_t i = 2; i <= 4; ++i) {
        CAPTURE(i);
        CHECK_FALSE(link.at_central.send(Octets(32, i)));
        CHECK(link.at_central.send_error(Octets(32, 0x99)).value() == 16);
        link.run();
        CHECK(link.central.take_events() == Lines{});
        CHECK(link.at_central.send_error({}).value() == 16);
        // The peer reads and gives a credit.
        CHECK(link.at_peripheral.read(32) == Octets(32, std::uint8_t(i - 1)));
        link.run();
        CHECK(link.central.take_events() == Lines{"L2capSendReady 0040 0040 status 0"});
        CHECK(link.at_peripheral.available() == 32);
    }
    CHECK(link.at_peripheral.read() == Octets(32, 4));
}

TEST_CASE("l2cap: what the listener's handler answers is what the other side hears") {
    ChannelLink link;
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 450, {}));
    const auto refused = [](int status) {
        return Lines{"L2capDisconnect 0040 0040 22 status " + std::to_string(status)};
    };
    for (const int status : {8, 6, 3, 23, 24, 25, 26})
        CHECK(answered(link, status) == refused(status));
    // Any other number stands for "no resources".
    for (const int status : {1, 2, 16, 17, -1, 255}) CHECK(answered(link, status) == refused(6));
    CHECK(link.peripheral.count<L2capAccept>() == 13);
    CHECK(link.peripheral.count<L2capConnect>() == 0);
    CHECK(link.peripheral.count<L2capDisconnect>() == 0);
    CHECK(answered(link, 0) == Lines{"L2capConnect 0040 0040 22 450 450"});
}

TEST_CASE("l2cap: nobody listens on the PSM: status 8; the next connect may follow at once") {
    ChannelLink link;
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 450, {}));
    int left = 3;
    link.central.handler = [&](const Event& event) {
        if (std::holds_alternative<L2capDisconnect>(event) && --left >= 0)
            (void)link.connect(450, left == 0 ? link.psm : Psm{23});
    };
    (void)link.connect(450, Psm{23});
    link.run();
    CHECK(link.central.count<L2capDisconnect>() == 3);
    CHECK(link.central.last<L2capDisconnect>()->status == 8);
    CHECK(link.central.count<L2capConnect>() == 1);
}

TEST_CASE("l2cap: without a handler every channel is accepted") {
    ChannelLink link;
    link.peripheral.host.irq({});
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 450, {}));
    (void)link.connect();
    link.run();
    CHECK(link.central.take_events() == Lines{"L2capConnect 0040 0040 22 450 450"});
}

TEST_CASE("l2cap: a listener's demand is not met by a link without encryption") {
    const auto [security, status] = [] {
        using Demand = std::pair<SecurityRequirement, int>;
        Demand chosen;
        SUBCASE("encryption") { chosen = {{.encryption = true}, 25}; }
        SUBCASE("authentication") { chosen = {{.authentication = true}, 23}; }
        SUBCASE("both") { chosen = {{.encryption = true, .authentication = true}, 23}; }
        SUBCASE("a key of 16 octets") { chosen = {{.min_key_size = 16}, 25}; }
        SUBCASE("authorization") { chosen = {{.authorization = true}, 24}; }
        return chosen;
    }();
    ChannelLink link;
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 450, {.security = security}));
    (void)link.connect();
    link.run();
    CHECK(link.peripheral.take_events() == Lines{});
    CHECK(link.central.take_events() ==
          Lines{"L2capDisconnect 0040 0040 22 status " + std::to_string(status)});
}

TEST_CASE("l2cap: a peer that the application trusts meets a demand for authorization") {
    ChannelLink link;
    REQUIRE(
        !link.peripheral.host.l2cap_listen(link.psm, 450, {.security = {.authorization = true}}));
    REQUIRE(!link.peripheral.host.authorize(link.conn, true));
    (void)link.connect();
    link.run();
    CHECK(link.central.count<L2capConnect>() == 1);
}

TEST_CASE("l2cap: many listeners, and channels on several links in both directions at once") {
    World world;
    Device& middle = world.add();
    std::vector<Device*> others;
    std::vector<LinkHandles> links;
    for (int i = 0; i < 3; ++i) {
        others.push_back(&world.add());
        links.push_back(world.connect(*others.back(), middle));
    }
    for (const Psm psm : {Psm{0x80}, Psm{0x81}, Psm{0x82}, Psm{0x83}}) {
        REQUIRE(!middle.host.l2cap_listen(psm, 100, {}));
        for (Device* other : others) REQUIRE(!other->host.l2cap_listen(psm, 200, {}));
    }
    std::vector<ChannelEnd> ends;
    for (std::size_t i = 0; i < 3; ++i)
        for (const Psm psm : {Psm{0x80}, Psm{0x81}, Psm{0x82}, Psm{0x83}}) {
            ChannelId cid{};
            REQUIRE(!connect_channel(*others[i], links[i].central, psm, 300, cid));
            ends.push_back({*others[i], cid, links[i].central});
            REQUIRE(!connect_channel(middle, links[i].peripheral, psm, 300, cid));
            ends.push_back({middle, cid, links[i].peripheral});
        }
    world.advance(100ms);
    CHECK(middle.count<L2capAccept>() == 12);
    CHECK(middle.count<L2capConnect>() == 24);
    for (std::size_t i = 0; i < ends.size(); ++i) CHECK(ends[i].send(pattern(100, unsigned(i))));
    world.advance(100ms);
    CHECK(middle.count<L2capRecv>() == 12);
    for (Device* other : others) CHECK(other->count<L2capRecv>() == 4);
    // Each of the sums of what was sent has come, to somebody.
    std::vector<Octets> received;
    for (const Device* device : {&middle, others[0], others[1], others[2]})
        for (const Event& event : device->events())
            if (const auto* recv = std::get_if<L2capRecv>(&event))
                received.push_back(
                    ChannelEnd{const_cast<Device&>(*device), recv->cid, recv->conn_handle}.read());
    CHECK(received.size() == ends.size());
    for (std::size_t i = 0; i < ends.size(); ++i)
        CHECK(std::ranges::count(received, pattern(100, unsigned(i))) == 1);
}

TEST_CASE("l2cap: a link has room for 64 channels; one that ends makes room for another") {
    ChannelLink link;
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 32, {}));
    for (int i = 0; i < 64; ++i) (void)link.connect(32);
    ChannelId cid{};
    CHECK(connect_channel(link.central, link.conn, link.psm, 32, cid).value() == 12);
    link.run();
    CHECK(link.central.count<L2capConnect>() == 64);
    CHECK(link.peripheral.host.l2cap_disconnect(link.conn, ChannelId{0x0055}) == error_code{});
    link.run();
    CHECK(connect_channel(link.central, link.conn, link.psm, 32, cid) == error_code{});
    link.run();
    CHECK(link.central.count<L2capConnect>() == 65);
}
