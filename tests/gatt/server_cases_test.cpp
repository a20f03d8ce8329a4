// SPDX-License-Identifier: MIT
//
// Our own conformance cases for the server, and the proof that nothing is left out of them.
#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <ranges>
#include <set>
#include <string>

#include "tests/gatt/server_cases_reading.hpp"
#include "tests/gatt/server_cases_writing.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using att::Database;
using att::Handle;
namespace flag = att::flag;

namespace {

UUID uuid128(std::string_view octets) { return *UUID::from_bytes(Bytes{counted_hex(octets)}); }

/// Adds a characteristic whose value gets this handle.
void add(Database& database, std::uint16_t handle, const UUID& uuid, int flags,
         std::string_view value, std::uint8_t min_key_size = 0) {
    database.continue_at(Handle{static_cast<std::uint16_t>(handle - 1)});
    database.add_characteristic(uuid, static_cast<std::uint8_t>(flags),
                                static_cast<std::uint16_t>(flags), Bytes{counted_hex(value)},
                                min_key_size);
}

/// The table of all cases. Handles stand where they matter, on both sides of a gap.
Database table(bool with_last_service = true) {
    constexpr int encrypted = flag::read_encrypted | flag::write_encrypted;
    constexpr int authenticated = flag::read_authenticated | flag::write_authenticated;
    constexpr int authorized = flag::read_authorized | flag::write_authorized;
    constexpr int read_write = flag::read | flag::write;
    Database database;
    database.add_service(UUID{0x1801});                           // 0001
    add(database, 0x0003, UUID{0x2a05}, flag::indicate, "00*4");  // Service Changed
    database.add_client_configuration();                          // 0004
    database.add_client_features();                               // 0006
    add(database, 0x0008, UUID{0x2b2a}, flag::read, "00..0f");    // Database Hash

    database.user_attributes(true);
    database.continue_at(Handle{0x0010});
    database.add_service(UUID{0x180d});
    database.add_include({Handle{0x0050}, Handle{0x0053}}, UUID{0x180f});
    database.add_include({Handle{0x0060}, Handle{0x0062}}, uuid128("40..4f"));
    add(database, 0x0014, UUID{0x2a37}, flag::read | flag::notify | flag::indicate, "06 48");
    database.add_client_configuration();                                             // 0015
    database.add_descriptor(UUID{0x2901}, flag::read, Bytes::of("Rate"));            // 0016
    database.add_descriptor(UUID{0x2904}, flag::read, hex("04 00 ad 27 01 00 00"));  // 0017
    add(database, 0x0019, UUID{0x2a39}, read_write | flag::write_no_response, "01 02 03");

    database.continue_at(Handle{0x0020});
    database.add_service(uuid128("10..1f"));
    add(database, 0x0022, uuid128("20..2f"), read_write | flag::reliable_write, "00..ff 00..ff");
    database.add_extended_properties(hex("01 00"));  // 0023
    add(database, 0x0025, uuid128("30..3f"), flag::write, "53");
    add(database, 0x0027, UUID{0x2a38}, flag::read, "");
    add(database, 0x0029, UUID{0x2a38}, flag::read, "40..67");
    add(database, 0x002b, UUID{0x2a98}, flag::read | flag::authenticated_signed_write, "00");
    add(database, 0x002d, UUID{0x2a99}, read_write, "61*18");

    database.continue_at(Handle{0x0030});
    database.add_service(UUID{0x1812});
    add(database, 0x0032, UUID{0x2a4d}, flag::read, "70");
    add(database, 0x0034, UUID{0x2a4d}, read_write | encrypted, "65");
    add(database, 0x0036, UUID{0x2a4d}, read_write | authenticated, "61");
    add(database, 0x0038, UUID{0x2a4e}, read_write | authorized, "7a");
    add(database, 0x003a, UUID{0x2a4c}, flag::write_no_response | flag::write_encrypted, "");
    database.add_descriptor(UUID{0x2901}, read_write | encrypted, Bytes::of("d"));  // 003b
    add(database, 0x003d, UUID{0x2a22}, flag::read | flag::read_encrypted, "6b", 7);

    database.continue_at(Handle{0x0050});
    database.add_service(UUID{0x180f}, att::type::secondary_service);
    add(database, 0x0052, UUID{0x2a19}, flag::read | flag::notify, "64");
    database.add_client_configuration();  // 0053

    database.continue_at(Handle{0x0060});
    database.add_service(uuid128("40..4f"), att::type::secondary_service);
    add(database, 0x0062, uuid128("50..5f"), flag::read, "21");

    if (with_last_service) {
        database.continue_at(Handle{0xfffd});
        database.add_service(UUID{0x1805});
        add(database, 0xffff, UUID{0x2a2b}, flag::read, "e8 07");
    }
    database.seal();
    database.find(Handle{0x002d})->append = true;
    return database;
}

/// K of RFC 4493, section 4.
const crypto::Key rfc4493_key{{0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15,
                               0x88, 0x09, 0xcf, 0x4f, 0x3c}};

struct CaseServer : att::Server {
    CaseServer() : att::Server{table(), {.prepared_fragments = 4}} { set_rx_mtu(517); }
    using att::Server::replace_database;
};

/// Plays the first lines of a case, all by default.
void play(const ServerCase& test, std::size_t lines = SIZE_MAX) {
    CAPTURE(test.name);
    CaseServer server;
    server.read_events(test.given.application_asked);
    server.strict(test.given.strict);
    ServerPeer peer{server};
    if (test.given.enhanced_mtu != 0) peer.bearer = att::Bearer{test.given.enhanced_mtu};
    peer.client.security = test.given.security;
    if (test.given.signing_key) peer.client.signing_key = att::SigningKey{.csrk = rfc4493_key};
    Player player{peer, [&] {
                      REQUIRE(server.replace_database(table(false)).has_value());
                      server.announce_change(peer.ctx(), peer.session);
                  }};
    if (lines >= test.transcript.size()) return player.play(test.transcript);
    for (const std::string_view line : test.transcript | std::views::take(lines))
        player.play_line(line);
}

std::vector<ServerCase> all_cases() {
    std::vector<ServerCase> all = reading_cases;
    std::ranges::copy(writing_cases, std::back_inserter(all));
    return all;
}

/// What the lines of all cases hold.
struct Coverage {
    std::set<unsigned> received, sent, errors;
    std::map<unsigned, std::set<unsigned>> errors_by_request;
    std::set<unsigned> answered;  // requests that were also fulfilled

    Coverage() {
        for (const ServerCase& test : all_cases()) {
            unsigned request = 0;
            for (const std::string_view line : test.transcript) {
                if (line.front() == '!') continue;
                const Octets pdu = counted_hex(line.substr(1));
                if (line.front() == '>') {
                    received.insert(request = pdu.at(0));
                } else {
                    sent.insert(pdu.at(0));
                    if (pdu.at(0) == request + 1) answered.insert(request);
                    if (pdu.at(0) != 0x01) continue;
                    CHECK(pdu.size() == 5);
                    errors.insert(pdu.at(4));
                    errors_by_request[pdu.at(1)].insert(pdu.at(4));
                }
            }
        }
    }
};

}  // namespace

TEST_CASE("gatt server: our own conformance cases get the answers of the specification") {
    for (const ServerCase& test : all_cases()) play(test);
}

TEST_CASE("gatt server: cut off after any step of a case, it gives everything back") {
    for (const ServerCase& test : all_cases())
        for (std::size_t lines = 0; lines < test.transcript.size(); ++lines) play(test, lines);
}

TEST_CASE("gatt server: our cases hold every PDU that a server receives or sends") {
    // Vol 3 Part F 3.4.8, Table 3.43; what is beside it is unassigned.
    const std::set<unsigned> requests{0x02, 0x04, 0x06, 0x08, 0x0a, 0x0c,
                                      0x0e, 0x10, 0x12, 0x16, 0x18, 0x20};
    const std::set<unsigned> others_received{0x1e, 0x52, 0xd2, 0x3f, 0xbf, 0x7f, 0xff};
    const std::set<unsigned> sent{0x01, 0x03, 0x05, 0x07, 0x09, 0x0b, 0x0d, 0x0f,
                                  0x11, 0x13, 0x17, 0x19, 0x1b, 0x1d, 0x21, 0x23};
    const Coverage coverage;
    std::set<unsigned> received = requests;
    received.insert(others_received.begin(), others_received.end());
    CHECK(coverage.received == received);
    CHECK(coverage.sent == sent);
    CHECK(coverage.answered == requests);
}

TEST_CASE("gatt server: our cases hold every error code that a server sends") {
    // Vol 3 Part F 3.4.1.1, Table 3.4. Attribute Not Long is never sent: 3.4.4.5 leaves it to the
    // server whether it serves short values, and this one does.
    std::set<unsigned> codes;
    for (unsigned code = 0x01; code <= 0x13; ++code)
        if (code != 0x0b) codes.insert(code);
    codes.insert(0x80);  // the first of the application's
    CHECK(Coverage{}.errors == codes);
}

TEST_CASE("gatt server: our cases hold the errors that each request is said to have") {
    // Vol 3 Part F 3.4.2 to 3.4.6, what the text of each request names, as far as it applies here.
    const std::map<unsigned, std::set<unsigned>> named{
        {0x02, {0x04, 0x06}},
        {0x04, {0x01, 0x04, 0x0a}},
        {0x06, {0x01, 0x04, 0x0a}},
        {0x08, {0x01, 0x02, 0x04, 0x05, 0x0a, 0x12}},
        {0x0a, {0x01, 0x02, 0x04, 0x05, 0x08, 0x0c, 0x0f, 0x12}},
        {0x0c, {0x01, 0x02, 0x04, 0x05, 0x07, 0x08, 0x12}},
        {0x0e, {0x01, 0x02, 0x04, 0x05, 0x12}},
        {0x10, {0x01, 0x04, 0x0a, 0x10}},
        {0x12, {0x01, 0x03, 0x04, 0x05, 0x08, 0x0c, 0x0d, 0x0f, 0x12, 0x13}},
        {0x16, {0x01, 0x03, 0x04, 0x05, 0x08, 0x09, 0x12}},
        {0x18, {0x04, 0x07, 0x0d}},
        {0x20, {0x01, 0x02, 0x04}},
    };
    const Coverage coverage;
    for (const auto& [request, errors] : named) {
        CAPTURE(request);
        const auto found = coverage.errors_by_request.find(request);
        REQUIRE(found != coverage.errors_by_request.end());
        std::set<unsigned> missing;
        std::ranges::set_difference(errors, found->second, std::inserter(missing, missing.end()));
        CHECK(missing.empty());
    }
}
