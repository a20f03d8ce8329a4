// SPDX-License-Identifier: MIT
#include "gatt/client_enhanced_bearers.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "att/attribute_types.hpp"
#include "att/client_state.hpp"

namespace bluetooth::gatt {
namespace {

/// Of the Server Supported Features (Vol 3 Part G 7.4): EATT Supported.
constexpr std::uint8_t enhanced_bearers_supported = 0x01;

/// The bits of the first octet; what is not there counts as zero.
std::uint8_t first_octet(Bytes features) {
    return features.empty() ? std::uint8_t{0} : features[0];
}

}  // namespace

Buffer EnableEnhancedBearers::request(ClientContext& ctx, const att::Bearer&) {
    switch (stage_) {
    case Stage::read_server_features:
        return request_only_value(ctx, att::type::server_supported_features);
    case Stage::read_client_features:
        return request_only_value(ctx, att::type::client_supported_features);
    case Stage::write_client_features: return write_.share();
    case Stage::complete: break;
    }
    return {};
}

error_code EnableEnhancedBearers::on_response(ClientContext& ctx, att::Bearer&, Bytes pdu) {
    switch (stage_) {
    case Stage::read_server_features: return on_server_features(pdu);
    case Stage::read_client_features: return on_client_features(ctx, pdu);
    default: break;
    }
    if (!decode<att::WriteResponse>(pdu)) return protocol_error();
    finish(true);
    return {};
}

error_code EnableEnhancedBearers::on_server_features(Bytes pdu) {
    const auto features = only_value(pdu);
    if (!features) return protocol_error();
    if ((first_octet(features->value) & enhanced_bearers_supported) == 0)
        finish(false);
    else
        stage_ = Stage::read_client_features;
    return {};
}

/// Each client has its own value, which a bond keeps. It writes back the octets that are there, as
/// it must not clear a bit (7.2).
error_code EnableEnhancedBearers::on_client_features(ClientContext& ctx, Bytes pdu) {
    const auto features = only_value(pdu);
    if (!features) return protocol_error();
    const std::uint8_t present = first_octet(features->value);
    if ((present & att::client_feature::enhanced_bearer) != 0) {
        finish(true);
        return {};
    }
    const auto first = static_cast<std::uint8_t>(present | att::client_feature::enhanced_bearer);
    const Bytes others = features->value.subspan(std::min<std::size_t>(1, features->value.size()));
    write_ = encode_request(ctx, att::WriteRequest{features->handle, Bytes{&first, 1}});
    if (!write_ || !write_.append(others)) return make_error(errc::no_buffers);
    stage_ = Stage::write_client_features;
    return {};
}

error_code EnableEnhancedBearers::on_error(ClientContext&, att::ErrorCode code) {
    const bool absent =
        stage_ != Stage::write_client_features && code == att::ErrorCode::attribute_not_found;
    if (!absent) return att::make_error(code);
    finish(false);
    return {};
}

void EnableEnhancedBearers::finish(bool supported) {
    supported_ = supported;
    stage_ = Stage::complete;
}

void EnableEnhancedBearers::end(ClientContext& ctx, error_code error) const {
    ctx.out.push(EnhancedBearersDone{supported_, error});
}

}  // namespace bluetooth::gatt
