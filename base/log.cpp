// SPDX-License-Identifier: MIT
#include "base/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>
#include <mutex>

namespace bluetooth::log {
namespace {

Level level_from_environment() {
    const char* text = std::getenv("ASIOBLE_LOG");
    if (text == nullptr) return Level::warning;
    const std::string_view name{text};
    if (name == "trace") return Level::trace;
    if (name == "debug") return Level::debug;
    if (name == "info") return Level::info;
    if (name == "error") return Level::error;
    if (name == "off") return Level::off;
    return Level::warning;
}

spdlog::logger& standard_error() {
    static const auto logger = [] {
        auto made = std::make_shared<spdlog::logger>(
            "asioble", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
        made->set_level(spdlog::level::trace);
        made->set_pattern("%H:%M:%S.%f %^%-7l%$ %v");
        return made;
    }();
    return *logger;
}

spdlog::level::level_enum to_spdlog(Level level) {
    switch (level) {
    case Level::trace: return spdlog::level::trace;
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warning: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
    case Level::off: break;
    }
    return spdlog::level::off;
}

// Several BLE objects may live on several threads, so the sink is the one thing here that is
// locked; it is called outside of the lock, as it may log and set sinks itself.
std::mutex sink_mutex;
std::shared_ptr<const Sink> user_sink;

}  // namespace

std::atomic<Level> detail::threshold{level_from_environment()};

Level level() { return detail::threshold.load(); }
void set_level(Level level) { detail::threshold.store(level); }

void set_sink(Sink sink) {
    auto installed = sink ? std::make_shared<const Sink>(std::move(sink)) : nullptr;
    const std::lock_guard lock{sink_mutex};
    user_sink = std::move(installed);
}

void detail::write(Level level, std::string_view component, std::string_view text) {
    std::shared_ptr<const Sink> sink;
    {
        const std::lock_guard lock{sink_mutex};
        sink = user_sink;
    }
    if (sink) return (*sink)(level, component, text);
    standard_error().log(to_spdlog(level), "{}: {}", component, text);
}

}  // namespace bluetooth::log
