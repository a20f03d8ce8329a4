// SPDX-License-Identifier: MIT
#include "gap/connector.hpp"

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
    if (step_ == Step::none)
        create(ctx);
    else
        phase_ = Phase::waiting;
    return {};
}

error_code Connector::cancel(Context ctx) {
    if (!pending() || phase_ == Phase::ending) return make_error(errc::already_in_progress);
    end(ctx, controller_error(hci::Status::operation_cancelled_by_host));
    return {};
}

void Connector::on_timer(Context ctx) {
    if (!pending()) return;
    if (ctx.now < deadline_) {
        ctx.out.wake_at(deadline_);
    } else if (phase_ == Phase::ending) {
        log::warn("gap", "the controller did not end a connection attempt in time");
        fail(ctx, cause_);
    } else {
        end(ctx, make_error(errc::timed_out));
    }
}

void Connector::create(Context ctx) {
    phase_ = Phase::creating;
    step_ = Step::create;
    const ConnectionParameters& parameters = request_.parameters;
    ctx.out.push(SendCommand{hci::encode_command(
        hci::LeCreateConnection{.le_scan_interval = scan_interval,
                                .le_scan_window = scan_interval,
                                .initiator_filter_policy = hci::InitiatorFilterPolicy::peer_address,
                                .peer_address_type = request_.peer_type,
                                .peer_address = request_.peer,
                                .own_address_type = request_.own_address_type,
                                .connection_interval_min = parameters.interval_min,
                                .connection_interval_max = parameters.interval_max,
                                .max_latency = parameters.latency,
                                .supervision_timeout = parameters.supervision_timeout,
                                .min_ce_length = {},
                                .max_ce_length = {}})});
}

void Connector::send_cancel(Context ctx) {
    step_ = Step::cancel;
    ctx.out.push(SendCommand{hci::encode_command(hci::LeCreateConnectionCancel{})});
}

/// Gives up the attempt. The failure is reported when the controller has ended it too, so that it
/// is ready for the next one; at the latest when `cancel_limit` has passed.
void Connector::end(Context ctx, error_code cause) {
    if (phase_ == Phase::waiting) return fail(ctx, cause);
    cause_ = cause;
    deadline_ = ctx.now + cancel_limit;
    ctx.out.wake_at(deadline_);
    // While LE Create Connection is not answered, there is nothing to cancel yet.
    if (phase_ == Phase::initiating) send_cancel(ctx);
    phase_ = Phase::ending;
}

void Connector::fail(Context ctx, error_code error) {
    phase_ = Phase::idle;
    ctx.out.push(ConnectFailed{error});
}

void Connector::on_command_done(Context ctx, std::uint16_t, hci::Status status, Bytes) {
    switch (std::exchange(step_, Step::none)) {
    case Step::none: return;
    case Step::create: on_create_done(ctx, status); break;
    case Step::cancel: on_cancel_done(ctx, status); break;
    }
    if (phase_ == Phase::waiting && step_ == Step::none) create(ctx);
}

void Connector::on_create_done(Context ctx, hci::Status status) {
    if (status == hci::Status::success) {
        initiating_ = true;
        if (phase_ == Phase::creating)
            phase_ = Phase::initiating;
        else
            send_cancel(ctx);  // given up meanwhile
    } else if (phase_ == Phase::creating) {
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
    return event.peer_address == request_.peer &&
           same_kind(event.peer_address_type, request_.peer_type);
}

bool Connector::on_connection_complete(Context ctx, const hci::LeConnectionComplete& event) {
    if (event.status != hci::Status::success) {
        // Only an attempt that the controller has accepted can end; Advertising Timeout ends
        // directed advertising, not an attempt (Vol 4 Part E 7.7.65.1).
        if (event.status == hci::Status::advertising_timeout) return false;
        initiating_ = false;
        if (step_ == Step::create) return false;
        if (phase_ == Phase::initiating)
            fail(ctx, controller_error(event.status));
        else if (phase_ == Phase::ending)
            fail(ctx, cause_);
        else
            return false;
        return true;
    }
    if (event.role != hci::Role::central) return false;
    initiating_ = false;
    if (!hci::is_valid(event.connection_handle)) {
        log::warn("gap", "dropped ", event, ": no connection has such a handle");
        return false;
    }
    if (phase_ == Phase::initiating && is_peer(event)) {
        phase_ = Phase::idle;
        ctx.out.push(Connected{event.connection_handle, request_.peer_type, request_.peer,
                               event.connection_interval, event.peripheral_latency,
                               event.supervision_timeout});
        return true;
    }
    ctx.out.push(StrayConnection{event.connection_handle});
    // The peer may have answered just before the cancellation; for the caller that is too late.
    if (phase_ != Phase::ending || step_ == Step::create || !is_peer(event)) return false;
    fail(ctx, cause_);
    return true;
}

void Connector::on_controller_reset(Context ctx, error_code cause) {
    step_ = Step::none;
    initiating_ = false;
    if (pending()) fail(ctx, cause);
}

}  // namespace bluetooth::gap
