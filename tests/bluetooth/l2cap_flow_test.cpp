// SPDX-License-Identifier: MIT
//
// Channels whose peer is slow or silent: what waits, for how long, and what does not wait.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "tests/bluetooth/l2cap_room.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

/// Where in an L2CAP PDU its channel stands.
unsigned channel_of(const Octets& pdu) { return pdu[2] + 256u * pdu[3]; }

/// A peripheral to which the peer has opened channels to SPSM 0x0080, from its CID 0x0041 on.
struct Played : PlayedLink {
    explicit Played(unsigned channels, std::uint16_t mtu = 512, std::uint16_t credits = 1000)
        : PlayedLink(hci::Role::peripheral) {
        REQUIRE(!host().l2cap_listen(Psm{0x80}, mtu, {}));
        for (unsigned i = 0; i < channels; ++i) {
            Octets request = hex("14 00 0a 00 80 00 00 00 00 00 40 00 00 00");
            request[1] = std::uint8_t(i + 1);
            request[6] = std::uint8_t(0x41 + i);
            request[8] = std::uint8_t(mtu);
            request[9] = std::uint8_t(mtu >> 8);
            request[12] = std::uint8_t(credits);
            request[13] = std::uint8_t(credits >> 8);
            receive(0x0005, request);
        }
        run();
        REQUIRE(device().count<L2capConnect>() == channels);
        device().forget_events();
        (void)take_sent();
    }
    void give_credits(std::uint8_t far_end, std::uint8_t credits) {
        Octets indication = hex("16 77 04 00 00 00 00 00");
        indication[4] = far_end;
        indication[6] = credits;
        receive(0x0005, indication);
    }
    /// The controller gets one packet over.
    void complete_one() {
        Octets event = hex("04 13 05 01 40 00 01 00");
        device().wire->feed(event);
        world.settle();
    }
    /// What has left, without more being completed.
    std::vector<Octets> left() {
        world.settle();
        completes = false;
        return take_sent();
    }
    void read_request() { receive("03 00 04 00 | 0a 03 00"); }
};

/// Sends SDUs until one is refused or stalls the channel; how many were taken.
std::size_t fill(const ChannelEnd& end, std::size_t size) {
    std::size_t taken = 0;
    for (;;) {
        error_code error;
        const bool more = end.send(pattern(size), error);
        if (error) return taken;
        ++taken;
        if (!more) return taken;
    }
}

}  // namespace

TEST_CASE("l2cap flow: a peer without credits gets nothing; one SDU waits, the next is refused") {
    Played link{1, 512, 0};
    CHECK(fill(link.end(), 512) == 1);
    CHECK(link.end().send_error({}).value() == 16);
    CHECK(link.take_sent().empty());
    // 514 octets in frames of 64: nine of them, the last of 2.
    for (std::uint8_t i = 1; i <= 9; ++i) {
        CHECK(link.device().events().empty());
        link.give_credits(0x41, 1);
        const auto sent = link.take_sent();
        REQUIRE(sent.size() == 1);
        CHECK(sent[0].size() == (i < 9 ? 4 + 64 : 4 + 2));
    }
    // All has left, and there is no credit: nothing more may be sent now.
    CHECK(link.device().take_events() == Lines{});
    link.give_credits(0x41, 1);
    CHECK(link.device().take_events() == Lines{"L2capSendReady 0040 0040 status 0"});
    link.give_credits(0x41, 10);
    CHECK(link.device().take_events() == Lines{});
}

TEST_CASE("l2cap flow: no more frames leave than there are credits, whatever is queued") {
    Played link{1, 512, 20};
    // One SDU takes nine; the third does not fit, and stalls.
    CHECK(fill(link.end(), 512) == 3);
    CHECK(link.take_sent().size() == 20);
    CHECK(link.end().send_error(hex("01")).value() == 16);
    link.give_credits(0x41, 255);
    CHECK(link.take_sent().size() == 7);
    CHECK(link.device().take_events() == Lines{"L2capSendReady 0040 0040 status 0"});
}

TEST_CASE("l2cap flow: a controller that gets nothing over holds up a bounded amount") {
    Played link{1, 512, 60000};
    link.completes = false;
    std::size_t taken = 0;
    for (int i = 0; i < 10; ++i) {
        taken += fill(link.end(), 62);
        link.run();
    }
    // What the controller has, what is ready for it, what the channel may queue.
    CHECK(taken <= 8 + Host::channel_packets + 32);
    CHECK(taken >= 32);
    CHECK(link.device().take_events() == Lines{});
    link.completes = true;
    link.run();
    CHECK(link.device().take_events() == Lines{"L2capSendReady 0040 0040 status 0"});
    CHECK(link.take_sent().size() == taken);
}

TEST_CASE("l2cap flow: ATT waits behind a few frames of its link at most, however much is queued") {
    Played link{8, 512, 60000};
    link.completes = false;
    for (std::uint16_t cid = 0x40; cid < 0x48; ++cid) CHECK(fill(link.end(cid), 512) > 1);
    link.run();
    (void)link.left();
    link.receive("03 00 04 00 | 0a 03 00");
    std::size_t before = 0;
    for (bool answered = false; !answered;) {
        link.complete_one();
        const auto left = link.left();
        REQUIRE(!left.empty());
        for (const Octets& pdu : left) {
            answered = channel_of(pdu) == 0x0004;
            if (answered) break;
            ++before;
        }
    }
    CHECK(before <= Host::channel_packets);
}

TEST_CASE("l2cap flow: notifications without end leave a channel of their link its share") {
    Played link{1, 512, 60000};
    constexpr AttributeHandle value{0x0003};
    const auto notify = [&] {
        while (!link.host().notify(link.conn, value, {})) {}
    };
    link.device().handler = [&](const Event& event) {
        if (std::holds_alternative<SendReady>(event)) notify();
        if (std::holds_alternative<L2capSendReady>(event)) (void)fill(link.end(), 62);
    };
    link.completes = false;
    notify();
    (void)fill(link.end(), 62);
    link.run();
    (void)link.left();
    std::array<unsigned, 2> sent{};
    for (int i = 0; i < 400; ++i) {
        link.complete_one();
        for (const Octets& pdu : link.left()) ++sent[channel_of(pdu) == 0x0004 ? 0 : 1];
    }
    CHECK(sent[0] >= 100);
    CHECK(sent[1] >= 100);
}

TEST_CASE("l2cap flow: the channels of a link get equal shares of it") {
    Played link{8, 512, 60000};
    link.completes = false;
    for (std::uint16_t cid = 0x40; cid < 0x48; ++cid) (void)fill(link.end(cid), cid * 7u);
    std::array<unsigned, 8> frames{};
    std::size_t total = 0;
    link.run();
    for (int i = 0; i < 80; ++i) {
        for (const Octets& pdu : link.left()) {
            ++frames[channel_of(pdu) - 0x41];
            ++total;
            const auto [least, most] = std::ranges::minmax(frames);
            CHECK(most - least <= 1);
        }
        link.complete_one();
    }
    CHECK(total >= 80);
}

TEST_CASE("l2cap flow: a link that does not move costs another link nothing") {
    World world;
    Device& middle = world.add();
    Device& stuck = world.add();
    Device& moving = world.add();
    REQUIRE(!middle.host.l2cap_listen(Psm{22}, 1000, {}));
    const LinkHandles to_stuck = world.connect(stuck, middle);
    const LinkHandles to_moving = world.connect(moving, middle);
    ChannelId cid{};
    for (int i = 0; i < 10; ++i)
        REQUIRE(!connect_channel(stuck, to_stuck.central, Psm{22}, 1000, cid,
                                 {.credits = i < 5 ? std::uint16_t{1} : std::uint16_t{0}}));
    REQUIRE(!connect_channel(moving, to_moving.central, Psm{22}, 1000, cid));
    world.advance(100ms);
    SUBCASE("its peer gives no credits") {}
    SUBCASE("its peer is out of reach") { world.air.vanish(*stuck.controller); }
    for (std::uint16_t i = 0; i < 10; ++i) {
        const ChannelEnd end{middle, ChannelId(0x40 + i), to_stuck.peripheral};
        for (int k = 0; k < 5; ++k, world.settle()) (void)fill(end, 1000);
    }
    const ChannelEnd sender{middle, ChannelId{0x40}, to_moving.peripheral};
    const ChannelEnd receiver{moving, cid, to_moving.central};
    std::size_t received = 0;
    moving.handler = [&](const Event& event) {
        if (std::holds_alternative<L2capRecv>(event)) received += receiver.read().size();
    };
    std::size_t sent = 0;
    middle.handler = [&](const Event& event) {
        const auto* ready = std::get_if<L2capSendReady>(&event);
        if (ready != nullptr && ready->conn_handle == to_moving.peripheral && sent < 200)
            sent += fill(sender, 1000);
    };
    sent += fill(sender, 1000);
    REQUIRE(!moving.host.read(to_moving.central, att::Handle{3}));
    world.advance(10ms);
    CHECK(sent >= 200);
    CHECK(received == 1000 * sent);
    CHECK(moving.count<GattcReadDone>() == 1);
    CHECK(moving.last<GattcReadDone>()->status == 0);
}

TEST_CASE("l2cap flow: ATT goes on beside stalled channels of its link") {
    Played link{8, 512, 0};
    for (std::uint16_t cid = 0x40; cid < 0x48; ++cid) CHECK(fill(link.end(cid), 512) == 1);
    for (int i = 0; i < 20; ++i) {
        link.read_request();
        const auto sent = link.take_sent();
        REQUIRE(sent.size() == 1);
        CHECK(sent[0] == hex("08 00 04 00 | 0b 61 73 69 6f 62 6c 65"));
    }
}

TEST_CASE("l2cap flow: where buffers are missing nothing is taken, and SendReady follows once") {
    ChannelLink link;
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 65535, {.credits = 64}));
    const auto end = [&](std::size_t i) { return ChannelEnd{link.central, ChannelId(0x40 + i)}; };
    std::size_t channels = 0;
    error_code error;
    do {
        (void)link.connect(65535, link.psm, {.credits = 64});
        link.run();
        // The peer has room for one SDU that nobody reads; the next waits on this side.
        for (int i = 0; i < 2 && !error; ++i) {
            (void)end(channels).send(pattern(65535), error);
            link.run();
        }
        ++channels;
    } while (!error && channels < 64);
    REQUIRE(error == errc::no_buffers);
    link.central.forget_events();
    CHECK(end(channels - 1).send_error(pattern(65535)) == errc::no_buffers);
    link.run();
    CHECK(link.central.take_events() == Lines{});
    // The peer reads all channels until all has come that was taken.
    std::vector<std::size_t> read(channels);
    for (int round = 0; round < 100; ++round) {
        for (std::size_t i = 0; i < channels; ++i)
            read[i] += ChannelEnd{link.peripheral, ChannelId(0x40 + i)}.read().size();
        link.run();
    }
    for (std::size_t i = 0; i + 1 < channels; ++i) CHECK(read[i] == 2 * 65535);
    CHECK(read.back() == 0);
    std::vector<unsigned> ready(channels);
    for (const Event& event : link.central.events()) {
        const auto* of = std::get_if<L2capSendReady>(&event);
        REQUIRE(of != nullptr);
        ++ready[static_cast<std::size_t>(of->cid) - 0x40];
    }
    CHECK(ready == std::vector<unsigned>(channels, 1));
    CHECK(end(channels - 1).send_error(pattern(65535)) == error_code{});
}

TEST_CASE("l2cap flow: a handler of SendReady that sends again keeps the stream going") {
    ChannelLink link;
    link.open(1000);
    std::size_t sent = 0;
    std::size_t received = 0;
    link.central.handler = [&](const Event& event) {
        if (std::holds_alternative<L2capSendReady>(event) && sent < 2000)
            sent += fill(link.at_central, 1000);
    };
    link.peripheral.handler = [&](const Event& event) {
        if (std::holds_alternative<L2capRecv>(event)) received += link.at_peripheral.read().size();
    };
    sent += fill(link.at_central, 1000);
    link.run();
    CHECK(sent >= 2000);
    CHECK(received == 1000 * sent);
}

TEST_CASE("l2cap flow: what was taken before the end goes first, as far as credits allow") {
    Played link{1, 512, 10};
    CHECK(fill(link.end(), 512) == 2);
    REQUIRE(!link.end().disconnect());
    const auto sent = link.take_sent();
    REQUIRE(sent.size() == 11);
    for (std::size_t i = 0; i < 10; ++i) CHECK(channel_of(sent[i]) == 0x41);
    CHECK(sent.back() == hex("08 00 05 00 | 06 01 04 00 41 00 40 00"));
    CHECK(link.device().take_events() == Lines{});
}

TEST_CASE("l2cap flow: nothing is lost or reordered while the transport itself takes nothing") {
    ChannelLink link;
    link.open(1000);
    Wire& wire = *link.central.wire;
    wire.held = true;
    wire.capacity = 3;
    const std::size_t taken = fill(link.at_central, 1000);
    for (int i = 0; i < 200; ++i) {
        wire.release();
        link.run();
        wire.held = true;
    }
    Octets expected;
    for (std::size_t i = 0; i < taken; ++i) {
        const Octets sdu = pattern(1000);
        expected.insert(expected.end(), sdu.begin(), sdu.end());
    }
    CHECK(link.at_peripheral.read() == expected);
    CHECK(link.central.count<ControllerRestarted>() == 0);
}
