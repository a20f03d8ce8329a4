// SPDX-License-Identifier: MIT
#include "gap/connector.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace bluetooth::gap {
namespace {

using namespace std::chrono_literals;

/// Scanning for the peer without a pause: 10 ms in every 10 ms.
constexpr Units625us scan_interval{16};

/// Whether two types are of the same kind: a peer named by its identity address is reported with
/// or without the mark "resolved", depending on the controller.
bool same_kind(AddressType a, AddressType b) {
    return (static_cast<unsigned>(a) & 1) == (static_cast<unsigned>(b) & 1);
}

}  // namespace

error_code Connector::connect(Context ctx, const ConnectRequest& request) {
    if (request.peer_type > AddressType::random_identity || !is_valid(request.parameters))
        return make_error(errc::invalid_argument);
    if (pending()) return make_error(errc::already_in_progress);
    if (request.timeout < 0ms) {
        ctx.out.push(ConnectFailed{make_error(errc::timed_out)});
        return {};
    }
    request_ = request;
    deadline_ = deadline_after(ctx.now, request.timeout == 0ms ? default_timeout : request.timeout);
    ctx.out.wake_at(deadline_);
    begin_anew();
    advance(ctx);
    return {};
}

error_code Connector::cancel(Context ctx) {
    if (!pending() || phase_ == Phase::ending) return make_error(errc::already_in_progress);
    end(ctx, controller_error(hci::Status::operation_cancelled_by_host));
    return {};
}

void Connector::hold(Context ctx, bool held) {
    held_ = held;
    if (held_) pause(ctx);
    advance(ctx);
}

Time Connector::next_deadline() const {
    switch (phase_) {
    case Phase::idle: return never;
    case Phase::initiating: return std::min(deadline_, find_again_);
    case Phase::pausing: return std::min(deadline_, cancel_deadline_);
    case Phase::ending: return cancel_deadline_;
    default: return deadline_;
    }
}

void Connector::on_timer(Context ctx) {
    if (ctx.now >= next_deadline()) {
        const bool cancelled = phase_ == Phase::pausing || phase_ == Phase::ending;
        if (cancelled && ctx.now >= cancel_deadline_) {
            log::warn("gap", "the controller did not end a connection attempt in time");
            fail(ctx, cause_);
        } else if (ctx.now >= deadline_) {
            end(ctx, make_error(errc::timed_out));
        } else {
            pause(ctx);  // to find the peer again
        }
    }
    ctx.out.wake_at(next_deadline());
}

template <class Command> void Connector::send(Context ctx, Step step, const Command& command) {
    step_ = step;
    ctx.out.push(SendCommand{Sender::connector, hci::encode_command(command)});
}

/// Sends the next command for an attempt that waits, and ends the scanning of one that has gone.
void Connector::advance(Context ctx) {
    if (step_ != Step::none) return;
    if (scanning_ && phase_ != Phase::finding)
        send(ctx, Step::disable,
             hci::LeSetScanEnable{hci::Enable::disabled, hci::Enable::disabled});
    else if (phase_ == Phase::waiting && !held_ && request_.find_first && !found_)
        find(ctx);
    else if (phase_ == Phase::waiting && !held_)
        create(ctx);
}

void Connector::find(Context ctx) {
    phase_ = Phase::finding;
    send(ctx, Step::parameters,
         hci::LeSetScanParameters{.le_scan_type = hci::ScanType::passive,
                                  .le_scan_interval = scan_interval,
                                  .le_scan_window = scan_interval,
                                  .own_address_type = request_.own_address_type,
                                  .scanning_filter_policy = hci::ScanFilterPolicy::all});
}

void Connector::on_advertiser(Context ctx, AddressType type, const Address& address) {
    if (!finding() || type > AddressType::random_identity) return;
    begin_anew();
    found_ = Air{type, address};
    advance(ctx);
}

void Connector::create(Context ctx) {
    phase_ = Phase::creating;
    find_again_ = never;
    const ConnectionParameters& parameters = request_.parameters;
    const Air peer = found_.value_or(Air{request_.peer_type, request_.peer});
    send(
        ctx, Step::create,
        hci::LeCreateConnection{.le_scan_interval = scan_interval,
                                .le_scan_window = scan_interval,
                                .initiator_filter_policy = hci::InitiatorFilterPolicy::peer_address,
                                .peer_address_type = peer.type,
                                .peer_address = peer.address,
                                .own_address_type = request_.own_address_type,
                                .connection_interval_min = parameters.interval_min,
                                .connection_interval_max = parameters.interval_max,
                                .max_latency = parameters.latency,
                                .supervision_timeout = parameters.supervision_timeout,
                                .min_ce_length = {},
                                .max_ce_length = {}});
}

/// Has the controller end the attempt. It must have done so when `cancel_limit` has passed.
void Connector::give_up(Context ctx) {
    cancel_deadline_ = ctx.now + cancel_limit;
    ctx.out.wake_at(cancel_deadline_);
    // While LE Create Connection is not answered, there is nothing to cancel yet.
    if (phase_ == Phase::initiating) send(ctx, Step::cancel, hci::LeCreateConnectionCancel{});
}

/// Takes the attempt back from the controller, without an event.
void Connector::pause(Context ctx) {
    if (phase_ == Phase::waiting || phase_ == Phase::finding) return begin_anew();
    if (phase_ != Phase::creating && phase_ != Phase::initiating) return;
    cause_ = make_error(errc::timed_out);
    give_up(ctx);
    phase_ = Phase::pausing;
}

/// A peer that was found has to be found again: it may have changed its address since.
void Connector::begin_anew() {
    phase_ = Phase::waiting;
    found_.reset();
}

/// Gives up the attempt. The failure is reported when the controller has ended it too, so that it
/// is ready for the next one; at the latest when `cancel_limit` has passed.
void Connector::end(Context ctx, error_code cause) {
    if (phase_ == Phase::waiting || phase_ == Phase::finding) {
        fail(ctx, cause);
        return advance(ctx);
    }
    cause_ = cause;
    if (phase_ != Phase::pausing) give_up(ctx);
    phase_ = Phase::ending;
}

void Connector::fail(Context ctx, error_code error) {
    phase_ = Phase::idle;
    ctx.out.push(ConnectFailed{error});
}

void Connector::on_command_done(Context ctx, std::uint16_t, hci::Status status, Bytes) {
    const Step done = std::exchange(step_, Step::none);
    switch (done) {
    case Step::none: return;
    case Step::parameters:
    case Step::enable:
    case Step::disable: on_scan_command_done(ctx, done, status); break;
    case Step::create: on_create_done(ctx, status); break;
    case Step::cancel: on_cancel_done(ctx, status); break;
    }
    advance(ctx);
}

void Connector::on_scan_command_done(Context ctx, Step done, hci::Status status) {
    const bool ok = status == hci::Status::success;
    scanning_ = ok && done == Step::enable;
    if (!ok) log::warn("gap", "the controller refused to scan for a peer, or to stop: ", status);
    // A step of an attempt that still goes on; one that was given up or held concerns nobody.
    if (!finding()) return;
    if (!ok)
        fail(ctx, controller_error(status));
    else if (done == Step::parameters)
        send(ctx, Step::enable, hci::LeSetScanEnable{hci::Enable::enabled, hci::Enable::disabled});
}

void Connector::on_create_done(Context ctx, hci::Status status) {
    if (status == hci::Status::success) {
        initiating_ = true;
        if (phase_ == Phase::creating) {
            phase_ = Phase::initiating;
            if (found_) find_again_ = ctx.now + find_again_after;
            ctx.out.wake_at(find_again_);
        } else {
            send(ctx, Step::cancel, hci::LeCreateConnectionCancel{});  // given up meanwhile
        }
    } else if (phase_ == Phase::creating || phase_ == Phase::pausing) {
        fail(ctx, controller_error(status));
    } else if (phase_ == Phase::ending) {
        fail(ctx, cause_);
    }
}

void Connector::on_cancel_done(Context ctx, hci::Status status) {
    if (status == hci::Status::success) return;  // LE Connection Complete follows
    // Command Disallowed: the attempt has just ended by itself, or the controller cannot cancel.
    log::warn("gap", "the controller refused to cancel a connection attempt: ", status);
    if (phase_ == Phase::ending) fail(ctx, cause_);
}

bool Connector::is_peer(const hci::LeConnectionComplete& event) const {
    const auto is = [&](AddressType type, const Address& address) {
        return event.peer_address == address && same_kind(event.peer_address_type, type);
    };
    return is(request_.peer_type, request_.peer) || (found_ && is(found_->type, found_->address));
}

bool Connector::on_connection_complete(Context ctx, const hci::LeConnectionComplete& event,
                                       const Address& resolved_from) {
    if (event.status != hci::Status::success) {
        // Only an attempt that the controller has accepted can end; Advertising Timeout ends
        // directed advertising, not an attempt (Vol 4 Part E 7.7.65.1).
        if (event.status == hci::Status::advertising_timeout) return false;
        initiating_ = false;
        if (step_ == Step::create) return false;
        switch (phase_) {
        case Phase::initiating: fail(ctx, controller_error(event.status)); return true;
        case Phase::ending: fail(ctx, cause_); return true;
        case Phase::pausing:
            begin_anew();
            advance(ctx);
            return true;
        default: return false;
        }
    }
    if (event.role != hci::Role::central) return false;
    initiating_ = false;
    if (!hci::is_valid(event.connection_handle)) {
        log::warn("gap", "dropped ", event, ": no connection has such a handle");
        return false;
    }
    const bool ours = step_ != Step::create && is_peer(event);
    if (ours && (phase_ == Phase::initiating || phase_ == Phase::pausing)) {
        phase_ = Phase::idle;
        const Air air = resolved_from.is_zero() ? Air{event.peer_address_type, event.peer_address}
                                                : Air{AddressType::random_device, resolved_from};
        ctx.out.push(Connected{event.connection_handle, request_.peer_type, request_.peer,
                               event.connection_interval, event.peripheral_latency,
                               event.supervision_timeout, air.type, air.address});
        return true;
    }
    ctx.out.push(StrayConnection{event.connection_handle});
    // The peer may have answered just before the cancellation; for the caller that is too late.
    if (phase_ != Phase::ending || !ours) return false;
    fail(ctx, cause_);
    return true;
}

void Connector::on_controller_reset(Context ctx, error_code cause) {
    step_ = Step::none;
    initiating_ = false;
    scanning_ = false;
    if (pending()) fail(ctx, cause);
}

}  // namespace bluetooth::gap
