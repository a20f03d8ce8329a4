// SPDX-License-Identifier: MIT
#include "hci/core.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <random>

#include "hci/commands.hpp"
#include "hci/events.hpp"
#include "tests/hci/harness.hpp"

using namespace bluetooth;
using namespace bluetooth::hci;
using namespace std::chrono_literals;
using hci::test::Harness;
using hci::test::hex;
using hci::test::Octets;

namespace {
using Sent = std::vector<Octets>;
constexpr ConnectionHandle handle{0x0040};
const Octets reset = hex("01 03 0c 00");
const Octets read_rssi = hex("01 05 14 02 40 00");
const Octets read_version = hex("01 01 10 00");
const Octets disconnect = hex("01 06 04 03 40 00 13");
}  // namespace

TEST_CASE("hci core: a command leaves as a whole H4 packet and its answer comes with its tag") {
    Harness host;
    CHECK_FALSE(host.submit(Reset{}, 7));
    CHECK(host.sent == Sent{reset});
    host.receive("0e 04 01 03 0c 00");
    REQUIRE(host.done.size() == 1);
    CHECK(host.done[0] == Harness::Done{7, 0x0c03, Status::success, hex("00")});
    CHECK(host.events.empty());
}

TEST_CASE("hci core: return parameters are handed on with their status and decode") {
    Harness host;
    host.submit(ReadRssi{handle});
    host.receive("0e 07 01 05 14 00 40 00 c4");
    REQUIRE(host.done.size() == 1);
    const auto answer = decode_return<ReadRssi>(host.done[0].return_parameters);
    REQUIRE(answer);
    CHECK(answer->rssi == -60);
}

TEST_CASE("hci core: commands are sent in order, each after the answer to the one before") {
    Harness host;
    host.submit(Reset{}, 1);
    host.submit(ReadRssi{handle}, 2);
    host.submit(ReadLocalVersionInformation{}, 3);
    CHECK(host.sent == Sent{reset});
    host.receive("0e 04 05 03 0c 00");
    CHECK(host.sent == Sent{reset, read_rssi});
    host.receive("0e 06 05 05 14 02 40 00");  // no such connection, and no RSSI
    CHECK(host.sent == Sent{reset, read_rssi, read_version});
    REQUIRE(host.done.size() == 2);
    CHECK(host.done[1] ==
          Harness::Done{2, 0x1405, Status::unknown_connection_identifier, hex("02 40 00")});
}

TEST_CASE("hci core: a command without Command Complete ends with its Command Status") {
    Harness host;
    host.submit(Disconnect{handle, Status::remote_user_terminated_connection}, 9);
    CHECK(host.sent == Sent{disconnect});
    host.receive("0f 04 00 01 06 04");
    REQUIRE(host.done.size() == 1);
    CHECK(host.done[0] == Harness::Done{9, 0x0406, Status::success, hex("00")});
}

TEST_CASE("hci core: an answer to a command never sent or already answered is ignored (H15)") {
    Harness host;
    host.submit(Reset{});
    host.receive("0e 04 01 ff ff 00");
    host.receive("0f 04 00 01 06 04");
    CHECK(host.done.empty());
    host.receive("0e 04 01 03 0c 00");
    host.receive("0e 04 01 03 0c 00");
    CHECK(host.done.size() == 1);
    CHECK(host.core.statistics().unexpected_answers == 3);
    CHECK(host.events.empty());
}

TEST_CASE("hci core: an answer nobody waits for still tells the credits (H15)") {
    Harness host;
    host.submit(Reset{});
    host.receive("0e 04 00 03 0c 00");
    host.submit(ReadRssi{handle});
    CHECK(host.sent == Sent{reset});
    host.receive("0e 04 01 ff ff 00");
    CHECK(host.sent == Sent{reset, read_rssi});
}

TEST_CASE("hci core: an answer to no operation only tells the credits (H16)") {
    Harness host;
    host.submit(Reset{});
    host.receive("0e 03 05 00 00");
    host.receive("0f 04 00 05 00 00");
    CHECK(host.done.empty());
    CHECK(host.core.statistics().unexpected_answers == 0);
    host.receive("0e 04 00 03 0c 00");
    host.submit(ReadRssi{handle});
    CHECK(host.sent == Sent{reset});
    host.receive("0e 03 01 00 00");
    CHECK(host.sent == Sent{reset, read_rssi});
}

TEST_CASE("hci core: a controller that grants no credits any more fails after 2 s (H17)") {
    Harness host;
    host.submit(Reset{});
    host.submit(ReadRssi{handle});
    host.receive("0e 04 00 03 0c 00");
    CHECK(host.sent == Sent{reset});
    host.advance(1999ms);
    CHECK(host.failures.empty());
    host.advance(1ms);
    REQUIRE(host.failures.size() == 1);
    CHECK(host.failures[0].error == errc::timed_out);
    CHECK(host.pool.available() == host.pool.size());
}

TEST_CASE("hci core: having no credits while nothing is to be sent is no failure (H17)") {
    Harness host;
    host.submit(Reset{});
    host.receive("0e 04 00 03 0c 00");
    host.advance(60s);
    CHECK(host.failures.empty());
    host.submit(ReadRssi{handle});
    host.advance(1999ms);
    CHECK(host.failures.empty());
    host.advance(1ms);
    CHECK(host.failures.size() == 1);
}

TEST_CASE("hci core: Command Status with an error ends a command that awaits Complete (H19)") {
    Harness host;
    host.submit(ReadRssi{handle}, 5);
    host.receive("0f 04 0c 01 05 14");
    REQUIRE(host.done.size() == 1);
    CHECK(host.done[0] == Harness::Done{5, 0x1405, Status::command_disallowed, hex("0c")});
    CHECK_FALSE(decode_return<ReadRssi>(host.done[0].return_parameters));
}

TEST_CASE(
    "hci core: Command Status with success does not end a command that awaits Complete (H19)") {
    Harness host;
    host.submit(ReadRssi{handle}, 5);
    host.receive("0f 04 00 01 05 14");
    CHECK(host.done.empty());
    host.receive("0e 07 01 05 14 00 40 00 c4");
    CHECK(host.done.size() == 1);
}

TEST_CASE("hci core: Command Complete ends a command that awaits Command Status (H19)") {
    Harness host;
    host.submit(Disconnect{handle, Status::remote_user_terminated_connection}, 6);
    host.receive("0e 04 01 06 04 0c");
    REQUIRE(host.done.size() == 1);
    CHECK(host.done[0].status == Status::command_disallowed);
}

TEST_CASE("hci core: Command Complete without a status fails its command") {
    Harness host;
    host.submit(Reset{}, 8);
    host.receive("0e 03 01 03 0c");
    REQUIRE(host.done.size() == 1);
    CHECK(host.done[0] == Harness::Done{8, 0x0c03, Status::unspecified_error, {}});
    CHECK(host.core.statistics().malformed_events == 1);
}

TEST_CASE("hci core: a command unanswered for 2 s fails the controller, Reset too") {
    Harness host;
    host.submit(Reset{});
    host.submit(ReadRssi{handle});
    host.advance(1999ms);
    CHECK(host.failures.empty());
    host.advance(1ms);
    REQUIRE(host.failures.size() == 1);
    CHECK(host.failures[0].error == errc::timed_out);
    CHECK(host.submit(Reset{}) == errc::connection_lost);
    host.receive("0e 04 01 03 0c 00");
    host.receive("05 04 00 40 00 13");
    CHECK(host.done.empty());
    CHECK(host.events.empty());
    host.advance(10s);
    CHECK(host.failures.size() == 1);
}

TEST_CASE("hci core: each command has its own 2 s") {
    Harness host;
    host.submit(Reset{});
    host.submit(ReadRssi{handle});
    host.advance(1500ms);
    host.receive("0e 04 01 03 0c 00");
    host.advance(1999ms);
    CHECK(host.failures.empty());
    host.receive("0e 07 01 05 14 00 40 00 c4");
    host.advance(60s);
    CHECK(host.failures.empty());
}

TEST_CASE("hci core: after a restart it works as new, and old answers count for nothing") {
    Harness host;
    host.submit(ReadRssi{handle}, 1);
    host.submit(ReadLocalVersionInformation{}, 2);
    host.core.restart();
    CHECK_FALSE(host.submit(Reset{}, 3));
    CHECK(host.sent == Sent{read_rssi, reset});
    host.receive("0e 07 01 05 14 00 40 00 c4");
    CHECK(host.done.empty());
    host.receive("0e 04 01 03 0c 00");
    REQUIRE(host.done.size() == 1);
    CHECK(host.done[0].tag == 3);
}

TEST_CASE("hci core: a full queue or an empty pool refuses a command and loses none") {
    Harness full(2, 8);
    CHECK_FALSE(full.submit(Reset{}));
    CHECK_FALSE(full.submit(Reset{}));
    CHECK_FALSE(full.submit(Reset{}));
    CHECK(full.submit(Reset{}) == errc::no_buffers);

    Harness poor(4, 1);
    CHECK_FALSE(poor.submit(Reset{}));  // its buffer came back when the packet was sent
    CHECK_FALSE(poor.submit(Reset{}));
    CHECK(poor.submit(Reset{}) == errc::no_buffers);
    poor.receive("0e 04 01 03 0c 00");
    CHECK_FALSE(poor.submit(Reset{}));
}

TEST_CASE("hci core: Hardware Error and Data Buffer Overflow fail the controller (H28)") {
    Harness broken;
    broken.submit(ReadRssi{handle});
    broken.receive("10 01 00");
    REQUIRE(broken.failures.size() == 1);
    CHECK(broken.failures[0].error ==
          error_code(static_cast<int>(Status::hardware_failure), hci_category()));
    CHECK(broken.events.empty());

    Harness overflown;
    overflown.receive("1a 01 01");
    REQUIRE(overflown.failures.size() == 1);
    CHECK(overflown.failures[0].error == errc::protocol_error);
}

TEST_CASE("hci core: other events are handed on as they are") {
    Harness host;
    host.receive("05 04 00 40 00 13");
    host.receive("ff 03 01 02 03");  // the vendor's own
    host.receive("13 05 01 40 00 02 00");
    host.receive("3e 0c 02 01 00 01 66 55 44 33 22 11 00 c4");
    REQUIRE(host.events.size() == 4);
    CHECK(host.events[0].code == EventCode::disconnection_complete);
    CHECK(host.events[0].parameters == hex("00 40 00 13"));
    CHECK(host.events[1].code == EventCode::vendor_specific);
    CHECK(host.events[2].code == EventCode::number_of_completed_packets);
    CHECK(host.events[2].parameters == hex("01 40 00 02 00"));
    CHECK(host.events[3].code == EventCode::le_meta);
    CHECK(host.events[3].parameters == hex("02 01 00 01 66 55 44 33 22 11 00 c4"));
}

TEST_CASE("hci core: truncated events are dropped and counted (H04, H05, H13)") {
    Harness host;
    const char* const malformed[] = {
        "3e 05 01 00 40 00 00",  // LE Connection Complete with 5 of 19 octets
        "3e 00",                 // LE Meta without a subevent
        "05 00",                 // Disconnection Complete without parameters
        "08 02 00 40",           // Encryption Change with 2 of 4
        "13 00",                 // Number Of Completed Packets without a count
        "0e 02 01 03",           // Command Complete with half an opcode
        "0f 03 00 01 03",        // Command Status with half an opcode
        "05 04 00 40 00",        // the length octet announces more than there is
        "05 03 00 40 00 13",     // … and less
        "05",                    // no length octet
        "",                      // nothing
    };
    for (const char* packet : malformed) host.receive(packet);
    CHECK(host.events.empty());
    CHECK(host.failures.empty());
    CHECK(host.core.statistics().malformed_events == std::size(malformed));
}

TEST_CASE("hci core: events with impossible values are dropped (H21)") {
    Harness host;
    // handle 0x0fff, role 2, interval 0, supervision timeout 0
    host.receive("3e 13 01 00 ff 0f 00 01 66 55 44 33 22 11 18 00 00 00 2a 00 05");
    host.receive("3e 13 01 00 40 00 02 01 66 55 44 33 22 11 18 00 00 00 2a 00 05");
    host.receive("3e 13 01 00 40 00 00 01 66 55 44 33 22 11 00 00 00 00 2a 00 05");
    host.receive("3e 13 01 00 40 00 00 01 66 55 44 33 22 11 18 00 00 00 00 00 05");
    host.receive("3e 0a 03 00 40 00 00 00 00 00 2a 00");
    host.receive("3e 0d 05 40 0f 01 02 03 04 05 06 07 08 34 12");
    host.receive("05 04 00 00 0f 13");
    CHECK(host.events.empty());
    CHECK(host.core.statistics().malformed_events == 7);
}

TEST_CASE("hci core: what stands beside an error status may be anything (H21)") {
    Harness host;
    host.receive("3e 13 01 02 ff 0f 02 01 66 55 44 33 22 11 00 00 00 00 00 00 05");
    REQUIRE(host.events.size() == 1);
    const auto event = decode_event<LeConnectionComplete>(host.events[0].parameters);
    REQUIRE(event);
    CHECK(event->status == Status::unknown_connection_identifier);
}

TEST_CASE("hci core: no stream of events makes it fail in any way but its own") {
    std::mt19937 random{1};
    Harness host;
    const std::uint8_t codes[] = {0x05, 0x08, 0x0c, 0x0e, 0x0f, 0x13, 0x30, 0x3e, 0x57, 0xff};
    for (int round = 0; round < 50'000; ++round) {
        if (host.core.failed()) host.core.restart();
        if (random() % 4 == 0) host.submit(Reset{});
        Octets packet(2 + random() % 40);
        for (auto& octet : packet) octet = static_cast<std::uint8_t>(random());
        packet[0] = codes[random() % std::size(codes)];
        packet[1] = static_cast<std::uint8_t>(packet.size() - 2);
        if (packet.size() > 4 && packet[0] == 0x0e && random() % 2 == 0) {
            packet[3] = 0x03;
            packet[4] = 0x0c;
        }
        if (packet.size() > 2 && packet[0] == 0x3e) packet[2] = packet[2] % 0x15;
        host.receive(Bytes{packet});
        host.advance(std::chrono::milliseconds{random() % 50});
        for (const auto& event : host.events)
            Events::dispatch(event.code, event.parameters, [](const auto&) {});
        host.events.clear();
        host.sent.clear();
        host.done.clear();
    }
    host.core.restart();
    CHECK(host.pool.available() == host.pool.size());
}
