// SPDX-License-Identifier: MIT
//
// Prepare and Execute Write (Vol 3 Part F 3.4.6).
#include <doctest/doctest.h>

#include "tests/att/server_peer.hpp"

using namespace bluetooth;
using namespace bluetooth::att;
using namespace bluetooth::test;
using namespace std::chrono_literals;

TEST_CASE("att server: queued fragments are echoed, and written together on execute") {
    HeartRateServer server;
    ServerPeer peer{server};
    CHECK(peer.send("16 03 00 00 00 41 42 43") == hex("17 03 00 00 00 41 42 43"));
    CHECK(peer.send("16 03 00 03 00 44") == hex("17 03 00 03 00 44"));
    CHECK(server.value(3) == text("Hello"));
    CHECK(peer.send("18 01") == hex("19"));
    CHECK(server.value(3) == text("ABCD"));
    CHECK(peer.written == std::vector{Handle{3}});
}

TEST_CASE("att server: cancelled fragments are forgotten") {
    HeartRateServer server;
    ServerPeer peer{server};
    peer.send("16 03 00 00 00 41");
    CHECK(peer.send("18 00") == hex("19"));
    CHECK(peer.send("18 01") == hex("19"));
    CHECK(server.value(3) == text("Hello"));
    CHECK(peer.written.empty());
}

TEST_CASE("att server: fragments for several values may be mixed; one event each") {
    HeartRateServer server;
    ServerPeer peer{server};
    peer.answer_writes_at_once = false;
    peer.send("16 03 00 00 00 41");
    peer.send("16 09 00 00 00 61");
    peer.send("16 03 00 01 00 42");
    peer.send("16 09 00 01 00 62");
    CHECK(peer.send("18 01").empty());
    CHECK(server.value(3) == text("AB"));
    CHECK(server.value(9) == text("ab"));
    CHECK(peer.written == std::vector{Handle{3}, Handle{9}});
    peer.answer_write();
    CHECK(peer.sent.empty());
    peer.answer_write();
    CHECK(peer.sent == std::vector<Octets>{hex("19")});
}

TEST_CASE("att server: a first fragment may continue the stored value") {
    HeartRateServer server;
    ServerPeer peer{server};
    peer.send("16 03 00 04 00 21");
    CHECK(peer.send("18 01") == hex("19"));
    CHECK(server.value(3) == text("Hell!"));
}

TEST_CASE("att server: what may not be written may not be queued") {
    HeartRateServer server;
    ServerPeer peer{server};
    CHECK(peer.send("16 00 00 00 00 41") == hex("01 16 00 00 01"));
    CHECK(peer.send("16 11 00 00 00 41") == hex("01 16 11 00 01"));
    CHECK(peer.send("16 05 00 00 00 41") == hex("01 16 05 00 03"));
    CHECK(peer.send("16 10 00 00 00 41") == hex("01 16 10 00 03"));
}

TEST_CASE("att server: offsets and lengths are checked on execute, and nothing is written") {
    HeartRateServer server;
    ServerPeer peer{server};
    server.attribute(Handle{3})->capacity = 600;
    peer.send("16 09 00 00 00 41");  // this one alone would be fine
    SUBCASE("a gap") {
        peer.send("16 03 00 06 00 41");
        CHECK(peer.send("18 01") == hex("01 18 03 00 07"));
    }
    SUBCASE("far behind the largest value") {
        peer.send("16 03 00 00 02 41");
        CHECK(peer.send("18 01") == hex("01 18 03 00 07"));
    }
    SUBCASE("an offset that would wrap around") {
        peer.send("16 03 00 ff ff 41");
        CHECK(peer.send("18 01") == hex("01 18 03 00 07"));
    }
    SUBCASE("more than 512 octets") {
        server.attribute(Handle{3})->value.assign(512, 0x41);
        peer.send("16 03 00 00 02 41");
        CHECK(peer.send("18 01") == hex("01 18 03 00 0d"));
        CHECK(server.value(3).size() == 512);
    }
    CHECK(server.value(9) == text("secret"));
    CHECK(peer.written.empty());
    CHECK(peer.send("18 01") == hex("19"));  // the queue is empty now
    CHECK(server.value(9) == text("secret"));
}

TEST_CASE("att server: a queued CCCD write obeys the CCCD's rules") {
    HeartRateServer server;
    ServerPeer peer{server};
    peer.send("16 06 00 00 00 01 00");
    CHECK(peer.send("18 01") == hex("19"));
    CHECK(peer.send("0a 06 00") == hex("0b 01 00"));
    peer.send("16 06 00 00 00 01 00 00");
    CHECK(peer.send("18 01") == hex("01 18 06 00 0d"));
    peer.send("16 06 00 00 00 08 00");
    CHECK(peer.send("18 01") == hex("01 18 06 00 06"));
}

TEST_CASE("att server: the queue is full after 64 fragments, on each link for itself") {
    HeartRateServer server;
    ServerPeer peer{server};
    ServerPeer other{server};
    for (int i = 0; i < 64; ++i) CHECK(peer.send("16 03 00 00 00 41").size() == 6);
    for (int i = 0; i < 936; ++i) CHECK(peer.send("16 09 00 00 00 41") == hex("01 16 09 00 09"));
    CHECK(peer.pool.available() >= peer.pool.size() - 1);
    CHECK(other.send("16 03 00 00 00 41").size() == 6);
    CHECK(peer.send("18 01") == hex("19"));
    CHECK(peer.pool.available() == peer.pool.size());
    CHECK(peer.send("16 03 00 00 00 41").size() == 6);
}

TEST_CASE("att server: the queue is full when its share of the pool is used up") {
    HeartRateServer server{{.prepared_buffers = 2}};
    server.set_rx_mtu(517);
    ServerPeer peer{server};
    peer.send("02 05 02");
    Octets request = hex("16 03 00 00 00");
    request.resize(5 + 500, 0x41);
    CHECK(peer.send(Bytes{request}).size() == request.size());
    CHECK(peer.send(Bytes{request}).size() == request.size());
    CHECK(peer.send(Bytes{request}) == hex("01 16 03 00 09"));
}

TEST_CASE("att server: an empty pool is a full queue") {
    HeartRateServer server;
    ServerPeer peer{server, 1};  // just enough for the response
    CHECK(peer.send("16 03 00 00 00 41") == hex("01 16 03 00 09"));
}

TEST_CASE("att server: a queue left alone for 30 s is forgotten, and its client told so") {
    HeartRateServer server;
    ServerPeer peer{server};
    peer.send("16 03 00 00 00 41");
    peer.advance(29s);
    peer.send("16 03 00 01 00 42");
    peer.advance(29s);
    CHECK(peer.pool.available() < peer.pool.size());
    peer.advance(1s);
    CHECK(peer.pool.available() == peer.pool.size());
    SUBCASE("when it goes on preparing") {
        CHECK(peer.send("16 03 00 02 00 43") == hex("01 16 03 00 0e"));
        CHECK(peer.send("16 03 00 00 00 41") == hex("17 03 00 00 00 41"));
        CHECK(peer.send("18 00") == hex("19"));
    }
    SUBCASE("when it executes") {
        CHECK(peer.send("18 01") == hex("01 18 00 00 0e"));
        CHECK(peer.send("18 01") == hex("19"));
    }
    SUBCASE("but not when it cancels") {
        CHECK(peer.send("18 00") == hex("19"));
        CHECK(peer.send("18 01") == hex("19"));
    }
    CHECK(server.value(3) == text("Hello"));
}
