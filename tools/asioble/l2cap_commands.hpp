// SPDX-License-Identifier: MIT
//
// What the subcommands of `asioble l2cap` are asked to do, and the two that do it: the side that
// waits for channels and the side that opens them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "bluetooth/ble.hpp"
#include "tools/asioble/peer.hpp"
#include "tools/asioble/program.hpp"

namespace bluetooth::tool {

inline constexpr std::size_t max_channels = 64;  // of a link

struct ChannelArguments {
    Psm psm{};
    std::uint16_t mtu = 2048;
    L2capOptions options;
    bool stdio = false;
    Duration linger{};  // see BridgeOptions
};

struct ListenArguments : ChannelArguments {
    enum class Use { show, echo, transfer };
    Use use = Use::show;
    std::optional<asio::ip::tcp::endpoint> tcp_connect;
    std::string name = "asioble";
    bool once = false;
};

struct OpenArguments : ChannelArguments {
    PeerArguments peer;
    bool enhanced = false;
    std::size_t channels = 1;
    std::optional<asio::ip::tcp::endpoint> tcp_listen;
    std::vector<Octets> send;
    std::optional<Duration> time;         // to listen for
    std::optional<std::uint64_t> octets;  // to transfer each way
};

void listen_for_channels(const Options& options, const ListenArguments& arguments);
void open_channels(const Options& options, const OpenArguments& arguments);
/// The third, of `l2cap bench`.
void transfer_on_channels(const Options& options, const OpenArguments& arguments);

}  // namespace bluetooth::tool
