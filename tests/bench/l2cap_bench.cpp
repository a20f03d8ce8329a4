// SPDX-License-Identifier: MIT
//
// What an SDU costs in all layers of both hosts and both virtual controllers together, in one
// process. `memcpy` is the measure of the machine: the same octets, moved once.
#include <benchmark/benchmark.h>

#include <cstring>
#include <stdexcept>
#include <vector>

#include "tests/alloc/allocation_count.hpp"
#include "tests/support/channel_pair.hpp"

namespace {

using namespace bluetooth;
using bluetooth::test::allocation_count;
using bluetooth::test::ChannelPair;

constexpr std::size_t batch = 1'000;
constexpr std::uint16_t mtu = 4'096;

/// SDUs by `l2cap_send`, which are read by `l2cap_recvinto`.
class Calls {
public:
    explicit Calls(std::size_t size) : sdu_(size), received_(size) {
        pair_.far.ble->irq([this](const Event& event) {
            const auto* const received = std::get_if<L2capRecv>(&event);
            if (received == nullptr) return;
            const std::size_t octets = pair_.far.ble->l2cap_recvinto(
                received->conn_handle, received->cid, MutableBytes{received_});
            if (octets == received_.size()) ++done_;
        });
        bool open = false;
        pair_.near.ble->irq([this, &open](const Event& event) {
            if (std::holds_alternative<L2capConnect>(event)) open = true;
            if (std::holds_alternative<L2capSendReady>(event)) send();
        });
        // Beside the pair's own channel, whose events do not come here.
        cid_ = pair_.near.ble->l2cap_connect(pair_.near.link, ChannelPair::psm, mtu);
        pair_.run_until([&] { return open; });
    }

    void transfer(std::size_t count) {
        done_ = 0;
        to_send_ = count;
        send();
        pair_.run();
        if (done_ != count) throw std::runtime_error{"not all SDUs have come"};
    }

private:
    void send() {
        while (to_send_ > 0) {
            --to_send_;
            if (!pair_.near.ble->l2cap_send(pair_.near.link, cid_, Bytes{sdu_})) return;
        }
    }

    std::vector<std::uint8_t> sdu_;
    std::vector<std::uint8_t> received_;
    ChannelPair pair_{mtu};
    ChannelId cid_{};
    std::size_t to_send_ = 0;
    std::size_t done_ = 0;
};

/// SDUs by `async_send` and `async_receive`.
class Operations {
public:
    explicit Operations(std::size_t size) : sdu_(size), received_(size) {}

    void transfer(std::size_t count) {
        to_send_ = to_receive_ = count;
        send();
        receive();
        pair_.run();
        if (to_receive_ != 0) throw std::runtime_error{"not all SDUs have come"};
    }

private:
    void send() {
        pair_.near.channel->async_send(asio::buffer(sdu_), [this](error_code error, std::size_t) {
            if (!error && --to_send_ > 0) send();
        });
    }
    void receive() {
        pair_.far.channel->async_receive(asio::buffer(received_),
                                         [this](error_code error, std::size_t) {
                                             if (!error && --to_receive_ > 0) receive();
                                         });
    }

    std::vector<std::uint8_t> sdu_;
    std::vector<std::uint8_t> received_;
    ChannelPair pair_{mtu};
    std::size_t to_send_ = 0;
    std::size_t to_receive_ = 0;
};

template <class Way> void transfer(benchmark::State& state) {
    Way way{static_cast<std::size_t>(state.range(0))};
    way.transfer(batch);
    const std::uint64_t before = allocation_count();
    while (state.KeepRunningBatch(batch)) way.transfer(batch);
    const auto sdus = static_cast<double>(state.iterations());
    state.counters["allocations"] = static_cast<double>(allocation_count() - before) / sdus;
    state.SetItemsProcessed(state.iterations());
    state.SetBytesProcessed(state.iterations() * state.range(0));
}

void memcpy_of_the_octets(benchmark::State& state) {
    std::vector<unsigned char> from(mtu);
    std::vector<unsigned char> to(mtu);
    for (auto _ : state) {
        benchmark::DoNotOptimize(from.data());
        std::memcpy(to.data(), from.data(), static_cast<std::size_t>(state.range(0)));
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations());
    state.SetBytesProcessed(state.iterations() * state.range(0));
}

}  // namespace

BENCHMARK(memcpy_of_the_octets)->Name("SDU, memcpy")->Arg(512)->Arg(4'096);
BENCHMARK(transfer<Calls>)->Name("SDU, l2cap_send")->Arg(512)->Arg(4'096);
BENCHMARK(transfer<Operations>)->Name("SDU, async_send")->Arg(512)->Arg(4'096);
