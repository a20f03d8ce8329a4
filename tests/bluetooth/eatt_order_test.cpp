// SPDX-License-Identifier: MIT
//
// Enhanced bearers of ATT between two whole hosts (Vol 3 Part F 3.2.11, Part G 5.3), with the
// demand for encryption lifted.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "tests/bluetooth/l2cap_room.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

constexpr config::eatt with_bearers(std::uint8_t count) {
    return {.bearers = count, .unencrypted = true};
}

/// A central and a peripheral with four values, connected, and a log of all that they send on
/// their link in one order: "C 0040 0a1600" is a PDU of the central for CID 0x0040. An SDU's length
/// is left out.
struct EattLink {
    static constexpr ConnectionHandle conn{0x0040};
    static constexpr AttributeHandle values[]{AttributeHandle{0x0016}, AttributeHandle{0x0019},
                                              AttributeHandle{0x001c}, AttributeHandle{0x001f}};

    World world;
    Device& peripheral = world.add();
    Device& central = world.add();
    Lines log;

    EattLink(config::eatt of_central, config::eatt of_peripheral) {
        REQUIRE(!central.host.set(of_central));
        REQUIRE(!peripheral.host.set(of_peripheral));
        namespace flag = att::flag;
        const auto flags =
            flag::read | flag::write | flag::write_no_response | flag::notify | flag::indicate;
        std::vector<gatt::ServiceDefinition> services{{UUID{0xff10}, {}}};
        for (const UUID uuid : {UUID{0xff11}, UUID{0xff12}, UUID{0xff13}, UUID{0xff14}})
            services[0].characteristics.push_back({uuid, flags, {}});
        error_code error;
        const auto handles = peripheral.host.register_services(services, error);
        REQUIRE(!error);
        REQUIRE(handles[0] == std::vector<AttributeHandle>(std::begin(values), std::end(values)));
        watch(central, "C ");
        watch(peripheral, "P ");
        world.connect(central, peripheral);
        run();
    }
    explicit EattLink(std::uint8_t bearers = 2)
        : EattLink(with_bearers(bearers), with_bearers(bearers)) {
        log.clear();
    }

    void run() { world.advance(100ms); }
    void read(std::size_t value) { REQUIRE(!central.host.read(conn, values[value])); }
    void write(std::size_t value, std::uint8_t octet) {
        REQUIRE(!central.host.write(conn, values[value], {&octet, 1}, true));
    }
    void store(std::size_t value, Bytes octets) {
        REQUIRE(!peripheral.host.write_value(values[value], octets, false));
    }
    /// Those entries of the log that are of this side, or of this side and CID.
    Lines of(std::string_view beginning) const {
        Lines lines;
        std::ranges::copy_if(log, std::back_inserter(lines),
                             [&](const std::string& line) { return line.starts_with(beginning); });
        return lines;
    }
    /// The CIDs of these entries, that of signalling apart.
    static std::set<std::string> channels(const Lines& lines) {
        std::set<std::string> cids;
        for (const std::string& line : lines) cids.insert(line.substr(2, 4));
        cids.erase("0005");
        return cids;
    }

private:
    void watch(Device& device, const char* name) {
        device.wire->on_packet = [this, name, inner = device.wire->on_packet](Bytes packet) {
            if (packet[0] == 0x02) {
                const std::uint8_t cid[]{packet[8], packet[7]};
                const bool is_att_channel = packet[7] >= 0x40;
                log.push_back(name + to_hex(cid) + " " +
                              to_hex(packet.subspan(is_att_channel ? 11 : 9)));
            }
            inner(packet);
        };
    }
};

}

TEST_CASE("eatt: a write command and a read of the same value behind it stay in order") {
    EattLink link;
    link.read(0);
    link.read(1);  // on 0x0040: the next turn is that of 0x0041
    link.run();
    link.central.forget_events();
    link.log.clear();
    link.read(0);  // keeps the fixed bearer busy
    REQUIRE(!link.central.host.write(link.conn, link.values[2], hex("77"), false));
    link.read(1);
    link.read(2);
    link.run();
    for (const auto& line : link.log) MESSAGE(line);
    CHECK(link.central.last<GattcReadResult>() != nullptr);
    for (const Event& event : link.central.events())
        if (const auto* result = std::get_if<GattcReadResult>(&event))
            if (result->value_handle == link.values[2]) CHECK(Octets{result->data} == hex("77"));
}

TEST_CASE("l2cap: an MPS above 517 octets is refused, as L2capOptions says") {
    World world;
    Device& device = world.add();
    CHECK(device.host.l2cap_listen(Psm{0x80}, 1000, {.mps = 518}).value() == 22);
}
