// SPDX-License-Identifier: MIT
#include "tests/virtual_controller/extended_world.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using namespace bluetooth::virtual_controller::test;

namespace {

constexpr std::string_view irk_1 = "11 11 11 11 11 11 11 11 11 11 11 11 11 11 11 11";
constexpr std::string_view irk_2 = "22 22 22 22 22 22 22 22 22 22 22 22 22 22 22 22";
constexpr std::string_view no_irk = "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00";
constexpr std::string_view address_1 = "01 00 00 01 aa 00";
constexpr std::string_view address_2 = "02 00 00 01 aa 00";
constexpr std::string_view resolve = "01 2d 20 01 01";
constexpr std::string_view enable_1 = "01 39 20 06 01 01 01 00 00 00";
constexpr std::string_view disable_1 = "01 39 20 06 00 01 01 00 00 00";
constexpr std::string_view stop_scan = "01 42 20 06 00 00 00 00 00 00";
constexpr std::string_view every_30_ms = "10 00 10 00 18 00 18 00 00 00 2a 00 00 00 00 00";

std::string join(std::initializer_list<std::string_view> parts) {
    std::string result;
    for (const std::string_view one : parts) result += one;
    return result;
}

/// Controllers 1 and 2, which have exchanged their keys, and a stranger.
struct Bonded : Two {
    Controller& stranger = add(3);

    explicit Bonded(std::string_view peer_irk_at_2 = irk_1,
                    std::string_view peer_irk_at_1 = irk_2) {
        ok(advertiser, join({"01 27 20 27 00", address_2, peer_irk_at_1, irk_1}));
        ok(scanner, join({"01 27 20 27 00", address_1, peer_irk_at_2, irk_2}));
        ok(advertiser, resolve);
        ok(scanner, resolve);
    }
    /// Set 1 of controller 1, with an own address type and its peer, controller 2.
    void advertise(std::string_view properties, std::string_view own_address_type,
                   std::string_view filter_policy = "00") {
        CHECK(status(advertiser, set_parameters("01", properties,
                                                join({"07", own_address_type, "00", address_2,
                                                      filter_policy, "7f 01 00 01 00 01"}))) ==
              0x00);
        ok(advertiser, enable_1);
    }
    /// Type and address of the first report, or nothing.
    Octets who(Controller& controller) {
        const auto got = packets(take(controller));
        return got.empty() ? Octets{} : part(got[0], 7, 7);
    }
    std::string create(std::string_view own_address_type) const {
        return join({"01 43 20 1a 00", own_address_type, "00", address_1, "01", every_30_ms});
    }
};

/// An address, perhaps with its type before.
bool is_resolvable(const Octets& who) {
    const bool random = who.size() == 6 || (who.size() == 7 && who[0] == 0x01);
    return random && who.back() >> 6 == 0b01;
}

}  // namespace

TEST_CASE("virtual privacy: an advertiser hides, and is known to whom it knows") {
    Bonded world;
    std::string identity;
    SUBCASE("its public address") {
        world.advertise("00 00", "02");
        identity = join({"02", address_1});
    }
    SUBCASE("its static random address") {
        world.ok(world.scanner, join({"01 28 20 07 00", address_1}));
        world.ok(world.scanner, join({"01 27 20 27 01 01 02 03 04 05 c6", irk_1, irk_2}));
        world.advertise("00 00", "02");
        world.ok(world.advertiser, disable_1);
        world.ok(world.advertiser, "01 35 20 07 01 01 02 03 04 05 c6");
        world.advertise("00 00", "03");
        identity = "03 01 02 03 04 05 c6";
    }
    world.scan(world.scanner);
    world.scan(world.stranger);
    world.run(115ms);
    const Octets seen = world.who(world.stranger);
    CHECK(is_resolvable(seen));
    CHECK(world.who(world.scanner) == hex(identity));
    // Both controllers tell the address that was used.
    CHECK(world.ask(world.advertiser, join({"01 2c 20 07 00", address_2})) ==
          hex("04 0e 0a 01 2c 20 00" + to_text(part(seen, 1, 6))));
    const std::string type = identity.starts_with("02") ? "00" : "01";
    CHECK(world.ask(world.scanner, "01 2b 20 07" + type + identity.substr(2)) ==
          hex("04 0e 0a 01 2b 20 00" + to_text(part(seen, 1, 6))));
}

TEST_CASE("virtual privacy: without resolution, or without a key, nobody is known") {
    Bonded world;
    SUBCASE("not switched on") {
        world.ok(world.scanner, "01 2d 20 01 00");
        world.advertise("00 00", "02");
        world.scan(world.scanner);
        world.run(115ms);
        CHECK(is_resolvable(world.who(world.scanner)));
    }
    SUBCASE("no local key for this peer: the address itself") {
        world.ok(world.advertiser, "01 29 20 00");
        world.advertise("00 00", "02");
        world.scan(world.stranger);
        world.run(115ms);
        CHECK(world.who(world.stranger) == hex(join({"00", address_1})));
    }
}

TEST_CASE("virtual privacy: in network privacy mode identity addresses of the hidden are ignored") {
    Bonded world;
    world.advertise("00 00", "00");
    SUBCASE("network privacy mode") {
        world.scan(world.scanner);
        world.run(1s);
        CHECK(world.take(world.scanner).empty());
        // In use it stays.
        CHECK(world.status(world.scanner, join({"01 4e 20 08 00", address_1, "01"})) == 0x0c);
    }
    SUBCASE("device privacy mode") {
        world.ok(world.scanner, join({"01 4e 20 08 00", address_1, "01"}));
        world.scan(world.scanner);
        world.run(115ms);
        CHECK(world.who(world.scanner) == hex(join({"00", address_1})));
    }
    SUBCASE("a peer without a key") {
        world.ok(world.scanner, "01 29 20 00");
        world.ok(world.scanner, join({"01 27 20 27 00", address_1, no_irk, irk_2}));
        world.scan(world.scanner);
        world.run(115ms);
        CHECK(world.who(world.scanner) == hex(join({"00", address_1})));
    }
}

TEST_CASE("virtual privacy: addresses are renewed after the timeout, and still resolve") {
    Bonded world;
    world.ok(world.advertiser, "01 2e 20 02 0a 00");  // 10 s
    world.advertise("00 00", "02");
    world.scan(world.stranger, "01");
    world.scan(world.scanner, "01");
    world.run(9s);
    CHECK(world.who(world.scanner) == hex(join({"02", address_1})));
    Octets last = world.who(world.stranger);
    CHECK(is_resolvable(last));
    for (int i = 0; i < 5; ++i) {
        world.run(10s);
        CHECK(world.count(world.scanner) == 0);  // the same device: a duplicate
        const auto seen = packets(world.take(world.stranger));
        REQUIRE(seen.size() == 1);
        const Octets next = part(seen[0], 7, 7);
        CHECK(is_resolvable(next));
        CHECK(next != last);
        last = next;
    }
    CHECK(world.status(world.advertiser, "01 2e 20 02 00 00") == 0x12);
    CHECK(world.status(world.advertiser, "01 2e 20 02 11 0e") == 0x12);
}

TEST_CASE("virtual privacy: connected by identity, each knows what the other calls itself") {
    Bonded world;
    for (Controller* one : {&world.advertiser, &world.scanner})
        world.ok(*one, "01 01 20 08 ff ff ff ff 00 00 00 00");
    std::string_view properties;
    std::string_view filter = "00";
    SUBCASE("undirected") { properties = "01 00"; }
    SUBCASE("legacy") { properties = "13 00"; }
    SUBCASE("directed to the peer's resolvable address") { properties = "05 00"; }
    SUBCASE("legacy and directed") { properties = "15 00"; }
    SUBCASE("only to those of the accept list") {
        properties = "01 00";
        filter = "02";
        world.ok(world.advertiser, join({"01 11 20 07 00", address_2}));
    }
    world.advertise(properties, "02", filter);
    CHECK(world.ask(world.scanner, world.create("02")) == hex("04 0f 04 00 01 43 20"));
    world.run(150ms);
    const Octets at_central = world.take(world.scanner);
    const Octets at_peripheral = world.take(world.advertiser);
    const Octets of_central = part(at_central, 15, 6);  // local, then peer
    const Octets of_peripheral = part(at_central, 21, 6);
    CHECK(is_resolvable(of_central));
    CHECK(is_resolvable(of_peripheral));
    CHECK(of_central != of_peripheral);
    CHECK(at_central ==
          hex(join({"04 3e 1f 0a 00 40 00 00 02", address_1, to_text(of_central),
                    to_text(of_peripheral), "18 00 00 00 2a 00 00 | 04 3e 04 14 40 00 01"})));
    CHECK(at_peripheral ==
          hex(join({"04 3e 1f 0a 00 40 00 01 02", address_2, to_text(of_peripheral),
                    to_text(of_central),
                    "18 00 00 00 2a 00 00 | 04 3e 04 14 40 00 01 | 04 3e 06 12 00 01 40 00 00"})));
    CHECK(world.ask(world.scanner, join({"01 2b 20 07 00", address_1})) ==
          hex("04 0e 0a 01 2b 20 00" + to_text(of_peripheral)));
    CHECK(world.ask(world.scanner, join({"01 2c 20 07 00", address_1})) ==
          hex("04 0e 0a 01 2c 20 00" + to_text(of_central)));
}

TEST_CASE("virtual privacy: the event of before privacy names the identity") {
    Bonded world;
    std::string command;
    std::string opcode;
    SUBCASE("with the extended command") {
        world.advertise("01 00", "02");
        command = world.create("02");
        opcode = "43 20";
    }
    SUBCASE("with the legacy command, which has a type for identities") {
        world.advertise("13 00", "02");
        command = join(
            {"01 0d 20 19 10 00 10 00 00 02", address_1, "02 18 00 18 00 00 00 2a 00 00 00 00 00"});
        opcode = "0d 20";
    }
    CHECK(world.ask(world.scanner, command) == hex("04 0f 04 00 01" + opcode));
    world.run(150ms);
    CHECK(world.take(world.scanner) ==
          hex(join({"04 3e 13 01 00 40 00 00 00", address_1, "18 00 00 00 2a 00 00"})));
    // A second link to the same device is refused.
    CHECK(world.ask(world.scanner, command) == hex("04 0f 04 0b 01" + opcode));
}

TEST_CASE("virtual privacy: directed advertising hides also for whom it is") {
    Bonded world;
    world.advertise("04 00", "02");
    world.scan(world.scanner);
    world.ok(world.stranger, "01 41 20 08 00 02 01 00 10 00 10 00");  // unresolved as well
    world.ok(world.stranger, "01 42 20 06 01 00 00 00 00 00");
    world.run(115ms);
    const Octets at_scanner = world.take(world.scanner);
    CHECK(part(at_scanner, 7, 7) == hex(join({"02", address_1})));
    CHECK(part(at_scanner, 21, 7) == hex(join({"02", address_2})));
    const Octets at_stranger = world.take(world.stranger);
    CHECK(is_resolvable(part(at_stranger, 7, 7)));
    CHECK(at_stranger[21] == 0xfe);
    CHECK(is_resolvable(part(at_stranger, 22, 6)));
}

TEST_CASE("virtual privacy: accept lists hold identities") {
    Bonded world;
    CHECK(world.status(world.advertiser, set_parameters("01", "02 00")) == 0x00);
    world.ok(world.advertiser, "01 38 20 05 01 03 00 01 bb");
    world.ok(world.advertiser, join({"01 11 20 07 00", address_2}));
    world.advertise("02 00", "02", "01");  // scannable, scan requests by the accept list
    world.ok(world.scanner, join({"01 11 20 07 00", address_1}));
    for (Controller* one : {&world.scanner, &world.stranger}) {
        const bool known = one == &world.scanner;
        world.ok(*one, known ? "01 41 20 08 02 01 01 01 10 00 10 00"
                             : "01 41 20 08 00 00 01 01 10 00 10 00");
        world.ok(*one, "01 42 20 06 01 01 00 00 00 00");
    }
    world.run(115ms);
    const auto got = packets(world.take(world.scanner));
    REQUIRE(got.size() == 2);
    CHECK(part(got[0], 5, 9) == hex(join({"02 00 02", address_1})));
    CHECK(part(got[1], 5, 9) == hex(join({"0a 00 02", address_1})));
    CHECK(world.count(world.stranger) == 1);
    CHECK(world.take(world.advertiser) == hex(join({"04 3e 09 13 01 02", address_2})));
}

TEST_CASE("virtual privacy: in use the list does not change") {
    Bonded world;
    const std::string add =
        "01 27 20 27 00 09 00 00 01 aa 00" + std::string{irk_1} + std::string{irk_2};
    std::vector<std::string> commands{add, join({"01 28 20 07 00", address_1}), "01 29 20 00",
                                      "01 2d 20 01 00", "01 2d 20 01 01"};
    std::string_view stop;
    SUBCASE("scanning") {
        world.scan(world.scanner);
        stop = stop_scan;
    }
    SUBCASE("advertising") {
        CHECK(world.status(world.scanner, set_parameters("01", "00 00")) == 0x00);
        world.ok(world.scanner, enable_1);
        stop = disable_1;
    }
    SUBCASE("initiating") {
        world.ask(world.scanner, world.create("02"));
        stop = "01 0e 20 00";
    }
    SUBCASE("looking for a train") {
        world.ask(world.scanner, "01 44 20 0e 00 05 00 01 00 00 01 aa 00 00 00 64 00 00");
        stop = "01 45 20 00";
    }
    for (const std::string& command : commands) CHECK(world.status(world.scanner, command) == 0x0c);
    CHECK(world.status(world.scanner, "01 2e 20 02 10 00") == 0x00);  // the timeout does
    world.ask(world.scanner, stop);
    CHECK(world.status(world.scanner, "01 2d 20 01 00") == 0x00);
    // Without resolution the list is free.
    world.scan(world.scanner);
    CHECK(world.status(world.scanner, "01 29 20 00") == 0x00);
    CHECK(world.status(world.scanner, add) == 0x00);
    CHECK(world.status(world.scanner, "01 4e 20 08 00 09 00 00 01 aa 00 01") == 0x0c);  // not this
}

TEST_CASE("virtual privacy: a train is found by the identity behind it") {
    Bonded world;
    world.advertise("00 00", "02");
    world.ok(world.advertiser, "01 3e 20 07 01 50 00 50 00 00 00");
    world.ok(world.advertiser, "01 40 20 02 01 01");
    const std::string command = join({"01 44 20 0e 00 00 00", address_1, "00 00 64 00 00"});
    CHECK(world.ask(world.scanner, command) == hex("04 0f 04 00 01 44 20"));
    world.scan(world.scanner, "01");
    world.run(300ms);
    const auto got = packets(world.take(world.scanner));
    const Octets established = hex(join({"04 3e 10 0e 00 00 00 00 02", address_1, "01 50 00 00"}));
    CHECK(std::ranges::count(got, established) == 1);
    CHECK(world.ask(world.scanner, command) == hex("04 0f 04 0b 01 44 20"));
}

TEST_CASE("virtual privacy: the random address of a set may change while it advertises") {
    Two world;
    CHECK(world.status(world.advertiser,
                       set_parameters("01", "00 00",
                                      "07 01 00 00 00 00 00 00 00 00 7f 01 00 01 00 00")) == 0);
    world.ok(world.advertiser, "01 35 20 07 01 01 02 03 04 05 06");  // non-resolvable private
    world.scan(world.scanner, "01");
    world.ok(world.advertiser, enable_1);
    world.run(50ms);
    CHECK(world.take(world.scanner) == world.report("00 00 01 01 02 03 04 05 06 01 01 00 7f"));
    world.ok(world.advertiser, "01 35 20 07 01 11 12 13 14 15 56");
    world.run(115ms);
    CHECK(world.take(world.scanner) == world.report("00 00 01 11 12 13 14 15 56 01 01 00 7f"));
}

TEST_CASE("virtual privacy: what was not seen yet, or is not there, cannot be read") {
    Bonded world;
    CHECK(world.ask(world.scanner, "01 2a 20 00") == hex("04 0e 05 01 2a 20 00 08"));
    CHECK(world.ask(world.scanner, join({"01 2b 20 07 00", address_1})) ==
          hex("04 0e 0a 01 2b 20 02 00 00 00 00 00 00"));
    CHECK(world.ask(world.scanner, "01 2b 20 07 00 09 00 00 01 aa 00") ==
          hex("04 0e 0a 01 2b 20 02 00 00 00 00 00 00"));
    CHECK(world.ask(world.scanner, "01 2c 20 07 00 09 00 00 01 aa 00") ==
          hex("04 0e 0a 01 2c 20 02 00 00 00 00 00 00"));
    CHECK(world.status(world.scanner, "01 4e 20 08 00 09 00 00 01 aa 00 00") == 0x02);
    CHECK(world.status(world.scanner, "01 28 20 07 00 09 00 00 01 aa 00") == 0x02);
}
