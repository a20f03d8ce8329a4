// SPDX-License-Identifier: MIT
#include "gap/privacy.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace bluetooth::gap {
namespace {

/// Out of any six octets a non-resolvable private address: the random part is neither all zeros nor
/// all ones, and the address is not our public one (Vol 6 Part B 1.3.2.2).
Address make_non_resolvable(std::array<std::uint8_t, 6> octets,
                            const std::optional<Address>& public_address) {
    constexpr std::array<std::uint8_t, 6> all_ones{0xff, 0xff, 0xff, 0xff, 0xff, 0x3f};
    octets[5] &= 0x3f;
    Address address = Address::from_wire(octets);
    while (address.is_zero() || address.wire() == all_ones || address == public_address) {
        ++octets[0];
        address = Address::from_wire(octets);
    }
    return address;
}

hci::OwnAddressType type_of(bool is_public) {
    return is_public ? hci::OwnAddressType::public_device : hci::OwnAddressType::random_device;
}

}  // namespace

// ---- our own address

void Privacy::use_public(Context ctx) {
    renewal_ = never;
    use(ctx, Kind::public_device, {});
}

void Privacy::use_static(Context ctx, const Address& address) {
    renewal_ = never;
    use(ctx, Kind::random_static, address);
}

void Privacy::use_resolvable(Context ctx, const crypto::Key& irk, crypto::RandomSource& random) {
    own_irk_.emplace(irk);
    renewal_ = ctx.now + interval_;
    use(ctx, Kind::resolvable, own_irk_->generate(random.octets<3>()));
}

void Privacy::use_non_resolvable(Context ctx, crypto::RandomSource& random) {
    renewal_ = ctx.now + interval_;
    use(ctx, Kind::non_resolvable,
        make_non_resolvable(random.octets<6>(), support_.public_address));
}

void Privacy::use(Context ctx, Kind kind, const Address& address) {
    wanted_ = {kind, address};
    asked_for_ = true;
    advance(ctx);
}

/// A new address of the kind that is wanted.
void Privacy::renew(crypto::RandomSource& random) {
    wanted_.address = wanted_.kind == Kind::resolvable
                          ? own_irk_->generate(random.octets<3>())
                          : make_non_resolvable(random.octets<6>(), support_.public_address);
}

error_code Privacy::set_interval(std::chrono::seconds interval) {
    if (interval < min_interval || interval > max_interval)
        return make_error(errc::invalid_argument);
    interval_ = interval;
    return {};
}

hci::OwnAddressType Privacy::requested_type() const {
    return type_of(wanted_.kind == Kind::public_device);
}

Address Privacy::requested_address() const {
    return wanted_.kind == Kind::public_device ? support_.public_address.value_or(Address{})
                                               : wanted_.address;
}

hci::OwnAddressType Privacy::own_address_type() const {
    return type_of(in_force_ == Kind::public_device);
}

Address Privacy::own_address() const {
    if (in_force_ == Kind::public_device) return support_.public_address.value_or(Address{});
    return support_.random_address;
}

// ---- peers

error_code Privacy::add_peer(Context ctx, const Identity& peer, const crypto::Key& irk,
                             bool device_privacy) {
    const error_code error = list_.add(peer, irk, device_privacy);
    advance(ctx);
    return error;
}

void Privacy::remove_peer(Context ctx, const Identity& peer) {
    list_.remove(peer);
    advance(ctx);
}

void Privacy::clear(Context ctx) {
    list_.clear();
    advance(ctx);
}

void Privacy::use_peer(Context ctx, const Identity& peer) {
    list_.use(peer);
    advance(ctx);
}

// ---- the controller

bool Privacy::address_to_set() const {
    return wanted_.kind != Kind::public_device && wanted_.address != support_.random_address;
}

/// Asks for a pause when there is something to do, does it in the pause, and ends the pause.
void Privacy::advance(Context ctx) {
    if (!up_ || step_ != Step::none) return;
    if (wanted_.kind == Kind::public_device && !support_.public_address)
        wanted_ = {Kind::random_static, support_.random_address};
    if (!address_to_set()) {
        in_force_ = wanted_.kind;
        asked_for_ = false;
    }
    if (!address_to_set() && !list_.has_next()) {
        if (pause_ != Pause::none) release(ctx);
    } else if (pause_ == Pause::none && ctx.now >= not_before_) {
        pause_ = Pause::resting;
        rest_deadline_ = ctx.now + rest_limit;
        ctx.out.push(HoldAddresses{true});
    } else if (pause_ == Pause::held && address_to_set()) {
        sent_address_ = wanted_.address;
        send(ctx, Step::address, hci::encode_command(hci::LeSetRandomAddress{sent_address_}));
    } else if (pause_ == Pause::held) {
        send(ctx, Step::list, list_.next());
    }
    wake(ctx);
}

void Privacy::send(Context ctx, Step step, const hci::EncodedCommand& command) {
    step_ = step;
    ctx.out.push(SendCommand{Sender::privacy, command});
}

void Privacy::release(Context ctx) {
    pause_ = Pause::none;
    ctx.out.push(HoldAddresses{false});
}

void Privacy::wake(Context ctx) const {
    ctx.out.wake_at(renewal_);
    if (pause_ == Pause::resting) ctx.out.wake_at(rest_deadline_);
    if (pause_ == Pause::none && ctx.now < not_before_) ctx.out.wake_at(not_before_);
}

void Privacy::on_at_rest(Context ctx) {
    if (pause_ != Pause::resting) return;
    pause_ = Pause::held;
    advance(ctx);
}

void Privacy::on_timer(Context ctx, crypto::RandomSource& random) {
    if (ctx.now >= renewal_) {
        renewal_ = ctx.now + interval_;
        renew(random);
    }
    if (pause_ == Pause::resting && ctx.now >= rest_deadline_) {
        log::warn("gap", "the controller does not come to rest: addresses stay as they are");
        not_before_ = ctx.now + retry_after;
        release(ctx);
    }
    advance(ctx);
    wake(ctx);
}

void Privacy::on_command_done(Context ctx, std::uint16_t, hci::Status status, Bytes) {
    error_code failure;
    switch (std::exchange(step_, Step::none)) {
    case Step::none: return;
    case Step::address: failure = on_address_done(ctx, status); break;
    case Step::list: list_.on_answer(status); break;
    }
    advance(ctx);
    // Last: the application may ask for another address in its handler, hence for another pause.
    if (failure) ctx.out.push(OwnAddressFailed{failure});
}

/// The failure that the application is to hear of.
error_code Privacy::on_address_done(Context ctx, hci::Status status) {
    if (status == hci::Status::success) {
        support_.random_address = sent_address_;
        return {};
    }
    log::warn("gap", "the controller refused an address of our own: ", status);
    // Another one may be wanted by now.
    if (!address_to_set() || wanted_.address != sent_address_) return {};
    wanted_ = {in_force_, support_.random_address};
    const bool is_private =
        wanted_.kind == Kind::resolvable || wanted_.kind == Kind::non_resolvable;
    renewal_ = is_private ? ctx.now + interval_ : never;
    if (!std::exchange(asked_for_, false)) return {};
    return controller_error(status);
}

void Privacy::on_controller_reset(Context ctx) {
    up_ = false;
    step_ = Step::none;
    not_before_ = {};
    list_.reset(0, false);
    if (pause_ != Pause::none) release(ctx);
}

void Privacy::restore(Context ctx, const PrivacySupport& support) {
    up_ = true;
    support_ = support;
    list_.reset(support.resolving_list_size, support.privacy_modes);
    advance(ctx);
}

}  // namespace bluetooth::gap
