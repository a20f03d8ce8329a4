// SPDX-License-Identifier: MIT
// Our own address: its kinds, its changes, and the pauses they need.
#include "gap/privacy.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "tests/gap/privacy_script.hpp"

using namespace std::chrono_literals;
using namespace bluetooth;
using namespace bluetooth::gap;
using namespace bluetooth::gap::test;

namespace {

using Fixture = PrivacyScript;

constexpr auto public_type = hci::OwnAddressType::public_device;
constexpr auto random_type = hci::OwnAddressType::random_device;

const std::string set_static = command("05 20 06 | 06 05 04 03 02 c1");
const std::string set_other_static = command("05 20 06 | 07 05 04 03 02 c1");
const Address other_static = address("C1:02:03:04:05:07");

}  // namespace

TEST_CASE("privacy: in the beginning the public address is used, and nothing need be done") {
    Fixture f;
    f.restore();
    CHECK(f.take() == Lines{});
    CHECK(f.privacy.requested_type() == public_type);
    CHECK(f.privacy.own_address_type() == public_type);
    CHECK(f.privacy.own_address() == public_address);
    CHECK(f.take_wake() == never);
}

TEST_CASE("privacy: without a public address it is the random one that the controller was given") {
    Fixture f;
    f.privacy.restore(f.context(), {.public_address = {}, .random_address = static_address});
    CHECK(f.take() == Lines{});
    CHECK(f.privacy.requested_type() == random_type);
    CHECK(f.privacy.own_address_type() == random_type);
    CHECK(f.privacy.own_address() == static_address);
    f.privacy.use_public(f.context());
    CHECK(f.privacy.own_address_type() == random_type);
    CHECK(f.take() == Lines{});
}

TEST_CASE("privacy: a resolvable address is set in a pause, and is in force when that succeeded") {
    Fixture f;
    f.restore();
    f.use_resolvable();
    CHECK(f.take() == Lines{"hold"});
    CHECK(f.privacy.requested_type() == random_type);
    CHECK(f.privacy.own_address_type() == public_type);
    CHECK(f.at_rest() == Lines{set_sample_rpa});
    CHECK(f.privacy.own_address() == public_address);
    CHECK(f.answered() == Lines{"release"});
    CHECK(f.privacy.own_address_type() == random_type);
    CHECK(f.privacy.own_address() == sample_rpa);
    CHECK(f.take_wake() == Time{} + 5s);  // what the pause needed; it is over
    CHECK(f.at(5s) == Lines{});
    CHECK(f.take_wake() == Time{} + 15min);
}

TEST_CASE("privacy: a private address is changed every 15 minutes") {
    Fixture f;
    f.restore();
    f.use_resolvable();
    CHECK(f.pause() == Lines{set_sample_rpa});
    f.random.add(hex("4a 01 02 | 4b 03 04"));
    CHECK(f.at(15min - 1ms) == Lines{});
    CHECK(f.at(15min) == Lines{"hold"});
    CHECK(f.privacy.own_address() == sample_rpa);
    CHECK(f.at_rest() == Lines{set_second_rpa});
    CHECK(f.answered() == Lines{"release"});
    CHECK(f.privacy.own_address() == second_rpa);
    CHECK(f.at(30min - 1ms) == Lines{});
    (void)f.take_wake();
    CHECK(f.at(30min) == Lines{"hold"});
    CHECK(f.at_rest() == Lines{set_third_rpa});
    CHECK(f.answered() == Lines{"release"});
    CHECK(f.at(30min + 6s) == Lines{});
    (void)f.take_wake();
    CHECK(f.at(30min + 7s) == Lines{});
    CHECK(f.take_wake() == Time{} + 45min);
}

TEST_CASE("privacy: the interval is 1 s to 1 h") {
    Fixture f;
    CHECK(f.privacy.set_interval(0s) == errc::invalid_argument);
    CHECK(f.privacy.set_interval(-1s) == errc::invalid_argument);
    CHECK(f.privacy.set_interval(3601s) == errc::invalid_argument);
    CHECK(!f.privacy.set_interval(3600s));
    CHECK(!f.privacy.set_interval(1s));
    f.restore();
    f.use_resolvable();
    CHECK(f.pause() == Lines{set_sample_rpa});
    CHECK(f.at(999ms) == Lines{});
    CHECK(f.at(1s) == Lines{"hold"});
}

TEST_CASE("privacy: a non-resolvable address is any, but with the two highest bits zero") {
    Fixture f;
    f.restore();
    f.random.add(hex("11 22 33 44 55 d6 | 21 22 33 44 55 66"));
    f.privacy.use_non_resolvable(f.context(), f.random);
    CHECK(f.pause() == Lines{command("05 20 06 | 11 22 33 44 55 16")});
    CHECK(f.privacy.own_address() == address("16:55:44:33:22:11"));
    CHECK(f.at(15min) == Lines{"hold"});
    CHECK(f.at_rest() == Lines{command("05 20 06 | 21 22 33 44 55 26")});
    CHECK(f.answered() == Lines{"release"});
}

TEST_CASE("privacy: a non-resolvable address is neither zeros, ones nor our public address") {
    for (const auto& [drawn, made] : {std::pair{"00 00 00 00 00 00", "01 00 00 00 00 00"},
                                      std::pair{"ff ff ff ff ff ff", "00 ff ff ff ff 3f"},
                                      std::pair{"04 03 02 01 aa 00", "05 03 02 01 aa 00"}}) {
        Fixture f;
        f.restore();
        f.random.add(hex(drawn));
        f.privacy.use_non_resolvable(f.context(), f.random);
        CHECK(f.pause() == Lines{command(std::string{"05 20 06 | "} + made)});
    }
}

TEST_CASE("privacy: a static address stays; the one that the controller has needs no command") {
    Fixture f;
    f.restore();
    f.privacy.use_static(f.context(), static_address);
    CHECK(f.take() == Lines{});
    CHECK(f.privacy.own_address_type() == random_type);
    CHECK(f.privacy.own_address() == static_address);
    f.privacy.use_static(f.context(), other_static);
    CHECK(f.pause() == Lines{set_other_static});
    CHECK(f.privacy.own_address() == other_static);
    CHECK(f.at(24h) == Lines{});
}

TEST_CASE("privacy: back to the public address needs no command, and ends the changes") {
    Fixture f;
    f.restore();
    f.use_resolvable();
    CHECK(f.pause() == Lines{set_sample_rpa});
    f.privacy.use_public(f.context());
    CHECK(f.take() == Lines{});
    CHECK(f.privacy.own_address_type() == public_type);
    CHECK(f.privacy.own_address() == public_address);
    CHECK(f.at(24h) == Lines{});
}

TEST_CASE("privacy: of several requests the last one counts") {
    Fixture f;
    f.restore();
    f.use_resolvable();
    CHECK(f.take() == Lines{"hold"});
    f.privacy.use_static(f.context(), other_static);
    CHECK(f.take() == Lines{});
    CHECK(f.at_rest() == Lines{set_other_static});
    f.use_resolvable();  // while the command is in flight
    CHECK(f.take() == Lines{});
    CHECK(f.answered() == Lines{set_sample_rpa});
    CHECK(f.answered() == Lines{"release"});
    CHECK(f.privacy.own_address() == sample_rpa);

    f.privacy.use_static(f.context(), other_static);
    CHECK(f.take() == Lines{"hold"});
    f.privacy.use_public(f.context());  // before it came to rest
    CHECK(f.take() == Lines{"release"});
    CHECK(f.at_rest() == Lines{});
    CHECK(f.privacy.own_address() == public_address);
}

TEST_CASE("privacy: the public address asked for while another is being set is in force after it") {
    Fixture f;
    f.restore();
    f.use_resolvable();
    CHECK(f.take() == Lines{"hold"});
    CHECK(f.at_rest() == Lines{set_sample_rpa});
    f.privacy.use_public(f.context());
    CHECK(f.answered() == Lines{"release"});
    CHECK(f.privacy.own_address_type() == public_type);
    CHECK(f.privacy.own_address() == public_address);
}

TEST_CASE("privacy: an address refused is reported, and the one before stays") {
    Fixture f;
    f.restore();
    f.use_resolvable();
    CHECK(f.take() == Lines{"hold"});
    CHECK(f.at_rest() == Lines{set_sample_rpa});
    CHECK(f.answered(disallowed) == Lines{"release", "own address failed: command disallowed"});
    CHECK(f.privacy.requested_type() == public_type);
    CHECK(f.privacy.own_address() == public_address);
    CHECK(f.at(24h) == Lines{});

    f.use_resolvable();
    CHECK(f.pause() == Lines{set_sample_rpa});
    f.privacy.use_static(f.context(), other_static);
    CHECK(f.take() == Lines{"hold"});
    CHECK(f.at_rest() == Lines{set_other_static});
    CHECK(f.answered(disallowed) == Lines{"release", "own address failed: command disallowed"});
    CHECK(f.privacy.own_address() == sample_rpa);
    // And goes on being changed.
    f.random.add(hex("4a 01 02"));
    CHECK(f.at(24h + 15min) == Lines{"hold"});
    CHECK(f.at_rest() == Lines{set_second_rpa});
}

TEST_CASE("privacy: the refusal of an address that is wanted no more is not reported") {
    Fixture f;
    f.restore();
    f.use_resolvable();
    CHECK(f.take() == Lines{"hold"});
    CHECK(f.at_rest() == Lines{set_sample_rpa});
    f.privacy.use_static(f.context(), other_static);
    CHECK(f.answered(disallowed) == Lines{set_other_static});
    CHECK(f.answered() == Lines{"release"});
    CHECK(f.privacy.own_address() == other_static);
}

TEST_CASE("privacy: a change in the course of time that is refused is tried the next time") {
    Fixture f;
    f.restore();
    f.use_resolvable();
    CHECK(f.pause() == Lines{set_sample_rpa});
    f.random.add(hex("4a 01 02 | 4b 03 04"));
    CHECK(f.at(15min) == Lines{"hold"});
    CHECK(f.at_rest() == Lines{set_second_rpa});
    CHECK(f.answered(disallowed) == Lines{"release"});
    CHECK(f.privacy.own_address() == sample_rpa);
    CHECK(f.at(30min) == Lines{"hold"});
    CHECK(f.at_rest() == Lines{set_third_rpa});
    CHECK(f.answered() == Lines{"release"});
    CHECK(f.privacy.own_address() == third_rpa);
}

TEST_CASE("privacy: a pause that does not come about is given up after 5 s, and tried in 60 s") {
    Fixture f;
    f.restore();
    f.use_resolvable();
    CHECK(f.take() == Lines{"hold"});
    CHECK(f.take_wake() == Time{} + 5s);
    CHECK(f.at(4'999ms) == Lines{});
    CHECK(f.take_wake() == Time{} + 5s);
    CHECK(f.at(5s) == Lines{"release"});
    CHECK(f.take_wake() == Time{} + 65s);
    CHECK(f.at_rest() == Lines{});  // too late
    f.add({AddressType::public_device, address("00:AA:01:02:03:05")});
    CHECK(f.take() == Lines{});
    CHECK(f.privacy.own_address_type() == public_type);
    CHECK(f.privacy.requested_type() == random_type);
    CHECK(f.at(64'999ms) == Lines{});
    CHECK(f.at(65s) == Lines{"hold"});
    CHECK(f.at_rest() == Lines{set_sample_rpa});
    CHECK(f.answered() == Lines{add_command("00 05 03 02 01 aa 00")});
    CHECK(f.answered() == Lines{enable_resolution});
    CHECK(f.answered() == Lines{"release"});
}

TEST_CASE("privacy: what was asked for before the controller is up is done when it is") {
    Fixture f;
    f.use_resolvable();
    CHECK(f.take() == Lines{});
    CHECK(f.privacy.requested_type() == random_type);
    f.restore();
    CHECK(f.pause() == Lines{set_sample_rpa});
}

TEST_CASE("privacy: after a reset at any step the address is set anew") {
    for (int step = 0; step < 4; ++step) {
        CAPTURE(step);
        Fixture f;
        f.restore();
        if (step >= 1) f.use_resolvable();
        if (step >= 2) (void)f.at_rest();
        if (step >= 3) f.answer();
        (void)f.take();
        const bool paused = step == 1 || step == 2;
        CHECK(f.reset() == (paused ? Lines{"release"} : Lines{}));
        CHECK(f.reset() == Lines{});
        CHECK(f.at_rest() == Lines{});
        CHECK(f.answered() == Lines{});
        f.restore();
        if (step == 0) {
            CHECK(f.take() == Lines{});
            continue;
        }
        CHECK(f.pause() == Lines{set_sample_rpa});
        CHECK(f.privacy.own_address() == sample_rpa);
    }
}

TEST_CASE("privacy: a refusal after a reset leaves the address that the controller was given") {
    Fixture f;
    f.restore();
    f.use_resolvable();
    CHECK(f.pause() == Lines{set_sample_rpa});
    CHECK(f.reset() == Lines{});
    f.restore();
    CHECK(f.take() == Lines{"hold"});
    CHECK(f.privacy.own_address() == static_address);
    CHECK(f.at_rest() == Lines{set_sample_rpa});
    CHECK(f.answered(disallowed) == Lines{"release"});
    CHECK(f.privacy.own_address_type() == random_type);
    CHECK(f.privacy.own_address() == static_address);
    f.random.add(hex("4a 01 02"));
    CHECK(f.at(15min) == Lines{"hold"});
    CHECK(f.at_rest() == Lines{set_second_rpa});
}

TEST_CASE("privacy: a time-out while the controller is down changes the address when it is up") {
    Fixture f;
    f.restore();
    f.use_resolvable();
    CHECK(f.pause() == Lines{set_sample_rpa});
    CHECK(f.reset() == Lines{});
    f.random.add(hex("4a 01 02"));
    CHECK(f.at(15min) == Lines{});
    f.restore();
    CHECK(f.pause() == Lines{set_second_rpa});
}

TEST_CASE("privacy: a second private address that becomes due in the pause is set in it") {
    Fixture f;
    CHECK(!f.privacy.set_interval(1s));
    f.restore();
    f.use_resolvable();
    CHECK(f.take() == Lines{"hold"});
    CHECK(f.at_rest() == Lines{set_sample_rpa});
    f.random.add(hex("4a 01 02"));
    CHECK(f.at(1s) == Lines{});
    CHECK(f.answered() == Lines{set_second_rpa});
    CHECK(f.answered() == Lines{"release"});
}
