// SPDX-License-Identifier: MIT
#include "virtual_controller/simulation.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bluetooth/advertising_data.hpp"
#include "bluetooth/ble.hpp"
#include "bluetooth/timer.hpp"
#include "tests/support/event_text.hpp"
#include "tests/support/lines.hpp"

using namespace bluetooth;
using namespace std::chrono_literals;
using bluetooth::test::Lines;
using virtual_controller::Profile;
using virtual_controller::Simulation;

namespace {

const UUID service{0xff10};
const UUID value_uuid{0xff11};
constexpr std::chrono::minutes far_away{10};

/// A peripheral with one value and a central, and a log of what they hear and when.
struct Pair {
    explicit Pair(std::uint64_t seed = 1) : simulation(seed) {
        listen(sensor, "sensor");
        listen(phone, "phone");
        simulation.activate(sensor, phone);
        const std::array services{Service{service, {{value_uuid, FLAG_READ | FLAG_NOTIFY, {}}}}};
        value = sensor.gatts_register_services(services)[0][0];
        sensor.gatts_write(value, Bytes::of("22 C"));
    }

    void listen(BLE& ble, const char* name) {
        ble.irq([this, name](const Event& event) {
            const auto since =
                std::chrono::duration_cast<std::chrono::microseconds>(simulation.now() - beginning);
            log.push_back(std::to_string(since.count()) + " us " + name + ": " +
                          test::describe(event));
            if (const auto* up = std::get_if<PeripheralConnect>(&event)) link = up->conn_handle;
            if (const auto* up = std::get_if<CentralConnect>(&event)) at_sensor = up->conn_handle;
            if (std::holds_alternative<PeripheralDisconnect>(event) ||
                std::holds_alternative<CentralDisconnect>(event))
                ++disconnects;
            if (const auto* done = std::get_if<GattcReadDone>(&event)) read_done = *done;
            if (const auto* result = std::get_if<GattcReadResult>(&event))
                text = result->data.text();
            if (const auto* news = std::get_if<GattcNotify>(&event)) notified = news->data.text();
            if (std::holds_alternative<GattcSubscribeDone>(event)) subscribed = true;
            if (std::holds_alternative<ConnectionUpdate>(event)) updated = true;
        });
    }
    Address address() { return sensor.config<config::mac>().address; }
    void connect() {
        sensor.gap_advertise(100ms, AdvertisingData{}.flags().services({service}));
        const auto mac = sensor.config<config::mac>();
        phone.gap_connect(mac.type, mac.address);
        REQUIRE(simulation.run_until([&] { return link && at_sensor; }, 5s));
    }

    Simulation simulation;
    Time beginning = simulation.now();
    Lines log;
    BLE sensor{simulation.executor(), "virtual:"};
    BLE phone{simulation.executor(), "virtual:"};
    AttributeHandle value{};
    std::optional<ConnectionHandle> link;
    std::optional<ConnectionHandle> at_sensor;
    std::optional<GattcReadDone> read_done;
    std::string text;
    std::string notified;
    int disconnects = 0;
    bool subscribed = false;
    bool updated = false;
};

/// All of a conversation, with its times.
Lines story(std::uint64_t seed) {
    Pair pair{seed};
    pair.phone.gap_scan(3s, {.interval = 100ms, .window = 50ms});
    pair.sensor.config(config::addr_mode::random_static);
    pair.sensor.gap_advertise(100ms);
    pair.simulation.run_for(4s);
    pair.connect();
    pair.phone.gattc_read(*pair.link, pair.value);
    pair.simulation.run_for(1s);
    return pair.log;
}

}  // namespace

TEST_CASE("simulation: two BLE objects scan, connect, read and notify, with no time of ours") {
    Pair pair;
    CHECK(pair.simulation.now() == pair.beginning);
    pair.connect();
    CHECK(pair.simulation.now() < pair.beginning + 1s);

    pair.phone.gattc_read(*pair.link, pair.value);
    pair.simulation.run_for(1s);
    CHECK(pair.text == "22 C");

    pair.phone.gattc_subscribe(*pair.link, pair.value);
    CHECK(pair.simulation.run_until([&] { return pair.subscribed; }));
    pair.sensor.gatts_write(pair.value, Bytes::of("23 C"), true);
    pair.simulation.run_for(1s);
    CHECK(pair.notified == "23 C");
    CHECK(pair.disconnects == 0);
}

TEST_CASE("simulation: time passes as far as it is let, to the nanosecond") {
    Simulation simulation;
    const Time beginning = simulation.now();
    simulation.run_for(30s);
    CHECK(simulation.now() == beginning + 30s);
    simulation.run_for(1ns);
    simulation.poll();
    CHECK(simulation.now() == beginning + 30s + 1ns);
    simulation.run_for(-1s);
    CHECK(simulation.now() == beginning + 30s + 1ns);
    CHECK(!simulation.run_until([] { return false; }, 5s));
    CHECK(simulation.now() == beginning + 35s + 1ns);
    CHECK(simulation.run_until([] { return true; }));
    CHECK(simulation.now() == beginning + 35s + 1ns);
}

TEST_CASE("simulation: a scan of ten days ends to the microsecond") {
    Simulation simulation;
    BLE ble{simulation.executor(), "virtual:"};
    simulation.activate(ble);
    std::optional<Time> ended;
    ble.irq([&](const Event& event) {
        if (std::holds_alternative<ScanDone>(event)) ended = simulation.now();
    });
    const Time beginning = simulation.now();
    ble.gap_scan(std::chrono::days{10});
    simulation.run_for(std::chrono::days{10} - 1us);
    CHECK(!ended);
    simulation.run_for(1us);
    REQUIRE(ended);
    CHECK(*ended == beginning + std::chrono::days{10});
}

TEST_CASE("simulation: who is carried away is missed after the supervision timeout") {
    Pair pair;
    pair.connect();
    SUBCASE("not before") {
        pair.simulation.vanish(pair.address());
        pair.simulation.run_for(50ms);
        CHECK(pair.disconnects == 0);
        pair.simulation.reappear(pair.address());
        pair.simulation.run_for(far_away);
        CHECK(pair.disconnects == 0);
    }
    SUBCASE("on both sides") {
        pair.simulation.vanish(pair.address());
        pair.simulation.run_for(far_away);
        CHECK(pair.disconnects == 2);
    }
}

TEST_CASE("simulation: a request that nobody answers ends after 30 s of its time") {
    Pair pair;
    pair.connect();
    pair.phone.gap_update_connection(*pair.link, 30ms, 30ms, 0, 32s);
    REQUIRE(pair.simulation.run_until([&] { return pair.updated; }));
    pair.simulation.vanish(pair.address());
    pair.phone.gattc_read(*pair.link, pair.value);
    pair.simulation.run_for(30s - 1us);
    CHECK(!pair.read_done);
    pair.simulation.run_for(1us);
    REQUIRE(pair.read_done);
    CHECK(pair.read_done->error == errc::timed_out);
}

TEST_CASE("simulation: the same seed gives the same events at the same times, another one others") {
    const Lines once = story(7);
    CHECK(once.size() > 20);
    CHECK(story(7) == once);
    CHECK(story(8) != once);
}

TEST_CASE("simulation: two at once, and the virtual air of the process, do not hear each other") {
    Simulation one;
    Simulation other;
    asio::io_context real;
    BLE advertiser{one.executor(), "virtual:"};
    BLE scanner{one.executor(), "virtual:"};
    BLE stranger{other.executor(), "virtual:"};
    BLE in_real_time{real.get_executor(), "virtual:"};
    std::optional<error_code> up;
    in_real_time.async_active(true, [&](error_code error) { up = error; });
    real.run();
    CHECK(up == error_code{});

    one.activate(advertiser, scanner);
    other.activate(stranger);
    int near = 0;
    int far = 0;
    scanner.irq([&](const Event& event) { near += std::holds_alternative<ScanResult>(event); });
    const auto from_far = [&](const Event& event) {
        far += std::holds_alternative<ScanResult>(event);
    };
    stranger.irq(from_far);
    in_real_time.irq(from_far);
    for (BLE* ble : {&scanner, &stranger, &in_real_time})
        ble->gap_scan(0ms, {.interval = 50ms, .window = 50ms});
    advertiser.gap_advertise(100ms);
    one.run_for(10s);
    CHECK(near > 90);
    CHECK(other.now() == one.now() - 10s);
    other.run_for(10s);
    real.restart();
    real.poll();
    CHECK(far == 0);
}

TEST_CASE("simulation: several run on threads of their own") {
    std::vector<Lines> stories(3);
    {
        std::vector<std::jthread> threads;
        for (Lines& lines : stories) threads.emplace_back([&] { lines = story(7); });
    }
    CHECK(!stories[0].empty());
    CHECK(stories[0] == stories[1]);
    CHECK(stories[1] == stories[2]);
}

TEST_CASE("simulation: controllers of a kind of one's own, by a name for each kind") {
    Simulation simulation;
    Profile profile = Profile::bluetooth_4_0();
    profile.public_address = Address::parse("00:AA:01:00:00:07");
    const std::string old = simulation.transport(profile);
    const std::string nameless = simulation.transport(Profile::without_public_address());
    BLE first{simulation.executor(), old};
    BLE second{simulation.executor(), nameless};
    BLE third{simulation.executor(), nameless};
    BLE fourth{simulation.executor(), "virtual:00:AA:01:00:00:08"};
    simulation.activate(first, second, third, fourth);
    CHECK(first.controller_info().hci_version == hci::CoreVersion::v4_0);
    CHECK(first.config<config::mac>().address == profile.public_address);
    CHECK(second.config<config::mac>().type == AddressType::random_device);
    CHECK(second.config<config::mac>().address != third.config<config::mac>().address);
    CHECK(fourth.config<config::mac>().address == Address::parse("00:AA:01:00:00:08"));

    simulation.vanish(*profile.public_address);
    simulation.reappear(*profile.public_address);
    CHECK_THROWS_AS(simulation.vanish(Address{}), std::invalid_argument);
}

TEST_CASE("simulation: what cannot be brought up says why") {
    Simulation simulation;
    BLE misnamed{simulation.executor(), "virtual:one"};
    try {
        simulation.activate(misnamed);
        FAIL("no exception");
    } catch (const system_error& failure) {
        CHECK(failure.code() == errc::invalid_argument);
        CHECK(std::string{failure.what()}.find("virtual:one: not an address") == 0);
    }
    BLE elsewhere{"virtual:"};
    CHECK_THROWS_AS(simulation.activate(elsewhere), std::invalid_argument);
}

TEST_CASE("simulation: handlers without an end are reported, and a run inside a handler is") {
    Simulation simulation;
    simulation.limit_handlers(1'000);
    std::function<void()> again = [&] { asio::post(simulation.executor(), [&] { again(); }); };
    again();
    CHECK_THROWS_AS(simulation.run_for(1s), std::runtime_error);
    again = [] {};
    simulation.poll();
    asio::post(simulation.executor(), [&] { simulation.run_for(1s); });
    CHECK_THROWS_AS(simulation.run_for(1s), std::logic_error);
    simulation.run_for(1s);
}

TEST_CASE("simulation: a program that stops its loop ends the run, the next goes on") {
    Simulation simulation;
    const Time beginning = simulation.now();
    Timer timer{simulation.executor()};
    timer.expires_after(3s);
    timer.async_wait([&](error_code) { simulation.context().stop(); });
    simulation.run_for(30s);
    CHECK(simulation.now() == beginning + 3s);
    simulation.run_for(30s);
    CHECK(simulation.now() == beginning + 33s);
}

TEST_CASE("simulation: a coroutine is a test too") {
    Simulation simulation;
    BLE ble{simulation.executor(), "virtual:"};
    const auto program = [&]() -> asio::awaitable<int> {
        co_await ble.async_active(true, asio::use_awaitable);
        Timer timer{ble.get_executor()};
        timer.expires_after(20s);
        co_await timer.async_wait(asio::use_awaitable);
        co_return ble.active() ? 7 : 0;
    };
    const Time beginning = simulation.now();
    CHECK(simulation.get(asio::co_spawn(simulation.executor(), program, asio::use_future)) == 7);
    CHECK(simulation.now() == beginning + 20s);
    auto late = asio::co_spawn(simulation.executor(), program, asio::use_future);
    CHECK_THROWS_AS(simulation.get(std::move(late), 19s), system_error);
}

TEST_CASE("simulation: objects may be destroyed in any state, with all that is pending") {
    SUBCASE("before the simulation has run again") {
        Pair pair;
        pair.connect();
        pair.phone.gattc_read(*pair.link, pair.value);
    }
    SUBCASE("one of them, and the other learns of it") {
        Simulation simulation;
        std::optional<BLE> near;
        near.emplace(simulation.executor(), "virtual:");
        BLE far{simulation.executor(), "virtual:"};
        simulation.activate(*near, far);
        near->gap_advertise(100ms);
        int connects = 0;
        int ends = 0;
        far.irq([&](const Event& event) {
            connects += std::holds_alternative<PeripheralConnect>(event);
            ends += std::holds_alternative<PeripheralDisconnect>(event);
        });
        const auto mac = near->config<config::mac>();
        far.gap_connect(mac.type, mac.address);
        REQUIRE(simulation.run_until([&] { return connects == 1; }));
        near.reset();
        simulation.run_for(1min);
        CHECK(ends == 1);
    }
}
