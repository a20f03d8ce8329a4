// SPDX-License-Identifier: MIT
#include "l2cap/sdu_receiver.hpp"

#include <algorithm>
#include <utility>

#include "l2cap/sdu_sender.hpp"

namespace bluetooth::l2cap {

void SduReceiver::open(const ChannelParameters& parameters, Delivery delivery) {
    close();
    delivery_ = delivery;
    mtu_ = parameters.mtu;
    mps_ = parameters.mps;
    window_ = parameters.credits;
    credits_ = 0;
    in_frame_ = in_sdu_ = overrun_ = false;
    if (delivery == Delivery::stream) ring_ = ByteRing{needed_room()};
}

/// For all that the credits allow, and at least for one whole SDU and the frame after it: so there
/// is always room for the rest of an SDU.
std::size_t SduReceiver::needed_room() const {
    return std::max(std::size_t{window_} * mps_, sdu_length_size + mtu_ + mps_);
}

void SduReceiver::close() {
    sdu_.reset();
    ring_ = {};
    complete_ = available_ = front_ = 0;
    front_open_ = false;
}

void SduReceiver::reconfigure(std::uint16_t mtu, std::uint16_t mps) {
    mtu_ = mtu;
    mps_ = mps;
    if (delivery_ != Delivery::stream) return;
    // The credits that are out may now mean larger frames.
    ByteRing larger{ring_.size() +
                    std::max({ring_.room(), needed_room(), std::size_t{credits_} * mps_})};
    std::array<std::uint8_t, 256> some;
    while (ring_.size() != 0) {
        const MutableBytes part{some.data(), std::min(some.size(), ring_.size())};
        ring_.read(part);
        larger.write(part);
    }
    ring_ = std::move(larger);
}

std::uint16_t SduReceiver::credits_due() const {
    std::size_t limit = window_;
    if (delivery_ == Delivery::stream) limit = std::min(limit, ring_.room() / mps_);
    // A frame that is still coming in has used its credit up, but not yet its room.
    const std::size_t used = credits_ + (in_frame_ ? 1u : 0u);
    const std::size_t due = limit > used ? limit - used : 0;
    const bool worth_it = credits_ == 0 || due >= std::max(1u, window_ / 2u);
    return worth_it ? static_cast<std::uint16_t>(due) : std::uint16_t{0};
}

bool SduReceiver::begin_frame(std::size_t size) {
    if (credits_ == 0 || size > mps_ || size == 0) return false;
    --credits_;
    in_frame_ = true;
    overrun_ = false;
    frame_size_ = 0;
    return true;
}

void SduReceiver::append(Bytes piece, BufferPool& buffers) {
    Bytes payload = piece;
    // The SDU's length comes first; it too may come in pieces.
    while (!in_sdu_ && frame_size_ < sdu_length_size && !payload.empty()) {
        length_octets_[frame_size_++] = payload.front();
        payload = payload.subspan(1);
        if (frame_size_ < sdu_length_size) continue;
        missing_ = sdu_size_ = static_cast<std::size_t>(length_octets_[0] | length_octets_[1] << 8);
        overrun_ = sdu_size_ > mtu_;
        if (delivery_ == Delivery::whole_sdus)
            sdu_ = buffers.acquire();
        else
            ring_.write(length_octets_);
    }
    frame_size_ += payload.size();
    if (payload.size() > missing_) overrun_ = true;
    if (overrun_) return;
    missing_ -= payload.size();
    if (delivery_ == Delivery::stream)
        ring_.write(payload);
    else if (sdu_)
        (void)sdu_.append(payload);
}

SduReceiver::Outcome SduReceiver::end_frame() {
    in_frame_ = false;
    if (overrun_ || (!in_sdu_ && frame_size_ < sdu_length_size)) return Outcome::violation;
    in_sdu_ = missing_ != 0;
    if (in_sdu_) return Outcome::partial;
    if (delivery_ == Delivery::stream) {
        ++complete_;
        available_ += sdu_size_;
    }
    return Outcome::complete;
}

std::optional<Bytes> SduReceiver::whole_sdu(Bytes frame) const {
    if (delivery_ != Delivery::whole_sdus || in_sdu_ || in_frame_ || credits_ == 0 ||
        frame.size() < sdu_length_size || frame.size() > mps_)
        return std::nullopt;
    const auto size = static_cast<std::size_t>(frame[0] | frame[1] << 8);
    if (size > mtu_ || size != frame.size() - sdu_length_size) return std::nullopt;
    return Bytes{frame.subspan(sdu_length_size)};
}

/// Reads the length of the first SDU if that has not been done; false when there is none.
bool SduReceiver::open_front() {
    if (complete_ == 0) return false;
    if (std::exchange(front_open_, true)) return true;
    std::array<std::uint8_t, sdu_length_size> length;
    ring_.read(length);
    front_ = static_cast<std::size_t>(length[0] | length[1] << 8);
    return true;
}

std::size_t SduReceiver::read(MutableBytes out) {
    std::size_t done = 0;
    while (open_front()) {
        const std::size_t size = std::min(out.size() - done, front_);
        ring_.read(out.subspan(done, size));
        done += size;
        front_ -= size;
        if (front_ != 0) break;
        close_front();
    }
    available_ -= done;
    return done;
}

std::optional<std::size_t> SduReceiver::next_sdu() {
    if (!open_front()) return std::nullopt;
    return front_;
}

std::size_t SduReceiver::read_sdu(MutableBytes out) {
    if (!open_front()) return 0;
    const std::size_t size = std::min(out.size(), front_);
    ring_.read(out.first(size));
    ring_.drop(front_ - size);
    available_ -= front_;
    front_ = 0;
    close_front();
    return size;
}

}  // namespace bluetooth::l2cap
