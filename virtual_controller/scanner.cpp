// SPDX-License-Identifier: MIT
#include "virtual_controller/scanner.hpp"

#include <bit>

#include "virtual_controller/air.hpp"
#include "virtual_controller/controller.hpp"

namespace bluetooth::virtual_controller {

using hci::Status;

namespace {
constexpr Status invalid = Status::invalid_hci_command_parameters;
}

Scanner::Scanner(Controller& controller)
    : controller_(controller),
      end_timer_{&controller, Timer::Kind::scan_end},
      period_timer_{&controller, Timer::Kind::scan_period} {
    reset();
}

void Scanner::reset() {
    stop();
    extended_ = timed_out_ = false;
    own_address_type_ = {};
    policy_ = {};
    on_1m_ = on_coded_ = {};
    on_1m_.enabled = true;
}

bool Scanner::uses_accept_list() const {
    return enabled_ && (policy_ == hci::ScanFilterPolicy::accept_list ||
                        policy_ == hci::ScanFilterPolicy::accept_list_and_unresolved_directed);
}

void Scanner::listen(Time from) {
    listening_ = true;
    for (OnPhy* scan : {&on_1m_, &on_coded_}) scan->hears = {from, scan->interval, scan->window};
    TimerHeap& timers = controller_.air().timers();
    if (duration_ > Duration::zero()) timers.arm(end_timer_, from + duration_);
    if (period_ > Duration::zero()) timers.arm(period_timer_, from + period_);
    controller_.update_listening();
}

void Scanner::stop() {
    enabled_ = listening_ = false;
    controller_.air().timers().disarm(end_timer_);
    controller_.air().timers().disarm(period_timer_);
    controller_.update_listening();
}

void Scanner::on_timer(const Timer& timer, Time due) {
    if (timer.kind == Timer::Kind::scan_period) {
        if (forgets_each_period_) reported_.clear();
        return listen(due);
    }
    if (period_ > Duration::zero()) {
        listening_ = false;
        return controller_.update_listening();
    }
    stop();
    timed_out_ = true;
    controller_.mark_unsettled();
}

bool Scanner::report_timeout() {
    if (timed_out_ && controller_.host().send(Share::procedure, hci::LeScanTimeout{}))
        timed_out_ = false;
    return !timed_out_;
}

// ---- the commands

Status Scanner::run(const hci::LeSetScanParameters& command) {  // Vol 4 Part E 7.8.10
    if (enabled_) return Status::command_disallowed;
    if (command.le_scan_type > hci::ScanType::active ||
        !is_valid_scan(command.le_scan_interval, command.le_scan_window, longest_legacy_scan) ||
        !controller_.addresses().knows(command.own_address_type) ||
        command.scanning_filter_policy > controller_.profile().last_scan_filter_policy())
        return invalid;
    on_1m_.type = command.le_scan_type;
    on_1m_.interval = command.le_scan_interval;
    on_1m_.window = command.le_scan_window;
    own_address_type_ = command.own_address_type;
    policy_ = command.scanning_filter_policy;
    return Status::success;
}

/// Begins to scan, or begins again.
Status Scanner::enable(bool filter_duplicates) {
    const bool active = (on_1m_.enabled && on_1m_.type == hci::ScanType::active) ||
                        (on_coded_.enabled && on_coded_.type == hci::ScanType::active);
    // A passive scanner sends nothing, hence can do without a public address.
    const bool random = own_address_type_ == hci::OwnAddressType::random_device ||
                        own_address_type_ == hci::OwnAddressType::resolvable_or_random;
    if ((random || active) && !controller_.addresses().own(own_address_type_)) return invalid;
    stop();
    enabled_ = true;
    filter_duplicates_ = filter_duplicates;
    reported_.clear();
    listen(controller_.air().now());
    return Status::success;
}

Status Scanner::run(const hci::LeSetScanEnable& command) {  // Vol 4 Part E 7.8.11
    if (command.le_scan_enable > hci::Enable::enabled) return invalid;
    if (command.le_scan_enable == hci::Enable::disabled) {
        stop();
        return Status::success;
    }
    if (command.filter_duplicates > hci::Enable::enabled) return invalid;
    extended_ = forgets_each_period_ = false;
    duration_ = period_ = {};
    return enable(command.filter_duplicates == hci::Enable::enabled);
}

Status Scanner::run(const hci::LeSetExtendedScanParameters& command) {  // Vol 4 Part E 7.8.64
    constexpr std::uint8_t known = hci::prefer_le_1m | hci::prefer_le_coded;
    if (enabled_) return Status::command_disallowed;
    const std::uint8_t phys = command.scanning_phys;
    if (phys == 0 || command.phys.size() != static_cast<std::size_t>(std::popcount(phys)) ||
        !controller_.addresses().knows(command.own_address_type) ||
        command.scanning_filter_policy > controller_.profile().last_scan_filter_policy())
        return invalid;
    const bool coded = (phys & hci::prefer_le_coded) != 0;
    if ((phys & ~known) != 0 || (coded && !controller_.profile().has_phy(hci::Phy::le_coded)))
        return Status::unsupported_feature_or_parameter_value;
    for (const hci::PhyScanParameters one : command.phys)
        if (one.scan_type > hci::ScanType::active ||
            !is_valid_scan(one.scan_interval, one.scan_window))
            return invalid;
    auto next = command.phys.begin();
    const auto take = [&](OnPhy& scan, bool wanted) {
        scan = {};
        if (!wanted) return;
        const hci::PhyScanParameters one = *next;
        ++next;
        scan = {true, one.scan_type, one.scan_interval, one.scan_window, {}};
    };
    take(on_1m_, (phys & hci::prefer_le_1m) != 0);
    take(on_coded_, coded);
    own_address_type_ = command.own_address_type;
    policy_ = command.scanning_filter_policy;
    return Status::success;
}

Status Scanner::run(const hci::LeSetExtendedScanEnable& command) {  // Vol 4 Part E 7.8.65
    if (command.enable > hci::Enable::enabled) return invalid;
    if (command.enable == hci::Enable::disabled) {
        stop();
        return Status::success;
    }
    const bool each_period = command.filter_duplicates == hci::FilterDuplicates::reset_each_period;
    const Duration duration = command.duration;
    const Duration period = command.period;
    if (command.filter_duplicates > hci::FilterDuplicates::reset_each_period ||
        (each_period && (period == Duration::zero() || duration == Duration::zero())) ||
        (duration > Duration::zero() && period > Duration::zero() && duration >= period))
        return invalid;
    extended_ = true;
    forgets_each_period_ = each_period;
    duration_ = duration;
    period_ = duration > Duration::zero() ? period : Duration::zero();
    return enable(command.filter_duplicates != hci::FilterDuplicates::disabled);
}

}  // namespace bluetooth::virtual_controller
