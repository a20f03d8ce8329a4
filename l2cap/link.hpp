// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/buffer.hpp"
#include "base/packet_boundary.hpp"
#include "l2cap/channels.hpp"
#include "l2cap/context.hpp"
#include "l2cap/requests.hpp"
#include "l2cap/signalling.hpp"

namespace bluetooth::l2cap {

/// Packets and PDUs that were dropped, by reason.
struct LinkCounters {
    std::uint32_t invalid_boundary = 0;
    std::uint32_t continuation_without_start = 0;
    std::uint32_t incomplete = 0;  ///< a new PDU began in the middle of another
    std::uint32_t overrun = 0;     ///< more octets came than the PDU's header announced
    std::uint32_t empty = 0;
    std::uint32_t unknown_channel = 0;
    std::uint32_t too_long = 0;
    std::uint32_t no_buffer = 0;
    std::uint32_t timed_out = 0;

    std::uint64_t total() const {
        return std::uint64_t{invalid_boundary} + continuation_without_start + incomplete + overrun +
               empty + unknown_channel + too_long + no_buffer + timed_out;
    }
};

/// L2CAP of one LE link: puts PDUs together (Vol 3 Part A 7.2.2), routes them by channel, and runs
/// the signalling channel and the credit-based channels. A PDU that comes in one packet is
/// delivered as a view of it; one in fragments is copied once, into a pool buffer or to where its
/// channel wants it.
class Link {
public:
    /// A PDU whose next fragment has not come for this long is given up.
    static constexpr std::chrono::seconds reassembly_timeout{30};

    /// The longest payload that a fixed channel takes; 0: there is no such channel. Longer PDUs are
    /// skipped while they come in and need no memory. Those of dynamic channels go to `Channels` as
    /// they come.
    static constexpr std::size_t max_payload(Cid channel) {
        switch (channel) {
        case Cid::att: return 517;  // the largest ATT_MTU: opcode, handle, offset, 512 octets
        case Cid::signalling: return 517;  // beyond Signalling::mtu, to reject by identifier
        case Cid::smp: return 128;  // beyond the 65 that there may be, to refuse what is too long
        default: return 0;
        }
    }

    Link(Role role, const ChannelResources& resources)
        : channels_(resources, requests_), signalling_(role, requests_, channels_) {}
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    /// The data of one ACL packet of this link. Both marks of a start are taken, although
    /// controllers use `first_flushable` alone.
    void receive(LinkContext& ctx, PacketBoundary boundary, Bytes data) {
        if (const auto pdu = whole_pdu(boundary, data))
            return deliver(ctx, pdu->channel, pdu->payload, {});
        receive_fragment(ctx, boundary, data);
    }
    /// The ATT PDU that an ACL packet consists of, as nearly every packet does: it needs nothing of
    /// the link, and its receiver no action. Nothing when it is something else, for `receive`.
    std::optional<Bytes> att_pdu(PacketBoundary boundary, Bytes data) const {
        const auto pdu = whole_pdu(boundary, data);
        if (!pdu || pdu->channel != Cid::att || pdu->payload.empty() ||
            pdu->payload.size() > max_payload(Cid::att))
            return std::nullopt;
        return pdu->payload;
    }
    void on_timer(LinkContext& ctx);
    /// Gives the memory back and ends what was pending; nothing may follow on this link.
    void on_disconnected(LinkContext& ctx);

    Signalling& signalling() { return signalling_; }
    Channels& channels() { return channels_; }
    const LinkCounters& counters() const { return counters_; }
    /// What was dropped for whatever reason, signalling commands that were ignored included.
    std::uint64_t dropped() const {
        return counters_.total() + signalling_.ignored() + channels_.counters().total();
    }

private:
    struct WholePdu {
        Cid channel{};
        Bytes payload;
    };
    /// The PDU in a packet that has all of it, between two others.
    std::optional<WholePdu> whole_pdu(PacketBoundary boundary, Bytes data) const {
        if (boundary != PacketBoundary::first_flushable || unfinished() ||
            data.size() < basic_header_size)
            return std::nullopt;
        const auto [length, channel] = read_header(data.data());
        const Bytes payload{data.subspan(basic_header_size)};
        if (payload.size() != length) return std::nullopt;
        return WholePdu{channel, payload};
    }
    static BasicHeader read_header(const std::uint8_t* octets) {
        const auto field = [octets](std::size_t at) {
            return static_cast<std::uint16_t>(octets[at] | octets[at + 1] << 8);
        };
        return {field(0), Cid{field(2)}};
    }
    bool unfinished() const { return header_size_ != 0; }
    void receive_fragment(LinkContext& ctx, PacketBoundary boundary, Bytes data);
    void append(LinkContext& ctx, Bytes data);
    void begin_payload(LinkContext& ctx);
    void abandon(LinkContext& ctx);
    void reset_reassembly();
    void drop(std::uint32_t& counter, std::string_view reason);
    void deliver(LinkContext& ctx, Cid channel, Bytes payload, Buffer storage);

    // The PDU that is coming in. Its basic header may itself come in pieces.
    std::array<std::uint8_t, basic_header_size> header_octets_{};
    std::size_t header_size_ = 0;  // how many of them are here; 0: no PDU has begun
    std::size_t missing_ = 0;      // octets of the payload that are still to come
    Buffer payload_;               // of a fixed channel; null while a PDU is skipped
    Cid receiver_ = Cid::null;     // the dynamic channel that takes it instead
    Time deadline_ = never;

    LinkCounters counters_;
    Requests requests_;
    Channels channels_;
    Signalling signalling_;
};

}  // namespace bluetooth::l2cap
