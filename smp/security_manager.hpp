// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/link_security.hpp"
#include "smp/context.hpp"
#include "smp/local.hpp"
#include "smp/pairing.hpp"

namespace bluetooth::smp {

/// The security of one link (Vol 3 Part H, Part C 10.3): encrypts it with the key of a bond, pairs
/// where there is none, answers the controller's requests for keys, and knows what the link's
/// encryption is worth. It believes in an encryption only when the controller reports it, and only
/// under a key of its own.
class SecurityManager {
public:
    /// How long a controller may take to encrypt: its own procedure ends the link after 40 s (Vol 6
    /// Part B 5.2).
    static constexpr std::chrono::seconds encryption_limit{45};

    /// `local` is shared by all links and outlives this object.
    SecurityManager(const LinkEnds& ends, Local& local) : ends_(ends), local_(local) {}
    SecurityManager(const SecurityManager&) = delete;
    SecurityManager& operator=(const SecurityManager&) = delete;

    /// First input of a link.
    void on_connected(Context ctx);
    /// The answer to `LookUpBond`.
    void on_bond(Context ctx, const std::optional<Bond>& bond);
    /// The answer to `StoreBond`.
    void on_bond_stored(Context ctx, bool stored);
    /// The bond was removed from the store: it counts no more, though a link that is encrypted with
    /// its key stays so.
    void forget_bond();

    /// Secures the link. As central: encrypts it with the bond, or pairs where there is none, where
    /// it lacks what the settings ask for, or where `anew`. As peripheral: asks the central for
    /// that by a Security Request. `SecurityDone` follows. Errors: `already_in_progress`;
    /// `timed_out` after a pairing timed out on this link, on which no other may follow (3.4);
    /// `not_permitted` with a peer that has our own address.
    error_code pair(Context ctx, bool anew = false);
    /// Ends a pairing of whichever side; `SecurityDone` follows. Error: `no_such_procedure`.
    error_code cancel(Context ctx);
    /// Answers `PasskeyNeeded`: the same action; the passkey, 0 to 999,999, or for a comparison 0
    /// (no) or another number (yes). Errors: `no_such_procedure` (nothing was asked),
    /// `already_in_progress` (it is answered), `invalid_argument` (another action was asked for, or
    /// the number is too large).
    error_code answer_passkey(Context ctx, PasskeyAction action, std::uint32_t number);
    /// Tells the peer what our user does while entering the passkey. Errors: `no_such_procedure`
    /// (none is being entered), `not_supported` (not agreed on), `invalid_argument`.
    error_code send_keypress(Context ctx, Keypress keypress);
    /// Answers `WeakerPairing`. Error: `no_such_procedure`.
    error_code allow_weaker(Context ctx, bool allowed);

    /// A PDU of the peer.
    void receive(Context ctx, Bytes pdu);
    /// LE Long Term Key Request, Encryption Change and Encryption Key Refresh Complete of the
    /// controller (Vol 4 Part E 7.7.65.5, 7.7.8, 7.7.39). `error` is that of the event.
    void on_key_request(Context ctx, const std::array<std::uint8_t, 8>& random_number,
                        std::uint16_t encrypted_diversifier);
    void on_encryption_change(Context ctx, error_code error, bool enabled);
    void on_key_refresh(Context ctx, error_code error);
    /// The controller has refused `StartEncryption`.
    void on_encryption_refused(Context ctx, error_code error);
    void on_timer(Context ctx);
    void on_disconnected(Context ctx);

    const LinkSecurity& security() const { return security_; }
    const std::optional<Bond>& bond() const { return bond_; }
    /// Whether a pairing, an encryption or a request for either is under way.
    bool busy() const {
        return pairing_ || encrypting_ || pair_wanted_ || storing_ || request_deadline_ != never;
    }
    bool pairing() const { return pairing_.has_value(); }
    std::uint64_t dropped() const { return dropped_; }

private:
    /// A key that the controller was given, or has in use.
    struct KeyInUse {
        KeyStrength strength;
        bool of_bond = false;
    };
    enum class Lookup : std::uint8_t { pending, done };

    void continue_pair(Context ctx, bool anew);
    void start_pairing(Context ctx);
    void encrypt_with_bond(Context ctx);
    bool bond_suffices(std::uint8_t auth_req) const;
    bool is_own_address() const { return ends_.peers == ends_.ours; }
    void refuse(Context ctx, Reason reason);
    void on_pairing_request(Context ctx, const PairingRequest& pdu);
    void on_security_request(Context ctx, const SecurityRequest& pdu);
    void on_pairing_failed(Context ctx, Reason reason);
    void on_key_in_use(Context ctx);
    void on_encryption_failed(Context ctx, error_code error);
    void after_pairing_input(Context ctx);
    void end_pairing(Context ctx, error_code error);
    void set_security(Context ctx, const LinkSecurity& security);
    void report(Context ctx, error_code error);

    LinkEnds ends_;
    Local& local_;
    LinkSecurity security_;
    std::optional<Bond> bond_;
    Lookup lookup_ = Lookup::done;
    std::optional<Pairing> pairing_;
    std::optional<Method> method_;  // of the pairing that is being stored
    std::optional<Bond> new_bond_;  // that is being stored
    bool storing_ = false;
    bool blocked_ = false;  // a pairing timed out
    std::optional<KeyInUse> pending_key_;
    bool key_stored_ = false;  // the key in use is that of the bond
    bool encrypting_ = false;  // with a bond's key
    Time encryption_deadline_ = never;
    Time request_deadline_ = never;  // of our Security Request
    std::uint64_t dropped_ = 0;

    // What waits for the bond to be looked up.
    bool pair_wanted_ = false;
    bool anew_ = false;
    std::optional<PairingRequest> waiting_request_;
    std::optional<SecurityRequest> waiting_security_request_;
    struct KeyName {
        std::array<std::uint8_t, 8> random_number{};
        std::uint16_t encrypted_diversifier = 0;
    };
    std::optional<KeyName> waiting_key_request_;
};

}  // namespace bluetooth::smp
