// SPDX-License-Identifier: MIT
//
// What an `H4Server` is made of, one kind for each place where hosts connect. Private to
// transport/.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "transport/h4_server.hpp"

namespace bluetooth::transport {

/// What a pending wait keeps alive; `H4Server` closes it.
class H4Listener {
public:
    virtual ~H4Listener() = default;

    virtual void start(H4Server::ConnectionHandler on_connection) = 0;
    virtual void close() = 0;
    virtual std::string_view client_name() const = 0;
};

// `name` is the whole name, with which messages begin; the other is what follows its prefix.
using Listening = Attempt<std::shared_ptr<H4Listener>>;
Listening listen_unix(const asio::any_io_executor&, const std::string& name, std::string_view path);
Listening listen_tcp(const asio::any_io_executor&, const std::string& name,
                     std::string_view address, const H4ServerOptions& options);
Listening listen_pty(const asio::any_io_executor&, const std::string& name, std::string_view link);

}  // namespace bluetooth::transport
