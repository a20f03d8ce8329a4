// SPDX-License-Identifier: MIT
//
// Writes, at once and queued (Vol 3 Part F 3.4.5, 3.4.6).
#include "att/server_run.hpp"
#include "att/signing.hpp"
#include "base/log.hpp"

namespace bluetooth::att {

namespace {

constexpr unsigned required_to_write(std::uint16_t flags) { return (flags >> 12) & 7; }

}  // namespace

/// `permission`: flag::write or flag::write_no_response, as the opcode asks for.
std::optional<ErrorCode> Server::unwritable(const ServerSession& session,
                                            const Attribute& attribute,
                                            std::uint16_t permission) const {
    if ((attribute.flags & permission) == 0) return ErrorCode::write_not_permitted;
    const unsigned required = required_to_write(attribute.flags);
    return required == 0 ? std::nullopt : insecure(session, attribute, required);
}

/// Whether a value that a client sends can be this attribute's at all.
std::optional<ErrorCode> Server::unacceptable(const ClientState& client, const Attribute& attribute,
                                              Bytes value) const {
    switch (attribute.kind) {
    case Attribute::Kind::client_configuration: {
        // Vol 3 Part G 3.3.3.3: bit 0 notification, bit 1 indication; only what the characteristic
        // offers can be asked for.
        if (value.size() != 2) return ErrorCode::invalid_attribute_value_length;
        const unsigned offered = (attribute.flags & (flag::notify | flag::indicate)) / flag::notify;
        const unsigned wanted = value[0] | unsigned{value[1]} << 8;
        if ((wanted & ~offered) != 0) return ErrorCode::request_not_supported;
        return std::nullopt;
    }
    case Attribute::Kind::client_features:
        if (value.size() != 1) return ErrorCode::invalid_attribute_value_length;
        // Vol 3 Part G 7.2: what a client supports once it supports as long as it is bonded.
        if ((client.features() & ~value[0]) != 0) return ErrorCode::value_not_allowed;
        return std::nullopt;
    default: break;
    }
    if (value.size() > max_value_size) return ErrorCode::invalid_attribute_value_length;
    if (!strict_) return std::nullopt;
    if (value.size() > attribute.capacity) return ErrorCode::invalid_attribute_value_length;
    if (attribute.append && value.size() + attribute.value.size() > attribute.capacity)
        return ErrorCode::insufficient_resources;
    return std::nullopt;
}

void Server::store(const ServerContext& ctx, ClientState& client, Attribute& attribute,
                   Bytes value) {
    if (attribute.of_each_client()) return store_for(ctx, client, attribute, value);
    // What exceeds the capacity is dropped without an error, as MicroPython does.
    std::vector<std::uint8_t>& stored = attribute.value;
    if (attribute.append) {
        const std::size_t room = attribute.capacity - std::min(stored.size(), attribute.capacity);
        const Bytes taken = value.first(std::min(value.size(), room));
        stored.insert(stored.end(), taken.begin(), taken.end());
    } else {
        const Bytes taken = value.first(std::min(value.size(), attribute.capacity));
        stored.resize(taken.size());  // nearly always the size it has
        if (!taken.empty()) std::memcpy(stored.data(), taken.data(), taken.size());
    }
}

/// Stores what a client has for itself.
void Server::store_for(const ServerContext& ctx, ClientState& client, const Attribute& attribute,
                       Bytes value) {
    if (attribute.kind == Attribute::Kind::client_features)
        return client.set_features(value[0] & client_feature::all);
    const std::uint16_t before = client.configuration(attribute.configuration);
    client.configurations_[attribute.configuration] = {value[0], value[1]};
    const std::uint16_t now = client.configuration(attribute.configuration);
    const Handle configured = database_.configured_value(attribute.configuration);
    if (now != before && database_.find(configured)->user)
        ctx.out.push(Subscribed{configured, now});
}

Server::Outcome Server::write(Run& run) {
    const auto request = run.decoded<WriteRequest>();
    if (!request) return refuse(run, no_handle, ErrorCode::invalid_pdu);
    const Handle handle = request->attribute_handle;
    Attribute* found = database_.find(handle);
    if (found == nullptr) return refuse(run, handle, ErrorCode::invalid_handle);
    if (const auto error = unwritable(run.session, *found, flag::write))
        return refuse(run, handle, *error);
    if (const auto error = unacceptable(run.session.client_, *found, request->attribute_value))
        return refuse(run, handle, *error);
    store(run.ctx, run.session.client_, *found, request->attribute_value);
    run.response.append(WriteResponse::code);
    if (!found->user) return Outcome::respond;
    ++run.session.token_;
    raise_written(run.ctx, run.session, handle);
    return Outcome::await_writes;
}

/// Commands are never answered: one that cannot be carried out is ignored (3.3.1), and so are all
/// of a client that does not know the table (Vol 3 Part G 2.5.2.1).
void Server::command(const ServerContext& ctx, ServerSession& session, Bytes pdu) {
    if (pdu.size() > session.bearer_.mtu()) return;
    const bool ignored = session.client_.out_of_sync();
    if (const auto request = decode<WriteCommand>(pdu)) {
        if (!ignored)
            write_unanswered(ctx, session, request->attribute_handle, flag::write_no_response,
                             request->attribute_value);
        return;
    }
    if (const auto request = decode<SignedWriteCommand>(pdu)) {
        const Bytes rest = request->attribute_value_and_signature;
        if (rest.size() < authentication_signature_size || !signed_by_client(session.client_, pdu))
            return;
        // One that is ignored has used its counter up too, or it could be played again later.
        if (!ignored)
            write_unanswered(ctx, session, request->attribute_handle,
                             flag::authenticated_signed_write,
                             rest.first(rest.size() - authentication_signature_size));
    }
}

/// Whether the signature is right and new. Signing is for links that are not encrypted (Vol 3 Part
/// C 10.2.2).
bool Server::signed_by_client(ClientState& client, Bytes pdu) {
    if (!client.signing_key || client.security.encrypted) return false;
    const auto counter = verify(client.signing_key->csrk, pdu);
    if (!counter || *counter < client.signing_key->next_counter) {
        log::warn("att", "ignored a Signed Write Command with a wrong or an old signature");
        return false;
    }
    client.signing_key->next_counter = std::uint64_t{*counter} + 1;
    return true;
}

void Server::write_unanswered(const ServerContext& ctx, ServerSession& session, Handle handle,
                              std::uint16_t permission, Bytes value) {
    Attribute* found = database_.find(handle);
    if (found == nullptr || unwritable(session, *found, permission) ||
        unacceptable(session.client_, *found, value))
        return;
    store(ctx, session.client_, *found, value);
    if (!found->user) return;
    // The value must not be overwritten by the next command before the application has seen it.
    ++session.token_;
    raise_written(ctx, session, found->handle);
    session.state_ = ServerSession::State::awaiting_write_answer;
    session.answer_due_ = ctx.now + answer_time;
    ctx.out.wake_at(session.answer_due_);
}

Server::Outcome Server::prepare_write(Run& run) {
    const auto request = run.decoded<PrepareWriteRequest>();
    if (!request) return refuse(run, no_handle, ErrorCode::invalid_pdu);
    const Handle handle = request->attribute_handle;
    const Attribute* found = database_.find(handle);
    if (found == nullptr) return refuse(run, handle, ErrorCode::invalid_handle);
    if (const auto error = unwritable(run.session, *found, flag::write))
        return refuse(run, handle, *error);
    PreparedWrites& prepared = run.session.prepared_;
    // What comes behind a part that was lost would not make a whole.
    if (prepared.lost()) {
        prepared.clear();
        return refuse(run, handle, ErrorCode::unlikely_error);
    }
    if (!prepared.add(run.ctx.buffers, run.ctx.now, handle, request->value_offset,
                      request->part_attribute_value))
        return refuse(run, handle, ErrorCode::prepare_queue_full);
    run.ctx.out.wake_at(prepared.deadline());
    run.response.append(PrepareWriteResponse::code);
    run.response.append(Bytes{run.request.subspan(1)});
    return Outcome::respond;
}

/// Puts the queued fragments for one attribute together in `merged_`. Offsets are looked at only
/// now (3.4.6.3): each must lie within, or join, what is there before it.
std::optional<ErrorCode> Server::merge(const ServerSession& session, Handle handle) {
    const Attribute* found = database_.find(handle);
    if (found == nullptr) return ErrorCode::invalid_handle;
    if (const auto error = unwritable(session, *found, flag::write)) return error;
    merged_.clear();
    bool first = true;
    for (const PreparedWrites::Fragment& fragment : session.prepared_.fragments()) {
        if (fragment.handle != handle) continue;
        // What an appending value holds is none of the new octets.
        if (std::exchange(first, false) && !found->append) {
            const Bytes value = value_of(session.client_, *found);
            const std::size_t kept = std::min<std::size_t>(fragment.offset, value.size());
            merged_.assign(value.data(), value.data() + kept);
        }
        if (fragment.offset > merged_.size()) return ErrorCode::invalid_offset;
        const std::size_t end = fragment.offset + fragment.octets.size();
        if (end > max_value_size) return ErrorCode::invalid_attribute_value_length;
        merged_.resize(std::max(merged_.size(), end));
        std::ranges::copy(fragment.octets, merged_.begin() + fragment.offset);
    }
    return unacceptable(session.client_, *found, merged_);
}

Server::Outcome Server::execute_write(Run& run) {
    const auto request = run.decoded<ExecuteWriteRequest>();
    if (!request || request->flags > ExecuteWriteFlags::write)
        return refuse(run, no_handle, ErrorCode::invalid_pdu);
    PreparedWrites& prepared = run.session.prepared_;
    const auto is_first_of_its_handle = [&](const PreparedWrites::Fragment& fragment) {
        const auto found = std::ranges::find(prepared.fragments(), fragment.handle,
                                             &PreparedWrites::Fragment::handle);
        return &*found == &fragment;
    };
    run.response.append(ExecuteWriteResponse::code);
    if (request->flags == ExecuteWriteFlags::cancel) {
        prepared.clear();
        return Outcome::respond;
    }
    // A queue that is not what the client has prepared must not count as written.
    if (prepared.lost()) {
        prepared.clear();
        return refuse(run, no_handle, ErrorCode::unlikely_error);
    }
    // All or nothing: every value is checked before the first one is stored.
    for (const PreparedWrites::Fragment& fragment : prepared.fragments()) {
        if (!is_first_of_its_handle(fragment)) continue;
        if (const auto error = merge(run.session, fragment.handle)) {
            const Handle handle = fragment.handle;
            prepared.clear();
            return refuse(run, handle, *error);
        }
    }
    ++run.session.token_;
    for (const PreparedWrites::Fragment& fragment : prepared.fragments()) {
        if (!is_first_of_its_handle(fragment)) continue;
        (void)merge(run.session, fragment.handle);
        Attribute& attribute = *database_.find(fragment.handle);
        store(run.ctx, run.session.client_, attribute, merged_);
        if (attribute.user) raise_written(run.ctx, run.session, fragment.handle);
    }
    prepared.clear();
    return run.session.unanswered_writes_ != 0 ? Outcome::await_writes : Outcome::respond;
}

}  // namespace bluetooth::att
