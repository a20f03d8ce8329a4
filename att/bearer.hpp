// SPDX-License-Identifier: MIT
//
// What the client and the server side of one ATT bearer share. Each direction has its own
// sequential transactions (Vol 3 Part F 3.3.2); common to both are ATT_MTU and the bearer's end.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "att/pdus.hpp"
#include "base/buffer.hpp"
#include "base/error.hpp"

namespace bluetooth::att {

/// Action: send this ATT PDU. The buffer's headroom is untouched.
struct Send {
    Buffer pdu;
};

/// Action: the bearer has failed. On the fixed channel that is the end of the link (3.3.3: a new
/// bearer is needed for any further exchange).
struct CloseBearer {
    error_code error;
};

/// Action: ATT_MTU was agreed upon, by whichever side asked first; at most once per bearer.
struct MtuExchanged {
    std::uint16_t mtu = default_mtu;
};

/// State of one ATT bearer (Vol 3 Part F 3.2.11): the unenhanced one on the fixed channel, or an
/// enhanced one on an L2CAP channel, whose MTU is that channel's from the start.
class Bearer {
public:
    Bearer() = default;
    explicit Bearer(std::uint16_t enhanced_mtu)
        : mtu_(enhanced_mtu), mtu_exchanged_(true), enhanced_(true) {}

    bool enhanced() const { return enhanced_; }
    /// ATT_MTU; it never becomes smaller.
    std::uint16_t mtu() const { return mtu_; }
    bool mtu_exchanged() const { return mtu_exchanged_; }

    /// Takes the smaller of both sides' Rx MTU, at least the default (3.4.2.2); true then. Once:
    /// where both sides' requests cross each other, the second exchange changes nothing, whatever
    /// the peer says in it.
    bool finish_mtu_exchange(std::uint16_t own_rx_mtu, std::uint16_t peer_rx_mtu) {
        if (std::exchange(mtu_exchanged_, true)) return false;
        mtu_ = std::max(default_mtu, std::min(own_rx_mtu, peer_rx_mtu));
        return true;
    }

    /// The channel of an enhanced bearer was reconfigured.
    void set_enhanced_mtu(std::uint16_t mtu) {
        if (enhanced_) mtu_ = std::max(mtu_, mtu);
    }

    /// After a transaction has timed out nothing may be sent on this bearer any more (3.3.3).
    bool closed() const { return closed_; }
    void close() { closed_ = true; }

private:
    std::uint16_t mtu_ = default_mtu;
    bool mtu_exchanged_ = false;
    bool enhanced_ = false;
    bool closed_ = false;
};

/// Which side of the bearer a received PDU is for.
enum class Destination : std::uint8_t { client, server };

namespace detail {
template <class... P> constexpr std::uint64_t opcode_set() {
    static_assert(((P::code < 64) && ...));
    return ((std::uint64_t{1} << P::code) | ...);
}
/// Everything that a server sends (3.4.8, Table 3.43). The opcodes' bits do not tell: 0x1e, a
/// Confirmation, is for the server, and unassigned opcodes of any form are requests to refuse.
inline constexpr std::uint64_t sent_by_servers =
    opcode_set<ErrorResponse, ExchangeMtuResponse, FindInformationResponse, FindByTypeValueResponse,
               ReadByTypeResponse, ReadResponse, ReadBlobResponse, ReadMultipleResponse,
               ReadByGroupTypeResponse, WriteResponse, PrepareWriteResponse, ExecuteWriteResponse,
               HandleValueNotification, HandleValueIndication, ReadMultipleVariableResponse,
               MultipleHandleValueNotification>();
}  // namespace detail

/// Decides by the opcode: responses, notifications and indications are for the client side;
/// requests, commands, confirmations, unassigned opcodes and the empty PDU for the server side.
constexpr Destination route(Bytes pdu) {
    const bool for_client =
        !pdu.empty() && pdu[0] < 64 && ((detail::sent_by_servers >> pdu[0]) & 1) != 0;
    return for_client ? Destination::client : Destination::server;
}

}  // namespace bluetooth::att
