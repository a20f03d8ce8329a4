// SPDX-License-Identifier: MIT
//
// One pairing, from the exchange of features to the distribution of keys (Vol 3 Part H 2.1, 2.3).
//
//   pairing.cpp             features, the choice of a method, what the application answers
//   legacy_pairing.cpp      phase 2 of LE legacy pairing
//   secure_connections.cpp  phase 2 of LE Secure Connections
//   key_exchange.cpp        phase 3
#pragma once

#include <cstdint>
#include <optional>

#include "crypto/p256.hpp"
#include "smp/context.hpp"
#include "smp/local.hpp"
#include "smp/toolbox.hpp"

namespace bluetooth::smp {

enum class Role : std::uint8_t { central, peripheral };

/// The ends of a link as they appear on the air: private addresses where these were used.
struct LinkEnds {
    Role role = Role::central;
    TypedAddress ours;
    TypedAddress peers;
};

class Pairing {
public:
    /// `present` is the bond with this peer, if there is one.
    Pairing(const LinkEnds& ends, const Terms& local, std::optional<KeyStrength> present);

    /// As central: sends the Pairing Request.
    void initiate(Context ctx);
    /// As peripheral: answers the central's.
    void respond(Context ctx, const Features& request);
    /// Any other PDU whose code is known. Whether it was of use.
    bool receive(Context ctx, Bytes pdu);
    /// Errors: those of `SecurityManager::answer_passkey`.
    error_code answer_passkey(Context ctx, PasskeyAction action, std::uint32_t number);
    error_code send_keypress(Context ctx, Keypress keypress);
    error_code allow_weaker(Context ctx, bool allowed);
    /// The key under which phase 3 begins is in use.
    void on_encrypted(Context ctx);
    void on_timer(Context ctx);
    /// Ends it, and tells the peer why.
    void fail(Context ctx, Reason reason);

    /// Whether it waits for the link to be encrypted with `key`.
    bool awaits_encryption() const { return step_ == Step::encryption; }
    const crypto::Key& key() const { return key_; }
    /// Whether the link is encrypted with that key.
    bool encrypted() const { return encrypted_; }

    bool ended() const { return step_ == Step::ended; }
    /// After the end: why it failed, if it did.
    error_code error() const { return error_; }
    /// After the end: whether the peer has not answered, so that nothing more may be sent.
    bool timed_out() const { return timed_out_; }
    /// After a success: what is to be stored, if anything.
    const std::optional<Bond>& bond() const { return bond_; }
    /// Whether the application has agreed to replace a better bond.
    bool weaker_allowed() const { return weaker_allowed_; }
    /// Once the features are exchanged.
    std::optional<Method> method() const {
        return phase_two_ ? std::optional{model_.method} : std::nullopt;
    }
    const KeyStrength& strength() const { return strength_; }

private:
    enum class Step : std::uint8_t {
        idle,
        response,    // for Pairing Response
        permission,  // for `allow_weaker`
        public_key,  // for Pairing Public Key
        confirm,     // for Pairing Confirm, or the passkey with which to send ours
        random,      // for Pairing Random
        check,       // for Pairing DHKey Check, or the user's comparison
        encryption,  // for the link to be encrypted
        keys,        // for the peer's keys
        ended,
    };

    bool is_initiator() const { return ends_.role == Role::central; }
    const TypedAddress& initiator_address() const {
        return is_initiator() ? ends_.ours : ends_.peers;
    }
    const TypedAddress& responder_address() const {
        return is_initiator() ? ends_.peers : ends_.ours;
    }
    const Features& peer_features() const { return is_initiator() ? response_ : request_; }
    const Features& our_features() const { return is_initiator() ? request_ : response_; }

    // pairing.cpp
    Features features(const Features* request) const;
    std::optional<Reason> judge_features();
    void on_features_exchanged(Context ctx);
    void begin_phase_two(Context ctx);
    void ask(Context ctx, PasskeyAction action, std::uint32_t number = 0);
    void ask_passkey(Context ctx);
    void on_passkey(Context ctx);
    template <class P> void send(Context ctx, const P& pdu);
    void restart_timer(Context ctx);
    void finish(error_code error);
    void on_response(Context ctx, const PairingResponse& pdu);
    void on_keypress(Context ctx, const PairingKeypressNotification& pdu);

    // legacy_pairing.cpp
    void begin_legacy(Context ctx);
    Block legacy_confirm(const Block& random) const;
    void send_legacy_confirm(Context ctx);
    void on_legacy_confirm(Context ctx);
    void on_legacy_random(Context ctx, const Block& peer_random);

    // secure_connections.cpp
    void begin_secure_connections(Context ctx);
    void send_public_key(Context ctx);
    void on_public_key(Context ctx, const PairingPublicKey& pdu);
    void begin_authentication(Context ctx);
    std::uint8_t passkey_bit() const;
    Block our_confirm(std::uint8_t z) const;
    Block expected_confirm(const Block& peer_random, std::uint8_t z) const;
    void send_round_confirm(Context ctx);
    void on_round_confirm(Context ctx);
    void on_random(Context ctx, const Block& peer_random);
    void finish_round(Context ctx);
    void compare_numbers(Context ctx);
    void begin_check(Context ctx);
    void make_keys();
    Block check_value(bool of_initiator) const;
    void send_check(Context ctx);
    void on_check(Context ctx);

    // key_exchange.cpp
    void await_encryption(Context ctx);
    void send_keys(Context ctx);
    bool receive_key(Context ctx, Bytes pdu);
    void succeed();

    LinkEnds ends_;
    Terms local_;
    std::optional<KeyStrength> present_;
    Step step_ = Step::idle;
    error_code error_;
    bool timed_out_ = false;
    bool encrypted_ = false;
    bool weaker_allowed_ = false;
    Time deadline_ = never;
    unsigned keypresses_left_ = 100;

    Features request_;
    Features response_;
    AssociationModel model_;
    KeyStrength strength_;
    bool phase_two_ = false;
    bool debug_ = false;  // one of the public keys is the debug key

    // What the application is asked, and has answered.
    std::optional<PasskeyAction> question_;
    std::optional<std::uint32_t> passkey_;
    bool compared_ = false;

    Block our_random_{};
    Block peer_random_{};
    std::optional<Block> peer_confirm_;
    crypto::Key tk_;   // legacy
    crypto::Key key_;  // the STK, or the LTK of LE Secure Connections

    // LE Secure Connections
    std::optional<crypto::KeyPair> key_pair_;
    crypto::PublicKey peer_key_;
    crypto::DhKey dhkey_;
    crypto::Key mac_key_;
    std::optional<Block> peer_check_;
    std::uint8_t round_ = 0;  // of Passkey Entry

    // Phase 3
    std::uint8_t keys_to_send_ = 0;     // bits of `key_distribution`
    std::uint8_t keys_to_receive_ = 0;  // bits of `KeyPdu`
    DistributedKeys ours_;
    DistributedKeys peers_;
    std::optional<TypedAddress> peer_identity_;
    std::optional<Bond> bond_;
};

template <class P> void Pairing::send(Context ctx, const P& pdu) {
    ctx.out.push(Send{pdu});
    restart_timer(ctx);
}

}  // namespace bluetooth::smp
