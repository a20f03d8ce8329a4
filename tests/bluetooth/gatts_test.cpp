// SPDX-License-Identifier: MIT
//
// gatts_*: the values of a server, what its clients do to them, and what it tells its clients.
#include <doctest/doctest.h>

#include "tests/bluetooth/gatt_link.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

TEST_CASE("gatts: values start empty, with room for 20 octets of a peer") {
    GattLink link;
    CHECK(link.stored().empty());
    const Octets long_value(26, 0x77);
    REQUIRE(!link.central.host.exchange_mtu(link.conn));
    REQUIRE(!link.central.host.write(link.conn, link.value, long_value, true));
    link.run();
    CHECK(link.central.last<GattcWriteDone>()->status == 0);  // cut without a word
    CHECK(link.stored() == Octets(20, 0x77));
}

TEST_CASE("gatts: a local write may be longer, and makes room for a peer's") {
    GattLink link;
    const Octets local(600, 0x11);
    CHECK(!link.peripheral.host.write_value(link.value, local, false));
    CHECK(link.stored() == local);
    REQUIRE(!link.central.host.exchange_mtu(link.conn));
    REQUIRE(!link.central.host.write(link.conn, link.value, Octets(300, 0x22), true));
    link.run();
    CHECK(link.stored() == Octets(253, 0x22));  // the client's cut: MTU 256 - 3
}

TEST_CASE("gatts: an appending buffer collects writes, drops the excess, and empties when read") {
    GattLink link;
    REQUIRE(!link.peripheral.host.set_buffer(link.value, 30, true));
    for (int i = 0; i < 3; ++i)
        REQUIRE(!link.central.host.write(link.conn, link.value, hex("0102030405060708090a0b0c0d"),
                                         true));
    link.run();
    CHECK(link.peripheral.count<GattsWrite>() == 3);
    CHECK(link.central.count<GattcWriteDone>() == 3);
    CHECK(link.central.last<GattcWriteDone>()->status == 0);
    CHECK(link.stored() == hex("0102030405060708090a0b0c0d 0102030405060708090a0b0c0d 01020304"));
    CHECK(link.stored().empty());
    REQUIRE(!link.peripheral.host.write_value(link.value, hex("aa"), false));  // replaces
    CHECK(link.stored() == hex("aa"));
}

TEST_CASE("gatts: setting a buffer clears the value; capacity 0 and unknown handles are refused") {
    GattLink link;
    Host& host = link.peripheral.host;
    REQUIRE(!host.write_value(link.value, hex("01"), false));
    CHECK(host.set_buffer(link.value, 0, false) == errc::no_buffers);
    CHECK(link.stored() == hex("01"));
    CHECK(!host.set_buffer(link.value, 5, false));
    CHECK(link.stored().empty());
    error_code error;
    for (const AttributeHandle wrong :
         {AttributeHandle{0}, AttributeHandle{3}, link.configuration, AttributeHandle{0x7777}}) {
        CHECK(host.set_buffer(wrong, 5, false) == errc::invalid_argument);
        CHECK(host.write_value(wrong, hex("01"), false) == errc::invalid_argument);
        CHECK(host.read_value(wrong, error).empty());
        CHECK(error == errc::invalid_argument);
    }
    for (const AttributeHandle wrong :
         {AttributeHandle{0}, link.configuration, link.description, AttributeHandle{0x7777}}) {
        CHECK(host.notify(link.conn, wrong, hex("01")) == errc::invalid_argument);
        CHECK(host.indicate(link.conn, wrong, {}) == errc::invalid_argument);
    }
    CHECK(host.notify(ConnectionHandle{0x41}, link.value, {}) == errc::not_connected);
    CHECK(host.indicate(ConnectionHandle{0x41}, link.value, {}) == errc::not_connected);
}

TEST_CASE("gatts: the handler of a write sees the value, and what it sends precedes the answer") {
    GattLink link;
    link.peripheral.handler = [&](const Event& event) {
        const auto* write = std::get_if<GattsWrite>(&event);
        if (write == nullptr) return;
        CHECK(link.stored() == hex("01 02"));
        CHECK(!link.peripheral.host.notify(write->conn_handle, write->value_handle, hex("99")));
    };
    REQUIRE(!link.central.host.write(link.conn, link.value, hex("01 02"), true));
    link.run();
    CHECK(link.peripheral.take_events() == Lines{"GattsWrite 0040 0016"});
    CHECK(link.central.take_events() ==
          Lines{"GattcNotify 0040 0016 \"99\"", "GattcWriteDone 0040 0016 status 0"});
}

TEST_CASE("gatts: write commands and descriptors raise the event, CCCDs and local writes do not") {
    GattLink link;
    REQUIRE(!link.central.host.write(link.conn, link.value, hex("01"), false));
    REQUIRE(!link.central.host.write(link.conn, link.command_only, hex("02"), false));
    REQUIRE(!link.central.host.write(link.conn, link.description, hex("03"), true));
    REQUIRE(!link.central.host.write(link.conn, link.configuration, hex("01 00"), true));
    REQUIRE(!link.peripheral.host.write_value(link.value, hex("04"), false));
    link.run();
    CHECK(link.peripheral.take_events() == Lines{"GattsWrite 0040 0016", "GattsWrite 0040 001c",
                                                 "GattsWrite 0040 0018",
                                                 "GattsSubscribe 0040 0016 1"});
}

TEST_CASE("gatts: access that the flags do not allow is answered as the specification says") {
    GattLink link;
    Host& host = link.central.host;
    REQUIRE(!host.read(link.conn, link.secret));
    REQUIRE(!host.write(link.conn, link.secret, hex("01"), true));
    REQUIRE(!host.write(link.conn, link.command_only, hex("01"), true));
    REQUIRE(!host.write(link.conn, link.description, hex("01"), false));  // has no such property
    REQUIRE(!host.read(link.conn, AttributeHandle{0x7777}));
    REQUIRE(!host.write(link.conn, link.configuration, hex("05 00"), true));
    REQUIRE(!host.write(link.conn, link.configuration, hex("01"), true));
    link.run();
    CHECK(link.central.take_events() ==
          Lines{"GattcReadDone 0040 001a status 258", "GattcWriteDone 0040 001a status 259",
                "GattcWriteDone 0040 001c status 259", "GattcReadDone 0040 7777 status 257",
                "GattcWriteDone 0040 0017 status 262", "GattcWriteDone 0040 0017 status 269"});
    CHECK(link.peripheral.events().empty());
    CHECK(link.stored(link.description).empty());
}

TEST_CASE("gatts: a read asks the handler, which may refresh the value or refuse") {
    GattLink link;
    std::uint8_t reads = 0;
    link.peripheral.handler = [&](const Event& event) {
        const auto* request = std::get_if<GattsReadRequest>(&event);
        if (request == nullptr) return;
        ++reads;
        CHECK(!link.peripheral.host.write_value(request->value_handle, {&reads, 1}, false));
        if (reads == 2) request->answer(att::ErrorCode{0x80});
    };
    for (int i = 0; i < 3; ++i) REQUIRE(!link.central.host.read(link.conn, link.value));
    link.run();
    CHECK(link.peripheral.count<GattsReadRequest>() == 3);
    CHECK(link.central.take_events() ==
          Lines{"GattcReadResult 0040 0016 \"01\"", "GattcReadDone 0040 0016 status 0",
                "GattcReadDone 0040 0016 status 384", "GattcReadResult 0040 0016 \"03\"",
                "GattcReadDone 0040 0016 status 0"});
}

TEST_CASE("gatts: without a handler reads are allowed and events are dropped") {
    GattLink link;
    link.peripheral.host.irq({});
    REQUIRE(!link.central.host.read(link.conn, link.value));
    REQUIRE(!link.central.host.write(link.conn, link.value, hex("01"), true));
    link.run();
    CHECK(link.central.last<GattcReadDone>()->status == 0);
    CHECK(link.central.last<GattcWriteDone>()->status == 0);
    CHECK(link.peripheral.events().empty());
}

TEST_CASE("gatts: notifications reach whoever is connected, cut to the MTU, the value untouched") {
    GattLink link;
    Host& host = link.peripheral.host;
    REQUIRE(!host.write_value(link.value, hex("aa bb"), false));
    CHECK(!host.notify(link.conn, link.value, {}));
    CHECK(!host.notify(link.conn, link.value, Bytes{}));
    CHECK(!host.notify(link.conn, link.value, Octets(50, 0x55)));
    link.run();
    CHECK(link.central.take_events() ==
          Lines{"GattcNotify 0040 0016 \"aabb\"", "GattcNotify 0040 0016 \"\"",
                "GattcNotify 0040 0016 \"" + to_hex(Octets(20, 0x55)) + "\""});
    CHECK(link.stored() == hex("aa bb"));
    // The central may notify too.
    error_code error;
    (void)link.central.host.register_services(
        std::vector<gatt::ServiceDefinition>{{UUID{1}, {{UUID{2}, att::flag::notify, {}}}}}, error);
    CHECK(!link.central.host.notify(link.conn, link.value, hex("77")));
    link.run();
    CHECK(link.peripheral.take_events() == Lines{"GattcNotify 0040 0016 \"77\""});
}

TEST_CASE("gatts: an update goes to subscribers alone, each as it stood when it was made") {
    GattLink link;
    Host& host = link.peripheral.host;
    CHECK(!host.write_value(link.value, hex("00"), true));  // nobody has subscribed
    link.run();
    CHECK(link.central.events().empty());

    SUBCASE("to notifications") {
        link.subscribe(1);
        CHECK(!host.write_value(link.value, hex("01"), true));
        CHECK(!host.write_value(link.value, hex("02"), true));
        CHECK(!host.write_value(link.value, hex("03"), false));
        link.run();
        CHECK(link.central.take_events() ==
              Lines{"GattcNotify 0040 0016 \"01\"", "GattcNotify 0040 0016 \"02\""});
        CHECK(link.peripheral.take_events().empty());
    }
    SUBCASE("to indications") {
        link.subscribe(2);
        CHECK(!host.write_value(link.value, hex("01"), true));
        CHECK(!host.write_value(link.value, hex("02"), true));
        CHECK(!host.write_value(link.value, hex("03"), false));
        link.run();
        CHECK(link.central.take_events() ==
              Lines{"GattcIndicate 0040 0016 \"01\"", "GattcIndicate 0040 0016 \"02\""});
        CHECK(link.peripheral.count<GattsIndicateDone>() == 2);
    }
    SUBCASE("to both, it is notified") {
        link.subscribe(3);
        CHECK(!host.write_value(link.value, hex("01"), true));
        link.run();
        CHECK(link.central.take_events() == Lines{"GattcNotify 0040 0016 \"01\""});
    }
    SUBCASE("and no more after the subscription was withdrawn") {
        link.subscribe(1);
        link.subscribe(0);
        CHECK(!host.write_value(link.value, hex("01"), true));
        link.run();
        CHECK(link.central.take_events().empty());
    }
    SUBCASE("nor on the next link: subscriptions end with theirs") {
        link.subscribe(1);
        REQUIRE(!link.central.host.disconnect(link.conn));
        link.world.advance(1s);
        link.world.connect(link.central, link.peripheral);
        CHECK(!host.write_value(link.value, hex("01"), true));
        link.run();
        CHECK(link.central.events().empty());
        CHECK(link.stored() == hex("01"));  // but the value lives on
    }
}

TEST_CASE("gatts: indications wait for each other and end in order") {
    GattLink link;
    for (const char* octet : {"01", "02", "03"})
        CHECK(!link.peripheral.host.indicate(link.conn, link.value, hex(octet)));
    link.run();
    CHECK(link.central.take_events() == Lines{"GattcIndicate 0040 0016 \"01\"",
                                              "GattcIndicate 0040 0016 \"02\"",
                                              "GattcIndicate 0040 0016 \"03\""});
    CHECK(link.peripheral.take_events() == Lines(3, "GattsIndicateDone 0040 0016 status 0"));
}

TEST_CASE("gatts: the queue of indications is bounded") {
    GattLink link;
    int accepted = 0;
    error_code error;
    for (; !error; ++accepted) error = link.peripheral.host.indicate(link.conn, link.value, {});
    CHECK(error == errc::no_buffers);
    CHECK(accepted < 100);
    link.run();
    CHECK(link.peripheral.count<GattsIndicateDone>() == static_cast<std::size_t>(accepted - 1));
}

TEST_CASE("gatts: an indication is confirmed after the handler, never before") {
    GattLink link;
    link.central.handler = [&](const Event& event) {
        if (std::holds_alternative<GattcIndicate>(event))
            CHECK(!link.central.host.write(link.conn, link.value, hex("01"), false));
    };
    REQUIRE(!link.peripheral.host.indicate(link.conn, link.value, {}));
    link.run();
    CHECK(link.peripheral.take_events() ==
          Lines{"GattsWrite 0040 0016", "GattsIndicateDone 0040 0016 status 0"});
}

TEST_CASE("gatts: without a confirmation for 30 s the indications fail and the link is closed") {
    GattLink link;
    link.central.tamper = [](Octets& packet) {
        if (packet[0] == 0x02) packet.clear();  // the central's host hears nothing
    };
    REQUIRE(!link.peripheral.host.indicate(link.conn, link.value, {}));
    REQUIRE(!link.peripheral.host.indicate(link.conn, link.value, {}));
    link.world.advance(29s);
    CHECK(link.peripheral.events().empty());
    link.world.advance(2s);
    CHECK(link.peripheral.take_events() ==
          Lines{"GattsIndicateDone 0040 0016 status 13", "GattsIndicateDone 0040 0016 status 13",
                "CentralDisconnect 0040 0 00:AA:01:00:00:02 hci 16"});
    CHECK(link.central.take_events() ==
          Lines{"PeripheralDisconnect 0040 0 00:AA:01:00:00:01 hci 13"});
}

TEST_CASE("gatts: a lost link fails its indications before its own last event") {
    GattLink link;
    REQUIRE(!link.peripheral.host.indicate(link.conn, link.value, {}));
    REQUIRE(!link.peripheral.host.indicate(link.conn, link.value, {}));
    REQUIRE(!link.peripheral.host.read(link.conn, AttributeHandle{3}));
    REQUIRE(!link.peripheral.host.write(link.conn, link.value, hex("01"), true));
    link.world.air.vanish(*link.central.controller);
    link.world.advance(10s);
    CHECK(link.peripheral.take_events() ==
          Lines{"GattsIndicateDone 0040 0016 status 7", "GattsIndicateDone 0040 0016 status 7",
                "GattcReadDone 0040 0000 status 7", "GattcWriteDone 0040 0016 status 7",
                "CentralDisconnect 0040 0 00:AA:01:00:00:02 hci 08"});
}

TEST_CASE("gatts: a registration replaces the one before; equal tables get equal handles") {
    GattLink link;
    Host& host = link.peripheral.host;
    using gatt::ServiceDefinition;
    const auto battery = [](std::uint16_t flags) {
        return std::vector<ServiceDefinition>{{UUID{0x180f}, {{UUID{0x2a19}, flags, {}}}}};
    };
    REQUIRE(!host.write_value(link.value, hex("01"), false));
    error_code error;
    const auto first = host.register_services(battery(att::flag::read), error);
    REQUIRE(!error);
    CHECK(first[0] == std::vector{AttributeHandle{0x0016}});
    CHECK(link.stored().empty());
    CHECK(host.write_value(link.description, hex("01"), false) == errc::invalid_argument);
    const auto again = host.register_services(battery(att::flag::read), error);
    CHECK(again[0] == first[0]);
    CHECK(host.register_services({}, error).empty());
    CHECK(!error);
    CHECK(host.write_value(link.value, hex("01"), false) == errc::invalid_argument);
}

TEST_CASE("gatts: a changed table is indicated to clients that asked for it") {
    GattLink link;
    const AttributeHandle service_changed{0x000c};
    const AttributeHandle its_configuration{0x000d};
    REQUIRE(!link.central.host.write(link.conn, its_configuration, hex("02 00"), true));
    link.run();
    link.central.forget_events();
    error_code error;
    (void)link.peripheral.host.register_services({}, error);
    REQUIRE(!error);
    link.run();
    REQUIRE(link.central.count<GattcIndicate>() == 1);
    CHECK(link.central.last<GattcIndicate>()->value_handle == service_changed);
    CHECK(link.central.last<GattcIndicate>()->data.size() == 4);
    CHECK(link.central.last<GattcIndicate>()->data.first(2) == hex("14 00"));
}

TEST_CASE("gatts: the device name is what it was last set to, at the same handle") {
    GattLink link;
    const AttributeHandle name{0x0003};
    const auto read_name = [&] {
        REQUIRE(!link.central.host.read(link.conn, name));
        link.run();
        return std::string{link.central.last<GattcReadResult>()->data.text()};
    };
    CHECK(read_name() == "asioble");
    CHECK(!link.peripheral.host.set(config::gap_name{"second"}));
    CHECK(read_name() == "second");
    error_code error;
    (void)link.peripheral.host.register_services({}, error);
    CHECK(read_name() == "second");
    CHECK(link.peripheral.host.set(config::gap_name{std::string(249, 'x')}) ==
          errc::invalid_argument);
    CHECK(read_name() == "second");
    CHECK(link.peripheral.events().empty());  // not the application's business
}
