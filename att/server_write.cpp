// SPDX-License-Identifier: MIT
//
// Writes, at once and queued (Vol 3 Part F 3.4.5, 3.4.6).
#include "att/server_run.hpp"

namespace bluetooth::att {

namespace {

constexpr unsigned required_to_write(std::uint16_t flags) { return (flags >> 12) & 7; }

/// Whether a value that a peer sends can be this attribute's at all.
std::optional<ErrorCode> unacceptable(const Attribute& attribute, Bytes value) {
    if (value.size() > max_value_size) return ErrorCode::invalid_attribute_value_length;
    if (attribute.kind != Attribute::Kind::client_configuration) return std::nullopt;
    // Vol 3 Part G 3.3.3.3: bit 0 notification, bit 1 indication; only what the characteristic
    // offers can be asked for.
    if (value.size() != 2) return ErrorCode::invalid_attribute_value_length;
    const unsigned offered = (attribute.flags & (flag::notify | flag::indicate)) / flag::notify;
    const unsigned wanted = value[0] | unsigned{value[1]} << 8;
    if ((wanted & ~offered) != 0) return ErrorCode::request_not_supported;
    return std::nullopt;
}

}  // namespace

/// `permission`: flag::write or flag::write_no_response, as the opcode asks for.
std::optional<ErrorCode> Server::unwritable(const ServerSession& session,
                                            const Attribute& attribute,
                                            std::uint16_t permission) const {
    if ((attribute.flags & permission) == 0) return ErrorCode::write_not_permitted;
    const unsigned required = required_to_write(attribute.flags);
    return required == 0 ? std::nullopt : insecure(session, required);
}

void Server::store(ServerSession& session, Attribute& attribute, Bytes value) {
    if (attribute.kind == Attribute::Kind::client_configuration) {
        session.configurations_[attribute.configuration] = {value[0], value[1]};
        return;
    }
    if (!attribute.append) attribute.value.clear();
    // What exceeds the capacity is dropped without an error, as MicroPython does.
    const std::size_t used = std::min(attribute.value.size(), attribute.capacity);
    const std::size_t taken = std::min(value.size(), attribute.capacity - used);
    attribute.value.insert(attribute.value.end(), value.data(), value.data() + taken);
}

Server::Outcome Server::write(Run& run) {
    const auto request = run.decoded<WriteRequest>();
    if (!request) return refuse(run, no_handle, ErrorCode::invalid_pdu);
    const Handle handle = request->attribute_handle;
    Attribute* found = database_.find(handle);
    if (found == nullptr) return refuse(run, handle, ErrorCode::invalid_handle);
    if (const auto error = unwritable(run.session, *found, flag::write))
        return refuse(run, handle, *error);
    if (const auto error = unacceptable(*found, request->attribute_value))
        return refuse(run, handle, *error);
    store(run.session, *found, request->attribute_value);
    run.response.append(WriteResponse::code);
    if (!found->user) return Outcome::respond;
    ++run.session.token_;
    raise_written(run.ctx, run.session, handle);
    return Outcome::await_writes;
}

/// Commands are never answered: one that cannot be carried out is ignored (3.3.1). Signed Write
/// Commands are ignored too, since no signing key is ever handed out.
void Server::command(const ServerContext& ctx, ServerSession& session, Bytes pdu) {
    const auto request = decode<WriteCommand>(pdu);
    if (!request || pdu.size() > session.bearer_.mtu()) return;
    Attribute* found = database_.find(request->attribute_handle);
    if (found == nullptr || unwritable(session, *found, flag::write_no_response) ||
        unacceptable(*found, request->attribute_value))
        return;
    store(session, *found, request->attribute_value);
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
        if (std::exchange(first, false)) {
            const Bytes value = value_of(session, *found);
            const std::size_t kept = std::min<std::size_t>(fragment.offset, value.size());
            merged_.assign(value.data(), value.data() + kept);
        }
        if (fragment.offset > merged_.size()) return ErrorCode::invalid_offset;
        const std::size_t end = fragment.offset + fragment.octets.size();
        if (end > max_value_size) return ErrorCode::invalid_attribute_value_length;
        merged_.resize(std::max(merged_.size(), end));
        std::ranges::copy(fragment.octets, merged_.begin() + fragment.offset);
    }
    return unacceptable(*found, merged_);
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
        store(run.session, attribute, merged_);
        if (attribute.user) raise_written(run.ctx, run.session, fragment.handle);
    }
    prepared.clear();
    return run.session.unanswered_writes_ != 0 ? Outcome::await_writes : Outcome::respond;
}

}  // namespace bluetooth::att
