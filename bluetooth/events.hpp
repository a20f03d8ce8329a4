// SPDX-License-Identifier: MIT
//
// The events that a `BLE` hands to the handler installed by `BLE::irq`: one struct each, with
// MicroPython's number as `code`. Views (`Bytes`) in an event are valid until the handler returns;
// copy what is to be kept. Members that MicroPython does not know are marked as extension, and
// events that it does not know have codes from 0x100.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "att/pdus.hpp"
#include "base/address.hpp"
#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"
#include "bluetooth/secret_store.hpp"
#include "gatt/subscription.hpp"
#include "hci/codes.hpp"
#include "l2cap/pdus.hpp"
#include "smp/context.hpp"

namespace bluetooth {

/// Names a connection from its `*Connect` event to its `*Disconnect` event (0x0000 to 0x0EFF).
using ConnectionHandle = hci::ConnectionHandle;
/// Names an attribute of a GATT server (0x0001 to 0xFFFF).
using AttributeHandle = att::Handle;

/// Names our end of a credit-based channel on its link (0x0040 to 0x007f), from the call or event
/// that brings it up to its `L2capDisconnect`.
using ChannelId = l2cap::Cid;
/// What a credit-based channel is for, MicroPython's `psm`: 0x0001 to 0x007f are assigned, 0x0080
/// to 0x00ff free for use (Vol 3 Part A 4.22).
using Psm = l2cap::Spsm;

/// What a client is told of a value's changes: nothing, notifications, indications or both.
using Subscription = gatt::Subscription;

/// The handle in a `PeripheralDisconnect` that reports a connection attempt without success.
inline constexpr ConnectionHandle no_connection{0xffff};

// ---- connections

/// A central connected to our advertising, which has stopped by that. First event of a connection.
struct CentralConnect {
    static constexpr int code = 1;
    ConnectionHandle conn_handle{};
    AddressType addr_type{};
    Address addr;
};

/// Last event of a connection in which we were the peripheral.
struct CentralDisconnect {
    static constexpr int code = 2;
    ConnectionHandle conn_handle{};
    AddressType addr_type{};
    Address addr;
    error_code reason;  ///< extension: why the link ended, as an HCI status
};

/// `BLE::gap_connect` has succeeded; address and type are those that were asked for.
struct PeripheralConnect {
    static constexpr int code = 7;
    ConnectionHandle conn_handle{};
    AddressType addr_type{};
    Address addr;
};

/// Last event of a connection in which we were the central; or a connection attempt failed, was
/// cancelled or timed out: then `conn_handle` is `no_connection`, the type is
/// `AddressType::unknown` and the address zero.
struct PeripheralDisconnect {
    static constexpr int code = 8;
    ConnectionHandle conn_handle{};
    AddressType addr_type{};
    Address addr;
    error_code reason;  ///< extension: why the link ended, or why there is none
};

/// The parameters of a link have changed, or a change asked for was refused (`status` not 0, the
/// parameters are those still in force). Not raised for the parameters of a new connection.
struct ConnectionUpdate {
    static constexpr int code = 27;
    ConnectionHandle conn_handle{};
    Units1250us interval{};
    std::uint16_t latency = 0;  ///< connection events that the peripheral may skip
    Units10ms supervision_timeout{};
    int status = 0;
    error_code error;  ///< extension: the cause behind `status`
};

/// A peripheral asks us, its central, for other connection parameters, by either procedure (Vol 3
/// Part A 4.20, Vol 6 Part B 5.1.7). They are valid; without an answer they are granted, and
/// `ConnectionUpdate` follows. An extension.
struct ConnectionUpdateRequest {
    static constexpr int code = 0x109;
    ConnectionHandle conn_handle{};
    Units1250us min_interval{};
    Units1250us max_interval{};
    std::uint16_t latency = 0;
    Units10ms supervision_timeout{};

    /// Grants or refuses the wish.
    void answer(bool accept) const { *verdict = accept; }
    /// Where the answer goes; set by the host for the time of the handler.
    bool* verdict = nullptr;
};

// ---- scanning

/// One advertising report. Nothing is merged or filtered unless asked for.
struct ScanResult {
    static constexpr int code = 5;
    AddressType addr_type{};
    Address addr;
    /// 0 ADV_IND, 1 ADV_DIRECT_IND, 2 ADV_SCAN_IND, 3 ADV_NONCONN_IND, 4 SCAN_RSP.
    std::uint8_t adv_type = 0;
    std::int8_t rssi = 127;  ///< dBm; 127: unknown
    Bytes adv_data;
};

/// The scan has ended: by its duration, `gap_scan(std::nullopt)` or `gap_connect`. Exactly once
/// for each scan that was started.
struct ScanDone {
    static constexpr int code = 6;
    error_code error;  ///< extension: set when the controller refused to scan
};

// ---- GATT server

/// A peer has written a value of ours, which is stored already. A Write Request is answered after
/// the handler has returned. Not raised for CCCDs and not for `BLE::gatts_write`.
struct GattsWrite {
    static constexpr int code = 3;
    ConnectionHandle conn_handle{};
    AttributeHandle value_handle{};
};

/// A peer reads a value of ours. The handler may refresh the value with `BLE::gatts_write`, or
/// refuse the read by `answer`. Without an answer the read is allowed.
struct GattsReadRequest {
    static constexpr int code = 4;
    ConnectionHandle conn_handle{};
    AttributeHandle value_handle{};

    /// Refuses the read with an ATT error (any octet but 0), or allows it (0, the default).
    void answer(att::ErrorCode error) const { *verdict = error; }
    /// Where the answer goes; set by the host for the time of the handler.
    att::ErrorCode* verdict = nullptr;
};

/// An indication was confirmed (status 0), or failed: 7 link lost, 13 not confirmed within 30 s
/// (the link is then closed), 11 the value is gone since services were registered anew. Exactly
/// once for each accepted `BLE::gatts_indicate`.
struct GattsIndicateDone {
    static constexpr int code = 20;
    ConnectionHandle conn_handle{};
    AttributeHandle value_handle{};
    int status = 0;
    error_code error;  ///< extension: the cause behind `status`
};

/// The ATT MTU of a link was agreed on, by either side; once per link.
struct MtuExchanged {
    static constexpr int code = 21;
    ConnectionHandle conn_handle{};
    std::uint16_t mtu = 0;  ///< the smaller of both sides' wishes, 23 to 517
};

// ---- GATT client. Each accepted call is ended by exactly one *Done event; its results come
// before. `status` is 0, 0x100 + the ATT error code, 7 when the link was lost, 13 after 30 s
// without an answer.

struct GattcServiceResult {
    static constexpr int code = 9;
    ConnectionHandle conn_handle{};
    AttributeHandle start_handle{};
    AttributeHandle end_handle{};
    UUID uuid;
};

struct GattcServiceDone {
    static constexpr int code = 10;
    ConnectionHandle conn_handle{};
    int status = 0;
    error_code error;  ///< extension: the cause behind `status`
};

struct GattcCharacteristicResult {
    static constexpr int code = 11;
    ConnectionHandle conn_handle{};
    AttributeHandle end_handle{};  ///< the last handle that belongs to the characteristic
    AttributeHandle value_handle{};
    std::uint8_t properties = 0;  ///< `FLAG_READ` and its kin
    UUID uuid;
};

struct GattcCharacteristicDone {
    static constexpr int code = 12;
    ConnectionHandle conn_handle{};
    int status = 0;
    error_code error;  ///< extension: the cause behind `status`
};

/// Any attribute of the range asked for, descriptors among them.
struct GattcDescriptorResult {
    static constexpr int code = 13;
    ConnectionHandle conn_handle{};
    AttributeHandle dsc_handle{};
    UUID uuid;
};

struct GattcDescriptorDone {
    static constexpr int code = 14;
    ConnectionHandle conn_handle{};
    int status = 0;
    error_code error;  ///< extension: the cause behind `status`
};

struct GattcReadResult {
    static constexpr int code = 15;
    ConnectionHandle conn_handle{};
    AttributeHandle value_handle{};
    Bytes data;
};

struct GattcReadDone {
    static constexpr int code = 16;
    ConnectionHandle conn_handle{};
    /// The first one after `BLE::gattc_read_multiple`; 0 after `BLE::gattc_read_by_uuid`, and when
    /// the link was lost.
    AttributeHandle value_handle{};
    int status = 0;
    error_code error;  ///< extension: the cause behind `status`
};

/// Ends a write with response, a long or a reliable one; writes without response have no event.
struct GattcWriteDone {
    static constexpr int code = 17;
    ConnectionHandle conn_handle{};
    AttributeHandle value_handle{};
    int status = 0;
    error_code error;  ///< extension: the cause behind `status`
};

/// A notification from the peer, subscribed to or not.
struct GattcNotify {
    static constexpr int code = 18;
    ConnectionHandle conn_handle{};
    AttributeHandle value_handle{};
    Bytes data;
};

/// An indication from the peer. It is confirmed by itself after the handler has returned.
struct GattcIndicate {
    static constexpr int code = 19;
    ConnectionHandle conn_handle{};
    AttributeHandle value_handle{};
    Bytes data;
};

// ---- extensions

/// A call that sends something on this link was refused with `errc::no_buffers`: `gatts_notify` and
/// its kin, `gatts_write` with update, or one of the `gattc_write` family. Now it would be taken.
struct SendReady {
    static constexpr int code = 0x100;
    ConnectionHandle conn_handle{};
};

/// The controller refused something that has no event of its own, such as advertising.
struct CommandFailed {
    static constexpr int code = 0x101;
    std::string_view what;  ///< the API call behind it, e.g. "gap_advertise"
    error_code error;
};

/// The controller failed (hardware error, lost synchronisation, no answer) and was brought up
/// again. All links, scans, attempts and the advertising have ended, each with its own event
/// before this one. Services and settings are kept; advertise again where wanted.
struct ControllerRestarted {
    static constexpr int code = 0x102;
    error_code cause;
};

/// The adapter is gone: unplugged, closed by its other end, or not to be revived. Everything has
/// ended, each with its own event before this one, and the `BLE` is inactive.
struct AdapterLost {
    static constexpr int code = 0x103;
    error_code cause;
    std::string_view message;
};

/// A client has changed what it subscribes to of a value of ours; `Subscription::none` when it
/// wants nothing any more. Not raised when a link or a registration of services ends subscriptions.
struct GattsSubscribe {
    static constexpr int code = 0x104;
    ConnectionHandle conn_handle{};
    AttributeHandle value_handle{};
    Subscription subscription{};
};

/// A service that another one includes.
struct GattcIncludedResult {
    static constexpr int code = 0x105;
    ConnectionHandle conn_handle{};
    AttributeHandle handle{};  ///< of the include declaration
    AttributeHandle start_handle{};
    AttributeHandle end_handle{};
    UUID uuid;
};

struct GattcIncludedDone {
    static constexpr int code = 0x106;
    ConnectionHandle conn_handle{};
    int status = 0;
    error_code error;  ///< the cause behind `status`
};

/// Ends `BLE::gattc_subscribe`. A status of 0x100 + Attribute Not Found says that the value has no
/// Client Characteristic Configuration descriptor.
struct GattcSubscribeDone {
    static constexpr int code = 0x107;
    ConnectionHandle conn_handle{};
    AttributeHandle value_handle{};
    AttributeHandle cccd_handle{};  ///< 0 when it was not found
    int status = 0;
    error_code error;  ///< the cause behind `status`
};

// ---- L2CAP credit-based channels
//
// A channel's `status` is 0 or one of MicroPython's numbers: 3 unacceptable parameters, 6 no
// resources, 7 link lost, 8 unknown PSM, 13 no answer in time, 23 insufficient authentication, 24
// insufficient authorization, 25 insufficient encryption, 26 encryption key too short; 2, 16, 17
// source CID in use, rejected, unknown.

/// A peer wants a channel to a PSM that `BLE::l2cap_listen` has opened. Without an answer it is
/// accepted, and `L2capConnect` follows. `cid` is already that of the channel.
struct L2capAccept {
    static constexpr int code = 22;
    ConnectionHandle conn_handle{};
    ChannelId cid{};
    Psm psm{};
    std::uint16_t our_mtu = 0;
    std::uint16_t peer_mtu = 0;

    struct Verdict {
        int status = 0;
        bool deferred = false;
    };
    /// Accepts (0) or refuses, by one of the numbers above; others count as 6.
    void answer(int status) const { *verdict = {status, false}; }
    /// The answer will be given by `BLE::l2cap_answer`, within 30 s; later it is refused.
    void defer() const { *verdict = {0, true}; }
    /// Where the answer goes; set by the host for the time of the handler.
    Verdict* verdict = nullptr;
};

/// A channel is open, at either end.
struct L2capConnect {
    static constexpr int code = 23;
    ConnectionHandle conn_handle{};
    ChannelId cid{};
    Psm psm{};
    std::uint16_t our_mtu = 0;   ///< octets of the longest SDU that we take
    std::uint16_t peer_mtu = 0;  ///< and that the peer takes
};

/// A channel has ended (status 0), or a `BLE::l2cap_connect` has failed, or one that was accepted
/// did not open. Once for each channel; no other event follows for it. What has come and was not
/// read can be read for the last time while the handler runs.
struct L2capDisconnect {
    static constexpr int code = 24;
    ConnectionHandle conn_handle{};
    ChannelId cid{};
    Psm psm{};
    int status = 0;
    error_code error;  ///< extension: why it ended; none when either side closed it in order
};

/// An SDU has come: `BLE::l2cap_recvinto`. Once for each, also for an empty one.
struct L2capRecv {
    static constexpr int code = 25;
    ConnectionHandle conn_handle{};
    ChannelId cid{};
};

/// After `BLE::l2cap_send` returned false or failed with `errc::no_buffers`: you may send again.
struct L2capSendReady {
    static constexpr int code = 26;
    ConnectionHandle conn_handle{};
    ChannelId cid{};
    int status = 0;
};

/// The MTU of a channel has changed by the peer's wish, or a `BLE::l2cap_reconfigure` has ended:
/// with an error everything is as before. An extension.
struct L2capReconfigured {
    static constexpr int code = 0x108;
    ConnectionHandle conn_handle{};
    ChannelId cid{};
    std::uint16_t our_mtu = 0;
    std::uint16_t peer_mtu = 0;
    int status = 0;
    error_code error;  ///< the cause behind `status`
};

// ---- security

/// What the application is asked to do with a passkey; MicroPython's numbers.
using PasskeyActionType = smp::PasskeyAction;
/// How two devices assure themselves of each other (Vol 3 Part H 2.3.5.1).
using PairingMethod = smp::Method;
/// What a user does who enters a passkey.
using Keypress = smp::Keypress;
/// How good the keys of a bond are.
using KeyStrength = smp::KeyStrength;

/// The security of a link has changed: a pairing has ended, the link was encrypted with the key of
/// a bond, or its encryption has ended. After a failure all numbers are 0 (though a link that was
/// encrypted before may still be so with the former key) and `error` says why:
/// an SMP reason of ours or the peer's, an HCI status (0x06: the peer has lost the bond; remove
/// ours by `BLE::gap_unpair` and pair anew if that is wanted), a time-out, or the lost link. As
/// central, leave the link up for a moment after a pairing: the last of our keys may be on its way.
struct EncryptionUpdate {
    static constexpr int code = 28;
    ConnectionHandle conn_handle{};
    bool encrypted = false;
    bool authenticated = false;             ///< protected against a man in the middle
    bool bonded = false;                    ///< the key in use is stored
    std::uint8_t key_size = 0;              ///< octets
    bool secure_connections = false;        ///< extension: by LE Secure Connections
    std::optional<PairingMethod> method{};  ///< extension: when it was a pairing
    error_code error{};                     ///< extension: why it failed
};

/// A secret is wanted that was handed out by `SetSecret`: the one with this `key`; or, without a
/// key, the `index`th (from 0) of its type. An application that keeps secrets itself answers, also
/// that there is none. Without an answer the store of the adapter is asked (`config::bond_file`).
/// Comes during `active(true)` for all bonds and our own identity, on each connection (but with a
/// private address that cannot be resolved) and for `BLE::gap_pair`. Answer inside the handler.
struct GetSecret {
    static constexpr int code = 29;
    SecretType type{};
    std::uint8_t index = 0;
    std::optional<Bytes> key{};

    struct Answer {
        bool given = false;
        std::optional<std::vector<std::uint8_t>> value;
    };
    /// The value (it is copied), or nothing when there is no such secret.
    void answer(std::optional<Bytes> value) const {
        answer_to->given = true;
        answer_to->value.reset();
        if (value) answer_to->value.emplace(value->begin(), value->end());
    }
    /// Where the answer goes; set by the host for the time of the handler.
    Answer* answer_to = nullptr;
};

/// A secret is to be stored, in place of one of the same type and key; or without a value to be
/// deleted. An application that keeps secrets itself answers; else the store of the adapter does.
/// Values are opaque, and worth as much as the link's security: keep them where nobody else reads.
/// Comes after a pairing (types 1 and 2), after a bonded client has subscribed to something (type
/// 3), and at the end of a link. Answer inside the handler.
struct SetSecret {
    static constexpr int code = 30;
    SecretType type{};
    Bytes key;
    std::optional<Bytes> value{};

    struct Answer {
        bool given = false;
        bool stored = false;
    };
    /// Whether it is stored, or deleted.
    void answer(bool stored) const { *answer_to = {true, stored}; }
    /// Where the answer goes; set by the host for the time of the handler.
    Answer* answer_to = nullptr;
};

/// The user is needed for a pairing; answer by `BLE::gap_passkey` with the same action within 30 s.
/// For `display` choose a number, show it, and answer with it; for `input` ask for the number that
/// the other device shows; for `numeric_comparison` ask whether the other device shows `passkey`
/// too. Tell users what they do: a number that is to be compared must never be typed anywhere.
struct PasskeyAction {
    static constexpr int code = 31;
    ConnectionHandle conn_handle{};
    PasskeyActionType action{};
    std::uint32_t passkey = 0;  ///< 0 to 999,999, for `numeric_comparison`
};

/// The other device's user has touched a key while entering the passkey that we display. An
/// extension, by `config::keypress`.
struct KeypressNotification {
    static constexpr int code = 0x10a;
    ConnectionHandle conn_handle{};
    Keypress keypress{};
};

/// A bonded peer pairs again, and the result would be less secure than the bond there is: perhaps
/// it has lost its keys, perhaps it is someone else. Refused unless answered with true; then the
/// new bond replaces the old one, if it succeeds. An extension.
struct WeakerPairing {
    static constexpr int code = 0x10b;
    ConnectionHandle conn_handle{};
    KeyStrength present;
    KeyStrength wanted;

    struct Verdict {
        bool allowed = false;
        bool deferred = false;
    };
    /// Lets the pairing go on, or refuses it (which is the default).
    void answer(bool allow) const { *verdict = {allow, false}; }
    /// The answer will be given by `BLE::gap_pair_weaker`, within 30 s; later the pairing has
    /// failed.
    void defer() const { *verdict = {false, true}; }
    /// Where the answer goes; set by the host for the time of the handler.
    Verdict* verdict = nullptr;
};

using Event =
    std::variant<CentralConnect, CentralDisconnect, GattsWrite, GattsReadRequest, ScanResult,
                 ScanDone, PeripheralConnect, PeripheralDisconnect, GattcServiceResult,
                 GattcServiceDone, GattcCharacteristicResult, GattcCharacteristicDone,
                 GattcDescriptorResult, GattcDescriptorDone, GattcReadResult, GattcReadDone,
                 GattcWriteDone, GattcNotify, GattcIndicate, GattsIndicateDone, MtuExchanged,
                 ConnectionUpdate, SendReady, CommandFailed, ControllerRestarted, AdapterLost,
                 GattsSubscribe, GattcIncludedResult, GattcIncludedDone, GattcSubscribeDone,
                 L2capAccept, L2capConnect, L2capDisconnect, L2capRecv, L2capSendReady,
                 L2capReconfigured, ConnectionUpdateRequest, EncryptionUpdate, GetSecret, SetSecret,
                 PasskeyAction, KeypressNotification, WeakerPairing>;

/// MicroPython's number of an event (or the extension's).
inline int code_of(const Event& event) {
    return std::visit([](const auto& e) { return e.code; }, event);
}

}  // namespace bluetooth
