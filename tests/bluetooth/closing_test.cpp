// SPDX-License-Identifier: MIT
//
// A controller that does not close a link when it is asked to.
#include <doctest/doctest.h>

#include "tests/bluetooth/gatt_link.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

constexpr auto conn = GattLink::conn;

// Command Status of Disconnect: Command Disallowed, Unknown Connection Identifier
constexpr std::string_view disallowed = "04 0f 04 0c 01 06 04";
constexpr std::string_view unknown_connection = "04 0f 04 02 01 06 04";

/// Keeps each Disconnect of a host from its controller, so that the test can answer it.
class Disconnects {
public:
    explicit Disconnects(Device& device) {
        device.wire->on_packet = [this, pass = device.wire->on_packet](Bytes packet) {
            const bool disconnect = packet.first(3) == hex("01 06 04");
            if (disconnect) ++count;
            if (!disconnect || let_pass) pass(packet);
        };
    }

    unsigned count = 0;
    bool let_pass = false;
};

}  // namespace

TEST_CASE("closing: a refused Disconnect is tried again a second later") {
    GattLink link;
    Disconnects disconnects{link.central};
    REQUIRE(!link.central.host.disconnect(conn));
    link.world.settle();
    REQUIRE(disconnects.count == 1);
    SUBCASE("refused by Command Status") { link.central.inject(disallowed); }
    SUBCASE("refused by Disconnection Complete") {
        link.central.inject("04 0f 04 00 01 06 04 | 04 05 04 0c 40 00 00");
    }
    CHECK(link.central.take_events().empty());
    CHECK(link.central.host.disconnect(conn) == errc::already_in_progress);
    disconnects.let_pass = true;
    link.world.advance(999ms);
    CHECK(disconnects.count == 1);
    link.world.advance(1s);
    CHECK(disconnects.count == 2);
    CHECK(link.central.take_events() ==
          Lines{"PeripheralDisconnect 0040 0 00:AA:01:00:00:01 hci 16"});
    CHECK(link.peripheral.take_events() ==
          Lines{"CentralDisconnect 0040 0 00:AA:01:00:00:02 hci 13"});
}

TEST_CASE("closing: after three refusals the link is given up as lost") {
    GattLink link;
    Disconnects disconnects{link.central};
    REQUIRE(!link.central.host.disconnect(conn));
    for (unsigned tried = 1; tried <= 3; ++tried) {
        link.world.advance(1s);
        CHECK(disconnects.count == tried);
        CHECK(link.central.take_events().empty());
        link.central.inject(disallowed);
    }
    CHECK(link.central.take_events() ==
          Lines{"PeripheralDisconnect 0040 0 00:AA:01:00:00:01 hci 0c"});
    link.world.advance(60s);
    CHECK(disconnects.count == 3);
    CHECK(link.central.host.active());
    CHECK(link.central.take_events().empty());
}

TEST_CASE("closing: a link that the controller does not know has ended") {
    GattLink link;
    Disconnects disconnects{link.central};
    REQUIRE(!link.central.host.disconnect(conn));
    link.world.settle();
    link.central.inject(unknown_connection);
    CHECK(link.central.take_events() ==
          Lines{"PeripheralDisconnect 0040 0 00:AA:01:00:00:01 hci 02"});
    link.world.advance(60s);
    CHECK(disconnects.count == 1);
}

TEST_CASE("closing: links that are to be given up at the same time all are") {
    World world;
    Device& central = world.add();
    for (int i = 0; i < 3; ++i) world.connect(central, world.add());
    Disconnects disconnects{central};
    for (std::uint16_t handle = 0x40; handle <= 0x42; ++handle)
        REQUIRE(!central.host.disconnect(ConnectionHandle{handle}));
    for (int tried = 1; tried <= 3; ++tried) {
        world.advance(1s);
        for (int i = 0; i < 3; ++i) {  // each Disconnect leaves when the one before is answered
            central.inject(disallowed);
            world.settle();
        }
    }
    CHECK(disconnects.count == 9);
    CHECK(central.count<PeripheralDisconnect>() == 3);
}

TEST_CASE("closing: a Disconnect that finds the command queue full is sent later") {
    GattLink link;
    Disconnects disconnects{link.peripheral};
    disconnects.let_pass = true;
    // The queue fills with replies to requests for keys, as the controller gets no time to answer.
    std::string requests;
    for (int i = 0; i < 100; ++i) requests += "04 3e 0d 05 40 00 01 02 03 04 05 06 07 08 34 12";
    // A peer that asks and asks and takes no answer
    for (int i = 0; i < 100; ++i) requests += "02 40 20 07 00 03 00 04 00 0a 1c 00";
    link.peripheral.inject(requests);
    CHECK(link.peripheral.take_events().empty());
    CHECK(link.peripheral.host.disconnect(conn) == errc::already_in_progress);
    link.world.advance(999ms);
    CHECK(disconnects.count == 0);
    link.world.advance(1s);
    CHECK(disconnects.count == 1);
    CHECK(link.peripheral.take_events() ==
          Lines{"CentralDisconnect 0040 0 00:AA:01:00:00:02 hci 16"});
}
