// SPDX-License-Identifier: MIT
#include "transport/h4_server.hpp"

#include <sys/stat.h>
#include <sys/un.h>

#include <fstream>

#include "tests/transport/loop.hpp"

using namespace bluetooth;
using namespace bluetooth::transport;
using namespace bluetooth::test;

namespace {

const Octets event = hex("04 0E 04 01 03 0C 00");
const Octets reset = hex("01 03 0C 00");

// A host connects to `server`; a command goes there, an event comes back.
void converse(Loop& loop, H4Server& server) {
    std::vector<std::unique_ptr<Transport>> controllers;
    server.start([&](std::unique_ptr<Transport> controller) {
        controllers.push_back(std::move(controller));
    });
    const Opened host = open(loop, std::string{server.client_name()});
    REQUIRE_MESSAGE(host.transport, host.message);
    loop.run_until([&] { return !controllers.empty(); });

    Recorder host_heard;
    Recorder controller_heard;
    host.transport->start(host_heard);
    controllers[0]->start(controller_heard);
    REQUIRE(host.transport->send(small_packet(reset)));
    host.transport->flush();
    loop.run_until([&] { return !controller_heard.packets.empty(); });
    CHECK(controller_heard.packets == Packets{reset});
    REQUIRE(controllers[0]->send(small_packet(event)));
    controllers[0]->flush();
    loop.run_until([&] { return !host_heard.packets.empty(); });
    CHECK(host_heard.packets == Packets{event});
    CHECK(contains(controllers[0]->name(), "#1"));
}

}  // namespace

TEST_CASE("h4 server: a host and a controller talk over a unix socket") {
    Loop loop;
    const TemporaryFolder folder;
    auto server = H4Server::listen(loop.executor(), "unix:" + folder / "hci");
    REQUIRE(server.has_value());
    converse(loop, *server);
}

TEST_CASE("h4 server: a host and a controller talk over TCP, at a port the system chose") {
    Loop loop;
    auto server = H4Server::listen(loop.executor(), "tcp-server:127.0.0.1:0");
    REQUIRE(server.has_value());
    CHECK(server->client_name().starts_with("tcp-client:127.0.0.1:"));
    CHECK(server->client_name() != "tcp-client:127.0.0.1:0");
    converse(loop, *server);
}

TEST_CASE("h4 server: the socket file is for its owner only, and goes away at the end") {
    Loop loop;
    const TemporaryFolder folder;
    const std::string path = folder / "hci";
    {
        const auto server = H4Server::listen(loop.executor(), "unix:" + path);
        REQUIRE(server.has_value());
        struct stat status {};
        REQUIRE(::stat(path.c_str(), &status) == 0);
        CHECK((status.st_mode & 0777) == 0600);
    }
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("h4 server: a dead program's socket is replaced, a live one's is not") {
    Loop loop;
    const TemporaryFolder folder;
    const std::string path = folder / "hci";
    {
        auto first = H4Server::listen(loop.executor(), "unix:" + path);
        REQUIRE(first.has_value());
        const auto second = H4Server::listen(loop.executor(), "unix:" + path);
        REQUIRE_FALSE(second.has_value());
        CHECK(second.error().code.value() == EADDRINUSE);
        CHECK(contains(second.error().message, "another program serves it"));
        // As after a crash: the file stays behind, nobody listens.
        std::filesystem::rename(path, path + ".kept");
    }
    std::filesystem::rename(path + ".kept", path);
    CHECK(H4Server::listen(loop.executor(), "unix:" + path).has_value());
}

TEST_CASE("h4 server: a file that is no socket is never removed") {
    Loop loop;
    const TemporaryFolder folder;
    const std::string path = folder / "precious";
    std::ofstream{path} << "data";
    const auto server = H4Server::listen(loop.executor(), "unix:" + path);
    REQUIRE_FALSE(server.has_value());
    CHECK(contains(server.error().message, "no socket"));
    CHECK(std::filesystem::file_size(path) == 4);
}

TEST_CASE("h4 server: only loopback addresses are served, and unknown names explained") {
    Loop loop;
    const auto refusal = [&](const char* name) {
        const auto server = H4Server::listen(loop.executor(), name);
        REQUIRE_FALSE(server.has_value());
        return server.error().message;
    };
    for (const char* remote : {"tcp-server:0.0.0.0:9001", "tcp-server:[::]:9001"}) {
        CHECK(contains(refusal(remote), "only loopback addresses"));
        CHECK(contains(refusal(remote), "whoever reaches that address would drive a controller"));
        CHECK(H4Server::listen(loop.executor(), remote).error().code == errc::not_permitted);
    }
    CHECK(contains(refusal("tcp-server:localhost:9001"), "not a numeric address"));
    CHECK(contains(refusal("serial:/dev/ttyS0"), "tcp-server:HOST:PORT"));
    CHECK(contains(refusal("serial:/dev/ttyS0"), "pty:[LINK]"));
    CHECK(contains(refusal("pty"), "pty:[LINK]"));
    CHECK(contains(refusal(""), "unix:PATH"));
    CHECK(contains(refusal("unix:"), "a path is missing"));
    CHECK(contains(refusal("unix:/no/such/folder/hci"), "the folder does not exist"));
}

TEST_CASE("h4 server: told so, it serves addresses that other machines reach") {
    Loop loop;
    auto server = H4Server::listen(loop.executor(), "tcp-server:0.0.0.0:0", {.allow_remote = true});
    REQUIRE(server.has_value());
    CHECK(server->client_name().starts_with("tcp-client:0.0.0.0:"));
    converse(loop, *server);
}

TEST_CASE("h4 server: hosts that have hung up before they were accepted are passed over") {
    Loop loop;
    const TemporaryFolder folder;
    const std::string name = "unix:" + folder / "hci";
    auto server = H4Server::listen(loop.executor(), name);
    REQUIRE(server.has_value());
    std::vector<std::unique_ptr<Transport>> controllers;
    server->start([&](std::unique_ptr<Transport> controller) {
        controllers.push_back(std::move(controller));
    });
    // Nothing is accepted before the loop runs; the last two stay.
    std::vector<FileDescriptor> hosts;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (folder / "hci").copy(address.sun_path, sizeof address.sun_path - 1);
    for (int i = 0; i < 100; ++i) {
        FileDescriptor host{::socket(AF_UNIX, SOCK_STREAM, 0)};
        REQUIRE(::connect(host.get(), reinterpret_cast<const sockaddr*>(&address),
                          sizeof address) == 0);
        write_all(host, reset);
        if (i >= 98) hosts.push_back(std::move(host));
    }
    loop.settle();
    CHECK(controllers.size() == 2);
}

TEST_CASE("h4 server: several hosts connect, and the server may end inside its callback") {
    Loop loop;
    const TemporaryFolder folder;
    const std::string name = "unix:" + folder / "hci";
    auto listening = H4Server::listen(loop.executor(), name);
    REQUIRE(listening.has_value());
    auto server = std::make_unique<H4Server>(std::move(*listening));
    std::vector<std::string> names;
    server->start([&](std::unique_ptr<Transport> controller) {
        names.emplace_back(controller->name());
        if (names.size() == 2) server.reset();
    });
    const Opened first = open(loop, name);
    const Opened second = open(loop, name);
    const Opened third = open(loop, name);
    loop.settle();
    CHECK(names == std::vector<std::string>{name + "#1", name + "#2"});
}
