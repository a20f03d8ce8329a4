// SPDX-License-Identifier: MIT
#include "tools/asioble/l2cap_bridge.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <array>
#include <utility>

#include "base/bytes.hpp"

namespace bluetooth::tool {
namespace {

class TcpStream {
public:
    explicit TcpStream(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

    auto& stream() { return socket_; }
    void end_output() {
        error_code ignored;
        socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    }
    /// Octets that were written and that the other end has not taken.
    int untaken() {
        int octets = 0;
        ::ioctl(socket_.native_handle(), SIOCOUTQ, &octets);
        return octets;
    }
    void close() {
        error_code ignored;
        socket_.close(ignored);
    }

private:
    asio::ip::tcp::socket socket_;
};

class StandardStream {
public:
    explicit StandardStream(std::unique_ptr<StandardStreams> streams)
        : streams_(std::move(streams)) {}

    auto& stream() { return *streams_; }
    // Pipes and files keep what was written.
    void end_output() { streams_->close(); }
    int untaken() { return 0; }
    void close() { streams_->close(); }

private:
    std::unique_ptr<StandardStreams> streams_;
};

/// Lives until both directions have ended.
template <class Local> class Bridge : public std::enable_shared_from_this<Bridge<Local>> {
public:
    Bridge(L2capChannel channel, Local local, BridgeOptions options)
        : channel_(std::move(channel)), local_(std::move(local)), options_(std::move(options)) {}

    void start() {
        for (const auto direction : {&Bridge::to_channel, &Bridge::from_channel})
            asio::co_spawn(channel_.get_executor(), (this->*direction)(),
                           [self = this->shared_from_this()](std::exception_ptr) { self->end(); });
    }

private:
    using Buffer = std::array<std::uint8_t, 16'384>;
    /// How long the local side may take nothing of what is left for it.
    static constexpr std::chrono::seconds patience{30};

    asio::awaitable<void> to_channel();
    asio::awaitable<void> from_channel();
    asio::awaitable<void> wait_for_silence();
    asio::awaitable<void> close_local();
    template <class Stream>
    asio::awaitable<void> write(Stream& stream, Bytes octets, error_code& error);
    /// Notes what went wrong, unless it is only the end of a stream, be it closed by this side.
    void note(const std::string& what, const error_code& error);
    void end() {
        if (++ended_directions_ == 2) options_.on_end(fault_);
    }

    L2capChannel channel_;
    Local local_;
    BridgeOptions options_;
    asio::steady_timer timer_{channel_.get_executor()};
    Time last_arrival_{};
    bool delivering_ = false;
    bool local_ended_ = false;  // nothing more can be read from there
    int ended_directions_ = 0;
    std::string fault_;
};

template <class Local> void Bridge<Local>::note(const std::string& what, const error_code& error) {
    const bool is_end = error == asio::error::eof;
    const bool is_ours = error == asio::error::operation_aborted ||
                         error == asio::error::bad_descriptor || error == errc::not_connected ||
                         error == errc::not_active;
    if (!is_end && !is_ours && fault_.empty()) fault_ = what + ": " + error.message();
}

template <class Local>
template <class Stream>
asio::awaitable<void> Bridge<Local>::write(Stream& stream, Bytes octets, error_code& error) {
    while (!octets.empty() && !error) {
        const std::size_t written =
            co_await stream.async_write_some(asio::buffer(octets.data(), octets.size()),
                                             asio::redirect_error(asio::use_awaitable, error));
        octets = octets.subspan(written);
    }
}

template <class Local> asio::awaitable<void> Bridge<Local>::to_channel() {
    const auto buffer = std::make_unique<Buffer>();
    error_code error;
    for (;;) {
        const std::size_t size = co_await local_.stream().async_read_some(
            asio::buffer(*buffer), asio::redirect_error(asio::use_awaitable, error));
        if (error) break;
        error_code ended;
        co_await write(channel_, Bytes{*buffer}.first(size), ended);
        // Reads on all the same, for `close_local`.
        if (ended) note("the channel ended before all was sent", ended);
    }
    local_ended_ = true;
    note("the local side", error);
    if (error == asio::error::eof) co_await wait_for_silence();
    channel_.close();
    timer_.cancel();  // of `close_local`
}

template <class Local> asio::awaitable<void> Bridge<Local>::wait_for_silence() {
    last_arrival_ = Clock::now();
    while (channel_.is_open() && (delivering_ || Clock::now() < last_arrival_ + options_.linger)) {
        timer_.expires_at(delivering_ ? never : last_arrival_ + options_.linger);
        error_code cancelled;
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    }
}

template <class Local> asio::awaitable<void> Bridge<Local>::from_channel() {
    const auto buffer = std::make_unique<Buffer>();
    error_code error;
    while (!error) {
        const std::size_t size = co_await channel_.async_read_some(
            asio::buffer(*buffer), asio::redirect_error(asio::use_awaitable, error));
        if (error) {
            note("the channel", error);
            break;
        }
        delivering_ = true;
        co_await write(local_.stream(), Bytes{*buffer}.first(size), error);
        delivering_ = false;
        last_arrival_ = Clock::now();
        timer_.cancel();  // has waited for this
        if (error) note("the local side", error);
    }
    channel_.close();
    timer_.cancel();  // of `wait_for_silence`
    co_await close_local();
}

/// Closing a TCP connection with octets unread, or before more come, would make the kernel reset it
/// and throw away what was written to it. So the other end is let finish: `to_channel` reads on.
template <class Local> asio::awaitable<void> Bridge<Local>::close_local() {
    local_.end_output();
    for (int before = local_.untaken(); !local_ended_;) {
        timer_.expires_after(patience);
        error_code cancelled;
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
        const int left = local_.untaken();
        if (local_ended_ || left == 0) break;
        if (left >= before) {
            note("the local side has not taken all", asio::error::timed_out);
            break;
        }
        before = left;
    }
    local_.close();
}

}  // namespace

void start_bridge(L2capChannel channel, asio::ip::tcp::socket socket, BridgeOptions options) {
    std::make_shared<Bridge<TcpStream>>(std::move(channel), TcpStream{std::move(socket)},
                                        std::move(options))
        ->start();
}

void start_bridge(L2capChannel channel, std::unique_ptr<StandardStreams> streams,
                  BridgeOptions options) {
    std::make_shared<Bridge<StandardStream>>(std::move(channel), StandardStream{std::move(streams)},
                                             std::move(options))
        ->start();
}

}  // namespace bluetooth::tool
