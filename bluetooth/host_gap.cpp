// SPDX-License-Identifier: MIT
#include "base/connection_parameters.hpp"
#include "base/log.hpp"
#include "bluetooth/host_turn.hpp"
#include "hci/commands.hpp"

namespace bluetooth {

// ---- actions of the GAP cores

void Host::execute(gap::SendCommand& action) {
    Command purpose{};
    switch (action.sender) {
    case gap::Sender::advertiser: purpose = Command::advertise; break;
    case gap::Sender::scanner: purpose = Command::scan; break;
    case gap::Sender::connector: purpose = Command::connect; break;
    case gap::Sender::privacy: purpose = Command::privacy; break;
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
    // The controller has resolved what it can; types 2 and 3 mark identity addresses.
    if (const auto identity = privacy_.resolve(action.address_type, action.address)) {
        action.address_type =
            AddressType{static_cast<std::uint8_t>(static_cast<unsigned>(identity->type) | 2)};
        action.address = identity->address;
    }
    delivery_.deliver(ScanResult{action.address_type, action.address,
                                 static_cast<std::uint8_t>(action.event_type), action.rssi,
                                 action.data});
}
void Host::execute(gap::ScanDone& action) { delivery_.deliver(ScanDone{action.error}); }
void Host::execute(gap::Connected& action) {
    open_connection(action.handle, action.peer_type, action.peer,
                    ends_of(hci::Role::central, action.air_type, action.air_address),
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
    held_ = action.held;
    with_gap([&](gap::Context context) { advertiser_.hold(context, held_); });
    arrange_gap();
}
void Host::execute(gap::OwnAddressFailed& action) {
    addr_mode_ = mode_in_force_;
    local_.identity.address = identity_in_force_;
    delivery_.deliver(CommandFailed{"config", action.error});
}

// ---- addresses

/// After whatever may have changed what the controller does: scanner and connector both scan, never
/// at the same time, and privacy goes on once all that it holds has come to rest.
void Host::arrange_gap() {
    with_gap([&](gap::Context context) {
        scanner_.hold(context, held_ || connector_.scanning());
        connector_.hold(context, held_ || !scanner_.at_rest());
        if (held_ && advertiser_.at_rest() && scanner_.at_rest() && connector_.at_rest())
            privacy_.on_at_rest(context);
    });
}

/// The controller is up, and knows nothing of addresses.
void Host::restore_privacy() {
    const hci::ControllerInfo& info = init_.info();
    with_gap([&](gap::Context context) {
        privacy_.restore(context, {.public_address = info.public_address,
                                   .random_address = info.static_address,
                                   .resolving_list_size = info.resolving_list_size,
                                   .privacy_modes = info.supports<hci::LeSetPrivacyMode>()});
    });
}

/// Those who are known by their keys are told to the connector by the identity that it looks for.
void Host::find_peer(Bytes reports) {
    const auto wanted = identity_of(connector_.request().peer_type, connector_.request().peer);
    for (const hci::AdvertisingReport& report : hci::AdvertisingReports{reports}) {
        if (report.event_type > hci::AdvertisingEventType::adv_direct_ind) continue;
        const auto identity = identity_of(report.address_type, report.address);
        if (!identity || identity != wanted) continue;
        return with_gap([&](gap::Context context) {
            connector_.on_advertiser(context, report.address_type, report.address);
        });
    }
}

/// The two addresses of a link as they were on the air when it was made.
smp::LinkEnds Host::ends_of(hci::Role role, AddressType type, const Address& air) const {
    const AddressType own_type = privacy_.own_address_type() == hci::OwnAddressType::public_device
                                     ? AddressType::public_device
                                     : AddressType::random_device;
    const AddressType kind{static_cast<std::uint8_t>(static_cast<unsigned>(type) & 1)};
    return {role == hci::Role::central ? smp::Role::central : smp::Role::peripheral,
            {own_type, privacy_.own_address()},
            {kind, air}};
}

/// Whose address this is, as far as it is lasting or can be resolved.
std::optional<gap::Identity> Host::identity_of(AddressType type, const Address& address) {
    if (const auto identity = privacy_.resolve(type, address)) return identity;
    if (type > AddressType::random_identity) return std::nullopt;
    const AddressType kind{static_cast<std::uint8_t>(static_cast<unsigned>(type) & 1)};
    if (!is_identity_address(kind, address)) return std::nullopt;
    return gap::Identity{kind, address};
}

// ---- the calls of the application

error_code Host::set(config::addr_mode option) {
    if (option > config::addr_mode::non_resolvable_private)
        return make_error(errc::invalid_argument);
    if (const error_code error = check_active()) return error;
    const Turn turn{*this};
    if (option == config::addr_mode::public_address && !init_.info().public_address)
        return make_error(errc::invalid_argument);
    // What is under way was begun under the present address.
    if (!advertiser_.idle() || !scanner_.idle() || !connector_.idle())
        return make_error(errc::busy);
    mode_in_force_ = std::exchange(addr_mode_, option);
    identity_in_force_ = local_.identity.address;
    const Address random_static = hci::make_static_address(random_.octets<6>());
    local_.identity.address = option == config::addr_mode::random_static
                                  ? smp::TypedAddress{AddressType::random_device, random_static}
                                  : lasting_address_;
    with_gap([&](gap::Context context) {
        switch (option) {
        case config::addr_mode::public_address: return privacy_.use_public(context);
        case config::addr_mode::random_static: return privacy_.use_static(context, random_static);
        case config::addr_mode::resolvable_private:
            return privacy_.use_resolvable(context, local_.identity.irk, random_);
        case config::addr_mode::non_resolvable_private:
            return privacy_.use_non_resolvable(context, random_);
        }
    });
    return {};
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
                                  .own_address_type = privacy_.requested_type()},
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
    parameters.own_address_type = privacy_.requested_type();
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
    const auto identity = identity_of(type, address);
    for (const auto& connection : connections_)
        if ((connection->peer_type == type && connection->peer == address) ||
            (identity &&
             connection->bond_peer == smp::TypedAddress{identity->type, identity->address}))
            return make_error(errc::already_done);
    if (connector_.pending()) return make_error(errc::already_in_progress);
    if (connections_.size() == max_connections) return make_error(errc::no_buffers);
    const Turn turn{*this};
    const std::uint64_t generation = generation_;
    with_gap([&](gap::Context context) { scanner_.stop(context); });
    if (generation != generation_) return make_error(errc::not_active);
    // A bonded peer is called by its identity, and answers under whatever private address.
    const bool is_identity = identity && identity->address == address;
    bool find_first = false;
    if (is_identity && privacy_.knows(*identity)) {
        with_gap([&](gap::Context context) { privacy_.use_peer(context, *identity); });
        find_first = !privacy_.in_controller_list(*identity);
    }
    arrange_gap();
    return with_gap([&](gap::Context context) {
        return connector_.connect(context, {.peer_type = type,
                                            .peer = address,
                                            .timeout = timeout,
                                            .parameters = *parameters,
                                            .own_address_type = privacy_.requested_type(),
                                            .find_first = find_first});
    });
}

error_code Host::cancel_connect() {
    if (const error_code error = check_active()) return error;
    const Turn turn{*this};
    return with_gap([&](gap::Context context) { return connector_.cancel(context); });
}

}  // namespace bluetooth
