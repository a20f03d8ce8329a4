// SPDX-License-Identifier: MIT
//
// asioble: the command-line program of the library.
#include <exception>
#include <iostream>

#include "tools/asioble/program.hpp"
#include "transport/open.hpp"
#include "virtual_controller/virtual_transport.hpp"

namespace bluetooth::tool {
namespace {

int fail(std::string message, ExitStatus status) {
    message.erase(message.find_last_not_of('\n') + 1);  // a list of transports ends with one
    std::cerr << "asioble: " << message << '\n';
    return status;
}

int run(int argc, char** argv) {
    virtual_controller::register_virtual_transport();

    Program program;
    CLI::App app{"Bluetooth LE at the command line, over a controller that no kernel driver owns."};
    app.name("asioble");
    app.set_version_flag("--version", "asioble " ASIOBLE_VERSION);
    app.require_subcommand(1);
    app.fallthrough();
    app.add_option("-t,--transport", program.options.transport,
                   "the way to the controller; else the environment variable ASIOBLE_TRANSPORT")
        ->type_name("NAME");
    app.add_option("--snoop", program.options.snoop,
                   "record all HCI packets into a btsnoop file, for Wireshark")
        ->type_name("FILE");
    app.add_flag("--json", program.options.json, "print one JSON object per line");
    app.footer("The options of asioble itself (-t, --snoop, --json) may stand here as well.");

    add_demo(app, program);
    add_scan(app, program);
    add_advertise(app, program);
    add_gatt(app, program);
    add_l2cap(app, program);
    add_pair(app, program);
    add_info(app, program);
    add_controller(app, program);
    add_bonds(app, program);
    add_bench(app, program);
    app.footer("Transports:\n" + transport::known_names() +
               "\nExit status: 0 done, 1 failed, 2 wrong arguments, 130 ended by Ctrl-C.");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_success : exit_usage;
    }
    try {
        program.command();
        return exit_success;
    } catch (const Interrupted&) {
        return exit_interrupted;
    } catch (const Failure& failure) {
        return fail(failure.what(), failure.status());
    } catch (const std::exception& error) {
        return fail(error.what(), exit_failure);
    }
}

}  // namespace
}  // namespace bluetooth::tool

int main(int argc, char** argv) { return bluetooth::tool::run(argc, argv); }
