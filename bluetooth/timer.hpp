// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "base/error.hpp"
#include "base/time.hpp"
#include "transport/asio.hpp"
#include "transport/simulated_world.hpp"

namespace bluetooth {

/// A timer by the clock that the `BLE` objects of its executor follow: the real one, as
/// `asio::steady_timer`, or in a test the time of a `Simulation`
/// (virtual_controller/simulation.hpp), so that a program which waits with it can be tested without
/// waiting.
///
///     Timer timer{ble.get_executor()};
///     timer.expires_after(10s);
///     timer.async_wait([&](error_code error) { … });
///
/// Used from its executor only.
class Timer final : private transport::SimulatedWorld::Sleeper {
public:
    using Executor = asio::any_io_executor;

    /// Expired from the beginning.
    explicit Timer(Executor executor);
    /// Ends waits as `cancel` does.
    ~Timer() = default;

    Executor get_executor() { return timer_.get_executor(); }
    /// What the clock shows.
    using Sleeper::now;

    /// Sets when waits end. Those under way end with `asio::error::operation_aborted`.
    void expires_at(Time when);
    void expires_after(Duration duration);
    Time expiry() const { return expiry_; }
    /// Ends all waits with `asio::error::operation_aborted`.
    void cancel();

    /// Waits until the timer expires. Any number of waits at a time; each can be cancelled by
    /// itself (`asio::cancellation_slot`). The token's signature is `void(error_code)`.
    template <asio::completion_token_for<void(error_code)> CompletionToken>
    auto async_wait(CompletionToken&& token) {
        return asio::async_initiate<CompletionToken, void(error_code)>(
            [this](auto handler) { start_wait(std::move(handler)); }, token);
    }

private:
    using Handler = asio::any_completion_handler<void(error_code)>;
    struct Wait;

    void start_wait(Handler handler);
    void ring() override;

    asio::steady_timer timer_;
    Time expiry_;
    std::shared_ptr<bool> rung_;  // whether the present expiry has come; shared with its waits
};

}  // namespace bluetooth
