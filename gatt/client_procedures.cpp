// SPDX-License-Identifier: MIT
#include "gatt/client_procedures.hpp"

#include "base/log.hpp"

namespace bluetooth::gatt {

Buffer ExchangeMtu::request(ClientContext& ctx, const att::Bearer&) {
    return encode_request(ctx, att::ExchangeMtuRequest{own_rx_mtu_});
}

error_code ExchangeMtu::on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu) {
    const auto response = decode<att::ExchangeMtuResponse>(pdu);
    if (!response) return protocol_error();
    complete_ = true;
    if (bearer.finish_mtu_exchange(own_rx_mtu_, response->server_rx_mtu))
        ctx.out.push(att::MtuExchanged{bearer.mtu()});
    return {};
}

error_code ExchangeMtu::on_error(ClientContext&, att::ErrorCode code) {
    log::info("gatt", "the peer refused the MTU exchange: ", code);
    return att::make_error(code);
}

void ExchangeMtu::end(ClientContext& ctx, error_code error) const {
    ctx.out.push(ExchangeMtuDone{error});
}

}  // namespace bluetooth::gatt
