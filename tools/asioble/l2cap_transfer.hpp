// SPDX-License-Identifier: MIT
//
// A transfer that both ends check, octet by octet. In each direction goes a header of 16 octets,
// little-endian: "ASIO", a seed (4) and how many octets follow (8); then those octets, a sequence
// that the seed determines. The beginning end takes an even seed. The answering end sends as many
// octets of the next seed; an echo sends the first sequence back, which is checked as well.
#pragma once

#include <array>
#include <optional>

#include "tools/asioble/l2cap_channels.hpp"

namespace bluetooth::tool {

struct Sequence {
    std::uint32_t seed = 0;
    std::uint64_t octets = 0;

    static constexpr std::size_t header_size = 16;
    std::array<std::uint8_t, header_size> header() const;
    static std::optional<Sequence> parse(Bytes header);
};

/// Makes the octets of a sequence, some at a time.
class SequenceMaker {
public:
    explicit SequenceMaker(std::uint32_t seed) : state_(seed) {}
    void fill(MutableBytes out);

private:
    std::uint64_t next_word();

    std::uint64_t state_;
    std::array<std::uint8_t, 8> word_{};
    std::size_t used_ = sizeof word_;  // octets of `word_` that were given out
};

/// One channel of a transfer.
class TransferringUser final : public ChannelUser {
public:
    struct Callbacks {
        std::function<void()> on_progress;  // octets have come, or all have gone
        std::function<void(const TransferringUser&)> on_end;
    };
    /// Begins with `ours`, or answers the peer's sequence without it.
    TransferringUser(ChannelEnd channel, std::optional<Sequence> ours, Callbacks callbacks);

    std::uint64_t sent() const { return sent_; }
    std::uint64_t received() const { return received_; }
    /// Whether all went and came.
    bool done() const;
    /// What is wrong with that which came; empty so far.
    const std::string& fault() const { return fault_; }

private:
    void on_open() override;
    void on_sdu() override;
    void on_send_ready() override;
    void on_close() override { callbacks_.on_end(*this); }
    void start(const Sequence& ours);
    void send_rest();
    void check(Bytes part);
    void check_header();

    Callbacks callbacks_;

    std::optional<Sequence> ours_;
    SequenceMaker outgoing_{0};
    Octets sdu_;
    std::uint64_t sent_ = 0;

    std::array<std::uint8_t, Sequence::header_size> header_{};
    std::size_t header_received_ = 0;
    Sequence theirs_;
    SequenceMaker incoming_{0};
    Octets buffer_;
    Octets expected_;
    std::uint64_t received_ = 0;
    std::string fault_;
};

/// The message of a program in which `report` was not content.
inline constexpr const char* transfer_failed = "not all octets were right: see above";

/// Says how a channel's transfer went; returns whether it went well.
bool report(const Output& out, const TransferringUser& user);

}  // namespace bluetooth::tool
