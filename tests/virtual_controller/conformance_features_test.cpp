// SPDX-License-Identifier: MIT
//
// Every LE feature that the controller announces (Vol 6 Part B 4.6), and what shows that it does
// it.
#include "tests/virtual_controller/conformance.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using namespace bluetooth::virtual_controller::test;

namespace {

/// A feature, and a scenario that shows it at a controller that has it. Without the feature the
/// same gives false.
struct Feature {
    unsigned bit;
    std::string_view name;
    State state;
    bool (*shows)(Scene& scene);
};

bool succeeds(Scene& scene, Controller& controller, std::string_view packet) {
    const Octets answer = scene.ask(controller, packet);
    return answer.size() >= 7 && answer[answer[1] == 0x0e ? 6 : 3] == 0x00;
}

constexpr Feature features[] = {
    {0, "LE Encryption", State::central,
     [](Scene& scene) {
         scene.send(scene.tested,
                    "01 19 20 1c 40 00 00 00 00 00 00 00 00 00 00 00 22 22 22 22 22 "
                    "22 22 22 22 22 22 22 22 22 22 22");
         scene.take(scene.tested);
         scene.send(scene.other,
                    "01 1a 20 12 40 00 22 22 22 22 22 22 22 22 22 22 22 22 22 22 22 22");
         return scene.take(scene.tested) == hex("04 08 04 00 40 00 01");
     }},
    {1, "Connection Parameters Request", State::peripheral,
     [](Scene& scene) {
         scene.send(scene.tested, "01 13 20 0e 40 00 28 00 28 00 00 00 f4 01 00 00 00 00");
         return has_le_event(scene.take(scene.other), 0x06);
     }},
    // A peripheral's request that a central without the feature rejects fails for that reason, and
    // does not end the link (Vol 6 Part B 2.4.2.18).
    {2, "Extended Reject Indication", State::central,
     [](Scene& scene) {
         scene.send(scene.other, "01 13 20 0e 40 00 28 00 28 00 00 00 f4 01 00 00 00 00");
         scene.take(scene.tested);
         scene.take(scene.other);
         scene.ask(scene.tested, "01 21 20 03 40 00 3b");
         return scene.take(scene.other) == hex("04 3e 0a 03 3b 40 00 18 00 00 00 2a 00");
     }},
    {3, "Peripheral-initiated Features Exchange", State::peripheral,
     [](Scene& scene) { return has_le_event(scene.ask(scene.tested, "01 16 20 02 40 00"), 0x04); }},
    {4, "LE Ping", State::encrypted,
     [](Scene& scene) {
         scene.ask(scene.tested, "01 63 0c 08 00 00 80 00 00 00 00 00");
         scene.ask(scene.tested, "01 7c 0c 04 40 00 0a 00");
         scene.air.vanish(scene.other);
         scene.run(150ms);
         return scene.take(scene.tested) == hex("04 57 02 40 00");
     }},
    {5, "LE Data Packet Length Extension", State::central,
     [](Scene& scene) {
         scene.ask(scene.tested, "01 22 20 06 40 00 fb 00 48 08");
         return scene.take(scene.other) == hex("04 3e 0b 07 40 00 1b 00 48 01 fb 00 48 08");
     }},
    // We advertise with a resolvable private address of our own making.
    {6, "LL Privacy", State::idle,
     [](Scene& scene) {
         if (!succeeds(scene, scene.tested,
                       "01 27 20 27 00 09 00 00 01 aa 00 11 11 11 11 11 11 11 11 11 11 11 11 11 11 "
                       "11 11 22 22 22 22 22 22 22 22 22 22 22 22 22 22 22 22"))
             return false;
         scene.order(scene.tested, "01 2d 20 01 01");
         scene.order(scene.tested, "01 06 20 0f 20 00 20 00 00 02 00 09 00 00 01 aa 00 07 00");
         scene.order(scene.tested, "01 0a 20 01 01");
         scene.scan(scene.other);
         scene.run(50ms);
         const auto reports = packets(scene.take(scene.other));
         return !reports.empty() && reports.front()[6] == 0x01 &&
                (reports.front()[12] & 0xc0) == 0x40;
     }},
    {7, "Extended Scanning Filter Policies", State::idle,
     [](Scene& scene) {
         return succeeds(scene, scene.tested, "01 0b 20 07 00 10 00 10 00 00 02");
     }},
    {8, "LE 2M PHY", State::central,
     [](Scene& scene) {
         scene.ask(scene.tested, "01 32 20 07 40 00 00 02 02 00 00");
         return scene.take(scene.other) == hex("04 3e 06 0c 00 40 00 02 02");
     }},
    {11, "LE Coded PHY", State::central,
     [](Scene& scene) {
         scene.ask(scene.tested, "01 32 20 07 40 00 00 04 04 00 00");
         return scene.take(scene.other) == hex("04 3e 06 0c 00 40 00 03 03");
     }},
    // More data than a legacy PDU holds
    {12, "LE Extended Advertising", State::idle,
     [](Scene& scene) {
         if (!succeeds(scene, scene.tested,
                       "01 36 20 19 01 00 00 20 00 00 20 00 00 07 00 00 00 00 00 00 00 00 00 7f 01 "
                       "00 01 02 00"))
             return false;
         Octets data = hex("01 03 00 64 63 ff");
         data.resize(data.size() + 98, 0xee);
         ask(scene, scene.tested, packet_of(0x2037, data));
         scene.order(scene.tested, "01 39 20 06 01 01 01 00 00 00");
         scene.scan_extended(scene.other);
         scene.run(50ms);
         const auto reports = packets(scene.take(scene.other));
         return !reports.empty() && part(reports.front(), 28, 3) == hex("64 63 ff");
     }},
    {13, "LE Periodic Advertising", State::idle,
     [](Scene& scene) {
         if (!succeeds(scene, scene.tested, "01 4a 20 00")) return false;
         scene.send_train(scene.tested);
         scene.follow_train(scene.other, "01");
         scene.run(200ms);
         return has_le_event(scene.take(scene.other), 0x0f);
     }},
    {14, "Channel Selection Algorithm #2", State::initiating,
     [](Scene& scene) {
         scene.ask(scene.tested, "01 01 20 08 ff fd ff ff 00 00 00 00");
         scene.advertise(scene.other);
         scene.run(50ms);
         const Octets events = scene.take(scene.tested);
         const auto all = packets(events);
         return std::ranges::find(all, hex("04 3e 04 14 40 00 01")) != all.end();
     }},
    {24, "Periodic Advertising Sync Transfer - Sender", State::train_sent,
     [](Scene& scene) {  // over a link to a second set
         scene.order(scene.other, "01 5d 20 06 02 00 00 00 02 00");
         scene.order(scene.other, "01 46 20 02 00 00");
         scene.order(scene.tested,
                     "01 36 20 19 02 13 00 20 00 00 20 00 00 07 00 00 00 00 00 00 00 "
                     "00 00 7f 01 00 01 02 00");
         scene.order(scene.tested, "01 39 20 06 01 01 02 00 00 00");
         scene.order(scene.other,
                     "01 43 20 1a 00 00 00 01 00 00 01 aa 00 01 10 00 10 00 18 00 18 "
                     "00 00 00 2a 00 00 00 00 00");
         scene.run(100ms);
         scene.take(scene.tested);
         scene.ask(scene.tested, "01 5b 20 05 40 00 34 12 01");
         scene.run(200ms);
         return has_le_event(scene.take(scene.other), 0x18);
     }},
    {25, "Periodic Advertising Sync Transfer - Recipient", State::central,
     [](Scene& scene) {  // the train itself: see the events
         return succeeds(scene, scene.tested, "01 5c 20 08 40 00 02 00 00 0a 00 00");
     }},
};

}  // namespace

TEST_CASE("conformance: each LE feature that is announced is there, and no other is announced") {
    World world;
    Octets expected(8);
    for (const Feature& feature : features)
        expected[feature.bit / 8] =
            static_cast<std::uint8_t>(expected[feature.bit / 8] | 1u << feature.bit % 8);
    CHECK(part(world.ask(world.add(1), "01 03 20 00"), 7, 8) == expected);
    for (const Feature& feature : features) {
        CAPTURE(feature.name);
        Scene scene{feature.state};
        CHECK(feature.shows(scene));
    }
}

TEST_CASE("conformance: what belongs to a feature is not there without it") {
    for (const Feature& feature : features) {
        if (feature.bit == 2) continue;  // how a request is rejected in PDUs no host can see
        CAPTURE(feature.name);
        Profile profile;
        profile.le_features &= ~(std::uint64_t{1} << feature.bit);
        Scene scene{feature.state, profile};
        CHECK_FALSE(feature.shows(scene));
    }
}
