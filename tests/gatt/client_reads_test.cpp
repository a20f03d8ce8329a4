// SPDX-License-Identifier: MIT
//
// Reading by UUID and several values at once (Vol 3 Part G 4.8.2, 4.8.4, 4.8.5).
#include <doctest/doctest.h>

#include <vector>

#include "tests/gatt/client_script.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using bluetooth::gatt::Client;

namespace {

const std::vector<att::Handle> three{handle(3), handle(5), handle(7)};

void read_names(ClientScript& script) {
    REQUIRE_FALSE(script.call(&Client::read_by_uuid, handle(1), handle(0xffff), UUID{0x2a00}));
}
void read_three(ClientScript& script) {
    REQUIRE_FALSE(script.call(&Client::read_multiple, three, false));
}
void read_three_variable(ClientScript& script) {
    REQUIRE_FALSE(script.call(&Client::read_multiple, three, true));
}

}  // namespace

TEST_CASE("gatt client: a read by UUID asks on behind each value, up to Attribute Not Found") {
    ClientScript script;
    read_names(script);
    CHECK(script.drain() == Lines{"send 080100ffff002a"});
    CHECK(script.peer("09 04 | 03 00 aa bb | 05 00 cc dd") ==
          Lines{"value 0003 aabb", "value 0005 ccdd", "send 080600ffff002a"});
    CHECK(script.peer("09 02 | 09 00") == Lines{"value 0009 ", "send 080a00ffff002a"});
    CHECK(script.peer("01 08 0a 00 0a") == Lines{"read done 0000: ok"});
    CHECK(script.all_buffers_back());
}

TEST_CASE("gatt client: a read by UUID that reaches the end of its range asks no more") {
    ClientScript script;
    const UUID uuid = UUID::from_string("6e400002-b5a3-f393-e0a9-e50e24dcca9e");
    REQUIRE_FALSE(script.call(&Client::read_by_uuid, handle(0x10), handle(0x20), uuid));
    CHECK(script.drain() == Lines{"send 08100020009ecadc240ee5a9e093f3a3b50200406e"});
    CHECK(script.peer("09 03 | 20 00 aa") == Lines{"value 0020 aa", "read done 0000: ok"});
    // ATT has no UUIDs of 32 bits.
    REQUIRE_FALSE(
        script.call(&Client::read_by_uuid, handle(0x10), handle(0x20), UUID::from_u32(0x01020304)));
    CHECK(script.drain() == Lines{"send 0810002000fb349b5f80000080001000000403"
                                  "0201"});
}

TEST_CASE("gatt client: a read by UUID that finds nothing, or is refused, ends with that error") {
    ClientScript script;
    read_names(script);
    script.drain();
    CHECK(script.peer("01 08 01 00 0a") == Lines{"read done 0000: attribute not found"});
    read_names(script);
    script.drain();
    CHECK(script.peer("01 08 03 00 05") == Lines{"read done 0000: insufficient authentication"});
    // Values that came before a refusal are given all the same.
    read_names(script);
    script.drain();
    CHECK(script.peer("09 03 | 03 00 aa") == Lines{"value 0003 aa", "send 080400ffff002a"});
    CHECK(script.peer("01 08 05 00 02") == Lines{"read done 0000: read not permitted"});
    CHECK(script.call(&Client::read_by_uuid, handle(0), handle(5), UUID{0x2a00}) ==
          errc::invalid_argument);
    CHECK(script.call(&Client::read_by_uuid, handle(6), handle(5), UUID{0x2a00}) ==
          errc::invalid_argument);
    CHECK(script.drain() == Lines{});
}

TEST_CASE("gatt client: several values at once come joined, under the first handle") {
    ClientScript script;
    read_three(script);
    CHECK(script.drain() == Lines{"send 0e030005000700"});
    CHECK(script.peer("0f aa bb cc") == Lines{"value 0003 aabbcc", "read done 0003: ok"});
    read_three(script);
    script.drain();
    CHECK(script.peer("0f") == Lines{"value 0003 ", "read done 0003: ok"});
    read_three(script);
    script.drain();
    CHECK(script.peer("01 0e 05 00 02") == Lines{"read done 0003: read not permitted"});
    CHECK(script.all_buffers_back());
}

TEST_CASE("gatt client: several values of variable length come one by one") {
    ClientScript script;
    read_three_variable(script);
    CHECK(script.drain() == Lines{"send 20030005000700"});
    CHECK(script.peer("21 | 01 00 aa | 00 00 | 02 00 bb cc") ==
          Lines{"value 0003 aa", "value 0005 ", "value 0007 bbcc", "read done 0003: ok"});
    read_three_variable(script);
    script.drain();
    CHECK(script.peer("01 20 00 00 06") == Lines{"read done 0003: request not supported"});
    CHECK(script.all_buffers_back());
}

TEST_CASE("gatt client: values of variable length may be cut anywhere where the PDU is full") {
    struct {
        const char* response;  // of 23 octets
        Lines lines;
    } const cases[] = {
        {"21 | 13 00 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | 01",
         {"value 0003 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "read done 0003: ok"}},
        {"21 | 14 00 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         {"value 0003 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "read done 0003: ok"}},
        {"21 | 00 02 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         {"value 0003 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "read done 0003: ok"}},
        {"21 | 01 00 aa | 20 00 bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
         {"value 0003 aa", "value 0005 bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "read done 0003: ok"}},
    };
    for (const auto& [response, lines] : cases) {
        ClientScript script;
        read_three_variable(script);
        script.drain();
        CHECK(script.peer(response) == lines);
    }
}

TEST_CASE("gatt client: values may be cut by the MTU that was when they were asked for") {
    ClientScript script;
    read_three_variable(script);
    script.drain();
    CHECK(script.bearer.finish_mtu_exchange(256, 100));  // the peer exchanges the MTU meanwhile
    CHECK(script.peer("21 | 1e 00 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") ==
          Lines{"value 0003 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "read done 0003: ok"});
    // Once it is known for sure, they may not.
    read_three_variable(script);
    script.drain();
    CHECK(script.peer("21 | 1e 00 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") ==
          Lines{"read done 0003: protocol error"});
}

TEST_CASE("gatt client: read multiple takes two handles at least, and what fits one request") {
    ClientScript script;
    const std::vector<att::Handle> handles(12, handle(3));
    const auto of = [&](std::size_t count) {
        return script.call(&Client::read_multiple, std::span{handles}.first(count), false);
    };
    CHECK(of(0) == errc::invalid_argument);
    CHECK(of(1) == errc::invalid_argument);
    CHECK(of(12) == errc::invalid_argument);
    CHECK(script.drain() == Lines{});
    CHECK_FALSE(of(11));  // 1 + 2 * 11 = 23
    CHECK(script.drain() == Lines{"send 0e03000300030003000300030003000300030003000300"});
    std::vector<Buffer> taken;
    while (Buffer buffer = script.pool.acquire()) taken.push_back(std::move(buffer));
    CHECK(of(2) == errc::no_buffers);
}

TEST_CASE("gatt client: reads of several values cut off at any step are done once") {
    check_cut_off_anywhere(23, 1, read_names,
                           {"09 03 03 00 aa", "09 03 05 00 bb", "01 08 06 00 0a"});
    check_cut_off_anywhere(23, 1, read_three, {"0f aa bb"});
    check_cut_off_anywhere(23, 1, read_three_variable, {"21 01 00 aa 00 00 00 00"});
}
