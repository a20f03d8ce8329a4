// SPDX-License-Identifier: MIT
// Private to crypto/*.cpp.
#pragma once

#include <openssl/err.h>

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

/// What a peer sends may be refused, which leaves the reason in libcrypto's queue of this thread,
/// where another user of libcrypto would take it for its own. For as long as this lives the queue
/// is put back.
struct KeepErrorQueue {
    KeepErrorQueue() { ERR_set_mark(); }
    KeepErrorQueue(const KeepErrorQueue&) = delete;
    KeepErrorQueue& operator=(const KeepErrorQueue&) = delete;
    ~KeepErrorQueue() { ERR_pop_to_mark(); }
};

}  // namespace bluetooth::crypto
