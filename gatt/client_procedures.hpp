// SPDX-License-Identifier: MIT
//
// The client's procedures (Vol 3 Part G 4), each a series of ATT transactions that it knows how to
// continue. `Client` runs them one after the other; all have the same five functions:
//
//     complete()     whether no further request is needed
//     request()      the next request; null when no buffer is free, to be called again later
//     on_response()  what the peer answered; an error ends the procedure
//     on_error()     the peer refused; an error ends the procedure, none means that the refusal
//                    was the regular end of a search
//     end()          tells how it all ended
//
// on_response is called with a PDU that has the opcode of the response to the last request.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

#include "gatt/client_context.hpp"

namespace bluetooth::gatt {

class ExchangeMtu {  // 4.3.1
public:
    explicit ExchangeMtu(std::uint16_t own_rx_mtu) : own_rx_mtu_(own_rx_mtu) {}
    bool complete() const { return complete_; }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);
    void end(ClientContext& ctx, error_code error) const;

private:
    std::uint16_t own_rx_mtu_;
    bool complete_ = false;
};

/// The handles that a discovery has still to look at. A peer must answer with handles out of the
/// range asked for, in ascending order; so every response makes the range smaller.
class SearchRange {
public:
    SearchRange(att::Handle first, att::Handle last)
        : next_(att::number(first)), last_(att::number(last)) {}

    att::Handle first() const { return static_cast<att::Handle>(next_); }
    att::Handle last() const { return static_cast<att::Handle>(last_); }
    bool empty() const { return next_ > last_; }
    void clear() { next_ = last_ + 1; }
    /// Takes `handle` and all before it out; false when it is not within the range.
    bool pass(att::Handle handle) {
        const std::uint32_t passed = att::number(handle);
        if (passed < next_ || passed > last_) return false;
        next_ = passed + 1;
        return true;
    }

private:
    std::uint32_t next_;  // wider than a handle, to get past 0xffff
    std::uint32_t last_;
};

class DiscoverAllPrimaryServices {  // 4.4.1
public:
    bool complete() const { return range_.empty(); }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);
    void end(ClientContext& ctx, error_code error) const;

private:
    SearchRange range_{att::first_handle, att::last_handle};
};

class DiscoverPrimaryServiceByUuid {  // 4.4.2
public:
    explicit DiscoverPrimaryServiceByUuid(const UUID& uuid) : uuid_(uuid) {}
    bool complete() const { return range_.empty(); }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);
    void end(ClientContext& ctx, error_code error) const;

private:
    UUID uuid_;
    SearchRange range_{att::first_handle, att::last_handle};
};

/// Also by UUID (4.6.2): all declarations are read, as only the next one tells where a
/// characteristic ends.
class DiscoverCharacteristics {  // 4.6.1
public:
    DiscoverCharacteristics(att::Handle start, att::Handle end, const std::optional<UUID>& uuid)
        : uuid_(uuid), range_(start, end) {}
    bool complete() const { return range_.empty(); }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);
    void end(ClientContext& ctx, error_code error) const;

private:
    void report_found(ClientContext& ctx, att::Handle end);

    std::optional<UUID> uuid_;
    SearchRange range_;
    std::optional<CharacteristicResult> found_;  // the last one, until its end is known
};

class DiscoverDescriptors {  // 4.7.1
public:
    /// Everything behind `after` up to `last`.
    DiscoverDescriptors(att::Handle after, att::Handle last) : range_(after, last) {
        (void)range_.pass(after);
    }
    bool complete() const { return range_.empty(); }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);
    void end(ClientContext& ctx, error_code error) const;

private:
    SearchRange range_;
};

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
    Buffer value_;  // what came so far; null before the first response
    bool complete_ = false;
};

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

/// With verification of what the peer has queued, as the Reliable Writes procedure has it (4.9.5).
class WriteLongValue {  // 4.9.4
public:
    WriteLongValue(att::Handle handle, Buffer value) : handle_(handle), value_(std::move(value)) {}
    bool complete() const { return stage_ == Stage::complete; }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);
    void end(ClientContext& ctx, error_code error) const;

private:
    enum class Stage : std::uint8_t { prepare, execute, cancel, complete };
    Bytes part() const { return value_.bytes().subspan(offset_, part_size_); }

    att::Handle handle_;
    Buffer value_;
    std::uint16_t offset_ = 0;     // of the part that is being prepared
    std::uint16_t part_size_ = 0;  // its size
    Stage stage_ = Stage::prepare;
    error_code failure_;  // why the queue is being cancelled
};

/// An unused place holds the first of these.
using Procedure = std::variant<DiscoverAllPrimaryServices, DiscoverPrimaryServiceByUuid,
                               DiscoverCharacteristics, DiscoverDescriptors, ExchangeMtu, ReadValue,
                               ReadLongValue, WriteValue, WriteLongValue>;

/// `request` in a pool buffer; null when none is free.
template <class Request> Buffer encode_request(ClientContext& ctx, const Request& request) {
    Buffer pdu = ctx.buffers.acquire();
    if (pdu) pdu.commit(encode(request, pdu.tail()).size());
    return pdu;
}

}  // namespace bluetooth::gatt
