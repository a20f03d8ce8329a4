// SPDX-License-Identifier: MIT
//
// Which peripheral to connect to, and the way there; for all subcommands that are a central.
#pragma once

#include <string>

#include "tools/asioble/central.hpp"
#include "tools/asioble/output.hpp"

namespace bluetooth::tool {

struct PeerArguments {
    std::string address;
    std::string type;
    std::string name;
    double timeout = 10;
};

/// Adds the options to the command line; they refer to `arguments`.
void add_peer_options(CLI::App& command, PeerArguments& arguments);
/// Throws the usage error of `command` when nobody is named.
void check_peer(const CLI::App& command, const PeerArguments& arguments);

/// Connects, after a scan where that is needed, and says so; returns who it is.
Found connect_to(const PeerArguments& arguments, Central& central, const Output& out);

}  // namespace bluetooth::tool
