// SPDX-License-Identifier: MIT
//
// The actions that the security manager of a link hands to the host, and the context that comes
// with every input.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/link_security.hpp"
#include "base/outbox.hpp"
#include "base/time.hpp"
#include "crypto/aes.hpp"
#include "crypto/random.hpp"
#include "smp/bond.hpp"
#include "smp/methods.hpp"
#include "smp/pdus.hpp"

namespace bluetooth::smp {

/// A PDU for the peer.
class Send {
public:
    template <class P> explicit Send(const P& pdu) : size_(encode(pdu, octets_).size()) {}
    Bytes pdu() const { return Bytes{octets_}.first(size_); }

private:
    std::array<std::uint8_t, max_pdu_size> octets_{};
    std::size_t size_;
};

/// As central: encrypt the link, or refresh its key (LE Enable Encryption). The controller's
/// answer comes back by `on_encryption_refused`, `on_encryption_change` or `on_key_refresh`.
struct StartEncryption {
    LongTermKey ltk;
};
/// As peripheral: the answer to the controller's request for a key; none: there is no such key.
struct AnswerKeyRequest {
    std::optional<crypto::Key> key;
};

/// Find out what is stored for this peer and hand it to `on_bond`.
struct LookUpBond {};
/// Store the bond, in place of what is there for this peer, and tell the outcome by
/// `on_bond_stored`.
struct StoreBond {
    Bond bond;
    bool replaces_better = false;  ///< the application has agreed that it may
};

/// What the application is asked for; it answers by `answer_passkey`, within 30 s.
enum class PasskeyAction : std::uint8_t {
    input = 2,               ///< the number that the other device displays
    display = 3,             ///< a number to be displayed, which the application chooses
    numeric_comparison = 4,  ///< whether both devices display `number`
};
/// Whether there is such an action, and `number` is an answer to it.
constexpr bool is_valid_answer(PasskeyAction action, std::uint32_t number) {
    return action >= PasskeyAction::input && action <= PasskeyAction::numeric_comparison &&
           (action == PasskeyAction::numeric_comparison || number <= 999'999);
}
struct PasskeyNeeded {
    PasskeyAction action{};
    std::uint32_t number = 0;
};
/// The other device's user has touched the keyboard.
struct KeypressReceived {
    Keypress keypress{};
};
/// What the pairing would lead to is less than what there is: whether to go on, the application
/// says by `allow_weaker`.
struct WeakerPairing {
    KeyStrength present;
    KeyStrength wanted;
};

/// The security of the link is now this.
struct SecurityChanged {
    LinkSecurity security;
};
/// A pairing or an encryption has ended, by success (the link is encrypted) or failure, or the
/// link is not encrypted any more. Once for each `pair`, and for each that the peer began.
struct SecurityDone {
    /// All 0 after a failure; `bonded` says whether the key in use is stored.
    LinkSecurity security;
    error_code error;
    std::optional<Method> method{};  ///< when it was a pairing that came so far
};
/// The link cannot go on: it is encrypted with a key of a pairing that has failed.
struct Disconnect {
    error_code cause;
};

using Outbox =
    bluetooth::Outbox<Send, StartEncryption, AnswerKeyRequest, LookUpBond, StoreBond, PasskeyNeeded,
                      KeypressReceived, WeakerPairing, SecurityChanged, SecurityDone, Disconnect>;

struct Context {
    Time now;
    crypto::RandomSource& random;
    Outbox& out;
};

}  // namespace bluetooth::smp
