// SPDX-License-Identifier: MIT
//
// Encryption of links: start, pause and refresh (Vol 6 Part B 5.1.3), and the watch over
// authenticated payloads (Vol 6 Part B 5.4).
#include <algorithm>
#include <array>

#include "virtual_controller/air.hpp"
#include "virtual_controller/controller.hpp"
#include "virtual_controller/links.hpp"

namespace bluetooth::virtual_controller {

using hci::Status;
namespace {

// LLIDs (Vol 6 Part B 2.4)
constexpr std::uint8_t llid_continuing = 0b01;
constexpr std::uint8_t llid_start = 0b10;
constexpr std::uint8_t llid_control = 0b11;
constexpr std::uint8_t start_enc_rsp = 0x06;  // Vol 6 Part B 2.4.2.7

template <std::size_t N> void draw(SeededRandom& random, std::array<std::uint8_t, N>& octets) {
    static_assert(N <= 8);
    std::uint64_t bits = random.next();
    for (std::uint8_t& octet : octets) {
        octet = static_cast<std::uint8_t>(bits);
        bits >>= 8;
    }
}

}  // namespace

Status Links::run(const hci::LeEnableEncryption& command) {  // Vol 4 Part E 7.8.24
    Link* const link = find(command.connection_handle);
    if (link == nullptr) return Status::unknown_connection_identifier;
    if (link->role != hci::Role::central || link->starts_encryption ||
        link->has(Task::request_encryption))
        return Status::command_disallowed;
    link->random_number = command.random_number;
    link->encrypted_diversifier = command.encrypted_diversifier;
    link->encryption.long_term_key = command.long_term_key;
    raise(*link, Task::request_encryption);
    return Status::success;
}

/// LL_ENC_REQ and LL_ENC_RSP, behind LL_PAUSE_ENC_REQ where the link is encrypted already. From
/// here on data waits.
void Links::request_encryption(Link& link) {
    Air& air = controller_.air();
    Link& other = *link.other;
    Links& peer = *other.owner;
    if (!peer.controller_.profile().has(hci::LeFeature::encryption)) {
        link.encryption_status = Status::unsupported_remote_feature;
        return raise(link, Task::report_encryption);
    }
    draw(controller_.random(), link.encryption.skd_central);
    draw(controller_.random(), link.encryption.iv_central);
    draw(peer.controller_.random(), link.encryption.skd_peripheral);
    draw(peer.controller_.random(), link.encryption.iv_peripheral);
    other.encryption = link.encryption;
    other.encryption.long_term_key = {};
    other.random_number = link.random_number;
    other.encrypted_diversifier = link.encrypted_diversifier;
    link.starts_encryption = other.starts_encryption = true;
    air.timers().arm(link.encryption_wait, air.now() + procedure_timeout);
    if (!peer.controller_.host().is_unmasked(hci::LeSubevent::long_term_key_request))
        return peer.raise(other, Task::reject_encryption);
    other.awaits_key = true;
    peer.raise(other, Task::ask_for_key);
}

Status Links::run(const hci::LeLongTermKeyRequestReply& command) {  // Vol 4 Part E 7.8.25
    Link* const link = find(command.connection_handle);
    if (link == nullptr) return Status::unknown_connection_identifier;
    if (!link->awaits_key) return Status::command_disallowed;
    link->awaits_key = false;
    link->encryption.long_term_key = command.long_term_key;
    raise(*link, Task::start_encryption);
    return Status::success;
}

Status Links::run(const hci::LeLongTermKeyRequestNegativeReply& command) {  // 7.8.26
    Link* const link = find(command.connection_handle);
    if (link == nullptr) return Status::unknown_connection_identifier;
    if (!link->awaits_key) return Status::command_disallowed;
    link->awaits_key = false;
    raise(*link, Task::reject_encryption);
    return Status::success;
}

/// By the peripheral: LL_REJECT_IND, or the end of a link that was encrypted before and must not
/// fall back to plain text (Vol 6 Part B 5.1.3.1, 5.1.3.2).
void Links::reject_encryption(Link& link) {
    Link& central = *link.other;
    if (link.cipher) {
        close(link, Status::pin_or_key_missing);
        return central.owner->close(central, Status::pin_or_key_missing);
    }
    link.starts_encryption = false;
    central.owner->end_of_encryption_start(central, Status::pin_or_key_missing);
    release_held();
}

/// By the peripheral, whose host has given the key: LL_START_ENC_REQ, and LL_START_ENC_RSP from
/// either side. With different keys the first encrypted PDU shows it.
void Links::start_encryption(Link& link) {
    Link& central = *link.other;
    Links& peer = *central.owner;
    link.cipher.emplace(hci::Role::peripheral, link.encryption);
    central.cipher.emplace(hci::Role::central, central.encryption);
    std::array<std::uint8_t, 1> response{start_enc_rsp};
    if (!peer.pass_cipher(central, llid_control, response)) return on_mic_failure(link);
    if (!pass_cipher(link, llid_control, response)) return peer.on_mic_failure(central);
    end_of_encryption_start(link, Status::success);
    peer.end_of_encryption_start(central, Status::success);
}

void Links::end_of_encryption_start(Link& link, Status status) {
    controller_.air().timers().disarm(link.encryption_wait);
    link.starts_encryption = false;
    link.encryption_status = status;
    raise(link, Task::report_encryption);
    release_held();
}

/// The link ends at once and without a word to the peer (Vol 6 Part E 1).
void Links::on_mic_failure(Link& link) {
    ++controller_.host().counters.mic_failures;
    if (link.other != nullptr) link.other->owner->lose(*link.other);
    close(link, Status::connection_terminated_due_to_mic_failure);
}

/// Data of one L2CAP fragment, in as many PDUs as it takes, encrypted at one end and decrypted at
/// the other; false on a MIC failure.
bool Links::pass_cipher(Link& sender, PacketBoundary boundary, MutableBytes data) {
    std::uint8_t llid = boundary == PacketBoundary::continuing ? llid_continuing : llid_start;
    while (!data.empty()) {
        const std::size_t size = std::min<std::size_t>(data.size(), sender.sent_data_length.octets);
        if (!pass_cipher(sender, llid, data.first(size))) return false;
        data = data.subspan(size);
        llid = llid_continuing;
    }
    return true;
}

/// The same for one PDU.
bool Links::pass_cipher(Link& sender, std::uint8_t llid, MutableBytes payload) {
    Link& receiver = *sender.other;
    const MutableBytes encrypted =
        MutableBytes{pdu_}.first(LinkCipher::encrypted_size(payload.size()));
    sender.cipher->encrypt(llid, payload, encrypted);
    Controller& receiving = receiver.owner->controller_;
    if (unsigned& corrupt = receiving.faults().corrupt_data; corrupt > 0) {
        --corrupt;
        encrypted[receiving.random().next() % encrypted.size()] ^= 0x01;
    }
    return receiver.cipher->decrypt(llid, encrypted, payload);
}

// ---- authenticated payloads

/// While the ends do not hear each other nothing proves that the peer still has the key. A peer in
/// reach always proves it in time: the Link Layer asks it to (LE Ping).
void Links::watch_payloads(Link& link) {
    Air& air = controller_.air();
    if (!link.encrypted || !controller_.profile().has(hci::LeFeature::ping)) return;
    air.timers().arm(link.authenticated_payload, air.now() + link.authenticated_payload_timeout);
}

hci::ReadAuthenticatedPayloadTimeout::Return Links::run(
    const hci::ReadAuthenticatedPayloadTimeout& command) {  // Vol 4 Part E 7.3.93
    const Link* const link = find(command.connection_handle);
    if (link == nullptr)
        return {Status::unknown_connection_identifier, command.connection_handle, {}};
    return {Status::success, command.connection_handle, link->authenticated_payload_timeout};
}

Status Links::run(const hci::WriteAuthenticatedPayloadTimeout& command) {  // Vol 4 Part E 7.3.94
    Link* const link = find(command.connection_handle);
    if (link == nullptr) return Status::unknown_connection_identifier;
    const Duration timeout = command.authenticated_payload_timeout;
    const Duration listens_every = link->parameters.interval * (1 + link->parameters.latency);
    if (timeout == Duration::zero() || timeout < listens_every)
        return Status::invalid_hci_command_parameters;
    link->authenticated_payload_timeout = command.authenticated_payload_timeout;
    if (link->authenticated_payload.position != Timer::disarmed) watch_payloads(*link);
    return Status::success;
}

}  // namespace bluetooth::virtual_controller
