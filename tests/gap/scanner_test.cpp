// SPDX-License-Identifier: MIT
#include "gap/scanner.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <deque>
#include <string>

#include "tests/gap/script.hpp"

namespace {

using namespace std::chrono_literals;
using namespace bluetooth;
using namespace bluetooth::gap;
using namespace bluetooth::gap::test;

// Opcode, length, type, interval 2048 x 0.625 ms, window 18 x 0.625 ms, own address type, filter.
const std::string passive = command("0b 20 07 | 00 00 08 12 00 00 00");
const std::string enable = command("0c 20 02 | 01 00");
const std::string disable = command("0c 20 02 | 00 00");
const std::string done = "scan done";
const std::string refused = "scan done: command disallowed";

// One report: count, event type, address type, address, data, RSSI -60 dBm.
const Octets report = hex("01 | 00 00 66 55 44 33 22 11 03 02 01 06 c4");
const std::string report_line = "result 0 0 11:22:33:44:55:66 -60 020106";

struct Fixture : Script {
    Scanner scanner;

    error_code start(ScanParameters parameters = {}) {
        return scanner.start(context(), parameters);
    }
    void stop() { scanner.stop(context()); }
    Lines hold() {
        scanner.hold(context(), true);
        return take();
    }
    Lines release() {
        scanner.hold(context(), false);
        return take();
    }
    void answer(hci::Status status = success) { scanner.on_command_done(context(), 0, status, {}); }
    Lines answered(hci::Status status = success) {
        answer(status);
        return take();
    }
    Lines reported(Bytes parameters) {
        scanner.on_advertising_report(context(), parameters);
        return take();
    }
    Lines at(Duration since_start) {
        now = Time{} + since_start;
        scanner.on_timer(context());
        return take();
    }
    void run(ScanParameters parameters = {}) {
        REQUIRE(!start(parameters));
        answer();
        answer();
        (void)take();
    }
};

}  // namespace

TEST_CASE("scanner: parameters are set before scanning is enabled") {
    Fixture f;
    CHECK(!f.start());
    CHECK(f.take() == Lines{passive});
    CHECK(f.answered() == Lines{enable});
    CHECK(f.answered() == Lines{});
    CHECK(f.scanner.scanning());
    CHECK(f.reported(report) == Lines{report_line});
}

TEST_CASE("scanner: active scanning, own address type and duplicate filter are the caller's") {
    Fixture f;
    CHECK(!f.start({.interval = 10ms,
                    .window = 10ms,
                    .active = true,
                    .filter_duplicates = true,
                    .own_address_type = hci::OwnAddressType::random_device}));
    CHECK(f.take() == Lines{command("0b 20 07 | 01 10 00 10 00 01 00")});
    CHECK(f.answered() == Lines{command("0c 20 02 | 01 01")});
    (void)f.answered();
    f.stop();
    CHECK(f.take() == Lines{done, disable});
}

TEST_CASE("scanner: interval and window are rounded down and clamped to 2.5 ms ... 10.24 s") {
    Fixture short_one;
    CHECK(!short_one.start({.interval = 3'749us, .window = 0us}));
    CHECK(short_one.take() == Lines{command("0b 20 07 | 00 05 00 04 00 00 00")});
    Fixture long_one;
    CHECK(!long_one.start({.interval = 100s, .window = 50s}));
    CHECK(long_one.take() == Lines{command("0b 20 07 | 00 00 40 00 40 00 00")});
}

TEST_CASE("scanner: a window longer than the interval is refused, so is a second scan") {
    Fixture f;
    CHECK(f.start({.interval = 10ms, .window = 11ms}) == errc::invalid_argument);
    CHECK_FALSE(f.scanner.scanning());
    f.run();
    CHECK(f.start() == errc::already_in_progress);
    CHECK(f.take() == Lines{});
    CHECK(f.reported(report) == Lines{report_line});
}

TEST_CASE("scanner: stop reports the end at once, and later reports are dropped") {
    Fixture f;
    f.run();
    f.stop();
    CHECK(f.take() == Lines{done, disable});
    CHECK_FALSE(f.scanner.scanning());
    CHECK(f.reported(report) == Lines{});
    f.stop();
    CHECK(f.take() == Lines{});
    CHECK(f.answered() == Lines{});
    CHECK(f.reported(report) == Lines{});
}

TEST_CASE("scanner: the duration ends the scan") {
    Fixture f;
    f.run({.duration = 500ms});
    CHECK(f.take_wake() == Time{} + 500ms);
    CHECK(f.at(499ms) == Lines{});
    CHECK(f.take_wake() == Time{} + 500ms);
    CHECK(f.at(500ms) == Lines{done, disable});
    CHECK(f.at(501ms) == Lines{});
    CHECK(f.take_wake() == never);
}

TEST_CASE("scanner: duration 0 and durations beyond the clock's range last until stopped") {
    for (const auto duration : {0ms, std::chrono::milliseconds::max()}) {
        Fixture f;
        f.run({.duration = duration});
        CHECK(f.take_wake() == never);
        CHECK(f.at(std::chrono::hours{24 * 365}) == Lines{});
    }
}

TEST_CASE("scanner: a negative duration is done at once, without a command") {
    Fixture f;
    CHECK(!f.start({.duration = -1ms}));
    CHECK(f.take() == Lines{done});
    CHECK_FALSE(f.scanner.scanning());
}

TEST_CASE("scanner: a new scan right after stop works in order, without the former's reports") {
    Fixture f;
    f.run();
    f.stop();
    CHECK(!f.start({.duration = 1s}));
    CHECK(f.take() == Lines{done, disable});
    CHECK(f.reported(report) == Lines{});
    CHECK(f.answered() == Lines{passive});
    CHECK(f.reported(report) == Lines{});
    CHECK(f.answered() == Lines{enable});
    CHECK(f.answered() == Lines{});
    CHECK(f.reported(report) == Lines{report_line});
    CHECK(f.at(1s) == Lines{done, disable});
}

TEST_CASE("scanner: stopped at any step of the start, the controller ends idle") {
    for (int step = 0; step < 3; ++step) {
        for (const hci::Status status : {success, disallowed}) {
            CAPTURE(step);
            Fixture f;
            CHECK(!f.start());
            for (int i = 0; i < step; ++i) f.answer();
            (void)f.take();
            f.stop();
            CHECK(f.take() == (step == 2 ? Lines{done, disable} : Lines{done}));
            const bool disabled_after = step == 1 && status == success;
            CHECK(f.answered(status) == (disabled_after ? Lines{disable} : Lines{}));
            CHECK(f.answered() == Lines{});
            CHECK(f.reported(report) == Lines{});
        }
    }
}

TEST_CASE("scanner: a refusal at any step ends the scan with its cause") {
    for (int step = 0; step < 2; ++step) {
        CAPTURE(step);
        Fixture f;
        CHECK(!f.start({.duration = 1s}));
        for (int i = 0; i < step; ++i) f.answer();
        (void)f.take();
        CHECK(f.answered(disallowed) == Lines{refused});
        CHECK_FALSE(f.scanner.scanning());
        CHECK(f.at(1s) == Lines{});
        CHECK(!f.start());
        CHECK(f.take() == Lines{passive});
    }
}

TEST_CASE("scanner: a newer scan is not failed by the refusal of a command for the older") {
    Fixture f;
    CHECK(!f.start());
    f.stop();
    CHECK(!f.start());
    CHECK(f.take() == Lines{passive, done});
    CHECK(f.answered(disallowed) == Lines{passive});
    CHECK(f.answered() == Lines{enable});
}

TEST_CASE("scanner: a controller that refuses to stop does not wedge it") {
    Fixture f;
    f.run();
    f.stop();
    CHECK(f.take() == Lines{done, disable});
    CHECK(f.answered(disallowed) == Lines{});
    CHECK(f.reported(report) == Lines{});
    CHECK(!f.start());
    CHECK(f.take() == Lines{passive});
}

TEST_CASE("scanner: a reset of the controller ends the scan at any step") {
    for (int step = 0; step < 3; ++step) {
        CAPTURE(step);
        Fixture f;
        CHECK(!f.start());
        for (int i = 0; i < step; ++i) f.answer();
        (void)f.take();
        f.scanner.on_controller_reset(f.context(), make_error(errc::timed_out));
        CHECK(f.take() == Lines{"scan done: timed out"});
        f.scanner.on_controller_reset(f.context(), make_error(errc::timed_out));
        CHECK(f.take() == Lines{});
        CHECK(f.reported(report) == Lines{});
        CHECK(!f.start());
        CHECK(f.take() == Lines{passive});
    }
}

TEST_CASE("scanner: every report of an event is delivered, of each type") {
    Fixture f;
    f.run({.active = true});
    CHECK(f.reported(hex("03"
                         "| 02 01 01 00 00 00 00 c0 00 7f"
                         "| 03 02 02 00 00 00 00 00 02 01 ff 80"
                         "| 04 03 03 00 00 00 00 c0 01 00 14")) ==
          Lines{"result 2 1 C0:00:00:00:00:01 127 ", "result 3 2 00:00:00:00:00:02 -128 01ff",
                "result 4 3 C0:00:00:00:00:03 20 00"});
}

TEST_CASE("scanner: directed advertising is reported by either event") {
    Fixture f;
    f.run();
    CHECK(f.reported(hex("01 | 01 00 66 55 44 33 22 11 00 c4")) ==
          Lines{"result 1 0 11:22:33:44:55:66 -60 "});
    // Count, event type, address type, address, direct address type, direct address, RSSI.
    f.scanner.on_directed_advertising_report(
        f.context(), hex("01 | 01 01 66 55 44 33 22 d1 01 0f 0e 0d 0c 0b 4a c4"));
    CHECK(f.take() == Lines{"result 1 1 D1:22:33:44:55:66 -60 "});
    f.stop();
    (void)f.take();
    f.scanner.on_directed_advertising_report(
        f.context(), hex("01 | 01 01 66 55 44 33 22 d1 01 0f 0e 0d 0c 0b 4a c4"));
    CHECK(f.take() == Lines{});
}

TEST_CASE("scanner: only reports that fit are delivered, whatever count and lengths claim") {
    Fixture f;
    f.run();
    // 25 reports announced, one there.
    CHECK(f.reported(hex("19 | 00 00 66 55 44 33 22 11 00 c4")) ==
          Lines{"result 0 0 11:22:33:44:55:66 -60 "});
    // No report, or more than 25, is not a valid event.
    CHECK(f.reported(hex("00 | 00 00 66 55 44 33 22 11 00 c4")) == Lines{});
    CHECK(f.reported(hex("1a | 00 00 66 55 44 33 22 11 00 c4")) == Lines{});
    // Data length 255 with three octets left.
    CHECK(f.reported(hex("01 | 00 00 66 55 44 33 22 11 ff 02 01 06")) == Lines{});
    CHECK(f.reported({}) == Lines{});
    // Cut off anywhere.
    for (std::size_t size = 0; size < report.size(); ++size)
        CHECK(f.reported(Bytes{report}.first(size)) == Lines{});
    // Types that do not exist.
    CHECK(f.reported(hex("01 | 05 00 66 55 44 33 22 11 00 c4")) == Lines{});
    CHECK(f.reported(hex("01 | 00 04 66 55 44 33 22 11 00 c4")) == Lines{});
}

TEST_CASE("scanner: it is idle until started, and again when the controller has answered a stop") {
    Fixture f;
    CHECK(f.scanner.idle());
    CHECK(!f.start());
    CHECK_FALSE(f.scanner.idle());
    f.stop();  // the command for the parameters is in flight
    CHECK_FALSE(f.scanner.idle());
    f.answer();
    CHECK(f.scanner.idle());
    (void)f.take();

    f.run({.duration = 500ms});
    CHECK_FALSE(f.scanner.idle());
    CHECK(f.at(500ms) == Lines{done, disable});
    CHECK_FALSE(f.scanner.idle());
    f.answer();
    CHECK(f.scanner.idle());

    f.run();
    f.scanner.on_controller_reset(f.context(), make_error(errc::timed_out));
    CHECK(f.scanner.idle());
}

TEST_CASE("scanner: held it is disabled, and enabled again when released") {
    Fixture f;
    f.run();
    CHECK_FALSE(f.scanner.at_rest());
    CHECK(f.hold() == Lines{disable});
    CHECK(f.reported(report) == Lines{report_line});  // heard before it was disabled
    CHECK_FALSE(f.scanner.at_rest());
    CHECK(f.answered() == Lines{});
    CHECK(f.scanner.at_rest());
    CHECK(f.scanner.scanning());
    CHECK_FALSE(f.scanner.idle());
    CHECK(f.reported(report) == Lines{});
    CHECK(f.hold() == Lines{});
    CHECK(f.release() == Lines{enable});
    CHECK(f.answered() == Lines{});
    CHECK(f.reported(report) == Lines{report_line});
}

TEST_CASE("scanner: held at any step of the start, it comes to rest and goes on when released") {
    Fixture setting;
    CHECK(!setting.start());
    CHECK(setting.take() == Lines{passive});
    CHECK(setting.hold() == Lines{});
    CHECK_FALSE(setting.scanner.at_rest());
    CHECK(setting.answered() == Lines{});
    CHECK(setting.scanner.at_rest());
    CHECK(setting.release() == Lines{enable});

    Fixture enabling;
    CHECK(!enabling.start());
    enabling.answer();
    (void)enabling.take();
    CHECK(enabling.hold() == Lines{});
    CHECK(enabling.answered() == Lines{disable});
    CHECK(enabling.answered() == Lines{});
    CHECK(enabling.scanner.at_rest());
    CHECK(enabling.release() == Lines{enable});

    for (int step = 0; step < 2; ++step) {
        Fixture refusing;
        CHECK(!refusing.start());
        if (step == 1) refusing.answer();
        (void)refusing.take();
        CHECK(refusing.hold() == Lines{});
        CHECK(refusing.answered(disallowed) == Lines{refused});
        CHECK(refusing.release() == Lines{});
    }
}

TEST_CASE("scanner: held and released at once, it is enabled in the end") {
    Fixture f;
    f.run();
    CHECK(f.hold() == Lines{disable});
    CHECK(f.release() == Lines{});
    CHECK(f.answered() == Lines{enable});
    CHECK(f.hold() == Lines{});
    CHECK(f.release() == Lines{});
    CHECK(f.answered() == Lines{});
}

TEST_CASE("scanner: start and stop while held are remembered, and the duration goes on") {
    Fixture f;
    CHECK(f.hold() == Lines{});
    CHECK(!f.start({.duration = 500ms}));
    CHECK(f.start() == errc::already_in_progress);
    CHECK(f.take() == Lines{});
    CHECK(f.at(499ms) == Lines{});
    CHECK(f.at(500ms) == Lines{done});
    CHECK(f.release() == Lines{});

    f.run();
    CHECK(f.hold() == Lines{disable});
    f.stop();
    CHECK(f.take() == Lines{done});
    CHECK(!f.start({.active = true}));
    CHECK(f.answered() == Lines{});
    CHECK(f.scanner.at_rest());
    CHECK(f.release() == Lines{command("0b 20 07 | 01 00 08 12 00 00 00")});
    CHECK(f.answered() == Lines{enable});
}

TEST_CASE("scanner: a reset while held ends the scan, and the hold stays") {
    for (int step = 0; step < 2; ++step) {
        Fixture f;
        f.run();
        CHECK(f.hold() == Lines{disable});
        if (step == 1) f.answer();
        f.scanner.on_controller_reset(f.context(), make_error(errc::timed_out));
        CHECK(f.take() == Lines{"scan done: timed out"});
        CHECK(!f.start());
        CHECK(f.take() == Lines{});
        CHECK(f.release() == Lines{passive});
    }
}

TEST_CASE("scanner: whatever the order of inputs, controller and scanner agree in the end") {
    for (std::uint32_t seed = 0; seed < 2000; ++seed) {
        CAPTURE(seed);
        Dice dice{seed};
        Fixture f;
        bool obedient = false;
        bool enabled = false;
        bool held = false;
        int starts = 0;
        int ends = 0;
        std::deque<hci::Status> answers;
        const auto collect = [&] {
            for (const std::string& line : f.take()) {
                if (!line.starts_with("hci ")) {
                    ends += line.starts_with(done) ? 1 : 0;
                    continue;
                }
                REQUIRE(answers.empty());
                hci::Status status = obedient || dice.roll(6) != 0 ? success : disallowed;
                if (line == disable) {
                    REQUIRE(enabled);
                    enabled = false;
                } else {
                    REQUIRE_FALSE(enabled);
                    REQUIRE_FALSE(held);
                    enabled = line == enable && status == success;
                }
                answers.push_back(status);
            }
            if (f.scanner.at_rest()) REQUIRE_FALSE(enabled);
        };
        const auto deliver = [&] {
            if (answers.empty()) return;
            const hci::Status status = answers.front();
            answers.pop_front();
            f.answer(status);
            collect();
        };
        for (int i = 0; i < 40; ++i) {
            switch (dice.roll(7)) {
            case 0:
                if (!f.start({.duration = std::chrono::milliseconds{dice.roll(5)}})) ++starts;
                break;
            case 1: f.stop(); break;
            case 2:
                f.now += 1ms;
                f.scanner.on_timer(f.context());
                break;
            case 3:
                held = !held;
                f.scanner.hold(f.context(), held);
                break;
            default: deliver(); break;
            }
            collect();
        }
        obedient = true;
        held = false;
        f.scanner.hold(f.context(), false);
        collect();
        while (!answers.empty()) deliver();
        CHECK(enabled == f.scanner.scanning());
        CHECK(enabled == !f.scanner.idle());
        CHECK(starts == ends + (f.scanner.scanning() ? 1 : 0));
    }
}
