// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "bluetooth/ble.hpp"
#include "tools/asioble/loop.hpp"
#include "tools/asioble/program.hpp"

namespace bluetooth::tool {

/// The adapter that a subcommand works with. Leaves the controller clean when it goes. The loop
/// must live longer: its end waits for that.
class Device {
public:
    /// Fails with the known transports when neither the options nor the environment name one.
    Device(Loop& loop, const Options& options);
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;
    ~Device();

    /// Brings the adapter up; fails with the reason and the remedy.
    void activate();
    /// Has `handler` called with every event. What ends all work, such as the loss of the adapter,
    /// fails the loop by itself.
    void on_event(std::function<void(const Event&)> handler);

    BLE& ble() { return ble_; }
    BLE* operator->() { return &ble_; }

private:
    Loop& loop_;
    BLE ble_;
};

/// What makes it pointless to go on after an event; empty for all others.
std::string fatal_message(const Event& event);

}  // namespace bluetooth::tool
