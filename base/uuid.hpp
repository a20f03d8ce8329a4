// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace bluetooth {

/// A UUID of 16, 32 or 128 bits, as MicroPython's class `UUID` behaves (Vol 3 Part B 2.5.1).
///
/// Values of different sizes are different, even when they name the same thing:
/// `UUID{0x180d} != *UUID::parse("0000180d-0000-1000-8000-00805f9b34fb")`. To compare by meaning
/// use `same_as`, or bring both to 128 bits by `canonical`.
class UUID {
public:
    /// The 16-bit UUID 0x0000.
    constexpr UUID() : UUID(std::uint16_t{0}) {}
    /// A 16-bit UUID, e.g. `UUID{0x180d}`.
    explicit constexpr UUID(std::uint16_t value)
        : octets_{static_cast<std::uint8_t>(value), static_cast<std::uint8_t>(value >> 8)},
          size_(2) {}
    static constexpr UUID from_u16(std::uint16_t value) { return UUID{value}; }
    /// A 32-bit UUID; on the wire of ATT it appears as 128 bits.
    static constexpr UUID from_u32(std::uint32_t value) {
        UUID uuid;
        for (std::size_t i = 0; i < 4; ++i)
            uuid.octets_[i] = static_cast<std::uint8_t>(value >> (8 * i));
        uuid.size_ = 4;
        return uuid;
    }
    /// From 2, 4 or 16 octets in wire order (least significant first); nothing for other sizes.
    static constexpr std::optional<UUID> from_bytes(Bytes little_endian) {
        const std::size_t size = little_endian.size();
        if (size != 2 && size != 4 && size != 16) return std::nullopt;
        UUID uuid;
        std::copy(little_endian.begin(), little_endian.end(), uuid.octets_.begin());
        uuid.size_ = static_cast<std::uint8_t>(size);
        return uuid;
    }
    /// From text: 4, 8 or 32 hex digits of any case, "0x" before the short forms allowed, '-'
    /// ignored at any place of the long one. Nothing when the text is none of these.
    static std::optional<UUID> parse(std::string_view text);
    /// As `parse`; throws `std::invalid_argument` that names the text and what is expected.
    static UUID from_string(std::string_view text);

    /// 2, 4 or 16 octets in wire order.
    constexpr Bytes bytes() const { return {octets_.data(), size_}; }
    /// 2, 4 or 16.
    constexpr std::size_t size() const { return size_; }

    /// The same UUID in 128 bits, by the Bluetooth base UUID.
    UUID canonical() const;
    /// The shortest form: 16 bits where the UUID lies in the Bluetooth base range below 0x10000,
    /// 32 bits where it lies in the rest of that range.
    UUID shortest() const;
    /// Whether both name the same thing, whatever their sizes.
    bool same_as(const UUID& other) const { return canonical() == other.canonical(); }

    friend constexpr bool operator==(const UUID& a, const UUID& b) {
        return a.size_ == b.size_ && a.octets_ == b.octets_;
    }
    /// By size first, then by the octets in wire order, as MicroPython orders them.
    friend constexpr std::strong_ordering operator<=>(const UUID& a, const UUID& b) {
        if (a.size_ != b.size_) return a.size_ <=> b.size_;
        return a.octets_ <=> b.octets_;
    }

private:
    std::array<std::uint8_t, 16> octets_{};  // those beyond size_ stay zero
    std::uint8_t size_ = 2;
};

/// "UUID(0x180d)", "UUID(0x04030201)" or "UUID('6e400001-b5a3-f393-e0a9-e50e24dcca9e')".
std::string to_string(const UUID& uuid);

}  // namespace bluetooth

template <> struct std::hash<bluetooth::UUID> {
    std::size_t operator()(const bluetooth::UUID& uuid) const noexcept {
        return std::hash<std::string_view>{}(uuid.bytes().text());
    }
};
