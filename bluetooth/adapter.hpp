// SPDX-License-Identifier: MIT
//
// Private: the one place where a `Host` meets the outer world. It gives the host its clock, its
// timer, its randomness and its transport on an Asio executor, whose context decides whether these
// are the real ones or simulated; and it is itself what pending operations keep alive.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bluetooth/host.hpp"
#include "crypto/random.hpp"
#include "transport/alarm.hpp"
#include "transport/asio.hpp"
#include "transport/handler_slot.hpp"
#include "transport/transport.hpp"

namespace bluetooth {

class Adapter final : public Host::Environment, public std::enable_shared_from_this<Adapter> {
public:
    using Executor = asio::any_io_executor;
    using ActivationHandler = asio::any_completion_handler<void(error_code)>;

    Adapter(Executor executor, std::string_view transport);

    const Executor& executor() const { return executor_; }
    const std::string& last_message() const { return message_; }

    /// Opens the transport and brings the host up.
    void activate(ActivationHandler handler);
    /// Ends everything at once; an activation in progress ends with `operation_aborted`. `handler`
    /// (if any) is told when the controller was left clean and the transport is closed.
    void deactivate(ActivationHandler handler = {});
    bool activating() const { return activating_; }
    /// Calls `handler` with `error`, from its executor's loop and not from inside this call.
    void post_result(ActivationHandler handler, error_code error);

    // Host::Environment
    Time now() override;
    std::chrono::system_clock::time_point wall_clock() override;
    void wake_at(Time when) override;
    void run_soon() override;
    SecretStore& secret_store(const std::optional<Address>& public_address,
                              const std::string& file) override;
    void on_started(error_code error, std::string_view message) override;
    void on_closed() override;

private:
    void opened(std::uint64_t attempt, error_code error, std::string message,
                std::unique_ptr<transport::Transport> transport);
    void open();
    void finish_activation(error_code error);
    void on_alarm() { host.on_timer(); }
    void on_soon();

    Executor executor_;
    std::string transport_name_;
    std::string message_;
    std::unique_ptr<crypto::RandomSource> random_;
    std::unique_ptr<SecretStore> secrets_;
    std::string secrets_path_;  // empty: in memory

    transport::Alarm alarm_;
    bool soon_ = false;
    transport::HandlerSlot soon_slot_;

    bool activating_ = false;
    std::uint64_t attempt_ = 0;  // tells a late opening from the present one
    ActivationHandler handler_;
    std::vector<ActivationHandler> closing_handlers_;

public:
    Host host;  // declared last: it refers to what stands above
};

}  // namespace bluetooth
