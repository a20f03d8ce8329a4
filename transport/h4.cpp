// SPDX-License-Identifier: MIT
#include "transport/h4.hpp"

#include <algorithm>
#include <array>

namespace bluetooth::transport {
namespace {

// Stands for the one octet of a mark that may have any value.
constexpr std::uint16_t any = 0x100;

// HCI_Command_Complete: any number of command credits, opcode of HCI_Reset, status success
// (Vol 4 Part E 7.7.14, 7.3.2).
constexpr std::array<std::uint16_t, 7> reset_complete{0x04, 0x0e, 0x04, any, 0x03, 0x0c, 0x00};
// HCI_Reset, by which a controller finds the stream of its host again.
constexpr std::array<std::uint16_t, 4> reset{0x01, 0x03, 0x0c, 0x00};

// As much of the offending octets as helps a person who reads a log.
constexpr std::size_t shown_when_lost = 16;

bool is_prefix(Bytes octets, std::span<const std::uint16_t> mark) {
    return std::ranges::equal(octets, mark.first(octets.size()),
                              [](std::uint8_t octet, std::uint16_t expected) {
                                  return expected == any || octet == expected;
                              });
}

}  // namespace

void H4Framer::resynchronise() {
    // A read into space() may be under way: its place must not move, so only begin_ may.
    discard(end_ - begin_);
    to_skip_ = 0;
    state_ = State::hunting;
}

H4Framer::Item H4Framer::lose_sync() {
    const Bytes offending{memory_.get() + begin_, std::min(end_ - begin_, shown_when_lost)};
    ++sync_losses_;
    // A controller waits for the HCI_Reset of its host; a host must send it first (Vol 4 Part A 4).
    state_ = direction_ == Direction::to_host ? State::lost : State::hunting;
    discard(1);
    return {Outcome::sync_lost, {}, offending};
}

bool H4Framer::find_boundary() {
    if (state_ == State::lost) discard(end_ - begin_);
    if (state_ == State::hunting && hunt()) state_ = State::in_sync;
    if (state_ != State::in_sync) return false;

    const std::size_t skipped = std::min(to_skip_, end_ - begin_);
    begin_ += skipped;
    to_skip_ -= skipped;
    return to_skip_ == 0;
}

// Leaves begin_ at the mark (true), or where one may have begun to arrive (false).
bool H4Framer::hunt() {
    const std::span<const std::uint16_t> mark = direction_ == Direction::to_host
                                                    ? std::span<const std::uint16_t>{reset_complete}
                                                    : std::span<const std::uint16_t>{reset};
    for (; begin_ != end_; discard(1)) {
        const std::size_t present = std::min(end_ - begin_, mark.size());
        if (is_prefix({memory_.get() + begin_, present}, mark)) return present == mark.size();
    }
    return false;
}

}  // namespace bluetooth::transport
