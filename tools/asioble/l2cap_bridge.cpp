// SPDX-License-Identifier: MIT
#include "tools/asioble/l2cap_bridge.hpp"

#include <array>
#include <utility>

#include "base/bytes.hpp"

namespace bluetooth::tool {
namespace {

class TcpStream {
public:
    explicit TcpStream(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

    auto& stream() { return socket_; }
    void close() {
        error_code ignored;
        socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
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

    asio::awaitable<void> to_channel();
    asio::awaitable<void> from_channel();
    asio::awaitable<void> wait_for_silence();
    template <class Stream>
    asio::awaitable<void> write(Stream& stream, Bytes octets, error_code& error);
    /// Notes what went wrong, unless it is only the end of a stream.
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
    int ended_directions_ = 0;
    std::string fault_;
};

template <class Local> void Bridge<Local>::note(const std::string& what, const error_code& error) {
    // Cancelled, or not connected any more: this side has closed it.
    if (error == asio::error::eof || error == asio::error::operation_aborted ||
        error == errc::not_connected || !fault_.empty())
        return;
    fault_ = what + ": " + error.message();
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
        co_await write(channel_, Bytes{*buffer}.first(size), error);
        if (error) {
            note("the channel ended before all was sent", error);
            co_return;
        }
    }
    note("the local side", error);
    if (error == asio::error::eof) co_await wait_for_silence();
    channel_.close();
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
    local_.close();
    timer_.cancel();
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
