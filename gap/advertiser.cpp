// SPDX-License-Identifier: MIT
#include "gap/advertiser.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace bluetooth::gap {
namespace {

using namespace std::chrono_literals;

// Vol 4 Part E 7.8.5
constexpr std::chrono::microseconds min_interval = 20ms;
constexpr std::chrono::microseconds max_interval = 10'240ms;

bool fits(const std::optional<Bytes>& data) {
    return !data || data->size() <= Advertiser::max_data;
}

}  // namespace

void Advertiser::Payload::assign(Bytes data) {
    octets = {};
    std::ranges::copy(data, octets.begin());
    size = static_cast<std::uint8_t>(data.size());
    set = false;
}

error_code Advertiser::start(Context ctx, const AdvertisingParameters& parameters,
                             std::optional<Bytes> advertising_data,
                             std::optional<Bytes> scan_response_data) {
    if (parameters.interval < min_interval || parameters.interval > max_interval)
        return make_error(errc::invalid_argument);
    if (!fits(advertising_data) || !fits(scan_response_data))
        return make_error(errc::invalid_argument);
    if (advertising_data) data_.assign(*advertising_data);
    if (scan_response_data) response_.assign(*scan_response_data);
    parameters_ = parameters;
    parameters_set_ = false;
    changed_ = true;
    superseded_ = true;
    advance(ctx);
    return {};
}

void Advertiser::stop(Context ctx) {
    parameters_.reset();
    advance(ctx);
}

void Advertiser::hold(Context ctx, bool held) {
    held_ = held;
    advance(ctx);
}

/// Sends the next command on the way from what the controller does to what is wanted.
void Advertiser::advance(Context ctx) {
    if (step_ != Step::none) return;
    const bool wanted = parameters_ && !held_;
    // Parameters cannot be set while advertising is enabled (Vol 4 Part E 7.8.5).
    if (enabled_ && (!wanted || changed_)) {
        send(ctx, Step::disable, hci::LeSetAdvertisingEnable{hci::Enable::disabled});
    } else if (!wanted || enabled_) {
        return;
    } else if (!parameters_set_) {
        const Units625us interval{static_cast<std::uint16_t>(parameters_->interval / 625us)};
        parameters_set_ = true;
        send(ctx, Step::parameters,
             hci::LeSetAdvertisingParameters{
                 .advertising_interval_min = interval,
                 .advertising_interval_max = interval,
                 .advertising_type = parameters_->connectable ? hci::AdvertisingType::adv_ind
                                                              : hci::AdvertisingType::adv_scan_ind,
                 .own_address_type = parameters_->own_address_type,
                 .peer_address_type = AddressType::public_device,
                 .peer_address = {},
                 .advertising_channel_map = hci::all_advertising_channels,
                 .advertising_filter_policy = parameters_->filter_policy});
    } else if (!data_.set) {
        data_.set = true;
        send(ctx, Step::data, hci::LeSetAdvertisingData{data_.size, data_.octets});
    } else if (!response_.set) {
        response_.set = true;
        send(ctx, Step::response, hci::LeSetScanResponseData{response_.size, response_.octets});
    } else {
        changed_ = false;
        send(ctx, Step::enable, hci::LeSetAdvertisingEnable{hci::Enable::enabled});
    }
}

template <class Command> void Advertiser::send(Context ctx, Step step, const Command& command) {
    step_ = step;
    superseded_ = false;
    ctx.out.push(SendCommand{Sender::advertiser, hci::encode_command(command)});
}

void Advertiser::on_command_done(Context ctx, std::uint16_t, hci::Status status, Bytes) {
    const bool ok = status == hci::Status::success;
    const Step done = std::exchange(step_, Step::none);
    switch (done) {
    case Step::none: return;
    case Step::disable:
        // Refused perhaps because a connection had already ended it; in any case there is
        // nothing more that could be done.
        enabled_ = false;
        if (!ok) log::warn("gap", "the controller refused to stop advertising: ", status);
        break;
    case Step::parameters: parameters_set_ = parameters_set_ && ok; break;
    case Step::data: data_.set = data_.set && ok; break;
    case Step::response: response_.set = response_.set && ok; break;
    case Step::enable: enabled_ = ok; break;
    }
    if (!ok && done != Step::disable && parameters_ && !superseded_) {
        log::warn("gap", "the controller refused to advertise: ", status);
        fail(ctx, controller_error(status));
    }
    advance(ctx);
}

void Advertiser::on_connected(Context ctx) {
    // The connection came from what the controller was last told to advertise. A `start` that it
    // has not been told of yet is of no concern, and a scannable advertising leads to none.
    const bool told = parameters_ && !changed_;
    if (told && !parameters_->connectable) return;
    // Nor need it be enabled any more: while it was being held a central may have been faster.
    if (told) parameters_.reset();
    // When the answer to enable is still to come, it will set this again, and advertising, which
    // is wanted no more, will be disabled for certain.
    enabled_ = false;
    advance(ctx);
}

void Advertiser::on_controller_reset(Context ctx, error_code cause) {
    step_ = Step::none;
    enabled_ = false;
    parameters_set_ = false;
    for (Payload* payload : {&data_, &response_}) payload->set = payload->size == 0;
    if (parameters_) fail(ctx, cause);
    advance(ctx);
}

void Advertiser::fail(Context ctx, error_code error) {
    parameters_.reset();
    ctx.out.push(AdvertisingFailed{error});
}

}  // namespace bluetooth::gap
