// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "gatt/client_transaction.hpp"

namespace bluetooth::gatt {

/// Learns whether the peer's server takes Enhanced ATT bearers (Vol 3 Part G 7.4), and if so tells
/// it that this client uses them (7.2). A peer that lacks one of the two characteristics does not.
/// What its functions are for is told in client_procedures.hpp.
class EnableEnhancedBearers {
public:
    bool complete() const { return stage_ == Stage::complete; }
    /// The two values may be anywhere.
    bool concerns(att::Handle) const { return true; }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);
    void end(ClientContext& ctx, error_code error) const;

private:
    enum class Stage : std::uint8_t {
        read_server_features,
        read_client_features,
        write_client_features,
        complete,
    };
    error_code on_server_features(Bytes pdu);
    error_code on_client_features(ClientContext& ctx, Bytes pdu);
    void finish(bool supported);

    Stage stage_ = Stage::read_server_features;
    bool supported_ = false;
    Buffer write_;  // the request that sets our bit
};

}  // namespace bluetooth::gatt
