// SPDX-License-Identifier: MIT
#include "tools/asioble/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "bluetooth/advertising_data.hpp"

namespace bluetooth::tool {
namespace {

std::optional<std::uint16_t> parse_number(std::string_view digits, int base) {
    std::uint16_t number = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stopped_at, error] = std::from_chars(digits.data(), end, number, base);
    if (error != std::errc{} || stopped_at != end) return std::nullopt;
    return number;
}

/// "0x0012", as all numbers of 16 bits are written.
std::string hex_number(std::uint16_t number) {
    const std::array<std::uint8_t, 2> octets{static_cast<std::uint8_t>(number >> 8),
                                             static_cast<std::uint8_t>(number)};
    return "0x" + to_hex(octets);
}

}  // namespace

std::string to_text(AttributeHandle handle) {
    return hex_number(static_cast<std::uint16_t>(handle));
}
std::string to_text(ChannelId cid) { return hex_number(static_cast<std::uint16_t>(cid)); }
std::string to_text(Psm psm) { return hex_number(static_cast<std::uint16_t>(psm)); }

std::string to_text(const UUID& uuid) {
    const UUID shortest = uuid.shortest();
    Octets display{shortest.bytes().begin(), shortest.bytes().end()};
    std::ranges::reverse(display);
    std::string text = to_hex(Bytes{display});
    if (text.size() == 32)
        for (const std::size_t dash : {20u, 16u, 12u, 8u}) text.insert(dash, 1, '-');
    return text;
}

std::string to_text(Subscription subscription) {
    switch (subscription) {
    case Subscription::notifications: return "notifications";
    case Subscription::indications: return "indications";
    case Subscription::both: return "notifications and indications";
    case Subscription::none: break;
    }
    return "nothing";
}

std::string value_to_text(Bytes value) {
    if (value.empty()) return "(empty)";
    std::string text = to_hex(value);
    if (value.size() == 1) return text + " (" + std::to_string(value[0]) + ')';
    const auto shows_something = [](std::uint8_t octet) { return octet > 0x20; };
    const std::string readable = printable_text(value);
    if (readable == value.text() && std::ranges::any_of(value, shows_something))
        text += " \"" + readable + '"';
    return text;
}

std::vector<std::string> property_names(std::uint8_t properties) {
    static constexpr std::array names{
        "broadcast", "read",     "write command", "write",
        "notify",    "indicate", "signed write",  "extended properties"};
    std::vector<std::string> present;
    for (std::size_t bit = 0; bit < names.size(); ++bit)
        if ((properties >> bit & 1) != 0) present.emplace_back(names[bit]);
    return present;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
    std::string joined;
    for (const std::string& part : parts) {
        if (!joined.empty()) joined += separator;
        joined += part;
    }
    return joined;
}

std::optional<AttributeName> parse_attribute(std::string_view text) {
    std::optional<std::uint16_t> handle;
    if (text.starts_with("0x"))
        handle = parse_number(text.substr(2), 16);
    else if (text.size() < 4)
        handle = parse_number(text, 10);
    if (handle) {
        if (*handle == 0) return std::nullopt;
        return AttributeHandle{*handle};
    }
    if (const auto uuid = UUID::parse(text)) return *uuid;
    return std::nullopt;
}

std::optional<Octets> parse_value(std::string_view text) {
    const auto is_quoted_by = [&](char quote) {
        return text.size() >= 2 && text.front() == quote && text.back() == quote;
    };
    if (!is_quoted_by('\'') && !is_quoted_by('"')) return parse_hex(text);
    const Bytes octets = Bytes::of(text.substr(1, text.size() - 2));
    return Octets{octets.begin(), octets.end()};
}

std::optional<Psm> parse_psm(std::string_view text) {
    constexpr std::uint16_t eatt = 0x0027;
    const auto number =
        text.starts_with("0x") ? parse_number(text.substr(2), 16) : parse_number(text, 10);
    if (!number || *number == 0 || *number > 0x00ff || *number == eatt) return std::nullopt;
    return Psm{*number};
}

std::optional<Octets> parse_hex(std::string_view digits) {
    if (digits.starts_with("0x")) digits.remove_prefix(2);
    if (digits.size() % 2 != 0) return std::nullopt;
    Octets octets;
    for (; !digits.empty(); digits.remove_prefix(2)) {
        const auto octet = parse_number(digits.substr(0, 2), 16);
        if (!octet) return std::nullopt;
        octets.push_back(static_cast<std::uint8_t>(*octet));
    }
    return octets;
}

}  // namespace bluetooth::tool
