// SPDX-License-Identifier: MIT
#include "bluetooth/adapter.hpp"

#include <cstdlib>
#include <utility>

#include "bluetooth/bonds_path.hpp"
#include "bluetooth/file_secret_store.hpp"
#include "bluetooth/secret_table.hpp"
#include "transport/open.hpp"
#include "transport/simulated_world.hpp"
#include "virtual_controller/virtual_transport.hpp"

namespace bluetooth {
namespace {

/// A handler whose operation lives in a slot of the adapter, which it keeps alive.
struct SlotHandler {
    using allocator_type = transport::SlotAllocator<void>;

    std::shared_ptr<Adapter> adapter;
    transport::HandlerSlot* slot;
    void (Adapter::*function)();

    allocator_type get_allocator() const { return allocator_type{*slot}; }
    void operator()() const { ((*adapter).*function)(); }
};

std::string transport_or_environment(std::string_view name) {
    if (!name.empty()) return std::string{name};
    const char* from_environment = std::getenv("ASIOBLE_TRANSPORT");
    return from_environment == nullptr ? std::string{} : std::string{from_environment};
}

std::unique_ptr<crypto::RandomSource> randomness_of(const asio::any_io_executor& executor) {
    if (auto* const world = transport::SimulatedWorld::of(executor))
        return std::make_unique<crypto::SeededRandom>(world->next_seed());
    return std::make_unique<crypto::SystemRandom>();
}

}  // namespace

Adapter::Adapter(Executor executor, std::string_view transport)
    : executor_(std::move(executor)),
      transport_name_(transport_or_environment(transport)),
      random_(randomness_of(executor_)),
      alarm_(executor_),
      host(*this, *random_) {
    virtual_controller::register_virtual_transport();
}

void Adapter::activate(ActivationHandler handler) {
    activating_ = true;
    handler_.swap(handler);  // not assigned: in Boost 1.81 that recurses without end
    message_.clear();
    if (!host.closing()) open();  // else `on_closed` does
}

void Adapter::open() {
    transport::async_open(
        executor_, transport_name_,
        [self = shared_from_this(), attempt = ++attempt_](
            error_code error, std::string message, std::unique_ptr<transport::Transport> opened) {
            self->opened(attempt, error, std::move(message), std::move(opened));
        });
}

void Adapter::opened(std::uint64_t attempt, error_code error, std::string message,
                     std::unique_ptr<transport::Transport> transport) {
    if (attempt != attempt_ || !activating_) return;  // given up meanwhile
    if (error) {
        message_ = std::move(message);
        finish_activation(error);
        return;
    }
    host.start(std::move(transport));
}

void Adapter::on_started(error_code error, std::string_view message) {
    message_ = message;
    finish_activation(error);
}

void Adapter::finish_activation(error_code error) {
    activating_ = false;
    ++attempt_;
    post_result(std::exchange(handler_, nullptr), error);
}

void Adapter::post_result(ActivationHandler handler, error_code error) {
    if (!handler) return;
    asio::post(executor_,
               [self = shared_from_this(), handler = std::move(handler), error]() mutable {
                   const auto executor = asio::get_associated_executor(handler, self->executor_);
                   asio::dispatch(executor, [handler = std::move(handler), error]() mutable {
                       std::move(handler)(error);
                   });
               });
}

void Adapter::deactivate(ActivationHandler handler) {
    if (activating_) finish_activation(asio::error::operation_aborted);
    closing_handlers_.push_back(std::move(handler));
    host.stop();
    if (!host.closing()) on_closed();
}

void Adapter::on_closed() {
    alarm_.cancel();
    for (ActivationHandler& handler : std::exchange(closing_handlers_, {}))
        post_result(std::move(handler), {});
    if (activating_ && !host.active()) open();
}

/// The bonds of adapters that exist in this process only go with them.
SecretStore& Adapter::secret_store(const std::optional<Address>& public_address,
                                   const std::string& file) {
    const bool transient = transport::SimulatedWorld::of(executor_) != nullptr ||
                           transport_name_.starts_with("virtual:");
    std::string path = file;
    if (path.empty() && !transient)
        path =
            bonds_path(public_address ? bonds_name(*public_address) : bonds_name(transport_name_));
    if (secrets_ && path == secrets_path_) return *secrets_;
    secrets_path_ = path;
    if (path.empty() && transient)
        secrets_ = std::make_unique<MemorySecretStore>();
    else
        secrets_ = std::make_unique<FileSecretStore>(path);
    return *secrets_;
}

std::chrono::system_clock::time_point Adapter::wall_clock() { return alarm_.wall_clock(); }
Time Adapter::now() { return alarm_.now(); }

void Adapter::wake_at(Time when) { alarm_.wake_at(when, *this, &Adapter::on_alarm); }

void Adapter::run_soon() {
    if (std::exchange(soon_, true)) return;
    transport::post_in_slot(executor_,
                            SlotHandler{shared_from_this(), &soon_slot_, &Adapter::on_soon});
}

void Adapter::on_soon() {
    soon_ = false;
    host.on_run_soon();
}

}  // namespace bluetooth
