// SPDX-License-Identifier: MIT
//
// The client's procedures (Vol 3 Part G 4), each a series of ATT transactions that it knows how to
// continue. `Client` runs them one after the other; all have the same six functions:
//
//     complete()     whether no further request is needed
//     concerns()     whether what is left to do may read or write this attribute
//     request()      the next request; null when no buffer is free, to be called again later
//     on_response()  what the peer answered; an error ends the procedure
//     on_error()     the peer refused; an error ends the procedure, none means that it goes on, or
//                    that the refusal was the regular end of a search
//     end()          tells how it all ended
//
// on_response is called with a PDU that has the opcode of the response to the last request.
#pragma once

#include <cstdint>
#include <variant>

#include "gatt/client_discovery.hpp"
#include "gatt/client_enhanced_bearers.hpp"
#include "gatt/client_reads.hpp"
#include "gatt/client_writes.hpp"

namespace bluetooth::gatt {

class ExchangeMtu : public SingleTransaction {  // 4.3.1
public:
    explicit ExchangeMtu(std::uint16_t own_rx_mtu) : own_rx_mtu_(own_rx_mtu) {}
    bool concerns(att::Handle) const { return false; }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);
    void end(ClientContext& ctx, error_code error) const;

private:
    std::uint16_t own_rx_mtu_;
};

/// An unused place holds the first of these.
using Procedure =
    std::variant<DiscoverAllServices, DiscoverPrimaryServiceByUuid, FindIncludedServices,
                 DiscoverCharacteristics, DiscoverDescriptors, ExchangeMtu, ReadValue, ReadByUuid,
                 ReadLongValue, ReadMultipleValues, WriteValue, ReliableWrite, Subscribe,
                 EnableEnhancedBearers>;

}  // namespace bluetooth::gatt
