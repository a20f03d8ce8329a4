// SPDX-License-Identifier: MIT
//
// How channels of two whole hosts end: by either side, with their link, with the controller.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/bluetooth/l2cap_room.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

TEST_CASE("l2cap: disconnecting again while the channel is closing is harmless") {
    ChannelLink link;
    link.open();
    for (int i = 0; i < 3; ++i) CHECK(!link.at_central.disconnect());
    CHECK(link.at_central.send_error(hex("01")).value() == 22);
    link.run();
    CHECK(link.central.take_events() == Lines{"L2capDisconnect 0040 0040 22 status 0"});
    CHECK(link.peripheral.take_events() == Lines{"L2capDisconnect 0040 0040 22 status 0"});
    CHECK(link.at_central.disconnect().value() == 22);
}

TEST_CASE("l2cap: both sides may disconnect at the same time") {
    ChannelLink link;
    link.open();
    CHECK(!link.at_central.disconnect());
    CHECK(!link.at_peripheral.disconnect());
    link.run();
    CHECK(link.central.take_events() == Lines{"L2capDisconnect 0040 0040 22 status 0"});
    CHECK(link.peripheral.take_events() == Lines{"L2capDisconnect 0040 0040 22 status 0"});
    link.world.advance(60s);
    CHECK(link.connect() == ChannelId{0x0040});
    link.run();
    CHECK(link.central.take_events() == Lines{"L2capConnect 0040 0040 22 450 450"});
}

TEST_CASE("l2cap: a channel given up before it is open ends in order") {
    ChannelLink link;
    REQUIRE(!link.peripheral.host.l2cap_listen(link.psm, 450, {}));
    (void)link.connect();
    CHECK(!link.at_central.disconnect());
    CHECK(!link.at_central.disconnect());
    link.run();
    CHECK(link.central.take_events() == Lines{"L2capDisconnect 0040 0040 22 status 0"});
    CHECK(link.peripheral.take_events() == Lines{"L2capAccept 0040 0040 22 450 450",
                                                 "L2capConnect 0040 0040 22 450 450",
                                                 "L2capDisconnect 0040 0040 22 status 0"});
}

TEST_CASE("l2cap: when the link ends its channels end before it") {
    ChannelLink link;
    link.open();
    (void)link.connect();
    link.run();
    link.forget_events();
    REQUIRE(!link.central.host.disconnect(link.conn));
    link.world.advance(1s);
    CHECK(link.central.take_events() ==
          Lines{"L2capDisconnect 0040 0040 22 status 0", "L2capDisconnect 0040 0041 22 status 0",
                "PeripheralDisconnect 0040 0 00:AA:01:00:00:01 hci 16"});
    CHECK(link.peripheral.take_events() ==
          Lines{"L2capDisconnect 0040 0040 22 status 0", "L2capDisconnect 0040 0041 22 status 0",
                "CentralDisconnect 0040 0 00:AA:01:00:00:02 hci 13"});
}

TEST_CASE("l2cap: a channel that was being opened when the link ended has failed, by status 7") {
    ChannelLink link;
    link.world.air.vanish(*link.peripheral.controller);
    (void)link.connect();
    link.world.advance(25s);
    CHECK(link.central.take_events() ==
          Lines{"L2capDisconnect 0040 0040 22 status 7",
                "PeripheralDisconnect 0040 0 00:AA:01:00:00:01 hci 08"});
}

TEST_CASE("l2cap: what was not read can be read while the end is told, and not after") {
    ChannelLink link;
    link.open();
    Octets read;
    link.peripheral.handler = [&](const Event& event) {
        if (!std::holds_alternative<L2capDisconnect>(event)) return;
        CHECK(link.at_peripheral.available() == 3);
        read = link.at_peripheral.read();
        CHECK(link.at_peripheral.send_error(hex("01")));
        CHECK(link.at_peripheral.disconnect());
    };
    REQUIRE(link.at_central.send(hex("01 02 03")));
    SUBCASE("the peer closes the channel") { REQUIRE(!link.at_central.disconnect()); }
    SUBCASE("the peer closes the link") {
        link.run();
        REQUIRE(!link.central.host.disconnect(link.conn));
    }
    SUBCASE("we close the channel") {
        link.run();
        REQUIRE(!link.at_peripheral.disconnect());
    }
    SUBCASE("the controller fails") {
        link.run();
        link.peripheral.inject("04 10 01 00");
    }
    link.world.advance(1s);
    CHECK(read == hex("01 02 03"));
    error_code error;
    CHECK(link.peripheral.host.l2cap_available(link.conn, ChannelId{0x0040}, error) == 0);
    CHECK(error);
}

TEST_CASE("l2cap: listeners last until inactive, also when the controller is brought up again") {
    ChannelLink link;
    link.open();
    link.peripheral.inject("04 10 01 00");  // Hardware Error
    link.world.advance(25s);
    CHECK(link.peripheral.take_events() ==
          Lines{"L2capDisconnect 0040 0040 22 status 0",
                "CentralDisconnect 0040 0 00:AA:01:00:00:02 hci 03", "ControllerRestarted hci 03"});
    link.central.forget_events();
    link.world.connect(link.central, link.peripheral);
    (void)link.connect();
    link.run();
    CHECK(link.central.take_events() == Lines{"L2capConnect 0040 0040 22 450 450"});

    link.peripheral.host.stop();
    link.world.advance(1s);
    link.world.start(link.peripheral);
    link.world.connect(link.central, link.peripheral);
    (void)link.connect();
    link.run();
    CHECK(link.central.take_events() == Lines{"L2capDisconnect 0040 0040 22 status 8"});
    CHECK(link.peripheral.host.l2cap_listen(link.psm, 450, {}) == error_code{});
}

TEST_CASE("l2cap: an adapter that is lost ends its channels, then its links, then itself") {
    ChannelLink link;
    link.open();
    REQUIRE(link.at_central.send(hex("01 02 03")));
    link.run();
    link.forget_events();
    Octets read;
    link.peripheral.handler = [&](const Event& event) {
        if (std::holds_alternative<L2capDisconnect>(event)) read = link.at_peripheral.read();
    };
    link.peripheral.wire->lose(make_error(errc::connection_lost), "unplugged");
    link.world.settle();
    CHECK(read == hex("01 02 03"));
    CHECK(link.peripheral.take_events() ==
          Lines{"L2capDisconnect 0040 0040 22 status 0",
                "CentralDisconnect 0040 0 00:AA:01:00:00:02 errno 104", "AdapterLost errno 104"});
}

TEST_CASE("l2cap: a session whose link ends at any octet leaves nothing behind") {
    const std::vector<std::string> session{
        // Two channels, by one request of each kind
        "0e 00 05 00 | 14 01 0a 00 80 00 41 00 64 00 40 00 05 00",
        "0e 00 05 00 | 17 02 0a 00 80 00 64 00 40 00 05 00 42 00",
        // An SDU of five octets in two K-frames, and one of two
        "05 00 40 00 | 05 00 01 02 03",
        "02 00 40 00 | 04 05",
        "04 00 41 00 | 02 00 06 07",
        // Credits, a larger MTU, and the end of one of them
        "08 00 05 00 | 16 03 04 00 41 00 01 00",
        "0a 00 05 00 | 19 04 06 00 c8 00 40 00 42 00",
        "08 00 05 00 | 06 05 04 00 40 00 41 00",
    };
    for (std::size_t steps = 0; steps <= session.size(); ++steps) {
        const std::size_t octets = steps < session.size() ? hex(session[steps]).size() : 1;
        for (std::size_t cut = 0; cut < octets; ++cut) {
            CAPTURE(steps);
            CAPTURE(cut);
            PlayedLink link{hci::Role::peripheral};
            Device& device = link.device();
            REQUIRE(!link.host().l2cap_listen(Psm{0x80}, 100, {}));
            for (std::size_t i = 0; i < steps; ++i) link.receive(session[i]);
            if (cut != 0) {
                Octets fragment{0x02, 0x40, 0x20, std::uint8_t(cut), 0};
                const Octets next = hex(session[steps]);
                fragment.insert(fragment.end(), next.begin(), next.begin() + std::ptrdiff_t(cut));
                device.wire->feed(fragment);
            }
            device.inject("04 05 04 00 40 00 13");
            CHECK(device.count<L2capAccept>() == std::min<std::size_t>(steps, 2));
            CHECK(device.count<L2capConnect>() == device.count<L2capAccept>());
            CHECK(device.count<L2capDisconnect>() == device.count<L2capAccept>());
            CHECK(std::holds_alternative<CentralDisconnect>(device.events().back()));
        }
    }
}
