// SPDX-License-Identifier: MIT
//
// A credit-based channel as an Asio stream, between two whole stacks.
#include "bluetooth/l2cap_channel.hpp"

#include <doctest/doctest.h>

#include <array>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/channel_pair.hpp"

using namespace bluetooth;
using bluetooth::test::ChannelPair;

namespace {

const error_code aborted = asio::error::operation_aborted;

/// How an operation has ended.
struct Outcome {
    bool done = false;
    error_code error{};
    std::size_t count = 0;

    /// The completion handler that tells.
    auto handler() {
        return [this](const error_code& ec, std::size_t octets) {
            CHECK(!done);
            *this = {true, ec, octets};
        };
    }
    bool operator==(const Outcome&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
    return outcome.done ? out << outcome.error << ", " << outcome.count : out << "pending";
}
const Outcome pending{};
Outcome ended(error_code error, std::size_t count = 0) { return {true, error, count}; }
Outcome success(std::size_t count) { return ended({}, count); }

/// A read of one buffer.
struct Read : Outcome {
    std::vector<char> memory;

    explicit Read(std::size_t size) : memory(size) {}
    asio::mutable_buffer buffer() { return asio::buffer(memory); }
    std::string_view text() const { return {memory.data(), count}; }
};

asio::const_buffer text(std::string_view text) { return asio::buffer(text); }

std::vector<std::uint8_t> pattern(std::size_t size) {
    std::vector<std::uint8_t> octets(size);
    std::uint32_t state = 1;
    for (auto& octet : octets)
        octet = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
    return octets;
}

/// Sends SDUs and waits until they have arrived.
void send(ChannelPair& pair, L2capChannel& channel, std::initializer_list<std::string_view> sdus) {
    for (const std::string_view sdu : sdus) {
        Outcome sent;
        channel.async_send(text(sdu), sent.handler());
        pair.run();
        REQUIRE(sent == success(sdu.size()));
    }
}

/// Writes until a write has to wait for credits; returns how many octets went before.
std::size_t fill(ChannelPair& pair, L2capChannel& channel, Outcome& waiting) {
    static const auto octets = pattern(64);
    std::size_t total = 0;
    for (;;) {
        waiting = {};
        channel.async_write_some(asio::buffer(octets), waiting.handler());
        pair.run();
        if (!waiting.done) return total;
        REQUIRE(waiting == success(octets.size()));
        total += octets.size();
        REQUIRE(total < 100'000);
    }
}

}  // namespace

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
    const std::array<asio::const_buffer, 4> buffers{text("head"), text(""), text("er "),
                                                    asio::buffer(body)};
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
    pair.near.channel->async_send(text("next"), next.handler());
    pair.run();
    CHECK(next == pending);
    pair.near.channel->cancel();
    pair.run();
    CHECK(next == ended(aborted, 0));  // it had not
    Outcome last;
    pair.near.channel->async_send(text("last"), last.handler());
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

// ---- one of each kind; cancellation

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
    pair.near.channel->async_send(text("data"), refused.handler());
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
            text("data"), asio::bind_cancellation_slot(stop_writing.slot(), write.handler()));
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

// ---- ends

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
        channel->async_write_some(text("data"), write.handler());
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
    pair.far.channel->async_write_some(text("data"), write.handler());
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
    CHECK(cause);
    CHECK(cause != asio::error::eof);
    CHECK(write == ended(cause));
    Read read{10};
    asio::async_read(*pair.far.channel, read.buffer(), read.handler());
    pair.run();
    CHECK(read == ended(cause, 4));
    CHECK(read.text() == "data");
}

TEST_CASE("l2cap channel: active(false) ends it as not active") {
    ChannelPair pair;
    Read read{10};
    pair.near.channel->async_read_some(read.buffer(), read.handler());
    pair.near.ble->active(false);
    CHECK(!pair.near.channel->is_open());
    pair.run();
    CHECK(read == ended(make_error(errc::not_active)));
    CHECK(!pair.near.ended);  // no event is delivered any more
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
    pair.far.channel->async_send(text("data"), sent.handler());
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
    pair.near.channel->async_write_some(text("data"), write.handler());
    pair.run();
    CHECK(read == ended(make_error(errc::not_active)));
    CHECK(write == ended(make_error(errc::not_active)));
}

TEST_CASE("l2cap channel: handlers that run after its destruction hear that it was aborted") {
    ChannelPair pair;
    Read read{10};
    Outcome write;
    pair.near.channel->async_read_some(read.buffer(), read.handler());
    pair.near.channel->async_write_some(text("data"), write.handler());  // already has succeeded
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
    left.async_write_some(text("data"), outcomes[2].handler());
    left.async_send(text("data"), outcomes[3].handler());
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
        co_await asio::async_write(channel, text("<"), asio::use_awaitable);
        co_await channel.async_send(text(said), asio::use_awaitable);
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
