// SPDX-License-Identifier: MIT
//
// Phase 2 of LE legacy pairing (Vol 3 Part H 2.3.5.5): both sides commit themselves to a random
// number under a Temporary Key, show it, and make the Short Term Key out of both.
#include "smp/pairing.hpp"

namespace bluetooth::smp {

void Pairing::begin_legacy(Context ctx) {
    step_ = Step::confirm;
    switch (model_.method) {
    case Method::passkey_entry: return ask_passkey(ctx);
    case Method::out_of_band: tk_ = *local_.oob_tk; break;
    default: break;  // Just Works: the TK is 0
    }
    passkey_ = 0;  // the TK is there
    if (is_initiator()) send_legacy_confirm(ctx);
}

Block Pairing::legacy_confirm(const Block& random) const {
    FeaturePdu request{};
    FeaturePdu response{};
    (void)encode(PairingRequest{request_}, request);
    (void)encode(PairingResponse{response_}, response);
    return c1(tk_, random, request, response, initiator_address(), responder_address());
}

void Pairing::send_legacy_confirm(Context ctx) {
    our_random_ = ctx.random.octets<16>();
    if (!is_initiator()) step_ = Step::random;
    send(ctx, PairingConfirm{crypto::reversed(legacy_confirm(our_random_))});
}

void Pairing::on_legacy_confirm(Context ctx) {
    if (!is_initiator()) {
        if (passkey_) send_legacy_confirm(ctx);
        return;
    }
    // Before our own confirm value has left there is nothing that the peer could answer.
    if (!passkey_) return fail(ctx, Reason::unspecified_reason);
    // Our own value comes from someone who does not know the TK, and would send our random number
    // back too (erratum 24491 to 2.3.5.5).
    if (crypto::equal(Bytes{legacy_confirm(our_random_)}, Bytes{*peer_confirm_}))
        return fail(ctx, Reason::confirm_value_failed);
    step_ = Step::random;
    send(ctx, PairingRandom{crypto::reversed(our_random_)});
}

void Pairing::on_legacy_random(Context ctx, const Block& peer_random) {
    if (!crypto::equal(Bytes{legacy_confirm(peer_random)}, Bytes{*peer_confirm_}))
        return fail(ctx, Reason::confirm_value_failed);
    peer_random_ = peer_random;
    if (!is_initiator()) send(ctx, PairingRandom{crypto::reversed(our_random_)});
    const Block& srand = is_initiator() ? peer_random_ : our_random_;
    const Block& mrand = is_initiator() ? our_random_ : peer_random_;
    key_ = masked(s1(tk_, srand, mrand), strength_.key_size);
    await_encryption(ctx);
}

}  // namespace bluetooth::smp
