// SPDX-License-Identifier: MIT
#include "gap/advertiser.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "tests/gap/script.hpp"

namespace {

using namespace std::chrono_literals;
using namespace bluetooth;
using namespace bluetooth::gap;
using namespace bluetooth::gap::test;

// Opcode, length, interval twice (800 x 0.625 ms), type, own address type, peer, channels, filter.
const std::string connectable_500ms =
    command("06 20 0f | 20 03 20 03 00 00 00 00 00 00 00 00 00 07 00");
const std::string scannable_20ms =
    command("06 20 0f | 20 00 20 00 02 00 00 00 00 00 00 00 00 07 00");
const std::string data_flags = command(
    "08 20 20 | 03 02 01 06 00 00 00 00 00 00 00 00 00 00 00 00 "
    "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
const std::string data_empty = command(
    "08 20 20 | 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
    "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
const std::string response_name = command(
    "09 20 20 | 04 03 09 61 62 00 00 00 00 00 00 00 00 00 00 00 "
    "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
const std::string enable = command("0a 20 01 | 01");
const std::string disable = command("0a 20 01 | 00");
const std::string refused = "failed: command disallowed";

const Octets flags = hex("02 01 06");
const Octets name = hex("03 09 61 62");

struct Fixture : Script {
    Advertiser advertiser;

    error_code start(AdvertisingParameters parameters = {}, std::optional<Bytes> data = {},
                     std::optional<Bytes> response = {}) {
        return advertiser.start(context(), parameters, data, response);
    }
    void stop() { advertiser.stop(context()); }
    Lines hold() {
        advertiser.hold(context(), true);
        return take();
    }
    Lines release() {
        advertiser.hold(context(), false);
        return take();
    }
    /// The controller answers the command in flight.
    void answer(hci::Status status = success) {
        advertiser.on_command_done(context(), 0, status, {});
    }
    Lines answered(hci::Status status = success) {
        answer(status);
        return take();
    }
    void run() {
        REQUIRE(!start());
        answer();
        answer();
        (void)take();
    }
};

AdvertisingParameters scannable() { return {.interval = 20ms, .connectable = false}; }

}  // namespace

TEST_CASE("advertiser: parameters, data and scan response are set before advertising is enabled") {
    Fixture f;
    CHECK(!f.start({}, flags, name));
    CHECK(f.take() == Lines{connectable_500ms});
    CHECK(f.answered() == Lines{data_flags});
    CHECK(f.answered() == Lines{response_name});
    CHECK(f.answered() == Lines{enable});
    CHECK(f.answered() == Lines{});
    CHECK(f.advertiser.advertising());
    f.stop();
    CHECK(f.take() == Lines{disable});
    CHECK(f.answered() == Lines{});
    CHECK_FALSE(f.advertiser.advertising());
}

TEST_CASE("advertiser: not connectable means scannable") {
    Fixture f;
    CHECK(!f.start(scannable()));
    CHECK(f.take() == Lines{scannable_20ms});
    CHECK(f.answered() == Lines{enable});
}

TEST_CASE("advertiser: own address type and filter policy are the caller's") {
    Fixture f;
    CHECK(!f.start({.own_address_type = hci::OwnAddressType::random_device,
                    .filter_policy = hci::AdvertisingFilterPolicy::connections_from_accept_list}));
    CHECK(f.take() == Lines{command("06 20 0f | 20 03 20 03 00 01 00 00 00 00 00 00 00 07 02")});
}

TEST_CASE("advertiser: a start while running stops, sets and starts again") {
    Fixture f;
    f.run();
    CHECK(!f.start(scannable(), flags));
    CHECK(f.take() == Lines{disable});
    CHECK(f.answered() == Lines{scannable_20ms});
    CHECK(f.answered() == Lines{data_flags});
    CHECK(f.answered() == Lines{enable});
    CHECK(f.answered() == Lines{});
}

TEST_CASE("advertiser: data that is not given stays, empty data clears") {
    Fixture f;
    CHECK(!f.start({}, flags, name));
    for (int i = 0; i < 4; ++i) f.answer();
    f.stop();
    f.answer();
    (void)f.take();

    CHECK(!f.start());
    CHECK(f.take() == Lines{connectable_500ms});
    CHECK(f.answered() == Lines{enable});
    CHECK(f.answered() == Lines{});

    CHECK(!f.start({}, Bytes{}));
    CHECK(f.take() == Lines{disable});
    CHECK(f.answered() == Lines{connectable_500ms});
    CHECK(f.answered() == Lines{data_empty});
    CHECK(f.answered() == Lines{enable});
}

TEST_CASE("advertiser: intervals outside 20 ms to 10.24 s and more than 31 octets are refused") {
    Fixture f;
    const Octets fits(31);
    const Octets too_long(32);
    CHECK(f.start({.interval = 19'999us}) == errc::invalid_argument);
    CHECK(f.start({.interval = 10'240'001us}) == errc::invalid_argument);
    CHECK(f.start({.interval = -1us}) == errc::invalid_argument);
    CHECK(f.start({}, too_long) == errc::invalid_argument);
    CHECK(f.start({}, fits, too_long) == errc::invalid_argument);
    CHECK(f.take() == Lines{});
    CHECK_FALSE(f.advertiser.advertising());

    CHECK(!f.start({.interval = 10'240ms}, fits, fits));
    CHECK(f.take() == Lines{command("06 20 0f | 00 40 00 40 00 00 00 00 00 00 00 00 00 07 00")});
}

TEST_CASE("advertiser: a refused start leaves running advertising and its data alone") {
    Fixture f;
    f.run();
    CHECK(f.start({}, flags, Octets(32)) == errc::invalid_argument);
    CHECK(f.take() == Lines{});
    CHECK(f.advertiser.advertising());
    CHECK(!f.start());
    CHECK(f.take() == Lines{disable});
    CHECK(f.answered() == Lines{connectable_500ms});
    CHECK(f.answered() == Lines{enable});  // the flags of the refused start were not kept
}

TEST_CASE("advertiser: stop is harmless when idle") {
    Fixture f;
    f.stop();
    CHECK(f.take() == Lines{});
}

TEST_CASE("advertiser: a connection ends it, and the next start needs no disable") {
    Fixture f;
    f.run();
    f.advertiser.on_connected(f.context());
    CHECK(f.take() == Lines{});
    CHECK_FALSE(f.advertiser.advertising());
    CHECK(!f.start());
    CHECK(f.take() == Lines{connectable_500ms});
}

TEST_CASE("advertiser: a connection while restarting leaves the newer advertising wanted") {
    Fixture f;
    f.run();
    CHECK(!f.start(scannable()));
    CHECK(f.take() == Lines{disable});
    f.advertiser.on_connected(f.context());
    CHECK(f.advertiser.advertising());
    CHECK(f.answered(disallowed) == Lines{scannable_20ms});  // it was off already
    CHECK(f.answered() == Lines{enable});
    CHECK(f.answered() == Lines{});
}

TEST_CASE("advertiser: a connection before the answer to enable leaves the controller idle") {
    Fixture f;
    CHECK(!f.start());
    f.answer();
    CHECK(f.take() == Lines{connectable_500ms, enable});
    f.advertiser.on_connected(f.context());
    CHECK(f.take() == Lines{});
    CHECK_FALSE(f.advertiser.advertising());
    CHECK(f.answered() == Lines{disable});
    CHECK(f.answered(disallowed) == Lines{});
}

TEST_CASE("advertiser: a late connection does not end scannable advertising") {
    Fixture f;
    CHECK(!f.start(scannable()));
    f.answer();
    f.answer();
    (void)f.take();
    f.advertiser.on_connected(f.context());
    CHECK(f.advertiser.advertising());
    f.stop();
    CHECK(f.take() == Lines{disable});
}

TEST_CASE("advertiser: a refusal at any step ends the procedure with its event") {
    for (int step = 0; step < 4; ++step) {
        CAPTURE(step);
        Fixture f;
        CHECK(!f.start({}, flags, name));
        for (int i = 0; i < step; ++i) f.answer();
        (void)f.take();
        CHECK(f.answered(disallowed) == Lines{refused});
        CHECK_FALSE(f.advertiser.advertising());

        // What the controller did not take is sent again with the next start, nothing else is.
        CHECK(!f.start());
        Lines expected{connectable_500ms};
        if (step <= 1) expected.push_back(data_flags);
        if (step <= 2) expected.push_back(response_name);
        expected.push_back(enable);
        Lines seen = f.take();
        for (std::size_t i = 0; i < expected.size(); ++i)
            for (const std::string& line : f.answered()) seen.push_back(line);
        CHECK(seen == expected);
    }
}

TEST_CASE("advertiser: stopped at any step, the controller ends idle and nothing is reported") {
    for (int step = 0; step < 5; ++step) {
        for (const hci::Status status : {success, disallowed}) {
            CAPTURE(step);
            Fixture f;
            CHECK(!f.start({}, flags, name));
            for (int i = 0; i < step; ++i) f.answer();
            (void)f.take();
            f.stop();
            const bool enabled = step == 4;
            const bool enabling = step == 3;
            CHECK(f.take() == (enabled ? Lines{disable} : Lines{}));
            const bool disabled_after = enabling && status == success;
            CHECK(f.answered(status) == (disabled_after ? Lines{disable} : Lines{}));
            CHECK(f.answered() == Lines{});
            CHECK_FALSE(f.advertiser.advertising());
        }
    }
}

TEST_CASE("advertiser: a newer start is not failed by the refusal of a command for the older") {
    Fixture f;
    CHECK(!f.start());
    CHECK(!f.start(scannable()));
    CHECK(f.take() == Lines{connectable_500ms});
    CHECK(f.answered(disallowed) == Lines{scannable_20ms});
    CHECK(f.answered() == Lines{enable});
    CHECK(f.answered() == Lines{});
}

TEST_CASE("advertiser: start, stop and start again quickly ends in the last one") {
    Fixture f;
    CHECK(!f.start({}, flags));
    f.answer();
    f.answer();
    f.stop();
    CHECK(!f.start(scannable()));
    CHECK(f.take() == Lines{connectable_500ms, data_flags, enable});
    CHECK(f.answered() == Lines{disable});
    CHECK(f.answered() == Lines{scannable_20ms});
    CHECK(f.answered() == Lines{enable});
    CHECK(f.answered() == Lines{});
}

TEST_CASE("advertiser: a reset of the controller fails it, and the data is set anew afterwards") {
    const error_code cause = make_error(errc::timed_out);
    for (int step = 0; step < 5; ++step) {
        CAPTURE(step);
        Fixture f;
        CHECK(!f.start({}, flags, name));
        for (int i = 0; i < step; ++i) f.answer();
        (void)f.take();
        f.advertiser.on_controller_reset(f.context(), cause);
        CHECK(f.take() == Lines{"failed: timed out"});
        CHECK_FALSE(f.advertiser.advertising());

        CHECK(!f.start());
        CHECK(f.take() == Lines{connectable_500ms});
        CHECK(f.answered() == Lines{data_flags});
        CHECK(f.answered() == Lines{response_name});
        CHECK(f.answered() == Lines{enable});
    }
    Fixture idle;
    idle.advertiser.on_controller_reset(idle.context(), cause);
    CHECK(idle.take() == Lines{});
}

TEST_CASE(
    "advertiser: it is idle until started, and again when the controller has answered a stop") {
    Fixture f;
    CHECK(f.advertiser.idle());
    CHECK(!f.start());
    CHECK_FALSE(f.advertiser.idle());
    f.stop();  // the command for the parameters is in flight
    CHECK_FALSE(f.advertiser.idle());
    f.answer();
    CHECK(f.advertiser.idle());
    (void)f.take();

    f.run();
    CHECK_FALSE(f.advertiser.idle());
    f.stop();
    CHECK_FALSE(f.advertiser.idle());
    f.answer();
    CHECK(f.advertiser.idle());

    f.run();
    f.advertiser.on_connected(f.context());
    CHECK(f.advertiser.idle());

    CHECK(!f.start());
    f.advertiser.on_controller_reset(f.context(), make_error(errc::timed_out));
    CHECK(f.advertiser.idle());
}

TEST_CASE("advertiser: held it is disabled, and enabled again when released") {
    Fixture f;
    f.run();
    CHECK_FALSE(f.advertiser.at_rest());
    CHECK(f.hold() == Lines{disable});
    CHECK_FALSE(f.advertiser.at_rest());
    CHECK(f.answered() == Lines{});
    CHECK(f.advertiser.at_rest());
    CHECK(f.advertiser.advertising());
    CHECK_FALSE(f.advertiser.idle());
    CHECK(f.hold() == Lines{});
    CHECK(f.release() == Lines{enable});
    CHECK_FALSE(f.advertiser.at_rest());
    CHECK(f.answered() == Lines{});
    CHECK(f.release() == Lines{});
}

TEST_CASE("advertiser: held at any step of the start, it comes to rest and goes on when released") {
    for (int step = 0; step < 4; ++step) {
        CAPTURE(step);
        Fixture f;
        CHECK(!f.start({}, flags, name));
        for (int i = 0; i < step; ++i) f.answer();
        (void)f.take();
        CHECK(f.hold() == Lines{});
        CHECK_FALSE(f.advertiser.at_rest());
        const bool enabling = step == 3;
        CHECK(f.answered() == (enabling ? Lines{disable} : Lines{}));
        if (enabling) CHECK(f.answered() == Lines{});
        CHECK(f.advertiser.at_rest());

        Lines seen = f.release();
        while (!seen.empty() && seen.back() != enable)
            for (const std::string& line : f.answered()) seen.push_back(line);
        Lines expected{enable};
        if (step < 2) expected.insert(expected.begin(), response_name);
        if (step < 1) expected.insert(expected.begin(), data_flags);
        CHECK(seen == expected);
    }
}

TEST_CASE("advertiser: held and released at once, it is enabled in the end") {
    Fixture f;
    f.run();
    CHECK(f.hold() == Lines{disable});
    CHECK(f.release() == Lines{});
    CHECK(f.answered() == Lines{enable});
    CHECK(f.hold() == Lines{});
    CHECK(f.release() == Lines{});
    CHECK(f.answered() == Lines{});
}

TEST_CASE("advertiser: start and stop while held are remembered") {
    Fixture f;
    CHECK(f.hold() == Lines{});
    CHECK(f.advertiser.at_rest());
    CHECK(!f.start());
    CHECK(f.take() == Lines{});
    CHECK(!f.start(scannable()));
    CHECK(f.take() == Lines{});
    CHECK(f.advertiser.advertising());
    CHECK(f.release() == Lines{scannable_20ms});
    CHECK(f.answered() == Lines{enable});
    CHECK(f.answered() == Lines{});

    CHECK(f.hold() == Lines{disable});
    f.stop();
    CHECK(f.answered() == Lines{});
    CHECK(f.advertiser.idle());
    CHECK(f.release() == Lines{});
}

TEST_CASE("advertiser: a refusal of what was sent before the hold is reported") {
    Fixture f;
    CHECK(!f.start());
    (void)f.take();
    CHECK(f.hold() == Lines{});
    CHECK(f.answered(disallowed) == Lines{refused});
    CHECK(f.release() == Lines{});
}

TEST_CASE("advertiser: a connection while held ends it, however late it is told") {
    for (int answers = 0; answers < 2; ++answers) {
        CAPTURE(answers);
        Fixture f;
        f.run();
        CHECK(f.hold() == Lines{disable});
        if (answers == 1) f.answer();
        f.advertiser.on_connected(f.context());
        CHECK_FALSE(f.advertiser.advertising());
        if (answers == 0) CHECK(f.answered(disallowed) == Lines{});
        CHECK(f.advertiser.idle());
        CHECK(f.release() == Lines{});
    }
    Fixture f;  // and not what was started since
    f.run();
    CHECK(f.hold() == Lines{disable});
    CHECK(!f.start(scannable()));
    CHECK(f.answered() == Lines{});
    f.advertiser.on_connected(f.context());
    CHECK(f.release() == Lines{scannable_20ms});
}

TEST_CASE("advertiser: a reset while held fails it, and the hold stays") {
    for (int step = 0; step < 2; ++step) {
        Fixture f;
        f.run();
        CHECK(f.hold() == Lines{disable});
        if (step == 1) f.answer();
        f.advertiser.on_controller_reset(f.context(), make_error(errc::timed_out));
        CHECK(f.take() == Lines{"failed: timed out"});
        CHECK(!f.start());
        CHECK(f.take() == Lines{});
        CHECK(f.release() == Lines{connectable_500ms});
    }
}

TEST_CASE("advertiser: an answer that nobody waits for is ignored") {
    Fixture f;
    CHECK(f.answered() == Lines{});
    CHECK(f.answered(disallowed) == Lines{});
}

namespace {

/// A controller that carries commands out as they come, or refuses them, and whose answers and
/// connections reach the host later, in order.
struct LaggingController {
    Fixture& host;
    Dice& dice;
    bool obedient = false;
    bool enabled = false;
    std::string parameters;
    std::deque<std::optional<hci::Status>> to_host;  // nothing: a central has connected
    int in_flight = 0;
    bool held = false;

    void collect() {
        for (const std::string& line : host.take())
            if (line.starts_with("hci ")) receive(line);
        if (host.advertiser.at_rest()) REQUIRE_FALSE(enabled);
    }
    void receive(const std::string& line) {
        REQUIRE(++in_flight == 1);
        hci::Status status = obedient || dice.roll(6) != 0 ? success : disallowed;
        if (line == disable) {
            // That which is off may be disabled again, or not: the specification allows both.
            if (enabled) status = success;
            enabled = false;
        } else {
            REQUIRE_FALSE(enabled);
            REQUIRE_FALSE(held);
            if (status == success && line == enable) enabled = true;
            if (status == success && line != enable && line != data_flags) parameters = line;
        }
        to_host.push_back(status);
    }
    void hold(bool hold) {
        held = hold;
        host.advertiser.hold(host.context(), hold);
        collect();
    }
    void central_connects() {
        if (!enabled || parameters != connectable_500ms) return;
        enabled = false;
        to_host.push_back(std::nullopt);
    }
    void deliver() {
        if (to_host.empty()) return;
        const auto message = to_host.front();
        to_host.pop_front();
        if (message) {
            --in_flight;
            host.answer(*message);
        } else {
            host.advertiser.on_connected(host.context());
        }
        collect();
    }
};

}  // namespace

TEST_CASE("advertiser: whatever the order of inputs, controller and advertiser agree in the end") {
    for (std::uint32_t seed = 0; seed < 3000; ++seed) {
        CAPTURE(seed);
        Dice dice{seed};
        Fixture f;
        LaggingController controller{.host = f, .dice = dice, .parameters = {}, .to_host = {}};
        for (int i = 0; i < 40; ++i) {
            switch (dice.roll(8)) {
            case 0:
                CHECK(!f.start(dice.roll(2) == 0 ? scannable() : AdvertisingParameters{},
                               dice.roll(2) == 0 ? std::optional<Bytes>{flags} : std::nullopt));
                break;
            case 1: f.stop(); break;
            case 2: controller.central_connects(); break;
            case 3: controller.hold(!controller.held); break;
            default: controller.deliver(); break;
            }
            controller.collect();
        }
        controller.obedient = true;
        controller.hold(false);
        while (!controller.to_host.empty()) controller.deliver();
        CHECK(controller.in_flight == 0);
        CHECK(controller.enabled == f.advertiser.advertising());
        CHECK(controller.enabled == !f.advertiser.idle());

        // And the next start works as the first one did.
        CHECK(!f.start());
        controller.collect();
        while (!controller.to_host.empty()) controller.deliver();
        CHECK(controller.enabled);
        CHECK(controller.parameters == connectable_500ms);
    }
}
