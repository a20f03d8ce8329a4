// SPDX-License-Identifier: MIT
//
// asioble l2cap listen and echo: the side that waits for channels.
#include <map>

#include "tools/asioble/device.hpp"
#include "tools/asioble/l2cap_bridge.hpp"
#include "tools/asioble/l2cap_commands.hpp"
#include "tools/asioble/l2cap_transfer.hpp"
#include "tools/asioble/l2cap_users.hpp"

#include "bluetooth/advertising_data.hpp"

namespace bluetooth::tool {
namespace {

using namespace std::chrono_literals;

/// The status by which a channel is refused.
constexpr int no_resources = 6;

constexpr const char* bridge_failed = "not every bridge ended well: see above";

class ChannelListener {
public:
    ChannelListener(const Options& options, const ListenArguments& arguments)
        : arguments_(arguments),
          out_(options.json, arguments.stdio ? stderr : stdout),
          device_(loop_, options),
          channels_(device_.ble(), out_, [this](ChannelEnd channel) { return use(channel); }) {}

    void run() {
        device_.on_event([this](const Event& event) { on_event(event); });
        device_.activate();
        device_->config(config::gap_name{arguments_.name});
        device_->l2cap_listen(arguments_.psm, arguments_.mtu, arguments_.options);
        do {
            advertise();
            left_ = false;
            loop_.run_until([&] { return left_ || (stdio_ended_ && channels_.empty()); });
        } while (!arguments_.once && !stdio_ended_);
        loop_.run_until([&] { return bridges_ == 0; });  // they may have something to deliver
        if (!fault_.empty()) throw Failure{fault_};
    }

private:
    using Key = std::pair<ConnectionHandle, ChannelId>;

    void advertise();
    void on_event(const Event& event);
    void on_accept(const L2capAccept& accept);
    void connect_tcp(Key key);
    std::shared_ptr<ChannelUser> use(ChannelEnd channel);
    BridgeOptions bridge_options();
    void tell(std::string_view event, ConnectionHandle connection, const std::string& text) const;

    const ListenArguments& arguments_;
    Loop loop_;
    Output out_;
    std::map<Key, asio::ip::tcp::socket> sockets_;  // for channels that are not open yet
    bool stdio_promised_ = false;                   // to a channel that is not open yet
    bool stdio_taken_ = false;
    bool stdio_ended_ = false;
    std::size_t bridges_ = 0;
    bool left_ = false;  // the central has
    std::string fault_;
    Device device_;  // bridges call back until it has gone
    Channels channels_;
};

void ChannelListener::advertise() {
    AdvertisingData data;
    data.flags();
    AdvertisingData response;
    response.name(arguments_.name);
    device_->gap_advertise(100ms, data.bytes(), {.resp_data = response.bytes()});
    const auto mac = device_->config<config::mac>();
    const std::string address = to_string(mac.address);
    const std::string psm = to_text(arguments_.psm);
    out_.tell("Listening on PSM " + psm + " as " +
                  out_.paint(Style::bold, '"' + arguments_.name + '"') + " at " + address + " (" +
                  std::string{to_string(mac.type)} + "). Ctrl-C ends it.",
              Json{"listening"}
                  .add("psm", static_cast<std::uint16_t>(arguments_.psm))
                  .add("name", arguments_.name)
                  .add("address", address)
                  .add("type", to_string(mac.type)));
}

void ChannelListener::tell(std::string_view event, ConnectionHandle connection,
                           const std::string& text) const {
    const auto number = static_cast<std::uint16_t>(connection);
    out_.tell(out_.paint(Style::dim, '[' + std::to_string(number) + "] ") + text,
              Json{event}.add("connection", number).add("what", text));
}

void ChannelListener::on_event(const Event& event) {
    if (const auto* accept = std::get_if<L2capAccept>(&event)) {
        on_accept(*accept);
    } else if (const auto* connect = std::get_if<CentralConnect>(&event)) {
        tell("connect", connect->conn_handle, "connected: " + to_string(connect->addr));
    } else if (const auto* disconnect = std::get_if<CentralDisconnect>(&event)) {
        tell("disconnect", disconnect->conn_handle,
             "disconnected: " + disconnect->reason.message());
        left_ = true;
        stdio_promised_ = false;
    } else {
        if (std::holds_alternative<L2capDisconnect>(event)) stdio_promised_ = false;
        channels_.on_event(event);
    }
}

void ChannelListener::on_accept(const L2capAccept& accept) {
    if (arguments_.tcp_connect) {
        accept.defer();
        connect_tcp({accept.conn_handle, accept.cid});
    } else if (arguments_.stdio && (stdio_taken_ || std::exchange(stdio_promised_, true))) {
        accept.answer(no_resources);
    }
}

/// The channel opens if the TCP connection does.
void ChannelListener::connect_tcp(Key key) {
    sockets_.erase(key);
    auto& socket = sockets_.emplace(key, loop_.context()).first->second;
    socket.async_connect(*arguments_.tcp_connect, [this, key](error_code error) {
        if (error == asio::error::operation_aborted) return;
        if (error) {
            sockets_.erase(key);
            out_.tell(channel_label(out_, key.first, key.second) +
                          "refused: no TCP connection: " + error.message(),
                      channel_record("channel_refused", key.first, key.second)
                          .add("reason", error.message()));
        }
        error_code gone;  // so is the peer, or its patience
        device_->l2cap_answer(key.first, key.second, error ? no_resources : 0, gone);
        if (gone) sockets_.erase(key);
    });
}

std::shared_ptr<ChannelUser> ChannelListener::use(ChannelEnd channel) {
    const Key key{channel.connection(), channel.cid()};
    if (arguments_.tcp_connect) {
        start_bridge(channel.take_over(), std::move(sockets_.at(key)), bridge_options());
        sockets_.erase(key);
        return {};
    }
    if (arguments_.stdio) {
        stdio_taken_ = true;
        start_bridge(channel.take_over(),
                     std::make_unique<StandardStreams>(loop_.context().get_executor()),
                     bridge_options());
        return {};
    }
    switch (arguments_.use) {
    case ListenArguments::Use::echo: return std::make_shared<EchoingUser>(std::move(channel));
    case ListenArguments::Use::transfer:
        return std::make_shared<TransferringUser>(
            std::move(channel), std::nullopt,
            TransferringUser::Callbacks{[] {},
                                        [this](const TransferringUser& user) {
                                            if (!report(out_, user)) fault_ = transfer_failed;
                                        }});
    case ListenArguments::Use::show: break;
    }
    static const std::vector<Octets> nothing;
    return std::make_shared<ShowingUser>(std::move(channel), out_, nothing);
}

BridgeOptions ChannelListener::bridge_options() {
    ++bridges_;
    return {.linger = arguments_.linger, .on_end = [this](const std::string& fault) {
                --bridges_;
                stdio_ended_ = arguments_.stdio;
                if (fault.empty()) return;
                fault_ = arguments_.stdio ? fault : bridge_failed;
                if (!arguments_.stdio) out_.tell(fault, Json{"fault"}.add("what", fault));
            }};
}

}  // namespace

void listen_for_channels(const Options& options, const ListenArguments& arguments) {
    ChannelListener{options, arguments}.run();
}

}  // namespace bluetooth::tool
