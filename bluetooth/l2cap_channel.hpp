// SPDX-License-Identifier: MIT
//
// An L2CAP credit-based channel as an Asio stream: composed operations such as `asio::async_read`
// and `async_write`, coroutines, and streams that are layered upon others, such as
// `asio::buffered_read_stream`, work over it.
//
//     ble.irq([&](const bluetooth::Event& event) {
//         if (const auto* opened = std::get_if<bluetooth::L2capConnect>(&event))
//             serve(bluetooth::L2capChannel{ble, opened->conn_handle, opened->cid});
//     });
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "bluetooth/error.hpp"
#include "bluetooth/events.hpp"
#include "transport/asio.hpp"

namespace bluetooth {

class BLE;

/// One end of an open channel, as a stream of octets or a sequence of whole SDUs.
///
/// * It takes the channel over: `L2capRecv` and `L2capSendReady` no longer come to the handler of
///   `BLE::irq`; its end is learned of here first, then `L2capDisconnect` goes there as before.
/// * As with a socket, one read (`async_read_some`, `async_receive`) and one write
///   (`async_write_some`, `async_send`) may be pending at once; a second one of its kind ends with
///   `errc::already_in_progress`. Buffers belong to the caller and live until the operation ends.
/// * Tokens have the signature `void(error_code, std::size_t)`, the octets that were moved.
///   Completion handlers run on their associated executor, never inside the call that started the
///   operation, nor inside the handler of `BLE::irq`; their memory is that of their associated
///   allocator.
/// * Operations can be cancelled one by one through their cancellation slot. All types of
///   cancellation mean the same, but for a write whose SDU was taken, which cannot be undone: it
///   ignores one that is only `total`, and ends by `terminal` and `partial` with its count.
/// * A peer that closes in order ends reading with `asio::error::eof`, behind all that it has
///   sent, and writing with `asio::error::broken_pipe`. A channel that ends otherwise gives the
///   cause to both: `errc::connection_lost` with its link, `errc::not_active` after
///   `BLE::active(false)`. Closed on this side or moved from, it gives `errc::not_connected`.
/// * The `BLE` may end before this object, as if by `active(false)`; the executor's context not.
class L2capChannel {
public:
    using executor_type = asio::any_io_executor;
    using lowest_layer_type = L2capChannel;

    /// Takes over a channel of `ble`, best in the handler of its `L2capConnect`. Errors:
    /// `errc::not_connected` and `errc::invalid_argument`, when there is no such link or channel;
    /// `errc::already_in_progress`, when it was taken over before.
    L2capChannel(BLE& ble, ConnectionHandle conn_handle, ChannelId cid);
    /// After an error this is a closed channel.
    L2capChannel(BLE& ble, ConnectionHandle conn_handle, ChannelId cid, error_code& error);
    /// Pending operations go on, and belong to the new object. `other` is closed.
    L2capChannel(L2capChannel&& other) noexcept;
    L2capChannel& operator=(L2capChannel&& other) noexcept;
    /// As `close`; operations whose handlers have not run yet all end with
    /// `asio::error::operation_aborted`, so that none of them comes back to this object.
    ~L2capChannel();

    /// That of the `BLE`.
    executor_type get_executor() const { return executor_; }
    /// For streams upon this one: there is no layer below.
    lowest_layer_type& lowest_layer() { return *this; }
    const lowest_layer_type& lowest_layer() const { return *this; }
    /// Whether neither side has closed it. What came before the peer's end can still be read.
    bool is_open() const;
    ConnectionHandle connection() const { return connection_; }
    ChannelId id() const { return id_; }

    /// Reads what there is, waiting for the first octet; the bounds of SDUs do not show. Fills the
    /// first buffer that is not empty, which `asio::async_read` makes up for.
    template <class MutableBufferSequence,
              asio::completion_token_for<void(error_code, std::size_t)> CompletionToken>
    auto async_read_some(const MutableBufferSequence& buffers, CompletionToken&& token) {
        return asio::async_initiate<CompletionToken, Signature>(
            [this, buffers](auto handler) {
                const auto parts = first_parts<asio::mutable_buffer, 1>(buffers);
                start_read_some(parts.buffers[0], erase(std::move(handler)));
            },
            token);
    }

    /// Sends the beginning of `buffers` as one SDU, up to the peer's MTU (or twice ours, see
    /// `BLE::l2cap_send`). Ends when the channel may be written again, that is, when the peer's
    /// credits have covered the SDU: closing does not lose it then. One that is cancelled tells by
    /// its count whether the SDU had been taken; it is sent in that case.
    template <class ConstBufferSequence,
              asio::completion_token_for<void(error_code, std::size_t)> CompletionToken>
    auto async_write_some(const ConstBufferSequence& buffers, CompletionToken&& token) {
        return asio::async_initiate<CompletionToken, Signature>(
            [this, buffers](auto handler) {
                const auto parts = first_parts<asio::const_buffer, max_parts>(buffers);
                start_write_some(std::span{parts.buffers}.first(parts.count),
                                 erase(std::move(handler)));
            },
            token);
    }

    /// Sends one SDU, which may be empty; ends as `async_write_some`. Also
    /// `asio::error::message_size`: it is longer than that could send, and nothing was.
    template <asio::completion_token_for<void(error_code, std::size_t)> CompletionToken>
    auto async_send(asio::const_buffer sdu, CompletionToken&& token) {
        return asio::async_initiate<CompletionToken, Signature>(
            [this, sdu](auto handler) { start_send(sdu, erase(std::move(handler))); }, token);
    }

    /// Waits for one SDU, which may be empty, or takes the rest of one that was read in part. Also
    /// `asio::error::message_size`: it was longer than `buffer`, which was filled; the rest is
    /// dropped, as with a datagram. No SDU is longer than `L2capConnect::our_mtu`.
    template <asio::completion_token_for<void(error_code, std::size_t)> CompletionToken>
    auto async_receive(asio::mutable_buffer buffer, CompletionToken&& token) {
        return asio::async_initiate<CompletionToken, Signature>(
            [this, buffer](auto handler) { start_receive(buffer, erase(std::move(handler))); },
            token);
    }

    /// Pending operations end with `asio::error::operation_aborted`.
    void cancel();
    /// Closes the channel (`BLE::l2cap_disconnect`), as `cancel` first; what was not read is
    /// dropped. Harmless when it is closed.
    void close();

private:
    class Core;
    using Signature = void(error_code, std::size_t);
    using Handler = asio::any_completion_handler<Signature>;

    /// Calls a handler on its associated executor, or where it is when it has none. An
    /// `any_completion_handler` could tell its executor too, but allocates for that.
    template <class H> class OnItsExecutor {
    public:
        using allocator_type = asio::associated_allocator_t<H, asio::recycling_allocator<void>>;
        using cancellation_slot_type = asio::associated_cancellation_slot_t<H>;

        explicit OnItsExecutor(H handler)
            : handler_(std::move(handler)), work_(asio::get_associated_executor(handler_)) {}

        allocator_type get_allocator() const noexcept {
            return asio::get_associated_allocator(handler_, asio::recycling_allocator<void>{});
        }
        cancellation_slot_type get_cancellation_slot() const noexcept {
            return asio::get_associated_cancellation_slot(handler_);
        }
        void operator()(const error_code& error, std::size_t count) {
            if constexpr (std::same_as<asio::associated_executor_t<H>, asio::system_executor>)
                std::move(handler_)(error, count);  // it has none
            else
                asio::dispatch(asio::append(std::move(handler_), error, count));
        }

    private:
        H handler_;
        asio::executor_work_guard<asio::associated_executor_t<H>> work_;
    };
    template <class H> static Handler erase(H handler) {
        return OnItsExecutor<H>{std::move(handler)};
    }

    /// How many buffers are joined into one SDU at most; further ones wait for the next.
    static constexpr std::size_t max_parts = 16;

    template <class Buffer, std::size_t Capacity> struct Parts {
        std::array<Buffer, Capacity> buffers{};
        std::size_t count = 0;
    };
    /// The first buffers of a sequence that are not empty.
    template <class Buffer, std::size_t Capacity, class Sequence>
    static Parts<Buffer, Capacity> first_parts(const Sequence& sequence) {
        Parts<Buffer, Capacity> parts;
        const auto end = asio::buffer_sequence_end(sequence);
        for (auto i = asio::buffer_sequence_begin(sequence); i != end; ++i) {
            const Buffer buffer(*i);
            if (buffer.size() > 0) parts.buffers[parts.count++] = buffer;
            if (parts.count == Capacity) break;
        }
        return parts;
    }

    void take_over(BLE& ble, error_code& error);
    void start_read_some(asio::mutable_buffer buffer, Handler handler);
    void start_receive(asio::mutable_buffer buffer, Handler handler);
    void start_write_some(std::span<const asio::const_buffer> parts, Handler handler);
    void start_send(asio::const_buffer sdu, Handler handler);
    void abandon();

    executor_type executor_;
    ConnectionHandle connection_;
    ChannelId id_;
    std::shared_ptr<Core> core_;  // shared with completions on their way; none when moved from
};

}  // namespace bluetooth
