// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/buffer.hpp"
#include "base/byte_ring.hpp"
#include "l2cap/channel_parameters.hpp"

namespace bluetooth::l2cap {

/// The receiving half of a credit-based channel: puts SDUs together from K-frames, keeps them until
/// they are read, and knows how many credits the peer is due (Vol 3 Part A 3.4, 10.1).
///
/// Octets are copied once, whether a K-frame comes whole or in pieces. For a stream they go into a
/// ring, each SDU behind its length as it came; a single SDU for ATT goes into a pool buffer. The
/// peer is never given credits for more than there is room for.
class SduReceiver {
public:
    /// How the peer's frame was: fine so far, the last of its SDU, or against the rules (3.4.3:
    /// then the channel is to be closed).
    enum class Outcome : std::uint8_t { partial, complete, violation };

    /// Begins anew, with no credits given. For `Delivery::whole_sdus` the MTU must fit a buffer.
    void open(const ChannelParameters& parameters, Delivery delivery);
    /// Drops what was received.
    void close();
    /// Gives the buffer of an unfinished SDU back; no frame may follow.
    void abandon_sdu() { sdu_.reset(); }
    /// From now on longer SDUs and other frames are taken; credits given count for these.
    void reconfigure(std::uint16_t mtu, std::uint16_t mps);

    std::uint16_t mtu() const { return mtu_; }
    std::uint16_t mps() const { return mps_; }
    /// Credits that the peer has.
    std::uint16_t credits() const { return credits_; }
    /// How many more it should be given; 0 while that is too little to be worth a packet.
    std::uint16_t credits_due() const;
    void give_credits(std::uint16_t count) {
        credits_ = static_cast<std::uint16_t>(credits_ + count);
    }

    // ---- a K-frame, in one or several pieces

    /// Of `size` octets. False when that is against the rules: no credit, longer than the MPS, or
    /// empty, which is not even an SDU's length.
    bool begin_frame(std::size_t size);
    void append(Bytes piece, BufferPool& buffers);
    Outcome end_frame();
    /// Whether a K-frame has begun and not ended.
    bool in_frame() const { return in_frame_; }

    /// The SDU in a K-frame that is a whole one and needs no copy to be delivered.
    std::optional<Bytes> whole_sdu(Bytes frame) const;
    /// `whole_sdu` was delivered: accounts for its frame.
    void skip_frame() { --credits_; }
    /// With `Delivery::whole_sdus`, the SDU that `end_frame` found complete. Null when there was no
    /// buffer for it.
    Buffer take_sdu() { return std::move(sdu_); }

    // ---- what a stream holds

    /// Octets of complete SDUs that are not read yet.
    std::size_t available() const { return available_; }
    /// Moves out as many as there are, over the bounds of SDUs; empty SDUs in front vanish.
    std::size_t read(MutableBytes out);
    /// Octets of the first SDU that are not read yet; nothing when none is complete.
    std::optional<std::size_t> next_sdu();
    /// Moves the first SDU out and drops what does not fit; returns how much was moved.
    std::size_t read_sdu(MutableBytes out);

private:
    std::size_t needed_room() const;
    bool open_front();
    void close_front() { front_open_ = false, --complete_; }

    Delivery delivery_ = Delivery::stream;
    std::uint16_t mtu_ = 0;
    std::uint16_t mps_ = 0;
    std::uint16_t credits_ = 0;  // that the peer has
    std::uint16_t window_ = 0;   // that it may have at most

    bool in_frame_ = false;
    bool in_sdu_ = false;  // the frame continues an SDU
    bool overrun_ = false;
    std::size_t frame_size_ = 0;  // of the present frame, what has come of it
    std::array<std::uint8_t, 2> length_octets_{};
    std::size_t missing_ = 0;  // octets of the present SDU that are still to come
    std::size_t sdu_size_ = 0;

    ByteRing ring_;              // Delivery::stream
    std::size_t complete_ = 0;   // SDUs in it, the one that is being read included
    std::size_t available_ = 0;  // octets in them
    std::size_t front_ = 0;      // octets left of the first
    bool front_open_ = false;    // its length has been read
    Buffer sdu_;                 // Delivery::whole_sdus
};

}  // namespace bluetooth::l2cap
