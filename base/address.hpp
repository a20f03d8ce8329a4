// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/pdu.hpp"

namespace bluetooth {

/// Kind of a device address, as HCI and MicroPython number it (Vol 4 Part E 7.8.12).
enum class AddressType : std::uint8_t {
    public_device = 0x00,    ///< assigned by the IEEE
    random_device = 0x01,    ///< static, resolvable private or non-resolvable private
    public_identity = 0x02,  ///< a resolvable private address that was resolved to a public one
    random_identity = 0x03,  ///< the same, to a random static one
    unknown = 0xff,          ///< in failure and disconnect events without a peer; anonymous reports
};

std::string_view to_string(AddressType type);

/// A 48-bit device address. Held and encoded in wire order (least significant octet first); text,
/// `from_display` and `display` use the order in which people write addresses.
class Address {
public:
    constexpr Address() = default;
    /// From octets in wire order, as they stand in HCI packets.
    static constexpr Address from_wire(std::array<std::uint8_t, 6> octets) {
        Address address;
        address.octets = octets;
        return address;
    }
    /// From octets in display order: {0x00, 0xaa, …} is 00:AA:….
    static constexpr Address from_display(std::array<std::uint8_t, 6> octets) {
        std::ranges::reverse(octets);
        return from_wire(octets);
    }
    /// From "00:AA:01:02:03:04" (also with '-' or without separators, any case).
    static std::optional<Address> parse(std::string_view text);

    constexpr const std::array<std::uint8_t, 6>& wire() const { return octets; }
    constexpr std::array<std::uint8_t, 6> display() const {
        std::array<std::uint8_t, 6> reversed = octets;
        std::ranges::reverse(reversed);
        return reversed;
    }
    constexpr bool is_zero() const { return *this == Address{}; }

    // The two most significant bits tell the kinds of random addresses apart (Vol 6 Part B 1.3.2).
    constexpr bool is_static_random() const { return (octets[5] & 0xc0) == 0xc0; }
    constexpr bool is_resolvable_private() const { return (octets[5] & 0xc0) == 0x40; }
    constexpr bool is_non_resolvable_private() const { return (octets[5] & 0xc0) == 0x00; }

    friend constexpr auto operator<=>(const Address& a, const Address& b) {
        return a.display() <=> b.display();
    }

    /// Public only so that a PDU can name it; use `wire` and `display`.
    std::array<std::uint8_t, 6> octets{};
    BT_FIELDS(Address, octets);
};

/// Whether a device may be known by this for good: public and random static addresses (Vol 3 Part
/// C 10.8, Vol 6 Part B 1.3).
constexpr bool is_identity_address(AddressType type, const Address& address) {
    return type == AddressType::public_device ||
           (type == AddressType::random_device && address.is_static_random());
}

/// "00:AA:01:02:03:04".
std::string to_string(const Address& address);

/// Within other PDUs too an address prints as people write it.
inline void show(std::string& out, const Address& address) { out += to_string(address); }

}  // namespace bluetooth
