// SPDX-License-Identifier: MIT
#include "l2cap/sdu_sender.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace bluetooth::l2cap {

void SduSender::open(std::uint16_t mtu, std::uint16_t mps, std::uint16_t credits,
                     std::size_t max_frame) {
    mtu_ = mtu;
    max_frame_ = max_frame;
    mps_ = std::min<std::size_t>(mps, max_frame);
    credits_ = credits;
    frames_ = 0;
    stalled_ = false;
    parts_ = Ring<Part>{frame_limit + buffers_for(mtu)};
}

void SduSender::reconfigure(std::uint16_t mtu, std::uint16_t mps) {
    mtu_ = mtu;
    mps_ = std::min<std::size_t>(mps, max_frame_);
    Ring<Part> parts{std::max(parts_.capacity(), frame_limit + buffers_for(mtu))};
    while (!parts_.empty()) (void)parts.push(parts_.pop());
    parts_ = std::move(parts);
}

std::size_t SduSender::longest_queued_frame() const {
    std::size_t longest = 0;
    for (std::size_t i = 0; i < parts_.size(); ++i)
        longest =
            std::max(longest, std::min<std::size_t>(parts_[i].frame_size, parts_[i].frames.size()));
    return longest;
}

std::size_t SduSender::buffers_for(std::size_t size) const {
    const std::size_t per_buffer = frames_per_buffer();
    return (frames_for(size) + per_buffer - 1) / per_buffer;
}

error_code SduSender::send(BufferPool& buffers, Bytes sdu) {
    if (stalled_) return make_error(errc::busy);
    return queue(buffers, sdu);
}

error_code SduSender::send(BufferPool& buffers, Buffer&& sdu) {
    const std::size_t size = sdu.size() + sdu_length_size;
    // What has to wait for credits waits in buffers of its own link.
    if (size > mps_ || stalled_ || credits_ == 0) return queue(buffers, sdu.bytes());
    const auto length = static_cast<std::uint16_t>(sdu.size());
    const MutableBytes prefix = sdu.prepend(sdu_length_size);
    prefix[0] = static_cast<std::uint8_t>(length);
    prefix[1] = static_cast<std::uint8_t>(length >> 8);
    if (!parts_.push({std::move(sdu), static_cast<std::uint16_t>(size)}))
        return make_error(errc::no_buffers);
    ++frames_;
    note_stall();
    return {};
}

error_code SduSender::queue(BufferPool& buffers, Bytes sdu) {
    const std::size_t count = buffers_for(sdu.size());
    if (buffers.available() < count || parts_.capacity() - parts_.size() < count)
        return make_error(errc::no_buffers);
    frames_ += frames_for(sdu.size());
    std::size_t prefix = sdu_length_size;
    const auto length = static_cast<std::uint16_t>(sdu.size());
    do {
        Buffer buffer = buffers.acquire();
        if (prefix != 0) {
            const MutableBytes room = buffer.tail();
            room[0] = static_cast<std::uint8_t>(length);
            room[1] = static_cast<std::uint8_t>(length >> 8);
        }
        fill(buffer, sdu, prefix);
        (void)parts_.push({std::move(buffer), static_cast<std::uint16_t>(mps_)});
    } while (!sdu.empty());
    note_stall();
    return {};
}

/// Takes what fits off the front of `sdu`. The first `prefix` octets are there already.
void SduSender::fill(Buffer& buffer, Bytes& sdu, std::size_t& prefix) {
    const MutableBytes room = buffer.tail();
    const std::size_t per_buffer = frames_per_buffer();
    std::size_t at = 0;
    for (std::size_t frame = 0; frame < per_buffer; ++frame) {
        if (frame != 0) {
            if (sdu.empty()) break;
            at += gap;
        }
        at += prefix;
        const std::size_t size = std::min(sdu.size(), mps_ - std::exchange(prefix, std::size_t{0}));
        if (size != 0) std::memcpy(room.data() + at, sdu.data(), size);
        at += size;
        sdu = sdu.subspan(size);
    }
    buffer.commit(at);
}

Buffer SduSender::next_frame() {
    --frames_;
    --credits_;
    Part& part = parts_.front();
    if (part.frames.size() <= part.frame_size) return parts_.pop().frames;
    Buffer frame = part.frames.share();
    frame.truncate(part.frame_size);
    part.frames.remove_prefix(part.frame_size + gap);
    return frame;
}

bool SduSender::add_credits(std::uint16_t count) {
    if (count > std::numeric_limits<std::uint16_t>::max() - credits_) return false;
    credits_ = static_cast<std::uint16_t>(credits_ + count);
    return true;
}

bool SduSender::resume() {
    if (!stalled_ || frames_ >= credits_ || frames_ > frame_limit / 2) return false;
    stalled_ = false;
    return true;
}

}  // namespace bluetooth::l2cap
