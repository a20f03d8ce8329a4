// SPDX-License-Identifier: MIT
//
// Enhanced credit based connections (Vol 3 Part A 4.25, 4.26): up to five channels at once.
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

constexpr const char* three = "17 7f 0e 00 | 80 00 | 40 00 | 41 00 | 05 00 | 50 00 51 00 52 00";
const Lines three_requested{"requested 40 psm 128 mtu 100 64", "requested 41 psm 128 mtu 100 64",
                            "requested 42 psm 128 mtu 100 64"};

}  // namespace

TEST_CASE("l2cap enhanced channels: all of a request are accepted, in its order") {
    ChannelScript link;
    CHECK(link.command(three) == three_requested);
    // The answer waits for the last decision, in whatever order these come.
    CHECK(link.answer(cid(0x42)) == Lines{});
    CHECK(link.answer(cid(0x40)) == Lines{});
    CHECK(link.answer(cid(0x41)) ==
          Lines{sent("12 00 05 00 | 18 7f 0e 00 | 64 00 | 40 00 | 04 00 | 00 00 | "
                     "40 00 41 00 42 00"),
                "opened 40 psm 128 mtu 100 64", "opened 41 psm 128 mtu 100 64",
                "opened 42 psm 128 mtu 100 64"});
    CHECK(link.channels().find(cid(0x42))->remote == cid(0x52));
}

TEST_CASE("l2cap enhanced channels: some are accepted, a null CID stands for the others") {
    ChannelScript link;
    link.command(three);
    link.answer(cid(0x40), ConnectionResult::insufficient_authorization);
    link.answer(cid(0x41));
    CHECK(link.answer(cid(0x42)) ==
          Lines{sent("12 00 05 00 | 18 7f 0e 00 | 64 00 | 40 00 | 04 00 | 04 00 | "
                     "00 00 41 00 42 00"),
                "opened 41 psm 128 mtu 100 64", "opened 42 psm 128 mtu 100 64"});
    CHECK(link.channels().find(cid(0x41))->remote == cid(0x51));
}

TEST_CASE("l2cap enhanced channels: when all are refused the application's reason is told") {
    for (const auto& [result, octets] : {std::pair{ConnectionResult::spsm_not_supported, "02 00"},
                                         {ConnectionResult::no_resources_available, "04 00"},
                                         {ConnectionResult::insufficient_authentication, "05 00"},
                                         {ConnectionResult::insufficient_authorization, "06 00"},
                                         {ConnectionResult::encryption_key_size_too_short, "07 00"},
                                         {ConnectionResult::insufficient_encryption, "08 00"},
                                         {ConnectionResult::unacceptable_parameters, "0b 00"},
                                         {ConnectionResult::invalid_parameters, "0c 00"}}) {
        ChannelScript link;
        link.command(three);
        link.answer(cid(0x40), result);
        link.answer(cid(0x41), result);
        CHECK(link.answer(cid(0x42), result) ==
              Lines{sent("12 00 05 00 | 18 7f 0e 00 | 00 00 | 00 00 | 00 00 | " +
                         std::string{octets} + " | 00 00 00 00 00 00")});
        CHECK(link.command(three) == three_requested);
    }
}

TEST_CASE("l2cap enhanced channels: wrong source CIDs are refused alone (S22)") {
    ChannelScript link;
    link.accept_one();  // 0x40 here, 0x41 there
    SUBCASE("out of range") {
        CHECK(link.command("17 7f 0c 00 | 80 00 | 40 00 | 41 00 | 05 00 | 01 00 80 00") ==
              Lines{sent("10 00 05 00 | 18 7f 0c 00 | 00 00 | 00 00 | 00 00 | 09 00 | "
                         "00 00 00 00")});
    }
    SUBCASE("used by an open channel, and twice in the request") {
        CHECK(link.command("17 7f 0e 00 | 80 00 | 40 00 | 41 00 | 05 00 | 41 00 50 00 50 00") ==
              Lines{"requested 41 psm 128 mtu 100 64"});
        CHECK(link.answer(cid(0x41)) ==
              Lines{sent("12 00 05 00 | 18 7f 0e 00 | 64 00 | 40 00 | 04 00 | 0a 00 | "
                         "00 00 41 00 00 00"),
                    "opened 41 psm 128 mtu 100 64"});
    }
}

TEST_CASE("l2cap enhanced channels: MTU and MPS are at least 64, ours too (S23)") {
    ChannelScript link;
    for (const char* numbers : {"3f 00 | 40 00", "40 00 | 3f 00", "40 00 | fe ff", "00 00 | 00 00"})
        CHECK(link.command("17 7f 0a 00 | 80 00 | " + std::string{numbers} + " | 05 00 | 50 00") ==
              Lines{sent("0e 00 05 00 | 18 7f 0a 00 | 00 00 | 00 00 | 00 00 | 0b 00 | 00 00")});
    CHECK(link.command("17 7f 0a 00 | 80 00 | 40 00 | 40 00 | 00 00 | 50 00") ==
          Lines{"requested 40 psm 128 mtu 100 64"});
    // The listener's own MPS, 50, does not do for this mode.
    CHECK(link.answer(cid(0x40))[0] ==
          sent("0e 00 05 00 | 18 7f 0a 00 | 64 00 | 40 00 | 04 00 | 00 00 | 40 00"));
}

TEST_CASE("l2cap enhanced channels: undecided ones are refused in time, the accepted stay") {
    ChannelScript link;
    link.command(three);
    link.answer(cid(0x41));
    link.defer(cid(0x42));  // holds for the request as a whole
    CHECK(link.wait(29999ms) == Lines{});
    CHECK(link.wait(1ms) == Lines{sent("12 00 05 00 | 18 7f 0e 00 | 64 00 | 40 00 | 04 00 | 04 00 "
                                       "| 00 00 41 00 00 00"),
                                  "opened 41 psm 128 mtu 100 64"});
}

TEST_CASE("l2cap enhanced channels: we ask for five") {
    ChannelScript link;
    CHECK(link.connect(Mode::enhanced, {100, 64, 4}, 5) ==
          Lines{sent("16 00 05 00 | 17 01 12 00 | 80 00 | 64 00 | 40 00 | 04 00 | "
                     "40 00 41 00 42 00 43 00 44 00")});
    CHECK(link.names == std::vector{cid(0x40), cid(0x41), cid(0x42), cid(0x43), cid(0x44)});
    SUBCASE("and get them") {
        CHECK(link.command("18 01 12 00 | 48 00 | 40 00 | 01 00 | 00 00 | "
                           "60 00 61 00 62 00 63 00 64 00") ==
              Lines{"opened 40 psm 128 mtu 100 72", "opened 41 psm 128 mtu 100 72",
                    "opened 42 psm 128 mtu 100 72", "opened 43 psm 128 mtu 100 72",
                    "opened 44 psm 128 mtu 100 72"});
        CHECK(link.channels().find(cid(0x43))->remote == cid(0x63));
    }
    SUBCASE("and get some") {
        const std::string why = "no resources available";
        CHECK(link.command("18 01 12 00 | 48 00 | 40 00 | 01 00 | 04 00 | "
                           "00 00 61 00 00 00 63 00 00 00") ==
              Lines{"failed 40: " + why, "opened 41 psm 128 mtu 100 72", "failed 42: " + why,
                    "opened 43 psm 128 mtu 100 72", "failed 44: " + why});
    }
    SUBCASE("and get fewer CIDs than asked for") {
        CHECK(link.command("18 01 0a 00 | 48 00 | 40 00 | 01 00 | 00 00 | 60 00").size() == 5);
        CHECK(link.channels().find(cid(0x40))->is_open());
        CHECK_FALSE(link.channels().find(cid(0x41))->is_open());
    }
    SUBCASE("and get more CIDs than asked for") {
        CHECK(link.command("18 01 14 00 | 48 00 | 40 00 | 01 00 | 00 00 | "
                           "60 00 61 00 62 00 63 00 64 00 65 00")
                  .size() == 5);
    }
    SUBCASE("and get none, as another stack says it, without CIDs") {
        CHECK(link.command("18 01 08 00 | 48 00 | 40 00 | 01 00 | 02 00").size() == 5);
        for (std::uint16_t i = 0x40; i < 0x45; ++i)
            CHECK(link.channels().find(cid(i))->state == l2cap::Channel::State::closed);
    }
    CHECK(link.wait(1h) == Lines{});
}

TEST_CASE("l2cap enhanced channels: each refusal of all reaches the application") {
    for (std::uint8_t result = 0x01; result <= 0x10; ++result) {
        if (result >= 0x0d && result <= 0x0f) continue;  // pending
        CAPTURE(result);
        ChannelScript link;
        link.connect(Mode::enhanced, {100, 64, 4}, 2);
        const std::array octet{result};
        const std::string failure = ": " + make_error(ConnectionResult{result}).message();
        CHECK(link.command("18 01 0c 00 | 48 00 | 40 00 | 01 00 | " + to_hex(octet) +
                           " 00 | 00 00 00 00") ==
              Lines{"failed 40" + failure, "failed 41" + failure});
    }
}

TEST_CASE("l2cap enhanced channels: CIDs in the refusal of all open nothing") {
    for (const std::uint8_t result :
         std::initializer_list<std::uint8_t>{2, 5, 6, 7, 8, 11, 12, 3}) {
        CAPTURE(result);
        ChannelScript link;
        link.connect(Mode::enhanced, {100, 64, 4}, 1);
        const std::array octet{result};
        CHECK(link.command("18 01 0a 00 | 48 00 | 40 00 | 01 00 | " + to_hex(octet) +
                           " 00 | 60 00") ==
              Lines{"failed 40: " + make_error(ConnectionResult{result}).message()});
    }
}

TEST_CASE("l2cap enhanced channels: an initiator waits longer when the peer says so") {
    for (const char* result : {"0d 00", "0e 00", "0f 00"}) {
        CAPTURE(result);
        const std::string pending = "18 01 08 00 | 00 00 | 00 00 | 00 00 | " + std::string{result};
        ChannelScript link;
        link.connect(Mode::enhanced, {100, 64, 4}, 1);
        CHECK(link.wait(29s) == Lines{});
        CHECK(link.command(pending) == Lines{});
        CHECK(link.wait(59999ms) == Lines{});
        SUBCASE("for 60 s") {
            CHECK(link.wait(1ms) == Lines{"failed 40: timed out"});
            CHECK(link.command("18 01 0a 00 | 48 00 | 40 00 | 01 00 | 00 00 | 60 00") == Lines{});
        }
        SUBCASE("for the final response, which counts") {
            CHECK(link.command("18 01 0a 00 | 48 00 | 40 00 | 01 00 | 00 00 | 60 00") ==
                  Lines{"opened 40 psm 128 mtu 100 72"});
            CHECK(link.wait(1h) == Lines{});
        }
        SUBCASE("and again, but for no more than 300 s altogether") {
            Duration waited = 29s + 59999ms;
            while (waited + 50s < 300s) {
                CHECK(link.command(pending) == Lines{});
                CHECK(link.wait(50s) == Lines{});
                waited += 50s;
            }
            CHECK(link.command(pending) == Lines{});
            CHECK(link.wait(300s - waited - 1ms) == Lines{});
            CHECK(link.wait(1ms) == Lines{"failed 40: timed out"});
        }
    }
}

TEST_CASE("l2cap enhanced channels: pending is said only of our request") {
    ChannelScript link;
    const char* pending = "18 01 08 00 | 00 00 | 00 00 | 00 00 | 0d 00";
    CHECK(link.command(pending) == Lines{});
    link.connect(Mode::le);
    CHECK(link.command(pending) == Lines{});
    CHECK(link.link.signalling().ignored() == 2);
    CHECK(link.wait(30s) == Lines{"failed 40: timed out"});
}

TEST_CASE("l2cap enhanced channels: what cannot be opened is not asked for") {
    ChannelScript link;
    for (const l2cap::ChannelParameters& wrong :
         {l2cap::ChannelParameters{63, 64, 4}, {100, 63, 4}, {100, 65534, 4}}) {
        CHECK(link.connect(Mode::enhanced, wrong) == Lines{});
        CHECK(link.error == errc::invalid_argument);
    }
    CHECK(link.connect(Mode::enhanced, {100, 64, 4}, 6) == Lines{});
    CHECK(link.error == errc::invalid_argument);
}

TEST_CASE("l2cap enhanced channels: the link may end at any step") {
    const auto run = [](ChannelScript& link, int steps) {
        if (steps > 0) link.command(three);
        if (steps > 1) link.answer(cid(0x40), ConnectionResult::no_resources_available);
        if (steps > 2) link.answer(cid(0x42));
        if (steps > 3) link.answer(cid(0x41));
        if (steps > 4) (void)link.send(cid(0x42), "aa bb");
        if (steps > 5) link.close(cid(0x41));
        if (steps > 6) link.command("07 01 04 00 | 51 00 | 41 00");
    };
    for (int steps = 0; steps <= 7; ++steps) {
        CAPTURE(steps);
        ChannelScript link;
        run(link, steps);
        const std::string lost = ": connection lost";
        CHECK(link.disconnect() == (steps < 3   ? Lines{}
                                    : steps < 4 ? Lines{"failed 42: not connected"}
                                    : steps < 6 ? Lines{"closed 41" + lost, "closed 42" + lost}
                                    : steps < 7 ? Lines{"closed 41", "closed 42" + lost}
                                                : Lines{"closed 42" + lost}));
        CHECK(link.all_buffers_back());
    }
}

TEST_CASE(
    "l2cap enhanced channels: one that was accepted may be closed before all are decided on") {
    ChannelScript link;
    link.command("17 7f 0c 00 | 80 00 | 40 00 | 41 00 | 05 00 | 50 00 51 00");
    link.answer(cid(0x40));
    CHECK(link.close(cid(0x40)) == Lines{});
    CHECK(!link.error);
    CHECK(link.answer(cid(0x41), ConnectionResult::no_resources_available).back() ==
          "opened 40 psm 128 mtu 100 64");
    CHECK(link.pump() == Lines{sent("08 00 05 00 | 06 01 04 00 | 50 00 | 40 00")});
    CHECK(link.command("07 01 04 00 | 50 00 | 40 00") == Lines{"closed 40"});
}
