// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "gap/context.hpp"

namespace bluetooth::gap {

struct AdvertisingParameters {
    /// 20 ms to 10.24 s, in steps of 0.625 ms (rounded down).
    std::chrono::microseconds interval{500'000};
    /// ADV_IND, else ADV_SCAN_IND.
    bool connectable = true;
    hci::OwnAddressType own_address_type = hci::OwnAddressType::public_device;
    hci::AdvertisingFilterPolicy filter_policy = hci::AdvertisingFilterPolicy::all;
};

/// Legacy advertising (Vol 4 Part E 7.8.5 to 7.8.9).
///
/// Holds what the app wants and what the controller has been told, and sends one command after the
/// other until both agree. So requests may follow each other at any pace: the latest counts, and
/// commands in flight are neither waited for by the caller nor forgotten.
class Advertiser {
public:
    static constexpr std::size_t max_data = 31;

    /// Starts, or when running stops and starts anew. Data that is not given stays what it was,
    /// empty data clears it. Followed by AdvertisingFailed if the controller refuses before
    /// another `start` or `stop` comes. `errc::invalid_argument`: interval out of range or more
    /// than 31 octets of data; nothing has changed then.
    error_code start(Context ctx, const AdvertisingParameters& parameters,
                     std::optional<Bytes> advertising_data,
                     std::optional<Bytes> scan_response_data);
    void stop(Context ctx);
    /// While held, the controller is brought to rest and kept there, without an event: what is
    /// wanted is not forgotten and goes on when released. Everything else may be called meanwhile
    /// as ever.
    void hold(Context ctx, bool held);

    /// A central has connected, by which the controller has stopped advertising (Vol 4 Part
    /// E 7.8.9).
    void on_connected(Context ctx);
    void on_command_done(Context ctx, std::uint16_t opcode, hci::Status status,
                         Bytes return_parameters);
    /// The controller has forgotten all; answers to commands in flight will not come. The data
    /// stays for the next `start`.
    void on_controller_reset(Context ctx, error_code cause);

    /// Whether advertising is wanted: from `start` until `stop`, a connection or a failure.
    bool advertising() const { return parameters_.has_value(); }
    /// Whether nothing is enabled at the controller or waiting for its answer, so that as far as
    /// advertising goes the random address may be changed (Vol 4 Part E 7.8.4).
    bool at_rest() const { return !enabled_ && step_ == Step::none; }
    /// Whether besides nothing is wanted.
    bool idle() const { return !parameters_ && at_rest(); }

private:
    struct Payload {
        std::array<std::uint8_t, max_data> octets{};
        std::uint8_t size = 0;
        bool set = true;  ///< the controller holds it; after a reset it holds empty data

        void assign(Bytes data);
    };
    enum class Step : std::uint8_t { none, disable, parameters, data, response, enable };

    void advance(Context ctx);
    template <class Command> void send(Context ctx, Step step, const Command& command);
    void fail(Context ctx, error_code error);

    // What is wanted.
    std::optional<AdvertisingParameters> parameters_;  // nothing: no advertising
    Payload data_;
    Payload response_;
    bool held_ = false;
    // What the controller has been told.
    bool parameters_set_ = false;
    bool enabled_ = false;
    Step step_ = Step::none;   // the command in flight
    bool superseded_ = false;  // `start` came after it was sent: its failure concerns nobody
    bool changed_ = false;     // `start` came after advertising was last enabled
};

}  // namespace bluetooth::gap
