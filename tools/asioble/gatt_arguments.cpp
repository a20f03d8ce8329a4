// SPDX-License-Identifier: MIT
#include "tools/asioble/gatt_arguments.hpp"

#include <fstream>
#include <iterator>
#include <utility>

namespace bluetooth::tool {
namespace {

constexpr const char* assignment_type = "HANDLE|UUID=HEX|'text'|@FILE";

AttributeName attribute_argument(const std::string& option, const std::string& text) {
    if (const auto name = parse_attribute(text)) return *name;
    throw CLI::ValidationError{
        option,
        '\'' + text + "' is neither a handle (0x0012 or 18) nor a UUID (2a19, or 32 digits)"};
}

Octets file_argument(const std::string& option, const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    const Octets octets{std::istreambuf_iterator<char>{file}, {}};
    if (!file) throw CLI::ValidationError{option, "the file '" + path + "' cannot be read"};
    return octets;
}

Assignment assignment_argument(const std::string& option, const std::string& text) {
    const auto equals = text.find('=');
    std::optional<Octets> value;
    if (equals != text.npos) {
        const std::string right = text.substr(equals + 1);
        value =
            right.starts_with('@') ? file_argument(option, right.substr(1)) : parse_value(right);
    }
    if (!value)
        throw CLI::ValidationError{
            option, '\'' + text +
                        "': write HANDLE=HEX, as in 0x0012=64, or HANDLE='text' (the "
                        "shell wants \"0x0012='text'\"), or HANDLE=@FILE"};
    if (value->size() > att::max_value_size)
        throw CLI::ValidationError{
            option, "no value has more than " + std::to_string(att::max_value_size) +
                        " octets, but this one has " + std::to_string(value->size())};
    return {attribute_argument(option, text.substr(0, equals)), *std::move(value)};
}

/// The last action where it is a `T`, else a new one: for options that side by side are one action.
template <class T> T& last_or_new(std::vector<Action>& actions) {
    if (actions.empty() || !std::holds_alternative<T>(actions.back())) actions.emplace_back(T{});
    return std::get<T>(actions.back());
}

/// Adds options that may stand several times, and whose places among the others count.
class ActionOptions {
public:
    explicit ActionOptions(CLI::App& command) : command_(command) {}

    /// `function` is given the option's argument.
    template <class T, class Function>
    void add(const std::string& name, const std::string& type, const std::string& help,
             Function&& function) {
        command_.add_option_function<T>(name, std::forward<Function>(function), help)
            ->type_name(type)
            ->trigger_on_parse()
            ->group("Actions, carried out in the order given");
    }
    /// Adds an option that takes a value and where to write it.
    template <class Function>
    void add_assignment(const std::string& name, const std::string& help, Function&& function) {
        add<std::string>(name, assignment_type, help, [name, function](const std::string& text) {
            function(assignment_argument(name, text));
        });
    }

private:
    CLI::App& command_;
};

void add_actions(CLI::App& command, std::vector<Action>& actions) {
    ActionOptions options{command};
    options.add<std::string>("--read", "HANDLE|UUID", "read a value",
                             [&actions](const std::string& text) {
                                 actions.emplace_back(Read{attribute_argument("--read", text)});
                             });
    options.add<std::string>(
        "--by-uuid", "UUID", "read every value of this type, wherever it is",
        [&actions](const std::string& text) {
            const auto uuid = UUID::parse(text);
            if (!uuid)
                throw CLI::ValidationError{"--by-uuid", "a UUID has 4 hex digits (2a19) or 32"};
            actions.emplace_back(ReadByUuid{*uuid});
        });
    options.add_assignment("--write", "write, with response", [&actions](Assignment what) {
        actions.emplace_back(Write{std::move(what), WriteKind::request});
    });
    options.add_assignment("--write-command", "write, without response",
                           [&actions](Assignment what) {
                               actions.emplace_back(Write{std::move(what), WriteKind::command});
                           });
    options.add_assignment("--write-long", "write in parts, for values of up to 512 octets",
                           [&actions](Assignment what) {
                               actions.emplace_back(Write{std::move(what), WriteKind::in_parts});
                           });
    options.add_assignment(
        "--write-reliable",
        "write what the peer has repeated rightly; several side by side: all of them or none",
        [&actions](Assignment what) {
            last_or_new<ReliableWrite>(actions).assignments.push_back(std::move(what));
        });
    options.add<std::string>(
        "--subscribe", "HANDLE|UUID", "ask for notifications, else indications",
        [&actions](const std::string& text) {
            actions.emplace_back(Subscribe{attribute_argument("--subscribe", text)});
        });
    options.add<double>(
        "--for", "S", "listen for so many seconds; with --count the first that is fulfilled counts",
        [&actions](double seconds) {
            last_or_new<Listen>(actions).time = std::chrono::duration<double>{seconds};
        });
    options.add<std::size_t>(
        "--count", "N", "listen until so many values have come",
        [&actions](std::size_t count) { last_or_new<Listen>(actions).count = count; });
}

}  // namespace

void add_gatt_options(CLI::App& command, GattArguments& arguments) {
    GattArguments& a = arguments;
    add_peer_options(command, a.peer);
    command.add_option("--mtu", a.mtu, "the ATT MTU to ask for; 23: do not ask")
        ->type_name("N")
        ->check(CLI::Range(23, 517).description(""))
        ->capture_default_str();
    CLI::Option* const no_list =
        command.add_flag("-q,--no-list", a.no_list, "do not list the database");
    command.add_flag("--values", a.values, "list the values too, as far as they can be read")
        ->excludes(no_list);
    command.add_flag("--long", a.whole,
                     "have --read fetch the whole value, not only what fits one packet");
    command.add_flag("--no-cache", a.no_cache,
                     "discover all anew, whatever the peer's Database Hash says");
    command.add_flag("--pair", a.pair,
                     "encrypt the link where the peer asks for it: by the bond, or by pairing "
                     "without questions (see `asioble pair`)");
    add_actions(command, a.actions);
}

}  // namespace bluetooth::tool
