// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <fstream>
#include <memory>

#include "tests/transport/loop.hpp"
#include "transport/h4_server.hpp"

using namespace bluetooth;
using namespace bluetooth::transport;
using namespace bluetooth::test;

namespace {

const Octets event = hex("04 0E 04 01 03 0C 00");
const Octets reset = hex("01 03 0C 00");

/// Serves one controller after the other, each of which notes what its host sends.
struct Served {
    struct Controller {
        std::unique_ptr<Transport> transport;
        Recorder heard;
    };
    Loop& loop;
    H4Server server;
    std::vector<std::unique_ptr<Controller>> controllers;

    Served(Loop& runs, const std::string& name)
        : loop(runs), server(H4Server::listen(runs.executor(), name).value()) {
        server.start([this](std::unique_ptr<Transport> transport) {
            controllers.push_back(std::make_unique<Controller>());
            Controller& controller = *controllers.back();
            controller.transport = std::move(transport);
            controller.transport->start(controller.heard);
        });
    }
    std::string path() const { return std::string{server.client_name().substr(7)}; }
    FileDescriptor open() const {
        FileDescriptor host{::open(path().c_str(), O_RDWR | O_NOCTTY)};
        REQUIRE(host);
        return host;
    }
    void expect_conversation(const FileDescriptor& host, std::size_t with) {
        write_all(host, reset);
        loop.run_until(
            [&] { return controllers.size() > with && !controllers[with]->heard.packets.empty(); });
        CHECK(controllers[with]->heard.packets == Packets{reset});
        REQUIRE(controllers[with]->transport->send(small_packet(event)));
        controllers[with]->transport->flush();
        Octets answer;
        while (answer.size() < event.size()) {
            const Octets more = read_some(host);
            REQUIRE_FALSE(more.empty());
            answer.insert(answer.end(), more.begin(), more.end());
        }
        CHECK(answer == event);
    }
    void wait_for_loss(std::size_t of) {
        loop.run_until([&] { return !controllers[of]->heard.losses.empty(); });
    }
};

}  // namespace

TEST_CASE("pty server: a host reaches it as a serial port, through the link") {
    Loop loop;
    const TemporaryFolder folder;
    const std::string link = folder / "hci";
    Served served{loop, "pty:" + link};
    CHECK(served.server.client_name() == "serial:" + link);
    const Opened host = open(loop, "serial:" + link + ",1000000");
    REQUIRE_MESSAGE(host.transport, host.message);
    Recorder heard;
    host.transport->start(heard);
    loop.run_until([&] { return !served.controllers.empty(); });
    CHECK(served.controllers[0]->transport->name() ==
          "pty:" + std::filesystem::read_symlink(link).string() + "#1");

    REQUIRE(host.transport->send(small_packet(reset)));
    host.transport->flush();
    loop.run_until([&] { return !served.controllers[0]->heard.packets.empty(); });
    CHECK(served.controllers[0]->heard.packets == Packets{reset});
    REQUIRE(served.controllers[0]->transport->send(small_packet(event)));
    served.controllers[0]->transport->flush();
    loop.run_until([&] { return !heard.packets.empty(); });
    CHECK(heard.packets == Packets{event});
}

TEST_CASE("pty server: without a link the terminal itself is named") {
    Loop loop;
    Served served{loop, "pty:"};
    CHECK(served.path().starts_with("/dev/pts/"));
    const FileDescriptor host = served.open();
    served.expect_conversation(host, 0);
}

TEST_CASE("pty server: the link goes away at the end, unless it has become somebody else's") {
    Loop loop;
    const TemporaryFolder folder;
    const std::string link = folder / "hci";
    { const Served served{loop, "pty:" + link}; }
    CHECK_FALSE(std::filesystem::is_symlink(link));
    {
        const Served served{loop, "pty:" + link};
        std::filesystem::remove(link);
        std::filesystem::create_symlink("/elsewhere", link);
    }
    CHECK(std::filesystem::read_symlink(link) == "/elsewhere");
}

TEST_CASE("pty server: a dead program's link is replaced, other files are not") {
    Loop loop;
    const TemporaryFolder folder;
    const auto refusal = [&](const std::string& link) {
        const auto server = H4Server::listen(loop.executor(), "pty:" + link);
        REQUIRE_FALSE(server.has_value());
        return server.error().message;
    };
    const std::string dangling = folder / "dangling";
    std::filesystem::create_symlink("/dev/pts/nowhere", dangling);
    {
        const Served served{loop, "pty:" + dangling};
        CHECK(std::filesystem::read_symlink(dangling).string().starts_with("/dev/pts/"));
        CHECK(contains(refusal(dangling), "stop the program that made it"));
        CHECK(std::filesystem::is_symlink(dangling));
    }
    const std::string precious = folder / "precious";
    std::ofstream{precious} << "data";
    CHECK(contains(refusal(precious), "remove that file, or choose another name"));
    CHECK(std::filesystem::file_size(precious) == 4);
    CHECK(contains(refusal("/no/such/folder/hci"), "a folder you may write"));
}

TEST_CASE("pty server: a host that closes it is lost, and the next one has a new connection") {
    Loop loop;
    Served served{loop, "pty:"};
    for (std::size_t round = 0; round < 3; ++round) {
        CAPTURE(round);
        FileDescriptor host = served.open();
        served.expect_conversation(host, round);
        CHECK(served.controllers.size() == round + 1);
        host = FileDescriptor{};
        served.wait_for_loss(round);
        CHECK(served.controllers[round]->heard.losses[0].first == errc::connection_lost);
        CHECK(
            contains(served.controllers[round]->heard.losses[0].second, "the host has closed it"));
    }
}

TEST_CASE("pty server: nothing is done while no host has it open") {
    Loop loop;
    Served served{loop, "pty:"};
    {
        const FileDescriptor host = served.open();
        served.expect_conversation(host, 0);
    }
    served.wait_for_loss(0);
    loop.settle();
    loop.context.restart();
    CHECK(loop.context.poll() == 0);
}

TEST_CASE("pty server: a second program that opens it leaves the first one its controller") {
    Loop loop;
    Served served{loop, "pty:"};
    const FileDescriptor host = served.open();
    served.expect_conversation(host, 0);
    { const FileDescriptor curious = served.open(); }
    loop.settle();
    CHECK(served.controllers.size() == 1);
    CHECK(served.controllers[0]->heard.losses.empty());
}

TEST_CASE("pty server: what a host left behind is not for the next one") {
    Loop loop;
    Served served{loop, "pty:"};
    {
        FileDescriptor host = served.open();
        loop.run_until([&] { return served.controllers.size() == 1; });
        served.controllers[0]->transport->pause_reading();
        // A packet that is cut off, an event that was never read, a lock, and echo.
        write_all(host, hex("01 03"));
        REQUIRE(served.controllers[0]->transport->send(small_packet(event)));
        served.controllers[0]->transport->flush();
        REQUIRE(::ioctl(host.get(), TIOCEXCL) == 0);
        termios state{};
        REQUIRE(::tcgetattr(host.get(), &state) == 0);
        state.c_lflag |= ECHO | ICANON;
        REQUIRE(::tcsetattr(host.get(), TCSANOW, &state) == 0);
        host = FileDescriptor{};
        served.wait_for_loss(0);
    }
    const FileDescriptor host = served.open();
    int exclusive = 1;
    REQUIRE(::ioctl(host.get(), TIOCGEXCL, &exclusive) == 0);
    CHECK(exclusive == 0);
    served.expect_conversation(host, 1);
}

TEST_CASE("pty server: a connection that was given up is not told of its host's end") {
    Loop loop;
    Served served{loop, "pty:"};
    FileDescriptor host = served.open();
    loop.run_until([&] { return served.controllers.size() == 1; });
    served.controllers[0]->transport.reset();
    host = FileDescriptor{};
    loop.settle();
    CHECK(served.controllers[0]->heard.losses.empty());
    host = served.open();
    served.expect_conversation(host, 1);
}

TEST_CASE("pty server: ended inside its callback, it leaves the host its connection") {
    Loop loop;
    auto server = std::make_unique<H4Server>(H4Server::listen(loop.executor(), "pty:").value());
    const std::string path{server->client_name().substr(7)};
    std::unique_ptr<Transport> controller;
    server->start([&](std::unique_ptr<Transport> transport) {
        controller = std::move(transport);
        server.reset();
    });
    FileDescriptor host{::open(path.c_str(), O_RDWR | O_NOCTTY)};
    REQUIRE(host);
    loop.run_until([&] { return controller != nullptr; });
    Recorder heard;
    controller->start(heard);
    write_all(host, reset);
    loop.run_until([&] { return !heard.packets.empty(); });
    host = FileDescriptor{};
    loop.run_until([&] { return !heard.losses.empty(); });
    CHECK(heard.losses[0].first == errc::connection_lost);
}
