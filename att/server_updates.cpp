// SPDX-License-Identifier: MIT
//
// Indications and updates of subscribers (Vol 3 Part F 3.4.7). Notifications are in the header.
#include "att/server.hpp"

namespace bluetooth::att {

error_code Server::notify_multiple(const ServerContext& ctx, ServerSession& session,
                                   std::span<const HandleValue> values) {
    if (values.empty()) return make_error(errc::invalid_argument);
    for (const HandleValue& one : values)
        if (const error_code error =
                update_refused(session, characteristic_value(one.handle), one.value.size()))
            return error;
    if (ctx.buffers.available() < values.size()) return make_error(errc::no_buffers);

    // A tuple has two octets more than a notification: its length (Vol 3 Part F 3.4.7.4).
    const std::size_t limit = std::min<std::size_t>(session.bearer_.mtu(), ctx.buffers.capacity());
    const auto tuple_size = [](const HandleValue& one) { return 4 + one.value.size(); };
    const auto fits = [&](const HandleValue& one, std::size_t behind) {
        return one.value.size() <= max_value_size && behind + tuple_size(one) <= limit;
    };
    const bool joined = (session.client_.features() & client_feature::multiple_notifications) != 0;
    while (!values.empty()) {
        std::size_t count = 0;
        std::size_t size = 1;
        while (joined && count < values.size() && fits(values[count], size))
            size += tuple_size(values[count++]);
        if (count < 2) {  // the least that the PDU may hold
            (void)notify(ctx, session, values.front().handle, values.front().value);
            values = values.subspan(1);
            continue;
        }
        Buffer pdu = ctx.buffers.acquire();
        const std::array opcode{MultipleHandleValueNotification::code};
        (void)pdu.append(Bytes{opcode});
        for (const HandleValue& one : values.first(count)) {
            (void)pdu.append(Bytes{octets_of(number(one.handle))});
            (void)pdu.append(Bytes{octets_of(static_cast<std::uint16_t>(one.value.size()))});
            (void)pdu.append(one.value);
        }
        ctx.out.push(Send{std::move(pdu)});
        values = values.subspan(count);
    }
    return {};
}

error_code Server::indicate(const ServerContext& ctx, ServerSession& session, Handle handle,
                            std::optional<Bytes> value) {
    const Attribute* found = characteristic_value(handle);
    const Bytes octets = value ? *value : found != nullptr ? Bytes{found->value} : Bytes{};
    if (const error_code error = update_refused(session, found, octets.size())) return error;
    if (session.pending_indications() >= session.indications_.capacity())
        return make_error(errc::no_buffers);
    Buffer pdu = make_update(ctx, session, HandleValueIndication::code, handle, octets);
    if (!pdu) return make_error(errc::no_buffers);
    (void)session.indications_.push({handle, std::move(pdu)});
    if (!session.unconfirmed_) send_next_indication(ctx, session);
    return {};
}

error_code Server::send_update(const ServerContext& ctx, ServerSession& session, Handle handle) {
    const Attribute* found = characteristic_value(handle);
    if (found == nullptr) return make_error(errc::invalid_argument);
    // Who cannot be told is no reason to fail: nobody asked for this client in particular.
    if (session.client_.out_of_sync() || session.bearer_.closed()) return {};
    const std::uint16_t subscribed = session.client_.configuration(found->configuration);
    if ((subscribed & 1) != 0) return notify(ctx, session, handle);
    if ((subscribed & 2) != 0) return indicate(ctx, session, handle);
    return {};
}

void Server::announce_change(const ServerContext& ctx, ServerSession& session) {
    if (!session.unconfirmed_) send_next_indication(ctx, session);
}

/// Sends what is due next, if anything: Service Changed goes before what the application has to
/// say, since that may be news of attributes that the client does not know.
void Server::send_next_indication(const ServerContext& ctx, ServerSession& session) {
    if (session.bearer_.closed()) return;
    if (session.client_.unannounced_ && send_service_changed(ctx, session)) return;
    while (!session.indications_.empty()) {
        ServerSession::Indication next = session.indications_.pop();
        if (next.stale || session.client_.out_of_sync()) {
            ctx.out.push(IndicationDone{next.handle, make_error(errc::try_again)});
            continue;
        }
        send_indication(ctx, session, std::move(next));
        return;
    }
}

void Server::send_indication(const ServerContext& ctx, ServerSession& session,
                             ServerSession::Indication indication) {
    ctx.out.push(Send{std::move(indication.pdu)});
    session.unconfirmed_ = std::move(indication);
    session.confirmation_due_.set(ctx.now + transaction_timeout);
    ctx.out.wake_at(session.confirmation_due_.when());
}

/// Vol 3 Part G 7.1: the first and the last handle of what has changed. True when it is on its way,
/// or about to be; false when the client does not want to hear of it.
bool Server::send_service_changed(const ServerContext& ctx, ServerSession& session) {
    ClientState& client = session.client_;
    const auto places =
        database_.of_type(type::service_changed, HandleRange{first_handle, last_handle});
    const Attribute* found = places.empty() ? nullptr : &database_[places.front()];
    if (found == nullptr || (client.configuration(found->configuration) & 2) == 0) {
        client.unannounced_.reset();
        return false;
    }
    std::array<std::uint8_t, 4> octets{};
    const Bytes range = encode_fields(*client.unannounced_, octets);
    Buffer pdu = make_update(ctx, session, HandleValueIndication::code, found->handle, range);
    if (!pdu) {
        ctx.out.wake_at(ctx.now + buffer_retry);
        return true;
    }
    send_indication(ctx, session,
                    {found->handle, std::move(pdu), false,
                     std::exchange(client.unannounced_, std::nullopt), client.changes_});
    return true;
}

void Server::confirm(const ServerContext& ctx, ServerSession& session, Bytes pdu) {
    // Unasked-for and malformed confirmations change nothing.
    if (!session.unconfirmed_ || !decode<HandleValueConfirmation>(pdu)) return;
    const auto confirmed = std::exchange(session.unconfirmed_, std::nullopt);
    session.confirmation_due_.clear();
    if (!confirmed->announces)
        ctx.out.push(IndicationDone{confirmed->handle, {}});
    else if (confirmed->changes == session.client_.changes_)
        on_change_confirmed(session.client_);
    send_next_indication(ctx, session);
}

}  // namespace bluetooth::att
