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

class WriteValue : public SingleTransaction {  // 4.9.3
public:
    /// `pdu` is the encoded Write Request; it is cut to ATT_MTU when its turn comes.
    WriteValue(att::Handle handle, Buffer pdu) : handle_(handle), pdu_(std::move(pdu)) {}
    bool concerns(att::Handle handle) const { return handle == handle_; }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    void end(ClientContext& ctx, error_code error) const;

private:
    att::Handle handle_;
    Buffer pdu_;
};

/// Values to be written, their octets copied into pool buffers one behind the other. They are taken
/// out part by part.
class ValueQueue {
public:
    static constexpr std::size_t max_values = 32;
    static constexpr std::size_t max_octets = 4096;

    /// `too_big` when there is no place left for this value or it is longer than 512 octets;
    /// `no_buffers`.
    error_code push(BufferPool& pool, const att::HandleValue& value);
    bool empty() const { return next_value_ == value_count_; }
    /// Whether a value is or was for this attribute, taken out or not.
    bool has(att::Handle handle) const;

    // Of the value in front:
    att::Handle handle() const { return values_[next_value_].handle; }
    /// Where its next part begins.
    std::uint16_t offset() const { return offset_; }
    /// At most `size` octets of its next part: fewer at its end and at that of a buffer.
    Bytes part(std::size_t size) const;
    /// Takes out that part of `size` octets, and with its end the value.
    void pop(std::size_t size);

private:
    /// Of `att::max_value_size`: enough for `max_octets`.
    static constexpr std::size_t max_buffers = max_octets / att::max_value_size;
    struct Value {
        att::Handle handle{};
        std::uint16_t size = 0;
    };

    std::array<Value, max_values> values_;
    std::array<Buffer, max_buffers> buffers_;
    std::uint8_t next_value_ = 0;
    std::uint8_t value_count_ = 0;
    std::uint8_t next_buffer_ = 0;
    std::uint8_t buffer_count_ = 0;
    std::uint16_t offset_ = 0;  // how much of the value in front was taken out
    std::uint16_t octets_ = 0;  // of all values
};

/// Prepares all values, long ones in parts, and executes them once the peer has echoed each part;
/// else cancels. A long write (4.9.4) is one of a single value.
class ReliableWrite {  // 4.9.5
public:
    /// `values` are not empty.
    explicit ReliableWrite(ValueQueue values)
        : values_(std::move(values)), handle_(values_.handle()) {}
    bool complete() const { return stage_ == Stage::complete; }
    bool concerns(att::Handle handle) const { return values_.has(handle); }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);
    void end(ClientContext& ctx, error_code error) const;

private:
    enum class Stage : std::uint8_t { prepare, execute, cancel, complete };
    void cancel(error_code reason);

    ValueQueue values_;   // the front one is being prepared
    att::Handle handle_;  // to be named at the end
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
    att::Handle cccd() const { return cccd_; }
    Subscription subscription() const { return subscription_; }
    bool written() const { return written_; }
    bool complete() const { return written_ || (cccd_ == att::no_handle && range_.empty()); }
    bool concerns(att::Handle handle) const { return handle == value_handle_ || handle == cccd_; }
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
