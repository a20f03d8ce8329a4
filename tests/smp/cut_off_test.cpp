// SPDX-License-Identifier: MIT
// The link falls silent after any number of PDUs: both sides come to an end by themselves.
#include <doctest/doctest.h>

#include "tests/smp/two_managers.hpp"

using namespace bluetooth;
using namespace bluetooth::smp;
using bluetooth::test::ManagerScript;
using bluetooth::test::Octets;
using bluetooth::test::TwoManagers;
using std::chrono::seconds;

namespace {

struct Way {
    const char* name;
    bool sc;
    bool mitm;
    IoCapability central;
    IoCapability peripheral;
};
constexpr auto none = IoCapability::no_input_no_output;
constexpr auto yes_no = IoCapability::display_yes_no;
constexpr auto keyboard = IoCapability::keyboard_only;
constexpr auto display = IoCapability::display_only;
constexpr std::array<Way, 5> ways{{
    {"legacy Just Works", false, false, none, none},
    {"legacy Passkey Entry", false, true, keyboard, display},
    {"Just Works", true, false, none, none},
    {"Numeric Comparison", true, true, yes_no, yes_no},
    {"Passkey Entry", true, true, keyboard, display},
}};

/// Pairs, and loses all PDUs after the first `count`. The number of PDUs.
std::size_t pair_until(TwoManagers& two, const Way& way, std::size_t count) {
    for (ManagerScript* side : {&two.central, &two.peripheral}) {
        side->local.settings.secure_connections = way.sc;
        side->local.settings.mitm = way.mitm;
    }
    two.central.local.settings.io = way.central;
    two.peripheral.local.settings.io = way.peripheral;
    std::size_t passed = 0;
    two.on_the_way = [&passed, count](bool, Octets& pdu) {
        if (passed++ >= count) pdu.clear();
    };
    two.pair();
    return passed;
}

}  // namespace

TEST_CASE("smp cut off: a pairing that falls silent fails on both sides within 30 s") {
    for (const Way& way : ways) {
        CAPTURE(way.name);
        TwoManagers whole;
        const std::size_t total = pair_until(whole, way, 1000);
        CHECK(whole.of_central().succeeded());
        CHECK(whole.of_peripheral().succeeded());
        for (std::size_t count = 0; count < total; ++count) {
            CAPTURE(count);
            TwoManagers two;
            (void)pair_until(two, way, count);
            two.wait(seconds{30});
            for (ManagerScript* side : {&two.central, &two.peripheral}) {
                const auto& outcome = two.outcome(*side);
                CAPTURE(side == &two.central);
                CHECK_FALSE(side->manager.busy());
                if (outcome.done.empty()) {  // it has heard of nothing
                    CHECK(count == 0);
                    CHECK(side == &two.peripheral);
                    continue;
                }
                REQUIRE(outcome.done.size() == 1);
                if (!outcome.done[0].error) {
                    // The central's last keys: the central has done its part.
                    CHECK(side == &two.central);
                    CHECK(side->manager.security().encrypted);
                    continue;
                }
                CHECK(outcome.error() == errc::timed_out);
                // With a key that is not confirmed by phase 3 the link does not go on.
                CHECK(outcome.disconnected == side->manager.security().encrypted);
                CHECK_FALSE(side->last_stored);
                const std::size_t sent = outcome.sent.size();
                two.wait(seconds{300});
                CHECK(outcome.sent.size() == sent);
                CHECK(outcome.done.size() == 1);
                side->manager.receive(side->context(), test::hex("01 03 00 09 10 07 07"));
                CHECK(side->lines().empty());
                CHECK(side->manager.pair(side->context()) == errc::timed_out);
            }
            // Whoever waits for the other cannot have come further.
            if (two.of_central().done[0].error) CHECK_FALSE(two.of_peripheral().succeeded());
        }
    }
}

TEST_CASE("smp cut off: a link that is lost at any point ends the pairing at once, on both sides") {
    for (const Way& way : ways) {
        CAPTURE(way.name);
        TwoManagers whole;
        const std::size_t total = pair_until(whole, way, 1000);
        for (std::size_t count = 1; count < total; ++count) {
            CAPTURE(count);
            TwoManagers two;
            (void)pair_until(two, way, count);
            for (ManagerScript* side : {&two.central, &two.peripheral}) {
                const bool was_busy = side->manager.busy();
                CHECK(side->disconnect().empty() != was_busy);
                CHECK_FALSE(side->manager.busy());
                CHECK(side->wait(seconds{100}).empty());
            }
        }
    }
}
