// SPDX-License-Identifier: MIT
//
// An enhanced bearer that ends while its client goes on, on another bearer (Vol 3 Part F 3.2.11).
#include <doctest/doctest.h>

#include <optional>
#include <utility>
#include <vector>

#include "tests/att/server_peer.hpp"

using namespace bluetooth;
using namespace bluetooth::att;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

/// The client's second bearer, beside the unenhanced one of `peer`.
struct EnhancedBearer {
    explicit EnhancedBearer(ServerPeer& of) : peer(of), session(of.server, of.client, bearer) {}

    void receive(const char* pdu) {
        peer.server.receive(peer.ctx(), session, hex(pdu));
        peer.drain();
    }
    /// The channel has gone: nothing more is sent on it, whatever its timer says.
    void end() {
        peer.server.on_disconnected(peer.ctx(), session);
        peer.drain();
        peer.sent.clear();
        CHECK(peer.pool.available() == peer.pool.size());
        peer.now += 60s;
        peer.server.on_timer(peer.ctx(), session);
        peer.server.on_buffers_available(peer.ctx(), session);
        receive("0a 03 00");
        CHECK(peer.sent.empty());
    }

    ServerPeer& peer;
    Bearer bearer{std::uint16_t{64}};
    ServerSession session;
};

/// The client is still known by what it did on both bearers, and is answered on this one.
void check_goes_on(ServerPeer& peer) {
    CHECK_FALSE(peer.bearer.closed());
    CHECK_FALSE(peer.closed.has_value());
    CHECK(peer.send("0a 06 00") == hex("0b 01 00"));
    CHECK(peer.send("0a 07 00") == hex("0b 52 61 74 65"));
    peer.sent.clear();
    REQUIRE_FALSE(peer.server.notify(peer.ctx(), peer.session, Handle{5}));
    peer.drain();
    CHECK(peer.sent == std::vector<Octets>{hex("1b 05 00 06 48")});
    CHECK(peer.pool.available() == peer.pool.size());
}

}  // namespace

TEST_CASE("att server attacks: A22: an invalid request, then the end of its enhanced bearer") {
    struct Invalid {
        const char* request;
        const char* response;
    };
    const Invalid cases[] = {
        {"3e", "01 3e 00 00 06"},                    // no such request
        {"02 40 00", "01 02 00 00 06"},              // not on an enhanced bearer (3.4.2.1)
        {"0a", "01 0a 00 00 04"},                    // without its handle
        {"0a 03 00 00", "01 0a 00 00 04"},           // longer than it is
        {"0a 00 00", "01 0a 00 00 01"},              // handle 0
        {"04 05 00 01 00", "01 04 05 00 01"},        // start behind end
        {"18 02", "01 18 00 00 04"},                 // no such flag
        {"12 07 00 aa", "01 12 07 00 03"},           // not writable
        {"10 01 00 ff ff 03 28", "01 10 01 00 10"},  // not a group type
    };
    for (const Invalid& invalid : cases) {
        CAPTURE(invalid.request);
        HeartRateServer server;
        ServerPeer peer{server};
        EnhancedBearer enhanced{peer};
        enhanced.receive("12 06 00 01 00");
        peer.sent.clear();
        enhanced.receive(invalid.request);
        CHECK(peer.sent == std::vector<Octets>{hex(invalid.response)});
        enhanced.end();
        check_goes_on(peer);
    }
}

TEST_CASE("att server attacks: A22: ...at once, its response not even sent") {
    HeartRateServer server;
    ServerPeer peer{server};
    EnhancedBearer enhanced{peer};
    enhanced.receive("12 06 00 01 00");
    server.receive(peer.ctx(), enhanced.session, hex("3e"));
    CHECK(peer.out.size() == 1);
    CHECK(peer.pool.available() == peer.pool.size() - 1);  // in the response
    enhanced.end();
    check_goes_on(peer);
}

TEST_CASE("att server attacks: A22: ...while the response waits for a buffer") {
    HeartRateServer server;
    ServerPeer peer{server};
    EnhancedBearer enhanced{peer};
    enhanced.receive("12 06 00 01 00");
    std::vector<Buffer> taken;
    while (Buffer buffer = peer.pool.acquire()) taken.push_back(std::move(buffer));
    peer.sent.clear();
    enhanced.receive("3e");
    CHECK(peer.sent.empty());
    server.on_disconnected(peer.ctx(), enhanced.session);
    taken.clear();
    enhanced.end();
    check_goes_on(peer);
}

TEST_CASE("att server attacks: A22: ...in its turn behind a request that the application judges") {
    HeartRateServer server;
    ServerPeer peer{server};
    EnhancedBearer enhanced{peer};
    enhanced.receive("12 06 00 01 00");
    REQUIRE_FALSE(server.indicate(peer.ctx(), enhanced.session, Handle{5}));
    REQUIRE_FALSE(server.indicate(peer.ctx(), enhanced.session, Handle{5}));
    enhanced.receive("16 03 00 00 00 41");
    server.read_events(true);
    enhanced.receive("0a 03 00");
    server.read_events(false);
    REQUIRE(peer.reads.size() == 1);
    enhanced.receive("3e");
    CHECK(peer.pool.available() < peer.pool.size());
    enhanced.end();
    CHECK(peer.indications.size() == 2);
    // The verdict comes too late.
    server.answer_read(peer.ctx(), enhanced.session, peer.reads.front().token, std::nullopt);
    peer.drain();
    CHECK(peer.sent.empty());
    check_goes_on(peer);
}
