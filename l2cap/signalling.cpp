// SPDX-License-Identifier: MIT
#include "l2cap/signalling.hpp"

#include <algorithm>
#include <array>

#include "base/connection_parameters.hpp"
#include "base/log.hpp"

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

constexpr bool is_valid_channel_count(std::size_t count) {
    return count >= 1 && count <= max_channels_per_request;
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
        return reject(ctx, identifier, RejectReason::signalling_mtu_exceeded,
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
    reject(ctx, identifier, RejectReason::command_not_understood);
}

void Signalling::handle(LinkContext& ctx, Identifier identifier, const CommandReject& reject) {
    if (own_request_ == 0 || identifier != own_request_) return ignore(CommandReject::code);
    log::warn("l2cap", "the peer rejected our command: ", reject.reason);
    finish_own_request(ctx, make_error(errc::not_supported));
}

void Signalling::handle(LinkContext& ctx, Identifier identifier,
                        const DisconnectionRequest& request) {
    // No credit-based channel is open, and fixed channels cannot be disconnected (4.6). What is
    // the destination for the peer is the local endpoint here.
    std::array<std::uint8_t, fixed_size<InvalidCidData>()> endpoints;
    reject(ctx, identifier, RejectReason::invalid_cid_in_request,
           encode_fields(InvalidCidData{request.destination_cid, request.source_cid}, endpoints));
}

void Signalling::handle(LinkContext& ctx, Identifier identifier,
                        const ConnectionParameterUpdateRequest& request) {
    // Only a peripheral may ask (4.20).
    if (role_ == Role::peripheral)
        return reject(ctx, identifier, RejectReason::command_not_understood);
    // A second request while the host thinks about the first breaks the peer's duty to wait.
    if (!is_valid(request) || peer_request_ != 0) {
        (void)send(ctx, identifier,
                   ConnectionParameterUpdateResponse{ParameterUpdateResult::rejected});
        return;
    }
    peer_request_ = identifier;
    peer_deadline_ = ctx.now + answer_timeout;
    ctx.out.push(ParameterUpdateRequested{request, ++peer_token_});
    ctx.out.wake_at(peer_deadline_);
}

void Signalling::handle(LinkContext& ctx, Identifier identifier,
                        const ConnectionParameterUpdateResponse& response) {
    if (own_request_ == 0 || identifier != own_request_)
        return ignore(ConnectionParameterUpdateResponse::code);
    finish_own_request(ctx, response.result == ParameterUpdateResult::accepted
                                ? error_code{}
                                : make_error(errc::permission_denied));
}

void Signalling::handle(LinkContext& ctx, Identifier identifier,
                        const LeCreditBasedConnectionRequest&) {
    (void)send(ctx, identifier,
               LeCreditBasedConnectionResponse{.result = ConnectionResult::spsm_not_supported});
}

void Signalling::handle(LinkContext& ctx, Identifier identifier,
                        const CreditBasedConnectionRequest& request) {
    // One null CID stands for each channel that was refused (4.26), never for more than a valid
    // request can name.
    static constexpr std::array<std::uint8_t, 2 * max_channels_per_request> null_cids{};
    const std::size_t count = request.source_cids.size();
    const bool valid = is_valid_channel_count(count);
    const Bytes refused{null_cids.data(), 2 * std::min(count, max_channels_per_request)};
    (void)send(ctx, identifier,
               CreditBasedConnectionResponse{.result = valid ? ConnectionResult::spsm_not_supported
                                                             : ConnectionResult::invalid_parameters,
                                             .destination_cids = List<Cid>{refused}});
}

void Signalling::handle(LinkContext& ctx, Identifier identifier,
                        const CreditBasedReconfigureRequest& request) {
    (void)send(
        ctx, identifier,
        CreditBasedReconfigureResponse{is_valid_channel_count(request.destination_cids.size())
                                           ? ReconfigureResult::invalid_destination_cid
                                           : ReconfigureResult::unacceptable_parameters});
}

error_code Signalling::request_parameter_update(
    LinkContext& ctx, const ConnectionParameterUpdateRequest& parameters) {
    if (role_ == Role::central) return make_error(errc::not_permitted);
    if (!is_valid(parameters)) return make_error(errc::invalid_argument);
    if (own_request_ != 0) return make_error(errc::already_in_progress);
    const Identifier identifier = next_identifier();
    if (!send(ctx, identifier, parameters)) return make_error(errc::no_buffers);
    own_request_ = identifier;
    own_deadline_ = ctx.now + response_timeout;
    ctx.out.wake_at(own_deadline_);
    return {};
}

error_code Signalling::answer_parameter_update(LinkContext& ctx, Token token, bool accept) {
    if (peer_request_ == 0 || token != peer_token_) return make_error(errc::no_such_procedure);
    const ConnectionParameterUpdateResponse response{accept ? ParameterUpdateResult::accepted
                                                            : ParameterUpdateResult::rejected};
    // Without a buffer the answer is lost; the peer's own time limit ends its procedure.
    (void)send(ctx, std::exchange(peer_request_, Identifier{0}), response);
    peer_deadline_ = never;
    return {};
}

void Signalling::on_timer(LinkContext& ctx) {
    if (ctx.now >= own_deadline_) finish_own_request(ctx, make_error(errc::timed_out));
    if (ctx.now >= peer_deadline_) (void)answer_parameter_update(ctx, peer_token_, false);
    ctx.out.wake_at(std::min(own_deadline_, peer_deadline_));
}

void Signalling::on_disconnected(LinkContext& ctx) {
    peer_request_ = 0;
    peer_deadline_ = never;
    if (own_request_ != 0) finish_own_request(ctx, make_error(errc::not_connected));
}

void Signalling::finish_own_request(LinkContext& ctx, error_code error) {
    own_request_ = 0;
    own_deadline_ = never;
    ctx.out.push(ParameterUpdateDone{error});
}

template <class Command>
bool Signalling::send(LinkContext& ctx, Identifier identifier, const Command& command) {
    Buffer frame = ctx.send_buffers.acquire();
    if (!frame) {
        log::warn("l2cap", "no buffer for ", Command::pdu_name);
        return false;
    }
    frame.commit(encode_command(identifier, command, frame.tail()).size());
    add_basic_header(frame, Cid::signalling);
    ctx.out.push(Send{std::move(frame)});
    return true;
}

void Signalling::reject(LinkContext& ctx, Identifier identifier, RejectReason reason, Bytes data) {
    log::warn("l2cap", "rejecting a signalling command: ", reason);
    (void)send(ctx, identifier, CommandReject{reason, data});
}

void Signalling::ignore(std::uint8_t code) {
    ++ignored_;
    log::warn("l2cap", "ignoring an unexpected signalling command, code ", code);
}

Identifier Signalling::next_identifier() {
    if (++last_identifier_ == 0) ++last_identifier_;
    return last_identifier_;
}

}  // namespace bluetooth::l2cap
