// SPDX-License-Identifier: MIT
//
// Rooms for tests of channels: two whole hosts on a link, or one whose peer the test plays.
#pragma once

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/host_world.hpp"

namespace bluetooth::test {

/// One end of a channel, for a short way to the calls of its host.
struct ChannelEnd {
    Device& device;
    ChannelId cid{0x0040};
    ConnectionHandle conn{0x0040};

    /// As `BLE::l2cap_send`.
    bool send(Bytes data, error_code& error) const {
        return device.host.l2cap_send(conn, cid, data, error);
    }
    error_code send_error(Bytes data) const {
        error_code error;
        (void)send(data, error);
        return error;
    }
    bool send(Bytes data) const {
        error_code error;
        const bool more = send(data, error);
        CHECK(error == error_code{});
        return more;
    }
    std::size_t available() const {
        error_code error;
        const std::size_t count = device.host.l2cap_available(conn, cid, error);
        CHECK(error == error_code{});
        return count;
    }
    /// What has come, at most `limit` octets of it.
    Octets read(std::size_t limit = 100'000) const {
        Octets octets(limit);
        error_code error;
        octets.resize(device.host.l2cap_receive(conn, cid, octets, error));
        CHECK(error == error_code{});
        return octets;
    }
    error_code disconnect() const { return device.host.l2cap_disconnect(conn, cid); }
};

/// Octets that show where they come from.
inline Octets pattern(std::size_t size, unsigned seed = 1) {
    Octets octets(size);
    for (auto& octet : octets)
        octet = static_cast<std::uint8_t>((seed = seed * 1664525u + 1013904223u) >> 24);
    return octets;
}

inline error_code connect_channel(Device& device, ConnectionHandle conn, Psm psm, std::uint16_t mtu,
                                  ChannelId& cid, const L2capOptions& options = {}) {
    return device.host.l2cap_connect(conn, l2cap::Mode::le, psm, mtu, options, {&cid, 1});
}

/// A peripheral and a central, connected; both call their link `conn`.
struct ChannelLink {
    static constexpr ConnectionHandle conn{0x0040};
    static constexpr Psm psm{22};

    World world;
    Device& peripheral = world.add();
    Device& central = world.add();
    ChannelEnd at_peripheral{peripheral};
    ChannelEnd at_central{central};

    ChannelLink() { world.connect(central, peripheral); }

    void run() { world.advance(std::chrono::milliseconds{100}); }
    void forget_events() {
        peripheral.forget_events();
        central.forget_events();
    }
    /// Begins to open a channel from the central to the listener of the peripheral.
    ChannelId connect(std::uint16_t mtu = 450, Psm to = psm, const L2capOptions& options = {}) {
        ChannelId cid{};
        REQUIRE(connect_channel(central, conn, to, mtu, cid, options) == error_code{});
        return cid;
    }
    /// Opens the first channel, 0x0040 for both.
    void open(std::uint16_t mtu = 450, const L2capOptions& options = {}) {
        REQUIRE(peripheral.host.l2cap_listen(psm, mtu, options) == error_code{});
        REQUIRE(connect(mtu, psm, options) == ChannelId{0x0040});
        run();
        REQUIRE(central.count<L2capConnect>() == 1);
        REQUIRE(peripheral.count<L2capConnect>() == 1);
        forget_events();
    }
};

/// A host on a link whose other end the test plays, PDU by PDU. The link itself is one of two
/// virtual controllers.
class PlayedLink {
public:
    static constexpr ConnectionHandle conn{0x0040};

    explicit PlayedLink(hci::Role role, config::eatt eatt = {})
        : device_(world.add()), other_(world.add()) {
        REQUIRE(!device_.host.set(eatt));
        device_.wire->on_packet = [this](Bytes packet) {
            if (packet[0] == 0x02)
                take_acl(packet);
            else
                device_.controller->receive(world.now, packet);
        };
        if (role == hci::Role::central)
            world.connect(device_, other_);
        else
            world.connect(other_, device_);
        run();
    }

    World world;
    /// Whether the controller gets the packets over to the peer.
    bool completes = true;

    Device& device() { return device_; }
    Host& host() { return device_.host; }
    ChannelEnd end(std::uint16_t cid = 0x0040) { return {device_, ChannelId{cid}}; }

    /// The peer sends an L2CAP PDU, basic header included.
    void receive(Bytes pdu) {
        bool first = true;
        while (!pdu.empty()) {
            const std::size_t size = std::min<std::size_t>(pdu.size(), 251);
            Octets packet{0x02, 0x40, std::uint8_t(first ? 0x20 : 0x10), std::uint8_t(size), 0};
            packet.insert(packet.end(), pdu.begin(), pdu.begin() + std::ptrdiff_t(size));
            device_.wire->feed(packet);
            pdu = pdu.subspan(size);
            first = false;
        }
        run();
    }
    void receive(std::string_view pdu) { receive(Bytes{hex(pdu)}); }
    /// The payload of an L2CAP PDU on this channel.
    void receive(std::uint16_t cid, Bytes payload) {
        Octets pdu{std::uint8_t(payload.size()), std::uint8_t(payload.size() >> 8),
                   std::uint8_t(cid), std::uint8_t(cid >> 8)};
        pdu.insert(pdu.end(), payload.begin(), payload.end());
        receive(Bytes{pdu});
    }

    /// Lets everything happen that needs no time.
    void run() {
        world.settle();
        while (completes && unreported_ != 0) {
            Octets event = hex("04 13 05 01 40 00 00 00");
            event[6] = static_cast<std::uint8_t>(std::exchange(unreported_, 0));
            device_.wire->feed(event);
            world.settle();
        }
    }

    /// The L2CAP PDUs that the host has sent since the last call, in hex.
    Lines sent() {
        run();
        Lines lines;
        for (const Octets& pdu : sent_) lines.push_back(to_hex(pdu));
        sent_.clear();
        return lines;
    }
    /// The same as octets.
    std::vector<Octets> take_sent() {
        run();
        return std::exchange(sent_, {});
    }
    /// ACL packets that the controller holds.
    unsigned held() const { return unreported_; }

private:
    void take_acl(Bytes packet) {
        ++unreported_;
        const bool continues = (packet[2] & 0x30) == 0x10;
        if (!continues) partial_.clear();
        partial_.insert(partial_.end(), packet.begin() + 5, packet.end());
        if (partial_.size() >= 4 && partial_.size() == 4u + partial_[0] + 256u * partial_[1])
            sent_.push_back(partial_);
    }

    Device& device_;
    Device& other_;
    unsigned unreported_ = 0;
    Octets partial_;
    std::vector<Octets> sent_;
};

}  // namespace bluetooth::test
