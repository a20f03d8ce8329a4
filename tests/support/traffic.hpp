// SPDX-License-Identifier: MIT
//
// Two `BLE`s on one io_context that talk to each other over virtual controllers, to count or to
// measure what an operation costs. Time on the air is moved by hand: nothing waits for a clock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>

#include "bluetooth/ble.hpp"
#include "transport/open.hpp"
#include "virtual_controller/air_driver.hpp"

namespace bluetooth::test {

class Traffic {
public:
    /// How HCI packets travel between host and controller.
    enum class Wire : std::uint8_t {
        memory,       ///< as with "virtual:"
        socket_pair,  ///< as H4 over a unix socket
    };
    enum class Operation : std::uint8_t {
        notify,
        indicate,
        write_command,
        write_request,
        read,
        advertising_report,
    };
    static constexpr std::size_t max_size = 244;  ///< of a value, at the ATT MTU in use

    /// Brings both hosts up, connects them and exchanges the MTU. Throws when anything fails.
    explicit Traffic(Wire wire);
    Traffic(const Traffic&) = delete;
    Traffic& operator=(const Traffic&) = delete;
    ~Traffic();

    /// Carries out `count` operations on a value of `size` octets; returns when the last one has
    /// arrived, or was answered where there is an answer.
    void carry_out(Operation operation, std::size_t count, std::size_t size);

private:
    /// A virtual controller behind one end of a socket pair.
    class Served;

    void open(const asio::any_io_executor& executor, transport::OpenHandler handler);
    void bring_up(BLE& ble);
    void connect();
    void scan(std::size_t count);
    void send();
    void ask();
    void on_central_event(const Event& event);
    void on_peripheral_event(const Event& event);
    void pass_time();
    template <class Done> void run_until(Done&& done);

    asio::io_context context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE};
    std::shared_ptr<virtual_controller::AirDriver> driver_;
    Time now_{};
    Wire wire_;
    std::uint8_t opened_ = 0;
    std::list<Served> served_;
    BLE peripheral_;
    BLE central_;
    AttributeHandle value_{};
    ConnectionHandle at_peripheral_ = no_connection;
    ConnectionHandle at_central_ = no_connection;
    std::uint16_t mtu_ = 0;

    Operation operation_{};
    std::array<std::uint8_t, max_size> octets_{};
    std::size_t size_ = 0;
    std::size_t to_start_ = 0;
    std::size_t done_ = 0;
};

}  // namespace bluetooth::test
