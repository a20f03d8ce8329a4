// SPDX-License-Identifier: MIT
//
// Where the bonds of an adapter are when nobody says otherwise.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/address.hpp"

namespace bluetooth {

/// `$XDG_STATE_HOME/asioble`, else `$HOME/.local/state/asioble`; empty when neither is set to an
/// absolute path, as the XDG Base Directory Specification asks.
std::filesystem::path bonds_folder();

/// The name of an adapter in that folder, without an extension: "00-AA-01-00-00-01" by its public
/// address.
std::string bonds_name(const Address& public_address);
/// By the name of its transport where it has none: "serial__dev_ttyUSB0+5c1dd5f2". Different names
/// stay different.
std::string bonds_name(std::string_view transport);

/// The file of an adapter of this `bonds_name`; empty when there is no folder.
std::filesystem::path bonds_path(std::string_view name);

inline constexpr std::string_view bonds_extension = ".bonds";

}  // namespace bluetooth
