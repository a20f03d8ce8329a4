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

/// The position of the first entry that begins so.
std::size_t find(const Lines& log, std::string_view beginning) {
    return static_cast<std::size_t>(
        std::ranges::find_if(log,
                             [&](const std::string& line) { return line.starts_with(beginning); }) -
        log.begin());
}

}  // namespace

TEST_CASE("eatt: where both sides want them bearers come up by themselves") {
    const EattLink link{with_bearers(3), with_bearers(1)};
    CHECK(link.log == Lines{
                          // Server Supported Features: EATT
                          "C 0004 080100ffff3a2b",
                          "P 0004 0903130001",
                          // Client Supported Features: none yet; this client uses EATT
                          "C 0004 080100ffff292b",
                          "P 0004 09030f0000",
                          "C 0004 120f0002",
                          "P 0004 13",
                          // SPSM 0x0027, MTU 517, MPS 247, 7 credits, three channels
                          "C 0005 17010e0027000502f7000700400041004200",
                          "P 0005 18010e000502f70007000000400041004200",
                      });
}

TEST_CASE("eatt: requests are outstanding on several bearers, each answered where it was asked") {
    EattLink link;
    for (std::size_t i = 0; i < 3; ++i) {
        link.store(i, Octets{std::uint8_t(0xa0 + i)});
        link.read(i);
    }
    link.run();
    CHECK(link.log == Lines{"C 0004 0a1600", "C 0040 0a1900", "C 0041 0a1c00", "P 0004 0ba0",
                            "P 0040 0ba1", "P 0041 0ba2"});
    CHECK(link.central.take_events() ==
          Lines{"GattcReadResult 0040 0016 \"a0\"", "GattcReadDone 0040 0016 status 0",
                "GattcReadResult 0040 0019 \"a1\"", "GattcReadDone 0040 0019 status 0",
                "GattcReadResult 0040 001c \"a2\"", "GattcReadDone 0040 001c status 0"});
}

TEST_CASE("eatt: operations on the same attribute stay in order, on one bearer") {
    EattLink link{5};
    for (std::uint8_t round = 1; round <= 6; ++round)
        for (std::size_t i = 0; i < 4; ++i) {
            link.write(i, round);
            if (round <= 2) link.read(i);
        }
    link.run();
    for (const char* handle : {"1600", "1900", "1c00", "1f00"}) {
        CAPTURE(handle);
        Lines requests;
        for (const std::string& line : link.of("C "))
            if (line.substr(9, 4) == handle) requests.push_back(line);
        CHECK(requests.size() == 8);
        CHECK(EattLink::channels(requests).size() == 1);
    }
    CHECK(EattLink::channels(link.of("C ")).size() == 4);
    std::vector<std::string> read;
    for (const Event& event : link.central.events())
        if (const auto* result = std::get_if<GattcReadResult>(&event))
            if (result->value_handle == link.values[3]) read.push_back(to_hex(result->data));
    CHECK(read == std::vector<std::string>{"01", "02"});
    error_code error;
    for (const AttributeHandle value : link.values)
        CHECK(Octets{link.peripheral.host.read_value(value, error)} == hex("06"));
}

TEST_CASE("eatt: a write command and a read of the same value behind it stay in order") {
    EattLink link;
    link.read(0);  // keeps the fixed bearer busy
    REQUIRE(!link.central.host.write(link.conn, link.values[2], hex("77"), false));
    link.read(1);
    link.read(2);
    link.run();
    CHECK(link.of("C ") ==
          Lines{"C 0004 0a1600", "C 0004 521c0077", "C 0004 0a1900", "C 0004 0a1c00"});
    REQUIRE(link.central.last<GattcReadResult>() != nullptr);
    CHECK(describe(*link.central.last<GattcReadResult>()) == "GattcReadResult 0040 001c \"77\"");
}

TEST_CASE("eatt: a value is read and written as one, whichever bearer its parts come on") {
    EattLink link;
    const Octets value = pattern(512);
    REQUIRE(!link.peripheral.host.set_buffer(link.values[0], 512, false));
    REQUIRE(!link.peripheral.host.set_buffer(link.values[1], 512, false));
    const att::HandleValue parts[]{{link.values[0], Bytes{value}}, {link.values[1], Bytes{value}}};
    REQUIRE(!link.central.host.write_reliable(link.conn, parts));
    link.read(2);
    REQUIRE(!link.central.host.read_long(link.conn, link.values[0]));
    REQUIRE(!link.central.host.read_long(link.conn, link.values[1]));
    link.run();
    REQUIRE(link.central.count<GattcWriteDone>() == 1);
    CHECK(link.central.last<GattcWriteDone>()->status == 0);
    std::size_t whole = 0;
    for (const Event& event : link.central.events())
        if (const auto* result = std::get_if<GattcReadResult>(&event))
            whole += result->data == value ? 1 : 0;
    CHECK(whole == 2);
}

TEST_CASE("eatt: what the handler of one read decides concerns that bearer alone") {
    EattLink link;
    link.peripheral.handler = [&](const Event& event) {
        const auto* request = std::get_if<GattsReadRequest>(&event);
        if (request == nullptr) return;
        if (request->value_handle == link.values[1]) request->answer(att::ErrorCode{0x80});
        // What it refreshes is what is read.
        if (request->value_handle == link.values[2]) link.store(2, hex("77"));
    };
    for (std::size_t i = 0; i < 3; ++i) link.read(i);
    link.run();
    CHECK(link.of("P ") == Lines{"P 0004 0b", "P 0040 010a190080", "P 0041 0b77"});
}

TEST_CASE("eatt: indications of several values are outstanding at once, those of one in order") {
    EattLink link;
    const auto indicate = [&](std::size_t value, const char* octets) {
        REQUIRE(!link.peripheral.host.indicate(link.conn, link.values[value], hex(octets)));
    };
    indicate(0, "01");
    indicate(1, "02");
    indicate(2, "03");
    indicate(1, "04");
    link.run();
    CHECK(Lines{link.log.begin(), link.log.begin() + 3} ==
          Lines{"P 0004 1d160001", "P 0040 1d190002", "P 0041 1d1c0003"});
    CHECK(link.of("P 0040") == Lines{"P 0040 1d190002", "P 0040 1d190004"});
    CHECK(find(link.log, "C 0040 1e") < find(link.log, "P 0040 1d190004"));
    CHECK(link.of("C ").size() == 4);
    CHECK(link.peripheral.count<GattsIndicateDone>() == 4);
    CHECK(link.central.count<GattcIndicate>() == 4);
}

TEST_CASE("eatt: when the link ends each procedure ends once, in the order of the bearers") {
    EattLink link;
    link.world.air.vanish(*link.peripheral.controller);
    for (std::size_t i = 0; i < 4; ++i) link.read(i);
    for (std::size_t i = 0; i < 4; ++i) link.write(i, 1);
    link.world.advance(25s);
    CHECK(link.central.count<GattcReadDone>() == 4);
    CHECK(link.central.count<GattcWriteDone>() == 4);
    for (const Event& event : link.central.events())
        if (const auto* done = std::get_if<GattcReadDone>(&event)) CHECK(done->status == 7);
    // No channel of ours has been the application's.
    CHECK(link.central.count<L2capDisconnect>() == 0);
    CHECK(std::holds_alternative<PeripheralDisconnect>(link.central.events().back()));

    link.world.air.reappear(*link.peripheral.controller);
    link.log.clear();
    link.world.connect(link.central, link.peripheral);
    link.run();
    CHECK(link.of("P 0005").size() == 1);
    link.log.clear();
    for (std::size_t i = 0; i < 3; ++i) link.read(i);
    link.run();
    CHECK(EattLink::channels(link.of("C ")).size() == 3);
}

TEST_CASE("eatt: either side uses the bearers as client, whoever has opened them") {
    EattLink link;
    for (const std::uint16_t handle : {std::uint16_t{3}, std::uint16_t{5}, std::uint16_t{9}})
        REQUIRE(!link.peripheral.host.read(link.conn, AttributeHandle{handle}));
    link.read(0);
    link.read(1);
    link.run();
    CHECK(EattLink::channels(link.of("P 0004 0a03")).size() == 1);
    CHECK(link.of("P 0040 0a0500").size() == 1);
    CHECK(link.of("P 0041 0a0900").size() == 1);
    CHECK(link.peripheral.count<GattcReadDone>() == 3);
    CHECK(link.central.count<GattcReadDone>() == 2);
}

TEST_CASE("eatt: bearers that are open stay so when no more are wanted") {
    EattLink link;
    for (Device* device : {&link.central, &link.peripheral})
        REQUIRE(!device->host.set(with_bearers(0)));
    for (std::size_t i = 0; i < 3; ++i) link.read(i);
    link.run();
    CHECK(EattLink::channels(link.of("C ")).size() == 3);
    CHECK(link.central.count<GattcReadDone>() == 3);
    REQUIRE(!link.central.host.disconnect(link.conn));
    link.run();
    link.log.clear();
    link.world.connect(link.central, link.peripheral);
    link.run();
    CHECK(link.log == Lines{});
}

TEST_CASE("eatt: a bearer is not the application's channel") {
    EattLink link;
    for (Host* host : {&link.central.host, &link.peripheral.host}) {
        const ChannelId bearer{0x40};
        error_code error;
        CHECK(host->l2cap_disconnect(link.conn, bearer).value() == 22);
        (void)host->l2cap_send(link.conn, bearer, hex("0a1600"), error);
        CHECK(error.value() == 22);
        CHECK(host->l2cap_available(link.conn, bearer, error) == 0);
        CHECK(error.value() == 22);
        const std::array cids{bearer};
        CHECK(host->l2cap_reconfigure(link.conn, cids, 600, 0).value() == 22);
        CHECK(host->l2cap_answer(link.conn, bearer, 0).value() == 2);
    }
    link.read(0);
    link.run();
    CHECK(link.central.count<GattcReadDone>() == 1);
}

TEST_CASE("eatt: with no bearers wanted none are offered, asked for or taken") {
    SUBCASE("by the server") {
        const EattLink link{with_bearers(2), with_bearers(0)};
        CHECK(link.log == Lines{"C 0004 080100ffff3a2b", "P 0004 0903130000"});
    }
    SUBCASE("by the client") {
        const EattLink link{with_bearers(0), with_bearers(2)};
        CHECK(link.log == Lines{});
    }
    SUBCASE("by a server that is asked all the same") {
        PlayedLink link{hci::Role::peripheral, with_bearers(0)};
        link.receive("0e 00 05 00 | 17 01 0a 00 27 00 40 00 40 00 05 00 51 00");
        CHECK(link.sent() == Lines{to_hex(hex("0e000500 18010a00 0000000000000200 0000"))});
    }
}

TEST_CASE("eatt: by default encryption is demanded, and nothing happens without it") {
    const EattLink quiet{config::eatt{}, config::eatt{}};
    CHECK(quiet.log == Lines{});
    PlayedLink link{hci::Role::peripheral, config::eatt{}};
    // It is offered nevertheless.
    link.receive("07 00 04 00 | 08 01 00 ff ff 3a 2b");
    CHECK(link.sent() == Lines{to_hex(hex("05000400 0903130001"))});
    link.receive("0e 00 05 00 | 17 01 0a 00 27 00 40 00 40 00 05 00 51 00");
    CHECK(link.sent() == Lines{to_hex(hex("0e000500 18010a00 0000000000000800 0000"))});
}

TEST_CASE("eatt: as many bearers as may be, and the option's bounds") {
    EattLink link{5};
    CHECK(link.central.host.set(with_bearers(6)).value() == 22);
    config::eatt now;
    REQUIRE(!link.central.host.get(now));
    CHECK(now.bearers == 5);
    for (std::size_t i = 0; i < 4; ++i) link.read(i);
    link.run();
    CHECK(EattLink::channels(link.of("C ")) ==
          std::set<std::string>{"0004", "0040", "0041", "0042"});
}

TEST_CASE("eatt: bearers and the application's channels live side by side") {
    EattLink link;
    REQUIRE(!link.peripheral.host.l2cap_listen(Psm{22}, 450, {}));
    ChannelId cid{};
    REQUIRE(!connect_channel(link.central, link.conn, Psm{22}, 450, cid));
    link.run();
    CHECK(cid == ChannelId{0x42});
    const ChannelEnd sender{link.central, cid};
    CHECK(sender.send(pattern(400)));
    link.read(0);
    link.read(1);
    link.run();
    CHECK(ChannelEnd{link.peripheral, link.peripheral.last<L2capRecv>()->cid}.read() ==
          pattern(400));
    CHECK(link.central.count<GattcReadDone>() == 2);
}
