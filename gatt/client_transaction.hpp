// SPDX-License-Identifier: MIT
//
// What the client's procedures have in common: how requests are made and the lists in responses
// read, and the part that is the same in all procedures of a single transaction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "gatt/client_context.hpp"

namespace bluetooth::gatt {

/// `request` in a pool buffer; null when none is free.
template <class Request> Buffer encode_request(ClientContext& ctx, const Request& request) {
    Buffer pdu = ctx.buffers.acquire();
    if (pdu) pdu.commit(encode(request, pdu.tail()).size());
    return pdu;
}

inline error_code protocol_error() { return make_error(errc::protocol_error); }

/// The handles that a search has still to look at. A peer must answer with handles out of the
/// range asked for, in ascending order; so every response makes the range smaller.
class SearchRange {
public:
    SearchRange(att::Handle first, att::Handle last)
        : next_(att::number(first)), last_(att::number(last)) {}

    att::Handle first() const { return static_cast<att::Handle>(next_); }
    att::Handle last() const { return static_cast<att::Handle>(last_); }
    bool empty() const { return next_ > last_; }
    bool contains(att::Handle handle) const {
        return att::number(handle) >= next_ && att::number(handle) <= last_;
    }
    void clear() { next_ = last_ + 1; }
    /// Takes `handle` and all before it out; false when it is not within the range.
    bool pass(att::Handle handle) {
        if (!contains(handle)) return false;
        next_ = att::number(handle) + std::uint32_t{1};
        return true;
    }

private:
    std::uint32_t next_;  // wider than a handle, to get past 0xffff
    std::uint32_t last_;
};

/// A search ends with Attribute Not Found (e.g. Vol 3 Part G 4.4.1); anything else is a failure.
inline error_code end_of_search(SearchRange& range, att::ErrorCode code) {
    range.clear();
    return code == att::ErrorCode::attribute_not_found ? error_code{} : att::make_error(code);
}

/// The UUID that an element has: of 2 or 16 octets, by the caller's check of the element's size.
inline UUID to_uuid(Bytes octets) { return UUID::from_bytes(octets).value_or(UUID{}); }

/// Calls `visit(Reader&)` for each of the elements of `size` octets that make up `list`, until one
/// returns false. False also when there is no element or the last one is cut off (attack: entries
/// of length 0 made clients loop).
template <class Visitor> bool for_each_element(Bytes list, std::size_t size, Visitor&& visit) {
    if (list.empty() || size == 0 || list.size() % size != 0) return false;
    for (; !list.empty(); list = list.subspan(size)) {
        Reader element{list.first(size)};
        if (!visit(element)) return false;
    }
    return true;
}

/// Calls `visit(handle, uuid)` for each attribute of a Find Information Response (Vol 3 Part F
/// 3.4.3.2), until one returns false. False also when the response is malformed.
template <class Visitor> bool for_each_information(Bytes pdu, Visitor&& visit) {
    const auto response = decode<att::FindInformationResponse>(pdu);
    if (!response) return false;
    std::size_t uuid_size = 0;
    switch (response->format) {
    case att::InformationFormat::uuid16: uuid_size = 2; break;
    case att::InformationFormat::uuid128: uuid_size = 16; break;
    default: return false;
    }
    return for_each_element(response->information_data, sizeof(att::Handle) + uuid_size,
                            [&](Reader& reader) {
                                att::Handle handle{};
                                get(reader, handle);
                                return visit(handle, to_uuid(reader.rest()));
                            });
}

/// Asks for the value of a characteristic that a server has no more than once, wherever that is.
inline Buffer request_only_value(ClientContext& ctx, const UUID& type) {
    return encode_request(
        ctx, att::ReadByTypeRequest{att::first_handle, att::last_handle, type.bytes()});
}

/// What the Read By Type Response has of it; nothing when that is malformed.
inline std::optional<att::HandleValue> only_value(Bytes pdu) {
    const auto response = decode<att::ReadByTypeResponse>(pdu);
    if (!response || response->length != response->attribute_data_list.size()) return std::nullopt;
    Reader reader{response->attribute_data_list};
    att::HandleValue found;
    get(reader, found.handle);
    found.value = reader.rest();
    if (!reader.ok() || found.handle == att::no_handle) return std::nullopt;
    return found;
}

/// A procedure that its first response completes and any refusal ends.
class SingleTransaction {
public:
    bool complete() const { return complete_; }
    error_code on_error(ClientContext&, att::ErrorCode code) { return att::make_error(code); }

protected:
    bool complete_ = false;
};

}  // namespace bluetooth::gatt
