// SPDX-License-Identifier: MIT
//
// Questions to the person at the terminal, asked while the event loop runs on.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>

#include "tools/asioble/loop.hpp"
#include "tools/asioble/standard_streams.hpp"

namespace bluetooth::tool {

/// Questions appear on standard error, as standard output may be for a program; answers are lines
/// of standard input. One question at a time: the next one takes the place of the last.
class Questions {
public:
    explicit Questions(Loop& loop) : loop_(loop) {}
    Questions(const Questions&) = delete;
    Questions& operator=(const Questions&) = delete;

    /// Whether there is a terminal with somebody at it.
    static bool possible();

    /// A line without its end, or nothing at the end of the input.
    using Answer = std::optional<std::string>;
    /// Calls `answered` once, from the loop, unless the question is withdrawn before.
    void ask(const std::string& question, std::function<void(const Answer&)> answered);
    /// Asks, and runs the loop until there is an answer, or none is wanted any more.
    Answer ask_and_wait(const std::string& question);
    /// The answer does not matter any more.
    void withdraw();

private:
    /// Where answers come from; opened by the first question.
    struct Input {
        explicit Input(Loop& loop) : stream(loop.context(), ::dup(STDIN_FILENO)) {}
        FileFlags flags{STDIN_FILENO};
        asio::posix::stream_descriptor stream;
        std::array<char, 256> line{};
    };

    void read_line(std::function<void(const Answer&)> answered);

    Loop& loop_;
    std::optional<Input> input_;
    bool asking_ = false;
    std::size_t number_ = 0;  // of the question
};

/// Whether the answer to "… [y/N]" is yes.
bool is_yes(const Questions::Answer& answer);

}  // namespace bluetooth::tool
