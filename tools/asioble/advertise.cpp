// SPDX-License-Identifier: MIT
//
// asioble advertise: a peripheral to try centrals on.
#include <algorithm>
#include <set>

#include "tools/asioble/decoded_values.hpp"
#include "tools/asioble/demo_services.hpp"
#include "tools/asioble/device.hpp"
#include "tools/asioble/output.hpp"
#include "tools/asioble/text.hpp"

#include "bluetooth/advertising_data.hpp"

namespace bluetooth::tool {
namespace {

using namespace std::chrono_literals;

/// Of a value that a central has written.
constexpr std::size_t most_shown = 32;

struct AdvertiseArguments {
    std::string name = "asioble";
    int interval_ms = 250;
    std::vector<std::string> services;
    bool not_connectable = false;
    std::string manufacturer;
    bool once = false;
    std::optional<double> change_services;  // after so many seconds
};

/// What is put on the air: the name goes where it fits.
struct Advertisement {
    AdvertisingData data;
    AdvertisingData response;
};

struct Manufacturer {
    std::uint16_t company = 0;
    Octets data;
};

/// "0059:010203": company identifier and data, both in hex.
std::optional<Manufacturer> parse_manufacturer(std::string_view text) {
    if (text.size() < 5 || text[4] != ':') return std::nullopt;
    const auto company = parse_hex(text.substr(0, 4));
    const auto data = parse_hex(text.substr(5));
    if (!company || company->size() != 2 || !data) return std::nullopt;
    return Manufacturer{static_cast<std::uint16_t>(company->front() << 8 | company->back()), *data};
}

Advertisement make_advertisement(const AdvertiseArguments& arguments) {
    std::vector<UUID> services;
    for (const std::string& text : arguments.services) services.push_back(*UUID::parse(text));
    if (services.empty()) services.push_back(battery_service);

    Advertisement advertisement;
    advertisement.data.flags().services(services);
    if (!arguments.manufacturer.empty()) {
        const auto manufacturer = *parse_manufacturer(arguments.manufacturer);
        advertisement.data.manufacturer_data(manufacturer.company, manufacturer.data);
    }
    AdvertisingData with_name = advertisement.data;
    with_name.name(arguments.name);
    error_code too_long;
    with_name.bytes(too_long);
    if (!too_long)
        advertisement.data = with_name;
    else
        advertisement.response.name(arguments.name);
    try {
        (void)advertisement.data.bytes();
        (void)advertisement.response.bytes();
    } catch (const system_error& error) {
        throw Failure{error.what(), exit_usage};
    }
    return advertisement;
}

class Advertise {
public:
    Advertise(const Options& options, const AdvertiseArguments& arguments)
        : arguments_(arguments),
          advertisement_(make_advertisement(arguments)),
          out_(options.json),
          device_(loop_, options) {}

    void run() {
        device_.on_event([this](const Event& event) { on_event(event); });
        device_.activate();
        device_->config(config::gap_name{arguments_.name});
        device_->config(config::mtu{517});
        handles_ = register_demo_services(device_.ble());
        tick();
        for (bool again = true; again; again = !arguments_.once) {
            advertise();
            left_ = false;
            loop_.run_until([&] { return left_; });
        }
    }

private:
    void advertise();
    void tick();
    void change_services_later();
    void change_services();
    void on_event(const Event& event);
    void on_subscribe(const GattsSubscribe& subscribe) const;
    void on_write(const GattsWrite& write);
    std::string name_of_value(AttributeHandle handle) const;
    /// Something that a central did.
    void tell(std::string_view what, ConnectionHandle conn_handle, const std::string& text,
              const std::function<void(Json&)>& details = {}) const;

    const AdvertiseArguments& arguments_;
    Advertisement advertisement_;
    Loop loop_;
    Output out_;
    Device device_;
    asio::steady_timer timer_{loop_.context()};
    asio::steady_timer change_timer_{loop_.context()};
    DemoHandles handles_;
    bool with_device_information_ = false;
    std::set<ConnectionHandle> connections_;
    std::uint8_t level_ = 100;
    std::uint8_t writes_ = 0;
    bool left_ = false;  // the central has, so it is time to advertise again
};

void Advertise::advertise() {
    device_->gap_advertise(
        std::chrono::milliseconds{arguments_.interval_ms}, advertisement_.data.bytes(),
        {.resp_data = advertisement_.response.bytes(), .connectable = !arguments_.not_connectable});
    const auto mac = device_->config<config::mac>();
    const std::string address = to_string(mac.address);
    const std::string type{to_string(mac.type)};
    out_.tell(
        "Advertising as " + out_.paint(Style::bold, '"' + arguments_.name + '"') + " at " +
            address + " (" + type + "). Ctrl-C ends it.",
        Json{"advertising"}.add("name", arguments_.name).add("address", address).add("type", type));
}

/// The battery runs down by a per cent each second; whoever subscribed is told.
void Advertise::tick() {
    timer_.expires_after(1s);
    timer_.async_wait([this](error_code error) {
        if (error) return;
        if (!connections_.empty()) {
            level_ = level_ == 0 ? std::uint8_t{100} : static_cast<std::uint8_t>(level_ - 1);
            error_code full;  // a client that does not keep up misses this one
            device_->gatts_write(handles_.battery, std::array{level_}, true, full);
        }
        tick();
    });
}

void Advertise::change_services_later() {
    if (!arguments_.change_services) return;
    const std::chrono::duration<double> delay{*arguments_.change_services};
    change_timer_.expires_after(std::chrono::duration_cast<Duration>(delay));
    change_timer_.async_wait([this](error_code error) {
        if (!error) change_services();
    });
}

/// Registers the services anew, with one more or without it. What they hold stays.
void Advertise::change_services() {
    const Bytes old = device_->gatts_read(handles_.text);
    const Octets text{old.begin(), old.end()};
    with_device_information_ = !with_device_information_;
    handles_ = register_demo_services(device_.ble(), with_device_information_);
    device_->gatts_write(handles_.battery, std::array{level_});
    device_->gatts_write(handles_.text, Bytes{text});
    device_->gatts_write(handles_.alert, std::array{writes_});
    const std::string change = with_device_information_ ? "added" : "removed";
    out_.tell("The services have changed: Device Information was " + change,
              Json{"services_changed"}.add(change, to_text(device_information_service)));
}

void Advertise::tell(std::string_view what, ConnectionHandle conn_handle, const std::string& text,
                     const std::function<void(Json&)>& details) const {
    const auto number = static_cast<std::uint16_t>(conn_handle);
    Json json{what};
    json.add("connection", number);
    if (details) details(json);
    out_.tell(out_.paint(Style::dim, '[' + std::to_string(number) + "] ") + text, json);
}

std::string Advertise::name_of_value(AttributeHandle handle) const {
    if (handle == handles_.battery) return "Battery Level";
    if (handle == handles_.text) return "Demo Text";
    if (handle == handles_.alert) return "Demo Alert";
    if (handle == handles_.manufacturer) return "Manufacturer Name";
    if (handle == handles_.model) return "Model Number";
    return "Service Changed";  // the only one with events that we did not register
}

void Advertise::on_subscribe(const GattsSubscribe& subscribe) const {
    const std::string value = name_of_value(subscribe.value_handle);
    const std::string to = to_text(subscribe.subscription);
    tell(
        "subscribe", subscribe.conn_handle,
        subscribe.subscription == Subscription::none ? "no longer subscribes to " + value
                                                     : "subscribes to " + to + " of " + value,
        [&](Json& json) { json.add("handle", att::number(subscribe.value_handle)).add("to", to); });
}

/// Counts the write, and indicates the count to whoever subscribed to the alert.
void Advertise::on_write(const GattsWrite& write) {
    const Bytes value = device_->gatts_read(write.value_handle);
    tell(
        "write", write.conn_handle,
        "wrote " + name_of_value(write.value_handle) + ": " + describe_value({}, value, most_shown),
        [&](Json& json) {
            json.add("handle", static_cast<std::uint16_t>(write.value_handle))
                .add("value", to_hex(value));
        });
    error_code full;
    device_->gatts_write(handles_.alert, std::array{++writes_}, true, full);
}

void Advertise::on_event(const Event& event) {
    std::visit(Overloaded{
                   [&](const CentralConnect& e) {
                       connections_.insert(e.conn_handle);
                       const std::string address = to_string(e.addr);
                       tell("connect", e.conn_handle, "connected: " + address,
                            [&](Json& json) { json.add("address", address); });
                       change_services_later();
                   },
                   [&](const CentralDisconnect& e) {
                       connections_.erase(e.conn_handle);
                       change_timer_.cancel();
                       const std::string reason = e.reason.message();
                       tell("disconnect", e.conn_handle, "disconnected: " + reason,
                            [&](Json& json) { json.add("reason", reason); });
                       left_ = true;
                   },
                   [&](const MtuExchanged& e) {
                       tell("mtu", e.conn_handle, "ATT MTU " + std::to_string(e.mtu),
                            [&](Json& json) { json.add("mtu", e.mtu); });
                   },
                   [&](const GattsReadRequest& e) {
                       tell("read", e.conn_handle, "reads " + name_of_value(e.value_handle),
                            [&](Json& json) {
                                json.add("handle", static_cast<std::uint16_t>(e.value_handle));
                            });
                   },
                   [&](const GattsWrite& e) { on_write(e); },
                   [&](const GattsSubscribe& e) { on_subscribe(e); },
                   [&](const GattsIndicateDone& e) {
                       tell("confirmed", e.conn_handle,
                            e.status == 0 ? "confirmed " + name_of_value(e.value_handle)
                                          : "did not confirm: " + e.error.message(),
                            [&](Json& json) { json.add("status", e.status); });
                   },
                   [](const auto&) {},
               },
               event);
}

}  // namespace

void add_advertise(CLI::App& app, Program& program) {
    CLI::App* const command = app.add_subcommand(
        "advertise", "be a peripheral with a small database, and show what centrals do");
    const auto arguments = std::make_shared<AdvertiseArguments>();
    command->add_option("-n,--name", arguments->name, "name to advertise")
        ->type_name("TEXT")
        ->capture_default_str();
    command->add_option("-i,--interval", arguments->interval_ms, "advertise every so many ms")
        ->type_name("MS")
        ->check(CLI::Range(20, 10'240).description(""))
        ->capture_default_str();
    command
        ->add_option("--service", arguments->services, "services to announce; else the battery's")
        ->type_name("UUID...")
        ->check([](const std::string& text) {
            return UUID::parse(text) ? "" : "a UUID has 4 hex digits (180f) or 32";
        });
    command->add_flag("--not-connectable", arguments->not_connectable, "only be seen");
    command->add_option("--manufacturer", arguments->manufacturer, "manufacturer specific data")
        ->type_name("ID:HEX")
        ->check([](const std::string& text) {
            return parse_manufacturer(text) ? "" : "write a company and data, as in ffff:0102";
        });
    command
        ->add_option("--change-services", arguments->change_services,
                     "so long after each central has connected, add a service, or remove it again")
        ->type_name("S")
        ->check(CLI::Range(0.0, 86'400.0).description(""));
    command->add_flag("--once", arguments->once, "end after the first central has left");
    command->callback([&program, arguments] {
        program.command = [&program, arguments] { Advertise{program.options, *arguments}.run(); };
    });
}

}  // namespace bluetooth::tool
