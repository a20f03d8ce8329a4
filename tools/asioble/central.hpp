// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bluetooth/advertising_data.hpp"
#include "bluetooth/ble.hpp"
#include "tools/asioble/loop.hpp"
#include "tools/asioble/remote_database.hpp"
#include "tools/asioble/text.hpp"

namespace bluetooth::tool {

/// A device found by scanning.
struct Found {
    AddressType type{};
    Address address;
    std::int8_t rssi = 127;
    std::string name;  // empty when it was not in the report that matched
};

/// A value that was read.
struct ReadValue {
    AttributeHandle handle{};
    Octets data;
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
    /// Whether the link is up still.
    bool connected() const { return connection_.has_value(); }
    /// Fails, naming `what` was going on, unless the link is up still.
    void expect_connected(const std::string& what);
    /// The ATT MTU that was agreed on; that in force where the peer does not answer or has asked
    /// before.
    std::uint16_t exchange_mtu(std::uint16_t wish);
    /// The whole database.
    RemoteDatabase discover();
    /// What fits one packet of a value.
    Octets read(AttributeHandle handle);
    /// A whole value.
    Octets read_long(AttributeHandle handle);
    /// As `read_long`; the error is the peer's reason for a refusal.
    result<Octets> try_read_long(AttributeHandle handle);
    /// What fits one packet of each value of this type, without discovery.
    std::vector<ReadValue> read_by_uuid(const UUID& uuid);
    void write(AttributeHandle handle, Bytes value);
    /// Without response, hence without knowing whether the peer took it.
    void write_command(AttributeHandle handle, Bytes value);
    // In parts, which the peer repeats: fails, with nothing written, when it does so wrongly.
    void write_long(AttributeHandle handle, Bytes value);
    void write_reliable(std::span<const HandleValue> values);
    /// Asks for notifications where the characteristic has them, else for indications; returns
    /// which.
    Subscription subscribe(const RemoteCharacteristic& characteristic);
    /// The next value that the peer sends by itself; nothing once `limit` has passed.
    std::optional<ReceivedValue> next_value(Duration limit = Duration::max());
    /// Returns when what was sent before has arrived: once the peer has answered something.
    void wait_for_arrival();
    void disconnect();

private:
    /// Makes a call and waits for the event that ends it; returns the outcome.
    template <class Call> error_code wait_for(Call&& call);
    /// Fails unless the outcome is success.
    template <class Call> void perform(const std::string& what, Call&& call);
    /// Fails unless the outcome is success or the peer's refusal, which is returned.
    template <class Call> error_code attempt(const std::string& what, Call&& call);
    template <class Call> void write_in_parts(const std::string& what, Call&& call);
    /// The discovered service that an attribute belongs to; null when there is none.
    RemoteService* service_of(AttributeHandle handle);
    void on_descriptor(const GattcDescriptorResult& found);
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
    RemoteDatabase services_;
    std::vector<ReadValue> values_;
    std::deque<ReceivedValue> received_;  // what `next_value` has not given out yet
    static constexpr std::size_t max_received = 1024;
};

}  // namespace bluetooth::tool
