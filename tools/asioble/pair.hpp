// SPDX-License-Identifier: MIT
//
// What the two roles of `asioble pair` share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bluetooth/ble.hpp"
#include "tools/asioble/pairing_agent.hpp"
#include "tools/asioble/peer.hpp"
#include "tools/asioble/program.hpp"

namespace bluetooth::tool {

struct PairArguments {
    // As central.
    PeerArguments peer;
    bool anew = false;
    // As peripheral.
    bool advertise = false;
    std::string name;
    bool request = false;
    bool keep = false;
    std::optional<double> time;  // for all of it
    // As either.
    std::optional<config::io> io;
    bool no_bond = false;
    std::optional<bool> mitm;
    bool no_secure_connections = false;
    bool sc_only = false;
    unsigned min_key_size = 16;
    bool is_private = false;
    PrearrangedAnswers answers;
};

/// Sets how to pair.
void configure_pairing(BLE& ble, const PairArguments& arguments);
/// Where the bonds of an active adapter are.
std::string bonds_file_of(const BLE& ble, const Options& options);

void pair_as_peripheral(const Options& options, const PairArguments& arguments);

}  // namespace bluetooth::tool
