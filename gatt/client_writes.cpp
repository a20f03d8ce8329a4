// SPDX-License-Identifier: MIT
#include "gatt/client_writes.hpp"

#include <algorithm>
#include <iterator>

#include "att/attribute_types.hpp"

namespace bluetooth::gatt {
namespace {

/// In front of each value in a `ValueQueue`.
struct ValueHeader {
    att::Handle handle{};
    std::uint16_t size{};
    BT_FIELDS(ValueHeader, handle, size);
};

/// Whether an attribute of this type is behind the end of a characteristic.
bool is_declaration(const UUID& type) {
    constexpr UUID declarations[]{att::type::primary_service, att::type::secondary_service,
                                  att::type::include, att::type::characteristic};
    return std::ranges::find(declarations, type.shortest()) != std::end(declarations);
}

}  // namespace

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

// ---- the values of a reliable write

error_code ValueQueue::push(BufferPool& pool, const att::HandleValue& value) {
    const std::size_t size = fixed_size<ValueHeader>() + value.value.size();
    if (value.value.size() > att::max_value_size || size > pool.capacity())
        return make_error(errc::too_big);
    if (empty() || buffers_[end_ - 1U].tail().size() < size) {
        if (end_ == max_buffers) return make_error(errc::too_big);
        Buffer buffer = pool.acquire();
        if (!buffer) return make_error(errc::no_buffers);
        buffers_[end_++] = std::move(buffer);
    }
    Buffer& last = buffers_[end_ - 1U];
    const ValueHeader header{value.handle, static_cast<std::uint16_t>(value.value.size())};
    last.commit(encode_fields(header, last.tail()).size());
    (void)last.append(value.value);
    return {};
}

att::HandleValue ValueQueue::front() const {
    Reader reader{buffers_[first_].bytes()};
    ValueHeader header;
    get(reader, header);
    return {header.handle, reader.take(header.size)};
}

void ValueQueue::pop() {
    Buffer& first = buffers_[first_];
    first.remove_prefix(fixed_size<ValueHeader>() + front().value.size());
    if (first.size() != 0) return;
    first.reset();
    ++first_;
}

// ---- 4.9.4 Write Long Characteristic Values, 4.9.5 Reliable Writes

Buffer ReliableWrite::request(ClientContext& ctx, const att::Bearer& bearer) {
    switch (stage_) {
    case Stage::prepare: {
        constexpr std::size_t overhead =
            encoded_size(att::PrepareWriteRequest{});  // opcode, handle, offset
        const att::HandleValue value = values_.front();
        part_size_ = static_cast<std::uint16_t>(
            std::min(value.value.size() - offset_, bearer.mtu() - overhead));
        return encode_request(ctx, att::PrepareWriteRequest{value.handle, offset_, part()});
    }
    case Stage::execute:
        return encode_request(ctx, att::ExecuteWriteRequest{att::ExecuteWriteFlags::write});
    case Stage::cancel:
        return encode_request(ctx, att::ExecuteWriteRequest{att::ExecuteWriteFlags::cancel});
    case Stage::complete: break;
    }
    return {};
}

error_code ReliableWrite::on_response(ClientContext&, att::Bearer&, Bytes pdu) {
    if (stage_ != Stage::prepare) {
        stage_ = Stage::complete;
        if (!failure_ && !decode<att::ExecuteWriteResponse>(pdu)) failure_ = protocol_error();
        return failure_;
    }
    const auto response = decode<att::PrepareWriteResponse>(pdu);
    const att::HandleValue value = values_.front();
    const bool echoed = response && response->attribute_handle == value.handle &&
                        response->value_offset == offset_ &&
                        response->part_attribute_value == part();
    if (!echoed) {
        cancel(protocol_error());
        return {};
    }
    offset_ = static_cast<std::uint16_t>(offset_ + part_size_);
    if (offset_ < value.value.size()) return {};
    offset_ = 0;
    values_.pop();
    if (values_.empty()) stage_ = Stage::execute;
    return {};
}

error_code ReliableWrite::on_error(ClientContext&, att::ErrorCode code) {
    if (stage_ != Stage::prepare) return failure_ ? failure_ : att::make_error(code);
    cancel(att::make_error(code));
    return {};
}

/// Also when the very first part was refused: that leaves no doubt about what the peer's queue
/// holds, and conformance tests expect it (GAW/CL/BI-07-C).
void ReliableWrite::cancel(error_code reason) {
    failure_ = reason;
    handle_ = values_.front().handle;
    stage_ = Stage::cancel;
}

void ReliableWrite::end(ClientContext& ctx, error_code error) const {
    ctx.out.push(WriteDone{handle_, error});
}

// ---- 4.10.1 and 4.11.1: the descriptor by which notifications and indications are configured

Buffer Subscribe::request(ClientContext& ctx, const att::Bearer&) {
    if (cccd_ == att::no_handle)
        return encode_request(ctx, att::FindInformationRequest{range_.first(), range_.last()});
    const std::uint8_t bits[]{static_cast<std::uint8_t>(subscription_), 0};
    return encode_request(ctx, att::WriteRequest{cccd_, bits});
}

error_code Subscribe::on_response(ClientContext&, att::Bearer&, Bytes pdu) {
    if (cccd_ != att::no_handle) {
        if (!decode<att::WriteResponse>(pdu)) return protocol_error();
        written_ = true;
        return {};
    }
    bool past_end = false;
    const bool valid = for_each_information(pdu, [&](att::Handle handle, const UUID& type) {
        if (!range_.pass(handle)) return false;
        past_end = past_end || is_declaration(type);
        if (!past_end && cccd_ == att::no_handle && type.same_as(att::type::client_configuration))
            cccd_ = handle;
        return true;
    });
    if (past_end) range_.clear();
    if (valid) return {};
    cccd_ = att::no_handle;
    return protocol_error();
}

error_code Subscribe::on_error(ClientContext&, att::ErrorCode code) {
    return cccd_ == att::no_handle ? end_of_search(range_, code) : att::make_error(code);
}

void Subscribe::end(ClientContext& ctx, error_code error) const {
    if (!error && cccd_ == att::no_handle)
        error = att::make_error(att::ErrorCode::attribute_not_found);
    ctx.out.push(SubscribeDone{value_handle_, cccd_, error});
}

}  // namespace bluetooth::gatt
