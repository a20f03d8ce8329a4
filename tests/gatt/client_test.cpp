// SPDX-License-Identifier: MIT
#include "gatt/client.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <vector>

#include "tests/gatt/client_script.hpp"

using namespace bluetooth;
using namespace std::chrono_literals;
using bluetooth::gatt::Client;
using bluetooth::gatt::ServiceType;
using bluetooth::test::ClientScript;
using bluetooth::test::handle;
using bluetooth::test::hex;
using bluetooth::test::Lines;

TEST_CASE("gatt client: one request at a time, in the order of the calls") {
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::read, handle(1)));
    REQUIRE_FALSE(script.call(&Client::read, handle(2)));
    REQUIRE_FALSE(script.call(&Client::write, handle(3), hex("aa")));
    REQUIRE_FALSE(script.call(&Client::read, handle(4)));
    CHECK(script.drain() == Lines{"send 0a0100"});
    CHECK(script.call(&Client::read, handle(5)) == errc::busy);
    CHECK(script.call(&Client::write, handle(5), hex("aa")) == errc::busy);
    CHECK(script.peer("0b 01") == Lines{"value 0001 01", "read done 0001: ok", "send 0a0200"});
    CHECK_FALSE(script.call(&Client::read, handle(5)));
    CHECK(script.peer("01 0a 02 00 01") ==
          Lines{"read done 0002: invalid handle", "send 120300aa"});
    CHECK(script.peer("13") == Lines{"write done 0003: ok", "send 0a0400"});
    CHECK(script.peer("0b 04") == Lines{"value 0004 04", "read done 0004: ok", "send 0a0500"});
    CHECK(script.peer("0b 05") == Lines{"value 0005 05", "read done 0005: ok"});
    CHECK(script.all_buffers_back());
}

TEST_CASE("gatt client: a request unanswered for 30 s closes the bearer") {
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::read, handle(1)));
    REQUIRE_FALSE(script.call(&Client::write, handle(2), hex("aa")));
    script.drain();
    CHECK(script.wait(29'999ms) == Lines{});
    CHECK(script.wait(1ms) ==
          Lines{"read done 0001: timed out", "write done 0002: not connected", "close: timed out"});
    CHECK(script.bearer.closed());
    // Nothing is sent any more, and a late response belongs to nothing.
    CHECK(script.peer("0b aa") == Lines{});
    CHECK(script.peer("1d 03 00 aa") == Lines{});
    CHECK(script.call(&Client::read, handle(3)) == errc::not_connected);
    CHECK(script.call(&Client::write_command, handle(3), hex("aa")) == errc::not_connected);
    CHECK(script.disconnect() == Lines{});
    CHECK(script.all_buffers_back());
}

TEST_CASE("gatt client: on a bearer that the server side has closed nothing is sent any more") {
    ClientScript script;
    CHECK(script.peer("1d 03 00 aa").size() == 1);  // to be confirmed within 5 s
    std::vector<Buffer> taken;
    SUBCASE("nor a request that waits for a buffer") {
        while (Buffer buffer = script.pool.acquire()) taken.push_back(std::move(buffer));
    }
    SUBCASE("nor the request behind one") {}
    REQUIRE_FALSE(script.call(&Client::read, handle(1)));
    REQUIRE_FALSE(script.call(&Client::read, handle(2)));
    script.drain();
    taken.clear();
    script.bearer.close();
    CHECK(script.call(&Client::confirm, script.last_token) == errc::not_connected);
    CHECK(script.peer("0b aa") == Lines{});
    const Lines both_done{"read done 0000: not connected", "read done 0000: not connected"};
    SUBCASE("whether the timer comes first") {
        auto ctx = script.context();
        script.now += 1h;
        script.client.on_timer(ctx);
        CHECK(script.drain() == both_done);
        CHECK(script.disconnect() == Lines{});
    }
    SUBCASE("or the end of the link") {
        CHECK(script.disconnect() == both_done);
        CHECK(script.wait(1h) == Lines{});
    }
    CHECK(script.all_buffers_back());
}

TEST_CASE("gatt client: each request has 30 s of its own") {
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::discover_services, std::nullopt, ServiceType::primary));
    script.drain();
    CHECK(script.wait(20s) == Lines{});
    CHECK(script.peer("11 06 01 00 05 00 00 18").size() == 2);
    CHECK(script.wait(20s) == Lines{});
    CHECK(script.wait(9'999ms) == Lines{});
    CHECK(script.wait(1ms) == Lines{"services done: timed out", "close: timed out"});
}

TEST_CASE("gatt client: a lost link ends everything that was pending, in order") {
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::read, handle(1)));
    REQUIRE_FALSE(script.call(&Client::write, handle(2), hex("aa")));
    REQUIRE_FALSE(script.call(&Client::exchange_mtu, 256));
    REQUIRE_FALSE(script.call(&Client::discover_services, std::nullopt, ServiceType::primary));
    script.drain();
    CHECK(script.disconnect() ==
          Lines{"read done 0000: not connected", "write done 0002: not connected",
                "exchange done: not connected", "services done: not connected"});
    CHECK(script.wait(1h) == Lines{});
    CHECK(script.all_buffers_back());
}

TEST_CASE("gatt client: a request for which no buffer is free goes out as soon as one is") {
    ClientScript script;
    std::vector<Buffer> taken;
    while (Buffer buffer = script.pool.acquire()) taken.push_back(std::move(buffer));
    REQUIRE_FALSE(script.call(&Client::read, handle(1)));
    CHECK(script.drain() == Lines{});
    CHECK(script.wait(10ms) == Lines{});
    taken.clear();
    CHECK(script.wait(10ms) == Lines{"send 0a0100"});
    CHECK(script.peer("0b aa") == Lines{"value 0001 aa", "read done 0001: ok"});
    CHECK(script.wait(1h) == Lines{});
}

TEST_CASE("gatt client: notifications arrive at any time, from any handle (B10)") {
    ClientScript script;
    CHECK(script.peer("1b 03 00 aa bb") == Lines{"notified 0003 aabb"});
    CHECK(script.peer("1b ff ff") == Lines{"notified ffff "});
    REQUIRE_FALSE(script.call(&Client::read, handle(1)));
    script.drain();
    CHECK(script.peer("1b 03 00 cc") == Lines{"notified 0003 cc"});
    CHECK(script.peer("0b aa") == Lines{"value 0001 aa", "read done 0001: ok"});
    for (const char* malformed : {"1b", "1b 00", "1b 00 00", "1b 00 00 aa"})
        CHECK(script.peer(malformed) == Lines{});
    CHECK(script.client.counters().malformed == 4);
}

TEST_CASE("gatt client: a multiple notification is several notifications") {
    ClientScript script;
    CHECK(script.peer("23 | 03 00 01 00 aa | 05 00 00 00 | 07 00 02 00 bb cc") ==
          Lines{"notified 0003 aa", "notified 0005 ", "notified 0007 bbcc"});
    CHECK(script.peer("23 | 03 00 01 00 aa | 05 00 02 00 bb") == Lines{"notified 0003 aa"});
    CHECK(script.peer("23 | 03 00") == Lines{});
    CHECK(script.peer("23 | 00 00 01 00 aa") == Lines{});
    CHECK(script.client.counters().malformed == 3);
}

TEST_CASE("gatt client: an indication is confirmed once the app has seen it") {
    ClientScript script;
    CHECK(script.peer("1d 03 00 aa") == Lines{"indicated 0003 aa"});
    CHECK(script.drain() == Lines{});
    CHECK_FALSE(script.call(&Client::confirm, script.last_token));
    CHECK(script.drain() == Lines{"send 1e"});
    CHECK(script.call(&Client::confirm, script.last_token) == errc::no_such_procedure);
    CHECK(script.call(&Client::confirm, 0U) == errc::no_such_procedure);
    CHECK(script.call(&Client::confirm, 77U) == errc::no_such_procedure);
    CHECK(script.wait(1h) == Lines{});
    CHECK(script.all_buffers_back());
}

TEST_CASE("gatt client: an app that does not answer has confirmed after 5 s") {
    ClientScript script;
    CHECK(script.peer("1d 03 00 aa") == Lines{"indicated 0003 aa"});
    CHECK(script.wait(4'999ms) == Lines{});
    CHECK(script.wait(1ms) == Lines{"send 1e"});
    CHECK(script.call(&Client::confirm, script.last_token) == errc::no_such_procedure);
    CHECK(script.wait(1h) == Lines{});
}

TEST_CASE("gatt client: a confirmation waits for a free buffer and is not lost") {
    ClientScript script;
    CHECK(script.peer("1d 03 00 aa") == Lines{"indicated 0003 aa"});
    std::vector<Buffer> taken;
    while (Buffer buffer = script.pool.acquire()) taken.push_back(std::move(buffer));
    CHECK_FALSE(script.call(&Client::confirm, script.last_token));
    CHECK(script.drain() == Lines{});
    CHECK(script.wait(10ms) == Lines{});
    CHECK(script.call(&Client::confirm, script.last_token) == errc::no_such_procedure);
    taken.clear();
    CHECK(script.wait(10ms) == Lines{"send 1e"});
    CHECK(script.wait(1h) == Lines{});
}

TEST_CASE("gatt client: after a disconnection no confirmation is sent") {
    ClientScript script;
    CHECK(script.peer("1d 03 00 aa") == Lines{"indicated 0003 aa"});
    CHECK(script.disconnect() == Lines{});
    CHECK(script.call(&Client::confirm, script.last_token) == errc::no_such_procedure);
    CHECK(script.wait(1h) == Lines{});
}
