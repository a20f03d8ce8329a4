// SPDX-License-Identifier: MIT
#include "gatt/client_reads.hpp"

#include <algorithm>
#include <cstddef>

namespace bluetooth::gatt {
namespace {

/// MicroPython's event of a read that a lost link has ended names no handle.
void push_read_done(ClientContext& ctx, att::Handle handle, error_code error) {
    const bool link_lost = error && error == make_error(errc::not_connected);
    ctx.out.push(ReadDone{link_lost ? att::no_handle : handle, error});
}

}  // namespace

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

void ReadValue::end(ClientContext& ctx, error_code error) const {
    push_read_done(ctx, handle_, error);
}

// ---- 4.8.2 Read Using Characteristic UUID

Buffer ReadByUuid::request(ClientContext& ctx, const att::Bearer&) {
    return encode_request(ctx,
                          att::ReadByTypeRequest{range_.first(), range_.last(), uuid_.bytes()});
}

error_code ReadByUuid::on_response(ClientContext& ctx, att::Bearer&, Bytes pdu) {
    const auto response = decode<att::ReadByTypeResponse>(pdu);
    if (!response || response->length < sizeof(att::Handle)) return protocol_error();
    const bool valid =
        for_each_element(response->attribute_data_list, response->length, [&](Reader& reader) {
            att::Handle handle{};
            get(reader, handle);
            if (!range_.pass(handle)) return false;
            ctx.out.push(ReadResult{handle, reader.rest(), {}});
            return found_ = true;
        });
    return valid ? error_code{} : protocol_error();
}

error_code ReadByUuid::on_error(ClientContext&, att::ErrorCode code) {
    // Behind the last value nothing is found any more; before the first one that is an answer.
    return found_ ? end_of_search(range_, code) : att::make_error(code);
}

void ReadByUuid::end(ClientContext& ctx, error_code error) const {
    push_read_done(ctx, att::no_handle, error);
}

// ---- 4.8.3 Read Long Characteristic Values

Buffer ReadLongValue::request(ClientContext& ctx, const att::Bearer& bearer) {
    mtu_ = bearer.mtu();
    if (!value_) return ReadValue::request(ctx, bearer);
    return encode_request(ctx,
                          att::ReadBlobRequest{handle_, static_cast<std::uint16_t>(value_.size())});
}

error_code ReadLongValue::on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu) {
    const Bytes part{pdu.subspan(1)};
    // A part that does not fill its PDU is the last one (Vol 3 Part F 3.4.4.5). Where the peer has
    // exchanged the MTU meanwhile, the PDU may be full by the one before: then it is asked on.
    const bool last = pdu.size() < mtu_;
    if (!value_) {
        if (last) return ReadValue::on_response(ctx, bearer, pdu);
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
    if (!value_ || !at_end) return ReadValue::on_error(ctx, code);
    finish(ctx);
    return {};
}

void ReadLongValue::finish(ClientContext& ctx) {
    complete_ = true;
    const Bytes value = value_.bytes();
    ctx.out.push(ReadResult{handle_, value, std::move(value_)});
}

// ---- 4.8.4 Read Multiple Characteristic Values, 4.8.5 the same of variable length

bool ReadMultipleValues::concerns(att::Handle handle) const {
    const List<att::Handle> all = handles();
    return std::ranges::find(all, handle) != all.end();
}

Buffer ReadMultipleValues::request(ClientContext& ctx, const att::Bearer& bearer) {
    mtu_ = bearer.mtu();
    if (variable_) return encode_request(ctx, att::ReadMultipleVariableRequest{handles()});
    return encode_request(ctx, att::ReadMultipleRequest{handles()});
}

error_code ReadMultipleValues::on_response(ClientContext& ctx, att::Bearer&, Bytes pdu) {
    complete_ = true;
    const Bytes values = pdu.subspan(1);
    if (variable_) return on_tuples(ctx, values, pdu.size() >= mtu_);
    ctx.out.push(ReadResult{*handles().begin(), values, {}});
    return {};
}

/// One tuple of length and value for each handle; where the PDU may be full they may be `cut` at
/// any octet (Vol 3 Part F 3.4.4.12).
error_code ReadMultipleValues::on_tuples(ClientContext& ctx, Bytes tuples, bool cut) const {
    Reader reader{tuples};
    for (const att::Handle handle : handles()) {
        if (cut && reader.remaining() < sizeof(std::uint16_t)) return {};
        std::uint16_t length{};
        get(reader, length);
        const std::size_t present =
            cut ? std::min<std::size_t>(length, reader.remaining()) : length;
        const Bytes value = reader.take(present);
        if (!reader.ok()) return protocol_error();
        ctx.out.push(ReadResult{handle, value, {}});
    }
    return reader.done() ? error_code{} : protocol_error();
}

void ReadMultipleValues::end(ClientContext& ctx, error_code error) const {
    push_read_done(ctx, *handles().begin(), error);
}

List<att::Handle> ReadMultipleValues::handles() const {
    return List<att::Handle>{handles_.bytes()};
}

}  // namespace bluetooth::gatt
