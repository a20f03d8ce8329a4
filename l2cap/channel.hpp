// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "base/error.hpp"
#include "l2cap/channel_parameters.hpp"
#include "l2cap/sdu_receiver.hpp"
#include "l2cap/sdu_sender.hpp"

namespace bluetooth::l2cap {

/// One credit-based channel, as seen from our end. `Channels` takes it through its states.
struct Channel {
    enum class State : std::uint8_t {
        free,
        requested,   ///< by the peer; the application decides
        accepted,    ///< as were or will be others of the same request, on whom that waits
        connecting,  ///< our request is out, or queued
        open,
        closing,  ///< our Disconnection Request is out, or queued
        closed,   ///< the application has yet to hear of it, and may read until then
        lost,     ///< the peer never answered our Disconnection Request: what it sends to this CID
                  ///< may still be meant for this channel, so the CID is not used again
    };

    bool is_open() const { return state == State::open; }
    /// Whether it has not come to its end.
    bool in_use() const {
        return state != State::free && state != State::closed && state != State::lost;
    }

    State state = State::free;
    Mode mode = Mode::le;
    Delivery delivery = Delivery::stream;
    Cid local = Cid::null;   ///< our end: the destination of what we receive
    Cid remote = Cid::null;  ///< the peer's end
    Spsm spsm{};
    ChannelParameters ours;  ///< credits: the window
    ChannelParameters peers;

    Identifier request = 0;     ///< of ours that it waits for: to connect or to disconnect
    error_code close_error;     ///< why it is closing
    bool close_wanted = false;  ///< as soon as what credits allow has been sent, or it is open
    bool was_open = false;
    bool never_answered = false;      ///< our Disconnection Request
    std::size_t missing_buffers = 0;  ///< for an SDU that was refused for want of them

    Identifier reconfiguration = 0;  ///< our request for it, if any
    ChannelParameters wanted;        ///< by that

    SduSender sender;
    SduReceiver receiver;
};

}  // namespace bluetooth::l2cap
