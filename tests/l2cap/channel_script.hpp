// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/l2cap/link_script.hpp"

namespace bluetooth::test {

inline constexpr l2cap::Spsm spsm_80{0x0080};
/// What our side offers where a test does not say otherwise: MTU 0x64, MPS 0x32, 4 credits.
inline constexpr l2cap::ChannelParameters offered{100, 50, 4};

constexpr l2cap::Cid cid(std::uint16_t value) { return l2cap::Cid{value}; }
/// A line of a transcript: this PDU, basic header included, is sent.
inline std::string sent(std::string_view octets) { return "send " + to_hex(hex(octets)); }

/// A link whose peer and whose application are the test.
class ChannelScript : public LinkScript {
public:
    explicit ChannelScript(l2cap::Role role = l2cap::Role::peripheral) : LinkScript{role} {
        listeners.add({spsm_80, offered, {}, l2cap::Delivery::stream});
    }

    /// The peer opens channel 0x40 of ours to `remote` of its own: MTU 0x40, MPS 0x20.
    void accept_one(std::string_view credits = "05 00", std::string_view remote = "41 00") {
        open_by_peer("80 00 | " + std::string{remote} + " | 40 00 | 20 00 | " +
                     std::string{credits});
    }
    /// The peer opens a channel by a request with these data, and the application accepts.
    void open_by_peer(const std::string& data) {
        command("14 7f 0a 00 | " + data);
        answer(last_requested);
    }

    Lines connect(l2cap::Mode mode, const l2cap::ChannelParameters& ours = offered,
                  std::size_t count = 1, l2cap::Delivery delivery = l2cap::Delivery::stream) {
        auto ctx = context();
        names.resize(count);
        error = channels().connect(ctx, mode, spsm_80, ours, delivery, names);
        return drain();
    }
    Lines answer(l2cap::Cid channel,
                 l2cap::ConnectionResult result = l2cap::ConnectionResult::successful) {
        auto ctx = context();
        error = channels().answer(ctx, channel, result);
        return drain();
    }
    Lines defer(l2cap::Cid channel) {
        auto ctx = context();
        error = channels().defer(ctx, channel);
        return drain();
    }
    Lines reconfigure(const std::vector<l2cap::Cid>& cids, std::uint16_t mtu, std::uint16_t mps) {
        auto ctx = context();
        error = channels().reconfigure(ctx, cids, mtu, mps);
        return drain();
    }
    /// The application closes a channel; what that makes the link send.
    Lines close(l2cap::Cid channel) {
        auto ctx = context();
        error = channels().disconnect(ctx, channel);
        return pump();
    }
    /// Queues an SDU; `pump` sends it.
    error_code send(l2cap::Cid channel, std::string_view octets) {
        return channels().send(channel, Bytes{hex(octets)});
    }
    Lines pump(std::size_t budget = 1000) {
        auto ctx = context();
        pumped = channels().pump(ctx, budget);
        return drain();
    }
    /// A K-frame for a channel of ours, whole in one packet; and what comes of it.
    Lines frame(l2cap::Cid channel, std::string_view octets) {
        Lines lines = start(to_hex(pdu(channel, hex(octets))));
        for (std::string& line : pump()) lines.push_back(std::move(line));
        return lines;
    }
    /// Reads the stream of a channel.
    std::string read(l2cap::Cid channel, std::size_t count = 1000) {
        Octets octets(count);
        l2cap::Channel* found = channels().readable(channel);
        if (found == nullptr) return "no such channel";
        octets.resize(found->receiver.read(octets));
        channels().on_read(*found);
        return to_hex(octets);
    }
    std::string read_sdu(l2cap::Cid channel, std::size_t count = 1000) {
        Octets octets(count);
        l2cap::Channel* found = channels().readable(channel);
        if (found == nullptr) return "no such channel";
        octets.resize(found->receiver.read_sdu(octets));
        channels().on_read(*found);
        return to_hex(octets);
    }
    std::optional<std::size_t> next_sdu(l2cap::Cid channel) {
        return channels().readable(channel)->receiver.next_sdu();
    }
    std::size_t available(l2cap::Cid channel) {
        return channels().readable(channel)->receiver.available();
    }

    static Octets pdu(l2cap::Cid channel, Bytes payload) {
        const auto number = static_cast<std::uint16_t>(channel);
        Octets octets{static_cast<std::uint8_t>(payload.size()),
                      static_cast<std::uint8_t>(payload.size() >> 8),
                      static_cast<std::uint8_t>(number), static_cast<std::uint8_t>(number >> 8)};
        octets.insert(octets.end(), payload.begin(), payload.end());
        return octets;
    }

    l2cap::Channels& channels() { return link.channels(); }

    error_code error;               ///< of the last call
    std::size_t pumped = 0;         ///< by the last `pump`
    std::vector<l2cap::Cid> names;  ///< of the last `connect`
};

}  // namespace bluetooth::test
