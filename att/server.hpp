// SPDX-License-Identifier: MIT
//
// The server role of the Attribute Protocol (Vol 3 Part F), sans-io: requests come in by `receive`,
// responses, events and failures go out as actions. One `Server` holds the table, one
// `ServerSession` per bearer what belongs to one client.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "att/bearer.hpp"
#include "att/client_state.hpp"
#include "att/database.hpp"
#include "att/pdus.hpp"
#include "att/prepared_writes.hpp"
#include "base/buffer.hpp"
#include "base/deadline.hpp"
#include "base/error.hpp"
#include "base/outbox.hpp"
#include "base/ring.hpp"
#include "base/time.hpp"

namespace bluetooth::att {

/// Names one event that the application answers.
enum class Token : std::uint32_t {};

/// Event: a peer is about to be given this value. Answer by `Server::answer_read`.
struct ReadRequested {
    Handle handle{};
    Token token{};
};
/// Event: a peer has written this value. Answer by `Server::answer_write`.
struct Written {
    Handle handle{};
    Token token{};
    std::uint32_t table =
        0;  ///< if not `Server::table_number` any more, the handle may mean another value
};
/// Event: a client has changed what it subscribes to of a user's value: its CCCD is now
/// `configuration` (Vol 3 Part G 3.3.3.3).
struct Subscribed {
    Handle handle{};
    std::uint16_t configuration = 0;
};
/// Event: an accepted indication has ended: confirmed (no error), `errc::timed_out`,
/// `errc::not_connected`, or `errc::try_again` when the table was replaced before its turn came.
/// Exactly one per indication, in the order of the calls.
struct IndicationDone {
    Handle handle{};
    error_code error;
};

using ServerOutbox =
    Outbox<Send, CloseBearer, MtuExchanged, ReadRequested, Written, Subscribed, IndicationDone>;

struct ServerContext {
    Time now;
    BufferPool& buffers;
    ServerOutbox& out;
};

struct ServerLimits {
    std::size_t waiting_pdus = 8;  ///< per bearer, while it is parked; the last is for a request
    std::size_t pending_indications = 16;  ///< per bearer, the one on the air included
    std::size_t prepared_fragments = 64;   ///< per bearer
    std::size_t prepared_buffers = 8;      ///< per bearer
    std::uint8_t min_key_size = 16;        ///< for attributes that ask for encryption
};

class Server;

/// The server's side of one bearer. Lives as long as that and less long than its client's state.
class ServerSession {
public:
    ServerSession(Server& server, ClientState& client, Bearer& bearer);
    ServerSession(const ServerSession&) = delete;
    ServerSession& operator=(const ServerSession&) = delete;
    ~ServerSession();

    const ClientState& client() const { return client_; }
    const Bearer& bearer() const { return bearer_; }

    /// Indications that are not confirmed yet, or not even sent.
    std::size_t pending_indications() const { return indications_.size() + (unconfirmed_ ? 1 : 0); }
    /// Whether one of them is of this value.
    bool indicates(Handle handle) const {
        if (unconfirmed_ && unconfirmed_->handle == handle) return true;
        for (std::size_t i = 0; i < indications_.size(); ++i)
            if (indications_[i].handle == handle) return true;
        return false;
    }
    /// PDUs that were dropped because the peer sent more than the limits allow.
    std::uint32_t dropped() const { return dropped_; }

private:
    friend class Server;
    enum class State : std::uint8_t {
        idle,
        awaiting_read_answer,
        awaiting_write_answer,
        awaiting_buffer,  // for the response
    };
    struct Indication {
        Handle handle{};
        Buffer pdu;          // none any more for the one on the air
        bool stale = false;  // the table was replaced since
        /// Set when it is not the application's, but Service Changed telling of this range; and
        /// how many changes the client has heard of then.
        std::optional<HandleRange> announces{};
        std::uint32_t changes = 0;
    };

    Server& server_;
    ClientState& client_;
    Bearer& bearer_;

    // The request in progress. One that waits for verdicts on reads is run again from its start
    // with one verdict more each time, so nothing half done has to be kept. It is nearly always a
    // Read Request, hence copied at once: the three octets cost less than asking who owns them.
    State state_ = State::idle;
    bool verdicts_void_ = false;  // the table was replaced since they were asked for
    std::uint16_t granted_ = 0;
    std::optional<ErrorCode> refusal_;  // of the read after those granted
    std::uint16_t unanswered_writes_ = 0;
    std::uint32_t token_ = 0;
    Time answer_due_ = never;
    Buffer response_;
    bool mtu_news_ = false;  // the response is the one that settles ATT_MTU
    std::vector<std::uint8_t> request_;
    Ring<Buffer> waiting_;

    PreparedWrites prepared_;

    std::optional<Indication> unconfirmed_;
    Ring<Indication> indications_;  // that wait for their turn
    Deadline confirmation_due_;
    std::uint32_t dropped_ = 0;
};

class Server {
public:
    /// The largest ATT_MTU of use: a value of 512 octets in a Prepare Write Request.
    static constexpr std::uint16_t max_mtu = 517;
    /// How long the application may take over an answer; then reads are refused with Unlikely Error
    /// and writes count as heard.
    static constexpr std::chrono::seconds answer_time{5};
    /// How soon a request is tried again for which there was no buffer.
    static constexpr std::chrono::milliseconds buffer_retry{100};

    explicit Server(Database database, const ServerLimits& limits = {})
        : database_(std::move(database)), limits_(limits) {}
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    const Database& database() const { return database_; }
    /// Counts the tables that there were; equal ones in a row count as one.
    std::uint32_t table_number() const { return table_number_; }
    const ServerLimits& limits() const { return limits_; }

    /// What Exchange MTU is answered with, on every bearer.
    void set_rx_mtu(std::uint16_t mtu) { rx_mtu_ = std::clamp(mtu, default_mtu, max_mtu); }
    /// How many indications may be pending on each bearer that begins from now on.
    void set_pending_indications(std::size_t limit) { limits_.pending_indications = limit; }
    /// Whether a value that does not fit is refused instead of cut: what clients write by Invalid
    /// Attribute Value Length or Insufficient Resources, our own updates by `errc::too_big`.
    void strict(bool wanted) { strict_ = wanted; }
    /// Whether only a key of LE Secure Connections authenticates (Vol 3 Part C 10.2.4).
    void secure_connections_only(bool wanted) { secure_connections_only_ = wanted; }
    /// Whether remote reads of user attributes raise `ReadRequested` and wait for the answer.
    void read_events(bool wanted) { read_events_ = wanted; }

    /// A PDU that `route` gave to the server side.
    void receive(const ServerContext& ctx, ServerSession& session, Bytes pdu);
    /// The application's verdict on a read: the value as it is now, or an error to the peer.
    /// Answers that come too late are ignored.
    void answer_read(const ServerContext& ctx, ServerSession& session, Token token,
                     std::optional<ErrorCode> refusal);
    /// The application has heard of the write.
    void answer_write(const ServerContext& ctx, ServerSession& session, Token token);
    void on_timer(const ServerContext& ctx, ServerSession& session);
    void on_buffers_available(const ServerContext& ctx, ServerSession& session);
    /// The bearer has gone. Ends all that was pending and gives all buffers back.
    void on_disconnected(const ServerContext& ctx, ServerSession& session);

    /// Sends a notification, whether subscribed to or not, with `value` or the stored value, cut to
    /// ATT_MTU - 3. It may overtake indications that wait for an earlier one's confirmation.
    /// Errors: `invalid_argument` (not a characteristic value), `no_buffers`, `not_connected`,
    /// `too_big` (strict), `try_again` (the client copes with changes of the table and has yet to
    /// learn of the last one: nothing else may be sent to it).
    error_code notify(const ServerContext& ctx, ServerSession& session, Handle handle,
                      std::optional<Bytes> value = std::nullopt);
    /// Sends several notifications, in as few PDUs as the client takes, at most one for each.
    /// Errors as for `notify`, and `invalid_argument` for none at all; then none was sent.
    error_code notify_multiple(const ServerContext& ctx, ServerSession& session,
                               std::span<const HandleValue> values);
    /// As `notify`, for an indication; the value is taken now, even when it has to wait for its
    /// turn. If there is no error, `IndicationDone` follows; with `try_again` if the table was
    /// replaced before its turn came.
    error_code indicate(const ServerContext& ctx, ServerSession& session, Handle handle,
                        std::optional<Bytes> value = std::nullopt);
    /// Whether the client has subscribed to notifications or indications of this value.
    bool subscribed(const ClientState& client, Handle handle) const {
        const Attribute* found = characteristic_value(handle);
        return found != nullptr && client.configuration(found->configuration) != 0;
    }
    /// Notifies or else indicates the stored value if the client has subscribed to that, knows the
    /// table and can still be reached.
    error_code send_update(const ServerContext& ctx, ServerSession& session, Handle handle);
    /// Tells the client of what has changed in the table, if it subscribed to Service Changed
    /// (Vol 3 Part G 7.1): now, or as soon as its bearer allows. To be called after the table was
    /// replaced, on one bearer of each client.
    void announce_change(const ServerContext& ctx, ServerSession& session);

protected:
    Attribute* attribute(Handle handle) { return database_.find(handle); }
    /// Installs another table. Clients keep their subscriptions before the first difference; the
    /// range of differences is returned. Requests waiting for a verdict are judged by the new
    /// table.
    std::optional<HandleRange> replace_database(Database database);

private:
    friend class ClientState;
    friend class ServerSession;

    static constexpr std::size_t update_header = 3;  // opcode and handle

    enum class Outcome : std::uint8_t { respond, await_reads, await_writes };
    enum class Verdict : std::uint8_t { granted, refused, pending };
    struct Run;
    class Response;

    // server.cpp: the life of a request
    void start(const ServerContext& ctx, ServerSession& session, Bytes pdu);
    void run(const ServerContext& ctx, ServerSession& session, Bytes request);
    Outcome dispatch(Run& run);
    void respond(const ServerContext& ctx, ServerSession& session);
    void start_waiting(const ServerContext& ctx, ServerSession& session);
    static void abandon(const ServerContext& ctx, ServerSession& session, errc error);
    void command(const ServerContext& ctx, ServerSession& session, Bytes pdu);
    void raise_written(const ServerContext& ctx, ServerSession& session, Handle handle);
    Verdict ask(Run& run, const Attribute& attribute);
    static Outcome refuse(Run& run, Handle handle, ErrorCode error);
    Outcome exchange_mtu(Run& run);

    // server_robust_caching.cpp
    static bool needs_known_table(Bytes request);
    static void on_request(ClientState& client);
    static void on_out_of_sync_told(ClientState& client);
    static void on_change_confirmed(ClientState& client);
    static void on_hash_told(ClientState& client);

    // server_read.cpp and server_discovery.cpp
    Outcome find_information(Run& run);
    Outcome find_by_type_value(Run& run);
    Outcome read_by_type(Run& run);
    Outcome read_by_group_type(Run& run);
    Outcome read(Run& run);
    void finish_read(const ServerContext& ctx, ServerSession& session);
    Outcome read_blob(Run& run);
    template <class Request> Outcome read_multiple(Run& run);
    std::optional<ErrorCode> unreadable(const ServerSession& session, const Attribute& attribute,
                                        bool application_decides) const;
    std::optional<ErrorCode> insecure(const ServerSession& session, const Attribute& attribute,
                                      unsigned required) const;

    // server_write.cpp
    Outcome write(Run& run);
    Outcome prepare_write(Run& run);
    Outcome execute_write(Run& run);
    void write_unanswered(const ServerContext& ctx, ServerSession& session, Handle handle,
                          std::uint16_t permission, Bytes value);
    static bool signed_by_client(ClientState& client, Bytes pdu);
    std::optional<ErrorCode> unwritable(const ServerSession& session, const Attribute& attribute,
                                        std::uint16_t permission) const;
    std::optional<ErrorCode> unacceptable(const ClientState& client, const Attribute& attribute,
                                          Bytes value) const;
    std::optional<ErrorCode> merge(const ServerSession& session, Handle handle);
    void store(const ServerContext& ctx, ClientState& client, Attribute& attribute, Bytes value);
    void store_for(const ServerContext& ctx, ClientState& client, const Attribute& attribute,
                   Bytes value);

    // server_updates.cpp
    const Attribute* characteristic_value(Handle handle) const {
        const Attribute* found = database_.find(handle);
        return found != nullptr && found->kind == Attribute::Kind::value ? found : nullptr;
    }
    error_code update_refused(const ServerSession& session, const Attribute* value,
                              std::size_t size) const;
    static Buffer make_update(const ServerContext& ctx, const ServerSession& session,
                              std::uint8_t opcode, Handle handle, Bytes value);
    void send_next_indication(const ServerContext& ctx, ServerSession& session);
    static void send_indication(const ServerContext& ctx, ServerSession& session,
                                ServerSession::Indication indication);
    bool send_service_changed(const ServerContext& ctx, ServerSession& session);
    void confirm(const ServerContext& ctx, ServerSession& session, Bytes pdu);

    /// No client sees more than 512 octets (Vol 3 Part F 3.2.9), whatever the application stored.
    static Bytes value_of(const ClientState& client, const Attribute& attribute) {
        if (attribute.of_each_client()) {
            if (attribute.kind == Attribute::Kind::client_features) return client.features_;
            return client.configurations_[attribute.configuration];
        }
        return {attribute.value.data(), std::min(attribute.value.size(), max_value_size)};
    }

    Database database_;
    ServerLimits limits_;
    std::uint16_t rx_mtu_ = 256;
    bool read_events_ = false;
    bool strict_ = false;
    bool secure_connections_only_ = false;
    std::uint32_t table_number_ = 0;
    std::vector<ClientState*> clients_;
    std::vector<ServerSession*> sessions_;
    std::vector<std::uint8_t> merged_;  // the value that queued fragments make up
};

inline Buffer Server::make_update(const ServerContext& ctx, const ServerSession& session,
                                  std::uint8_t opcode, Handle handle, Bytes value) {
    Buffer pdu = ctx.buffers.acquire();
    if (!pdu) return pdu;
    const MutableBytes room = pdu.tail();
    const std::size_t limit = std::min<std::size_t>(session.bearer().mtu(), room.size());
    const std::size_t size = std::min({value.size(), limit - update_header, max_value_size});
    room[0] = opcode;
    room[1] = static_cast<std::uint8_t>(number(handle));
    room[2] = static_cast<std::uint8_t>(number(handle) >> 8);
    if (size != 0) std::memcpy(room.data() + update_header, value.data(), size);
    pdu.commit(update_header + size);
    return pdu;
}

inline error_code Server::update_refused(const ServerSession& session, const Attribute* value,
                                         std::size_t size) const {
    if (value == nullptr) return make_error(errc::invalid_argument);
    if (session.bearer_.closed()) return make_error(errc::not_connected);
    if (session.client_.out_of_sync()) return make_error(errc::try_again);
    if (strict_ && size + update_header > session.bearer_.mtu()) return make_error(errc::too_big);
    return {};
}

inline error_code Server::notify(const ServerContext& ctx, ServerSession& session, Handle handle,
                                 std::optional<Bytes> value) {
    const Attribute* found = characteristic_value(handle);
    const Bytes octets = value ? *value : found != nullptr ? Bytes{found->value} : Bytes{};
    if (const error_code error = update_refused(session, found, octets.size())) return error;
    Buffer pdu = make_update(ctx, session, HandleValueNotification::code, handle, octets);
    if (!pdu) return make_error(errc::no_buffers);
    ctx.out.push(Send{std::move(pdu)});
    return {};
}

}  // namespace bluetooth::att
