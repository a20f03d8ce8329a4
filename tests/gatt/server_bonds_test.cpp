// SPDX-License-Identifier: MIT
//
// What a server keeps of a bonded client while it is away.
#include <doctest/doctest.h>

#include "gatt/server.hpp"
#include "tests/att/server_peer.hpp"

using namespace bluetooth;
using namespace bluetooth::gatt;
using namespace bluetooth::test;
using bluetooth::att::ChangeAwareness;
using bluetooth::att::Handle;

namespace {

/// The measurement's CCCD is at 0x17, its value at 0x16.
std::vector<ServiceDefinition> heart_rate() { return {{UUID{0x180d}, {{UUID{0x2a37}, 0x12}}}}; }

std::vector<ServiceDefinition> another_service() {
    return {{UUID{0x180f}, {{UUID{0x2a19}, 0x12}}}};
}

}  // namespace

TEST_CASE("gatt server: a bonded client finds its subscriptions and features again") {
    Server server;
    REQUIRE(server.register_services(heart_rate()).has_value());
    ClientRecord record;
    {
        ServerPeer peer{server};
        peer.send("12 17 00 01 00");
        peer.send("12 0d 00 02 00");
        peer.send("12 0f 00 05");
        record = server.record(peer.client);
    }
    CHECK(record.configurations ==
          std::vector<ClientConfiguration>{{Handle{0x0d}, 2}, {Handle{0x17}, 1}});
    CHECK(record.features == 5);
    CHECK(record.table == server.hash());
    CHECK(record.aware);

    ServerPeer peer{server};
    CHECK(peer.send("0a 17 00") == hex("0b 00 00"));
    server.restore(peer.client, record);
    CHECK(peer.send("0a 17 00") == hex("0b 01 00"));
    CHECK(peer.send("0a 0d 00") == hex("0b 02 00"));
    CHECK(peer.send("0a 0f 00") == hex("0b 05"));
    CHECK(peer.client.awareness() == ChangeAwareness::aware);
    CHECK(server.record(peer.client) == record);
    server.announce_change(peer.ctx(), peer.session);
    peer.sent.clear();
    peer.drain();
    CHECK(peer.sent.empty());
}

TEST_CASE("gatt server: stored subscriptions to what is no CCCD are left out") {
    Server server;
    REQUIRE(server.register_services(heart_rate()).has_value());
    ServerPeer peer{server};
    server.restore(peer.client,
                   {{{Handle{0x16}, 1}, {Handle{0x17}, 1}, {Handle{0x7777}, 2}}, 0, server.hash()});
    CHECK(server.record(peer.client).configurations ==
          std::vector<ClientConfiguration>{{Handle{0x17}, 1}});
}

TEST_CASE("gatt server: a bonded client that comes back to another table is told so") {
    Server server;
    REQUIRE(server.register_services(heart_rate()).has_value());
    ClientRecord record;
    {
        ServerPeer peer{server};
        peer.send("12 17 00 01 00");
        peer.send("12 0d 00 02 00");
        record = server.record(peer.client);
    }
    REQUIRE(server.register_services(another_service()).has_value());
    ServerPeer peer{server};
    server.restore(peer.client, record);
    CHECK(peer.client.awareness() == ChangeAwareness::unaware);
    // The same handle is another value's CCCD now.
    CHECK(peer.send("0a 17 00") == hex("0b 00 00"));
    peer.sent.clear();
    server.announce_change(peer.ctx(), peer.session);
    peer.drain();
    CHECK(peer.sent == std::vector<Octets>{hex("1d 0c 00 01 00 ff ff")});
    CHECK_FALSE(server.record(peer.client).aware);
    peer.send("1e");
    CHECK(peer.client.awareness() == ChangeAwareness::aware);
    CHECK(server.record(peer.client).aware);
}

// Without robust caching and Service Changed nothing ever makes a client aware again.
TEST_CASE("gatt server: subscriptions are kept for a client that never learnt of a change, too") {
    Server server;
    REQUIRE(server.register_services(heart_rate()).has_value());
    ClientRecord record;
    {
        ServerPeer peer{server};
        REQUIRE(server.register_services(another_service()).has_value());
        CHECK(peer.send("12 17 00 01 00") == hex("13"));
        record = server.record(peer.client);
    }
    for (int connection = 0; connection < 2; ++connection) {
        ServerPeer peer{server};
        server.restore(peer.client, record);
        CHECK(peer.client.awareness() == ChangeAwareness::unaware);
        CHECK(peer.send("0a 17 00") == hex("0b 01 00"));
        record = server.record(peer.client);
    }
}
