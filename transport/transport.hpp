// SPDX-License-Identifier: MIT
//
// The interface between a host (or a served controller) and whatever carries its HCI packets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/buffer.hpp"
#include "base/bytes.hpp"
#include "base/error.hpp"

namespace bluetooth::transport {

/// The HCI packet indicators of the UART transport, used by all transports (Vol 4 Part A 2).
enum class PacketType : std::uint8_t { command = 1, acl = 2, synchronous = 3, event = 4, iso = 5 };

/// An outgoing HCI packet: `header` (of which `header_size` octets count, possibly none) followed
/// by `payload` (possibly null) are together one H4 packet that begins with its indicator. The
/// inline header serves the ACL fragments of one PDU, which share the PDU's buffer.
struct Packet {
    std::array<std::uint8_t, 12> header{};
    std::uint8_t header_size = 0;
    Buffer payload;

    Bytes header_bytes() const { return {header.data(), header_size}; }
    std::size_t size() const { return header_size + payload.size(); }
};

/// Who is told what arrives. Called on the transport's executor, never from inside a call to the
/// transport, never after `close`. Each function may call anything of the transport, even destroy
/// it. None may throw.
class Receiver {
public:
    /// One whole packet, without its indicator. The view stays valid until the `on_batch_end` that
    /// follows has returned, and if reading is paused by then, until `resume_reading`.
    virtual void on_packet(PacketType type, Bytes packet) = 0;
    /// All whole packets of one read, or those before a pause, have been handed over: the moment
    /// to `flush` what they caused.
    virtual void on_batch_end() = 0;
    /// An octet that is no packet indicator stood where a packet should begin. `offending` starts
    /// with it. All that arrives is discarded until `resynchronise`. (Vol 4 Part A 4)
    virtual void on_sync_lost(Bytes offending) = 0;
    /// The other side is gone; the transport has closed itself. `message` says what happened, for a
    /// person. The last call.
    virtual void on_lost(error_code error, std::string_view message) = 0;
    /// The queue had to wait for the other side and is now empty again: whoever was refused by
    /// `send` may go on.
    virtual void on_writable() {}

protected:
    ~Receiver() = default;
};

/// What passed through a transport since it was opened.
struct Statistics {
    std::uint64_t packets_received = 0;
    std::uint64_t octets_received = 0;
    std::uint64_t read_calls = 0;  ///< reads that brought octets
    std::uint64_t packets_sent = 0;
    std::uint64_t octets_sent = 0;
    std::uint64_t write_calls = 0;
    std::uint64_t sends_refused = 0;      ///< packets that found the queue full
    std::uint64_t oversized_packets = 0;  ///< received, longer than allowed, dropped
    std::uint64_t sync_losses = 0;
    std::uint64_t octets_discarded = 0;  ///< while out of sync
};

/// A way to a controller (or, in a served controller, to its host). Made by `async_open`, belongs
/// to one executor. Destroying it closes it; like every Asio object it must be destroyed before
/// its execution context.
class Transport {
public:
    Transport() = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;
    virtual ~Transport() = default;

    /// Begins to read. `receiver` must live until `close` or the destruction. Called once.
    virtual void start(Receiver& receiver) = 0;

    /// Queues one packet; does no I/O. False when the queue is full or the transport is closed:
    /// `packet` is untouched then.
    [[nodiscard]] virtual bool send(Packet&& packet) = 0;
    /// Sends all that is queued, in one system call where the transport has such. Never blocks and
    /// never calls back: what does not fit now leaves by itself later, in order; a failure arrives
    /// as `on_lost`.
    virtual void flush() = 0;

    /// Stops handing over packets, at once, even within a batch. Up to one buffer may still be read
    /// ahead; then the other side is held back. A loss of the other side is noticed when reading is
    /// resumed, or by a write.
    virtual void pause_reading() = 0;
    virtual void resume_reading() = 0;

    /// To be called with the HCI_Reset that answers `on_sync_lost`: discards all that was received
    /// so far and what still arrives until the HCI_Command_Complete event of HCI_Reset, which is
    /// then handed over. No boundary is guessed inside user data. (Vol 4 Part A 4)
    virtual void resynchronise() = 0;

    /// Closes at once, without a callback. What is queued is dropped: `flush` first.
    virtual void close() = 0;

    /// The name it was opened by, made precise where the system chose a part, e.g. a pty's path.
    virtual std::string_view name() const = 0;
    virtual Statistics statistics() const = 0;
};

}  // namespace bluetooth::transport
