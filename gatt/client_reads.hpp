// SPDX-License-Identifier: MIT
//
// The client's procedures that read values (Vol 3 Part G 4.8, 4.12). What their functions are for
// is told in client_procedures.hpp.
#pragma once

#include <cstdint>
#include <utility>

#include "gatt/client_transaction.hpp"

namespace bluetooth::gatt {

class ReadValue {  // 4.8.1
public:
    explicit ReadValue(att::Handle handle) : handle_(handle) {}
    bool complete() const { return complete_; }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);
    void end(ClientContext& ctx, error_code error) const;

private:
    att::Handle handle_;
    bool complete_ = false;
};

class ReadByUuid {  // 4.8.2
public:
    ReadByUuid(att::Handle start, att::Handle end, const UUID& uuid)
        : uuid_(att::wire_uuid(uuid)), range_(start, end) {}
    bool complete() const { return range_.empty(); }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);
    void end(ClientContext& ctx, error_code error) const;

private:
    UUID uuid_;
    SearchRange range_;
    bool found_ = false;  // at least one value
};

class ReadLongValue {  // 4.8.3
public:
    explicit ReadLongValue(att::Handle handle) : handle_(handle) {}
    bool complete() const { return complete_; }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);
    void end(ClientContext& ctx, error_code error) const;

private:
    void finish(ClientContext& ctx);

    att::Handle handle_;
    Buffer value_;                          // what came so far; null before the first response
    std::uint16_t mtu_ = att::default_mtu;  // when the last request was sent
    bool complete_ = false;
};

class ReadMultipleValues {  // 4.8.4, and 4.8.5 for values of variable length
public:
    /// `handles` as they stand in the request.
    ReadMultipleValues(Buffer handles, bool variable)
        : handles_(std::move(handles)), variable_(variable) {}
    bool complete() const { return complete_; }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);
    void end(ClientContext& ctx, error_code error) const;

private:
    List<att::Handle> handles() const;
    error_code on_tuples(ClientContext& ctx, Bytes tuples, bool cut) const;

    Buffer handles_;
    std::uint16_t mtu_ = att::default_mtu;  // when the request was sent
    bool variable_;
    bool complete_ = false;
};

}  // namespace bluetooth::gatt
