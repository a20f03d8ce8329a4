// SPDX-License-Identifier: MIT
//
// What a client makes of the PDUs that its peer sends.
#include <algorithm>
#include <utility>
#include <variant>

#include "base/log.hpp"
#include "gatt/client.hpp"

namespace bluetooth::gatt {

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

/// The transaction under way is over, answered or refused.
void Client::end_transaction() {
    awaited_request_ = 0;
    deadline_.clear();
}

void Client::receive_response(ClientContext& ctx, Bytes pdu) {
    // The opcode of each response is its request's, plus one (Vol 3 Part F 3.4.8).
    if (awaited_request_ == 0 || pdu[0] != awaited_request_ + 1) return ignore_unexpected(pdu);
    end_transaction();
    if (recall_.verifying()) {
        recall_.on_response(ctx.now, pdu);
        return advance(ctx);
    }
    const std::size_t before = ctx.out.size();
    error_code error = protocol_error();
    if (pdu.size() <= bearer_.mtu())
        error =
            std::visit([&](auto& procedure) { return procedure.on_response(ctx, bearer_, pdu); },
                       procedures_.front());
    recall_.record(ctx.out, before);
    if (error) finish(ctx, error);
    advance(ctx);
}

void Client::receive_error(ClientContext& ctx, Bytes pdu) {
    const auto response = decode<att::ErrorResponse>(pdu);
    if (!response) return ignore_malformed(pdu);
    if (awaited_request_ == 0 ||
        response->request_opcode_in_error != static_cast<att::Opcode>(awaited_request_))
        return ignore_unexpected(pdu);
    end_transaction();
    // The peer has refused as our picture of its database is out of date (Vol 3 Part G 2.5.2.1).
    if (response->error_code == att::ErrorCode::database_out_of_sync) recall_.invalidate();
    if (recall_.verifying()) {
        recall_.on_error();
        return advance(ctx);
    }
    const bool insecure = response->error_code == att::ErrorCode::insufficient_authentication ||
                          response->error_code == att::ErrorCode::insufficient_encryption;
    if (insecure && raise_security_ && !std::exchange(security_raised_, true)) {
        refusal_ = response->error_code;
        ctx.out.push(SecurityNeeded{});
        return;
    }
    on_refusal(ctx, response->error_code);
}

void Client::on_refusal(ClientContext& ctx, att::ErrorCode code) {
    const std::size_t before = ctx.out.size();
    error_code error = protocol_error();
    if (code != att::ErrorCode{})  // 0x00 would look like success
        error = std::visit([&](auto& procedure) { return procedure.on_error(ctx, code); },
                           procedures_.front());
    recall_.record(ctx.out, before);
    if (error) finish(ctx, error);
    advance(ctx);
}

void Client::on_secured(ClientContext& ctx, bool secured) {
    const auto refusal = std::exchange(refusal_, {});
    if (!refusal) return;
    if (secured)
        advance(ctx);
    else
        on_refusal(ctx, *refusal);
}

void Client::receive_multiple_notification(ClientContext& ctx, Bytes pdu) {
    if (pdu.size() > bearer_.mtu()) return ignore_malformed(pdu);
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
    if (!indication || indication->attribute_handle == att::no_handle || pdu.size() > bearer_.mtu())
        return ignore_malformed(pdu);
    recall_.on_indication(indication->attribute_handle, indication->attribute_value);
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
        if (ctx.now >= open.deadline) {
            if (Buffer pdu = encode_request(ctx, att::HandleValueConfirmation{})) {
                ctx.out.push(att::Send{std::move(pdu)});
                open = {};
            } else {
                open.confirmed = true;
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
