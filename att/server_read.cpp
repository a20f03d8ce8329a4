// SPDX-License-Identifier: MIT
//
// Reads of single attributes and of sets of handles (Vol 3 Part F 3.4.4.3 to 3.4.4.12).
#include "att/server_run.hpp"

namespace bluetooth::att {

namespace {
// The three bits of flag::read_encrypted… and of flag::write_encrypted…, each moved to bit 0.
constexpr unsigned encrypted = 1;
constexpr unsigned authenticated = 2;
constexpr unsigned authorized = 4;
constexpr unsigned required_to_read(std::uint16_t flags) { return (flags >> 9) & 7; }
}  // namespace

/// Vol 3 Part C 10.3.1.1, Table 10.2. Each flag stands alone: authentication includes encryption.
std::optional<ErrorCode> Server::insecure(const ServerSession& session, const Attribute& attribute,
                                          unsigned required) const {
    const LinkSecurity& link = session.client_.security;
    if ((required & (encrypted | authenticated)) != 0) {
        if (!link.encrypted)
            return link.bonded ? ErrorCode::insufficient_encryption
                               : ErrorCode::insufficient_authentication;
        if ((required & authenticated) != 0 &&
            !(link.authenticated && (link.secure_connections || !secure_connections_only_)))
            return ErrorCode::insufficient_authentication;
        const std::uint8_t min_key_size =
            attribute.min_key_size != 0 ? attribute.min_key_size : limits_.min_key_size;
        if (link.key_size < min_key_size) return ErrorCode::encryption_key_size_too_short;
    }
    if ((required & authorized) != 0 && !link.authorized)
        return ErrorCode::insufficient_authorization;
    return std::nullopt;
}

/// `application_decides`: the read will be put to the application, whose verdict authorizes it.
std::optional<ErrorCode> Server::unreadable(const ServerSession& session,
                                            const Attribute& attribute,
                                            bool application_decides) const {
    if ((attribute.flags & flag::read) == 0) return ErrorCode::read_not_permitted;
    unsigned required = required_to_read(attribute.flags);
    if (required == 0) return std::nullopt;
    if (application_decides && attribute.user) required &= ~authorized;
    return insecure(session, attribute, required);
}

Server::Outcome Server::read(Run& run) {
    const auto request = run.decoded<ReadRequest>();
    if (!request) return refuse(run, no_handle, ErrorCode::invalid_pdu);
    const Handle handle = request->attribute_handle;
    const Attribute* attribute = database_.find(handle);
    if (attribute == nullptr) return refuse(run, handle, ErrorCode::invalid_handle);
    if (const auto error = unreadable(run.session, *attribute, read_events_))
        return refuse(run, handle, *error);
    const Verdict verdict = ask(run, *attribute);
    if (verdict == Verdict::pending) return Outcome::await_reads;
    if (verdict == Verdict::refused) return refuse(run, handle, *run.session.refusal_);
    run.response.append(ReadResponse::code);
    run.response.append(value_of(run.session.client_, *attribute));
    return Outcome::respond;
}

/// The shortest way for the most frequent request: it was found good before the application was
/// asked, and the table is the same.
void Server::finish_read(const ServerContext& ctx, ServerSession& session) {
    const auto handle = static_cast<Handle>(session.request_[1] | session.request_[2] << 8);
    const Attribute& attribute = *database_.find(handle);
    if (required_to_read(attribute.flags) != 0) {  // the link may be less secure by now
        ++session.granted_;
        run(ctx, session, session.request_);
        return start_waiting(ctx, session);
    }
    const MutableBytes tail = session.response_.tail();
    Response response{tail.first(std::min<std::size_t>(session.bearer_.mtu(), tail.size()))};
    response.append(ReadResponse::code);
    response.append(value_of(session.client_, attribute));
    session.response_.commit(response.size());
    respond(ctx, session);
    if (!session.waiting_.empty()) start_waiting(ctx, session);
}

Server::Outcome Server::read_blob(Run& run) {
    const auto request = run.decoded<ReadBlobRequest>();
    if (!request) return refuse(run, no_handle, ErrorCode::invalid_pdu);
    const Handle handle = request->attribute_handle;
    const Attribute* attribute = database_.find(handle);
    if (attribute == nullptr) return refuse(run, handle, ErrorCode::invalid_handle);
    if (const auto error = unreadable(run.session, *attribute, read_events_))
        return refuse(run, handle, *error);
    const Verdict verdict = ask(run, *attribute);
    if (verdict == Verdict::pending) return Outcome::await_reads;
    if (verdict == Verdict::refused) return refuse(run, handle, *run.session.refusal_);
    // Short values are served too: Attribute Not Long is optional (3.4.4.5).
    const Bytes value = value_of(run.session.client_, *attribute);
    if (request->value_offset > value.size()) return refuse(run, handle, ErrorCode::invalid_offset);
    run.response.append(ReadBlobResponse::code);
    run.response.append(Bytes{value.subspan(request->value_offset)});
    return Outcome::respond;
}

/// Read Multiple joins the values, Read Multiple Variable puts each one's whole length before it;
/// both are cut at ATT_MTU.
template <class Request> Server::Outcome Server::read_multiple(Run& run) {
    constexpr bool variable = std::is_same_v<Request, ReadMultipleVariableRequest>;
    const auto request = run.decoded<Request>();
    if (!request || request->set_of_handles.size() < 2)
        return refuse(run, no_handle, ErrorCode::invalid_pdu);
    // All are checked before the application is asked about any.
    for (const Handle handle : request->set_of_handles) {
        const Attribute* attribute = database_.find(handle);
        if (attribute == nullptr) return refuse(run, handle, ErrorCode::invalid_handle);
        if (const auto error = unreadable(run.session, *attribute, read_events_))
            return refuse(run, handle, *error);
    }
    run.response.append(variable ? ReadMultipleVariableResponse::code : ReadMultipleResponse::code);
    for (const Handle handle : request->set_of_handles) {
        const Attribute& attribute = *database_.find(handle);
        const Verdict verdict = ask(run, attribute);
        if (verdict == Verdict::pending) return Outcome::await_reads;
        if (verdict == Verdict::refused) return refuse(run, handle, *run.session.refusal_);
        const Bytes value = value_of(run.session.client_, attribute);
        if (variable) run.response.append(static_cast<std::uint16_t>(value.size()));
        run.response.append(value);
    }
    return Outcome::respond;
}
template Server::Outcome Server::read_multiple<ReadMultipleRequest>(Run& run);
template Server::Outcome Server::read_multiple<ReadMultipleVariableRequest>(Run& run);

}  // namespace bluetooth::att
