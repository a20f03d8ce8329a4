// SPDX-License-Identifier: MIT
#include <algorithm>
#include <tuple>

#include "base/connection_parameters.hpp"
#include "base/log.hpp"
#include "bluetooth/host_turn.hpp"
#include "hci/commands.hpp"

namespace bluetooth {
namespace {

error_code hci_error(hci::Status status) { return {static_cast<int>(status), hci_category()}; }

}  // namespace

// ---- actions of the HCI core

void Host::execute(hci::Send& action) {
    transport::Packet packet;
    packet.payload = std::move(action.packet);
    send_packet(std::move(packet));
}

void Host::execute(hci::CommandDone& done) {
    const auto purpose = static_cast<Command>(done.tag & 0xff);
    const auto handle = static_cast<ConnectionHandle>(done.tag >> 8);
    if (state_ == State::closing) {
        if (done.opcode == hci::Reset::opcode) return finish_closing();
        if (purpose == Command::disconnect && done.status != hci::Status::success &&
            closing_links_ > 0) {
            --closing_links_;
            continue_closing();
        }
        return;
    }
    switch (purpose) {
    case Command::init:
        return with_hci([&](hci::Context context) { init_.on_command_done(context, done); });
    case Command::advertise:
        return with_gap([&](gap::Context context) {
            advertiser_.on_command_done(context, done.opcode, done.status, done.return_parameters);
        });
    case Command::scan:
        return with_gap([&](gap::Context context) {
            scanner_.on_command_done(context, done.opcode, done.status, done.return_parameters);
        });
    case Command::connect:
        return with_gap([&](gap::Context context) {
            connector_.on_command_done(context, done.opcode, done.status, done.return_parameters);
        });
    case Command::disconnect:
        if (done.status != hci::Status::success)
            on_disconnect_refused(handle, hci_error(done.status));
        return;
    case Command::update:
        if (done.status != hci::Status::success) on_update_refused(handle, hci_error(done.status));
        return;
    case Command::address:
        if (done.status == hci::Status::success) return;
        std::tie(addr_mode_, random_address_) = former_address_;
        return delivery_.deliver(CommandFailed{"config", hci_error(done.status)});
    case Command::other:  // answers to the controller, of which the application knows nothing
        if (done.status != hci::Status::success)
            log::warn("host", "the controller refused ", hci::command_name(done.opcode), ": ",
                      hci_error(done.status));
        return;
    }
}

void Host::execute(hci::InitDone& action) { on_init_done(action); }
void Host::execute(hci::ControllerFailed& action) {
    on_controller_failed(action.error, action.text);
}

void Host::execute(hci::EventReceived& event) {
    switch (event.code) {
    case hci::EventCode::number_of_completed_packets: return on_completed_packets(event.parameters);
    case hci::EventCode::le_meta:
        if (state_ == State::active) on_le_meta(event.parameters);
        return;
    case hci::EventCode::disconnection_complete:
        if (const auto ended = hci::decode_event<hci::DisconnectionComplete>(event.parameters)) {
            if (state_ == State::closing && closing_links_ > 0) {
                --closing_links_;
                continue_closing();
            } else if (ended->status == hci::Status::success) {
                close_connection(ended->connection_handle, hci_error(ended->reason));
            } else {
                on_disconnect_refused(ended->connection_handle, hci_error(ended->status));
            }
        }
        return;
    default: log::debug("host", "event ", hci::event_name(event.code, event.parameters));
    }
}

void Host::on_le_meta(Bytes parameters) {
    if (parameters.empty()) return;
    const Bytes rest{parameters.subspan(1)};
    switch (hci::LeSubevent{parameters[0]}) {
    case hci::LeSubevent::advertising_report:
        return with_gap(
            [&](gap::Context context) { scanner_.on_advertising_report(context, rest); });
    case hci::LeSubevent::directed_advertising_report:
        return with_gap(
            [&](gap::Context context) { scanner_.on_directed_advertising_report(context, rest); });
    case hci::LeSubevent::connection_complete:
        if (const auto event = hci::decode_event<hci::LeConnectionComplete>(parameters))
            on_connection_complete(*event);
        return;
    case hci::LeSubevent::enhanced_connection_complete:
        if (const auto event = hci::decode_event<hci::LeEnhancedConnectionComplete>(parameters))
            on_connection_complete({event->status, event->connection_handle, event->role,
                                    event->peer_address_type, event->peer_address,
                                    event->connection_interval, event->peripheral_latency,
                                    event->supervision_timeout, event->central_clock_accuracy});
        return;
    case hci::LeSubevent::connection_update_complete:
        if (const auto event = hci::decode_event<hci::LeConnectionUpdateComplete>(parameters))
            on_connection_update(*event);
        return;
    case hci::LeSubevent::remote_connection_parameter_request:
        // Any request within the specification's range is granted.
        if (const auto event =
                hci::decode_event<hci::LeRemoteConnectionParameterRequest>(parameters);
            event && is_ours(event->connection_handle)) {
            if (is_valid(
                    {event->interval_min, event->interval_max, event->max_latency, event->timeout}))
                (void)submit(hci::LeRemoteConnectionParameterRequestReply{event->connection_handle,
                                                                          event->interval_min,
                                                                          event->interval_max,
                                                                          event->max_latency,
                                                                          event->timeout,
                                                                          {},
                                                                          {}},
                             Command::other);
            else
                (void)submit(
                    hci::LeRemoteConnectionParameterRequestNegativeReply{
                        event->connection_handle, hci::Status::unacceptable_connection_parameters},
                    Command::other);
        }
        return;
    case hci::LeSubevent::long_term_key_request:
        // There are no bonds, so there is no key (Vol 4 Part E 7.8.26).
        if (const auto event = hci::decode_event<hci::LeLongTermKeyRequest>(parameters);
            event && is_ours(event->connection_handle))
            (void)submit(hci::LeLongTermKeyRequestNegativeReply{event->connection_handle},
                         Command::other);
        return;
    default: break;
    }
    log::debug("host", "event ", hci::event_name(hci::EventCode::le_meta, parameters));
}

// ---- actions of the GAP cores

void Host::execute(gap::SendCommand& action) {
    // Opcodes tell which of the cores a command is from: each has its own.
    Command purpose = Command::connect;
    switch (action.command.opcode) {
    case hci::LeSetAdvertisingParameters::opcode:
    case hci::LeSetAdvertisingData::opcode:
    case hci::LeSetScanResponseData::opcode:
    case hci::LeSetAdvertisingEnable::opcode: purpose = Command::advertise; break;
    case hci::LeSetScanParameters::opcode:
    case hci::LeSetScanEnable::opcode: purpose = Command::scan; break;
    default: break;
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

// ---- links

void Host::on_connection_complete(const hci::LeConnectionComplete& event) {
    if (event.status == hci::Status::success && find(event.connection_handle) != nullptr) {
        ++dropped_;
        log::warn("host", "the controller reported connection ", to_string(event.connection_handle),
                  " a second time");
        return;
    }
    const bool ours = with_gap(
        [&](gap::Context context) { return connector_.on_connection_complete(context, event); });
    if (ours || event.role != hci::Role::peripheral || event.status != hci::Status::success) return;
    with_gap([&](gap::Context context) { advertiser_.on_connected(context); });
    open_connection(event.connection_handle, hci::Role::peripheral, event.peer_address_type,
                    event.peer_address, event.connection_interval, event.peripheral_latency,
                    event.supervision_timeout);
}

void Host::open_connection(ConnectionHandle handle, hci::Role role, AddressType type,
                           const Address& peer, Units1250us interval, std::uint16_t latency,
                           Units10ms supervision_timeout) {
    if (connections_.size() == max_connections) {
        log::warn("host", "closing connection ", to_string(handle), ": all ", max_connections,
                  " slots are taken");
        (void)submit(hci::Disconnect{handle, hci::Status::remote_device_terminated_low_resources},
                     Command::disconnect, handle);
        if (role == hci::Role::central)
            delivery_.deliver(PeripheralDisconnect{no_connection, AddressType::unknown, Address{},
                                                   make_error(errc::no_buffers)});
        return;
    }
    connections_.push_back(std::make_unique<Connection>(handle, role, type, peer, *server_));
    Connection& connection = *connections_.back();
    connection.interval = interval;
    connection.latency = latency;
    connection.supervision_timeout = supervision_timeout;
    connection.updates_by_l2cap = role == hci::Role::peripheral &&
                                  !init_.info().has(hci::LeFeature::connection_parameters_request);
    connection.send_queue = send_queue_;
    // A private address is another one next time.
    if (gatt_cache_ && (type != AddressType::random_device || peer.is_static_random()))
        connection.att.client.use_cache(discovery_cache_, {type, peer});
    acl_.add_link(handle);
    if (role == hci::Role::central)
        delivery_.deliver(PeripheralConnect{handle, type, peer});
    else
        delivery_.deliver(CentralConnect{handle, type, peer});
}

void Host::close_connection(ConnectionHandle handle, error_code reason) {
    const auto found = std::ranges::find_if(
        connections_, [&](const auto& connection) { return connection->handle == handle; });
    if (found == connections_.end()) return;
    // Out of the table first: for the handlers of what follows the link has ended.
    Connection& connection = **found;
    if (connection.wants_send_ready) --waiting_for_room_;
    dropped_ += connection.dropped();
    ended_connections_.push_back(std::move(*found));
    connections_.erase(found);
    last_found_ = nullptr;
    environment_.wake_at(now_);  // `on_timer` may be about to pass over the one that moved up
    (void)acl_.remove_link(handle);
    const std::uint64_t generation = generation_;
    with_link(connection, [&](auto& context) { connection.link.on_disconnected(context); });
    if (generation != generation_) return;
    with_server(connection,
                [&](auto context) { server_->on_disconnected(context, connection.att.session); });
    if (generation != generation_) return;
    with_client(connection, [&](auto& context) { connection.att.client.on_disconnected(context); });
    if (generation != generation_) return;
    if (connection.role == hci::Role::central)
        delivery_.deliver(
            PeripheralDisconnect{handle, connection.peer_type, connection.peer, reason});
    else
        delivery_.deliver(CentralDisconnect{handle, connection.peer_type, connection.peer, reason});
}

void Host::terminate(Connection& connection, error_code cause) {
    if (connection.disconnect_deadline != never) return;
    log::warn("host", "closing connection ", to_string(connection.handle), ": ", cause);
    if (const error_code error = ask_to_disconnect(connection)) ask_again_later(connection, error);
}

error_code Host::ask_to_disconnect(Connection& connection) {
    const error_code error =
        submit(hci::Disconnect{connection.handle, hci::Status::remote_user_terminated_connection},
               Command::disconnect, connection.handle);
    if (error) return error;
    connection.disconnect_again = false;
    connection.disconnect_deadline = now_ + Connection::disconnect_limit;
    environment_.wake_at(connection.disconnect_deadline);
    return {};
}

void Host::on_disconnect_refused(ConnectionHandle handle, error_code error) {
    Connection* connection = find(handle);
    if (connection == nullptr || connection->disconnect_deadline == never) return;
    // Unknown Connection Identifier: it has ended, and nothing else will say so.
    if (error == errc::not_connected) return close_connection(handle, error);
    ask_again_later(*connection, error);
}

void Host::ask_again_later(Connection& connection, error_code error) {
    if (++connection.refused_disconnects == Connection::max_disconnect_tries) {
        log::error("host", "gave up connection ", to_string(connection.handle),
                   ", which the controller does not close: ", error);
        return close_connection(connection.handle, error);
    }
    connection.disconnect_again = true;
    connection.disconnect_deadline = now_ + Connection::disconnect_pause;
    environment_.wake_at(connection.disconnect_deadline);
}

void Host::on_disconnect_overdue(Connection& connection) {
    if (connection.disconnect_again) {
        if (const error_code error = ask_to_disconnect(connection))
            ask_again_later(connection, error);
        return;
    }
    // Its buffers may still hold packets of that link: only a reset makes them ours again.
    on_controller_failed(make_error(errc::timed_out), "it does not end a connection");
}

void Host::on_connection_update(const hci::LeConnectionUpdateComplete& event) {
    Connection* connection = find(event.connection_handle);
    if (connection == nullptr) return;
    if (event.status != hci::Status::success)
        return on_update_refused(event.connection_handle, hci_error(event.status));
    connection->update_deadline = never;
    connection->interval = event.connection_interval;
    connection->latency = event.peripheral_latency;
    connection->supervision_timeout = event.supervision_timeout;
    emit_update(*connection, {});
}

void Host::on_update_refused(ConnectionHandle handle, error_code error) {
    Connection* connection = find(handle);
    if (connection == nullptr) return;
    // Unsupported Remote Feature, mostly: then the host of the central is asked instead.
    if (error == errc::not_supported && connection->role == hci::Role::peripheral &&
        connection->update_deadline != never && !connection->updates_by_l2cap) {
        connection->updates_by_l2cap = true;
        error = request_update(*connection);
        if (!error) return;
    }
    connection->update_deadline = never;
    emit_update(*connection, error);
}

void Host::emit_update(const Connection& connection, error_code error) {
    delivery_.deliver(ConnectionUpdate{connection.handle, connection.interval, connection.latency,
                                       connection.supervision_timeout, event_status(error), error});
}

void Host::on_completed_packets(Bytes parameters) {
    hci::for_each_completed(parameters, [&](ConnectionHandle handle, std::uint16_t count) {
        acl_.on_completed(handle, count);
    });
    to_send_ = true;
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

error_code Host::disconnect(ConnectionHandle handle) {
    if (const error_code error = check_active()) return error;
    Connection* connection = find(handle);
    if (connection == nullptr) return make_error(errc::not_connected);
    if (connection->disconnect_deadline != never) return make_error(errc::already_in_progress);
    const Turn turn{*this};
    return ask_to_disconnect(*connection);
}

error_code Host::update_connection(ConnectionHandle handle, std::chrono::microseconds min_interval,
                                   std::chrono::microseconds max_interval, std::uint16_t latency,
                                   std::chrono::milliseconds supervision_timeout) {
    const auto intervals = make_connection_parameters(min_interval, max_interval);
    if (!intervals) return intervals.error();
    ConnectionParameters parameters = *intervals;
    parameters.latency = latency;
    parameters.supervision_timeout = Units10ms{static_cast<std::uint16_t>(
        std::clamp<std::int64_t>(supervision_timeout / std::chrono::milliseconds{10}, 0, 0xffff))};
    if (!is_valid(parameters)) return make_error(errc::invalid_argument);
    if (const error_code error = check_active()) return error;
    Connection* connection = find(handle);
    if (connection == nullptr) return make_error(errc::not_connected);
    if (connection->update_deadline != never) return make_error(errc::already_in_progress);
    const Turn turn{*this};
    connection->wanted_parameters = parameters;
    const error_code error = request_update(*connection);
    if (error) connection->update_deadline = never;
    return error;
}

/// A central decides. A peripheral asks the other link layer, by the Connection Parameters Request
/// procedure, and the other host by L2CAP only where one of the two lacks that (Vol 3 Part A 4.20).
/// Whether the peer has it, the controller finds out by itself (Vol 6 Part B 5.1.7.1).
error_code Host::request_update(Connection& connection) {
    const ConnectionParameters& wanted = connection.wanted_parameters;
    connection.update_deadline = now_ + Connection::update_limit;
    environment_.wake_at(connection.update_deadline);
    if (connection.updates_by_l2cap)
        return with_link(connection, [&](auto& context) {
            return connection.link.signalling().request_parameter_update(
                context, {wanted.interval_min, wanted.interval_max, wanted.latency,
                          wanted.supervision_timeout});
        });
    return submit(hci::LeConnectionUpdate{connection.handle,
                                          wanted.interval_min,
                                          wanted.interval_max,
                                          wanted.latency,
                                          wanted.supervision_timeout,
                                          {},
                                          {}},
                  Command::update, connection.handle);
}

}  // namespace bluetooth
