// SPDX-License-Identifier: MIT
//
// Every event that the controller sends (Vol 4 Part E 7.7), and that it does not come when it is
// masked.
#include <set>
#include <utility>

#include "hci/events.hpp"
#include "tests/virtual_controller/conformance.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using namespace bluetooth::virtual_controller::test;

namespace {

/// Bits of the masks of 7.3.1, 7.3.69 and 7.8.1.
struct Masks {
    std::uint64_t events = 0x3fff'ffff'ffff'ffff;
    std::uint64_t page_2 = std::uint64_t{1} << 23;
    // But those two that come beside or in place of LE Connection Complete
    std::uint64_t le = 0xffff'fdff & ~(std::uint64_t{1} << 19);
};

void set(Scene& scene, const Masks& masks) {
    const auto set_one = [&](std::uint16_t opcode, std::uint64_t mask) {
        Octets octets(8);
        for (std::size_t i = 0; i < 8; ++i) octets[i] = static_cast<std::uint8_t>(mask >> 8 * i);
        ask(scene, scene.tested, packet_of(opcode, octets));
    };
    set_one(0x0c01, masks.events);
    set_one(0x0c63, masks.page_2);
    set_one(0x2001, masks.le);
}

/// A way to bring an event about.
struct Scenario {
    std::uint8_t code;
    std::uint8_t subevent;
    State state;
    void (*provoke)(Scene& scene);
    std::string_view event;  ///< in the notation of the table, from H4's indicator on
    bool maskable = true;
};

void encrypt(Scene& scene) {
    scene.send(scene.tested,
               "01 19 20 1c 40 00 00 00 00 00 00 00 00 00 00 00 22 22 22 22 22 22 22 "
               "22 22 22 22 22 22 22 22 22");
    scene.take(scene.other);
    scene.send(scene.other, "01 1a 20 12 40 00 22 22 22 22 22 22 22 22 22 22 22 22 22 22 22 22");
}
void advertise_other(Scene& scene) {
    scene.advertise(scene.other);
    scene.run(50ms);
}
void run_200ms(Scene& scene) { scene.run(200ms); }

constexpr Scenario scenarios[] = {
    {0x05, 0, State::central, [](Scene& scene) { scene.send(scene.other, "01 06 04 03 40 00 13"); },
     "04 05 04 00 40 00 13"},
    {0x08, 0, State::central, encrypt, "04 08 04 00 40 00 01"},
    {0x0c, 0, State::central, [](Scene& scene) { scene.send(scene.tested, "01 1d 04 02 40 00"); },
     "04 0c 08 00 40 00 0d ff ff 01 00"},
    {0x0e, 0, State::idle, [](Scene& scene) { scene.send(scene.tested, "01 0f 20 00"); },
     "04 0e 05 01 0f 20 00 08", false},
    {0x0f, 0, State::central, [](Scene& scene) { scene.send(scene.tested, "01 16 20 02 40 00"); },
     "04 0f 04 00 01 16 20", false},
    {0x10, 0, State::idle, [](Scene& scene) { scene.send(scene.tested, "01 03 0c 01"); },
     "04 10 01 01"},
    {0x13, 0, State::central, [](Scene& scene) { scene.send(scene.tested, "02 40 00 01 00 aa"); },
     "04 13 05 01 40 00 01 00", false},
    {0x1a, 0, State::central,
     [](Scene& scene) {
         Octets packet = hex("02 40 00 fc 00");
         packet.resize(packet.size() + 252);
         scene.tested.receive(scene.now, packet);
     },
     "04 1a 01 01"},
    {0x30, 0, State::encrypted, encrypt, "04 30 03 00 40 00"},
    {0x57, 0, State::encrypted,
     [](Scene& scene) {
         scene.order(scene.tested, "01 7c 0c 04 40 00 0a 00");
         scene.air.vanish(scene.other);
         scene.run(150ms);
     },
     "04 57 02 40 00"},

    {0x3e, 0x01, State::initiating, advertise_other,
     "04 3e 13 01 00 40 00 00 00 02 00 00 01 aa 00 18 00 00 00 2a 00 00"},
    {0x3e, 0x02, State::scanning, advertise_other, "04 3e 0c 02 01 00 00 02 00 00 01 aa 00 00 xx"},
    {0x3e, 0x03, State::central,
     [](Scene& scene) {
         scene.send(scene.tested, "01 13 20 0e 40 00 28 00 28 00 00 00 f4 01 00 00 00 00");
     },
     "04 3e 0a 03 00 40 00 28 00 00 00 f4 01"},
    {0x3e, 0x04, State::central,
     [](Scene& scene) { scene.send(scene.tested, "01 16 20 02 40 00"); },
     "04 3e 0c 04 00 40 00 ff 79 00 03 00 00 00 00"},
    {0x3e, 0x05, State::peripheral,
     [](Scene& scene) {
         scene.send(scene.other,
                    "01 19 20 1c 40 00 01 02 03 04 05 06 07 08 34 12 22 22 22 22 22 "
                    "22 22 22 22 22 22 22 22 22 22 22");
     },
     "04 3e 0d 05 40 00 01 02 03 04 05 06 07 08 34 12"},
    {0x3e, 0x06, State::central,
     [](Scene& scene) {
         scene.send(scene.other, "01 13 20 0e 40 00 20 00 28 00 00 00 f4 01 00 00 00 00");
     },
     "04 3e 0b 06 40 00 20 00 28 00 00 00 f4 01"},
    {0x3e, 0x07, State::central,
     [](Scene& scene) { scene.send(scene.tested, "01 22 20 06 40 00 fb 00 48 08"); },
     "04 3e 0b 07 40 00 fb 00 48 08 1b 00 48 01"},
    {0x3e, 0x08, State::idle, [](Scene& scene) { scene.send(scene.tested, "01 25 20 00"); },
     "04 3e 42 08 00 xx*64"},
    // Both keys are those of the debug pair.
    {0x3e, 0x09, State::idle,
     [](Scene& scene) {
         const Command& command = find_command(0x205e);
         scene.tested.receive(scene.now, packet_of(0x205e, octets_of(command.parameters)));
     },
     "04 3e 22 09 00 2d ab 00 48 cb b3 7b da 55 7b 8b 72 a8 57 87 c3 87 27 99 32 fc 79 5f ae 7c "
     "1c f9 49 e6 d7 aa 70"},
    {0x3e, 0x0a, State::initiating, advertise_other,
     "04 3e 1f 0a 00 40 00 00 00 02 00 00 01 aa 00 00*12 18 00 00 00 2a 00 00"},
    // To a resolvable address that nobody can resolve
    {0x3e, 0x0b, State::idle,
     [](Scene& scene) {
         scene.order(scene.tested, "01 0b 20 07 00 10 00 10 00 00 02");
         scene.order(scene.tested, "01 0c 20 02 01 00");
         scene.order(scene.other, "01 06 20 0f 20 00 20 00 04 00 01 01 02 03 04 05 46 07 00");
         scene.order(scene.other, "01 0a 20 01 01");
         scene.run(50ms);
     },
     "04 3e 12 0b 01 01 00 02 00 00 01 aa 00 01 01 02 03 04 05 46 xx"},
    {0x3e, 0x0c, State::central,
     [](Scene& scene) { scene.send(scene.tested, "01 32 20 07 40 00 00 02 02 00 00"); },
     "04 3e 06 0c 00 40 00 02 02"},
    {0x3e, 0x0d, State::extended_scanning, advertise_other,
     "04 3e 1a 0d 01 13 00 00 02 00 00 01 aa 00 01 00 ff 7f xx 00 00 00 00*6 00"},
    {0x3e, 0x0e, State::idle,
     [](Scene& scene) {
         scene.send_train(scene.other);
         scene.order(scene.tested, "01 44 20 0e 00 02 00 02 00 00 01 aa 00 00 00 00 02 00");
         scene.scan_extended(scene.tested);
         scene.run(300ms);
     },
     "04 3e 10 0e 00 00 00 02 00 02 00 00 01 aa 00 01 50 00 00"},
    {0x3e, 0x0f, State::train_followed, run_200ms, "04 3e 08 0f 00 00 7f xx ff 00 00"},
    {0x3e, 0x10, State::train_followed,
     [](Scene& scene) {
         scene.air.vanish(scene.other);
         scene.run(6s);
     },
     "04 3e 03 10 00 00"},
    {0x3e, 0x11, State::idle,
     [](Scene& scene) {
         scene.send(scene.tested, "01 42 20 06 01 00 0a 00 00 00");
         scene.run(100ms);
     },
     "04 3e 01 11"},
    {0x3e, 0x12, State::extended_advertising,
     [](Scene& scene) {
         scene.send(scene.tested, "01 39 20 06 01 01 01 00 00 03");  // 3 events
         scene.run(200ms);
     },
     "04 3e 06 12 43 01 xx xx 03"},
    {0x3e, 0x13, State::idle,
     [](Scene& scene) {  // set 1: ADV_SCAN_IND, which tells of requests
         scene.order(scene.tested,
                     "01 36 20 19 01 12 00 20 00 00 20 00 00 07 00 00 00 00 00 00 00 "
                     "00 00 7f 01 00 01 02 01");
         scene.order(scene.tested, "01 39 20 06 01 01 01 00 00 00");
         scene.order(scene.other, "01 0b 20 07 01 10 00 10 00 00 00");
         scene.order(scene.other, "01 0c 20 02 01 00");
         scene.run(50ms);
     },
     "04 3e 09 13 01 00 02 00 00 01 aa 00"},
    {0x3e, 0x14, State::initiating, advertise_other, "04 3e 04 14 40 00 01"},
    {0x3e, 0x18, State::idle,
     [](Scene& scene) {  // set 2 of the other one is connectable, its set 1 has a train
         scene.order(scene.tested, "01 5d 20 06 02 00 00 00 02 00");
         scene.send_train(scene.other);
         scene.order(scene.other,
                     "01 36 20 19 02 13 00 20 00 00 20 00 00 07 00 00 00 00 00 00 00 "
                     "00 00 7f 01 00 01 02 00");
         scene.order(scene.other, "01 39 20 06 01 01 02 00 00 00");
         scene.order(scene.tested,
                     "01 43 20 1a 00 00 00 02 00 00 01 aa 00 01 10 00 10 00 18 00 18 "
                     "00 00 00 2a 00 00 00 00 00");
         scene.run(100ms);
         scene.take(scene.other);
         scene.order(scene.other, "01 5b 20 05 40 00 34 12 01");
         scene.run(200ms);
     },
     "04 3e 14 18 00 40 00 34 12 00 00 02 00 02 00 00 01 aa 00 01 50 00 00"},
};

/// Events of a kind that come in a scenario.
std::vector<Octets> provoked(const Scenario& scenario, const Masks& masks) {
    Scene scene{scenario.state};
    set(scene, masks);
    std::vector<Octets> events;
    const auto collect = [&](const Octets& octets) {
        for (const Octets& packet : packets(octets))
            if (packet[0] == 0x04 && packet[1] == scenario.code &&
                (scenario.code != 0x3e || packet[3] == scenario.subevent))
                events.push_back(packet);
    };
    scenario.provoke(scene);
    collect(scene.take(scene.tested));
    return events;
}

Masks unmasked(const Scenario& scenario) {
    Masks masks;
    if (scenario.subevent != 0) masks.le |= std::uint64_t{1} << (scenario.subevent - 1);
    return masks;
}

}  // namespace

TEST_CASE("conformance: each event comes when it is not masked") {
    for (const Scenario& scenario : scenarios) {
        CAPTURE(int{scenario.code});
        CAPTURE(int{scenario.subevent});
        const auto events = provoked(scenario, unmasked(scenario));
        REQUIRE_FALSE(events.empty());
        CAPTURE(events.front());
        CHECK(matches(events.front(), scenario.event));
    }
}

TEST_CASE("conformance: each event stays away when it is masked, by either mask") {
    for (const Scenario& scenario : scenarios) {
        CAPTURE(int{scenario.code});
        CAPTURE(int{scenario.subevent});
        Masks masks = unmasked(scenario);
        if (scenario.code == 0x57)
            masks.page_2 = 0;
        else
            masks.events &= ~(std::uint64_t{1} << (scenario.code - 1));
        CHECK(provoked(scenario, masks).empty() == scenario.maskable);
        if (scenario.subevent == 0) continue;
        masks = unmasked(scenario);
        masks.le &= ~(std::uint64_t{1} << (scenario.subevent - 1));
        CHECK(provoked(scenario, masks).empty());
    }
}

TEST_CASE("conformance: there is a scenario for each event that there is") {
    std::set<std::pair<unsigned, unsigned>> known;
    hci::Events::for_each([&]<class Event>(std::type_identity<Event>) {
        unsigned subevent = 0;
        if constexpr (hci::LeMetaEvent<Event>)
            subevent = static_cast<unsigned>(Event::subevent_code);
        known.emplace(static_cast<unsigned>(Event::code), subevent);
    });
    std::set<std::pair<unsigned, unsigned>> provokable;
    for (const Scenario& scenario : scenarios) provokable.emplace(scenario.code, scenario.subevent);
    CHECK(known == provokable);
}

TEST_CASE("conformance: after Reset come the events of the initial masks alone") {
    // Vol 4 Part E 7.3.1: bits 0 to 44; 7.3.69 and LE Meta: none
    for (const Scenario& scenario : scenarios) {
        CAPTURE(int{scenario.code});
        CAPTURE(int{scenario.subevent});
        Scene scene{State::idle};
        scene.ask(scene.tested, "01 03 0c 00");
        if (scenario.state != State::idle) continue;
        scenario.provoke(scene);
        const bool comes = scenario.code != 0x3e;
        const auto all = packets(scene.take(scene.tested));
        CHECK(comes == std::ranges::any_of(
                           all, [&](const Octets& packet) { return packet[1] == scenario.code; }));
    }
}
