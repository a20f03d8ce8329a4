// SPDX-License-Identifier: MIT
#include "gatt/client_writes.hpp"

#include <algorithm>
#include <iterator>
#include <span>

#include "att/attribute_types.hpp"

namespace bluetooth::gatt {
namespace {

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
    return pdu_.share();  // it may have to be sent again
}

error_code WriteValue::on_response(ClientContext&, att::Bearer&, Bytes pdu) {
    if (!decode<att::WriteResponse>(pdu)) return protocol_error();
    complete_ = true;
    return {};
}

void WriteValue::end(ClientContext& ctx, error_code error) const {
    ctx.out.push(WriteDone{handle_, error});
}

// ---- the values of a reliable write

error_code ValueQueue::push(BufferPool& pool, const att::HandleValue& value) {
    Bytes rest = value.value;
    if (value_count_ == max_values || rest.size() > att::max_value_size ||
        octets_ + rest.size() > max_octets)
        return make_error(errc::too_big);
    values_[value_count_++] = {value.handle, static_cast<std::uint16_t>(rest.size())};
    octets_ = static_cast<std::uint16_t>(octets_ + rest.size());
    while (!rest.empty()) {
        if (buffer_count_ == 0 || buffers_[buffer_count_ - 1U].tail().empty()) {
            Buffer buffer = buffer_count_ < max_buffers ? pool.acquire() : Buffer{};
            if (!buffer) return make_error(errc::no_buffers);
            buffers_[buffer_count_++] = std::move(buffer);
        }
        Buffer& last = buffers_[buffer_count_ - 1U];
        const Bytes fitting = rest.first(std::min(rest.size(), last.tail().size()));
        (void)last.append(fitting);
        rest = rest.subspan(fitting.size());
    }
    return {};
}

bool ValueQueue::has(att::Handle handle) const {
    const auto values = std::span{values_}.first(value_count_);
    return std::ranges::find(values, handle, &Value::handle) != values.end();
}

Bytes ValueQueue::part(std::size_t size) const {
    const std::size_t left = values_[next_value_].size - std::size_t{offset_};
    if (left == 0) return {};
    const Bytes octets = buffers_[next_buffer_].bytes();
    return octets.first(std::min({size, left, octets.size()}));
}

void ValueQueue::pop(std::size_t size) {
    if (size != 0) {
        Buffer& buffer = buffers_[next_buffer_];
        buffer.remove_prefix(size);
        if (buffer.size() == 0) {
            buffer.reset();
            ++next_buffer_;
        }
    }
    offset_ = static_cast<std::uint16_t>(offset_ + size);
    if (offset_ < values_[next_value_].size) return;
    offset_ = 0;
    ++next_value_;
}

// ---- 4.9.4 Write Long Characteristic Values, 4.9.5 Reliable Writes

Buffer ReliableWrite::request(ClientContext& ctx, const att::Bearer& bearer) {
    switch (stage_) {
    case Stage::prepare: {
        constexpr std::size_t overhead =
            encoded_size(att::PrepareWriteRequest{});  // opcode, handle, offset
        const Bytes part = values_.part(bearer.mtu() - overhead);
        part_size_ = static_cast<std::uint16_t>(part.size());
        return encode_request(ctx,
                              att::PrepareWriteRequest{values_.handle(), values_.offset(), part});
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
    const bool echoed = response && response->attribute_handle == values_.handle() &&
                        response->value_offset == values_.offset() &&
                        response->part_attribute_value == values_.part(part_size_);
    if (!echoed) {
        cancel(protocol_error());
        return {};
    }
    values_.pop(part_size_);
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
    handle_ = values_.handle();
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
