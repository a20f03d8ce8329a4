// SPDX-License-Identifier: MIT
//
// asioble gatt: connect to a peripheral, list its database, read, write and listen.
#include <algorithm>
#include <iterator>

#include "tools/asioble/assigned_numbers.hpp"
#include "tools/asioble/central.hpp"
#include "tools/asioble/device.hpp"
#include "tools/asioble/output.hpp"

namespace bluetooth::tool {
namespace {

using namespace std::chrono_literals;
using Seconds = std::chrono::duration<double>;

// What to do once the database is known, in the order of the command line.
struct Read {
    AttributeName attribute;
};
struct Write {
    AttributeName attribute;
    Octets value;
    bool with_response = true;
};
struct Subscribe {
    AttributeName attribute;
};
/// Shows what comes, until the time is over or so many values have come.
struct Listen {
    std::optional<Seconds> time;
    std::optional<std::size_t> count;
};
using Action = std::variant<Read, Write, Subscribe, Listen>;

struct GattArguments {
    std::string address;
    std::string type;
    std::string name;
    double timeout = 10;
    std::uint16_t mtu = 247;
    bool quiet = false;
    std::vector<Action> actions;
};

class Gatt {
public:
    Gatt(const Options& options, const GattArguments& arguments)
        : arguments_(arguments),
          out_(options.json),
          device_(loop_, options),
          central_(loop_, device_.ble()) {}

    void run() {
        device_.on_event([this](const Event& event) { central_.on_event(event); });
        device_.activate();
        connect();
        services_ = central_.discover();
        if (!arguments_.quiet) list();
        for (const Action& action : arguments_.actions)
            std::visit([this](const auto& what) { perform(what); }, action);
        if (!arguments_.actions.empty() &&
            std::holds_alternative<Subscribe>(arguments_.actions.back()))
            perform(Listen{});
        central_.disconnect();
        out_.tell("Disconnected", Json{"disconnected"});
    }

private:
    void connect();
    Found look_for();
    void list() const;
    void perform(const Read& read);
    void perform(const Write& write);
    void perform(const Subscribe& subscribe);
    void perform(const Listen& listen);
    void show(const ReceivedValue& value) const;

    AttributeHandle handle_of(const AttributeName& name) const;
    const RemoteCharacteristic& characteristic_of(const AttributeName& name) const;
    /// "0x0012 Battery Level", as far as it has a name.
    std::string label(AttributeHandle handle) const;

    const GattArguments& arguments_;
    Loop loop_;
    Output out_;
    Device device_;
    Central central_;
    std::vector<RemoteService> services_;
};

void Gatt::connect() {
    const auto address = Address::parse(arguments_.address);
    Found peer;
    if (address && !arguments_.type.empty()) {
        peer.address = *address;
        peer.type =
            arguments_.type == "public" ? AddressType::public_device : AddressType::random_device;
    } else {
        peer = look_for();
    }
    const std::string text = to_string(peer.address);
    const std::string type{to_string(peer.type)};
    out_.say("Connecting to " + text + " (" + type + ") ...");
    central_.connect(
        peer.type, peer.address,
        std::chrono::duration_cast<std::chrono::milliseconds>(Seconds{arguments_.timeout}));
    const std::uint16_t mtu =
        arguments_.mtu > 23 ? central_.exchange_mtu(arguments_.mtu) : std::uint16_t{23};
    out_.tell(out_.paint(Style::good, "Connected") + ", ATT MTU " + std::to_string(mtu),
              Json{"connected"}
                  .add("connection", static_cast<std::uint16_t>(central_.connection()))
                  .add("address", text)
                  .add("type", type)
                  .add("mtu", mtu));
}

Found Gatt::look_for() {
    const auto address = Address::parse(arguments_.address);
    const std::string what = address ? arguments_.address : '"' + arguments_.name + '"';
    out_.say("Looking for " + what + " ...");
    const auto matches = [&](const ScanResult& result) {
        if (address) return result.addr == *address;
        return AdvertisingDataView{result.adv_data}.name() == arguments_.name;
    };
    const auto limit = std::chrono::duration_cast<Duration>(Seconds{arguments_.timeout});
    if (const auto found = central_.find(matches, limit)) return *found;
    throw Failure{what + " was not heard. Is it switched on, near, and advertising? " +
                  "`asioble scan --active` shows who is; --timeout S looks longer"};
}

void Gatt::list() const {
    Table table;
    table.add({out_.paint(Style::dim, "HANDLE"), out_.paint(Style::dim, "ATTRIBUTE"),
               out_.paint(Style::dim, "UUID"), out_.paint(Style::dim, "PROPERTIES")});
    const auto describe = [&](std::string_view kind, AttributeHandle handle, const UUID& uuid) {
        return Json{kind}
            .add("handle", static_cast<std::uint16_t>(handle))
            .add("uuid", to_text(uuid))
            .add("name", name_of(uuid));
    };
    const auto named = [](const UUID& uuid, std::string_view kind) {
        const std::string_view name = name_of(uuid);
        return std::string{name.empty() ? kind : name};
    };
    for (const RemoteService& service : services_) {
        out_.record(describe("service", service.start_handle, service.uuid)
                        .add("end_handle", static_cast<std::uint16_t>(service.end_handle)));
        table.add({to_text(service.start_handle),
                   out_.paint(Style::bold, named(service.uuid, "(service)")),
                   to_text(service.uuid)});
        for (const RemoteCharacteristic& value : service.characteristics) {
            const auto properties = property_names(value.properties);
            out_.record(describe("characteristic", value.value_handle, value.uuid)
                            .add("properties", properties));
            table.add({to_text(value.value_handle), "  " + named(value.uuid, "(characteristic)"),
                       to_text(value.uuid), join(properties)});
            for (const RemoteDescriptor& descriptor : value.descriptors) {
                out_.record(describe("descriptor", descriptor.handle, descriptor.uuid));
                table.add({to_text(descriptor.handle),
                           "    " + named(descriptor.uuid, "(descriptor)"),
                           to_text(descriptor.uuid)});
            }
        }
    }
    table.print(out_);
}

const RemoteCharacteristic& Gatt::characteristic_of(const AttributeName& name) const {
    const RemoteCharacteristic* found = nullptr;
    for (const RemoteService& service : services_) {
        for (const RemoteCharacteristic& candidate : service.characteristics) {
            const UUID* const uuid = std::get_if<UUID>(&name);
            const bool matches = uuid != nullptr ? uuid->same_as(candidate.uuid)
                                                 : AttributeName{candidate.value_handle} == name;
            if (!matches) continue;
            if (found != nullptr)
                throw Failure{to_text(candidate.uuid) + " is there more than once, at " +
                              to_text(found->value_handle) + " and " +
                              to_text(candidate.value_handle) + ": say the handle"};
            found = &candidate;
        }
    }
    if (found != nullptr) return *found;
    const auto text = std::visit([](const auto& what) { return to_text(what); }, name);
    throw Failure{"the peer has no characteristic " + text + "; `asioble gatt` lists what it has"};
}

AttributeHandle Gatt::handle_of(const AttributeName& name) const {
    if (const auto* handle = std::get_if<AttributeHandle>(&name)) return *handle;
    return characteristic_of(name).value_handle;
}

std::string Gatt::label(AttributeHandle handle) const {
    std::string text = to_text(handle);
    for (const RemoteService& service : services_)
        for (const RemoteCharacteristic& candidate : service.characteristics)
            if (candidate.value_handle == handle) {
                const std::string_view name = name_of(candidate.uuid);
                return text + ' ' + std::string{name.empty() ? to_text(candidate.uuid) : name};
            }
    return text;
}

void Gatt::perform(const Read& read) {
    const AttributeHandle handle = handle_of(read.attribute);
    const Octets value = central_.read(handle);
    out_.tell("Read " + label(handle) + ": " + value_to_text(Bytes{value}),
              Json{"read"}
                  .add("handle", static_cast<std::uint16_t>(handle))
                  .add("value", to_hex(Bytes{value})));
}

void Gatt::perform(const Write& write) {
    const AttributeHandle handle = handle_of(write.attribute);
    const std::size_t room = device_->gattc_mtu(central_.connection()) - 3u;
    if (write.value.size() > room)
        throw Failure{std::to_string(write.value.size()) +
                      " octets do not fit: at this MTU at most " + std::to_string(room) +
                      " can be written at once"};
    if (write.with_response)
        central_.write(handle, Bytes{write.value});
    else
        central_.write_command(handle, Bytes{write.value});
    out_.tell((write.with_response ? "Wrote " : "Sent to ") + label(handle) + ": " +
                  value_to_text(Bytes{write.value}),
              Json{write.with_response ? "written" : "write_command"}
                  .add("handle", static_cast<std::uint16_t>(handle))
                  .add("value", to_hex(Bytes{write.value})));
}

void Gatt::perform(const Subscribe& subscribe) {
    const RemoteCharacteristic& characteristic = characteristic_of(subscribe.attribute);
    central_.subscribe(characteristic);
    out_.tell(
        "Subscribed to " + label(characteristic.value_handle),
        Json{"subscribed"}.add("handle", static_cast<std::uint16_t>(characteristic.value_handle)));
}

void Gatt::perform(const Listen& listen) {
    if (!listen.time && !listen.count) out_.say("Listening. Ctrl-C ends it.");
    const Time end =
        listen.time ? Clock::now() + std::chrono::duration_cast<Duration>(*listen.time) : never;
    std::size_t shown = 0;
    while (!listen.count || shown < *listen.count) {
        const auto value = central_.next_value(end == never ? Duration::max() : end - Clock::now());
        if (!value) break;
        show(*value);
        ++shown;
    }
    if (listen.count && shown < *listen.count)
        throw Failure{"only " + std::to_string(shown) + " of " + std::to_string(*listen.count) +
                      " values came in time"};
}

void Gatt::show(const ReceivedValue& value) const {
    out_.tell((value.indicated ? "Indicated " : "Notified ") + label(value.handle) + ": " +
                  value_to_text(Bytes{value.data}),
              Json{value.indicated ? "indication" : "notification"}
                  .add("handle", static_cast<std::uint16_t>(value.handle))
                  .add("value", to_hex(Bytes{value.data})));
}

// ---- the command line

AttributeName attribute_argument(const std::string& option, const std::string& text) {
    if (const auto name = parse_attribute(text)) return *name;
    throw CLI::ValidationError{
        option,
        '\'' + text + "' is neither a handle (0x0012 or 18) nor a UUID (2a19, or 32 digits)"};
}

Write write_argument(const std::string& option, const std::string& text, bool with_response) {
    const auto equals = text.find('=');
    const auto value =
        equals == text.npos ? std::nullopt : parse_value(std::string_view{text}.substr(equals + 1));
    if (!value)
        throw CLI::ValidationError{
            option, '\'' + text +
                        "': write HANDLE=HEX, as in 0x0012=64, or HANDLE='text' (the "
                        "shell wants \"0x0012='text'\")"};
    return {attribute_argument(option, text.substr(0, equals)), *value, with_response};
}

/// `--for` and `--count` side by side are one: whichever is fulfilled first.
void add_listen(std::vector<Action>& actions, const Listen& listen) {
    Listen* last = actions.empty() ? nullptr : std::get_if<Listen>(&actions.back());
    if (last == nullptr) last = &std::get<Listen>(actions.emplace_back(Listen{}));
    if (listen.time) last->time = listen.time;
    if (listen.count) last->count = listen.count;
}

/// An option that may stand several times, and whose place among the others counts.
template <class T, class Function>
void add_action(CLI::App* command, const std::string& name, const std::string& type,
                const std::string& help, Function&& function) {
    command->add_option_function<T>(name, std::forward<Function>(function), help)
        ->type_name(type)
        ->trigger_on_parse()
        ->group("Actions, carried out in the order given");
}

}  // namespace

void add_gatt(CLI::App& app, Program& program) {
    CLI::App* const command = app.add_subcommand(
        "gatt", "connect to a peripheral, list its database, read, write, listen");
    const auto arguments = std::make_shared<GattArguments>();
    GattArguments& a = *arguments;  // lives as long as the command line, which keeps `arguments`
    CLI::Option* const address =
        command->add_option("ADDRESS", a.address, "the peripheral, as `asioble scan` shows it")
            ->type_name("")
            ->check([](const std::string& text) {
                return Address::parse(text) ? "" : "an address looks like 00:AA:01:02:03:04";
            });
    command->add_option("--name", a.name, "look for a peripheral with this name instead")
        ->type_name("TEXT")
        ->excludes(address);
    command->add_option("--type", a.type, "of the address, which saves the look")
        ->type_name("public|random")
        ->check(CLI::IsMember({"public", "random"}).description(""));
    command
        ->add_option("--timeout", a.timeout, "look for it and try to connect for so many seconds")
        ->type_name("S")
        ->check(CLI::Range(0.1, 86'400.0).description(""))
        ->capture_default_str();
    command->add_option("--mtu", a.mtu, "the ATT MTU to ask for; 23: do not ask")
        ->type_name("N")
        ->check(CLI::Range(23, 517).description(""))
        ->capture_default_str();
    command->add_flag("-q,--no-list", a.quiet, "do not list the database");

    add_action<std::string>(command, "--read", "HANDLE|UUID", "read a value",
                            [&a](const std::string& text) {
                                a.actions.emplace_back(Read{attribute_argument("--read", text)});
                            });
    add_action<std::string>(command, "--write", "HANDLE|UUID=HEX|'text'", "write, with response",
                            [&a](const std::string& text) {
                                a.actions.emplace_back(write_argument("--write", text, true));
                            });
    add_action<std::string>(
        command, "--write-command", "HANDLE|UUID=HEX|'text'", "write, without response",
        [&a](const std::string& text) {
            a.actions.emplace_back(write_argument("--write-command", text, false));
        });
    add_action<std::string>(
        command, "--subscribe", "HANDLE|UUID", "ask for notifications, else indications",
        [&a](const std::string& text) {
            a.actions.emplace_back(Subscribe{attribute_argument("--subscribe", text)});
        });
    add_action<double>(command, "--for", "S", "listen for so many seconds", [&a](double seconds) {
        add_listen(a.actions, {Seconds{seconds}, {}});
    });
    add_action<std::size_t>(command, "--count", "N", "listen until so many values have come",
                            [&a](std::size_t count) {
                                add_listen(a.actions, {{}, count});
                            });

    command->callback([&program, arguments] {
        if (arguments->address.empty() && arguments->name.empty())
            throw CLI::ValidationError{"gatt", "which peripheral? Give its ADDRESS or --name"};
        program.command = [&program, arguments] { Gatt{program.options, *arguments}.run(); };
    });
}

}  // namespace bluetooth::tool
