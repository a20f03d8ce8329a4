// SPDX-License-Identifier: MIT
//
// asioble l2cap connect: channels to show, or to bridge.
#include <map>

#include "tools/asioble/l2cap_bridge.hpp"
#include "tools/asioble/l2cap_open.hpp"
#include "tools/asioble/l2cap_users.hpp"

namespace bluetooth::tool {
namespace {

/// Sends what was given, and prints what comes.
void show(const Options& options, const OpenArguments& arguments) {
    Loop loop;
    ChannelOpener opener{loop, options, arguments, {.use = [&](ChannelEnd channel) {
                             return std::make_shared<ShowingUser>(std::move(channel), opener.out(),
                                                                  arguments.send);
                         }}};
    opener.connect();
    opener.open_all();
    if (!arguments.time) opener.out().say("Ctrl-C ends it.");
    loop.run_until([&] { return opener.channels().empty(); },
                   arguments.time.value_or(Duration::max()));
    if (const std::string& fault = opener.channels().fault(); !fault.empty()) throw Failure{fault};
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
        accept();
        Central& central = opener_.central();
        loop_.run_until([&] { return !central.connected(); });
        central.expect_connected("waiting for TCP connections");
    }

private:
    void listen();
    void accept();
    void open_for(asio::ip::tcp::socket socket);
    std::shared_ptr<ChannelUser> use(ChannelEnd channel);
    void tell_fault(const std::string& fault) const {
        if (!fault.empty()) opener_.out().tell(fault, Json{"fault"}.add("what", fault));
    }

    const OpenArguments& arguments_;
    Loop loop_;
    asio::ip::tcp::acceptor acceptor_{loop_.context()};
    std::map<ChannelId, asio::ip::tcp::socket> sockets_;  // whose channels are not open yet
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
    acceptor_.async_accept([this](error_code error, asio::ip::tcp::socket socket) {
        if (error == asio::error::operation_aborted) return;
        if (error) return loop_.fail("accepting TCP connections: " + error.message());
        open_for(std::move(socket));
        accept();
    });
}

void TcpEntrance::open_for(asio::ip::tcp::socket socket) {
    try {
        sockets_.insert_or_assign(opener_.request(1).front(), std::move(socket));
    } catch (const system_error& error) {  // too many channels, for example: the socket closes
        tell_fault(error.what());
    }
}

std::shared_ptr<ChannelUser> TcpEntrance::use(ChannelEnd channel) {
    auto socket = sockets_.extract(channel.cid());
    start_bridge(channel.take_over(), std::move(socket.mapped()),
                 {.linger = arguments_.linger,
                  .on_end = [this](const std::string& fault) { tell_fault(fault); }});
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
