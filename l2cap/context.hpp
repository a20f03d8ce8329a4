// SPDX-License-Identifier: MIT
//
// What the L2CAP of one link wants done, and what it is given to work with.
#pragma once

#include <cstdint>

#include "base/buffer.hpp"
#include "base/error.hpp"
#include "base/outbox.hpp"
#include "base/time.hpp"
#include "l2cap/pdus.hpp"

namespace bluetooth::l2cap {

/// Action: the payload of a PDU for the protocol above. `pdu` points into the received packet when
/// it came in one piece, else into `storage`, which goes back to its pool with the action.
struct Deliver {
    Cid channel{};
    Bytes pdu;
    Buffer storage;
};

/// Action: hand this L2CAP PDU, basic header included, to the ACL scheduler.
struct Send {
    Buffer pdu;
};

/// Names the request that waits for an answer.
using Token = std::uint32_t;

/// Action: the peripheral asks for other connection parameters, which are valid. The host decides
/// by `Signalling::answer_parameter_update` and, when it accepts, issues the HCI command.
struct ParameterUpdateRequested {
    ConnectionParameterUpdateRequest parameters;
    Token token = 0;
};

/// Action: how the peer took our own request. No error: it accepted and will start the update;
/// `permission_denied`: it rejected these parameters; `not_supported`: it does not know the
/// command; `timed_out`; `not_connected`.
struct ParameterUpdateDone {
    error_code error;
};

// ---- credit-based channels, each named by the CID of our end

/// Action: the peer wants this channel; answered by `Channels::answer`.
struct ChannelRequested {
    Cid channel{};
    Spsm spsm{};
    std::uint16_t our_mtu = 0;
    std::uint16_t peer_mtu = 0;
};
/// Action: a channel is open, by whichever side it was asked for.
struct ChannelOpened {
    Cid channel{};
    Spsm spsm{};
    std::uint16_t our_mtu = 0;
    std::uint16_t peer_mtu = 0;
};
/// Action: a channel has ended, or could not be opened. No error: either side closed it in order.
/// `Channels::release` is due.
struct ChannelClosed {
    Cid channel{};
    Spsm spsm{};
    bool was_open = false;
    error_code error;
};
/// Action: an SDU can be read.
struct SduReceived {
    Cid channel{};
};
/// Action: a channel takes SDUs again.
struct SendReady {
    Cid channel{};
};
/// Action: the channel has another MTU, or our request for that has failed.
struct ChannelReconfigured {
    Cid channel{};
    std::uint16_t our_mtu = 0;
    std::uint16_t peer_mtu = 0;
    error_code error;
};

using LinkOutbox =
    Outbox<Deliver, Send, ParameterUpdateRequested, ParameterUpdateDone, ChannelRequested,
           ChannelOpened, ChannelClosed, SduReceived, SendReady, ChannelReconfigured>;

struct LinkContext {
    Time now;
    BufferPool& receive_buffers;  ///< for PDUs that come in fragments
    BufferPool& send_buffers;     ///< for signalling commands
    LinkOutbox& out;
};

}  // namespace bluetooth::l2cap
