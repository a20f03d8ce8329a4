// SPDX-License-Identifier: MIT
//
// How the program writes what Bluetooth has, and reads what users type.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/address.hpp"
#include "base/bytes.hpp"
#include "base/uuid.hpp"
#include "bluetooth/events.hpp"

namespace bluetooth::tool {

using Octets = std::vector<std::uint8_t>;

/// "0x0012", as all handles are written.
std::string to_text(AttributeHandle handle);
/// "0x0040", "0x0080": a channel's name, and what it is for.
std::string to_text(ChannelId cid);
std::string to_text(Psm psm);
/// "2a19", or all digits of a longer one; always the shortest form.
std::string to_text(const UUID& uuid);
/// "notifications", "indications", "notifications and indications" or "nothing".
std::string to_text(Subscription subscription);
/// `48656c6c6f "Hello"`, or `63 (99)`: as text only where it is one, as number where it is one
/// octet.
std::string value_to_text(Bytes value);
/// "read, notify": what a characteristic's properties allow (Vol 3 Part G 3.3.1.1).
std::vector<std::string> property_names(std::uint8_t properties);
std::string join(const std::vector<std::string>& parts, std::string_view separator = ", ");

/// An attribute as users name it: "0x0012" or "18" is a handle, "2a19" or a longer one a UUID.
using AttributeName = std::variant<AttributeHandle, UUID>;
std::optional<AttributeName> parse_attribute(std::string_view text);
/// Hex digits in pairs, or text in quotes.
std::optional<Octets> parse_value(std::string_view text);
/// "0x80" or "128": what peers can be asked for (Vol 3 Part A 4.22), without EATT's 0x0027.
std::optional<Psm> parse_psm(std::string_view text);
std::optional<Octets> parse_hex(std::string_view digits);

/// For `std::visit` with one function per kind of event.
template <class... Functions> struct Overloaded : Functions... { using Functions::operator()...; };
template <class... Functions> Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace bluetooth::tool
