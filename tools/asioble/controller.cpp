// SPDX-License-Identifier: MIT
//
// asioble controller: serves virtual controllers to other programs, all on one air.
#include <algorithm>
#include <memory>

#include "tools/asioble/profile_listing.hpp"
#include "tools/asioble/served_air.hpp"
#include "virtual_controller/profiles.hpp"

namespace bluetooth::tool {
namespace {

template <class T> T checked(const char* option, transport::Attempt<T> attempt) {
    if (!attempt) throw Failure{std::string{option} + ": " + attempt.error().message, exit_usage};
    return std::move(*attempt);
}

/// A public address is that of an individual (IEEE 802: the lowest bit of its first octet is 0).
Address checked_address(const std::string& text) {
    const auto address = Address::parse(text);
    if (!address || address->is_zero() || (address->display()[0] & 1) != 0)
        throw Failure{"--address: \"" + text +
                          "\" cannot be a controller's public address; write one like "
                          "00:AA:01:02:03:04, whose first octet is even (a random address is set "
                          "by the host, not here)",
                      exit_usage};
    return *address;
}

void check_addresses(const ControllerArguments& arguments) {
    const auto& addresses = arguments.addresses;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        if (std::count(addresses.begin(), addresses.end(), addresses[i]) > 1)
            throw Failure{"--address: two controllers cannot both have " + to_string(addresses[i]),
                          exit_usage};
        const auto& profiles = arguments.profiles;
        if (!profiles.empty() && !profiles[std::min(i, profiles.size() - 1)].has_public_address)
            throw Failure{"--address " + to_string(addresses[i]) +
                              ": the controller that would get it has a profile without public "
                              "address",
                          exit_usage};
    }
}

/// What the arguments mean.
void interpret(ControllerArguments& arguments) {
    for (const std::string& name : arguments.profile_names)
        arguments.profiles.push_back(checked("--profile", virtual_controller::parse_profile(name)));
    for (const std::string& name : arguments.address_names)
        arguments.addresses.push_back(checked_address(name));
    check_addresses(arguments);
    if (!arguments.air_name.empty())
        arguments.air = checked("--air", virtual_controller::parse_air_model(arguments.air_name));
}

void run_controller(const Options& options, ControllerArguments& arguments) {
    if (arguments.list_profiles) return list_profiles(Output{options.json});
    if (!options.transport.empty())
        throw Failure{"controller is itself a controller: it takes no -t, but --listen",
                      exit_usage};
    if (arguments.names.empty())
        throw Failure{
            "where are hosts to connect? Say it with --listen, e.g. --listen unix:/tmp/air",
            exit_usage};
    if (arguments.snoop_keys && options.snoop.empty())
        throw Failure{"--snoop-keys is for recordings: add --snoop FILE", exit_usage};
    interpret(arguments);
    serve_controllers(options, arguments);
}

const std::string notes =
    "Hosts connect to a socket, or open the pseudo-terminal as a serial port. Where several\n"
    "--profile or --address are given, the first host gets the first ones, the second the second\n"
    "ones, and so on; the last profile serves all that follow, and further addresses come from "
    "the\n"
    "seed. What a host has had is free again when it has left.\n"
    "\n"
    "With --snoop FILE the first host is recorded in FILE with .1 before its extension, the "
    "second\n"
    "with .2; with --snoop FOLDER in controller.1.btsnoop and so on in that folder.\n"
    "\n";

}  // namespace

void add_controller(CLI::App& app, Program& program) {
    CLI::App* const command =
        app.add_subcommand("controller", "serve virtual controllers on one air to other programs");
    const auto arguments = std::make_shared<ControllerArguments>();
    command->add_option("-l,--listen", arguments->names, "where hosts connect; several allowed")
        ->type_name("unix:PATH|tcp-server:127.0.0.1:PORT|pty:[LINK]");
    command->add_flag("--allow-remote", arguments->allow_remote,
                      "serve also TCP addresses that other machines reach: whoever reaches them "
                      "gets a controller, unasked and unencrypted");
    command
        ->add_option("--max-hosts", arguments->max_hosts, "how many there can be at the same time")
        ->type_name("N")
        ->check(CLI::Range(1u, 1000u).description(""))
        ->capture_default_str();
    command
        ->add_option("--profile", arguments->profile_names,
                     "what kind of controllers to be; several allowed")
        ->type_name("NAME[,KEY=VALUE]...");
    command->add_flag("--list-profiles", arguments->list_profiles,
                      "show the names and keys of profiles, and end");
    command
        ->add_option("--address", arguments->address_names,
                     "public address of a controller; several allowed")
        ->type_name("ADDRESS");
    command
        ->add_option("--air", arguments->air_name,
                     "what real air has: lost packets, colliding advertising, time that links take")
        ->type_name("loss=0..1,collisions=on,timing=on");
    command->add_option("--seed", arguments->seed, "of the air's randomness and addresses")
        ->type_name("N")
        ->capture_default_str();
    command->add_flag("--snoop-keys", arguments->snoop_keys,
                      "record key material too, which --snoop else masks");
    command->footer(notes + command->get_footer());
    command->callback([&program, arguments] {
        program.command = [&program, arguments] { run_controller(program.options, *arguments); };
    });
}

}  // namespace bluetooth::tool
