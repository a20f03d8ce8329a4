// SPDX-License-Identifier: MIT
//
// What ends the operations on a channel that is an Asio stream.
#include <doctest/doctest.h>

#include <array>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <string_view>

#include "bluetooth/l2cap_channel.hpp"
#include "tests/bluetooth/channel_operations.hpp"

using namespace bluetooth;
using namespace bluetooth::test;

TEST_CASE("l2cap channel: closing aborts what is pending and ends the peer's in order") {
    ChannelPair pair;
    Read here{10};
    Read there{10};
    pair.near.channel->async_read_some(here.buffer(), here.handler());
    pair.far.channel->async_receive(there.buffer(), there.handler());
    pair.near.channel->close();
    CHECK(!pair.near.channel->is_open());
    pair.run();
    CHECK(here == ended(aborted));
    CHECK(there == ended(asio::error::eof));
    CHECK(!pair.far.channel->is_open());
    REQUIRE(pair.near.ended);
    REQUIRE(pair.far.ended);
    CHECK(pair.near.ended->status == 0);
    CHECK(pair.far.ended->status == 0);
    pair.near.channel->close();  // harmless
    pair.far.channel->close();
    pair.run();

    for (L2capChannel* const channel : {&*pair.near.channel, &*pair.far.channel}) {
        Read read{10};
        Outcome write;
        channel->async_read_some(read.buffer(), read.handler());
        channel->async_write_some(as_buffer("data"), write.handler());
        pair.run();
        CHECK(read == ended(make_error(errc::not_connected)));
        CHECK(write == ended(make_error(errc::not_connected)));
    }
}

TEST_CASE("l2cap channel: after the peer has closed, reads get all that it sent, and then eof") {
    ChannelPair pair;
    send(pair, *pair.near.channel, {"abcd", "", "efgh", "", "ij", "kl"});
    pair.near.channel->close();
    pair.run();
    CHECK(!pair.far.channel->is_open());

    Read part{2};
    pair.far.channel->async_read_some(part.buffer(), part.handler());
    pair.run();
    CHECK(part.text() == "ab");
    for (const std::string_view expected : {"cd", "", "efgh", ""}) {
        Read sdu{10};
        pair.far.channel->async_receive(sdu.buffer(), sdu.handler());
        pair.run();
        CHECK(sdu == success(expected.size()));
        CHECK(sdu.text() == expected);
    }
    Read rest{10};
    asio::async_read(*pair.far.channel, rest.buffer(), rest.handler());
    pair.run();
    CHECK(rest == ended(asio::error::eof, 4));
    CHECK(rest.text() == "ijkl");
    Read end{10};
    pair.far.channel->async_receive(end.buffer(), end.handler());
    Outcome write;
    pair.far.channel->async_write_some(as_buffer("data"), write.handler());
    pair.run();
    CHECK(end == ended(asio::error::eof));
    CHECK(write == ended(asio::error::broken_pipe));
}

TEST_CASE("l2cap channel: the peer's end reaches a write that waits for its credits") {
    ChannelPair pair{64, {.mps = 64, .credits = 3}};
    Outcome waiting;
    fill(pair, *pair.near.channel, waiting);
    pair.far.channel->close();
    pair.run();
    CHECK(waiting == ended(asio::error::broken_pipe));
}

TEST_CASE("l2cap channel: it learns of its end before the handler of L2capDisconnect runs") {
    ChannelPair pair;
    bool open = true;
    pair.far.ble->irq([&](const Event& event) {
        if (std::holds_alternative<L2capDisconnect>(event)) open = pair.far.channel->is_open();
    });
    pair.near.channel->close();
    pair.run();
    CHECK(!open);
}

TEST_CASE("l2cap channel: when the link is lost, both directions tell its cause") {
    ChannelPair pair{64, {.mps = 64, .credits = 3}};
    send(pair, *pair.near.channel, {"data"});
    Outcome write;
    fill(pair, *pair.far.channel, write);
    pair.near.ble->gap_disconnect(pair.near.link);
    pair.run();
    REQUIRE(pair.far.ended);
    const error_code cause = pair.far.ended->error;
    CHECK(cause == errc::connection_lost);
    CHECK(write == ended(cause));
    Read read{10};
    asio::async_read(*pair.far.channel, read.buffer(), read.handler());
    pair.run();
    CHECK(read == ended(cause, 4));
    CHECK(read.text() == "data");
}

TEST_CASE("l2cap channel: active(false) ends it as not active, but for what had come") {
    ChannelPair pair;
    send(pair, *pair.near.channel, {"data"});
    Read here{10};
    pair.near.channel->async_read_some(here.buffer(), here.handler());
    pair.near.ble->active(false);
    CHECK(!pair.near.channel->is_open());
    pair.far.ble->active(false);
    Read there{10};
    asio::async_read(*pair.far.channel, there.buffer(), there.handler());
    pair.run();
    CHECK(here == ended(make_error(errc::not_active)));
    CHECK(!pair.near.ended);  // no event is delivered any more
    CHECK(there == ended(make_error(errc::not_active), 4));
    CHECK(there.text() == "data");
}

TEST_CASE("l2cap channel: active(false) and the end of the BLE may come while it is closing") {
    ChannelPair pair;
    pair.near.channel->close();
    pair.near.ble->active(false);
    pair.far.channel.reset();
    pair.far.ble.reset();
    pair.run();
    CHECK(!pair.near.ended);
}

TEST_CASE("l2cap channel: what comes for one that was closed goes nowhere") {
    ChannelPair pair;
    Outcome sent;
    pair.far.channel->async_send(as_buffer("data"), sent.handler());
    pair.near.channel->close();
    pair.run();
    CHECK(sent.done);
    CHECK(pair.near.ended);
    CHECK(pair.near.stray == 0);
}

TEST_CASE("l2cap channel: the BLE may go first") {
    ChannelPair pair;
    Read read{10};
    Outcome write;
    pair.near.channel->async_read_some(read.buffer(), read.handler());
    pair.near.ble.reset();
    CHECK(!pair.near.channel->is_open());
    pair.near.channel->async_write_some(as_buffer("data"), write.handler());
    pair.run();
    CHECK(read == ended(make_error(errc::not_active)));
    CHECK(write == ended(make_error(errc::not_active)));
}

TEST_CASE("l2cap channel: handlers that run after its destruction hear that it was aborted") {
    ChannelPair pair;
    Read read{10};
    Outcome write;
    pair.near.channel->async_read_some(read.buffer(), read.handler());
    pair.near.channel->async_write_some(as_buffer("data"),
                                        write.handler());  // already has succeeded
    pair.near.channel.reset();
    CHECK(read == pending);  // not inside the destructor
    CHECK(write == pending);
    pair.run();
    CHECK(read == ended(aborted));
    CHECK(write == ended(aborted, 4));
    CHECK(pair.far.ended);
}

TEST_CASE("l2cap channel: a composed operation ends when its stream is destroyed in between") {
    ChannelPair pair;
    send(pair, *pair.near.channel, {"data"});
    Read read{10};
    asio::async_read(*pair.far.channel, read.buffer(), read.handler());
    pair.far.channel.reset();  // the first part was read, and its handler is on its way
    pair.run();
    CHECK(read == ended(aborted, 4));
}

TEST_CASE("l2cap channel: what is pending when the io_context ends goes without being called") {
    Read read{10};
    {
        ChannelPair pair;
        pair.far.channel->async_read_some(read.buffer(), read.handler());
        pair.run();
    }
    CHECK(read == pending);
}

TEST_CASE("l2cap channel: completions that are queued when the io_context ends go uncalled too") {
    Read read{10};
    Outcome write;
    Outcome refused;
    {
        ChannelPair pair;
        send(pair, *pair.near.channel, {"data"});
        pair.far.channel->async_read_some(read.buffer(), read.handler());
        pair.far.channel->async_write_some(as_buffer("data"), write.handler());
        pair.near.channel->close();
        pair.near.channel->async_write_some(as_buffer("data"), refused.handler());
        SUBCASE("with their objects there") {}
        SUBCASE("without") { pair.far.channel.reset(); }
    }
    CHECK(read == pending);
    CHECK(write == pending);
    CHECK(refused == pending);
}

TEST_CASE("l2cap channel: wherever an exchange is cut off, its operations end once") {
    using Cut = std::function<void(ChannelPair&)>;
    const std::array<Cut, 5> cuts{[](ChannelPair& pair) { pair.near.channel->close(); },
                                  [](ChannelPair& pair) { pair.far.channel.reset(); },
                                  [](ChannelPair& pair) { pair.near.channel->cancel(); },
                                  [](ChannelPair& pair) { pair.far.ble->active(false); },
                                  [](ChannelPair& pair) { pair.near.ble.reset(); }};
    const auto octets = pattern(300);
    for (const Cut& cut : cuts) {
        bool complete = false;
        for (int steps = 0; !complete; ++steps) {
            ChannelPair pair{64, {.mps = 64, .credits = 2}};
            Outcome write;
            Read read{octets.size()};
            asio::async_write(*pair.near.channel, asio::buffer(octets), write.handler());
            asio::async_read(*pair.far.channel, read.buffer(), read.handler());
            for (int i = 0; i < steps; ++i) pair.context.poll_one();
            complete = read.done && write.done;
            cut(pair);
            pair.run();
            for (auto* const end : {&pair.near, &pair.far})  // what the cut has left waiting
                if (end->channel) end->channel->cancel();
            pair.run();
            CHECK(write.done);
            CHECK(read.done);
            CHECK(read.text() == Bytes{octets}.first(read.count).text());
        }
    }
}

// ---- the object

TEST_CASE("l2cap channel: pending operations move with it, and what is left is closed") {
    ChannelPair pair;
    Read read{10};
    pair.far.channel->async_read_some(read.buffer(), read.handler());
    const auto id = pair.far.channel->id();
    L2capChannel moved{std::move(*pair.far.channel)};
    CHECK(moved.is_open());
    CHECK(moved.id() == id);
    CHECK(moved.connection() == pair.far.link);
    CHECK(moved.get_executor() == pair.far.ble->get_executor());
    send(pair, *pair.near.channel, {"data"});
    CHECK(read.text() == "data");

    L2capChannel& left = *pair.far.channel;
    CHECK(!left.is_open());
    CHECK(left.get_executor() == moved.get_executor());
    std::array<Outcome, 4> outcomes;
    left.async_read_some(read.buffer(), outcomes[0].handler());
    left.async_receive(read.buffer(), outcomes[1].handler());
    left.async_write_some(as_buffer("data"), outcomes[2].handler());
    left.async_send(as_buffer("data"), outcomes[3].handler());
    left.cancel();
    left.close();
    pair.run();
    for (const Outcome& outcome : outcomes)
        CHECK(outcome == ended(make_error(errc::not_connected)));
    CHECK(moved.is_open());
}

TEST_CASE("l2cap channel: assigning closes what was there") {
    ChannelPair one;
    ChannelPair other;
    Read read{10};
    one.near.channel->async_read_some(read.buffer(), read.handler());
    *one.near.channel = std::move(*other.near.channel);
    one.run();
    CHECK(read == ended(aborted));
    CHECK(one.far.ended);
    CHECK(one.near.channel->is_open());
    L2capChannel& same = *one.near.channel;
    *one.near.channel = std::move(same);
    CHECK(one.near.channel->is_open());
    other.near.channel = std::move(*one.near.channel);  // back to where its BLE lives
}

TEST_CASE("l2cap channel: one that does not exist cannot be taken over") {
    ChannelPair pair;
    BLE& ble = *pair.near.ble;
    error_code error;
    L2capChannel no_link{ble, ConnectionHandle{0x0eff}, pair.near.channel->id(), error};
    CHECK(error == errc::not_connected);
    CHECK(!no_link.is_open());
    L2capChannel no_channel{ble, pair.near.link, ChannelId{0x007f}, error};
    CHECK(error == errc::invalid_argument);
    CHECK_THROWS_AS((L2capChannel{ble, pair.near.link, ChannelId{0x007f}}), system_error);
    Read read{10};
    no_channel.async_read_some(read.buffer(), read.handler());
    pair.run();
    CHECK(read == ended(make_error(errc::not_connected)));
}

TEST_CASE("l2cap channel: one that was taken over, or is closing, cannot be taken over again") {
    ChannelPair pair;
    L2capChannel& first = *pair.near.channel;
    error_code error;
    L2capChannel second{*pair.near.ble, pair.near.link, first.id(), error};
    CHECK(error == errc::already_in_progress);
    CHECK(first.is_open());
    CHECK(!second.is_open());
    Read read{10};
    first.async_read_some(read.buffer(), read.handler());
    send(pair, *pair.far.channel, {"data"});
    CHECK(read.text() == "data");
    first.close();
    second = L2capChannel{*pair.near.ble, pair.near.link, first.id(), error};
    CHECK(error == errc::already_in_progress);
    pair.run();
    CHECK(pair.near.ended);
}

TEST_CASE("l2cap channel: one that has ended cannot be taken over, nor can the next by its name") {
    ChannelPair pair;
    const ConnectionHandle link = pair.far.link;
    const ChannelId id = pair.far.channel->id();
    pair.near.channel->close();
    pair.run();
    error_code error;
    const L2capChannel late{*pair.far.ble, link, id, error};
    CHECK(error == errc::invalid_argument);
    CHECK(!late.is_open());
}
