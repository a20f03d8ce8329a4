// SPDX-License-Identifier: MIT
//
// asioble bench: what both sides share, and the command line.
#include "tools/asioble/bench.hpp"

namespace bluetooth::tool {

void Bench::run() {
    const Result result = measure();
    report(result);
    if (result.lost != 0 || result.reordered != 0 || result.operations != arguments_.count)
        throw Failure{"values were lost, reordered or too many: see the figures"};
}

void Bench::report(const Result& result) const {
    const double seconds =
        std::max(std::chrono::duration<double>(end_.at - begin_.at).count(), 1e-9);
    const double operations = static_cast<double>(result.operations) / seconds;
    const double octets = static_cast<double>(result.octets) / seconds;
    const double user = end_.user - begin_.user;
    const double system = end_.system - begin_.system;
    out_.record(Json{"result"}
                    .add("operation", arguments_.operation)
                    .add("role", arguments_.role)
                    .add("operations", result.operations)
                    .add("size", arguments_.size)
                    .add("seconds", seconds)
                    .add("operations_per_second", operations)
                    .add("bytes_per_second", octets)
                    .add("user_seconds", user)
                    .add("system_seconds", system)
                    .add("peak_memory_kib", end_.peak_kib)
                    .add("lost", result.lost)
                    .add("reordered", result.reordered));
    Table table;
    table.add({"Operations", std::to_string(result.operations) + " x " + arguments_.operation +
                                 " of " + std::to_string(arguments_.size) + " octets"});
    table.add({"Time", milliseconds(seconds)});
    table.add({"Rate", rounded(operations) + " operations/s, " + rounded(octets) + " bytes/s"});
    table.add({"CPU time", milliseconds(user) + " user, " + milliseconds(system) + " system"});
    table.add({"Peak memory", std::to_string(end_.peak_kib) + " KiB"});
    table.add(
        {"Lost, reordered", std::to_string(result.lost) + ", " + std::to_string(result.reordered)});
    table.print(out_);
}

void add_bench(CLI::App& app, Program& program) {
    CLI::App* const command =
        app.add_subcommand("bench", "measure one side of a transfer between two processes");
    const auto arguments = std::make_shared<BenchArguments>();
    command
        ->add_option("OPERATION", arguments->operation,
                     "notify, write, read or coc (SDUs on a channel)")
        ->type_name("")
        ->check(CLI::IsMember({"notify", "write", "read", "coc"}).description(""))
        ->required();
    command->add_option("--role", arguments->role, "which side to take")
        ->type_name("peripheral|central")
        ->check(CLI::IsMember({"peripheral", "central"}).description(""))
        ->required();
    command->add_option("--count", arguments->count, "how many values")
        ->type_name("N")
        ->check(CLI::Range(1u, 1'000'000'000u).description(""))
        ->capture_default_str();
    command->add_option("--size", arguments->size, "octets of a value; else 20, of an SDU 512")
        ->type_name("S")
        ->check(CLI::Range(4, int{bench_sdu_mtu}).description(""));
    command->callback([&program, arguments] {
        const bool channel = arguments->operation == "coc";
        const std::size_t most = channel ? bench_sdu_mtu : bench_mtu - 3;
        if (arguments->size == 0) arguments->size = channel ? most : 20;
        if (arguments->size > most)
            throw CLI::ValidationError{
                "--size", "at most " + std::to_string(most) + " with " + arguments->operation};
        program.command = [&program, arguments] {
            const auto bench = arguments->role == "central"
                                   ? make_bench_central(program.options, *arguments)
                                   : make_bench_peripheral(program.options, *arguments);
            bench->run();
        };
    });
}

}  // namespace bluetooth::tool
