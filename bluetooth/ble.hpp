// SPDX-License-Identifier: MIT
//
// asioble's public API: class `BLE`, after MicroPython's `bluetooth.BLE`.
//
//     bluetooth::BLE ble{"usb:"};                       // or "serial:/dev/ttyACM0", "virtual:", …
//     ble.irq([&](const bluetooth::Event& event) { … });
//     ble.active(true);
//     ble.gap_advertise(250ms, bluetooth::AdvertisingData{}.name("hello").bytes());
//     ble.run();
//
// How it behaves everywhere
//
// * One `BLE` drives one adapter; any number of them live side by side.
// * A `BLE` belongs to one Asio executor and is used from there only; it has no thread and no lock.
//   Without an executor it owns an `io_context`, which `run` and its kin drive.
// * The handler of `irq` is called serially, never inside another handler. Every call of this
//   class except a blocking `active(true)` may be made inside it; the events that a call causes
//   follow right after the running handler.
// * Each call that can fail has two forms. One throws `bluetooth::system_error`, whose text says
//   what to do next; the other takes a trailing `error_code&` and never throws. All of them need an
//   active adapter (`errc::not_active`) unless they say otherwise; what is wrong with
//   arguments in themselves, such as a size or a range, is mostly told before that.
//   While a failed controller is brought up again they give `errc::try_again`, until
//   `ControllerRestarted` or `AdapterLost`.
// * Data arguments are copied before a call returns. Views in events live until the handler
//   returns; the view that `gatts_read` returns lives until the value is next written.
// * Nothing waits for ever: every procedure has a deadline and ends in exactly one event.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bluetooth/address.hpp"
#include "bluetooth/config.hpp"
#include "bluetooth/error.hpp"
#include "bluetooth/events.hpp"
#include "bluetooth/l2cap_options.hpp"
#include "bluetooth/statistics.hpp"
#include "bluetooth/uuid.hpp"
#include "gatt/descriptors.hpp"
#include "gatt/service_definition.hpp"
#include "hci/init.hpp"
#include "transport/asio.hpp"

namespace bluetooth {

class Adapter;
class L2capChannel;

// Bits of a characteristic's or descriptor's flags (MicroPython's `FLAG_*`; those without a name
// there are the numbers of its documentation).
inline constexpr std::uint16_t FLAG_BROADCAST = 0x0001;
inline constexpr std::uint16_t FLAG_READ = 0x0002;
inline constexpr std::uint16_t FLAG_WRITE_NO_RESPONSE = 0x0004;
inline constexpr std::uint16_t FLAG_WRITE = 0x0008;
inline constexpr std::uint16_t FLAG_NOTIFY = 0x0010;    ///< adds a CCCD
inline constexpr std::uint16_t FLAG_INDICATE = 0x0020;  ///< adds a CCCD
inline constexpr std::uint16_t FLAG_AUTHENTICATED_SIGNED_WRITE = 0x0040;
inline constexpr std::uint16_t FLAG_RELIABLE_WRITE = 0x0080;  ///< adds extended properties
inline constexpr std::uint16_t FLAG_AUX_WRITE = 0x0100;       ///< adds extended properties
inline constexpr std::uint16_t FLAG_READ_ENCRYPTED = 0x0200;
inline constexpr std::uint16_t FLAG_READ_AUTHENTICATED = 0x0400;
inline constexpr std::uint16_t FLAG_READ_AUTHORIZED = 0x0800;
inline constexpr std::uint16_t FLAG_WRITE_ENCRYPTED = 0x1000;
inline constexpr std::uint16_t FLAG_WRITE_AUTHENTICATED = 0x2000;
inline constexpr std::uint16_t FLAG_WRITE_AUTHORIZED = 0x4000;

/// A service to register: `{UUID{0x180f}, {{UUID{0x2a19}, FLAG_READ | FLAG_NOTIFY}}}`.
using Service = gatt::ServiceDefinition;
using Characteristic = gatt::CharacteristicDefinition;
using Descriptor = gatt::DescriptorDefinition;
using ServiceType = gatt::ServiceType;
using gatt::presentation_format;
using gatt::PresentationFormat;
using gatt::user_description;

/// A value of a peer or of ours, named by its handle.
using HandleValue = att::HandleValue;

/// What the adapter said of itself when it was brought up.
using ControllerInfo = hci::ControllerInfo;

/// What two devices may exchange over a way that nobody else can change, for LE Secure Connections
/// (Vol 3 Part H 2.3.5.6.4). The octets stand as in out-of-band data blocks (CSS Part A 1.6), the
/// least significant one first.
struct OobData {
    std::array<std::uint8_t, 16> confirm{};
    std::array<std::uint8_t, 16> random{};
    friend bool operator==(const OobData&, const OobData&) = default;
};
/// The same for LE legacy pairing: the Temporary Key, which both sides must be given.
struct OobKey {
    std::array<std::uint8_t, 16> tk{};
};

/// Options of `BLE::gap_advertise`.
struct AdvertiseOptions {
    /// Scan response data, at most 31 octets. Nothing: what was set last; empty: none.
    std::optional<Bytes> resp_data{};
    /// Whether centrals may connect (ADV_IND); else ADV_SCAN_IND.
    bool connectable = true;
};

/// Options of `BLE::gap_scan`.
struct ScanOptions {
    /// How often to listen, and how long each time: 2.5 ms to 10.24 s, window not above interval.
    std::chrono::microseconds interval{1'280'000};
    std::chrono::microseconds window{11'250};
    /// Ask advertisers for their scan response data, which comes as results of type 4.
    bool active = false;
    /// Let the controller report each advertiser once (an extension; it forgets now and then).
    bool filter_duplicates = false;
};

/// Options of `BLE::gap_connect`.
struct ConnectOptions {
    /// How long to try; 0: 30 s, negative: fails at once, `milliseconds::max()`: until cancelled.
    std::chrono::milliseconds scan_duration{2000};
    /// Connection interval, 7.5 ms to 4 s; by default 30 ms to 50 ms.
    std::optional<std::chrono::microseconds> min_conn_interval{};
    std::optional<std::chrono::microseconds> max_conn_interval{};
};

/// One Bluetooth LE adapter and everything on it.
class BLE {
public:
    using Handler = std::function<void(const Event&)>;
    using Executor = asio::any_io_executor;

    /// An adapter of its own `io_context`. `transport` names it, e.g. "virtual:",
    /// "serial:/dev/ttyUSB0,115200,rtscts", "unix:/tmp/controller", "tcp-client:127.0.0.1:9000";
    /// empty takes the environment variable `ASIOBLE_TRANSPORT`. Nothing is opened before
    /// `active(true)`.
    explicit BLE(std::string_view transport = {});
    /// An adapter on the executor of the caller, who runs it: activate it by `async_active`.
    explicit BLE(Executor executor, std::string_view transport = {});
    BLE(const BLE&) = delete;
    BLE& operator=(const BLE&) = delete;
    /// Deactivates. Not allowed inside this object's own handler.
    ~BLE();

    Executor get_executor() const;

    /// Drives the `io_context` that this object owns, as its namesakes of `asio::io_context` do;
    /// `run` returns after `stop`. With a foreign executor: `errc::not_permitted`.
    std::size_t run();
    std::size_t run_for(std::chrono::milliseconds duration);
    std::size_t poll();
    void stop();

    // ---- state

    /// Whether the adapter is up. Allowed at any time.
    bool active() const;
    /// Opens the adapter and brings it up, or closes it; returns the new state.
    ///
    /// `true` blocks until the controller is ready; one that leaves a command unanswered for 2 s
    /// has failed (`errc::timed_out`), and connecting to a TCP transport takes 10 s at most. The
    /// exception's text names what could not be opened and the remedy.
    /// When already active nothing happens. MTU, address mode, services and advertising data start
    /// anew; the handler, `gap_name` and other settings survive. On a foreign executor or inside a
    /// handler it fails with `errc::not_permitted`: use `async_active`.
    ///
    /// `false` takes effect at once: links are dropped, services freed, and no event is delivered
    /// any more. Allowed at any time.
    bool active(bool on);
    bool active(bool on, error_code& error);
    /// As `active`, without blocking; allowed inside handlers. The token's signature is
    /// `void(error_code)`. A second activation while one is running ends with
    /// `errc::already_in_progress`; one that `active(false)` interrupts with
    /// `asio::error::operation_aborted`. A deactivation completes when the controller was left
    /// clean and the transport is closed.
    template <asio::completion_token_for<void(error_code)> CompletionToken>
    auto async_active(bool on, CompletionToken&& token) {
        return asio::async_initiate<CompletionToken, void(error_code)>(
            [this, on](auto handler) { start_active(on, std::move(handler)); }, token);
    }
    /// What the last failed activation had to say: the reason, and what to do about it.
    const std::string& last_message() const;

    /// Installs the handler of all events; an empty function removes it. Allowed at any time, also
    /// inside the handler. Without a handler events are dropped, reads of peers are allowed. An
    /// exception that leaves the handler is logged, and the handler stays.
    void irq(Handler handler);

    /// Sets an option (bluetooth/config.hpp). Whether it needs an active adapter, and its errors,
    /// stand beside each option.
    template <config::Settable Option> void config(const Option& option) {
        error_code error;
        config(option, error);
        throw_on(error, "config");
    }
    template <config::Settable Option> void config(const Option& option, error_code& error) {
        set_option(option, error);
    }
    /// The value of an option: `ble.config<config::mtu>().value`.
    template <config::Gettable Option> Option config() const {
        error_code error;
        Option option = config<Option>(error);
        throw_on(error, "config");
        return option;
    }
    template <config::Gettable Option> Option config(error_code& error) const {
        config::GettableOption option{Option{}};
        get_option(option, error);
        return std::get<Option>(option);
    }

    /// Versions, features, addresses and buffers of the controller. Empty while inactive.
    ControllerInfo controller_info() const;
    Statistics statistics() const;

    /// Records every packet into a btsnoop file (mode 0600) from now on, or from the next
    /// activation; an empty path ends the recording. Key material is masked unless `with_keys`.
    /// The environment variable `ASIOBLE_SNOOP` does the same for every adapter; the second of a
    /// process writes to the name with ".2" behind it, and so on. Allowed at any time. Errors:
    /// those of the file.
    void snoop(std::string_view path, bool with_keys = false);
    void snoop(std::string_view path, bool with_keys, error_code& error);

    // ---- GAP

    /// Starts advertising, or starts anew with other parameters.
    ///
    /// `interval` is 20 ms to 10.24 s, in steps of 625 µs rounded down. `adv_data` has at most 31
    /// octets; nothing keeps what was set last, empty data clears it (nothing is added: flags and
    /// name are the caller's, see `AdvertisingData`). Advertising ends by itself when a central
    /// connects: `CentralConnect`. A refusal by the controller comes as `CommandFailed`.
    /// Errors: `errc::invalid_argument` (interval, size), `errc::no_buffers` (connectable with all
    /// connection slots taken). Vol 3 Part C 9.2.3, Vol 6 Part B 4.4.2.
    void gap_advertise(std::chrono::microseconds interval = std::chrono::milliseconds{500},
                       std::optional<Bytes> adv_data = std::nullopt,
                       const AdvertiseOptions& options = {});
    void gap_advertise(std::chrono::microseconds interval, std::optional<Bytes> adv_data,
                       const AdvertiseOptions& options, error_code& error);
    /// `gap_advertise(std::nullopt)` stops advertising. Harmless when nothing is advertised, and
    /// while inactive.
    void gap_advertise(std::nullopt_t);

    /// Scans for `duration` (0: until stopped, negative: done at once). Each report comes as
    /// `ScanResult`, the end as `ScanDone`. Errors: `errc::already_in_progress` (a scan is
    /// running), `errc::busy` (a connection attempt is), `errc::invalid_argument` (window above
    /// interval). Vol 3 Part C 9.2.6, Vol 6 Part B 4.4.3.
    void gap_scan(std::chrono::milliseconds duration = std::chrono::milliseconds{0},
                  const ScanOptions& options = {});
    void gap_scan(std::chrono::milliseconds duration, const ScanOptions& options,
                  error_code& error);
    /// `gap_scan(std::nullopt)` stops the scan; `ScanDone` is delivered before it returns, or
    /// inside a handler right after that handler. Silent when no scan is running.
    void gap_scan(std::nullopt_t);
    void gap_scan(std::nullopt_t, error_code& error);

    /// Connects to an advertising peripheral. A running scan is stopped first.
    ///
    /// Ends in `PeripheralConnect`, or in a `PeripheralDisconnect` with `no_connection` after a
    /// time-out, a cancel or a failure. Errors: `errc::already_in_progress` (an attempt is
    /// pending), `errc::already_done` (connected to that peer), `errc::no_buffers` (all connection
    /// slots taken), `errc::invalid_argument` (address type above 3, intervals). Vol 3 Part
    /// C 9.3.8.
    void gap_connect(AddressType addr_type, const Address& addr,
                     const ConnectOptions& options = {});
    void gap_connect(AddressType addr_type, const Address& addr, const ConnectOptions& options,
                     error_code& error);
    /// `gap_connect(std::nullopt)` cancels the attempt, which ends in its event.
    /// `errc::already_in_progress` when nothing is pending (MicroPython's number).
    void gap_connect(std::nullopt_t);
    void gap_connect(std::nullopt_t, error_code& error);

    /// Closes a link; true when that was begun (`CentralDisconnect` or `PeripheralDisconnect`
    /// follows), false when there is no such link. A controller that refuses is asked again; a link
    /// that it closes by no means counts as lost. Errors: `errc::already_in_progress` (it is being
    /// closed). Vol 3 Part C 9.3.10.
    bool gap_disconnect(ConnectionHandle conn_handle);
    bool gap_disconnect(ConnectionHandle conn_handle, error_code& error);

    /// Asks for other connection parameters (an extension); `ConnectionUpdate` reports the outcome.
    /// Intervals 7.5 ms to 4 s, latency up to 499 events, timeout 100 ms to 32 s and above
    /// 2 · max · (1 + latency). Errors: `errc::not_connected`, `errc::invalid_argument`,
    /// `errc::already_in_progress`. Vol 3 Part C 9.3.9, Part A 4.20.
    void gap_update_connection(ConnectionHandle conn_handle, std::chrono::microseconds min_interval,
                               std::chrono::microseconds max_interval, std::uint16_t latency,
                               std::chrono::milliseconds supervision_timeout);
    void gap_update_connection(ConnectionHandle conn_handle, std::chrono::microseconds min_interval,
                               std::chrono::microseconds max_interval, std::uint16_t latency,
                               std::chrono::milliseconds supervision_timeout, error_code& error);

    // ---- security

    /// Secures a link. As central: encrypts it with the key of the bond, or pairs where there is
    /// none, where it is less than `config` asks for, or where `anew`. As peripheral: asks the
    /// central to do so. Allowed on encrypted links. Ends in exactly one `EncryptionUpdate`;
    /// `PasskeyAction` and `WeakerPairing` may come before, and `SetSecret` when a bond was made.
    /// Nothing is ever paired anew by itself because a peer has lost its bond. Errors:
    /// `errc::not_connected`, `errc::already_in_progress`, `errc::timed_out` (a pairing on this
    /// link timed out: connect again), `errc::not_permitted` (the peer uses our own address). Vol 3
    /// Part H 2.1, Part C 10.3.
    void gap_pair(ConnectionHandle conn_handle, bool anew = false);
    void gap_pair(ConnectionHandle conn_handle, bool anew, error_code& error);
    /// Ends a pairing that is under way (an extension); `EncryptionUpdate` follows. Errors:
    /// `errc::not_connected`, `errc::no_such_procedure`.
    void gap_pair_cancel(ConnectionHandle conn_handle);
    void gap_pair_cancel(ConnectionHandle conn_handle, error_code& error);
    /// Answers `PasskeyAction`, with the same action: `display` and `input` take a passkey of 0 to
    /// 999,999, `numeric_comparison` takes 0 for "they differ", else they are the same. Errors:
    /// `errc::not_connected`, `errc::no_such_procedure` (nothing was asked),
    /// `errc::already_in_progress` (it is answered), `errc::invalid_argument` (the passkey, or
    /// another action was asked for).
    void gap_passkey(ConnectionHandle conn_handle, PasskeyActionType action, std::uint32_t passkey);
    void gap_passkey(ConnectionHandle conn_handle, PasskeyActionType action, std::uint32_t passkey,
                     error_code& error);
    /// Tells the peer, which displays a passkey, what our user does while entering it (an
    /// extension). Errors: `errc::not_connected`, `errc::no_such_procedure` (no passkey is being
    /// entered), `errc::not_supported` (not agreed on: `config::keypress`),
    /// `errc::invalid_argument`. Vol 3 Part H 3.5.8.
    void gap_keypress(ConnectionHandle conn_handle, Keypress keypress);
    void gap_keypress(ConnectionHandle conn_handle, Keypress keypress, error_code& error);

    /// Forgets the bond with a peer, by its identity address (an extension): `SetSecret` without
    /// values follows. Links stay as they are. Errors: `errc::invalid_argument` (address type above
    /// 3), `errc::no_such_procedure` (there is no such bond; not told inside a handler).
    void gap_unpair(AddressType addr_type, const Address& addr);
    void gap_unpair(AddressType addr_type, const Address& addr, error_code& error);

    /// Makes new out-of-band data for LE Secure Connections, to be brought to the peer by other
    /// means than Bluetooth (an extension). The key pair that it stands for is used for all
    /// pairings from now on, until the next call or `gap_set_oob(std::nullopt)`.
    OobData gap_get_oob();
    OobData gap_get_oob(error_code& error);
    /// Gives us what the peer's `gap_get_oob` has made; pairings then use it, for whichever peer
    /// (an extension). Allowed at any time.
    void gap_set_oob(const OobData& data);
    /// The same for LE legacy pairing, without `config::le_secure` or with peers that lack it.
    void gap_set_oob(const OobKey& key);
    /// Forgets all out-of-band data, ours and the peer's.
    void gap_set_oob(std::nullopt_t);

    // ---- GATT server

    /// Replaces all services of the application. Returns, for each service, the handles of its
    /// characteristics' values, each followed by those of its declared descriptors. What comes by
    /// itself is not in the result: a CCCD behind each value that notifies or indicates, and the
    /// extended properties behind one with `FLAG_RELIABLE_WRITE` or `FLAG_AUX_WRITE`, unless they
    /// are declared. Identical tables give identical handles; a change while connected is told to
    /// the clients by Service Changed, and ends their subscriptions to what has changed. A call
    /// that fails leaves the former table in place. Values start empty unless defined otherwise,
    /// with room for 20 octets at least. `GattsSubscribe` follows when a client subscribes.
    /// The handles of declared CCCDs and extended properties are in the result, but `gatts_read`
    /// and `gatts_write` do not take them: their values are the clients' and the table's. Errors:
    /// `errc::invalid_argument` (a service includes itself, if only by way of others, or one that
    /// is not there; a key size is not 7 to 16; a value is longer than 512 octets; two CCCDs or
    /// extended properties in one characteristic), `errc::too_big` (handles used up),
    /// `errc::try_again` (a handler has meanwhile registered others).
    /// Vol 3 Part G 3.
    std::vector<std::vector<AttributeHandle>> gatts_register_services(
        std::span<const Service> services);
    std::vector<std::vector<AttributeHandle>> gatts_register_services(
        std::span<const Service> services, error_code& error);

    /// The present value of an attribute of ours, empty for handles that do not exist. In append
    /// mode reading empties the value. The view is valid until the value is next written, the next
    /// value in append mode is read, or services are registered. The second form tells
    /// `errc::invalid_argument` from an empty value.
    Bytes gatts_read(AttributeHandle value_handle);
    Bytes gatts_read(AttributeHandle value_handle, error_code& error);
    /// Replaces a value; returns its size. With `send_update` every connection that subscribed (and
    /// is not yet to hear of a change of our services, or given up) is sent this very value, by
    /// notification where it asked for that, else by indication. Errors: `errc::invalid_argument`
    /// (no such value); and with the value stored, but not sent to every subscriber,
    /// `errc::no_buffers` (`SendReady` follows), `errc::too_big` (`config::strict`).
    std::size_t gatts_write(AttributeHandle value_handle, Bytes data, bool send_update = false);
    std::size_t gatts_write(AttributeHandle value_handle, Bytes data, bool send_update,
                            error_code& error);
    /// Gives a value room for `size` octets (1 to 65,535) and empties it. With `append` what
    /// clients write is added to the value instead of replacing it, as far as there is room.
    /// Errors: `errc::invalid_argument`, `errc::no_buffers` (size 0), `errc::too_big`.
    void gatts_set_buffer(AttributeHandle value_handle, std::size_t size, bool append = false);
    void gatts_set_buffer(AttributeHandle value_handle, std::size_t size, bool append,
                          error_code& error);

    /// Sends a notification with `data`, or with the stored value; the stored value stays as it is.
    /// Whether the peer has subscribed is not checked. Cut to ATT MTU − 3 octets. Errors:
    /// `errc::not_connected`, `errc::invalid_argument` (no such value), `errc::no_buffers` (the
    /// link's queue is full: `SendReady` follows), `errc::too_big` (`config::strict`),
    /// `errc::try_again` (the client has asked for robust caching and has yet to learn of a change
    /// of our services: nothing else may be sent to it). Vol 3 Part G 4.10, 2.5.2.1.
    void gatts_notify(ConnectionHandle conn_handle, AttributeHandle value_handle,
                      std::optional<Bytes> data = std::nullopt);
    void gatts_notify(ConnectionHandle conn_handle, AttributeHandle value_handle,
                      std::optional<Bytes> data, error_code& error);
    /// Notifies of several values, in as few packets as the client can take (an extension). All or,
    /// with an error, none are sent. Errors as for `gatts_notify`, and `errc::too_big` for more
    /// values than `config::send_queue`. Vol 3 Part G 4.10.2.
    void gatts_notify_multiple(ConnectionHandle conn_handle, std::span<const HandleValue> values);
    void gatts_notify_multiple(ConnectionHandle conn_handle, std::span<const HandleValue> values,
                               error_code& error);
    /// As `gatts_notify`, with confirmation by the peer: `GattsIndicateDone`. One is on its way at
    /// a time, further ones wait in order. Vol 3 Part G 4.11.
    void gatts_indicate(ConnectionHandle conn_handle, AttributeHandle value_handle,
                        std::optional<Bytes> data = std::nullopt);
    void gatts_indicate(ConnectionHandle conn_handle, AttributeHandle value_handle,
                        std::optional<Bytes> data, error_code& error);
    /// Lets a peer write values with `FLAG_WRITE_AUTHORIZED` and subscribe to those with
    /// `FLAG_READ_AUTHORIZED`, or no more, until the link ends (an extension). Reads of the latter
    /// are put to the handler, which decides each.
    /// Errors: `errc::not_connected`. Vol 3 Part C 10.5.
    void gatts_authorize(ConnectionHandle conn_handle, bool authorized = true);
    void gatts_authorize(ConnectionHandle conn_handle, bool authorized, error_code& error);

    // ---- GATT client. Calls may be made back to back: they are carried out in order, one request
    // at a time, and end in order; on a link with enhanced bearers (`config::eatt`) those about
    // different attributes run side by side. All give `errc::not_connected`, `errc::busy` (the
    // queue of procedures is full), `errc::no_buffers` and, for handle 0 and bad ranges,
    // `errc::invalid_argument`.

    /// Primary services, all or those with `uuid`: `GattcServiceResult`…, `GattcServiceDone`.
    /// Vol 3 Part G 4.4.
    void gattc_discover_services(ConnectionHandle conn_handle,
                                 std::optional<UUID> uuid = std::nullopt);
    void gattc_discover_services(ConnectionHandle conn_handle, std::optional<UUID> uuid,
                                 error_code& error);
    /// As `gattc_discover_services`, for secondary services, which otherwise show where they are
    /// included (an extension). Vol 3 Part G 2.6.2.
    void gattc_discover_secondary_services(ConnectionHandle conn_handle,
                                           std::optional<UUID> uuid = std::nullopt);
    void gattc_discover_secondary_services(ConnectionHandle conn_handle, std::optional<UUID> uuid,
                                           error_code& error);
    /// Services that those in a range of handles include (an extension): `GattcIncludedResult`…,
    /// `GattcIncludedDone`. Vol 3 Part G 4.5.1.
    void gattc_discover_included(ConnectionHandle conn_handle, AttributeHandle start_handle,
                                 AttributeHandle end_handle);
    void gattc_discover_included(ConnectionHandle conn_handle, AttributeHandle start_handle,
                                 AttributeHandle end_handle, error_code& error);
    /// Characteristics declared in a range of handles: `GattcCharacteristicResult`…,
    /// `GattcCharacteristicDone`. Vol 3 Part G 4.6.
    void gattc_discover_characteristics(ConnectionHandle conn_handle, AttributeHandle start_handle,
                                        AttributeHandle end_handle,
                                        std::optional<UUID> uuid = std::nullopt);
    void gattc_discover_characteristics(ConnectionHandle conn_handle, AttributeHandle start_handle,
                                        AttributeHandle end_handle, std::optional<UUID> uuid,
                                        error_code& error);
    /// Every attribute behind `start_handle` (which may be 0) up to `end_handle`; pass the value
    /// handle of a characteristic and its end handle to get its descriptors:
    /// `GattcDescriptorResult`…, `GattcDescriptorDone`. Vol 3 Part G 4.7.
    void gattc_discover_descriptors(ConnectionHandle conn_handle, AttributeHandle start_handle,
                                    AttributeHandle end_handle);
    void gattc_discover_descriptors(ConnectionHandle conn_handle, AttributeHandle start_handle,
                                    AttributeHandle end_handle, error_code& error);
    /// Reads a value, at most ATT MTU − 1 octets of it: `GattcReadResult`, `GattcReadDone`.
    /// Vol 3 Part G 4.8.1.
    void gattc_read(ConnectionHandle conn_handle, AttributeHandle value_handle);
    void gattc_read(ConnectionHandle conn_handle, AttributeHandle value_handle, error_code& error);
    /// Reads a whole value, of up to 512 octets, in as many requests as that takes (an extension):
    /// `GattcReadResult`, `GattcReadDone`. Vol 3 Part G 4.8.3.
    void gattc_read_long(ConnectionHandle conn_handle, AttributeHandle value_handle);
    void gattc_read_long(ConnectionHandle conn_handle, AttributeHandle value_handle,
                         error_code& error);
    /// Reads each value with this type in a range of handles, at most ATT MTU − 4 octets of it (an
    /// extension): `GattcReadResult`…, `GattcReadDone`. Vol 3 Part G 4.8.2.
    void gattc_read_by_uuid(ConnectionHandle conn_handle, AttributeHandle start_handle,
                            AttributeHandle end_handle, const UUID& uuid);
    void gattc_read_by_uuid(ConnectionHandle conn_handle, AttributeHandle start_handle,
                            AttributeHandle end_handle, const UUID& uuid, error_code& error);
    /// Reads two or more values by one request (an extension). With `variable`, which not every
    /// peer knows, each comes as its own `GattcReadResult`; else all joined as one, under the first
    /// handle, and only their sizes, known beforehand, tell them apart. What exceeds ATT MTU − 1
    /// octets is cut. `GattcReadDone` follows. Vol 3 Part G 4.8.4, 4.8.5.
    void gattc_read_multiple(ConnectionHandle conn_handle,
                             std::span<const AttributeHandle> value_handles, bool variable = false);
    void gattc_read_multiple(ConnectionHandle conn_handle,
                             std::span<const AttributeHandle> value_handles, bool variable,
                             error_code& error);
    /// Writes a value, cut to ATT MTU − 3 octets: with response (`GattcWriteDone` follows), or
    /// without (no event). `errc::no_buffers`: the link's queue is full, `SendReady` follows.
    /// `errc::too_big`: does not fit, with `config::strict`. Vol 3 Part G 4.9.1, 4.9.3.
    void gattc_write(ConnectionHandle conn_handle, AttributeHandle value_handle, Bytes data,
                     bool with_response = false);
    void gattc_write(ConnectionHandle conn_handle, AttributeHandle value_handle, Bytes data,
                     bool with_response, error_code& error);
    /// Writes without response, signed with the key that we gave to the peer in a pairing, for
    /// links that are not encrypted (an extension); cut to ATT MTU − 15 octets. No event. Errors:
    /// `errc::permission_denied` (there is no bond with such a key, or the link is encrypted: then
    /// use `gattc_write`), `errc::no_buffers` as above. Vol 3 Part G 4.9.2, Part C 10.4.
    void gattc_write_signed(ConnectionHandle conn_handle, AttributeHandle value_handle, Bytes data);
    void gattc_write_signed(ConnectionHandle conn_handle, AttributeHandle value_handle, Bytes data,
                            error_code& error);
    /// Writes a value of up to 512 octets in parts, each of which the peer repeats; what it repeats
    /// wrongly is not written (an extension): `GattcWriteDone`, then with EPROTO as status.
    /// `errc::too_big`: more than 512 octets. Vol 3 Part G 4.9.4.
    void gattc_write_long(ConnectionHandle conn_handle, AttributeHandle value_handle, Bytes data);
    void gattc_write_long(ConnectionHandle conn_handle, AttributeHandle value_handle, Bytes data,
                          error_code& error);
    /// As `gattc_write_long`, for several values that are written together or not at all (an
    /// extension). One `GattcWriteDone` follows; its handle is that of the value that was refused
    /// or not repeated, else of the first. Also `errc::too_big`: more than 4,096 octets or 32
    /// values in all. Vol 3 Part G 4.9.5.
    void gattc_write_reliable(ConnectionHandle conn_handle, std::span<const HandleValue> values);
    void gattc_write_reliable(ConnectionHandle conn_handle, std::span<const HandleValue> values,
                              error_code& error);
    /// Subscribes to a value's notifications or indications, or ends that (an extension): finds
    /// its Client Characteristic Configuration descriptor and writes it. `GattcSubscribeDone`.
    /// Vol 3 Part G 4.10, 4.11.
    void gattc_subscribe(ConnectionHandle conn_handle, AttributeHandle value_handle,
                         Subscription subscription = Subscription::notifications);
    void gattc_subscribe(ConnectionHandle conn_handle, AttributeHandle value_handle,
                         Subscription subscription, error_code& error);
    /// Asks for the MTU of `config::mtu`: `MtuExchanged`. Once per link, whichever side began:
    /// else `errc::already_in_progress`. Vol 3 Part F 3.4.2.
    void gattc_exchange_mtu(ConnectionHandle conn_handle);
    void gattc_exchange_mtu(ConnectionHandle conn_handle, error_code& error);
    /// The ATT MTU now in force on a link (an extension); 23 before an exchange.
    std::uint16_t gattc_mtu(ConnectionHandle conn_handle) const;

    // ---- L2CAP credit-based channels. Any number of listeners, and up to 64 channels on each
    // link, which either side opened. All give `errc::not_connected` when there is no such link,
    // and `errc::invalid_argument` when there is no such channel on it.

    /// Lets peers open channels to `psm`: `L2capAccept` for each, then `L2capConnect`. `mtu`, the
    /// longest SDU that we take, becomes 32 when it is smaller. Lasts until inactive. Errors:
    /// `errc::invalid_argument` (PSM 0, above 0x00ff or 0x0027, which is EATT's; MPS; key size),
    /// `errc::already_in_progress` (it has a listener). Vol 3 Part A 4.22, 4.25.
    void l2cap_listen(Psm psm, std::uint16_t mtu, const L2capOptions& options = {});
    void l2cap_listen(Psm psm, std::uint16_t mtu, const L2capOptions& options, error_code& error);
    /// Opens a channel; returns its name. `L2capConnect` follows, or `L2capDisconnect` with the
    /// reason. Errors: `errc::no_buffers` (64 channels, or too many requests),
    /// `errc::invalid_argument` (as `l2cap_listen`). Vol 3 Part A 4.22.
    ChannelId l2cap_connect(ConnectionHandle conn_handle, Psm psm, std::uint16_t mtu,
                            const L2capOptions& options = {});
    ChannelId l2cap_connect(ConnectionHandle conn_handle, Psm psm, std::uint16_t mtu,
                            const L2capOptions& options, error_code& error);
    /// Opens `count` channels, 1 to 5, by one request with enhanced credit based flow control (an
    /// extension); `mtu` becomes 64 when it is smaller. The peer may accept some of them: each
    /// ends in an event of its own. A peer that does not know the request refuses by status 16.
    /// Errors as for `l2cap_connect`. Vol 3 Part A 4.25.
    std::vector<ChannelId> l2cap_connect_enhanced(ConnectionHandle conn_handle, Psm psm,
                                                  std::uint16_t mtu, std::size_t count = 1,
                                                  const L2capOptions& options = {});
    std::vector<ChannelId> l2cap_connect_enhanced(ConnectionHandle conn_handle, Psm psm,
                                                  std::uint16_t mtu, std::size_t count,
                                                  const L2capOptions& options, error_code& error);
    /// Answers an `L2capAccept` whose handler called `defer` (an extension): `status` as there.
    /// `errc::no_such_procedure`: it was answered, came too late, or the peer has gone.
    void l2cap_answer(ConnectionHandle conn_handle, ChannelId cid, int status = 0);
    void l2cap_answer(ConnectionHandle conn_handle, ChannelId cid, int status, error_code& error);
    /// Tells the peer of a larger MTU, and another MPS (0: as it is), for channels of ours that
    /// were opened with enhanced credit based flow control, at most 5 (an extension):
    /// `L2capReconfigured` for each. Errors: `errc::invalid_argument` (a smaller MTU, another
    /// kind of channel; a smaller MPS for several), `errc::already_in_progress`,
    /// `errc::no_buffers`. Vol 3 Part A 4.27.
    void l2cap_reconfigure(ConnectionHandle conn_handle, std::span<const ChannelId> cids,
                           std::uint16_t mtu, std::uint16_t mps = 0);
    void l2cap_reconfigure(ConnectionHandle conn_handle, std::span<const ChannelId> cids,
                           std::uint16_t mtu, std::uint16_t mps, error_code& error);
    /// Closes a channel: `L2capDisconnect`. What was sent while it was not stalled goes before;
    /// the rest of a stalled SDU is lost. Harmless while it is closing. Vol 3 Part A 4.6.
    void l2cap_disconnect(ConnectionHandle conn_handle, ChannelId cid);
    void l2cap_disconnect(ConnectionHandle conn_handle, ChannelId cid, error_code& error);
    /// Sends one SDU. True: more may be sent now. False: it was taken, but waits for credits of
    /// the peer or for the link; send nothing more before `L2capSendReady`.
    /// Errors: `errc::invalid_argument` (longer than the peer's MTU, or than twice ours, which
    /// is MicroPython's bound; not open), `errc::busy` (stalled; nothing was taken),
    /// `errc::no_buffers` (nothing was taken; `L2capSendReady` follows). Vol 3 Part A 3.4, 10.1.
    bool l2cap_send(ConnectionHandle conn_handle, ChannelId cid, Bytes data);
    bool l2cap_send(ConnectionHandle conn_handle, ChannelId cid, Bytes data, error_code& error);
    /// Moves what has come into `buffer`, as a stream: the bounds of SDUs do not show. Returns how
    /// many octets those were. The peer gets new credits as room becomes free.
    std::size_t l2cap_recvinto(ConnectionHandle conn_handle, ChannelId cid, MutableBytes buffer);
    std::size_t l2cap_recvinto(ConnectionHandle conn_handle, ChannelId cid, MutableBytes buffer,
                               error_code& error);
    /// `l2cap_recvinto(…, std::nullopt)`: how many octets there are to read.
    std::size_t l2cap_recvinto(ConnectionHandle conn_handle, ChannelId cid, std::nullopt_t);
    std::size_t l2cap_recvinto(ConnectionHandle conn_handle, ChannelId cid, std::nullopt_t,
                               error_code& error);

private:
    friend class L2capChannel;
    using ActivationHandler = asio::any_completion_handler<void(error_code)>;

    void start_active(bool on, ActivationHandler handler);
    void set_option(const config::SettableOption& option, error_code& error);
    void get_option(config::GettableOption& option, error_code& error) const;
    static void throw_on(const error_code& error, const char* call);

    // Pending operations keep the adapter alive until they have been told of the end, so it is
    // shared with them; the context that it may own outlives both.
    std::unique_ptr<asio::io_context> context_;
    std::shared_ptr<Adapter> adapter_;
};

}  // namespace bluetooth
