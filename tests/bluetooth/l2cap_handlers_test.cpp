// SPDX-License-Identifier: MIT
//
// What handlers of the events of channels may do, and what comes of it.
#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/bluetooth/l2cap_room.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

/// For calls that may come too late.
error_code ignored;

/// Runs a link through all five events, each of which comes at the peripheral: it accepts a
/// channel, is sent something, stalls and resumes, and hears of the end.
void run_through_all(ChannelLink& link) {
    (void)link.connect(100, link.psm, {.mps = 102, .credits = 1});
    link.run();
    (void)link.at_central.device.host.l2cap_send(link.conn, ChannelId{0x40}, hex("01"), ignored);
    link.run();
    for (int i = 0; i < 3; ++i)
        (void)link.peripheral.host.l2cap_send(link.conn, ChannelId{0x40}, pattern(100), ignored);
    link.run();
    (void)link.central.host.l2cap_disconnect(link.conn, ChannelId{0x40});
    link.run();
}

/// Whether it is one of those of channels.
bool is_of_channel(const Event& event) {
    return std::visit(
        [](const auto& e) {
            return requires { e.cid; };
        },
        event);
}

/// The number of the event that a test's handler acts upon.
int chosen_event() {
    int code = 0;
    SUBCASE("in L2capAccept") { code = L2capAccept::code; }
    SUBCASE("in L2capConnect") { code = L2capConnect::code; }
    SUBCASE("in L2capRecv") { code = L2capRecv::code; }
    SUBCASE("in L2capSendReady") { code = L2capSendReady::code; }
    SUBCASE("in L2capDisconnect") { code = L2capDisconnect::code; }
    return code;
}

}  // namespace

TEST_CASE(
    "l2cap handlers: connect in PeripheralConnect, send in L2capConnect, close in L2capRecv") {
    World world;
    Device& peripheral = world.add();
    Device& central = world.add();
    REQUIRE(!peripheral.host.l2cap_listen(Psm{22}, 450, {}));
    const ChannelEnd at_central{central};
    const ChannelEnd at_peripheral{peripheral};
    central.handler = [&](const Event& event) {
        ChannelId cid{};
        if (std::holds_alternative<PeripheralConnect>(event))
            CHECK(!connect_channel(central, ConnectionHandle{0x40}, Psm{22}, 450, cid));
        if (std::holds_alternative<L2capConnect>(event)) CHECK(at_central.send(pattern(400)));
    };
    peripheral.handler = [&](const Event& event) {
        if (!std::holds_alternative<L2capRecv>(event)) return;
        CHECK(at_peripheral.read() == pattern(400));
        CHECK(!at_peripheral.disconnect());
    };
    REQUIRE(!peripheral.host.advertise(20ms, {}, {}, true));
    REQUIRE(!central.host.connect(AddressType::public_device, address_of(1), 2s, {}, {}));
    world.advance(200ms);
    CHECK(central.take_events() == Lines{"PeripheralConnect 0040 0 00:AA:01:00:00:01",
                                         "L2capConnect 0040 0040 22 450 450",
                                         "L2capDisconnect 0040 0040 22 status 0"});
    CHECK(peripheral.take_events() ==
          Lines{"CentralConnect 0040 0 00:AA:01:00:00:02", "L2capAccept 0040 0040 22 450 450",
                "L2capConnect 0040 0040 22 450 450", "L2capRecv 0040 0040",
                "L2capDisconnect 0040 0040 22 status 0"});
}

TEST_CASE(
    "l2cap handlers: one that throws over L2capAccept has refused; elsewhere it costs nothing") {
    const int code = chosen_event();
    ChannelLink link;
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 450, {}));
    std::size_t thrown = 0;
    link.peripheral.handler = [&](const Event& event) {
        if (code_of(event) != code) return;
        ++thrown;
        throw std::runtime_error("thrown by the test");
    };
    run_through_all(link);
    CHECK(thrown != 0);
    if (code == L2capAccept::code) {
        CHECK(link.central.take_events() == Lines{"L2capDisconnect 0040 0040 22 status 6"});
        CHECK(link.peripheral.take_events() == Lines{"L2capAccept 0040 0040 22 450 100"});
    } else {
        CHECK(link.central.count<L2capConnect>() == 1);
        CHECK(link.peripheral.count<L2capDisconnect>() == 1);
    }
    // Once more, undisturbed.
    link.peripheral.handler = {};
    link.forget_events();
    run_through_all(link);
    CHECK(link.central.count<L2capConnect>() == 1);
    CHECK(link.peripheral.count<L2capRecv>() == 1);
    CHECK(link.peripheral.count<L2capSendReady>() == 1);
    CHECK(link.peripheral.count<L2capDisconnect>() == 1);
}

TEST_CASE("l2cap handlers: a refusal before the exception stands") {
    ChannelLink link;
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 450, {}));
    link.peripheral.handler = [](const Event& event) {
        if (const auto* accept = std::get_if<L2capAccept>(&event)) {
            accept->answer(24);
            throw 1;
        }
    };
    (void)link.connect();
    link.run();
    CHECK(link.central.take_events() == Lines{"L2capDisconnect 0040 0040 22 status 24"});
    // The verdict of one does not outlive it.
    link.peripheral.handler = {};
    (void)link.connect();
    link.run();
    CHECK(link.central.take_events() == Lines{"L2capConnect 0040 0040 22 450 450"});
}

TEST_CASE("l2cap handlers: active(false) in any of the events is the last thing they hear") {
    const int code = chosen_event();
    ChannelLink link;
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 450, {}));
    link.peripheral.handler = [&](const Event& event) {
        if (code_of(event) == code) link.peripheral.host.stop();
    };
    run_through_all(link);
    REQUIRE(!link.peripheral.events().empty());
    CHECK(code_of(link.peripheral.events().back()) == code);
    link.world.advance(25s);
    CHECK(code_of(link.peripheral.events().back()) == code);
    CHECK(link.peripheral.closed == 1);
    // The other side hears of both ends, in this order.
    const auto& events = link.central.events();
    REQUIRE(events.size() >= 2);
    CHECK(std::holds_alternative<L2capDisconnect>(events[events.size() - 2]));
    CHECK(std::holds_alternative<PeripheralDisconnect>(events.back()));

    // And everything begins anew.
    link.peripheral.handler = {};
    link.world.start(link.peripheral);
    link.world.connect(link.central, link.peripheral);
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 450, {}));
    run_through_all(link);
    CHECK(link.peripheral.count<L2capDisconnect>() == 1);
}

TEST_CASE("l2cap handlers: gap_disconnect in any of the events ends the channel, then the link") {
    const int code = chosen_event();
    ChannelLink link;
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 450, {}));
    link.peripheral.handler = [&](const Event& event) {
        if (code_of(event) == code) (void)link.peripheral.host.disconnect(link.conn);
    };
    run_through_all(link);
    for (const Device* device : {&link.peripheral, &link.central}) {
        const auto& events = device->events();
        const auto ends = std::ranges::count_if(events, [](const Event& event) {
            return std::holds_alternative<L2capDisconnect>(event);
        });
        const auto begins = std::ranges::count_if(
            events, [](const Event& event) { return std::holds_alternative<L2capConnect>(event); });
        CHECK(begins <= 1);
        // A connect that failed has an end of its own.
        CHECK((ends == begins || (begins == 0 && ends == 1)));
        CHECK_FALSE(is_of_channel(events.back()));
    }
    CHECK(link.peripheral.count<CentralDisconnect>() == 1);
    CHECK(link.central.count<PeripheralDisconnect>() == 1);
}

TEST_CASE("l2cap handlers: refusing in L2capAccept by closing the channel, answering twice") {
    ChannelLink link;
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 450, {}));
    link.peripheral.handler = [&](const Event& event) {
        if (const auto* accept = std::get_if<L2capAccept>(&event)) {
            CHECK(!link.peripheral.host.l2cap_disconnect(accept->conn_handle, accept->cid));
            CHECK(link.peripheral.host.l2cap_answer(accept->conn_handle, accept->cid, 0).value() ==
                  2);
        }
    };
    (void)link.connect();
    link.run();
    CHECK(link.central.take_events() == Lines{"L2capDisconnect 0040 0040 22 status 6"});
    CHECK(link.peripheral.take_events() == Lines{"L2capAccept 0040 0040 22 450 450"});
}

TEST_CASE("l2cap handlers: a new channel in each L2capDisconnect, for ever") {
    ChannelLink link;
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 450, {}));
    int left = 500;
    link.central.handler = [&](const Event& event) {
        ChannelId cid{};
        if (std::holds_alternative<L2capConnect>(event))
            CHECK(
                !link.central.host.l2cap_disconnect(link.conn, std::get<L2capConnect>(event).cid));
        if (std::holds_alternative<L2capDisconnect>(event) && --left > 0)
            CHECK(!connect_channel(link.central, link.conn, link.psm, 450, cid));
    };
    (void)link.connect();
    link.world.settle();
    CHECK(left == 0);
    CHECK(link.peripheral.count<L2capConnect>() == 500);
    CHECK(link.peripheral.count<L2capDisconnect>() == 500);
}

TEST_CASE("l2cap handlers: what comes of a channel that was closed in one is read in its last") {
    ChannelLink link;
    link.open();
    Octets read;
    link.peripheral.handler = [&](const Event& event) {
        if (std::holds_alternative<L2capRecv>(event)) {
            // Twice the same event, as of two SDUs in one read; nothing is read.
            CHECK(!link.at_peripheral.disconnect());
        } else if (std::holds_alternative<L2capDisconnect>(event)) {
            read = link.at_peripheral.read();
        }
    };
    CHECK(link.at_central.send(hex("01 02")));
    CHECK(link.at_central.send(hex("03")));
    link.run();
    CHECK(read == hex("01 02 03"));
    CHECK(link.peripheral.take_events() == Lines{"L2capRecv 0040 0040", "L2capRecv 0040 0040",
                                                 "L2capDisconnect 0040 0040 22 status 0"});
}
