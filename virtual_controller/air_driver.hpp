// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "transport/alarm.hpp"
#include "transport/handler_slot.hpp"
#include "transport/open.hpp"
#include "virtual_controller/air.hpp"
#include "virtual_controller/controller.hpp"

namespace bluetooth::virtual_controller {

/// Runs an air on an executor: gives it the time, wakes for its deadlines, and tells each
/// controller's port when there is something for its host. It works in turns: all that hosts sent
/// up to a turn is carried in it, and then the ports are called, never from inside a call to the
/// driver. Waiting allocates nothing.
///
/// All calls come from the executor's one thread. A driver without controllers lets its executor
/// run out of work.
class AirDriver : public std::enable_shared_from_this<AirDriver> {
public:
    /// With the clock of the executor's context; or by hand, where time stands still but for
    /// `advance_to`.
    enum class Pace : std::uint8_t { real_time, by_hand };

    /// What stands between a controller and its host.
    class Port {
    public:
        /// `pending` of its controller has something new. May call anything of the driver, and
        /// detach itself or others.
        virtual void on_output() = 0;

    protected:
        ~Port() = default;
    };

    static std::shared_ptr<AirDriver> create(asio::any_io_executor executor, std::uint64_t seed,
                                             Pace pace = Pace::real_time,
                                             const AirModel& model = {});

    /// Brings a controller into the air. `port` must live until `detach`.
    Controller& attach(const Profile& profile, Port& port);
    /// Takes a controller out of the air, and forgets its port.
    void detach(Controller& controller);

    /// One H4 packet of the controller's host.
    void receive(Controller& controller, Bytes h4_packet);
    /// The host has taken the first octets of `pending`.
    void consume(Controller& controller, std::size_t count);
    /// Has the controller's port called in the next turn, whether or not there is something new.
    void wake(Controller& controller);

    /// As in `Air`.
    void vanish(Controller& controller);
    void reappear(Controller& controller);

    /// By hand: lets time pass. What happens comes to the ports in the next turn.
    void advance_to(Time now);

    /// To find a controller, or to add one without a port, whose host calls `receive`. Those of
    /// ports must not be removed behind the driver's back.
    Air& air() { return air_; }
    const asio::any_io_executor& executor() const { return executor_; }

private:
    struct Turn;

    AirDriver(asio::any_io_executor executor, std::uint64_t seed, Pace pace, const AirModel& model);
    Time read_clock();
    void schedule();
    void on_posted();
    void turn();
    void arm_timer();

    asio::any_io_executor executor_;
    Air air_;
    Pace pace_;
    transport::Alarm alarm_;
    Time now_;            // of the air
    Duration stalled_{};  // how far the air's time is behind the clock
    bool turn_pending_ = false;
    std::size_t attached_ = 0;
    struct Attachment {
        Port* port = nullptr;
        bool woken = false;  // is in `woken_`: once, however often it was woken
    };
    std::vector<Attachment> attachments_;  // by the controller's index
    std::vector<Controller*> woken_;
    std::vector<Controller*> batch_;  // whose ports are being called; null where one was detached
    transport::HandlerSlot post_slot_;
};

}  // namespace bluetooth::virtual_controller
