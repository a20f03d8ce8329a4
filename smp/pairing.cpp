// SPDX-License-Identifier: MIT
#include "smp/pairing.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace bluetooth::smp {
namespace {

constexpr std::uint8_t all_keys =
    key_distribution::encryption | key_distribution::identity | key_distribution::signing;

bool is_valid(const Features& features) {
    return features.io_capability <= IoCapability::keyboard_display &&
           features.oob_data_flag <= OobDataFlag::present &&
           features.max_encryption_key_size <= max_key_size;
}

}  // namespace

Pairing::Pairing(const LinkEnds& ends, const Terms& local, std::optional<KeyStrength> present)
    : ends_(ends), local_(local), present_(present) {}

// ---- features

/// Ours; as an answer to a request only what that asks for (2.3.1, 3.6.1). There is no BR/EDR here
/// that a link key could be for, so that key is never agreed on.
Features Pairing::features(const Features* request) const {
    const Settings& settings = local_.settings;
    const bool secure_connections =
        settings.secure_connections && (!request || request->has(auth_req::secure_connections));
    const bool bonding = settings.bonding && (!request || request->bonding());
    Features ours{.io_capability = settings.io,
                  .max_encryption_key_size = settings.max_key_size,
                  .initiator_key_distribution = bonding ? all_keys : std::uint8_t{0},
                  .responder_key_distribution = bonding ? all_keys : std::uint8_t{0}};
    if (secure_connections ? local_.peer_oob.has_value() : local_.oob_tk.has_value())
        ours.oob_data_flag = OobDataFlag::present;
    const auto want = [&](bool wanted, std::uint8_t bit) {
        if (wanted) ours.auth_req = static_cast<std::uint8_t>(ours.auth_req | bit);
    };
    want(settings.bonding, auth_req::bonding);
    want(settings.mitm, auth_req::mitm);
    want(settings.secure_connections, auth_req::secure_connections);
    want(settings.keypress, auth_req::keypress);
    if (request) {
        ours.initiator_key_distribution &= request->initiator_key_distribution;
        ours.responder_key_distribution &= request->responder_key_distribution;
    }
    return ours;
}

void Pairing::initiate(Context ctx) {
    request_ = features(nullptr);
    step_ = Step::response;
    send(ctx, PairingRequest{request_});
}

void Pairing::respond(Context ctx, const Features& request) {
    restart_timer(ctx);
    request_ = request;
    if (!is_valid(request)) return fail(ctx, Reason::invalid_parameters);
    response_ = features(&request);
    if (const auto reason = judge_features()) return fail(ctx, *reason);
    on_features_exchanged(ctx);
}

void Pairing::on_response(Context ctx, const PairingResponse& pdu) {
    response_ = pdu.features;
    if (!is_valid(response_)) return fail(ctx, Reason::invalid_parameters);
    if (const auto reason = judge_features()) return fail(ctx, *reason);
    on_features_exchanged(ctx);
}

/// What both features lead to, or why that is not enough.
std::optional<Reason> Pairing::judge_features() {
    const Settings& settings = local_.settings;
    strength_.secure_connections =
        request_.has(auth_req::secure_connections) && response_.has(auth_req::secure_connections);
    if (settings.secure_connections_only && !strength_.secure_connections)
        return Reason::authentication_requirements;
    strength_.key_size =
        std::min(request_.max_encryption_key_size, response_.max_encryption_key_size);
    const std::uint8_t least = settings.secure_connections_only
                                   ? max_key_size
                                   : std::max(settings.min_key_size, smp::min_key_size);
    if (strength_.key_size < least) return Reason::encryption_key_size;
    model_ = association_model(request_, response_, strength_.secure_connections);
    strength_.authenticated = model_.authenticated();
    if (!settings.methods.contains(model_.method)) return Reason::authentication_requirements;
    if (model_.method == Method::out_of_band && !strength_.secure_connections && !local_.oob_tk)
        return Reason::oob_not_available;
    return std::nullopt;
}

/// Before anything secret is exchanged it is decided whether the result may replace what there is.
void Pairing::on_features_exchanged(Context ctx) {
    const bool bonding = request_.bonding() && response_.bonding();
    if (bonding && present_ && !strength_.at_least(*present_)) {
        step_ = Step::permission;
        ctx.out.push(WeakerPairing{*present_, strength_});
        return;
    }
    begin_phase_two(ctx);
}

error_code Pairing::allow_weaker(Context ctx, bool allowed) {
    if (step_ != Step::permission) return make_error(errc::no_such_procedure);
    weaker_allowed_ = allowed;
    if (allowed)
        begin_phase_two(ctx);
    else
        fail(ctx, Reason::authentication_requirements);
    return {};
}

void Pairing::begin_phase_two(Context ctx) {
    phase_two_ = true;
    if (!is_initiator()) send(ctx, PairingResponse{response_});
    if (strength_.secure_connections)
        begin_secure_connections(ctx);
    else
        begin_legacy(ctx);
}

// ---- the application

void Pairing::ask(Context ctx, PasskeyAction action, std::uint32_t number) {
    question_ = action;
    ctx.out.push(PasskeyNeeded{action, number});
}

void Pairing::ask_passkey(Context ctx) {
    const PasskeyTask task = is_initiator() ? model_.initiator : model_.responder;
    ask(ctx, task == PasskeyTask::display ? PasskeyAction::display : PasskeyAction::input);
}

error_code Pairing::answer_passkey(Context ctx, PasskeyAction action, std::uint32_t number) {
    if (!question_) return make_error(errc::no_such_procedure);
    if (*question_ != action) return make_error(errc::invalid_argument);
    if (passkey_) return make_error(errc::already_in_progress);
    passkey_ = number;
    if (action != PasskeyAction::numeric_comparison) {
        on_passkey(ctx);
    } else if (number == 0) {
        fail(ctx, Reason::numeric_comparison_failed);
    } else {
        compared_ = true;
        begin_check(ctx);
    }
    return {};
}

void Pairing::on_passkey(Context ctx) {
    if (strength_.secure_connections) {
        // The responder's turn comes with the initiator's confirm value.
        if (is_initiator() || peer_confirm_) send_round_confirm(ctx);
        return;
    }
    for (unsigned i = 0; i < 4; ++i)
        tk_.octets()[15 - i] = static_cast<std::uint8_t>(*passkey_ >> 8 * i);
    if (is_initiator() || peer_confirm_) send_legacy_confirm(ctx);
}

error_code Pairing::send_keypress(Context ctx, Keypress keypress) {
    if (question_ != PasskeyAction::input || passkey_) return make_error(errc::no_such_procedure);
    if (!our_features().has(auth_req::keypress) || !peer_features().has(auth_req::keypress))
        return make_error(errc::not_supported);
    if (keypress > Keypress::entry_completed) return make_error(errc::invalid_argument);
    send(ctx, PairingKeypressNotification{keypress});
    return {};
}

/// They keep the time-out away while a user types (3.5.8), but not for ever.
void Pairing::on_keypress(Context ctx, const PairingKeypressNotification& pdu) {
    if (model_.method != Method::passkey_entry || !phase_two_ || keypresses_left_ == 0 ||
        pdu.notification_type > Keypress::entry_completed)
        return;
    --keypresses_left_;
    restart_timer(ctx);
    ctx.out.push(KeypressReceived{pdu.notification_type});
}

// ---- the peer, and time

bool Pairing::receive(Context ctx, Bytes pdu) {
    const std::uint8_t code = pdu[0];
    if (step_ == Step::keys) return receive_key(ctx, pdu);
    if (const auto keypress = decode<PairingKeypressNotification>(pdu)) {
        on_keypress(ctx, *keypress);
        return true;
    }
    const bool secure_connections = strength_.secure_connections;
    if (step_ == Step::response && code == PairingResponse::code) {
        on_response(ctx, *decode<PairingResponse>(pdu));
    } else if (step_ == Step::public_key && code == PairingPublicKey::code) {
        on_public_key(ctx, *decode<PairingPublicKey>(pdu));
    } else if (step_ == Step::confirm && code == PairingConfirm::code && !peer_confirm_) {
        peer_confirm_ = crypto::reversed(decode<PairingConfirm>(pdu)->confirm_value);
        if (secure_connections)
            on_round_confirm(ctx);
        else
            on_legacy_confirm(ctx);
    } else if (step_ == Step::random && code == PairingRandom::code) {
        const Block random = crypto::reversed(decode<PairingRandom>(pdu)->random_value);
        if (secure_connections)
            on_random(ctx, random);
        else
            on_legacy_random(ctx, random);
    } else if (step_ == Step::check && code == PairingDhKeyCheck::code && !peer_check_) {
        peer_check_ = crypto::reversed(decode<PairingDhKeyCheck>(pdu)->dhkey_check);
        on_check(ctx);
    } else {
        // Out of turn: whoever does so does not follow the protocol, or is someone else.
        fail(ctx, Reason::unspecified_reason);
        return false;
    }
    return true;
}

void Pairing::restart_timer(Context ctx) {
    deadline_ = ctx.now + timeout;
    ctx.out.wake_at(deadline_);
}

void Pairing::on_timer(Context ctx) {
    if (ended()) return;
    if (ctx.now < deadline_) return ctx.out.wake_at(deadline_);
    timed_out_ = true;
    finish(make_error(errc::timed_out));
}

void Pairing::fail(Context ctx, Reason reason) {
    ctx.out.push(Send{PairingFailed{reason}});
    finish(local_error(reason));
}

void Pairing::finish(error_code error) {
    step_ = Step::ended;
    error_ = error;
}

}  // namespace bluetooth::smp
