// SPDX-License-Identifier: MIT
#include "transport/key_mask.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "transport/transport.hpp"

namespace bluetooth::transport {
namespace {

std::uint16_t little_endian(Bytes two) { return static_cast<std::uint16_t>(two[0] | two[1] << 8); }

void zero(MutableBytes octets) { std::ranges::fill(octets, std::uint8_t{0}); }
void zero_from(MutableBytes octets, std::size_t offset) {
    if (offset < octets.size()) zero(octets.subspan(offset));
}

/// Everything from `offset` of a command's parameters (or of its return parameters) on is secret.
struct Secret {
    std::uint16_t opcode;
    std::size_t offset;
};
// Vol 4 Part E 7.8
constexpr std::array secret_parameters{
    Secret{0x2017, 0},   // LE Encrypt: key, plaintext
    Secret{0x2019, 12},  // LE Enable Encryption: handle, random number, EDIV, then the LTK
    Secret{0x201a, 2},   // LE Long Term Key Request Reply: handle, then the LTK
    Secret{0x2027, 7},   // LE Add Device To Resolving List: peer's address, then both IRKs
    Secret{0x2068, 15},  // LE Create BIG: the broadcast code comes last
    Secret{0x206b, 4},   // LE BIG Create Sync: three members, then the broadcast code
};
constexpr std::array secret_returns{
    Secret{0x2017, 1},  // LE Encrypt: status, encrypted data
    Secret{0x2018, 1},  // LE Rand: status, random number; pairing makes keys of it
};

void mask_by(std::span<const Secret> table, std::uint16_t opcode, MutableBytes parameters) {
    const auto found = std::ranges::find(table, opcode, &Secret::opcode);
    if (found != table.end()) zero_from(parameters, found->offset);
}

void mask_command(MutableBytes packet) {
    constexpr std::size_t header = 4;  // indicator, opcode, length
    if (packet.size() > header)
        mask_by(secret_parameters, little_endian(packet.subspan(1)), packet.subspan(header));
}

void mask_event(MutableBytes packet) {
    constexpr std::uint8_t command_complete = 0x0e;
    constexpr std::uint8_t le_meta = 0x3e;
    constexpr std::uint8_t le_generate_dhkey_complete = 0x09;
    constexpr std::size_t header = 3;  // indicator, event code, length
    if (packet.size() <= header) return;
    const MutableBytes parameters = packet.subspan(header);
    // Command credits, opcode, return parameters (Vol 4 Part E 7.7.14).
    if (packet[1] == command_complete && parameters.size() > 3)
        mask_by(secret_returns, little_endian(parameters.subspan(1)), parameters.subspan(3));
    // Subevent code, status, key (Vol 4 Part E 7.7.65.9).
    if (packet[1] == le_meta && parameters[0] == le_generate_dhkey_complete)
        zero_from(parameters, 2);
}

// Encryption Information, Central Identification, Identity Information, Signing Information
// (Vol 3 Part H 3.3).
bool distributes_key(std::uint8_t smp_code) {
    return smp_code == 0x06 || smp_code == 0x07 || smp_code == 0x08 || smp_code == 0x0a;
}

}  // namespace

void KeyMask::apply(Direction direction, MutableBytes packet) {
    if (packet.empty()) return;
    switch (PacketType{packet[0]}) {
    case PacketType::command: return mask_command(packet);
    case PacketType::event: return mask_event(packet);
    case PacketType::acl: return mask_acl(direction, packet);
    case PacketType::synchronous:
    case PacketType::iso: return;
    }
}

void KeyMask::mask_acl(Direction direction, MutableBytes packet) {
    constexpr std::size_t header = 5;  // indicator, handle with flags, length
    constexpr std::size_t l2cap_header = 4;
    constexpr std::uint16_t security_manager_cid = 0x0006;
    constexpr unsigned continuing = 1;  // packet boundary flag (Vol 4 Part E 5.4.2)
    if (packet.size() < header) return;
    const std::uint16_t handle_and_flags = little_endian(packet.subspan(1));
    const MutableBytes data = packet.subspan(header);
    auto key_continues =
        key_continues_[direction == Direction::sent ? 0 : 1][handle_and_flags & 0x0fff];

    if ((handle_and_flags >> 12 & 3) == continuing) {
        if (key_continues) zero(data);
        return;
    }
    // A fragment too short to tell what it begins is followed by nothing that may be shown.
    if (data.size() <= l2cap_header) {
        key_continues = true;
        return;
    }
    const bool key = little_endian(data.subspan(2)) == security_manager_cid &&
                     distributes_key(data[l2cap_header]);
    if (key) zero_from(data, l2cap_header + 1);
    key_continues = key;
}

}  // namespace bluetooth::transport
