// SPDX-License-Identifier: MIT
#include "tools/asioble/device.hpp"

#include <cstdlib>
#include <memory>
#include <utility>

#include "transport/open.hpp"

namespace bluetooth::tool {
namespace {

const std::string& checked_transport(const Options& options) {
    const char* const from_environment = std::getenv("ASIOBLE_TRANSPORT");
    if (options.transport.empty() && (from_environment == nullptr || *from_environment == '\0'))
        throw Failure{
            "which controller? Name one with -t NAME or in the environment variable "
            "ASIOBLE_TRANSPORT:\n" +
                transport::known_names(),
            exit_usage};
    return options.transport;
}

}  // namespace

Device::Device(Loop& loop, const Options& options)
    : loop_(loop), ble_(loop.context().get_executor(), checked_transport(options)) {
    if (!options.snoop.empty()) ble_.snoop(options.snoop);
    on_event({});
}

Device::~Device() {
    ble_.irq({});
    const auto closed = std::make_shared<bool>(false);
    ble_.async_active(false, [closed](error_code) { *closed = true; });
    loop_.finish([&closed] { return *closed; });
}

void Device::activate() {
    std::optional<error_code> outcome;
    ble_.async_active(true, [&outcome](error_code error) { outcome = error; });
    loop_.run_until([&] { return outcome.has_value(); });
    if (!*outcome) return;
    const std::string& message = ble_.last_message();
    throw Failure{message.empty() ? outcome->message() : message,
                  *outcome == errc::invalid_argument ? exit_usage : exit_failure};
}

void Device::on_event(std::function<void(const Event&)> handler) {
    ble_.irq([this, handler = std::move(handler)](const Event& event) {
        if (std::string message = fatal_message(event); !message.empty())
            loop_.fail(std::move(message));
        if (handler) handler(event);
    });
}

std::string fatal_message(const Event& event) {
    if (const auto* lost = std::get_if<AdapterLost>(&event))
        return "the controller is gone: " +
               (lost->message.empty() ? lost->cause.message() : std::string{lost->message});
    if (const auto* restarted = std::get_if<ControllerRestarted>(&event))
        return "the controller failed and was restarted: " + restarted->cause.message() +
               "; everything on it has ended, please start again";
    if (const auto* failed = std::get_if<CommandFailed>(&event))
        return std::string{failed->what} + ": the controller refused: " + failed->error.message();
    return {};
}

}  // namespace bluetooth::tool
