// SPDX-License-Identifier: MIT
#include "att/server.hpp"

#include "att/server_run.hpp"
#include "base/log.hpp"

namespace bluetooth::att {

ClientState::ClientState(Server& server)
    : server_(server), configurations_(server.database().configuration_count()) {
    server.clients_.push_back(this);
}

ClientState::~ClientState() { std::erase(server_.clients_, this); }

ServerSession::ServerSession(Server& server, ClientState& client, Bearer& bearer)
    : server_(server),
      client_(client),
      bearer_(bearer),
      waiting_(server.limits().waiting_pdus),
      prepared_(server.limits().prepared_fragments, server.limits().prepared_buffers),
      indications_(server.limits().pending_indications) {
    request_.reserve(Server::max_mtu);
    server.sessions_.push_back(this);
    ++client.bearers_;
}

ServerSession::~ServerSession() {
    std::erase(server_.sessions_, this);
    --client_.bearers_;
}

std::optional<HandleRange> Server::replace_database(Database database) {
    const std::optional<HandleRange> changed = database_.difference(database);
    database_ = std::move(database);
    if (!changed) return changed;
    ++table_number_;
    for (ClientState* client : clients_) {
        client->configurations_.resize(database_.configurations_below(changed->start));
        client->configurations_.resize(database_.configuration_count());
        client->table_changed(*changed);
    }
    for (ServerSession* session : sessions_) {
        session->prepared_.lose();
        session->verdicts_void_ = session->state_ == ServerSession::State::awaiting_read_answer;
        for (std::size_t i = 0; i < session->indications_.size(); ++i)
            session->indications_[i].stale |= session->indications_[i].handle >= changed->start;
    }
    return changed;
}

void Server::receive(const ServerContext& ctx, ServerSession& session, Bytes pdu) {
    if (pdu.empty() || session.bearer_.closed()) return;
    // Confirmations belong to the other direction's transaction and wait for nothing.
    if (pdu[0] == HandleValueConfirmation::code) return confirm(ctx, session, pdu);
    if (session.state_ == ServerSession::State::idle) return start(ctx, session, pdu);
    // A peer may send commands at any time; a second request breaks the sequential rule (Vol 3
    // Part F 3.3.2) and is answered in its turn.
    // Commands may be dropped, a request may not: the last place is kept for it.
    const bool command = (pdu[0] & command_flag) != 0;
    const std::size_t places = session.waiting_.capacity() - (command ? 1 : 0);
    Buffer copy = session.waiting_.size() < places ? ctx.buffers.acquire() : Buffer{};
    if (!copy || !copy.append(pdu)) {
        if (session.dropped_++ == 0)
            log::warn("att", "dropped a ", static_cast<Opcode>(pdu[0]),
                      ": the peer sends more than is answered");
        return;
    }
    (void)session.waiting_.push(std::move(copy));
}

void Server::start(const ServerContext& ctx, ServerSession& session, Bytes pdu) {
    if ((pdu[0] & command_flag) != 0) return command(ctx, session, pdu);
    on_request(session.client_);
    session.granted_ = 0;
    session.refusal_.reset();
    session.answer_due_ = never;
    session.response_ = ctx.buffers.acquire();
    if (!session.response_) {
        // One that is too long is refused without a look at what follows the opcode.
        const std::size_t kept = std::min<std::size_t>(pdu.size(), session.bearer_.mtu() + 1U);
        session.request_.assign(pdu.begin(), pdu.begin() + static_cast<std::ptrdiff_t>(kept));
        session.state_ = ServerSession::State::awaiting_buffer;
        session.answer_due_ = ctx.now + buffer_retry;
        ctx.out.wake_at(session.answer_due_);
        return;
    }
    run(ctx, session, pdu);
}

void Server::run(const ServerContext& ctx, ServerSession& session, Bytes request) {
    const MutableBytes tail = session.response_.tail();
    const std::size_t limit = std::min<std::size_t>(session.bearer_.mtu(), tail.size());
    Run run{ctx, session, request, Response{tail.first(limit)}};
    const Outcome outcome = dispatch(run);
    if (outcome == Outcome::await_reads) {
        session.state_ = ServerSession::State::awaiting_read_answer;
        if (request.data() != session.request_.data())
            session.request_.assign(request.begin(), request.end());
    } else {
        session.response_.commit(run.response.size());
        if (outcome == Outcome::respond) return respond(ctx, session);
        session.state_ = ServerSession::State::awaiting_write_answer;
    }
    // One limit for the whole request, however many answers it needs.
    if (session.answer_due_ == never) session.answer_due_ = ctx.now + answer_time;
    ctx.out.wake_at(session.answer_due_);
}

Server::Outcome Server::dispatch(Run& run) {
    if (run.request.size() > run.session.bearer_.mtu())
        return refuse(run, no_handle, ErrorCode::invalid_pdu);
    ClientState& client = run.session.client_;
    if (client.out_of_sync() && client.awareness_ == ChangeAwareness::unaware &&
        needs_known_table(run.request)) {
        on_out_of_sync_told(client);
        return refuse(run, no_handle, ErrorCode::database_out_of_sync);
    }
    switch (static_cast<Opcode>(run.request[0])) {
    case Opcode::exchange_mtu_request: return exchange_mtu(run);
    case Opcode::find_information_request: return find_information(run);
    case Opcode::find_by_type_value_request: return find_by_type_value(run);
    case Opcode::read_by_type_request: return read_by_type(run);
    case Opcode::read_request: return read(run);
    case Opcode::read_blob_request: return read_blob(run);
    case Opcode::read_multiple_request: return read_multiple<ReadMultipleRequest>(run);
    case Opcode::read_by_group_type_request: return read_by_group_type(run);
    case Opcode::write_request: return write(run);
    case Opcode::prepare_write_request: return prepare_write(run);
    case Opcode::execute_write_request: return execute_write(run);
    case Opcode::read_multiple_variable_request:
        return read_multiple<ReadMultipleVariableRequest>(run);
    default: return refuse(run, no_handle, ErrorCode::request_not_supported);
    }
}

void Server::respond(const ServerContext& ctx, ServerSession& session) {
    if (session.response_.size() != 0 && !session.bearer_.closed())
        ctx.out.push(Send{std::move(session.response_)});
    session.response_.reset();
    session.state_ = ServerSession::State::idle;
    session.answer_due_ = never;
    // The new ATT_MTU holds behind the response (3.4.2.2): whoever hears of it may use it at once.
    if (std::exchange(session.mtu_news_, false)) ctx.out.push(MtuExchanged{session.bearer_.mtu()});
}

void Server::start_waiting(const ServerContext& ctx, ServerSession& session) {
    while (session.state_ == ServerSession::State::idle && !session.waiting_.empty()) {
        const Buffer pdu = session.waiting_.pop();
        start(ctx, session, pdu.bytes());
    }
}

Server::Outcome Server::exchange_mtu(Run& run) {
    // The MTU of an enhanced bearer is that of its channel (3.4.2).
    if (run.session.bearer_.enhanced())
        return refuse(run, no_handle, ErrorCode::request_not_supported);
    const auto request = run.decoded<ExchangeMtuRequest>();
    if (!request) return refuse(run, no_handle, ErrorCode::invalid_pdu);
    run.response.assign(ExchangeMtuResponse{rx_mtu_});
    // Once per bearer (3.4.2.1); a repetition is answered and changes nothing.
    Bearer& bearer = run.session.bearer_;
    run.session.mtu_news_ = bearer.finish_mtu_exchange(rx_mtu_, request->client_rx_mtu);
    return Outcome::respond;
}

Server::Verdict Server::ask(Run& run, const Attribute& attribute) {
    if (!attribute.user || !read_events_) return Verdict::granted;
    ServerSession& session = run.session;
    if (++run.asked <= session.granted_) return Verdict::granted;
    if (session.refusal_) return Verdict::refused;
    run.ctx.out.push(ReadRequested{attribute.handle, static_cast<Token>(++session.token_)});
    return Verdict::pending;
}

void Server::answer_read(const ServerContext& ctx, ServerSession& session, Token token,
                         std::optional<ErrorCode> refusal) {
    if (session.state_ != ServerSession::State::awaiting_read_answer ||
        static_cast<Token>(session.token_) != token)
        return;
    if (std::exchange(session.verdicts_void_, false))
        session.granted_ = 0;
    else if (refusal)
        session.refusal_ = refusal;
    else if (session.request_[0] == ReadRequest::code)
        return finish_read(ctx, session);
    else
        ++session.granted_;
    run(ctx, session, session.request_);
    start_waiting(ctx, session);
}

void Server::raise_written(const ServerContext& ctx, ServerSession& session, Handle handle) {
    ctx.out.push(Written{handle, static_cast<Token>(session.token_), table_number_});
    ++session.unanswered_writes_;
}

void Server::answer_write(const ServerContext& ctx, ServerSession& session, Token token) {
    if (session.state_ != ServerSession::State::awaiting_write_answer ||
        static_cast<Token>(session.token_) != token || --session.unanswered_writes_ != 0)
        return;
    respond(ctx, session);
    start_waiting(ctx, session);
}

void Server::on_timer(const ServerContext& ctx, ServerSession& session) {
    if (session.confirmation_due_.passed(ctx.now)) {
        log::warn("att", "no confirmation within 30 s: the bearer is closed");
        abandon(ctx, session, errc::timed_out);
        ctx.out.push(CloseBearer{make_error(errc::timed_out)});
        return;
    }
    if (ctx.now >= session.prepared_.deadline()) session.prepared_.lose();
    if (session.client_.unannounced_) announce_change(ctx, session);
    if (ctx.now >= session.answer_due_) {
        switch (session.state_) {
        case ServerSession::State::idle: break;
        case ServerSession::State::awaiting_buffer: on_buffers_available(ctx, session); break;
        case ServerSession::State::awaiting_read_answer:
            log::warn("att", "no answer to a read event within 5 s: the read is refused");
            session.refusal_ = ErrorCode::unlikely_error;
            session.granted_ = session.verdicts_void_ ? std::uint16_t{0} : session.granted_;
            session.verdicts_void_ = false;
            run(ctx, session, session.request_);
            start_waiting(ctx, session);
            break;
        case ServerSession::State::awaiting_write_answer:
            session.unanswered_writes_ = 0;
            respond(ctx, session);
            start_waiting(ctx, session);
            break;
        }
    }
    const Time next = std::min(
        {session.confirmation_due_.when(), session.prepared_.deadline(), session.answer_due_});
    if (next != never) ctx.out.wake_at(next);
}

void Server::on_buffers_available(const ServerContext& ctx, ServerSession& session) {
    if (session.state_ != ServerSession::State::awaiting_buffer) return;
    session.answer_due_ = never;
    session.response_ = ctx.buffers.acquire();
    if (!session.response_) {
        session.answer_due_ = ctx.now + buffer_retry;
        ctx.out.wake_at(session.answer_due_);
        return;
    }
    run(ctx, session, session.request_);
    start_waiting(ctx, session);
}

void Server::on_disconnected(const ServerContext& ctx, ServerSession& session) {
    abandon(ctx, session, errc::not_connected);
}

/// Nothing can be sent any more: what is pending fails, and all buffers go back to their pool.
void Server::abandon(const ServerContext& ctx, ServerSession& session, errc error) {
    session.bearer_.close();
    session.confirmation_due_.clear();
    const auto fail = [&](const ServerSession::Indication& indication) {
        if (indication.announces)
            session.client_.announce(*indication.announces);  // another bearer may still tell
        else
            ctx.out.push(IndicationDone{indication.handle, make_error(error)});
    };
    if (session.unconfirmed_) fail(*session.unconfirmed_);
    session.unconfirmed_.reset();
    while (!session.indications_.empty()) fail(session.indications_.pop());
    session.prepared_.clear();
    session.waiting_.clear();
    session.response_.reset();
    session.state_ = ServerSession::State::idle;
    session.answer_due_ = never;
    session.unanswered_writes_ = 0;
}

}  // namespace bluetooth::att
