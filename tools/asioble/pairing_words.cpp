// SPDX-License-Identifier: MIT
#include "tools/asioble/pairing_words.hpp"

#include "smp/pdus.hpp"

namespace bluetooth::tool {
namespace {

using smp::Reason;

constexpr const char* try_again = "; please try again";

/// We have ended the pairing.
std::string our_reason(Reason reason) {
    switch (reason) {
    case Reason::passkey_entry_failed: return "no passkey was entered" + std::string{try_again};
    case Reason::oob_not_available:
        return "the other device has out-of-band data of ours, which `asioble pair` cannot have";
    case Reason::authentication_requirements:
        return "the other device offers less than is asked for here; if that is good enough, leave "
               "out --sc-only and --mitm";
    case Reason::confirm_value_failed:
    case Reason::dhkey_check_failed:
        return "the passkeys were not the same, or somebody has come in between; please try again, "
               "and compare with care";
    case Reason::encryption_key_size:
        return "the other device makes shorter keys than are asked for here; if they are good "
               "enough, say so with --min-key-size";
    case Reason::numeric_comparison_failed:
        return "the numbers were not confirmed to be the same. If they differed, somebody has come "
               "in between: do not pair here. Else please try again";
    case Reason::repeated_attempts:
        return "too many pairings with this device have failed; please wait, longer each time, "
               "then try again";
    case Reason::invalid_parameters: return "the other device broke the protocol";
    case Reason::unspecified_reason: return "it was given up here" + std::string{try_again};
    case Reason::pairing_not_supported:
    case Reason::command_not_supported: break;
    }
    return "it was refused here: " + local_error(reason).message();
}

/// The peer has ended the pairing, or refused it.
std::string peers_reason(Reason reason) {
    switch (reason) {
    case Reason::passkey_entry_failed:
        return "no passkey was entered on the other device" + std::string{try_again};
    case Reason::oob_not_available:
        return "the other device wants out-of-band data, which `asioble pair` cannot give";
    case Reason::authentication_requirements:
        return "the other device asks for more: try --mitm, with --io keyboard-display, and "
               "without --no-secure-connections and --no-bond; or it has a bond with this address "
               "that is better: remove that there first";
    case Reason::confirm_value_failed:
    case Reason::dhkey_check_failed:
        return "the other device found that the passkeys were not the same, or that somebody has "
               "come in between; please try again, and compare with care";
    case Reason::pairing_not_supported:
        return "the other device does not pair, or not now: perhaps it wants to be brought into a "
               "pairing mode (see its manual)";
    case Reason::encryption_key_size: return "the keys here are too short for the other device";
    case Reason::command_not_supported:
        return "the other device does not know this kind of pairing";
    case Reason::repeated_attempts:
        return "too many attempts have failed, says the other device; please wait, longer each "
               "time, then try again";
    case Reason::invalid_parameters: return "the other device finds our parameters wrong";
    case Reason::numeric_comparison_failed:
        return "the numbers were not confirmed to be the same on the other device. If they "
               "differed, somebody has come in between: do not pair here. Else please try again";
    case Reason::unspecified_reason:
        return "the other device gave it up, without a reason; perhaps its user has declined" +
               std::string{try_again};
    }
    return "the other device refuses: " + peer_error(reason).message();
}

std::string controllers_reason(hci::Status status, const PeerName& peer) {
    switch (status) {
    case hci::Status::pin_or_key_missing:
        return "the other device has lost its bond with us, or it is another one that uses its "
               "address. If you know that it is the same one: `asioble bonds remove " +
               to_string(peer.address) + "`, then pair again";
    case hci::Status::connection_terminated_due_to_mic_failure:
        return "the two devices have different keys: remove the bond on both "
               "(here by `asioble bonds remove " +
               to_string(peer.address) + "`), then pair again";
    default: return error_code{static_cast<int>(status), hci_category()}.message();
    }
}

}  // namespace

std::string to_text(const PeerName& peer) {
    return to_string(peer.address) + " (" + std::string{to_string(peer.type)} + ')';
}

std::string failure_text(const error_code& error, const PeerName& peer) {
    if (error.category() == smp_local_category())
        return our_reason(static_cast<Reason>(error.value()));
    if (error.category() == smp_peer_category())
        return peers_reason(static_cast<Reason>(error.value()));
    if (error.category() == hci_category())
        return controllers_reason(static_cast<hci::Status>(error.value()), peer);
    if (error == errc::timed_out)
        return "there was no answer for too long, neither by the other device nor by whoever was "
               "asked here; please connect again";
    if (error == errc::connection_lost || error == errc::not_connected)
        return "the link was lost; is the other device near, and switched on?";
    if (error == errc::not_permitted)
        return "the other device uses our own address: do not pair with it";
    return error.message();
}

}  // namespace bluetooth::tool
