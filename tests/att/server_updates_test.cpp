// SPDX-License-Identifier: MIT
//
// Notifications, indications and who subscribes to them (Vol 3 Part F 3.4.7).
#include <doctest/doctest.h>

#include <array>

#include "tests/att/server_peer.hpp"

using namespace bluetooth;
using namespace bluetooth::att;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

constexpr Handle rate{5};

struct Updates : ServerPeer {
    using ServerPeer::ServerPeer;
    error_code notify(Handle handle, std::optional<Bytes> value = std::nullopt) {
        const error_code error = server.notify(ctx(), session, handle, value);
        drain();
        return error;
    }
    error_code indicate(Handle handle, std::optional<Bytes> value = std::nullopt) {
        const error_code error = server.indicate(ctx(), session, handle, value);
        drain();
        return error;
    }
    error_code update(Handle handle) {
        const error_code error = server.send_update(ctx(), session, handle);
        drain();
        return error;
    }
};

}  // namespace

TEST_CASE("att server: a notification carries the given or the stored value") {
    HeartRateServer server;
    Updates peer{server};
    CHECK_FALSE(peer.notify(rate));
    CHECK_FALSE(peer.notify(rate, Bytes::of("AB")));
    CHECK_FALSE(peer.notify(rate, Bytes{}));
    CHECK(peer.sent ==
          std::vector<Octets>{hex("1b 05 00 06 48"), hex("1b 05 00 41 42"), hex("1b 05 00")});
    CHECK(server.value(5) == hex("06 48"));
}

TEST_CASE("att server: updates are cut to ATT_MTU - 3") {
    HeartRateServer server;
    Updates peer{server};
    const Octets value(50, 0x41);
    CHECK_FALSE(peer.notify(rate, Bytes{value}));
    CHECK_FALSE(peer.indicate(rate, Bytes{value}));
    REQUIRE(peer.sent.size() == 2);
    CHECK(peer.sent[0].size() == 23);
    CHECK(peer.sent[1].size() == 23);
}

TEST_CASE("att server: only characteristic values are notified or indicated") {
    HeartRateServer server;
    Updates peer{server};
    for (const Handle handle : {Handle{0x0000}, Handle{0x0004}, Handle{0x0006}, Handle{0x0007},
                                Handle{0x0011}, Handle{0xffff}}) {
        CHECK(peer.notify(handle, Bytes{}) == errc::invalid_argument);
        CHECK(peer.indicate(handle, Bytes{}) == errc::invalid_argument);
        CHECK(peer.update(handle) == errc::invalid_argument);
    }
    CHECK(peer.sent.empty());
}

TEST_CASE("att server: without a free buffer an update is refused") {
    HeartRateServer server;
    Updates peer{server, 1};
    {
        const Buffer taken = peer.pool.acquire();
        CHECK(peer.notify(rate) == errc::no_buffers);
        CHECK(peer.indicate(rate) == errc::no_buffers);
    }
    CHECK_FALSE(peer.notify(rate));
}

TEST_CASE("att server: one indication is on the air, the others follow with the values of then") {
    HeartRateServer server;
    Updates peer{server};
    CHECK_FALSE(peer.indicate(rate, Bytes::of("1")));
    CHECK_FALSE(peer.indicate(Handle{3}));
    server.attribute(Handle{3})->value.clear();
    CHECK(peer.sent == std::vector<Octets>{hex("1d 05 00 31")});
    CHECK_FALSE(peer.notify(rate, Bytes::of("n")));  // overtakes
    CHECK(peer.send("1e") == hex("1d 03 00 48 65 6c 6c 6f"));
    CHECK(peer.send("1e").empty());
    REQUIRE(peer.indications.size() == 2);
    CHECK(peer.indications[0].handle == rate);
    CHECK(peer.indications[1].handle == Handle{3});
    CHECK_FALSE(peer.indications[0].error);
    CHECK_FALSE(peer.indications[1].error);
}

TEST_CASE("att server: confirmations nobody waits for, and malformed ones, change nothing") {
    HeartRateServer server;
    Updates peer{server};
    CHECK(peer.send("1e").empty());
    CHECK_FALSE(peer.indicate(rate));
    CHECK(peer.send("1e 00").empty());
    CHECK(peer.indications.empty());
    peer.send("1e");
    CHECK(peer.indications.size() == 1);
}

TEST_CASE("att server: a confirmation is heard while a request waits for the application") {
    HeartRateServer server;
    Updates peer{server};
    peer.answer_writes_at_once = false;
    CHECK_FALSE(peer.indicate(rate));
    peer.send("12 03 00 41");
    peer.send("1e");
    CHECK(peer.indications.size() == 1);
}

TEST_CASE("att server: the queue of indications is bounded") {
    HeartRateServer server{{.pending_indications = 3}};
    Updates peer{server};
    for (int i = 0; i < 3; ++i) CHECK_FALSE(peer.indicate(rate));
    CHECK(peer.indicate(rate) == errc::no_buffers);
    peer.send("1e");
    CHECK_FALSE(peer.indicate(rate));
}

TEST_CASE("att server: 30 s without a confirmation fail all indications and the bearer") {
    HeartRateServer server;
    Updates peer{server};
    CHECK_FALSE(peer.indicate(rate));
    CHECK_FALSE(peer.indicate(rate));
    peer.advance(29'999ms);
    CHECK(peer.indications.empty());
    peer.advance(1ms);
    REQUIRE(peer.indications.size() == 2);
    CHECK(peer.indications[0].error == errc::timed_out);
    CHECK(peer.indications[1].error == errc::timed_out);
    REQUIRE(peer.closed.has_value());
    CHECK(*peer.closed == errc::timed_out);
    CHECK(peer.notify(rate) == errc::not_connected);
    CHECK(peer.indicate(rate) == errc::not_connected);
    CHECK(peer.send("0a 03 00").empty());
}

TEST_CASE("att server: disconnecting fails what is pending, each once") {
    HeartRateServer server;
    Updates peer{server};
    CHECK_FALSE(peer.indicate(rate));
    CHECK_FALSE(peer.indicate(Handle{3}));
    server.on_disconnected(peer.ctx(), peer.session);
    peer.drain();
    REQUIRE(peer.indications.size() == 2);
    CHECK(peer.indications[0].handle == rate);
    CHECK(peer.indications[1].error == errc::not_connected);
}

TEST_CASE("att server: an update goes out as the client subscribed") {
    HeartRateServer server;
    Updates peer{server};
    CHECK_FALSE(peer.update(rate));
    CHECK(peer.sent.empty());
    peer.send("12 06 00 01 00");
    peer.sent.clear();
    CHECK_FALSE(peer.update(rate));
    CHECK(peer.sent == std::vector<Octets>{hex("1b 05 00 06 48")});
    peer.send("12 06 00 02 00");
    peer.sent.clear();
    CHECK_FALSE(peer.update(rate));
    CHECK(peer.sent == std::vector<Octets>{hex("1d 05 00 06 48")});
    peer.send("12 06 00 03 00");
    peer.sent.clear();
    CHECK_FALSE(peer.update(rate));
    CHECK(peer.sent == std::vector<Octets>{hex("1b 05 00 06 48")});
    CHECK_FALSE(peer.update(Handle{3}));  // has no CCCD
    CHECK(peer.sent.size() == 1);
}

TEST_CASE("att server: each change of a subscription is told once") {
    HeartRateServer server;
    ServerPeer peer{server};
    peer.send("12 06 00 01 00");
    peer.send("12 06 00 01 00");
    peer.send("12 06 00 00 00");
    REQUIRE(peer.subscriptions.size() == 2);
    CHECK(peer.subscriptions[0].handle == Handle{5});
    CHECK(peer.subscriptions[0].configuration == 1);
    CHECK(peer.subscriptions[1].configuration == 0);
}

TEST_CASE("att server: an update has 512 octets at most, whatever is stored") {
    HeartRateServer server;
    server.set_rx_mtu(517);
    Updates peer{server};
    peer.send("02 05 02");
    peer.sent.clear();
    server.attribute(rate)->value.assign(600, 0x41);
    CHECK_FALSE(peer.notify(rate));
    CHECK_FALSE(peer.indicate(rate));
    REQUIRE(peer.sent.size() == 2);
    CHECK(peer.sent[0].size() == 3 + 512);
    CHECK(peer.sent[1].size() == 3 + 512);
}

// ---- 3.4.7.4 Multiple Handle Value Notification

namespace {

error_code notify_multiple(ServerPeer& peer, std::span<const HandleValue> values) {
    peer.sent.clear();
    const error_code error = peer.server.notify_multiple(peer.ctx(), peer.session, values);
    peer.drain();
    return error;
}

const std::array three{HandleValue{Handle{3}, Bytes::of("one")},
                       HandleValue{Handle{5}, Bytes::of("")},
                       HandleValue{Handle{9}, Bytes::of("three")}};

}  // namespace

TEST_CASE("att server: several values go in one PDU to a client that takes it") {
    HeartRateServer server;
    ServerPeer peer{server};
    CHECK_FALSE(notify_multiple(peer, three));
    CHECK(peer.sent == std::vector<Octets>{hex("1b 03 00 6f 6e 65"), hex("1b 05 00"),
                                           hex("1b 09 00 74 68 72 65 65")});
    peer.client.set_features(client_feature::multiple_notifications);
    CHECK_FALSE(notify_multiple(peer, three));
    CHECK(peer.sent ==
          std::vector<Octets>{
              hex("23 | 03 00 03 00 6f 6e 65 | 05 00 00 00 | 09 00 05 00 74 68 72 65 65")});
}

TEST_CASE("att server: values that do not fit one PDU go in several, one alone as usual") {
    HeartRateServer server;
    ServerPeer peer{server};
    peer.client.set_features(client_feature::multiple_notifications);
    const std::array values{HandleValue{Handle{3}, Bytes::of("0123456")},
                            HandleValue{Handle{5}, Bytes::of("0123456")},
                            HandleValue{Handle{9}, Bytes::of("01234567")},
                            HandleValue{Handle{3}, Bytes::of("0123456789abcdefghijklmn")}};
    CHECK_FALSE(notify_multiple(peer, values));
    REQUIRE(peer.sent.size() == 3);
    CHECK(peer.sent[0] ==
          hex("23 03 00 07 00 30 31 32 33 34 35 36 05 00 07 00 30 31 32 33 34 35 36"));
    CHECK(peer.sent[1] == hex("1b 09 00 30 31 32 33 34 35 36 37"));
    CHECK(peer.sent[2].size() == 23);
}

TEST_CASE("att server: several values are sent all or not at all") {
    HeartRateServer server;
    ServerPeer peer{server, 2};
    CHECK(notify_multiple(peer, three) == errc::no_buffers);
    CHECK(peer.sent.empty());
    CHECK(notify_multiple(peer, {}) == errc::invalid_argument);
    const std::array wrong{three[0], HandleValue{Handle{4}, Bytes::of("x")}};
    CHECK(notify_multiple(peer, wrong) == errc::invalid_argument);
    CHECK(peer.sent.empty());
}
