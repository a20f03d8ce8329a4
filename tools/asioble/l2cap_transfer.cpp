// SPDX-License-Identifier: MIT
#include "tools/asioble/l2cap_transfer.hpp"

#include <algorithm>
#include <cstring>

namespace bluetooth::tool {
namespace {

constexpr std::array<std::uint8_t, 4> magic{'A', 'S', 'I', 'O'};
/// Read and checked at a time.
constexpr std::size_t part_size = 4096;

void put(MutableBytes out, std::uint64_t value) {
    for (std::uint8_t& octet : out) {
        octet = static_cast<std::uint8_t>(value);
        value >>= 8;
    }
}

std::uint64_t get(Bytes in) {
    std::uint64_t value = 0;
    for (std::size_t i = in.size(); i-- > 0;) value = value << 8 | in[i];
    return value;
}

}  // namespace

std::array<std::uint8_t, Sequence::header_size> Sequence::header() const {
    std::array<std::uint8_t, header_size> in_octets{};
    const MutableBytes out{in_octets};
    std::ranges::copy(magic, out.begin());
    put(out.subspan(4, 4), seed);
    put(out.subspan(8), octets);
    return in_octets;
}

std::optional<Sequence> Sequence::parse(Bytes header) {
    if (header.first(magic.size()) != Bytes{magic}) return std::nullopt;
    return Sequence{static_cast<std::uint32_t>(get(header.subspan(4, 4))), get(header.subspan(8))};
}

// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
std::uint64_t SequenceMaker::next_word() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t word = state_;
    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
    word = (word ^ word >> 27) * 0x94d049bb133111eb;
    return word ^ word >> 31;
}

void SequenceMaker::fill(MutableBytes out) {
    for (std::size_t at = 0; at < out.size();) {
        if (used_ == sizeof word_) {
            put(MutableBytes{word_}, next_word());
            used_ = 0;
        }
        const std::size_t count = std::min(sizeof word_ - used_, out.size() - at);
        std::memcpy(out.data() + at, word_.data() + used_, count);
        used_ += count;
        at += count;
    }
}

TransferringUser::TransferringUser(ChannelEnd channel, std::optional<Sequence> ours,
                                   Callbacks callbacks)
    : ChannelUser(std::move(channel)),
      callbacks_(std::move(callbacks)),
      ours_(ours),
      buffer_(part_size),
      expected_(part_size) {}

void TransferringUser::on_open() {
    if (ours_) start(*ours_);
}

void TransferringUser::start(const Sequence& ours) {
    ours_ = ours;
    outgoing_ = SequenceMaker{ours.seed};
    sdu_.resize(channel_.max_sdu());
    channel_.send(ours.header());
    send_rest();
}

void TransferringUser::send_rest() {
    while (sent_ < ours_->octets && !channel_.stalled()) {
        const std::size_t size = std::min<std::uint64_t>(sdu_.size(), ours_->octets - sent_);
        const MutableBytes part = MutableBytes{sdu_}.first(size);
        outgoing_.fill(part);
        channel_.send(part);
        sent_ += size;
    }
}

void TransferringUser::on_send_ready() {
    send_rest();
    if (done()) callbacks_.on_progress();
}

bool TransferringUser::done() const {
    return ours_ && sent_ == ours_->octets && !channel_.stalled() &&
           header_received_ == header_.size() && received_ == theirs_.octets;
}

void TransferringUser::on_sdu() {
    while (const std::size_t size = channel_.read(MutableBytes{buffer_})) {
        Bytes part{buffer_.data(), size};
        if (const std::size_t missing = header_.size() - header_received_; missing > 0) {
            const std::size_t count = std::min(missing, part.size());
            std::memcpy(header_.data() + header_received_, part.data(), count);
            header_received_ += count;
            part = part.subspan(count);
            if (header_received_ == header_.size()) check_header();
        }
        check(part);
    }
    callbacks_.on_progress();
}

void TransferringUser::check_header() {
    const auto sequence = Sequence::parse(Bytes{header_});
    if (!sequence) {
        fault_ = "the peer sends something else than a transfer";
        return;
    }
    theirs_ = *sequence;
    incoming_ = SequenceMaker{theirs_.seed};
    if (!ours_)
        start({theirs_.seed | 1, theirs_.octets});
    else if (theirs_.octets != ours_->octets || (theirs_.seed | 1) != (ours_->seed | 1))
        fault_ = "the peer sends another sequence than it was asked for";
}

void TransferringUser::check(Bytes part) {
    if (!fault_.empty() || part.empty()) return;
    const MutableBytes expected = MutableBytes{expected_}.first(part.size());
    incoming_.fill(expected);
    if (received_ + part.size() > theirs_.octets)
        fault_ = "more octets came than were announced";
    else if (std::memcmp(part.data(), expected.data(), part.size()) != 0)
        fault_ = "among the " + std::to_string(part.size()) + " octets behind the first " +
                 std::to_string(received_) + " are wrong ones";
    received_ += part.size();
}

bool report(const Output& out, const TransferringUser& user) {
    const std::string fault = user.fault().empty() && !user.done()
                                  ? "the channel ended before everything had come"
                                  : user.fault();
    const ChannelEnd& channel = user.channel();
    out.tell(channel_label(out, channel.connection(), channel.cid()) + "sent " +
                 std::to_string(user.sent()) + " octets, received " +
                 std::to_string(user.received()) + ", " +
                 (fault.empty() ? out.paint(Style::good, "all of them right")
                                : out.paint(Style::bad, "but " + fault)),
             channel_record("channel_checked", channel.connection(), channel.cid())
                 .add("sent", user.sent())
                 .add("received", user.received())
                 .add("right", fault.empty())
                 .add("fault", fault));
    return fault.empty();
}

}  // namespace bluetooth::tool
