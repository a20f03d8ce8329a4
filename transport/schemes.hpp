// SPDX-License-Identifier: MIT
//
// The built-in schemes of `async_open`; private to transport/.
#pragma once

#include <string_view>

#include "transport/open.hpp"

namespace bluetooth::transport {

void open_serial(const asio::any_io_executor&, std::string_view argument, OpenHandler);
void open_pty(const asio::any_io_executor&, std::string_view argument, OpenHandler);
void open_unix(const asio::any_io_executor&, std::string_view argument, OpenHandler);
void open_tcp_client(const asio::any_io_executor&, std::string_view argument, OpenHandler);

}  // namespace bluetooth::transport
