// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "att/database.hpp"
#include "tests/support/host_world.hpp"

namespace bluetooth::test {

/// A central and a peripheral, connected, the peripheral with one service. Both call their link
/// `conn`.
struct GattLink {
    static constexpr ConnectionHandle conn{0x0040};
    // Behind the built-in services, which end at 0x0013:
    static constexpr AttributeHandle value{0x0016};          // read, write, notify, indicate
    static constexpr AttributeHandle configuration{0x0017};  // of `value`
    static constexpr AttributeHandle description{0x0018};    // a descriptor: read, write
    static constexpr AttributeHandle secret{0x001a};         // neither readable nor writable
    static constexpr AttributeHandle command_only{0x001c};   // write without response

    World world;
    Device& peripheral = world.add();
    Device& central = world.add();

    GattLink() {
        namespace flag = att::flag;
        const std::vector<gatt::ServiceDefinition> services{
            {UUID{0xff10},
             {{UUID{0xff11},
               flag::read | flag::write | flag::write_no_response | flag::notify | flag::indicate,
               {{UUID{0x2901}, flag::read | flag::write}}},
              {UUID{0xff12}, 0, {}},
              {UUID{0xff13}, flag::write_no_response, {}}}}};
        error_code error;
        const auto handles = peripheral.host.register_services(services, error);
        REQUIRE(!error);
        REQUIRE(handles.size() == 1);
        REQUIRE(handles[0] == std::vector{value, description, secret, command_only});
        world.connect(central, peripheral);
    }

    /// Lets everything that is under way come to its end.
    void run() { world.advance(std::chrono::milliseconds{100}); }

    /// Writes the CCCD of `value`: 1 notifications, 2 indications.
    void subscribe(std::uint8_t what) {
        const std::uint8_t octets[]{what, 0};
        REQUIRE(!central.host.write(conn, configuration, octets, true));
        run();
        REQUIRE(central.take_events() == Lines{"GattcWriteDone 0040 0017 status 0"});
        REQUIRE(peripheral.take_events() ==
                Lines{"GattsSubscribe 0040 0016 " + std::to_string(what)});
    }
    Octets stored(AttributeHandle handle = value) {
        error_code error;
        const Octets octets{peripheral.host.read_value(handle, error)};
        REQUIRE(!error);
        return octets;
    }
};

}  // namespace bluetooth::test
