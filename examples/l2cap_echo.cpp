// SPDX-License-Identifier: MIT
//
// An echo over an L2CAP channel, which is an Asio stream: a peripheral and a central in one
// process, on the virtual controller, each talking from a coroutine.
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <iostream>
#include <string>

#include "bluetooth/advertising_data.hpp"
#include "bluetooth/ble.hpp"
#include "bluetooth/l2cap_channel.hpp"

namespace asio = boost::asio;
using namespace bluetooth;
using namespace std::chrono_literals;

namespace {

constexpr Psm psm{0x0080};
constexpr std::uint16_t mtu = 512;

asio::awaitable<void> echo(L2capChannel channel) {
    std::array<char, mtu> octets;
    try {
        for (;;) {
            const std::size_t count =
                co_await channel.async_read_some(asio::buffer(octets), asio::use_awaitable);
            co_await asio::async_write(channel, asio::buffer(octets, count), asio::use_awaitable);
        }
    } catch (const system_error& end) {
        std::cout << "the peripheral ends: " << end.code().message() << '\n';
    }
}

asio::awaitable<void> talk(L2capChannel channel, int& status) {
    for (const std::string line : {"hello, world\n", "goodbye\n"}) {
        co_await asio::async_write(channel, asio::buffer(line), asio::use_awaitable);
        std::string answer;
        co_await asio::async_read_until(channel, asio::dynamic_buffer(answer), '\n',
                                        asio::use_awaitable);
        std::cout << "the peripheral echoes: " << answer;
        if (answer != line) co_return;
    }
    status = 0;
}

}  // namespace

int main() {
    asio::io_context loop;
    BLE peripheral{loop.get_executor(), "virtual:"};
    BLE central{loop.get_executor(), "virtual:"};
    const UUID service{0xff10};
    int status = 1;

    peripheral.async_active(true, [&](error_code error) {
        if (error) return;
        peripheral.l2cap_listen(psm, mtu);
        peripheral.gap_advertise(30ms, AdvertisingData{}.flags().services({service}));
        central.async_active(true, [&](error_code failed) {
            if (!failed) central.gap_scan(10s, {.interval = 30ms, .window = 30ms});
        });
    });
    peripheral.irq([&](const Event& event) {
        if (const auto* opened = std::get_if<L2capConnect>(&event))
            asio::co_spawn(loop, echo({peripheral, opened->conn_handle, opened->cid}),
                           asio::detached);
        else if (std::holds_alternative<L2capDisconnect>(event))
            asio::post(loop, [&] { loop.stop(); });  // behind the end of `echo`
    });
    central.irq([&](const Event& event) {
        error_code ignored;
        if (const auto* result = std::get_if<ScanResult>(&event))
            central.gap_connect(result->addr_type, result->addr, {}, ignored);
        else if (const auto* link = std::get_if<PeripheralConnect>(&event))
            central.l2cap_connect(link->conn_handle, psm, mtu);
        else if (const auto* opened = std::get_if<L2capConnect>(&event))
            asio::co_spawn(loop, talk({central, opened->conn_handle, opened->cid}, status),
                           asio::detached);
    });
    loop.run_for(10s);
    return status;
}
