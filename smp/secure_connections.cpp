// SPDX-License-Identifier: MIT
//
// Phase 2 of LE Secure Connections (Vol 3 Part H 2.3.5.6): public keys, authentication stage 1 by
// the method that was chosen, and stage 2, which proves that both have the same DHKey.
#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "smp/pairing.hpp"

namespace bluetooth::smp {
namespace {

/// One for each bit of a passkey (2.3.5.6.3).
constexpr std::uint8_t passkey_rounds = 20;

}  // namespace

void Pairing::begin_secure_connections(Context ctx) {
    if (local_.settings.debug_keys)
        key_pair_ = debug_key_pair();
    else if (local_.our_oob)
        key_pair_ = local_.our_oob->key_pair;
    else if (local_.key_pair)
        key_pair_ = local_.key_pair;
    else
        key_pair_ = crypto::KeyPair::generate(ctx.random);
    step_ = Step::public_key;
    if (is_initiator()) send_public_key(ctx);
}

void Pairing::send_public_key(Context ctx) {
    const crypto::PublicKey& key = key_pair_->public_key();
    send(ctx, PairingPublicKey{crypto::reversed(key.x), crypto::reversed(key.y)});
}

void Pairing::on_public_key(Context ctx, const PairingPublicKey& pdu) {
    peer_key_ = {crypto::reversed(pdu.public_key_x), crypto::reversed(pdu.public_key_y)};
    // With the other Y too everybody knows its private key.
    const bool debug = peer_key_.x == debug_key_pair().public_key().x;
    debug_ = debug || local_.settings.debug_keys;
    // A key that is ours, or has our X, is a reflection, which proves nothing (2.3.5.6.1).
    const bool reflected = peer_key_.x == key_pair_->public_key().x && !debug;
    const auto dhkey = key_pair_->shared_secret(peer_key_);
    if (!dhkey || reflected || (debug && !local_.settings.debug_keys)) {
        log::warn("smp", "refused a public key: ",
                  debug       ? "it is the debug key"
                  : reflected ? "it is our own"
                              : "it is not on the curve");
        return fail(ctx, Reason::dhkey_check_failed);
    }
    dhkey_ = *dhkey;
    if (!is_initiator()) send_public_key(ctx);
    begin_authentication(ctx);
}

/// Authentication stage 1 (2.3.5.6.2 to 2.3.5.6.4).
void Pairing::begin_authentication(Context ctx) {
    if (model_.method == Method::passkey_entry) {
        step_ = Step::confirm;
        return ask_passkey(ctx);
    }
    our_random_ = ctx.random.octets<16>();
    if (model_.method == Method::out_of_band) {
        if (const auto& theirs = local_.peer_oob) {
            const Block confirm = f4(peer_key_.x, peer_key_.x, theirs->random, 0);
            if (!crypto::equal(Bytes{confirm}, Bytes{theirs->confirm}))
                return fail(ctx, Reason::confirm_value_failed);
        }
        // The peer says that it has data of ours: then there must be some.
        if (peer_features().oob_data_flag == OobDataFlag::present && !local_.our_oob)
            return fail(ctx, Reason::oob_not_available);
        step_ = Step::random;
        if (is_initiator()) send(ctx, PairingRandom{crypto::reversed(our_random_)});
    } else if (is_initiator()) {
        step_ = Step::confirm;
    } else {
        step_ = Step::random;
        send(ctx, PairingConfirm{crypto::reversed(our_confirm(0))});
    }
}

// ---- confirm values

/// What a confirm value of this round says of the passkey (2.3.5.6.3).
std::uint8_t Pairing::passkey_bit() const {
    return static_cast<std::uint8_t>(0x80 | (*passkey_ >> round_ & 1));
}

Block Pairing::our_confirm(std::uint8_t z) const {
    return f4(key_pair_->public_key().x, peer_key_.x, our_random_, z);
}
Block Pairing::expected_confirm(const Block& peer_random, std::uint8_t z) const {
    return f4(peer_key_.x, key_pair_->public_key().x, peer_random, z);
}

void Pairing::send_round_confirm(Context ctx) {
    our_random_ = ctx.random.octets<16>();
    const Block confirm = our_confirm(passkey_bit());
    // The same value as ours comes from someone who does not know the passkey (CVE-2020-26558).
    if (peer_confirm_ && crypto::equal(Bytes{confirm}, Bytes{*peer_confirm_}))
        return fail(ctx, Reason::confirm_value_failed);
    step_ = is_initiator() ? Step::confirm : Step::random;
    send(ctx, PairingConfirm{crypto::reversed(confirm)});
}

void Pairing::on_round_confirm(Context ctx) {
    if (model_.method == Method::passkey_entry) {
        if (!is_initiator()) {
            if (passkey_) send_round_confirm(ctx);
            return;
        }
        if (!passkey_) return fail(ctx, Reason::unspecified_reason);
        if (crypto::equal(Bytes{our_confirm(passkey_bit())}, Bytes{*peer_confirm_}))
            return fail(ctx, Reason::confirm_value_failed);
    }
    step_ = Step::random;
    send(ctx, PairingRandom{crypto::reversed(our_random_)});
}

void Pairing::on_random(Context ctx, const Block& peer_random) {
    peer_random_ = peer_random;
    const bool passkey = model_.method == Method::passkey_entry;
    // In Just Works and Numeric Comparison only the responder has committed itself.
    if (passkey || (is_initiator() && model_.method != Method::out_of_band)) {
        const std::uint8_t z = passkey ? passkey_bit() : std::uint8_t{0};
        if (!crypto::equal(Bytes{expected_confirm(peer_random, z)}, Bytes{*peer_confirm_}) ||
            (passkey && peer_random == our_random_))
            return fail(ctx, Reason::confirm_value_failed);
    }
    if (!is_initiator()) send(ctx, PairingRandom{crypto::reversed(our_random_)});
    if (passkey)
        finish_round(ctx);
    else if (model_.method == Method::numeric_comparison)
        compare_numbers(ctx);
    else
        begin_check(ctx);
}

void Pairing::finish_round(Context ctx) {
    if (++round_ == passkey_rounds) return begin_check(ctx);
    peer_confirm_.reset();
    step_ = Step::confirm;
    if (is_initiator()) send_round_confirm(ctx);
}

void Pairing::compare_numbers(Context ctx) {
    step_ = Step::check;
    const Coordinate& ours = key_pair_->public_key().x;
    const Coordinate& theirs = peer_key_.x;
    const std::uint32_t value = is_initiator() ? g2(ours, theirs, our_random_, peer_random_)
                                               : g2(theirs, ours, peer_random_, our_random_);
    ask(ctx, PasskeyAction::numeric_comparison, value % 1'000'000);
}

// ---- authentication stage 2

/// Stage 1 has succeeded for this side.
void Pairing::begin_check(Context ctx) {
    step_ = Step::check;
    compared_ = true;
    make_keys();
    if (is_initiator())
        send_check(ctx);
    else if (peer_check_)
        on_check(ctx);
}

void Pairing::make_keys() {
    const Block& na = is_initiator() ? our_random_ : peer_random_;
    const Block& nb = is_initiator() ? peer_random_ : our_random_;
    const MacKeyAndLtk keys = f5(dhkey_, na, nb, initiator_address(), responder_address());
    mac_key_ = keys.mac_key;
    key_ = masked(keys.ltk, strength_.key_size);
}

/// Ea or Eb (2.3.5.6.5): what one side sends to show that it has the keys, and the other's secret
/// of stage 1.
Block Pairing::check_value(bool of_initiator) const {
    const Features& features = of_initiator ? request_ : response_;
    const bool ours = of_initiator == is_initiator();
    Block r{};
    if (model_.method == Method::passkey_entry) {
        for (unsigned i = 0; i < 4; ++i) r[15 - i] = static_cast<std::uint8_t>(*passkey_ >> 8 * i);
    } else if (model_.method == Method::out_of_band) {
        // The value that the sender of the check was given by the other.
        if (ours && local_.peer_oob) r = local_.peer_oob->random;
        if (!ours && features.oob_data_flag == OobDataFlag::present && local_.our_oob)
            r = local_.our_oob->data.random;
    }
    const std::array<std::uint8_t, 3> io_cap{features.auth_req,
                                             static_cast<std::uint8_t>(features.oob_data_flag),
                                             static_cast<std::uint8_t>(features.io_capability)};
    const Block& from = ours ? our_random_ : peer_random_;
    const Block& to = ours ? peer_random_ : our_random_;
    const TypedAddress& sender = of_initiator ? initiator_address() : responder_address();
    const TypedAddress& receiver = of_initiator ? responder_address() : initiator_address();
    return f6(mac_key_, from, to, r, io_cap, sender, receiver);
}

void Pairing::send_check(Context ctx) {
    send(ctx, PairingDhKeyCheck{crypto::reversed(check_value(is_initiator()))});
}

void Pairing::on_check(Context ctx) {
    // The responder holds the initiator's until its own user has agreed; the initiator has sent
    // nothing before that which could be answered.
    if (!compared_) {
        if (is_initiator()) fail(ctx, Reason::unspecified_reason);
        return;
    }
    if (!crypto::equal(Bytes{check_value(!is_initiator())}, Bytes{*peer_check_}))
        return fail(ctx, Reason::dhkey_check_failed);
    if (!is_initiator()) send_check(ctx);
    await_encryption(ctx);
}

}  // namespace bluetooth::smp
