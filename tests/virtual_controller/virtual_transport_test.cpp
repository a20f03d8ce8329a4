// SPDX-License-Identifier: MIT
#include "virtual_controller/virtual_transport.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/hex.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using bluetooth::test::hex;
using bluetooth::test::Octets;
using namespace std::chrono_literals;
using transport::PacketType;
using Packets = std::vector<Octets>;
using transport::Transport;

namespace {

// A host that notes what comes, and whether it comes while it is calling.
struct Host final : transport::Receiver {
    BufferPool pool{16, 300};
    std::unique_ptr<Transport> transport;
    Packets received;
    int batches = 0;
    bool calling = false;
    std::function<void(const Octets&)> handler;

    explicit Host(std::unique_ptr<Transport> to_use) : transport(std::move(to_use)) {
        transport->start(*this);
    }
    void send(std::string_view packet) {
        transport::Packet out;
        out.payload = pool.acquire();
        REQUIRE(out.payload.append(hex(packet)));
        calling = true;
        REQUIRE(transport->send(std::move(out)));
        transport->flush();
        calling = false;
    }
    Packets take() { return std::exchange(received, {}); }

    void on_packet(PacketType type, Bytes packet) override {
        CHECK(!calling);
        Octets octets{static_cast<std::uint8_t>(type)};
        octets.insert(octets.end(), packet.begin(), packet.end());
        received.push_back(octets);
        if (handler) handler(octets);
    }
    void on_batch_end() override { ++batches; }
    void on_sync_lost(Bytes) override { FAIL("sync lost"); }
    void on_lost(error_code, std::string_view) override { FAIL("lost"); }
};

struct TwoHosts {
    asio::io_context context;
    std::shared_ptr<AirDriver> driver =
        AirDriver::create(context.get_executor(), 1, AirDriver::Pace::by_hand);
    Host peripheral{make_virtual_transport(driver, with_address(1))};
    Host central{make_virtual_transport(driver, with_address(2))};

    static Profile with_address(std::uint8_t last) {
        Profile profile;
        profile.public_address = Address::from_display({0x00, 0xaa, 0x01, 0x00, 0x00, last});
        return profile;
    }
    void poll() {
        context.restart();
        context.poll();
    }
    void connect() {
        for (Host* host : {&peripheral, &central}) {
            host->send("01 01 0c 08 ff ff ff ff ff ff ff 3f");
            host->send("01 01 20 08 ff fd f7 ff 00 00 00 00");
        }
        peripheral.send("01 0a 20 01 01");
        central.send(
            "01 0d 20 19 10 00 10 00 00 00 01 00 00 01 aa 00 00 18 00 18 00 00 00 2a 00 "
            "00 00 00 00");
        driver->advance_to(Time{5s});
        poll();
        REQUIRE(peripheral.take().size() == 4);
        REQUIRE(central.take().size() == 4);
    }
};

struct Opened {
    error_code error = make_error(errc::timed_out);
    std::string message;
    std::unique_ptr<Transport> transport;
};
Opened open(asio::io_context& context, const std::string& name) {
    Opened opened;
    transport::async_open(
        context.get_executor(), name,
        [&](error_code error, std::string message, std::unique_ptr<Transport> transport) {
            opened = {error, std::move(message), std::move(transport)};
        });
    context.restart();
    context.poll();
    return opened;
}

}  // namespace

TEST_CASE("virtual transport: answers come from the executor, in one batch, never inside a call") {
    TwoHosts hosts;
    hosts.central.send("01 03 0c 00");
    hosts.central.send("01 09 10 00");
    CHECK(hosts.central.received.empty());
    hosts.poll();
    CHECK(hosts.central.take() ==
          Packets{hex("04 0e 04 01 03 0c 00"), hex("04 0e 0a 01 09 10 00 02 00 00 01 aa 00")});
    CHECK(hosts.central.batches == 1);
    CHECK(hosts.central.transport->statistics().packets_received == 2);
    CHECK(hosts.central.transport->statistics().packets_sent == 2);
}

TEST_CASE("virtual transport: carries data between two hosts, also what was sent in a handler") {
    TwoHosts hosts;
    hosts.connect();
    hosts.peripheral.handler = [&](const Octets& packet) {
        if (packet[0] == 2) hosts.peripheral.send("02 40 00 01 00 bb");
    };
    hosts.central.send("02 40 00 01 00 aa");
    hosts.poll();
    CHECK(hosts.peripheral.take() ==
          Packets{hex("02 40 20 01 00 aa"), hex("04 13 05 01 40 00 01 00")});
    CHECK(hosts.central.take() ==
          Packets{hex("02 40 20 01 00 bb"), hex("04 13 05 01 40 00 01 00")});
}

TEST_CASE("virtual transport: a fragment with an inline header leaves in one piece") {
    TwoHosts hosts;
    hosts.connect();
    transport::Packet fragment;
    fragment.header = {0x02, 0x40, 0x10, 0x02, 0x00};
    fragment.header_size = 5;
    fragment.payload = hosts.central.pool.acquire();
    REQUIRE(fragment.payload.append(hex("aa bb")));
    REQUIRE(hosts.central.transport->send(std::move(fragment)));
    hosts.central.transport->flush();
    hosts.poll();
    CHECK(hosts.peripheral.take() == Packets{hex("02 40 10 02 00 aa bb")});
}

TEST_CASE("virtual transport: paused in a batch, the rest comes after resuming") {
    TwoHosts hosts;
    hosts.central.handler = [&](const Octets&) { hosts.central.transport->pause_reading(); };
    for (int i = 0; i < 3; ++i) hosts.central.send("01 03 0c 00");
    hosts.poll();
    for (int i = 0; i < 3; ++i) {
        CHECK(hosts.central.take().size() == 1);
        hosts.poll();
        CHECK(hosts.central.received.empty());
        hosts.central.transport->resume_reading();
        hosts.poll();
    }
    CHECK(hosts.central.received.empty());
}

TEST_CASE("virtual transport: closed or destroyed in a handler, nothing comes any more") {
    TwoHosts hosts;
    hosts.connect();
    SUBCASE("closed") {
        hosts.central.handler = [&](const Octets&) { hosts.central.transport->close(); };
    }
    SUBCASE("destroyed") {
        hosts.central.handler = [&](const Octets&) { hosts.central.transport.reset(); };
    }
    hosts.central.send("01 03 0c 00");
    hosts.central.send("01 03 0c 00");
    hosts.poll();
    CHECK(hosts.central.received.size() == 1);
    hosts.driver->advance_to(Time{10s});
    hosts.poll();
    CHECK(hosts.central.received.size() == 1);
    CHECK(hosts.peripheral.take() == Packets{hex("04 05 04 00 40 00 08")});
}

TEST_CASE("virtual transport: one host may close another's in a handler") {
    TwoHosts hosts;
    hosts.connect();
    hosts.peripheral.handler = [&](const Octets&) { hosts.central.transport->close(); };
    hosts.central.handler = [&](const Octets&) { hosts.peripheral.transport->close(); };
    hosts.central.send("01 03 0c 00");
    hosts.peripheral.send("01 03 0c 00");
    hosts.poll();
    CHECK(hosts.central.received.size() + hosts.peripheral.received.size() == 1);
}

TEST_CASE("virtual transport: a controller found by its address can be taken out of reach") {
    TwoHosts hosts;
    hosts.connect();
    CHECK(hosts.driver->air().find(Address{}) == nullptr);
    Controller* const controller =
        hosts.driver->air().find(Address::from_display({0x00, 0xaa, 0x01, 0x00, 0x00, 0x01}));
    REQUIRE(controller != nullptr);
    hosts.driver->vanish(*controller);
    hosts.driver->advance_to(Time{10s});
    hosts.poll();
    CHECK(hosts.central.take() == Packets{hex("04 05 04 00 40 00 08")});
    CHECK(hosts.peripheral.take() == Packets{hex("04 05 04 00 40 00 08")});
    hosts.driver->reappear(*controller);
    hosts.peripheral.send("01 0a 20 01 01");
    hosts.central.send("01 0c 20 02 01 00");
    hosts.driver->advance_to(Time{20s});
    hosts.poll();
    CHECK(hosts.central.take().size() > 2);
}

TEST_CASE("virtual transport: closed, it takes nothing") {
    TwoHosts hosts;
    hosts.central.transport->close();
    hosts.central.transport->close();
    transport::Packet packet;
    CHECK(!hosts.central.transport->send(std::move(packet)));
    hosts.central.transport->flush();
    hosts.central.transport->resume_reading();
    CHECK(hosts.central.transport->statistics().sends_refused == 1);
}

TEST_CASE("virtual transport: its queue is bounded") {
    TwoHosts hosts;
    int taken = 0;
    for (; taken < 1000; ++taken) {
        transport::Packet packet;
        packet.header = {0x01, 0x03, 0x0c, 0x00};
        packet.header_size = 4;
        if (!hosts.central.transport->send(std::move(packet))) break;
    }
    CHECK(taken == 128);
    hosts.central.transport->flush();
    hosts.poll();
    CHECK(hosts.central.received.size() == 128);
}

TEST_CASE("virtual transport: time passes by the clock of the executor") {
    asio::io_context context;
    auto driver = AirDriver::create(context.get_executor(), 1);
    Host scanner{make_virtual_transport(driver)};
    Host advertiser{make_virtual_transport(driver)};
    int reports = 0;
    scanner.handler = [&](const Octets& packet) {
        if (packet[1] == 0x3e && ++reports == 3) {
            scanner.transport->close();
            advertiser.transport->close();
        }
    };
    scanner.send("01 01 0c 08 ff ff ff ff ff ff ff 3f");
    scanner.send("01 0c 20 02 01 00");
    advertiser.send("01 06 20 0f 20 00 20 00 03 00 00 00 00 00 00 00 00 07 00");
    advertiser.send("01 0a 20 01 01");
    context.run();  // ends by itself: without controllers the driver waits for nothing
    CHECK(reports == 3);
}

TEST_CASE("virtual transport: `virtual:` opens controllers on the one air of the process") {
    register_virtual_transport();
    CHECK(transport::known_names().find("virtual:[ADDRESS]") != std::string::npos);
    asio::io_context context;
    Opened first = open(context, "virtual:");
    REQUIRE(first.transport != nullptr);
    CHECK(first.transport->name() == "virtual:");
    Opened second = open(context, "virtual:C0:FF:EE:01:02:03");
    REQUIRE(second.transport != nullptr);
    Host host{std::move(second.transport)};
    host.send("01 09 10 00");
    context.restart();
    context.poll();
    CHECK(host.take() == Packets{hex("04 0e 0a 01 09 10 00 03 02 01 ee ff c0")});

    SUBCASE("not on another io_context meanwhile") {
        asio::io_context other;
        const Opened third = open(other, "virtual:");
        CHECK(third.error == errc::busy);
        CHECK(third.message.find("another io_context") != std::string::npos);
    }
    SUBCASE("on another io_context afterwards, even if the first has not run since") {
        host.transport.reset();
        first.transport.reset();
        asio::io_context other;
        CHECK(open(other, "virtual:").transport != nullptr);
    }
    SUBCASE("with a name that is no address, it says so") {
        const Opened third = open(context, "virtual:one");
        CHECK(third.error == errc::invalid_argument);
        CHECK(third.message.find("virtual:one: not an address") == 0);
    }
}
