// SPDX-License-Identifier: MIT
#include "transport/open.hpp"

#include <sys/un.h>
#include <termios.h>

#include "tests/transport/loop.hpp"
#include "transport/h4_stream.hpp"

using namespace bluetooth;
using namespace bluetooth::transport;
using namespace bluetooth::test;

namespace {

const Octets event = hex("04 0E 04 01 03 0C 00");
const Octets reset = hex("01 03 0C 00");

// Reads what a pty delivers, which takes the kernel a moment.
Octets read_exactly(const FileDescriptor& from, std::size_t size) {
    Octets octets(size);
    std::size_t done = 0;
    while (done < size) {
        const ssize_t count = ::read(from.get(), octets.data() + done, size - done);
        REQUIRE(count > 0);
        done += static_cast<std::size_t>(count);
    }
    return octets;
}

}  // namespace

TEST_CASE("open: an unknown name is answered with the known ones and their forms") {
    Loop loop;
    for (const char* name : {"usbb:0", "/dev/ttyUSB0", ":", ""}) {
        CAPTURE(name);
        const Opened opened = open(loop, name);
        CHECK(opened.error == errc::invalid_argument);
        CHECK(opened.transport == nullptr);
        CHECK(contains(opened.message, "serial:PATH[,SPEED][,rtscts]"));
        CHECK(contains(opened.message, "pty:[LINK]"));
        CHECK(contains(opened.message, "unix:PATH"));
        CHECK(contains(opened.message, "tcp-client:HOST:PORT"));
    }
    CHECK(contains(open(loop, "usbb:0").message, "no transport is called \"usbb:0\""));
    CHECK(contains(open(loop, "").message, "no transport was named"));
}

TEST_CASE("open: a registered scheme is known, and gets the argument and the executor") {
    Loop loop;
    std::string seen;
    register_scheme(
        "test", "test:ANYTHING", "a transport for this test",
        [&](const asio::any_io_executor& executor, std::string_view argument, OpenHandler handler) {
            seen = argument;
            H4StreamOptions options;
            options.name = "test:" + seen;
            complete(executor, std::move(handler),
                     make_h4_stream(executor, socket_pair().first, options));
        });
    CHECK(contains(known_names(), "test:ANYTHING"));
    const Opened opened = open(loop, "test:a:b,c");
    CHECK(seen == "a:b,c");
    CHECK_FALSE(opened.error);
    CHECK(opened.message.empty());
    REQUIRE(opened.transport);
    CHECK(opened.transport->name() == "test:a:b,c");
}

TEST_CASE("open: any completion token will do") {
    Loop loop;
    std::string message;
    asio::co_spawn(
        loop.context,
        [&]() -> asio::awaitable<void> {
            try {
                (void)co_await async_open(loop.executor(), "nothing:", asio::use_awaitable);
            } catch (const system_error& error) {
                message = error.code().message();
            }
        },
        asio::detached);
    loop.settle();
    CHECK(message == "invalid argument");
}

TEST_CASE("open: serial names that cannot be meant are explained") {
    Loop loop;
    CHECK(contains(open(loop, "serial:").message, "a path is missing"));
    const Opened speed = open(loop, "serial:/dev/ttyACM0,123");
    CHECK(speed.error == errc::invalid_argument);
    CHECK(contains(speed.message, "\"123\" is neither rtscts nor a speed"));
    CHECK(contains(speed.message, "1000000"));
    CHECK(contains(open(loop, "serial:/dev/ttyACM0,115200,ctsrts").message, "\"ctsrts\""));
    CHECK(contains(open(loop, "serial:/dev/ttyACM0,").message, "\"\""));
}

TEST_CASE("open: a serial port that is not there, or is none, gets a remedy") {
    Loop loop;
    const Opened missing = open(loop, "serial:/dev/no-such-port");
    CHECK(missing.error.value() == ENOENT);
    CHECK(contains(missing.message, "serial:/dev/no-such-port: No such file or directory"));
    CHECK(contains(missing.message, "is the device plugged in?"));
    CHECK(contains(open(loop, "serial:/dev/null").message, "it is not a serial port"));
}

TEST_CASE("open: a serial port carries every octet unchanged") {
    Loop loop;
    const FileDescriptor other{::posix_openpt(O_RDWR | O_NOCTTY)};
    REQUIRE(other);
    REQUIRE(::grantpt(other.get()) == 0);
    REQUIRE(::unlockpt(other.get()) == 0);
    std::array<char, 64> path{};
    REQUIRE(::ptsname_r(other.get(), path.data(), path.size()) == 0);

    Opened opened = open(loop, std::string{"serial:"} + path.data() + ",1000000,rtscts");
    REQUIRE_MESSAGE(opened.transport, opened.message);
    termios state{};
    REQUIRE(::tcgetattr(other.get(), &state) == 0);
    CHECK(::cfgetospeed(&state) == B1000000);
    CHECK((state.c_cflag & CRTSCTS) != 0);

    Octets everything = hex("04 FF FF");
    for (unsigned i = 0; i < 255; ++i) everything.push_back(static_cast<std::uint8_t>(i));
    Recorder heard;
    opened.transport->start(heard);
    write_all(other, everything);
    loop.run_until([&] { return !heard.packets.empty(); });
    CHECK(heard.packets == Packets{everything});

    REQUIRE(opened.transport->send(small_packet(hex("01 03 0A 0D 11 13 03 04 7F FF"))));
    opened.transport->flush();
    CHECK(read_exactly(other, 10) == hex("01 03 0A 0D 11 13 03 04 7F FF"));
}

TEST_CASE("open: a serial device that is unplugged is a loss that says so") {
    Loop loop;
    FileDescriptor other{::posix_openpt(O_RDWR | O_NOCTTY)};
    REQUIRE(::grantpt(other.get()) == 0);
    REQUIRE(::unlockpt(other.get()) == 0);
    std::array<char, 64> path{};
    REQUIRE(::ptsname_r(other.get(), path.data(), path.size()) == 0);
    const Opened opened = open(loop, std::string{"serial:"} + path.data());
    REQUIRE_MESSAGE(opened.transport, opened.message);
    Recorder heard;
    opened.transport->start(heard);
    other = FileDescriptor{};
    loop.run_until([&] { return !heard.losses.empty(); });
    CHECK(heard.losses[0].first == errc::connection_lost);
    CHECK(contains(heard.losses[0].second, "was it unplugged?"));
}

TEST_CASE("open: a pty can be used from its other end, which may come and go") {
    Loop loop;
    const TemporaryFolder folder;
    const std::string link = folder / "controller";
    Opened opened = open(loop, "pty:" + link);
    REQUIRE_MESSAGE(opened.transport, opened.message);
    CHECK(opened.transport->name() == "pty:" + std::filesystem::read_symlink(link).string());

    Recorder heard;
    opened.transport->start(heard);
    loop.settle();
    CHECK(heard.losses.empty());
    for (std::size_t round = 1; round <= 2; ++round) {
        const FileDescriptor other{::open(link.c_str(), O_RDWR | O_NOCTTY)};
        REQUIRE(other);
        write_all(other, event);
        loop.run_until([&] { return heard.packets.size() == round; });
        REQUIRE(opened.transport->send(small_packet(reset)));
        opened.transport->flush();
        CHECK(read_exactly(other, reset.size()) == reset);
    }
    CHECK(heard.losses.empty());
    opened.transport->close();
    CHECK_FALSE(std::filesystem::is_symlink(link));
}

TEST_CASE("open: a pty's link replaces an old link, but nothing else") {
    Loop loop;
    const TemporaryFolder folder;
    const std::string link = folder / "link";
    std::filesystem::create_symlink("/nowhere", link);
    Opened opened = open(loop, "pty:" + link);
    CHECK_MESSAGE(opened.transport, opened.message);
    // The link has become somebody else's: it stays.
    std::filesystem::remove(link);
    std::filesystem::create_symlink("/elsewhere", link);
    opened.transport.reset();
    CHECK(std::filesystem::is_symlink(link));

    const std::string taken = folder / "taken";
    std::filesystem::create_directory(taken);
    const Opened refused = open(loop, "pty:" + taken);
    CHECK(refused.error.value() == EEXIST);
    CHECK(contains(refused.message, "choose another name"));
}

TEST_CASE("open: a unix socket that is missing or dead asks for the controller") {
    Loop loop;
    const TemporaryFolder folder;
    const std::string path = folder / "hci";
    const Opened missing = open(loop, "unix:" + path);
    CHECK(missing.error.value() == ENOENT);
    CHECK(contains(missing.message, "is the controller running?"));

    {
        const FileDescriptor dead{::socket(AF_UNIX, SOCK_STREAM, 0)};
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        REQUIRE(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
                0);
    }
    const Opened refused = open(loop, "unix:" + path);
    CHECK(refused.error.value() == ECONNREFUSED);
    CHECK(contains(refused.message, "is the controller still running?"));

    CHECK(contains(open(loop, "unix:").message, "a path is missing"));
    CHECK(contains(open(loop, "unix:" + std::string(108, 'x')).message, "at most 107 characters"));
}

TEST_CASE("open: tcp-client takes numeric addresses only, and says so") {
    Loop loop;
    const Opened named = open(loop, "tcp-client:localhost:9001");
    CHECK(named.error == errc::invalid_argument);
    CHECK(contains(named.message, "\"localhost\" is not a numeric address"));
    for (const char* name : {"tcp-client:", "tcp-client:127.0.0.1", "tcp-client:127.0.0.1:",
                             "tcp-client:127.0.0.1:x", "tcp-client:127.0.0.1:65536"}) {
        CAPTURE(name);
        CHECK(contains(open(loop, name).message, "a port is missing"));
    }
}

TEST_CASE("open: a TCP port that nobody listens on asks for the controller") {
    Loop loop;
    asio::ip::tcp::acceptor taken{loop.context,
                                  {asio::ip::address_v4::loopback(), asio::ip::port_type{0}}};
    const std::string port = std::to_string(taken.local_endpoint().port());
    taken.close();
    const Opened refused = open(loop, "tcp-client:127.0.0.1:" + port);
    CHECK(refused.error.value() == ECONNREFUSED);
    CHECK(contains(refused.message, "nobody listens there"));
}
