// SPDX-License-Identifier: MIT
//
// How a client and a server tell each other that they take Enhanced ATT bearers: bit 0 of the
// Server Supported Features (Vol 3 Part G 7.4) and bit 1 of the Client Supported Features (7.2).
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "gatt/server.hpp"
#include "tests/att/server_peer.hpp"
#include "tests/gatt/client_procedures.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using bluetooth::gatt::Client;

namespace {

const char* const read_server_features = "send 080100ffff3a2b";
const char* const read_client_features = "send 080100ffff292b";
const char* const server_has_eatt = "09 03 13 00 01";
const char* const absent = "01 08 01 00 0a";

const Lines enabled{"enhanced bearers done: supported, ok"};
const Lines not_supported{"enhanced bearers done: ok"};
const Lines malformed{"enhanced bearers done: protocol error"};

/// A client that has begun.
struct Enabling : ClientScript {
    explicit Enabling(std::uint16_t mtu = att::default_mtu) : ClientScript(mtu) {
        enable_enhanced_bearers(*this);
        CHECK(drain() == Lines{read_server_features});
    }
};
/// ...and knows that the peer's server takes enhanced bearers.
struct EnablingHalfway : Enabling {
    explicit EnablingHalfway(std::uint16_t mtu = att::default_mtu) : Enabling(mtu) {
        CHECK(peer(server_has_eatt) == Lines{read_client_features});
    }
};

}  // namespace

TEST_CASE("gatt client: a peer that takes enhanced bearers is told that we use them") {
    EnablingHalfway script;
    CHECK(script.peer("09 03 0f 00 00") == Lines{"send 120f0002"});
    CHECK(script.peer("13") == enabled);
    check_works(script);
}

TEST_CASE("gatt client: of the peer's Client Supported Features no bit is cleared") {
    EnablingHalfway script{64};
    SUBCASE("in the first octet") {
        CHECK(script.peer("09 03 0f 00 05") == Lines{"send 120f0007"});
    }
    SUBCASE("nor in others") {
        CHECK(script.peer("09 05 0f 00 81 00 ff") == Lines{"send 120f008300ff"});
    }
    SUBCASE("and what is not there counts as zero") {
        CHECK(script.peer("09 02 0f 00") == Lines{"send 120f0002"});
    }
    CHECK(script.peer("13") == enabled);
    check_works(script);
}

TEST_CASE("gatt client: as many octets of features as a response holds fit a request") {
    EnablingHalfway script;
    const std::string others(36, 'a');
    CHECK(script.peer("09 15 0f 00 01" + others) == Lines{"send 120f0003" + others});
    CHECK(script.peer("13") == enabled);
}

TEST_CASE("gatt client: what a bond has kept of our features is not written again") {
    EnablingHalfway script;
    CHECK(script.peer("09 03 0f 00 03") == enabled);
    check_works(script);
}

TEST_CASE("gatt client: nothing is written to a peer that does not take enhanced bearers") {
    SUBCASE("as its bit says") {
        Enabling script;
        CHECK(script.peer("09 03 13 00 00") == not_supported);
        check_works(script);
    }
    SUBCASE("as its bit says, whatever others say") {
        Enabling script;
        CHECK(script.peer("09 04 13 00 fe ff") == not_supported);
        check_works(script);
    }
    SUBCASE("as it has an empty value") {
        Enabling script;
        CHECK(script.peer("09 02 13 00") == not_supported);
        check_works(script);
    }
    SUBCASE("as it has no Server Supported Features") {
        Enabling script;
        CHECK(script.peer(absent) == not_supported);
        check_works(script);
    }
    SUBCASE("as it has no Client Supported Features") {
        EnablingHalfway script;
        CHECK(script.peer(absent) == not_supported);
        check_works(script);
    }
}

TEST_CASE("gatt client: a refusal other than Attribute Not Found ends the enabling in error") {
    SUBCASE("of the first read") {
        Enabling script;
        CHECK(script.peer("01 08 01 00 05") ==
              Lines{"enhanced bearers done: insufficient authentication"});
        check_works(script);
    }
    SUBCASE("of the second read") {
        EnablingHalfway script;
        CHECK(script.peer("01 08 01 00 0f") ==
              Lines{"enhanced bearers done: insufficient encryption"});
        check_works(script);
    }
    SUBCASE("of the write, where Attribute Not Found has no other meaning either") {
        EnablingHalfway script;
        CHECK(script.peer("09 03 0f 00 00") == Lines{"send 120f0002"});
        CHECK(script.peer("01 12 0f 00 0a") == Lines{"enhanced bearers done: attribute not found"});
        check_works(script);
    }
}

TEST_CASE("gatt client attacks: malformed features end the enabling, and nothing is written") {
    const char* const responses[] = {"09",                          // no length
                                     "09 00",                       // elements of no length
                                     "09 03",                       // no element
                                     "09 01 13",                    // less than a handle
                                     "09 03 13 00",                 // cut off
                                     "09 04 13 00 01",              // shorter than its length says
                                     "09 03 13 00 01 ff",           // longer
                                     "09 03 00 00 01",              // of no handle
                                     "09 03 13 00 01 | 14 00 01"};  // two, where a server has one
    for (const char* const response : responses) {
        CAPTURE(response);
        {
            Enabling script;
            CHECK(script.peer(response) == malformed);
            check_works(script);
        }
        EnablingHalfway script;
        CHECK(script.peer(response) == malformed);
        check_works(script);
    }
    EnablingHalfway script;
    CHECK(script.peer("09 15 0f 00 01" + std::string(38, 'a')) == malformed);  // ATT_MTU + 1
    check_works(script);
    EnablingHalfway writing;
    CHECK(writing.peer("09 03 0f 00 00") == Lines{"send 120f0002"});
    CHECK(writing.peer("13 00") == malformed);
    check_works(writing);
}

TEST_CASE("gatt client: the enabling takes its turn among other procedures") {
    ClientScript script;
    read(script);
    enable_enhanced_bearers(script);
    enable_enhanced_bearers(script);
    read(script);
    CHECK(script.call(&Client::enable_enhanced_bearers) == errc::busy);
    CHECK(script.drain() == Lines{"send 0a0300"});
    CHECK(script.peer("0b aa") ==
          Lines{"value 0003 aa", "read done 0003: ok", read_server_features});
    CHECK(script.peer(server_has_eatt) == Lines{read_client_features});
    CHECK(script.peer("09 03 0f 00 00") == Lines{"send 120f0002"});
    CHECK(script.peer("13") == Lines{"enhanced bearers done: supported, ok", read_server_features});
    CHECK(script.peer(absent) == Lines{"enhanced bearers done: ok", "send 0a0300"});
    CHECK(script.peer("0b bb") == Lines{"value 0003 bb", "read done 0003: ok"});
    CHECK(script.all_buffers_back());
}

TEST_CASE("gatt client: on a closed bearer nothing can be enabled") {
    ClientScript script;
    script.bearer.close();
    CHECK(script.call(&Client::enable_enhanced_bearers) == errc::not_connected);
    CHECK(script.drain() == Lines{});
}

TEST_CASE("gatt client: the enabling, cut off at any step, ends once") {
    const auto begin = [](ClientScript& script) { enable_enhanced_bearers(script); };
    check_cut_off_anywhere(23, 1, begin, {server_has_eatt, "09 03 0f 00 00", "13"});
    check_cut_off_anywhere(23, 1, begin, {"09 03 13 00 00"});
    check_cut_off_anywhere(23, 1, begin, {server_has_eatt, absent});
    const auto among_others = [](ClientScript& script) {
        read(script);
        enable_enhanced_bearers(script);
        read(script);
    };
    check_cut_off_anywhere(23, 3, among_others,
                           {"0b aa", server_has_eatt, "09 03 0f 00 00", "13", "0b bb"});
}

TEST_CASE("gatt server: enhanced bearers are offered when the host says so, across registrations") {
    gatt::Server server;
    ServerPeer peer{server};
    const crypto::Block hash = server.hash();
    CHECK(peer.send("08 01 00 ff ff 3a 2b") == hex("09 03 13 00 00"));
    server.set_enhanced_bearers(true);
    CHECK(peer.send("08 01 00 ff ff 3a 2b") == hex("09 03 13 00 01"));
    CHECK(server.hash() == hash);  // which is of declarations, not of values (7.3.1)
    REQUIRE(server.register_services({}).has_value());
    CHECK(peer.send("0a 13 00") == hex("0b 01"));
    CHECK(peer.send("12 13 00 00") == hex("01 12 13 00 03"));
    server.set_enhanced_bearers(false);
    CHECK(peer.send("0a 13 00") == hex("0b 00"));
}

TEST_CASE("gatt: our client and our server agree upon enhanced bearers") {
    gatt::Server server;
    server.set_enhanced_bearers(true);
    ServerPeer peer{server};
    ClientScript script;
    enable_enhanced_bearers(script);
    Lines lines = script.drain();
    while (lines.size() == 1 && lines.front().starts_with("send "))
        lines = script.peer(to_hex(peer.send(std::string_view{lines.front()}.substr(5))));
    CHECK(lines == enabled);
    CHECK(peer.client.features() == att::client_feature::enhanced_bearer);
}
