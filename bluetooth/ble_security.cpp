// SPDX-License-Identifier: MIT
#include "bluetooth/adapter.hpp"
#include "bluetooth/ble.hpp"
#include "bluetooth/throwing.hpp"

namespace bluetooth {

void BLE::gap_pair(ConnectionHandle conn_handle, bool anew, error_code& error) {
    error = adapter_->host.pair(conn_handle, anew);
}
void BLE::gap_pair(ConnectionHandle conn_handle, bool anew) {
    throwing("gap_pair", [&](error_code& error) { gap_pair(conn_handle, anew, error); });
}

void BLE::gap_pair_cancel(ConnectionHandle conn_handle, error_code& error) {
    error = adapter_->host.cancel_pairing(conn_handle);
}
void BLE::gap_pair_cancel(ConnectionHandle conn_handle) {
    throwing("gap_pair_cancel", [&](error_code& error) { gap_pair_cancel(conn_handle, error); });
}

void BLE::gap_passkey(ConnectionHandle conn_handle, PasskeyActionType action, std::uint32_t passkey,
                      error_code& error) {
    error = adapter_->host.answer_passkey(conn_handle, action, passkey);
}
void BLE::gap_passkey(ConnectionHandle conn_handle, PasskeyActionType action,
                      std::uint32_t passkey) {
    throwing("gap_passkey",
             [&](error_code& error) { gap_passkey(conn_handle, action, passkey, error); });
}

void BLE::gap_pair_weaker(ConnectionHandle conn_handle, bool allow, error_code& error) {
    error = adapter_->host.allow_weaker(conn_handle, allow);
}
void BLE::gap_pair_weaker(ConnectionHandle conn_handle, bool allow) {
    throwing("gap_pair_weaker",
             [&](error_code& error) { gap_pair_weaker(conn_handle, allow, error); });
}

void BLE::gap_keypress(ConnectionHandle conn_handle, Keypress keypress, error_code& error) {
    error = adapter_->host.send_keypress(conn_handle, keypress);
}
void BLE::gap_keypress(ConnectionHandle conn_handle, Keypress keypress) {
    throwing("gap_keypress",
             [&](error_code& error) { gap_keypress(conn_handle, keypress, error); });
}

void BLE::gap_unpair(AddressType addr_type, const Address& addr, error_code& error) {
    error = adapter_->host.unpair(addr_type, addr);
}
void BLE::gap_unpair(AddressType addr_type, const Address& addr) {
    throwing("gap_unpair", [&](error_code& error) { gap_unpair(addr_type, addr, error); });
}

OobData BLE::gap_get_oob(error_code& error) {
    const smp::OobData data = adapter_->host.make_oob_data(error);
    return {.confirm = crypto::reversed(data.confirm), .random = crypto::reversed(data.random)};
}
OobData BLE::gap_get_oob() {
    return throwing("gap_get_oob", [&](error_code& error) { return gap_get_oob(error); });
}
void BLE::gap_set_oob(const OobData& data) {
    adapter_->host.set_oob_data(smp::OobData{.random = crypto::reversed(data.random),
                                             .confirm = crypto::reversed(data.confirm)});
}
void BLE::gap_set_oob(const OobKey& key) {
    adapter_->host.set_oob_key(crypto::Key{crypto::reversed(key.tk)});
}
void BLE::gap_set_oob(std::nullopt_t) { adapter_->host.forget_oob(); }

}  // namespace bluetooth
