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
#include <utility>
#include <vector>

#include "att/bearer.hpp"
#include "att/database.hpp"
#include "att/pdus.hpp"
#include "att/prepared_writes.hpp"
#include "base/buffer.hpp"
#include "base/error.hpp"
#include "base/outbox.hpp"
#include "base/ring.hpp"
#include "base/time.hpp"

namespace bluetooth::att {

/// What the security of a link allows (Vol 3 Part C 10.3.1).
struct LinkSecurity {
    bool encrypted = false;
    bool authenticated = false;  ///< the key in use is protected against a man in the middle
    bool bonded = false;         ///< a key for this peer is stored, whether in use or not
    std::uint8_t key_size = 0;   ///< octets of the key in use
    bool authorized = false;
};

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
};
/// Event: an accepted indication has ended: confirmed (no error), `errc::timed_out` or
/// `errc::not_connected`. Exactly one per indication, in the order of the calls.
struct IndicationDone {
    Handle handle{};
    error_code error;
};

using ServerOutbox =
    Outbox<Send, CloseBearer, MtuExchanged, ReadRequested, Written, IndicationDone>;

struct ServerContext {
    Time now;
    BufferPool& buffers;
    ServerOutbox& out;
};

struct ServerLimits {
    std::size_t waiting_pdus = 8;          ///< per bearer, while it is parked
    std::size_t pending_indications = 16;  ///< per bearer, the one on the air included
    std::size_t prepared_fragments = 64;   ///< per bearer
    std::size_t prepared_buffers = 8;      ///< per bearer
    std::uint8_t min_key_size = 16;        ///< for attributes that ask for encryption
};

class Server;

/// What a server knows of one client. Lives as long as its bearer and less long than its server.
class ServerSession {
public:
    ServerSession(Server& server, Bearer& bearer);
    ServerSession(const ServerSession&) = delete;
    ServerSession& operator=(const ServerSession&) = delete;
    ~ServerSession();

    void set_security(const LinkSecurity& security) { security_ = security; }
    const LinkSecurity& security() const { return security_; }
    const Bearer& bearer() const { return bearer_; }

    /// The value of a CCCD, by its number (Vol 3 Part G 3.3.3.3); 0 for unknown ones.
    std::uint16_t configuration(std::size_t number) const {
        if (number >= configurations_.size()) return 0;
        return static_cast<std::uint16_t>(configurations_[number][0] | configurations_[number][1]
                                                                           << 8);
    }
    void set_configuration(std::size_t number, std::uint16_t value) {
        if (number < configurations_.size())
            configurations_[number] = {static_cast<std::uint8_t>(value),
                                       static_cast<std::uint8_t>(value >> 8)};
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
        Buffer pdu;  // none any more for the one on the air
    };

    Server& server_;
    Bearer& bearer_;
    LinkSecurity security_;
    std::vector<std::array<std::uint8_t, 2>> configurations_;  // as on the wire

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

    Ring<Indication> indications_;
    Time confirmation_due_ = never;
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
    const ServerLimits& limits() const { return limits_; }

    /// What Exchange MTU is answered with, on every bearer.
    void set_rx_mtu(std::uint16_t mtu) { rx_mtu_ = std::clamp(mtu, default_mtu, max_mtu); }
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
    /// Errors: `invalid_argument` (not a characteristic value), `no_buffers`, `not_connected`.
    error_code notify(const ServerContext& ctx, ServerSession& session, Handle handle,
                      std::optional<Bytes> value = std::nullopt);
    /// As `notify`, for an indication; the value is taken now, even when it has to wait for its
    /// turn. If there is no error, `IndicationDone` follows.
    error_code indicate(const ServerContext& ctx, ServerSession& session, Handle handle,
                        std::optional<Bytes> value = std::nullopt);
    /// Whether the client has subscribed to notifications or indications of this value.
    bool subscribed(const ServerSession& session, Handle handle) const {
        const Attribute* found = characteristic_value(handle);
        return found != nullptr && session.configuration(found->configuration) != 0;
    }
    /// Notifies or else indicates the stored value if the client has subscribed to that.
    error_code send_update(const ServerContext& ctx, ServerSession& session, Handle handle);

protected:
    Attribute* attribute(Handle handle) { return database_.find(handle); }
    /// Installs another table. Sessions keep the subscriptions before the first difference, which
    /// is returned; requests waiting for a verdict are judged by the new table.
    std::optional<HandleRange> replace_database(Database database);

private:
    friend class ServerSession;

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
    std::optional<ErrorCode> insecure(const ServerSession& session, unsigned required) const;

    // server_write.cpp
    Outcome write(Run& run);
    Outcome prepare_write(Run& run);
    Outcome execute_write(Run& run);
    std::optional<ErrorCode> unwritable(const ServerSession& session, const Attribute& attribute,
                                        std::uint16_t permission) const;
    std::optional<ErrorCode> merge(const ServerSession& session, Handle handle);
    void store(ServerSession& session, Attribute& attribute, Bytes value);

    // server_updates.cpp
    const Attribute* characteristic_value(Handle handle) const {
        const Attribute* found = database_.find(handle);
        return found != nullptr && found->kind == Attribute::Kind::value ? found : nullptr;
    }
    static Buffer make_update(const ServerContext& ctx, const ServerSession& session,
                              std::uint8_t opcode, Handle handle, Bytes value);
    void send_indication(const ServerContext& ctx, ServerSession& session);
    void confirm(const ServerContext& ctx, ServerSession& session, Bytes pdu);

    static Bytes value_of(const ServerSession& session, const Attribute& attribute) {
        if (attribute.kind == Attribute::Kind::client_configuration)
            return session.configurations_[attribute.configuration];
        return attribute.value;
    }

    Database database_;
    ServerLimits limits_;
    std::uint16_t rx_mtu_ = 256;
    bool read_events_ = false;
    std::vector<ServerSession*> sessions_;
    std::vector<std::uint8_t> merged_;  // the value that queued fragments make up
};

inline Buffer Server::make_update(const ServerContext& ctx, const ServerSession& session,
                                  std::uint8_t opcode, Handle handle, Bytes value) {
    static constexpr std::size_t header = 3;
    Buffer pdu = ctx.buffers.acquire();
    if (!pdu) return pdu;
    const MutableBytes room = pdu.tail();
    const std::size_t limit = std::min<std::size_t>(session.bearer().mtu(), room.size());
    const std::size_t size = std::min(value.size(), limit - header);
    room[0] = opcode;
    room[1] = static_cast<std::uint8_t>(number(handle));
    room[2] = static_cast<std::uint8_t>(number(handle) >> 8);
    if (size != 0) std::memcpy(room.data() + header, value.data(), size);
    pdu.commit(header + size);
    return pdu;
}

inline error_code Server::notify(const ServerContext& ctx, ServerSession& session, Handle handle,
                                 std::optional<Bytes> value) {
    const Attribute* found = characteristic_value(handle);
    if (found == nullptr) return make_error(errc::invalid_argument);
    if (session.bearer_.closed()) return make_error(errc::not_connected);
    Buffer pdu = make_update(ctx, session, HandleValueNotification::code, handle,
                             value ? *value : Bytes{found->value});
    if (!pdu) return make_error(errc::no_buffers);
    ctx.out.push(Send{std::move(pdu)});
    return {};
}

}  // namespace bluetooth::att
