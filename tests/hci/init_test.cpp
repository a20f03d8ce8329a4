// SPDX-License-Identifier: MIT
#include "hci/init.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "hci/codes.hpp"
#include "tests/hci/harness.hpp"
#include "tests/support/scripted_controller.hpp"

using namespace bluetooth;
using namespace bluetooth::hci;
using namespace std::chrono_literals;
using bluetooth::test::ScriptedController;
using hci::test::Harness;
using hci::test::hex;
using hci::test::Octets;

namespace {

constexpr Tag tag = 77;
constexpr std::array<std::uint8_t, 6> randomness{0x01, 0x02, 0x03, 0x04, 0x05, 0x06};
/// Sets the random static address made of `randomness`.
constexpr std::string_view set_random_address = "01 05 20 06 01 02 03 04 05 c6";

/// The host's side: a `Core` and an `Init`, run against a script until both have nothing to say.
struct Host : Harness {
    Init init{core, tag};

    explicit Host(ScriptedController& controller) {
        init.start(ctx(), randomness);
        run(controller);
    }
    void run(ScriptedController& controller) {
        std::size_t heard = 0;
        std::size_t answered = 0;
        for (bool busy = true; busy;) {
            busy = false;
            drain();
            for (; heard < sent.size(); ++heard) controller.receive(sent[heard]);
            for (const Octets& reply : controller.take_replies()) {
                busy = true;
                REQUIRE(reply[0] == 0x04);
                core.receive(ctx(), Bytes{reply}.subspan(1));
                drain();
            }
            for (; answered < done.size(); ++answered) {
                busy = true;
                const Done& answer = done[answered];
                init.on_command_done(
                    ctx(), {answer.tag, answer.opcode, answer.status, answer.return_parameters});
            }
        }
    }
    bool came_up() const { return init_done && !init_done->error; }
    bool failed() const { return (init_done && init_done->error) || !failures.empty(); }
};

/// The answer to Read Local Supported Commands: these octets, all others zero.
std::string supported(std::initializer_list<std::pair<std::size_t, std::string_view>> octets) {
    std::string text = "04 0e 44 01 02 10 00";
    for (std::size_t octet = 0; octet < 64; ++octet) {
        std::string_view value = "00";
        for (const auto& [position, bits] : octets)
            if (position == octet) value = bits;
        text += ' ';
        text += value;
    }
    return text;
}

/// A single-mode controller of Bluetooth 5.0 with data length extension, privacy and the 2M PHY.
ScriptedController modern_controller() {
    ScriptedController controller;
    controller.expect("01 03 0c 00", {"04 0e 04 01 03 0c 00"});
    controller.expect("01 01 10 00", {"04 0e 0c 01 01 10 00 09 12 34 09 5d 00 56 78"});
    controller.expect("01 02 10 00", {supported({{0, "20"},
                                                 {5, "c0"},
                                                 {14, "a8"},
                                                 {15, "02"},
                                                 {22, "04"},
                                                 {25, "f7"},
                                                 {26, "ff"},
                                                 {27, "ff"},
                                                 {28, "0f"},
                                                 {33, "f0"},
                                                 {34, "ff"},
                                                 {35, "7f"}})});
    controller.expect("01 03 10 00", {"04 0e 0c 01 03 10 00 00 00 00 00 60 00 00 00"});
    // encryption, connection parameters request, reject, features exchange, ping, data length,
    // privacy, filter policies, 2M; channel selection #2
    controller.expect("01 03 20 00", {"04 0e 0c 01 03 20 00 ff 41 00 00 00 00 00 00"});
    controller.expect("01 09 10 00", {"04 0e 0a 01 09 10 00 66 55 44 33 22 11"});
    controller.expect("01 02 20 00", {"04 0e 07 01 02 20 00 fb 00 08"});
    controller.expect("01 01 0c 08 90 88 00 02 00 80 00 20", {"04 0e 04 01 01 0c 00"});
    controller.expect("01 63 0c 08 00 00 80 00 00 00 00 00", {"04 0e 04 01 63 0c 00"});
    controller.expect("01 01 20 08 ff 0f 08 00 00 00 00 00", {"04 0e 04 01 01 20 00"});
    controller.expect("01 0f 20 00", {"04 0e 05 01 0f 20 00 10"});
    controller.expect("01 2a 20 00", {"04 0e 05 01 2a 20 00 07"});
    controller.expect("01 2f 20 00", {"04 0e 0c 01 2f 20 00 fb 00 48 08 fb 00 48 08"});
    controller.expect("01 24 20 04 fb 00 48 08", {"04 0e 04 01 24 20 00"});
    controller.expect(set_random_address, {"04 0e 04 01 05 20 00"});
    return controller;
}

/// A dual-mode controller of Bluetooth 4.0 that has nothing but what is mandatory, shares its
/// buffers between BR/EDR and LE, and has no accept list command announced.
ScriptedController old_controller() {
    ScriptedController controller;
    controller.expect("01 03 0c 00", {"04 0e 04 01 03 0c 00"});
    controller.expect("01 01 10 00", {"04 0e 0c 01 01 10 00 06 00 00 06 0f 00 00 00"});
    controller.expect("01 02 10 00", {supported({{5, "c0"}, {24, "40"}})});
    controller.expect("01 03 10 00", {"04 0e 0c 01 03 10 00 ff ff 8f fe db ff 5b 87"});
    controller.expect("01 03 20 00", {"04 0e 0c 01 03 20 00 01 00 00 00 00 00 00 00"});
    controller.expect("01 09 10 00", {"04 0e 0a 01 09 10 00 66 55 44 33 22 11"});
    controller.expect("01 02 20 00", {"04 0e 07 01 02 20 00 00 00 00"});
    controller.expect("01 05 10 00", {"04 0e 0b 01 05 10 00 fd 03 40 08 00 01 00"});
    controller.expect("01 6d 0c 02 01 00", {"04 0e 04 01 6d 0c 00"});
    controller.expect("01 01 0c 08 90 88 00 02 00 80 00 20", {"04 0e 04 01 01 0c 00"});
    controller.expect("01 01 20 08 1f 00 00 00 00 00 00 00", {"04 0e 04 01 01 20 00"});
    controller.expect(set_random_address, {"04 0e 04 01 05 20 00"});
    return controller;
}

/// Up to the answer to LE Read Buffer Size, then that answer.
ScriptedController controller_with_buffers(std::string_view answer) {
    ScriptedController controller = old_controller();
    controller.reply(6) = hex(answer);
    return controller;
}

}  // namespace

TEST_CASE("hci init: a modern controller comes up with all that it has") {
    ScriptedController controller = modern_controller();
    Host host(controller);
    controller.check_finished();
    REQUIRE(host.came_up());
    const ControllerInfo& info = host.init.info();
    CHECK(info.hci_version == CoreVersion::v5_0);
    CHECK(info.hci_subversion == 0x3412);
    CHECK(info.company_identifier == 0x005d);
    CHECK(info.lmp_subversion == 0x7856);
    CHECK(info.supports<LeSetDefaultPhy>());
    CHECK_FALSE(info.supports<LeSetPrivacyMode>());
    CHECK(info.has(LeFeature::le_2m_phy));
    CHECK_FALSE(info.has(LeFeature::le_coded_phy));
    CHECK(info.public_address == Address::from_display({0x11, 0x22, 0x33, 0x44, 0x55, 0x66}));
    CHECK(info.static_address == Address::from_display({0xc6, 0x05, 0x04, 0x03, 0x02, 0x01}));
    CHECK(info.acl_data_packet_length == 251);
    CHECK(info.acl_data_packet_count == 8);
    CHECK_FALSE(info.buffers_shared_with_br_edr);
    CHECK(info.filter_accept_list_size == 16);
    CHECK(info.resolving_list_size == 7);
    CHECK(info.max_tx_octets == 251);
    CHECK(info.max_tx_time == Microseconds{2120});
}

TEST_CASE("hci init: a Bluetooth 4.0 controller that shares its buffers with BR/EDR comes up") {
    ScriptedController controller = old_controller();
    Host host(controller);
    controller.check_finished();
    REQUIRE(host.came_up());
    CHECK(host.init.info().buffers_shared_with_br_edr);
    CHECK(host.init.info().acl_data_packet_length == 1021);
    CHECK(host.init.info().acl_data_packet_count == 8);
    CHECK(host.init.info().filter_accept_list_size == 0);
    CHECK(host.init.info().max_tx_octets == 27);
}

TEST_CASE("hci init: a controller without a public address has its random static one") {
    ScriptedController controller = modern_controller();
    controller.reply(5) = hex("04 0e 0a 01 09 10 00 00 00 00 00 00 00");
    Host host(controller);
    REQUIRE(host.came_up());
    CHECK_FALSE(host.init.info().public_address);
}

TEST_CASE("hci init: a controller without any address of its own is of no use") {
    ScriptedController controller = modern_controller();
    controller.reply(5) = hex("04 0e 04 01 09 10 01");
    controller.reply(14) = hex("04 0e 04 01 05 20 0c");
    Host host(controller);
    REQUIRE(host.failed());
    CHECK(host.init_done->error == error_code(0x0c, hci_category()));
}

TEST_CASE("hci init: a controller without LE is refused") {
    ScriptedController controller = modern_controller();
    controller.reply(3) = hex("04 0e 0c 01 03 10 00 ff ff 8f fe 9b ff 59 87");
    Host host(controller);
    REQUIRE(host.failed());
    CHECK(host.init_done->error == errc::not_supported);
    CHECK(host.init_done->text == "the controller does not support Bluetooth LE");
}

TEST_CASE("hci init: an answer without its buffer size ends it (H18)") {
    ScriptedController controller = controller_with_buffers("04 0e 04 01 02 20 00");
    Host host(controller);
    CHECK(host.failed());
}

TEST_CASE("hci init: a buffer of 1 to 26 octets is refused, one of 27 accepted (H18)") {
    for (std::uint8_t size = 1; size < 27; ++size) {
        ScriptedController controller = controller_with_buffers("04 0e 07 01 02 20 00 00 00 01");
        controller.reply(6)[7] = size;
        Host host(controller);
        CHECK(host.failed());
    }
    ScriptedController controller = modern_controller();
    controller.reply(6) = hex("04 0e 07 01 02 20 00 1b 00 01");
    Host host(controller);
    CHECK(host.came_up());
}

TEST_CASE("hci init: shared buffers that are too small or none are refused (H18)") {
    for (std::string_view answer :
         {"04 0e 0b 01 05 10 00 1a 00 40 08 00 01 00", "04 0e 0b 01 05 10 00 fd 03 40 00 00 01 00",
          "04 0e 0b 01 05 10 00 00 00 00 00 00 00 00"}) {
        ScriptedController controller = old_controller();
        controller.reply(7) = hex(answer);
        Host host(controller);
        CHECK(host.failed());
    }
}

TEST_CASE("hci init: data lengths outside of what the specification allows are brought inside") {
    ScriptedController controller = modern_controller();
    controller.reply(12) = hex("04 0e 0c 01 2f 20 00 ff ff ff ff 00 00 00 00");
    controller.fall_silent_at(13);
    Host host(controller);
    CHECK(host.sent.back() == hex("01 24 20 04 fb 00 90 42"));
}

TEST_CASE("hci init: a controller that falls silent at any step fails after 2 s") {
    for (auto script : {modern_controller, old_controller}) {
        const std::size_t steps = script().steps();
        for (std::size_t step = 0; step < steps; ++step) {
            CAPTURE(step);
            ScriptedController controller = script();
            controller.fall_silent_at(step);
            Host host(controller);
            CHECK_FALSE(host.init_done);
            host.advance(2s);
            REQUIRE(host.failures.size() == 1);
            CHECK(host.failures[0].error == errc::timed_out);
            CHECK(host.pool.available() == host.pool.size());
        }
    }
}

TEST_CASE("hci init: a refusal or a short answer at any step ends it or is done without") {
    for (auto script : {modern_controller, old_controller}) {
        const std::size_t steps = script().steps();
        for (std::size_t step = 0; step < steps; ++step) {
            const Octets whole = script().reply(step);
            CAPTURE(step);
            {
                // Unknown HCI Command, the rest of the answer missing.
                ScriptedController controller = script();
                const std::uint8_t low = whole[4];
                const std::uint8_t high = whole[5];
                controller.reply(step) = Octets{0x04, 0x0f, 0x04, 0x01, 0x01, low, high};
                controller.fall_silent_at(step + 1);
                Host host(controller);
                // Whatever the step: it ended, or went on with the next command.
                CHECK((host.init_done.has_value() || host.sent.size() == step + 2));
            }
            for (std::size_t size = 7; size < whole.size(); ++size) {
                ScriptedController controller = script();
                Octets cut{Bytes{whole}.first(size)};
                cut[2] = static_cast<std::uint8_t>(size - 3);
                controller.reply(step) = cut;
                Host host(controller);
                CHECK(host.failed());
            }
        }
    }
}

TEST_CASE("hci init: what LE-only controllers may lack is done without") {
    ScriptedController controller = modern_controller();
    for (const std::size_t step : {1u, 5u, 8u, 10u, 13u}) {
        Octets& reply = controller.reply(step);
        reply = Octets{0x04, 0x0e, 0x04, 0x01, reply[4], reply[5], 0x01};
    }
    Host host(controller);
    controller.check_finished();
    CHECK(host.came_up());
}

TEST_CASE("hci init: a controller that keeps LE events to itself is refused") {
    for (const std::size_t step : {7u, 9u}) {  // Set Event Mask, LE Set Event Mask
        CAPTURE(step);
        ScriptedController controller = modern_controller();
        Octets& reply = controller.reply(step);
        reply = Octets{0x04, 0x0e, 0x04, 0x01, reply[4], reply[5], 0x12};
        controller.fall_silent_at(step + 1);
        Host host(controller);
        REQUIRE(host.init_done);
        CHECK(host.init_done->error.value() == 0x12);
        CHECK(host.init_done->text == "the controller refuses to report LE events");
    }
}

TEST_CASE("hci init: answers to the commands of others are not its own") {
    ScriptedController controller = modern_controller();
    controller.fall_silent_at(1);
    Host host(controller);
    const std::size_t sent = host.sent.size();
    host.init.on_command_done(host.ctx(), {tag + 1, 0x1001, Status::success, {}});
    host.drain();
    CHECK(host.sent.size() == sent);
    CHECK_FALSE(host.init_done);
}

TEST_CASE("hci init: started again it forgets what it knew") {
    ScriptedController first = modern_controller();
    Host host(first);
    REQUIRE(host.came_up());
    host.init_done.reset();
    host.sent.clear();
    host.done.clear();
    host.core.restart();
    ScriptedController second = old_controller();
    host.init.start(host.ctx(), randomness);
    host.run(second);
    second.check_finished();
    CHECK(host.came_up());
    CHECK(host.init.info().filter_accept_list_size == 0);
    CHECK(host.init.info().max_tx_octets == 27);
}

TEST_CASE("hci init: a static address has its two high bits set and is never all ones or zeros") {
    CHECK(make_static_address({0x01, 0x02, 0x03, 0x04, 0x05, 0x3f}) ==
          Address::from_display({0xff, 0x05, 0x04, 0x03, 0x02, 0x01}));
    CHECK(make_static_address({0, 0, 0, 0, 0, 0}) ==
          Address::from_display({0xc0, 0x00, 0x00, 0x00, 0x00, 0x01}));
    CHECK(make_static_address({0xff, 0xff, 0xff, 0xff, 0xff, 0xff}) ==
          Address::from_display({0xff, 0xff, 0xff, 0xff, 0xff, 0xfe}));
}
