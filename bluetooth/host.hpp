// SPDX-License-Identifier: MIT
//
// Private: the host connects the cores. It hands each input to the core it concerns, carries out
// the actions that come back, and owns what they share: links, buffer pools, the transport. It
// decides nothing that a core could decide (but which bearer of ATT a procedure takes), and sees
// the outer world only through `Environment`.
//
//   host.cpp        life cycle: bring-up, failure, shutdown; the transport's packets; time
//   host_hci.cpp    HCI events and the answers to commands
//   host_gap.cpp    advertising, scanning, connecting
//   host_links.cpp  links: their begin, parameters and end
//   host_l2cap.cpp  ACL data, L2CAP, the way to the bearers of ATT
//   host_channels.cpp                  credit-based channels
//   host_server.cpp, host_client.cpp   GATT
//   host_security.cpp                  encryption and pairing
//   host_bonds.cpp                     what is stored of bonded peers, and of ourselves
//   host_bearers.cpp                   enhanced bearers of ATT
//   host_settings.cpp                  the options of `BLE::config`
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

#include "base/buffer.hpp"
#include "base/ring.hpp"
#include "bluetooth/channel_observer.hpp"
#include "bluetooth/config.hpp"
#include "bluetooth/connection.hpp"
#include "bluetooth/event_delivery.hpp"
#include "bluetooth/events.hpp"
#include "bluetooth/l2cap_options.hpp"
#include "bluetooth/secret_store.hpp"
#include "bluetooth/statistics.hpp"
#include "crypto/random.hpp"
#include "gap/advertiser.hpp"
#include "gap/connector.hpp"
#include "gap/privacy.hpp"
#include "gap/scanner.hpp"
#include "gatt/cache.hpp"
#include "hci/acl_scheduler.hpp"
#include "hci/core.hpp"
#include "hci/events.hpp"
#include "hci/init.hpp"
#include "l2cap/listeners.hpp"
#include "smp/local.hpp"
#include "smp/security_manager.hpp"
#include "transport/snoop.hpp"
#include "transport/transport.hpp"

namespace bluetooth {

class Host final : private transport::Receiver {
public:
    /// What a host needs of the outer world.
    class Environment {
    public:
        virtual Time now() = 0;
        virtual std::chrono::system_clock::time_point wall_clock() = 0;
        /// Call `on_timer` at `when` at the latest; calls too early do no harm.
        virtual void wake_at(Time when) = 0;
        /// Call `on_run_soon` soon, but not from inside this call.
        virtual void run_soon() = 0;
        /// Where secrets are kept that the application does not keep: those of the adapter with
        /// this address, or in the file with this name if it is not empty. Valid until the next
        /// call.
        virtual SecretStore& secret_store(const std::optional<Address>& public_address,
                                          const std::string& file) = 0;
        /// The bring-up has ended. `message` says, for a person, what failed.
        virtual void on_started(error_code error, std::string_view message) = 0;
        /// The controller was left clean and the transport is closed.
        virtual void on_closed() = 0;

    protected:
        ~Environment() = default;
    };

    static constexpr std::size_t max_connections = 32;
    /// Places in a link's queue, and buffers, that are kept for answers: what the application
    /// sends must never keep us from answering the peer.
    static constexpr std::size_t send_reserve = 32;
    /// Of each buffer for data: the largest ATT PDU and its L2CAP header.
    static constexpr std::size_t buffer_capacity = 4 + 517;
    /// How many packets of its channels a link keeps ready for the controller: the fewer, the less
    /// time a channel whose turn it is has to wait behind them.
    static constexpr std::size_t channel_packets = 4;
    static_assert(channel_packets < hci::AclScheduler::dynamic_limit);
    /// Bearers of ATT that a link may have beside the fixed one.
    static constexpr std::size_t max_enhanced_bearers = 5;

    Host(Environment& environment, crypto::RandomSource& random);
    ~Host();

    /// Brings the controller behind `transport` up: `Environment::on_started`.
    void start(std::unique_ptr<transport::Transport> transport);
    /// Ends everything at once, without events, then leaves the controller clean in the background:
    /// `Environment::on_closed`, at most a second later.
    void stop();
    /// Whether a `stop` or failure is still being cleaned up after.
    bool closing() const { return state_ == State::closing; }
    void on_timer();
    void on_run_soon();

    // The calls of `BLE`; what they mean is told there.
    bool active() const { return state_ == State::active || state_ == State::restarting; }
    bool in_handler() const { return delivery_.delivering(); }
    void irq(EventDelivery::Handler handler);
    error_code snoop(std::string_view path, bool with_keys, std::string& message);
    hci::ControllerInfo controller_info() const;
    Statistics statistics() const;

    error_code set(config::addr_mode option);
    error_code set(const config::gap_name& option);
    error_code set(config::mtu option);
    error_code set(config::rxbuf option);
    error_code set(config::send_queue option);
    error_code set(config::appearance option);
    error_code set(const config::preferred_connection_parameters& option);
    error_code set(config::strict option);
    error_code set(config::gatt_cache option);
    error_code set(config::eatt option);
    error_code set(config::bond option);
    error_code set(config::mitm option);
    error_code set(config::io option);
    error_code set(config::le_secure option);
    error_code set(config::sc_only option);
    error_code set(config::min_key_size option);
    error_code set(config::pairing_methods option);
    error_code set(config::keypress option);
    error_code set(config::debug_keys option);
    error_code set(config::rpa_timeout option);
    error_code set(config::auto_security option);
    error_code set(const config::bond_file& option);
    error_code get(config::mac& option) const;
    error_code get(config::gap_name& option) const;
    error_code get(config::mtu& option) const;
    error_code get(config::rxbuf& option) const;
    error_code get(config::send_queue& option) const;
    error_code get(config::appearance& option) const;
    error_code get(config::preferred_connection_parameters& option) const;
    error_code get(config::strict& option) const;
    error_code get(config::gatt_cache& option) const;
    error_code get(config::eatt& option) const;

    error_code advertise(std::chrono::microseconds interval, std::optional<Bytes> adv_data,
                         std::optional<Bytes> resp_data, bool connectable);
    void stop_advertising();
    error_code scan(gap::ScanParameters parameters);
    error_code stop_scan();
    error_code connect(AddressType type, const Address& address, std::chrono::milliseconds timeout,
                       std::optional<std::chrono::microseconds> min_interval,
                       std::optional<std::chrono::microseconds> max_interval);
    error_code cancel_connect();
    error_code disconnect(ConnectionHandle handle);
    error_code update_connection(ConnectionHandle handle, std::chrono::microseconds min_interval,
                                 std::chrono::microseconds max_interval, std::uint16_t latency,
                                 std::chrono::milliseconds supervision_timeout);

    error_code pair(ConnectionHandle handle, bool anew);
    error_code cancel_pairing(ConnectionHandle handle);
    error_code answer_passkey(ConnectionHandle handle, PasskeyActionType action,
                              std::uint32_t passkey);
    error_code send_keypress(ConnectionHandle handle, Keypress keypress);
    error_code unpair(AddressType type, const Address& address);
    smp::OobData make_oob_data(error_code& error);
    void set_oob_data(const smp::OobData& data) { local_.peer_oob = data; }
    void set_oob_key(const crypto::Key& tk) { local_.oob_tk = tk; }
    void forget_oob();

    std::vector<std::vector<AttributeHandle>> register_services(
        std::span<const gatt::ServiceDefinition> services, error_code& error);
    Bytes read_value(AttributeHandle handle, error_code& error);
    error_code write_value(AttributeHandle handle, Bytes data, bool send_update);
    error_code set_buffer(AttributeHandle handle, std::size_t size, bool append);
    error_code notify(ConnectionHandle connection, AttributeHandle handle,
                      std::optional<Bytes> data);
    error_code notify_multiple(ConnectionHandle connection,
                               std::span<const att::HandleValue> values);
    error_code indicate(ConnectionHandle connection, AttributeHandle handle,
                        std::optional<Bytes> data);
    error_code authorize(ConnectionHandle connection, bool authorized);

    error_code discover_services(ConnectionHandle connection, const std::optional<UUID>& uuid,
                                 gatt::ServiceType type = gatt::ServiceType::primary);
    error_code discover_included(ConnectionHandle connection, AttributeHandle start,
                                 AttributeHandle end);
    error_code discover_characteristics(ConnectionHandle connection, AttributeHandle start,
                                        AttributeHandle end, const std::optional<UUID>& uuid);
    error_code discover_descriptors(ConnectionHandle connection, AttributeHandle start,
                                    AttributeHandle end);
    error_code read(ConnectionHandle connection, AttributeHandle handle);
    error_code read_long(ConnectionHandle connection, AttributeHandle handle);
    error_code read_by_uuid(ConnectionHandle connection, AttributeHandle start, AttributeHandle end,
                            const UUID& uuid);
    error_code read_multiple(ConnectionHandle connection, std::span<const AttributeHandle> handles,
                             bool variable);
    error_code write(ConnectionHandle connection, AttributeHandle handle, Bytes data,
                     bool with_response);
    error_code write_reliable(ConnectionHandle connection,
                              std::span<const att::HandleValue> values);
    error_code write_signed(ConnectionHandle connection, AttributeHandle handle, Bytes data);
    error_code subscribe(ConnectionHandle connection, AttributeHandle handle,
                         Subscription subscription);
    error_code exchange_mtu(ConnectionHandle connection);
    std::uint16_t mtu(ConnectionHandle connection) const;

    error_code l2cap_listen(Psm psm, std::uint16_t mtu, const L2capOptions& options);
    /// Opens as many channels as `cids` has places; several only in mode `enhanced`.
    error_code l2cap_connect(ConnectionHandle connection, l2cap::Mode mode, Psm psm,
                             std::uint16_t mtu, const L2capOptions& options,
                             std::span<ChannelId> cids);
    error_code l2cap_answer(ConnectionHandle connection, ChannelId cid, int status);
    error_code l2cap_reconfigure(ConnectionHandle connection, std::span<const ChannelId> cids,
                                 std::uint16_t mtu, std::uint16_t mps);
    error_code l2cap_disconnect(ConnectionHandle connection, ChannelId cid);
    bool l2cap_send(ConnectionHandle connection, ChannelId cid, Bytes data, error_code& error);
    std::size_t l2cap_receive(ConnectionHandle connection, ChannelId cid, MutableBytes buffer,
                              error_code& error);
    std::size_t l2cap_available(ConnectionHandle connection, ChannelId cid, error_code& error);

    // For `L2capChannel`.
    /// Has `observer` hear of a channel instead of the handler, until the channel has ended.
    error_code observe_channel(ConnectionHandle connection, ChannelId cid,
                               ChannelObserver& observer);
    L2capChannelInfo l2cap_info(ConnectionHandle connection, ChannelId cid, error_code& error);
    /// Octets of the first SDU that has come whole, or of its unread rest.
    std::optional<std::size_t> l2cap_next_sdu(ConnectionHandle connection, ChannelId cid);
    /// Moves that out and drops what does not fit; its size in `buffer`.
    std::size_t l2cap_receive_sdu(ConnectionHandle connection, ChannelId cid, MutableBytes buffer);

private:
    enum class State : std::uint8_t { inactive, starting, active, restarting, closing };
    enum class Command : std::uint8_t {
        init,
        advertise,
        scan,
        connect,
        disconnect,
        update,
        privacy,
        encrypt,
        other
    };

    /// Stands on the stack while an input is handled. The outermost one takes the time when it
    /// begins and, when it ends, sends what has become ready.
    class Turn;
    friend class Turn;
    void free_ended();
    void send_ready_packets();
    void send_packet(transport::Packet&& packet);
    void resend_backlog();
    void announce_room();

    // transport::Receiver
    void on_packet(transport::PacketType type, Bytes packet) override;
    void on_batch_end() override;
    void on_sync_lost(Bytes offending) override;
    void on_lost(error_code error, std::string_view message) override;
    void on_writable() override;

    // Life cycle (host.cpp)
    void on_init_done(const hci::InitDone& done);
    void restart_controller();
    void on_controller_failed(error_code error, std::string_view text);
    void end_all(error_code cause);
    void lose_adapter(error_code error, std::string_view message);
    void continue_closing();
    void finish_closing();
    void reset_stack();
    void start_snoop_from_environment();
    error_code check_active() const;
    void configure(gatt::Server& server) const;

    // Running the cores: `call` gets the core's context, and its actions are carried out after it.
    // A handler that runs meanwhile may call the same core again; its actions stand behind these.
    template <class Outbox, class Execute>
    void drain(Outbox& out, std::size_t from, Execute&& execute);
    template <class Call> auto with_hci(Call&& call);
    template <class Call> auto with_gap(Call&& call);
    template <class Call> auto with_link(Connection& connection, Call&& call);
    template <class Call> auto with_security(Connection& connection, Call&& call);
    template <class Call> auto with_server(Connection& connection, AttBearer& bearer, Call&& call);
    template <class Call> auto with_client(Connection& connection, AttBearer& bearer, Call&& call);

    // host_hci.cpp, host_gap.cpp, host_links.cpp
    void execute(hci::Send& action);
    void execute(hci::CommandDone& action);
    void execute(hci::EventReceived& action);
    void execute(hci::ControllerFailed& action);
    void execute(hci::InitDone& action);
    void execute(gap::SendCommand& action);
    void execute(gap::AdvertisingFailed& action);
    void execute(gap::ScanResult& action);
    void execute(gap::ScanDone& action);
    void execute(gap::Connected& action);
    void execute(gap::ConnectFailed& action);
    void execute(gap::StrayConnection& action);
    void execute(gap::HoldAddresses& action);
    void execute(gap::OwnAddressFailed& action);
    void arrange_gap();
    void restore_privacy();
    void find_peer(Bytes reports);
    smp::LinkEnds ends_of(hci::Role role, AddressType type, const Address& air) const;
    std::optional<gap::Identity> identity_of(AddressType type, const Address& address);
    template <class C>
    error_code submit(const C& command, Command purpose, ConnectionHandle handle = {});
    void on_le_meta(Bytes parameters);
    void on_connection_complete(const hci::LeConnectionComplete& event,
                                const Address& resolved_from = {});
    void on_connection_update(const hci::LeConnectionUpdateComplete& event);
    void on_parameter_request(const hci::LeRemoteConnectionParameterRequest& event);
    void on_completed_packets(Bytes parameters);
    error_code ask_to_disconnect(Connection& connection);
    void on_disconnect_refused(ConnectionHandle handle, error_code error);
    void ask_again_later(Connection& connection, error_code error);
    void on_disconnect_overdue(Connection& connection);
    error_code request_update(Connection& connection);
    void on_update_refused(ConnectionHandle handle, error_code error);
    void open_connection(ConnectionHandle handle, AddressType type, const Address& peer,
                         const smp::LinkEnds& ends, Units1250us interval, std::uint16_t latency,
                         Units10ms supervision_timeout);
    void close_connection(ConnectionHandle handle, error_code reason);
    void emit_update(const Connection& connection, error_code error);
    void decide_update(ConnectionHandle handle, const ConnectionParameters& wanted,
                       std::function<void(bool)> answer);

    // host_l2cap.cpp, host_channels.cpp
    void receive_acl(Bytes packet);
    void receive_att(Connection& connection, AttBearer& bearer, Bytes pdu);
    void execute(Connection& connection, l2cap::Deliver& action);
    void execute(Connection& connection, l2cap::Send& action);
    void execute(Connection& connection, l2cap::ParameterUpdateRequested& action);
    void execute(Connection& connection, l2cap::ParameterUpdateDone& action);
    void execute(Connection& connection, l2cap::ChannelRequested& action);
    void execute(Connection& connection, l2cap::ChannelOpened& action);
    void execute(Connection& connection, l2cap::ChannelClosed& action);
    void execute(Connection& connection, l2cap::SduReceived& action);
    void execute(Connection& connection, l2cap::SendReady& action);
    void execute(Connection& connection, l2cap::ChannelReconfigured& action);
    bool pump_channels();
    void listen_for_bearers();
    BufferPool& free_channel_pool();
    l2cap::Channel* readable(ConnectionHandle handle, ChannelId cid, Connection*& connection);
    void after_read(Connection& connection, const l2cap::Channel& channel);
    ChannelObserver* observer_of(ConnectionHandle handle, ChannelId cid) const;
    void drop_observers(error_code error);
    template <class Call> error_code channel_call(ConnectionHandle handle, Call&& call);
    static bool is_for_application(const l2cap::Channel* channel) {
        return channel != nullptr && channel->delivery == l2cap::Delivery::stream;
    }

    // host_security.cpp
    void execute(Connection& connection, smp::Send& action);
    void execute(Connection& connection, smp::StartEncryption& action);
    void execute(Connection& connection, smp::AnswerKeyRequest& action);
    void execute(Connection& connection, smp::LookUpBond& action);
    void execute(Connection& connection, smp::StoreBond& action);
    void execute(Connection& connection, smp::PasskeyNeeded& action);
    void execute(Connection& connection, smp::KeypressReceived& action);
    void execute(Connection& connection, smp::WeakerPairing& action);
    void execute(Connection& connection, smp::SecurityChanged& action);
    void execute(Connection& connection, smp::SecurityDone& action);
    void execute(Connection& connection, smp::Disconnect& action);
    void receive_smp(Connection& connection, Bytes pdu);
    void on_key_request(const hci::LeLongTermKeyRequest& event);
    void on_encryption_change(const hci::EncryptionChange& event);
    void on_key_refresh(const hci::EncryptionKeyRefreshComplete& event);
    void on_encryption_refused(ConnectionHandle handle, error_code error);
    void on_first_encrypted(Connection& connection);
    bool could_be_more_secure(const Connection& connection) const;
    void tell_clients(Connection& connection, bool secured);
    template <class Call> error_code security_call(ConnectionHandle handle, Call&& call);

    // host_bonds.cpp. What a handler decides comes by `then`, unless everything ends meanwhile.
    using SecretKey = std::vector<std::uint8_t>;
    void get_secret(SecretType type, std::size_t index, std::optional<SecretKey> key,
                    std::function<void(std::optional<Bytes>)> then);
    void set_secret(SecretType type, SecretKey key, std::optional<Bytes> value,
                    std::function<void(bool)> then);
    void load_secrets();
    void load_bond(std::size_t index);
    void load_identity();
    void load_static_address();
    void secrets_loaded();
    void know_peer(const smp::Bond& bond);
    void forget_peer(AddressType type, const Address& address);
    void get_bond(AddressType type, const Address& address,
                  std::function<void(const std::optional<smp::Bond>&)> then);
    void set_bond(const smp::Bond& bond, std::function<void(bool)> then);
    void store_bond(ConnectionHandle handle, const smp::StoreBond& action,
                    const std::optional<smp::Bond>& present);
    void restore_client(Connection& connection);
    void save_client(Connection& connection);
    void save_quietly(const Connection& connection);
    void save_counters(Connection& connection);
    void store_counters(Connection& connection, std::uint64_t ours);

    // host_server.cpp, host_client.cpp, host_bearers.cpp
    void execute(Connection& connection, AttBearer& bearer, att::Send& action);
    void execute(Connection& connection, AttBearer& bearer, att::CloseBearer& action);
    void execute(Connection& connection, AttBearer& bearer, att::MtuExchanged& action);
    void execute(Connection& connection, AttBearer& bearer, att::ReadRequested& action);
    void execute(Connection& connection, AttBearer& bearer, att::Written& action);
    void execute(Connection& connection, AttBearer& bearer, att::Subscribed& action);
    void execute(Connection& connection, AttBearer& bearer, att::IndicationDone& action);
    void execute(Connection& connection, AttBearer& bearer, gatt::ExchangeMtuDone& action);
    void execute(Connection& connection, AttBearer& bearer, gatt::EnhancedBearersDone& action);
    void execute(Connection& connection, AttBearer& bearer, gatt::SecurityNeeded& action);
    void execute(Connection& connection, AttBearer& bearer, gatt::Indicated& action);
    template <class Action> void execute(Connection& connection, AttBearer& bearer, Action& action);
    AttBearer* find_bearer(ConnectionHandle handle, l2cap::Cid channel, Connection*& connection);
    void enable_enhanced_bearers(Connection& connection);
    static std::size_t bearers_left(Connection& connection);
    static bool is_useful(Connection& connection, const AttBearer& bearer);
    void add_bearer(Connection& connection, const l2cap::ChannelOpened& opened);
    void end_bearer(Connection& connection, l2cap::Cid channel);
    AttBearer& client_bearer(Connection& connection, std::span<const AttributeHandle> handles);
    AttBearer& indication_bearer(Connection& connection, AttributeHandle handle);
    void terminate(Connection& connection, error_code cause);
    void submit_acl(Connection& connection, Buffer pdu,
                    hci::Traffic traffic = hci::Traffic::fixed_channels);
    bool has_room(Connection& connection, std::size_t packets, std::size_t buffers = 0);
    Connection::Refused& note_refusal(Connection& connection);
    static bool is_full(Connection& connection, const Connection::Refused& refused);
    Connection* find(ConnectionHandle handle);
    bool is_ours(ConnectionHandle handle);
    template <class Call>
    error_code update(Connection& connection, AttBearer& bearer, std::size_t count, Call&& call);
    template <class Call>
    error_code update(ConnectionHandle handle, std::size_t count, Call&& call);
    template <class Call>
    error_code client_call(ConnectionHandle handle, std::span<const AttributeHandle> about,
                           Call&& call);

    Environment& environment_;
    crypto::RandomSource& random_;
    State state_ = State::inactive;
    std::uint32_t depth_ = 0;       // of turns
    std::uint64_t generation_ = 0;  // counts stops and failures: ends the loops they interrupt
    Time now_{};
    bool in_batch_ = false;  // between the first packet of a read and its on_batch_end
    bool to_send_ = false;
    unsigned restarts_ = 0;
    Time last_restart_{};
    error_code restart_cause_;
    std::array<std::uint8_t, 6> static_octets_{};
    Time closing_deadline_ = never;
    bool closing_reset_sent_ = false;
    std::size_t closing_links_ = 0;

    // The pools outlive all that holds their buffers.
    BufferPool send_buffers_;
    BufferPool receive_buffers_;
    BufferPool command_buffers_;
    /// One for each link, made when it is first needed and kept for the next: what a peer does not
    /// take costs no other link a buffer.
    std::vector<std::unique_ptr<BufferPool>> channel_pools_;

    std::unique_ptr<transport::Transport> transport_;
    Ring<transport::Packet> backlog_{4};  // what the transport's full queue did not take
    std::optional<transport::SnoopWriter> snoop_;
    bool snoop_from_environment_ = false;
    unsigned snoop_number_ = 0;  // of the process's adapters that ASIOBLE_SNOOP records

    hci::Core core_;
    hci::Init init_;
    hci::AclScheduler acl_;
    gap::Advertiser advertiser_;
    gap::Scanner scanner_;
    gap::Connector connector_;
    gap::Privacy privacy_;
    bool held_ = false;  // advertiser, scanner and connector, by privacy
    gatt::DiscoveryCache discovery_cache_;
    l2cap::Listeners listeners_;
    std::unique_ptr<gatt::Server> server_;  // lives longer than the sessions of the links
    std::vector<std::unique_ptr<Connection>> connections_;
    Connection* last_found_ = nullptr;
    std::size_t waiting_for_room_ = 0;  // links that want to hear of SendReady
    // Of what the handler is looking at.
    att::ErrorCode read_verdict_{};
    L2capAccept::Verdict accept_verdict_;
    bool update_verdict_ = true;
    bool weaker_verdict_ = false;
    GetSecret::Answer get_answer_;
    SetSecret::Answer set_answer_;

    struct Observed {
        ConnectionHandle connection{};
        ChannelId channel{};
        ChannelObserver* observer = nullptr;
    };
    std::vector<Observed> observers_;
    // What a handler has ended while it was in use; freed at the end of the turn.
    bool any_ended_ = false;
    std::unique_ptr<gatt::Server> ended_server_;  // lives longer than the sessions of the links
    std::vector<std::unique_ptr<Connection>> ended_connections_;
    std::vector<std::unique_ptr<AttBearer>> ended_bearers_;
    std::unique_ptr<transport::Transport> ended_transport_;

    hci::Outbox hci_out_;
    gap::Outbox gap_out_;
    l2cap::LinkOutbox link_out_;
    smp::Outbox smp_out_;
    att::ServerOutbox server_out_;
    gatt::ClientOutbox client_out_;

    EventDelivery delivery_;

    smp::Local local_;                   // how we pair, and who we are to bonded peers
    smp::TypedAddress lasting_address_;  // public, or the static one that we keep
    SecretStore* secrets_ = nullptr;     // of the environment, while active

    // Settings
    config::addr_mode addr_mode_ = config::addr_mode::public_address;
    config::addr_mode mode_in_force_ = config::addr_mode::public_address;
    std::string gap_name_ = "asioble";
    std::uint16_t mtu_ = config::mtu{}.value;
    std::uint16_t rxbuf_ = config::rxbuf{}.value;
    std::uint16_t send_queue_ = config::send_queue{}.value;
    std::uint16_t appearance_ = config::appearance{}.value;
    config::preferred_connection_parameters preferred_;
    bool strict_ = config::strict{}.value;
    bool gatt_cache_ = config::gatt_cache{}.value;
    config::eatt eatt_;
    std::chrono::seconds rpa_timeout_ = config::rpa_timeout{}.value;
    bool auto_security_ = config::auto_security{}.value;
    std::string bond_file_;
    std::uint64_t dropped_ = 0;
};

}  // namespace bluetooth
