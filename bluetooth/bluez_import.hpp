// SPDX-License-Identifier: MIT
//
// Bonds that BlueZ, the Bluetooth host of Linux, has made: it keeps them in text files below
// /var/lib/bluetooth/<adapter>/. There a key has its octets in the order of the air interface; what
// the sections mean was found in BlueZ's src/adapter.c and the kernel's net/bluetooth/smp.c.
#pragma once

#include <string_view>

#include "crypto/aes.hpp"
#include "smp/bond.hpp"
#include "transport/failure.hpp"

namespace bluetooth {

/// The bond in the text of `<peer>/info`. `peer` is the address by which that folder is named.
/// Fails with `errc::not_supported` where there is no bond of Bluetooth LE, else with
/// `errc::invalid_argument`; the message is to follow the name of the file.
transport::Attempt<smp::Bond> bond_from_bluez(std::string_view info, const Address& peer);

/// Our own Identity Resolving Key in the text of `identity`.
transport::Attempt<crypto::Key> irk_from_bluez(std::string_view identity);

}  // namespace bluetooth
