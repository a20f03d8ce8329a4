// SPDX-License-Identifier: MIT
//
// Private: hands events to the application's handler, serially and never inside another handler.
#pragma once

#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <utility>

#include "base/log.hpp"
#include "bluetooth/events.hpp"

namespace bluetooth {

class EventDelivery {
public:
    using Handler = std::function<void(const Event&)>;

    /// Takes effect after the running handler has returned.
    void set_handler(Handler handler) {
        if (delivering_) {
            next_handler_ = std::move(handler);
            handler_changed_ = true;
        } else {
            handler_ = std::move(handler);
        }
    }
    bool has_handler() const {
        return static_cast<bool>(handler_changed_ ? next_handler_ : handler_);
    }
    bool delivering() const { return delivering_; }
    /// Whether the last call of the handler ended by an exception.
    bool handler_failed() const { return handler_failed_; }

    /// Calls the handler with `event`, and `afterwards` behind it. Inside a handler both wait until
    /// that handler has returned, but come before what was waiting already: what a handler causes
    /// is carried out before the rest of what it interrupted.
    template <class After> void deliver(Event event, After&& afterwards) {
        if (delivering_) {
            waiting_.insert(waiting_.begin() + static_cast<std::ptrdiff_t>(caused_++),
                            {std::move(event), std::forward<After>(afterwards)});
            return;
        }
        delivering_ = true;
        call(event);
        afterwards();
        while (!waiting_.empty()) {
            Waiting next = std::move(waiting_.front());
            waiting_.pop_front();
            call(next.event);
            next.afterwards();
        }
        delivering_ = false;
    }
    void deliver(Event event) {
        deliver(std::move(event), [] {});
    }

    /// Forgets what waits.
    void discard() {
        waiting_.clear();
        caused_ = 0;
    }

private:
    struct Waiting {
        Event event;
        std::function<void()> afterwards;
    };

    void call(const Event& event) {
        caused_ = 0;
        handler_failed_ = true;
        try {
            if (handler_) handler_(event);
            handler_failed_ = false;
        } catch (const std::exception& failure) {
            log::error("ble", "exception in the irq handler, event ", code_of(event), ": ",
                       failure.what());
        } catch (...) {
            log::error("ble", "exception in the irq handler, event ", code_of(event));
        }
        if (std::exchange(handler_changed_, false)) handler_ = std::exchange(next_handler_, {});
    }

    Handler handler_;
    Handler next_handler_;
    bool handler_changed_ = false;
    bool delivering_ = false;
    bool handler_failed_ = false;
    std::deque<Waiting> waiting_;
    std::size_t caused_ = 0;  // how many in front the running handler has caused
};

}  // namespace bluetooth
