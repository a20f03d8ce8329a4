// SPDX-License-Identifier: MIT
//
// A whole host against a script: every octet that it sends to, and gets from, its controller.
#include <doctest/doctest.h>

#include <string>

#include "tests/support/host_world.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

/// The answer to Read Local Supported Commands of a controller with the mandatory commands.
std::string supported_commands() {
    std::string text = "04 0e 44 01 02 10 00";
    for (int octet = 0; octet < 64; ++octet) text += octet == 5 ? " c0" : " 00";
    return text;
}

std::string zeros(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += " 00";
    return text;
}

/// A controller of Bluetooth 4.0 with the address 11:22:33:44:55:66, a central 01:02:03:04:05:06
/// that connects, exchanges the MTU and reads the device name, and our disconnecting.
ScriptedController session(int resets = 1) {
    ScriptedController controller;
    for (int i = 0; i < resets; ++i) controller.expect("01 03 0c 00", {"04 0e 04 01 03 0c 00"});
    controller.expect("01 01 10 00", {"04 0e 0c 01 01 10 00 06 00 00 06 0f 00 00 00"});
    controller.expect("01 02 10 00", {supported_commands()});
    controller.expect("01 03 10 00", {"04 0e 0c 01 03 10 00 00 00 00 00 60 00 00 00"});
    controller.expect("01 03 20 00", {"04 0e 0c 01 03 20 00 01 00 00 00 00 00 00 00"});
    controller.expect("01 09 10 00", {"04 0e 0a 01 09 10 00 66 55 44 33 22 11"});
    controller.expect("01 02 20 00", {"04 0e 07 01 02 20 00 1b 00 04"});
    controller.expect("01 01 0c 08 90 88 00 02 00 80 00 20", {"04 0e 04 01 01 0c 00"});
    controller.expect("01 01 20 08 1f 00 00 00 00 00 00 00", {"04 0e 04 01 01 20 00"});
    // The random static address comes from the world's seeded randomness.
    controller.expect("01 05 20 06 c1 5c 02 89 ec ed", {"04 0e 04 01 05 20 00"});
    // gap_advertise: 100 ms, connectable
    controller.expect("01 06 20 0f a0 00 a0 00 00 00 00 00 00 00 00 00 00 07 00",
                      {"04 0e 04 01 06 20 00"});
    controller.expect("01 08 20 20 03 02 01 06" + zeros(28), {"04 0e 04 01 08 20 00"});
    controller.expect("01 0a 20 01 01",
                      {"04 0e 04 01 0a 20 00",
                       "04 3e 13 01 00 40 00 01 00 06 05 04 03 02 01 18 00 00 00 2a 00 00",
                       "02 40 20 07 00 03 00 04 00 02 b9 00"});
    controller.expect("02 40 00 07 00 03 00 04 00 03 00 01",
                      {"04 13 05 01 40 00 01 00", "02 40 20 07 00 03 00 04 00 0a 03 00"});
    controller.expect("02 40 00 0c 00 08 00 04 00 0b 61 73 69 6f 62 6c 65",
                      {"04 13 05 01 40 00 01 00", "02 40 20 08 00 04 00 04 00 1b 10 00 77"});
    // gap_disconnect, in the handler of the notification
    controller.expect("01 06 04 03 40 00 13", {"04 0f 04 00 01 06 04", "04 05 04 00 40 00 16"});
    // active(false)
    controller.expect("01 03 0c 00", {"04 0e 04 01 03 0c 00"});
    return controller;
}

void run(World& world, Device& device, ScriptedController& controller) {
    device.script = &controller;
    device.handler = [&](const Event& event) {
        if (const auto* notification = std::get_if<GattcNotify>(&event))
            (void)device.host.disconnect(notification->conn_handle);
    };
    device.start();
    world.settle();
    (void)device.host.advertise(100ms, hex("02 01 06"), {}, true);
    world.settle();
}

}  // namespace

TEST_CASE("host: a session in literal octets") {
    World world;
    Device& device = world.add_bare();
    ScriptedController controller = session();
    run(world, device, controller);
    device.host.stop();
    world.settle();
    controller.check_finished();
    CHECK(device.closed == 1);
    CHECK(device.take_events() == Lines{"CentralConnect 0040 0 01:02:03:04:05:06",
                                        "MtuExchanged 0040 185", "GattcNotify 0040 0010 \"77\"",
                                        "CentralDisconnect 0040 0 01:02:03:04:05:06 hci 16"});
}

TEST_CASE("host: a controller that falls silent at any step of a session is noticed or closed") {
    const std::size_t steps = session().steps();
    for (std::size_t step = 0; step < steps; ++step) {
        CAPTURE(step);
        World world;
        Device& device = world.add_bare();
        ScriptedController controller = session();
        controller.fall_silent_at(step);
        run(world, device, controller);
        world.advance(60s);
        REQUIRE(device.started);
        // A link on which nothing is pending may be silent for ever.
        if (!device.host.active())
            CHECK(device.count<CentralConnect>() == device.count<CentralDisconnect>());
        device.host.stop();
        world.advance(1s);
        CHECK(device.closed == 1);
    }
}

TEST_CASE("host: octets of a former session that look like a long packet cost the start 2 s") {
    World world;
    Device& device = world.add_bare();
    ScriptedController controller = session(2);
    controller.fall_silent_at(11);  // the bring-up alone
    device.script = &controller;
    device.start();
    device.inject("02 40 20 ff 00 61 62");  // ACL data of 255 octets, of which two have come
    world.advance(1999ms);
    CHECK(controller.steps_done() == 1);
    CHECK(!device.started);
    world.advance(1ms);
    controller.check_finished();
    REQUIRE(device.started);
    CHECK(!*device.started);
}

TEST_CASE("host: a controller that says something, but never the answer, fails the start") {
    World world;
    Device& device = world.add_bare();
    device.start();
    device.inject("02 40 20 ff 00 61 62");
    world.advance(3999ms);
    CHECK(!device.started);
    world.advance(1ms);
    REQUIRE(device.started);
    CHECK(*device.started == errc::timed_out);
}
