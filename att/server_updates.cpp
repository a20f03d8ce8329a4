// SPDX-License-Identifier: MIT
//
// Indications and updates of subscribers (Vol 3 Part F 3.4.7). Notifications are in the header.
#include "att/server.hpp"

namespace bluetooth::att {

error_code Server::indicate(const ServerContext& ctx, ServerSession& session, Handle handle,
                            std::optional<Bytes> value) {
    const Attribute* found = characteristic_value(handle);
    if (found == nullptr) return make_error(errc::invalid_argument);
    if (session.bearer_.closed()) return make_error(errc::not_connected);
    if (session.indications_.full()) return make_error(errc::no_buffers);
    Buffer pdu = make_update(ctx, session, HandleValueIndication::code, handle,
                             value ? *value : Bytes{found->value});
    if (!pdu) return make_error(errc::no_buffers);
    (void)session.indications_.push({handle, std::move(pdu)});
    if (session.indications_.size() == 1) send_indication(ctx, session);
    return {};
}

error_code Server::send_update(const ServerContext& ctx, ServerSession& session, Handle handle) {
    const Attribute* found = characteristic_value(handle);
    if (found == nullptr) return make_error(errc::invalid_argument);
    const std::uint16_t subscribed = session.configuration(found->configuration);
    if ((subscribed & 1) != 0) return notify(ctx, session, handle);
    if ((subscribed & 2) != 0) return indicate(ctx, session, handle);
    return {};
}

/// Sends the first of the queue, which stays there until it is confirmed.
void Server::send_indication(const ServerContext& ctx, ServerSession& session) {
    ctx.out.push(Send{std::move(session.indications_.front().pdu)});
    session.confirmation_due_ = ctx.now + transaction_timeout;
    ctx.out.wake_at(session.confirmation_due_);
}

void Server::confirm(const ServerContext& ctx, ServerSession& session, Bytes pdu) {
    // Unasked-for and malformed confirmations change nothing.
    if (session.indications_.empty() || !decode<HandleValueConfirmation>(pdu)) return;
    session.confirmation_due_ = never;
    ctx.out.push(IndicationDone{session.indications_.pop().handle, {}});
    if (!session.indications_.empty()) send_indication(ctx, session);
}

}  // namespace bluetooth::att
