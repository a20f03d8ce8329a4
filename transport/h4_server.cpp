// SPDX-License-Identifier: MIT
#include "transport/h4_server.hpp"

#include <utility>

#include "transport/h4_listener.hpp"

namespace bluetooth::transport {
namespace {

Listening listen_at(const asio::any_io_executor& executor, const std::string& name,
                    const H4ServerOptions& options) {
    const std::size_t colon = name.find(':');
    const std::string_view prefix = std::string_view{name}.substr(0, colon);
    if (colon != name.npos) {
        const std::string_view rest = std::string_view{name}.substr(colon + 1);
        if (prefix == "unix") return listen_unix(executor, name, rest);
        if (prefix == "tcp-server") return listen_tcp(executor, name, rest, options);
        if (prefix == "pty") return listen_pty(executor, name, rest);
    }
    return invalid_name("cannot listen at \"" + name +
                        "\"; known names are:\n"
                        "  unix:PATH             a socket file\n"
                        "  tcp-server:HOST:PORT  HOST is numeric and of this machine\n"
                        "  pty:[LINK]            a new pseudo-terminal, for one host at a time\n");
}

}  // namespace

Attempt<H4Server> H4Server::listen(const asio::any_io_executor& executor, std::string_view name,
                                   const H4ServerOptions& options) {
    Listening listening = listen_at(executor, std::string{name}, options);
    if (!listening) return listening.error();
    return H4Server{std::move(*listening)};
}

H4Server::H4Server(std::shared_ptr<H4Listener> listener) : listener_(std::move(listener)) {}
H4Server::H4Server(H4Server&&) noexcept = default;
H4Server& H4Server::operator=(H4Server&& other) noexcept {
    std::swap(listener_, other.listener_);
    return *this;
}
H4Server::~H4Server() {
    if (listener_) listener_->close();
}

void H4Server::start(ConnectionHandler on_connection) {
    listener_->start(std::move(on_connection));
}
std::string_view H4Server::client_name() const { return listener_->client_name(); }

}  // namespace bluetooth::transport
