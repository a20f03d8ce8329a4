// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <utility>

#include "base/time.hpp"
#include "tools/asioble/program.hpp"
#include "transport/asio.hpp"

namespace bluetooth::tool {

/// The event loop of the program. Subcommands are written in a straight line: they start something
/// and run the loop until it has happened.
class Loop {
public:
    Loop() {
        signals_.async_wait([this](error_code error, int) {
            if (error) return;
            interrupted_ = true;
            signals_.clear();  // a second Ctrl-C ends the program at once
        });
    }

    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    /// Lets what was closed come to its end, such as the last commands to a controller.
    ~Loop() {
        signals_.cancel();
        context_.restart();
        context_.run_for(std::chrono::seconds{1});
    }

    asio::io_context& context() { return context_; }

    /// Runs until `done()` holds, then returns true; false once `limit` has passed. Throws
    /// `Interrupted` upon Ctrl-C, and `Failure` upon `fail`.
    template <class Done> bool run_until(Done&& done, Duration limit = Duration::max()) {
        const Time deadline = limit == Duration::max() ? never : Clock::now() + limit;
        while (!done()) {
            if (interrupted_) throw Interrupted{};
            if (failure_) throw Failure{*failure_};
            if (deadline == never)
                context_.run_one();
            else if (context_.run_one_until(deadline) == 0)
                return false;
        }
        return true;
    }
    void run_for(Duration duration) {
        run_until([] { return false; }, duration);
    }

    /// Ends what runs now with a message; to be called by handlers. The first message counts.
    void fail(std::string message) {
        if (!failure_) failure_ = std::move(message);
    }

private:
    // Everything runs on this thread, so Asio need not lock.
    asio::io_context context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE};
    asio::signal_set signals_{context_, SIGINT, SIGTERM};
    bool interrupted_ = false;
    std::optional<std::string> failure_;
};

}  // namespace bluetooth::tool
