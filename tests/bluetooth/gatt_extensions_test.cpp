// SPDX-License-Identifier: MIT
//
// What the API has beyond MicroPython's, from host to host.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "tests/bluetooth/gatt_link.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
namespace flag = att::flag;

namespace {

/// ATT PDUs with this opcode that the device has sent, while it keeps octets.
std::size_t sent_with(const Device& device, std::uint8_t opcode) {
    return static_cast<std::size_t>(std::ranges::count_if(device.sent, [&](const Octets& packet) {
        constexpr std::size_t headers = 1 + 4 + 4;  // H4, ACL, L2CAP
        return packet.size() > headers && packet[0] == 0x02 && packet[headers] == opcode;
    }));
}

void register_services(Device& device, const std::vector<gatt::ServiceDefinition>& services) {
    error_code error;
    (void)device.host.register_services(services, error);
    REQUIRE(!error);
}

Octets counted(std::size_t size) {
    Octets octets(size);
    for (std::size_t i = 0; i < size; ++i) octets[i] = static_cast<std::uint8_t>(i * 7);
    return octets;
}

}  // namespace

TEST_CASE("gatt extensions: a subscription is found, written and told to the server") {
    GattLink link;
    Host& host = link.central.host;
    CHECK(!host.subscribe(link.conn, link.value, Subscription::notifications));
    CHECK(!host.subscribe(link.conn, link.value, Subscription::notifications));
    CHECK(!host.subscribe(link.conn, link.value, Subscription::none));
    CHECK(!host.subscribe(link.conn, link.secret, Subscription::indications));
    CHECK(host.subscribe(link.conn, att::no_handle, Subscription::none) == errc::invalid_argument);
    link.run();
    CHECK(link.central.take_events() == Lines{"GattcSubscribeDone 0040 0016 0017 status 0",
                                              "GattcSubscribeDone 0040 0016 0017 status 0",
                                              "GattcSubscribeDone 0040 0016 0017 status 0",
                                              "GattcSubscribeDone 0040 001a 0000 status 266"});
    CHECK(link.peripheral.take_events() ==
          Lines{"GattsSubscribe 0040 0016 1", "GattsSubscribe 0040 0016 0"});
}

TEST_CASE("gatt extensions: secondary and included services are discovered") {
    GattLink link;
    register_services(link.peripheral,
                      {{.uuid = UUID{0xff10}, .includes = {1}},
                       {.uuid = *UUID::parse("6e400001-b5a3-f393-e0a9-e50e24dcca9e"),
                        .type = gatt::ServiceType::secondary}});
    Host& host = link.central.host;
    CHECK(!host.discover_services(link.conn, {}, gatt::ServiceType::secondary));
    CHECK(!host.discover_included(link.conn, att::first_handle, att::last_handle));
    CHECK(host.discover_included(link.conn, att::no_handle, att::last_handle) ==
          errc::invalid_argument);
    link.run();
    CHECK(link.central.take_events() ==
          Lines{"GattcServiceResult 0040 0016 0016 UUID('6e400001-b5a3-f393-e0a9-e50e24dcca9e')",
                "GattcServiceDone 0040 status 0",
                "GattcIncludedResult 0040 0015 0016 0016 "
                "UUID('6e400001-b5a3-f393-e0a9-e50e24dcca9e')",
                "GattcIncludedDone 0040 status 0"});
}

TEST_CASE("gatt extensions: a value of 512 octets is written and read whole") {
    GattLink link;
    REQUIRE(!link.peripheral.host.set_buffer(link.value, 512, false));
    const Octets value = counted(512);
    const std::array values{att::HandleValue{link.value, Bytes{value}}};
    CHECK(!link.central.host.write_reliable(link.conn, values));
    CHECK(!link.central.host.read_long(link.conn, link.value));
    link.world.advance(std::chrono::seconds{10});
    CHECK(link.stored() == value);
    CHECK(link.peripheral.count<GattsWrite>() == 1);
    CHECK(link.central.take_events() == Lines{"GattcWriteDone 0040 0016 status 0",
                                              "GattcReadResult 0040 0016 \"" + to_hex(value) + "\"",
                                              "GattcReadDone 0040 0016 status 0"});
    const Octets too_long(513);
    const std::array refused{att::HandleValue{link.value, Bytes{too_long}}};
    CHECK(link.central.host.write_reliable(link.conn, refused) == errc::too_big);
    CHECK(link.central.host.read_long(link.conn, att::no_handle) == errc::invalid_argument);
}

TEST_CASE("gatt extensions: several values are written together or not at all") {
    GattLink link;
    const auto both = [&](AttributeHandle second) {
        return std::array{att::HandleValue{link.value, Bytes::of("one")},
                          att::HandleValue{second, Bytes::of("two")}};
    };
    CHECK(!link.central.host.write_reliable(link.conn, both(link.secret)));
    link.run();
    CHECK(link.central.take_events() == Lines{"GattcWriteDone 0040 001a status 259"});
    CHECK(link.stored().empty());
    CHECK(!link.central.host.write_reliable(link.conn, both(link.description)));
    link.run();
    CHECK(link.central.take_events() == Lines{"GattcWriteDone 0040 0016 status 0"});
    CHECK(link.stored(link.description) == Octets{Bytes::of("two")});
    CHECK(link.peripheral.take_events() == Lines{"GattsWrite 0040 0016", "GattsWrite 0040 0018"});
    const std::array nowhere{att::HandleValue{att::no_handle, {}}};
    CHECK(link.central.host.write_reliable(link.conn, nowhere) == errc::invalid_argument);
}

TEST_CASE("gatt extensions: values are read by their type, and several at once") {
    GattLink link;
    REQUIRE(!link.peripheral.host.write_value(link.value, hex("01 02"), false));
    REQUIRE(!link.peripheral.host.write_value(link.description, hex("03"), false));
    Host& host = link.central.host;
    const std::array handles{link.value, link.description};
    CHECK(!host.read_by_uuid(link.conn, att::first_handle, att::last_handle, UUID{0xff11}));
    CHECK(!host.read_by_uuid(link.conn, att::first_handle, att::last_handle, UUID{0xff99}));
    CHECK(!host.read_multiple(link.conn, handles, false));
    CHECK(!host.read_multiple(link.conn, handles, true));
    CHECK(host.read_multiple(link.conn, std::array{link.value}, false) == errc::invalid_argument);
    CHECK(host.read_multiple(link.conn, std::array{link.value, att::no_handle}, false) ==
          errc::invalid_argument);
    link.run();
    CHECK(link.central.take_events() ==
          Lines{"GattcReadResult 0040 0016 \"0102\"", "GattcReadDone 0040 0000 status 0",
                "GattcReadDone 0040 0000 status 266", "GattcReadResult 0040 0016 \"010203\"",
                "GattcReadDone 0040 0016 status 0", "GattcReadResult 0040 0016 \"0102\"",
                "GattcReadResult 0040 0018 \"03\"", "GattcReadDone 0040 0016 status 0"});
}

TEST_CASE("gatt extensions: several values are notified in one packet to a client that takes it") {
    GattLink link;
    register_services(
        link.peripheral,
        {{UUID{0xff10},
          {{UUID{0xff11}, flag::read | flag::notify}, {UUID{0xff12}, flag::read | flag::notify}}}});
    const std::array values{att::HandleValue{AttributeHandle{0x16}, Bytes::of("a")},
                            att::HandleValue{AttributeHandle{0x19}, Bytes::of("b")}};
    const Lines both{"GattcNotify 0040 0016 \"61\"", "GattcNotify 0040 0019 \"62\""};
    link.peripheral.keep_octets = true;
    CHECK(!link.peripheral.host.notify_multiple(link.conn, values));
    link.run();
    CHECK(link.central.take_events() == both);
    CHECK(sent_with(link.peripheral, att::HandleValueNotification::code) == 2);

    constexpr AttributeHandle client_features{0x000f};
    REQUIRE(!link.central.host.write(link.conn, client_features, hex("04"), true));
    link.run();
    link.central.forget_events();
    CHECK(!link.peripheral.host.notify_multiple(link.conn, values));
    link.run();
    CHECK(link.central.take_events() == both);
    CHECK(sent_with(link.peripheral, att::MultipleHandleValueNotification::code) == 1);
    CHECK(link.peripheral.host.notify_multiple(ConnectionHandle{0x0999}, values) ==
          errc::not_connected);
}

TEST_CASE("gatt extensions: only a peer that the application trusts may write what asks for that") {
    GattLink link;
    register_services(
        link.peripheral,
        {{UUID{0xff10}, {{UUID{0xff11}, flag::read | flag::write | flag::write_authorized}}}});
    const auto write = [&] {
        REQUIRE(!link.central.host.write(link.conn, link.value, hex("01"), true));
        link.run();
        return link.central.last<GattcWriteDone>()->status;
    };
    CHECK(write() == 0x108);
    CHECK(!link.peripheral.host.authorize(link.conn, true));
    CHECK(write() == 0);
    CHECK(!link.peripheral.host.authorize(link.conn, false));
    CHECK(write() == 0x108);
    CHECK(link.peripheral.host.authorize(ConnectionHandle{0x0999}, true) == errc::not_connected);
}

TEST_CASE("gatt extensions: strict refuses what does not fit, on both sides") {
    GattLink link;
    CHECK(!link.peripheral.host.set(config::strict{true}));
    CHECK(!link.central.host.set(config::strict{true}));
    const Octets value(21, 0x55);
    CHECK(link.peripheral.host.notify(link.conn, link.value, Bytes{value}) == errc::too_big);
    CHECK(link.peripheral.host.indicate(link.conn, link.value, Bytes{value}) == errc::too_big);
    CHECK(link.central.host.write(link.conn, link.value, value, true) == errc::too_big);
    CHECK(link.central.host.write(link.conn, link.value, value, false) == errc::too_big);
    const std::array values{att::HandleValue{link.value, Bytes{value}}};
    CHECK(!link.central.host.write_reliable(link.conn, values));
    link.run();
    // The value has room for 20 octets.
    CHECK(link.central.take_events() == Lines{"GattcWriteDone 0040 0016 status 269"});
    CHECK(link.stored().empty());
}

TEST_CASE("gatt extensions: the GAP service shows appearance and preferred parameters") {
    using namespace std::chrono_literals;
    GattLink link;
    Host& host = link.peripheral.host;
    CHECK(!host.set(config::appearance{0x0340}));
    CHECK(!host.set(config::preferred_connection_parameters{30ms, 50ms, 4, 5s}));
    CHECK(host.set(config::preferred_connection_parameters{50ms, 30ms}) == errc::invalid_argument);
    CHECK(host.set(config::preferred_connection_parameters{7ms}) == errc::invalid_argument);
    REQUIRE(!link.central.host.read(link.conn, AttributeHandle{5}));
    REQUIRE(!link.central.host.read(link.conn, AttributeHandle{7}));
    link.run();
    CHECK(link.central.take_events() == Lines{"GattcReadResult 0040 0005 \"4003\"",
                                              "GattcReadDone 0040 0005 status 0",
                                              "GattcReadResult 0040 0007 \"180028000400f401\"",
                                              "GattcReadDone 0040 0007 status 0"});
    config::preferred_connection_parameters read;
    CHECK(!host.get(read));
    CHECK(read.latency == 4);
    CHECK(read.min_interval == 30ms);
}

TEST_CASE("gatt extensions: on the next link a known peer is not discovered again") {
    GattLink link;
    const auto discover = [&] {
        Host& host = link.central.host;
        link.central.forget_events();
        REQUIRE(!host.discover_services(link.conn, {}));
        REQUIRE(!host.discover_characteristics(link.conn, att::first_handle, att::last_handle, {}));
        REQUIRE(!host.discover_descriptors(link.conn, link.value, link.secret));
        link.run();
        return link.central.take_events();
    };
    const auto reconnect = [&] {
        REQUIRE(!link.central.host.disconnect(link.conn));
        link.run();
        link.central.sent.clear();
        link.world.connect(link.central, link.peripheral);
    };
    const auto requests = [&] {
        std::size_t count = 0;
        for (const std::uint8_t opcode : hex("04 08 10")) count += sent_with(link.central, opcode);
        return count;
    };
    link.central.keep_octets = true;
    const Lines found = discover();
    CHECK(found.size() > 10);
    CHECK(requests() > 5);

    reconnect();
    CHECK(discover() == found);
    CHECK(requests() == 1);  // of the Database Hash

    SUBCASE("unless its services have changed") {
        register_services(link.peripheral, {{UUID{0xff20}, {{UUID{0xff21}, flag::read}}}});
        reconnect();
        CHECK(discover() != found);
        CHECK(requests() > 5);
    }
    SUBCASE("unless the cache is switched off") {
        REQUIRE(!link.central.host.set(config::gatt_cache{false}));
        reconnect();
        CHECK(discover() == found);
        CHECK(requests() > 5);
    }
}

TEST_CASE("gatt extensions: services registered anew while a client is connected") {
    GattLink link;
    constexpr AttributeHandle service_changed{0x000c}, client_features{0x000f};
    Host& client = link.central.host;
    link.subscribe(1);
    REQUIRE(!client.write(link.conn, client_features, hex("01"), true));
    REQUIRE(!client.subscribe(link.conn, service_changed, Subscription::indications));
    link.run();
    link.peripheral.forget_events();
    link.central.forget_events();

    register_services(link.peripheral, {{UUID{0xff20}, {{UUID{0xff21}, flag::read}}}});
    CHECK(link.peripheral.host.notify(link.conn, link.value, hex("01")) == errc::try_again);
    // Sent before the news arrives, about a value that is no more.
    REQUIRE(!client.read(link.conn, link.value));
    link.run();
    CHECK(link.central.take_events() ==
          Lines{"GattcIndicate 0040 000c \"14001c00\"", "GattcReadDone 0040 0016 status 274"});
    CHECK(link.peripheral.take_events().empty());
    CHECK(!link.peripheral.host.notify(link.conn, link.value, hex("01")));
    REQUIRE(!client.read(link.conn, link.value));
    link.run();
    CHECK(link.central.take_events() == Lines{"GattcNotify 0040 0016 \"01\"",
                                              "GattcReadResult 0040 0016 \"\"",
                                              "GattcReadDone 0040 0016 status 0"});
}

TEST_CASE("gatt extensions: a handler that fails has not allowed a read") {
    GattLink link;
    link.peripheral.handler = [](const Event& event) {
        if (std::holds_alternative<GattsReadRequest>(event)) throw std::runtime_error{"no"};
    };
    REQUIRE(!link.central.host.read(link.conn, link.value));
    link.run();
    CHECK(link.central.take_events() == Lines{"GattcReadDone 0040 0016 status 270"});
}

TEST_CASE("gatt extensions: an event never names a handle of a table that is gone") {
    GattLink link;
    link.peripheral.handler = [&](const Event& event) {
        if (std::holds_alternative<GattsWrite>(event))
            register_services(link.peripheral, {{UUID{0xff20}, {{UUID{0xff21}, flag::read}}}});
    };
    const std::array values{att::HandleValue{link.value, Bytes::of("a")},
                            att::HandleValue{link.description, Bytes::of("b")}};
    CHECK(!link.central.host.write_reliable(link.conn, values));
    link.run();
    CHECK(link.peripheral.count<GattsWrite>() == 1);
    CHECK(link.central.take_events() == Lines{"GattcWriteDone 0040 0016 status 0"});
}

TEST_CASE("gatt extensions: a value is read whole while the peer exchanges the MTU") {
    GattLink link;
    std::vector<std::uint8_t> value(200, 0x07);
    register_services(link.central, {{UUID{0xff20}, {{UUID{0xff21}, flag::read, {}, value}}}});
    REQUIRE(!link.peripheral.host.read_long(link.conn, link.value));
    REQUIRE(!link.central.host.exchange_mtu(link.conn));
    link.run();
    REQUIRE(link.peripheral.count<GattcReadResult>() == 1);
    CHECK(link.peripheral.last<GattcReadResult>()->data == Bytes{value});
}

TEST_CASE("gatt extensions: what changes on a link is discovered anew a second later") {
    GattLink link;
    Host& host = link.central.host;
    const auto discover = [&] {
        REQUIRE(
            !host.discover_characteristics(link.conn, AttributeHandle{0x14}, att::last_handle, {}));
        link.run();
        return link.central.take_events();
    };
    CHECK(discover().size() == 4);
    register_services(link.peripheral, {{UUID{0xff20}, {{UUID{0xff21}, flag::read}}}});
    link.world.advance(std::chrono::seconds{1});
    CHECK(discover() == Lines{"GattcCharacteristicResult 0040 ffff 0016 2 UUID(0xff21)",
                              "GattcCharacteristicDone 0040 status 0"});
}
