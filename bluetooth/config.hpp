// SPDX-License-Identifier: MIT
//
// The options of `BLE::config`, in the manner of Asio's socket options: a type for each of
// MicroPython's keys.
//
//     ble.config(bluetooth::config::mtu{247});
//     auto [type, address] = ble.config<bluetooth::config::mac>();
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/address.hpp"
#include "smp/pdus.hpp"

namespace bluetooth::config {

/// Our own address in the present address mode; with `resolvable_private`, where it changes, the
/// identity address by which bonded peers know us. Read only, and only while active.
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
    /// A resolvable private address, a new one after each `rpa_timeout`: only peers that are
    /// bonded with us recognise it. Our identity is then the public address, or the static one.
    resolvable_private = 2,
    non_resolvable_private = 3,  ///< a new one after each `rpa_timeout`: nobody recognises it
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

/// Value of the Appearance characteristic (0x2A01), 0 (unknown) by default; the numbers are those
/// of the Assigned Numbers 2.6. May be set at any time; kept over inactive periods. An extension.
struct appearance {
    std::uint16_t value = 0;
};

/// Value of the Peripheral Preferred Connection Parameters characteristic (0x2A04): what centrals
/// that read it may then use. Without a member there is no preference for it. Intervals 7.5 ms to
/// 4 s, latency up to 499 events, timeout 100 ms to 32 s: else `errc::invalid_argument`. May be set
/// at any time; kept over inactive periods. An extension.
struct preferred_connection_parameters {
    std::optional<std::chrono::microseconds> min_interval{};
    std::optional<std::chrono::microseconds> max_interval{};
    std::uint16_t latency = 0;
    std::optional<std::chrono::milliseconds> supervision_timeout{};
};

/// Whether a value that does not fit is refused instead of cut, as MicroPython does: in
/// `gatts_notify`, `gatts_indicate` and `gattc_write` by `errc::too_big`, in writes of peers by an
/// ATT error. Off by default. May be set at any time; kept over inactive periods. An extension.
struct strict {
    bool value = false;
};

/// Whether discoveries of a peer with a lasting address are answered from memory when its Database
/// Hash (0x2B2A) is that of the last time. The hash is read before each discovery, unless that was
/// done less than a second ago or the peer's Service Changed is subscribed to by
/// `gattc_subscribe`; peers without one are always asked. On by default. May be set at any time,
/// for links that begin afterwards. An extension.
struct gatt_cache {
    bool value = true;
};

/// How many enhanced ATT bearers (EATT) we open beside the fixed one as central, once a link is
/// encrypted and where the peer supports them: 0 (none, nor may the peer) to 5, default 2; with
/// those that the peer opens there are 5 at most. GATT procedures on different attributes then run,
/// and may end, side by side; those on the same attribute keep their order (of several, the first
/// that is being worked on decides). A write without response is sent at once, on the fixed bearer:
/// no procedure that is begun after it overtakes it, but it may overtake those begun before.
/// `unencrypted` lifts the demand for encryption, against the specification (Vol 3 Part G 5.3.2):
/// for tests. Above 5: `errc::invalid_argument`. May be set at any time, for bearers that are
/// opened afterwards; kept over inactive periods. An extension.
struct eatt {
    std::uint8_t bearers = 2;
    bool unencrypted = false;
};

// ---- security. All may be set at any time, are kept over inactive periods, and are read when a
// pairing begins.

/// Whether keys are exchanged and stored by a pairing, if the peer wants that too, so that the next
/// link needs none. Off by default.
struct bond {
    bool value = false;
};

/// Whether protection against a man in the middle is asked for. Where input and output of both
/// sides do not suffice for that, they pair by Just Works all the same, and `EncryptionUpdate` says
/// that the link is not authenticated. Off by default.
struct mitm {
    bool value = false;
};

/// What this device can show and its user can enter; decides with `mitm` how it pairs.
/// `no_input_no_output` by default. Above `keyboard_display`: `errc::invalid_argument`.
using io = smp::IoCapability;

/// Whether LE Secure Connections are offered. On by default. A peer without them still pairs by LE
/// legacy pairing, which protects nothing from someone who listened to it.
struct le_secure {
    bool value = true;
};

/// Secure Connections Only Mode (Vol 3 Part C 10.2.4): no legacy pairing, keys of 16 octets, bonds
/// without LE Secure Connections are of no use, and attributes and channels that need
/// authentication need LE Secure Connections too. Off by default. An extension.
struct sc_only {
    bool value = false;
};

/// The shortest encryption key that is good enough, 7 to 16 octets, default 16. An extension.
struct min_key_size {
    std::uint8_t octets = 16;
};

/// Which association models are allowed: a pairing that would use another one is refused. All by
/// default. To allow a single one protects users who mistake a number to compare for one to type.
/// An extension.
struct pairing_methods {
    bool just_works = true;
    bool passkey_entry = true;
    bool numeric_comparison = true;
    bool out_of_band = true;
};

/// Whether keypress notifications are offered (`BLE::gap_keypress`, `KeypressNotification`). Off by
/// default. An extension.
struct keypress {
    bool value = false;
};

/// Whether LE Secure Connections use the debug key pair, so that a sniffer can read the link, and
/// take it from peers, who are refused else. Such pairings leave no bond. Off by default. An
/// extension, for tests.
struct debug_keys {
    bool value = false;
};

/// After how long a private address is replaced: 1 s to 1 h, default 15 minutes. An extension.
struct rpa_timeout {
    std::chrono::seconds value{900};
};

/// Whether a GATT procedure that the peer refuses for want of authentication or encryption secures
/// the link, as `BLE::gap_pair` does, and is then tried again, once. Off by default: then it ends
/// with the peer's error. For procedures that begin afterwards. An extension.
struct auto_security {
    bool value = false;
};

/// The file that keeps bonds where the application does not (`GetSecret`, `SetSecret`); empty by
/// default: one for each adapter in the folder asioble of `$XDG_STATE_HOME` (~/.local/state). A
/// virtual controller's are kept in memory unless a file is named. Takes effect at the next
/// activation. An extension.
struct bond_file {
    std::string path;
};

using SettableOption = std::variant<addr_mode, gap_name, mtu, rxbuf, send_queue, appearance,
                                    preferred_connection_parameters, strict, gatt_cache, eatt, bond,
                                    mitm, io, le_secure, sc_only, min_key_size, pairing_methods,
                                    keypress, debug_keys, rpa_timeout, auto_security, bond_file>;
using GettableOption = std::variant<mac, gap_name, mtu, rxbuf, send_queue, appearance,
                                    preferred_connection_parameters, strict, gatt_cache, eatt>;

namespace detail {
template <class T, class Variant> inline constexpr bool is_one_of = false;
template <class T, class... Ts>
inline constexpr bool is_one_of<T, std::variant<Ts...>> = (std::same_as<T, Ts> || ...);
}  // namespace detail

template <class T>
concept Settable = detail::is_one_of<T, SettableOption>;
template <class T>
concept Gettable = detail::is_one_of<T, GettableOption>;

}  // namespace bluetooth::config
