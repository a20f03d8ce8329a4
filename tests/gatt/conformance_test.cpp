// SPDX-License-Identifier: MIT
//
// The conformance cases that another stack's unit tests are made of, named as the Bluetooth SIG
// names them, run against our server on their own attribute tables.
#include <doctest/doctest.h>

#include <boost/json/value.hpp>
#include <map>
#include <set>
#include <string>

#include "tests/att/server_peer.hpp"
#include "tests/support/json.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
namespace json = boost::json;
namespace flag = att::flag;

namespace {

/// Cases whose expectation is not ours, and why.
const std::map<std::string, std::string> skipped{
    {"/robustness/hash-db", "the vectors have no Database Hash to compare with"},
};

/// Cases in whose table a descriptor of the CCCD's type is an ordinary one, of any value.
const std::set<std::string> without_configurations{"/TP/GAW/SR/BV-08-C/small",
                                                   "/TP/GAW/SR/BV-09-C/small"};

std::uint16_t flags_of(const json::value& attribute) {
    enum : unsigned { may_read = 1, may_write = 2, read_encrypt = 4, write_encrypt = 8 };
    const auto permissions = attribute.at("permission_bits").to_number<unsigned>();
    unsigned flags = 0;
    if ((permissions & (may_read | read_encrypt)) != 0) flags |= flag::read;
    if ((permissions & (may_write | write_encrypt)) != 0)
        flags |= flag::write | flag::write_no_response;
    if ((permissions & read_encrypt) != 0) flags |= flag::read_encrypted;
    if ((permissions & write_encrypt) != 0) flags |= flag::write_encrypted;
    return static_cast<std::uint16_t>(flags);
}

/// The table of a case, with the same handles.
att::Database load(const json::value& table, bool with_configurations) {
    att::Database database;
    database.user_attributes(true);
    std::uint8_t properties = 0;
    for (const json::value& attribute : table.at("attributes").as_array()) {
        const std::string kind = text_at(attribute, "kind");
        const UUID type = *UUID::parse(text_at(attribute, "type"));
        const Octets value = hex_at(attribute, "value");
        const auto handle = attribute.at("handle").to_number<std::uint16_t>();
        const std::uint16_t flags = flags_of(attribute);
        if (kind == "service") {
            database.continue_at(att::Handle{handle});
            database.add_service(*UUID::from_bytes(Bytes{value}), type);
        } else if (kind == "include") {
            database.continue_at(att::Handle{handle});
            const att::HandleRange range{static_cast<att::Handle>(value[0] | value[1] << 8),
                                         static_cast<att::Handle>(value[2] | value[3] << 8)};
            database.add_include(range, *UUID::from_bytes(Bytes{value}.subspan(4)));
        } else if (kind == "characteristic") {  // its value is next
            database.continue_at(att::Handle{handle});
            properties = value[0];
        } else if (kind == "value") {
            const int updates = properties & (flag::notify | flag::indicate);
            database.add_characteristic(type, properties,
                                        static_cast<std::uint16_t>(flags | updates), value);
        } else {
            database.continue_at(att::Handle{handle});
            if (with_configurations && type == att::type::client_configuration &&
                (properties & (flag::notify | flag::indicate)) != 0)
                database.add_client_configuration();
            else
                database.add_descriptor(type, flags, value);
        }
    }
    database.seal();
    for (const json::value& attribute : table.at("attributes").as_array()) {
        const att::Attribute* loaded =
            database.find(att::Handle{attribute.at("handle").to_number<std::uint16_t>()});
        REQUIRE(loaded != nullptr);
        CHECK(loaded->type == *UUID::parse(text_at(attribute, "type")));
        if (loaded->kind != att::Attribute::Kind::client_configuration)
            CHECK(Octets{Bytes{loaded->value}} == hex_at(attribute, "value"));
    }
    return database;
}

/// What the case's table of steps wants the server to start by itself.
void act(ServerPeer& peer, const json::value& step) {
    const att::Handle handle{step.at("handle").to_number<std::uint16_t>()};
    const Octets value = hex_at(step, "value");
    const bool indication = text_at(step, "func") == "test_server_indication";
    const error_code error =
        indication ? peer.server.indicate(peer.ctx(), peer.session, handle, Bytes{value})
                   : peer.server.notify(peer.ctx(), peer.session, handle, Bytes{value});
    CHECK_FALSE(error);
    peer.drain();
}

void run(const json::value& test, const json::value& table, std::uint16_t mtu) {
    att::Server server{load(table, !without_configurations.contains(text_at(test, "name")))};
    server.set_rx_mtu(mtu);
    ServerPeer peer{server};
    for (const json::value& pdu : test.at("pdus").as_array()) {
        if (pdu.as_object().contains("event")) {
            act(peer, test.at("step"));
            continue;
        }
        const Octets octets = hex_at(pdu, "hex");
        if (text_at(pdu, "dir") == "tester->iut") {
            CHECK(peer.sent.empty());
            peer.server.receive(peer.ctx(), peer.session, octets);
            peer.drain();
        } else {
            REQUIRE(peer.sent.size() == 1);
            CHECK(peer.sent.front() == octets);
            peer.sent.clear();
        }
    }
    CHECK(peer.sent.empty());
}

}  // namespace

TEST_CASE("gatt server: the conformance cases get the answers that are expected of any server") {
    const auto vectors = fixture_json("vectors/gatt.json");
    if (!vectors) return;
    const auto mtu = vectors->at("iut_mtu").to_number<std::uint16_t>();
    int count = 0;
    for (const json::value& test : vectors->at("tests").as_array()) {
        if (text_at(test, "side") != "server") continue;
        const std::string name = text_at(test, "name");
        if (const auto found = skipped.find(name); found != skipped.end()) {
            MESSAGE("skipped: ", name, ": ", found->second);
            continue;
        }
        CAPTURE(name);
        ++count;
        run(test, vectors->at("databases").at(text_at(test, "database")), mtu);
    }
    CHECK(count > 0);
    MESSAGE(count, " cases");
}
