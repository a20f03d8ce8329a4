// SPDX-License-Identifier: MIT
//
// A peripheral that wants other connection parameters, and the say of the central's application
// (Vol 3 Part A 4.20, Vol 6 Part B 5.1.7).
#include <doctest/doctest.h>

#include <string>

#include "tests/bluetooth/l2cap_room.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

/// A controller without the procedure of the link layers: host asks host.
virtual_controller::Profile by_l2cap() {
    virtual_controller::Profile profile;
    profile.le_features &=
        ~virtual_controller::feature_bit(hci::LeFeature::connection_parameters_request);
    return profile;
}
struct UpdateLink {
    static constexpr ConnectionHandle conn{0x0040};

    World world;
    Device& peripheral;
    Device& central;

    explicit UpdateLink(const virtual_controller::Profile& profile)
        : peripheral(world.add(profile)), central(world.add(profile)) {
        world.connect(central, peripheral);
    }
    /// 100 ms, latency 4, 3 s.
    error_code ask() { return peripheral.host.update_connection(conn, 100ms, 125ms, 4, 3s); }
    void run() { world.advance(100ms); }
};

/// Runs `body` with a link on which each of the two procedures is used.
template <class Body> void with_each_procedure(Body&& body) {
    for (const bool host_asks_host : {false, true}) {
        CAPTURE(host_asks_host);
        UpdateLink link{host_asks_host ? by_l2cap() : virtual_controller::Profile{}};
        body(link);
    }
}

const std::string request_line = "ConnectionUpdateRequest 0040 80 100 4 300";

/// The central, to whose C-frames on PSM 5 the test plays the peripheral.
struct Asked : PlayedLink {
    Asked() : PlayedLink(hci::Role::central) {}
    Lines ask(std::string_view identifier = "01") {
        receive("0c 00 05 00 | 12 " + std::string{identifier} + " 08 00 50 00 64 00 04 00 2c 01");
        return sent();
    }
};
Lines answered(std::string_view identifier, std::string_view result) {
    return {
        to_hex(hex("06 00 05 00 13" + std::string{identifier} + "02 00" + std::string{result}))};
}

}  // namespace

/// What the central's handler does about a wish.
using Decision = void (*)(const ConnectionUpdateRequest& request);

void decide_by(Device& central, Decision decision) {
    central.handler = [decision](const Event& event) {
        if (const auto* request = std::get_if<ConnectionUpdateRequest>(&event)) decision(*request);
    };
}

TEST_CASE("connection update: a peripheral's wish is granted, unless the application refuses") {
    Decision decision = nullptr;
    SUBCASE("it says nothing") {
        decision = [](const ConnectionUpdateRequest&) {};
    }
    SUBCASE("it grants") {
        decision = [](const ConnectionUpdateRequest& request) { request.answer(true); };
    }
    SUBCASE("its last word counts") {
        decision = [](const ConnectionUpdateRequest& request) {
            request.answer(false);
            request.answer(true);
        };
    }
    with_each_procedure([&](UpdateLink& link) {
        decide_by(link.central, decision);
        REQUIRE(!link.ask());
        link.run();
        const auto events = link.central.take_events();
        REQUIRE(events.size() == 2);
        CHECK(events[0] == request_line);
        REQUIRE(link.peripheral.count<ConnectionUpdate>() == 1);
        for (const Device* device : {&link.central, &link.peripheral}) {
            const auto* update = device->last<ConnectionUpdate>();
            REQUIRE(update != nullptr);
            CHECK(update->status == 0);
            CHECK(update->interval.count() >= 80);
            CHECK(update->interval.count() <= 100);
            CHECK(update->latency == 4);
            CHECK(update->supervision_timeout.count() == 300);
        }
    });
}

TEST_CASE("connection update: without a handler it is granted") {
    with_each_procedure([&](UpdateLink& link) {
        link.central.host.irq({});
        REQUIRE(!link.ask());
        link.run();
        REQUIRE(link.peripheral.count<ConnectionUpdate>() == 1);
        CHECK(link.peripheral.last<ConnectionUpdate>()->status == 0);
    });
}

TEST_CASE("connection update: what the application refuses stays as it was, and it may ask again") {
    Decision decision = nullptr;
    SUBCASE("by its answer") {
        decision = [](const ConnectionUpdateRequest& request) { request.answer(false); };
    }
    SUBCASE("by an exception") {
        decision = [](const ConnectionUpdateRequest&) { throw 42; };
    }
    SUBCASE("by an exception after it has granted") {
        decision = [](const ConnectionUpdateRequest& request) {
            request.answer(true);
            throw 42;
        };
    }
    with_each_procedure([&](UpdateLink& link) {
        decide_by(link.central, decision);
        REQUIRE(!link.ask());
        link.run();
        CHECK(link.central.take_events() == Lines{request_line});
        REQUIRE(link.peripheral.count<ConnectionUpdate>() == 1);
        const auto* refused = link.peripheral.last<ConnectionUpdate>();
        CHECK(refused->status != 0);
        CHECK(refused->latency == 0);
        // The verdict on one is not that on the next.
        link.central.handler = {};
        link.peripheral.forget_events();
        REQUIRE(!link.ask());
        link.run();
        REQUIRE(link.peripheral.count<ConnectionUpdate>() == 1);
        CHECK(link.peripheral.last<ConnectionUpdate>()->status == 0);
    });
}

TEST_CASE("connection update: the octets of the answers to a request by L2CAP") {
    Asked link;
    SUBCASE("granted") {
        CHECK(link.ask() == answered("01", "00 00"));
        CHECK(link.device().count<ConnectionUpdate>() == 1);
    }
    SUBCASE("refused") {
        link.device().handler = [](const Event& event) {
            if (const auto* request = std::get_if<ConnectionUpdateRequest>(&event))
                request->answer(false);
        };
        CHECK(link.ask() == answered("01", "01 00"));
        CHECK(link.device().take_events() == Lines{request_line});
        CHECK(link.ask("02") == answered("02", "01 00"));
    }
    SUBCASE("S27: parameters that cannot be are refused unheard") {
        for (const char* parameters :
             {"06 00 06 00 f3 01 0a 00", "18 00 06 00 00 00 48 00", "05 00 06 00 00 00 48 00",
              "06 00 81 0c 00 00 80 0c", "06 00 06 00 f4 01 80 0c", "06 00 06 00 00 00 81 0c",
              "ff ff ff ff ff ff ff ff", "00 00 00 00 00 00 00 00"}) {
            CAPTURE(parameters);
            link.receive("0c 00 05 00 | 12 05 08 00" + std::string{parameters});
            CHECK(link.sent() == answered("05", "01 00"));
        }
        CHECK(link.device().take_events() == Lines{});
    }
    SUBCASE("refused while an update of ours is under way") {
        REQUIRE(!link.host().update_connection(link.conn, 200ms, 200ms, 0, 3s));
        link.device().wire->feed(
            hex("02 40 20 10 00 0c 00 05 00 12 01 08 00 50 00 64 00 04 00 2c 01"));
        CHECK(link.sent() == answered("01", "01 00"));
        CHECK(link.device().last<ConnectionUpdate>()->interval.count() == 160);
    }
}

TEST_CASE("connection update: the octets of the answers to a request by the link layer") {
    Asked link;
    bool grant = true;
    SUBCASE("granted") {}
    SUBCASE("refused") { grant = false; }
    link.device().handler = [&](const Event& event) {
        if (const auto* request = std::get_if<ConnectionUpdateRequest>(&event))
            request->answer(grant);
    };
    link.device().sent.clear();
    Lines commands;
    link.device().wire->on_packet = [&](Bytes packet) { commands.push_back(to_hex(packet)); };
    // LE Remote Connection Parameter Request: 100 to 125 ms, latency 4, 3 s
    link.device().inject("04 3e 0b 06 40 00 50 00 64 00 04 00 2c 01");
    CHECK(link.device().take_events() == Lines{request_line});
    // …Reply, or …Negative Reply with Unacceptable Connection Parameters
    CHECK(commands ==
          Lines{to_hex(hex(grant ? "01 20 20 0e 40 00 50 00 64 00 04 00 2c 01 00 00 00 00"
                                 : "01 21 20 03 40 00 3b"))});
}

TEST_CASE("connection update: a link layer's request that cannot be is refused unheard") {
    Asked link;
    Lines commands;
    link.device().wire->on_packet = [&](Bytes packet) { commands.push_back(to_hex(packet)); };
    link.device().inject("04 3e 0b 06 40 00 06 00 06 00 f3 01 0a 00");
    CHECK(commands == Lines{to_hex(hex("01 21 20 03 40 00 3b"))});
    link.device().inject("04 3e 0b 06 41 00 50 00 64 00 04 00 2c 01");  // for no link
    CHECK(commands.size() == 1);
    CHECK(link.device().take_events() == Lines{});
}

TEST_CASE("connection update: one at a time") {
    with_each_procedure([&](UpdateLink& link) {
        REQUIRE(!link.ask());
        CHECK(link.ask().value() == 114);
        link.run();
        CHECK(link.peripheral.count<ConnectionUpdate>() == 1);
        CHECK(link.central.count<ConnectionUpdateRequest>() == 1);
        CHECK(link.ask() == error_code{});
    });
}

TEST_CASE("connection update: a handler may end the link, or everything, instead of an answer") {
    bool stop = false;
    SUBCASE("the link") {}
    SUBCASE("everything") { stop = true; }
    with_each_procedure([&](UpdateLink& link) {
        link.central.handler = [&](const Event& event) {
            if (!std::holds_alternative<ConnectionUpdateRequest>(event)) return;
            if (stop)
                link.central.host.stop();
            else
                CHECK(!link.central.host.disconnect(link.conn));
        };
        REQUIRE(!link.ask());
        link.world.advance(50s);
        CHECK(link.central.closed == (stop ? 1u : 0u));
        CHECK(link.peripheral.count<CentralDisconnect>() == 1);
        CHECK(std::holds_alternative<CentralDisconnect>(link.peripheral.events().back()));
    });
}
