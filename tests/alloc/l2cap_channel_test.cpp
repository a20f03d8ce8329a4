// SPDX-License-Identifier: MIT
//
// Once the memory of both stacks has grown to what the traffic needs, operations on a channel
// allocate nothing: neither the channel nor Asio, whose handlers' memory is recycled.
#include "bluetooth/l2cap_channel.hpp"

#include <doctest/doctest.h>

#include <array>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <utility>
#include <vector>

#include "tests/alloc/allocation_count.hpp"
#include "tests/support/channel_pair.hpp"

using namespace bluetooth;
using bluetooth::test::allocation_count;
using bluetooth::test::ChannelPair;

namespace {

/// What operations allocate between two of their completions. All within one run of the io_context:
/// Asio's recycled memory goes with it.
class Meter {
public:
    static constexpr std::size_t first = 2'000;
    static constexpr std::size_t last = 22'000;

    /// Starts `operation` again and again, each time from the handler of the last one.
    template <class Operation> void repeat(Operation& operation) {
        operation([this, &operation](const error_code& error, std::size_t) {
            if (error) ++failures;
            if (count_completion()) repeat(operation);
        });
    }
    /// Whether there is more to do.
    bool count_completion() {
        if (++completions_ == first) before_ = allocation_count();
        if (completions_ == last) after_ = allocation_count();
        return completions_ < last;
    }
    std::uint64_t allocations() const {
        REQUIRE(completions_ >= last);
        return after_ - before_;
    }

    std::size_t failures = 0;

private:
    std::size_t completions_ = 0;
    std::uint64_t before_ = 0;
    std::uint64_t after_ = 0;
};

template <class... Operations>
void check_that_nothing_is_allocated(ChannelPair& pair, Operations... operations) {
    Meter meter;
    (meter.repeat(operations), ...);
    pair.run();
    CHECK(meter.allocations() == 0);
    CHECK(meter.failures == 0);
}

}  // namespace

TEST_CASE("allocations: none per SDU that async_send sends and async_receive receives") {
    ChannelPair pair;
    L2capChannel& near = *pair.near.channel;
    L2capChannel& far = *pair.far.channel;
    const std::vector<char> sdu(512);
    std::vector<char> there(512);
    check_that_nothing_is_allocated(
        pair, [&](auto handler) { near.async_send(asio::buffer(sdu), std::move(handler)); },
        [&](auto handler) { far.async_receive(asio::buffer(there), std::move(handler)); });
}

TEST_CASE("allocations: none per async_write and async_read, in both directions at once") {
    ChannelPair pair;
    const std::vector<char> octets(2'000);
    const auto write = [&](L2capChannel& channel) {
        return [&](auto handler) {
            const std::array<asio::const_buffer, 2> buffers{asio::buffer(octets, 10),
                                                            asio::buffer(octets) + 10};
            asio::async_write(channel, buffers, std::move(handler));
        };
    };
    std::vector<char> there(2'000);
    std::vector<char> back(2'000);
    const auto read = [](L2capChannel& channel, std::vector<char>& into) {
        return [&](auto handler) {
            asio::async_read(channel, asio::buffer(into), std::move(handler));
        };
    };
    check_that_nothing_is_allocated(pair, write(*pair.near.channel), write(*pair.far.channel),
                                    read(*pair.near.channel, back), read(*pair.far.channel, there));
}

namespace {
asio::awaitable<void> send(L2capChannel& channel, asio::const_buffer sdu, Meter& meter) {
    do co_await channel.async_send(sdu, asio::use_awaitable);
    while (meter.count_completion());
}
asio::awaitable<void> receive(L2capChannel& channel, asio::mutable_buffer sdu, Meter& meter) {
    do co_await channel.async_receive(sdu, asio::use_awaitable);
    while (meter.count_completion());
}
}  // namespace

TEST_CASE("allocations: none per SDU of coroutines") {
    ChannelPair pair;
    const std::vector<char> sdu(512);
    std::vector<char> there(512);
    Meter meter;
    asio::co_spawn(pair.context, send(*pair.near.channel, asio::buffer(sdu), meter),
                   asio::detached);
    asio::co_spawn(pair.context, receive(*pair.far.channel, asio::buffer(there), meter),
                   asio::detached);
    pair.run();
    CHECK(meter.allocations() == 0);
}
