// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/buffer.hpp"
#include "base/error.hpp"
#include "base/ring.hpp"

namespace bluetooth::l2cap {

/// In front of each SDU, in its first K-frame: how many octets it has (Vol 3 Part A 3.4.3).
inline constexpr std::size_t sdu_length_size = 2;

/// The sending half of a credit-based channel: cuts SDUs into K-frames, which leave as the peer's
/// credits allow (Vol 3 Part A 3.4, 10.1).
///
/// The octets are copied once, into pool buffers, in their final places: a buffer holds as many
/// K-frames as fit, with a gap before each for the headers of the layers below. So small frames do
/// not waste memory, and each can leave as a share of the buffer it stands in.
class SduSender {
public:
    /// What may be queued beside one whole SDU, in K-frames.
    static constexpr std::size_t frame_limit = 32;

    SduSender() : parts_(0) {}

    /// `mtu`, `mps` and `credits` are those that the peer has told; no frame is longer than
    /// `max_frame`, the capacity of the buffers.
    void open(std::uint16_t mtu, std::uint16_t mps, std::uint16_t credits, std::size_t max_frame);
    /// Drops what is queued.
    void close() { parts_.clear(), frames_ = 0, stalled_ = false; }
    /// The peer takes longer SDUs from now on, and frames of this size, which none that is queued
    /// exceeds.
    void reconfigure(std::uint16_t mtu, std::uint16_t mps);
    std::size_t longest_queued_frame() const;

    std::uint16_t mtu() const { return mtu_; }
    std::uint16_t credits() const { return credits_; }
    /// An SDU was accepted for which credits are missing, or which fills the queue: nothing more is
    /// taken until that has left.
    bool stalled() const { return stalled_; }
    /// How many buffers an SDU of this size takes.
    std::size_t buffers_for(std::size_t size) const;

    /// Queues an SDU that is not longer than the MTU. `busy` when stalled, `no_buffers` when the
    /// pool does not have as many buffers as it takes; nothing is taken then.
    error_code send(BufferPool& buffers, Bytes sdu);
    /// The same for an SDU that already stands in a buffer, with headroom, and which may wait
    /// behind others although the channel is stalled; one that fits a K-frame and need not wait is
    /// not copied.
    error_code send(BufferPool& buffers, Buffer&& sdu);

    /// Whether there is a K-frame and a credit for it.
    bool has_frame() const { return frames_ != 0 && credits_ != 0; }
    /// The next K-frame, whose credit is used up by that.
    Buffer next_frame();
    /// False when the peer has given more credits than a channel can have (10.1).
    bool add_credits(std::uint16_t count);
    /// Whether the channel was stalled and no longer is; true once.
    bool resume();

private:
    /// Room between two frames in a buffer: for the basic, the ACL and the H4 header.
    static constexpr std::size_t gap = 4 + 4 + 1;

    /// A buffer with frames of the same size, but for the last, which may be shorter.
    struct Part {
        Buffer frames;
        std::uint16_t frame_size = 0;
    };

    std::size_t frames_for(std::size_t size) const {
        return (size + sdu_length_size + mps_ - 1) / mps_;
    }
    std::size_t frames_per_buffer() const { return (max_frame_ + gap) / (mps_ + gap); }
    error_code queue(BufferPool& buffers, Bytes sdu);
    void fill(Buffer& buffer, Bytes& sdu, std::size_t& length_prefix);
    void note_stall() { stalled_ = frames_ >= credits_ || frames_ >= frame_limit; }

    Ring<Part> parts_;
    std::size_t frames_ = 0;  // in them
    std::size_t max_frame_ = 0;
    std::size_t mps_ = 0;  // of the frames that we make
    std::uint16_t mtu_ = 0;
    std::uint16_t credits_ = 0;
    bool stalled_ = false;
};

}  // namespace bluetooth::l2cap
