// SPDX-License-Identifier: MIT
//
// Simple uses of a channel: showing what comes, and sending it back.
#pragma once

#include <deque>

#include "tools/asioble/l2cap_channels.hpp"

namespace bluetooth::tool {

/// Prints what comes; sends the values that it was given, in parts where the peer takes shorter
/// SDUs only.
class ShowingUser final : public ChannelUser {
public:
    ShowingUser(ChannelEnd channel, const Output& out, const std::vector<Octets>& to_send)
        : ChannelUser(std::move(channel)), out_(out), to_send_(to_send) {}

    /// Whether the peer's credits have covered all values.
    bool done() const { return sent_ == to_send_.size() && !channel_.stalled(); }
    /// SDUs that they have covered.
    std::size_t taken() const { return sdus_ - (channel_.stalled() ? 1 : 0); }

private:
    void on_open() override { send_rest(); }
    void on_sdu() override;
    void on_send_ready() override { send_rest(); }
    void send_rest();

    const Output& out_;
    const std::vector<Octets>& to_send_;
    std::size_t sdus_ = 0;
    std::size_t sent_ = 0;  // values
    std::size_t part_ = 0;  // octets of the next value that have been sent
};

/// Sends every SDU back; in parts likewise.
class EchoingUser final : public ChannelUser {
public:
    using ChannelUser::ChannelUser;

private:
    void on_sdu() override;
    void on_send_ready() override { send_back(); }
    void send_back();

    /// Of the SDUs that wait in the channel: their number is bounded by its credits.
    std::deque<std::size_t> sizes_;
    std::size_t waiting_ = 0;  // their sum
    Octets sdu_;
};

}  // namespace bluetooth::tool
