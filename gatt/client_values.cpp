// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstddef>

#include "base/log.hpp"
#include "gatt/client_procedures.hpp"

namespace bluetooth::gatt {
namespace {

error_code protocol_error() { return make_error(errc::protocol_error); }

}  // namespace

// ---- 4.3.1 Exchange MTU

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

// ---- 4.8.1 Read Characteristic Value (and descriptors, 4.12.1)

Buffer ReadValue::request(ClientContext& ctx, const att::Bearer&) {
    return encode_request(ctx, att::ReadRequest{handle_});
}

error_code ReadValue::on_response(ClientContext& ctx, att::Bearer&, Bytes pdu) {
    const auto response = decode<att::ReadResponse>(pdu);
    if (!response) return protocol_error();
    complete_ = true;
    ctx.out.push(ReadResult{handle_, response->attribute_value, {}});
    return {};
}

error_code ReadValue::on_error(ClientContext&, att::ErrorCode code) {
    return att::make_error(code);
}

void ReadValue::end(ClientContext& ctx, error_code error) const {
    const bool link_lost = error && error == make_error(errc::not_connected);
    ctx.out.push(ReadDone{link_lost ? att::no_handle : handle_, error});
}

// ---- 4.8.3 Read Long Characteristic Values

// Starts with a Read Request, as some servers refuse Read Blob for values that are not long.
Buffer ReadLongValue::request(ClientContext& ctx, const att::Bearer&) {
    if (!value_) return encode_request(ctx, att::ReadRequest{handle_});
    return encode_request(ctx,
                          att::ReadBlobRequest{handle_, static_cast<std::uint16_t>(value_.size())});
}

error_code ReadLongValue::on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu) {
    const Bytes part{pdu.subspan(1)};
    // A part that does not fill its PDU is the last one (Vol 3 Part F 3.4.4.5).
    const bool last = part.size() + 1 < bearer.mtu();
    if (!value_) {
        if (last) {
            complete_ = true;
            ctx.out.push(ReadResult{handle_, part, {}});
            return {};
        }
        value_ = ctx.buffers.acquire();
        if (!value_) return make_error(errc::no_buffers);
    }
    // No value is longer than 512 octets (Vol 3 Part F 3.2.9): a peer that goes on is cut off.
    const std::size_t room = std::min(att::max_value_size - value_.size(), value_.tail().size());
    (void)value_.append(part.first(std::min(part.size(), room)));
    if (last || part.size() >= room) finish(ctx);
    return {};
}

error_code ReadLongValue::on_error(ClientContext& ctx, att::ErrorCode code) {
    // Instead of an empty part behind a value that just fills its PDUs some servers send these.
    const bool at_end =
        code == att::ErrorCode::attribute_not_long || code == att::ErrorCode::invalid_offset;
    if (!value_ || !at_end) return att::make_error(code);
    finish(ctx);
    return {};
}

void ReadLongValue::finish(ClientContext& ctx) {
    complete_ = true;
    const Bytes value = value_.bytes();
    ctx.out.push(ReadResult{handle_, value, std::move(value_)});
}

void ReadLongValue::end(ClientContext& ctx, error_code error) const {
    const bool link_lost = error && error == make_error(errc::not_connected);
    ctx.out.push(ReadDone{link_lost ? att::no_handle : handle_, error});
}

// ---- 4.9.3 Write Characteristic Value (and descriptors, 4.12.3)

Buffer WriteValue::request(ClientContext&, const att::Bearer& bearer) {
    pdu_.truncate(std::min<std::size_t>(pdu_.size(), bearer.mtu()));
    return std::move(pdu_);
}

error_code WriteValue::on_response(ClientContext&, att::Bearer&, Bytes pdu) {
    if (!decode<att::WriteResponse>(pdu)) return protocol_error();
    complete_ = true;
    return {};
}

error_code WriteValue::on_error(ClientContext&, att::ErrorCode code) {
    return att::make_error(code);
}

void WriteValue::end(ClientContext& ctx, error_code error) const {
    ctx.out.push(WriteDone{handle_, error});
}

// ---- 4.9.4 Write Long Characteristic Values

Buffer WriteLongValue::request(ClientContext& ctx, const att::Bearer& bearer) {
    switch (stage_) {
    case Stage::prepare: {
        constexpr std::size_t overhead =
            encoded_size(att::PrepareWriteRequest{});  // opcode, handle, offset
        part_size_ =
            static_cast<std::uint16_t>(std::min(value_.size() - offset_, bearer.mtu() - overhead));
        return encode_request(ctx, att::PrepareWriteRequest{handle_, offset_, part()});
    }
    case Stage::execute:
        return encode_request(ctx, att::ExecuteWriteRequest{att::ExecuteWriteFlags::write});
    case Stage::cancel:
        return encode_request(ctx, att::ExecuteWriteRequest{att::ExecuteWriteFlags::cancel});
    case Stage::complete: break;
    }
    return {};
}

error_code WriteLongValue::on_response(ClientContext&, att::Bearer&, Bytes pdu) {
    if (stage_ != Stage::prepare) {
        if (!failure_ && !decode<att::ExecuteWriteResponse>(pdu)) failure_ = protocol_error();
        stage_ = Stage::complete;
        return failure_;
    }
    const auto response = decode<att::PrepareWriteResponse>(pdu);
    const bool echoed = response && response->attribute_handle == handle_ &&
                        response->value_offset == offset_ &&
                        response->part_attribute_value == part();
    if (!echoed) {
        failure_ = protocol_error();
        stage_ = Stage::cancel;
        return {};
    }
    offset_ = static_cast<std::uint16_t>(offset_ + part_size_);
    if (offset_ == value_.size()) stage_ = Stage::execute;
    return {};
}

error_code WriteLongValue::on_error(ClientContext&, att::ErrorCode code) {
    // What was prepared before the refusal stays queued until it is cancelled (Part F 3.4.6.3).
    if (stage_ == Stage::prepare && offset_ != 0) {
        failure_ = att::make_error(code);
        stage_ = Stage::cancel;
        return {};
    }
    return failure_ ? failure_ : att::make_error(code);
}

void WriteLongValue::end(ClientContext& ctx, error_code error) const {
    ctx.out.push(WriteDone{handle_, error});
}

}  // namespace bluetooth::gatt
