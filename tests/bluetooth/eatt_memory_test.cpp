// SPDX-License-Identifier: MIT
//
// What peers make a host hold on their enhanced bearers of ATT costs the other links nothing.
#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/bluetooth/l2cap_room.hpp"

using namespace bluetooth;
using namespace bluetooth::test;

namespace {

/// A peripheral on many links at once. Their other ends are the test, which makes them up beside
/// the virtual controller: link by link, PDU by PDU.
class PlayedLinks {
public:
    static constexpr std::uint8_t bearers = Host::max_enhanced_bearers;

    explicit PlayedLinks(std::uint8_t count) {
        REQUIRE(!device_.host.set(config::eatt{.bearers = bearers, .unencrypted = true}));
        device_.wire->on_packet = [this](Bytes packet) {
            if (packet[0] == 0x02)
                take(packet);
            else
                device_.controller->receive(world_.now, packet);
        };
        for (std::uint8_t link = 1; link <= count; ++link) {
            // LE Connection Complete: peripheral, public address, 30 ms, 1 s
            Octets event = hex("04 3e 13 01 00 00 00 01 00 00 0a 00 00 aa 00 18 00 00 00 64 00 00");
            event[5] = link;
            event[9] = link;
            device_.wire->feed(event);
        }
        run();
        REQUIRE(device_.count<CentralConnect>() == count);
    }

    /// The peer opens all the bearers of a link, 0x0040 to 0x0044 for us, 0x0050 and on for itself,
    /// and gives these credits.
    void open_bearers(std::uint8_t link, std::uint8_t credits) {
        Octets request = hex("17 01 12 00 27 00 40 00 40 00 00 00 50 00 51 00 52 00 53 00 54 00");
        request[10] = credits;
        receive(link, 0x05, request);
        REQUIRE(take_sent(link) == Lines{"0005 180112000502f7000700000040004100420043004400"});
    }
    /// A PDU of a peer, whole or only its first octets.
    void receive(std::uint8_t link, std::uint8_t cid, Bytes payload, std::size_t missing = 0) {
        const auto size = static_cast<std::uint8_t>(payload.size());
        Octets packet{0x02, link, 0x20, std::uint8_t(size + 4), 0, std::uint8_t(size + missing),
                      0,    cid,  0};
        packet.insert(packet.end(), payload.begin(), payload.end());
        device_.wire->feed(packet);
        run();
    }
    /// The rest of such a PDU.
    void receive_rest(std::uint8_t link, Bytes rest) {
        Octets packet{0x02, link, 0x10, std::uint8_t(rest.size()), 0};
        packet.insert(packet.end(), rest.begin(), rest.end());
        device_.wire->feed(packet);
        run();
    }
    /// What was sent on a link since the last call, without the credits that its peer got: CID and
    /// payload.
    Lines take_sent(std::uint8_t link) { return std::exchange(sent_[link], {}); }

private:
    void take(Bytes packet) {
        const std::uint8_t cid[]{packet[8], packet[7]};
        const Bytes payload = packet.subspan(9);
        if (packet[7] != 0x05 || payload[0] != 0x16)
            sent_[packet[1]].push_back(to_hex(cid) + " " + to_hex(payload));
        completed_.push_back(packet[1]);
    }
    void run() {
        world_.settle();
        while (!completed_.empty()) {
            for (const std::uint8_t link : std::exchange(completed_, {})) {
                Octets event = hex("04 13 05 01 00 00 01 00");
                event[4] = link;
                device_.wire->feed(event);
            }
            world_.settle();
        }
    }

    World world_;
    Device& device_ = world_.add();
    std::vector<std::uint8_t> completed_;
    std::map<std::uint8_t, Lines> sent_;
};

const std::string device_name = "0004 0b6173696f626c65";

}  // namespace

TEST_CASE("eatt memory: answers that wait for credits hold no buffer that all links share") {
    constexpr std::uint8_t links = 31;
    PlayedLinks host{links + 1};
    // As many as a bearer keeps; together more than the common pool has.
    constexpr int requests = 33;
    for (std::uint8_t link = 1; link <= links; ++link) {
        host.open_bearers(link, 0);
        for (std::uint8_t bearer = 0; bearer < PlayedLinks::bearers; ++bearer)
            for (int i = 0; i < requests; ++i)
                host.receive(link, std::uint8_t(0x40 + bearer), hex("03 00 0a 03 00"));
        CHECK(host.take_sent(link) == Lines{});  // no bearer was given up
    }
    for (std::uint8_t link = 1; link <= links + 1; ++link) {
        host.receive(link, 0x04, hex("0a 03 00"));
        CHECK(host.take_sent(link) == Lines{device_name});
    }
    // What waits is sent when credits come.
    host.receive(7, 0x05, hex("16 02 04 00 52 00 02 00"));
    CHECK(host.take_sent(7) == Lines{"0052 08000b6173696f626c65", "0052 08000b6173696f626c65"});
}

TEST_CASE(
    "eatt memory: unfinished SDUs on all bearers of all links leave room for fixed channels") {
    constexpr auto links = static_cast<std::uint8_t>(Host::max_connections);
    PlayedLinks host{links};
    for (std::uint8_t link = 1; link <= links; ++link) {
        host.open_bearers(link, 100);
        for (std::uint8_t bearer = 0; bearer < PlayedLinks::bearers; ++bearer)
            host.receive(link, std::uint8_t(0x40 + bearer), hex("03 00 0a 03"));
    }
    for (std::uint8_t link = 1; link <= links; ++link) host.receive(link, 0x04, hex("0a"), 2);
    for (std::uint8_t link = 1; link <= links; ++link) {
        CHECK(host.take_sent(link) == Lines{});
        host.receive_rest(link, hex("03 00"));
        CHECK(host.take_sent(link) == Lines{device_name});
    }
    for (std::uint8_t link = 1; link <= links; ++link) {
        for (std::uint8_t bearer = 0; bearer < PlayedLinks::bearers; ++bearer)
            host.receive(link, std::uint8_t(0x40 + bearer), hex("00"));
        CHECK(host.take_sent(link).size() == PlayedLinks::bearers);
    }
}
