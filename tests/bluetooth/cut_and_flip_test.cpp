// SPDX-License-Identifier: MIT
//
// What a controller sends is recorded over a session with everything in it, then played to a fresh
// host with the stream cut off or damaged. Whatever that does to the session: the host stays whole,
// each call that it accepted ends exactly once, it closes in time and has all its buffers back
// (which the pools themselves assert).
#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "att/database.hpp"
#include "base/log.hpp"
#include "tests/support/host_world.hpp"
#include "virtual_controller/random.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;
namespace flag = att::flag;

namespace {

constexpr AttributeHandle value{0x0016};  // the first behind the built-in services
constexpr AttributeHandle configuration{0x0017};
constexpr AttributeHandle nowhere{0x7777};

const std::vector<gatt::ServiceDefinition> services{
    {UUID{0xff10},
     {{UUID{0xff11},
       flag::read | flag::write | flag::write_no_response | flag::notify | flag::indicate,
       {}}}}};

/// An application that uses whatever the host can do, driven by events alone, and keeps account of
/// what it is owed.
class Application {
public:
    enum class Part : std::uint8_t { advertises_first, connects_first };

    Application(Device& device, Part part, Address peer)
        : device_(device), host_(device.host), part_(part), peer_(peer) {
        device_.handler = [this](const Event& event) {
            if (stopped_) complain("an event after the end: ", event);
            if (--events_until_stop == 0) return stop();
            std::visit([&](const auto& e) { on(e); }, event);
            if (problem_.empty()) check_link(event);
        };
    }
    /// Stops the host inside the handler of this event, counted from 1; 0: never.
    std::size_t events_until_stop = 0;

    void begin() {
        error_code error;
        (void)host_.register_services(services, error);
        (void)host_.set_buffer(value, 60, false);
        if (part_ == Part::advertises_first)
            advertise();
        else
            connect();
    }
    void stop() {
        stopped_ = true;
        host_.stop();
    }

    /// Empty when everything was as promised.
    std::string verdict() const {
        if (!problem_.empty()) return problem_;
        for (const auto& [name, owed] : {std::pair{"scan", scans_},
                                         {"connect", connects_},
                                         {"indicate", indications_},
                                         {"discover_services", service_queries_},
                                         {"discover_characteristics", characteristic_queries_},
                                         {"discover_descriptors", descriptor_queries_},
                                         {"read", reads_},
                                         {"write", writes_}})
            if (owed != 0) return std::string{name} + " still owes " + std::to_string(owed);
        return {};
    }
    bool finished() const { return links_ended_ == 2; }

private:
    void advertise() { (void)host_.advertise(20ms, hex("02 01 06"), hex("03 09 41 42"), true); }
    void connect() {
        if (!host_.connect(AddressType::public_device, peer_, 2s, {}, {})) ++connects_;
    }
    void scan() {
        if (!host_.scan({.duration = 500ms, .interval = 50ms, .window = 50ms, .active = true}))
            ++scans_;
    }
    void write(ConnectionHandle link, AttributeHandle handle, std::string_view octets) {
        if (!host_.write(link, handle, hex(octets), true)) ++writes_;
    }

    void on(const CentralConnect& e) { open(e.conn_handle); }
    void on(const PeripheralConnect& e) {
        owed(connects_, e);
        open(e.conn_handle);
        (void)host_.exchange_mtu(e.conn_handle);
        if (!host_.discover_services(e.conn_handle, {})) ++service_queries_;
        if (!host_.discover_characteristics(e.conn_handle, AttributeHandle{0x0014},
                                            AttributeHandle{0xffff}, {}))
            ++characteristic_queries_;
        if (!host_.discover_descriptors(e.conn_handle, value, AttributeHandle{0xffff}))
            ++descriptor_queries_;
        for (const AttributeHandle handle : {value, nowhere})
            if (!host_.read(e.conn_handle, handle)) ++reads_;
        write(e.conn_handle, configuration, "01 00");
        write(e.conn_handle, value, std::string(100, '7'));
    }
    void on(const CentralDisconnect& e) {
        close(e.conn_handle, e);
        scan();
    }
    void on(const PeripheralDisconnect& e) {
        if (e.conn_handle == no_connection) return owed(connects_, e);
        close(e.conn_handle, e);
        if (part_ == Part::connects_first) advertise();
    }
    void on(const ScanResult& e) {
        if (e.addr == peer_ && connects_ == 0) connect();
    }
    void on(const ScanDone& e) { owed(scans_, e); }
    void on(const GattsWrite& e) {
        error_code error;
        const Octets written{host_.read_value(e.value_handle, error)};
        // Tells the peer in whichever way it has subscribed to; only indications are accounted for.
        if (written.size() == 1)
            indications_ += host_.indicate(e.conn_handle, e.value_handle, written) ? 0 : 1;
        else
            (void)host_.write_value(e.value_handle, written, true);
    }
    void on(const GattsReadRequest& e) {
        (void)host_.write_value(e.value_handle, hex("c0 ff ee"), false);
    }
    void on(const GattcNotify& e) {
        write(e.conn_handle, configuration, "02 00");
        write(e.conn_handle, value, "02");
    }
    void on(const GattcIndicate& e) {
        (void)host_.write(e.conn_handle, value, hex("aa bb cc"), false);
    }
    void on(const GattsIndicateDone& e) { owed(indications_, e); }
    void on(const GattcServiceDone& e) { owed(service_queries_, e); }
    void on(const GattcCharacteristicDone& e) { owed(characteristic_queries_, e); }
    void on(const GattcDescriptorDone& e) { owed(descriptor_queries_, e); }
    void on(const GattcReadDone& e) { owed(reads_, e); }
    void on(const GattcWriteDone& e) {
        owed(writes_, e);
        if (writes_ == 0) (void)host_.disconnect(e.conn_handle);
    }
    void on(const auto&) {}

    template <class E> void owed(int& number, const E& event) {
        if (number-- <= 0) complain("nobody asked for ", event);
    }
    void open(ConnectionHandle handle) {
        if (std::ranges::find(open_, handle) != open_.end())
            problem_ = "a second connection of the same handle";
        open_.push_back(handle);
    }
    template <class E> void close(ConnectionHandle handle, const E& event) {
        if (std::erase(open_, handle) != 1) complain("not connected: ", event);
        ++links_ended_;
        closed_now_ = handle;
    }
    /// No event names a link that is not there.
    void check_link(const Event& event) {
        const auto closed_now = std::exchange(closed_now_, no_connection);
        std::visit(
            [&](const auto& e) {
                if constexpr (requires { e.conn_handle; })
                    if (e.conn_handle != no_connection && e.conn_handle != closed_now &&
                        std::ranges::find(open_, e.conn_handle) == open_.end())
                        complain("not connected: ", event);
            },
            event);
    }
    void complain(std::string_view what, const Event& event) {
        if (problem_.empty()) problem_ = std::string{what} + describe(event);
    }

    Device& device_;
    Host& host_;
    Part part_;
    Address peer_;
    bool stopped_ = false;
    std::vector<ConnectionHandle> open_;
    ConnectionHandle closed_now_ = no_connection;
    int links_ended_ = 0;
    std::string problem_;
    int scans_ = 0, connects_ = 0, indications_ = 0, service_queries_ = 0,
        characteristic_queries_ = 0, descriptor_queries_ = 0, reads_ = 0, writes_ = 0;
};

struct Recording {
    std::vector<Device::Read> reads;
    Lines events;
    std::size_t size = 0;
};

/// A session of both roles: the host is connected to, read, written, notifies and indicates; then
/// it scans, connects, discovers, reads, writes, subscribes and disconnects.
Recording record_session() {
    World world;
    Device& device = world.add_idle();
    // The peer's ACL packets are short: what the host receives is in fragments.
    Device& peer = world.add_idle(virtual_controller::Profile::bluetooth_4_0());
    device.keep_octets = true;
    device.record_secrets = true;
    Application application{device, Application::Part::advertises_first, address_of(2)};
    Application other{peer, Application::Part::connects_first, address_of(1)};
    world.start(device);
    application.begin();
    world.start(peer);
    other.begin();
    world.advance(10s);
    REQUIRE(application.finished());
    REQUIRE(other.finished());
    REQUIRE(application.verdict() == "");
    REQUIRE(other.verdict() == "");
    Recording recording{device.reads, device.take_events()};
    for (const auto& read : recording.reads) recording.size += read.octets.size();
    application.stop();
    other.stop();
    return recording;
}

const Recording& recording() {
    static const Recording recorded = record_session();
    return recorded;
}

/// A host to which the recording is played, read by read, at the times it was recorded.
struct Replay {
    World world;
    Device& device = world.add_bare();
    Application application{device, Application::Part::advertises_first, address_of(2)};
    bool begun = false;

    Replay() {
        device.record_secrets = true;
        device.start();
        world.settle();
    }
    void feed(Time at, Bytes octets) {
        if (at > world.now) world.advance(at - world.now);
        if (device.wire->open()) device.wire->feed(octets);
        world.settle();
        if (!begun && device.started && !*device.started) {
            begun = true;
            application.begin();
            world.settle();
        }
    }
    /// The stream has ended; the controller says no more. Returns what went wrong.
    std::string end() {
        world.advance(60s);
        if (!device.started) return "the start did not end";
        if (const std::string problem = application.verdict(); !problem.empty()) return problem;
        const bool was_active = device.host.active();
        application.stop();
        world.advance(1s);
        if (device.closed != 1) return was_active ? "did not close" : "closed more than once";
        return application.verdict();
    }
};

/// Plays the recording with the octets of the stream changed or dropped by `damage`, which is given
/// each octet's position and returns what to send in its place.
template <class Damage> std::string play(Damage&& damage, std::uint64_t seed = 0) {
    virtual_controller::SeededRandom random{seed};
    Replay replay;
    std::size_t position = 0;
    Octets pending;
    for (const Device::Read& read : recording().reads) {
        for (const std::uint8_t octet : read.octets) {
            if (const std::optional<std::uint8_t> sent = damage(position++, octet))
                pending.push_back(*sent);
            if (seed != 0 && random.next() % 24 == 0) {
                replay.feed(read.at, pending);
                pending.clear();
            }
        }
        // Now and then the end of a read comes with the next one only.
        if (seed != 0 && random.next() % 8 == 0) continue;
        replay.feed(read.at, pending);
        pending.clear();
    }
    replay.feed(replay.world.now, pending);
    return replay.end();
}

struct Quiet {
    log::Level before = log::level();
    Quiet() { log::set_level(log::Level::off); }
    ~Quiet() { log::set_level(before); }
};

}  // namespace

TEST_CASE("host: a recorded stream leads to the recorded events, however it is split") {
    const Quiet quiet;
    Replay replay;
    for (const Device::Read& read : recording().reads) replay.feed(read.at, read.octets);
    CHECK(replay.device.take_events() == recording().events);
    CHECK(replay.application.finished());
    CHECK(replay.end() == "");
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        CAPTURE(seed);
        CHECK(play([](std::size_t, std::uint8_t octet) { return std::optional{octet}; }, seed) ==
              "");
    }
}

TEST_CASE("host: stopped inside the handler of any event, it delivers no other") {
    const Quiet quiet;
    for (std::size_t number = 1; number <= recording().events.size(); ++number) {
        CAPTURE(number);
        Replay replay;
        replay.application.events_until_stop = number;
        for (const Device::Read& read : recording().reads) replay.feed(read.at, read.octets);
        replay.world.advance(60s);
        CHECK(replay.device.events().size() == number);
        CHECK(replay.device.closed == 1);
        CHECK(!replay.device.host.active());
    }
}

TEST_CASE("host: a controller that falls silent after any octet leaves no loose ends") {
    const Quiet quiet;
    for (std::size_t length = 0; length < recording().size; ++length) {
        const std::string problem = play([&](std::size_t position, std::uint8_t octet) {
            return position < length ? std::optional{octet} : std::nullopt;
        });
        if (problem.empty()) continue;
        CAPTURE(length);
        FAIL_CHECK(problem);
    }
}

TEST_CASE("host: any single bit of the stream may be wrong") {
    const Quiet quiet;
    for (std::size_t at = 0; at < recording().size; ++at) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            const std::string problem = play([&](std::size_t position, std::uint8_t octet) {
                return std::optional{
                    static_cast<std::uint8_t>(octet ^ (position == at ? 1u << bit : 0u))};
            });
            if (problem.empty()) continue;
            CAPTURE(at);
            CAPTURE(bit);
            FAIL_CHECK(problem);
        }
    }
}

TEST_CASE("host: any octets of the stream may be wrong, missing or doubled") {
    const Quiet quiet;
    for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
        virtual_controller::SeededRandom random{seed * 1'000'003};
        const std::uint64_t rate = 20 + random.next() % 2000;
        const std::string problem = play(
            [&](std::size_t, std::uint8_t octet) -> std::optional<std::uint8_t> {
                if (random.next() % rate != 0) return octet;
                if (random.next() % 3 == 0) return std::nullopt;
                return static_cast<std::uint8_t>(random.next());
            },
            seed);
        if (problem.empty()) continue;
        CAPTURE(seed);
        FAIL_CHECK(problem);
    }
}
