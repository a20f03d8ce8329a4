// SPDX-License-Identifier: MIT
//
// What the tests of transports share: a loop, a receiver that writes down what it was told, a pair
// of connected sockets, and a folder that goes away again.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <array>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/hex.hpp"
#include "transport/asio.hpp"
#include "transport/file_descriptor.hpp"
#include "transport/open.hpp"
#include "transport/transport.hpp"

namespace bluetooth::test {

using Packets = std::vector<Octets>;

struct Loop {
    asio::io_context context;

    auto executor() { return context.get_executor(); }
    /// Runs all that is ready, and what that causes.
    void settle() {
        do context.restart();
        while (context.poll() != 0);
    }
    template <class Condition> void run_until(Condition condition) {
        while (!condition()) {
            context.restart();
            context.run_one();
        }
    }
};

/// Notes everything, and does in addition what a test puts into `then_…`.
struct Recorder final : transport::Receiver {
    Packets packets;  ///< with indicator
    Packets sync_losses;
    int batches = 0;
    int writable = 0;
    std::vector<std::pair<error_code, std::string>> losses;
    std::function<void()> then_packet = [] {};
    std::function<void()> then_batch_end = [] {};
    std::function<void()> then_sync_lost = [] {};
    std::function<void()> then_lost = [] {};
    std::function<void()> then_writable = [] {};

    void on_packet(transport::PacketType type, Bytes packet) override {
        Octets whole{static_cast<std::uint8_t>(type)};
        whole.insert(whole.end(), packet.begin(), packet.end());
        packets.push_back(std::move(whole));
        then_packet();
    }
    void on_batch_end() override {
        ++batches;
        then_batch_end();
    }
    void on_sync_lost(Bytes offending) override {
        sync_losses.emplace_back(offending);
        then_sync_lost();
    }
    void on_lost(error_code error, std::string_view message) override {
        losses.emplace_back(error, message);
        then_lost();
    }
    void on_writable() override {
        ++writable;
        then_writable();
    }
};

/// Two connected stream sockets, neither of which blocks.
inline std::pair<transport::FileDescriptor, transport::FileDescriptor> socket_pair() {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0);
    return {transport::FileDescriptor{ends[0]}, transport::FileDescriptor{ends[1]}};
}

inline void write_all(const transport::FileDescriptor& to, const Octets& octets) {
    REQUIRE(::write(to.get(), octets.data(), octets.size()) == static_cast<ssize_t>(octets.size()));
}
/// What can be read at once, at most `limit` octets.
inline Octets read_some(const transport::FileDescriptor& from, std::size_t limit = 65536) {
    Octets octets(limit);
    const ssize_t count = ::read(from.get(), octets.data(), octets.size());
    octets.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return octets;
}

/// A packet whose octets are all in the inline header.
inline transport::Packet small_packet(const Octets& octets) {
    transport::Packet packet;
    REQUIRE(octets.size() <= packet.header.size());
    std::ranges::copy(octets, packet.header.begin());
    packet.header_size = static_cast<std::uint8_t>(octets.size());
    return packet;
}

struct Opened {
    error_code error;
    std::string message;
    std::unique_ptr<transport::Transport> transport;
};
/// Opens `name` and waits for the outcome.
inline Opened open(Loop& loop, const std::string& name) {
    Opened opened;
    bool done = false;
    transport::async_open(loop.executor(), name,
                          [&](error_code error, std::string message,
                              std::unique_ptr<transport::Transport> transport) {
                              opened = {error, std::move(message), std::move(transport)};
                              done = true;
                          });
    CHECK_FALSE(done);  // never from inside the call
    loop.run_until([&] { return done; });
    return opened;
}

struct TemporaryFolder {
    std::filesystem::path path;
    TemporaryFolder() {
        std::string pattern = std::filesystem::temp_directory_path() / "asioble-test-XXXXXX";
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path = pattern;
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path); }
    std::string operator/(const char* name) const { return path / name; }
};

inline bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != text.npos;
}

}  // namespace bluetooth::test
