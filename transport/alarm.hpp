// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "base/error.hpp"
#include "base/time.hpp"
#include "transport/asio.hpp"
#include "transport/handler_slot.hpp"
#include "transport/simulated_world.hpp"

namespace bluetooth::transport {

/// The clocks of an executor's context, and one alarm on them: the real ones, or those of a
/// `SimulatedWorld`. Waiting allocates nothing, and an alarm is armed anew only for an earlier
/// time, so whoever moves a deadline with each packet pays for none of that.
///
/// A member of the object that it wakes.
class Alarm final : public SimulatedWorld::Sleeper {
public:
    explicit Alarm(const asio::any_io_executor& executor);

    /// Has `function` called at `when`, from the executor's loop; keeps `owner`, of which this is a
    /// member, alive until then. Without effect when the alarm is set to an earlier time already:
    /// the owner asks again when it has been woken. Always the same function.
    template <class Owner> void wake_at(Time when, Owner& owner, void (Owner::*function)()) {
        if (when >= when_ || !set(when)) return;
        waiting_ = true;
        wait(Handler<Owner>{owner.shared_from_this(), this, function});
    }
    void cancel();

private:
    template <class Owner> struct Handler {
        using allocator_type = SlotAllocator<void>;
        std::shared_ptr<Owner> owner;
        Alarm* alarm;
        void (Owner::*function)();

        allocator_type get_allocator() const { return allocator_type{alarm->slot_}; }
        void operator()(const error_code& error) {
            switch (alarm->ended(error)) {
            case Outcome::rung: return ((*owner).*function)();
            case Outcome::moved: return alarm->wait(std::move(*this));
            case Outcome::cancelled: return;
            }
        }
    };
    enum class Outcome : std::uint8_t { rung, moved, cancelled };

    /// To an earlier time than before. Whether a wait has to be begun.
    bool set(Time when);
    template <class Waiter> void wait(Waiter&& waiter) {
        timer_.async_wait(std::forward<Waiter>(waiter));
    }
    Outcome ended(const error_code& error);
    void ring() override;

    // In a simulated world it expires never, and rings by being cancelled: so both worlds have the
    // same waits.
    asio::steady_timer timer_;
    Time when_ = never;
    bool waiting_ = false;
    bool due_ = false;
    HandlerSlot slot_;
};

}  // namespace bluetooth::transport
