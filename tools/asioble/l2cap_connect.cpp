// SPDX-License-Identifier: MIT
//
// asioble l2cap connect: channels to show, or to bridge.
#include <algorithm>
#include <map>

#include "tools/asioble/l2cap_bridge.hpp"
#include "tools/asioble/l2cap_open.hpp"
#include "tools/asioble/l2cap_users.hpp"

namespace bluetooth::tool {
namespace {

/// Sends what was given, and prints what comes.
void show(const Options& options, const OpenArguments& arguments) {
    std::vector<std::shared_ptr<ShowingUser>> users;
    Loop loop;
    ChannelOpener opener{loop, options, arguments, {.use = [&](ChannelEnd channel) {
                             return users.emplace_back(std::make_shared<ShowingUser>(
                                 std::move(channel), opener.out(), arguments.send));
                         }}};
    constexpr std::chrono::seconds patience{10};  // with a peer that takes nothing
    const auto ended = [&] { return opener.channels().empty(); };
    const auto all_sent = [&] { return std::ranges::all_of(users, &ShowingUser::done); };
    const auto taken = [&] {
        std::size_t sum = 0;
        for (const auto& user : users) sum += user->taken();
        return sum;
    };

    opener.connect();
    opener.open_all();
    if (!arguments.time) opener.out().say("Ctrl-C ends it.");
    loop.run_until(ended, arguments.time.value_or(Duration::max()));
    std::size_t before = 0;
    do before = taken();
    while (!loop.run_until([&] { return ended() || all_sent(); }, patience) && taken() > before);
    for (const auto& user : users) user->channel().close();
    loop.run_until(ended);
    if (const std::string& fault = opener.channels().fault(); !fault.empty()) throw Failure{fault};
    if (!all_sent())
        throw Failure{"not all was sent: the peer took " + std::to_string(taken()) + " SDUs"};
    opener.disconnect();
}

/// Joins one channel with the standard streams.
void join_standard_streams(const Options& options, const OpenArguments& arguments) {
    std::optional<std::string> outcome;
    Loop loop;
    const auto join = [&](ChannelEnd channel) -> std::shared_ptr<ChannelUser> {
        auto stream = channel.take_over();
        auto streams = std::make_unique<StandardStreams>(stream.get_executor());
        start_bridge(std::move(stream), std::move(streams),
                     {.linger = arguments.linger,
                      .on_end = [&outcome](const std::string& fault) { outcome = fault; }});
        return {};
    };
    ChannelOpener opener{loop, options, arguments, {.use = join}, stderr};
    opener.connect();
    opener.open_all();
    loop.run_until([&] { return outcome && opener.channels().empty(); });
    if (!outcome->empty()) throw Failure{*outcome};
    opener.disconnect();
}

/// Opens a channel for each TCP connection.
class TcpEntrance {
public:
    TcpEntrance(const Options& options, const OpenArguments& arguments)
        : arguments_(arguments),
          opener_(loop_, options, arguments,
                  {.use = [this](ChannelEnd channel) { return use(channel); },
                   .on_refused = [this](const L2capDisconnect& r) { sockets_.erase(r.cid); }}) {}

    void run() {
        opener_.connect();
        listen();
        Central& central = opener_.central();
        while (central.connected()) {
            accept();
            loop_.run_until([&] { return !central.connected() || (!accepting_ && has_room()); });
        }
        acceptor_.close();
        loop_.run_until([&] { return bridges_ == 0; });  // they may have something to deliver
        central.expect_connected("waiting for TCP connections");
    }

private:
    void listen();
    /// Whether the link has a channel for one more connection; those beyond wait in the kernel.
    bool has_room() const { return sockets_.size() + opener_.channels().size() < max_channels; }
    void accept();
    void open_for(asio::ip::tcp::socket socket);
    std::shared_ptr<ChannelUser> use(ChannelEnd channel);
    void tell_fault(const std::string& fault) const {
        if (!fault.empty()) opener_.out().tell(fault, Json{"fault"}.add("what", fault));
    }

    const OpenArguments& arguments_;
    Loop loop_;
    asio::ip::tcp::acceptor acceptor_{loop_.context()};
    bool accepting_ = false;
    std::map<ChannelId, asio::ip::tcp::socket> sockets_;  // whose channels are not open yet
    std::size_t bridges_ = 0;
    ChannelOpener opener_;
};

void TcpEntrance::listen() {
    try {
        acceptor_ = {loop_.context(), *arguments_.tcp_listen};
    } catch (const system_error& error) {
        throw Failure{"cannot listen there: " + error.code().message() +
                      "; take another port, or 0 for any that is free"};
    }
    const auto endpoint = acceptor_.local_endpoint();
    const std::string address = endpoint.address().to_string();
    const Output& out = opener_.out();
    out.tell("Waiting for TCP connections to port " +
                 out.paint(Style::bold, std::to_string(endpoint.port())) + " of " + address +
                 ". Ctrl-C ends it.",
             Json{"listening"}.add("address", address).add("port", endpoint.port()));
}

void TcpEntrance::accept() {
    accepting_ = true;
    acceptor_.async_accept([this](error_code error, asio::ip::tcp::socket socket) {
        accepting_ = false;
        if (error == asio::error::operation_aborted) return;
        if (error) return loop_.fail("accepting TCP connections: " + error.message());
        open_for(std::move(socket));
    });
}

void TcpEntrance::open_for(asio::ip::tcp::socket socket) {
    try {
        sockets_.insert_or_assign(opener_.request(1).front(), std::move(socket));
    } catch (const system_error& error) {  // the link has just ended, for example
        tell_fault(error.what());
    }
}

std::shared_ptr<ChannelUser> TcpEntrance::use(ChannelEnd channel) {
    auto socket = sockets_.extract(channel.cid());
    ++bridges_;
    start_bridge(channel.take_over(), std::move(socket.mapped()),
                 {.linger = arguments_.linger, .on_end = [this](const std::string& fault) {
                      --bridges_;
                      tell_fault(fault);
                  }});
    return {};
}

}  // namespace

void open_channels(const Options& options, const OpenArguments& arguments) {
    if (arguments.stdio)
        join_standard_streams(options, arguments);
    else if (arguments.tcp_listen)
        TcpEntrance{options, arguments}.run();
    else
        show(options, arguments);
}

}  // namespace bluetooth::tool
