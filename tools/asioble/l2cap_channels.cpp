// SPDX-License-Identifier: MIT
#include "tools/asioble/l2cap_channels.hpp"

#include <algorithm>

namespace bluetooth::tool {

ChannelEnd::ChannelEnd(BLE& ble, const L2capConnect& opened)
    : ble_(&ble), connection_(opened.conn_handle), cid_(opened.cid) {
    set_mtus(opened.our_mtu, opened.peer_mtu);
}

/// `BLE::l2cap_send` takes no SDU of more than twice our own MTU.
void ChannelEnd::set_mtus(std::uint16_t ours, std::uint16_t of_peer) {
    max_sdu_ = std::min<std::size_t>(of_peer, 2u * ours);
}

void ChannelEnd::send(Bytes sdu) {
    error_code error;
    stalled_ = !ble_->l2cap_send(connection_, cid_, sdu, error);
    if (error == errc::no_buffers) refused_.assign(sdu.begin(), sdu.end());
    // After any other error the channel has ended, which its event tells.
}

bool ChannelEnd::resume() {
    stalled_ = false;
    if (!refused_.empty()) {
        const Octets again = std::exchange(refused_, {});
        send(Bytes{again});
    }
    return !stalled_;
}

std::size_t ChannelEnd::available() const {
    error_code closed;
    return ble_->l2cap_recvinto(connection_, cid_, std::nullopt, closed);
}

std::size_t ChannelEnd::read(MutableBytes buffer) {
    error_code closed;
    return ble_->l2cap_recvinto(connection_, cid_, buffer, closed);
}

void ChannelEnd::close() {
    error_code closed;
    ble_->l2cap_disconnect(connection_, cid_, closed);
}

ChannelUser* Channels::user_of(ConnectionHandle connection, ChannelId cid) {
    const auto found = users_.find({connection, cid});
    return found == users_.end() ? nullptr : found->second.get();
}

void Channels::on_event(const Event& event) {
    if (const auto* received = std::get_if<L2capRecv>(&event)) {
        if (ChannelUser* const user = user_of(received->conn_handle, received->cid)) user->on_sdu();
    } else if (const auto* ready = std::get_if<L2capSendReady>(&event)) {
        ChannelUser* const user = user_of(ready->conn_handle, ready->cid);
        if (user != nullptr && user->channel().resume()) user->on_send_ready();
    } else if (const auto* changed = std::get_if<L2capReconfigured>(&event)) {
        if (ChannelUser* const user = user_of(changed->conn_handle, changed->cid))
            user->channel().set_mtus(changed->our_mtu, changed->peer_mtu);
    } else if (const auto* connect = std::get_if<L2capConnect>(&event)) {
        on_connect(*connect);
    } else if (const auto* disconnect = std::get_if<L2capDisconnect>(&event)) {
        on_disconnect(*disconnect);
    }
}

void Channels::on_connect(const L2capConnect& connect) {
    out_.tell(channel_label(out_, connect.conn_handle, connect.cid) + "open on PSM " +
                  to_text(connect.psm) + "; SDUs have up to " + std::to_string(connect.our_mtu) +
                  " octets in, " + std::to_string(connect.peer_mtu) + " out",
              channel_record("channel_open", connect.conn_handle, connect.cid)
                  .add("psm", static_cast<std::uint16_t>(connect.psm))
                  .add("our_mtu", connect.our_mtu)
                  .add("peer_mtu", connect.peer_mtu));
    const auto user = make_user_(ChannelEnd{ble_, connect});
    users_[{connect.conn_handle, connect.cid}] = user;
    if (user) user->on_open();
}

void Channels::on_disconnect(const L2capDisconnect& disconnect) {
    const auto found = users_.find({disconnect.conn_handle, disconnect.cid});
    if (found == users_.end()) return;  // never was open
    if (found->second) found->second->on_close();
    users_.erase(found);
    const std::string reason = reason_of(disconnect);
    if (disconnect.error && fault_.empty()) fault_ = reason;
    out_.tell(channel_label(out_, disconnect.conn_handle, disconnect.cid) + reason,
              channel_record("channel_closed", disconnect.conn_handle, disconnect.cid)
                  .add("status", disconnect.status)
                  .add("reason", reason));
}

std::string channel_label(const Output& out, ConnectionHandle connection, ChannelId cid) {
    return out.paint(Style::dim, '[' + std::to_string(static_cast<std::uint16_t>(connection)) +
                                     '/' + to_text(cid) + "] ");
}

Json channel_record(std::string_view event, ConnectionHandle connection, ChannelId cid) {
    Json json{event};
    json.add("connection", static_cast<std::uint16_t>(connection))
        .add("channel", static_cast<std::uint16_t>(cid));
    return json;
}

std::string reason_of(const L2capDisconnect& disconnect) {
    const std::string psm = to_text(disconnect.psm);
    const std::string cause = disconnect.error ? ": " + disconnect.error.message() : "";
    switch (disconnect.status) {
    case 0: return disconnect.error ? "ended with the link" + cause : "closed";
    case 2: return "the peer already uses our channel identifier";
    case 3: return "the peer does not accept the channel's MTU or MPS: try a larger --mtu";
    case 6: return "the peer has no room for the channel, or does not want it";
    case 7: return "the link was lost" + cause;
    case 8:
        return "the peer has nothing on PSM " + psm +
               ": is the other side listening, and is the number right?";
    case 13: return "the peer did not answer in time";
    case 16: return "the peer rejects the request: try with, or without, --enhanced";
    case 23: return "the peer demands a link with an authenticated key: pair with it first";
    case 24: return "the peer has not authorized this device";
    case 25: return "the peer demands an encrypted link: pair with it first";
    case 26: return "the peer demands a longer encryption key";
    default: break;
    }
    return "ended with status " + std::to_string(disconnect.status) + cause;
}

}  // namespace bluetooth::tool
