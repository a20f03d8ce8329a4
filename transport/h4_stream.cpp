// SPDX-License-Identifier: MIT
#include "transport/h4_stream.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "transport/h4_session.hpp"
#include "transport/handler_slot.hpp"

namespace bluetooth::transport {
namespace {

// Two per packet, and below the system's limit IOV_MAX (1024).
constexpr std::size_t max_pieces = 256;

/// What lives as long as an operation is pending, hence longer than its transport when that is
/// destroyed, perhaps inside a callback. A callback may close the stream, so `closed_` is looked at
/// after each.
class Stream final : public H4Session, public std::enable_shared_from_this<Stream> {
public:
    Stream(const asio::any_io_executor& executor, H4StreamOptions&& options)
        : H4Session(options.direction, options.max_payload, options.queue_capacity,
                    std::move(options.name)),
          descriptor_(executor),
          resource_(std::move(options.resource)) {}

    error_code assign(FileDescriptor descriptor) {
        struct stat status {};
        if (::fstat(descriptor.get(), &status) != 0) return system_error_code(errno);
        is_socket_ = S_ISSOCK(status.st_mode);
        error_code error;
        descriptor_.assign(descriptor.get(), error);
        if (error) return error;
        (void)descriptor.release();
        descriptor_.native_non_blocking(true, error);
        return error;
    }

    void start(Receiver& receiver) {
        if (closed_) return;
        receiver_ = &receiver;
        wait_until_readable();
    }

    void flush() {
        while (!write_pending_ && !closed_ && !queue_.empty()) write();
    }

    void pause_reading() { paused_ = true; }
    void resume_reading() {
        paused_ = false;
        if (receiver_ != nullptr && !read_pending_ && !delivering_) go_on_reading();
    }

    void close() {
        closed_ = true;
        receiver_ = nullptr;
        queue_.clear();
        error_code ignored;
        descriptor_.close(ignored);
        resource_.reset();
    }

private:
    /// A member function as a completion handler that keeps the stream alive, in the stream's own
    /// memory.
    template <auto Function, HandlerSlot Stream::*Slot> struct Handler {
        using allocator_type = SlotAllocator<void>;
        std::shared_ptr<Stream> stream;

        allocator_type get_allocator() const { return allocator_type{(*stream).*Slot}; }
        template <class... Results> void operator()(Results&&... results) const {
            ((*stream).*Function)(std::forward<Results>(results)...);
        }
    };

    // --- reading

    // A read that does not fill the framer's space has emptied the system's buffer, so that there
    // would be nothing in trying again at once, as async_read_some does.
    void wait_until_readable() {
        read_pending_ = true;
        descriptor_.async_wait(
            asio::posix::descriptor_base::wait_read,
            Handler<&Stream::on_readable, &Stream::read_slot_>{shared_from_this()});
    }

    void on_readable(const error_code& error) {
        read_pending_ = false;
        if (closed_ || paused_) return;
        if (error) return lose(error);
        const MutableBytes space = framer_.space();
        const ssize_t count = ::read(descriptor_.native_handle(), space.data(), space.size());
        if (count == 0) return lose(asio::error::eof);
        if (count < 0) {
            if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)
                return wait_until_readable();
            return lose(system_error_code(errno));
        }
        ++statistics_.read_calls;
        statistics_.octets_received += static_cast<std::size_t>(count);
        framer_.commit(static_cast<std::size_t>(count));
        deliver();
    }

    void deliver() {
        delivering_ = true;
        hand_over();
        delivering_ = false;
        if (!paused_ && !closed_) go_on_reading();
    }

    void go_on_reading() {
        if (drained_) return wait_until_readable();
        // Packets wait that had been read before the pause.
        read_pending_ = true;
        post_in_slot(descriptor_.get_executor(),
                     Handler<&Stream::on_resumed, &Stream::read_slot_>{shared_from_this()});
    }
    void on_resumed() {
        read_pending_ = false;
        if (!closed_) deliver();
    }

    // --- writing

    void write() {
        std::array<iovec, max_pieces> pieces;
        const Gathered gathered = gather(pieces);
        const ssize_t written = write_pieces(pieces.data(), gathered.pieces);
        ++statistics_.write_calls;
        if (written < 0) {
            if (errno == EINTR) return;
            if (errno == EAGAIN || errno == EWOULDBLOCK) return wait_until_writable();
            return lose_later(system_error_code(errno));
        }
        remove(static_cast<std::size_t>(written));
        // The system's buffer is full: to try again at once would only say so.
        if (static_cast<std::size_t>(written) < gathered.octets) wait_until_writable();
    }

    struct Gathered {
        std::size_t pieces = 0;
        std::size_t octets = 0;
    };
    // What of the queue has not been sent, as pieces; ends with a whole packet.
    Gathered gather(std::array<iovec, max_pieces>& pieces) {
        Gathered gathered;
        std::size_t skip = sent_of_front_;
        const auto add = [&](Bytes octets) {
            if (skip >= octets.size()) {
                skip -= octets.size();
                return;
            }
            const Bytes rest = octets.subspan(skip);
            skip = 0;
            // writev and sendmsg only read what this points at.
            pieces[gathered.pieces++] = {const_cast<std::uint8_t*>(rest.data()), rest.size()};
            gathered.octets += rest.size();
        };
        for (std::size_t i = 0; i < queue_.size() && gathered.pieces + 2 <= max_pieces; ++i) {
            add(queue_[i].header_bytes());
            add(queue_[i].payload.bytes());
        }
        return gathered;
    }

    ssize_t write_pieces(iovec* pieces, std::size_t count) {
        const int descriptor = descriptor_.native_handle();
        if (!is_socket_) return ::writev(descriptor, pieces, static_cast<int>(count));
        // Unlike writev, this does not end the process by SIGPIPE when the peer has closed.
        msghdr message{};
        message.msg_iov = pieces;
        message.msg_iovlen = count;
        return ::sendmsg(descriptor, &message, MSG_NOSIGNAL);
    }

    void remove(std::size_t written) {
        statistics_.octets_sent += written;
        sent_of_front_ += written;
        while (!queue_.empty() && sent_of_front_ >= queue_.front().size()) {
            sent_of_front_ -= queue_.front().size();
            queue_.drop();
            ++statistics_.packets_sent;
        }
    }

    void wait_until_writable() {
        write_pending_ = true;
        descriptor_.async_wait(
            asio::posix::descriptor_base::wait_write,
            Handler<&Stream::on_writable, &Stream::write_slot_>{shared_from_this()});
    }
    void on_writable(const error_code& error) {
        write_pending_ = false;
        if (closed_) return;
        if (error) return lose(error);
        flush();
        if (queue_.empty() && receiver_ != nullptr) receiver_->on_writable();
    }

    // --- the end

    // `flush` is called by the receiver, which must not be called back from there.
    void lose_later(error_code error) {
        write_pending_ = true;
        write_error_ = error;
        post_in_slot(descriptor_.get_executor(),
                     Handler<&Stream::on_write_failed, &Stream::write_slot_>{shared_from_this()});
    }
    void on_write_failed() {
        write_pending_ = false;
        if (!closed_) lose(write_error_);
    }

    void lose(const error_code& error) {
        Receiver* const receiver = receiver_;
        close();
        if (receiver == nullptr) return;
        const bool gone = error == asio::error::eof || error == asio::error::connection_reset ||
                          error == asio::error::broken_pipe || error.value() == EIO ||
                          error.value() == ENXIO || error.value() == ENODEV;
        if (!gone) return receiver->on_lost(error, name_ + ": " + error.message());
        receiver->on_lost(make_error(errc::connection_lost),
                          name_ + (is_socket_ ? ": the other side has closed the connection"
                                              : ": the device is gone; was it unplugged?"));
    }

    asio::posix::stream_descriptor descriptor_;
    std::size_t sent_of_front_ = 0;  ///< octets of the oldest queued packet that have left
    bool is_socket_ = false;
    bool delivering_ = false;
    bool read_pending_ = false;
    bool write_pending_ = false;
    error_code write_error_;
    std::shared_ptr<void> resource_;
    HandlerSlot read_slot_;
    HandlerSlot write_slot_;
};

}  // namespace

Attempt<std::unique_ptr<Transport>> make_h4_stream(const asio::any_io_executor& executor,
                                                   FileDescriptor descriptor,
                                                   H4StreamOptions options) {
    auto stream = std::make_shared<Stream>(executor, std::move(options));
    if (const error_code error = stream->assign(std::move(descriptor)))
        return Failure{error, std::string{stream->name()} + ": " + error.message()};
    return std::unique_ptr<Transport>{
        std::make_unique<SessionTransport<Stream>>(std::move(stream))};
}

}  // namespace bluetooth::transport
