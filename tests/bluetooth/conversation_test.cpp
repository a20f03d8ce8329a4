// SPDX-License-Identifier: MIT
//
// The ordinary life of two hosts, from both sides.
#include <doctest/doctest.h>

#include "att/database.hpp"
#include "tests/support/host_world.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;
namespace flag = att::flag;

namespace {

const std::vector<gatt::ServiceDefinition> thermometer{
    {UUID{0x1809},
     {{UUID{0x2a1c}, flag::read | flag::indicate, {}},
      {UUID{0x2a1e}, flag::read | flag::write | flag::write_no_response | flag::notify, {{UUID{0x2901}, flag::read}}}}}};

}  // namespace

TEST_CASE("smoke") {
    World world;
    Device& peripheral = world.add();
    Device& central = world.add();
    error_code error;
    const auto handles = peripheral.host.register_services(thermometer, error);
    REQUIRE(!error);
    for (auto h : handles[0]) MESSAGE(static_cast<int>(h));
    CHECK(!peripheral.host.advertise(100ms, hex("02 01 06"), hex("03 09 41 42"), true));
    CHECK(!central.host.scan({.duration = 0ms, .interval = 100ms, .window = 100ms, .active = true}));
    world.advance(150ms);
    CHECK(!central.host.connect(AddressType::public_device, address_of(1), 2s, {}, {}));
    world.advance(1s);
    const ConnectionHandle c{0x40};
    CHECK(!central.host.exchange_mtu(c));
    CHECK(!central.host.discover_services(c, {}));
    CHECK(!central.host.discover_characteristics(c, AttributeHandle{1}, AttributeHandle{0xffff}, {}));
    CHECK(!central.host.discover_descriptors(c, AttributeHandle{0x10}, AttributeHandle{0xffff}));
    world.advance(1s);
    CHECK(!peripheral.host.write_value(handles[0][0], hex("01 02"), false));
    CHECK(!central.host.read(c, handles[0][0]));
    CHECK(!central.host.write(c, AttributeHandle{static_cast<uint16_t>(static_cast<int>(handles[0][0])+1)}, hex("0200"), true));
    world.advance(1s);
    CHECK(!peripheral.host.indicate(c, handles[0][0], {}));
    CHECK(!peripheral.host.notify(c, handles[0][0], hex("aabb")));
    world.advance(1s);
    CHECK(!central.host.disconnect(c));
    world.advance(1s);
    MESSAGE(doctest::StringMaker<Lines>::convert(central.take_events()));
    MESSAGE(doctest::StringMaker<Lines>::convert(peripheral.take_events()));
    central.host.stop();
    world.advance(1s);
    CHECK(central.closed == 1);
}
