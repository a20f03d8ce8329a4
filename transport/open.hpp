// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "transport/asio.hpp"
#include "transport/failure.hpp"
#include "transport/transport.hpp"

namespace bluetooth::transport {

/// `message` is empty on success; else it says, for a person, why there is no transport and what
/// to do.
using OpenSignature = void(error_code, std::string message, std::unique_ptr<Transport>);
using OpenHandler = asio::any_completion_handler<OpenSignature>;

/// Makes a transport of the name behind "PREFIX:". Calls `complete` of this header once, with the
/// result.
using Factory =
    std::function<void(const asio::any_io_executor&, std::string_view argument, OpenHandler)>;

/// Makes "PREFIX:..." a name that `async_open` knows; a second registration of a prefix replaces
/// the first. `form` shows how such a name is written, `help` is one line about what it opens.
void register_scheme(std::string prefix, std::string form, std::string help, Factory factory);

/// The known forms and their help, a line each, as messages and command lines show them.
std::string known_names();

/// Calls `handler`, from the executor's loop and not from inside this call.
void complete(const asio::any_io_executor& executor, OpenHandler handler,
              Attempt<std::unique_ptr<Transport>> outcome);

namespace detail {
void open(const asio::any_io_executor& executor, const std::string& name, OpenHandler handler);
}

/// Opens the transport called `name`, e.g. "serial:/dev/ttyACM0,1000000,rtscts". Its callbacks come
/// on `executor`. Completes with `OpenSignature`, on the handler's executor.
///
///     serial:PATH[,SPEED][,rtscts]   a UART: 8 data bits, no parity, 115200 unless told
///     pty:[LINK]                     a new pseudo-terminal for a controller to connect to
///     unix:PATH                      a controller that listens on a unix socket
///     tcp-client:HOST:PORT           a controller that listens on TCP; HOST is numeric
///
/// and what else was registered.
template <asio::completion_token_for<OpenSignature> Token>
auto async_open(asio::any_io_executor executor, std::string name, Token&& token) {
    return asio::async_initiate<Token, OpenSignature>(
        [](auto handler, const asio::any_io_executor& on, const std::string& what) {
            detail::open(on, what, OpenHandler{std::move(handler)});
        },
        token, std::move(executor), std::move(name));
}

}  // namespace bluetooth::transport
