// SPDX-License-Identifier: MIT
//
// The client's procedures that read values (Vol 3 Part G 4.8, 4.12). What their functions are for
// is told in client_procedures.hpp.
#pragma once

#include <cstdint>
#include <utility>

#include "gatt/client_transaction.hpp"

namespace bluetooth::gatt {

class ReadValue : public SingleTransaction {  // 4.8.1
public:
    explicit ReadValue(att::Handle handle) : handle_(handle) {}
    bool concerns(att::Handle handle) const { return handle == handle_; }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    void end(ClientContext& ctx, error_code error) const;

protected:
    att::Handle handle_;
};

class ReadByUuid {  // 4.8.2
public:
    ReadByUuid(att::Handle start, att::Handle end, const UUID& uuid)
        : uuid_(att::wire_uuid(uuid)), range_(start, end) {}
    bool complete() const { return range_.empty(); }
    bool concerns(att::Handle handle) const { return range_.contains(handle); }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);
    void end(ClientContext& ctx, error_code error) const;

private:
    UUID uuid_;
    SearchRange range_;
    bool found_ = false;  // at least one value
};

/// Begins as a read that is not long, as some servers refuse Read Blob for values that are not.
class ReadLongValue : public ReadValue {  // 4.8.3
public:
    using ReadValue::ReadValue;
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);

private:
    void finish(ClientContext& ctx);

    Buffer value_;                          // what came so far; null before the first response
    std::uint16_t mtu_ = att::default_mtu;  // when the last request was sent
};

/// 4.8.4, and 4.8.5 for values of variable length.
class ReadMultipleValues : public SingleTransaction {
public:
    /// `handles` as they stand in the request.
    ReadMultipleValues(Buffer handles, bool variable)
        : handles_(std::move(handles)), variable_(variable) {}
    bool concerns(att::Handle handle) const;
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    void end(ClientContext& ctx, error_code error) const;

private:
    List<att::Handle> handles() const;
    error_code on_tuples(ClientContext& ctx, Bytes tuples, bool cut) const;

    Buffer handles_;
    std::uint16_t mtu_ = att::default_mtu;  // when the request was sent
    bool variable_;
};

}  // namespace bluetooth::gatt
