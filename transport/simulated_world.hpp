// SPDX-License-Identifier: MIT
//
// Time belongs to the execution context: to put a simulation in the place of the real world, a
// program gives its io_context a `SimulatedWorld`, and all that runs there follows.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "base/time.hpp"
#include "transport/asio.hpp"

namespace bluetooth::transport {

/// The clocks and the randomness of an execution context that has none of the real ones: a service
/// of Asio's, made by `asio::make_service` before anything else lives there. Used by the one thread
/// that runs the context.
class SimulatedWorld final : public asio::execution_context::service {
public:
    /// Whoever waits for a time, with the clocks of an execution context.
    class Sleeper {
    public:
        explicit Sleeper(const asio::any_io_executor& executor);
        Sleeper(const Sleeper&) = delete;
        Sleeper& operator=(const Sleeper&) = delete;

        /// Of the simulated world, or of the real one.
        Time now() const;
        std::chrono::system_clock::time_point wall_clock() const;

    protected:
        virtual ~Sleeper();

        bool simulated() const { return world_ != nullptr; }
        /// Has `ring` called, once, when that time has come; `never` for not at all.
        void sleep_until(Time when) { until_ = when; }
        /// May begin to sleep again, and nothing else of this kind.
        virtual void ring() = 0;

    private:
        friend class SimulatedWorld;
        SimulatedWorld* world_;
        Time until_ = never;
    };

    static asio::execution_context::id id;

    explicit SimulatedWorld(asio::execution_context& context, std::uint64_t seed = 1);

    /// That of the executor's context; null where the world is the real one.
    static SimulatedWorld* of(const asio::any_io_executor& executor);

    Time now() const { return now_; }
    std::chrono::system_clock::time_point wall_clock() const;
    /// For a random number generator of one's own: another one with each call, and in the same
    /// order always the same.
    std::uint64_t next_seed();

    /// The earliest time that somebody sleeps until; `never` without any.
    Time next_alarm() const;
    /// Moves time, never back. Wakes those who are due then, in the order in which they were made.
    void advance_to(Time now);

private:
    void shutdown() noexcept override {}

    Time now_;
    std::uint64_t seed_;
    std::uint64_t seeds_ = 0;
    std::vector<Sleeper*> sleepers_;
};

}  // namespace bluetooth::transport
