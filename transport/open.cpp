// SPDX-License-Identifier: MIT
#include "transport/open.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <vector>

#include "transport/schemes.hpp"

namespace bluetooth::transport {
namespace {

struct Scheme {
    std::string prefix;
    std::string form;
    std::string help;
    Factory factory;
};

// The one thing that hosts on different threads share.
class Registry {
public:
    static Registry& instance() {
        static Registry registry;
        return registry;
    }

    void add(Scheme scheme) {
        const std::lock_guard lock{mutex_};
        const auto same = std::ranges::find(schemes_, scheme.prefix, &Scheme::prefix);
        if (same == schemes_.end())
            schemes_.push_back(std::move(scheme));
        else
            *same = std::move(scheme);
    }
    std::optional<Scheme> find(std::string_view prefix) {
        const std::lock_guard lock{mutex_};
        const auto found = std::ranges::find(schemes_, prefix, &Scheme::prefix);
        if (found == schemes_.end()) return std::nullopt;
        return *found;
    }
    std::string lines() {
        const std::lock_guard lock{mutex_};
        std::size_t width = 0;
        for (const Scheme& scheme : schemes_) width = std::max(width, scheme.form.size());
        std::string text;
        for (const Scheme& scheme : schemes_) {
            text += "  " + scheme.form + std::string(width - scheme.form.size() + 2, ' ');
            text += scheme.help + '\n';
        }
        return text;
    }

private:
    Registry() {
        schemes_ = {
            {"serial", "serial:PATH[,SPEED][,rtscts]",
             "a UART, 8 data bits, no parity, 115200 unless told", open_serial},
            {"pty", "pty:[LINK]", "a new pseudo-terminal for a controller to connect to", open_pty},
            {"unix", "unix:PATH", "a controller that listens on a unix socket", open_unix},
            {"tcp-client", "tcp-client:HOST:PORT",
             "a controller that listens on TCP; HOST is a numeric address", open_tcp_client},
        };
    }

    std::mutex mutex_;
    std::vector<Scheme> schemes_;
};

}  // namespace

void register_scheme(std::string prefix, std::string form, std::string help, Factory factory) {
    Registry::instance().add(
        {std::move(prefix), std::move(form), std::move(help), std::move(factory)});
}

std::string known_names() { return Registry::instance().lines(); }

void complete(const asio::any_io_executor& executor, OpenHandler handler,
              Attempt<std::unique_ptr<Transport>> outcome) {
    Failure failure = outcome ? Failure{} : std::move(outcome).error();
    std::unique_ptr<Transport> opened = outcome ? std::move(*outcome) : nullptr;
    asio::post(executor, asio::append(std::move(handler), failure.code, std::move(failure.message),
                                      std::move(opened)));
}

void detail::open(const asio::any_io_executor& executor, const std::string& name,
                  OpenHandler handler) {
    const std::size_t colon = name.find(':');
    const std::string_view prefix = std::string_view{name}.substr(0, colon);
    const auto scheme = Registry::instance().find(prefix);
    if (colon == std::string::npos || !scheme) {
        std::string message =
            name.empty() ? "no transport was named" : "no transport is called \"" + name + '"';
        message += "; known names are:\n" + known_names();
        message.pop_back();  // the end of the last line
        return complete(executor, std::move(handler), invalid_name(std::move(message)));
    }
    scheme->factory(executor, std::string_view{name}.substr(colon + 1), std::move(handler));
}

}  // namespace bluetooth::transport
