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

class H4Listener;

struct H4ServerOptions {
    /// TCP addresses that other machines may reach are served too. HCI knows no passwords: whoever
    /// reaches the port drives a controller.
    bool allow_remote = false;
};

/// Listens for hosts, for a program that plays controllers: each connection becomes a `Transport`
/// that receives commands and data.
///
///     unix:PATH                a socket file only this user can open (mode 0600)
///     tcp-server:HOST:PORT     HOST is a numeric address; port 0 lets the system choose
///     pty:[LINK]               a new pseudo-terminal in raw mode, reached as a serial port; LINK
///                              is a symbolic link to it
///
/// A pty serves one host at a time. A host comes when a program opens the pty while none has it
/// open, and is lost when the last such program closes it; the next one gets a new connection.
class H4Server {
public:
    using ConnectionHandler = std::function<void(std::unique_ptr<Transport>)>;

    /// Binds and listens. The socket file or link of a program that has died is replaced; one that
    /// somebody serves, or that is something else, is left alone and the attempt fails: with
    /// `errc::not_permitted` where only the options forbid it.
    static Attempt<H4Server> listen(const asio::any_io_executor& executor, std::string_view name,
                                    const H4ServerOptions& options = {});

    H4Server(H4Server&&) noexcept;
    H4Server& operator=(H4Server&&) noexcept;
    /// Stops listening and removes the socket file or link. Connections that were accepted live on.
    ~H4Server();

    /// Begins to accept; `on_connection` is called on the executor until the destruction, which
    /// may happen inside it.
    void start(ConnectionHandler on_connection);

    /// The name by which hosts reach it, e.g. "tcp-client:127.0.0.1:9001" or "serial:/dev/pts/3".
    std::string_view client_name() const;

private:
    explicit H4Server(std::shared_ptr<H4Listener> listener);
    std::shared_ptr<H4Listener> listener_;
};

}  // namespace bluetooth::transport
