// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

#include "base/connection_parameters.hpp"
#include "gap/context.hpp"
#include "hci/events.hpp"

namespace bluetooth::gap {

struct ConnectRequest {
    AddressType peer_type = AddressType::public_device;
    Address peer{};
    /// 0: 30 s; negative: fails at once; `milliseconds::max()`: until cancelled.
    std::chrono::milliseconds timeout{2000};
    ConnectionParameters parameters{};
    hci::OwnAddressType own_address_type = hci::OwnAddressType::public_device;
};

/// One attempt at a time to connect as central (Vol 4 Part E 7.8.12, 7.8.13).
///
/// The time-out runs here, and ending an attempt early has a time limit of its own: whether the
/// controller refuses the cancellation, never answers it or never completes the attempt, the caller
/// hears of the failure and may try again. Should such an abandoned attempt succeed later, that is
/// reported as a StrayConnection.
class Connector {
public:
    /// How long the controller may take to end an attempt that timed out or was cancelled.
    static constexpr std::chrono::milliseconds cancel_limit{2000};
    static constexpr std::chrono::milliseconds default_timeout{30'000};

    /// Followed by exactly one Connected or ConnectFailed. `errc::invalid_argument`: unknown
    /// address type, or parameters that `is_valid` rejects; `errc::already_in_progress`.
    error_code connect(Context ctx, const ConnectRequest& request);
    /// Followed by ConnectFailed. `errc::already_in_progress`, as MicroPython has it, when there is
    /// nothing to cancel or it is being cancelled already.
    error_code cancel(Context ctx);

    void on_timer(Context ctx);
    void on_command_done(Context ctx, std::uint16_t opcode, hci::Status status,
                         Bytes return_parameters);
    /// Whether the event was the answer to the attempt. Not so for connections as peripheral, which
    /// are ignored, and for those that come out of abandoned attempts.
    bool on_connection_complete(Context ctx, const hci::LeConnectionComplete& event);
    /// The controller has forgotten all; answers to commands in flight will not come.
    void on_controller_reset(Context ctx, error_code cause);

    /// Whether an attempt has been accepted and not been reported as ended.
    bool pending() const { return phase_ != Phase::idle; }
    /// Whether nothing is wanted, going on at the controller (not even an abandoned attempt) or
    /// waiting for its answer, so that as far as connecting goes the random address may be changed
    /// (Vol 4 Part E 7.8.4).
    bool idle() const { return !pending() && !initiating_ && step_ == Step::none; }

private:
    enum class Phase : std::uint8_t {
        idle,
        waiting,     // for the answer to a command of an abandoned attempt
        creating,    // for the answer to LE Create Connection
        initiating,  // for LE Connection Complete
        ending,      // the same, having failed already for `cause_`, until `deadline_`
    };
    enum class Step : std::uint8_t { none, create, cancel };

    void create(Context ctx);
    void send_cancel(Context ctx);
    void end(Context ctx, error_code cause);
    void fail(Context ctx, error_code error);
    void on_create_done(Context ctx, hci::Status status);
    void on_cancel_done(Context ctx, hci::Status status);
    bool is_peer(const hci::LeConnectionComplete& event) const;

    Phase phase_ = Phase::idle;
    ConnectRequest request_;
    Time deadline_ = never;
    error_code cause_;
    Step step_ = Step::none;   // the command in flight
    bool initiating_ = false;  // the controller has accepted an attempt and not ended it
};

}  // namespace bluetooth::gap
