// SPDX-License-Identifier: MIT
#include "bluetooth/bonds_path.hpp"

#include <algorithm>
#include <cstdlib>

#include "bluetooth/secret_text.hpp"

namespace bluetooth {
namespace {

// Room for a hash and extensions below the 255 octets that file systems allow.
constexpr std::size_t max_name_size = 100;

bool plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

std::filesystem::path absolute_path_in(const char* variable) {
    const char* const value = std::getenv(variable);
    if (value == nullptr || *value != '/') return {};
    return value;
}

}  // namespace

std::filesystem::path bonds_folder() {
    if (const auto state = absolute_path_in("XDG_STATE_HOME"); !state.empty())
        return state / "asioble";
    if (const auto home = absolute_path_in("HOME"); !home.empty())
        return home / ".local" / "state" / "asioble";
    return {};
}

std::string bonds_name(const Address& public_address) {
    std::string name = to_string(public_address);
    std::ranges::replace(name, ':', '-');
    return name;
}

std::string bonds_name(std::string_view transport) {
    std::string name{transport.substr(0, max_name_size)};
    std::ranges::replace_if(
        name, [](char c) { return !plain(c); }, '_');
    if (name.empty() || name.front() == '.') name.insert(0, 1, '_');  // no hidden file
    if (name == transport) return name;
    // '+' is in no name that is left as it is.
    const auto hash = secret_text_check(transport);
    return name + '+' + to_hex(Bytes{hash}.first(4));
}

std::filesystem::path bonds_path(std::string_view name) {
    auto path = bonds_folder();
    if (path.empty()) return path;
    path /= name;
    path += bonds_extension;
    return path;
}

}  // namespace bluetooth
