// SPDX-License-Identifier: MIT
//
// A client that has the link secured when the peer refuses a request for want of that.
#include <doctest/doctest.h>

#include "tests/gatt/client_script.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using gatt::Client;

namespace {
struct Raising : ClientScript {
    Raising() { client.raise_security(true); }
};
}  // namespace

TEST_CASE("gatt client security: a refused request is sent again on the secured link") {
    for (const char* refusal : {"01 0a 0300 05", "01 0a 0300 0f"}) {
        Raising script;
        REQUIRE(!script.call(&Client::read, handle(3)));
        REQUIRE(script.drain() == Lines{"send 0a0300"});
        CHECK(script.peer(refusal) == Lines{"security needed"});
        CHECK(script.client.awaits_security());
        CHECK(script.secured(true) == Lines{"send 0a0300"});
        CHECK(script.peer("0b 0102") == Lines{"value 0003 0102", "read done 0003: ok"});
        CHECK(script.all_buffers_back());
    }
}

TEST_CASE("gatt client security: a peer gets security once for each request (B15)") {
    Raising script;
    REQUIRE(!script.call(&Client::read, handle(3)));
    REQUIRE(!script.call(&Client::read, handle(4)));
    script.drain();
    CHECK(script.peer("01 0a 0300 05") == Lines{"security needed"});
    CHECK(script.secured(true) == Lines{"send 0a0300"});
    const Lines end = script.peer("01 0a 0300 05");
    REQUIRE(end.size() == 2);
    CHECK(end[0].starts_with("read done 0003: "));
    CHECK(end[1] == "send 0a0400");
    CHECK(script.peer("01 0a 0400 0f") == Lines{"security needed"});  // another request
}

TEST_CASE("gatt client security: without more security the peer's refusal is the end") {
    Raising script;
    const Octets value = hex("01 02");
    REQUIRE(!script.call(&Client::write, handle(3), Bytes{value}));
    script.drain();
    CHECK(script.peer("01 12 0300 05") == Lines{"security needed"});
    SUBCASE("the link could not be secured") {
        const Lines end = script.secured(false);
        REQUIRE(end.size() == 1);
        CHECK(end[0].starts_with("write done 0003: "));
    }
    SUBCASE("the link is lost") {
        const Lines end = script.disconnect();
        REQUIRE(end.size() == 1);
        CHECK(script.secured(true) == Lines{});
    }
    CHECK(script.all_buffers_back());
}

TEST_CASE("gatt client security: nothing is raised unasked") {
    ClientScript script;
    REQUIRE(!script.call(&Client::read, handle(3)));
    script.drain();
    const Lines end = script.peer("01 0a 0300 05");
    REQUIRE(end.size() == 1);
    CHECK(end[0].starts_with("read done 0003: "));
}
