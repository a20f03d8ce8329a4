// SPDX-License-Identifier: MIT
//
// After a transaction has timed out nothing more is sent on that bearer (Vol 3 Part F 3.3.3).
#include <doctest/doctest.h>

#include "tests/att/server_peer.hpp"

using namespace bluetooth;
using namespace bluetooth::att;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

/// Service Changed at 3 (CCCD 4) and `values` values behind it, the first at 7.
Database table(int values) {
    Database database;
    database.add_service(UUID{0x1801});
    database.add_characteristic(type::service_changed, flag::indicate, flag::indicate);
    database.add_client_configuration();
    database.user_attributes(true);
    database.add_service(UUID{0x180d});
    for (int i = 0; i < values; ++i)
        database.add_characteristic(UUID{0x2a37}, 0x22, flag::read | flag::indicate,
                                    Bytes::of("v"));
    database.seal();
    return database;
}

struct ChangingServer : att::Server {
    ChangingServer() : att::Server(table(1)) {}
    void change() { replace_database(table(++values_)); }

private:
    int values_ = 1;
};

}  // namespace

TEST_CASE("att server: a bearer without confirmation is closed once, and silent from then on") {
    ChangingServer server;
    ServerPeer peer{server};
    peer.send("12 04 00 02 00");
    REQUIRE_FALSE(server.indicate(peer.ctx(), peer.session, Handle{7}));
    peer.drain();
    server.change();
    server.announce_change(peer.ctx(), peer.session);
    peer.advance(30s);
    CHECK(peer.closed == make_error(errc::timed_out));
    CHECK(peer.sent.empty());
    peer.closed.reset();
    peer.advance(60s);
    CHECK_FALSE(peer.closed.has_value());
    server.announce_change(peer.ctx(), peer.session);
    CHECK(peer.send("1e").empty());
    CHECK(server.indicate(peer.ctx(), peer.session, Handle{7}) == errc::not_connected);
    CHECK(server.notify(peer.ctx(), peer.session, Handle{7}) == errc::not_connected);
    CHECK_FALSE(server.send_update(peer.ctx(), peer.session, Handle{7}));  // to whom it may concern
}

TEST_CASE("att server: answers of the application are not sent on a bearer that was closed") {
    HeartRateServer server;
    server.read_events(true);
    ServerPeer peer{server};
    peer.send("0a 03 00");
    REQUIRE(peer.reads.size() == 1);
    peer.bearer.close();  // by the client side of the same bearer
    peer.sent.clear();
    peer.answer_read();
    CHECK(peer.sent.empty());
}

TEST_CASE("att server: Service Changed that its bearer did not bring is told on another one") {
    ChangingServer server;
    ServerPeer peer{server};
    peer.send("12 04 00 02 00");
    server.change();
    Bearer bearer{100};
    {
        ServerSession enhanced{server, peer.client, bearer};
        server.announce_change(peer.ctx(), enhanced);
        peer.sent.clear();
        peer.drain();
        CHECK(peer.sent == std::vector<Octets>{hex("1d 03 00 05 00 09 00")});
        server.on_disconnected(peer.ctx(), enhanced);
    }
    peer.sent.clear();
    server.announce_change(peer.ctx(), peer.session);
    peer.drain();
    CHECK(peer.sent == std::vector<Octets>{hex("1d 03 00 05 00 09 00")});
    CHECK(peer.indications.empty());
}
