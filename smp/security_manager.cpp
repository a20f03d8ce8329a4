// SPDX-License-Identifier: MIT
#include "smp/security_manager.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace bluetooth::smp {

// ---- bonds

void SecurityManager::on_connected(Context ctx) {
    lookup_ = Lookup::pending;
    ctx.out.push(LookUpBond{});
}

void SecurityManager::on_bond(Context ctx, const std::optional<Bond>& bond) {
    lookup_ = Lookup::done;
    bond_ = bond;
    if (security_.bonded != bond.has_value()) {
        LinkSecurity security = security_;
        security.bonded = bond.has_value();
        set_security(ctx, security);
    }
    if (const auto name = std::exchange(waiting_key_request_, {}))
        on_key_request(ctx, name->random_number, name->encrypted_diversifier);
    if (const auto request = std::exchange(waiting_request_, {})) on_pairing_request(ctx, *request);
    if (const auto request = std::exchange(waiting_security_request_, {}))
        on_security_request(ctx, *request);
    if (std::exchange(pair_wanted_, false)) continue_pair(ctx, anew_);
}

void SecurityManager::on_bond_stored(Context ctx, bool stored) {
    if (!std::exchange(storing_, false)) return;
    if (stored) {
        key_stored_ = true;
        bond_ = std::move(new_bond_);
        LinkSecurity security = security_;
        security.bonded = true;
        set_security(ctx, security);
    }
    new_bond_.reset();
    report(ctx, security_.encrypted ? error_code{} : make_error(errc::protocol_error));
}

void SecurityManager::forget_bond() {
    bond_.reset();
    key_stored_ = false;
    security_.bonded = false;
}

// ---- the application

error_code SecurityManager::pair(Context ctx, bool anew) {
    if (busy()) return make_error(errc::already_in_progress);
    if (blocked_) return make_error(errc::timed_out);
    if (is_own_address()) return make_error(errc::not_permitted);
    pair_wanted_ = true;
    anew_ = anew;
    if (lookup_ == Lookup::done) on_connected(ctx);  // the application may have changed its mind
    return {};
}

void SecurityManager::continue_pair(Context ctx, bool anew) {
    if (pairing_ || encrypting_) return;  // the peer was quicker
    method_.reset();
    const Settings& settings = local_.settings;
    if (ends_.role == Role::peripheral) {
        std::uint8_t request = settings.bonding ? auth_req::bonding : std::uint8_t{0};
        if (settings.mitm) request |= auth_req::mitm;
        if (settings.secure_connections) request |= auth_req::secure_connections;
        if (settings.keypress) request |= auth_req::keypress;
        request_deadline_ = ctx.now + timeout;
        ctx.out.wake_at(request_deadline_);
        ctx.out.push(Send{SecurityRequest{request}});
    } else if (!anew && bond_suffices(wants_authentication())) {
        encrypt_with_bond(ctx);
    } else {
        start_pairing(ctx);
    }
}

/// Whether a bond that is not authenticated is not good enough: we want more, and can have it. That
/// a peer alone wants more is no reason to replace its bond, as it may not be that peer.
bool SecurityManager::wants_authentication() const {
    const Settings& settings = local_.settings;
    return settings.mitm && settings.io != IoCapability::no_input_no_output;
}

/// Whether the bond has a key for us as central that is as good as our settings want it.
bool SecurityManager::bond_suffices(bool authentication) const {
    if (!bond_ || !bond_->peers.ltk) return false;
    const Settings& settings = local_.settings;
    const KeyStrength& strength = bond_->strength;
    return strength.key_size >= settings.min_key_size &&
           (strength.secure_connections || !settings.secure_connections_only) &&
           (strength.authenticated || !authentication);
}

void SecurityManager::start_pairing(Context ctx) {
    pairing_.emplace(ends_, local_, bond_ ? std::optional{bond_->strength} : std::nullopt);
    pairing_->initiate(ctx);
    after_pairing_input(ctx);
}

void SecurityManager::encrypt_with_bond(Context ctx) {
    encrypting_ = true;
    pending_key_ = KeyInUse{bond_->strength, true};
    encryption_deadline_ = ctx.now + encryption_limit;
    ctx.out.wake_at(encryption_deadline_);
    ctx.out.push(StartEncryption{*bond_->peers.ltk});
}

error_code SecurityManager::cancel(Context ctx) {
    if (pairing_) {
        pairing_->fail(ctx, Reason::unspecified_reason);
        after_pairing_input(ctx);
    } else if (std::exchange(pair_wanted_, false) ||
               std::exchange(request_deadline_, never) != never) {
        report(ctx, local_error(Reason::unspecified_reason));
    } else {
        return make_error(errc::no_such_procedure);
    }
    return {};
}

error_code SecurityManager::answer_passkey(Context ctx, PasskeyAction action,
                                           std::uint32_t number) {
    if (!is_valid_answer(action, number)) return make_error(errc::invalid_argument);
    if (!pairing_) return make_error(errc::no_such_procedure);
    const error_code error = pairing_->answer_passkey(ctx, action, number);
    after_pairing_input(ctx);
    return error;
}

error_code SecurityManager::send_keypress(Context ctx, Keypress keypress) {
    if (!pairing_) return make_error(errc::no_such_procedure);
    return pairing_->send_keypress(ctx, keypress);
}

error_code SecurityManager::allow_weaker(Context ctx, bool allowed) {
    if (!pairing_) return make_error(errc::no_such_procedure);
    if (!allowed)
        log::warn("smp",
                  "refused a pairing that would replace a better bond: remove that bond first if "
                  "the peer has lost it");
    const error_code error = pairing_->allow_weaker(ctx, allowed);
    after_pairing_input(ctx);
    return error;
}

// ---- the peer

void SecurityManager::refuse(Context ctx, Reason reason) {
    ++dropped_;
    if (pairing_) {  // which the peer now takes to have failed
        pairing_->fail(ctx, reason);
        return after_pairing_input(ctx);
    }
    ctx.out.push(Send{PairingFailed{reason}});
}

void SecurityManager::receive(Context ctx, Bytes pdu) {
    if (pdu.empty() || blocked_ || std::ranges::find(Pdus::codes, pdu[0]) == Pdus::codes.end()) {
        ++dropped_;
        return;
    }
    const bool well_formed = Pdus::dispatch(pdu, [](const auto&) {});
    if (!well_formed) {
        if (pdu[0] == PairingFailed::code) return on_pairing_failed(ctx, Reason{});
        log::warn("smp", "a PDU of ", pdu.size(), " octets with code ", unsigned{pdu[0]},
                  " is malformed");
        if (!pairing_) return refuse(ctx, Reason::invalid_parameters);
        ++dropped_;
        pairing_->fail(ctx, Reason::invalid_parameters);
        return after_pairing_input(ctx);
    }
    if (const auto request = decode<PairingRequest>(pdu)) {
        on_pairing_request(ctx, *request);
    } else if (const auto security = decode<SecurityRequest>(pdu)) {
        on_security_request(ctx, *security);
    } else if (const auto failed = decode<PairingFailed>(pdu)) {
        on_pairing_failed(ctx, failed->reason);
    } else if (pairing_) {
        if (!pairing_->receive(ctx, pdu)) ++dropped_;
        after_pairing_input(ctx);
    } else {
        ++dropped_;  // it belongs to a pairing that has ended
    }
}

void SecurityManager::on_pairing_request(Context ctx, const PairingRequest& pdu) {
    if (ends_.role == Role::central) return refuse(ctx, Reason::command_not_supported);
    if (pairing_) {  // 2.3: one at a time; its state is not to be mixed with another's
        ++dropped_;
        pairing_->fail(ctx, Reason::unspecified_reason);
        return after_pairing_input(ctx);
    }
    if (storing_ || encrypting_) return refuse(ctx, Reason::unspecified_reason);
    if (lookup_ == Lookup::pending) {
        waiting_request_ = pdu;
        return;
    }
    if (is_own_address()) {
        log::warn("smp", "refused to pair with a peer that has our own address");
        return refuse(ctx, Reason::unspecified_reason);
    }
    if (!local_.attempts.allowed(ends_.peers, ctx.now)) {
        log::warn("smp", "refused to pair: too many attempts of this peer have failed");
        return refuse(ctx, Reason::repeated_attempts);
    }
    request_deadline_ = never;
    pairing_.emplace(ends_, local_, bond_ ? std::optional{bond_->strength} : std::nullopt);
    pairing_->respond(ctx, pdu.features);
    after_pairing_input(ctx);
}

void SecurityManager::on_security_request(Context ctx, const SecurityRequest& pdu) {
    if (ends_.role == Role::peripheral) return refuse(ctx, Reason::command_not_supported);
    if (pairing_ || encrypting_ || storing_) {  // 2.4.6
        ++dropped_;
        return;
    }
    if (lookup_ == Lookup::pending) {
        waiting_security_request_ = pdu;
        return;
    }
    if (is_own_address()) return refuse(ctx, Reason::unspecified_reason);
    const bool mitm = (pdu.auth_req & auth_req::mitm) != 0;
    if (bond_suffices(mitm && wants_authentication())) return encrypt_with_bond(ctx);
    if (!local_.attempts.allowed(ends_.peers, ctx.now))
        return refuse(ctx, Reason::repeated_attempts);
    start_pairing(ctx);
}

/// Is never answered, so that two peers cannot go on telling each other.
void SecurityManager::on_pairing_failed(Context ctx, Reason reason) {
    // 0 is no reason, and would be no error.
    const error_code error = peer_error(reason == Reason{} ? Reason::unspecified_reason : reason);
    if (pairing_)
        end_pairing(ctx, error);
    else if (std::exchange(request_deadline_, never) != never)
        report(ctx, error);
    else
        ++dropped_;
}

// ---- the controller

void SecurityManager::on_key_request(Context ctx, const std::array<std::uint8_t, 8>& random_number,
                                     std::uint16_t encrypted_diversifier) {
    if (lookup_ == Lookup::pending && !pairing_) {
        waiting_key_request_ = KeyName{random_number, encrypted_diversifier};
        return;
    }
    const bool unnamed =
        encrypted_diversifier == 0 &&
        std::ranges::all_of(random_number, [](std::uint8_t octet) { return octet == 0; });
    if (pairing_) {
        if (pairing_->awaits_encryption() && unnamed) {
            pending_key_ = KeyInUse{pairing_->strength(), false};
            ctx.out.push(AnswerKeyRequest{pairing_->key()});
            return;
        }
    } else if (bond_ && bond_->ours.ltk &&
               bond_->strength.key_size >= local_.settings.min_key_size &&
               (bond_->strength.secure_connections || !local_.settings.secure_connections_only)) {
        const LongTermKey& ltk = *bond_->ours.ltk;
        const bool named = ltk.random_number == random_number &&
                           ltk.encrypted_diversifier == encrypted_diversifier;
        if (bond_->strength.secure_connections ? unnamed : named) {
            request_deadline_ = never;
            encrypting_ = true;
            pending_key_ = KeyInUse{bond_->strength, true};
            encryption_deadline_ = ctx.now + encryption_limit;
            ctx.out.wake_at(encryption_deadline_);
            ctx.out.push(AnswerKeyRequest{ltk.value});
            return;
        }
    }
    ++dropped_;
    log::warn("smp", "the central wants to encrypt with a key that we do not have");
    ctx.out.push(AnswerKeyRequest{});
}

void SecurityManager::on_encryption_change(Context ctx, error_code error, bool enabled) {
    if (error) return on_encryption_failed(ctx, error);
    if (enabled) return on_key_in_use(ctx);
    // The link goes on without: whoever relied on the encryption must know (CVE-2020-9770).
    const bool concerned = security_.encrypted || encrypting_;
    pending_key_.reset();
    key_stored_ = false;
    encrypting_ = false;
    encryption_deadline_ = never;
    set_security(ctx, {.bonded = bond_.has_value(), .authorized = security_.authorized});
    if (pairing_) return end_pairing(ctx, make_error(errc::protocol_error));
    if (!concerned || storing_) return;  // `on_bond_stored` reports it
    // A `pair` that has only asked so far ends by this too.
    pair_wanted_ = false;
    request_deadline_ = never;
    report(ctx, make_error(errc::protocol_error));
}

void SecurityManager::on_key_refresh(Context ctx, error_code error) {
    if (error) return on_encryption_failed(ctx, error);
    on_key_in_use(ctx);
}

void SecurityManager::on_key_in_use(Context ctx) {
    const auto key = std::exchange(pending_key_, {});
    if (!key) {  // nobody has given it a key
        ++dropped_;
        log::warn("smp", "the controller reports an encryption that nobody has asked for");
        return;
    }
    encrypting_ = false;
    encryption_deadline_ = never;
    key_stored_ = key->of_bond;
    set_security(ctx, {.encrypted = true,
                       .authenticated = key->strength.authenticated,
                       .bonded = bond_.has_value(),
                       .key_size = key->strength.key_size,
                       .authorized = security_.authorized,
                       .secure_connections = key->strength.secure_connections});
    if (!key->of_bond && pairing_) {
        pairing_->on_encrypted(ctx);
        return after_pairing_input(ctx);
    }
    method_.reset();
    report(ctx, {});
}

/// Above all PIN or Key Missing (0x06): the peer has lost the bond. Pairing anew is the
/// application's decision, as it may be another device that claims the peer's address.
void SecurityManager::on_encryption_failed(Context ctx, error_code error) {
    const bool waited = pending_key_ || encrypting_;
    pending_key_.reset();
    encrypting_ = false;
    encryption_deadline_ = never;
    if (pairing_) return end_pairing(ctx, error);
    if (!waited) {
        ++dropped_;
        return;
    }
    method_.reset();
    log::warn("smp", "the link could not be encrypted: ", error,
              "; if the peer has lost its bond, remove ours and pair anew");
    report(ctx, error);
}

void SecurityManager::on_encryption_refused(Context ctx, error_code error) {
    on_encryption_failed(ctx, error);
}

void SecurityManager::on_timer(Context ctx) {
    if (pairing_) {
        pairing_->on_timer(ctx);
        after_pairing_input(ctx);
    }
    if (ctx.now >= request_deadline_) {
        request_deadline_ = never;
        report(ctx, make_error(errc::timed_out));
    }
    if (ctx.now >= encryption_deadline_) {
        encryption_deadline_ = never;
        on_encryption_failed(ctx, make_error(errc::timed_out));
    }
    ctx.out.wake_at(std::min(request_deadline_, encryption_deadline_));
}

void SecurityManager::on_disconnected(Context ctx) {
    const bool waiting = busy();
    security_ = {};
    request_deadline_ = encryption_deadline_ = never;
    pair_wanted_ = encrypting_ = storing_ = false;
    pending_key_.reset();
    if (pairing_)
        end_pairing(ctx, make_error(errc::connection_lost));
    else if (waiting)
        report(ctx, make_error(errc::connection_lost));
}

// ---- outcomes

/// To be called after each input of the pairing: does what has come out of it.
void SecurityManager::after_pairing_input(Context ctx) {
    if (!pairing_) return;
    if (pairing_->awaits_encryption() && ends_.role == Role::central && !pending_key_)
        pending_key_ = KeyInUse{pairing_->strength(), false};
    if (!pairing_->ended()) return;
    if (const error_code error = pairing_->error()) {
        if (pairing_->timed_out()) blocked_ = true;
        return end_pairing(ctx, error);
    }
    // Anybody succeeds without authentication.
    if (pairing_->strength().authenticated) local_.attempts.succeeded(ends_.peers);
    method_ = pairing_->method();
    const bool replaces = pairing_->weaker_allowed();
    new_bond_ = pairing_->bond();
    pairing_.reset();
    if (!new_bond_) return report(ctx, {});
    storing_ = true;
    ctx.out.push(StoreBond{*new_bond_, replaces});
}

void SecurityManager::end_pairing(Context ctx, error_code error) {
    const bool phase_two = pairing_->method().has_value();
    method_ = pairing_->method();
    if (phase_two) local_.attempts.failed(ends_.peers, ctx.now);
    // The controller may have its key already, and encrypt under it.
    const bool under_its_key = pairing_->encrypted() || pending_key_;
    pairing_.reset();
    pending_key_.reset();
    report(ctx, error);
    if (under_its_key) ctx.out.push(Disconnect{error});
}

void SecurityManager::set_security(Context ctx, const LinkSecurity& security) {
    security_ = security;
    ctx.out.push(SecurityChanged{security});
}

void SecurityManager::report(Context ctx, error_code error) {
    LinkSecurity security;
    if (!error) {
        security = security_;
        security.bonded = key_stored_;
    }
    ctx.out.push(SecurityDone{security, error, std::exchange(method_, {})});
}

}  // namespace bluetooth::smp
