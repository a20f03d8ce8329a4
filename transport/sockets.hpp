// SPDX-License-Identifier: MIT
//
// What the connecting and the listening side have in common. Not part of the public API.
#pragma once

#include <sys/un.h>

#include <string>
#include <string_view>

#include "transport/asio.hpp"
#include "transport/failure.hpp"

namespace bluetooth::transport {

/// The address of a unix socket; `name` is what a failure's message begins with.
Attempt<sockaddr_un> unix_address(const std::string& name, std::string_view path);

/// "HOST:PORT" or "[HOST]:PORT" with a numeric HOST: no resolver, which would start a thread.
Attempt<asio::ip::tcp::endpoint> tcp_endpoint(const std::string& name, std::string_view text);

}  // namespace bluetooth::transport
