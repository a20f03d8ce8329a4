// SPDX-License-Identifier: MIT
#include "tests/support/channel_pair.hpp"

#include <stdexcept>

#include "transport/open.hpp"
#include "virtual_controller/virtual_transport.hpp"

namespace bluetooth::test {

using namespace std::chrono_literals;
using virtual_controller::AirDriver;

ChannelPair::ChannelPair(std::uint16_t mtu, const L2capOptions& options)
    : driver_(AirDriver::create(context.get_executor(), 1, AirDriver::Pace::by_hand)) {
    transport::register_scheme(
        "channels", "channels:", "a controller of the test",
        [this](const asio::any_io_executor& executor, std::string_view,
               transport::OpenHandler handler) {
            virtual_controller::Profile profile;
            profile.public_address =
                Address::from_display({0x00, 0xaa, 0x01, 0x00, 0x00, ++opened_});
            transport::complete(executor, std::move(handler),
                                virtual_controller::make_virtual_transport(driver_, profile));
        });
    bring_up(near);
    bring_up(far);

    far.ble->gap_advertise(20ms);
    const auto address = far.ble->config<config::mac>();
    near.ble->gap_connect(address.type, address.address);
    run_until([&] {
        driver_->advance_to(now_ += 20ms);
        return near.link != no_connection && far.link != no_connection;
    });

    far.ble->l2cap_listen(psm, mtu, options);
    near.ble->l2cap_connect(near.link, psm, mtu, options);
    run_until([&] { return near.channel && far.channel; });
}

void ChannelPair::bring_up(End& end) {
    end.ble.emplace(context.get_executor(), "channels:");
    end.ble->irq([this, &end](const Event& event) { on_event(end, event); });
    std::optional<error_code> outcome;
    end.ble->async_active(true, [&](error_code error) { outcome = error; });
    run_until([&] { return outcome.has_value(); });
    if (*outcome) throw system_error{*outcome, end.ble->last_message()};
}

void ChannelPair::on_event(End& end, const Event& event) {
    if (const auto* connect = std::get_if<PeripheralConnect>(&event))
        end.link = connect->conn_handle;
    else if (const auto* connected = std::get_if<CentralConnect>(&event))
        end.link = connected->conn_handle;
    else if (const auto* opened = std::get_if<L2capConnect>(&event))
        end.channel.emplace(*end.ble, opened->conn_handle, opened->cid);
    else if (const auto* ended = std::get_if<L2capDisconnect>(&event))
        end.ended = *ended;
    else if (std::holds_alternative<L2capRecv>(event) ||
             std::holds_alternative<L2capSendReady>(event))
        ++end.stray;
}

void ChannelPair::run() {
    context.restart();
    context.poll();
}

void ChannelPair::step() {
    context.restart();
    if (context.poll_one() == 0) throw std::runtime_error{"nothing happens any more"};
}

}  // namespace bluetooth::test
