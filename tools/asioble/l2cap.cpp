// SPDX-License-Identifier: MIT
//
// asioble l2cap: the command line.
#include "tools/asioble/l2cap_commands.hpp"

#include "transport/sockets.hpp"

namespace bluetooth::tool {
namespace {

using Endpoint = asio::ip::tcp::endpoint;

constexpr int smallest_enhanced_mps = 64;  // Vol 3 Part A 4.25

/// Has `set` called with a duration given in seconds.
template <class Set>
CLI::Option* add_seconds(CLI::App& command, const std::string& name, const std::string& help,
                         Set&& set) {
    return command
        .add_option_function<double>(
            name,
            [set = std::forward<Set>(set)](double seconds) {
                set(std::chrono::duration_cast<Duration>(std::chrono::duration<double>{seconds}));
            },
            help)
        ->type_name("S")
        ->check(CLI::Range(0.0, 86'400.0).description(""));
}

CLI::Option* add_endpoint(CLI::App& command, const std::string& name, const std::string& help,
                          std::optional<Endpoint>& endpoint) {
    return command
        .add_option_function<std::string>(
            name,
            [name, &endpoint](const std::string& text) {
                auto parsed = transport::tcp_endpoint(name, text);
                if (!parsed) throw CLI::ValidationError{parsed.error().message};
                endpoint = *parsed;
            },
            help)
        ->type_name("HOST:PORT");
}

void add_channel_options(CLI::App& command, ChannelArguments& a) {
    command
        .add_option_function<std::string>(
            "--psm",
            [&a](const std::string& text) {
                const auto psm = parse_psm(text);
                if (!psm)
                    throw CLI::ValidationError{
                        "--psm", '\'' + text +
                                     "': a PSM is 1 to 255, as in 0x80 or 128; not 0x27, which "
                                     "is that of EATT. From 0x80 on they are free for use"};
                a.psm = *psm;
            },
            "what the channels are for, as in 0x80")
        ->type_name("N")
        ->required();
    command.add_option("--mtu", a.mtu, "octets of the longest SDU to take")
        ->type_name("N")
        ->check(CLI::Range(32, 65'535).description(""))
        ->capture_default_str();
    command
        .add_option("--mps", a.options.mps,
                    "octets of an SDU to take in one packet, 23 (enhanced: 64) to 517; else 247")
        ->type_name("N")
        ->check(CLI::Range(23, 517).description(""));
    command
        .add_option("--credits", a.options.credits,
                    "packets the peer may have on the way; else enough for a busy link")
        ->type_name("N")
        ->check(CLI::Range(1, 65'535).description(""));
}

CLI::Option* add_stdio(CLI::App& command, ChannelArguments& a) {
    a.linger = std::chrono::seconds{1};
    add_seconds(command, "--linger",
                "with --stdio or TCP: channels close in both directions at once, so after the "
                "end of the input wait for such a silence of the peer (default: 1)",
                [&a](Duration linger) { a.linger = linger; });
    return command.add_flag(
        "--stdio", a.stdio,
        "join one channel with standard input and output; messages go to standard error");
}

void check_mps(const OpenArguments& a) {
    if (a.enhanced && a.options.mps != 0 && a.options.mps < smallest_enhanced_mps)
        throw CLI::ValidationError{
            "--mps", "at least " + std::to_string(smallest_enhanced_mps) + " with --enhanced"};
}

/// Adds a subcommand which `run`, when it is chosen, carries out with its arguments.
template <class Arguments>
CLI::App* add_command(CLI::App& l2cap, Program& program, const std::string& name,
                      const std::string& help, const std::shared_ptr<Arguments>& arguments,
                      void (*run)(const Options&, const Arguments&)) {
    CLI::App* const command = l2cap.add_subcommand(name, help);
    add_channel_options(*command, *arguments);
    command->callback([&program, command, arguments, run] {
        if constexpr (std::same_as<Arguments, OpenArguments>) {
            check_peer(*command, arguments->peer);
            check_mps(*arguments);
        }
        program.command = [&program, arguments, run] { run(program.options, *arguments); };
    });
    return command;
}

void add_listening_options(CLI::App& command, ListenArguments& a) {
    command.add_option("-n,--name", a.name, "name to advertise")
        ->type_name("TEXT")
        ->capture_default_str();
    command.add_flag("--once", a.once, "end after the first central has left");
}

void add_listen(CLI::App& l2cap, Program& program) {
    const auto arguments = std::make_shared<ListenArguments>();
    CLI::App& command =
        *add_command(l2cap, program, "listen",
                     "advertise, accept channels (enhanced ones too), and show what comes",
                     arguments, listen_for_channels);
    add_listening_options(command, *arguments);
    CLI::Option* const stdio = add_stdio(command, *arguments);
    CLI::Option* const tcp =
        add_endpoint(command, "--tcp-connect", "join each channel with a new TCP connection there",
                     arguments->tcp_connect)
            ->excludes(stdio);
    command
        .add_flag_function(
            "--bench",
            [arguments](std::int64_t) { arguments->use = ListenArguments::Use::transfer; },
            "be the other side of `asioble l2cap bench`")
        ->excludes(stdio)
        ->excludes(tcp);
}

void add_echo(CLI::App& l2cap, Program& program) {
    const auto arguments = std::make_shared<ListenArguments>();
    arguments->use = ListenArguments::Use::echo;
    CLI::App& command = *add_command(l2cap, program, "echo", "as listen, but send every SDU back",
                                     arguments, listen_for_channels);
    add_listening_options(command, *arguments);
}

CLI::Option* add_opening_options(CLI::App& command, OpenArguments& a) {
    add_peer_options(command, a.peer);
    command.add_flag("--enhanced", a.enhanced,
                     "open them with enhanced credit based flow control, up to 5 per request");
    return command.add_option("--channels", a.channels, "how many to open")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, max_channels).description(""))
        ->capture_default_str();
}

void add_connect(CLI::App& l2cap, Program& program) {
    const auto arguments = std::make_shared<OpenArguments>();
    CLI::App& command =
        *add_command(l2cap, program, "connect",
                     "connect to a peripheral, open channels, send, and show what comes", arguments,
                     open_channels);
    CLI::Option* const channels = add_opening_options(command, *arguments);
    CLI::Option* const stdio = add_stdio(command, *arguments)->excludes(channels);
    CLI::Option* const tcp =
        add_endpoint(command, "--tcp-listen",
                     "open a channel for each TCP connection made to there", arguments->tcp_listen)
            ->excludes(stdio)
            ->excludes(channels);
    command
        .add_option_function<std::vector<std::string>>(
            "--send",
            [arguments](const std::vector<std::string>& values) {
                for (const std::string& text : values) {
                    const auto value = parse_value(text);
                    if (!value)
                        throw CLI::ValidationError{
                            "--send", '\'' + text +
                                          "': write hex digits in pairs, or \"'text'\" with both "
                                          "kinds of quotes"};
                    arguments->send.push_back(*value);
                }
            },
            "SDUs to send on each channel")
        ->type_name("HEX|'text'...")
        ->excludes(stdio)
        ->excludes(tcp);
    add_seconds(command, "--for", "listen for so many seconds, then disconnect once all was sent",
                [arguments](Duration time) { arguments->time = time; })
        ->excludes(stdio)
        ->excludes(tcp);
}

void add_transfer(CLI::App& l2cap, Program& program) {
    const auto arguments = std::make_shared<OpenArguments>();
    arguments->octets = 10'000'000;
    CLI::App& command = *add_command(
        l2cap, program, "bench",
        "send octets to `l2cap listen --bench` or `l2cap echo`, receive as many, check them all",
        arguments, transfer_on_channels);
    add_opening_options(command, *arguments);
    command.add_option("--octets", *arguments->octets, "how many each way, over all channels")
        ->type_name("N")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000'000}).description(""))
        ->capture_default_str();
}

}  // namespace

void add_l2cap(CLI::App& app, Program& program) {
    CLI::App* const command = app.add_subcommand(
        "l2cap", "channels with flow control: listen, connect, echo, measure, bridge to TCP");
    command->require_subcommand(1);
    command->fallthrough();
    add_listen(*command, program);
    add_connect(*command, program);
    add_echo(*command, program);
    add_transfer(*command, program);
}

}  // namespace bluetooth::tool
