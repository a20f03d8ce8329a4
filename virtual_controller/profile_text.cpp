// SPDX-License-Identifier: MIT
//
// Profiles and air models as users write them.
#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <optional>

#include "virtual_controller/profiles.hpp"

namespace bluetooth::virtual_controller {
namespace {

using transport::Attempt;

template <std::integral T>
std::optional<T> parse_number(std::string_view text, T least, T most, bool hex_only = false) {
    const bool prefixed = text.starts_with("0x") || text.starts_with("0X");
    if (prefixed) text.remove_prefix(2);
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value,
                                              prefixed || hex_only ? 16 : 10);
    if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most)
        return std::nullopt;
    return value;
}

std::optional<bool> parse_switch(std::string_view text) {
    if (text == "on") return true;
    if (text == "off") return false;
    return std::nullopt;
}

/// False where there is no value; else it is set.
template <class T> bool set(T& member, std::optional<T> value) {
    if (value) member = *value;
    return value.has_value();
}

bool apply_version(Profile& profile, std::string_view text) {
    for (unsigned number = static_cast<unsigned>(hci::CoreVersion::v4_0);
         number <= static_cast<unsigned>(hci::CoreVersion::v6_0); ++number) {
        const hci::CoreVersion version{static_cast<std::uint8_t>(number)};
        if (to_string(version) != text) continue;
        set_version(profile, version);
        return true;
    }
    return false;
}

struct Key {
    ProfileKey shown;
    bool (*apply)(Profile& profile, std::string_view value);
};
constexpr auto keys = std::to_array<Key>({
    {{"acl-length=27..1024", "octets of data in one ACL packet"},
     [](Profile& profile, std::string_view value) {
         return set(profile.acl_length, parse_number<std::uint16_t>(value, 27, 1024));
     }},
    {{"acl-buffers=1..255", "ACL packets that wait in the controller"},
     [](Profile& profile, std::string_view value) {
         return set(profile.acl_buffers, parse_number<std::uint8_t>(value, 1, 255));
     }},
    {{"shared-buffers=on|off", "whether LE has to use the buffers of BR/EDR"},
     [](Profile& profile, std::string_view value) {
         return set(profile.shared_buffers, parse_switch(value));
     }},
    {{"connections=1..60", "at the same time"},
     [](Profile& profile, std::string_view value) {
         return set(profile.max_connections, parse_number<std::uint8_t>(value, 1, 60));
     }},
    {{"accept-list=1..255", "devices in the filter accept list"},
     [](Profile& profile, std::string_view value) {
         return set(profile.accept_list_size, parse_number<std::uint8_t>(value, 1, 255));
     }},
    {{"resolving-list=0..255", "devices in the resolving list"},
     [](Profile& profile, std::string_view value) {
         return set(profile.resolving_list_size, parse_number<std::uint8_t>(value, 0, 255));
     }},
    {{"advertising-sets=1..240", "where there is extended advertising"},
     [](Profile& profile, std::string_view value) {
         return set(profile.advertising_sets, parse_number<std::uint8_t>(value, 1, 240));
     }},
    {{"public-address=on|off", "whether the controller has one"},
     [](Profile& profile, std::string_view value) {
         return set(profile.has_public_address, parse_switch(value));
     }},
    {{"version=4.0|4.1|4.2|5.0|5.1|5.2|5.3|5.4|6.0",
      "of Bluetooth; features and commands that came later are taken away"},
     apply_version},
    {{"features=HEX", "LE feature bits, of those that the virtual controller can do"},
     [](Profile& profile, std::string_view value) {
         const auto bits = parse_number<std::uint64_t>(value, 0, ~std::uint64_t{0}, true);
         return bits && (*bits & ~Profile::all_features) == 0 && set(profile.le_features, bits);
     }},
    {{"without=OPCODE", "a command to be unknown, e.g. 0x2016; several allowed"},
     [](Profile& profile, std::string_view value) {
         const auto opcode = parse_number<std::uint16_t>(value, 1, 0xffff, true);
         if (opcode) profile.without.push_back(*opcode);
         return opcode.has_value();
     }},
    {{"company=0..65535", "the company identifier, also as 0xHEX"},
     [](Profile& profile, std::string_view value) {
         return set(profile.company_identifier, parse_number<std::uint16_t>(value, 0, 0xffff));
     }},
    {{"subversion=0..65535", "the company's own version, also as 0xHEX"},
     [](Profile& profile, std::string_view value) {
         return set(profile.subversion, parse_number<std::uint16_t>(value, 0, 0xffff));
     }},
});

constexpr auto shown_keys = [] {
    std::array<ProfileKey, keys.size()> shown;
    std::ranges::transform(keys, shown.begin(), &Key::shown);
    return shown;
}();

/// "acl-length" of "acl-length=27..1024".
constexpr std::string_view name_of(std::string_view form) { return form.substr(0, form.find('=')); }

std::string quoted(std::string_view text) { return '"' + std::string{text} + '"'; }

/// Lines of two columns.
template <class Rows, class First, class Second>
std::string listed(const Rows& rows, First first, Second second) {
    std::string text;
    for (const auto& row : rows) {
        std::string line = "\n  " + std::string{row.*first};
        line.resize(std::max<std::size_t>(line.size() + 2, 28), ' ');
        text += line;
        text += row.*second;
    }
    return text;
}

transport::Failure unknown_profile(std::string_view name) {
    return transport::invalid_name(
        "no profile is called " + quoted(name) +
        "; there are:" + listed(named_profiles(), &NamedProfile::name, &NamedProfile::description));
}

transport::Failure unknown_key(std::string_view setting) {
    return transport::invalid_name(
        "nothing in a profile is called " + quoted(name_of(setting)) +
        "; there are:" + listed(profile_keys(), &ProfileKey::form, &ProfileKey::description));
}

transport::Failure bad_value(std::string_view setting, std::string_view form,
                             std::string_view description) {
    std::string message = quoted(setting) + " makes no sense in a profile; write " +
                          std::string{form} + ": " + std::string{description};
    if (name_of(form) == "features") {
        std::array<char, 16> digits{};
        const auto end =
            std::to_chars(digits.data(), digits.data() + digits.size(), Profile::all_features, 16);
        message += ", which are ";
        message.append(digits.data(), end.ptr);
    }
    return transport::invalid_name(std::move(message));
}

/// The part of `text` before its first comma, which it loses.
std::string_view take_part(std::string_view& text) {
    const std::size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    text = comma == text.npos ? std::string_view{} : text.substr(comma + 1);
    return part;
}

Attempt<Profile> change(Profile profile, std::string_view setting) {
    const auto found = std::ranges::find(keys, name_of(setting),
                                         [](const Key& key) { return name_of(key.shown.form); });
    if (found == keys.end()) return unknown_key(setting);
    const std::size_t equals = setting.find('=');
    const std::string_view value = equals == setting.npos ? "" : setting.substr(equals + 1);
    if (!found->apply(profile, value))
        return bad_value(setting, found->shown.form, found->shown.description);
    return profile;
}

}  // namespace

std::span<const ProfileKey> profile_keys() { return shown_keys; }

Attempt<Profile> parse_profile(std::string_view text) {
    Profile profile = named_profiles().front().profile;
    if (text.substr(0, text.find(',')).find('=') == text.npos) {
        const std::string_view name = take_part(text);
        const auto named = std::ranges::find(named_profiles(), name, &NamedProfile::name);
        if (named == named_profiles().end()) return unknown_profile(name);
        profile = named->profile;
    }
    while (!text.empty()) {
        Attempt<Profile> changed = change(std::move(profile), take_part(text));
        if (!changed) return changed.error();
        profile = std::move(*changed);
    }
    return profile;
}

Attempt<AirModel> parse_air_model(std::string_view text) {
    AirModel model;
    do {
        const std::string_view part = take_part(text);
        const std::string_view name = name_of(part);
        const std::string_view value = part.substr(std::min(name.size() + 1, part.size()));
        bool right = false;
        if (name == "loss") {
            const auto [end, error] =
                std::from_chars(value.data(), value.data() + value.size(), model.loss);
            right = error == std::errc{} && end == value.data() + value.size() && model.loss >= 0 &&
                    model.loss <= 1;
        } else if (name == "collisions") {
            right = set(model.collisions, parse_switch(value));
        } else if (name == "timing") {
            right = set(model.timing, parse_switch(value));
        }
        if (!right)
            return transport::invalid_name(quoted(part) +
                                           " is nothing that an air has; write any of loss=0..1, "
                                           "collisions=on|off and timing=on|off, with commas "
                                           "between them, e.g. loss=0.05,timing=on");
    } while (!text.empty());
    return model;
}

}  // namespace bluetooth::virtual_controller
