// SPDX-License-Identifier: MIT
//
// The log front. Everything above and beside it writes `log::warn("att", "…", value, …)`; only
// log.cpp knows which library carries the lines away. Arguments are joined as text with `show`, so
// that every PDU and typed unit prints as in the monitor. Key material must never be an argument.
#pragma once

#include <atomic>
#include <concepts>
#include <functional>
#include <string>
#include <string_view>

#include "base/show.hpp"

namespace bluetooth::log {

enum class Level : int { trace, debug, info, warning, error, off };

/// The least severe level that is written; from `ASIOBLE_LOG` at start (trace, debug, info,
/// warning, error or off), else `warning`.
Level level();
void set_level(Level level);

/// Sends the lines elsewhere than to standard error; an empty function restores that.
using Sink = std::function<void(Level, std::string_view component, std::string_view text)>;
void set_sink(Sink sink);

namespace detail {
extern std::atomic<Level> threshold;
void write(Level level, std::string_view component, std::string_view text);

template <class T> void append(std::string& out, const T& value) {
    if constexpr (std::convertible_to<const T&, std::string_view>)
        out += std::string_view{value};
    else if constexpr (std::same_as<T, bool>)
        out += value ? "true" : "false";
    else if constexpr (std::integral<T>)
        out += std::to_string(value);
    else if constexpr (requires { value.message(); })
        out += value.message();
    else if constexpr (requires { to_string(value); })
        out += to_string(value);
    else
        show(out, value);
}

template <class... Parts>
void write_parts(Level level, std::string_view component, const Parts&... parts) {
    std::string text;
    (append(text, parts), ...);
    write(level, component, text);
}
}  // namespace detail

inline bool enabled(Level level) {
    return level >= detail::threshold.load(std::memory_order_relaxed);
}

template <class... Parts> void trace(std::string_view component, const Parts&... parts) {
    if (enabled(Level::trace)) detail::write_parts(Level::trace, component, parts...);
}
template <class... Parts> void debug(std::string_view component, const Parts&... parts) {
    if (enabled(Level::debug)) detail::write_parts(Level::debug, component, parts...);
}
template <class... Parts> void info(std::string_view component, const Parts&... parts) {
    if (enabled(Level::info)) detail::write_parts(Level::info, component, parts...);
}
template <class... Parts> void warn(std::string_view component, const Parts&... parts) {
    if (enabled(Level::warning)) detail::write_parts(Level::warning, component, parts...);
}
template <class... Parts> void error(std::string_view component, const Parts&... parts) {
    if (enabled(Level::error)) detail::write_parts(Level::error, component, parts...);
}

}  // namespace bluetooth::log
