// SPDX-License-Identifier: MIT
//
// The PDUs of the Security Manager Protocol (Vol 3 Part H 3.3 to 3.6), members in wire order and
// named as there. Numbers are least significant octet first, as always on the wire; crypto/ wants
// them `reversed`.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/address.hpp"
#include "base/error.hpp"
#include "base/pdu.hpp"

namespace bluetooth::smp {

/// The longest PDU, Pairing Public Key (3.2).
inline constexpr std::size_t max_pdu_size = 65;
/// After this long without progress a pairing has failed (3.4).
inline constexpr std::chrono::seconds timeout{30};
/// The key sizes that there may be, in octets (2.3.4).
inline constexpr std::uint8_t min_key_size = 7;
inline constexpr std::uint8_t max_key_size = 16;

/// What a device can do for a pairing (Table 3.4), as MicroPython numbers it too.
enum class IoCapability : std::uint8_t {
    display_only = 0x00,
    display_yes_no = 0x01,
    keyboard_only = 0x02,
    no_input_no_output = 0x03,
    keyboard_display = 0x04,
};

/// OOB data flag (Table 3.5).
enum class OobDataFlag : std::uint8_t { not_present = 0x00, present = 0x01 };

/// Bits of AuthReq (Figure 3.3); the first two are the Bonding_Flags.
namespace auth_req {
inline constexpr std::uint8_t bonding = 0x01;
inline constexpr std::uint8_t bonding_flags = 0x03;
inline constexpr std::uint8_t mitm = 0x04;
inline constexpr std::uint8_t secure_connections = 0x08;
inline constexpr std::uint8_t keypress = 0x10;
inline constexpr std::uint8_t ct2 = 0x20;
}  // namespace auth_req

/// Bits of a key distribution (Figure 3.11).
namespace key_distribution {
inline constexpr std::uint8_t encryption = 0x01;
inline constexpr std::uint8_t identity = 0x02;
inline constexpr std::uint8_t signing = 0x04;
inline constexpr std::uint8_t link_key = 0x08;
}  // namespace key_distribution

/// Why a pairing failed (Table 3.7).
enum class Reason : std::uint8_t {
    passkey_entry_failed = 0x01,
    oob_not_available = 0x02,
    authentication_requirements = 0x03,
    confirm_value_failed = 0x04,
    pairing_not_supported = 0x05,
    encryption_key_size = 0x06,
    command_not_supported = 0x07,
    unspecified_reason = 0x08,
    repeated_attempts = 0x09,
    invalid_parameters = 0x0a,
    dhkey_check_failed = 0x0b,
    numeric_comparison_failed = 0x0c,
};

/// A reason for which we ended a pairing, and one that the peer gave.
inline error_code local_error(Reason reason) {
    return {static_cast<int>(reason), smp_local_category()};
}
inline error_code peer_error(Reason reason) {
    return {static_cast<int>(reason), smp_peer_category()};
}

/// What the user of the other device does while entering a passkey (Table 3.9).
enum class Keypress : std::uint8_t {
    entry_started = 0,
    digit_entered = 1,
    digit_erased = 2,
    cleared = 3,
    entry_completed = 4,
};

/// A 128-bit number in wire order.
using Octets128 = std::array<std::uint8_t, 16>;

/// What both feature PDUs hold (3.5.1).
struct Features {
    IoCapability io_capability = IoCapability::no_input_no_output;
    OobDataFlag oob_data_flag = OobDataFlag::not_present;
    std::uint8_t auth_req = 0;
    std::uint8_t max_encryption_key_size = max_key_size;
    std::uint8_t initiator_key_distribution = 0;
    std::uint8_t responder_key_distribution = 0;
    BT_FIELDS(Features, io_capability, oob_data_flag, auth_req, max_encryption_key_size,
              initiator_key_distribution, responder_key_distribution);

    bool has(std::uint8_t auth_req_bit) const { return (auth_req & auth_req_bit) != 0; }
    /// The other two Bonding_Flags are reserved.
    bool bonding() const { return (auth_req & auth_req::bonding_flags) == auth_req::bonding; }
};

struct PairingRequest {  // 3.5.1
    Features features{};
    BT_PDU(PairingRequest, 0x01, features);
};
struct PairingResponse {  // 3.5.2
    Features features{};
    BT_PDU(PairingResponse, 0x02, features);
};
struct PairingConfirm {  // 3.5.3
    Octets128 confirm_value{};
    BT_PDU(PairingConfirm, 0x03, confirm_value);
};
struct PairingRandom {  // 3.5.4
    Octets128 random_value{};
    BT_PDU(PairingRandom, 0x04, random_value);
};
struct PairingFailed {  // 3.5.5
    Reason reason{};
    BT_PDU(PairingFailed, 0x05, reason);
};
struct EncryptionInformation {  // 3.6.2
    Octets128 long_term_key{};
    BT_PDU(EncryptionInformation, 0x06, long_term_key);
};
struct CentralIdentification {  // 3.6.3
    std::uint16_t encrypted_diversifier{};
    std::array<std::uint8_t, 8> random_number{};
    BT_PDU(CentralIdentification, 0x07, encrypted_diversifier, random_number);
};
struct IdentityInformation {  // 3.6.4
    Octets128 identity_resolving_key{};
    BT_PDU(IdentityInformation, 0x08, identity_resolving_key);
};
struct IdentityAddressInformation {  // 3.6.5
    AddressType address_type{};
    Address address{};
    BT_PDU(IdentityAddressInformation, 0x09, address_type, address);
};
struct SigningInformation {  // 3.6.6
    Octets128 signature_key{};
    BT_PDU(SigningInformation, 0x0a, signature_key);
};
struct SecurityRequest {  // 3.6.7
    std::uint8_t auth_req{};
    BT_PDU(SecurityRequest, 0x0b, auth_req);
};
struct PairingPublicKey {  // 3.5.6
    std::array<std::uint8_t, 32> public_key_x{};
    std::array<std::uint8_t, 32> public_key_y{};
    BT_PDU(PairingPublicKey, 0x0c, public_key_x, public_key_y);
};
struct PairingDhKeyCheck {  // 3.5.7
    Octets128 dhkey_check{};
    BT_PDU(PairingDhKeyCheck, 0x0d, dhkey_check);
};
struct PairingKeypressNotification {  // 3.5.8
    Keypress notification_type{};
    BT_PDU(PairingKeypressNotification, 0x0e, notification_type);
};

using Pdus = PduSet<PairingRequest, PairingResponse, PairingConfirm, PairingRandom, PairingFailed,
                    EncryptionInformation, CentralIdentification, IdentityInformation,
                    IdentityAddressInformation, SigningInformation, SecurityRequest,
                    PairingPublicKey, PairingDhKeyCheck, PairingKeypressNotification>;

}  // namespace bluetooth::smp
