// SPDX-License-Identifier: MIT
//
// Access by the link's security (Vol 3 Part C 10.3.1).
#include <doctest/doctest.h>

#include "tests/att/server_peer.hpp"

using namespace bluetooth;
using namespace bluetooth::att;
using namespace bluetooth::test;

namespace {

/// One characteristic at handle 3 (CCCD 4), one descriptor at handle 5, with these flags beside
/// read, write and notify.
Database protected_by(std::uint16_t flags) {
    const auto all = static_cast<std::uint16_t>(flag::read | flag::write | flag::write_no_response |
                                                flag::notify | flags);
    Database database;
    database.user_attributes(true);
    database.add_service(UUID{0x180d});
    database.add_characteristic(UUID{0x2a37}, static_cast<std::uint8_t>(all), all, Bytes::of("v"));
    database.add_client_configuration();
    database.add_descriptor(UUID{0x2901}, all, Bytes::of("d"));
    database.seal();
    return database;
}

constexpr LinkSecurity just_works{.encrypted = true, .key_size = 16};
constexpr LinkSecurity mitm{.encrypted = true, .authenticated = true, .key_size = 16};

}  // namespace

TEST_CASE("att server: an encrypted read or write needs encryption, and says what is missing") {
    att::Server server{protected_by(flag::read_encrypted | flag::write_encrypted)};
    ServerPeer peer{server};
    CHECK(peer.send("0a 03 00") == hex("01 0a 03 00 05"));
    CHECK(peer.send("0a 05 00") == hex("01 0a 05 00 05"));
    CHECK(peer.send("12 03 00 41") == hex("01 12 03 00 05"));
    CHECK(peer.send("12 05 00 41") == hex("01 12 05 00 05"));
    CHECK(peer.send("16 03 00 00 00 41") == hex("01 16 03 00 05"));
    CHECK(peer.send("52 03 00 41").empty());
    CHECK(peer.written.empty());
    peer.client.security = {.bonded = true};
    CHECK(peer.send("0a 03 00") == hex("01 0a 03 00 0f"));
    CHECK(peer.send("12 03 00 41") == hex("01 12 03 00 0f"));
    peer.client.security = {.encrypted = true, .key_size = 7};
    CHECK(peer.send("0a 03 00") == hex("01 0a 03 00 0c"));
    peer.client.security = just_works;
    CHECK(peer.send("0a 03 00") == hex("0b 76"));
    CHECK(peer.send("12 03 00 41") == hex("13"));
}

TEST_CASE("att server: the authentication flag alone asks for encryption too") {
    att::Server server{protected_by(flag::read_authenticated | flag::write_authenticated)};
    ServerPeer peer{server};
    CHECK(peer.send("0a 03 00") == hex("01 0a 03 00 05"));
    peer.client.security = {.authenticated = true};
    CHECK(peer.send("0a 03 00") == hex("01 0a 03 00 05"));
    CHECK(peer.send("12 03 00 41") == hex("01 12 03 00 05"));
    peer.client.security = just_works;
    CHECK(peer.send("0a 03 00") == hex("01 0a 03 00 05"));
    peer.client.security = mitm;
    CHECK(peer.send("0a 03 00") == hex("0b 76"));
    CHECK(peer.send("12 03 00 41") == hex("13"));
}

TEST_CASE("att server: authorization is the link's, or for reads the application's verdict") {
    att::Server server{protected_by(flag::read_authorized | flag::write_authorized)};
    ServerPeer peer{server};
    CHECK(peer.send("0a 03 00") == hex("01 0a 03 00 08"));
    CHECK(peer.send("12 03 00 41") == hex("01 12 03 00 08"));
    server.read_events(true);
    CHECK(peer.send("0a 03 00").empty());
    peer.answer_read();
    CHECK(peer.sent == std::vector<Octets>{hex("0b 76")});
    CHECK(peer.send("06 01 00 ff ff 37 2a 76") == hex("01 06 01 00 0a"));
    server.read_events(false);
    peer.client.security = {.authorized = true};
    CHECK(peer.send("0a 03 00") == hex("0b 76"));
    CHECK(peer.send("12 03 00 41") == hex("13"));
}

TEST_CASE("att server: who may not read a value may not subscribe to it") {
    att::Server server{protected_by(flag::read_encrypted)};
    ServerPeer peer{server};
    CHECK(peer.send("12 04 00 01 00") == hex("01 12 04 00 05"));
    CHECK(peer.send("0a 04 00") == hex("0b 00 00"));
    peer.client.security = just_works;
    CHECK(peer.send("12 04 00 01 00") == hex("13"));
}

TEST_CASE("att server: queued writes are checked again when they are executed") {
    att::Server server{protected_by(flag::write_encrypted)};
    ServerPeer peer{server};
    peer.client.security = just_works;
    peer.send("16 03 00 00 00 41");
    peer.client.security = {};
    CHECK(peer.send("18 01") == hex("01 18 03 00 05"));
    CHECK(peer.written.empty());
}
