// SPDX-License-Identifier: MIT
//
// Requests that wait: for the application's answer, for a buffer, for their turn.
#include <doctest/doctest.h>

#include "tests/att/server_peer.hpp"

using namespace bluetooth;
using namespace bluetooth::att;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

struct AskedServer : HeartRateServer {
    AskedServer() { read_events(true); }
    void set(std::uint16_t handle, std::string_view characters) {
        const Bytes octets = Bytes::of(characters);
        attribute(Handle{handle})->value.assign(octets.begin(), octets.end());
    }
};

}  // namespace

TEST_CASE("att server: a read waits for the application and sends the value as it is then") {
    AskedServer server;
    ServerPeer peer{server};
    CHECK(peer.send("0a 03 00").empty());
    REQUIRE(peer.reads.size() == 1);
    CHECK(peer.reads.front().handle == Handle{3});
    server.set(3, "fresh");
    peer.answer_read();
    CHECK(peer.sent == std::vector<Octets>{hex("0b 66 72 65 73 68")});
}

TEST_CASE("att server: the application's refusal becomes the error of the read") {
    AskedServer server;
    ServerPeer peer{server};
    for (const char* request : {"0a 03 00", "0c 03 00 00 00", "0e 05 00 03 00"}) {
        peer.send(request);
        if (request[1] == 'e') peer.answer_read();
        peer.answer_read(ErrorCode::insufficient_authentication);
        const Octets opcode{hex(std::string_view{request}.substr(0, 2))};
        Octets expected = hex("01 00 03 00 05");
        expected[1] = opcode[0];
        CHECK(peer.sent == std::vector<Octets>{expected});
    }
}

TEST_CASE("att server: what is refused anyway, and what is not the application's, is not asked") {
    AskedServer server;
    ServerPeer peer{server};
    CHECK(peer.send("0a 09 00") == hex("01 0a 09 00 02"));
    CHECK(peer.send("0a 0e 00") == hex("01 0a 0e 00 05"));
    CHECK(peer.send("0a 06 00") == hex("0b 00 00"));
    CHECK(peer.send("0e 03 00 09 00") == hex("01 0e 09 00 02"));
    CHECK(peer.reads.empty());
}

TEST_CASE("att server: each value of Read Multiple and of Read By Type is asked for") {
    AskedServer server;
    ServerPeer peer{server};
    peer.send("0e 03 00 05 00");
    server.set(3, "a");
    peer.answer_read();
    REQUIRE(peer.reads.size() == 1);
    CHECK(peer.reads.front().handle == Handle{5});
    server.set(5, "b");
    peer.answer_read();
    CHECK(peer.sent == std::vector<Octets>{hex("0f 61 62")});

    peer.send("08 01 00 ff ff 37 2a");
    server.set(5, "xyz");
    peer.answer_read();
    CHECK(peer.sent == std::vector<Octets>{hex("09 05 | 05 00 78 79 7a")});
}

TEST_CASE("att server: in Read By Type a refusal of a later value ends the list before it") {
    Database database;
    database.user_attributes(true);
    database.add_service(UUID{0x180d});
    for (int i = 0; i < 3; ++i)
        database.add_characteristic(UUID{0x2a37}, 0x02, flag::read, Bytes::of("v"));
    database.seal();
    att::Server server{std::move(database)};
    server.read_events(true);
    ServerPeer peer{server};
    peer.send("08 01 00 ff ff 37 2a");
    peer.answer_read();
    peer.answer_read();
    peer.answer_read(ErrorCode::read_not_permitted);
    CHECK(peer.sent == std::vector<Octets>{hex("09 03 | 03 00 76 | 05 00 76")});
    peer.send("08 07 00 ff ff 37 2a");
    peer.answer_read(ErrorCode::read_not_permitted);
    CHECK(peer.sent == std::vector<Octets>{hex("01 08 07 00 02")});
}

TEST_CASE("att server: a read event unanswered for 5 s is refused with Unlikely Error") {
    AskedServer server;
    ServerPeer peer{server};
    peer.send("0a 03 00");
    peer.advance(4999ms);
    CHECK(peer.sent.empty());
    peer.advance(1ms);
    CHECK(peer.sent == std::vector<Octets>{hex("01 0a 03 00 0e")});
    peer.sent.clear();
    peer.answer_read();  // too late
    CHECK(peer.sent.empty());
    CHECK(peer.send("0a 01 00") == hex("0b 0d 18"));
}

TEST_CASE("att server: a write event unanswered for 5 s counts as heard") {
    HeartRateServer server;
    ServerPeer peer{server};
    peer.answer_writes_at_once = false;
    peer.send("12 03 00 41");
    peer.advance(5s);
    CHECK(peer.sent == std::vector<Octets>{hex("13")});
    peer.sent.clear();
    peer.answer_write();  // too late
    CHECK(peer.sent.empty());
}

TEST_CASE("att server: an answer with another event's token is ignored") {
    AskedServer server;
    ServerPeer peer{server};
    peer.send("0a 03 00");
    server.answer_read(peer.ctx(), peer.session, Token{0x7777}, std::nullopt);
    server.answer_write(peer.ctx(), peer.session, peer.reads.front().token);
    peer.drain();
    CHECK(peer.sent.empty());
    peer.answer_read();
    CHECK(peer.sent.size() == 1);
}

TEST_CASE("att server: a second request meanwhile is answered in its turn") {
    AskedServer server;
    ServerPeer peer{server};
    peer.send("0a 03 00");
    peer.send("0a 05 00");
    CHECK(peer.reads.size() == 1);
    peer.answer_read();
    CHECK(peer.sent == std::vector<Octets>{hex("0b 48 65 6c 6c 6f")});
    peer.sent.clear();
    peer.answer_read();
    CHECK(peer.sent == std::vector<Octets>{hex("0b 06 48")});
}

TEST_CASE("att server: the next write waits until the application has seen the value before") {
    HeartRateServer server;
    ServerPeer peer{server};
    peer.answer_writes_at_once = false;
    peer.send("52 03 00 41");
    peer.send("52 03 00 42");
    CHECK(server.value(3) == text("A"));
    peer.answer_write();
    CHECK(server.value(3) == text("B"));
    peer.answer_write();
    CHECK(peer.sent.empty());
}

TEST_CASE("att server: a flood of commands while parked is dropped beyond the limit") {
    HeartRateServer server;
    ServerPeer peer{server};
    peer.answer_writes_at_once = false;
    for (int i = 0; i < 1000; ++i) peer.send("52 03 00 41");
    CHECK(peer.session.dropped() == 1000 - 1 - 7);
    for (int i = 0; i < 8; ++i) peer.answer_write();
    CHECK(peer.writes.empty());
    CHECK(peer.send("0a 03 00") == hex("0b 41"));
}

TEST_CASE("att server: a request for which there is no buffer is answered when there is one") {
    for (const char* request : {"0a 03 00", "12 03 00 48 65 6c 6c 6f"}) {
        for (const bool told : {true, false}) {
            HeartRateServer server;
            ServerPeer peer{server, 1};
            {
                const Buffer taken = peer.pool.acquire();
                CHECK(peer.send(request).empty());
                peer.advance(100ms);
                CHECK(peer.sent.empty());
            }
            if (told) {
                server.on_buffers_available(peer.ctx(), peer.session);
                peer.drain();
            } else {
                peer.advance(100ms);
            }
            CHECK(peer.sent.size() == 1);
        }
    }
}

TEST_CASE("att server: a disconnection at any step gives all buffers back") {
    for (int step = 0; step < 4; ++step) {
        AskedServer server;
        ServerPeer peer{server};
        if (step > 0) peer.send("16 03 00 00 00 41");
        if (step > 1) peer.send("0a 03 00");
        if (step > 2) peer.send("52 03 00 41");
        server.on_disconnected(peer.ctx(), peer.session);
        CHECK(peer.pool.available() == peer.pool.size());
        if (step > 1) peer.answer_read();
        CHECK(peer.send("0a 01 00").empty());
    }
}

TEST_CASE("att server: a read that waits while the table is replaced is judged by the new one") {
    AskedServer server;
    ServerPeer peer{server};
    peer.send("0a 03 00");
    Database database;
    database.add_service(UUID{0x180f});
    database.seal();
    server.replace_database(std::move(database));
    peer.answer_read();
    CHECK(peer.sent == std::vector<Octets>{hex("01 0a 03 00 01")});
}

TEST_CASE("att server: behind a flood of commands a request still finds its place") {
    HeartRateServer server;
    ServerPeer peer{server};
    peer.answer_writes_at_once = false;
    for (int i = 0; i < 12; ++i) peer.send("52 10 00 01");
    peer.send("0a 0c 00");
    CHECK(peer.session.dropped() == 4);  // one is being heard, seven wait
    peer.sent.clear();
    while (!peer.writes.empty()) peer.answer_write();
    CHECK(peer.sent == std::vector<Octets>{hex("0b 56")});
    CHECK(peer.written.size() == 8);
}

TEST_CASE("att server: a request that waited for a buffer is still found too long") {
    HeartRateServer server;
    server.set_rx_mtu(517);
    ServerPeer peer{server, 1};
    peer.send("02 05 02");
    server.attribute(Handle{3})->capacity = 512;
    Octets request = hex("12 03 00");
    request.resize(600, 0x55);
    {
        const Buffer held = peer.pool.acquire();
        CHECK(peer.send(Bytes{request}).empty());
    }
    peer.advance(att::Server::buffer_retry);
    CHECK(peer.sent == std::vector<Octets>{hex("01 12 00 00 04")});
    CHECK(server.value(3) == text("Hello"));
}

TEST_CASE("att server: all the answers to one request together have five seconds") {
    HeartRateServer server;
    server.read_events(true);
    ServerPeer peer{server};
    peer.send("0e 03 00 0c 00 03 00");
    peer.advance(2s);
    peer.answer_read();
    peer.advance(2s);
    peer.answer_read();
    peer.advance(1s);
    CHECK(peer.sent == std::vector<Octets>{hex("01 0e 03 00 0e")});
}

namespace {

/// The value at 3 with other octets, or with other demands.
Database one_value(std::uint16_t flags, std::string_view value) {
    Database database;
    database.user_attributes(true);
    database.add_service(UUID{0x180d});
    database.add_characteristic(UUID{0x2a37}, flag::read, flags, Bytes::of(value));
    database.seal();
    return database;
}

}  // namespace

TEST_CASE("att server: a verdict on a value that was replaced does not open the new one") {
    HeartRateServer server;
    server.read_events(true);
    ServerPeer peer{server};
    SUBCASE("which asks for more") {
        peer.send("0a 03 00");
        peer.sent.clear();
        server.replace_database(one_value(flag::read | flag::read_encrypted, "secret"));
        peer.answer_read();
        CHECK(peer.sent == std::vector<Octets>{hex("01 0a 03 00 05")});
    }
    SUBCASE("which is asked about anew") {
        peer.send("0a 03 00");
        peer.sent.clear();
        server.replace_database(one_value(flag::read, "new"));
        peer.answer_read();
        CHECK(peer.sent.empty());
        REQUIRE(peer.reads.size() == 1);
        peer.answer_read();
        CHECK(peer.sent == std::vector<Octets>{hex("0b 6e 65 77")});
    }
    SUBCASE("nor does silence, after earlier verdicts") {
        peer.send("0e 03 00 03 00");
        peer.answer_read();
        server.replace_database(one_value(flag::read, "new"));
        peer.advance(5s);
        CHECK(peer.sent == std::vector<Octets>{hex("01 0e 03 00 0e")});
    }
}

TEST_CASE("att server: a read is refused when the link has lost its encryption meanwhile") {
    att::Server server{one_value(flag::read | flag::read_encrypted, "secret")};
    server.read_events(true);
    ServerPeer peer{server};
    peer.client.security = {.encrypted = true, .key_size = 16};
    peer.send("0a 03 00");
    peer.client.security = {};
    peer.sent.clear();
    peer.answer_read();
    CHECK(peer.sent == std::vector<Octets>{hex("01 0a 03 00 05")});
}
