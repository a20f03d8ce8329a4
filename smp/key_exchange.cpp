// SPDX-License-Identifier: MIT
//
// Phase 3 (Vol 3 Part H 2.4.3, 3.6.1): over the encrypted link each side gives the other what was
// agreed, the peripheral first.
#include <algorithm>

#include "base/log.hpp"
#include "smp/pairing.hpp"

namespace bluetooth::smp {
namespace {

/// The PDUs that bring keys, a bit each.
enum KeyPdu : std::uint8_t {
    long_term_key = 0x01,
    central_identification = 0x02,
    identity_key = 0x04,
    identity_address = 0x08,
    signature_key = 0x10,
};

std::uint8_t pdus_of(std::uint8_t keys) {
    unsigned pdus = 0;
    if (keys & key_distribution::encryption) pdus |= long_term_key | central_identification;
    if (keys & key_distribution::identity) pdus |= identity_key | identity_address;
    if (keys & key_distribution::signing) pdus |= signature_key;
    return static_cast<std::uint8_t>(pdus);
}

bool is_zero(const crypto::Key& key) { return key == crypto::Key{}; }

}  // namespace

void Pairing::await_encryption(Context ctx) {
    step_ = Step::encryption;
    if (is_initiator()) ctx.out.push(StartEncryption{{key_, 0, {}}});
}

void Pairing::on_encrypted(Context ctx) {
    if (step_ != Step::encryption) return;
    step_ = Step::keys;
    encrypted_ = true;
    restart_timer(ctx);
    const bool bonding = request_.bonding() && response_.bonding();
    // With LE Secure Connections both have made the LTK already.
    const unsigned mask =
        !bonding ? 0u
        : strength_.secure_connections
            ? key_distribution::identity | key_distribution::signing
            : key_distribution::encryption | key_distribution::identity | key_distribution::signing;
    const unsigned of_initiator =
        response_.initiator_key_distribution & request_.initiator_key_distribution & mask;
    const unsigned of_responder =
        response_.responder_key_distribution & request_.responder_key_distribution & mask;
    keys_to_send_ = static_cast<std::uint8_t>(is_initiator() ? of_initiator : of_responder);
    keys_to_receive_ =
        pdus_of(static_cast<std::uint8_t>(is_initiator() ? of_responder : of_initiator));
    if (!is_initiator()) send_keys(ctx);
    if (keys_to_receive_ != 0) return;
    if (is_initiator()) send_keys(ctx);
    succeed();
}

void Pairing::send_keys(Context ctx) {
    if (keys_to_send_ & key_distribution::encryption) {
        LongTermKey ltk{.value = masked(Key{ctx.random.octets<16>()}, strength_.key_size)};
        const auto ediv = ctx.random.octets<2>();
        ltk.encrypted_diversifier = static_cast<std::uint16_t>(ediv[0] | ediv[1] << 8);
        ltk.random_number = ctx.random.octets<8>();
        send(ctx, EncryptionInformation{crypto::reversed(ltk.value.octets())});
        send(ctx, CentralIdentification{ltk.encrypted_diversifier, ltk.random_number});
        ours_.ltk = ltk;
    }
    if (keys_to_send_ & key_distribution::identity) {
        const Identity& identity = local_.identity;
        send(ctx, IdentityInformation{crypto::reversed(identity.irk.octets())});
        send(ctx, IdentityAddressInformation{AddressType{identity.address.type_bit()},
                                             identity.address.address});
    }
    if (keys_to_send_ & key_distribution::signing) {
        ours_.csrk = Key{ctx.random.octets<16>()};
        send(ctx, SigningInformation{crypto::reversed(ours_.csrk->octets())});
    }
}

/// Only what was agreed counts, and each only once.
bool Pairing::receive_key(Context ctx, Bytes pdu) {
    const auto expected = [this](std::uint8_t bit) {
        const bool was = (keys_to_receive_ & bit) != 0;
        keys_to_receive_ = static_cast<std::uint8_t>(keys_to_receive_ & ~bit);
        return was;
    };
    if (const auto key = decode<EncryptionInformation>(pdu)) {
        if (!expected(long_term_key)) return false;
        LongTermKey ltk{.value =
                            masked(Key{crypto::reversed(key->long_term_key)}, strength_.key_size)};
        if (is_zero(ltk.value)) {
            fail(ctx, Reason::invalid_parameters);
            return false;
        }
        peers_.ltk = ltk;
    } else if (const auto name = decode<CentralIdentification>(pdu)) {
        if (!peers_.ltk || !expected(central_identification)) return false;
        peers_.ltk->encrypted_diversifier = name->encrypted_diversifier;
        peers_.ltk->random_number = name->random_number;
    } else if (const auto irk = decode<IdentityInformation>(pdu)) {
        if (!expected(identity_key)) return false;
        const Key value{crypto::reversed(irk->identity_resolving_key)};
        if (!is_zero(value)) peers_.irk = value;  // zero: it has no private addresses
    } else if (const auto identity = decode<IdentityAddressInformation>(pdu)) {
        if (!expected(identity_address)) return false;
        peer_identity_ = {identity->address_type, identity->address};
        if (!is_identity_address(peer_identity_->type, peer_identity_->address) ||
            *peer_identity_ == local_.identity.address) {
            fail(ctx, Reason::invalid_parameters);
            return false;
        }
    } else if (const auto csrk = decode<SigningInformation>(pdu)) {
        if (!expected(signature_key)) return false;
        peers_.csrk = Key{crypto::reversed(csrk->signature_key)};
    } else {
        const bool request = pdu[0] == PairingRequest::code;
        if (request) fail(ctx, Reason::unspecified_reason);
        return false;
    }
    if (keys_to_receive_ == 0) {
        if (is_initiator()) send_keys(ctx);
        succeed();
    }
    return true;
}

void Pairing::succeed() {
    finish({});
    if (!request_.bonding() || !response_.bonding()) return;
    if (debug_) {
        log::warn("smp", "paired with a debug key, which everybody knows: not stored");
        return;
    }
    const TypedAddress identity = peer_identity_.value_or(ends_.peers);
    if (!is_identity_address(identity.type, identity.address)) {
        log::warn("smp", "the peer uses a private address and has told no other one: not stored");
        return;
    }
    if (strength_.secure_connections) ours_.ltk = peers_.ltk = LongTermKey{.value = key_};
    if (!ours_.ltk && !peers_.ltk && !peers_.irk && !ours_.csrk && !peers_.csrk) return;
    bond_ = Bond{.peer_type = identity.type,
                 .peer = identity.address,
                 .strength = strength_,
                 .device_privacy = peers_.irk && ends_.peers.address == identity.address,
                 .ours = ours_,
                 .peers = peers_};
}

}  // namespace bluetooth::smp
