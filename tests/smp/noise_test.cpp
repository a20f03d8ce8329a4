// SPDX-License-Identifier: MIT
//
// Random and mutated PDUs, events, answers and waits in any order, from a fixed seed, thrown at
// managers at any point of right pairings. What must hold is in watched.hpp.
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

namespace {

constexpr std::size_t inputs_in_all = 200'000;
constexpr std::size_t inputs_of_a_link = 40;

constexpr auto none = IoCapability::no_input_no_output;
constexpr std::array<Way, 4> ways{{
    {"legacy Just Works, bonded", false, false, {none, none}, true},
    {"legacy Passkey Entry",
     false,
     true,
     {IoCapability::keyboard_only, IoCapability::display_only}},
    {"Just Works", true, false, {none, none}},
    {"Numeric Comparison",
     true,
     true,
     {IoCapability::display_yes_no, IoCapability::display_yes_no}},
}};

class Noise {
public:
    explicit Noise(std::uint64_t seed) : random_(seed) {}
    std::uint32_t below(std::uint32_t bound) { return random_.below(bound); }
    std::uint8_t octet() { return static_cast<std::uint8_t>(below(256)); }
    bool one_in(std::uint32_t count) { return below(count) == 0; }

    /// A PDU of the recording with a few changes, or one of random octets.
    Octets pdu(const Recording& recording) {
        Octets octets;
        if (one_in(3)) {
            octets.resize(below(70));
            random_.fill(octets);
            if (!octets.empty() && !one_in(4)) octets[0] = static_cast<std::uint8_t>(below(16));
            return octets;
        }
        octets = recording.received[below(static_cast<std::uint32_t>(recording.received.size()))];
        for (std::uint32_t i = below(3); i > 0; --i)
            octets[below(static_cast<std::uint32_t>(octets.size()))] = octet();
        if (one_in(8)) octets.resize(below(70), 0);
        return octets;
    }
    Input input(const Recording& recording) {
        switch (below(16)) {
        case 0: return test::encryption_input(one_in(2) ? 0 : octet(), one_in(2));
        case 1: return test::refresh_input(one_in(2) ? 0 : octet());
        case 2: return test::key_request_input(one_in(2) ? 0 : 0x1234, random_.octets<8>());
        case 3: return test::key_request_input(0, {});
        case 4: return test::pair_input(one_in(2));
        case 5: return test::answer_input(PasskeyAction{octet()}, below(2'000'000));
        case 6:
            return test::answer_input(PasskeyAction{static_cast<std::uint8_t>(2 + below(3))}, 1);
        case 7: return test::wait_input(std::chrono::seconds{below(31)});
        case 8: {
            const bool allowed = one_in(2);
            return test::call_input("allow", [=](ManagerScript& s) {
                (void)s.manager.allow_weaker(s.context(), allowed);
            });
        }
        case 9:
            if (!one_in(8)) break;
            return test::call_input("cancel",
                                    [](ManagerScript& s) { (void)s.manager.cancel(s.context()); });
        default: break;
        }
        const Octets octets = pdu(recording);
        // One that has not been changed may be in its place.
        const bool right =
            std::ranges::find(recording.received, octets) != recording.received.end();
        return test::pdu_input("noise", octets, right ? test::confirmed_by(octets) : 0u);
    }

private:
    crypto::SeededRandom random_;
};

}  // namespace

TEST_CASE("smp noise: 200,000 random inputs break nothing") {
    const test::QuietLog quiet;
    Noise noise{20'241};
    std::vector<Recording> recordings;
    for (const Way& way : ways)
        for (const Role role : {Role::central, Role::peripheral})
            recordings.emplace_back(way, role);
    std::size_t encrypted = 0;
    for (std::size_t done = 0; done < inputs_in_all; done += inputs_of_a_link) {
        const Recording& recording =
            recordings[noise.below(static_cast<std::uint32_t>(recordings.size()))];
        Watched watched{recording};
        const std::uint32_t start =
            noise.below(static_cast<std::uint32_t>(recording.inputs.size() + 1));
        for (std::uint32_t i = 0; i < start; ++i) watched.apply(recording.inputs[i]);
        for (std::size_t i = 0; i < inputs_of_a_link; ++i) {
            const Input input = noise.input(recording);
            watched.apply(input);
            if (!watched.wrong.empty()) {
                FAIL_CHECK(std::string{recording.way.name}, ", input ", done + i, ", ", input.name,
                           ": ", watched.wrong);
                break;
            }
        }
        encrypted += watched.script.manager.security().encrypted;
        watched.end();
        CHECK(watched.wrong == "");
    }
    CHECK(encrypted > 0);  // some links were under way far enough
}
