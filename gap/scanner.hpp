// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "gap/context.hpp"

namespace bluetooth::gap {

struct ScanParameters {
    /// 0: until stopped; negative: done at once.
    std::chrono::milliseconds duration{0};
    /// Both are rounded down to steps of 0.625 ms and clamped to 2.5 ms … 10.24 s.
    std::chrono::microseconds interval{1'280'000};
    std::chrono::microseconds window{11'250};
    /// Whether to ask scannable advertisers for their scan response.
    bool active = false;
    /// Whether the controller reports each advertiser once, as far as it can remember.
    bool filter_duplicates = false;
    hci::OwnAddressType own_address_type = hci::OwnAddressType::public_device;
};

/// Legacy scanning (Vol 4 Part E 7.8.10, 7.8.11).
///
/// For the caller a scan is over as soon as `stop` is called or its time is up: ScanDone is emitted
/// at once, later reports are dropped and a new scan may be started, while the commands to the
/// controller follow one after the other.
class Scanner {
public:
    /// `errc::invalid_argument`: window longer than interval; `errc::already_in_progress`. Each
    /// accepted scan ends with exactly one ScanDone.
    error_code start(Context ctx, const ScanParameters& parameters);
    /// Harmless when not scanning.
    void stop(Context ctx);
    /// While held, the controller is brought to rest and kept there, without an event: what is
    /// wanted is not forgotten and goes on when released. Everything else may be called meanwhile
    /// as ever.
    void hold(Context ctx, bool held);

    void on_timer(Context ctx);
    void on_command_done(Context ctx, std::uint16_t opcode, hci::Status status,
                         Bytes return_parameters);
    /// The parameters of LE Advertising Report behind the subevent code (Vol 4 Part E 7.7.65.2).
    void on_advertising_report(Context ctx, Bytes parameters);
    /// The same for LE Directed Advertising Report (Vol 4 Part E 7.7.65.11).
    void on_directed_advertising_report(Context ctx, Bytes parameters);
    /// The controller has forgotten all; answers to commands in flight will not come.
    void on_controller_reset(Context ctx, error_code cause);

    bool scanning() const { return parameters_.has_value(); }
    /// Whether nothing is enabled at the controller or waiting for its answer, so that as far as
    /// scanning goes the random address may be changed (Vol 4 Part E 7.8.4).
    bool at_rest() const { return !enabled_ && step_ == Step::none; }
    /// Whether besides nothing is wanted.
    bool idle() const { return !parameters_ && at_rest(); }
    /// Whether reports belong to the scan that the caller knows of. To be asked again for each
    /// `ScanResult` of one event: the handler of the one before may have ended the scan.
    bool reporting() const { return enabled_ && parameters_ && !changed_; }

private:
    enum class Step : std::uint8_t { none, disable, parameters, enable };

    void advance(Context ctx);
    template <class Command> void send(Context ctx, Step step, const Command& command);
    void finish(Context ctx, error_code error);

    // What is wanted.
    std::optional<ScanParameters> parameters_;  // nothing: no scan
    Units625us interval_{};
    Units625us window_{};
    Time deadline_ = never;
    bool held_ = false;
    // What the controller has been told.
    bool parameters_set_ = false;
    bool enabled_ = false;
    Step step_ = Step::none;   // the command in flight
    bool superseded_ = false;  // `start` came after it was sent: its failure concerns nobody
    bool changed_ = false;     // `start` came after scanning was last enabled
};

}  // namespace bluetooth::gap
