// SPDX-License-Identifier: MIT
//
// asioble gatt: connect to a peripheral, list its database, read, write and listen.
#include "tools/asioble/assigned_numbers.hpp"
#include "tools/asioble/central.hpp"
#include "tools/asioble/decoded_values.hpp"
#include "tools/asioble/device.hpp"
#include "tools/asioble/gatt_arguments.hpp"
#include "tools/asioble/gatt_listing.hpp"
#include "tools/asioble/output.hpp"

namespace bluetooth::tool {
namespace {

constexpr UUID service_changed{0x2a05};
/// Of a value that the user has written; what was read is shown whole.
constexpr std::size_t most_echoed = 32;

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
        device_->config(config::gatt_cache{!arguments_.no_cache});
        device_->config(config::auto_security{arguments_.pair});
        device_->config(config::bond{arguments_.pair});
        connect();
        if (!arguments_.no_list) list_all();
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
    void list_all();
    void perform(const Read& read);
    void perform(const ReadByUuid& read);
    void perform(const Write& write);
    void perform(const ReliableWrite& write);
    void perform(const Subscribe& subscribe);
    void perform(const Listen& listen);

    void show(const ReceivedValue& value);
    void check_that_it_fits(Bytes value);
    /// Says what was done with a value, or what the peer has sent.
    void tell(std::string_view what, std::string_view event, AttributeHandle handle,
              const std::optional<UUID>& type, Bytes value,
              std::size_t most_octets = std::numeric_limits<std::size_t>::max()) const;

    /// Discovered when it is first asked for.
    const RemoteDatabase& database();
    AttributeHandle handle_of(const AttributeName& name);
    std::optional<UUID> type_of(AttributeHandle handle) const;

    const GattArguments& arguments_;
    Loop loop_;
    Output out_;
    Device device_;
    Central central_;
    std::optional<RemoteDatabase> database_;
};

/// "0x0012 Battery Level", as far as it has a name.
std::string label(AttributeHandle handle, const std::optional<UUID>& type) {
    const std::string text = to_text(handle);
    if (!type) return text;
    const std::string_view name = name_of(*type);
    return text + ' ' + (name.empty() ? to_text(*type) : std::string{name});
}

void Gatt::connect() {
    const Found peer = connect_to(arguments_.peer, central_, out_);
    const std::uint16_t mtu =
        arguments_.mtu > 23 ? central_.exchange_mtu(arguments_.mtu) : std::uint16_t{23};
    out_.tell(out_.paint(Style::good, "Connected") + ", ATT MTU " + std::to_string(mtu),
              Json{"connected"}
                  .add("connection", static_cast<std::uint16_t>(central_.connection()))
                  .add("address", to_string(peer.address))
                  .add("type", to_string(peer.type))
                  .add("mtu", mtu));
}

const RemoteDatabase& Gatt::database() {
    if (!database_) database_ = central_.discover();
    return *database_;
}

AttributeHandle Gatt::handle_of(const AttributeName& name) {
    if (const auto* handle = std::get_if<AttributeHandle>(&name)) return *handle;
    return find_characteristic(database(), name).value_handle;
}

std::optional<UUID> Gatt::type_of(AttributeHandle handle) const {
    return database_ ? tool::type_of(*database_, handle) : std::nullopt;
}

void Gatt::list_all() {
    if (arguments_.values)
        list(database(), out_,
             [this](AttributeHandle handle) { return central_.try_read_long(handle); });
    else
        list(database(), out_);
}

void Gatt::tell(std::string_view what, std::string_view event, AttributeHandle handle,
                const std::optional<UUID>& type, Bytes value, std::size_t most_octets) const {
    Json json{event};
    json.add("handle", att::number(handle));
    add_to(json, type, value);
    out_.tell(std::string{what} + ' ' + label(handle, type) + ": " +
                  describe_value(type, value, most_octets),
              json);
}

void Gatt::perform(const Read& read) {
    const AttributeHandle handle = handle_of(read.attribute);
    const Octets value = arguments_.whole ? central_.read_long(handle) : central_.read(handle);
    tell("Read", "read", handle, type_of(handle), Bytes{value});
}

void Gatt::perform(const ReadByUuid& read) {
    for (const ReadValue& value : central_.read_by_uuid(read.uuid))
        tell("Read", "read", value.handle, read.uuid, Bytes{value.data});
}

void Gatt::perform(const Write& write) {
    const AttributeHandle handle = handle_of(write.assignment.attribute);
    const Bytes value{write.assignment.value};
    if (write.kind != WriteKind::in_parts) check_that_it_fits(value);
    switch (write.kind) {
    case WriteKind::request: central_.write(handle, value); break;
    case WriteKind::command: central_.write_command(handle, value); break;
    case WriteKind::in_parts: central_.write_long(handle, value); break;
    }
    const bool command = write.kind == WriteKind::command;
    tell(command ? "Sent to" : "Wrote", command ? "write_command" : "written", handle,
         type_of(handle), value, most_echoed);
}

void Gatt::check_that_it_fits(Bytes value) {
    // Opcode and handle come before the value (Vol 3 Part F 3.4.5.1).
    const std::size_t room = device_->gattc_mtu(central_.connection()) - 3u;
    if (value.size() > room)
        throw Failure{std::to_string(value.size()) + " octets do not fit: at this MTU at most " +
                      std::to_string(room) +
                      " can be written at once; --write-long writes them in parts"};
}

void Gatt::perform(const ReliableWrite& write) {
    std::vector<HandleValue> values;
    for (const Assignment& assignment : write.assignments)
        values.push_back({handle_of(assignment.attribute), Bytes{assignment.value}});
    central_.write_reliable(values);
    for (const HandleValue& value : values)
        tell("Wrote", "written", value.handle, type_of(value.handle), value.value, most_echoed);
}

void Gatt::perform(const Subscribe& subscribe) {
    const RemoteCharacteristic& value = find_characteristic(database(), subscribe.attribute);
    const std::string to = to_text(central_.subscribe(value));
    out_.tell("Subscribed to " + to + " of " + label(value.value_handle, value.uuid),
              Json{"subscribed"}.add("handle", att::number(value.value_handle)).add("to", to));
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

void Gatt::show(const ReceivedValue& value) {
    const auto type = type_of(value.handle);
    tell(value.indicated ? "Indicated" : "Notified",
         value.indicated ? "indication" : "notification", value.handle, type, Bytes{value.data});
    // What stands behind the handles is another thing now (Vol 3 Part G 7.1).
    if (type && type->same_as(service_changed)) database_ = central_.discover();
}

}  // namespace

void add_gatt(CLI::App& app, Program& program) {
    CLI::App* const command = app.add_subcommand(
        "gatt", "connect to a peripheral, list its database, read, write, listen");
    const auto arguments = std::make_shared<GattArguments>();
    add_gatt_options(*command, *arguments);
    command->callback([&program, command, arguments] {
        check_peer(*command, arguments->peer);
        program.command = [&program, arguments] { Gatt{program.options, *arguments}.run(); };
    });
}

}  // namespace bluetooth::tool
