// SPDX-License-Identifier: MIT
//
// What tests of extended and periodic advertising have in common.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "tests/virtual_controller/world.hpp"

namespace bluetooth::virtual_controller::test {

inline std::string to_text(Bytes octets) { return to_hex(octets); }

/// `count` octets that differ from their neighbours, and from those a fragment before or after.
inline Octets pattern(std::size_t count) {
    Octets octets;
    for (std::size_t i = 0; i < count; ++i)
        octets.push_back(static_cast<std::uint8_t>(i + i / 229));
    return octets;
}

/// LE Set Extended Advertising Parameters: the set, its properties, every 100 ms; then channels,
/// own address type, peer, filter policy, TX power, primary PHY, skip, secondary PHY, SID, scan
/// requests.
inline std::string set_parameters(
    std::string_view handle, std::string_view properties,
    std::string_view rest = "07 00 00 00 00 00 00 00 00 00 7f 01 00 01 00 00") {
    return "01 36 20 19 " + std::string{handle} + std::string{properties} + "a0 00 00 a0 00 00" +
           std::string{rest};
}

struct ExtendedWorld : World {
    using World::World;

    /// Command Complete with success and nothing else.
    void ok(Controller& controller, std::string_view command) {
        CHECK_MESSAGE(status(controller, command) == 0x00, std::string{command});
    }
    /// The status that a command is completed with, whatever follows behind.
    std::uint8_t status(Controller& controller, std::string_view command) {
        const Octets answer = ask(controller, command);
        const Octets packet = hex(command);
        REQUIRE(answer.size() >= 7);
        CHECK(part(answer, 0, 2) == hex("04 0e"));
        CHECK(part(answer, 3, 3) == Octets{0x01, packet[1], packet[2]});
        return answer[6];
    }
    /// Data of a set, in fragments where it is long: opcode's low octet 0x37, 0x38 or 0x3f.
    void set_data(Controller& controller, std::uint8_t opcode, std::uint8_t handle, Bytes data) {
        const std::size_t longest = opcode == 0x3f ? 252 : 251;
        bool first = true;
        do {
            const std::size_t size = std::min(data.size(), longest);
            const bool last = size == data.size();
            const int operation = last ? (first ? 3 : 2) : (first ? 1 : 0);
            Octets command{0x01, opcode, 0x20, 0, handle, static_cast<std::uint8_t>(operation)};
            if (opcode != 0x3f) command.push_back(0x00);
            command.push_back(static_cast<std::uint8_t>(size));
            command.insert(command.end(), data.begin(), data.begin() + static_cast<long>(size));
            command[3] = static_cast<std::uint8_t>(command.size() - 4);
            ok(controller, to_text(command));
            data = data.subspan(size);
            first = false;
        } while (!data.empty());
    }
    /// Passively on 1M, all the time.
    void scan(Controller& controller, std::string_view filter_duplicates = "00") {
        ok(controller, "01 41 20 08 00 00 01 00 10 00 10 00");
        ok(controller, "01 42 20 06 01 " + std::string{filter_duplicates} + "00 00 00 00");
    }
    void scan_actively(Controller& controller) {
        ok(controller, "01 41 20 08 00 00 01 01 10 00 10 00");
        ok(controller, "01 42 20 06 01 00 00 00 00 00");
    }
    std::string rssi(const Controller& sender, const Controller& listener) const {
        const Octets octet{static_cast<std::uint8_t>(air.rssi(sender, listener))};
        return to_text(octet);
    }
    std::size_t count(Controller& controller) { return packets(take(controller)).size(); }
};

/// One that advertises, 00:AA:01:00:00:01, and one that scans, …:02.
struct Two : ExtendedWorld {
    Controller& advertiser;
    Controller& scanner;

    explicit Two(Profile of_advertiser = {}, Profile of_scanner = {}, const AirModel& model = {})
        : ExtendedWorld(model),
          advertiser(add(1, std::move(of_advertiser))),
          scanner(add(2, std::move(of_scanner))) {}

    /// An LE Extended Advertising Report of one without data: event type, address, PHYs, SID, TX
    /// power; behind the RSSI interval and target, and the length.
    Octets report(std::string_view begin,
                  std::string_view end = "00 00 00 00 00 00 00 00 00 00") const {
        return report(begin, end, {});
    }
    Octets report(std::string_view begin, std::string_view end, Bytes data) const {
        Octets octets = hex("04 3e 00 0d 01" + std::string{begin} + rssi(advertiser, scanner) +
                            std::string{end});
        octets.insert(octets.end(), data.begin(), data.end());
        octets[2] = static_cast<std::uint8_t>(octets.size() - 3);
        return octets;
    }
    std::string peer_rssi() const { return rssi(advertiser, scanner); }
};

}  // namespace bluetooth::virtual_controller::test
