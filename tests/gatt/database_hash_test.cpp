// SPDX-License-Identifier: MIT
#include "gatt/database_hash.hpp"

#include <doctest/doctest.h>

#include "gatt/server.hpp"
#include "tests/att/server_peer.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
namespace flag = att::flag;

namespace {

/// The table of the specification's example (Vol 3 Part G Appendix B).
att::Database example() {
    const auto add = [](att::Database& database, std::uint16_t uuid, std::uint8_t properties) {
        database.add_characteristic(UUID{uuid}, properties, properties);
    };
    att::Database database;
    database.add_service(UUID{0x1800});
    add(database, 0x2a00, 0x0a);
    add(database, 0x2a01, 0x02);
    database.add_service(UUID{0x1801});
    add(database, 0x2a05, 0x20);
    database.add_client_configuration();
    database.add_client_features();
    add(database, 0x2b2a, 0x02);
    database.add_service(UUID{0x1808});
    database.add_include({att::Handle{0x14}, att::Handle{0x16}}, UUID{0x180f});
    database.add_characteristic(UUID{0x2a18}, 0xa2, flag::read | flag::indicate);
    database.add_client_configuration();
    database.add_extended_properties(hex("00 00"));
    database.add_service(UUID{0x180f}, att::type::secondary_service);
    add(database, 0x2a19, 0x02);
    database.seal();
    return database;
}

}  // namespace

TEST_CASE("gatt database hash: the specification's example") {
    CHECK(Octets{Bytes{gatt::database_hash(example())}} ==
          hex("f1 ca 2d 48 ec f5 8b ac 8a 88 30 bb b9 fb a9 90"));
}

TEST_CASE("gatt database hash: values of characteristics do not count, those of declarations do") {
    att::Database database = example();
    database.find(att::Handle{3})->value = {1, 2, 3};
    CHECK(gatt::database_hash(database) == gatt::database_hash(example()));
    database.find(att::Handle{2})->value[0] ^= 1;
    CHECK(gatt::database_hash(database) != gatt::database_hash(example()));
}

TEST_CASE("gatt database hash: what the characteristic holds is the hash, least octet first") {
    gatt::Server server;
    ServerPeer peer{server};
    const Octets before = peer.send("08 01 00 ff ff 2a 2b");
    CHECK(Octets{Bytes{before}.first(4)} == hex("09 12 | 11 00"));
    CHECK(Octets{Bytes{before}.subspan(4)} == Octets{Bytes{crypto::reversed(server.hash())}});
    REQUIRE(server
                .register_services(
                    std::vector<gatt::ServiceDefinition>{{UUID{0x180d}, {{UUID{0x2a37}, 0x12}}}})
                .has_value());
    CHECK(peer.send("08 01 00 ff ff 2a 2b") != before);
}
