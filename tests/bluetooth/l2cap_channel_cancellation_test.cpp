// SPDX-License-Identifier: MIT
//
// Operations on a channel that is an Asio stream: one of each kind, and how they are cancelled.
#include <doctest/doctest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/read.hpp>
#include <string_view>

#include "bluetooth/l2cap_channel.hpp"
#include "tests/bluetooth/channel_operations.hpp"

using namespace bluetooth;
using namespace bluetooth::test;

namespace {

const std::string_view sdu = "an SDU that takes the credit";

/// A write that `stop` cancels.
void write(ChannelPair& pair, Outcome& outcome, asio::cancellation_signal& stop) {
    outcome = {};
    pair.near.channel->async_write_some(
        as_buffer(sdu), asio::bind_cancellation_slot(stop.slot(), outcome.handler()));
    pair.run();
}
/// Such writes, until one has to wait for credits; returns how many octets they have taken.
std::size_t fill(ChannelPair& pair, Outcome& waiting, asio::cancellation_signal& stop) {
    std::size_t total = 0;
    do {
        write(pair, waiting, stop);
        total += sdu.size();
    } while (waiting.done);
    return total;
}

}  // namespace

TEST_CASE("l2cap channel: a second operation of the same kind is refused, the first goes on") {
    ChannelPair pair{64, {.mps = 64, .credits = 3}};
    Read first{10};
    Read second{10};
    pair.far.channel->async_read_some(first.buffer(), first.handler());
    pair.far.channel->async_receive(second.buffer(), second.handler());
    CHECK(second == pending);  // not inside the call
    pair.run();
    CHECK(second == ended(make_error(errc::already_in_progress)));
    send(pair, *pair.near.channel, {"data"});
    CHECK(first.text() == "data");

    Outcome waiting;
    Outcome refused;
    fill(pair, *pair.near.channel, waiting);
    pair.near.channel->async_send(as_buffer("data"), refused.handler());
    pair.run();
    CHECK(refused == ended(make_error(errc::already_in_progress)));
    CHECK(waiting == pending);
}

TEST_CASE("l2cap channel: cancel ends what is pending and nothing else") {
    ChannelPair pair;
    Read read{10};
    pair.far.channel->async_read_some(read.buffer(), read.handler());
    pair.far.channel->cancel();
    CHECK(read == pending);  // not inside the call
    pair.run();
    CHECK(read == ended(aborted));
    pair.far.channel->cancel();  // harmless

    Read again{10};
    pair.far.channel->async_read_some(again.buffer(), again.handler());
    send(pair, *pair.near.channel, {"data"});
    CHECK(again.text() == "data");
}

TEST_CASE("l2cap channel: each operation can be cancelled by itself, by every type") {
    for (const auto type : {asio::cancellation_type::terminal, asio::cancellation_type::partial,
                            asio::cancellation_type::total}) {
        ChannelPair pair{64, {.mps = 64, .credits = 3}};
        asio::cancellation_signal stop_reading;
        asio::cancellation_signal stop_writing;
        Outcome full;
        fill(pair, *pair.near.channel, full);
        pair.near.channel->cancel();
        Outcome write;
        Read read{10};
        pair.near.channel->async_send(
            as_buffer("data"), asio::bind_cancellation_slot(stop_writing.slot(), write.handler()));
        pair.near.channel->async_read_some(
            read.buffer(), asio::bind_cancellation_slot(stop_reading.slot(), read.handler()));

        stop_writing.emit(asio::cancellation_type::none);
        pair.run();
        CHECK(write == pending);
        stop_writing.emit(type);
        pair.run();
        CHECK(write == ended(aborted));
        CHECK(read == pending);
        stop_reading.emit(type);
        stop_reading.emit(type);  // once is enough
        pair.run();
        CHECK(read == ended(aborted));

        Read next{10};
        pair.near.channel->async_read_some(next.buffer(), next.handler());
        stop_reading.emit(type);  // belongs to an operation that has ended
        send(pair, *pair.far.channel, {"data"});
        CHECK(next.text() == "data");
    }
}

TEST_CASE("l2cap channel: what a write has done is not undone: `total` alone does not end it") {
    using asio::cancellation_type;
    for (const auto type : {cancellation_type::terminal, cancellation_type::partial,
                            cancellation_type::total | cancellation_type::partial}) {
        ChannelPair pair{64, {.mps = 64, .credits = 3}};
        asio::cancellation_signal stop;
        Outcome taken;
        fill(pair, taken, stop);
        stop.emit(cancellation_type::total);
        pair.run();
        CHECK(taken == pending);
        stop.emit(type);
        pair.run();
        CHECK(taken == ended(aborted, sdu.size()));

        // The next one is not taken while that SDU waits: it has had no effect.
        Outcome next;
        write(pair, next, stop);
        CHECK(next == pending);
        stop.emit(cancellation_type::total);
        pair.run();
        CHECK(next == ended(aborted));
    }
}

TEST_CASE("l2cap channel: a write that ignored a cancellation ends as if there had been none") {
    ChannelPair pair{64, {.mps = 64, .credits = 3}};
    asio::cancellation_signal stop;
    Outcome waiting;
    const std::size_t total = fill(pair, waiting, stop);
    stop.emit(asio::cancellation_type::total);
    Read read{total};
    asio::async_read(*pair.far.channel, read.buffer(), read.handler());
    pair.run();
    CHECK(waiting == success(sdu.size()));
    CHECK(read == success(total));
}
