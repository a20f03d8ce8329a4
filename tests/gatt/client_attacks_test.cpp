// SPDX-License-Identifier: MIT
//
// What a hostile or broken server may send to a client. Numbers such as B03 name inputs that have
// brought down other stacks. Whatever comes, the procedure under way ends once, and the client
// works on.
#include <doctest/doctest.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "tests/gatt/client_procedures.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;
using bluetooth::gatt::Client;

namespace {

std::string times(std::size_t count, const char* digits) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += digits;
    return text;
}

/// The peer's first response ends the procedure with a protocol error.
void check_refused(Begin begin, std::initializer_list<const char*> responses) {
    for (const char* response : responses) {
        CAPTURE(response);
        ClientScript script{64};
        begin(script);
        REQUIRE(script.drain().size() == 1);
        const Lines lines = script.peer(response);
        CHECK(count_done(lines) == 1);
        CHECK((!lines.empty() && lines.back().ends_with(": protocol error")));
        check_works(script);
    }
}

/// The PDU is dropped, as if it had not come.
void check_ignored(ClientScript& script, std::initializer_list<const char*> pdus) {
    for (const char* pdu : pdus) {
        CAPTURE(pdu);
        CHECK(script.peer(pdu) == Lines{});
    }
}

}  // namespace

// ---- what belongs to no request

TEST_CASE("gatt client attacks: responses that nobody waits for are ignored (B01)") {
    ClientScript script;
    check_ignored(script, {"0b 01 02"});
    read(script);
    script.drain();
    check_ignored(script, {"13", "09 07 02 00 02 03 00 00 2a", "03 00 02", "0d aa", "21 aa"});
    CHECK(script.client.counters().unexpected == 6);
    CHECK(script.peer("0b aa") == Lines{"value 0003 aa", "read done 0003: ok"});
    check_ignored(script, {"0b aa"});
    check_works(script);
}

TEST_CASE(
    "gatt client attacks: error responses that are cut off or name another request are ignored "
    "(B02)") {
    ClientScript script;
    check_ignored(script, {"01 0a 03 00 02"});  // no request at all
    read(script);
    script.drain();
    check_ignored(script, {"01", "01 0a 03", "01 0a 03 00", "01 0a 03 00 02 00", "01 12 03 00 03",
                           "01 00 00 00 03", "01 01 03 00 03", "01 0b 03 00 03"});
    CHECK(script.client.counters().malformed == 4);
    CHECK(script.client.counters().unexpected == 5);
    SUBCASE("and the answer is still waited for") {
        CHECK(script.peer("0b aa") == Lines{"value 0003 aa", "read done 0003: ok"});
        check_works(script);
    }
    SUBCASE("for 30 s") {
        CHECK(script.wait(30s) == Lines{"read done 0003: timed out", "close: timed out"});
        CHECK(script.all_buffers_back());
    }
}

TEST_CASE("gatt client attacks: an empty PDU and those that no server sends are ignored") {
    ClientScript script;
    read(script);
    script.drain();
    check_ignored(script, {"", "00", "02 17 00", "0a 03 00", "12 03 00", "1e", "52 03 00", "bf 00",
                           "d2 03 00", "ff", "0a", "8b aa", "4b aa"});
    CHECK(script.peer("0b aa") == Lines{"value 0003 aa", "read done 0003: ok"});
    check_works(script);
}

TEST_CASE("gatt client attacks: the same request is not sent again for a refusal (B15)") {
    for (const char* code : {"05", "08", "0c", "0f"}) {
        ClientScript script;
        read(script);
        script.drain();
        const Lines lines = script.peer("01 0a 03 00 " + std::string{code});
        CHECK(lines.size() == 1);
        CHECK(count_done(lines) == 1);
        CHECK(script.wait(1h) == Lines{});
        check_works(script);
    }
}

// ---- malformed lists

TEST_CASE("gatt client attacks: groups of wrong lengths end the discovery of services") {
    check_refused(discover_services,
                  {"11", "11 06", "11 00", "11 00 01", "11 01 aa", "11 06 01 00 05 00 00",
                   "11 05 01 00 05 00 00", "11 08 01 00 05 00 00 18 00 00", "11 04 01 00 05 00",
                   "11 ff 01 00 05 00 00 18",
                   "11 13 01 00 05 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f",
                   "11 06 01 00 05 00 00 18 06 00 09 00 01"});
}

TEST_CASE("gatt client attacks: groups out of order or range end the discovery of services") {
    check_refused(discover_services,
                  {"11 06 00 00 05 00 00 18",                      // handle 0
                   "11 06 05 00 04 00 00 18",                      // ends before it starts
                   "11 06 01 00 05 00 00 18 05 00 06 00 01 18",    // overlaps
                   "11 06 01 00 05 00 00 18 01 00 05 00 00 18",    // twice the same
                   "11 06 06 00 07 00 00 18 01 00 05 00 01 18"});  // descends
    ClientScript script;
    discover_services(script);
    script.drain();
    CHECK(script.peer("11 06 01 00 05 00 00 18").back() == "send 100600ffff0028");
    // The same once more, which would never end.
    CHECK(script.peer("11 06 01 00 05 00 00 18") == Lines{"services done: protocol error"});
    check_works(script);
}

TEST_CASE("gatt client attacks: partial or disordered pairs end the discovery by UUID") {
    check_refused(discover_by_uuid,
                  {"07", "07 01", "07 01 00", "07 01 00 05", "07 01 00 05 00 06", "07 00 00 05 00",
                   "07 05 00 04 00", "07 01 00 05 00 05 00 06 00", "07 01 00 05 00 01 00 05 00",
                   "07 06 00 07 00 01 00 05 00"});
}

TEST_CASE("gatt client attacks: element lengths of 0, 1 or with a rest end a search (B03)") {
    check_refused(discover_characteristics, {"09", "09 00", "09 00 02 00", "09 01 aa", "09 07",
                                             "09 07 02 00 02", "09 07 11 00 10 12 00 37 2a 14"});
    check_refused(discover_included, {"09", "09 00", "09 00 02 00", "09 01 aa", "09 06", "09 08",
                                      "09 06 12 00 20 00 2f", "09 08 12 00 20 00 2f 00 0f",
                                      "09 06 12 00 20 00 2f 00 13 00"});
    check_refused(read_by_uuid, {"09", "09 00", "09 00 02 00", "09 01 aa", "09 02", "09 03 11 00",
                                 "09 03 11 00 aa 12", "09 ff 11 00 aa"});
}

TEST_CASE("gatt client attacks: short and odd information ends a search (B04)") {
    const std::initializer_list<const char*> responses = {
        "05",
        "05 01",
        "05 02",
        "05 00 13 00 02 29",
        "05 03 13 00 02 29",
        "05 ff 13 00 02 29",
        "05 01 13 00 00",
        "05 01 13 00 02 29 14",
        "05 02 13 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f"};
    check_refused(discover_descriptors, responses);
    check_refused(subscribe, responses);
}

TEST_CASE("gatt client attacks: attributes out of order or range end a search") {
    check_refused(discover_descriptors,
                  {"05 01 12 00 02 29", "05 01 16 00 02 29", "05 01 00 00 02 29",
                   "05 01 14 00 02 29 13 00 03 28", "05 01 13 00 02 29 13 00 02 29"});
    // A descriptor that is none of this characteristic must not be written to.
    check_refused(subscribe, {"05 01 12 00 02 29", "05 01 00 00 02 29", "05 01 03 00 02 29",
                              "05 01 13 00 02 29 13 00 01 29", "05 01 14 00 01 29 13 00 02 29"});
    check_refused(read_by_uuid, {"09 03 00 00 aa", "09 03 0f 00 aa", "09 03 30 00 aa",
                                 "09 03 12 00 aa 11 00 aa", "09 03 12 00 aa 12 00 aa"});
    check_refused(discover_characteristics,
                  {"09 07 0f 00 10 12 00 37 2a",  // before the range
                   "09 07 30 00 10 31 00 37 2a",  // behind it
                   "09 07 11 00 10 11 00 37 2a",  // value before its declaration
                   "09 07 2f 00 10 30 00 37 2a",  // value behind the range
                   "09 07 11 00 10 12 00 37 2a 11 00 10 12 00 37 2a"});
}

TEST_CASE("gatt client attacks: declarations of 3, 6 or 20 octets end the discovery (B07)") {
    check_refused(
        discover_characteristics,
        {"09 05 11 00 10 12 00", "09 08 11 00 10 12 00 37 2a 00",
         "09 0b 11 00 10 12 00 01 02 03 04 05 06",
         "09 19 11 00 10 12 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13 14"});
    check_refused(discover_included,
                  {"09 05 12 00 20 00 2f", "09 07 12 00 20 00 2f 00 0f",
                   "09 0a 12 00 20 00 2f 00 01 02 03 04",
                   "09 16 12 00 20 00 2f 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10"});
}

TEST_CASE("gatt client attacks: services that include themselves or each other end (B08)") {
    ClientScript script{64};
    REQUIRE_FALSE(script.call(&Client::discover_included, handle(1), handle(0x2f)));
    script.drain();
    // The service 0001-000f includes itself, its includer 0010-001f, and one with all handles.
    CHECK(script.peer("09 08 | 02 00 01 00 0f 00 0f 18 | 03 00 10 00 1f 00 0f 18 | "
                      "04 00 01 00 ff ff 0f 18") ==
          Lines{"included 0002: 0001-000f UUID(0x180f)", "included 0003: 0010-001f UUID(0x180f)",
                "included 0004: 0001-ffff UUID(0x180f)", "send 0805002f000228"});
    CHECK(script.peer("09 06 05 00 01 00 0f 00") == Lines{"send 0a0100"});
    CHECK(script.peer("0b 9e ca dc 24 0e e5 a9 e0 93 f3 a3 b5 01 00 40 6e").back() ==
          "send 0806002f000228");
    CHECK(script.peer("01 08 06 00 0a") == Lines{"included services done: ok"});
    check_works(script);
}

TEST_CASE("gatt client attacks: includes that make no sense end the search for them") {
    check_refused(discover_included,
                  {"09 08 12 00 1f 00 10 00 0f 18", "09 06 12 00 1f 00 10 00",
                   "09 08 0f 00 10 00 1f 00 0f 18", "09 08 30 00 10 00 1f 00 0f 18",
                   "09 06 12 00 10 00 1f 00 12 00 20 00 2f 00"});
    for (const char* uuid :
         {"0b", "0b 0f 18", "0b 0f 18 00 00", "0b 9e ca dc 24 0e e5 a9 e0 93 f3 a3 b5 01 00 40",
          "0b 9e ca dc 24 0e e5 a9 e0 93 f3 a3 b5 01 00 40 6e 00"}) {
        CAPTURE(uuid);
        ClientScript script;
        discover_included(script);
        script.drain();
        CHECK(script.peer("09 06 12 00 20 00 2f 00") == Lines{"send 0a2000"});
        CHECK(script.peer(uuid) == Lines{"included services done: protocol error"});
        check_works(script);
    }
}

// ---- values

TEST_CASE("gatt client attacks: whatever MTU the peer names, it stays within 23 and ours (B09)") {
    struct {
        const char* response;
        std::uint16_t mtu;
    } const cases[] = {
        {"03 00 00", 23}, {"03 16 00", 23}, {"03 17 00", 23}, {"03 01 01", 256}, {"03 ff ff", 256}};
    for (const auto& [response, mtu] : cases) {
        ClientScript script;
        exchange_mtu(script);
        script.drain();
        CHECK(script.peer(response) == Lines{"mtu " + std::to_string(mtu), "exchange done: ok"});
        CHECK(script.bearer.mtu() == mtu);
        // A second response belongs to nothing.
        check_ignored(script, {"03 64 00"});
        CHECK(script.bearer.mtu() == mtu);
        check_works(script);
    }
}

TEST_CASE("gatt client attacks: an MTU of one octet or three is none") {
    for (const char* response : {"03", "03 64", "03 64 00 00"}) {
        ClientScript script;
        exchange_mtu(script);
        script.drain();
        CHECK(script.peer(response) == Lines{"exchange done: protocol error"});
        CHECK(script.bearer.mtu() == 23);
        check_works(script);
    }
}

TEST_CASE("gatt client attacks: responses longer than ATT_MTU end their procedures (B14)") {
    const struct {
        Begin begin;
        std::string response;
    } cases[] = {
        {discover_services, "11 06" + times(4, "010005000018")},
        {discover_by_uuid, "07" + times(6, "10001f00")},
        {discover_characteristics, "09 07" + times(4, "110010120037 2a")},
        {discover_descriptors, "05 01" + times(6, "13000229")},
        {read, "0b" + times(23, "aa")},
        {read_long, "0b" + times(23, "aa")},
        {read_by_uuid, "09 16 1100" + times(20, "aa")},
        {read_multiple, "0f" + times(23, "aa")},
        {read_multiple_variable, "21 1300" + times(19, "aa") + "0000"},
        {write, "13" + times(23, "aa")},
    };
    for (const auto& [begin, response] : cases) {
        ClientScript script;
        begin(script);
        script.drain();
        const Lines lines = script.peer(response);
        CHECK(lines.size() == 1);
        CHECK(lines.back().ends_with(": protocol error"));
        check_works(script);
    }
}

TEST_CASE("gatt client attacks: a part of a long value that is longer than asked for ends it") {
    ClientScript script;
    read_long(script);
    script.drain();
    CHECK(script.peer("0b" + times(22, "aa")) == Lines{"send 0c03001600"});
    CHECK(script.peer("0d" + times(23, "aa")) == Lines{"read done 0003: protocol error"});
    check_works(script);
}

TEST_CASE("gatt client attacks: a long value that never ends is cut at 512 octets (B14)") {
    ClientScript script;
    read_long(script);
    script.drain();
    Lines lines = script.peer("0b" + times(22, "aa"));
    std::size_t requests = 1;
    while (lines.size() == 1 && lines[0].starts_with("send 0c0300")) {
        REQUIRE(++requests < 100);
        lines = script.peer("0d" + times(22, "aa"));
    }
    CHECK(requests == 24);  // 23 * 22 < 512 < 24 * 22
    CHECK(lines == Lines{"value 0003 " + times(512, "aa"), "read done 0003: ok"});
    check_works(script);
}

TEST_CASE("gatt client attacks: values that do not add up end a read of several") {
    check_refused(
        read_multiple_variable,
        {"21", "21 01", "21 01 00", "21 01 00 aa", "21 01 00 aa 01", "21 ff ff aa",
         "21 01 00 aa 03 00 bb cc", "21 01 00 aa 01 00 bb 01 00 cc", "21 01 00 aa 01 00 bb cc"});
}

TEST_CASE("gatt client attacks: what was prepared elsewhere or otherwise is never executed") {
    for (const char* echo : {"17", "17 03 00", "17 03 00 00", "17 03 00 00 00", "17 03 00 00 00 aa",
                             "17 03 00 00 00 aa bc", "17 03 00 00 00 aa bb cc",
                             "17 04 00 00 00 aa bb", "17 03 00 01 00 aa bb",
                             "17 03 00 00 00 aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa "
                             "aa aa aa"}) {
        CAPTURE(echo);
        ClientScript script;
        write_long(script);
        CHECK(script.drain() == Lines{"send 1603000000aabb"});
        CHECK(script.peer(echo).front() != "send 1801");
        refuse_all(script, Lines{"send 1800"});
        check_works(script);
    }
}

TEST_CASE("gatt client attacks: a Write Response with octets is none") {
    check_refused(write, {"13 00", "13 13"});
}

// ---- notifications and indications

TEST_CASE("gatt client attacks: notifications that are cut off or of handle 0 are ignored (B10)") {
    ClientScript script;
    check_ignored(script, {"1b", "1b 00", "1b 03", "1b 00 00", "1b 00 00 aa", "23 03", "23 03 00",
                           "23 03 00 01", "23 00 00 01 00 aa"});
    CHECK(script.client.counters().malformed == 9);
    CHECK(script.peer("1b 34 12 aa") == Lines{"notified 1234 aa"});  // of an unknown handle
    check_works(script);
}

TEST_CASE("gatt client attacks: indications of unknown handles are confirmed, of none not (B10)") {
    ClientScript script;
    check_ignored(script, {"1d", "1d 03", "1d 00 00", "1d 00 00 aa"});
    CHECK(script.client.counters().malformed == 4);
    CHECK(script.wait(10s) == Lines{});
    CHECK(script.peer("1d 03 00 aa") == Lines{"indicated 0003 aa"});
    CHECK_FALSE(script.call(&Client::confirm, script.last_token));
    CHECK(script.drain() == Lines{"send 1e"});
    check_works(script);
}

TEST_CASE("gatt client attacks: notifications and indications longer than ATT_MTU are ignored") {
    ClientScript script;
    CHECK(script.peer("1b 03 00" + times(20, "aa")) == Lines{"notified 0003 " + times(20, "aa")});
    const std::string pdus[]{"1b 03 00" + times(21, "aa"), "1d 03 00" + times(21, "aa"),
                             "23 03 00 13 00" + times(19, "aa")};
    for (const std::string& pdu : pdus) check_ignored(script, {pdu.c_str()});
    CHECK(script.client.counters().malformed == 3);
    check_works(script);
}

TEST_CASE(
    "gatt client attacks: indications that do not wait are each confirmed, up to a bound (B11)") {
    ClientScript script;
    std::vector<gatt::IndicationToken> tokens;
    for (int i = 0; i < 4; ++i) {
        CHECK(script.peer("1d 03 00 aa") == Lines{"indicated 0003 aa"});
        tokens.push_back(script.last_token);
    }
    check_ignored(script, {"1d 03 00 aa"});
    CHECK(script.client.counters().excess_indications == 1);
    for (const auto token : tokens) {
        CHECK_FALSE(script.call(&Client::confirm, token));
        CHECK(script.drain() == Lines{"send 1e"});
    }
    CHECK(script.peer("1d 03 00 bb") == Lines{"indicated 0003 bb"});
    CHECK_FALSE(script.call(&Client::confirm, script.last_token));
    CHECK(script.drain() == Lines{"send 1e"});
    check_works(script);
}
