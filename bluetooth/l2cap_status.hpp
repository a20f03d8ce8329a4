// SPDX-License-Identifier: MIT
//
// Private: the results of L2CAP as the numbers that MicroPython's events carry, and back.
#pragma once

#include "base/error.hpp"
#include "l2cap/pdus.hpp"

namespace bluetooth {

/// The status of a channel that could not be opened.
inline int channel_status(const error_code& error) {
    using enum l2cap::ConnectionResult;
    if (error.category() != l2cap_category())
        return error == errc::not_supported ? 16 : event_status(error);  // 16: a Command Reject
    switch (l2cap::ConnectionResult{static_cast<std::uint16_t>(error.value())}) {
    case successful: return 0;
    case source_cid_already_allocated: return 2;
    case unacceptable_parameters:
    case invalid_parameters: return 3;
    case no_resources_available: return 6;
    case spsm_not_supported: return 8;
    case invalid_source_cid: return 16;
    case insufficient_authentication: return 23;
    case insufficient_authorization: return 24;
    case insufficient_encryption: return 25;
    case encryption_key_size_too_short: return 26;
    case pending:
    case authentication_pending:
    case authorization_pending: break;
    }
    return 17;
}

/// How the peer is told that the application accepts (0) or refuses its channel.
inline l2cap::ConnectionResult channel_result(int status) {
    using enum l2cap::ConnectionResult;
    switch (status) {
    case 0: return successful;
    case 3: return unacceptable_parameters;
    case 8: return spsm_not_supported;
    case 23: return insufficient_authentication;
    case 24: return insufficient_authorization;
    case 25: return insufficient_encryption;
    case 26: return encryption_key_size_too_short;
    default: return no_resources_available;
    }
}

}  // namespace bluetooth
