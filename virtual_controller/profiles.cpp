// SPDX-License-Identifier: MIT
#include "virtual_controller/profiles.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace bluetooth::virtual_controller {
namespace {

using hci::CoreVersion;

constexpr std::uint64_t lowest_bits(unsigned count) { return (std::uint64_t{1} << count) - 1; }

/// Commands that came with a version of their own and hang on no feature: key agreement, radio path
/// and the second forms of some others (Vol 4 Part E 7.8).
struct Introduced {
    std::uint16_t opcode;
    CoreVersion version;
};
constexpr auto introduced = std::to_array<Introduced>({
    {0x0c7b, CoreVersion::v4_1},  // Read Authenticated Payload Timeout
    {0x0c7c, CoreVersion::v4_1},  // Write Authenticated Payload Timeout
    {0x2025, CoreVersion::v4_2},  // LE Read Local P-256 Public Key
    {0x2026, CoreVersion::v4_2},  // LE Generate DHKey
    {0x204b, CoreVersion::v5_0},  // LE Read Transmit Power
    {0x204c, CoreVersion::v5_0},  // LE Read RF Path Compensation
    {0x204d, CoreVersion::v5_0},  // LE Write RF Path Compensation
    {0x204e, CoreVersion::v5_0},  // LE Set Privacy Mode
    {0x205e, CoreVersion::v5_1},  // LE Generate DHKey [v2]
    {0x2060, CoreVersion::v5_2},  // LE Read Buffer Size [v2]
    {0x2074, CoreVersion::v5_2},  // LE Set Host Feature
    {0x207c, CoreVersion::v5_3},  // LE Set Data Related Address Changes
    {0x207f, CoreVersion::v5_4},  // LE Set Extended Advertising Parameters [v2]
});

Profile of_version(CoreVersion version, std::uint16_t acl_length) {
    Profile profile;
    set_version(profile, version);
    profile.acl_length = acl_length;
    return profile;
}

Profile with_buffers(std::uint16_t length, std::uint8_t count, bool shared) {
    Profile profile;
    profile.acl_length = length;
    profile.acl_buffers = count;
    profile.shared_buffers = shared;
    return profile;
}

Profile cheap_dongle() {
    Profile profile = of_version(CoreVersion::v4_0, 310);
    profile.acl_buffers = 10;
    profile.shared_buffers = true;
    profile.company_identifier = 0x000a;  // Qualcomm Technologies International, once CSR
    profile.subversion = 0x22bb;
    profile.accept_list_size = 25;
    profile.max_connections = 5;
    return profile;
}

// As BlueZ 5.66 answers.
Profile btvirt() {
    Profile profile = of_version(CoreVersion::v5_0, 192);
    profile.acl_buffers = 1;
    profile.company_identifier = 0x05f1;  // The Linux Foundation
    profile.subversion = 0;
    // Encryption, Connection Parameters Request, Peripheral-initiated Features Exchange
    profile.le_features &= 0x0b;
    profile.accept_list_size = 16;
    profile.resolving_list_size = 16;
    return profile;
}

}  // namespace

Profile Profile::bluetooth_4_0() { return of_version(CoreVersion::v4_0, 27); }

// Each version has added its features behind those that there were.
std::uint64_t features_of(CoreVersion version) {
    switch (version) {
    case CoreVersion::v4_0: return lowest_bits(1);
    case CoreVersion::v4_1: return lowest_bits(5);
    case CoreVersion::v4_2: return lowest_bits(8);
    case CoreVersion::v5_0: return lowest_bits(17);
    case CoreVersion::v5_1: return lowest_bits(28);
    case CoreVersion::v5_2: return lowest_bits(36);
    case CoreVersion::v5_3: return lowest_bits(40);
    case CoreVersion::v5_4: return lowest_bits(45);
    default: break;
    }
    return version < CoreVersion::v4_0 ? 0 : ~std::uint64_t{0};
}

void set_version(Profile& profile, CoreVersion version) {
    profile.version = version;
    profile.le_features &= features_of(version);
    for (const Introduced& command : introduced)
        if (command.version > version && std::ranges::count(profile.without, command.opcode) == 0)
            profile.without.push_back(command.opcode);
}

std::span<const NamedProfile> named_profiles() {
    static const auto profiles = std::to_array<NamedProfile>({
        {"bluetooth-5.4", "everything that the virtual controller can do", Profile{}},
        {"bluetooth-5.0", "what came up to Bluetooth 5.0", of_version(CoreVersion::v5_0, 251)},
        {"bluetooth-4.2", "data length extension, but one PHY only",
         of_version(CoreVersion::v4_2, 251)},
        {"bluetooth-4.1", "connection parameters request, 27 octets per packet",
         of_version(CoreVersion::v4_1, 27)},
        {"bluetooth-4.0", "as the first LE controllers, 27 octets per packet",
         Profile::bluetooth_4_0()},
        {"no-public-address", "hosts have to set a random address",
         Profile::without_public_address()},
        {"small-buffers", "room for one packet of 27 octets", with_buffers(27, 1, false)},
        {"shared-buffers", "the buffers of LE are those of BR/EDR", with_buffers(251, 8, true)},
        {"cheap-dongle", "like common USB dongles of Bluetooth 4.0: 310 octets, shared buffers",
         cheap_dongle()},
        {"btvirt", "like BlueZ's btvirt: one buffer of 192 octets, few features", btvirt()},
    });
    return profiles;
}

}  // namespace bluetooth::virtual_controller
