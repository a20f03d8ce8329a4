// SPDX-License-Identifier: MIT
//
// The host's side of a gap core: time, outbox, and a transcript of what the core asked for.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gap/context.hpp"
#include "tests/support/hex.hpp"

namespace bluetooth::gap::test {

using bluetooth::test::hex;
using bluetooth::test::Octets;

inline constexpr hci::Status success = hci::Status::success;
inline constexpr hci::Status disallowed = hci::Status::command_disallowed;

/// A command packet as the transcript shows it, e.g. "hci 0a2001 01".
inline std::string command(std::string_view packet) { return "hci " + to_hex(hex(packet)); }

class Script {
public:
    Time now{};

    Context context() { return {now, out_}; }

    /// What the core asked for since the last call: commands as `command` shows them, events as
    /// words.
    std::vector<std::string> take() {
        std::vector<std::string> lines;
        for (const auto& action : out_)
            std::visit([&](const auto& a) { lines.push_back(show(a)); }, action);
        out_.clear();
        return lines;
    }

    /// The earliest deadline announced since the last call.
    Time take_wake() { return out_.take_wake(); }

    Outbox& out() { return out_; }

private:
    static std::string show(const SendCommand& send) {
        std::array<std::uint8_t, 258> packet{};
        return "hci " + to_hex(hci::encode_command_packet(send.command, packet));
    }
    static std::string show(const AdvertisingFailed& e) { return "failed: " + e.error.message(); }
    static std::string show(const ScanResult& r) {
        return "result " + std::to_string(static_cast<int>(r.event_type)) + ' ' +
               std::to_string(static_cast<int>(r.address_type)) + ' ' + to_string(r.address) + ' ' +
               std::to_string(r.rssi) + ' ' + to_hex(r.data);
    }
    static std::string show(const ScanDone& d) {
        return d.error ? "scan done: " + d.error.message() : "scan done";
    }
    static std::string show(const Connected& c) {
        return "connected " + to_string(c.handle) + ' ' +
               std::to_string(static_cast<int>(c.peer_type)) + ' ' + to_string(c.peer) + ' ' +
               std::to_string(c.interval.count()) + ' ' + std::to_string(c.latency) + ' ' +
               std::to_string(c.supervision_timeout.count()) +
               (c.air_address == c.peer
                    ? ""
                    : " on air " + std::to_string(static_cast<int>(c.air_type)) + ' ' +
                          to_string(c.air_address));
    }
    static std::string show(const ConnectFailed& e) {
        return "connect failed: " + e.error.message();
    }
    static std::string show(const StrayConnection& s) { return "stray " + to_string(s.handle); }
    static std::string show(const HoldAddresses& h) { return h.held ? "hold" : "release"; }
    static std::string show(const OwnAddressFailed& e) {
        return "own address failed: " + e.error.message();
    }

    Outbox out_;
};

using Lines = std::vector<std::string>;

/// Small numbers that repeat from run to run, for tests that mix inputs in all orders.
class Dice {
public:
    explicit Dice(std::uint32_t seed) : state_(seed * 2654435761u + 1) {}
    std::uint32_t roll(std::uint32_t sides) {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 17;
        state_ ^= state_ << 5;
        return state_ % sides;
    }

private:
    std::uint32_t state_;
};

}  // namespace bluetooth::gap::test

template <> struct doctest::StringMaker<std::vector<std::string>> {
    static doctest::String convert(const std::vector<std::string>& lines) {
        std::string text;
        for (const std::string& line : lines) text += "\n    " + line;
        return text.c_str();
    }
};
