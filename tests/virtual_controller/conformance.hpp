// SPDX-License-Identifier: MIT
//
// A controller in each state of the table, and how it looks from outside that it is still in it.
#pragma once

#include <algorithm>
#include <charconv>
#include <string>

#include "tests/virtual_controller/conformance_table.hpp"
#include "tests/virtual_controller/world.hpp"

namespace bluetooth::virtual_controller::test {

/// The octets of the table's notation, where "00*16" is an octet 16 times and "xx" is `wildcard`.
inline Octets octets_of(std::string_view text, std::uint8_t wildcard = 0x00) {
    Octets octets;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string_view token = text.substr(0, end);
        std::uint8_t value = wildcard;
        std::size_t times = 1;
        if (!token.starts_with("xx")) std::from_chars(token.data(), token.data() + 2, value, 16);
        if (token.size() > 3) std::from_chars(token.data() + 3, token.data() + token.size(), times);
        octets.insert(octets.end(), times, value);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return octets;
}
/// Whether each octet is as the table says.
inline bool matches(Bytes octets, std::string_view text) {
    const Octets least = octets_of(text, 0x00);
    const Octets most = octets_of(text, 0xff);
    if (octets.size() != least.size()) return false;
    for (std::size_t i = 0; i < octets.size(); ++i)
        if (octets[i] != least[i] && least[i] == most[i]) return false;
    return true;
}

/// The H4 packet of a command.
inline Octets packet_of(std::uint16_t opcode, Bytes parameters) {
    Octets packet{0x01, static_cast<std::uint8_t>(opcode), static_cast<std::uint8_t>(opcode >> 8),
                  static_cast<std::uint8_t>(parameters.size())};
    packet.insert(packet.end(), parameters.begin(), parameters.end());
    return packet;
}
/// Sends a packet and takes what is there then.
inline Octets ask(World& world, Controller& controller, const Octets& packet) {
    controller.receive(world.now, packet);
    return world.take(controller);
}
inline std::uint8_t status_in(const Command& command, State state) {
    return octets_of(command.statuses).at(static_cast<std::size_t>(state));
}
inline const Command& find_command(std::uint16_t opcode) {
    const auto found = std::ranges::find(commands, opcode, &Command::opcode);
    REQUIRE(found != std::end(commands));
    return *found;
}

/// Whether one of the packets for a host is the LE event `subevent`.
inline bool has_le_event(const Octets& octets, std::uint8_t subevent) {
    const auto all = packets(octets);
    return std::ranges::any_of(
        all, [&](const Octets& one) { return one[1] == 0x3e && one[3] == subevent; });
}

/// The controller under test, 00:AA:01:00:00:01, in a state; and another one, …:02, at the other
/// end of what it does.
struct Scene : World {
    State state;
    Controller& tested;
    Controller& other;

    explicit Scene(State wanted, const Profile& profile = {})
        : state(wanted), tested(add(1, profile)), other(add(2)) {
        switch (state) {
        case State::idle: break;
        case State::advertising: advertise(tested); break;
        case State::extended_advertising:
            // Set 1: connectable, every 20 ms
            order(tested,
                  "01 36 20 19 01 01 00 20 00 00 20 00 00 07 00 00 00 00 00 00 00 00 00 7f "
                  "01 00 01 02 00");
            order(tested, "01 39 20 06 01 01 01 00 00 00");
            break;
        case State::scanning: scan(tested); break;
        case State::extended_scanning: scan_extended(tested); break;
        case State::initiating:
            order(tested,
                  "01 0d 20 19 10 00 10 00 00 00 02 00 00 01 aa 00 00 18 00 18 00 00 00 2a "
                  "00 00 00 00 00");
            break;
        case State::central: connect(tested, other, "02"); break;
        case State::peripheral: connect(other, tested, "01"); break;
        case State::encrypted:
            connect(tested, other, "02");
            send(tested,
                 "01 19 20 1c 40 00 00 00 00 00 00 00 00 00 00 00 11 11 11 11 11 11 11 11 "
                 "11 11 11 11 11 11 11 11");
            take(tested);
            CHECK(has_le_event(take(other), 0x05));
            send(other, "01 1a 20 12 40 00 11 11 11 11 11 11 11 11 11 11 11 11 11 11 11 11");
            CHECK(take(tested) == hex("04 08 04 00 40 00 01"));
            break;
        case State::train_sent:
            send_train(tested);
            follow_train(other, "01");
            break;
        case State::train_followed:
            send_train(other);
            follow_train(tested, "02");
            break;
        }
        take(tested);
        take(other);
    }

    /// Whether the controller is still in its state, as far as the air can tell. Afterwards it may
    /// be in another one.
    bool still_works() {
        take(tested);
        take(other);
        switch (state) {
        case State::idle: return quiet();
        case State::advertising:
            scan(other);
            run(100ms);
            return has_le_event(take(other), 0x02);
        case State::extended_advertising:
            scan_extended(other);
            run(100ms);
            return has_le_event(take(other), 0x0d);
        case State::scanning:
            advertise(other);
            run(100ms);
            return has_le_event(take(tested), 0x02);
        case State::extended_scanning:
            advertise(other);
            run(100ms);
            return has_le_event(take(tested), 0x0d);
        case State::initiating:
            advertise(other);
            run(100ms);
            return has_le_event(take(tested), 0x01) && has_le_event(take(other), 0x01);
        case State::central:
        case State::peripheral: return carries_data();
        case State::encrypted: {
            if (!carries_data()) return false;
            other.faults().corrupt_data = 1;  // what is not encrypted has no MIC to be wrong
            send(tested, "02 40 00 01 00 aa");
            return take(other) == hex("04 05 04 00 40 00 3d");
        }
        case State::train_sent: run(200ms); return has_le_event(take(other), 0x0f);
        case State::train_followed: run(200ms); return has_le_event(take(tested), 0x0f);
        }
        return false;
    }
    /// Whether the controller neither sends nor hears anything; the other one is reset.
    bool quiet() {
        run(1s);  // a link would be lost
        send(other, "01 03 0c 00");
        send(other, "01 01 0c 08 ff ff ff ff ff ff ff 3f");
        take(other);
        take(tested);
        send(other, "01 06 20 0f 20 00 20 00 00 00 00 00 00 00 00 00 00 07 00");
        send(other, "01 0a 20 01 01");
        send(other, "01 0b 20 07 01 10 00 10 00 00 00");
        send(other, "01 0c 20 02 01 00");
        take(other);
        run(1s);
        return take(other).empty() && take(tested).empty();
    }

    /// Sends a command that is to succeed.
    void order(Controller& controller, std::string_view packet) {
        const Octets answer = ask(controller, packet);
        REQUIRE(answer.size() >= 7);
        CHECK(answer[answer[1] == 0x0e ? 6 : 3] == 0x00);
    }
    void advertise(Controller& controller) {  // ADV_IND every 20 ms
        order(controller, "01 06 20 0f 20 00 20 00 00 00 00 00 00 00 00 00 00 07 00");
        order(controller, "01 0a 20 01 01");
    }
    void scan(Controller& controller) {
        order(controller, "01 0b 20 07 00 10 00 10 00 00 00");
        order(controller, "01 0c 20 02 01 00");
    }
    void scan_extended(Controller& controller) {
        order(controller, "01 41 20 08 00 00 01 00 10 00 10 00");
        order(controller, "01 42 20 06 01 00 00 00 00 00");
    }
    void connect(Controller& central, Controller& peripheral, std::string_view last) {
        advertise(peripheral);
        order(central, "01 0d 20 19 10 00 10 00 00 00 " + std::string{last} +
                           " 00 00 01 aa 00 00 18 00 18 00 00 00 2a 00 00 00 00 00");
        run(100ms);
        CHECK(has_le_event(take(central), 0x01));
        CHECK(has_le_event(take(peripheral), 0x01));
    }
    void send_train(Controller& controller) {  // set 1 every 20 ms, its train every 100 ms
        order(controller,
              "01 36 20 19 01 00 00 20 00 00 20 00 00 07 00 00 00 00 00 00 00 00 00 7f "
              "01 00 01 02 00");
        order(controller, "01 3e 20 07 01 50 00 50 00 00 00");
        order(controller, "01 40 20 02 01 01");
        order(controller, "01 39 20 06 01 01 01 00 00 00");
    }
    void follow_train(Controller& controller, std::string_view last) {
        order(controller,
              "01 44 20 0e 00 02 00 " + std::string{last} + " 00 00 01 aa 00 00 00 00 02 00");
        scan_extended(controller);
        run(300ms);
        CHECK(has_le_event(take(controller), 0x0e));
        order(controller, "01 42 20 06 00 00 00 00 00 00");
    }

private:
    bool carries_data() {
        send(tested, "02 40 00 05 00 01 00 04 00 aa");
        send(other, "02 40 00 05 00 01 00 04 00 bb");
        return take(tested) == hex("02 40 20 05 00 01 00 04 00 bb | 04 13 05 01 40 00 01 00") &&
               take(other) == hex("02 40 20 05 00 01 00 04 00 aa | 04 13 05 01 40 00 01 00");
    }
};

}  // namespace bluetooth::virtual_controller::test
