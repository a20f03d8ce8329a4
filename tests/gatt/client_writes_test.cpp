// SPDX-License-Identifier: MIT
//
// Reliable and signed writes, and subscriptions (Vol 3 Part G 4.9.2, 4.9.5, 3.3.3.3).
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/gatt/client_script.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using bluetooth::gatt::Client;
using bluetooth::gatt::Subscription;

namespace {

const Octets long_value(20, 0xaa);
const Octets short_value = hex("01 02");

void write_two(ClientScript& script) {
    const att::HandleValue values[]{{handle(3), long_value}, {handle(5), short_value}};
    REQUIRE_FALSE(script.call(&Client::write_reliable, values));
}
const char* const prepared[]{"17 0300 0000 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                             "17 0300 1200 aaaa", "17 0500 0000 0102"};

void subscribe(ClientScript& script) {
    REQUIRE_FALSE(script.call(&Client::subscribe, handle(3), Subscription::notifications));
}

}  // namespace

TEST_CASE("gatt client: a reliable write prepares all values and executes them once") {
    ClientScript script;
    write_two(script);
    CHECK(script.drain() == Lines{"send 1603000000aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"});
    CHECK(script.peer(prepared[0]) == Lines{"send 1603001200aaaa"});
    CHECK(script.peer(prepared[1]) == Lines{"send 16050000000102"});
    CHECK(script.peer(prepared[2]) == Lines{"send 1801"});
    SUBCASE("and all are written") { CHECK(script.peer("19") == Lines{"write done 0003: ok"}); }
    SUBCASE("and none is") {
        CHECK(script.peer("01 18 05 00 0d") ==
              Lines{"write done 0003: invalid attribute value length"});
    }
    SUBCASE("and the answer makes no sense") {
        CHECK(script.peer("19 00") == Lines{"write done 0003: protocol error"});
    }
    CHECK(script.all_buffers_back());
}

TEST_CASE("gatt client: a reliable write is cancelled unless each octet is echoed") {
    for (const char* echo :
         {"17 0500 0000 0103", "17 0500 0000 01", "17 0500 0000 010200", "17 0500 0000",
          "17 0400 0000 0102", "17 0500 0100 0102", "17 0500 00", "17"}) {
        CAPTURE(echo);
        ClientScript script;
        write_two(script);
        script.drain();
        script.peer(prepared[0]);
        script.peer(prepared[1]);
        CHECK(script.peer(echo) == Lines{"send 1800"});
        CHECK(script.peer("19") == Lines{"write done 0005: protocol error"});
        CHECK(script.all_buffers_back());
    }
}

TEST_CASE("gatt client: a reliable write names the value that the peer refused") {
    ClientScript script;
    write_two(script);
    script.drain();
    script.peer(prepared[0]);
    script.peer(prepared[1]);
    CHECK(script.peer("01 16 05 00 03") == Lines{"send 1800"});
    SUBCASE("when the queue was cancelled") {
        CHECK(script.peer("19") == Lines{"write done 0005: write not permitted"});
    }
    SUBCASE("even when it could not be cancelled") {
        CHECK(script.peer("01 18 00 00 0e") == Lines{"write done 0005: write not permitted"});
    }
    CHECK(script.all_buffers_back());
}

TEST_CASE("gatt client: the values of a reliable write share buffers, empty ones among them") {
    ClientScript script;
    std::vector<att::HandleValue> values(31, att::HandleValue{handle(3), short_value});
    values.push_back({handle(5), {}});
    REQUIRE_FALSE(script.call(&Client::write_reliable, values));
    CHECK(script.pool.available() == 2);  // 62 octets, and the request
    script.drain();
    std::string lines;
    for (int i = 0; i < 31; ++i) lines = script.peer("17 0300 0000 0102").back();
    CHECK(lines == "send 1605000000");
    CHECK(script.peer("17 0500 0000") == Lines{"send 1801"});
    CHECK(script.peer("19") == Lines{"write done 0003: ok"});
    CHECK(script.all_buffers_back());
}

TEST_CASE("gatt client: a value that goes over into another buffer is sent in parts") {
    ClientScript script{517};
    const Octets first(512, 0xaa);
    const Octets second(49, 0xbb);  // the pool's buffers hold 560 octets
    const att::HandleValue values[]{{handle(3), first}, {handle(5), second}};
    REQUIRE_FALSE(script.call(&Client::write_reliable, values));
    CHECK(script.drain() == Lines{"send 1603000000" + to_hex(first)});
    const std::string part = to_hex(Bytes{second}.first(48));
    CHECK(script.peer("17 0300 0000 " + to_hex(first)) == Lines{"send 1605000000" + part});
    CHECK(script.peer("17 0500 0000 " + part) == Lines{"send 1605003000bb"});
    CHECK(script.peer("17 0500 3000 bb") == Lines{"send 1801"});
    CHECK(script.peer("19") == Lines{"write done 0003: ok"});
    CHECK(script.all_buffers_back());
}

TEST_CASE("gatt client: a reliable write that cannot be held is refused at the call") {
    ClientScript script;
    const auto write = [](ClientScript& s, std::span<const att::HandleValue> values) {
        return s.call(&Client::write_reliable, values);
    };
    const Octets largest(512, 0xbb);
    const Octets too_large(513, 0xbb);
    CHECK(write(script, {}) == errc::invalid_argument);
    const att::HandleValue one_too_large[]{{handle(3), short_value}, {handle(5), too_large}};
    CHECK(write(script, one_too_large) == errc::too_big);
    const std::vector<att::HandleValue> five(5, att::HandleValue{handle(3), largest});
    CHECK(write(script, five) == errc::no_buffers);
    const std::vector<att::HandleValue> many(33, att::HandleValue{handle(3), {}});
    CHECK(write(script, many) == errc::too_big);
    CHECK(script.all_buffers_back());
    CHECK(script.drain() == Lines{});
    CHECK_FALSE(write(script, std::span{many}.first(32)));
}

TEST_CASE("gatt client: a reliable write holds 4,096 octets, of whatever sizes the values are") {
    for (const std::size_t size : {512U, 261U, 255U, 137U}) {
        CAPTURE(size);
        BufferPool pool{16, 521};
        gatt::ClientOutbox out;
        att::Bearer bearer;
        Client client{bearer};
        gatt::ClientContext ctx{Time{}, pool, out};
        const Octets value(size, 0xbb);
        std::vector<att::HandleValue> values(4096 / size, att::HandleValue{handle(3), value});
        values.push_back({handle(5), Bytes{value}.first(4096 % size)});
        CHECK_FALSE(client.write_reliable(ctx, values));
        client.on_disconnected(ctx);
        out.clear();
        CHECK(pool.available() == 16);
        values.push_back({handle(7), Bytes{value}.first(1)});
        CHECK(client.write_reliable(ctx, values) == errc::too_big);
        CHECK(out.empty());
        CHECK(pool.available() == 16);
    }
}

// The codes were computed with OpenSSL's command-line CMAC under K of RFC 4493, section 4, over
// counter and PDU in the order of Vol 3 Part H 2.4.5.
TEST_CASE("gatt client: a signed write goes out at once, with counter and code behind the value") {
    const crypto::Key csrk{{0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88,
                            0x09, 0xcf, 0x4f, 0x3c}};
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::read, handle(3)));
    script.drain();
    REQUIRE_FALSE(script.call(&Client::write_signed, handle(7), hex("01 02 03"), csrk, 5));
    CHECK(script.drain() == Lines{"send d2070001020305000000fb88479001209717"});
    // Cut to ATT_MTU - 15 octets.
    REQUIRE_FALSE(script.call(&Client::write_signed, handle(7), long_value, csrk, 0xffffffff));
    CHECK(script.drain() == Lines{"send d20700aaaaaaaaaaaaaaaaffffffff51ba2fbb94628811"});
    std::vector<Buffer> taken;
    while (Buffer buffer = script.pool.acquire()) taken.push_back(std::move(buffer));
    CHECK(script.call(&Client::write_signed, handle(7), long_value, csrk, 6) == errc::no_buffers);
    taken.clear();
    script.bearer.close();
    CHECK(script.call(&Client::write_signed, handle(7), long_value, csrk, 6) ==
          errc::not_connected);
}

TEST_CASE("gatt client: to subscribe is to find the descriptor behind the value and to write it") {
    struct {
        Subscription subscription;
        const char* write;
    } const cases[] = {{Subscription::none, "send 1206000000"},
                       {Subscription::notifications, "send 1206000100"},
                       {Subscription::indications, "send 1206000200"},
                       {Subscription::both, "send 1206000300"}};
    for (const auto& [subscription, write] : cases) {
        ClientScript script;
        REQUIRE_FALSE(script.call(&Client::subscribe, handle(3), subscription));
        CHECK(script.drain() == Lines{"send 040400ffff"});
        CHECK(script.peer("05 01 | 04 00 00 29 | 05 00 01 29") == Lines{"send 040600ffff"});
        CHECK(script.peer("05 01 | 06 00 02 29 | 07 00 03 28 | 08 00 02 29") == Lines{write});
        CHECK(script.peer("13") == Lines{"subscribe done 0003 by 0006: ok"});
        CHECK(script.all_buffers_back());
    }
}

TEST_CASE("gatt client: the descriptor may be declared with 128 bits") {
    ClientScript script;
    subscribe(script);
    script.drain();
    CHECK(script.peer("05 02 | 04 00 fb 34 9b 5f 80 00 00 80 00 10 00 00 02 29 00 00") ==
          Lines{"send 1204000100"});
}

TEST_CASE("gatt client: the descriptor is not looked for behind the next declaration") {
    for (const char* response :
         {"05 01 | 04 00 00 28 | 05 00 02 29", "05 01 | 04 00 01 28", "05 01 | 04 00 02 28",
          "05 01 | 04 00 03 28 | 06 00 02 29",
          "05 02 | 04 00 fb 34 9b 5f 80 00 00 80 00 10 00 00 03 28 00 00", "01 04 04 00 0a"}) {
        CAPTURE(response);
        ClientScript script;
        subscribe(script);
        script.drain();
        CHECK(script.peer(response) == Lines{"subscribe done 0003 by 0000: attribute not found"});
        CHECK(script.all_buffers_back());
    }
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::subscribe, handle(0xffff), Subscription::indications));
    CHECK(script.drain() == Lines{"subscribe done ffff by 0000: attribute not found"});
}

TEST_CASE("gatt client: to subscribe fails with what the peer refuses") {
    ClientScript script;
    subscribe(script);
    script.drain();
    CHECK(script.peer("01 04 04 00 05") ==
          Lines{"subscribe done 0003 by 0000: insufficient authentication"});
    subscribe(script);
    script.drain();
    script.peer("05 01 | 04 00 02 29");
    CHECK(script.peer("01 12 04 00 0f") ==
          Lines{"subscribe done 0003 by 0004: insufficient encryption"});
    // Of the descriptor there is no doubt any more when it is the write that is not answered well.
    subscribe(script);
    script.drain();
    script.peer("05 01 | 04 00 02 29");
    CHECK(script.peer("01 12 04 00 0a") ==
          Lines{"subscribe done 0003 by 0004: attribute not found"});
}

TEST_CASE("gatt client: reliable writes and subscriptions cut off at any step are done once") {
    check_cut_off_anywhere(23, 1, write_two, {prepared[0], prepared[1], prepared[2], "19"});
    check_cut_off_anywhere(23, 1, write_two, {prepared[0], "17 0300 1200 aaab", "19"});
    check_cut_off_anywhere(23, 1, subscribe, {"05 01 04 00 01 29", "05 01 05 00 02 29", "13"});
}
