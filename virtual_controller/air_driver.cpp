// SPDX-License-Identifier: MIT
#include "virtual_controller/air_driver.hpp"

#include <algorithm>
#include <utility>

namespace bluetooth::virtual_controller {

// Where the process was held up for longer than this (a debugger, SIGSTOP), time in the air stood
// still: no link dies of it, and no hours of advertising have to be caught up on.
constexpr Duration longest_stall = std::chrono::seconds{1};

/// A turn as a handler in the driver's own memory, which keeps the driver alive.
struct AirDriver::Turn {
    using allocator_type = transport::SlotAllocator<void>;
    std::shared_ptr<AirDriver> driver;

    allocator_type get_allocator() const { return allocator_type{driver->post_slot_}; }
    void operator()() const { driver->on_posted(); }
};

std::shared_ptr<AirDriver> AirDriver::create(asio::any_io_executor executor, std::uint64_t seed,
                                             Pace pace, const AirModel& model) {
    return std::shared_ptr<AirDriver>(new AirDriver(std::move(executor), seed, pace, model));
}

AirDriver::AirDriver(asio::any_io_executor executor, std::uint64_t seed, Pace pace,
                     const AirModel& model)
    : executor_(std::move(executor)),
      air_(seed, model),
      pace_(pace),
      alarm_(executor_),
      now_(pace == Pace::real_time ? alarm_.now() : Time{}) {
    air_.advance(now_);
}

Controller& AirDriver::attach(const Profile& profile, Port& port) {
    Controller& controller = air_.add(profile);
    if (attachments_.size() <= controller.index()) attachments_.resize(controller.index() + 1);
    attachments_[controller.index()] = {&port};
    ++attached_;
    return controller;
}

void AirDriver::detach(Controller& controller) {
    attachments_[controller.index()] = {};
    std::replace(batch_.begin(), batch_.end(), &controller, static_cast<Controller*>(nullptr));
    std::erase(woken_, &controller);
    air_.advance(read_clock());
    air_.remove(controller);
    if (--attached_ == 0)
        alarm_.cancel();
    else
        schedule();
}

void AirDriver::receive(Controller& controller, Bytes h4_packet) {
    controller.receive(read_clock(), h4_packet);
    schedule();
}

void AirDriver::consume(Controller& controller, std::size_t count) {
    controller.consume(count);
    schedule();
}

void AirDriver::wake(Controller& controller) {
    if (!std::exchange(attachments_[controller.index()].woken, true)) woken_.push_back(&controller);
    schedule();
}

void AirDriver::vanish(Controller& controller) {
    air_.advance(read_clock());
    air_.vanish(controller);
    schedule();
}

void AirDriver::reappear(Controller& controller) {
    air_.advance(read_clock());
    air_.reappear(controller);
    schedule();
}

void AirDriver::advance_to(Time now) {
    now_ = std::max(now_, now);
    air_.advance(now_);
    schedule();
}

Time AirDriver::read_clock() {
    // Within a turn time stands still: one look at the clock per turn.
    if (pace_ == Pace::by_hand || !batch_.empty()) return now_;
    const Time clock = alarm_.now();
    const Time expected = std::max(now_, air_.next_deadline());
    if (expected != never && clock - stalled_ > expected + longest_stall)
        stalled_ = clock - expected - longest_stall;
    return now_ = clock - stalled_;
}

void AirDriver::schedule() {
    if (turn_pending_) return;
    turn_pending_ = true;
    transport::post_in_slot(executor_, Turn{shared_from_this()});
}

void AirDriver::on_posted() {
    turn_pending_ = false;
    turn();
}

void AirDriver::turn() {
    if (attached_ == 0) return;
    air_.advance(read_clock());
    // Only those that are ready now: what their hosts answer is for the next turn, else two busy
    // hosts would keep everybody else waiting.
    std::swap(batch_, woken_);
    while (Controller* controller = air_.take_ready()) {
        // A peer that was added to the air itself has no port, and nobody to read its queue.
        const std::size_t index = controller->index();
        if (index >= attachments_.size() || attachments_[index].port == nullptr) continue;
        if (!attachments_[index].woken) batch_.push_back(controller);
    }
    for (const Controller* controller : batch_) attachments_[controller->index()].woken = false;
    for (std::size_t i = 0; i < batch_.size(); ++i)
        if (batch_[i] != nullptr) attachments_[batch_[i]->index()].port->on_output();
    batch_.clear();
    arm_timer();
}

void AirDriver::arm_timer() {
    const Time deadline = air_.next_deadline();
    if (attached_ == 0 || pace_ == Pace::by_hand || deadline == never) return;
    alarm_.wake_at(deadline + stalled_, *this, &AirDriver::turn);
}

}  // namespace bluetooth::virtual_controller
