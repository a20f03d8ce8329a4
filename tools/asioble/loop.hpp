// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <utility>

#include "base/error.hpp"
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
            stop();
            // A second Ctrl-C ends the program at once; a broken pipe must not, before the
            // controller was left clean.
            signals_.remove(SIGINT);
            signals_.remove(SIGTERM);
        });
    }

    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    asio::io_context& context() { return context_; }

    /// Runs until `done()` holds, then returns true; false once `limit` has passed. Throws
    /// `Interrupted` upon Ctrl-C, and `Failure` upon `fail` and at the end of `set_limit`.
    template <class Done> bool run_until(Done&& done, Duration limit = Duration::max()) {
        const Time deadline = limit == Duration::max() ? never : Clock::now() + limit;
        const Time next = std::min(deadline, last_);
        for (;;) {
            check();
            if (done()) return true;
            context_.restart();
            if (next == never)
                context_.run_one();
            else if (context_.run_one_until(next) == 0 && Clock::now() >= next) {
                if (next == last_) throw Failure{"this took too long, so it was given up"};
                return false;
            }
        }
    }
    /// Runs until a handler calls `stop`, without looking up in between.
    void run() {
        check();
        context_.restart();
        context_.run();
        check();
    }
    void stop() { context_.stop(); }

    /// Runs on until `done()` holds, whatever has happened; for cleaning up. Gives up in the end.
    template <class Done> void finish(Done&& done) {
        const Time deadline = Clock::now() + std::chrono::seconds{1};
        while (!done() && Clock::now() < deadline) {
            context_.restart();
            context_.run_one_until(deadline);
        }
    }

    /// Gives the whole program so much time from now on.
    void set_limit(Duration limit) { last_ = Clock::now() + limit; }

    /// Ends what runs now with a message; to be called by handlers. The first message counts.
    void fail(std::string message) {
        if (!failure_) failure_ = std::move(message);
        stop();
    }

private:
    void check() const {
        if (interrupted_) throw Interrupted{};
        if (failure_) throw Failure{*failure_};
    }

    // Everything runs on this thread, so Asio need not lock.
    asio::io_context context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE};
    // SIGPIPE: the reader of our output has gone, as with `| head`.
    asio::signal_set signals_{context_, SIGINT, SIGTERM, SIGPIPE};
    Time last_ = never;
    bool interrupted_ = false;
    std::optional<std::string> failure_;
};

}  // namespace bluetooth::tool
