// SPDX-License-Identifier: MIT
//
// What a broken or hostile client may send to the ATT server, the right answer, and that nothing
// has come of it.
#include <doctest/doctest.h>

#include <vector>

#include "tests/att/transcript.hpp"

using namespace bluetooth;
using namespace bluetooth::att;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

struct Attack {
    std::string_view name;
    Transcript transcript;
};

/// Everything is as it was before, and the client is served as any other.
void check_unharmed(HeartRateServer& server, ServerPeer& peer) {
    CHECK(values_of(server.database()) == values_of(heart_rate_database()));
    CHECK(peer.written.empty());
    CHECK(peer.subscriptions.empty());
    CHECK_FALSE(peer.closed.has_value());
    CHECK(peer.client.configuration(0) == 0);
    // One is being heard; of the places the last is for a request.
    CHECK(peer.session.dropped() == 0);
    peer.sent.clear();  // what `send` has returned
    Player{peer}.play({"> 18 01", "< 19", "> 0a 03 00", "< 0b 48 65 6c 6c 6f"});
    CHECK(values_of(server.database()) == values_of(heart_rate_database()));
    CHECK(peer.pool.available() == peer.pool.size());
}

void carry_out(const std::vector<Attack>& attacks) {
    for (const auto& [name, transcript] : attacks) {
        CAPTURE(name);
        HeartRateServer server;
        ServerPeer peer{server};
        Player{peer}.play(transcript);
        CHECK(peer.bearer.mtu() == default_mtu);
        check_unharmed(server, peer);
    }
}

}  // namespace

TEST_CASE("att server attacks: requests that are wrong in themselves") {
    carry_out({
        {"A02: an Rx MTU of 0", {"> 02 00 00", "< 03 00 01"}},
        {"A02: an Rx MTU of 22", {"> 02 16 00", "< 03 00 01"}},
        {"A03: half an MTU", {"> 02 17", "< 01 02 00 00 04"}},
        {"A03: an MTU and a half", {"> 02 17 00 ff", "< 01 02 00 00 04"}},
        {"A03: half a handle", {"> 0a 03", "< 01 0a 00 00 04"}},
        {"A03: half a range", {"> 08 01 00", "< 01 08 00 00 04"}},
        {"A03: an opcode and nothing else", {"> 02", "< 01 02 00 00 04",
                                             "> 04", "< 01 04 00 00 04",
                                             "> 06", "< 01 06 00 00 04",
                                             "> 08", "< 01 08 00 00 04",
                                             "> 0a", "< 01 0a 00 00 04",
                                             "> 0c", "< 01 0c 00 00 04",
                                             "> 0e", "< 01 0e 00 00 04",
                                             "> 10", "< 01 10 00 00 04",
                                             "> 12", "< 01 12 00 00 04",
                                             "> 16", "< 01 16 00 00 04",
                                             "> 18", "< 01 18 00 00 04",
                                             "> 20", "< 01 20 00 00 04",
                                             "> 52", "> d2"}},
        {"A05: ranges from 0",
         {"> 10 00 00 ff ff 00 28", "< 01 10 00 00 01", "> 04 00 00 00 00", "< 01 04 00 00 01"}},
        {"A05: ranges backwards",
         {"> 08 05 00 03 00 03 28", "< 01 08 05 00 01", "> 04 05 00 03 00", "< 01 04 05 00 01",
          "> 06 ff ff 01 00 00 28 0d 18", "< 01 06 ff ff 01"}},
        {"A05: the last handle of all does not wrap around",
         {"> 04 ff ff ff ff", "< 01 04 ff ff 0a", "> 10 ff ff ff ff 00 28", "< 01 10 ff ff 0a",
          "> 08 ff ff ff ff 03 28", "< 01 08 ff ff 0a"}},
        {"A06: types of 1, 3, 4, 15 and 17 octets",
         {"> 08 01 00 ff ff 00", "< 01 08 00 00 04", "> 08 01 00 ff ff 00 28 00",
          "< 01 08 00 00 04", "> 10 01 00 ff ff 00 28 00 00", "< 01 10 00 00 04",
          "> 08 01 00 ff ff 00*15", "< 01 08 00 00 04", "> 10 01 00 ff ff 00*17",
          "< 01 10 00 00 04"}},
        {"A07: groups that are none",
         {"> 10 01 00 ff ff 03 28", "< 01 10 01 00 10", "> 10 01 00 ff ff 02 29",
          "< 01 10 01 00 10"}},
        {"A19: an unknown request", {"> bf 00", "< 01 bf 00 00 06", "> 2a", "< 01 2a 00 00 06"}},
        {"A19: an unknown command, also with the bit of a signature", {"> 7f 00", "> ff 00"}},
        {"opcodes 0x00 and 0x3f", {"> 00", "< 01 00 00 00 06", "> 3f 01 02", "< 01 3f 00 00 06"}},
        {"Find By Type Value with a value of odd length, longer and shorter than any, and none",
         {"> 06 01 00 ff ff 00 28 0d 18 00", "< 01 06 01 00 0a", "> 06 01 00 ff ff 00 28 0d",
          "< 01 06 01 00 0a", "> 06 01 00 ff ff 00 28", "< 01 06 01 00 0a",
          "> 06 01 00 ff ff 00 28 aa*16", "< 01 06 01 00 0a"}},
        {"requests longer than ATT_MTU",
         {"> 12 03 00 aa*21", "< 01 12 00 00 04", "> 0e 03 00*22", "< 01 0e 00 00 04",
          "> 0a 03 00 aa*600", "< 01 0a 00 00 04", "> 52 03 00 aa*21"}},
        {"Read Multiple with no, one, half a handle, and with handle 0",
         {"> 0e 03 00", "< 01 0e 00 00 04", "> 20 03 00", "< 01 20 00 00 04", "> 0e 03 00 05",
          "< 01 0e 00 00 04", "> 20 03 00 05 00 07", "< 01 20 00 00 04", "> 0e 00 00 03 00",
          "< 01 0e 00 00 01"}},
    });
}

TEST_CASE("att server attacks: reads of what is not there or not for everybody") {
    carry_out({
        {"A14: a blob from 0xffff, of anything",
         {"> 0c 03 00 ff ff", "< 01 0c 03 00 07", "> 0c 06 00 ff ff", "< 01 0c 06 00 07",
          "> 0c 01 00 ff ff", "< 01 0c 01 00 07", "> 0c 07 00 05 00", "< 01 0c 07 00 07"}},
        {"A14: the length of a write-only value is not told either",
         {"> 0c 09 00 ff ff", "< 01 0c 09 00 02"}},
        {"A16: Read By Type that begins with a protected value",
         {"> 08 01 00 ff ff 3b 2a", "< 01 08 0e 00 05", "> 08 01 00 ff ff 3a 2a",
          "< 01 08 09 00 02"}},
        {"a protected value among others in Read Multiple gives none of them away",
         {"> 0e 03 00 0e 00", "< 01 0e 0e 00 05", "> 20 0e 00 03 00", "< 01 20 0e 00 05"}},
        {"the value of a protected attribute is not guessed by Find By Type Value",
         {"> 06 01 00 ff ff 3b 2a 45", "< 01 06 01 00 0a"}},
        {"the same handle as often as the PDU holds",
         {"> 0e 03 00 03 00 03 00 03 00 03 00 03 00 03 00 03 00 03 00 03 00 03 00",
          "< 0f 48 65 6c 6c 6f 48 65 6c 6c 6f 48 65 6c 6c 6f 48 65 6c 6c 6f 48 65"}},
    });
}

TEST_CASE("att server attacks: writes that must not be") {
    carry_out({
        {"A10: offsets behind the largest value, and those that would wrap around",
         {"> 16 03 00 00 02 aa", "< 17 03 00 00 02 aa", "> 18 01", "< 01 18 03 00 07",
          "> 16 03 00 ff ff aa", "< 17 03 00 ff ff aa", "> 18 01", "< 01 18 03 00 07"}},
        {"A10: one bad offset among good ones",
         {"> 16 03 00 00 00 41", "< 17 03 00 00 00 41", "> 16 09 00 00 00 42",
          "< 17 09 00 00 00 42", "> 16 03 00 03 00 43", "< 17 03 00 03 00 43", "> 18 01",
          "< 01 18 03 00 07"}},
        {"A11: Execute Write with flags that do not exist",
         {"> 18 02", "< 01 18 00 00 04", "> 18 ff", "< 01 18 00 00 04", "> 18", "< 01 18 00 00 04",
          "> 18 01 01", "< 01 18 00 00 04"}},
        {"A11: Execute Write of an empty queue", {"> 18 01", "< 19", "> 18 00", "< 19"}},
        {"Execute Write with flags that do not exist keeps the queue, to be cancelled",
         {"> 16 03 00 00 00 41", "< 17 03 00 00 00 41", "> 18 02", "< 01 18 00 00 04", "> 18 00",
          "< 19"}},
        {"A13: a CCCD of 0, 1, 3 and 18 octets",
         {"> 12 06 00", "< 01 12 06 00 0d", "> 12 06 00 01", "< 01 12 06 00 0d",
          "> 12 06 00 01 00 00", "< 01 12 06 00 0d", "> 12 06 00 ff*18", "< 01 12 06 00 0d",
          "> 52 06 00 ff*18"}},
        {"a CCCD with bits that mean nothing",
         {"> 12 06 00 04 00", "< 01 12 06 00 06", "> 12 06 00 01 80", "< 01 12 06 00 06",
          "> 52 06 00 ff ff"}},
        {"a CCCD put together of queued parts that are too many, or one",
         {"> 16 06 00 00 00 01 00 00", "< 17 06 00 00 00 01 00 00", "> 18 01", "< 01 18 06 00 0d",
          "> 16 06 00 00 00 04", "< 17 06 00 00 00 04", "> 16 06 00 01 00 00",
          "< 17 06 00 01 00 00", "> 18 01", "< 01 18 06 00 06"}},
        {"writes of declarations, of what is read only, and of no attribute",
         {"> 12 01 00 aa", "< 01 12 01 00 03", "> 12 02 00 aa", "< 01 12 02 00 03", "> 12 05 00 aa",
          "< 01 12 05 00 03", "> 12 00 00 aa", "< 01 12 00 00 01", "> 12 ff ff aa",
          "< 01 12 ff ff 01", "> 16 00 00 00 00 aa", "< 01 16 00 00 01", "> 52 01 00 aa",
          "> 52 00 00 aa", "> 52 09 00 aa"}},
        {"a write without response may not take the way of one with",
         {"> 12 10 00 aa", "< 01 12 10 00 03"}},
    });
}

TEST_CASE("att server attacks: confirmations without an indication") {
    carry_out({
        {"A20: out of nothing", {"> 1e"}},
        {"A20: with a body", {"> 1e 00 01 02"}},
        {"one with a body does not confirm, a second one does not confirm twice",
         {"! indicate 05 00", "< 1d 05 00 06 48", "> 1e 00", "! indicate 05 00 41", "> 1e",
          "< 1d 05 00 41", "> 1e", "> 1e"}},
        {"requests and commands while an indication is on the air are served",
         {"! indicate 05 00", "< 1d 05 00 06 48", "> 0a 05 00", "< 0b 06 48", "> 04 11 00 ff ff",
          "< 01 04 11 00 0a", "> 1e"}},
    });
}

TEST_CASE("att server attacks: A01: a second request before the first is answered") {
    HeartRateServer server;
    ServerPeer peer{server};
    SUBCASE("is answered behind it") {
        peer.server.receive(peer.ctx(), peer.session, hex("0a 03 00"));
        peer.server.receive(peer.ctx(), peer.session, hex("0a 05 00"));
        peer.drain();
        CHECK(peer.sent == std::vector<Octets>{hex("0b 48 65 6c 6c 6f"), hex("0b 06 48")});
        peer.sent.clear();
    }
    SUBCASE("waits as long as the application takes for the first") {
        server.read_events(true);
        Player{peer}.play({"> 0a 03 00", "> 0a 05 00", "! grant", "< 0b 48 65 6c 6c 6f", "! grant",
                           "< 0b 06 48"});
        server.read_events(false);
    }
    check_unharmed(server, peer);
}

TEST_CASE("att server attacks: A04: the MTU of an enhanced bearer cannot be exchanged") {
    HeartRateServer server;
    ServerPeer peer{server};
    peer.bearer = Bearer{std::uint16_t{64}};
    Player{peer}.play({"> 02 17 00", "< 01 02 00 00 06", "> 02 00 02", "< 01 02 00 00 06"});
    CHECK(peer.bearer.mtu() == 64);
    CHECK(peer.mtus.empty());
    check_unharmed(server, peer);
}

TEST_CASE("att server attacks: A09: a prepare queue without end is full at its limit") {
    HeartRateServer server;
    ServerPeer peer{server};
    int queued = 0;
    for (unsigned i = 0; i < 1000; ++i) {
        Octets request = hex(i % 2 == 0 ? "16 03 00 00 00 41" : "16 09 00 00 00 42");
        request[3] = static_cast<std::uint8_t>(i);
        const Octets response = peer.send(Bytes{request});
        queued += response.front() == 0x17 ? 1 : 0;
        if (response.front() != 0x17) CHECK(response.back() == 0x09);
    }
    CHECK(queued == 64);
    SUBCASE("until it is cancelled") { CHECK(peer.send("18 00") == hex("19")); }
    SUBCASE("until it is carried out, where it fails as a whole") {
        CHECK(peer.send("18 01") == hex("01 18 03 00 07"));
    }
    SUBCASE("until it was left alone for long, which the client is told") {
        peer.advance(30s);
        CHECK(peer.send("18 01") == hex("01 18 00 00 0e"));
    }
    check_unharmed(server, peer);
}

TEST_CASE("att server attacks: writes of more than 512 octets at the largest MTU") {
    HeartRateServer server;
    server.set_rx_mtu(517);
    ServerPeer peer{server};
    Player{peer}.play({"> 02 05 02", "< 03 05 02", "> 12 03 00 aa*513", "< 01 12 03 00 0d",
                       "> 12 03 00 aa*514", "< 01 12 03 00 0d", "> 52 03 00 aa*514",
                       "> 12 03 00 aa*515", "< 01 12 00 00 04", "> 16 03 00 00 00 aa*512",
                       "< 17 03 00 00 00 aa*512", "> 16 03 00 00 02 aa", "< 17 03 00 00 02 aa",
                       "> 18 01", "< 01 18 03 00 0d"});
    check_unharmed(server, peer);
}

TEST_CASE("att server attacks: A13: Client Supported Features are one octet and never shrink") {
    Database database;
    database.add_service(UUID{0x1801});
    REQUIRE(database.add_client_features() == Handle{3});
    database.seal();
    att::Server server{std::move(database)};
    ServerPeer peer{server};
    Player{peer}.play({"> 12 03 00 ff*20",
                       "< 01 12 03 00 0d",
                       "> 12 03 00",
                       "< 01 12 03 00 0d",
                       "> 12 03 00 04",
                       "< 13",
                       "> 12 03 00 03",
                       "< 01 12 03 00 13",
                       "> 12 03 00 00",
                       "< 01 12 03 00 13",
                       "> 16 03 00 00 00 00",
                       "< 17 03 00 00 00 00",
                       "> 18 01",
                       "< 01 18 03 00 13",
                       "> 16 03 00 01 00 ff",
                       "< 17 03 00 01 00 ff",
                       "> 18 01",
                       "< 01 18 03 00 0d",
                       "> 0c 03 00 ff ff",
                       "< 01 0c 03 00 07",
                       "> 0a 03 00",
                       "< 0b 04"});
}

TEST_CASE("att server attacks: A17: each security flag is enough by itself") {
    struct {
        int flags;
        LinkSecurity enough;
        std::string_view refusal;
    } const cases[] = {
        {flag::read_encrypted, {.encrypted = true, .key_size = 16}, "< 01 0a 03 00 05"},
        {flag::read_authenticated,
         {.encrypted = true, .authenticated = true, .key_size = 16},
         "< 01 0a 03 00 05"},
        {flag::read_authorized, {.authorized = true}, "< 01 0a 03 00 08"},
    };
    for (const auto& [flags, enough, refusal] : cases) {
        CAPTURE(flags);
        Database database;
        database.add_service(UUID{0x180d});
        database.add_characteristic(UUID{0x2a37}, flag::read,
                                    static_cast<std::uint16_t>(flag::read | flags), hex("76"));
        database.seal();
        att::Server server{std::move(database)};
        ServerPeer peer{server};
        Player{peer}.play({"> 0a 03 00", refusal});
        peer.client.security = enough;
        Player{peer}.play({"> 0a 03 00", "< 0b 76"});
    }
}

TEST_CASE("att server attacks: A23: a flood of commands meets a bound, and then life goes on") {
    HeartRateServer server;
    ServerPeer peer{server};
    peer.answer_writes_at_once = false;
    for (int i = 0; i < 10'000; ++i) CHECK(peer.send("52 03 00 48 65 6c 6c 6f").empty());
    CHECK(peer.pool.size() - peer.pool.available() <= server.limits().waiting_pdus);
    // One is being heard; of the places the last is for a request.
    CHECK(peer.session.dropped() == 10'000 - server.limits().waiting_pdus);
    while (!peer.writes.empty()) peer.answer_write();
    CHECK(peer.written.size() == server.limits().waiting_pdus);
    CHECK(peer.pool.available() == peer.pool.size());
    CHECK(peer.send("0a 03 00") == hex("0b 48 65 6c 6c 6f"));
}

TEST_CASE("att server attacks: A24: a long value in Read By Type is cut at ATT_MTU, then at 253") {
    HeartRateServer server;
    server.set_rx_mtu(517);
    ServerPeer peer{server};
    server.attribute(Handle{3})->value.assign(300, 0xaa);
    Player{peer}.play({"> 08 01 00 ff ff 39 2a", "< 09 15 | 03 00 aa*19", "> 02 64 00",
                       "< 03 05 02", "> 08 01 00 ff ff 39 2a", "< 09 62 | 03 00 aa*96"});
    ServerPeer other{server};
    Player{other}.play(
        {"> 02 05 02", "< 03 05 02", "> 08 01 00 ff ff 39 2a", "< 09 ff | 03 00 aa*253"});
}

TEST_CASE("att server attacks: what only servers send is not for the server") {
    // Vol 3 Part F 3.4.8. Should it come by all the same, it is a request that nobody knows.
    for (const unsigned opcode : {0x01u, 0x03u, 0x0bu, 0x13u, 0x17u, 0x19u, 0x1bu, 0x1du, 0x23u}) {
        CAPTURE(opcode);
        HeartRateServer server;
        ServerPeer peer{server};
        const Octets pdu{static_cast<std::uint8_t>(opcode), 0x03, 0x00, 0x41};
        CHECK(route(pdu) == Destination::client);
        const Octets refusal{0x01, static_cast<std::uint8_t>(opcode), 0x00, 0x00, 0x06};
        CHECK(peer.send(Bytes{pdu}) == refusal);
        check_unharmed(server, peer);
    }
}

TEST_CASE("att server attacks: a write that comes in the middle of a read does not change it") {
    HeartRateServer server;
    server.read_events(true);
    ServerPeer peer{server};
    Player{peer}.play({"> 0a 03 00", "> 52 03 00 41", "! grant", "< 0b 48 65 6c 6c 6f"});
    CHECK(server.value(3) == text("A"));
}
