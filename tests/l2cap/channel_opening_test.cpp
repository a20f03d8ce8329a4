// SPDX-License-Identifier: MIT
//
// LE credit based connections (Vol 3 Part A 4.22, 4.23), opened by the peer and by us.
#include <doctest/doctest.h>

#include "tests/l2cap/channel_script.hpp"

using namespace bluetooth;
using namespace std::chrono_literals;
using bluetooth::l2cap::ConnectionResult;
using bluetooth::l2cap::Mode;
using bluetooth::test::ChannelScript;
using bluetooth::test::cid;
using bluetooth::test::Lines;
using bluetooth::test::offered;
using bluetooth::test::sent;

namespace {

/// The answer to the request with identifier 7f that refuses it.
std::string refused(std::string_view result) {
    return sent("0e 00 05 00 | 15 7f 0a 00 | 00 00 | 00 00 | 00 00 | 00 00 | " +
                std::string{result});
}

}  // namespace

TEST_CASE("l2cap channel: the peer asks, the application accepts, both know all numbers") {
    ChannelScript link;
    CHECK(link.command("14 7f 0a 00 | 80 00 | 41 00 | 40 00 | 20 00 | 05 00") ==
          Lines{"requested 40 psm 128 mtu 100 64"});
    CHECK(link.answer(cid(0x40)) ==
          Lines{sent("0e 00 05 00 | 15 7f 0a 00 | 40 00 | 64 00 | 32 00 | 04 00 | 00 00"),
                "opened 40 psm 128 mtu 100 64"});
    CHECK_FALSE(link.error);
    CHECK(link.channels().find(cid(0x40))->remote == cid(0x41));
    CHECK(link.channels().find(cid(0x40))->sender.credits() == 5);
    CHECK(link.answer(cid(0x40)) == Lines{});
    CHECK(link.error == errc::no_such_procedure);
}

TEST_CASE("l2cap channel: the application's refusal is sent as it is, and the CID is free again") {
    for (const auto& [result, octets] : {std::pair{ConnectionResult::spsm_not_supported, "02 00"},
                                         {ConnectionResult::no_resources_available, "04 00"},
                                         {ConnectionResult::insufficient_authentication, "05 00"},
                                         {ConnectionResult::insufficient_authorization, "06 00"},
                                         {ConnectionResult::encryption_key_size_too_short, "07 00"},
                                         {ConnectionResult::insufficient_encryption, "08 00"},
                                         {ConnectionResult::invalid_source_cid, "09 00"},
                                         {ConnectionResult::source_cid_already_allocated, "0a 00"},
                                         {ConnectionResult::unacceptable_parameters, "0b 00"},
                                         {ConnectionResult::invalid_parameters, "0c 00"}}) {
        ChannelScript link;
        for (int time = 0; time < 2; ++time) {
            CHECK(link.command("14 7f 0a 00 | 80 00 | 41 00 | 40 00 | 20 00 | 05 00") ==
                  Lines{"requested 40 psm 128 mtu 100 64"});
            CHECK(link.answer(cid(0x40), result) == Lines{refused(octets)});
        }
        CHECK(link.disconnect() == Lines{});
        CHECK(link.all_buffers_back());
    }
}

TEST_CASE("l2cap channel: what security lacks is told in order: keys, size, encryption (S12)") {
    struct {
        SecurityRequirement required;
        LinkSecurity has;
        const char* result;  // nullptr: accepted
    } const cases[] = {
        {{.encryption = true}, {}, "08 00"},
        {{.encryption = true}, {.encrypted = true, .key_size = 16}, nullptr},
        {{.authentication = true}, {}, "05 00"},
        {{.encryption = true, .authentication = true}, {}, "05 00"},
        {{.authentication = true}, {.encrypted = true, .key_size = 16}, "05 00"},
        {{.authentication = true}, {.authenticated = true, .key_size = 16}, "05 00"},
        {{.authentication = true},
         {.encrypted = true, .authenticated = true, .key_size = 16},
         nullptr},
        {{.encryption = true, .min_key_size = 16}, {.encrypted = true, .key_size = 7}, "07 00"},
        {{.encryption = true, .authentication = true, .min_key_size = 16},
         {.encrypted = true, .key_size = 7},
         "05 00"},
        {{.min_key_size = 16}, {}, "08 00"},
        {{.min_key_size = 16}, {.encrypted = true, .key_size = 16}, nullptr},
        {{.authorization = true}, {.encrypted = true, .key_size = 16}, "06 00"},
        {{.authorization = true}, {.authorized = true}, nullptr},
    };
    for (const auto& c : cases) {
        CAPTURE(&c - cases);
        ChannelScript link;
        link.listeners.add({l2cap::Spsm{0x81}, offered, c.required, l2cap::Delivery::stream});
        link.security = c.has;
        const Lines lines = link.command("14 7f 0a 00 | 81 00 | 41 00 | 40 00 | 20 00 | 05 00");
        CHECK(lines ==
              Lines{c.result == nullptr ? "requested 40 psm 129 mtu 100 64" : refused(c.result)});
    }
}

TEST_CASE("l2cap channel: what is offered in the enhanced mode only is not there in the other") {
    ChannelScript link;
    link.listeners.add({.spsm = l2cap::eatt_spsm,
                        .parameters = offered,
                        .security = {.encryption = true},
                        .enhanced_only = true});
    // Whatever the link lacks: a peer that is told of it would mend that, and be refused again.
    CHECK(link.command("14 7f 0a 00 | 27 00 | 41 00 | 05 02 | f7 00 | 03 00") ==
          Lines{refused("02 00")});
    CHECK(link.command("17 7f 0a 00 | 27 00 | 05 02 | f7 00 | 03 00 | 41 00") ==
          Lines{sent("0e 00 05 00 | 18 7f 0a 00 | 00 00 | 00 00 | 00 00 | 08 00 | 00 00")});
}

TEST_CASE("l2cap channel: the smallest and the largest numbers are taken") {
    ChannelScript link;
    CHECK(link.command("14 01 0a 00 | 80 00 | 40 00 | 17 00 | 17 00 | 00 00") ==
          Lines{"requested 40 psm 128 mtu 100 23"});
    CHECK(link.command("14 02 0a 00 | 80 00 | 7f 00 | ff ff | fd ff | ff ff") ==
          Lines{"requested 41 psm 128 mtu 100 65535"});
}

TEST_CASE("l2cap channel: an application that does not answer within 5 s has refused") {
    ChannelScript link;
    link.command("14 7f 0a 00 | 80 00 | 41 00 | 40 00 | 20 00 | 05 00");
    CHECK(link.wait(4999ms) == Lines{});
    CHECK(link.wait(1ms) == Lines{refused("04 00")});
    CHECK(link.answer(cid(0x40)) == Lines{});
    CHECK(link.error == errc::no_such_procedure);
}

TEST_CASE("l2cap channel: an application that asks for time has 30 s") {
    ChannelScript link;
    link.command("14 7f 0a 00 | 80 00 | 41 00 | 40 00 | 20 00 | 05 00");
    CHECK(link.defer(cid(0x40)) == Lines{});
    CHECK_FALSE(link.error);
    CHECK(link.wait(29999ms) == Lines{});
    SUBCASE("and accepts at last") {
        CHECK(link.answer(cid(0x40)).size() == 2);
        CHECK(link.wait(1h) == Lines{});
    }
    SUBCASE("and then has refused") {
        CHECK(link.wait(1ms) == Lines{refused("04 00")});
        CHECK(link.defer(cid(0x40)) == Lines{});
        CHECK(link.error == errc::no_such_procedure);
    }
}

TEST_CASE("l2cap channel: as many requests wait for the application as there are places") {
    ChannelScript link;
    for (const char* source : {"41 00", "42 00", "43 00", "44 00"})
        CHECK(link.command("14 01 0a 00 | 80 00 | " + std::string{source} +
                           " | 40 00 | 20 00 | 05 00")
                  .size() == 1);
    CHECK(link.command("14 7f 0a 00 | 80 00 | 45 00 | 40 00 | 20 00 | 05 00") ==
          Lines{refused("04 00")});
    link.answer(cid(0x42));
    CHECK(link.command("14 7f 0a 00 | 80 00 | 45 00 | 40 00 | 20 00 | 05 00") ==
          Lines{"requested 44 psm 128 mtu 100 64"});
}

TEST_CASE("l2cap channel: sixty-four channels are open at once, and not one more") {
    ChannelScript link;
    for (unsigned i = 0; i < 64; ++i) {
        const std::array octet{static_cast<std::uint8_t>(0x40 + i)};
        link.accept_one("05 00", to_hex(octet) + "00");
        REQUIRE(link.channels().find(cid(static_cast<std::uint16_t>(0x40 + i)))->is_open());
    }
    // All of the peer's CIDs are taken by then; so are ours.
    CHECK(link.connect(Mode::le) == Lines{});
    CHECK(link.error == errc::no_buffers);
    CHECK(link.disconnect().size() == 64);
}

TEST_CASE("l2cap channel: we ask, the peer accepts") {
    ChannelScript link;
    CHECK(link.connect(Mode::le) ==
          Lines{sent("0e 00 05 00 | 14 01 0a 00 | 80 00 | 40 00 | 64 00 | 32 00 | 04 00")});
    CHECK_FALSE(link.error);
    CHECK(link.names == std::vector{cid(0x40)});
    CHECK(link.command("15 01 0a 00 | 55 00 | 17 00 | 18 00 | 02 00 | 00 00") ==
          Lines{"opened 40 psm 128 mtu 100 23"});
    CHECK(link.channels().find(cid(0x40))->remote == cid(0x55));
    CHECK(link.wait(1h) == Lines{});
    CHECK(link.disconnect() == Lines{"closed 40: connection lost"});
}

TEST_CASE("l2cap channel: each of the peer's refusals reaches the application") {
    // Reserved values among them.
    for (std::uint8_t result = 0x01; result <= 0x10; ++result) {
        CAPTURE(result);
        ChannelScript link;
        link.connect(Mode::le);
        const std::array octet{result};
        // A refusal's other members mean nothing.
        CHECK(
            link.command("15 01 0a 00 | 55 00 | 17 00 | 18 00 | 02 00 | " + to_hex(octet) + "00") ==
            Lines{"failed 40: " + make_error(ConnectionResult{result}).message()});
        link.channels().release(cid(0x40));
        CHECK(link.connect(Mode::le).size() == 1);
        CHECK(link.names == std::vector{cid(0x40)});
    }
}

TEST_CASE("l2cap channel: a peer that does not know the request rejects it") {
    ChannelScript link;
    link.connect(Mode::le);
    CHECK(link.command("01 01 02 00 | 00 00") == Lines{"failed 40: not supported"});
}

TEST_CASE("l2cap channel: what cannot be opened is not asked for") {
    ChannelScript link;
    for (const l2cap::ChannelParameters& wrong :
         {l2cap::ChannelParameters{22, 50, 4}, {100, 22, 4}, {100, 65534, 4}}) {
        CHECK(link.connect(Mode::le, wrong) == Lines{});
        CHECK(link.error == errc::invalid_argument);
    }
    CHECK(link.connect(Mode::le, offered, 2) == Lines{});
    CHECK(link.error == errc::invalid_argument);
    CHECK(link.connect(Mode::le, offered, 0) == Lines{});
    CHECK(link.error == errc::invalid_argument);
}

TEST_CASE("l2cap channel: closed while the peer decides, it is closed as soon as it is open") {
    ChannelScript link;
    link.connect(Mode::le);
    CHECK(link.close(cid(0x40)) == Lines{});
    CHECK_FALSE(link.error);
    SUBCASE("by a request of ours") {
        CHECK(link.command("15 01 0a 00 | 55 00 | 17 00 | 18 00 | 02 00 | 00 00") ==
              Lines{sent("08 00 05 00 | 06 02 04 00 | 55 00 | 40 00")});
        CHECK(link.command("07 02 04 00 | 55 00 | 40 00") == Lines{"failed 40"});
    }
    SUBCASE("unless it was refused") {
        CHECK(link.command("15 01 0a 00 | 00 00 | 00 00 | 00 00 | 00 00 | 02 00") ==
              Lines{"failed 40: SPSM not supported"});
    }
    CHECK(link.all_buffers_back());
}

TEST_CASE("l2cap channel: both sides may open channels to the same SPSM, with the same CIDs") {
    ChannelScript link;
    link.connect(Mode::le);
    CHECK(link.command("14 7f 0a 00 | 80 00 | 41 00 | 40 00 | 20 00 | 05 00") ==
          Lines{"requested 41 psm 128 mtu 100 64"});
    CHECK(link.answer(cid(0x41)).size() == 2);
    CHECK(link.command("15 01 0a 00 | 40 00 | 17 00 | 18 00 | 02 00 | 00 00") ==
          Lines{"opened 40 psm 128 mtu 100 23"});
}

TEST_CASE("l2cap channel: without a buffer for the answer an accepted channel is not opened") {
    ChannelScript link;
    link.command("14 7f 0a 00 | 80 00 | 41 00 | 40 00 | 20 00 | 05 00");
    {
        Buffer a = link.send_pool.acquire();
        Buffer b = link.send_pool.acquire();
        CHECK(link.answer(cid(0x40)) == Lines{"failed 40: no resources available"});
    }
    link.channels().release(cid(0x40));
    CHECK(link.command("14 7f 0a 00 | 80 00 | 41 00 | 40 00 | 20 00 | 05 00") ==
          Lines{"requested 40 psm 128 mtu 100 64"});
}

TEST_CASE("l2cap channel: the link may end at any step of an opening by the peer") {
    const auto run = [](ChannelScript& link, int steps) {
        if (steps > 0) link.command("14 7f 0a 00 | 80 00 | 41 00 | 40 00 | 20 00 | 05 00");
        if (steps > 1) link.defer(cid(0x40));
        if (steps > 2) link.answer(cid(0x40));
        if (steps > 3) link.frame(cid(0x40), "03 00 aa");
        if (steps > 4) (void)link.send(cid(0x40), "bb cc");
        if (steps > 5) link.command("06 7e 04 00 | 40 00 | 41 00");
    };
    for (int steps = 0; steps <= 6; ++steps) {
        CAPTURE(steps);
        ChannelScript link;
        run(link, steps);
        CHECK(link.disconnect() ==
              (steps < 3 || steps == 6 ? Lines{} : Lines{"closed 40: connection lost"}));
        CHECK(link.all_buffers_back());
        CHECK(link.disconnect() == Lines{});
    }
}

TEST_CASE("l2cap channel: the link may end at any step of an opening by us") {
    const auto run = [](ChannelScript& link, int steps) {
        if (steps > 0) link.connect(Mode::le);
        if (steps > 1) link.command("15 01 0a 00 | 41 00 | 40 00 | 20 00 | 00 00 | 00 00");
        if (steps > 2) (void)link.send(cid(0x40), "aa bb");
        if (steps > 3) link.command("16 7f 04 00 | 41 00 | 02 00");
        if (steps > 4) link.pump();
        if (steps > 5) link.close(cid(0x40));
        if (steps > 6) link.command("07 02 04 00 | 41 00 | 40 00");
    };
    for (int steps = 0; steps <= 7; ++steps) {
        CAPTURE(steps);
        ChannelScript link;
        run(link, steps);
        const Lines expected = steps == 0 || steps == 7 ? Lines{}
                               : steps == 1             ? Lines{"failed 40: not connected"}
                               : steps < 6              ? Lines{"closed 40: connection lost"}
                                                        : Lines{"closed 40"};
        CHECK(link.disconnect() == expected);
        CHECK(link.all_buffers_back());
        CHECK(link.disconnect() == Lines{});
    }
}
