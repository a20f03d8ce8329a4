// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/att/server_peer.hpp"

using namespace bluetooth;
using namespace bluetooth::att;
using namespace bluetooth::test;

TEST_CASE("att server: strict refuses what does not fit instead of cutting it") {
    HeartRateServer server;
    server.strict(true);
    ServerPeer peer{server};
    peer.send("02 05 02");
    Octets request = hex("12 03 00");
    request.resize(3 + 21, 0x41);
    CHECK(peer.send(Bytes{request}) == hex("01 12 03 00 0d"));
    request[0] = 0x52;
    CHECK(peer.send(Bytes{request}).empty());
    CHECK(peer.send("16 03 00 14 00 41") == hex("17 03 00 14 00 41"));
    CHECK(peer.send("18 01") == hex("01 18 03 00 07"));
    CHECK(server.value(3) == text("Hello"));
    server.attribute(Handle{3})->append = true;
    CHECK(peer.send("12 03 00 30 31 32 33 34 35 36 37 38 39 30 31 32 33 34 35") ==
          hex("01 12 03 00 11"));
    CHECK(server.value(3) == text("Hello"));
    const Octets value(515, 0x41);
    CHECK(server.notify(peer.ctx(), peer.session, Handle{5}, Bytes{value}) == errc::too_big);
    CHECK(server.indicate(peer.ctx(), peer.session, Handle{5}, Bytes{value}) == errc::too_big);
    CHECK_FALSE(server.notify(peer.ctx(), peer.session, Handle{5}, Bytes{value}.first(253)));
    peer.drain();
}
