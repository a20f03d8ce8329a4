// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/buffer.hpp"
#include "base/deadline.hpp"
#include "base/ring.hpp"
#include "hci/actions.hpp"
#include "hci/command.hpp"
#include "hci/event.hpp"

namespace bluetooth::hci {

/// The host's end of the command and event channel of one controller: a bounded queue of commands,
/// sent in order as the controller's credits allow, each answered before its deadline; and events,
/// checked before anybody else sees them (Vol 4 Part E 4.4, 7.7).
///
/// Commands are sent one at a time. That keeps their effects in order whatever the controller does
/// in parallel, and an answer can be mistaken for no other command's.
class Core {
public:
    /// How long the controller may take to answer, and to grant a credit while a command waits.
    /// The specification gives no limit but that of controllers in use: answers come at once.
    static constexpr Duration command_timeout = std::chrono::seconds{2};

    struct Statistics {
        std::uint64_t malformed_events = 0;    ///< dropped
        std::uint64_t unexpected_answers = 0;  ///< to commands not sent, or answered before
    };

    explicit Core(std::size_t queue_capacity = 32) : queue_(queue_capacity) {}

    /// Queues a command; its answer will come as `CommandDone` with `tag`. Fails with `no_buffers`
    /// when the queue or the pool is exhausted, `connection_lost` after `ControllerFailed`.
    error_code submit(Context ctx, const EncodedCommand& command, Tag tag);
    template <class C> error_code submit(Context ctx, const C& command, Tag tag) {
        return submit(ctx, encode_command(command), tag);
    }

    /// Takes an event packet, without H4's indicator.
    void receive(Context ctx, Bytes packet) {
        // The two events that come in masses take the short way; their readers check them.
        if (!failed_ && packet.size() > event_header_size &&
            packet.size() - event_header_size == packet[1] && comes_in_masses(packet))
            ctx.out.push(
                EventReceived{EventCode{packet[0]}, Bytes{packet.subspan(event_header_size)}});
        else
            receive_other(ctx, packet);
    }

    void on_timer(Context ctx);

    /// Forgets queue, credits and failure, before the controller is reset (Vol 4 Part E 7.3.2).
    void restart();

    bool failed() const { return failed_; }
    const Statistics& statistics() const { return statistics_; }

private:
    struct Command {
        Tag tag{};
        std::uint16_t opcode = no_operation;
        bool answered_by_status = false;
        Buffer packet;
    };

    static bool comes_in_masses(Bytes packet) {
        const EventCode code{packet[0]};
        return code == EventCode::number_of_completed_packets ||
               (code == EventCode::le_meta &&
                LeSubevent{packet[2]} == LeSubevent::advertising_report);
    }
    void receive_other(Context ctx, Bytes packet);
    void on_command_complete(Context ctx, Bytes parameters);
    void on_command_status(Context ctx, Bytes parameters);
    bool is_awaited(std::uint16_t opcode);
    void finish(Context ctx, Status status, Bytes return_parameters);
    void send_next(Context ctx);
    void set_deadline(Context ctx);
    void drop(EventCode code, Bytes parameters);
    void fail(Context ctx, error_code error, std::string_view text);

    Ring<Command> queue_;
    Command sent_;
    bool awaiting_answer_ = false;
    /// Num_HCI_Command_Packets; 1 after a reset (Vol 4 Part E 4.4).
    std::uint8_t credits_ = 1;
    Deadline deadline_;
    bool failed_ = false;
    Statistics statistics_;
};

}  // namespace bluetooth::hci
