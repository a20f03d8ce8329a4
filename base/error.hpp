// SPDX-License-Identifier: MIT
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <boost/system/system_error.hpp>
#include <cstdint>
#include <string>
#include <type_traits>

namespace bluetooth {

using boost::system::error_category;
using boost::system::error_code;
using boost::system::error_condition;
using boost::system::result;
using boost::system::system_error;

/// What went wrong, whatever the layer: compare any `error_code` of this library with these. The
/// values are the `errno` numbers of MicroPython's API.
enum class errc : int {
    no_such_procedure = 2,      ///< ENOENT: nothing is in progress that this call could answer
    already_done = 5,           ///< EIO: e.g. connecting to a connected peer
    too_big = 7,                ///< E2BIG
    try_again = 11,             ///< EAGAIN
    no_buffers = 12,            ///< ENOMEM: a bounded queue is full; a ready event follows
    permission_denied = 13,     ///< EACCES: the peer refused access
    busy = 16,                  ///< EBUSY: another procedure holds what this one needs
    not_active = 19,            ///< ENODEV: call `active(true)` first
    invalid_argument = 22,      ///< EINVAL
    not_permitted = 1,          ///< EPERM: not from here; the message names the alternative
    protocol_error = 71,        ///< EPROTO: the peer or controller broke the protocol
    not_supported = 95,         ///< EOPNOTSUPP
    connection_lost = 104,      ///< ECONNRESET
    not_connected = 107,        ///< ENOTCONN
    timed_out = 110,            ///< ETIMEDOUT
    already_in_progress = 114,  ///< EALREADY: the same procedure is already running
};

/// The category of errors that the host itself decides on; its values are those of `errc`.
const error_category& host_category() noexcept;
/// HCI status octets (Vol 1 Part F), e.g. 0x0c Command Disallowed.
const error_category& hci_category() noexcept;
/// L2CAP result codes of signalling responses.
const error_category& l2cap_category() noexcept;
/// ATT error codes (Vol 3 Part F 3.4.1.1).
const error_category& att_category() noexcept;
/// SMP reasons (Vol 3 Part H 3.5.5) for which this side ended a pairing.
const error_category& smp_local_category() noexcept;
/// SMP reasons that the peer gave.
const error_category& smp_peer_category() noexcept;
/// The category of the conditions `errc`.
const error_category& condition_category() noexcept;

inline error_condition make_error_condition(errc value) {
    return {static_cast<int>(value), condition_category()};
}
/// An error of the host itself.
inline error_code make_error(errc value) { return {static_cast<int>(value), host_category()}; }

/// The number that MicroPython's `OSError` would carry: positive errno values for errors of the
/// host, −(0x100 + code) for ATT, −(0x200 + status) for HCI, −(0x300 + result) for L2CAP,
/// −(0x400 + reason) and −(0x500 + reason) for local and peer SMP. 0 for success.
int errno_value(const error_code& error);

/// The status that MicroPython's `*_DONE` events carry: 0, 0x100 + ATT code, 0x200 + HCI status,
/// 7 when the link was lost, 13 after a time-out, else the errno value.
int event_status(const error_code& error);

}  // namespace bluetooth

template <> struct boost::system::is_error_condition_enum<bluetooth::errc> : std::true_type {};
