// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "att/bearer.hpp"
#include "base/deadline.hpp"
#include "base/ring.hpp"
#include "crypto/aes.hpp"
#include "gatt/client_context.hpp"
#include "gatt/client_procedures.hpp"
#include "gatt/client_recall.hpp"
#include "gatt/service_definition.hpp"

namespace bluetooth::gatt {

/// PDUs of the peer that were ignored.
struct ClientCounters {
    std::uint32_t unexpected = 0;  ///< responses that no request waits for
    std::uint32_t malformed = 0;
    std::uint32_t excess_indications = 0;  ///< sent without waiting for confirmations
};

/// The client side of one ATT bearer. Procedures are queued and run one after the other, each
/// request after the response to the one before (Vol 3 Part F 3.3.2); each procedure that was
/// accepted ends with exactly one …Done action, in the order of the calls. Write commands,
/// notifications and confirmations are not part of that order.
///
/// Errors of all calls that queue a procedure: `not_connected` (also after the bearer has failed),
/// `busy` (the queue is full).
class Client {
public:
    static constexpr std::size_t default_queue_size = 16;
    /// How long the app may take over an indication before it is confirmed all the same.
    static constexpr std::chrono::seconds confirmation_limit{5};
    /// After this time a request for which no buffer was free is tried again.
    static constexpr std::chrono::milliseconds retry_interval{10};

    explicit Client(att::Bearer& bearer, std::size_t queue_size = default_queue_size)
        : bearer_(bearer), procedures_(queue_size) {}
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // ---- inputs

    /// A PDU that `att::route` has found to be for the client.
    void receive(ClientContext& ctx, Bytes pdu) {
        // Notifications are most of what a client receives.
        if (pdu.size() >= notification_header_size &&
            pdu[0] == att::HandleValueNotification::code) {
            const auto handle = static_cast<att::Handle>(pdu[1] | pdu[2] << 8);
            if (handle != att::no_handle && pdu.size() <= bearer_.mtu() && !bearer_.closed()) {
                ctx.out.push(Notified{handle, pdu.subspan(notification_header_size)});
                return;
            }
        }
        receive_other(ctx, pdu);
    }
    /// Whether a request that is refused for want of authentication or encryption asks for security
    /// (`SecurityNeeded`) and is then sent again: once for each procedure, so that no peer can go
    /// on asking. Not at first; for procedures that are refused afterwards.
    void raise_security(bool wanted) { raise_security_ = wanted; }
    /// The answer to `SecurityNeeded`: whether the link is more secure than before. If not, the
    /// procedure ends with the peer's refusal.
    void on_secured(ClientContext& ctx, bool secured);
    /// Whether it waits for that.
    bool awaits_security() const { return refusal_.has_value(); }
    void on_timer(ClientContext& ctx);
    /// Ends every procedure with `not_connected`; nothing may follow on this bearer.
    void on_disconnected(ClientContext& ctx);

    /// Answers discoveries from `cache` where it knows the database of `peer` (see there), from the
    /// next one on; the cache must outlive the client. It is used for every peer with a lasting
    /// address, `peer`: one that changes would fill the cache in vain.
    void use_cache(DiscoveryCache& cache, const PeerIdentity& peer) { recall_.use(cache, peer); }

    // ---- procedures (Vol 3 Part G 4)

    /// Negotiates ATT_MTU; `MtuExchanged` and `ExchangeMtuDone` follow. `already_in_progress` when
    /// it was asked for before or the peer has done it: once per bearer (4.3.1).
    error_code exchange_mtu(ClientContext& ctx, std::uint16_t own_rx_mtu);

    /// All services of this type, or those with `uuid`: `ServiceResult`… and `ServiceDone`.
    error_code discover_services(ClientContext& ctx, const std::optional<UUID>& uuid = {},
                                 ServiceType type = ServiceType::primary);

    /// The include declarations from `start` to `end`: `IncludedServiceResult`… and
    /// `IncludedServiceDone`. Services that the included ones include are not followed.
    /// `invalid_argument`: handle 0, or start behind end.
    error_code discover_included(ClientContext& ctx, att::Handle start, att::Handle end);

    /// `CharacteristicResult`… and `CharacteristicDone`. `invalid_argument`: handle 0, or start
    /// behind end.
    error_code discover_characteristics(ClientContext& ctx, att::Handle start, att::Handle end,
                                        const std::optional<UUID>& uuid = {});

    /// Every attribute behind `start` (the value's handle) up to `end`: `DescriptorResult`… and
    /// `DescriptorDone`. `invalid_argument`: start behind end.
    error_code discover_descriptors(ClientContext& ctx, att::Handle start, att::Handle end);

    /// At most ATT_MTU − 1 octets: `ReadResult` on success, and `ReadDone`.
    error_code read(ClientContext& ctx, att::Handle handle);
    /// The whole value, of up to 512 octets; else as `read`.
    error_code read_long(ClientContext& ctx, att::Handle handle);
    /// Each value of this type from `start` to `end`, at most ATT_MTU − 4 octets and 253 of each:
    /// `ReadResult`… in the order of the handles, and `ReadDone`, with the peer's Attribute Not
    /// Found when there is none. `invalid_argument`: handle 0, or start behind end.
    error_code read_by_uuid(ClientContext& ctx, att::Handle start, att::Handle end,
                            const UUID& uuid);
    /// Several values by one request, together at most ATT_MTU − 1 octets. Unless `variable`, one
    /// `ReadResult` has all of them joined, under the first handle. With it (the peer must support
    /// Read Multiple Variable) there is one for each handle, as far as the response reaches: the
    /// last one may be cut. `ReadDone` follows. `invalid_argument`: fewer than two handles, or more
    /// than fit a request; `no_buffers`.
    error_code read_multiple(ClientContext& ctx, std::span<const att::Handle> handles,
                             bool variable);

    /// Write Request, the value cut to ATT_MTU − 3 as it is when the request's turn comes;
    /// `WriteDone` follows. `no_buffers`.
    error_code write(ClientContext& ctx, att::Handle handle, Bytes value);
    /// A reliable write of one value.
    error_code write_long(ClientContext& ctx, att::Handle handle, Bytes value);
    /// Prepares all values, long ones in parts, verifies what the peer has queued, and has it write
    /// all at once or nothing; `WriteDone` follows. `invalid_argument`: no value; `too_big`: more
    /// than 512 octets in one, 4,096 octets in all or 32 values; `no_buffers`.
    error_code write_reliable(ClientContext& ctx, std::span<const att::HandleValue> values);

    /// Write Command, sent at once, ahead of queued procedures; the value is cut to ATT_MTU − 3.
    /// Nothing follows. Errors as `write`.
    error_code write_command(ClientContext& ctx, att::Handle handle, Bytes value);
    /// Signed Write Command: as `write_command`, the value cut to ATT_MTU − 15. The caller never
    /// uses a counter twice with one key, and none on an encrypted link (4.9.2).
    error_code write_signed(ClientContext& ctx, att::Handle handle, Bytes value,
                            const crypto::Key& csrk, std::uint32_t sign_counter);

    /// Finds the Client Characteristic Configuration descriptor behind `value_handle` and writes
    /// it (4.10, 4.11); `SubscribeDone` follows, with Attribute Not Found when the characteristic
    /// has none.
    error_code subscribe(ClientContext& ctx, att::Handle value_handle, Subscription subscription);

    /// Learns whether the peer takes Enhanced ATT bearers; then sets the bit in its Client
    /// Supported Features (7.2, 7.4) by which it knows that we do, leaving the others as they are.
    /// To be called on the unenhanced bearer. `EnhancedBearersDone` follows: a peer without one of
    /// the two characteristics does not support them, which is no error.
    error_code enable_enhanced_bearers(ClientContext& ctx);

    /// Confirms an indication, after the app has seen it. `no_such_procedure` when that was done
    /// before or came too late.
    error_code confirm(ClientContext& ctx, IndicationToken token);

    // ---- what it has to do, for the choice among the bearers of a link

    /// How many procedures have not ended yet.
    std::size_t pending() const { return procedures_.size(); }
    /// Whether one of these may yet read or write this attribute: discoveries, and reads by UUID,
    /// in the range that they have still to search; a subscription also writes a descriptor, which
    /// counts once it is found. Procedures on the same attribute keep their order on one bearer
    /// only.
    bool concerns(att::Handle handle) const;

    const ClientCounters& counters() const { return counters_; }

private:
    static constexpr std::size_t notification_header_size =
        encoded_size(att::HandleValueNotification{});

    /// An indication whose confirmation was not sent yet.
    struct OpenIndication {
        IndicationToken token = 0;
        Time deadline = never;
        bool confirmed = false;  // only a buffer is missing
    };
    /// A peer must wait for each confirmation (Vol 3 Part F 3.3.2); one that does not is borne with
    /// up to here.
    static constexpr std::size_t max_open_indications = 4;

    error_code enqueue(ClientContext& ctx, Procedure&& procedure);
    void advance(ClientContext& ctx);
    void finish(ClientContext& ctx, error_code error);
    void fail_bearer(ClientContext& ctx, error_code error);

    void receive_other(ClientContext& ctx, Bytes pdu);
    void end_transaction();
    void receive_response(ClientContext& ctx, Bytes pdu);
    void receive_error(ClientContext& ctx, Bytes pdu);
    void on_refusal(ClientContext& ctx, att::ErrorCode code);
    void receive_multiple_notification(ClientContext& ctx, Bytes pdu);
    void receive_indication(ClientContext& ctx, Bytes pdu);
    void send_confirmations(ClientContext& ctx);
    void ignore_malformed(Bytes pdu);
    void ignore_unexpected(Bytes pdu);

    att::Bearer& bearer_;
    Ring<Procedure> procedures_;  // the front one is running
    bool begun_ = false;          // the front one has been looked at
    Recall recall_;
    bool raise_security_ = false;
    bool security_raised_ = false;           // for the running procedure
    std::optional<att::ErrorCode> refusal_;  // of the request that waits for security
    std::uint8_t awaited_request_ = 0;       // opcode of the request under way; 0: none
    Deadline deadline_;                      // of its response
    Time retry_at_ = never;                  // a buffer was missing
    bool mtu_requested_ = false;

    std::array<OpenIndication, max_open_indications> indications_{};  // token 0: a free place
    IndicationToken last_token_ = 0;

    ClientCounters counters_;
};

}  // namespace bluetooth::gatt
