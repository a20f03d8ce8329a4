// SPDX-License-Identifier: MIT
//
// The client's procedures that write values (Vol 3 Part G 4.9, 4.12). What their functions are for
// is told in client_procedures.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "gatt/client_transaction.hpp"

namespace bluetooth::gatt {

class WriteValue {  // 4.9.3
public:
    /// `pdu` is the encoded Write Request; it is cut to ATT_MTU when its turn comes.
    WriteValue(att::Handle handle, Buffer pdu) : handle_(handle), pdu_(std::move(pdu)) {}
    bool complete() const { return complete_; }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);
    void end(ClientContext& ctx, error_code error) const;

private:
    att::Handle handle_;
    Buffer pdu_;
    bool complete_ = false;
};

/// Values to be written, copied into pool buffers, several into one where they fit.
class ValueQueue {
public:
    static constexpr std::size_t max_buffers = 8;

    /// `too_big` when there is no place left for this value, `no_buffers`.
    error_code push(BufferPool& pool, const att::HandleValue& value);
    bool empty() const { return first_ == end_; }
    att::HandleValue front() const;
    void pop();

private:
    std::array<Buffer, max_buffers> buffers_;
    std::uint8_t first_ = 0;  // of those that hold values
    std::uint8_t end_ = 0;
};

/// Prepares all values, long ones in parts, and executes them once the peer has echoed each part;
/// else cancels. A long write (4.9.4) is one of a single value.
class ReliableWrite {  // 4.9.5
public:
    /// `values` are not empty.
    explicit ReliableWrite(ValueQueue values)
        : values_(std::move(values)), handle_(values_.front().handle) {}
    bool complete() const { return stage_ == Stage::complete; }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);
    void end(ClientContext& ctx, error_code error) const;

private:
    enum class Stage : std::uint8_t { prepare, execute, cancel, complete };
    Bytes part() const { return values_.front().value.subspan(offset_, part_size_); }
    void cancel(error_code reason);

    ValueQueue values_;   // the front one is being prepared
    att::Handle handle_;  // to be named at the end
    std::uint16_t offset_ = 0;
    std::uint16_t part_size_ = 0;
    Stage stage_ = Stage::prepare;
    error_code failure_;  // why the queue is being cancelled
};

class Subscribe {  // 4.12.3 on the descriptor of 3.3.3.3
public:
    Subscribe(att::Handle value_handle, Subscription subscription)
        : value_handle_(value_handle),
          subscription_(subscription),
          range_(value_handle, att::last_handle) {
        (void)range_.pass(value_handle);
    }
    att::Handle value_handle() const { return value_handle_; }
    Subscription subscription() const { return subscription_; }
    bool written() const { return written_; }
    bool complete() const { return written_ || (cccd_ == att::no_handle && range_.empty()); }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);
    void end(ClientContext& ctx, error_code error) const;

private:
    att::Handle value_handle_;
    Subscription subscription_;
    SearchRange range_;  // where the descriptor may be
    att::Handle cccd_ = att::no_handle;
    bool written_ = false;
};

}  // namespace bluetooth::gatt
