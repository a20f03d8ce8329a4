// SPDX-License-Identifier: MIT
#include "virtual_controller/simulation.hpp"

#include <algorithm>

#include "virtual_controller/virtual_transport.hpp"

namespace bluetooth::virtual_controller {
namespace {

transport::SimulatedWorld& make_world(asio::io_context& context, std::uint64_t seed) {
    register_virtual_transport();
    return asio::make_service<transport::SimulatedWorld>(context, seed);
}

/// Says so when a run is begun inside a run: its handlers would run inside another handler.
class Running {
public:
    explicit Running(bool& running) : running_(running) {
        if (std::exchange(running_, true))
            throw std::logic_error{"Simulation: time cannot be moved inside a handler"};
    }
    ~Running() { running_ = false; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

private:
    bool& running_;
};

}  // namespace

Simulation::Simulation(std::uint64_t seed, const AirModel& model)
    : world_(make_world(context_, seed)),
      driver_(AirDriver::create(context_.get_executor(), seed, AirDriver::Pace::real_time, model)),
      work_(asio::make_work_guard(context_)) {
    asio::use_service<OwnAir>(context_).driver = driver_;
}

void Simulation::run_for(Duration duration) {
    (void)run_until([] { return false; }, duration);
}

bool Simulation::run_until(const std::function<bool()>& condition, Duration limit) {
    const Running running{running_};
    limit = std::max(limit, Duration::zero());
    const Time end = limit < never - now() ? now() + limit : never;
    context_.restart();
    while (true) {
        if (settle(condition)) return true;
        const Time next = world_.next_alarm();
        if (next > end || next == never || context_.stopped()) break;
        world_.advance_to(next);
    }
    if (!context_.stopped() && end != never) world_.advance_to(end);
    return false;
}

bool Simulation::settle(const std::function<bool()>& condition) {
    std::size_t count = 0;
    do {
        if (condition()) return true;
        if (count++ == handler_limit_)
            throw std::runtime_error{
                "Simulation: " + std::to_string(handler_limit_) +
                " handlers have run at one instant, and there are more: two objects that answer "
                "each other for ever? (If it is only much data: limit_handlers.)"};
    } while (context_.poll_one() > 0);
    return false;
}

void Simulation::check_home(const asio::any_io_executor& executor) {
    if (&asio::query(executor, asio::execution::context) != &context_)
        throw std::invalid_argument{
            "Simulation: this object lives on another execution context; make it with "
            "simulation.executor()"};
}

std::string Simulation::transport(Profile profile) {
    auto& profiles = asio::use_service<OwnAir>(context_).profiles;
    std::string name = "profile-" + std::to_string(profiles.size() + 1);
    profiles.emplace(name, std::move(profile));
    return "virtual:" + name;
}

Controller& Simulation::find(const Address& public_address) {
    // The zeros of a controller without an address are no name for it.
    Controller* const controller = public_address.is_zero() ? nullptr : air().find(public_address);
    if (controller == nullptr)
        throw std::invalid_argument{"Simulation: no controller here has the public address " +
                                    to_string(public_address)};
    return *controller;
}

void Simulation::vanish(const Address& public_address) { driver_->vanish(find(public_address)); }
void Simulation::reappear(const Address& public_address) {
    driver_->reappear(find(public_address));
}

}  // namespace bluetooth::virtual_controller
