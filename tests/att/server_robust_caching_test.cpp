// SPDX-License-Identifier: MIT
//
// Clients that do not know the table as it is (Vol 3 Part G 2.5.2.1).
#include <doctest/doctest.h>

#include "tests/att/server_peer.hpp"

using namespace bluetooth;
using namespace bluetooth::att;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

/// Service Changed at 3 (CCCD 4), the client's features at 6, the hash at 8, then `values` services
/// with one value each, at 11 (CCCD 12), 15, 18, …
Database table(int values) {
    const auto flags = static_cast<std::uint16_t>(flag::read | flag::write |
                                                  flag::write_no_response | flag::notify);
    Database database;
    database.add_service(UUID{0x1801});
    database.add_characteristic(type::service_changed, flag::indicate, flag::indicate);
    database.add_client_configuration();
    database.add_client_features();
    database.add_characteristic(type::database_hash, flag::read, flag::read, Bytes::of("h"));
    database.user_attributes(true);
    for (int i = 0; i < values; ++i) {
        database.add_service(UUID{0x180d});
        database.add_characteristic(UUID{0x2a37}, static_cast<std::uint8_t>(flags), flags,
                                    Bytes::of("v"));
        if (i == 0) database.add_client_configuration();
    }
    database.seal();
    return database;
}

struct ChangingServer : att::Server {
    ChangingServer() : att::Server(table(1)) {}
    void change() { replace_database(table(++values_)); }
    void remove() { replace_database(table(--values_)); }
    Octets value() { return Octets{Bytes{attribute(Handle{11})->value}}; }

private:
    int values_ = 1;
};

constexpr ChangeAwareness aware = ChangeAwareness::aware;
constexpr ChangeAwareness unaware = ChangeAwareness::unaware;

/// A client that has asked for robust caching.
struct RobustPeer : ServerPeer {
    explicit RobustPeer(att::Server& tested) : ServerPeer(tested) {
        REQUIRE(send("12 06 00 01") == hex("13"));
        sent.clear();
    }
    void announce() {
        sent.clear();
        server.announce_change(ctx(), session);
        drain();
    }
};

/// Another bearer of a client.
struct SecondBearer {
    explicit SecondBearer(ServerPeer& of) : peer(of), session(of.server, of.client, bearer) {}
    ~SecondBearer() { peer.server.on_disconnected(peer.ctx(), session); }

    Octets send(std::string_view pdu) {
        peer.sent.clear();
        peer.server.receive(peer.ctx(), session, hex(pdu));
        peer.drain();
        REQUIRE(peer.sent.size() == 1);
        return peer.sent.front();
    }

    ServerPeer& peer;
    Bearer bearer{std::uint16_t{64}};
    ServerSession session;
};

}  // namespace

TEST_CASE("att server: after a change a robust client's next use of a handle is out of sync") {
    for (const char* request : {"0a 0b 00", "0c 0b 00 00 00", "0e 0b 00 0b 00", "20 0b 00 0b 00",
                                "12 0b 00 41", "16 0b 00 00 00 41", "08 01 00 0b 00 37 2a"}) {
        ChangingServer server;
        RobustPeer peer{server};
        server.change();
        CAPTURE(request);
        Octets out_of_sync = hex("01 00 00 00 12");
        out_of_sync[1] = hex(request)[0];
        CHECK(peer.send(request) == out_of_sync);
        CHECK(server.value() == text("v"));
        // Sent once: the next request shows that the client knows.
        CHECK(peer.send(request)[0] == hex(request)[0] + 1);
        CHECK(peer.client.awareness() == aware);
    }
}

TEST_CASE("att server: a client that is out of sync may discover and read the hash") {
    for (const char* request :
         {"10 01 00 ff ff 00 28", "06 01 00 ff ff 00 28 0d 18", "04 0a 00 0c 00",
          "08 09 00 ff ff 03 28", "08 01 00 ff ff 37 2a", "02 17 00", "18 00"}) {
        ChangingServer server;
        RobustPeer peer{server};
        server.change();
        CAPTURE(request);
        CHECK(peer.send(request)[0] == hex(request)[0] + 1);
        CHECK(peer.client.awareness() == unaware);
    }
}

TEST_CASE("att server: the request behind the hash makes a client aware") {
    ChangingServer server;
    RobustPeer peer{server};
    server.change();
    CHECK(peer.send("08 01 00 ff ff 2a 2b") == hex("09 03 08 00 68"));
    CHECK(peer.client.awareness() == ChangeAwareness::told);
    CHECK(peer.send("0a 0b 00") == hex("0b 76"));
    CHECK(peer.client.awareness() == aware);
}

TEST_CASE("att server: on several bearers a client is out of sync until it has read the hash") {
    ChangingServer server;
    RobustPeer peer{server};
    SecondBearer second{peer};
    server.change();
    CHECK(peer.send("0a 0b 00") == hex("01 0a 00 00 12"));
    // Sent before that was received, by handles of the former table; and once more.
    CHECK(second.send("0a 0b 00") == hex("01 0a 00 00 12"));
    CHECK(second.send("12 0b 00 41") == hex("01 12 00 00 12"));
    CHECK(peer.send("0a 0b 00") == hex("01 0a 00 00 12"));
    CHECK(server.value() == text("v"));
    CHECK(second.send("08 01 00 ff ff 2a 2b") == hex("09 03 08 00 68"));
    CHECK(peer.send("0a 0b 00") == hex("0b 76"));
    CHECK(second.send("0a 0b 00") == hex("0b 76"));
    CHECK(peer.client.awareness() == aware);
}

TEST_CASE("att server: on several bearers a confirmed Service Changed does not do") {
    ChangingServer server;
    RobustPeer peer{server};
    peer.send("12 04 00 02 00");
    SecondBearer second{peer};
    server.change();
    peer.announce();
    CHECK(peer.sent == std::vector<Octets>{hex("1d 03 00 0d 00 0f 00")});
    peer.send("1e");
    CHECK(peer.client.awareness() == unaware);
    CHECK(second.send("0a 0b 00") == hex("01 0a 00 00 12"));
}

TEST_CASE("att server: with one bearer left Database Out Of Sync tells enough again") {
    ChangingServer server;
    RobustPeer peer{server};
    server.change();
    {
        SecondBearer second{peer};
        CHECK(second.send("0a 0b 00") == hex("01 0a 00 00 12"));
    }
    CHECK(peer.send("0a 0b 00") == hex("01 0a 00 00 12"));
    CHECK(peer.send("0a 0b 00") == hex("0b 76"));
}

TEST_CASE("att server: a change between the hash and the next request is noticed") {
    ChangingServer server;
    RobustPeer peer{server};
    server.change();
    peer.send("08 01 00 ff ff 2a 2b");
    server.change();
    CHECK(peer.send("0a 0b 00") == hex("01 0a 00 00 12"));
}

TEST_CASE("att server: a confirmed Service Changed makes a client aware") {
    ChangingServer server;
    RobustPeer peer{server};
    peer.send("12 04 00 02 00");
    server.change();
    peer.announce();
    CHECK(peer.sent == std::vector<Octets>{hex("1d 03 00 0d 00 0f 00")});
    CHECK(peer.send("0a 0b 00") == hex("01 0a 00 00 12"));
    peer.send("1e");
    CHECK(peer.client.awareness() == aware);
    CHECK(peer.indications.empty());  // not the application's
    CHECK(peer.send("0a 0b 00") == hex("0b 76"));
}

TEST_CASE("att server: only the confirmation of the last change counts") {
    ChangingServer server;
    RobustPeer peer{server};
    peer.send("12 04 00 02 00");
    server.change();
    peer.announce();
    server.change();
    server.change();
    peer.announce();
    CHECK(peer.sent.empty());  // one indication at a time
    CHECK(peer.send("1e") == hex("1d 03 00 10 00 15 00"));
    CHECK(peer.client.awareness() == unaware);
    CHECK(peer.send("1e").empty());
    CHECK(peer.client.awareness() == aware);
}

TEST_CASE("att server: commands of a client that is out of sync are ignored") {
    ChangingServer server;
    RobustPeer peer{server};
    server.change();
    CHECK(peer.send("52 0b 00 41").empty());
    CHECK(server.value() == text("v"));
    CHECK(peer.send("0a 0b 00") == hex("01 0a 00 00 12"));
    peer.send("52 0b 00 41");  // it may have been sent before the error was received
    CHECK(server.value() == text("v"));
    peer.send("04 0a 00 0c 00");
    peer.send("52 0b 00 41");
    CHECK(server.value() == text("A"));
}

TEST_CASE("att server: a client that is out of sync gets Service Changed and nothing else") {
    ChangingServer server;
    RobustPeer peer{server};
    peer.send("12 0c 00 01 00");
    peer.send("12 04 00 02 00");
    REQUIRE_FALSE(server.indicate(peer.ctx(), peer.session, Handle{11}));
    REQUIRE_FALSE(server.indicate(peer.ctx(), peer.session, Handle{11}));
    peer.drain();
    server.change();
    peer.announce();
    CHECK(peer.sent.empty());
    CHECK(server.notify(peer.ctx(), peer.session, Handle{11}) == errc::try_again);
    CHECK(server.indicate(peer.ctx(), peer.session, Handle{11}) == errc::try_again);
    CHECK_FALSE(server.send_update(peer.ctx(), peer.session, Handle{11}));
    peer.drain();
    CHECK(peer.sent.empty());
    // Service Changed comes before the indication that waits, which then goes out.
    CHECK(peer.send("1e") == hex("1d 03 00 0d 00 0f 00"));
    CHECK(peer.send("1e") == hex("1d 0b 00 76"));
    CHECK_FALSE(server.notify(peer.ctx(), peer.session, Handle{11}));
    peer.drain();
    CHECK(peer.send("1e").empty());
    CHECK(peer.indications.size() == 2);
}

TEST_CASE("att server: a client without robust caching is not troubled by a change") {
    ChangingServer server;
    ServerPeer peer{server};
    server.change();
    CHECK(peer.send("0a 0b 00") == hex("0b 76"));
    CHECK(peer.send("12 0b 00 41") == hex("13"));
    CHECK_FALSE(server.notify(peer.ctx(), peer.session, Handle{11}));
    peer.drain();
    CHECK(peer.client.awareness() == unaware);
}

TEST_CASE("att server: indications of what has changed end when their turn comes") {
    ChangingServer server;
    server.change();
    ServerPeer peer{server};
    for (const Handle handle : {Handle{11}, Handle{15}, Handle{11}})
        REQUIRE_FALSE(server.indicate(peer.ctx(), peer.session, handle));
    peer.drain();
    server.remove();
    CHECK(peer.send("1e") == hex("1d 0b 00 76"));
    CHECK(peer.send("1e").empty());
    REQUIRE(peer.indications.size() == 3);
    CHECK(peer.indications[1].error == errc::try_again);
    CHECK_FALSE(peer.indications[2].error);
}

TEST_CASE("att server: Service Changed waits for a buffer") {
    ChangingServer server;
    ServerPeer peer{server, 2};
    peer.send("12 04 00 02 00");
    server.change();
    Buffer first = peer.pool.acquire();
    Buffer second = peer.pool.acquire();
    peer.sent.clear();
    server.announce_change(peer.ctx(), peer.session);
    peer.drain();
    CHECK(peer.sent.empty());
    first.reset();
    peer.advance(att::Server::buffer_retry);
    CHECK(peer.sent == std::vector<Octets>{hex("1d 03 00 0d 00 0f 00")});
    second.reset();
}

TEST_CASE("att server: fragments prepared for another table are not written to this one") {
    ChangingServer server;
    ServerPeer peer{server};
    peer.send("16 0b 00 00 00 41");
    server.change();
    CHECK(peer.send("18 01") == hex("01 18 00 00 0e"));
    CHECK(server.value() == text("v"));
    CHECK(peer.pool.available() == peer.pool.size());
}

TEST_CASE("att server: a client's features are its own, of one octet, and never taken back") {
    ChangingServer server;
    ServerPeer peer{server};
    ServerPeer other{server};
    CHECK(peer.send("0a 06 00") == hex("0b 00"));
    CHECK(peer.send("12 06 00") == hex("01 12 06 00 0d"));
    CHECK(peer.send("12 06 00 01 00") == hex("01 12 06 00 0d"));
    CHECK(peer.send("12 06 00 05") == hex("13"));
    CHECK(peer.send("12 06 00 04") == hex("01 12 06 00 13"));
    CHECK(peer.send("0a 06 00") == hex("0b 05"));
    CHECK(peer.send("12 06 00 ff") == hex("13"));  // bits of the future are not kept
    CHECK(peer.send("0a 06 00") == hex("0b 07"));
    CHECK(peer.send("0c 06 00 ff ff") == hex("01 0c 06 00 07"));
    CHECK(other.send("0a 06 00") == hex("0b 00"));
    CHECK(peer.written.empty());
}

TEST_CASE("att server: 128-bit forms of the types count as their 16-bit ones") {
    ChangingServer server;
    RobustPeer peer{server};
    server.change();
    CHECK(peer.send("08 09 00 ff ff fb 34 9b 5f 80 00 00 80 00 10 00 00 03 28 00 00")[0] == 0x09);
    CHECK(peer.send("08 01 00 ff ff fb 34 9b 5f 80 00 00 80 00 10 00 00 2a 2b 00 00") ==
          hex("09 03 08 00 68"));
    CHECK(peer.client.awareness() == ChangeAwareness::told);
}
