// SPDX-License-Identifier: MIT
//
// What an operation costs in all layers of both hosts and both virtual controllers together, in one
// process. `memcpy` is the measure of the machine: the same octets, moved once.
#include <benchmark/benchmark.h>

#include <cstring>

#include "tests/alloc/allocation_count.hpp"
#include "tests/support/traffic.hpp"

namespace {

using bluetooth::test::allocation_count;
using bluetooth::test::Traffic;
using Operation = Traffic::Operation;
using Wire = Traffic::Wire;

constexpr std::size_t batch = 1'000;

void carry_out(benchmark::State& state, Operation operation, Wire wire) {
    const auto size = static_cast<std::size_t>(state.range(0));
    Traffic traffic{wire};
    traffic.carry_out(operation, batch, size);
    const std::uint64_t before = allocation_count();
    while (state.KeepRunningBatch(batch)) traffic.carry_out(operation, batch, size);
    const auto operations = static_cast<double>(state.iterations());
    state.counters["allocations"] = static_cast<double>(allocation_count() - before) / operations;
    state.SetBytesProcessed(state.iterations() * state.range(0));
}

void memcpy_of_the_octets(benchmark::State& state) {
    std::array<unsigned char, 512> from{};
    std::array<unsigned char, 512> to{};
    for (auto _ : state) {
        benchmark::DoNotOptimize(from.data());
        std::memcpy(to.data(), from.data(), static_cast<std::size_t>(state.range(0)));
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}

}  // namespace

BENCHMARK(memcpy_of_the_octets)->Name("memcpy")->Arg(20)->Arg(180)->Arg(244);
BENCHMARK_CAPTURE(carry_out, notify, Operation::notify, Wire::memory)
    ->Name("notify")
    ->Arg(20)
    ->Arg(180)
    ->Arg(244);
BENCHMARK_CAPTURE(carry_out, notify_socket, Operation::notify, Wire::socket_pair)
    ->Name("notify over sockets")
    ->Arg(20)
    ->Arg(180)
    ->Arg(244);
BENCHMARK_CAPTURE(carry_out, write_command, Operation::write_command, Wire::memory)
    ->Name("write command")
    ->Arg(20)
    ->Arg(180)
    ->Arg(244);
BENCHMARK_CAPTURE(carry_out, write_request, Operation::write_request, Wire::memory)
    ->Name("write request")
    ->Arg(20)
    ->Arg(180);
BENCHMARK_CAPTURE(carry_out, read, Operation::read, Wire::memory)->Name("read")->Arg(20)->Arg(180);
BENCHMARK_CAPTURE(carry_out, report, Operation::advertising_report, Wire::memory)
    ->Name("advertising report")
    ->Arg(31);
