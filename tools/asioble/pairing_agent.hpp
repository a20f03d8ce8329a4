// SPDX-License-Identifier: MIT
//
// The user's part in a pairing, whichever side has begun it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "bluetooth/ble.hpp"
#include "tools/asioble/output.hpp"
#include "tools/asioble/pairing_words.hpp"
#include "tools/asioble/questions.hpp"

namespace bluetooth::tool {

/// What is answered without asking.
struct PrearrangedAnswers {
    bool yes = false;                      // the numbers are the same
    std::optional<std::uint32_t> passkey;  // to be displayed, entered, or compared with
};

/// Shows and asks what a pairing needs on one link at a time, and remembers how it ended.
class PairingAgent {
public:
    PairingAgent(Loop& loop, BLE& ble, const Output& out, const PrearrangedAnswers& answers)
        : questions_(loop), ble_(ble), out_(out), answers_(answers) {}

    /// To be given every event of the adapter.
    void on_event(const Event& event);

    /// The peer of the link, by its identity where that is known.
    const PeerName& peer() const { return peer_; }
    /// How the last pairing or encryption has ended; nothing before that.
    const std::optional<EncryptionUpdate>& end() const { return end_; }
    void forget_end() { end_.reset(); }
    bool succeeded() const { return end_ && !end_->error; }
    /// It ended with the link.
    bool lost_link() const { return end_ && end_->error == errc::connection_lost; }
    /// Tells that the link is encrypted, and what that is worth.
    void tell_success(const std::string& bonds_file, bool bond_wanted) const;
    /// Why it is not, and what to do.
    std::string failure() const;

    /// Where the last pairing was refused as its bond would be worse than the one that there is:
    /// asks, once, whether the next one may do that. False: no, or there is nobody or nothing to be
    /// asked.
    bool ask_for_weaker();

private:
    void on_passkey_action(const PasskeyAction& action);
    void compare(ConnectionHandle link, std::uint32_t number);
    void enter(ConnectionHandle link);
    void display(ConnectionHandle link);
    void answer(ConnectionHandle link, PasskeyActionType action, std::uint32_t number);
    /// Ends the pairing for a reason of ours.
    void give_up(ConnectionHandle link, const std::string& why);
    void on_secret(const SetSecret& secret);
    void on_peer(AddressType type, const Address& address);
    void on_end(const EncryptionUpdate& update);

    Questions questions_;
    BLE& ble_;
    const Output& out_;
    const PrearrangedAnswers& answers_;
    PeerName peer_;
    std::optional<EncryptionUpdate> end_;
    error_code lost_;       // why the link has ended
    std::string given_up_;  // why we have ended the pairing
    struct Weaker {
        KeyStrength present;
        KeyStrength wanted;
    };
    std::optional<Weaker> refused_;  // by the pairing under way
    std::optional<Weaker> weaker_;   // by the one that has ended
    bool weaker_allowed_ = false;
};

}  // namespace bluetooth::tool
