// SPDX-License-Identifier: MIT
//
// Operations on the channel of a `ChannelPair`, and how they have ended.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <string_view>
#include <vector>

#include "tests/support/channel_pair.hpp"

namespace bluetooth::test {

inline const error_code aborted = asio::error::operation_aborted;

/// How an operation has ended.
struct Outcome {
    bool done = false;
    error_code error{};
    std::size_t count = 0;

    /// The completion handler that tells.
    auto handler() {
        return [this](const error_code& ec, std::size_t octets) {
            CHECK(!done);
            *this = {true, ec, octets};
        };
    }
    bool operator==(const Outcome&) const = default;
};
inline std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
    return outcome.done ? out << outcome.error << ", " << outcome.count : out << "pending";
}
inline const Outcome pending{};
inline Outcome ended(error_code error, std::size_t count = 0) { return {true, error, count}; }
inline Outcome success(std::size_t count) { return ended({}, count); }

/// A read of one buffer.
struct Read : Outcome {
    std::vector<char> memory;

    explicit Read(std::size_t size) : memory(size) {}
    asio::mutable_buffer buffer() { return asio::buffer(memory); }
    std::string_view text() const { return {memory.data(), count}; }
};

inline asio::const_buffer as_buffer(std::string_view text) { return asio::buffer(text); }

inline std::vector<std::uint8_t> pattern(std::size_t size) {
    std::vector<std::uint8_t> octets(size);
    std::uint32_t state = 1;
    for (auto& octet : octets)
        octet = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
    return octets;
}

/// Sends SDUs and waits until they have arrived.
inline void send(ChannelPair& pair, L2capChannel& channel,
                 std::initializer_list<std::string_view> sdus) {
    for (const std::string_view sdu : sdus) {
        Outcome sent;
        channel.async_send(as_buffer(sdu), sent.handler());
        pair.run();
        REQUIRE(sent == success(sdu.size()));
    }
}

/// Writes until a write has to wait for credits; returns how many octets went before.
inline std::size_t fill(ChannelPair& pair, L2capChannel& channel, Outcome& waiting) {
    static const auto octets = pattern(64);
    std::size_t total = 0;
    for (;;) {
        waiting = {};
        channel.async_write_some(asio::buffer(octets), waiting.handler());
        pair.run();
        if (!waiting.done) return total;
        REQUIRE(waiting == success(octets.size()));
        total += octets.size();
        REQUIRE(total < 100'000);
    }
}

}  // namespace bluetooth::test
