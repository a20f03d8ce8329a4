// SPDX-License-Identifier: MIT
//
// The calls of `BLE` that are about credit-based channels.
#include <algorithm>

#include "bluetooth/adapter.hpp"
#include "bluetooth/ble.hpp"
#include "bluetooth/throwing.hpp"

namespace bluetooth {

void BLE::l2cap_listen(Psm psm, std::uint16_t mtu, const L2capOptions& options, error_code& error) {
    error = adapter_->host.l2cap_listen(psm, mtu, options);
}
void BLE::l2cap_listen(Psm psm, std::uint16_t mtu, const L2capOptions& options) {
    throwing("l2cap_listen", [&](error_code& error) { l2cap_listen(psm, mtu, options, error); });
}

ChannelId BLE::l2cap_connect(ConnectionHandle conn_handle, Psm psm, std::uint16_t mtu,
                             const L2capOptions& options, error_code& error) {
    ChannelId cid{};
    error = adapter_->host.l2cap_connect(conn_handle, l2cap::Mode::le, psm, mtu, options,
                                         std::span{&cid, 1});
    return cid;
}
ChannelId BLE::l2cap_connect(ConnectionHandle conn_handle, Psm psm, std::uint16_t mtu,
                             const L2capOptions& options) {
    return throwing("l2cap_connect", [&](error_code& error) {
        return l2cap_connect(conn_handle, psm, mtu, options, error);
    });
}

std::vector<ChannelId> BLE::l2cap_connect_enhanced(ConnectionHandle conn_handle, Psm psm,
                                                   std::uint16_t mtu, std::size_t count,
                                                   const L2capOptions& options, error_code& error) {
    // One more than the most is refused as any other wrong number is.
    std::vector<ChannelId> cids(std::min(count, l2cap::max_channels_per_request + 1));
    error =
        adapter_->host.l2cap_connect(conn_handle, l2cap::Mode::enhanced, psm, mtu, options, cids);
    if (error) cids.clear();
    return cids;
}
std::vector<ChannelId> BLE::l2cap_connect_enhanced(ConnectionHandle conn_handle, Psm psm,
                                                   std::uint16_t mtu, std::size_t count,
                                                   const L2capOptions& options) {
    return throwing("l2cap_connect_enhanced", [&](error_code& error) {
        return l2cap_connect_enhanced(conn_handle, psm, mtu, count, options, error);
    });
}

void BLE::l2cap_answer(ConnectionHandle conn_handle, ChannelId cid, int status, error_code& error) {
    error = adapter_->host.l2cap_answer(conn_handle, cid, status);
}
void BLE::l2cap_answer(ConnectionHandle conn_handle, ChannelId cid, int status) {
    throwing("l2cap_answer",
             [&](error_code& error) { l2cap_answer(conn_handle, cid, status, error); });
}

void BLE::l2cap_reconfigure(ConnectionHandle conn_handle, std::span<const ChannelId> cids,
                            std::uint16_t mtu, std::uint16_t mps, error_code& error) {
    error = adapter_->host.l2cap_reconfigure(conn_handle, cids, mtu, mps);
}
void BLE::l2cap_reconfigure(ConnectionHandle conn_handle, std::span<const ChannelId> cids,
                            std::uint16_t mtu, std::uint16_t mps) {
    throwing("l2cap_reconfigure",
             [&](error_code& error) { l2cap_reconfigure(conn_handle, cids, mtu, mps, error); });
}

void BLE::l2cap_disconnect(ConnectionHandle conn_handle, ChannelId cid, error_code& error) {
    error = adapter_->host.l2cap_disconnect(conn_handle, cid);
}
void BLE::l2cap_disconnect(ConnectionHandle conn_handle, ChannelId cid) {
    throwing("l2cap_disconnect",
             [&](error_code& error) { l2cap_disconnect(conn_handle, cid, error); });
}

bool BLE::l2cap_send(ConnectionHandle conn_handle, ChannelId cid, Bytes data, error_code& error) {
    return adapter_->host.l2cap_send(conn_handle, cid, data, error);
}
bool BLE::l2cap_send(ConnectionHandle conn_handle, ChannelId cid, Bytes data) {
    return throwing("l2cap_send",
                    [&](error_code& error) { return l2cap_send(conn_handle, cid, data, error); });
}

std::size_t BLE::l2cap_recvinto(ConnectionHandle conn_handle, ChannelId cid, MutableBytes buffer,
                                error_code& error) {
    return adapter_->host.l2cap_receive(conn_handle, cid, buffer, error);
}
std::size_t BLE::l2cap_recvinto(ConnectionHandle conn_handle, ChannelId cid, MutableBytes buffer) {
    return throwing("l2cap_recvinto", [&](error_code& error) {
        return l2cap_recvinto(conn_handle, cid, buffer, error);
    });
}
std::size_t BLE::l2cap_recvinto(ConnectionHandle conn_handle, ChannelId cid, std::nullopt_t,
                                error_code& error) {
    return adapter_->host.l2cap_available(conn_handle, cid, error);
}
std::size_t BLE::l2cap_recvinto(ConnectionHandle conn_handle, ChannelId cid, std::nullopt_t) {
    return throwing("l2cap_recvinto", [&](error_code& error) {
        return l2cap_recvinto(conn_handle, cid, std::nullopt, error);
    });
}

}  // namespace bluetooth
