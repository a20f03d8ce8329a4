// SPDX-License-Identifier: MIT
//
// An air with controllers whose hosts are the test: packets go in and come out as octets.
#pragma once

#include <chrono>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "tests/support/hex.hpp"
#include "virtual_controller/air.hpp"
#include "virtual_controller/controller.hpp"

namespace bluetooth::virtual_controller::test {

using bluetooth::test::hex;
using bluetooth::test::Octets;
using namespace std::chrono_literals;

struct World {
    Air air;
    Time now{};

    explicit World(const AirModel& model = {}) : air(7, model) {}

    /// A controller with the public address 00:AA:01:00:00:`last`, all events unmasked but those
    /// two that come beside or in place of LE Connection Complete.
    Controller& add(std::uint8_t last, Profile profile = {}) {
        if (profile.has_public_address)
            profile.public_address = Address::from_display({0x00, 0xaa, 0x01, 0x00, 0x00, last});
        Controller& controller = air.add(profile);
        send(controller, "01 01 0c 08 ff ff ff ff ff ff ff 3f");
        send(controller, "01 01 20 08 ff fd f7 ff 00 00 00 00");
        CHECK(take(controller) == hex("04 0e 04 01 01 0c 00 | 04 0e 04 01 01 20 00"));
        return controller;
    }
    void send(Controller& controller, std::string_view packet) {
        controller.receive(now, hex(packet));
    }
    /// Everything that waits for the host.
    Octets take(Controller& controller) {
        const Octets taken{controller.pending()};
        controller.consume(taken.size());
        return taken;
    }
    /// Sends a packet and takes what is there then.
    Octets ask(Controller& controller, std::string_view packet) {
        send(controller, packet);
        return take(controller);
    }
    void run(Duration duration) {
        now += duration;
        air.advance(now);
    }
};

/// `count` octets from `from` on.
inline Octets part(const Octets& octets, std::size_t from, std::size_t count) {
    REQUIRE(from + count <= octets.size());
    return Octets{Bytes{octets}.subspan(from, count)};
}

/// Splits octets for a host into H4 packets.
inline std::vector<Octets> packets(const Octets& octets) {
    std::vector<Octets> result;
    for (std::size_t at = 0; at < octets.size();) {
        REQUIRE(at + 3 <= octets.size());
        const std::size_t size =
            octets[at] == 0x04 ? 3u + octets[at + 2] : 5u + octets[at + 3] + 256u * octets[at + 4];
        REQUIRE(at + size <= octets.size());
        result.emplace_back(Bytes{octets}.subspan(at, size));
        at += size;
    }
    return result;
}

/// Two controllers, connected: the peripheral (00:AA:01:00:00:01) and the central (…:02). Interval
/// 30 ms, supervision timeout 420 ms. Both call the link 0x0040.
struct Pair : World {
    Controller& peripheral;
    Controller& central;

    explicit Pair(Profile of_peripheral = {}, Profile of_central = {}, const AirModel& model = {})
        : World(model), peripheral(add(1, of_peripheral)), central(add(2, of_central)) {
        connect();
    }
    void connect() {
        CHECK(ask(peripheral, "01 0a 20 01 01") == hex("04 0e 04 01 0a 20 00"));
        CHECK(ask(central,
                  "01 0d 20 19 10 00 10 00 00 00 01 00 00 01 aa 00 00 18 00 18 00 00 00 "
                  "2a 00 00 00 00 00") == hex("04 0f 04 00 01 0d 20"));
        run(2s);
        const Octets at_peripheral = take(peripheral);
        const Octets at_central = take(central);
        CHECK(part(at_peripheral, 0, 22) ==
              hex("04 3e 13 01 00 40 00 01 00 02 00 00 01 aa 00 18 00 00 00 2a 00 00"));
        CHECK(part(at_central, 0, 22) ==
              hex("04 3e 13 01 00 40 00 00 00 01 00 00 01 aa 00 18 00 00 00 2a 00 00"));
    }
};

}  // namespace bluetooth::virtual_controller::test
