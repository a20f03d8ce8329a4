// SPDX-License-Identifier: MIT
#include "base/connection_parameters.hpp"
#include "base/log.hpp"
#include "bluetooth/host_turn.hpp"
#include "hci/commands.hpp"

namespace bluetooth {

// ---- actions of the GAP cores

void Host::execute(gap::SendCommand& action) {
    Command purpose = Command::other;
    switch (action.sender) {
    case gap::Sender::advertiser: purpose = Command::advertise; break;
    case gap::Sender::scanner: purpose = Command::scan; break;
    case gap::Sender::connector: purpose = Command::connect; break;
    case gap::Sender::privacy: break;
    }
    if (!submit(action.command, purpose)) return;
    // The core waits for an answer: that it could not be sent is one.
    hci::CommandDone refused{static_cast<hci::Tag>(purpose),
                             action.command.opcode,
                             hci::Status::memory_capacity_exceeded,
                             {}};
    execute(refused);
}
void Host::execute(gap::AdvertisingFailed& action) {
    delivery_.deliver(CommandFailed{"gap_advertise", action.error});
}
void Host::execute(gap::ScanResult& action) {
    if (!scanner_.reporting()) return;
    delivery_.deliver(ScanResult{action.address_type, action.address,
                                 static_cast<std::uint8_t>(action.event_type), action.rssi,
                                 action.data});
}
void Host::execute(gap::ScanDone& action) { delivery_.deliver(ScanDone{action.error}); }
void Host::execute(gap::Connected& action) {
    open_connection(action.handle, hci::Role::central, action.peer_type, action.peer,
                    action.interval, action.latency, action.supervision_timeout);
}
void Host::execute(gap::ConnectFailed& action) {
    delivery_.deliver(
        PeripheralDisconnect{no_connection, AddressType::unknown, Address{}, action.error});
}
void Host::execute(gap::StrayConnection& action) {
    log::warn("host", "closing connection ", to_string(action.handle),
              ", which nobody waits for any more");
    (void)submit(hci::Disconnect{action.handle, hci::Status::remote_user_terminated_connection},
                 Command::disconnect, action.handle);
}
void Host::execute(gap::HoldAddresses& action) {
    with_gap([&](gap::Context context) {
        advertiser_.hold(context, action.held);
        scanner_.hold(context, action.held);
        connector_.hold(context, action.held);
    });
}
void Host::execute(gap::OwnAddressFailed& action) {
    delivery_.deliver(CommandFailed{"config", action.error});
}

// ---- the calls of the application

hci::OwnAddressType Host::own_address_type() const {
    return addr_mode_ == config::addr_mode::public_address ? hci::OwnAddressType::public_device
                                                           : hci::OwnAddressType::random_device;
}

error_code Host::set(config::addr_mode option) {
    if (option > config::addr_mode::non_resolvable_private)
        return make_error(errc::invalid_argument);
    if (const error_code error = check_active()) return error;
    const Turn turn{*this};
    if (option == config::addr_mode::public_address && !init_.info().public_address)
        return make_error(errc::invalid_argument);
    if (option == config::addr_mode::resolvable_private) return make_error(errc::not_supported);
    // The controller takes no other random address while it uses one (Vol 4 Part E 7.8.4).
    if (!advertiser_.idle() || !scanner_.idle() || !connector_.idle())
        return make_error(errc::busy);
    former_address_ = {addr_mode_, random_address_};
    addr_mode_ = option;
    if (option == config::addr_mode::public_address) return {};
    std::array<std::uint8_t, 6> octets = random_.octets<6>();
    if (option == config::addr_mode::random_static)
        return set_random_address(hci::make_static_address(octets));
    octets[5] &= 0x3f;  // Vol 6 Part B 1.3.2.2
    return set_random_address(Address::from_wire(octets));
}

error_code Host::set_random_address(Address address) {
    random_address_ = address;
    return submit(hci::LeSetRandomAddress{address}, Command::address);
}

error_code Host::advertise(std::chrono::microseconds interval, std::optional<Bytes> adv_data,
                           std::optional<Bytes> resp_data, bool connectable) {
    // What is wrong with the arguments is said before anything else.
    using namespace std::chrono_literals;
    if (interval < 20ms || interval > 10240ms ||
        (adv_data && adv_data->size() > gap::Advertiser::max_data) ||
        (resp_data && resp_data->size() > gap::Advertiser::max_data))
        return make_error(errc::invalid_argument);
    if (const error_code error = check_active()) return error;
    if (connectable && connections_.size() == max_connections) return make_error(errc::no_buffers);
    const Turn turn{*this};
    return with_gap([&](gap::Context context) {
        return advertiser_.start(context,
                                 {.interval = interval,
                                  .connectable = connectable,
                                  .own_address_type = own_address_type()},
                                 adv_data, resp_data);
    });
}

void Host::stop_advertising() {
    if (check_active()) return;
    const Turn turn{*this};
    with_gap([&](gap::Context context) { advertiser_.stop(context); });
}

error_code Host::scan(gap::ScanParameters parameters) {
    if (parameters.window > parameters.interval) return make_error(errc::invalid_argument);
    if (const error_code error = check_active()) return error;
    if (connector_.pending()) return make_error(errc::busy);
    const Turn turn{*this};
    parameters.own_address_type = own_address_type();
    return with_gap([&](gap::Context context) { return scanner_.start(context, parameters); });
}

error_code Host::stop_scan() {
    if (const error_code error = check_active()) return error;
    const Turn turn{*this};
    with_gap([&](gap::Context context) { scanner_.stop(context); });
    return {};
}

error_code Host::connect(AddressType type, const Address& address,
                         std::chrono::milliseconds timeout,
                         std::optional<std::chrono::microseconds> min_interval,
                         std::optional<std::chrono::microseconds> max_interval) {
    if (type > AddressType::random_identity) return make_error(errc::invalid_argument);
    const auto parameters = make_connection_parameters(min_interval, max_interval);
    if (!parameters) return parameters.error();
    if (const error_code error = check_active()) return error;
    for (const auto& connection : connections_)
        if (connection->peer_type == type && connection->peer == address)
            return make_error(errc::already_done);
    if (connector_.pending()) return make_error(errc::already_in_progress);
    if (connections_.size() == max_connections) return make_error(errc::no_buffers);
    const Turn turn{*this};
    const std::uint64_t generation = generation_;
    with_gap([&](gap::Context context) { scanner_.stop(context); });
    if (generation != generation_) return make_error(errc::not_active);
    return with_gap([&](gap::Context context) {
        return connector_.connect(context, {.peer_type = type,
                                            .peer = address,
                                            .timeout = timeout,
                                            .parameters = *parameters,
                                            .own_address_type = own_address_type()});
    });
}

error_code Host::cancel_connect() {
    if (const error_code error = check_active()) return error;
    const Turn turn{*this};
    return with_gap([&](gap::Context context) { return connector_.cancel(context); });
}

}  // namespace bluetooth
