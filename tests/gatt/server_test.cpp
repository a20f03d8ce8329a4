// SPDX-License-Identifier: MIT
#include "gatt/server.hpp"

#include <doctest/doctest.h>

#include "tests/att/server_peer.hpp"

using namespace bluetooth;
using namespace bluetooth::gatt;
using namespace bluetooth::test;
using bluetooth::att::Handle;
using bluetooth::att::HandleRange;

namespace {

const UUID heart_rate{0x180d};
const UUID measurement{0x2a37};
const UUID control{0x2a39};
constexpr std::uint16_t read_notify = 0x12;
constexpr std::uint16_t read_write = 0x0a;

std::vector<ServiceDefinition> two_services() {
    return {
        {heart_rate,
         {{measurement, read_notify, {{UUID{0x2901}, 0x02}}}, {control, read_write, {}}}},
        {UUID{0x180f}, {{UUID{0x2a19}, 0x22, {}}}},
    };
}

using Handles = std::vector<std::vector<Handle>>;

Octets read(Server& server, Handle handle) { return Octets{server.read(handle).value()}; }

}  // namespace

TEST_CASE("gatt server: a new server has the GAP and the GATT service") {
    Server server;
    ServerPeer peer{server};
    CHECK(peer.send("10 01 00 ff ff 00 28") ==
          hex("11 06 | 01 00 09 00 00 18 | 0a 00 13 00 01 18"));
    CHECK(peer.send("08 01 00 ff ff 03 28") ==
          hex("09 07 | 02 00 02 03 00 00 2a | 04 00 02 05 00 01 2a | 06 00 02 07 00 04 2a"));
    CHECK(peer.send("08 07 00 0d 00 03 28") ==
          hex("09 07 | 08 00 02 09 00 a6 2a | 0b 00 20 0c 00 05 2a"));
    CHECK(peer.send("08 0c 00 ff ff 03 28") ==
          hex("09 07 | 0e 00 0a 0f 00 29 2b | 10 00 02 11 00 2a 2b | 12 00 02 13 00 3a 2b"));
    CHECK(peer.send("0a 05 00") == hex("0b 00 00"));
    CHECK(peer.send("0a 07 00") == hex("0b ff ff ff ff 00 00 ff ff"));
    CHECK(peer.send("0a 09 00") == hex("0b 00"));
    CHECK(peer.send("0a 0c 00") == hex("01 0a 0c 00 02"));
    CHECK(peer.send("0a 0d 00") == hex("0b 00 00"));
    CHECK(peer.send("0a 0f 00") == hex("0b 00"));
    CHECK(peer.send("0a 13 00") == hex("0b 00"));
    CHECK(peer.send("12 03 00 41") == hex("01 12 03 00 03"));
}

TEST_CASE("gatt server: built-in values can be set, and survive registrations") {
    Server server;
    ServerPeer peer{server};
    CHECK_FALSE(server.set_device_name(Bytes::of("Kitchen")));
    server.set_appearance(0x0340);
    server.set_preferred_connection_parameters(
        {Units1250us{24}, Units1250us{40}, 0, Units10ms{500}});
    server.set_central_address_resolution(true);
    REQUIRE(server.register_services(two_services()).has_value());
    CHECK(server.device_name().text() == "Kitchen");
    CHECK(peer.send("0a 03 00") == hex("0b 4b 69 74 63 68 65 6e"));
    CHECK(peer.send("0a 05 00") == hex("0b 40 03"));
    CHECK(peer.send("0a 07 00") == hex("0b 18 00 28 00 00 00 f4 01"));
    CHECK(peer.send("0a 09 00") == hex("0b 01"));
    CHECK_FALSE(server.set_device_name(Bytes{Octets(248, 0x41)}));
    CHECK(server.set_device_name(Bytes{Octets(249, 0x41)}) == errc::invalid_argument);
    CHECK(server.device_name().size() == 248);
}

TEST_CASE("gatt server: built-in attributes raise no events") {
    Server server;
    server.read_events(true);
    ServerPeer peer{server};
    CHECK_FALSE(peer.send("0a 03 00").empty());
    CHECK(peer.reads.empty());
}

TEST_CASE("gatt server: registering returns the handles of values and declared descriptors") {
    Server server;
    const auto registration = server.register_services(two_services());
    REQUIRE(registration.has_value());
    // 20 service, 21 declaration, 22 value, 23 CCCD, 24 descriptor, 25 declaration, 26 value …
    CHECK(registration->handles == Handles{{Handle{22}, Handle{24}, Handle{26}}, {Handle{29}}});
    CHECK(registration->changed == HandleRange{Handle{20}, Handle{30}});
    ServerPeer peer{server};
    CHECK(peer.send("10 14 00 ff ff 00 28") ==
          hex("11 06 | 14 00 1a 00 0d 18 | 1b 00 1e 00 0f 18"));
    CHECK(peer.send("04 16 00 18 00") == hex("05 01 | 16 00 37 2a | 17 00 02 29 | 18 00 01 29"));
    CHECK(peer.send("0a 16 00") == hex("0b"));
}

TEST_CASE("gatt server: the same table again keeps handles and subscriptions, not values") {
    Server server;
    const auto first = server.register_services(two_services());
    ServerPeer peer{server};
    peer.send("12 17 00 01 00");
    CHECK_FALSE(server.write(Handle{22}, Bytes::of("old")));
    const auto second = server.register_services(two_services());
    CHECK(second->handles == first->handles);
    CHECK_FALSE(second->changed.has_value());
    CHECK(peer.send("0a 17 00") == hex("0b 01 00"));
    CHECK(read(server, Handle{22}).empty());
}

TEST_CASE("gatt server: a change is indicated to subscribers of Service Changed only") {
    Server server;
    auto services = two_services();
    REQUIRE(server.register_services(services).has_value());
    ServerPeer subscriber{server};
    ServerPeer other{server};
    subscriber.send("12 0d 00 02 00");
    subscriber.send("12 17 00 01 00");
    subscriber.send("12 1e 00 02 00");
    subscriber.sent.clear();
    other.sent.clear();
    services[1].uuid = UUID{0x1810};
    const auto registration = server.register_services(services);
    REQUIRE(registration->changed == HandleRange{Handle{27}, Handle{30}});
    for (ServerPeer* peer : {&subscriber, &other}) {
        server.announce_change(peer->ctx(), peer->session);
        peer->drain();
    }
    CHECK(subscriber.sent == std::vector<Octets>{hex("1d 0c 00 | 1b 00 1e 00")});
    CHECK(other.sent.empty());
    // Subscriptions before the change are kept, those behind it are not.
    CHECK(subscriber.send("0a 17 00") == hex("0b 01 00"));
    CHECK(subscriber.send("0a 1e 00") == hex("0b 00 00"));
}

TEST_CASE("gatt server: registering nothing removes the application's services") {
    Server server;
    REQUIRE(server.register_services(two_services()).has_value());
    const auto registration = server.register_services({});
    CHECK(registration->handles.empty());
    ServerPeer peer{server};
    CHECK(peer.send("10 14 00 ff ff 00 28") == hex("01 10 14 00 0a"));
}

TEST_CASE("gatt server: a table that does not fit leaves the former one as it was") {
    Server server;
    REQUIRE(server.register_services(two_services()).has_value());
    CHECK_FALSE(server.write(Handle{22}, Bytes::of("kept")));
    ServiceDefinition huge{heart_rate, {}};
    huge.characteristics.resize(40'000, {control, read_write, {}});
    const auto registration = server.register_services(std::vector{huge});
    CHECK(registration.error() == errc::too_big);
    CHECK(read(server, Handle{22}) == text("kept"));
}

TEST_CASE("gatt server: a large table is served") {
    Server server;
    std::vector<ServiceDefinition> services(1000, {heart_rate, {}});
    for (ServiceDefinition& service : services)
        service.characteristics.resize(5, {control, read_write, {}});
    const auto registration = server.register_services(services);
    REQUIRE(registration.has_value());
    CHECK(registration->handles.back().back() == Handle{19 + 11'000});
    ServerPeer peer{server};
    CHECK(peer.send("12 0b 2b 41") == hex("13"));  // handle 11019
    CHECK(read(server, Handle{11'019}) == text("A"));
    CHECK(peer.send("10 01 2b ff ff 00 28") == hex("11 06 | 01 2b 0b 2b 0d 18"));
}

TEST_CASE("gatt server: local reads and writes see user's values only") {
    Server server;
    REQUIRE(server.register_services(two_services()).has_value());
    for (const Handle handle :
         {Handle{0}, Handle{3}, Handle{20}, Handle{21}, Handle{23}, Handle{31}, Handle{0xffff}}) {
        CHECK(server.read(handle).error() == errc::invalid_argument);
        CHECK(server.write(handle, {}) == errc::invalid_argument);
        CHECK(server.set_buffer(handle, 1) == errc::invalid_argument);
    }
    CHECK_FALSE(server.write(Handle{24}, Bytes::of("descriptor")));
    CHECK(read(server, Handle{24}) == text("descriptor"));
    CHECK(read(server, Handle{24}) == text("descriptor"));
}

TEST_CASE("gatt server: a local write grows the capacity, which remote writes then have") {
    Server server;
    REQUIRE(server.register_services(two_services()).has_value());
    ServerPeer peer{server};
    peer.send("02 00 01");
    CHECK_FALSE(server.write(Handle{26}, Bytes{Octets(600, 0x41)}));
    CHECK(read(server, Handle{26}).size() == 600);
    Octets request = hex("12 1a 00");
    request.resize(3 + 100, 0x42);
    CHECK(peer.send(Bytes{request}) == hex("13"));
    CHECK(read(server, Handle{26}).size() == 100);
}

TEST_CASE("gatt server: set_buffer sets the capacity and empties the value") {
    Server server;
    REQUIRE(server.register_services(two_services()).has_value());
    CHECK_FALSE(server.write(Handle{26}, Bytes::of("old")));
    CHECK(server.set_buffer(Handle{26}, 0) == errc::no_buffers);
    CHECK(read(server, Handle{26}) == text("old"));
    CHECK_FALSE(server.set_buffer(Handle{26}, 2));
    CHECK(read(server, Handle{26}).empty());
    ServerPeer peer{server};
    CHECK(peer.send("12 1a 00 41 42 43") == hex("13"));
    CHECK(read(server, Handle{26}) == text("AB"));
}

TEST_CASE("gatt server: an appending value collects writes until it is read") {
    Server server;
    REQUIRE(server.register_services(two_services()).has_value());
    CHECK_FALSE(server.set_buffer(Handle{26}, 30, true));
    ServerPeer peer{server};
    for (int i = 0; i < 3; ++i)
        CHECK(peer.send("12 1a 00 61 62 63 64 65 66 67 68 69 6a 6b 6c 6d") == hex("13"));
    CHECK(read(server, Handle{26}) == text("abcdefghijklmabcdefghijklmabcd"));
    CHECK(read(server, Handle{26}).empty());
    peer.send("12 1a 00 41");
    CHECK_FALSE(server.write(Handle{26}, Bytes::of("B")));
    CHECK(read(server, Handle{26}) == text("B"));
}

TEST_CASE("gatt server: a long write to an appending value adds to it") {
    Server server;
    REQUIRE(server.register_services(two_services()).has_value());
    CHECK_FALSE(server.set_buffer(Handle{26}, 30, true));
    ServerPeer peer{server};
    peer.send("12 1a 00 61 62 63");
    peer.send("16 1a 00 00 00 64 65");
    peer.send("16 1a 00 02 00 66");
    CHECK(peer.send("18 01") == hex("19"));
    CHECK(read(server, Handle{26}) == text("abcdef"));
    peer.send("12 1a 00 61");
    peer.send("16 1a 00 01 00 62");  // offsets count from the first new octet
    CHECK(peer.send("18 01") == hex("01 18 1a 00 07"));
    CHECK(read(server, Handle{26}) == text("a"));
}

TEST_CASE("gatt server: a value's capacity has a limit, and it may be written with itself") {
    Server server;
    REQUIRE(server.register_services(two_services()).has_value());
    CHECK(server.set_buffer(Handle{26}, 65'536) == errc::too_big);
    CHECK(server.set_buffer(Handle{26}, ~std::size_t{0}) == errc::too_big);
    CHECK_FALSE(server.set_buffer(Handle{26}, 65'535));
    CHECK_FALSE(server.write(Handle{26}, Bytes::of("abcdef")));
    CHECK_FALSE(server.write(Handle{26}, server.read(Handle{26})->subspan(2)));
    CHECK(read(server, Handle{26}) == text("cdef"));
}
