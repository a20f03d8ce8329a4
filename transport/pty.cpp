// SPDX-License-Identifier: MIT
#include <memory>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "transport/h4_stream.hpp"
#include "transport/pseudo_terminal.hpp"
#include "transport/schemes.hpp"

namespace bluetooth::transport {
namespace {

Attempt<std::unique_ptr<Transport>> open_pair(const asio::any_io_executor& executor,
                                              std::string_view link) {
    Attempt<PseudoTerminal> made = make_pseudo_terminal("pty:" + std::string{link}, link);
    if (!made) return made.error();
    const auto other = std::make_shared<OtherEnd>(std::move(made->other));
    H4StreamOptions options;
    options.name = "pty:" + other->path;
    options.resource = other;
    log::info("transport", "the controller's end of the pty is ", other->path,
              link.empty() ? "" : ", linked from ", link);
    return make_h4_stream(executor, std::move(made->ours), std::move(options));
}

}  // namespace

void open_pty(const asio::any_io_executor& executor, std::string_view link, OpenHandler handler) {
    complete(executor, std::move(handler), open_pair(executor, link));
}

}  // namespace bluetooth::transport
