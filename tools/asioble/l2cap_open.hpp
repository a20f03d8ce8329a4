// SPDX-License-Identifier: MIT
//
// The side that connects and opens channels, for `asioble l2cap connect` and `bench`.
#pragma once

#include "tools/asioble/device.hpp"
#include "tools/asioble/l2cap_channels.hpp"
#include "tools/asioble/l2cap_commands.hpp"

namespace bluetooth::tool {

/// A connection on which channels are opened. What the callbacks work with must live longer: they
/// are called until this object has gone.
class ChannelOpener {
public:
    struct Callbacks {
        Channels::MakeUser use;
        std::function<void(const L2capDisconnect&)> on_refused{};  // beside telling it
    };

    /// Messages go to `messages`.
    ChannelOpener(Loop& loop, const Options& options, const OpenArguments& arguments,
                  Callbacks callbacks, std::FILE* messages = stdout);

    void connect();
    void disconnect();
    /// Asks for so many channels; returns their names, by which answers will come.
    std::vector<ChannelId> request(std::size_t count);
    /// Opens as many channels as wished; fails when there are none at all.
    void open_all();

    const Output& out() const { return out_; }
    Central& central() { return central_; }
    const Channels& channels() const { return channels_; }

private:
    void on_event(const Event& event);
    void refuse(const L2capDisconnect& refusal);

    const OpenArguments& arguments_;
    Callbacks callbacks_;
    Loop& loop_;
    Output out_;
    Device device_;
    Central central_;
    Channels channels_;
    std::vector<ChannelId> requested_;  // without an answer
    std::string refusal_;               // the first
};

}  // namespace bluetooth::tool
