// SPDX-License-Identifier: MIT
//
// Whole hosts in a world without a clock: each is driven by hand, its HCI packets pass as octets
// through memory, and at their other end stands a virtual controller, a script, or the test itself.
// The same calls at the same times give the same octets.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bluetooth/host.hpp"
#include "bluetooth/secret_table.hpp"
#include "crypto/random.hpp"
#include "tests/support/event_text.hpp"
#include "tests/support/hex.hpp"
#include "tests/support/lines.hpp"
#include "tests/support/scripted_controller.hpp"
#include "transport/h4.hpp"
#include "virtual_controller/air.hpp"
#include "virtual_controller/controller.hpp"

namespace bluetooth::test {

class World;

/// The test's end of a host's transport.
class Wire : public std::enable_shared_from_this<Wire> {
public:
    /// Called for each packet that the host flushes, indicator included.
    std::function<void(Bytes packet)> on_packet;
    /// While set, nothing leaves, and the host is refused after `capacity` packets.
    bool held = false;
    std::size_t capacity = 128;

    std::unique_ptr<transport::Transport> make_transport();
    bool open() const { return receiver_ != nullptr; }
    /// One read of the host: octets of the controller, cut anywhere.
    void feed(Bytes octets);
    /// Lets out what was held.
    void release();
    /// The other side goes away.
    void lose(error_code error, std::string_view message);

private:
    class End;
    bool send(transport::Packet&& packet);
    void flush();
    void close();

    transport::Receiver* receiver_ = nullptr;
    transport::H4Framer framer_{transport::H4Framer::Direction::to_host};
    std::vector<transport::Packet> queue_;
    transport::Statistics statistics_;
};

/// A host, its environment, and what its application has heard.
class Device final : private Host::Environment {
public:
    Device(World& world, virtual_controller::Controller* controller, std::uint64_t seed);

    /// Begins to bring the controller up; `started` tells the outcome.
    void start();
    /// Installs the recording handler again, e.g. after a test has removed it.
    void listen();

    /// Called behind the recorder, for each event.
    std::function<void(const Event&)> handler;
    /// May change, or empty, each packet of the controller before the host sees it.
    std::function<void(Octets& packet)> tamper;
    /// What answers the host in place of a virtual controller.
    ScriptedController* script = nullptr;
    /// Puts octets into the stream from the controller, in a read of their own.
    void inject(std::string_view octets);

    /// The events since the last call, a line each.
    Lines take_events();
    /// As they came, with copies of what their views point to.
    const std::vector<Event>& events() const { return events_; }
    template <class E> std::size_t count() const;
    /// The latest of its kind; null if there was none.
    template <class E> const E* last() const;
    void forget_events();

    std::optional<error_code> started;
    std::string message;  ///< of the start
    std::size_t closed = 0;
    /// One read of the host.
    struct Read {
        Time at;
        Octets octets;
    };
    /// What is stored where no handler answers.
    MemorySecretStore secrets;
    /// Whether `GetSecret` and `SetSecret` are recorded like other events.
    bool record_secrets = false;
    bool keep_octets = false;
    std::vector<Read> reads;   ///< what came from the controller, while `keep_octets`
    std::vector<Octets> sent;  ///< the packets of the host, while `keep_octets`

    std::shared_ptr<Wire> wire;
    virtual_controller::Controller* controller;

private:
    friend class World;

    Time now() override;
    std::chrono::system_clock::time_point wall_clock() override;
    SecretStore& secret_store(const std::optional<Address>&, const std::string&) override {
        return secrets;
    }
    void wake_at(Time when) override { wake_ = std::min(wake_, when); }
    void run_soon() override { soon_ = true; }
    void on_started(error_code error, std::string_view text) override;
    void on_closed() override { ++closed; }

    void record(const Event& event);
    Bytes keep(Bytes octets);
    bool step();
    bool read_controller();

    World& world_;
    Time wake_ = never;
    bool soon_ = false;
    std::vector<Event> events_;
    std::vector<std::unique_ptr<Octets>> kept_;
    std::size_t taken_ = 0;
    crypto::SeededRandom random_;

public:
    Host host;  // declared last: it refers to what stands above
};

/// The handles by which the two ends of a link call it.
struct LinkHandles {
    ConnectionHandle central{};
    ConnectionHandle peripheral{};
};

class World {
public:
    explicit World(std::uint64_t seed = 1) : air{seed} {}

    /// A host with a virtual controller, public address 00:AA:01:00:00:01 for the first, …:02 for
    /// the second; not started.
    Device& add_idle(virtual_controller::Profile profile = {});
    /// The same, started.
    Device& add(const virtual_controller::Profile& profile = {});
    /// A host without controller: give it a script, or take its wire.
    Device& add_bare();
    /// Has a device brought up and fails the test if that fails.
    void start(Device& device);

    /// Lets everything happen that needs no time.
    void settle();
    /// Lets time pass.
    void advance(Duration duration);

    /// Has `central` connect to `peripheral`, and forgets the events of both.
    LinkHandles connect(Device& central, Device& peripheral);

    Time now{std::chrono::hours{1}};
    virtual_controller::Air air;

private:
    std::vector<std::unique_ptr<Device>> devices_;
};

/// The public address of the world's `number`th device.
Address address_of(std::uint8_t number);

template <class E> std::size_t Device::count() const {
    std::size_t number = 0;
    for (const Event& event : events_) number += std::holds_alternative<E>(event) ? 1 : 0;
    return number;
}

template <class E> const E* Device::last() const {
    for (auto event = events_.rbegin(); event != events_.rend(); ++event)
        if (const E* found = std::get_if<E>(&*event)) return found;
    return nullptr;
}

}  // namespace bluetooth::test
