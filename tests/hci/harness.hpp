// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "hci/core.hpp"
#include "tests/support/hex.hpp"

namespace bluetooth::hci::test {

using bluetooth::test::hex;
using bluetooth::test::Octets;

/// A `Core` with injected time, and everything it asked for, kept in order.
struct Harness {
    struct Done {
        Tag tag;
        std::uint16_t opcode;
        Status status;
        Octets return_parameters;
        friend bool operator==(const Done&, const Done&) = default;
    };
    struct Event {
        EventCode code;
        Octets parameters;
    };

    explicit Harness(std::size_t queue_capacity = 4, std::size_t buffers = 8)
        : pool(buffers, 259), core(queue_capacity) {}

    Context ctx() { return {now, pool, out}; }

    template <class C> error_code submit(const C& command, Tag tag = 0) {
        const error_code error = core.submit(ctx(), command, tag);
        drain();
        return error;
    }
    /// An event packet, without H4's indicator.
    void receive(std::string_view packet) { receive(Bytes{hex(packet)}); }
    void receive(Bytes packet) {
        core.receive(ctx(), packet);
        drain();
    }
    /// Lets time pass; the core is called when it asked to be.
    void advance(Duration duration) {
        const Time end = now + duration;
        while (wake <= end) {
            now = std::max(now, std::exchange(wake, never));
            core.on_timer(ctx());
            drain();
        }
        now = end;
    }
    void drain() {
        for (auto& action : out) {
            if (auto* send = std::get_if<Send>(&action)) {
                sent.emplace_back(send->packet.bytes());
            } else if (auto* answer = std::get_if<CommandDone>(&action)) {
                done.push_back({answer->tag, answer->opcode, answer->status,
                                Octets{answer->return_parameters}});
            } else if (auto* event = std::get_if<EventReceived>(&action)) {
                events.push_back({event->code, Octets{event->parameters}});
            } else if (auto* failure = std::get_if<ControllerFailed>(&action)) {
                failures.push_back(*failure);
            } else if (auto* end = std::get_if<InitDone>(&action)) {
                init_done = *end;
            }
        }
        out.clear();
        wake = std::min(wake, out.take_wake());
    }

    Time now{};
    Time wake = never;
    BufferPool pool;
    Outbox out;
    Core core;

    std::vector<Octets> sent;
    std::vector<Done> done;
    std::vector<Event> events;
    std::vector<ControllerFailed> failures;
    std::optional<InitDone> init_done;
};

}  // namespace bluetooth::hci::test
