// SPDX-License-Identifier: MIT
#include "l2cap/signalling.hpp"

#include <doctest/doctest.h>

#include "tests/l2cap/link_script.hpp"

using namespace bluetooth;
using namespace bluetooth::l2cap;
using namespace std::chrono_literals;
using bluetooth::test::Lines;
using bluetooth::test::LinkScript;

namespace {

constexpr ConnectionParameterUpdateRequest slow{Units1250us{24}, Units1250us{40}, 0, Units10ms{72}};

error_code request(LinkScript& link, const ConnectionParameterUpdateRequest& parameters) {
    auto ctx = link.context();
    return link.link.signalling().request_parameter_update(ctx, parameters);
}
error_code answer(LinkScript& link, bool accept) {
    auto ctx = link.context();
    return link.link.signalling().answer_parameter_update(ctx, link.last_token, accept);
}

}  // namespace

TEST_CASE("l2cap signalling: what is not understood is rejected with its identifier (S01, S04)") {
    for (const Role role : {Role::central, Role::peripheral}) {
        LinkScript link{role};
        const Lines not_understood{
            "send 06000500"
            "010102000000"};
        CHECK(link.command("14 01 0a 00 80 00") == not_understood);        // longer than its frame
        CHECK(link.command("7f 01 00 00") == not_understood);              // unassigned code
        CHECK(link.command("04 01 04 00 40 00 00 00") == not_understood);  // BR/EDR only
        CHECK(link.command("0a 01 02 00 02 00") == not_understood);
        CHECK(link.command("06 01 03 00 40 00 41") == not_understood);  // wrong size for its code
        CHECK(link.command("16 01 00 00") == not_understood);
        CHECK(link.command("17 01 09 00 80 00 40 00 40 00 05 00 41") == not_understood);  // S20
        CHECK(link.all_buffers_back());
    }
}

TEST_CASE("l2cap signalling: a second command in the same frame gets the frame rejected (S02)") {
    LinkScript link{Role::central};
    CHECK(link.command("16 01 04 00 41 00 01 00 | 16 02 04 00 41 00 01 00") ==
          Lines{"send 06000500"
                "010102000000"});
    // Not even where it would pass for more channels of the first.
    CHECK(link.command("17 01 0a 00 80 00 40 00 40 00 05 00 41 00 | 16 02 04 00 41 00 01 00") ==
          Lines{"send 06000500"
                "010102000000"});
}

TEST_CASE("l2cap signalling: identifier 0 and frames without a whole header are ignored (S03)") {
    LinkScript link{Role::central};
    CHECK(link.command("12 00 08 00 18 00 28 00 00 00 48 00") == Lines{});
    CHECK(link.command("12") == Lines{});
    CHECK(link.command("12 01 08") == Lines{});
    CHECK(link.link.signalling().ignored() == 3);
}

TEST_CASE("l2cap signalling: responses and rejects are never answered (S04, S05)") {
    LinkScript link{Role::peripheral};
    for (const char* response :
         {"01 01 02 00 00 00", "07 01 04 00 40 00 41 00", "13 01 02 00 00 00", "13 01 00 00",
          "15 01 0a 00 40 00 17 00 17 00 01 00 00 00", "18 01 08 00 40 00 40 00 01 00 00 00",
          "1a 01 02 00 00 00", "01 01 ff 00", "03 01 00 00"})
        CHECK(link.command(response) == Lines{});
    CHECK(link.link.signalling().ignored() == 9);
}

TEST_CASE("l2cap signalling: a frame beyond the signalling MTU is rejected with the MTU") {
    LinkScript link{Role::central};
    CHECK(link.command("7f 07 3e 00 " + std::string(2 * 0x3e, '0')) == Lines{"send 08000500"
                                                                             "01070400"
                                                                             "0100"
                                                                             "4000"});
    CHECK(link.command("13 07 3e 00 " + std::string(2 * 0x3e, '0')) == Lines{});
}

TEST_CASE("l2cap signalling: frames that come over the link are answered over it") {
    LinkScript link{Role::central};
    CHECK(link.start("04 00 05 00 | 7f 01 00 00") == Lines{"send 06000500"
                                                           "010102000000"});
    CHECK(link.start("04 00 05 00 | 7f") == Lines{});
    CHECK(link.more("01 00 00") == Lines{"send 06000500"
                                         "010102000000"});
    CHECK(link.all_buffers_back());
}

TEST_CASE("l2cap signalling: credit-based channels are refused, none is there (S07, S11, S19)") {
    LinkScript link{Role::central};
    CHECK(link.command("14 01 0a 00 80 00 41 00 40 00 40 00 05 00") == Lines{"send 0e000500"
                                                                             "15010a00"
                                                                             "0000"
                                                                             "0000"
                                                                             "0000"
                                                                             "0000"
                                                                             "0200"});
    CHECK(link.command("17 01 0a 00 80 00 40 00 40 00 05 00 41 00") == Lines{"send 0e000500"
                                                                             "18010a00"
                                                                             "0000"
                                                                             "0000"
                                                                             "0000"
                                                                             "0200"
                                                                             "0000"});
    CHECK(link.command("17 01 0c 00 80 00 40 00 40 00 05 00 41 00 42 00") == Lines{"send 10000500"
                                                                                   "18010c00"
                                                                                   "0000"
                                                                                   "0000"
                                                                                   "0000"
                                                                                   "0200"
                                                                                   "00000000"});
    // Six channels, or none, are against the form; the answer names no more than five.
    CHECK(link.command("17 01 14 00 80 00 40 00 40 00 05 00 41 00 42 00 43 00 44 00 45 00 46 00") ==
          Lines{"send 16000500"
                "18011200"
                "0000"
                "0000"
                "0000"
                "0c00"
                "00000000000000000000"});
    CHECK(link.command("17 01 08 00 80 00 40 00 40 00 05 00") == Lines{"send 0c000500"
                                                                       "18010800"
                                                                       "0000"
                                                                       "0000"
                                                                       "0000"
                                                                       "0c00"});
}

TEST_CASE("l2cap signalling: reconfiguring a channel that is not there is refused (S24)") {
    LinkScript link{Role::central};
    CHECK(link.command("19 01 06 00 40 00 40 00 41 00") == Lines{"send 06000500"
                                                                 "1a0102000300"});
    CHECK(link.command("19 01 04 00 40 00 40 00") == Lines{"send 06000500"
                                                           "1a0102000400"});
    CHECK(link.command("19 01 10 00 40 00 40 00 41 00 42 00 43 00 44 00 45 00 46 00") ==
          Lines{"send 06000500"
                "1a0102000400"});
}

TEST_CASE("l2cap signalling: credits for an unknown channel are discarded (S14, S15)") {
    LinkScript link{Role::central};
    CHECK(link.command("16 01 04 00 41 00 01 00") == Lines{});
    CHECK(link.command("16 01 04 00 41 00 00 00") == Lines{});
    CHECK(link.command("16 01 04 00 04 00 ff ff") == Lines{});
}

TEST_CASE("l2cap signalling: no channel can be disconnected, least of all a fixed one (S16)") {
    LinkScript link{Role::peripheral};
    CHECK(link.command("06 01 04 00 04 00 04 00") == Lines{"send 0a000500"
                                                           "01010600"
                                                           "0200"
                                                           "0400"
                                                           "0400"});
    CHECK(link.command("06 02 04 00 40 00 41 00") == Lines{"send 0a000500"
                                                           "01020600"
                                                           "0200"
                                                           "4000"
                                                           "4100"});
}

TEST_CASE("l2cap signalling: the peripheral asks for parameters and hears the answer") {
    struct {
        const char* answer;
        const char* result;
    } const cases[] = {{"13 01 02 00 00 00", "update: accepted"},
                       {"13 01 02 00 01 00", "update: permission denied"},
                       {"01 01 02 00 00 00", "update: not supported"}};
    for (const auto& [response, result] : cases) {
        LinkScript link{Role::peripheral};
        REQUIRE_FALSE(request(link, slow));
        CHECK(link.drain() == Lines{"send 0c000500"
                                    "12010800"
                                    "1800"
                                    "2800"
                                    "0000"
                                    "4800"});
        CHECK(request(link, slow) == errc::already_in_progress);
        CHECK(link.command("13 02 02 00 00 00") == Lines{});  // another request's identifier
        CHECK(link.command(response) == Lines{result});
        CHECK(link.command(response) == Lines{});
        CHECK(link.wait(60s) == Lines{});
        CHECK(link.all_buffers_back());
    }
}

TEST_CASE("l2cap signalling: a request that nobody answers fails after 30 s (S28)") {
    LinkScript link{Role::peripheral};
    REQUIRE_FALSE(request(link, slow));
    link.drain();
    CHECK(link.wait(29s) == Lines{});
    CHECK(link.wait(1s) == Lines{"update: timed out"});
    CHECK(link.command("13 01 02 00 00 00") == Lines{});
    REQUIRE_FALSE(request(link, slow));
    CHECK(link.drain() == Lines{"send 0c000500"
                                "12020800"
                                "1800"
                                "2800"
                                "0000"
                                "4800"});
    CHECK(link.disconnect() == Lines{"update: not connected"});
    CHECK(link.all_buffers_back());
}

TEST_CASE("l2cap signalling: identifiers wrap from 255 to 1") {
    LinkScript link{Role::peripheral};
    for (unsigned i = 0; i < 255; ++i) {
        REQUIRE_FALSE(request(link, slow));
        link.drain();
        link.wait(30s);
    }
    REQUIRE_FALSE(request(link, slow));
    CHECK(link.drain() == Lines{"send 0c000500"
                                "12010800"
                                "1800"
                                "2800"
                                "0000"
                                "4800"});
}

TEST_CASE("l2cap signalling: what the peripheral may not ask for is not sent") {
    LinkScript peripheral{Role::peripheral};
    CHECK(request(peripheral, {Units1250us{41}, Units1250us{40}, 0, Units10ms{72}}) ==
          errc::invalid_argument);
    LinkScript central{Role::central};
    CHECK(request(central, slow) == errc::not_permitted);
}

TEST_CASE("l2cap signalling: a request for which no buffer is free goes out 100 ms later") {
    LinkScript link{Role::peripheral};
    Buffer a = link.send_pool.acquire();
    Buffer b = link.send_pool.acquire();
    REQUIRE_FALSE(request(link, slow));
    CHECK(link.drain() == Lines{});
    CHECK(link.wait(100ms) == Lines{});
    a.reset();
    CHECK(link.wait(99ms) == Lines{});
    CHECK(link.wait(1ms) == Lines{"send 0c000500"
                                  "12010800"
                                  "1800"
                                  "2800"
                                  "0000"
                                  "4800"});
    // The time for the answer counts from then.
    CHECK(link.wait(29999ms) == Lines{});
    CHECK(link.wait(1ms) == Lines{"update: timed out"});
}

TEST_CASE("l2cap signalling: only a central takes a parameter request (S27)") {
    LinkScript link{Role::peripheral};
    CHECK(link.command("12 01 08 00 18 00 28 00 00 00 48 00") == Lines{"send 06000500"
                                                                       "010102000000"});
}

TEST_CASE("l2cap signalling: a central asks its host about valid parameters") {
    const Lines asked{
        "asked for ConnectionParameterUpdateRequest{interval_min=30 ms, interval_max=50 ms, "
        "latency=0x0000, timeout=720 ms}"};
    LinkScript link{Role::central};
    CHECK(link.command("12 05 08 00 18 00 28 00 00 00 48 00") == asked);
    CHECK_FALSE(answer(link, true));
    CHECK(link.drain() == Lines{"send 06000500"
                                "130502000000"});
    CHECK(answer(link, true) == errc::no_such_procedure);

    CHECK(link.command("12 06 08 00 18 00 28 00 00 00 48 00") == asked);
    // A second one does not wait in a queue.
    CHECK(link.command("12 07 08 00 18 00 28 00 00 00 48 00") == Lines{"send 06000500"
                                                                       "130702000100"});
    CHECK_FALSE(answer(link, false));
    CHECK(link.drain() == Lines{"send 06000500"
                                "130602000100"});
}

TEST_CASE("l2cap signalling: a host that does not answer within 5 s has rejected") {
    LinkScript link{Role::central};
    link.command("12 05 08 00 18 00 28 00 00 00 48 00");
    CHECK(link.wait(4999ms) == Lines{});
    CHECK(link.wait(1ms) == Lines{"send 06000500"
                                  "130502000100"});
    CHECK(answer(link, true) == errc::no_such_procedure);

    link.command("12 06 08 00 18 00 28 00 00 00 48 00");
    CHECK(link.disconnect() == Lines{});
    CHECK(answer(link, true) == errc::no_such_procedure);
}

TEST_CASE("l2cap signalling: parameters that do not fit are rejected at once (S27)") {
    struct {
        const char* parameters;
        bool valid;
    } const cases[] = {
        {"06 00 06 00 00 00 0a 00", true},   // the smallest
        {"80 0c 80 0c 00 00 80 0c", true},   // the largest
        {"05 00 06 00 00 00 0a 00", false},  // interval below 7.5 ms
        {"06 00 81 0c 00 00 80 0c", false},  // interval above 4 s
        {"07 00 06 00 00 00 0a 00", false},  // min above max
        {"06 00 06 00 f4 01 80 0c", false},  // latency 500
        {"06 00 06 00 00 00 09 00", false},  // timeout below 100 ms
        {"06 00 06 00 00 00 81 0c", false},  // timeout above 32 s
        {"06 00 06 00 f3 01 0a 00", false},  // timeout not above (1 + 499) * 2 * 7.5 ms
        {"50 00 50 00 04 00 64 00", false},  // 1000 ms is not above (1 + 4) * 2 * 100 ms
        {"50 00 50 00 04 00 65 00", true},   // 1010 ms is
        {"00 00 00 00 00 00 00 00", false}, {"ff ff ff ff ff ff ff ff", false},
    };
    for (const auto& c : cases) {
        CAPTURE(c.parameters);
        LinkScript link{Role::central};
        const Lines lines = link.command(std::string{"12 01 08 00 "} + c.parameters);
        REQUIRE(lines.size() == 1);
        if (c.valid)
            CHECK(lines[0].starts_with("asked for "));
        else
            CHECK(lines[0] ==
                  "send 06000500"
                  "130102000100");
    }
}
