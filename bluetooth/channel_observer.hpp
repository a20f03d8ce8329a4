// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"

namespace bluetooth {

/// Private: who hears of a credit-based channel instead of the application's handler. Called in the
/// middle of the host's work: what it wants done it posts.
class ChannelObserver {
public:
    /// An SDU has come.
    virtual void on_received() = 0;
    virtual void on_send_ready() = 0;
    /// The channel has ended; the last call. No error: either side closed it in order. What has
    /// come can still be read inside this call.
    virtual void on_closed(error_code error) = 0;

protected:
    ~ChannelObserver() = default;
};

}  // namespace bluetooth
