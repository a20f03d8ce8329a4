// SPDX-License-Identifier: MIT
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "base/bytes.hpp"
#include "transport/transport.hpp"

namespace bluetooth::transport {

/// Cuts the octet stream of the UART transport into packets (Vol 4 Part A). Sans-io: octets are
/// read straight into `space()`, and whole packets are handed out as views on them. Only a packet
/// that is cut off at the end of the buffer is ever moved.
class H4Framer {
public:
    /// Which side's packets are read: a host receives events, a controller commands; both receive
    /// data.
    enum class Direction : std::uint8_t { to_host, to_controller };

    enum class Outcome : std::uint8_t { need_more, packet, sync_lost };
    struct Item {
        Outcome outcome = Outcome::need_more;
        PacketType type{};
        Bytes bytes;  ///< the packet without indicator, or what could not be understood
    };

    /// No LE controller announces a longer packet than this, with room to spare.
    static constexpr std::size_t default_max_payload = 4096;
    static constexpr std::size_t capacity = 16 * 1024;

    /// Packets whose length field exceeds `max_payload` are consumed and dropped.
    explicit H4Framer(Direction direction, std::size_t max_payload = default_max_payload)
        : direction_(direction),
          max_payload_(max_payload),
          memory_(std::make_unique<std::uint8_t[]>(capacity)) {
        assert(max_payload + largest_header < capacity);
    }

    /// Where the next octets go, never empty once `next` has said `need_more`. Ends the validity of
    /// all views.
    MutableBytes space() {
        if (begin_ != 0) {
            const std::size_t rest = end_ - begin_;
            if (rest != 0) std::memmove(memory_.get(), memory_.get() + begin_, rest);
            begin_ = 0;
            end_ = rest;
        }
        return {memory_.get() + end_, capacity - end_};
    }
    /// `count` octets have been written to `space()`.
    void commit(std::size_t count) {
        assert(count <= capacity - end_);
        end_ += count;
    }

    /// The next packet, loss of synchronisation, or `need_more`.
    Item next() {
        for (;;) {
            if ((state_ != State::in_sync || to_skip_ != 0) && !find_boundary()) return {};
            const std::size_t available = end_ - begin_;
            if (available == 0) return {};
            const std::uint8_t* const at = memory_.get() + begin_;
            const Layout layout = layout_of(at[0]);
            if (layout.header == 0) return lose_sync();
            if (available < layout.header) return {};
            const std::size_t payload = payload_length(at, layout);
            const std::size_t total = layout.header + payload;
            if (payload > max_payload_) {
                // The length is believed, however large: the octets are consumed as they come, so
                // that the next packet is found where it begins.
                ++oversized_packets_;
                to_skip_ = total;
                continue;
            }
            if (available < total) return {};
            begin_ += total;
            return {Outcome::packet, PacketType{at[0]}, Bytes{at + 1, total - 1}};
        }
    }

    /// Discards what was received and all that follows up to the answer to HCI_Reset.
    void resynchronise();

    std::uint64_t oversized_packets() const { return oversized_packets_; }
    std::uint64_t sync_losses() const { return sync_losses_; }
    std::uint64_t octets_discarded() const { return octets_discarded_; }

private:
    enum class State : std::uint8_t {
        in_sync,
        lost,    ///< a host that has not yet sent HCI_Reset: everything is discarded
        hunting  ///< everything is discarded up to the mark that HCI_Reset sets in the stream
    };
    /// Octets up to the payload, indicator included, and how the last ones give its length.
    struct Layout {
        std::uint8_t header = 0;  ///< 0: not an indicator that may come from this side
        std::uint8_t length_octets = 0;
        std::uint16_t length_mask = 0;
    };
    static constexpr std::size_t largest_header = 5;

    // Vol 4 Part E 5.4.1 to 5.4.5
    Layout layout_of(std::uint8_t indicator) const {
        switch (PacketType{indicator}) {
        case PacketType::command:
            if (direction_ == Direction::to_controller) return {4, 1, 0xff};
            break;
        case PacketType::acl: return {5, 2, 0xffff};
        case PacketType::synchronous: return {4, 1, 0xff};
        case PacketType::event:
            if (direction_ == Direction::to_host) return {3, 1, 0xff};
            break;
        case PacketType::iso: return {5, 2, 0x3fff};
        }
        return {};
    }
    static std::size_t payload_length(const std::uint8_t* at, Layout layout) {
        const std::uint8_t last = at[layout.header - 1];
        if (layout.length_octets == 1) return last;
        return (at[layout.header - 2] | last << 8) & layout.length_mask;
    }

    Item lose_sync();
    bool find_boundary();
    bool hunt();
    void discard(std::size_t count) {
        begin_ += count;
        octets_discarded_ += count;
    }

    Direction direction_;
    State state_ = State::in_sync;
    std::size_t max_payload_;
    std::unique_ptr<std::uint8_t[]> memory_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t to_skip_ = 0;  ///< octets of a dropped packet that have yet to arrive
    std::uint64_t oversized_packets_ = 0;
    std::uint64_t sync_losses_ = 0;
    std::uint64_t octets_discarded_ = 0;
};

}  // namespace bluetooth::transport
