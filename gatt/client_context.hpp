// SPDX-License-Identifier: MIT
//
// What a GATT client wants done, and what it is given to work with.
#pragma once

#include <cstdint>

#include "att/bearer.hpp"
#include "base/buffer.hpp"
#include "base/error.hpp"
#include "base/outbox.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"
#include "gatt/subscription.hpp"

namespace bluetooth::gatt {

// How a procedure ended is told by its …Done action, exactly once: no error; the peer's refusal in
// `att_category`; or of the host's own errors `protocol_error` (the peer's response made no sense),
// `timed_out`, `not_connected` and `no_buffers`. Handles in …Done actions are those of the call.

struct ExchangeMtuDone {
    error_code error;
};

struct ServiceResult {
    att::Handle start_handle{};
    att::Handle end_handle{};
    UUID uuid;
};
struct ServiceDone {
    error_code error;
};

struct IncludedServiceResult {
    att::Handle handle{};  ///< of the include declaration
    att::Handle start_handle{};
    att::Handle end_handle{};
    UUID uuid;
};
struct IncludedServiceDone {
    error_code error;
};

struct CharacteristicResult {
    att::Handle end_handle{};  ///< before the next characteristic, or the end of the query
    att::Handle value_handle{};
    std::uint8_t properties = 0;
    UUID uuid;
};
struct CharacteristicDone {
    error_code error;
};

struct DescriptorResult {
    att::Handle handle{};
    UUID uuid;
};
struct DescriptorDone {
    error_code error;
};

struct ReadResult {
    att::Handle handle{};
    Bytes value;
    Buffer storage;  ///< holds `value` when it was put together from several responses
};
struct ReadDone {
    /// The first one of several; 0 after a read by UUID, and when the link was lost.
    att::Handle handle{};
    error_code error;
};

struct WriteDone {
    /// Of a reliable write: that of the value whose part the peer refused or did not echo, else the
    /// first one.
    att::Handle handle{};
    error_code error;
};

struct SubscribeDone {
    att::Handle value_handle{};
    att::Handle cccd_handle{};  ///< 0 when it was not found
    error_code error;
};

struct EnhancedBearersDone {
    /// The peer takes Enhanced ATT bearers, and knows that this client uses them; never with an
    /// error.
    bool supported = false;
    error_code error;
};

/// The peer has refused a request for want of security, which the host is to see to; what comes of
/// that it tells by `Client::on_secured`.
struct SecurityNeeded {};

struct Notified {
    att::Handle handle{};
    Bytes value;
};

/// Names an indication that is to be confirmed.
using IndicationToken = std::uint32_t;

struct Indicated {
    att::Handle handle{};
    Bytes value;
    IndicationToken token = 0;
};

using ClientOutbox =
    Outbox<att::Send, att::CloseBearer, att::MtuExchanged, ExchangeMtuDone, ServiceResult,
           ServiceDone, IncludedServiceResult, IncludedServiceDone, CharacteristicResult,
           CharacteristicDone, DescriptorResult, DescriptorDone, ReadResult, ReadDone, WriteDone,
           SubscribeDone, EnhancedBearersDone, SecurityNeeded, Notified, Indicated>;

struct ClientContext {
    Time now;
    BufferPool& buffers;
    ClientOutbox& out;
};

}  // namespace bluetooth::gatt
