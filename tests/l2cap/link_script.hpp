// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <variant>

#include "base/show.hpp"
#include "l2cap/link.hpp"
#include "tests/support/hex.hpp"
#include "tests/support/lines.hpp"

namespace bluetooth::test {

/// An L2CAP link whose peer is the test. What the link wants done comes back as lines of text.
class LinkScript {
public:
    explicit LinkScript(l2cap::Role role) : link{role, {listeners, security, channel_pool}} {}

    /// An ACL packet that starts a PDU.
    Lines start(std::string_view octets) { return packet(PacketBoundary::first_flushable, octets); }
    /// An ACL packet that continues one.
    Lines more(std::string_view octets) { return packet(PacketBoundary::continuing, octets); }
    Lines packet(PacketBoundary boundary, std::string_view octets) {
        const Octets data = hex(octets);
        auto ctx = context();
        link.receive(ctx, boundary, data);
        return drain();
    }
    /// A whole C-frame, without its basic header; the answer likewise.
    Lines command(std::string_view octets) {
        const Octets frame = hex(octets);
        auto ctx = context();
        link.signalling().receive(ctx, frame);
        return drain();
    }
    Lines wait(Duration duration) {
        now += duration;
        auto ctx = context();
        if (now >= wake) {
            wake = never;
            link.on_timer(ctx);
        }
        return drain();
    }
    Lines disconnect() {
        auto ctx = context();
        link.on_disconnected(ctx);
        return drain();
    }
    Lines drain() {
        Lines lines;
        for (auto& action : out) std::visit([&](auto& a) { lines.push_back(describe(a)); }, action);
        wake = std::min(wake, out.take_wake());
        out.clear();
        return lines;
    }
    l2cap::LinkContext context() { return {now, receive_pool, send_pool, out}; }
    bool all_buffers_back() const {
        return receive_pool.available() == receive_pool.size() &&
               send_pool.available() == send_pool.size() &&
               channel_pool.available() == channel_pool.size();
    }

    BufferPool receive_pool{1, 560};
    BufferPool send_pool{2, 560};
    BufferPool channel_pool{16, 521};
    l2cap::Listeners listeners;
    LinkSecurity security;
    Time now{};
    Time wake = never;
    l2cap::LinkOutbox out;
    l2cap::Link link;
    l2cap::Token last_token = 0;
    l2cap::Cid last_requested{};

private:
    static std::string describe(const l2cap::Deliver& a) {
        return std::string{to_string(a.channel)} + " " + to_hex(a.pdu) +
               (a.storage ? " copied" : "");
    }
    static std::string describe(const l2cap::Send& a) { return "send " + to_hex(a.pdu.bytes()); }
    std::string describe(const l2cap::ParameterUpdateRequested& a) {
        last_token = a.token;
        return "asked for " + to_string(a.parameters);
    }
    static std::string describe(const l2cap::ParameterUpdateDone& a) {
        return "update: " + (a.error ? a.error.message() : std::string{"accepted"});
    }
    static std::string name(l2cap::Cid channel) {
        const auto cid = static_cast<std::uint16_t>(channel);
        const std::array<std::uint8_t, 1> octet{static_cast<std::uint8_t>(cid)};
        return to_hex(octet);
    }
    std::string describe(const l2cap::ChannelRequested& a) {
        last_requested = a.channel;
        return "requested " + name(a.channel) + " psm " +
               std::to_string(static_cast<unsigned>(a.spsm)) + " mtu " + std::to_string(a.our_mtu) +
               " " + std::to_string(a.peer_mtu);
    }
    static std::string describe(const l2cap::ChannelOpened& a) {
        return "opened " + name(a.channel) + " psm " +
               std::to_string(static_cast<unsigned>(a.spsm)) + " mtu " + std::to_string(a.our_mtu) +
               " " + std::to_string(a.peer_mtu);
    }
    static std::string describe(const l2cap::ChannelClosed& a) {
        return std::string{a.was_open ? "closed " : "failed "} + name(a.channel) +
               (a.error ? ": " + a.error.message() : std::string{});
    }
    static std::string describe(const l2cap::SduReceived& a) { return "sdu " + name(a.channel); }
    static std::string describe(const l2cap::SendReady& a) { return "ready " + name(a.channel); }
    static std::string describe(const l2cap::ChannelReconfigured& a) {
        return "reconfigured " + name(a.channel) + " mtu " + std::to_string(a.our_mtu) + " " +
               std::to_string(a.peer_mtu) + (a.error ? ": " + a.error.message() : std::string{});
    }
};

}  // namespace bluetooth::test
