// SPDX-License-Identifier: MIT
#include "gap/scanner.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "hci/events.hpp"

namespace bluetooth::gap {
namespace {

using namespace std::chrono_literals;

/// The nearest value the commands can express (Vol 4 Part E 7.8.10).
Units625us clamp_to_units(std::chrono::microseconds time) {
    return Units625us{
        static_cast<std::uint16_t>(std::clamp<std::int64_t>(time / 625us, 4, 0x4000))};
}

/// Values that the specification reserves come from broken controllers only.
bool is_known(hci::AdvertisingEventType event_type, AddressType address_type) {
    return event_type <= hci::AdvertisingEventType::scan_rsp &&
           address_type <= AddressType::random_identity;
}

}  // namespace

error_code Scanner::start(Context ctx, const ScanParameters& parameters) {
    const Units625us interval = clamp_to_units(parameters.interval);
    const Units625us window = clamp_to_units(parameters.window);
    if (window > interval) return make_error(errc::invalid_argument);
    if (scanning()) return make_error(errc::already_in_progress);
    if (parameters.duration < 0ms) {
        ctx.out.push(ScanDone{});
        return {};
    }
    parameters_ = parameters;
    interval_ = interval;
    window_ = window;
    deadline_ = parameters.duration == 0ms ? never : deadline_after(ctx.now, parameters.duration);
    ctx.out.wake_at(deadline_);
    parameters_set_ = false;
    changed_ = true;
    superseded_ = true;
    advance(ctx);
    return {};
}

void Scanner::stop(Context ctx) {
    if (scanning()) finish(ctx, {});
}

void Scanner::hold(Context ctx, bool held) {
    held_ = held;
    advance(ctx);
}

void Scanner::on_timer(Context ctx) {
    if (!scanning()) return;
    if (ctx.now >= deadline_)
        finish(ctx, {});
    else
        ctx.out.wake_at(deadline_);
}

/// Sends the next command on the way from what the controller does to what is wanted.
void Scanner::advance(Context ctx) {
    if (step_ != Step::none) return;
    const bool wanted = parameters_ && !held_;
    // Parameters cannot be set while scanning is enabled (Vol 4 Part E 7.8.10).
    if (enabled_ && (!wanted || changed_)) {
        send(ctx, Step::disable,
             hci::LeSetScanEnable{hci::Enable::disabled, hci::Enable::disabled});
    } else if (!wanted || enabled_) {
        return;
    } else if (!parameters_set_) {
        parameters_set_ = true;
        send(ctx, Step::parameters,
             hci::LeSetScanParameters{.le_scan_type = parameters_->active ? hci::ScanType::active
                                                                          : hci::ScanType::passive,
                                      .le_scan_interval = interval_,
                                      .le_scan_window = window_,
                                      .own_address_type = parameters_->own_address_type,
                                      .scanning_filter_policy = hci::ScanFilterPolicy::all});
    } else {
        changed_ = false;
        send(ctx, Step::enable,
             hci::LeSetScanEnable{hci::Enable::enabled, parameters_->filter_duplicates
                                                            ? hci::Enable::enabled
                                                            : hci::Enable::disabled});
    }
}

template <class Command> void Scanner::send(Context ctx, Step step, const Command& command) {
    step_ = step;
    superseded_ = false;
    ctx.out.push(SendCommand{Sender::scanner, hci::encode_command(command)});
}

void Scanner::on_command_done(Context ctx, std::uint16_t, hci::Status status, Bytes) {
    const bool ok = status == hci::Status::success;
    const Step done = std::exchange(step_, Step::none);
    switch (done) {
    case Step::none: return;
    case Step::disable:
        // A controller that refuses has nothing to disable; should it scan nevertheless, its
        // reports are dropped.
        enabled_ = false;
        if (!ok) log::warn("gap", "the controller refused to stop scanning: ", status);
        break;
    case Step::parameters: parameters_set_ = parameters_set_ && ok; break;
    case Step::enable: enabled_ = ok; break;
    }
    if (!ok && done != Step::disable && parameters_ && !superseded_) {
        log::warn("gap", "the controller refused to scan: ", status);
        finish(ctx, controller_error(status));
    }
    advance(ctx);
}

void Scanner::on_advertising_report(Context ctx, Bytes parameters) {
    if (!reporting()) return;
    for (const hci::AdvertisingReport& report : hci::AdvertisingReports{parameters})
        if (is_known(report.event_type, report.address_type))
            ctx.out.push(ScanResult{report.address_type, report.address, report.event_type,
                                    report.rssi, report.data.octets});
}

void Scanner::on_directed_advertising_report(Context ctx, Bytes parameters) {
    if (!reporting()) return;
    for (const hci::DirectedAdvertisingReport& report : hci::DirectedAdvertisingReports{parameters})
        if (is_known(report.event_type, report.address_type))
            ctx.out.push(ScanResult{report.address_type, report.address, report.event_type,
                                    report.rssi, Bytes{}});
}

void Scanner::on_controller_reset(Context ctx, error_code cause) {
    step_ = Step::none;
    enabled_ = false;
    if (scanning()) finish(ctx, cause);
}

void Scanner::finish(Context ctx, error_code error) {
    parameters_.reset();
    ctx.out.push(ScanDone{error});
    advance(ctx);
}

}  // namespace bluetooth::gap
