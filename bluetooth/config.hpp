// SPDX-License-Identifier: MIT
//
// The options of `BLE::config`, in the manner of Asio's socket options: a type for each of
// MicroPython's keys.
//
//     ble.config(bluetooth::config::mtu{247});
//     auto [type, address] = ble.config<bluetooth::config::mac>();
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/address.hpp"

namespace bluetooth::config {

/// Our own address in the present address mode. Read only, and only while active.
struct mac {
    AddressType type = AddressType::public_device;
    Address address;
};

/// Which kind of address we use. Write only, while active; by default `public_address` where the
/// controller has one, else `random_static`. Not changeable while advertising, scanning or
/// connecting, nor before the controller has ended these (`errc::busy`).
enum class addr_mode : std::uint8_t {
    public_address = 0,  ///< `errc::invalid_argument` when the controller has none
    random_static = 1,   ///< a new one each time this is set
    /// Resolvable private addresses; need an identity, hence pairing: `errc::not_supported`.
    resolvable_private = 2,
    non_resolvable_private = 3,  ///< a new one each time this is set
};

/// Value of the Device Name characteristic (0x2A00), UTF-8, at most 248 octets, "asioble" by
/// default. May be set at any time; kept over inactive periods.
struct gap_name {
    std::string value;
};

/// The ATT MTU that we ask for or offer at the next exchange, also on links already up that have
/// not exchanged: 23 to 517, default 256. Only while active; activation resets it.
struct mtu {
    std::uint16_t value = 256;
};

/// Size of MicroPython's event buffer, 16 to 65,535. Accepted for its programs; nothing is buffered
/// here.
struct rxbuf {
    std::uint16_t value = 128;
};

/// How many notifications, indications and write commands may wait on one link before
/// `errc::no_buffers`: 1 to 1,024, default 32. An extension; for links that begin afterwards.
struct send_queue {
    std::uint16_t value = 32;
};

template <class T>
concept Settable = std::same_as<T, addr_mode> || std::same_as<T, gap_name> ||
    std::same_as<T, mtu> || std::same_as<T, rxbuf> || std::same_as<T, send_queue>;
template <class T>
concept Gettable = std::same_as<T, mac> || std::same_as<T, gap_name> || std::same_as<T, mtu> ||
    std::same_as<T, rxbuf> || std::same_as<T, send_queue>;

}  // namespace bluetooth::config
