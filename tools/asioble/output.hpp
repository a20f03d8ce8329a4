// SPDX-License-Identifier: MIT
//
// What the program prints on standard output: lines for a person, or with --json one JSON object
// per line for a program. Messages about failures go to standard error instead (main.cpp).
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace bluetooth::tool {

/// One line of --json output: an object that says in "event" what it is about.
class Json {
public:
    explicit Json(std::string_view event) { add("event", event); }

    /// `value` must be UTF-8; a stranger's text goes through `printable_text` first.
    Json& add(std::string_view key, std::string_view value);
    Json& add(std::string_view key, const char* value) { return add(key, std::string_view{value}); }
    Json& add(std::string_view key, const std::string& value) {
        return add(key, std::string_view{value});
    }
    Json& add(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
    Json& add(std::string_view key, double value);
    Json& add(std::string_view key, std::integral auto value) {
        return raw(key, std::to_string(value));
    }
    Json& add(std::string_view key, const std::vector<std::string>& values);

    std::string text() const { return text_ + '}'; }

private:
    Json& raw(std::string_view key, std::string_view value);

    std::string text_;
};

enum class Style { plain, bold, dim, good, bad };

class Output {
public:
    /// `stream` is another one where standard output is for data.
    explicit Output(bool json, std::FILE* stream = stdout);

    bool json() const { return json_; }
    /// A line for a person; nothing with --json.
    void say(std::string_view text = "") const;
    /// Something that happened: `text` for a person, `record` for a program.
    void tell(std::string_view text, const Json& record) const;
    /// For a program only.
    void record(const Json& record) const;
    /// `text`, in colour where standard output is a terminal and the user does not object.
    std::string paint(Style style, std::string_view text) const;

private:
    void print_line(std::string_view line) const;

    std::FILE* stream_;
    bool json_;
    bool colour_;
};

/// `text` filled up with spaces to `width` characters (code points, escape sequences not counted).
std::string pad(std::string_view text, std::size_t width);

/// Rows whose columns are as wide as their widest cell; the last cell of a row has no width.
class Table {
public:
    void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    void print(const Output& out) const;

private:
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace bluetooth::tool
