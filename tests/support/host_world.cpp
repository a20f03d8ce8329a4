// SPDX-License-Identifier: MIT
#include "tests/support/host_world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace bluetooth::test {

using virtual_controller::Controller;
using virtual_controller::Profile;

// ---- the wire

class Wire::End final : public transport::Transport {
public:
    explicit End(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}
    ~End() override { wire_->close(); }

    void start(transport::Receiver& receiver) override { wire_->receiver_ = &receiver; }
    bool send(transport::Packet&& packet) override { return wire_->send(std::move(packet)); }
    void flush() override { wire_->flush(); }
    void pause_reading() override {}
    void resume_reading() override {}
    void resynchronise() override { wire_->framer_.resynchronise(); }
    void close() override { wire_->close(); }
    std::string_view name() const override { return "wire"; }
    transport::Statistics statistics() const override { return wire_->statistics_; }

private:
    std::shared_ptr<Wire> wire_;
};

std::unique_ptr<transport::Transport> Wire::make_transport() {
    return std::make_unique<End>(shared_from_this());
}

bool Wire::send(transport::Packet&& packet) {
    if (!open() || queue_.size() >= capacity) return false;
    queue_.push_back(std::move(packet));
    return true;
}

void Wire::flush() {
    if (held) return;
    for (const transport::Packet& packet : std::exchange(queue_, {})) {
        Octets whole{packet.header_bytes()};
        const Bytes payload = packet.payload.bytes();
        whole.insert(whole.end(), payload.begin(), payload.end());
        ++statistics_.packets_sent;
        if (on_packet) on_packet(whole);
    }
}

void Wire::release() {
    held = false;
    flush();
    if (open()) receiver_->on_writable();
}

void Wire::feed(Bytes octets) {
    const std::shared_ptr<Wire> self = shared_from_this();
    using Outcome = transport::H4Framer::Outcome;
    while (open() && !octets.empty()) {
        const MutableBytes space = framer_.space();
        const std::size_t count = std::min(space.size(), octets.size());
        std::memcpy(space.data(), octets.data(), count);
        framer_.commit(count);
        statistics_.octets_received += count;
        octets = octets.subspan(count);
        bool delivered = false;
        while (open()) {
            const transport::H4Framer::Item item = framer_.next();
            if (item.outcome == Outcome::need_more) break;
            delivered = true;
            if (item.outcome == Outcome::packet) {
                ++statistics_.packets_received;
                receiver_->on_packet(item.type, item.bytes);
            } else {
                receiver_->on_sync_lost(item.bytes);
            }
        }
        if (open() && delivered) receiver_->on_batch_end();
    }
}

void Wire::lose(error_code error, std::string_view message) {
    const std::shared_ptr<Wire> self = shared_from_this();
    if (transport::Receiver* receiver = std::exchange(receiver_, nullptr))
        receiver->on_lost(error, message);
}

void Wire::close() {
    receiver_ = nullptr;
    queue_.clear();
}

// ---- a device

Device::Device(World& world, Controller* its_controller, std::uint64_t seed)
    : controller(its_controller), world_(world), random_(seed), host(*this, random_) {
    listen();
}

void Device::start() {
    wire = std::make_shared<Wire>();
    wire->on_packet = [this](Bytes packet) {
        if (keep_octets) sent.emplace_back(packet);
        if (script != nullptr)
            script->receive(packet);
        else if (controller != nullptr)
            controller->receive(world_.now, packet);
    };
    started.reset();
    message.clear();
    host.start(wire->make_transport());
}

void Device::listen() {
    host.irq([this](const Event& event) {
        record(event);
        // A copy: the handler may replace itself.
        if (const auto running = handler) running(event);
    });
}

void Device::inject(std::string_view octets) {
    const Octets read = hex(octets);
    wire->feed(read);
    world_.settle();
}

Time Device::now() { return world_.now; }

std::chrono::system_clock::time_point Device::wall_clock() {
    return std::chrono::system_clock::time_point{std::chrono::hours{24 * 365 * 50}};
}

void Device::on_started(error_code error, std::string_view text) {
    started = error;
    message = text;
}

Bytes Device::keep(Bytes octets) {
    kept_.push_back(std::make_unique<Octets>(octets));
    return *kept_.back();
}

void Device::record(const Event& event) {
    const bool secret =
        std::holds_alternative<GetSecret>(event) || std::holds_alternative<SetSecret>(event);
    if (secret && !record_secrets) return;
    Event copy = event;
    std::visit(
        [this](auto& e) {
            if constexpr (requires { e.data; }) e.data = keep(e.data);
            if constexpr (requires { e.adv_data; }) e.adv_data = keep(e.adv_data);
            if constexpr (std::is_same_v<std::remove_cvref_t<decltype(e)>, GetSecret>) {
                if (e.key) e.key = keep(*e.key);
            }
            if constexpr (std::is_same_v<std::remove_cvref_t<decltype(e)>, SetSecret>) {
                e.key = keep(e.key);
                if (e.value) e.value = keep(*e.value);
            }
            if constexpr (requires { e.message; }) e.message = keep(Bytes::of(e.message)).text();
        },
        copy);
    events_.push_back(copy);
}

Lines Device::take_events() {
    Lines lines;
    for (; taken_ < events_.size(); ++taken_) lines.push_back(describe(events_[taken_]));
    return lines;
}

void Device::forget_events() {
    events_.clear();
    kept_.clear();
    taken_ = 0;
}

bool Device::read_controller() {
    Octets octets;
    if (script != nullptr) {
        for (const Octets& reply : script->take_replies())
            octets.insert(octets.end(), reply.begin(), reply.end());
    } else if (controller != nullptr) {
        octets = Octets{controller->pending()};
        controller->consume(octets.size());
    }
    if (octets.empty()) return false;
    if (tamper) {
        Octets changed;
        for (std::size_t at = 0; at < octets.size();) {
            const std::size_t size = octets[at] == 0x04
                                         ? 3u + octets[at + 2]
                                         : 5u + octets[at + 3] + 256u * octets[at + 4];
            Octets packet{Bytes{octets}.subspan(at, size)};
            at += size;
            tamper(packet);
            changed.insert(changed.end(), packet.begin(), packet.end());
        }
        octets = std::move(changed);
    }
    if (keep_octets) reads.push_back({world_.now, octets});
    if (wire) wire->feed(octets);
    return true;
}

bool Device::step() {
    bool busy = false;
    if (std::exchange(soon_, false)) {
        busy = true;
        host.on_run_soon();
    }
    if (wake_ <= world_.now) {
        busy = true;
        wake_ = never;
        host.on_timer();
    }
    return read_controller() || busy;
}

// ---- the world

Device& World::add_idle(Profile profile) {
    const auto number = static_cast<std::uint8_t>(devices_.size() + 1);
    if (profile.has_public_address) profile.public_address = address_of(number);
    devices_.push_back(std::make_unique<Device>(*this, &air.add(profile), number));
    return *devices_.back();
}

Device& World::add(const Profile& profile) {
    Device& device = add_idle(profile);
    start(device);
    return device;
}

Device& World::add_bare() {
    devices_.push_back(std::make_unique<Device>(*this, nullptr, devices_.size() + 1));
    return *devices_.back();
}

void World::start(Device& device) {
    device.start();
    settle();
    REQUIRE(device.started);
    REQUIRE(device.started->message() == error_code{}.message());
}

void World::settle() {
    constexpr int far_too_often = 1'000'000;
    for (int round = 0; round < far_too_often; ++round) {
        bool busy = false;
        for (const auto& device : devices_) busy = device->step() || busy;
        if (!busy) return;
    }
    FAIL("the hosts keep each other busy without end");
}

void World::advance(Duration duration) {
    const Time end = now + duration;
    settle();
    for (;;) {
        Time next = air.next_deadline();
        for (const auto& device : devices_) next = std::min(next, device->wake_);
        if (next > end) break;
        now = std::max(now, next);
        air.advance(now);
        settle();
    }
    now = end;
    air.advance(now);
    settle();
}

LinkHandles World::connect(Device& central, Device& peripheral) {
    using namespace std::chrono_literals;
    config::mac peer;
    REQUIRE(!peripheral.host.get(peer));
    REQUIRE(!peripheral.host.advertise(20ms, {}, {}, true));
    REQUIRE(!central.host.connect(peer.type, peer.address, 2s, {}, {}));
    advance(100ms);
    const auto* at_central = central.last<PeripheralConnect>();
    const auto* at_peripheral = peripheral.last<CentralConnect>();
    REQUIRE(at_central != nullptr);
    REQUIRE(at_peripheral != nullptr);
    const LinkHandles handles{at_central->conn_handle, at_peripheral->conn_handle};
    central.forget_events();
    peripheral.forget_events();
    return handles;
}

Address address_of(std::uint8_t number) {
    return Address::from_display({0x00, 0xaa, 0x01, 0x00, 0x00, number});
}

}  // namespace bluetooth::test
