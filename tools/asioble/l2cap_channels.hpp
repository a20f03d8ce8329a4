// SPDX-License-Identifier: MIT
//
// The open channels of `asioble l2cap`, and who works with each of them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "bluetooth/ble.hpp"
#include "bluetooth/l2cap_channel.hpp"
#include "tools/asioble/output.hpp"
#include "tools/asioble/text.hpp"

namespace bluetooth::tool {

/// Our end of an open channel.
class ChannelEnd {
public:
    ChannelEnd(BLE& ble, const L2capConnect& opened);

    ConnectionHandle connection() const { return connection_; }
    ChannelId cid() const { return cid_; }
    /// The longest SDU that can be sent.
    std::size_t max_sdu() const { return max_sdu_; }
    void set_mtus(std::uint16_t ours, std::uint16_t of_peer);

    /// Sends an SDU of at most `max_sdu` octets; not while stalled.
    void send(Bytes sdu);
    /// Whether to wait before sending more.
    bool stalled() const { return stalled_; }
    /// After `L2capSendReady`: returns whether that is the end of the wait.
    bool resume();

    std::size_t available() const;
    std::size_t read(MutableBytes buffer);
    void close();
    /// The channel as a stream, which from then on alone works with it.
    L2capChannel take_over() { return {*ble_, connection_, cid_}; }

private:
    BLE* ble_;
    ConnectionHandle connection_;
    ChannelId cid_;
    std::size_t max_sdu_ = 0;
    bool stalled_ = false;
    Octets refused_;  // an SDU for which there was no buffer
};

/// Works with one channel. Functions are called while events are handled.
class ChannelUser {
public:
    explicit ChannelUser(ChannelEnd channel) : channel_(std::move(channel)) {}
    ChannelUser(const ChannelUser&) = delete;
    ChannelUser& operator=(const ChannelUser&) = delete;
    virtual ~ChannelUser() = default;

    virtual void on_open() {}
    /// An SDU has come.
    virtual void on_sdu() = 0;
    /// The channel is no longer stalled.
    virtual void on_send_ready() {}
    /// The channel has ended: the last chance to read from it.
    virtual void on_close() {}

    ChannelEnd& channel() { return channel_; }
    const ChannelEnd& channel() const { return channel_; }

protected:
    ChannelEnd channel_;
};

class Channels {
public:
    /// Finds somebody for a new channel; nobody when it was taken over.
    using MakeUser = std::function<std::shared_ptr<ChannelUser>(ChannelEnd)>;

    Channels(BLE& ble, const Output& out, MakeUser make_user)
        : ble_(ble), out_(out), make_user_(std::move(make_user)) {}

    /// To be given every event of the adapter. Tells of channels that open and close.
    void on_event(const Event& event);
    bool empty() const { return users_.empty(); }
    std::size_t size() const { return users_.size(); }
    /// Why a channel ended that nobody had closed; empty so far.
    const std::string& fault() const { return fault_; }

private:
    using Key = std::pair<ConnectionHandle, ChannelId>;

    void on_connect(const L2capConnect& connect);
    void on_disconnect(const L2capDisconnect& disconnect);
    ChannelUser* user_of(ConnectionHandle connection, ChannelId cid);

    BLE& ble_;
    const Output& out_;
    MakeUser make_user_;
    std::map<Key, std::shared_ptr<ChannelUser>> users_;
    std::string fault_;
};

/// "[64/0x0040] ": what a line about a channel begins with.
std::string channel_label(const Output& out, ConnectionHandle connection, ChannelId cid);
/// Begins the record of something that a channel did.
Json channel_record(std::string_view event, ConnectionHandle connection, ChannelId cid);
/// Why a channel ended or did not come up, and where there is one the remedy.
std::string reason_of(const L2capDisconnect& disconnect);

}  // namespace bluetooth::tool
