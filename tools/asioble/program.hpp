// SPDX-License-Identifier: MIT
//
// What the subcommands share: the options that all of them take, and how they end.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <stdexcept>
#include <string>

namespace bluetooth::tool {

enum ExitStatus : int {
    exit_success = 0,
    exit_failure = 1,
    exit_usage = 2,
    exit_interrupted = 130,  // 128 + SIGINT, as shells report it
};

/// Ends the program with a message for the person at the keyboard.
class Failure : public std::runtime_error {
public:
    explicit Failure(const std::string& message, ExitStatus status = exit_failure)
        : std::runtime_error(message), status_(status) {}
    ExitStatus status() const { return status_; }

private:
    ExitStatus status_;
};

/// Ctrl-C was pressed.
class Interrupted {};

/// Options that stand before or behind the name of the subcommand.
struct Options {
    std::string transport;  // empty: ASIOBLE_TRANSPORT
    std::string snoop;      // empty: no recording
    bool json = false;
};

struct Program {
    Options options;
    /// What the chosen subcommand does, set while the command line is read.
    std::function<void()> command;
};

// Each subcommand adds itself to the command line; one file for each.
void add_demo(CLI::App& app, Program& program);
void add_scan(CLI::App& app, Program& program);
void add_advertise(CLI::App& app, Program& program);
void add_gatt(CLI::App& app, Program& program);
void add_pair(CLI::App& app, Program& program);
void add_info(CLI::App& app, Program& program);
void add_controller(CLI::App& app, Program& program);
void add_l2cap(CLI::App& app, Program& program);
void add_bench(CLI::App& app, Program& program);
void add_bonds(CLI::App& app, Program& program);

}  // namespace bluetooth::tool
