// SPDX-License-Identifier: MIT
#include "bluetooth/host.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>

#include "base/log.hpp"
#include "bluetooth/host_turn.hpp"

namespace bluetooth {
namespace {

// Enough for all that every link may hold on behalf of its peer, and as much again as one link's
// longest queue.
constexpr std::size_t held_for_bearer =
    att::ServerLimits{}.waiting_pdus + att::ServerLimits{}.prepared_buffers + 1;
constexpr std::size_t held_for_peer = (1 + Host::max_enhanced_bearers) * held_for_bearer +
                                      Host::send_reserve + hci::AclScheduler::dynamic_limit;
constexpr std::size_t send_buffer_count = Host::max_connections * held_for_peer + 1024;
// One unfinished PDU for each link, and one unfinished SDU for each of its enhanced bearers: so
// neither ever finds the pool empty.
constexpr std::size_t receive_buffer_count =
    Host::max_connections * (1 + Host::max_enhanced_bearers);
constexpr std::size_t command_buffer_capacity = 259;
constexpr std::size_t command_queue_size = 2 * Host::max_connections + 16;

constexpr std::chrono::milliseconds closing_limit{500};
constexpr unsigned max_restarts = 3;
constexpr std::chrono::seconds restart_memory{60};

}  // namespace

Host::Host(Environment& environment, crypto::RandomSource& random)
    : environment_(environment),
      random_(random),
      send_buffers_(send_buffer_count, buffer_capacity),
      receive_buffers_(receive_buffer_count, buffer_capacity),
      command_buffers_(command_queue_size + 1, command_buffer_capacity),
      core_(command_queue_size),
      init_(core_, static_cast<hci::Tag>(Command::init)) {}

Host::~Host() = default;

// ---- turns

void Host::free_ended() {
    any_ended_ = false;
    ended_bearers_.clear();
    ended_connections_.clear();
    ended_server_.reset();
    ended_transport_.reset();
}

void Host::send_ready_packets() {
    // A handler that hears of room fills it again, and all leaves together.
    const std::uint64_t generation = generation_;
    do {
        do {
            hci::Fragment fragment;
            while (transport_ && backlog_.empty() && acl_.next(fragment)) {
                transport::Packet packet;
                std::copy_n(fragment.header.begin(), fragment.header.size(), packet.header.begin());
                packet.header_size = fragment.header_size;
                packet.payload = std::move(fragment.payload);
                send_packet(std::move(packet));
            }
            to_send_ = false;
            if (!transport_) return;
        } while (pump_channels());
        if (!transport_ || generation != generation_) return;
        announce_room();
        if (!transport_ || generation != generation_) return;
        if (!backlog_.empty()) {  // the flush may make room for it
            transport_->flush();
            resend_backlog();
        }
    } while (to_send_ && backlog_.empty());
    transport_->flush();
    if (snoop_) snoop_->flush();
}

void Host::resend_backlog() {
    while (!backlog_.empty() && transport_->send(std::move(backlog_.front()))) {
        backlog_.drop();
        to_send_ = true;
    }
}

void Host::send_packet(transport::Packet&& packet) {
    if (!transport_) return;
    if (snoop_) snoop_->sent(packet, environment_.wall_clock());
    if (!backlog_.empty() || !transport_->send(std::move(packet)))
        (void)backlog_.push(std::move(packet));  // a fragment and a command at most
    to_send_ = true;
}

void Host::on_writable() {
    const Turn turn{*this};
    resend_backlog();
    send_ready_packets();
}

void Host::on_run_soon() {
    const Turn turn{*this};
    send_ready_packets();
}

void Host::on_timer() {
    const Turn turn{*this};
    if (state_ == State::inactive) return;
    if (state_ == State::closing) {
        if (now_ >= closing_deadline_) {
            if (closing_reset_sent_) return finish_closing();
            closing_links_ = 0;  // the reset ends what would not end by itself
            closing_deadline_ = now_ + closing_limit;
            continue_closing();
            if (state_ != State::closing) return;
        }
        environment_.wake_at(closing_deadline_);
    }
    const std::uint64_t generation = generation_;
    with_hci([&](hci::Context context) { core_.on_timer(context); });
    if (generation != generation_ || state_ == State::closing) return;
    with_gap([&](gap::Context context) {
        scanner_.on_timer(context);
        connector_.on_timer(context);
        privacy_.on_timer(context, random_);
    });
    // By index and handle: handlers may end links meanwhile.
    for (std::size_t i = 0; i < connections_.size() && generation == generation_; ++i) {
        Connection& connection = *connections_[i];
        const ConnectionHandle handle = connection.handle;
        if (now_ >= connection.disconnect_deadline) {
            on_disconnect_overdue(connection);
            if (generation != generation_ || find(handle) != &connection) continue;
        }
        if (now_ >= connection.update_deadline) {
            on_update_refused(handle, make_error(errc::timed_out));
            if (generation != generation_ || find(handle) != &connection) continue;
        }
        environment_.wake_at(std::min(connection.disconnect_deadline, connection.update_deadline));
        with_link(connection, [&](auto& context) { connection.link.on_timer(context); });
        if (find(handle) != &connection) continue;
        with_security(connection, [&](auto context) { connection.security.on_timer(context); });
        if (find(handle) != &connection) continue;
        for (std::size_t k = 0; k < connection.bearer_count(); ++k) {
            AttBearer& bearer = connection.bearer_at(k);
            with_client(connection, bearer,
                        [&](auto& context) { bearer.client.on_timer(context); });
            if (find(handle) != &connection) break;
            if (connection.bearer(bearer.channel) != &bearer) continue;
            with_server(connection, bearer,
                        [&](auto context) { server_->on_timer(context, bearer.session); });
            if (find(handle) != &connection) break;
        }
    }
    if (generation == generation_) send_ready_packets();
}

// ---- the transport

void Host::on_packet(transport::PacketType type, Bytes packet) {
    if (!in_batch_) {
        in_batch_ = true;
        now_ = environment_.now();
    }
    const Turn turn{*this};
    if (snoop_) snoop_->received(type, packet, environment_.wall_clock());
    switch (type) {
    case transport::PacketType::acl: return receive_acl(packet);
    case transport::PacketType::event:
        return with_hci([&](hci::Context context) { core_.receive(context, packet); });
    case transport::PacketType::command:
    case transport::PacketType::synchronous:
    case transport::PacketType::iso: break;
    }
    ++dropped_;  // neither synchronous links nor isochronous streams are ever set up
    log::debug("host", "dropped a packet of type ", static_cast<unsigned>(type));
}

void Host::on_batch_end() {
    const Turn turn{*this};
    in_batch_ = false;
    send_ready_packets();
}

void Host::on_sync_lost(Bytes offending) {
    const Turn turn{*this};
    log::error("host", "lost synchronisation with the controller at ", to_hex(offending));
    if (state_ == State::closing) return finish_closing();
    on_controller_failed(make_error(errc::protocol_error), "lost synchronisation");
}

void Host::on_lost(error_code error, std::string_view message) {
    const Turn turn{*this};
    in_batch_ = false;
    if (state_ == State::closing) return finish_closing();
    lose_adapter(error, message);
}

// ---- life cycle

error_code Host::check_active() const {
    if (state_ == State::active) return {};
    return make_error(state_ == State::restarting ? errc::try_again : errc::not_active);
}

void Host::start(std::unique_ptr<transport::Transport> transport) {
    const Turn turn{*this};
    transport_ = std::move(transport);
    state_ = State::starting;
    reset_stack();
    advertiser_ = {};
    scanner_ = {};
    connector_ = {};
    privacy_ = {};
    held_ = false;
    dropped_ = 0;
    core_ = hci::Core{command_queue_size};  // with its counters
    mtu_ = config::mtu{}.value;
    restarts_ = 0;
    server_ = std::make_unique<gatt::Server>();
    configure(*server_);
    listeners_.clear();
    listen_for_bearers();
    start_snoop_from_environment();
    static_octets_ = random_.octets<6>();
    transport_->start(*this);
    with_hci([&](hci::Context context) { init_.start(context, static_octets_); });
}

void Host::reset_stack() {
    ++generation_;
    hci_out_.clear();
    gap_out_.clear();
    link_out_.clear();
    smp_out_.clear();
    server_out_.clear();
    client_out_.clear();
    backlog_.clear();
    core_.restart();
    acl_ = hci::AclScheduler{send_queue_ + send_reserve};
    last_found_ = nullptr;
    waiting_for_room_ = 0;
}

void Host::on_init_done(const hci::InitDone& done) {
    const hci::ControllerInfo& info = init_.info();
    const bool restarted = state_ == State::restarting;
    if (done.error) {
        if (restarted) return on_controller_failed(done.error, done.text);
        return lose_adapter(done.error, done.text);
    }
    acl_.configure(info.acl_data_packet_length, info.acl_data_packet_count);
    state_ = State::active;
    if (restarted) {
        restore_privacy();
        delivery_.deliver(ControllerRestarted{restart_cause_});
        return;
    }
    restarts_ = 0;
    load_secrets();
}

/// The bring-up is done when all that is stored has been read.
void Host::secrets_loaded() {
    restore_privacy();
    addr_mode_ = mode_in_force_ = init_.info().public_address ? config::addr_mode::public_address
                                                              : config::addr_mode::random_static;
    with_gap([&](gap::Context context) {
        if (init_.info().public_address) return privacy_.use_public(context);
        privacy_.use_static(context, lasting_address_.address);
    });
    local_.identity.address = lasting_address_;
    server_->set_central_address_resolution(init_.info().resolving_list_size != 0);
    environment_.on_started({}, {});
}

void Host::on_controller_failed(error_code error, std::string_view text) {
    switch (state_) {
    case State::inactive: return;
    case State::closing: return finish_closing();
    case State::starting:
        // What was on its way when the controller's former user went may begin anywhere, and look
        // like a long packet: the answer to our Reset is then taken for a part of that.
        if ((error == errc::protocol_error ||
             (init_.awaits_reset() && transport_->statistics().octets_received != 0)) &&
            restarts_++ == 0)
            return restart_controller();
        return lose_adapter(error, error == errc::timed_out
                                       ? "the controller does not answer; is it the right device, "
                                         "and for a serial one the right speed?"
                                       : text);
    case State::active:
    case State::restarting: break;
    }
    log::error("host", "the controller failed (", text, "): ", error);
    const std::uint64_t generation = generation_;
    state_ = State::restarting;
    end_all(error);
    if (generation != generation_) return;  // a handler ended it all

    if (now_ - last_restart_ > restart_memory) restarts_ = 0;
    last_restart_ = now_;
    if (++restarts_ > max_restarts)
        return lose_adapter(error, "the controller failed again and again; unplug it and try anew");
    restart_cause_ = error;
    restart_controller();
}

void Host::restart_controller() {
    reset_stack();
    // Whatever went wrong, the stream may be cut in the middle of a packet.
    transport_->resynchronise();
    with_hci([&](hci::Context context) { init_.start(context, static_octets_); });
}

void Host::end_all(error_code cause) {
    const std::uint64_t generation = generation_;
    while (!connections_.empty() && generation == generation_)
        close_connection(connections_.back()->handle, cause);
    if (generation != generation_) return;
    with_gap([&](gap::Context context) {
        connector_.on_controller_reset(context, cause);
        scanner_.on_controller_reset(context, cause);
        advertiser_.on_controller_reset(context, cause);
        privacy_.on_controller_reset(context);
    });
}

void Host::lose_adapter(error_code error, std::string_view message) {
    const bool starting = state_ == State::starting;
    if (!starting) {
        const std::uint64_t generation = generation_;
        state_ = State::restarting;  // calls of handlers are refused
        end_all(error);
        if (generation != generation_) return;
    }
    reset_stack();
    if (starting) environment_.on_started(error, message);
    finish_closing();
    if (!starting) delivery_.deliver(AdapterLost{error, message});
}

void Host::stop() {
    const Turn turn{*this};
    if (state_ == State::inactive || state_ == State::closing) return;
    const bool starting = state_ == State::starting;
    delivery_.discard();
    ++generation_;
    closing_links_ = 0;
    gap_out_.clear();
    link_out_.clear();
    smp_out_.clear();
    server_out_.clear();
    client_out_.clear();
    for (auto& action : hci_out_)  // what the core counts as sent is sent
        if (auto* command = std::get_if<hci::Send>(&action); command && command->packet)
            execute(*command);
    hci_out_.clear();
    // Handlers up the stack may be using these: they are freed at the end of the turn.
    any_ended_ = true;
    std::vector<ConnectionHandle> links;
    for (auto& connection : connections_) {
        save_quietly(*connection);
        links.push_back(connection->handle);
        (void)acl_.remove_link(connection->handle);
        ended_connections_.push_back(std::move(connection));
    }
    connections_.clear();
    last_found_ = nullptr;
    ended_server_ = std::move(server_);
    drop_observers(make_error(errc::not_active));
    if (starting || core_.failed()) return finish_closing();

    state_ = State::closing;
    closing_deadline_ = now_ + closing_limit;
    closing_reset_sent_ = false;
    environment_.wake_at(closing_deadline_);
    for (const ConnectionHandle handle : links)
        if (!submit(hci::Disconnect{handle, hci::Status::remote_user_terminated_connection},
                    Command::disconnect, handle))
            ++closing_links_;
    continue_closing();
}

void Host::continue_closing() {
    if (closing_links_ > 0 || closing_reset_sent_) return;
    closing_reset_sent_ = true;
    if (submit(hci::Reset{}, Command::other)) finish_closing();
}

void Host::finish_closing() {
    any_ended_ = true;
    if (transport_) {
        transport_->flush();
        transport_->close();
        ended_transport_ = std::move(transport_);
    }
    if (snoop_from_environment_) snoop_.reset();
    for (auto& connection : connections_) ended_connections_.push_back(std::move(connection));
    connections_.clear();
    if (server_) ended_server_ = std::move(server_);
    state_ = State::inactive;
    in_batch_ = false;
    to_send_ = false;
    reset_stack();
    environment_.on_closed();
}

// ---- settings

void Host::irq(EventDelivery::Handler handler) {
    delivery_.set_handler(std::move(handler));
    if (server_) server_->read_events(delivery_.has_handler());
}

error_code Host::snoop(std::string_view path, bool with_keys, std::string& message) {
    snoop_.reset();
    if (path.empty()) return {};
    auto writer = transport::SnoopWriter::open(std::string{path}, {.include_keys = with_keys});
    if (!writer) {
        message = writer.error().message;
        return writer.error().code;
    }
    snoop_.emplace(std::move(*writer));
    snoop_from_environment_ = false;
    return {};
}

void Host::start_snoop_from_environment() {
    const char* path = std::getenv("ASIOBLE_SNOOP");
    if (path == nullptr || *path == '\0' || snoop_) return;
    // Adapters of one process do not write over each other's files.
    static std::atomic<unsigned> recorders{0};
    if (snoop_number_ == 0) snoop_number_ = ++recorders;
    std::string name{path};
    if (snoop_number_ > 1) name += '.' + std::to_string(snoop_number_);
    std::string message;
    if (snoop(name, false, message))
        log::error("host", "ASIOBLE_SNOOP: ", message);
    else
        snoop_from_environment_ = true;
}

hci::ControllerInfo Host::controller_info() const {
    return active() ? init_.info() : hci::ControllerInfo{};
}

Statistics Host::statistics() const {
    Statistics result;
    if (transport_) {
        const transport::Statistics carried = transport_->statistics();
        result.packets_sent = carried.packets_sent;
        result.packets_received = carried.packets_received;
        result.send_calls = carried.write_calls;
        result.receive_calls = carried.read_calls;
        result.packets_dropped = carried.oversized_packets;
    }
    result.packets_dropped += dropped_ + core_.statistics().malformed_events;
    for (const auto& connection : connections_) result.packets_dropped += connection->dropped();
    return result;
}

}  // namespace bluetooth
