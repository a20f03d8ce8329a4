// SPDX-License-Identifier: MIT
//
// When a client has to look again whether what it remembers of a peer still holds: how long a
// Database Hash is good for, and what tells of changes (Vol 3 Part G 2.5.2, 7.1, 7.3).
#include <doctest/doctest.h>

#include <optional>

#include "tests/gatt/client_cache.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;
using bluetooth::gatt::Client;
using bluetooth::gatt::DiscoveryCache;
using bluetooth::gatt::ServiceType;
using bluetooth::gatt::Subscription;

namespace {

/// Subscribes to the value at handle 3.
void subscribe(Connection& script, Subscription subscription) {
    REQUIRE_FALSE(script.call(&Client::subscribe, handle(3), subscription));
    script.drain();
    script.peer("05 01 | 04 00 02 29");
    REQUIRE(script.peer("13") == Lines{"subscribe done 0003 by 0004: ok"});
}

}  // namespace

TEST_CASE("gatt cache: discoveries within a second of the hash cost one read of it together") {
    DiscoveryCache cache;
    Connection{cache}.learn();
    Connection again{cache};
    CHECK(again.services() == Lines{read_hash});
    CHECK(again.wait(5s) == Lines{});  // the second begins with the answer
    CHECK(again.peer(hash_a) == known_service);
    CHECK(again.characteristics() == known_characteristic);
    CHECK(again.wait(999ms) == Lines{});
    CHECK(again.characteristics() == known_characteristic);
    REQUIRE_FALSE(again.call(&Client::discover_services, std::nullopt, ServiceType::secondary));
    CHECK(again.drain() == Lines{"send 100100ffff0128"});
    CHECK(again.peer("01 10 01 00 0a") == Lines{"services done: ok"});
    CHECK(again.wait(1ms) == Lines{});
    CHECK(again.characteristics() == Lines{read_hash});
    SUBCASE("which may have stayed the same") { CHECK(again.peer(hash_a) == known_characteristic); }
    SUBCASE("or not") {
        CHECK(again.peer(hash_b) == Lines{"send 08010009000328"});
        CHECK(again.services() == Lines{});  // waits for the other one, and then is asked as well
        CHECK(again.peer("01 08 01 00 0a") ==
              Lines{"characteristics done: ok", "send 100100ffff0028"});
    }
}

TEST_CASE("gatt cache: whoever subscribed to Service Changed need not read the hash again") {
    DiscoveryCache cache;
    Connection script{cache};
    script.learn();
    SUBCASE("but once, for what changed before") {
        subscribe(script, Subscription::indications);
        CHECK(script.characteristics() == Lines{read_hash});
        CHECK(script.peer(hash_a) == known_characteristic);
        CHECK(script.wait(1h) == Lines{});
        CHECK(script.characteristics() == known_characteristic);
        CHECK(script.services() == known_service);
        SUBCASE("until it is indicated") {
            CHECK(script.peer("1d 03 00 01 00 ff ff").size() == 1);
            CHECK(script.characteristics() == Lines{read_hash});
        }
        SUBCASE("until the subscription ends") {
            subscribe(script, Subscription::none);
            CHECK(script.characteristics() == Lines{read_hash});
            CHECK(script.peer(hash_a) == known_characteristic);
            CHECK(script.wait(1s) == Lines{});
            CHECK(script.characteristics() == Lines{read_hash});
        }
        SUBCASE("until the value turns out to be elsewhere") {
            cache.service_changed_is(peer_number(1), handle(7));
            CHECK(script.characteristics() == Lines{read_hash});
        }
        SUBCASE("on that connection") {
            Connection next{cache};
            CHECK(next.services() == Lines{read_hash});
            CHECK(next.peer(hash_a) == known_service);
            CHECK(next.wait(1s) == Lines{});
            CHECK(next.services() == Lines{read_hash});
        }
    }
    SUBCASE("to notifications and indications") {
        subscribe(script, Subscription::both);
        script.services();
        script.peer(hash_a);
        CHECK(script.wait(1h) == Lines{});
        CHECK(script.services() == known_service);
    }
    SUBCASE("to indications, not to notifications, which it has none of") {
        subscribe(script, Subscription::notifications);
        script.services();
        script.peer(hash_a);
        CHECK(script.wait(1s) == Lines{});
        CHECK(script.services() == Lines{read_hash});
    }
    SUBCASE("with success") {
        REQUIRE_FALSE(script.call(&Client::subscribe, handle(3), Subscription::indications));
        script.drain();
        script.peer("05 01 | 04 00 02 29");
        CHECK(script.peer("01 12 04 00 05").size() == 1);
        script.services();
        script.peer(hash_a);
        CHECK(script.wait(1s) == Lines{});
        CHECK(script.services() == Lines{read_hash});
    }
    SUBCASE("to that value and no other one") {
        REQUIRE_FALSE(script.call(&Client::subscribe, handle(5), Subscription::indications));
        script.drain();
        script.peer("05 01 | 06 00 02 29");
        REQUIRE(script.peer("13") == Lines{"subscribe done 0005 by 0006: ok"});
        CHECK(script.wait(1s) == Lines{});
        CHECK(script.services() == Lines{read_hash});
    }
}

TEST_CASE("gatt cache: an indication of Service Changed makes the client look again") {
    DiscoveryCache cache;
    Connection learner{cache};
    SUBCASE("on the connection that discovered it") {
        learner.learn();
        CHECK(learner.peer("1d 03 00 01 00 ff ff") == Lines{"indicated 0003 0100ffff"});
        CHECK(learner.characteristics() == Lines{read_hash});
        CHECK(learner.peer(hash_a) == Lines{"send 08010009000328"});
    }
    SUBCASE("on a later connection, before anything else") {
        learner.learn();
        Connection again{cache};
        CHECK(again.peer("1d 03 00 01 00 ff ff") == Lines{"indicated 0003 0100ffff"});
        CHECK(again.services() == Lines{read_hash});
        CHECK(again.peer(hash_a) == Lines{"send 100100ffff0028"});
        // The handle is known still.
        CHECK(again.peer("01 10 01 00 0a") == Lines{"services done: ok"});
        CHECK(again.peer("1d 03 00 01 00 ff ff").size() == 1);
        CHECK(again.characteristics() == Lines{read_hash});
    }
    SUBCASE("but indications of other values do not") {
        learner.learn();
        CHECK(learner.peer("1d 04 00 01 00 ff ff").size() == 1);
        CHECK(learner.characteristics() == known_characteristic);
    }
    SUBCASE("and what was being discovered is not remembered") {
        learner.learn();
        CHECK(learner.services(UUID{0x180f}) == Lines{"send 060100ffff00280f18"});
        CHECK(learner.peer("1d 03 00 01 00 ff ff").size() == 1);
        CHECK(learner.peer("01 06 01 00 0a") == Lines{"services done: ok"});
        CHECK(learner.services(UUID{0x180f}) == Lines{read_hash});
        CHECK(learner.peer(hash_a) == Lines{"send 060100ffff00280f18"});
    }
    SUBCASE("and a hash that was being read is not trusted") {
        learner.learn();
        CHECK(learner.wait(1s) == Lines{});
        CHECK(learner.services() == Lines{read_hash});
        CHECK(learner.peer("1d 03 00 01 00 ff ff").size() == 1);
        CHECK(learner.peer(hash_a) == Lines{"send 100100ffff0028"});
        CHECK(learner.peer("01 10 01 00 0a") == Lines{"services done: ok"});
        CHECK(learner.characteristics() == Lines{read_hash});
    }
    SUBCASE("on whichever bearer it comes") {
        learner.learn();
        Connection other_bearer{cache};
        CHECK(other_bearer.services() == Lines{read_hash});
        CHECK(other_bearer.peer(hash_a) == known_service);
        CHECK(learner.peer("1d 03 00 01 00 ff ff").size() == 1);
        CHECK(other_bearer.characteristics() == Lines{"send 08010009000328"});
    }
}

TEST_CASE("gatt cache: while Service Changed is not known, any value of its size may be it") {
    DiscoveryCache cache;
    Connection script{cache};
    REQUIRE(script.services() == Lines{read_hash});
    REQUIRE(script.peer(hash_a) == Lines{"send 100100ffff0028"});
    const auto indicate = [&] {
        REQUIRE(script.peer("1d 0c 00 01 00 ff ff") == Lines{"indicated 000c 0100ffff"});
    };
    const char* const one_service = "11 06 01 00 ff ff 01 18";
    SUBCASE("the hash is read again") {
        CHECK(script.peer(one_service) == known_service);
        indicate();
        CHECK(script.services() == Lines{read_hash});
        SUBCASE("and nothing has changed") { CHECK(script.peer(hash_a) == known_service); }
        SUBCASE("and the database has") {
            CHECK(script.peer(hash_b) == Lines{"send 100100ffff0028"});
        }
        SUBCASE("twice if it comes in between") {
            indicate();
            CHECK(script.peer(hash_a) == Lines{"send 100100ffff0028"});
            CHECK(script.peer(one_service) == known_service);
            CHECK(script.services() == Lines{read_hash});
        }
    }
    SUBCASE("what is being discovered is not remembered") {
        indicate();
        CHECK(script.peer(one_service) == known_service);
        CHECK(script.services() == Lines{read_hash});
        CHECK(script.peer(hash_a) == Lines{"send 100100ffff0028"});
    }
    SUBCASE("values of other sizes mean nothing") {
        CHECK(script.peer(one_service) == known_service);
        for (const char* other : {"1d 0c 00", "1d 0c 00 01 00 ff", "1d 0c 00 01 00 ff ff 00"})
            CHECK(script.peer(other).size() == 1);
        CHECK(script.services() == known_service);
    }
}

TEST_CASE(
    "gatt cache: any request that ends with Database Out Of Sync makes the client look again") {
    DiscoveryCache cache;
    Connection script{cache};
    script.learn();
    REQUIRE_FALSE(script.call(&Client::read, handle(3)));
    script.drain();
    CHECK(script.peer("01 0a 03 00 12") == Lines{"read done 0003: database out of sync"});
    CHECK(script.characteristics() == Lines{read_hash});
    CHECK(script.peer(hash_a) == Lines{"send 08010009000328"});
    // Also when it is the discovery itself.
    CHECK(script.peer("01 08 01 00 12") == Lines{"characteristics done: database out of sync"});
    CHECK(script.characteristics() == Lines{read_hash});
}
