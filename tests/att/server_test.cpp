// SPDX-License-Identifier: MIT
//
// The requests of Vol 3 Part F 3.4, with octets written from its tables.
#include "att/server.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "tests/att/server_peer.hpp"

using namespace bluetooth;
using namespace bluetooth::att;
using namespace bluetooth::test;

TEST_CASE("att server: Exchange MTU is answered with our own and the smaller one holds") {
    HeartRateServer server;
    ServerPeer peer{server};
    CHECK(peer.send("02 64 00") == hex("03 00 01"));
    CHECK(peer.bearer.mtu() == 100);
    CHECK(peer.mtus == std::vector<std::uint16_t>{100});
    SUBCASE("a second exchange is answered and changes nothing") {
        CHECK(peer.send("02 17 00") == hex("03 00 01"));
        CHECK(peer.bearer.mtu() == 100);
        CHECK(peer.mtus.size() == 1);
    }
}

TEST_CASE("att server: our MTU can be set, between 23 and 517") {
    HeartRateServer server;
    ServerPeer peer{server};
    server.set_rx_mtu(10);
    CHECK(peer.send("02 ff ff") == hex("03 17 00"));
    server.set_rx_mtu(2000);
    CHECK(peer.send("02 ff ff") == hex("03 05 02"));
}

TEST_CASE("att server: an Rx MTU below 23 leaves ATT_MTU at 23") {
    for (const char* request : {"02 00 00", "02 16 00"}) {
        HeartRateServer server;
        ServerPeer peer{server};
        CHECK(peer.send(request) == hex("03 00 01"));
        CHECK(peer.bearer.mtu() == 23);
    }
}

TEST_CASE("att server: Find Information lists handles and types of one size") {
    HeartRateServer server;
    ServerPeer peer{server};
    CHECK(peer.send("04 01 00 ff ff") ==
          hex("05 01 | 01 00 00 28 | 02 00 03 28 | 03 00 39 2a | 04 00 03 28 | 05 00 37 2a"));
    CHECK(peer.send("04 06 00 07 00") == hex("05 01 | 06 00 02 29 | 07 00 01 29"));
    CHECK(peer.send("04 0b 00 0d 00") == hex("05 01 | 0b 00 03 28"));
    CHECK(peer.send("04 0c 00 ff ff") ==
          hex("05 02 | 0c 00 ef cd ab 89 67 45 23 01 00 00 00 00 09 b0 00 00"));
    CHECK(peer.send("04 11 00 ff ff") == hex("01 04 11 00 0a"));
}

TEST_CASE("att server: Find By Type Value finds services and their ends") {
    HeartRateServer server;
    ServerPeer peer{server};
    CHECK(peer.send("06 01 00 ff ff 00 28 0d 18") == hex("07 | 01 00 09 00"));
    CHECK(peer.send("06 01 00 ff ff 00 28 ef cd ab 89 67 45 23 01 00 00 00 00 0c a0 00 00") ==
          hex("07 | 0a 00 10 00"));
    CHECK(peer.send("06 02 00 ff ff 00 28 0d 18") == hex("01 06 02 00 0a"));
    CHECK(peer.send("06 01 00 ff ff 39 2a 48 65 6c 6c 6f") == hex("07 | 03 00 03 00"));
}

TEST_CASE("att server: Find By Type Value does not tell values that may not be read") {
    HeartRateServer server;
    ServerPeer peer{server};
    CHECK(peer.send("06 01 00 ff ff 3a 2a 73 65 63 72 65 74") == hex("01 06 01 00 0a"));
    CHECK(peer.send("06 01 00 ff ff 3b 2a 45") == hex("01 06 01 00 0a"));
}

TEST_CASE("att server: Read By Type lists values of one length") {
    HeartRateServer server;
    ServerPeer peer{server};
    CHECK(peer.send("08 01 00 ff ff 03 28") ==
          hex("09 07 | 02 00 0e 03 00 39 2a | 04 00 32 05 00 37 2a | 08 00 08 09 00 3a 2a"));
    CHECK(peer.send("08 09 00 ff ff 03 28") ==
          hex("09 15 | 0b 00 02 0c 00 ef cd ab 89 67 45 23 01 00 00 00 00 09 b0 00 00"));
    CHECK(peer.send("08 01 00 ff ff 39 2a") == hex("09 07 | 03 00 48 65 6c 6c 6f"));
    CHECK(peer.send("08 01 00 ff ff fb 34 9b 5f 80 00 00 80 00 10 00 00 39 2a 00 00") ==
          hex("09 07 | 03 00 48 65 6c 6c 6f"));
    CHECK(peer.send("08 01 00 ff ff ff 2a") == hex("01 08 01 00 0a"));
}

TEST_CASE("att server: Read By Type reports an error only for the first match") {
    HeartRateServer server;
    ServerPeer peer{server};
    CHECK(peer.send("08 01 00 ff ff 3a 2a") == hex("01 08 09 00 02"));
    CHECK(peer.send("08 01 00 ff ff 3b 2a") == hex("01 08 0e 00 05"));
    peer.client.security = {.encrypted = true, .key_size = 16};
    CHECK(peer.send("08 01 00 ff ff 3b 2a") == hex("09 03 | 0e 00 45"));
}

TEST_CASE("att server: Read By Type cuts a long value to ATT_MTU - 4, at most 253 octets") {
    HeartRateServer server;
    ServerPeer peer{server};
    server.attribute(Handle{3})->value.assign(300, 0xaa);
    CHECK(peer.send("08 01 00 ff ff 39 2a").size() == 23);
    server.set_rx_mtu(517);
    peer.send("02 05 02");
    const Octets response = peer.send("08 01 00 ff ff 39 2a");
    CHECK(response.size() == 2 + 2 + 253);
    CHECK(response[1] == 255);
}

TEST_CASE("att server: Read By Group Type lists services with UUIDs of one size") {
    HeartRateServer server;
    ServerPeer peer{server};
    CHECK(peer.send("10 01 00 ff ff 00 28") == hex("11 06 | 01 00 09 00 0d 18"));
    CHECK(peer.send("10 02 00 ff ff 00 28") ==
          hex("11 14 | 0a 00 10 00 ef cd ab 89 67 45 23 01 00 00 00 00 0c a0 00 00"));
    CHECK(peer.send("10 0b 00 ff ff 00 28") == hex("01 10 0b 00 0a"));
    CHECK(peer.send("10 01 00 ff ff 01 28") == hex("01 10 01 00 0a"));
    CHECK(peer.send("10 01 00 ff ff 03 28") == hex("01 10 01 00 10"));
}

TEST_CASE("att server: Read and Read Blob") {
    HeartRateServer server;
    ServerPeer peer{server};
    CHECK(peer.send("0a 03 00") == hex("0b 48 65 6c 6c 6f"));
    CHECK(peer.send("0a 06 00") == hex("0b 00 00"));
    CHECK(peer.send("0c 03 00 02 00") == hex("0d 6c 6c 6f"));
    CHECK(peer.send("0c 03 00 05 00") == hex("0d"));
    CHECK(peer.send("0c 03 00 06 00") == hex("01 0c 03 00 07"));
    CHECK(peer.send("0c 03 00 ff ff") == hex("01 0c 03 00 07"));
    for (const std::string opcode : {"0a", "0c"}) {
        const std::string offset = opcode == "0c" ? " 00 00" : "";
        CHECK(peer.send(opcode + " 00 00" + offset) == hex("01 " + opcode + " 00 00 01"));
        CHECK(peer.send(opcode + " 11 00" + offset) == hex("01 " + opcode + " 11 00 01"));
        CHECK(peer.send(opcode + " 09 00" + offset) == hex("01 " + opcode + " 09 00 02"));
    }
}

TEST_CASE("att server: a long value is read in parts of ATT_MTU - 1") {
    HeartRateServer server;
    ServerPeer peer{server};
    server.attribute(Handle{3})->value.assign(30, 0x55);
    CHECK(peer.send("0a 03 00").size() == 23);
    CHECK(peer.send("0c 03 00 16 00") == hex("0d 55 55 55 55 55 55 55 55"));
}

TEST_CASE("att server: Read Multiple joins values, Read Multiple Variable tells their lengths") {
    HeartRateServer server;
    ServerPeer peer{server};
    CHECK(peer.send("0e 03 00 05 00") == hex("0f 48 65 6c 6c 6f | 06 48"));
    CHECK(peer.send("20 03 00 05 00") == hex("21 | 05 00 48 65 6c 6c 6f | 02 00 06 48"));
    CHECK(peer.send("0e 03 00 09 00") == hex("01 0e 09 00 02"));
    CHECK(peer.send("20 03 00 99 00") == hex("01 20 99 00 01"));
    server.attribute(Handle{5})->value.assign(30, 0x77);
    CHECK(peer.send("20 03 00 05 00") ==
          hex("21 | 05 00 48 65 6c 6c 6f | 1e 00 77 77 77 77 77 77 77 77 77 77 77 77 77"));
}

TEST_CASE("att server: a Write Request stores, tells the application, and is answered after it") {
    HeartRateServer server;
    ServerPeer peer{server};
    peer.answer_writes_at_once = false;
    CHECK(peer.send("12 03 00 01 02 03").empty());
    CHECK(server.value(3) == hex("01 02 03"));
    REQUIRE(peer.writes.size() == 1);
    CHECK(peer.writes.front().handle == Handle{3});
    peer.answer_write();
    CHECK(peer.sent == std::vector<Octets>{hex("13")});
}

TEST_CASE("att server: refused writes change nothing and raise no event") {
    HeartRateServer server;
    ServerPeer peer{server};
    CHECK(peer.send("12 00 00 01") == hex("01 12 00 00 01"));
    CHECK(peer.send("12 11 00 01") == hex("01 12 11 00 01"));
    CHECK(peer.send("12 05 00 01") == hex("01 12 05 00 03"));
    CHECK(peer.send("12 01 00 01") == hex("01 12 01 00 03"));
    CHECK(peer.send("12 10 00 01") == hex("01 12 10 00 03"));  // write without response only
    CHECK(peer.written.empty());
    CHECK(server.value(5) == hex("06 48"));
    CHECK(server.value(1) == hex("0d 18"));
}

TEST_CASE("att server: a Write Command stores without a word, where it is permitted") {
    HeartRateServer server;
    ServerPeer peer{server};
    CHECK(peer.send("52 03 00 01").empty());
    CHECK(server.value(3) == hex("01"));
    CHECK(peer.send("52 09 00 01").empty());  // write with response only
    CHECK(server.value(9) == text("secret"));
    CHECK(peer.send("52 99 00 01").empty());
    CHECK(peer.send("52 03").empty());
    CHECK(peer.written == std::vector{Handle{3}});
}

TEST_CASE("att server: a remote write is cut to the capacity without an error") {
    HeartRateServer server;
    ServerPeer peer{server};
    peer.send("02 00 01");
    Octets request = hex("12 03 00");
    request.resize(3 + 26, 0x31);
    CHECK(peer.send(Bytes{request}) == hex("13"));
    CHECK(server.value(3).size() == 20);
}

TEST_CASE("att server: in append mode writes add up to the capacity") {
    HeartRateServer server;
    ServerPeer peer{server};
    server.attribute(Handle{3})->append = true;
    server.attribute(Handle{3})->capacity = 7;
    CHECK(peer.send("12 03 00 41") == hex("13"));
    CHECK(peer.send("12 03 00 42 43") == hex("13"));
    CHECK(server.value(3) == text("HelloAB"));
}

TEST_CASE("att server: a CCCD is per session and takes what the characteristic offers") {
    HeartRateServer server;
    ServerPeer peer{server};
    ServerPeer other{server};
    CHECK(peer.send("12 06 00 01 00") == hex("13"));
    CHECK(peer.send("0a 06 00") == hex("0b 01 00"));
    CHECK(other.send("0a 06 00") == hex("0b 00 00"));
    CHECK(peer.send("12 06 00 03 00") == hex("13"));
    CHECK(peer.send("12 06 00 05 00") == hex("01 12 06 00 06"));
    CHECK(peer.send("12 06 00 00 01") == hex("01 12 06 00 06"));
    CHECK(peer.send("12 06 00 01") == hex("01 12 06 00 0d"));
    CHECK(peer.send("12 06 00 01 00 00") == hex("01 12 06 00 0d"));
    CHECK(peer.send("0a 06 00") == hex("0b 03 00"));
    CHECK(peer.send("52 06 00 00 00").empty());
    CHECK(peer.send("0a 06 00") == hex("0b 00 00"));
    CHECK(peer.written.empty());
}

TEST_CASE("att server: malformed requests get Invalid PDU with handle 0") {
    HeartRateServer server;
    ServerPeer peer{server};
    const std::pair<const char*, const char*> cases[] = {
        {"02 17", "01 02 00 00 04"},
        {"02 17 00 ff", "01 02 00 00 04"},
        {"04 01 00 ff", "01 04 00 00 04"},
        {"06 01 00 ff ff 00", "01 06 00 00 04"},
        {"08 01 00", "01 08 00 00 04"},
        {"08 01 00 ff ff 00 28 00", "01 08 00 00 04"},
        {"08 01 00 ff ff 00 28 00 00", "01 08 00 00 04"},
        {"08 01 00 ff ff", "01 08 00 00 04"},
        {"08 01 00 ff ff 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", "01 08 00 00 04"},
        {"0a 03", "01 0a 00 00 04"},
        {"0a 03 00 00", "01 0a 00 00 04"},
        {"0c 03 00 00", "01 0c 00 00 04"},
        {"0e 03 00", "01 0e 00 00 04"},
        {"0e 03 00 05", "01 0e 00 00 04"},
        {"10 01 00 ff ff 00 28 00", "01 10 00 00 04"},
        {"12 03", "01 12 00 00 04"},
        {"16 03 00 00", "01 16 00 00 04"},
        {"18", "01 18 00 00 04"},
        {"18 02", "01 18 00 00 04"},
        {"20 03 00", "01 20 00 00 04"},
    };
    for (const auto& [request, response] : cases) {
        CAPTURE(request);
        CHECK(peer.send(request) == hex(response));
    }
    CHECK(peer.bearer.mtu() == 23);
    CHECK(peer.send("0a 03 00") == hex("0b 48 65 6c 6c 6f"));
}

TEST_CASE("att server: a range from 0 or backwards is an invalid handle") {
    HeartRateServer server;
    ServerPeer peer{server};
    CHECK(peer.send("10 00 00 ff ff 00 28") == hex("01 10 00 00 01"));
    CHECK(peer.send("08 05 00 03 00 03 28") == hex("01 08 05 00 01"));
    CHECK(peer.send("04 05 00 03 00") == hex("01 04 05 00 01"));
    CHECK(peer.send("06 05 00 03 00 00 28 0d 18") == hex("01 06 05 00 01"));
}

TEST_CASE("att server: a PDU longer than ATT_MTU is invalid, as a command ignored") {
    HeartRateServer server;
    ServerPeer peer{server};
    Octets request = hex("12 03 00");
    request.resize(24, 0x31);
    CHECK(peer.send(Bytes{request}) == hex("01 12 00 00 04"));
    request[0] = 0x52;
    CHECK(peer.send(Bytes{request}).empty());
    CHECK(server.value(3) == text("Hello"));
}

TEST_CASE("att server: unknown requests are not supported, unknown commands ignored") {
    HeartRateServer server;
    ServerPeer peer{server};
    CHECK(peer.send("bf 00") == hex("01 bf 00 00 06"));
    CHECK(peer.send("3f") == hex("01 3f 00 00 06"));
    CHECK(peer.send("00") == hex("01 00 00 00 06"));
    CHECK(peer.send("ff 00").empty());
    CHECK(peer.send("7f 00").empty());
    CHECK(peer.send(Bytes{}).empty());
}

TEST_CASE("att server: Signed Write Commands are ignored") {
    HeartRateServer server;
    ServerPeer peer{server};
    CHECK(peer.send("d2 03 00 01 00 00 00 00 00 00 00 00 00 00 00 00").empty());
    CHECK(peer.send("d2 03 00 01").empty());
    CHECK(server.value(3) == text("Hello"));
    CHECK(peer.written.empty());
}

TEST_CASE("att server: every cut of every request is answered, and nothing is stored") {
    const char* const requests[] = {
        "04 01 00 ff ff", "06 01 00 ff ff 00 28 0d 18", "08 01 00 ff ff 03 28", "0c 03 00 00 00",
        "0e 03 00 05 00", "10 01 00 ff ff 00 28",       "16 03 00 00 00 41 42", "20 03 00 05 00",
    };
    for (const char* request : requests) {
        const Octets whole = hex(request);
        for (std::size_t size = 1; size < whole.size(); ++size) {
            HeartRateServer server;
            ServerPeer peer{server};
            CHECK_FALSE(peer.send(Bytes{whole}.first(size)).empty());
            CHECK(server.value(3) == text("Hello"));
        }
    }
}
