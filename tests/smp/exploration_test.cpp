// SPDX-License-Identifier: MIT
//
// At each point of right pairings, on both sides: every sequence of so many inputs of any kind,
// whatever peer, controller, application and clock could do. What must hold is in watched.hpp.
#include <doctest/doctest.h>

#include "tests/smp/watched.hpp"

using namespace bluetooth;
using namespace bluetooth::smp;
using bluetooth::test::Input;
using bluetooth::test::ManagerScript;
using bluetooth::test::Octets;
using bluetooth::test::Recording;
using bluetooth::test::Watched;
using bluetooth::test::Way;
using std::chrono::seconds;

namespace {

constexpr auto none = IoCapability::no_input_no_output;
constexpr auto yes_no = IoCapability::display_yes_no;
constexpr auto keyboard = IoCapability::keyboard_only;
constexpr auto display = IoCapability::display_only;

constexpr std::array<Way, 7> ways{{
    {"legacy Just Works", false, false, {none, none}},
    {"legacy Just Works, bonded", false, false, {none, none}, true},
    {"legacy Passkey Entry", false, true, {keyboard, display}},
    {"Just Works, bonded", true, false, {none, none}, true},
    {"Numeric Comparison", true, true, {yes_no, yes_no}},
    {"Passkey Entry", true, true, {keyboard, display}},
    {"Passkey Entry, the other way round", true, true, {display, keyboard}},
}};

/// A well-formed PDU of each code, with what a right peer sends where it does.
std::vector<Octets> all_pdus(const Recording& recording) {
    constexpr std::array<std::size_t, 15> sizes{0,  7, 7,  17, 17, 2,  17, 11,
                                                17, 8, 17, 2,  65, 17, 2};
    std::vector<Octets> pdus;
    for (std::size_t code = 1; code < sizes.size(); ++code) {
        Octets pdu(sizes[code], 0x01);
        pdu[0] = static_cast<std::uint8_t>(code);
        if (code <= 2) pdu = test::hex(code == 1 ? "01 03 00 09 10 07 07" : "02 03 00 09 10 07 07");
        for (const Octets& right : recording.received)
            if (right[0] == code) pdu = right;
        pdus.push_back(pdu);
    }
    return pdus;
}

/// Everything that can happen.
std::vector<Input> alphabet(const Recording& recording) {
    std::vector<Input> inputs;
    for (const Octets& pdu : all_pdus(recording)) {
        const std::string code = to_hex(Bytes{pdu}.first(1));
        Octets wrong = pdu;
        wrong[1] = static_cast<std::uint8_t>(wrong[1] ^ 0x01);
        inputs.push_back(test::pdu_input("PDU " + code, pdu, test::confirmed_by(pdu)));
        inputs.push_back(test::pdu_input("wrong PDU " + code, wrong));
    }
    inputs.push_back(test::pdu_input("malformed PDU", {0x03, 0x00}));
    inputs.push_back(test::key_request_input(0, {}));
    inputs.push_back(test::key_request_input(0x1234, {1, 2, 3, 4, 5, 6, 7, 8}));
    inputs.push_back(test::encryption_input(0, true));
    inputs.push_back(test::encryption_input(0, false));
    inputs.push_back(test::encryption_input(0x06, false));
    inputs.push_back(test::refresh_input(0));
    inputs.push_back(test::refresh_input(0x06));
    inputs.push_back(test::call_input("refused", [](ManagerScript& s) {
        s.manager.on_encryption_refused(s.context(), ManagerScript::hci_error(0x0c));
    }));
    inputs.push_back(test::pair_input(false));
    inputs.push_back(test::pair_input(true));
    inputs.push_back(
        test::call_input("cancel", [](ManagerScript& s) { (void)s.manager.cancel(s.context()); }));
    inputs.push_back(test::answer_input(PasskeyAction::input, 123'456));
    inputs.push_back(test::answer_input(PasskeyAction::display, 123'456));
    inputs.push_back(test::answer_input(PasskeyAction::input, 123'457));
    inputs.push_back(test::answer_input(PasskeyAction::numeric_comparison, 0));
    inputs.push_back(test::answer_input(PasskeyAction::numeric_comparison, 1));
    for (const bool allowed : {false, true})
        inputs.push_back(test::call_input(allowed ? "allow" : "refuse", [=](ManagerScript& s) {
            (void)s.manager.allow_weaker(s.context(), allowed);
        }));
    inputs.push_back(test::call_input("keypress", [](ManagerScript& s) {
        (void)s.manager.send_keypress(s.context(), Keypress::digit_entered);
    }));
    inputs.push_back(test::call_input("forget", [](ManagerScript& s) {
        s.stored.reset();
        s.manager.forget_bond();
    }));
    inputs.push_back(test::wait_input(seconds{30}));
    inputs.push_back(test::call_input(
        "disconnect", [](ManagerScript& s) { s.manager.on_disconnected(s.context()); }));
    return inputs;
}

/// Plays `prefix` inputs of the recording, then `deviation`, then `rest` of the recording.
void play(const Recording& recording, std::size_t prefix,
          const std::vector<const Input*>& deviation, std::size_t rest) {
    Watched watched{recording};
    for (std::size_t i = 0; i < prefix; ++i) watched.apply(recording.inputs[i]);
    for (const Input* input : deviation) watched.apply(*input);
    for (std::size_t i = prefix; i < prefix + rest; ++i) watched.apply(recording.inputs[i]);
    watched.end();
    if (watched.wrong.empty()) return;
    std::string text;
    for (const Input* input : deviation) text += input->name + ", ";
    FAIL_CHECK(std::string{recording.way.name}, " as ",
               std::string{recording.role == Role::central ? "central" : "peripheral"}, ", after ",
               prefix, " inputs: ", text, "then ", rest, ": ", watched.wrong);
}

/// Whether this point of the recording differs from those around it: of the rounds of Passkey Entry
/// the first two and the last two do.
bool worth_looking_at(const Recording& recording, std::size_t prefix) {
    const std::size_t size = recording.inputs.size();
    return size < 30 || prefix < 8 || prefix + 12 > size;
}

}  // namespace

TEST_CASE("smp exploration: one input of any kind at any point, then silence or the right rest") {
    const test::QuietLog quiet;
    std::size_t played = 0;
    for (const Way& way : ways)
        for (const Role role : {Role::central, Role::peripheral}) {
            const Recording recording{way, role};
            const std::vector<Input> inputs = alphabet(recording);
            for (std::size_t prefix = 0; prefix <= recording.inputs.size(); ++prefix) {
                if (!worth_looking_at(recording, prefix)) continue;
                for (const Input& input : inputs) {
                    play(recording, prefix, {&input}, 0);
                    play(recording, prefix, {&input}, recording.inputs.size() - prefix);
                    played += 2;
                }
            }
        }
    MESSAGE(played, " sequences");
}

/// What ends the pairing leads to much the same state from wherever: a few points stand for all.
bool goes_on(const Recording& recording, std::size_t prefix, const Input& input) {
    Watched watched{recording};
    for (std::size_t i = 0; i < prefix; ++i) watched.apply(recording.inputs[i]);
    watched.apply(input);
    return watched.script.manager.busy();
}

TEST_CASE("smp exploration: two inputs of any kind at any point") {
    const test::QuietLog quiet;
    std::size_t played = 0;
    for (const std::size_t which : {1u, 4u})  // legacy Just Works, bonded; Numeric Comparison
        for (const Role role : {Role::central, Role::peripheral}) {
            const Recording recording{ways[which], role};
            const std::vector<Input> inputs = alphabet(recording);
            for (std::size_t prefix = 0; prefix <= recording.inputs.size(); ++prefix)
                for (const Input& first : inputs) {
                    if (prefix % 5 != 0 && !goes_on(recording, prefix, first)) continue;
                    for (const Input& second : inputs) {
                        play(recording, prefix, {&first, &second}, 0);
                        ++played;
                    }
                }
        }
    MESSAGE(played, " sequences");
}

TEST_CASE("smp exploration: three events of controller, application and clock at any point") {
    const test::QuietLog quiet;
    std::size_t played = 0;
    for (const Role role : {Role::central, Role::peripheral}) {
        const Recording recording{ways[1], role};  // legacy Just Works, bonded
        std::vector<Input> events;
        for (const Input& input : alphabet(recording))
            for (const char* kind :
                 {"key re", "encryption", "refused", "pair anew", "cancel", "wait"})
                if (input.name.starts_with(kind)) events.push_back(input);
        for (std::size_t prefix = 0; prefix <= recording.inputs.size(); ++prefix)
            for (const Input& first : events)
                for (const Input& second : events)
                    for (const Input& third : events) {
                        play(recording, prefix, {&first, &second, &third}, 0);
                        ++played;
                    }
    }
    MESSAGE(played, " sequences");
}
