// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bluetooth/advertising_data.hpp"
#include "bluetooth/ble.hpp"
#include "tools/asioble/loop.hpp"
#include "tools/asioble/text.hpp"

namespace bluetooth::tool {

/// A device found by scanning.
struct Found {
    AddressType type{};
    Address address;
    std::int8_t rssi = 127;
    std::string name;  // empty when it was not in the report that matched
};

// What discovery learns of a peer's database.
struct RemoteDescriptor {
    AttributeHandle handle{};
    UUID uuid;
};
struct RemoteCharacteristic {
    AttributeHandle value_handle{};
    AttributeHandle end_handle{};
    std::uint8_t properties = 0;
    UUID uuid;
    std::vector<RemoteDescriptor> descriptors;

    /// Its Client Characteristic Configuration descriptor (Vol 3 Part G 3.3.3.3).
    std::optional<AttributeHandle> configuration() const;
};
struct RemoteService {
    AttributeHandle start_handle{};
    AttributeHandle end_handle{};
    UUID uuid;
    std::vector<RemoteCharacteristic> characteristics;
};

/// A value that the peer notified or indicated.
struct ReceivedValue {
    AttributeHandle handle{};
    Octets data;
    bool indicated = false;
};

/// The central's side of one connection, written in a straight line: each function runs the loop
/// until it is done. Failures, a lost link among them, are thrown as `Failure`.
class Central {
public:
    Central(Loop& loop, BLE& ble) : loop_(loop), ble_(ble) {}

    /// To be given every event of the adapter.
    void on_event(const Event& event);

    using Matches = std::function<bool(const ScanResult&)>;
    /// Scans, actively, until a report matches or `limit` has passed.
    std::optional<Found> find(const Matches& matches, Duration limit);

    /// Fails when it has not succeeded within `limit`.
    void connect(AddressType type, const Address& address, std::chrono::milliseconds limit);
    ConnectionHandle connection() const { return *connection_; }
    /// The ATT MTU that was agreed on; that in force where the peer does not answer or has asked
    /// before.
    std::uint16_t exchange_mtu(std::uint16_t wish);
    /// The whole database.
    std::vector<RemoteService> discover();
    Octets read(AttributeHandle handle);
    void write(AttributeHandle handle, Bytes value);
    /// Without response, hence without knowing whether the peer took it.
    void write_command(AttributeHandle handle, Bytes value);
    /// Asks for notifications where the characteristic has them, else for indications.
    void subscribe(const RemoteCharacteristic& characteristic);
    /// The next value that the peer sends by itself; nothing once `limit` has passed.
    std::optional<ReceivedValue> next_value(Duration limit = Duration::max());
    void disconnect();

private:
    /// Makes a call and waits for the event that ends it.
    template <class Call> void perform(const std::string& what, Call&& call);
    [[noreturn]] void fail(const std::string& what, const error_code& error);
    bool is_ours(ConnectionHandle conn_handle) const { return connection_ == conn_handle; }

    Loop& loop_;
    BLE& ble_;
    Matches matches_;
    std::optional<Found> found_;
    bool scanning_ = false;
    bool connecting_ = false;
    std::optional<ConnectionHandle> connection_;
    error_code reason_;  // why the link ended or did not come up
    bool mtu_exchanged_ = false;
    bool send_ready_ = false;
    bool done_ = false;  // the present call
    error_code outcome_;
    std::vector<RemoteService> services_;
    Octets value_;
    std::deque<ReceivedValue> received_;  // what `next_value` has not given out yet
    static constexpr std::size_t max_received = 1024;
};

}  // namespace bluetooth::tool
