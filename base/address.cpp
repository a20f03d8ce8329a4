// SPDX-License-Identifier: MIT
#include "base/address.hpp"

namespace bluetooth {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

std::string_view to_string(AddressType type) {
    switch (type) {
    case AddressType::public_device: return "public";
    case AddressType::random_device: return "random";
    case AddressType::public_identity: return "public identity";
    case AddressType::random_identity: return "random identity";
    case AddressType::unknown: break;
    }
    return "unknown";
}

std::optional<Address> Address::parse(std::string_view text) {
    std::array<std::uint8_t, 6> octets{};
    for (std::size_t i = 0; i < octets.size(); ++i) {
        if (i > 0 && !text.empty() && (text.front() == ':' || text.front() == '-'))
            text.remove_prefix(1);
        if (text.size() < 2) return std::nullopt;
        const int high = hex_digit(text[0]);
        const int low = hex_digit(text[1]);
        if (high < 0 || low < 0) return std::nullopt;
        octets[i] = static_cast<std::uint8_t>(high << 4 | low);
        text.remove_prefix(2);
    }
    if (!text.empty()) return std::nullopt;
    return from_display(octets);
}

std::string to_string(const Address& address) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (std::uint8_t octet : address.display()) {
        if (!out.empty()) out += ':';
        out += digits[octet >> 4];
        out += digits[octet & 15];
    }
    return out;
}

}  // namespace bluetooth
