// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <initializer_list>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "tests/support/hex.hpp"

namespace bluetooth::test {

/// A controller that follows a script: packets it expects from the host, in order, and what it
/// answers to each. Packets are H4 packets, indicator included. A packet other than the expected
/// one fails the test at the line of the script that expected it.
///
///     ScriptedController controller;
///     controller.expect("01 03 0c 00", {"04 0e 04 01 03 0c 00"});
///     … hand each packet of the host to receive(), and each of take_replies() to the host …
///     controller.check_finished();
class ScriptedController {
public:
    explicit ScriptedController(std::source_location where = std::source_location::current())
        : where_(where) {}

    void expect(std::string_view packet, std::initializer_list<std::string_view> replies = {},
                std::source_location where = std::source_location::current()) {
        Step step{hex(packet), {}, where};
        for (std::string_view reply : replies) step.replies.push_back(hex(reply));
        steps_.push_back(std::move(step));
    }
    /// From the host.
    void receive(Bytes packet) {
        if (failed_) return;  // after one deviation the rest of the script means nothing
        if (next_ == steps_.size()) {
            if (silent_) return;
            fail(where_, "no packet", packet);
            return;
        }
        Step& step = steps_[next_];
        if (Bytes{step.expected} != packet) {
            fail(step.where, to_hex(step.expected), packet);
            return;
        }
        ++next_;
        for (Octets& reply : step.replies) replies_.push_back(std::move(reply));
    }
    /// What the controller has to say by now, to be handed to the host in this order.
    std::vector<Octets> take_replies() { return std::exchange(replies_, {}); }

    std::size_t steps() const { return steps_.size(); }
    std::size_t steps_done() const { return next_; }
    Octets& reply(std::size_t step, std::size_t index = 0) { return steps_[step].replies[index]; }

    /// Drops the script from step `step` on: the controller then takes packets and says nothing.
    void fall_silent_at(std::size_t step) {
        steps_.resize(step);
        silent_ = true;
    }
    /// Fails the test, at the line of the first step not reached, when the host stopped early.
    void check_finished() {
        if (!failed_ && next_ < steps_.size())
            fail(steps_[next_].where, to_hex(steps_[next_].expected), {});
    }

private:
    struct Step {
        Octets expected;
        std::vector<Octets> replies;
        std::source_location where;
    };

    void fail(std::source_location where, std::string_view expected, Bytes actual) {
        failed_ = true;
        std::string text = "scripted controller, step " + std::to_string(next_ + 1) +
                           "\n  expected: " + std::string{expected} +
                           "\n  actual:   " + (actual.empty() ? "no packet" : to_hex(actual));
        ADD_FAIL_CHECK_AT(where.file_name(), static_cast<int>(where.line()), text);
    }

    std::source_location where_;
    std::vector<Step> steps_;
    std::vector<Octets> replies_;
    std::size_t next_ = 0;
    bool silent_ = false;
    bool failed_ = false;
};

}  // namespace bluetooth::test
