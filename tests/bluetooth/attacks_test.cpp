// SPDX-License-Identifier: MIT
//
// What a broken or hostile controller, or a peer through it, may send to a whole host, and the
// right answer. The octets are H4 packets as they stand in the stream.
#include <doctest/doctest.h>

#include <string>

#include "tests/bluetooth/gatt_link.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

/// The link works as before, and nobody has heard of anything.
void check_unharmed(GattLink& link) {
    link.world.advance(100ms);
    CHECK(link.peripheral.take_events() == Lines{});
    CHECK(link.central.take_events() == Lines{});
    REQUIRE(!link.central.host.write(link.conn, link.value, hex("c0 ff ee"), true));
    REQUIRE(!link.central.host.read(link.conn, link.value));
    REQUIRE(!link.peripheral.host.notify(link.conn, link.value, hex("01")));
    link.world.advance(100ms);
    CHECK(link.peripheral.take_events() ==
          Lines{"GattsWrite 0040 0016", "GattsReadRequest 0040 0016"});
    CHECK(link.central.count<GattcNotify>() == 1);
    CHECK(link.central.last<GattcReadResult>()->data == hex("c0 ff ee"));
    REQUIRE(!link.peripheral.host.advertise(20ms, {}, {}, true));
    REQUIRE(!link.peripheral.host.scan({.duration = 50ms}));
    link.world.advance(100ms);
    CHECK(link.peripheral.take_events() == Lines{"ScanDone ok"});
}

/// What the host sends in answer to `octets`.
Octets answers(Device& device, std::string_view octets) {
    device.sent.clear();
    device.keep_octets = true;
    device.inject(octets);
    device.keep_octets = false;
    Octets all;
    for (const Octets& packet : device.sent) all.insert(all.end(), packet.begin(), packet.end());
    return all;
}

/// Replaces the packet that begins with `prefix`.
auto replace(std::string_view prefix, std::string_view by) {
    return [prefix = hex(prefix), by = hex(by)](Octets& packet) {
        if (packet.size() >= prefix.size() && Bytes{packet}.first(prefix.size()) == prefix)
            packet = by;
    };
}

Device& started_with(World& world, const std::function<void(Octets&)>& tamper,
                     const virtual_controller::Profile& profile = {}) {
    Device& device = world.add_idle(profile);
    device.tamper = tamper;
    device.start();
    world.advance(2s);
    REQUIRE(device.started);
    return device;
}

}  // namespace

TEST_CASE("attacks: events that are malformed or make no sense change nothing") {
    struct Attack {
        const char* id;
        const char* octets;
    };
    const std::vector<Attack> all{
        {"H04", "04 3e 05 01 00 40 00 00"},
        {"H05 no subevent", "04 3e 00"},
        {"H05 no parameters", "04 05 00"},
        {"H05 short Encryption Change", "04 08 02 00 40"},
        {"H09",
         "04 3e f4 0d 01 13 00 00 66 55 44 33 22 11 01 00 ff 7f c4 00 00 00 00 00 00 00 "
         "00 00 00 da"},
        {"H11 ff", "04 3e 06 12 00 ff 40 00 01"},
        {"H11 ef", "04 3e 06 12 00 ef 40 00 01"},
        {"H12", "04 13 05 01 40 00 ff ff"},
        {"H13 none present", "04 13 01 ff"},
        {"H13 no count", "04 13 04 02 40 00 01"},
        {"H13 empty", "04 13 00"},
        {"H15 never sent", "04 0e 04 01 ff ff 00"},
        {"H15 twice", "04 0e 04 01 03 0c 00"},
        {"H15 status", "04 0f 04 00 01 0d 20"},
        {"H16", "04 0e 03 05 00 00"},
        {"H16 status", "04 0f 04 00 05 00 00"},
        {"H21 handle", "04 3e 13 01 00 ff 0f 01 00 09 00 00 01 aa 00 18 00 00 00 2a 00 00"},
        {"H21 failed", "04 3e 13 01 02 41 00 01 00 09 00 00 01 aa 00 18 00 00 00 2a 00 00"},
        {"H21 role", "04 3e 13 01 00 41 00 02 00 09 00 00 01 aa 00 18 00 00 00 2a 00 00"},
        {"H21 interval", "04 3e 13 01 00 41 00 01 00 09 00 00 01 aa 00 00 00 00 00 2a 00 00"},
        {"H21 second", "04 3e 13 01 00 40 00 01 00 02 00 00 01 aa 00 18 00 00 00 2a 00 00"},
        {"H22 unknown", "04 05 04 00 ff 0e 13"},
        {"H22 other", "04 05 04 00 41 00 13"},
        {"H22 failed", "04 05 04 0c 40 00 13"},
        {"H24 short", "05 40 00 00 00"},
        {"H24 not in use", "05 40 20 04 00 01 02 03 04"},
        {"SCO", "03 40 00 02 01 02"},
        {"H26 off", "04 08 04 00 40 00 00"},
        {"H26 key missing", "04 08 04 06 40 00 00"},
        {"report while not scanning", "04 3e 0c 02 01 00 00 66 55 44 33 22 11 00 c4"},
        {"unknown event", "04 7f 03 01 02 03"},
        {"unknown subevent", "04 3e 03 7f 02 03"},
        {"empty unknown event", "04 ff 00"},
    };
    std::size_t chosen = 0;
    for (const Attack& each : all) SUBCASE(each.id) {
            chosen = static_cast<std::size_t>(&each - all.data());
        }
    GattLink link;
    std::string octets = all[chosen].octets;
    if (std::string_view{all[chosen].id} == "H09")
        for (int i = 0; i < 0xf4 - 27; ++i) octets += " aa";
    link.peripheral.inject(octets);
    check_unharmed(link);
}

TEST_CASE("attacks: H06, H08: of advertising reports only those that are whole are delivered") {
    World world;
    Device& device = world.add();
    REQUIRE(!device.host.scan({}));
    world.settle();
    const std::string report = "ScanResult 0 11:22:33:44:55:66 0 \"\"";
    device.inject("04 3e 0c 02 19 00 00 66 55 44 33 22 11 00 c4");
    CHECK(device.take_events() == Lines{report});
    device.inject("04 3e 0e 02 01 00 00 66 55 44 33 22 11 ff 02 01 06");
    device.inject("04 3e 0c 02 00 00 00 66 55 44 33 22 11 00 c4");
    device.inject("04 3e 0c 02 1a 00 00 66 55 44 33 22 11 00 c4");
    device.inject("04 3e 02 02 01");
    device.inject("04 3e 01 02");
    CHECK(device.take_events() == Lines{});
    device.inject("04 3e 0c 02 01 00 00 66 55 44 33 22 11 00 c4");
    CHECK(device.take_events() == Lines{report});
}

TEST_CASE("attacks: H12: completions that never were do not make the host flood the controller") {
    GattLink link;
    link.world.air.vanish(*link.central.controller);
    for (int i = 0; i < 30; ++i) {
        REQUIRE(!link.peripheral.host.notify(link.conn, link.value, hex("01")));
        if (i == 4) link.peripheral.inject("04 13 05 01 41 00 ff ff");
    }
    link.world.settle();
    CHECK(link.peripheral.controller->counters().refused_data == 0);
    link.world.air.reappear(*link.central.controller);
    link.run();
    CHECK(link.central.count<GattcNotify>() == 30);
}

TEST_CASE("attacks: H01: out of sync, everything is ended, and no boundary is guessed") {
    GattLink link;
    REQUIRE(!link.peripheral.host.indicate(link.conn, link.value, {}));
    link.peripheral.inject("04 0e 04 01 03 0c 00 | ff 00 | 04 05 04 00 40 00 13");
    link.run();
    const Lines events = link.peripheral.take_events();
    REQUIRE(events.size() == 3);
    CHECK(events[0] == "GattsIndicateDone 0040 0016 status 7");
    CHECK(events[1] == "CentralDisconnect 0040 0 00:AA:01:00:00:02 errno 71");
    CHECK(events[2] == "ControllerRestarted errno 71");
    link.world.advance(10s);
    link.world.connect(link.central, link.peripheral);
    check_unharmed(link);
}

TEST_CASE("attacks: octets of a former session in front of the first answer do no harm") {
    World world;
    Device& device = world.add_idle();
    bool first = true;
    device.tamper = [&](Octets& packet) {
        if (!std::exchange(first, false)) return;
        const Octets stale = hex("00 66 55 44 33 04 3e");
        packet.insert(packet.begin(), stale.begin(), stale.end());
    };
    world.start(device);
    CHECK(device.host.active());
}

TEST_CASE("attacks: H17: a controller that takes no more commands is reset, then given up") {
    World world;
    const auto no_credits = [](Octets& packet) {
        if (packet[0] == 0x04 && packet[1] == 0x0e) packet[3] = 0;
        if (packet[0] == 0x04 && packet[1] == 0x0f) packet[4] = 0;
    };
    SUBCASE("at the start") {
        Device& device = started_with(world, no_credits);
        CHECK(*device.started == errc::timed_out);
    }
    SUBCASE("later") {
        Device& device = world.add();
        device.tamper = no_credits;
        REQUIRE(!device.host.scan({}));
        world.advance(20s);
        CHECK(device.count<ScanDone>() == 1);
        CHECK(device.count<AdapterLost>() == 1);
    }
}

TEST_CASE("attacks: H18: buffer sizes that cannot be fail the start, zeros mean shared ones") {
    World world;
    const std::string_view answer = "04 0e 07 01 02 20 00";
    SUBCASE("status alone") {
        CHECK(*started_with(world, replace(answer, "04 0e 04 01 02 20 00")).started ==
              errc::protocol_error);
    }
    SUBCASE("shorter than one LL payload") {
        CHECK(*started_with(world, replace(answer, "04 0e 07 01 02 20 00 1a 00 08")).started ==
              errc::protocol_error);
    }
    SUBCASE("shared, and there are none") {
        CHECK(*started_with(world, replace(answer, "04 0e 07 01 02 20 00 00 00 00")).started ==
              errc::protocol_error);
    }
    SUBCASE("shared") {
        Device& device = started_with(world, {}, {.shared_buffers = true});
        CHECK(!*device.started);
        CHECK(device.host.controller_info().acl_data_packet_length == 251);
    }
}

TEST_CASE("attacks: H19: the wrong kind of answer ends the command all the same") {
    World world;
    SUBCASE("Command Status for Command Complete") {
        Device& device = started_with(world, replace("04 0e 04 01 03 0c", "04 0f 04 0c 01 03 0c"));
        CHECK(*device.started == errc::busy);
        CHECK(errno_value(*device.started) == -0x20c);
    }
    SUBCASE("Command Complete for Command Status") {
        GattLink link;
        link.central.tamper = replace("04 0f 04 00 01 06 04", "04 0e 04 01 06 04 0c");
        REQUIRE(!link.central.host.disconnect(link.conn));
        link.world.settle();
        CHECK(link.central.take_events() ==
              Lines{"PeripheralDisconnect 0040 0 00:AA:01:00:00:01 hci 16"});
    }
}

TEST_CASE("attacks: H25: a request for a key that nobody has is denied") {
    GattLink link;
    CHECK(answers(link.peripheral, "04 3e 0d 05 40 00 01 02 03 04 05 06 07 08 34 12") ==
          hex("01 1b 20 02 40 00"));
}

TEST_CASE("attacks: H27: a link that ends with data in all queues gives everything back") {
    GattLink link;
    link.world.air.vanish(*link.central.controller);
    error_code error;
    while (!error) {
        error = link.peripheral.host.notify(link.conn, link.value, Octets(20, 0x55));
        link.world.settle();
    }
    CHECK(!link.peripheral.host.read(link.conn, link.value));
    link.peripheral.inject("04 05 04 00 40 00 13");
    link.peripheral.inject("04 05 04 00 40 00 13");  // H22: for the same link again
    link.peripheral.inject("04 13 05 01 40 00 08 00");
    link.peripheral.inject("02 40 20 07 00 03 00 04 00 0a 10 00");
    CHECK(link.peripheral.take_events() ==
          Lines{"GattcReadDone 0040 0000 status 7",
                "CentralDisconnect 0040 0 00:AA:01:00:00:02 hci 13"});
    CHECK(link.peripheral.host.notify(link.conn, link.value, {}) == errc::not_connected);
}

// ---- ACL and L2CAP

TEST_CASE("attacks: ACL packets and L2CAP PDUs that make no sense are dropped") {
    struct Attack {
        const char* id;
        const char* octets;
    };
    const std::vector<Attack> all{
        {"L01", "02 ff 2e 05 00 01 00 04 00 0a"},
        {"L01 no such link", "02 41 20 05 00 01 00 04 00 0a"},
        {"L02", "02 40 10 04 00 aa bb cc dd"},
        {"L07 complete", "02 40 30 07 00 03 00 04 00 0a 10 00"},
        {"empty packet", "02 40 20 00 00"},
        {"L08 ATT", "02 40 20 04 00 00 00 04 00"},
        {"L08 signalling", "02 40 20 04 00 00 00 05 00"},
        {"L08 SMP", "02 40 20 04 00 00 00 06 00"},
        {"L08 dynamic", "02 40 20 04 00 00 00 40 00"},
        {"L09 0000", "02 40 20 05 00 01 00 00 00 0a"},
        {"L09 0001", "02 40 20 0a 00 06 00 01 00 08 01 02 00 aa bb"},
        {"L09 0007", "02 40 20 05 00 01 00 07 00 0b"},
        {"L09 003f", "02 40 20 05 00 01 00 3f 00 0a"},
        {"L09 unassigned", "02 40 20 05 00 01 00 55 00 0a"},
        {"overrun", "02 40 20 08 00 03 00 04 00 0a 10 00 ff"},
        {"ATT command with wrong length", "02 40 20 06 00 02 00 04 00 52 10"},
        {"confirmation nobody waits for", "02 40 20 05 00 01 00 04 00 1e"},
        {"response nobody waits for", "02 40 20 07 00 03 00 04 00 0b 01 02"},
        {"notification without handle", "02 40 20 06 00 02 00 04 00 1b 10"},
    };
    std::size_t chosen = 0;
    for (const Attack& each : all) SUBCASE(each.id) {
            chosen = static_cast<std::size_t>(&each - all.data());
        }
    GattLink link;
    link.peripheral.inject(all[chosen].octets);
    check_unharmed(link);
}

TEST_CASE("attacks: L06: an ACL packet longer than its L2CAP PDU is dropped") {
    GattLink link;
    std::string octets = "02 40 20 09 04 08 00 01 00 02 01 04 00";
    for (int i = 0; i < 0x409 - 8; ++i) octets += " 00";
    link.peripheral.inject(octets);
    check_unharmed(link);
}

TEST_CASE("attacks: L10: a PDU that is announced and never comes holds nothing for ever") {
    GattLink link;
    SUBCASE("too long for its channel") { link.peripheral.inject("02 40 20 05 00 ff ff 04 00 0a"); }
    SUBCASE("as long as it may be") { link.peripheral.inject("02 40 20 05 00 05 02 04 00 0a"); }
    SUBCASE("half a header") { link.peripheral.inject("02 40 20 02 00 05 02"); }
    SUBCASE("and its continuation 31 s later") {
        link.peripheral.inject("02 40 20 05 00 03 00 04 00 0a");
        link.world.advance(31s);
        link.peripheral.inject("02 40 10 02 00 10 00");
    }
    check_unharmed(link);
}

TEST_CASE("attacks: every channel answers nonsense as its specification says") {
    GattLink link;
    struct Exchange {
        const char* request;
        const char* answer;
    };
    const std::vector<Exchange> all{
        // S01, S04, S16: signalling
        {"02 40 20 0a 00 06 00 05 00 14 01 0a 00 80 00",
         "02 40 00 0a 00 06 00 05 00 01 01 02 00 00 00"},
        {"02 40 20 08 00 04 00 05 00 7f 01 00 00", "02 40 00 0a 00 06 00 05 00 01 01 02 00 00 00"},
        {"02 40 20 0c 00 08 00 05 00 06 01 04 00 04 00 04 00",
         "02 40 00 0e 00 0a 00 05 00 01 01 06 00 02 00 04 00 04 00"},
        // A03, A19: ATT
        {"02 40 20 06 00 02 00 04 00 02 17", "02 40 00 09 00 05 00 04 00 01 02 00 00 04"},
        {"02 40 20 06 00 02 00 04 00 bf 00", "02 40 00 09 00 05 00 04 00 01 bf 00 00 06"},
    };
    for (const auto& [request, answer] : all) {
        CAPTURE(request);
        CHECK(answers(link.peripheral, request) == hex(answer));
    }
}
