// SPDX-License-Identifier: MIT
#include "gatt/client.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "att/signing.hpp"
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

bool is_range(att::Handle start, att::Handle end) {
    return start != att::no_handle && start <= end;
}

/// What the cache may know the answer to; nothing for procedures that are no discoveries.
std::optional<DiscoveryQuery> query_of(const Procedure& procedure) {
    return std::visit(
        [](const auto& running) -> std::optional<DiscoveryQuery> {
            if constexpr (requires { running.query(); }) return running.query();
            return std::nullopt;
        },
        procedure);
}

}  // namespace

// ---- calls

error_code Client::exchange_mtu(ClientContext& ctx, std::uint16_t own_rx_mtu) {
    if (mtu_requested_ || bearer_.mtu_exchanged()) return make_error(errc::already_in_progress);
    const error_code error = enqueue(ctx, ExchangeMtu{own_rx_mtu});
    mtu_requested_ = !error;
    return error;
}

error_code Client::discover_services(ClientContext& ctx, const std::optional<UUID>& uuid,
                                     ServiceType type) {
    if (uuid && type == ServiceType::primary)
        return enqueue(ctx, DiscoverPrimaryServiceByUuid{*uuid});
    return enqueue(ctx, DiscoverAllServices{type, uuid});
}

error_code Client::discover_included(ClientContext& ctx, att::Handle start, att::Handle end) {
    if (!is_range(start, end)) return make_error(errc::invalid_argument);
    return enqueue(ctx, FindIncludedServices{start, end});
}

error_code Client::discover_characteristics(ClientContext& ctx, att::Handle start, att::Handle end,
                                            const std::optional<UUID>& uuid) {
    if (!is_range(start, end)) return make_error(errc::invalid_argument);
    return enqueue(ctx, DiscoverCharacteristics{start, end, uuid});
}

error_code Client::discover_descriptors(ClientContext& ctx, att::Handle start, att::Handle end) {
    if (start > end) return make_error(errc::invalid_argument);
    return enqueue(ctx, DiscoverDescriptors{start, end});
}

error_code Client::read(ClientContext& ctx, att::Handle handle) {
    return enqueue(ctx, ReadValue{handle});
}

error_code Client::read_long(ClientContext& ctx, att::Handle handle) {
    return enqueue(ctx, ReadLongValue{handle});
}

error_code Client::read_by_uuid(ClientContext& ctx, att::Handle start, att::Handle end,
                                const UUID& uuid) {
    if (!is_range(start, end)) return make_error(errc::invalid_argument);
    return enqueue(ctx, ReadByUuid{start, end, uuid});
}

error_code Client::read_multiple(ClientContext& ctx, std::span<const att::Handle> handles,
                                 bool variable) {
    const std::size_t room = std::min<std::size_t>(bearer_.mtu(), ctx.buffers.capacity());
    const std::size_t size = encoded_size(att::ReadMultipleRequest{}) + handles.size_bytes();
    if (handles.size() < 2 || size > room) return make_error(errc::invalid_argument);
    Buffer list = ctx.buffers.acquire();
    if (!list) return make_error(errc::no_buffers);
    Writer writer{list.tail()};
    for (const att::Handle handle : handles) put(writer, handle);
    list.commit(writer.size());
    return enqueue(ctx, ReadMultipleValues{std::move(list), variable});
}

error_code Client::write(ClientContext& ctx, att::Handle handle, Bytes value) {
    Buffer pdu = encode_write<att::WriteRequest>(ctx, handle, value);
    if (!pdu) return make_error(errc::no_buffers);
    recall_.on_write(handle);
    return enqueue(ctx, WriteValue{handle, std::move(pdu)});
}

error_code Client::write_long(ClientContext& ctx, att::Handle handle, Bytes value) {
    const att::HandleValue values[]{{handle, value}};
    return write_reliable(ctx, values);
}

error_code Client::write_reliable(ClientContext& ctx, std::span<const att::HandleValue> values) {
    if (values.empty()) return make_error(errc::invalid_argument);
    ValueQueue queue;
    for (const att::HandleValue& value : values)
        if (const error_code error = queue.push(ctx.buffers, value)) return error;
    for (const att::HandleValue& value : values) recall_.on_write(value.handle);
    return enqueue(ctx, ReliableWrite{std::move(queue)});
}

error_code Client::write_command(ClientContext& ctx, att::Handle handle, Bytes value) {
    if (bearer_.closed()) return make_error(errc::not_connected);
    Buffer pdu = encode_write<att::WriteCommand>(ctx, handle, value);
    if (!pdu) return make_error(errc::no_buffers);
    recall_.on_write(handle);
    pdu.truncate(std::min<std::size_t>(pdu.size(), bearer_.mtu()));
    ctx.out.push(att::Send{std::move(pdu)});
    return {};
}

error_code Client::write_signed(ClientContext& ctx, att::Handle handle, Bytes value,
                                const crypto::Key& csrk, std::uint32_t sign_counter) {
    if (bearer_.closed()) return make_error(errc::not_connected);
    Buffer pdu = encode_write<att::SignedWriteCommand>(ctx, handle, value);
    if (!pdu) return make_error(errc::no_buffers);
    const std::size_t room = std::min<std::size_t>(bearer_.mtu(), ctx.buffers.capacity());
    pdu.truncate(std::min(pdu.size(), room - att::authentication_signature_size));
    (void)pdu.append(att::sign(csrk, sign_counter, pdu.bytes()));
    ctx.out.push(att::Send{std::move(pdu)});
    return {};
}

error_code Client::subscribe(ClientContext& ctx, att::Handle value_handle,
                             Subscription subscription) {
    return enqueue(ctx, Subscribe{value_handle, subscription});
}

error_code Client::enable_enhanced_bearers(ClientContext& ctx) {
    return enqueue(ctx, EnableEnhancedBearers{});
}

bool Client::concerns(att::Handle handle) const {
    const auto does = [handle](const auto& procedure) { return procedure.concerns(handle); };
    for (std::size_t place = 0; place < procedures_.size(); ++place)
        if (std::visit(does, procedures_[place])) return true;
    return false;
}

error_code Client::confirm(ClientContext& ctx, IndicationToken token) {
    if (bearer_.closed()) return make_error(errc::not_connected);
    const auto open = std::ranges::find(indications_, token, &OpenIndication::token);
    if (token == 0 || open == indications_.end() || open->confirmed)
        return make_error(errc::no_such_procedure);
    open->confirmed = true;
    open->deadline = ctx.now;
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
        if (!std::exchange(begun_, true))
            if (const auto query = query_of(running)) recall_.begin(ctx.now, *query);
        if (const DiscoveryResults* results = recall_.known()) {
            for (const DiscoveryResult& result : *results)
                std::visit([&](const auto& action) { ctx.out.push(action); }, result);
            finish(ctx, {});
            continue;
        }
        Buffer pdu =
            recall_.verifying()
                ? recall_.request(ctx)
                : std::visit([&](auto& procedure) { return procedure.request(ctx, bearer_); },
                             running);
        if (!pdu) {
            retry_at_ = ctx.now + retry_interval;
            ctx.out.wake_at(retry_at_);
            return;
        }
        awaited_request_ = pdu.bytes()[0];
        deadline_.set(ctx.now + att::transaction_timeout);
        ctx.out.wake_at(deadline_.when());
        ctx.out.push(att::Send{std::move(pdu)});
        return;
    }
}

/// Ends the running procedure.
void Client::finish(ClientContext& ctx, error_code error) {
    const Procedure& running = procedures_.front();
    recall_.end(!error);
    if (const auto* subscribe = std::get_if<Subscribe>(&running); subscribe && subscribe->written())
        recall_.on_subscribed(subscribe->value_handle(), subscribe->cccd(),
                              subscribe->subscription());
    std::visit([&](const auto& procedure) { procedure.end(ctx, error); }, running);
    procedures_.drop();
    begun_ = false;
    security_raised_ = false;
}

void Client::on_timer(ClientContext& ctx) {
    // The server side may have closed the bearer: what waits for a buffer is not sent any more.
    if (bearer_.closed()) return on_disconnected(ctx);
    if (deadline_.passed(ctx.now)) return fail_bearer(ctx, make_error(errc::timed_out));
    if (ctx.now >= retry_at_) {
        retry_at_ = never;
        advance(ctx);
    }
    send_confirmations(ctx);
    ctx.out.wake_at(std::min(deadline_.when(), retry_at_));
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
    deadline_.clear();
    retry_at_ = never;
    refusal_.reset();
    indications_ = {};
    while (!procedures_.empty()) finish(ctx, make_error(errc::not_connected));
}

}  // namespace bluetooth::gatt
