// SPDX-License-Identifier: MIT
#include "gatt/service_table.hpp"

#include <doctest/doctest.h>

#include "gatt/descriptors.hpp"
#include "gatt/server.hpp"
#include "tests/att/server_peer.hpp"

using namespace bluetooth;
using namespace bluetooth::gatt;
using namespace bluetooth::test;
using bluetooth::att::Handle;

namespace {

using Services = std::vector<ServiceDefinition>;
using Handles = std::vector<std::vector<Handle>>;

const UUID vendor = *UUID::parse("6e400001-b5a3-f393-e0a9-e50e24dcca9e");

error_code register_error(const Services& services) {
    Server server;
    const auto registration = server.register_services(services);
    CHECK(server.database().size() == 19);
    return registration ? error_code{} : registration.error();
}

}  // namespace

TEST_CASE("gatt services: secondary and included services, forwards and backwards") {
    Server server;
    const auto registration = server.register_services(Services{
        {.uuid = UUID{0x180d}, .characteristics = {{UUID{0x2a37}, 0x02}}, .includes = {1, 2}},
        {.uuid = UUID{0x180f},
         .characteristics = {{UUID{0x2a19}, 0x02}},
         .type = ServiceType::secondary},
        {.uuid = vendor, .includes = {1}, .type = ServiceType::secondary},
    });
    REQUIRE(registration.has_value());
    CHECK(registration->handles == Handles{{Handle{0x18}}, {Handle{0x1b}}, {}});
    ServerPeer peer{server};
    CHECK(peer.send("10 14 00 ff ff 00 28") == hex("11 06 | 14 00 18 00 0d 18"));
    CHECK(peer.send("10 01 00 ff ff 01 28") == hex("11 06 | 19 00 1b 00 0f 18"));
    CHECK(peer.send("08 14 00 ff ff 02 28") == hex("09 08 | 15 00 | 19 00 1b 00 0f 18"));
    // A 128-bit UUID is left out (Vol 3 Part G 3.2).
    CHECK(peer.send("08 16 00 18 00 02 28") == hex("09 06 | 16 00 | 1c 00 1d 00"));
    CHECK(peer.send("08 17 00 ff ff 02 28") == hex("09 08 | 1d 00 | 19 00 1b 00 0f 18"));
    CHECK(peer.send("0a 1c 00") == hex("0b 9e ca dc 24 0e e5 a9 e0 93 f3 a3 b5 01 00 40 6e"));
}

TEST_CASE("gatt services: a 32-bit UUID goes on the wire in 128 bits") {
    Server server;
    REQUIRE(server.register_services(Services{{*UUID::parse("12345678"), {}}}).has_value());
    ServerPeer peer{server};
    CHECK(peer.send("0a 14 00") == hex("0b fb 34 9b 5f 80 00 00 80 00 10 00 00 78 56 34 12"));
}

TEST_CASE("gatt services: no service may include itself, on whatever way, or what is not there") {
    const UUID uuid{0x180d};
    CHECK(register_error({{uuid, {}, {0}}}) == errc::invalid_argument);
    CHECK(register_error({{uuid, {}, {1}}}) == errc::invalid_argument);
    CHECK(register_error({{uuid, {}, {1}}, {uuid, {}, {2}}, {uuid, {}, {0}}}) ==
          errc::invalid_argument);
}

TEST_CASE("gatt services: extended properties bring their descriptor behind the CCCD") {
    Server server;
    const auto registration = server.register_services(Services{
        {UUID{0x180d}, {{UUID{0x2a37}, 0x009a, {{UUID{0x2901}, 0x02}}}, {UUID{0x2a39}, 0x0102}}}});
    REQUIRE(registration.has_value());
    CHECK(registration->handles == Handles{{Handle{0x16}, Handle{0x19}, Handle{0x1b}}});
    ServerPeer peer{server};
    CHECK(peer.send("0a 15 00") == hex("0b 9a 16 00 37 2a"));
    CHECK(peer.send("04 17 00 19 00") == hex("05 01 | 17 00 02 29 | 18 00 00 29 | 19 00 01 29"));
    CHECK(peer.send("0a 18 00") == hex("0b 01 00"));
    CHECK(peer.send("0a 1a 00") == hex("0b 82 1b 00 39 2a"));
    CHECK(peer.send("0a 1c 00") == hex("0b 02 00"));
    CHECK(peer.send("12 1c 00 00 00") == hex("01 12 1c 00 03"));
}

TEST_CASE("gatt services: a CCCD that is declared is the one that works") {
    Server server;
    const auto registration = server.register_services(
        Services{{UUID{0x180d}, {{UUID{0x2a37}, 0x10, {{UUID{0x2902}, 0x0a}}}}}});
    REQUIRE(registration.has_value());
    CHECK(registration->handles == Handles{{Handle{0x16}, Handle{0x17}}});
    CHECK(server.database().size() == 19 + 4);
    ServerPeer peer{server};
    CHECK(peer.send("12 17 00 01 00") == hex("13"));
    CHECK(server.subscribed(peer.client, Handle{0x16}));
}

TEST_CASE("gatt services: values begin as defined") {
    Server server;
    REQUIRE(server
                .register_services(Services{{UUID{0x180d},
                                             {{UUID{0x2a37},
                                               0x02,
                                               {{UUID{0x2901}, 0x02, {'R', 'a', 't', 'e'}}},
                                               {0x06, 0x48}}}}})
                .has_value());
    ServerPeer peer{server};
    CHECK(peer.send("0a 16 00") == hex("0b 06 48"));
    CHECK(peer.send("0a 17 00") == hex("0b 52 61 74 65"));
    const UUID uuid{0x180d};
    const std::vector<std::uint8_t> longest(512), too_long(513);
    CHECK(register_error({{uuid, {{uuid, 0x02, {}, too_long}}}}) == errc::invalid_argument);
    REQUIRE(server.register_services(Services{{uuid, {{uuid, 0x02, {}, longest}}}}).has_value());
}

// Vol 3 Part G 3.3.3.5, Table 3.12: format, exponent, unit, name space, description.
TEST_CASE("gatt services: a value is described by a text and by its presentation format") {
    Server server;
    REQUIRE(server
                .register_services(Services{
                    {UUID{0x181a},
                     {{UUID{0x2a6e},
                       0x02,
                       {user_description("Cellar"),
                        presentation_format({.format = 0x0e, .exponent = -2, .unit = 0x272f})}}}}})
                .has_value());
    ServerPeer peer{server};
    CHECK(peer.send("04 17 00 18 00") == hex("05 01 | 17 00 01 29 | 18 00 04 29"));
    CHECK(peer.send("0a 17 00") == hex("0b 43 65 6c 6c 61 72"));
    CHECK(peer.send("0a 18 00") == hex("0b 0e fe 2f 27 01 00 00"));
}

TEST_CASE("gatt services: each value may ask for its own key size") {
    Server server;
    REQUIRE(server
                .register_services(
                    Services{{UUID{0x180d},
                              {{UUID{0x2a37}, 0x0202, {{UUID{0x2901}, 0x0202, {}, 10}}, {}, 7},
                               {UUID{0x2a39}, 0x0202, {}, {}}}}})
                .has_value());
    ServerPeer peer{server};
    peer.client.security = {.encrypted = true, .key_size = 7};
    CHECK(peer.send("0a 16 00") == hex("0b"));
    CHECK(peer.send("0a 17 00") == hex("01 0a 17 00 0c"));
    CHECK(peer.send("0a 19 00") == hex("01 0a 19 00 0c"));
    peer.client.security = {.encrypted = true, .key_size = 10};
    CHECK(peer.send("0a 17 00") == hex("0b"));
    CHECK(peer.send("0a 19 00") == hex("01 0a 19 00 0c"));
    peer.client.security = {.encrypted = true, .key_size = 16};
    CHECK(peer.send("0a 19 00") == hex("0b"));
    const UUID uuid{0x180d};
    CHECK(register_error({{uuid, {{uuid, 0x02, {}, {}, 6}}}}) == errc::invalid_argument);
    CHECK(register_error({{uuid, {{uuid, 0x02, {}, {}, 17}}}}) == errc::invalid_argument);
}

TEST_CASE("gatt services: a characteristic has one CCCD and one Extended Properties at most") {
    const UUID uuid{0x180d}, configuration{0x2902}, extended{0x2900};
    CHECK(register_error({{uuid, {{uuid, 0x12, {{configuration, 0}, {configuration, 0}}}}}}) ==
          errc::invalid_argument);
    CHECK(register_error({{uuid, {{uuid, 0x82, {{extended, 0}, {extended, 0}}}}}}) ==
          errc::invalid_argument);
}

TEST_CASE("gatt services: declared extended properties are fixed, and a change of them is one") {
    const auto table = [](std::uint8_t value) {
        return Services{{UUID{0x180d}, {{UUID{0x2a37}, 0x8a, {{UUID{0x2900}, 0x0a, {value, 0}}}}}}};
    };
    Server server;
    REQUIRE(server.register_services(table(1)).has_value());
    ServerPeer peer{server};
    CHECK(peer.send("0a 17 00") == hex("0b 01 00"));
    CHECK(peer.send("12 17 00 00 00") == hex("01 12 17 00 03"));
    CHECK(server.write(Handle{0x17}, hex("00 00")) == errc::invalid_argument);
    const crypto::Block hash = server.hash();
    CHECK_FALSE(server.register_services(table(1))->changed.has_value());
    CHECK(server.hash() == hash);
    CHECK(server.register_services(table(3))->changed.has_value());
    CHECK(server.hash() != hash);
}

TEST_CASE(
    "gatt services: declared extended properties show in the properties, and have two octets") {
    const UUID uuid{0x180d}, extended{0x2900};
    Server server;
    REQUIRE(server.register_services(Services{{uuid, {{uuid, 0x02, {{extended, 0x02, {1, 0}}}}}}})
                .has_value());
    ServerPeer peer{server};
    CHECK(peer.send("0a 15 00") == hex("0b 82 16 00 0d 18"));
    CHECK(register_error({{uuid, {{uuid, 0x02, {{extended, 0x02, {1}}}}}}}) ==
          errc::invalid_argument);
}

TEST_CASE("gatt services: a chain of includes may be as long as there are handles") {
    const auto chain = [](std::size_t length) {
        Services services(length, {UUID{0x180d}});
        for (std::size_t i = 0; i + 1 < length; ++i) services[i].includes = {i + 1};
        return services;
    };
    Server server;
    CHECK(server.register_services(chain(30'000)).has_value());
    CHECK(register_error(chain(300'000)) == errc::too_big);
    Services circle = chain(30'000);
    circle.back().includes = {0};
    CHECK(register_error(circle) == errc::invalid_argument);
}
