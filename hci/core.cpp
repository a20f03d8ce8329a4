// SPDX-License-Identifier: MIT
#include "hci/core.hpp"

#include "base/log.hpp"
#include "hci/commands.hpp"
#include "hci/events.hpp"

namespace bluetooth::hci {
namespace {

constexpr std::uint8_t h4_command = 0x01;  // Vol 4 Part A 2

template <class E> bool succeeded([[maybe_unused]] const E& event) {
    if constexpr (requires { event.status; })
        return event.status == Status::success;
    else
        return true;
}

/// Whether a decoded event makes sense as far as it can be told without knowing the links. What
/// it says beside an error status is never looked at, so it may be anything.
template <class E> bool plausible(const E& event) {
    if (!succeeded(event)) return true;
    if constexpr (requires { event.connection_handle; })
        if (!is_valid(event.connection_handle)) return false;
    if constexpr (requires { event.role; })
        if (event.role != Role::central && event.role != Role::peripheral) return false;
    if constexpr (requires { event.connection_interval; })
        if (event.connection_interval.count() == 0 || event.supervision_timeout.count() == 0)
            return false;
    return true;
}

}  // namespace

error_code Core::submit(Context ctx, const EncodedCommand& command, Tag tag) {
    if (failed_) return make_error(errc::connection_lost);
    if (queue_.full()) return make_error(errc::no_buffers);
    Buffer packet = ctx.command_buffers.acquire();
    if (!packet) return make_error(errc::no_buffers);
    const MutableBytes room = packet.tail();
    room[0] = h4_command;
    packet.commit(1 + encode_command_packet(command, room.subspan(1)).size());
    queue_.push(Command{tag, command.opcode, command.answered_by_status, std::move(packet)});
    send_next(ctx);
    if (!deadline_.is_set()) set_deadline(ctx);
    return {};
}

void Core::send_next(Context ctx) {
    if (awaiting_answer_ || credits_ == 0 || queue_.empty()) return;
    --credits_;
    sent_ = queue_.pop();
    awaiting_answer_ = true;
    ctx.out.push(Send{std::move(sent_.packet)});
    set_deadline(ctx);
}

void Core::receive_other(Context ctx, Bytes bytes) {
    if (failed_) return;
    const auto packet = decode_event_packet(bytes);
    if (!packet) {
        ++statistics_.malformed_events;
        log::warn("hci", "dropped an event of ", bytes.size(), " octets whose length is wrong");
        return;
    }
    const Bytes parameters = packet->parameters.octets;
    switch (packet->code) {
    case EventCode::command_complete: return on_command_complete(ctx, parameters);
    case EventCode::command_status: return on_command_status(ctx, parameters);
    case EventCode::hardware_error:
        return fail(ctx, error_code{static_cast<int>(Status::hardware_failure), hci_category()},
                    "the controller reported a hardware error");
    case EventCode::data_buffer_overflow:
        return fail(ctx, make_error(errc::protocol_error),
                    "the controller reported a data buffer overflow");
    default: break;
    }
    bool known = false;
    bool usable = false;
    Events::with(packet->code, parameters, [&]<class E>(std::type_identity<E>) {
        known = true;
        if (const auto event = decode_event<E>(parameters)) {
            usable = plausible(*event);
        }
    });
    // LE Meta without a subevent code is no event at all.
    if (packet->code == EventCode::le_meta && parameters.empty()) known = true;
    if (known && !usable) return drop(packet->code, parameters);
    ctx.out.push(EventReceived{packet->code, parameters});
}

void Core::on_command_complete(Context ctx, Bytes parameters) {
    const auto event = decode_event<CommandComplete>(parameters);
    if (!event) return drop(EventCode::command_complete, parameters);
    credits_ = event->num_hci_command_packets;
    if (is_awaited(event->command_opcode)) {
        const Bytes answer = event->return_parameters;
        if (answer.empty()) {
            drop(EventCode::command_complete, parameters);
            finish(ctx, Status::unspecified_error, {});
        } else {
            finish(ctx, Status{answer[0]}, answer);
        }
    }
    send_next(ctx);
}

void Core::on_command_status(Context ctx, Bytes parameters) {
    const auto event = decode_event<CommandStatus>(parameters);
    if (!event) return drop(EventCode::command_status, parameters);
    credits_ = event->num_hci_command_packets;
    // Success only announces the Command Complete of a command that has one.
    if (is_awaited(event->command_opcode) &&
        (event->status != Status::success || sent_.answered_by_status))
        finish(ctx, event->status, Bytes{parameters.first(1)});
    send_next(ctx);
}

bool Core::is_awaited(std::uint16_t opcode) {
    if (awaiting_answer_ && opcode == sent_.opcode) return true;
    if (opcode != no_operation) {
        ++statistics_.unexpected_answers;
        log::warn("hci", "ignored an answer to ", command_name(opcode), ", which was not awaited");
    }
    return false;
}

void Core::finish(Context ctx, Status status, Bytes return_parameters) {
    awaiting_answer_ = false;
    ctx.out.push(CommandDone{sent_.tag, sent_.opcode, status, return_parameters});
    set_deadline(ctx);
}

/// The time from which the controller owes something: an answer, or a credit for the next command.
void Core::set_deadline(Context ctx) {
    if (!awaiting_answer_ && queue_.empty()) {
        deadline_.clear();
        return;
    }
    deadline_.set(ctx.now + command_timeout);
    ctx.out.wake_at(deadline_.when());
}

void Core::on_timer(Context ctx) {
    if (!deadline_.is_set()) return;
    if (!deadline_.passed(ctx.now)) {
        ctx.out.wake_at(deadline_.when());
        return;
    }
    fail(ctx, make_error(errc::timed_out),
         awaiting_answer_ ? "the controller did not answer a command"
                          : "the controller no longer takes commands");
}

void Core::restart() {
    queue_.clear();
    awaiting_answer_ = false;
    credits_ = 1;
    deadline_.clear();
    failed_ = false;
}

void Core::drop(EventCode code, Bytes parameters) {
    ++statistics_.malformed_events;
    log::warn("hci", "dropped a malformed ", event_name(code, parameters), " of ",
              parameters.size(), " octets");
}

void Core::fail(Context ctx, error_code error, std::string_view text) {
    log::error("hci", text,
               awaiting_answer_ ? std::string_view{"; outstanding: "} : std::string_view{},
               awaiting_answer_ ? command_name(sent_.opcode) : std::string_view{});
    restart();
    failed_ = true;
    ctx.out.push(ControllerFailed{error, text});
}

}  // namespace bluetooth::hci
