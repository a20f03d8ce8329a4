// SPDX-License-Identifier: MIT
#include "base/uuid.hpp"

#include <stdexcept>

namespace bluetooth {
namespace {

// 00000000-0000-1000-8000-00805F9B34FB in wire order (Vol 3 Part B 2.5.1)
constexpr std::array<std::uint8_t, 16> base_uuid{0xfb, 0x34, 0x9b, 0x5f, 0x80, 0x00, 0x00, 0x80,
                                                 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
constexpr std::size_t short_value_at = 12;

std::optional<std::uint8_t> hex_digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
    return std::nullopt;
}

/// The octets of an even number of digits, least significant first; nothing for other characters.
std::optional<UUID> from_digits(std::string_view digits) {
    std::array<std::uint8_t, 16> octets{};
    const std::size_t size = digits.size() / 2;
    for (std::size_t i = 0; i < size; ++i) {
        const auto high = hex_digit(digits[2 * i]);
        const auto low = hex_digit(digits[2 * i + 1]);
        if (!high || !low) return std::nullopt;
        octets[size - 1 - i] = static_cast<std::uint8_t>(*high << 4 | *low);
    }
    return UUID::from_bytes(Bytes{octets.data(), size});
}

}  // namespace

std::optional<UUID> UUID::parse(std::string_view text) {
    std::string_view digits = text;
    if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
    if (digits.size() == 4 || digits.size() == 8) return from_digits(digits);
    std::string joined;
    for (char c : text)
        if (c != '-') joined += c;
    if (joined.size() != 32) return std::nullopt;
    return from_digits(joined);
}

UUID UUID::from_string(std::string_view text) {
    if (const auto uuid = parse(text)) return *uuid;
    throw std::invalid_argument("invalid UUID '" + std::string{text} +
                                "': write 4, 8 or 32 hex digits, e.g. 180d or "
                                "6e400001-b5a3-f393-e0a9-e50e24dcca9e");
}

UUID UUID::canonical() const {
    if (size_ == 16) return *this;
    UUID uuid;
    uuid.octets_ = base_uuid;
    std::copy_n(octets_.begin(), size_, uuid.octets_.begin() + short_value_at);
    uuid.size_ = 16;
    return uuid;
}

UUID UUID::shortest() const {
    const UUID full = canonical();
    if (!std::equal(base_uuid.begin(), base_uuid.begin() + short_value_at, full.octets_.begin()))
        return full;
    const bool fits16 = full.octets_[14] == 0 && full.octets_[15] == 0;
    return *from_bytes(Bytes{full.octets_.data() + short_value_at, fits16 ? 2u : 4u});
}

std::string to_string(const UUID& uuid) {
    std::array<std::uint8_t, 16> display{};
    std::reverse_copy(uuid.bytes().begin(), uuid.bytes().end(), display.begin());
    const std::string digits = to_hex(Bytes{display.data(), uuid.size()});
    if (uuid.size() != 16) return "UUID(0x" + digits + ")";
    return "UUID('" + digits.substr(0, 8) + '-' + digits.substr(8, 4) + '-' + digits.substr(12, 4) +
           '-' + digits.substr(16, 4) + '-' + digits.substr(20) + "')";
}

}  // namespace bluetooth
