// SPDX-License-Identifier: MIT
#include "tools/asioble/questions.hpp"

#include <unistd.h>

#include <iostream>
#include <utility>

namespace bluetooth::tool {

bool Questions::possible() { return ::isatty(STDIN_FILENO) == 1; }

void Questions::ask(const std::string& question, std::function<void(const Answer&)> answered) {
    withdraw();
    if (!input_) input_.emplace(loop_);
    // Lines that were typed before the question do not answer it.
    input_->stream.non_blocking(true);
    error_code none;
    std::size_t size = 1;
    while (size > 0) size = input_->stream.read_some(asio::buffer(input_->line), none);
    asking_ = true;
    ++number_;
    std::cerr << question << ' ' << std::flush;
    read_line(std::move(answered));
}

void Questions::read_line(std::function<void(const Answer&)> answered) {
    // A terminal gives one line at a time.
    input_->stream.async_read_some(
        asio::buffer(input_->line), [this, number = number_, answered = std::move(answered)](
                                        error_code error, std::size_t size) {
            if (error == asio::error::operation_aborted) return;  // withdrawn, or this has gone
            if (!asking_ || number != number_) return;            // just now
            asking_ = false;
            const bool whole = size > 0 && input_->line[size - 1] == '\n';
            if (!whole) std::cerr << '\n';
            answered(whole ? Answer{std::string{input_->line.data(), size - 1}} : Answer{});
        });
}

Questions::Answer Questions::ask_and_wait(const std::string& question) {
    Answer given;
    ask(question, [&given](const Answer& answer) { given = answer; });
    loop_.run_until([this, number = number_] { return !asking_ || number != number_; });
    return given;
}

void Questions::withdraw() {
    if (!std::exchange(asking_, false)) return;
    input_->stream.cancel();
    std::cerr << '\n';
}

bool is_yes(const Questions::Answer& answer) {
    return answer && !answer->empty() && (answer->front() == 'y' || answer->front() == 'Y');
}

}  // namespace bluetooth::tool
