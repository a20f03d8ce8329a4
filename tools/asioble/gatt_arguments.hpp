// SPDX-License-Identifier: MIT
//
// What `asioble gatt` is asked to do.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tools/asioble/peer.hpp"
#include "tools/asioble/program.hpp"
#include "tools/asioble/text.hpp"

namespace bluetooth::tool {

/// A value and where it is to go.
struct Assignment {
    AttributeName attribute;
    Octets value;
};

// What to do once connected, in the order of the command line.
struct Read {
    AttributeName attribute;
};
struct ReadByUuid {
    UUID uuid;
};
enum class WriteKind { request, command, in_parts };
struct Write {
    Assignment assignment;
    WriteKind kind{};
};
struct ReliableWrite {
    std::vector<Assignment> assignments;
};
struct Subscribe {
    AttributeName attribute;
};
/// Shows what comes, until the time is over or so many values have come.
struct Listen {
    std::optional<std::chrono::duration<double>> time;
    std::optional<std::size_t> count;
};
using Action = std::variant<Read, ReadByUuid, Write, ReliableWrite, Subscribe, Listen>;

struct GattArguments {
    PeerArguments peer;
    std::uint16_t mtu = 247;
    bool no_list = false;
    bool values = false;
    bool whole = false;  // reads fetch the whole value
    bool no_cache = false;
    bool pair = false;
    std::vector<Action> actions;
};

/// Adds the options to the command line; they refer to `arguments`.
void add_gatt_options(CLI::App& command, GattArguments& arguments);

}  // namespace bluetooth::tool
