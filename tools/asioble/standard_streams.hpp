// SPDX-License-Identifier: MIT
//
// Standard input and output as one Asio stream.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "transport/asio.hpp"

namespace bluetooth::tool {

/// Puts the flags of an open file back in the end: Asio makes it non-blocking, which it then is for
/// the other programs on the same terminal as well.
class FileFlags {
public:
    explicit FileFlags(int file) : file_(file), flags_(::fcntl(file, F_GETFL)) {}
    FileFlags(const FileFlags&) = delete;
    FileFlags& operator=(const FileFlags&) = delete;
    ~FileFlags() { ::fcntl(file_, F_SETFL, flags_); }

private:
    int file_;
    int flags_;
};

class StandardStreams {
public:
    explicit StandardStreams(const asio::any_io_executor& executor)
        : in_(executor, ::dup(STDIN_FILENO)), out_(executor, ::dup(STDOUT_FILENO)) {}

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        return in_.async_read_some(buffers, std::forward<Token>(token));
    }
    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        return out_.async_write_some(buffers, std::forward<Token>(token));
    }
    void close() {
        in_.close();
        out_.close();
    }

private:
    FileFlags in_flags_{STDIN_FILENO};
    FileFlags out_flags_{STDOUT_FILENO};
    asio::posix::stream_descriptor in_;
    asio::posix::stream_descriptor out_;
};

}  // namespace bluetooth::tool
