// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace bluetooth {

/// What the security of a link allows (Vol 3 Part C 10.3.1).
struct LinkSecurity {
    bool encrypted = false;
    bool authenticated = false;       ///< the key in use is protected against a man in the middle
    bool bonded = false;              ///< a key for this peer is stored, whether in use or not
    std::uint8_t key_size = 0;        ///< octets of the key in use
    bool authorized = false;          ///< the application trusts this peer
    bool secure_connections = false;  ///< the key was made by LE Secure Connections
    friend bool operator==(const LinkSecurity&, const LinkSecurity&) = default;
};

/// What somebody demands of it (Vol 3 Part C 10.2).
struct SecurityRequirement {
    bool encryption = false;
    bool authentication = false;
    bool authorization = false;
    std::uint8_t min_key_size = 0;  ///< octets, 7 to 16, for an encrypted link; 0: any
    /// Together with authentication and 16 octets: security mode 1 level 4.
    bool secure_connections = false;
};

}  // namespace bluetooth
