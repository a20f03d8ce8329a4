// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "base/buffer.hpp"
#include "transport/snoop.hpp"
#include "transport/transport.hpp"
#include "virtual_controller/air_driver.hpp"

namespace bluetooth::tool {

/// One virtual controller and the host that is connected to it. Whatever the host does costs a
/// bounded amount of memory, and of time before others have their turn.
class ServedController final : public transport::Receiver,
                               public virtual_controller::AirDriver::Port {
public:
    /// `on_gone` is called when the host has left; it must not destroy this at once.
    ServedController(std::shared_ptr<virtual_controller::AirDriver> driver,
                     const virtual_controller::Profile& profile,
                     std::unique_ptr<transport::Transport> host,
                     std::optional<transport::SnoopWriter> snoop, std::function<void()> on_gone);
    ServedController(const ServedController&) = delete;
    ServedController& operator=(const ServedController&) = delete;
    ~ServedController();

    const Address& address() const { return controller_.public_address(); }
    const virtual_controller::Counters& counters() const { return controller_.counters(); }

    // transport::Receiver
    void on_packet(transport::PacketType type, Bytes packet) override;
    void on_batch_end() override;
    void on_sync_lost(Bytes offending) override;
    void on_lost(error_code, std::string_view) override { on_gone_(); }
    void on_writable() override { driver_->wake(controller_); }

    // AirDriver::Port
    void on_output() override;

private:
    std::size_t queue_pending();

    /// The longest packet of a controller: ACL data, the most a profile can have.
    static constexpr std::size_t longest_packet = 5 + 1024;

    BufferPool buffers_{64, longest_packet};  // outlives the transport, which holds its buffers
    std::shared_ptr<virtual_controller::AirDriver> driver_;
    std::unique_ptr<transport::Transport> host_;
    std::optional<transport::SnoopWriter> snoop_;
    std::function<void()> on_gone_;
    std::array<std::uint8_t, 1 + 4096> packet_{};  // the framer drops what is longer
    std::size_t taken_in_turn_ = 0;
    virtual_controller::Controller& controller_;
};

}  // namespace bluetooth::tool
