// SPDX-License-Identifier: MIT
//
// asioble pair: pair with a peripheral, or let a central pair with us.
#include "tools/asioble/pair.hpp"

#include <cstdlib>
#include <map>
#include <memory>

#include "bluetooth/bonds_path.hpp"
#include "tools/asioble/bonds.hpp"
#include "tools/asioble/device.hpp"

namespace bluetooth::tool {
namespace {

const std::map<std::string, config::io> io_capabilities{
    {"display-only", config::io::display_only},
    {"display-yes-no", config::io::display_yes_no},
    {"keyboard-only", config::io::keyboard_only},
    {"no-input-no-output", config::io::no_input_no_output},
    {"keyboard-display", config::io::keyboard_display},
};

/// What whoever is asked can do, unless that is said.
config::io io_of(const PairArguments& arguments) {
    if (arguments.io) return *arguments.io;
    if (Questions::possible()) return config::io::keyboard_display;
    const PrearrangedAnswers& answers = arguments.answers;
    if (answers.passkey) return config::io::keyboard_display;
    return answers.yes ? config::io::display_yes_no : config::io::no_input_no_output;
}

class PairingCentral {
public:
    PairingCentral(const Options& options, const PairArguments& arguments)
        : options_(options),
          arguments_(arguments),
          out_(options.json),
          device_(loop_, options),
          central_(loop_, device_.ble()),
          agent_(loop_, device_.ble(), out_, arguments.answers) {}

    void run() {
        device_.on_event([this](const Event& event) {
            central_.on_event(event);
            agent_.on_event(event);
        });
        device_.activate();
        configure_pairing(device_.ble(), arguments_);
        bonds_file_ = bonds_file_of(device_.ble(), options_);
        const Found peer = connect_to(arguments_.peer, central_, out_);
        out_.tell("Connected", Json{"connected"}
                                   .add("address", to_string(peer.address))
                                   .add("type", to_string(peer.type)));
        keep_bond();
        secure();
        agent_.tell_success(bonds_file_, !arguments_.no_bond);
        central_.wait_for_arrival();  // of our keys
        central_.disconnect();
        out_.tell("Disconnected", Json{"disconnected"});
    }

private:
    void keep_bond();
    void secure();
    void secure_once(bool anew);

    const Options& options_;
    const PairArguments& arguments_;
    Loop loop_;
    Output out_;
    Device device_;
    Central central_;
    PairingAgent agent_;
    std::string bonds_file_;
};

/// A bond is used as it is: that it could be better, in a way that nobody has asked for, is no
/// reason to pair again each time.
void PairingCentral::keep_bond() {
    if (arguments_.anew || arguments_.mitm) return;
    FileSecretStore store{bonds_file_};
    const auto key = smp::bond_key(agent_.peer().type, agent_.peer().address);
    if (bond_in(store, key)) device_->config(config::mitm{false});
}

void PairingCentral::secure() {
    secure_once(arguments_.anew);
    while (!agent_.succeeded()) {
        const std::string failure = "not paired: " + agent_.failure();
        if (!agent_.ask_for_weaker()) {
            central_.wait_for_arrival();  // of our reason
            throw Failure{failure};
        }
        secure_once(true);
    }
}

/// Until there is an end, or the link is lost.
void PairingCentral::secure_once(bool anew) {
    for (;;) {
        error_code error;
        agent_.forget_end();
        device_->gap_pair(central_.connection(), anew, error);
        // The peripheral may have been the first to ask for it.
        if (error && error != errc::already_in_progress)
            throw Failure{"not paired: " + failure_text(error, agent_.peer())};
        loop_.run_until(
            [&] { return !central_.connected() || (agent_.end() && !agent_.lost_link()); });
        const bool by_bond = agent_.succeeded() && !agent_.end()->method;
        if (!anew || !by_bond || !central_.connected()) return;
    }
}

/// A bool that nobody may have said anything about.
void add_switch(CLI::App& command, const std::string& name, const std::string& help, bool value,
                std::optional<bool>& target) {
    command.add_flag_callback(
        name, [&target, value] { target = value; }, help);
}

void add_pairing_options(CLI::App& command, PairArguments& arguments) {
    command
        .add_option_function<std::string>(
            "--io",
            [&arguments](const std::string& name) { arguments.io = io_capabilities.at(name); },
            "what can be shown and entered here; else keyboard-display at a terminal, and "
            "no-input-no-output without one")
        ->type_name("display-only|display-yes-no|keyboard-only|no-input-no-output|keyboard-display")
        ->check(CLI::IsMember(io_capabilities).description(""));
    command.add_flag("--no-bond", arguments.no_bond, "keep no keys for the next link");
    add_switch(command, "--mitm",
               "insist on protection against somebody in between; else it is asked for, where "
               "--io allows it",
               true, arguments.mitm);
    add_switch(command, "--no-mitm", "do not even ask for that", false, arguments.mitm);
    CLI::Option* const legacy =
        command.add_flag("--no-secure-connections", arguments.no_secure_connections,
                         "pair as Bluetooth 4.0 did, which protects nothing from listeners");
    command
        .add_flag("--sc-only", arguments.sc_only,
                  "nothing but LE Secure Connections, with keys of 16 octets")
        ->excludes(legacy);
    command
        .add_option("--min-key-size", arguments.min_key_size,
                    "the shortest key that is good enough, in octets")
        ->type_name("N")
        ->check(CLI::Range(7, 16).description(""))
        ->capture_default_str();
    command.add_flag("--private", arguments.is_private,
                     "use an address that only bonded devices recognise");
    command.add_flag("--yes", arguments.answers.yes,
                     "agree unseen that numbers are the same: for scripts");
    command
        .add_option_function<std::uint32_t>(
            "--passkey",
            [&arguments](std::uint32_t passkey) { arguments.answers.passkey = passkey; },
            "what to display, to enter or to compare with: for scripts")
        ->type_name("000000..999999")
        ->check([](const std::string& text) {
            const bool digits = text.find_first_not_of("0123456789") == text.npos;
            return text.size() == 6 && digits ? "" : "a passkey has 6 digits";
        });
}

}  // namespace

void configure_pairing(BLE& ble, const PairArguments& arguments) {
    const config::io io = io_of(arguments);
    ble.config(io);
    ble.config(config::bond{!arguments.no_bond});
    ble.config(config::mitm{arguments.mitm.value_or(io != config::io::no_input_no_output)});
    ble.config(config::pairing_methods{.just_works = !arguments.mitm.value_or(false)});
    ble.config(config::le_secure{!arguments.no_secure_connections});
    ble.config(config::sc_only{arguments.sc_only});
    ble.config(config::min_key_size{static_cast<std::uint8_t>(arguments.min_key_size)});
    if (arguments.is_private) ble.config(config::addr_mode::resolvable_private);
}

std::string bonds_file_of(const BLE& ble, const Options& options) {
    const auto address = ble.controller_info().public_address;
    if (address) return bonds_path(bonds_name(*address)).string();
    const char* const from_environment = std::getenv("ASIOBLE_TRANSPORT");
    const std::string transport =
        options.transport.empty() && from_environment ? from_environment : options.transport;
    return bonds_path(bonds_name(transport)).string();
}

void add_pair(CLI::App& app, Program& program) {
    CLI::App* const command =
        app.add_subcommand("pair",
                           "pair with a peripheral, or encrypt the link by the bond with "
                           "it; or wait for a central");
    const auto arguments = std::make_shared<PairArguments>();
    add_peer_options(*command, arguments->peer);
    command->get_option("--timeout")
        ->description(
            "look for it and try to connect for so many seconds; with --advertise: the "
            "most that all may take, else there is no limit");
    command->add_flag("--anew", arguments->anew, "pair although there is a bond");
    CLI::Option* const advertise =
        command->add_option("--advertise", arguments->name, "be a peripheral, with this name")
            ->type_name("[NAME]")
            ->expected(0, 1)
            ->excludes(command->get_option("ADDRESS"))
            ->excludes(command->get_option("--name"))
            ->excludes(command->get_option("--anew"));
    command
        ->add_flag("--request", arguments->request,
                   "with --advertise: ask each central to pair as soon as it has connected")
        ->needs(advertise);
    command
        ->add_flag("--keep", arguments->keep,
                   "with --advertise: go on after the first pairing, until Ctrl-C")
        ->needs(advertise);
    add_pairing_options(*command, *arguments);
    command->footer("Ends with 0 only when the link was encrypted.\n" + command->get_footer());
    command->callback([&program, command, arguments, advertise] {
        arguments->advertise = advertise->count() > 0;
        if (!arguments->advertise) check_peer(*command, arguments->peer);
        if (arguments->name.empty()) arguments->name = "asioble";
        if (command->count("--timeout") > 0) arguments->time = arguments->peer.timeout;
        program.command = [&program, arguments] {
            if (arguments->advertise)
                pair_as_peripheral(program.options, *arguments);
            else
                PairingCentral{program.options, *arguments}.run();
        };
    });
}

}  // namespace bluetooth::tool
