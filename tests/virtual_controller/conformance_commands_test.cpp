// SPDX-License-Identifier: MIT
//
// Every command of the table in every state: well formed, too short and too long.
#include "tests/virtual_controller/conformance.hpp"
#include "virtual_controller/profiles.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using namespace bluetooth::virtual_controller::test;

namespace {

constexpr std::uint8_t invalid_parameters = 0x12;

/// Calls `check(command, state)` for each pair.
template <class Check> void in_every_state(Check check) {
    for (const Command& command : commands) {
        for (std::size_t i = 0; i < state_count; ++i) {
            CAPTURE(command.name);
            CAPTURE(state_names.at(i));
            check(command, State{static_cast<std::uint8_t>(i)});
        }
    }
}

/// What comes first out of the controller, as octets.
Octets first_of(const Octets& answer) {
    const auto all = packets(answer);
    return all.empty() ? Octets{} : all.front();
}

/// Whether a refused command was answered in its own form.
bool is_refusal(const Octets& answer, const Command& command, std::uint8_t status) {
    const auto low = static_cast<std::uint8_t>(command.opcode);
    const auto high = static_cast<std::uint8_t>(command.opcode >> 8);
    if (command.form == Form::status)
        return answer == Octets{0x04, 0x0f, 0x04, status, 0x01, low, high};
    const std::size_t size = 4 + octets_of(command.returned).size();
    return answer.size() == 3 + size &&
           part(answer, 0, 7) ==
               Octets{0x04, 0x0e, static_cast<std::uint8_t>(size), 0x01, low, high, status};
}

Octets supported_commands(World& world, Controller& controller) {
    return part(world.ask(controller, "01 02 10 00"), 7, 64);
}
bool announces(const Octets& supported, const Command& command) {
    return (supported[command.octet] >> command.bit & 1) != 0;
}

}  // namespace

TEST_CASE("conformance: what a controller announces is what the table has") {
    World world;
    const Octets supported = supported_commands(world, world.add(1));
    Octets of_table(64);
    for (const Command& command : commands) {
        const auto bit = static_cast<std::uint8_t>(1u << command.bit);
        CAPTURE(command.name);
        CHECK((of_table[command.octet] & bit) == 0);  // no two of a kind
        of_table[command.octet] = static_cast<std::uint8_t>(of_table[command.octet] | bit);
    }
    CHECK(supported == of_table);
}

TEST_CASE("conformance: each profile does what it announces and knows nothing else") {
    for (const NamedProfile& named : named_profiles()) {
        CAPTURE(named.name);
        World world;
        Controller& controller = world.add(1, named.profile);
        const Octets supported = supported_commands(world, controller);
        const Octets features = part(world.ask(controller, "01 03 20 00"), 7, 8);
        for (const Command& command : commands) {
            CAPTURE(command.name);
            const bool announced = announces(supported, command);
            const auto feature = static_cast<std::size_t>(std::max(command.feature, 0));
            const bool has_feature =
                command.feature == any || (features[feature / 8] >> feature % 8 & 1) != 0;
            if (announced) CHECK(has_feature);
            world.ask(controller, "01 03 0c 00");
            const Octets answer =
                ask(world, controller, packet_of(command.opcode, octets_of(command.parameters)));
            const Octets unknown{0x04,
                                 0x0f,
                                 0x04,
                                 0x01,
                                 0x01,
                                 static_cast<std::uint8_t>(command.opcode),
                                 static_cast<std::uint8_t>(command.opcode >> 8)};
            CHECK((answer == unknown) == !announced);
        }
    }
}

TEST_CASE("conformance: every other opcode is unknown") {
    World world;
    Controller& controller = world.add(1);
    for (unsigned opcode = 0; opcode <= 0xffff; ++opcode) {
        if (std::ranges::find(commands, opcode, &Command::opcode) != std::end(commands)) continue;
        const auto low = static_cast<std::uint8_t>(opcode);
        const auto high = static_cast<std::uint8_t>(opcode >> 8);
        const Octets answer = ask(world, controller, Octets{0x01, low, high, 0x00});
        REQUIRE(answer == Octets{0x04, 0x0f, 0x04, 0x01, 0x01, low, high});
    }
}

TEST_CASE("conformance: a controller that has left its state is told from one that has not") {
    for (std::size_t i = 0; i < state_count; ++i) {
        CAPTURE(state_names.at(i));
        const State state{static_cast<std::uint8_t>(i)};
        CHECK(Scene{state}.still_works());
        Scene left{state};
        if (state == State::idle) {
            left.advertise(left.tested);
        } else {
            left.ask(left.tested, "01 03 0c 00");
            left.ask(left.tested, "01 01 0c 08 ff ff ff ff ff ff ff 3f");
        }
        CHECK_FALSE(left.still_works());
    }
}

TEST_CASE("conformance: every command, well formed, in every state") {
    in_every_state([](const Command& command, State state) {
        Scene scene{state};
        const std::uint8_t status = status_in(command, state);
        const Octets answer =
            ask(scene, scene.tested, packet_of(command.opcode, octets_of(command.parameters)));
        if (command.form == Form::silent && status == 0x00) {
            CHECK(answer.empty());
            return;
        }
        const Octets first = first_of(answer);
        CHECK(is_refusal(first, command, status));  // the answer of any status
        if (command.form == Form::complete && status == 0x00)
            CHECK(matches(Bytes{first}.subspan(7), command.returned));
        if (command.returned.starts_with("40 00")) CHECK(part(first, 7, 2) == hex("40 00"));
    });
}

TEST_CASE("conformance: every command, too short or too long, changes nothing in any state") {
    in_every_state([](const Command& command, State state) {
        Scene scene{state};
        const Octets right = octets_of(command.parameters);
        const auto refused = [&](std::size_t size) {
            CAPTURE(size);
            Octets parameters = right;
            parameters.resize(size, 0x01);
            const Octets answer = ask(scene, scene.tested, packet_of(command.opcode, parameters));
            CHECK(is_refusal(answer, command, invalid_parameters));
        };
        for (std::size_t size = 0; size < right.size(); ++size) refused(size);
        for (const std::size_t more : {1u, 2u, 4u, 16u}) refused(right.size() + more);
        if (right.size() < 255) refused(255);
        CHECK(scene.still_works());
    });
}

TEST_CASE("conformance: after every command Reset brings back the idle state") {
    in_every_state([](const Command& command, State state) {
        Scene scene{state};
        ask(scene, scene.tested, packet_of(command.opcode, octets_of(command.parameters)));
        scene.send(scene.tested, "01 03 0c 00");
        const auto answers = packets(scene.take(scene.tested));
        REQUIRE_FALSE(answers.empty());
        CHECK(answers.back() == hex("04 0e 04 01 03 0c 00"));
        scene.ask(scene.tested, "01 01 0c 08 ff ff ff ff ff ff ff 3f");
        CHECK(scene.quiet());
        // Neither set of commands is in use, no link or set is left, lists are empty.
        CHECK(scene.ask(scene.tested, "01 06 04 03 40 00 13") == hex("04 0f 04 02 01 06 04"));
        CHECK(scene.ask(scene.tested, "01 28 20 07 00 09 00 00 01 aa 00") ==
              hex("04 0e 04 01 28 20 02"));
        CHECK(scene.ask(scene.tested, "01 3c 20 01 01") == hex("04 0e 04 01 3c 20 42"));
        CHECK(scene.ask(scene.tested, "01 46 20 02 00 00") == hex("04 0e 04 01 46 20 42"));
        scene.ask(scene.tested, "01 03 0c 00");
        CHECK(scene.ask(scene.tested, "01 07 20 00") == hex("04 0e 05 01 07 20 00 00"));
    });
}

TEST_CASE("conformance: legacy and extended commands do not mix, until Reset") {
    // Vol 4 Part E 3.1.1, Table 3.1
    const std::uint16_t legacy_set[] = {0x2006, 0x2007, 0x2008, 0x2009,
                                        0x200a, 0x200b, 0x200c, 0x200d};
    const std::uint16_t extended_set[] = {
        0x2035, 0x2036, 0x2037, 0x2038, 0x2039, 0x203a, 0x203b, 0x203c, 0x203d, 0x203e, 0x203f,
        0x2040, 0x2041, 0x2042, 0x2043, 0x2044, 0x2045, 0x2046, 0x2047, 0x2048, 0x2049, 0x204a};
    World world;
    Controller& controller = world.add(1);
    const auto answers = [&](std::uint16_t opcode, std::uint8_t status) {
        const Command& command = find_command(opcode);
        const Octets octets = octets_of(command.parameters);
        return is_refusal(first_of(ask(world, controller, packet_of(opcode, octets))), command,
                          status);
    };
    const auto exclude = [&](const auto& ones, const auto& others) {
        for (const std::uint16_t one : ones) {
            for (const std::uint16_t other : others) {
                CAPTURE(one);
                CAPTURE(other);
                world.ask(controller, "01 03 0c 00");
                const std::uint8_t alone = status_in(find_command(one), State::idle);
                CHECK(answers(one, alone));
                CHECK(answers(other, 0x0c));
                world.ask(controller, "01 03 0c 00");
                CHECK(answers(other, status_in(find_command(other), State::idle)));
            }
        }
    };
    exclude(legacy_set, extended_set);
    exclude(extended_set, legacy_set);
}
