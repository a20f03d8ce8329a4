// SPDX-License-Identifier: MIT
//
// How `asioble pair` tells what has become of a pairing.
#pragma once

#include <string>

#include "bluetooth/ble.hpp"

namespace bluetooth::tool {

/// "00:AA:01:02:03:04 (public)": the identity of a bonded peer.
struct PeerName {
    AddressType type{};
    Address address;
};
std::string to_text(const PeerName& peer);

/// Why a link could not be secured, and what to do about it.
std::string failure_text(const error_code& error, const PeerName& peer);

}  // namespace bluetooth::tool
