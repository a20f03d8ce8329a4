// SPDX-License-Identifier: MIT
//
// Private to att/server*.cpp: one pass over a request.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstring>

#include "att/server.hpp"

namespace bluetooth::att {

/// The response under construction, of at most ATT_MTU octets.
class Server::Response {
public:
    explicit Response(MutableBytes room) : room_(room) {}

    std::size_t size() const { return size_; }
    /// The octets that still fit.
    std::size_t left() const { return room_.size() - size_; }

    /// Appends as much of `octets` as fits.
    void append(Bytes octets) {
        const std::size_t count = std::min(octets.size(), left());
        if (count != 0) std::memcpy(room_.data() + size_, octets.data(), count);
        size_ += count;
    }
    void append(std::uint8_t octet) {
        if (left() != 0) room_[size_++] = octet;
    }
    void append(std::uint16_t value) { append(Bytes{octets_of(value)}); }
    void append(Handle handle) { append(number(handle)); }

    /// Replaces all by one whole PDU, which must be one that the smallest ATT_MTU can hold.
    template <class Pdu> void assign(const Pdu& pdu) {
        size_ = encode(pdu, room_).size();
        assert(size_ != 0);
    }

private:
    MutableBytes room_;
    std::size_t size_ = 0;
};

struct Server::Run {
    const ServerContext& ctx;
    ServerSession& session;
    Bytes request;
    Response response;
    std::uint16_t asked = 0;  ///< reads on which the application has, or should have, a say

    /// The request as PDU; nothing when it is malformed.
    template <class Request> std::optional<Request> decoded() const {
        return decode<Request>(request);
    }
};

inline Server::Outcome Server::refuse(Run& run, Handle handle, ErrorCode error) {
    run.response.assign(ErrorResponse{static_cast<Opcode>(run.request[0]), handle, error});
    return Outcome::respond;
}

}  // namespace bluetooth::att
