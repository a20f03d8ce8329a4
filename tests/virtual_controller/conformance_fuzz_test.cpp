// SPDX-License-Identifier: MIT
//
// A host that sends anything whatsoever, while others on the same air go about their business.
#include <cstdlib>

#include "tests/virtual_controller/conformance.hpp"
#include "virtual_controller/random.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using namespace bluetooth::virtual_controller::test;

namespace {

/// Packets made of the table's, and of nothing.
class Fuzzer {
public:
    explicit Fuzzer(std::uint64_t seed) : random_(seed) {
        for (const Command& command : commands)
            well_formed_.push_back(packet_of(command.opcode, octets_of(command.parameters)));
    }

    const Octets& packet() {
        packet_.clear();
        switch (below(16)) {
        case 0: fill(packet_, below(40)); break;
        case 1: data(); break;
        case 2:
        case 3:  // another size, told truly or not
            choose();
            packet_.resize(4 + below(300), octet());
            if (below(2) == 0) packet_[3] = static_cast<std::uint8_t>(packet_.size() - 4);
            break;
        case 4:
        case 5:  // any parameters
            choose();
            for (std::size_t i = 4; i < packet_.size(); ++i) packet_[i] = octet();
            break;
        case 6:
        case 7:
        case 8:
        case 9: choose(); break;
        default:  // a few octets changed
            choose();
            for (std::size_t left = 1 + below(3); left > 0 && packet_.size() > 4; --left)
                packet_[4 + below(packet_.size() - 4)] = changed();
            break;
        }
        return packet_;
    }
    std::size_t below(std::size_t bound) { return random_.next() % bound; }

private:
    std::uint8_t octet() { return static_cast<std::uint8_t>(random_.next()); }
    std::uint8_t changed() {
        constexpr std::uint8_t edges[] = {0x00, 0x01, 0x02, 0x03, 0x04,
                                          0x10, 0x40, 0x7f, 0x80, 0xff};
        return below(4) == 0 ? octet() : edges[below(std::size(edges))];
    }
    void fill(Octets& octets, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i) octets.push_back(octet());
        if (size > 0 && below(2) == 0) octets[0] = static_cast<std::uint8_t>(1 + below(5));
    }
    void data() {
        const std::size_t size = below(8) == 0 ? below(300) : 1 + below(30);
        packet_ = {0x02, static_cast<std::uint8_t>(0x40 + below(4)),
                   static_cast<std::uint8_t>(below(8) == 0 ? octet() & 0xf0 : below(2) << 4),
                   static_cast<std::uint8_t>(size), static_cast<std::uint8_t>(size >> 8)};
        packet_.resize(packet_.size() + size, octet());
    }
    /// A well-formed command; seldom one that ends what others have begun, or is slow.
    void choose() {
        do {
            packet_ = well_formed_[below(well_formed_.size())];
        } while (is_rare() && below(6) != 0);
    }
    bool is_rare() const {
        const auto opcode = static_cast<std::uint16_t>(packet_[1] | packet_[2] << 8);
        return opcode == 0x0c03 || opcode == 0x0406 || opcode == 0x2025 || opcode == 0x205e;
    }

    SeededRandom random_;
    std::vector<Octets> well_formed_;
    Octets packet_;
};

struct Outcome {
    std::size_t data_carried = 0;  ///< packets of the bystanders
    std::size_t reports = 0;       ///< of one bystander's advertising at the other
    std::size_t links = 0;         ///< that the fuzzed controller had
    std::size_t most_pending = 0;  ///< octets for the fuzzed controller's host
};

/// Three controllers beside the fuzzed one. Two hold a link, one of them advertises in vain and
/// the other scans; the third, 00:AA:01:00:00:09, takes whoever connects.
class Bystanders {
public:
    Bystanders(World& world, Outcome& outcome)
        : world_(world),
          outcome_(outcome),
          peripheral_(world.add(2)),
          central_(world.add(3)),
          victim_(world.add(9)) {
        world.send(peripheral_, "01 0a 20 01 01");
        world.send(central_,
                   "01 0d 20 19 10 00 10 00 00 00 02 00 00 01 aa 00 00 18 00 18 00 00 00 "
                   "2a 00 00 00 00 00");
        world.run(2s);
        REQUIRE(has_le_event(world.take(central_), 0x01));
        // ADV_NONCONN_IND every 100 ms
        world.send(peripheral_, "01 06 20 0f a0 00 a0 00 03 00 00 00 00 00 00 00 00 07 00");
        world.send(peripheral_, "01 0a 20 01 01");
        world.send(central_, "01 0b 20 07 00 10 00 10 00 00 00");
        world.send(central_, "01 0c 20 02 01 00");
        world.take(peripheral_);
        world.take(central_);
    }

    /// Each sends a packet with the next number, and has the other's.
    void exchange() {
        const auto number = static_cast<std::uint32_t>(outcome_.data_carried++);
        Octets packet = hex("02 40 00 08 00 04 00 40 00 00 00 00 00");
        for (std::size_t i = 0; i < 4; ++i)
            packet[9 + i] = static_cast<std::uint8_t>(number >> 8 * i);
        central_.receive(world_.now, packet);
        peripheral_.receive(world_.now, packet);
        packet[2] = 0x20;
        read(central_, packet);
        read(peripheral_, packet);
    }
    /// Makes the third one available again; it has its say, and now and then enough of its peer.
    void tempt() {
        if (++temptations_ % 2 == 0) world_.send(victim_, "01 06 04 03 40 00 13");
        world_.send(victim_, "01 06 20 0f 20 00 20 00 00 00 00 00 00 00 00 00 00 07 00");
        world_.send(victim_, "01 0a 20 01 01");
        world_.send(victim_, "02 40 00 05 00 01 00 04 00 aa");
        for (const Octets& packet : packets(world_.take(victim_)))
            outcome_.links += packet[1] == 0x3e && packet[3] == 0x01 && packet[4] == 0x00 ? 1 : 0;
    }

private:
    void read(Controller& controller, const Octets& expected) {
        bool came = false;
        for (const Octets& packet : packets(world_.take(controller))) {
            if (packet[0] == 0x02) {
                REQUIRE_FALSE(came);
                REQUIRE(packet == expected);
                came = true;
            } else if (packet[1] == 0x3e) {
                REQUIRE(packet[3] == 0x02);  // reports are all that come: nobody lost a link
                outcome_.reports += packet[6] == 0x00 && packet[7] == 0x02 ? 1 : 0;
            } else {
                REQUIRE(packet[1] == 0x13);
            }
        }
        REQUIRE(came);
    }

    World& world_;
    Outcome& outcome_;
    Controller& peripheral_;
    Controller& central_;
    Controller& victim_;
    std::size_t temptations_ = 0;
};

Outcome fuzz(std::uint64_t seed, int count) {
    Outcome outcome;
    World world;
    Bystanders bystanders{world, outcome};
    Controller& fuzzed = world.add(1);
    Fuzzer fuzzer{seed};
    for (int i = 0; i < count; ++i) {
        fuzzed.receive(world.now, fuzzer.packet());
        if (i % 4 == 0) world.run(1ms);
        if (i % 64 == 0) bystanders.exchange();
        if (i % 512 == 0) bystanders.tempt();
        if (fuzzer.below(48) == 0) {
            outcome.most_pending = std::max(outcome.most_pending, fuzzed.pending().size());
            world.take(fuzzed);
        }
        while (world.air.take_ready() != nullptr) {}
    }
    world.take(fuzzed);
    world.send(fuzzed, "01 03 0c 00");
    CHECK(packets(world.take(fuzzed)).back() == hex("04 0e 04 01 03 0c 00"));
    return outcome;
}

}  // namespace

TEST_CASE("conformance: a million packets of any kind do not disturb the others on the air") {
    const char* const wanted = std::getenv("ASIOBLE_SEED");  // another run than the usual one
    const std::uint64_t seed = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 1;
    CAPTURE(seed);
    constexpr int count = 1'000'000;
    const Outcome outcome = fuzz(seed, count);
    CHECK(outcome.data_carried == count / 64);
    // 250 s at 100 to 110 ms, of which none is lost
    CHECK(outcome.reports > 2270);
    CHECK(outcome.links > 100);  // else the packets would not reach far
    CHECK(outcome.most_pending <= 32'768);
}
