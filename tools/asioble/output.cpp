// SPDX-License-Identifier: MIT
#include "tools/asioble/output.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace bluetooth::tool {
namespace {

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            std::array<char, 8> escaped{};
            std::snprintf(escaped.data(), escaped.size(), "\\u%04x", static_cast<unsigned>(c));
            out += escaped.data();
        } else {
            out += c;
        }
    }
    out += '"';
}

bool environment_says(const char* name, std::string_view value = {}) {
    const char* const found = std::getenv(name);
    if (found == nullptr || *found == '\0') return false;
    return value.empty() || found == value;
}

/// How many characters a terminal shows.
std::size_t width_of(std::string_view text) {
    std::size_t width = 0;
    bool in_escape = false;
    for (const char c : text) {
        if (c == '\x1b')
            in_escape = true;
        else if (in_escape)
            in_escape = c != 'm';
        else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80)
            ++width;
    }
    return width;
}

}  // namespace

Json& Json::raw(std::string_view key, std::string_view value) {
    text_ += text_.empty() ? '{' : ',';
    append_quoted(text_, key);
    text_ += ':';
    text_ += value;
    return *this;
}

Json& Json::add(std::string_view key, std::string_view value) {
    std::string quoted;
    append_quoted(quoted, value);
    return raw(key, quoted);
}

Json& Json::add(std::string_view key, double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.6f", value);
    return raw(key, text.data());
}

Json& Json::add(std::string_view key, const std::vector<std::string>& values) {
    std::string list = "[";
    for (const std::string& value : values) {
        if (list.size() > 1) list += ',';
        append_quoted(list, value);
    }
    return raw(key, list + ']');
}

Output::Output(bool json, std::FILE* stream)
    : stream_(stream),
      json_(json),
      // https://no-color.org
      colour_(!json && ::isatty(::fileno(stream)) == 1 && !environment_says("NO_COLOR") &&
              !environment_says("TERM", "dumb")) {}

/// What a reader at the other end of a pipe is to see at once.
void Output::print_line(std::string_view line) const {
    std::fwrite(line.data(), 1, line.size(), stream_);
    std::fputc('\n', stream_);
    std::fflush(stream_);
}

void Output::say(std::string_view text) const {
    if (!json_) print_line(text);
}

void Output::tell(std::string_view text, const Json& what) const {
    print_line(json_ ? what.text() : text);
}

void Output::record(const Json& what) const {
    if (json_) print_line(what.text());
}

std::string Output::paint(Style style, std::string_view text) const {
    static constexpr std::array codes{"", "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[31m"};
    if (!colour_ || style == Style::plain) return std::string{text};
    std::string painted = codes[static_cast<std::size_t>(style)];
    painted += text;
    painted += "\x1b[0m";
    return painted;
}

std::string pad(std::string_view text, std::size_t width) {
    std::string padded{text};
    const std::size_t taken = width_of(text);
    if (taken < width) padded.append(width - taken, ' ');
    return padded;
}

void Table::print(const Output& out) const {
    std::vector<std::size_t> widths;
    for (const auto& row : rows_) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i + 1 < row.size(); ++i)
            widths[i] = std::max(widths[i], width_of(row[i]));
    }
    for (const auto& row : rows_) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) line += pad(row[i], widths[i] + 2);
        line.erase(line.find_last_not_of(' ') + 1);
        out.say(line);
    }
}

}  // namespace bluetooth::tool
