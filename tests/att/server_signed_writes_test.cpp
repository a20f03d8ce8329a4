// SPDX-License-Identifier: MIT
//
// Signed Write Commands (Vol 3 Part F 3.4.5.4, Part H 2.4.5), of which only those are heeded that
// their client has just made.
#include <doctest/doctest.h>

#include <utility>

#include "att/signing.hpp"
#include "tests/att/server_peer.hpp"

using namespace bluetooth;
using namespace bluetooth::att;
using namespace bluetooth::test;

namespace {

/// K of RFC 4493, section 4.
const crypto::Key csrk{{0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88,
                        0x09, 0xcf, 0x4f, 0x3c}};

/// One value, at handle 3, for Signed Write Commands, and one, at handle 5, not for them.
struct SignedServer : att::Server {
    SignedServer() : att::Server{table()} {}
    Octets value(std::uint16_t handle = 3) const {
        return Octets{Bytes{database().find(Handle{handle})->value}};
    }

private:
    static Database table() {
        constexpr std::uint16_t flags = flag::read | flag::authenticated_signed_write;
        Database database;
        database.user_attributes(true);
        database.add_service(UUID{0x1812});
        database.add_characteristic(UUID{0x2a4d}, flags, flags, Bytes::of("v"));
        database.add_characteristic(UUID{0x2a4e}, 0x0e, 0x0e, Bytes::of("w"));
        database.seal();
        return database;
    }
};

struct SignedPeer : ServerPeer {
    explicit SignedPeer(att::Server& tested) : ServerPeer(tested) {
        client.signing_key = SigningKey{.csrk = csrk};
    }
};

// Made with `openssl mac`: handle 3, the values 'A', 'B', 'C' and 'D', the counters 1, 9, 5 and 9.
constexpr const char* signed_a_1 = "d2 03 00 41 | 01 00 00 00 | b9 53 ad 02 76 88 db e9";
constexpr const char* signed_b_9 = "d2 03 00 42 | 09 00 00 00 | 96 49 26 ed 27 17 2a 27";
constexpr const char* signed_c_5 = "d2 03 00 43 | 05 00 00 00 | 2e 73 35 05 7d df 7b b9";
constexpr const char* signed_d_9 = "d2 03 00 44 | 09 00 00 00 | 66 8b b5 ca 9e f8 d0 ac";

}  // namespace

TEST_CASE("att server attacks: A21: a Signed Write Command is heeded once, and in its order") {
    SignedServer server;
    SignedPeer peer{server};
    CHECK(peer.send(signed_a_1).empty());
    CHECK(server.value() == text("A"));
    SUBCASE("replayed") { CHECK(peer.send(signed_a_1).empty()); }
    SUBCASE("with a lower counter, however right its signature is") {
        CHECK(peer.send(signed_b_9).empty());
        CHECK(server.value() == text("B"));
        CHECK(peer.send(signed_c_5).empty());
        CHECK(server.value() == text("B"));
        CHECK(peer.send(signed_d_9).empty());
        CHECK(server.value() == text("B"));
        CHECK(peer.client.signing_key->next_counter == 10);
        return;
    }
    SUBCASE("with any bit changed") {
        const Octets right = hex(signed_b_9);
        for (std::size_t bit = 8; bit < 8 * right.size(); ++bit) {
            Octets wrong = right;
            wrong[bit / 8] = static_cast<std::uint8_t>(wrong[bit / 8] ^ 1u << bit % 8);
            CHECK(peer.send(Bytes{wrong}).empty());
        }
    }
    SUBCASE("with less than a signature") {
        const Octets right = hex(signed_b_9);
        for (std::size_t size = 1; size < right.size(); ++size)
            CHECK(peer.send(Bytes{right}.first(size)).empty());
    }
    SUBCASE("on an encrypted link") {
        peer.client.security = {.encrypted = true, .key_size = 16};
        CHECK(peer.send(signed_b_9).empty());
    }
    SUBCASE("without a key") {
        peer.client.signing_key.reset();
        CHECK(peer.send(signed_b_9).empty());
    }
    CHECK(server.value() == text("A"));
    CHECK(peer.written == std::vector{Handle{3}});
    CHECK(peer.send("0a 03 00") == hex("0b 41"));
}

TEST_CASE("att server attacks: A21: what may be written unsigned may not be written signed") {
    SignedServer server;
    SignedPeer peer{server};
    CHECK(peer.send("d2 05 00 41 | 00 00 00 00 | d7 0f 7d 76 75 52 fa e0").empty());
    CHECK(server.value(5) == text("w"));
    CHECK(peer.send("52 03 00 41").empty());
    CHECK(peer.send("12 03 00 41") == hex("01 12 03 00 03"));
    CHECK(server.value(3) == text("v"));
    CHECK(peer.written.empty());
}

TEST_CASE("att server attacks: A21: a used up counter is not taken for a new one") {
    SignedServer server;
    SignedPeer peer{server};
    peer.client.signing_key->next_counter = std::uint64_t{1} << 32;
    CHECK(peer.send(signed_a_1).empty());
    CHECK(server.value() == text("v"));
}

TEST_CASE("att server: a signature does not stand for the encryption that a value asks for") {
    Database table;
    table.add_service(UUID{0x1812});
    table.add_characteristic(UUID{0x2a4d}, 0x42,
                             flag::read | flag::authenticated_signed_write | flag::write_encrypted);
    table.seal();
    att::Server server{std::move(table)};
    SignedPeer peer{server};
    Octets pdu = hex("d2 03 00 41");
    const Signature signature = sign(csrk, 1, pdu);
    pdu.insert(pdu.end(), signature.begin(), signature.end());
    CHECK(peer.send(Bytes{pdu}).empty());
    CHECK(peer.send("0a 03 00") == hex("0b"));
}

TEST_CASE("att server: a signed write that is ignored for being out of sync cannot be replayed") {
    SignedServer server;
    SignedPeer peer{server};
    peer.client.set_features(client_feature::robust_caching);
    peer.client.table_changed({first_handle, last_handle});
    CHECK(peer.send(signed_a_1).empty());
    CHECK(server.value() == text("v"));
    peer.send("0a 03 00");
    CHECK(peer.send("0a 03 00") == hex("0b 76"));
    CHECK(peer.send(signed_a_1).empty());
    CHECK(server.value() == text("v"));
}
