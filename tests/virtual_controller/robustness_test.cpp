// SPDX-License-Identifier: MIT
#include <random>
#include <set>

#include "hci/commands.hpp"
#include "tests/virtual_controller/world.hpp"
#include "virtual_controller/random.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using namespace bluetooth::virtual_controller::test;

namespace {

struct Size {
    std::uint16_t opcode;
    std::uint8_t size;  // of the parameters
};
// Vol 4 Part E 7, from the tables of the commands
constexpr Size sizes[] = {
    {0x0406, 3},  {0x041d, 2},  {0x0c01, 8}, {0x0c03, 0},  {0x0c2d, 3},  {0x1001, 0}, {0x1002, 0},
    {0x1003, 0},  {0x1005, 0},  {0x1009, 0}, {0x1405, 2},  {0x2001, 8},  {0x2002, 0}, {0x2003, 0},
    {0x2005, 6},  {0x2006, 15}, {0x2007, 0}, {0x2008, 32}, {0x2009, 32}, {0x200a, 1}, {0x200b, 7},
    {0x200c, 2},  {0x200d, 25}, {0x200e, 0}, {0x200f, 0},  {0x2010, 0},  {0x2011, 7}, {0x2012, 7},
    {0x2013, 14}, {0x2014, 5},  {0x2015, 2}, {0x2016, 2},  {0x2017, 32}, {0x2018, 0}, {0x201c, 0},
    {0x2020, 14}, {0x2021, 3},  {0x2022, 6}, {0x2023, 0},  {0x2024, 4},  {0x202f, 0}, {0x2030, 2},
    {0x2031, 3},  {0x2032, 7},
};

Octets command(std::uint16_t opcode, std::size_t size, std::uint8_t fill) {
    Octets packet{0x01, static_cast<std::uint8_t>(opcode), static_cast<std::uint8_t>(opcode >> 8),
                  static_cast<std::uint8_t>(size)};
    packet.resize(4 + size, fill);
    return packet;
}

// The status that answers a command, in Command Complete or Command Status.
std::uint8_t status_of(const Octets& answer, std::uint16_t opcode) {
    REQUIRE(answer.size() >= 7);
    const bool complete = answer[1] == 0x0e;
    const std::size_t at = complete ? 4 : 5;
    REQUIRE((complete || answer[1] == 0x0f));
    REQUIRE((answer[at] | answer[at + 1] << 8) == opcode);
    return complete ? answer[6] : answer[3];
}

}  // namespace

TEST_CASE("virtual controller: a command of the wrong length is refused, each of them") {
    World world;
    Controller& controller = world.add(1);
    for (const Size& size : sizes) {
        CAPTURE(size.opcode);
        for (std::size_t wrong = 0; wrong <= 255; ++wrong) {
            if (wrong == size.size) continue;
            controller.receive(world.now, command(size.opcode, wrong, 0x01));
            REQUIRE(status_of(world.take(controller), size.opcode) == 0x12);
        }
    }
}

TEST_CASE("virtual controller: parameters out of range are refused") {
    World world;
    Controller& controller = world.add(1);
    for (const Size& size : sizes) {
        // Those that take any octets, or name a link that is not there
        const std::set<std::uint16_t> any{0x0c01, 0x2001, 0x2017};
        if (size.size == 0 || any.contains(size.opcode)) continue;
        CAPTURE(size.opcode);
        controller.receive(world.now, command(size.opcode, size.size, 0xff));
        const std::uint8_t status = status_of(world.take(controller), size.opcode);
        if (size.opcode == 0x2005) {
            CHECK(status == 0x00);  // a static address of ones alone is one in form
        } else if (size.opcode == 0x2011 || size.opcode == 0x2012) {
            CHECK(status == 0x00);  // 0xff: whoever advertises anonymously
        } else {
            const bool refused = status == 0x12 || status == 0x02;
            CHECK(refused);
        }
    }
}

TEST_CASE("virtual controller: each parameter of a command has its range") {
    World world;
    Controller& controller = world.add(1);
    const struct {
        const char* what;
        const char* packet;
    } bad[] = {
        {"advertising interval too short",
         "01 06 20 0f 1f 00 a0 00 00 00 00 00 00 00 00 00 00 07 00"},
        {"advertising interval too long",
         "01 06 20 0f 20 00 01 40 00 00 00 00 00 00 00 00 00 07 00"},
        {"advertising intervals the wrong way round",
         "01 06 20 0f a1 00 a0 00 00 00 00 00 00 00 00 00 00 07 00"},
        {"advertising type", "01 06 20 0f a0 00 a0 00 05 00 00 00 00 00 00 00 00 07 00"},
        {"own address type", "01 06 20 0f a0 00 a0 00 00 04 00 00 00 00 00 00 00 07 00"},
        {"peer address type", "01 06 20 0f a0 00 a0 00 00 00 02 00 00 00 00 00 00 07 00"},
        {"no advertising channel", "01 06 20 0f a0 00 a0 00 00 00 00 00 00 00 00 00 00 00 00"},
        {"an unknown advertising channel",
         "01 06 20 0f a0 00 a0 00 00 00 00 00 00 00 00 00 00 08 00"},
        {"advertising filter policy", "01 06 20 0f a0 00 a0 00 00 00 00 00 00 00 00 00 00 07 04"},
        {"advertising enable", "01 0a 20 01 02"},
        {"advertising with a random address that was not set", nullptr},
        {"scan type", "01 0b 20 07 02 10 00 10 00 00 00"},
        {"scan interval too short", "01 0b 20 07 00 03 00 03 00 00 00"},
        {"scan interval too long", "01 0b 20 07 00 01 40 10 00 00 00"},
        {"scan window longer than the interval", "01 0b 20 07 00 10 00 11 00 00 00"},
        {"scan window too short", "01 0b 20 07 00 10 00 03 00 00 00"},
        {"scan own address type", "01 0b 20 07 00 10 00 10 00 04 00"},
        {"scan filter policy", "01 0b 20 07 00 10 00 10 00 00 04"},
        {"scan enable", "01 0c 20 02 02 00"},
        {"filter duplicates", "01 0c 20 02 01 02"},
        {"initiator filter policy",
         "01 0d 20 19 10 00 10 00 02 00 01 00 00 01 aa 00 00 18 00 18 00 00 00 2a 00 00 00 00 00"},
        {"initiator peer address type",
         "01 0d 20 19 10 00 10 00 00 04 01 00 00 01 aa 00 00 18 00 18 00 00 00 2a 00 00 00 00 00"},
        {"initiator window",
         "01 0d 20 19 10 00 11 00 00 00 01 00 00 01 aa 00 00 18 00 18 00 00 00 2a 00 00 00 00 00"},
        {"connection interval",
         "01 0d 20 19 10 00 10 00 00 00 01 00 00 01 aa 00 00 05 00 18 00 00 00 2a 00 00 00 00 00"},
        {"supervision timeout not longer than two intervals",
         "01 0d 20 19 10 00 10 00 00 00 01 00 00 01 aa 00 00 18 00 28 00 00 00 0a 00 00 00 00 00"},
        {"connection event lengths",
         "01 0d 20 19 10 00 10 00 00 00 01 00 00 01 aa 00 00 18 00 18 00 00 00 2a 00 01 00 00 00"},
    };
    for (const auto& [what, packet] : bad) {
        CAPTURE(what);
        if (packet == nullptr) {
            world.ask(controller, "01 06 20 0f a0 00 a0 00 00 01 00 00 00 00 00 00 00 07 00");
            CHECK(world.ask(controller, "01 0a 20 01 01") == hex("04 0e 04 01 0a 20 12"));
            continue;
        }
        const Octets octets = hex(packet);
        const auto opcode = static_cast<std::uint16_t>(octets[1] | octets[2] << 8);
        CHECK(status_of(world.ask(controller, packet), opcode) == 0x12);
    }
    CHECK(world.take(controller).empty());
}

TEST_CASE("virtual controller: what is no H4 packet of a host is answered by Hardware Error") {
    World world;
    Controller& controller = world.add(1);
    for (const char* packet : {"", "00", "04 0e 04 01 03 0c 00", "01", "01 03", "01 03 0c",
                               "01 03 0c 01", "01 03 0c 00 00", "02", "02 40 00 02 00 aa", "ff"}) {
        CAPTURE(packet);
        CHECK(world.ask(controller, packet) == hex("04 10 01 01"));
    }
    // No such links: dropped
    CHECK(world.ask(controller, "03 40 00 01 aa").empty());
    CHECK(world.ask(controller, "05 40 00 01 00 aa").empty());
    CHECK(world.ask(controller, "01 03 0c 00") == hex("04 0e 04 01 03 0c 00"));
}

TEST_CASE("virtual controller: a host that never reads is bounded, and can go on later") {
    World world;
    Controller& controller = world.add(1);
    for (int i = 0; i < 100'000; ++i) world.send(controller, "01 02 10 00");
    CHECK(controller.counters().refused_commands > 0);
    CHECK(controller.pending().size() <= 32'768);
    world.take(controller);
    CHECK(world.ask(controller, "01 03 0c 00") == hex("04 0e 04 01 03 0c 00"));
}

namespace {

// Random packets of a host: garbage, commands with random parameters, and plausible ones.
class RandomHost {
public:
    explicit RandomHost(std::uint64_t seed) : random_(seed) {}

    Octets packet() {
        switch (below(8)) {
        case 0: return garbage();
        case 1: return data();
        case 2: {
            Octets cut = plausible();
            cut.resize(below(cut.size() + 1));
            return cut;
        }
        case 3: {
            const Size& size = sizes[below(std::size(sizes))];
            Octets packet = command(size.opcode, size.size, 0);
            for (std::size_t i = 4; i < packet.size(); ++i) packet[i] = octet();
            return packet;
        }
        default: return plausible();
        }
    }
    std::size_t below(std::size_t bound) { return random_.next() % bound; }

private:
    std::uint8_t octet() { return static_cast<std::uint8_t>(random_.next()); }
    Octets garbage() {
        Octets packet(below(40));
        for (std::uint8_t& value : packet) value = octet();
        if (!packet.empty() && below(2) == 0) packet[0] = static_cast<std::uint8_t>(below(6));
        return packet;
    }
    Octets data() {
        Octets packet = hex("02 40 00 10 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
        packet[1] = static_cast<std::uint8_t>(0x40 + below(4));
        packet[2] = static_cast<std::uint8_t>(below(8) << 4);
        return packet;
    }
    Octets plausible() {
        static constexpr const char* commands[] = {
            "01 01 0c 08 ff ff ff ff ff ff ff 3f",
            "01 01 20 08 ff ff ff ff 00 00 00 00",
            "01 06 20 0f 20 00 20 00 00 00 00 00 00 00 00 00 00 07 00",
            "01 06 20 0f 20 00 20 00 01 00 00 02 00 00 01 aa 00 07 00",
            "01 0a 20 01 01",
            "01 0a 20 01 01",
            "01 0a 20 01 00",
            "01 0b 20 07 01 10 00 10 00 00 00",
            "01 0c 20 02 01 00",
            "01 0c 20 02 01 01",
            "01 0c 20 02 00 00",
            "01 0d 20 19 10 00 10 00 00 00 01 00 00 01 aa 00 00 18 00 18 00 00 00 2a 00 00 00 00 "
            "00",
            "01 0d 20 19 10 00 10 00 00 00 02 00 00 01 aa 00 00 18 00 18 00 00 00 2a 00 00 00 00 "
            "00",
            "01 0d 20 19 10 00 10 00 01 00 00 00 00 00 00 00 00 18 00 18 00 00 00 2a 00 00 00 00 "
            "00",
            "01 0e 20 00",
            "01 11 20 07 00 01 00 00 01 aa 00",
            "01 11 20 07 00 02 00 00 01 aa 00",
            "01 13 20 0e 40 00 28 00 50 00 04 00 f4 01 00 00 00 00",
            "01 13 20 0e 41 00 28 00 40 00 04 00 f4 01 00 00 00 00",
            "01 20 20 0e 40 00 28 00 40 00 04 00 f4 01 00 00 00 00",
            "01 21 20 03 40 00 3b",
            "01 22 20 06 40 00 fb 00 48 08",
            "01 32 20 07 40 00 00 02 02 00 00",
            "01 16 20 02 40 00",
            "01 1d 04 02 40 00",
            "01 06 04 03 40 00 13",
            "01 03 0c 00",
        };
        // Reset and disconnection rarely
        const std::size_t at = below(std::size(commands) + (below(8) == 0 ? 0 : -2));
        return hex(commands[at]);
    }
    SeededRandom random_;
};

// Three hosts send `count` random packets, vanish and come back, are slow to read, are replaced.
// All that they got, and how many links there were.
struct Chaos {
    Octets received;
    std::size_t connections = 0;
    Chaos(std::uint64_t seed, int count) {
        World world;
        RandomHost host{seed};
        Controller* controllers[] = {&world.add(1), &world.add(2), &world.add(3)};
        for (int i = 0; i < count; ++i) {
            const std::size_t which = host.below(3);
            Controller& controller = *controllers[which];
            controller.receive(world.now, host.packet());
            switch (host.below(200)) {
            case 0: world.air.vanish(controller); break;
            case 1:
            case 2: world.air.reappear(controller); break;
            case 3:
                if (host.below(10) != 0) break;
                world.air.remove(controller);
                controllers[which] = &world.add(static_cast<std::uint8_t>(1 + which));
                break;
            default: break;
            }
            if (host.below(3) == 0) world.run(std::chrono::milliseconds{host.below(40)});
            if (host.below(4) != 0) continue;
            Controller& reader = *controllers[host.below(3)];
            const Bytes pending = reader.pending();
            const std::size_t taken = host.below(pending.size() + 1);
            received.insert(received.end(), pending.begin(),
                            pending.begin() + static_cast<std::ptrdiff_t>(taken));
            reader.consume(taken);
        }
        // Each controller is still whole: it answers, its packets can be told apart.
        for (Controller* controller : controllers) {
            const auto rest = packets_after_partial_read(world, *controller);
            world.air.reappear(*controller);
            world.send(*controller, "01 03 0c 00");
            const auto answer = packets(world.take(*controller));
            REQUIRE(!answer.empty());
            CHECK(answer.back() == hex("04 0e 04 01 03 0c 00"));
            received.insert(received.end(), rest.begin(), rest.end());
        }
        for (std::size_t i = 0; i + 4 < received.size(); ++i)
            connections += received[i] == 0x04 && received[i + 1] == 0x3e &&
                           ((received[i + 2] == 0x13 && received[i + 3] == 0x01) ||
                            (received[i + 2] == 0x1f && received[i + 3] == 0x0a)) &&
                           received[i + 4] == 0x00;
    }

private:
    static Octets packets_after_partial_read(World& world, Controller& controller) {
        Octets all;
        for (Octets more = world.take(controller); !more.empty(); more = world.take(controller))
            all.insert(all.end(), more.begin(), more.end());
        return all;
    }
};

}  // namespace

TEST_CASE("virtual controller: 100,000 random packets leave it whole") {
    const Chaos chaos{1, 100'000};
    CHECK(chaos.connections > 100);  // else the test would not reach far
}

TEST_CASE("virtual controller: with the same seed the same inputs give the same octets") {
    const Chaos first{2, 5'000};
    const Chaos second{2, 5'000};
    const Chaos other{3, 5'000};
    CHECK(first.received == second.received);
    CHECK(first.received != other.received);
}
