// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

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
    /// Whether `peer` is an identity address that the controller cannot find by itself: it is first
    /// listened for an advertiser of that identity.
    bool find_first = false;
};

/// One attempt at a time to connect as central (Vol 4 Part E 7.8.12, 7.8.13).
///
/// The time-out runs here, and ending an attempt early has a time limit of its own: whether the
/// controller refuses the cancellation, never answers it or never completes the attempt, the caller
/// hears of the failure and may try again. Should such an abandoned attempt succeed later, that is
/// reported as a StrayConnection.
///
/// With `find_first` an attempt scans by commands of its own (Vol 4 Part E 7.8.10, 7.8.11) until
/// the host hands it the peer's address of the moment. Scanner and Connector must not do so at the
/// same time: the host holds the Connector while the Scanner is not at rest, and the Scanner while
/// the Connector is `scanning`.
class Connector {
public:
    /// How long the controller may take to end an attempt that timed out or was cancelled.
    static constexpr std::chrono::milliseconds cancel_limit{2000};
    static constexpr std::chrono::milliseconds default_timeout{30'000};
    /// How long an address that was found is believed in: the peer answers within moments, or has
    /// gone away and may come back with another one.
    static constexpr std::chrono::milliseconds find_again_after{5000};

    /// Followed by exactly one Connected or ConnectFailed. `errc::invalid_argument`: unknown
    /// address type, or parameters that `is_valid` rejects; `errc::already_in_progress`.
    error_code connect(Context ctx, const ConnectRequest& request);
    /// Followed by ConnectFailed. `errc::already_in_progress`, as MicroPython has it, when there is
    /// nothing to cancel or it is being cancelled already.
    error_code cancel(Context ctx);
    /// While held, the controller is brought to rest and kept there: an attempt under way is
    /// cancelled without an event, and begins anew when released; its time-out goes on. It may also
    /// still succeed, which is reported as ever, or not end within `cancel_limit`: then it fails.
    void hold(Context ctx, bool held);

    void on_timer(Context ctx);
    void on_command_done(Context ctx, std::uint16_t opcode, hci::Status status,
                         Bytes return_parameters);
    /// Whether the event was the answer to the attempt. Not so for connections as peripheral, which
    /// are ignored, and for those that come out of abandoned attempts. `resolved_from`: the peer's
    /// resolvable private address in LE Enhanced Connection Complete, zero when there is none.
    bool on_connection_complete(Context ctx, const hci::LeConnectionComplete& event,
                                const Address& resolved_from = {});
    /// While `finding`: a connectable advertiser has the identity that was asked for, and this is
    /// its address as the report has it.
    void on_advertiser(Context ctx, AddressType type, const Address& address);
    /// The controller has forgotten all; answers to commands in flight will not come.
    void on_controller_reset(Context ctx, error_code cause);

    /// Whether an attempt has been accepted and not been reported as ended.
    bool pending() const { return phase_ != Phase::idle; }
    /// Whether reports are to be looked through for the peer of `request`.
    bool finding() const { return phase_ == Phase::finding; }
    /// Of the attempt, while `pending`.
    const ConnectRequest& request() const { return request_; }
    /// Whether the controller scans for an attempt, also for one that is over, or is about to.
    bool scanning() const {
        return scanning_ || (step_ >= Step::parameters && step_ <= Step::disable);
    }
    /// Whether nothing is going on at the controller (not even an abandoned attempt) or waiting for
    /// its answer, so that as far as connecting goes the random address may be changed (Vol 4 Part
    /// E 7.8.4).
    bool at_rest() const { return !initiating_ && !scanning_ && step_ == Step::none; }
    /// Whether besides nothing is wanted.
    bool idle() const { return !pending() && at_rest(); }

private:
    enum class Phase : std::uint8_t {
        idle,
        waiting,     // for the answer to an earlier command, or for the end of a hold
        finding,     // an address for the peer's identity
        creating,    // for the answer to LE Create Connection
        initiating,  // for LE Connection Complete
        pausing,     // the same, cancelled in order to begin anew, until `cancel_deadline_`
        ending,      // the same, having failed already for `cause_`
    };
    enum class Step : std::uint8_t { none, parameters, enable, disable, create, cancel };

    struct Air {
        AddressType type{};
        Address address{};
    };

    template <class Command> void send(Context ctx, Step step, const Command& command);
    void advance(Context ctx);
    void find(Context ctx);
    void create(Context ctx);
    void give_up(Context ctx);
    void pause(Context ctx);
    void begin_anew();
    void end(Context ctx, error_code cause);
    void fail(Context ctx, error_code error);
    Time next_deadline() const;
    void on_scan_command_done(Context ctx, Step done, hci::Status status);
    void on_create_done(Context ctx, hci::Status status);
    void on_cancel_done(Context ctx, hci::Status status);
    bool is_peer(const hci::LeConnectionComplete& event) const;

    Phase phase_ = Phase::idle;
    ConnectRequest request_;
    std::optional<Air> found_;  // where the peer of `find_first` advertises
    bool held_ = false;
    Time deadline_ = never;
    Time cancel_deadline_ = never;
    Time find_again_ = never;
    error_code cause_;
    Step step_ = Step::none;  // the command in flight
    bool scanning_ = false;
    bool initiating_ = false;  // the controller has accepted an attempt and not ended it
};

}  // namespace bluetooth::gap
