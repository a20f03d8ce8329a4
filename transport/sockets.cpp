// SPDX-License-Identifier: MIT
#include "transport/sockets.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "transport/h4_stream.hpp"
#include "transport/schemes.hpp"

namespace bluetooth::transport {
namespace {

constexpr std::chrono::seconds connect_time_limit{10};

std::string_view remedy_for(int number) {
    switch (number) {
    case ENOENT: return "is the controller running? It makes this socket when it starts";
    case ECONNREFUSED: return "nobody listens there: is the controller still running?";
    case EACCES:
    case EPERM: return "the socket belongs to another user: run as the one who runs the controller";
    case EAGAIN: return "the controller does not accept connections: is it stuck?";
    case ENOTSOCK:
    case EPROTOTYPE: return "it is not a stream socket";
    case ENETUNREACH:
    case EHOSTUNREACH: return "check the address and the network";
    case ETIMEDOUT: return "check the address, and that no firewall drops the connection";
    default: return {};
    }
}

Attempt<std::unique_ptr<Transport>> connect_unix(const asio::any_io_executor& executor,
                                                 std::string_view path) {
    H4StreamOptions options;
    options.name = "unix:" + std::string{path};
    const Attempt<sockaddr_un> address = unix_address(options.name, path);
    if (!address) return address.error();
    FileDescriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!socket) return system_failure(options.name, errno);
    // A unix socket connects at once or not at all.
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0)
        return system_failure(options.name, errno, remedy_for(errno));
    return make_h4_stream(executor, std::move(socket), std::move(options));
}

/// A TCP connection in the making: whichever of connection and time limit comes first decides.
struct Connecting {
    asio::any_io_executor executor;
    asio::ip::tcp::socket socket;
    asio::steady_timer limit;
    std::string name;
    OpenHandler handler;
    bool timed_out = false;

    Connecting(const asio::any_io_executor& on, std::string what, OpenHandler then)
        : executor(on), socket(on), limit(on), name(std::move(what)), handler(std::move(then)) {}

    Attempt<std::unique_ptr<Transport>> outcome(error_code error) {
        if (timed_out) return system_failure(name, ETIMEDOUT, remedy_for(ETIMEDOUT));
        // HCI is a conversation of small packets.
        if (!error) socket.set_option(asio::ip::tcp::no_delay{true}, error);
        if (error) return system_failure(name, error.value(), remedy_for(error.value()));
        FileDescriptor connected{socket.release(error)};
        if (error) return Failure{error, name + ": " + error.message()};
        H4StreamOptions options;
        options.name = name;
        return make_h4_stream(executor, std::move(connected), std::move(options));
    }
};

}  // namespace

Attempt<sockaddr_un> unix_address(const std::string& name, std::string_view path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty()) return invalid_name(name + ": a path is missing, e.g. unix:/tmp/bt-server");
    if (path.size() >= sizeof address.sun_path)
        return invalid_name(name + ": the path of a unix socket has at most " +
                            std::to_string(sizeof address.sun_path - 1) + " characters");
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

Attempt<asio::ip::tcp::endpoint> tcp_endpoint(const std::string& name, std::string_view text) {
    const std::size_t colon = text.rfind(':');
    const std::string_view digits = colon == text.npos ? "" : text.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size())
        return invalid_name(name +
                            ": a port is missing, or is not a number up to 65535; e.g. "
                            "127.0.0.1:9001");
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    error_code not_numeric;
    const auto address = asio::ip::make_address(std::string{host}, not_numeric);
    if (not_numeric)
        return invalid_name(name + ": \"" + std::string{host} +
                            "\" is not a numeric address; names are not looked up, so write e.g. "
                            "127.0.0.1 instead of localhost (getent hosts NAME shows the number)");
    return asio::ip::tcp::endpoint{address, port};
}

void open_unix(const asio::any_io_executor& executor, std::string_view path, OpenHandler handler) {
    complete(executor, std::move(handler), connect_unix(executor, path));
}

void open_tcp_client(const asio::any_io_executor& executor, std::string_view argument,
                     OpenHandler handler) {
    std::string name = "tcp-client:" + std::string{argument};
    const Attempt<asio::ip::tcp::endpoint> endpoint = tcp_endpoint(name, argument);
    if (!endpoint) return complete(executor, std::move(handler), endpoint.error());

    const auto connecting =
        std::make_shared<Connecting>(executor, std::move(name), std::move(handler));
    connecting->limit.expires_after(connect_time_limit);
    connecting->limit.async_wait([connecting](const error_code& cancelled) {
        if (cancelled || !connecting->handler) return;
        connecting->timed_out = true;
        error_code ignored;
        connecting->socket.close(ignored);
    });
    connecting->socket.async_connect(*endpoint, [connecting](const error_code& error) {
        connecting->limit.cancel();
        complete(connecting->executor, std::move(connecting->handler), connecting->outcome(error));
    });
}

}  // namespace bluetooth::transport
