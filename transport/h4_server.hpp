// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "transport/asio.hpp"
#include "transport/failure.hpp"
#include "transport/transport.hpp"

namespace bluetooth::transport {

/// Listens for hosts, for a program that plays controllers: each connection becomes a `Transport`
/// that receives commands and data.
///
///     unix:PATH                a socket file only this user can open (mode 0600)
///     tcp-server:HOST:PORT     HOST is a numeric loopback address; port 0 lets the system choose
class H4Server {
public:
    using ConnectionHandler = std::function<void(std::unique_ptr<Transport>)>;

    /// Binds and listens. The socket file of a program that has died is replaced; one that
    /// somebody serves, or that is no socket, is left alone and the attempt fails.
    static Attempt<H4Server> listen(const asio::any_io_executor& executor, std::string_view name);

    H4Server(H4Server&&) noexcept;
    H4Server& operator=(H4Server&&) noexcept;
    /// Stops listening and removes the socket file. Connections that were accepted live on.
    ~H4Server();

    /// Begins to accept; `on_connection` is called on the executor until the destruction, which
    /// may happen inside it.
    void start(ConnectionHandler on_connection);

    /// The name by which hosts reach it, e.g. "tcp-client:127.0.0.1:9001".
    std::string_view client_name() const;

private:
    class Listener;
    explicit H4Server(std::shared_ptr<Listener> listener);
    std::shared_ptr<Listener> listener_;
};

}  // namespace bluetooth::transport
