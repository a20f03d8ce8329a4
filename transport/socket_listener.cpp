// SPDX-License-Identifier: MIT
//
// The server's end of unix and TCP sockets.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>

#include "base/log.hpp"
#include "transport/h4_listener.hpp"
#include "transport/h4_stream.hpp"
#include "transport/sockets.hpp"

namespace bluetooth::transport {
namespace {

// As many as the system allows: a host that comes and goes without end must not fill the queue.
constexpr int backlog = SOMAXCONN;
// How many are taken on before others have their turn. Those that are gone already cost little.
constexpr int connections_in_turn = 16;
// How long to leave the queue of connections alone when the process is out of descriptors.
constexpr std::chrono::milliseconds recovery_time{500};

/// Which file a path names now, so that only our own is removed at the end.
struct FileIdentity {
    dev_t device = 0;
    ino_t inode = 0;
    friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};
FileIdentity identity_of(const std::string& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return {};
    return {status.st_dev, status.st_ino};
}

// 0 when the path is free to bind to, after removing what a dead program left.
int make_way(const sockaddr_un& address) {
    struct stat status {};
    if (::lstat(address.sun_path, &status) != 0) return errno == ENOENT ? 0 : errno;
    if (!S_ISSOCK(status.st_mode)) return EEXIST;
    const FileDescriptor probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!probe) return errno;
    if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        return EADDRINUSE;
    // Only a refusal proves that nobody listens.
    if (errno != ECONNREFUSED) return errno == EAGAIN ? EADDRINUSE : errno;
    return ::unlink(address.sun_path) == 0 ? 0 : errno;
}

std::string_view remedy_for(int number) {
    switch (number) {
    case EADDRINUSE: return "another program serves it: stop that one, or choose another name";
    case EEXIST: return "it is a file and no socket: remove it, or choose another name";
    case ENOENT: return "the folder does not exist";
    case EACCES: return "choose a folder you may write, or a port above 1023";
    case EADDRNOTAVAIL: return "this machine does not have that address";
    default: return {};
    }
}

/// Whether the other side has closed it altogether: nobody will hear what is said to it.
bool has_hung_up(const FileDescriptor& connection) {
    pollfd state{connection.get(), 0, 0};
    return ::poll(&state, 1, 0) == 1 && (state.revents & POLLHUP) != 0;
}

struct Bound {
    FileDescriptor socket;
    std::string client_name;
    std::string path;  ///< of the socket file, if any
};

Attempt<Bound> bind_unix(const std::string& name, std::string_view path) {
    const Attempt<sockaddr_un> address = unix_address(name, path);
    if (!address) return address.error();
    if (const int error = make_way(*address)) return system_failure(name, error, remedy_for(error));
    FileDescriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    // Linux takes the file's mode from the socket, so there is no moment at which others may open
    // it.
    if (!socket || ::fchmod(socket.get(), S_IRUSR | S_IWUSR) != 0 ||
        ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0)
        return system_failure(name, errno, remedy_for(errno));
    return Bound{std::move(socket), name, std::string{path}};
}

Attempt<Bound> bind_tcp(const std::string& name, std::string_view text, bool allow_remote) {
    Attempt<asio::ip::tcp::endpoint> endpoint = tcp_endpoint(name, text);
    if (!endpoint) return endpoint.error();
    if (!allow_remote && !endpoint->address().is_loopback())
        return Failure{
            make_error(errc::not_permitted),
            name +
                ": HCI knows no passwords, so whoever reaches that address would drive a "
                "controller of yours: only loopback addresses are served, e.g. "
                "127.0.0.1, which ssh -L reaches from elsewhere"};
    FileDescriptor socket{::socket(endpoint->protocol().family(),
                                   SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP)};
    const int on = 1;
    socklen_t size = static_cast<socklen_t>(endpoint->capacity());
    // A port whose last connections the system still remembers can be served again.
    if (!socket || ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        ::bind(socket.get(), endpoint->data(), static_cast<socklen_t>(endpoint->size())) != 0 ||
        ::getsockname(socket.get(), endpoint->data(), &size) != 0)
        return system_failure(name, errno, remedy_for(errno));
    const std::string host = endpoint->address().to_string();
    return Bound{std::move(socket),
                 "tcp-client:" + (endpoint->address().is_v6() ? '[' + host + ']' : host) + ':' +
                     std::to_string(endpoint->port()),
                 {}};
}

class SocketListener final : public H4Listener,
                             public std::enable_shared_from_this<SocketListener> {
public:
    SocketListener(const asio::any_io_executor& executor, Bound&& bound)
        : descriptor_(executor),
          recovery_(executor),
          client_name_(std::move(bound.client_name)),
          path_(std::move(bound.path)),
          file_(identity_of(path_)) {}

    error_code listen(FileDescriptor socket) {
        if (::listen(socket.get(), backlog) != 0) return system_error_code(errno);
        error_code error;
        descriptor_.assign(socket.get(), error);
        if (!error) (void)socket.release();
        return error;
    }

    void start(H4Server::ConnectionHandler on_connection) override {
        on_connection_ = std::make_shared<H4Server::ConnectionHandler>(std::move(on_connection));
        wait();
    }

    void close() override {
        on_connection_.reset();
        error_code ignored;
        descriptor_.close(ignored);
        recovery_.cancel();
        if (!path_.empty() && identity_of(path_) == file_) ::unlink(path_.c_str());
        path_.clear();
    }

    std::string_view client_name() const override { return client_name_; }

private:
    void wait() {
        descriptor_.async_wait(asio::posix::descriptor_base::wait_read,
                               [self = shared_from_this()](const error_code& error) {
                                   if (!error && self->on_connection_) self->accept_waiting();
                               });
    }

    void accept_waiting() {
        const std::uint64_t last = connections_ + connections_in_turn;
        for (int i = 0; i < backlog && connections_ < last; ++i)
            if (!accept()) return;
        wait();
    }

    /// False where there is none, or none can be taken; then it is arranged for what comes.
    bool accept() {
        FileDescriptor connection{
            ::accept4(descriptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
        if (connection) {
            if (has_hung_up(connection)) return true;
            hand_over(std::move(connection));
            return on_connection_ != nullptr;
        }
        const int error = errno;
        if (error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS) {
            log::warn("transport", client_name_, ": cannot accept: ", system_error_code(error));
            wait_for_recovery();
            return false;
        }
        if (error != EAGAIN && error != EWOULDBLOCK) return true;  // of a connection that is gone
        wait();
        return false;
    }

    void hand_over(FileDescriptor connection) {
        // Without effect, and without harm, on a unix socket.
        const int on = 1;
        (void)::setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        H4StreamOptions options;
        options.name = client_name_ + '#' + std::to_string(++connections_);
        options.direction = H4Framer::Direction::to_controller;
        auto transport =
            make_h4_stream(descriptor_.get_executor(), std::move(connection), std::move(options));
        if (!transport) return log::warn("transport", transport.error().message);
        const auto handler = on_connection_;  // outlives a close inside it
        (*handler)(std::move(*transport));
    }

    void wait_for_recovery() {
        recovery_.expires_after(recovery_time);
        recovery_.async_wait([self = shared_from_this()](const error_code& error) {
            if (!error && self->on_connection_) self->wait();
        });
    }

    asio::posix::stream_descriptor descriptor_;
    asio::steady_timer recovery_;
    std::string client_name_;
    std::string path_;
    FileIdentity file_;
    std::shared_ptr<H4Server::ConnectionHandler> on_connection_;
    std::uint64_t connections_ = 0;
};

Listening listen(const asio::any_io_executor& executor, const std::string& name,
                 Attempt<Bound> bound) {
    if (!bound) return bound.error();
    FileDescriptor socket = std::move(bound->socket);
    auto listener = std::make_shared<SocketListener>(executor, std::move(*bound));
    if (const error_code error = listener->listen(std::move(socket))) {
        listener->close();
        return Failure{error, name + ": " + error.message()};
    }
    return listener;
}

}  // namespace

Listening listen_unix(const asio::any_io_executor& executor, const std::string& name,
                      std::string_view path) {
    return listen(executor, name, bind_unix(name, path));
}

Listening listen_tcp(const asio::any_io_executor& executor, const std::string& name,
                     std::string_view address, const H4ServerOptions& options) {
    return listen(executor, name, bind_tcp(name, address, options.allow_remote));
}

}  // namespace bluetooth::transport
