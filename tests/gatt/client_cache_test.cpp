// SPDX-License-Identifier: MIT
//
// Discoveries that are answered from what was discovered before (Vol 3 Part G 2.5.2.1, 7.3).
#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "tests/gatt/client_cache.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;
using bluetooth::gatt::Client;
using bluetooth::gatt::DiscoveryCache;
using bluetooth::gatt::DiscoveryQuery;
using bluetooth::gatt::ServiceType;

TEST_CASE("gatt cache: what was discovered is not asked again while the hash is the same") {
    DiscoveryCache cache;
    Connection{cache}.learn();
    Connection again{cache};
    CHECK(again.services() == Lines{read_hash});
    CHECK(again.peer(hash_a) == known_service);
    CHECK(again.characteristics() == known_characteristic);
    CHECK(again.all_buffers_back());
}

TEST_CASE("gatt cache: known answers come in the order of the calls") {
    DiscoveryCache cache;
    Connection{cache}.learn();
    Connection again{cache};
    REQUIRE_FALSE(again.call(&Client::read, handle(3)));
    REQUIRE_FALSE(
        again.call(&Client::discover_characteristics, handle(1), handle(9), std::nullopt));
    REQUIRE_FALSE(again.call(&Client::discover_services, std::nullopt, ServiceType::primary));
    REQUIRE_FALSE(again.call(&Client::read, handle(5)));
    CHECK(again.drain() == Lines{"send 0a0300"});
    CHECK(again.peer("0b aa") == Lines{"value 0003 aa", "read done 0003: ok", read_hash});
    Lines expected = known_characteristic;
    expected.insert(expected.end(), known_service.begin(), known_service.end());
    expected.emplace_back("send 0a0500");
    CHECK(again.peer(hash_a) == expected);
}

TEST_CASE("gatt cache: each kind of discovery, range and UUID is remembered for itself") {
    DiscoveryCache cache;
    Connection first{cache};
    const auto discover_all = [](Connection& connection) {
        Lines lines;
        const auto add = [&](const Lines& more) {
            lines.insert(lines.end(), more.begin(), more.end());
        };
        add(connection.services());
        add(connection.peer(hash_a));
        add(connection.peer("01 10 01 00 0a"));
        add(connection.services(UUID{0x180f}));
        add(connection.peer("07 01 00 05 00"));
        add(connection.peer("01 06 06 00 0a"));
        REQUIRE_FALSE(
            connection.call(&Client::discover_services, UUID{0x180f}, ServiceType::secondary));
        add(connection.drain());
        add(connection.peer("11 06 06 00 ff ff 0f 18"));
        REQUIRE_FALSE(connection.call(&Client::discover_included, handle(1), handle(5)));
        add(connection.drain());
        add(connection.peer("09 08 02 00 06 00 09 00 0f 18"));
        add(connection.peer("01 08 03 00 0a"));
        REQUIRE_FALSE(connection.call(&Client::discover_descriptors, handle(1), handle(5)));
        add(connection.drain());
        add(connection.peer("05 01 05 00 02 29"));
        REQUIRE_FALSE(connection.call(&Client::discover_descriptors, handle(2), handle(5)));
        add(connection.drain());
        add(connection.peer("05 01 05 00 02 29"));
        std::erase_if(lines, [](const std::string& line) { return line.starts_with("send"); });
        return lines;
    };
    const Lines found = discover_all(first);
    CHECK(found.size() == 11);
    Connection second{cache};
    CHECK(discover_all(second) == found);
    // Nothing but the hash was asked for: each other response came unexpected.
    CHECK(second.client.counters().unexpected == 8);
}

TEST_CASE("gatt cache: another hash makes everything remembered of the peer forgotten") {
    DiscoveryCache cache;
    Connection{cache}.learn();
    Connection again{cache};
    CHECK(again.characteristics() == Lines{read_hash});
    CHECK(again.peer(hash_b) == Lines{"send 08010009000328"});
    CHECK(again.peer("01 08 01 00 0a") == Lines{"characteristics done: ok"});
    CHECK(again.services() == Lines{"send 100100ffff0028"});
    CHECK(again.peer("01 10 01 00 0a") == Lines{"services done: ok"});
    // What was found now is remembered; the first hash is gone for good.
    CHECK(again.characteristics() == Lines{"characteristics done: ok"});
    Connection back{cache};
    CHECK(back.services() == Lines{read_hash});
    CHECK(back.peer(hash_a) == Lines{"send 100100ffff0028"});
}

TEST_CASE("gatt cache: a peer without a proper hash is asked as always on that connection") {
    DiscoveryCache cache;
    Connection{cache}.learn();
    for (const char* answer :
         {no_hash, "01 08 01 00 02", "01 08 01 00 00", "09 11 20 00 0001", "09 04 20 00 00 01",
          "09 12", "09", "09 12 00 00 000102030405060708090a0b0c0d0e0f",
          "09 12 20 00 000102030405060708090a0b0c0d0e0f"
          "      21 00 000102030405060708090a0b0c0d0e0f"}) {
        CAPTURE(answer);
        Connection again{cache};
        CHECK(again.services() == Lines{read_hash});
        CHECK(again.peer(answer) == Lines{"send 100100ffff0028"});
        CHECK(again.peer("01 10 01 00 0a") == Lines{"services done: ok"});
        CHECK(again.services() == Lines{"send 100100ffff0028"});
        CHECK(again.peer("01 10 01 00 0a") == Lines{"services done: ok"});
        CHECK(again.characteristics() == Lines{"send 08010009000328"});
        CHECK(again.peer("01 08 01 00 0a") == Lines{"characteristics done: ok"});
    }
    // On the next one it may have one again, and the same.
    Connection next{cache};
    CHECK(next.services() == Lines{read_hash});
    CHECK(next.peer(hash_a) == known_service);
}

TEST_CASE("gatt cache: a discovery that failed is not remembered") {
    DiscoveryCache cache;
    Connection first{cache};
    first.services();
    first.peer(hash_a);
    CHECK(first.peer("11 06 01 00 05 00 01 18").size() == 2);
    CHECK(first.peer("01 10 06 00 0e") == Lines{"services done: unlikely error"});
    CHECK(first.services() == Lines{"send 100100ffff0028"});
    CHECK(first.peer("11 06 01 00 05 00").back() == "services done: protocol error");
    CHECK(first.services() == Lines{"send 100100ffff0028"});
    CHECK(first.disconnect() == Lines{"services done: not connected"});
}

TEST_CASE("gatt cache: a discovery that needs no request needs no hash either") {
    DiscoveryCache cache;
    Connection script{cache};
    REQUIRE_FALSE(script.call(&Client::discover_descriptors, handle(3), handle(3)));
    CHECK(script.drain() == Lines{"descriptors done: ok"});
    // Nor does anything that is no discovery.
    REQUIRE_FALSE(script.call(&Client::read_by_uuid, handle(3), handle(3), UUID{0x2a00}));
    CHECK(script.drain() == Lines{"send 08030003"
                                  "00002a"});
}

TEST_CASE("gatt cache: the read of the hash is a part of the discovery, whatever becomes of it") {
    const auto begin = [](ClientScript& script) {
        script.client.use_cache(script.cache, peer_number(1));
        REQUIRE_FALSE(script.call(&Client::discover_services, UUID{0x180f}, ServiceType::primary));
        REQUIRE_FALSE(script.call(&Client::read, handle(3)));
    };
    check_cut_off_anywhere(64, 2, begin,
                           {hash_a.c_str(), "07 10 00 1f 00", "01 06 20 00 0a", "0b aa"});

    DiscoveryCache cache;
    Connection script{cache};
    CHECK(script.services() == Lines{read_hash});
    CHECK(script.wait(30s) == Lines{"services done: timed out", "close: timed out"});
}

TEST_CASE("gatt cache: a link that is encrypted while the hash is read loses nothing but that") {
    for (const std::string& answer : {hash_a, std::string{no_hash}}) {
        CAPTURE(answer);
        DiscoveryCache cache;
        Connection script{cache};
        CHECK(script.services() == Lines{read_hash});
        script.client.use_cache(cache, peer_number(2));
        CHECK(script.peer(answer) == Lines{"send 100100ffff0028"});
        CHECK(script.peer("01 10 01 00 0a") == Lines{"services done: ok"});
        // The next one asks under the new identity.
        CHECK(script.services() == Lines{read_hash});
    }
}

TEST_CASE("gatt cache: peers are told apart, and the longest unused one gives way to a new one") {
    DiscoveryCache cache;
    Connection{cache, 1}.learn();
    Connection{cache, 2}.learn();
    Connection stranger{cache, 3};
    CHECK(stranger.services() == Lines{read_hash});
    CHECK(stranger.peer(hash_a) == Lines{"send 100100ffff0028"});
    for (std::uint8_t number = 4; number <= DiscoveryCache::max_peers; ++number)
        Connection{cache, number}.learn();
    const auto knows = [&](std::uint8_t number) {
        Connection script{cache, number};
        script.services();
        return script.peer(hash_a) == known_service;
    };
    CHECK(knows(1));
    Connection{cache, 100}.learn();
    CHECK(knows(1));
    CHECK_FALSE(knows(2));
    CHECK(knows(100));
}

TEST_CASE("gatt cache: a peer with a database without end is not remembered without end") {
    DiscoveryCache cache;
    const gatt::DatabaseHash hash{};
    const auto query = [](std::uint16_t start) {
        return DiscoveryQuery{DiscoveryQuery::Kind::descriptors, handle(start), handle(0xffff)};
    };
    cache.verify(peer_number(1), hash);
    for (std::uint16_t i = 0; i < 3; ++i)
        cache.remember(peer_number(1), hash, query(i), gatt::DiscoveryResults(1000));
    cache.remember(peer_number(1), hash, query(3), gatt::DiscoveryResults(1093));
    CHECK(cache.find(peer_number(1), hash, query(3)) == nullptr);  // one too many
    cache.remember(peer_number(1), hash, query(3), gatt::DiscoveryResults(1092));
    REQUIRE(cache.find(peer_number(1), hash, query(3)) != nullptr);
    CHECK(cache.find(peer_number(1), hash, query(3))->size() == 1092);
    cache.remember(peer_number(1), hash, query(4), {});  // no results, but a query
    CHECK(cache.find(peer_number(1), hash, query(4)) == nullptr);

    // As it comes over the air: 5,000 attributes, each found, none remembered.
    Connection script{cache};
    REQUIRE_FALSE(script.call(&Client::discover_descriptors, handle(0), handle(5000)));
    script.drain();
    script.peer(hash_a);
    for (std::uint16_t at = 1; at <= 5000; ++at) {
        const std::uint8_t pdu[]{
            0x05, 0x01, static_cast<std::uint8_t>(at), static_cast<std::uint8_t>(at >> 8),
            0x02, 0x29};
        REQUIRE(script.peer(to_hex(pdu)).size() == 2);
    }
    REQUIRE_FALSE(script.call(&Client::discover_descriptors, handle(0), handle(5000)));
    CHECK(script.drain() == Lines{"send 0401008813"});
}
