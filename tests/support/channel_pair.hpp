// SPDX-License-Identifier: MIT
//
// Two `BLE`s on one io_context with an L2CAP channel between them, each end of it an
// `L2capChannel`. Time on the air is moved by hand: nothing waits for a clock.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "bluetooth/ble.hpp"
#include "bluetooth/l2cap_channel.hpp"
#include "virtual_controller/air_driver.hpp"

namespace bluetooth::test {

class ChannelPair {
public:
    static constexpr Psm psm{0x0080};

    struct End {
        std::optional<BLE> ble;
        ConnectionHandle link = no_connection;
        std::optional<L2capChannel> channel;
        std::optional<L2capDisconnect> ended;  // the last event of the channel
        int stray = 0;                         // events that should have gone to `channel`
    };

    /// Connects the hosts and opens the channel, with the same MTU and options at both ends. Throws
    /// when anything fails.
    explicit ChannelPair(std::uint16_t mtu = 512, const L2capOptions& options = {});
    ChannelPair(const ChannelPair&) = delete;
    ChannelPair& operator=(const ChannelPair&) = delete;

    /// Lets everything happen that needs no time.
    void run();
    /// Runs handlers until `done()`; throws when nothing happens any more.
    template <class Done> void run_until(Done&& done) {
        while (!done()) step();
    }

    asio::io_context context{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE};

private:
    std::shared_ptr<virtual_controller::AirDriver> driver_;
    Time now_{};
    std::uint8_t opened_ = 0;

public:
    End near;  ///< opened the channel
    End far;

private:
    void bring_up(End& end);
    void on_event(End& end, const Event& event);
    void step();
};

}  // namespace bluetooth::test
