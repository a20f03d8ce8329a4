// SPDX-License-Identifier: MIT
//
// A credit-based channel as an Asio stream, between two whole stacks.
#include "bluetooth/l2cap_channel.hpp"

#include <doctest/doctest.h>

#include <array>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/buffered_read_stream.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <memory_resource>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bluetooth/channel_operations.hpp"

using namespace bluetooth;
using namespace bluetooth::test;

// ---- a stream

TEST_CASE("l2cap channel: what async_write sends, async_read gets, both ways at once") {
    ChannelPair pair;
    const auto sent = pattern(100'000);
    std::vector<std::uint8_t> there(sent.size());
    std::vector<std::uint8_t> back(sent.size());
    std::array<Outcome, 4> outcomes;
    asio::async_write(*pair.near.channel, asio::buffer(sent), outcomes[0].handler());
    asio::async_write(*pair.far.channel, asio::buffer(sent), outcomes[1].handler());
    asio::async_read(*pair.near.channel, asio::buffer(back), outcomes[2].handler());
    asio::async_read(*pair.far.channel, asio::buffer(there), outcomes[3].handler());
    pair.run();
    for (const Outcome& outcome : outcomes) CHECK(outcome == success(sent.size()));
    CHECK(there == sent);
    CHECK(back == sent);
    CHECK(pair.near.stray == 0);
    CHECK(pair.far.stray == 0);
}

TEST_CASE("l2cap channel: async_read_until finds a delimiter over the bounds of SDUs") {
    ChannelPair pair;
    Outcome read;
    std::string line;
    asio::async_read_until(*pair.far.channel, asio::dynamic_buffer(line), "\r\n", read.handler());
    send(pair, *pair.near.channel, {"one ", "line\r", "\nand"});
    CHECK(read == success(10));
    CHECK(line == "one line\r\nand");
}

TEST_CASE("l2cap channel: another stream can be layered upon it") {
    ChannelPair pair;
    asio::buffered_read_stream<L2capChannel&> buffered{*pair.far.channel};
    CHECK(&buffered.lowest_layer() == &*pair.far.channel);
    Read first{3};
    asio::async_read(buffered, first.buffer(), first.handler());
    send(pair, *pair.near.channel, {"head", "er"});
    CHECK(first.text() == "hea");
    Read rest{3};
    asio::async_read(buffered, rest.buffer(), rest.handler());
    Outcome written;
    asio::async_write(buffered, as_buffer("answer"), written.handler());
    Read answer{6};
    asio::async_read(*pair.near.channel, answer.buffer(), answer.handler());
    pair.run();
    CHECK(rest.text() == "der");
    CHECK(written == success(6));
    CHECK(answer.text() == "answer");
}

TEST_CASE("l2cap channel: async_read_some takes what there is, and waits for the first octet") {
    ChannelPair pair;
    send(pair, *pair.near.channel, {"ab", "", "cd"});
    Read all{10};
    pair.far.channel->async_read_some(all.buffer(), all.handler());
    pair.run();
    CHECK(all.text() == "abcd");

    Read next{2};
    pair.far.channel->async_read_some(next.buffer(), next.handler());
    send(pair, *pair.near.channel, {""});
    CHECK(next == pending);
    send(pair, *pair.near.channel, {"efg"});
    CHECK(next.text() == "ef");
}

TEST_CASE("l2cap channel: async_read_some fills the first buffer that is not empty") {
    ChannelPair pair;
    send(pair, *pair.near.channel, {"abcd"});
    Read read{3};
    const std::array<asio::mutable_buffer, 3> buffers{asio::mutable_buffer{}, read.buffer(),
                                                      read.buffer()};
    pair.far.channel->async_read_some(buffers, read.handler());
    pair.run();
    CHECK(read.text() == "abc");
}

TEST_CASE("l2cap channel: async_write_some joins buffers into one SDU, up to the peer's MTU") {
    ChannelPair pair{32};
    const std::string body(100, 'x');
    const std::array<asio::const_buffer, 4> buffers{as_buffer("head"), as_buffer(""),
                                                    as_buffer("er "), asio::buffer(body)};
    Outcome written;
    pair.near.channel->async_write_some(buffers, written.handler());
    Read sdu{100};
    pair.far.channel->async_receive(sdu.buffer(), sdu.handler());
    pair.run();
    CHECK(written == success(32));
    CHECK(sdu.text() == "header " + std::string(25, 'x'));

    written = {};
    pair.near.channel->async_write_some(asio::buffer(body), written.handler());
    pair.run();
    CHECK(written == success(32));
}

TEST_CASE("l2cap channel: a sequence of more buffers than fit one write goes on in the next") {
    ChannelPair pair;
    const std::string octets = "abcdefghijklmnopqrstuvwxyz";
    std::vector<asio::const_buffer> buffers;
    for (const char& octet : octets) buffers.emplace_back(&octet, 1);
    Outcome written;
    asio::async_write(*pair.near.channel, buffers, written.handler());
    Read read{octets.size()};
    asio::async_read(*pair.far.channel, read.buffer(), read.handler());
    pair.run();
    CHECK(written == success(octets.size()));
    CHECK(read.text() == octets);
}

TEST_CASE("l2cap channel: reading and writing nothing succeeds at once and sends nothing") {
    ChannelPair pair;
    Outcome read;
    Outcome written;
    Read sdu{10};
    pair.far.channel->async_receive(sdu.buffer(), sdu.handler());
    pair.near.channel->async_read_some(asio::mutable_buffer{}, read.handler());
    pair.near.channel->async_write_some(asio::const_buffer{}, written.handler());
    pair.run();
    CHECK(read == success(0));
    CHECK(written == success(0));
    CHECK(sdu == pending);
}

// ---- whole SDUs

TEST_CASE("l2cap channel: async_send and async_receive keep SDUs whole, empty ones too") {
    ChannelPair pair;
    const std::string longest(512, 'l');
    send(pair, *pair.near.channel, {"a", "", longest, "bc"});
    for (const std::string_view expected : {std::string_view{"a"}, std::string_view{},
                                            std::string_view{longest}, std::string_view{"bc"}}) {
        Read sdu{512};
        pair.far.channel->async_receive(sdu.buffer(), sdu.handler());
        pair.run();
        CHECK(sdu == success(expected.size()));
        CHECK(sdu.text() == expected);
    }
    Read waiting{512};
    pair.far.channel->async_receive(waiting.buffer(), waiting.handler());
    pair.run();
    CHECK(waiting == pending);
    send(pair, *pair.near.channel, {""});
    CHECK(waiting == success(0));
}

TEST_CASE("l2cap channel: of an SDU that does not fit its buffer the rest is dropped") {
    ChannelPair pair;
    send(pair, *pair.near.channel, {"abcdef", "next"});
    Read cut{4};
    pair.far.channel->async_receive(cut.buffer(), cut.handler());
    pair.run();
    CHECK(cut == ended(asio::error::message_size, 4));
    CHECK(cut.text() == "abcd");
    Read next{4};
    pair.far.channel->async_receive(next.buffer(), next.handler());
    pair.run();
    CHECK(next == success(4));
    CHECK(next.text() == "next");
}

TEST_CASE("l2cap channel: async_receive takes the rest of an SDU that was read in part") {
    ChannelPair pair;
    send(pair, *pair.near.channel, {"abcdef"});
    Read part{2};
    pair.far.channel->async_read_some(part.buffer(), part.handler());
    pair.run();
    Read rest{10};
    pair.far.channel->async_receive(rest.buffer(), rest.handler());
    pair.run();
    CHECK(rest == success(4));
    CHECK(rest.text() == "cdef");
}

TEST_CASE("l2cap channel: an SDU longer than the peer's MTU is not sent") {
    ChannelPair pair{32};
    const std::string sdu(33, 'x');
    Outcome sent;
    pair.near.channel->async_send(asio::buffer(sdu), sent.handler());
    CHECK(sent == pending);  // not inside the call
    Read received{100};
    pair.far.channel->async_receive(received.buffer(), received.handler());
    pair.run();
    CHECK(sent == ended(asio::error::message_size));
    CHECK(received == pending);
}

// ---- back-pressure

TEST_CASE("l2cap channel: writing waits for the peer's credits, which reading gives") {
    ChannelPair pair{64, {.mps = 64, .credits = 3}};
    Outcome waiting;
    const std::size_t before = fill(pair, *pair.near.channel, waiting);
    CHECK(before > 0);
    Read read{before + 64};
    asio::async_read(*pair.far.channel, read.buffer(), read.handler());
    pair.run();
    CHECK(waiting == success(64));
    CHECK(read == success(before + 64));
}

TEST_CASE("l2cap channel: a cancelled write that waits for credits is sent, and the next follows") {
    ChannelPair pair{64, {.mps = 64, .credits = 3}};
    Outcome waiting;
    const std::size_t before = fill(pair, *pair.near.channel, waiting);
    pair.near.channel->cancel();
    pair.run();
    CHECK(waiting == ended(aborted, 64));  // it had been taken
    Outcome next;
    pair.near.channel->async_send(as_buffer("next"), next.handler());
    pair.run();
    CHECK(next == pending);
    pair.near.channel->cancel();
    pair.run();
    CHECK(next == ended(aborted, 0));  // it had not
    Outcome last;
    pair.near.channel->async_send(as_buffer("last"), last.handler());
    pair.run();
    CHECK(last == pending);

    Read read{before + 64 + 4};
    asio::async_read(*pair.far.channel, read.buffer(), read.handler());
    pair.run();
    CHECK(last == success(4));
    REQUIRE(read == success(before + 64 + 4));
    CHECK(read.text().substr(before + 64) == "last");
}

TEST_CASE("l2cap channel: closing loses nothing of what was written") {
    ChannelPair pair;
    const auto sent = pattern(20'000);
    std::vector<std::uint8_t> got;
    Outcome written;
    Outcome read;
    asio::async_write(*pair.near.channel, asio::buffer(sent),
                      [&](const error_code& error, std::size_t count) {
                          written = {true, error, count};
                          pair.near.channel->close();
                      });
    asio::async_read(*pair.far.channel, asio::dynamic_buffer(got), read.handler());
    pair.run();
    CHECK(written == success(sent.size()));
    CHECK(read == ended(asio::error::eof, sent.size()));
    CHECK(got == sent);
}

// ---- how handlers are called

namespace {
class CountingResource final : public std::pmr::memory_resource {
public:
    int held = 0;
    int allocations = 0;

private:
    void* do_allocate(std::size_t size, std::size_t alignment) override {
        ++held, ++allocations;
        return std::pmr::new_delete_resource()->allocate(size, alignment);
    }
    void do_deallocate(void* memory, std::size_t size, std::size_t alignment) override {
        --held;
        std::pmr::new_delete_resource()->deallocate(memory, size, alignment);
    }
    bool do_is_equal(const memory_resource& other) const noexcept override {
        return this == &other;
    }
};
}  // namespace

TEST_CASE("l2cap channel: handlers run on their own executor, and wait in their own memory") {
    ChannelPair pair;
    asio::io_context other;
    CountingResource memory;
    Read read{10};
    pair.far.channel->async_read_some(
        read.buffer(),
        asio::bind_executor(
            other.get_executor(),
            asio::bind_allocator(std::pmr::polymorphic_allocator<char>{&memory}, read.handler())));
    CHECK(memory.allocations > 0);
    send(pair, *pair.near.channel, {"data"});
    CHECK(read == pending);
    other.run();
    CHECK(read == success(4));
    CHECK(memory.held == 0);
}

TEST_CASE("l2cap channel: a handler may start the next operation, or destroy the channel") {
    ChannelPair pair;
    send(pair, *pair.near.channel, {"one", "two"});
    Read first{3};
    Read second{3};
    pair.far.channel->async_read_some(first.buffer(), [&](const error_code& ec, std::size_t n) {
        first.handler()(ec, n);
        pair.far.channel->async_read_some(second.buffer(),
                                          [&](const error_code& error, std::size_t count) {
                                              second.handler()(error, count);
                                              pair.far.channel.reset();
                                          });
    });
    pair.run();
    CHECK(first.text() == "one");
    CHECK(second.text() == "two");
    CHECK(pair.near.ended);
}

TEST_CASE("l2cap channel: an exception that leaves a handler comes out of the io_context") {
    ChannelPair pair;
    const auto handler = [](const error_code&, std::size_t) { throw std::runtime_error{"mine"}; };
    pair.near.channel->async_send(as_buffer("data"), handler);
    CHECK_THROWS_WITH(pair.run(), "mine");
    pair.near.channel->async_send(as_buffer("data"),
                                  asio::bind_executor(pair.context.get_executor(), handler));
    CHECK_THROWS_WITH(pair.run(), "mine");
    send(pair, *pair.near.channel, {"goes on"});
}

// ---- coroutines

namespace {
asio::awaitable<void> echo(L2capChannel channel) {
    std::array<char, 64> sdu;
    try {
        for (;;) {
            const std::size_t size =
                co_await channel.async_receive(asio::buffer(sdu), asio::use_awaitable);
            co_await channel.async_send(asio::buffer(sdu.data(), size), asio::use_awaitable);
        }
    } catch (const system_error& end) {
        CHECK(end.code() == asio::error::eof);
    }
}
asio::awaitable<std::string> converse(L2capChannel channel) {
    std::string heard;
    for (const std::string_view said : {"one", "", "three"}) {
        std::array<char, 64> sdu;
        co_await asio::async_write(channel, as_buffer("<"), asio::use_awaitable);
        co_await channel.async_send(as_buffer(said), asio::use_awaitable);
        for (int i = 0; i < 2; ++i)
            heard.append(sdu.data(),
                         co_await channel.async_receive(asio::buffer(sdu), asio::use_awaitable));
    }
    co_return heard;
}
}  // namespace

TEST_CASE("l2cap channel: coroutines talk over it") {
    ChannelPair pair;
    std::string heard;
    bool echo_ended = false;
    asio::co_spawn(pair.context, echo(std::move(*pair.far.channel)),
                   [&](std::exception_ptr failure) { echo_ended = !failure; });
    asio::co_spawn(pair.context, converse(std::move(*pair.near.channel)),
                   [&](std::exception_ptr failure, std::string result) {
                       CHECK(!failure);
                       heard = std::move(result);
                   });
    pair.run();
    CHECK(heard == "<one<<three");
    CHECK(echo_ended);
}
