// SPDX-License-Identifier: MIT
// Private to crypto/*.cpp.
#pragma once

#include <stdexcept>
#include <string>

namespace bluetooth::crypto {

/// Calls of libcrypto that no input from outside can make fail: they fail when memory is out or
/// when its configuration (OPENSSL_CONF, a restricted provider) leaves out what Bluetooth needs.
inline void require(bool succeeded, const char* what) {
    if (succeeded) return;
    throw std::runtime_error(std::string{"libcrypto cannot provide "} + what +
                             ": check its configuration (openssl.cnf, OPENSSL_CONF)");
}

}  // namespace bluetooth::crypto
