// SPDX-License-Identifier: MIT
#include "base/connection_parameters.hpp"
#include "base/log.hpp"
#include "bluetooth/host_turn.hpp"
#include "hci/commands.hpp"

namespace bluetooth {

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
        with_gap([&](gap::Context context) {
            advertiser_.on_command_done(context, done.opcode, done.status, done.return_parameters);
        });
        return arrange_gap();
    case Command::scan:
        with_gap([&](gap::Context context) {
            scanner_.on_command_done(context, done.opcode, done.status, done.return_parameters);
        });
        return arrange_gap();
    case Command::connect:
        with_gap([&](gap::Context context) {
            connector_.on_command_done(context, done.opcode, done.status, done.return_parameters);
        });
        return arrange_gap();
    case Command::privacy:
        return with_gap([&](gap::Context context) {
            privacy_.on_command_done(context, done.opcode, done.status, done.return_parameters);
        });
    case Command::disconnect:
        if (done.status != hci::Status::success)
            on_disconnect_refused(handle, gap::controller_error(done.status));
        return;
    case Command::update:
        if (done.status != hci::Status::success)
            on_update_refused(handle, gap::controller_error(done.status));
        return;
    case Command::encrypt:
        if (done.status != hci::Status::success)
            on_encryption_refused(handle, gap::controller_error(done.status));
        return;
    case Command::other:  // answers to the controller, of which the application knows nothing
        if (done.status != hci::Status::success)
            log::warn("host", "the controller refused ", hci::command_name(done.opcode), ": ",
                      gap::controller_error(done.status));
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
                close_connection(ended->connection_handle, gap::controller_error(ended->reason));
            } else {
                on_disconnect_refused(ended->connection_handle,
                                      gap::controller_error(ended->status));
            }
        }
        return;
    case hci::EventCode::encryption_change:
        if (const auto change = hci::decode_event<hci::EncryptionChange>(event.parameters))
            on_encryption_change(*change);
        return;
    case hci::EventCode::encryption_key_refresh_complete:
        if (const auto refresh =
                hci::decode_event<hci::EncryptionKeyRefreshComplete>(event.parameters))
            on_key_refresh(*refresh);
        return;
    default: log::debug("host", "event ", hci::event_name(event.code, event.parameters));
    }
}

void Host::on_le_meta(Bytes parameters) {
    if (parameters.empty()) return;
    const Bytes rest{parameters.subspan(1)};
    switch (hci::LeSubevent{parameters[0]}) {
    case hci::LeSubevent::advertising_report:
        if (connector_.finding()) find_peer(rest);
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
            on_connection_complete(
                {event->status, event->connection_handle, event->role, event->peer_address_type,
                 event->peer_address, event->connection_interval, event->peripheral_latency,
                 event->supervision_timeout, event->central_clock_accuracy},
                event->peer_resolvable_private_address);
        return;
    case hci::LeSubevent::connection_update_complete:
        if (const auto event = hci::decode_event<hci::LeConnectionUpdateComplete>(parameters))
            on_connection_update(*event);
        return;
    case hci::LeSubevent::remote_connection_parameter_request:
        if (const auto event =
                hci::decode_event<hci::LeRemoteConnectionParameterRequest>(parameters);
            event && is_ours(event->connection_handle))
            on_parameter_request(*event);
        return;
    case hci::LeSubevent::long_term_key_request:
        if (const auto event = hci::decode_event<hci::LeLongTermKeyRequest>(parameters))
            on_key_request(*event);
        return;
    default: break;
    }
    log::debug("host", "event ", hci::event_name(hci::EventCode::le_meta, parameters));
}

void Host::on_parameter_request(const hci::LeRemoteConnectionParameterRequest& event) {
    const ConnectionParameters wanted{event.interval_min, event.interval_max, event.max_latency,
                                      event.timeout};
    const auto answer = [this, wanted, handle = event.connection_handle](bool granted) {
        if (granted)
            (void)submit(hci::LeRemoteConnectionParameterRequestReply{handle,
                                                                      wanted.interval_min,
                                                                      wanted.interval_max,
                                                                      wanted.latency,
                                                                      wanted.supervision_timeout,
                                                                      {},
                                                                      {}},
                         Command::other);
        else
            (void)submit(
                hci::LeRemoteConnectionParameterRequestNegativeReply{
                    handle, hci::Status::unacceptable_connection_parameters},
                Command::other);
    };
    if (!is_valid(wanted)) return answer(false);
    decide_update(event.connection_handle, wanted, answer);
}

void Host::on_completed_packets(Bytes parameters) {
    hci::for_each_completed(parameters, [&](ConnectionHandle handle, std::uint16_t count) {
        acl_.on_completed(handle, count);
    });
    to_send_ = true;
}

}  // namespace bluetooth
