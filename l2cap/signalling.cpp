// SPDX-License-Identifier: MIT
#include "l2cap/signalling.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/connection_parameters.hpp"
#include "base/log.hpp"
#include "l2cap/c_frame.hpp"

namespace bluetooth::l2cap {
namespace {

/// Whether `code` is a response: those are never answered, least of all with a Command Reject
/// (4.1). Unassigned codes count as requests.
constexpr bool is_response(std::uint8_t code) {
    constexpr std::array responses{CommandReject::code,
                                   DisconnectionResponse::code,
                                   ConnectionParameterUpdateResponse::code,
                                   LeCreditBasedConnectionResponse::code,
                                   CreditBasedConnectionResponse::code,
                                   CreditBasedReconfigureResponse::code,
                                   std::uint8_t{0x03},   // Connection Response, BR/EDR only
                                   std::uint8_t{0x05},   // Configuration Response, BR/EDR only
                                   std::uint8_t{0x09},   // Echo Response, BR/EDR only
                                   std::uint8_t{0x0b}};  // Information Response, BR/EDR only
    return std::ranges::find(responses, code) != responses.end();
}

constexpr bool is_valid(const ConnectionParameterUpdateRequest& request) {
    return bluetooth::is_valid(
        {request.interval_min, request.interval_max, request.latency, request.timeout});
}

}  // namespace

void Signalling::receive(LinkContext& ctx, Bytes frame) {
    const auto header = decode_prefix<CommandHeader>(frame);
    // Identifier 0x00 is illegal (4); a frame without a whole header cannot be answered either.
    if (!header || header->identifier == 0) return ignore(frame.empty() ? 0 : frame[0]);
    const std::uint8_t code = header->code;
    const Identifier identifier = header->identifier;
    const Bytes data{frame.subspan(command_header_size)};

    if (frame.size() > mtu && !is_response(code)) {
        std::array<std::uint8_t, fixed_size<MtuExceededData>()> limit;
        return reject_command(ctx, identifier, RejectReason::signalling_mtu_exceeded,
                              encode_fields(MtuExceededData{mtu}, limit));
    }

    // On LE-U a C-frame holds exactly one command (4).
    bool understood = false;
    if (data.size() == header->data_length)
        Commands::for_each([&](auto type) {
            using Command = typename decltype(type)::type;
            if (Command::code != code) return;
            if (const auto command = decode_fields<Command>(data)) {
                understood = true;
                handle(ctx, identifier, *command);
            }
        });
    if (understood) return;
    if (is_response(code)) return ignore(code);
    reject_command(ctx, identifier, RejectReason::command_not_understood);
}

void Signalling::handle(LinkContext& ctx, Identifier identifier, const CommandReject& reject) {
    const auto ended = requests_.rejected(ctx, identifier);
    if (!ended) return ignore(CommandReject::code);
    log::warn("l2cap", "the peer rejected our command: ", reject.reason);
    on_request_failed(ctx, *ended, bluetooth::make_error(errc::not_supported));
}

void Signalling::on_request_failed(LinkContext& ctx, const Requests::Ended& ended,
                                   error_code error) {
    if (ended.code != ConnectionParameterUpdateRequest::code)
        return channels_.on_request_failed(ctx, ended.identifier, error);
    own_update_ = 0;
    ctx.out.push(ParameterUpdateDone{error});
}

template <class Command>
void Signalling::handle(LinkContext& ctx, Identifier identifier, const Command& command) {
    if constexpr (is_response(Command::code)) {
        if (!channels_.handle(ctx, identifier, command)) ignore(Command::code);
    } else {
        channels_.handle(ctx, identifier, command);
    }
}

void Signalling::handle(LinkContext& ctx, Identifier identifier,
                        const ConnectionParameterUpdateRequest& request) {
    // Only a peripheral may ask (4.20).
    if (role_ == Role::peripheral)
        return reject_command(ctx, identifier, RejectReason::command_not_understood);
    // A second request while the host thinks about the first breaks the peer's duty to wait.
    if (!is_valid(request) || peer_update_ != 0) {
        (void)send_command(ctx, identifier,
                           ConnectionParameterUpdateResponse{ParameterUpdateResult::rejected});
        return;
    }
    peer_update_ = identifier;
    peer_deadline_ = ctx.now + answer_timeout;
    ctx.out.push(ParameterUpdateRequested{request, ++peer_token_});
    ctx.out.wake_at(peer_deadline_);
}

void Signalling::handle(LinkContext& ctx, Identifier identifier,
                        const ConnectionParameterUpdateResponse& response) {
    if (!requests_.answered(ctx, ConnectionParameterUpdateRequest::code, identifier))
        return ignore(ConnectionParameterUpdateResponse::code);
    own_update_ = 0;
    ctx.out.push(ParameterUpdateDone{response.result == ParameterUpdateResult::accepted
                                         ? error_code{}
                                         : bluetooth::make_error(errc::permission_denied)});
}

error_code Signalling::request_parameter_update(
    LinkContext& ctx, const ConnectionParameterUpdateRequest& parameters) {
    if (role_ == Role::central) return bluetooth::make_error(errc::not_permitted);
    if (!is_valid(parameters)) return bluetooth::make_error(errc::invalid_argument);
    if (own_update_ != 0) return bluetooth::make_error(errc::already_in_progress);
    own_update_ = requests_.start(ctx, parameters);
    return own_update_ == 0 ? bluetooth::make_error(errc::no_buffers) : error_code{};
}

error_code Signalling::answer_parameter_update(LinkContext& ctx, Token token, bool accept) {
    if (peer_update_ == 0 || token != peer_token_)
        return bluetooth::make_error(errc::no_such_procedure);
    const ConnectionParameterUpdateResponse response{accept ? ParameterUpdateResult::accepted
                                                            : ParameterUpdateResult::rejected};
    // Without a buffer the answer is lost; the peer's own time limit ends its procedure.
    (void)send_command(ctx, std::exchange(peer_update_, Identifier{0}), response);
    peer_deadline_ = never;
    return {};
}

void Signalling::on_timer(LinkContext& ctx) {
    while (const auto ended = requests_.expired(ctx))
        on_request_failed(ctx, *ended, bluetooth::make_error(errc::timed_out));
    if (ctx.now >= peer_deadline_) (void)answer_parameter_update(ctx, peer_token_, false);
    ctx.out.wake_at(peer_deadline_);
}

void Signalling::on_disconnected(LinkContext& ctx) {
    peer_update_ = 0;
    peer_deadline_ = never;
    requests_.on_disconnected();
    if (std::exchange(own_update_, Identifier{0}) != 0)
        ctx.out.push(ParameterUpdateDone{bluetooth::make_error(errc::not_connected)});
}

void Signalling::ignore(std::uint8_t code) {
    ++ignored_;
    log::warn("l2cap", "ignoring an unexpected signalling command, code ", code);
}

}  // namespace bluetooth::l2cap
