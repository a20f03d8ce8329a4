// SPDX-License-Identifier: MIT
//
// For tests of programs that use Bluetooth: any number of `BLE` objects, with virtual controllers
// on an air of their own, in a time that passes only when the test lets it.
//
//     Simulation simulation;
//     BLE sensor{simulation.executor(), "virtual:"};
//     BLE phone{simulation.executor(), "virtual:"};
//     simulation.activate(sensor, phone);
//     sensor.gap_advertise(100ms);
//     phone.gap_scan(10s);
//     simulation.run_for(30s);  // takes a moment
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/address.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "transport/simulated_world.hpp"
#include "virtual_controller/air_driver.hpp"
#include "virtual_controller/air_model.hpp"
#include "virtual_controller/profile.hpp"

namespace bluetooth::virtual_controller {

/// What `Simulation::activate` can bring up: a `BLE`.
template <class T>
concept Activatable = requires(T& adapter, void (*handler)(error_code)) {
    adapter.async_active(true, handler);
    adapter.get_executor();
    adapter.last_message();
};

/// An io_context whose time is moved by hand, and an air. What lives on it waits for no clock, and
/// the same seed and the same calls give the same events, addresses and times.
///
/// * Each `BLE` on it that opens `virtual:` or `virtual:ADDRESS` gets a controller on this air. Air
///   and time of other simulations, on other threads too, and of the real world are others.
/// * Time passes in `run_for` and `run_until` only: all that is due happens, in the order of time,
///   and until the next deadline time is skipped.
/// * `bluetooth::Timer` (bluetooth/timer.hpp) follows the simulation. Asio's own timers follow the
///   real clock, and so do sockets: what waits for these is not waited for.
/// * It is used by one thread, and destroyed after whatever lives on it.
class Simulation {
public:
    /// So many handlers may run at one instant of time.
    static constexpr std::size_t default_handler_limit = 1'000'000;

    explicit Simulation(std::uint64_t seed = 1, const AirModel& model = {});
    Simulation(const Simulation&) = delete;
    Simulation& operator=(const Simulation&) = delete;

    /// Where the objects under test belong. Nobody else may run the context; `stop` ends a run
    /// early.
    asio::any_io_executor executor() { return context_.get_executor(); }
    asio::io_context& context() { return context_; }

    /// Brings `BLE` objects up, one after the other, which takes no simulated time with `virtual:`.
    /// Throws `system_error` with the first failure, and `std::invalid_argument` for one that lives
    /// on another execution context.
    template <Activatable... Adapters> void activate(Adapters&... adapters) {
        (check_home(adapters.get_executor()), ...);
        (finish(start(adapters), adapters), ...);
    }

    Time now() const { return world_.now(); }
    /// Lets `duration` pass, and all happen that falls into it. Also throws what a handler throws,
    /// and `std::runtime_error` when handlers run without an end and time cannot go on.
    void run_for(Duration duration);
    /// As `run_for`, until `condition()` is true, which is asked after each handler; returns
    /// whether it is.
    [[nodiscard]] bool run_until(const std::function<bool()>& condition,
                                 Duration limit = std::chrono::minutes{1});
    /// Lets everything happen that takes no time.
    void poll() { run_for(Duration::zero()); }
    /// As `run_until` the result is there, and returns or throws it: for operations and coroutines
    /// that were begun with `asio::use_future`. Throws `system_error` (`errc::timed_out`) when it
    /// has not come by `limit`.
    template <class T> T get(std::future<T> result, Duration limit = std::chrono::minutes{1}) {
        const auto ready = [&] {
            return result.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
        };
        if (!run_until(ready, limit))
            throw system_error{make_error(errc::timed_out), "Simulation::get"};
        return result.get();
    }
    /// Allows another number of handlers at one instant: for tests that move very much data.
    void limit_handlers(std::size_t count) { handler_limit_ = count; }

    /// A name for controllers of this kind: each `BLE` that opens it gets one of its own. With
    /// `profile.public_address` it is one for a single `BLE`.
    std::string transport(Profile profile);

    /// Takes the controller with this public address out of everybody's reach, as if it was carried
    /// away, and back. Throws `std::invalid_argument` when there is none.
    void vanish(const Address& public_address);
    void reappear(const Address& public_address);
    /// The air itself. Its time must not be moved, and what `BLE` objects use not be removed.
    Air& air() { return driver_->air(); }

private:
    using Outcome = std::shared_ptr<std::optional<error_code>>;

    // Shared, since a handler outlives the call when an exception ends that.
    template <class Adapter> static Outcome start(Adapter& adapter) {
        auto outcome = std::make_shared<std::optional<error_code>>();
        adapter.async_active(true, [outcome](error_code error) { *outcome = error; });
        return outcome;
    }
    template <class Adapter> void finish(const Outcome& outcome, Adapter& adapter) {
        const bool done = run_until([&] { return outcome->has_value(); });
        const error_code error = done ? **outcome : make_error(errc::timed_out);
        if (error) throw system_error{error, adapter.last_message()};
    }
    void check_home(const asio::any_io_executor& executor);
    /// Runs what is ready, in one instant of time.
    bool settle(const std::function<bool()>& condition);
    Controller& find(const Address& public_address);

    asio::io_context context_;
    transport::SimulatedWorld& world_;
    std::shared_ptr<AirDriver> driver_;
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::size_t handler_limit_ = default_handler_limit;
    bool running_ = false;
};

}  // namespace bluetooth::virtual_controller
