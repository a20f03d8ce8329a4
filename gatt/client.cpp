// SPDX-License-Identifier: MIT
#include "gatt/client.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/log.hpp"

namespace bluetooth::gatt {
namespace {

/// A write PDU with as much of `value` as a buffer holds.
template <class Write> Buffer encode_write(ClientContext& ctx, att::Handle handle, Bytes value) {
    Buffer pdu = ctx.buffers.acquire();
    if (!pdu) return pdu;
    const std::size_t room = pdu.tail().size() - encoded_size(Write{});
    pdu.commit(encode(Write{handle, value.first(std::min(value.size(), room))}, pdu.tail()).size());
    return pdu;
}

}  // namespace

// ---- calls

error_code Client::exchange_mtu(ClientContext& ctx, std::uint16_t own_rx_mtu) {
    if (mtu_requested_ || bearer_.mtu_exchanged()) return make_error(errc::already_in_progress);
    const error_code error = enqueue(ctx, ExchangeMtu{own_rx_mtu});
    mtu_requested_ = !error;
    return error;
}

error_code Client::discover_services(ClientContext& ctx, const std::optional<UUID>& uuid) {
    if (uuid) return enqueue(ctx, DiscoverPrimaryServiceByUuid{*uuid});
    return enqueue(ctx, DiscoverAllPrimaryServices{});
}

error_code Client::discover_characteristics(ClientContext& ctx, att::Handle start, att::Handle end,
                                            const std::optional<UUID>& uuid) {
    if (start == att::no_handle || start > end) return make_error(errc::invalid_argument);
    return enqueue(ctx, DiscoverCharacteristics{start, end, uuid});
}

error_code Client::discover_descriptors(ClientContext& ctx, att::Handle start, att::Handle end) {
    if (start > end) return make_error(errc::invalid_argument);
    return enqueue(ctx, DiscoverDescriptors{start, end});
}

error_code Client::read(ClientContext& ctx, att::Handle handle) {
    if (handle == att::no_handle) return make_error(errc::invalid_argument);
    return enqueue(ctx, ReadValue{handle});
}

error_code Client::read_long(ClientContext& ctx, att::Handle handle) {
    if (handle == att::no_handle) return make_error(errc::invalid_argument);
    return enqueue(ctx, ReadLongValue{handle});
}

error_code Client::write(ClientContext& ctx, att::Handle handle, Bytes value) {
    if (handle == att::no_handle) return make_error(errc::invalid_argument);
    Buffer pdu = encode_write<att::WriteRequest>(ctx, handle, value);
    if (!pdu) return make_error(errc::no_buffers);
    return enqueue(ctx, WriteValue{handle, std::move(pdu)});
}

error_code Client::write_long(ClientContext& ctx, att::Handle handle, Bytes value) {
    if (handle == att::no_handle) return make_error(errc::invalid_argument);
    if (value.size() > att::max_value_size) return make_error(errc::too_big);
    Buffer copy = ctx.buffers.acquire();
    if (!copy || !copy.append(value)) return make_error(errc::no_buffers);
    return enqueue(ctx, WriteLongValue{handle, std::move(copy)});
}

error_code Client::write_command(ClientContext& ctx, att::Handle handle, Bytes value) {
    if (handle == att::no_handle) return make_error(errc::invalid_argument);
    if (bearer_.closed()) return make_error(errc::not_connected);
    Buffer pdu = encode_write<att::WriteCommand>(ctx, handle, value);
    if (!pdu) return make_error(errc::no_buffers);
    pdu.truncate(std::min<std::size_t>(pdu.size(), bearer_.mtu()));
    ctx.out.push(att::Send{std::move(pdu)});
    return {};
}

error_code Client::confirm(ClientContext& ctx, IndicationToken token) {
    const auto open = std::ranges::find(indications_, token, &OpenIndication::token);
    if (token == 0 || open == indications_.end() || open->confirmed)
        return make_error(errc::no_such_procedure);
    open->confirmed = true;
    send_confirmations(ctx);
    return {};
}

// ---- the queue

error_code Client::enqueue(ClientContext& ctx, Procedure&& procedure) {
    if (bearer_.closed()) return make_error(errc::not_connected);
    const bool idle = procedures_.empty();
    if (!procedures_.push(std::move(procedure))) return make_error(errc::busy);
    if (idle) advance(ctx);
    return {};
}

/// Sends the next request there is; called when none is under way.
void Client::advance(ClientContext& ctx) {
    while (!procedures_.empty()) {
        Procedure& running = procedures_.front();
        if (std::visit([](auto& procedure) { return procedure.complete(); }, running)) {
            finish(ctx, {});
            continue;
        }
        Buffer pdu =
            std::visit([&](auto& procedure) { return procedure.request(ctx, bearer_); }, running);
        if (!pdu) {
            retry_at_ = ctx.now + retry_interval;
            ctx.out.wake_at(retry_at_);
            return;
        }
        awaited_request_ = pdu.bytes()[0];
        deadline_ = ctx.now + att::transaction_timeout;
        ctx.out.wake_at(deadline_);
        ctx.out.push(att::Send{std::move(pdu)});
        return;
    }
}

/// Ends the running procedure.
void Client::finish(ClientContext& ctx, error_code error) {
    std::visit([&](const auto& procedure) { procedure.end(ctx, error); }, procedures_.front());
    procedures_.drop();
}

void Client::on_timer(ClientContext& ctx) {
    if (ctx.now >= deadline_) return fail_bearer(ctx, make_error(errc::timed_out));
    if (ctx.now >= retry_at_) {
        retry_at_ = never;
        advance(ctx);
    }
    for (OpenIndication& open : indications_)
        if (ctx.now >= open.deadline) open.confirmed = true;
    send_confirmations(ctx);
    ctx.out.wake_at(std::min(deadline_, retry_at_));
}

/// A transaction has failed: nothing more may be sent on this bearer (Vol 3 Part F 3.3.3).
void Client::fail_bearer(ClientContext& ctx, error_code error) {
    log::warn("gatt", "closing the bearer: ", static_cast<att::Opcode>(awaited_request_), " ",
              error);
    bearer_.close();
    finish(ctx, error);
    on_disconnected(ctx);
    ctx.out.push(att::CloseBearer{error});
}

void Client::on_disconnected(ClientContext& ctx) {
    awaited_request_ = 0;
    deadline_ = retry_at_ = never;
    indications_ = {};
    while (!procedures_.empty()) finish(ctx, make_error(errc::not_connected));
}

// ---- what the peer sends

void Client::receive_other(ClientContext& ctx, Bytes pdu) {
    if (pdu.empty() || bearer_.closed()) return;
    switch (static_cast<att::Opcode>(pdu[0])) {
    case att::Opcode::handle_value_notification: return ignore_malformed(pdu);
    case att::Opcode::multiple_handle_value_notification:
        return receive_multiple_notification(ctx, pdu);
    case att::Opcode::handle_value_indication: return receive_indication(ctx, pdu);
    case att::Opcode::error_response: return receive_error(ctx, pdu);
    default: return receive_response(ctx, pdu);
    }
}

void Client::receive_response(ClientContext& ctx, Bytes pdu) {
    // The opcode of each response is its request's, plus one (Vol 3 Part F 3.4.8).
    if (awaited_request_ == 0 || pdu[0] != awaited_request_ + 1) return ignore_unexpected(pdu);
    awaited_request_ = 0;
    deadline_ = never;
    error_code error = make_error(errc::protocol_error);
    if (pdu.size() <= bearer_.mtu())
        error =
            std::visit([&](auto& procedure) { return procedure.on_response(ctx, bearer_, pdu); },
                       procedures_.front());
    if (error) finish(ctx, error);
    advance(ctx);
}

void Client::receive_error(ClientContext& ctx, Bytes pdu) {
    const auto response = decode<att::ErrorResponse>(pdu);
    if (!response) return ignore_malformed(pdu);
    if (awaited_request_ == 0 ||
        response->request_opcode_in_error != static_cast<att::Opcode>(awaited_request_))
        return ignore_unexpected(pdu);
    awaited_request_ = 0;
    deadline_ = never;
    error_code error = make_error(errc::protocol_error);
    if (response->error_code != att::ErrorCode{})  // 0x00 would look like success
        error = std::visit(
            [&](auto& procedure) { return procedure.on_error(ctx, response->error_code); },
            procedures_.front());
    if (error) finish(ctx, error);
    advance(ctx);
}

void Client::receive_multiple_notification(ClientContext& ctx, Bytes pdu) {
    Reader reader{pdu.subspan(1)};
    while (!reader.done()) {
        att::Handle handle{};
        std::uint16_t length{};
        get(reader, handle);
        get(reader, length);
        const Bytes value = reader.take(length);
        if (!reader.ok() || handle == att::no_handle) return ignore_malformed(pdu);
        ctx.out.push(Notified{handle, value});
    }
}

void Client::receive_indication(ClientContext& ctx, Bytes pdu) {
    const auto indication = decode<att::HandleValueIndication>(pdu);
    if (!indication || indication->attribute_handle == att::no_handle) return ignore_malformed(pdu);
    const auto place = std::ranges::find(indications_, IndicationToken{0}, &OpenIndication::token);
    if (place == indications_.end()) {
        ++counters_.excess_indications;
        log::warn("gatt", "dropped an indication: the peer does not wait for confirmations");
        return;
    }
    if (++last_token_ == 0) ++last_token_;
    *place = {last_token_, ctx.now + confirmation_limit, false};
    ctx.out.wake_at(place->deadline);
    ctx.out.push(Indicated{indication->attribute_handle, indication->attribute_value, last_token_});
}

/// Sends the confirmations that are due; those for which no buffer is free are due later.
void Client::send_confirmations(ClientContext& ctx) {
    for (OpenIndication& open : indications_) {
        if (open.confirmed) {
            if (Buffer pdu = encode_request(ctx, att::HandleValueConfirmation{})) {
                ctx.out.push(att::Send{std::move(pdu)});
                open = {};
            } else {
                open.deadline = ctx.now + retry_interval;
            }
        }
        ctx.out.wake_at(open.deadline);
    }
}

void Client::ignore_malformed(Bytes pdu) {
    ++counters_.malformed;
    log::warn("gatt", "ignored a malformed ", static_cast<att::Opcode>(pdu[0]));
}

void Client::ignore_unexpected(Bytes pdu) {
    ++counters_.unexpected;
    log::warn("gatt", "ignored an unexpected ", static_cast<att::Opcode>(pdu[0]));
}

}  // namespace bluetooth::gatt
