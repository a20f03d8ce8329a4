// SPDX-License-Identifier: MIT
//
// asioble demo: two devices in one process, on the embedded virtual controller, do everything once.
#include <filesystem>

#include "tools/asioble/central.hpp"
#include "tools/asioble/demo_services.hpp"
#include "tools/asioble/device.hpp"
#include "tools/asioble/output.hpp"

namespace bluetooth::tool {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view name = "asioble demo";
/// All is over in a moment; so much is patience with a busy machine.
constexpr auto limit = 60s;

/// "run.btsnoop" becomes "run.central.btsnoop": each device records its own controller.
std::string snoop_file(const std::string& file, std::string_view device) {
    if (file.empty()) return {};
    std::filesystem::path path{file};
    std::string extension{device};
    extension += path.extension().string();
    return path.replace_extension(extension).string();
}

/// What the peripheral heard from its events.
struct Heard {
    std::optional<ConnectionHandle> connection;
    bool disconnected = false;
    std::optional<AttributeHandle> written;
    std::optional<int> indication_status;
};

class Demo {
public:
    explicit Demo(const Options& options)
        : out_(options.json),
          peripheral_(loop_, {"virtual:", snoop_file(options.snoop, "peripheral"), false}),
          device_(loop_, {"virtual:", snoop_file(options.snoop, "central"), false}),
          central_(loop_, device_.ble()) {}

    void run() {
        loop_.set_limit(limit);
        out_.say(out_.paint(Style::bold,
                            "Two Bluetooth LE devices in this process, on a virtual "
                            "radio. Nothing here needs hardware."));
        out_.say();
        activate();
        advertise();
        scan_and_connect();
        exchange_mtu();
        discover();
        read();
        write();
        notify();
        indicate();
        disconnect();
        out_.say();
        out_.tell(out_.paint(Style::good, "Done: every step happened, with the right values."),
                  Json{"done"}.add("steps", steps_));
        out_.say("Next: `asioble --help`; README.md has the same in 30 lines of C++.");
    }

private:
    void activate();
    void advertise();
    void scan_and_connect();
    void exchange_mtu();
    void discover();
    void read();
    void write();
    void notify();
    void indicate();
    void disconnect();

    void on_peripheral_event(const Event& event);
    /// A line of the transcript.
    void tell(std::string_view device, std::string_view step, std::string_view what);
    /// Ends the demo unless `right`.
    void expect(bool right, const std::string& what) const {
        if (!right) throw Failure{"the demo went wrong: " + what};
    }
    const RemoteCharacteristic& characteristic(const UUID& uuid) const {
        return find_characteristic(services_, uuid);
    }

    Loop loop_;
    Output out_;
    Device peripheral_;
    Device device_;
    Central central_;
    DemoHandles handles_;
    Heard heard_;
    RemoteDatabase services_;
    int steps_ = 0;
};

void Demo::tell(std::string_view device, std::string_view step, std::string_view what) {
    ++steps_;
    const std::string line = "  " + pad(device, 12) + out_.paint(Style::bold, pad(step, 14));
    out_.tell(line + std::string{what},
              Json{"step"}.add("device", device).add("step", step).add("what", what));
}

void Demo::on_peripheral_event(const Event& event) {
    std::visit(Overloaded{
                   [&](const CentralConnect& e) { heard_.connection = e.conn_handle; },
                   [&](const CentralDisconnect&) { heard_.disconnected = true; },
                   [&](const GattsWrite& e) { heard_.written = e.value_handle; },
                   [&](const GattsIndicateDone& e) { heard_.indication_status = e.status; },
                   [](const auto&) {},
               },
               event);
}

void Demo::activate() {
    peripheral_.on_event([this](const Event& event) { on_peripheral_event(event); });
    device_.on_event([this](const Event& event) { central_.on_event(event); });
    peripheral_.activate();
    tell("peripheral", "active",
         "address " + to_string(peripheral_->config<config::mac>().address));
    device_.activate();
    tell("central", "active", "address " + to_string(device_->config<config::mac>().address));
}

void Demo::advertise() {
    peripheral_->config(config::gap_name{std::string{name}});
    handles_ = register_demo_services(peripheral_.ble());
    AdvertisingData data;
    data.flags().services({battery_service}).name(name);
    peripheral_->gap_advertise(100ms, data);
    tell("peripheral", "advertise", "\"asioble demo\" with the Battery Service, every 100 ms");
}

void Demo::scan_and_connect() {
    const auto found = central_.find(
        [](const ScanResult& result) {
            const AdvertisingDataView data{result.adv_data};
            return data.name() == name && data.has_service(battery_service);
        },
        limit);
    expect(found.has_value(), "the scan did not find the peripheral");
    expect(found->address == peripheral_->config<config::mac>().address,
           "the scan found another address");
    tell("central", "scan",
         "found \"" + found->name + "\" at " + to_string(found->address) + ", " +
             std::to_string(found->rssi) + " dBm");

    central_.connect(found->type, found->address, 10s);
    tell("central", "connect", "connected to " + to_string(found->address));
    loop_.run_until([&] { return heard_.connection.has_value(); });
    tell("peripheral", "connected", "a central is here; advertising has stopped by that");
}

void Demo::exchange_mtu() {
    const std::uint16_t mtu = central_.exchange_mtu(247);
    expect(mtu == 247, "the ATT MTU is " + std::to_string(mtu) + " instead of 247");
    tell("central", "exchange MTU", "attribute PDUs may now have 247 octets instead of 23");
}

void Demo::discover() {
    services_ = central_.discover();
    std::size_t characteristics = 0;
    for (const RemoteService& service : services_)
        characteristics += service.characteristics.size();
    expect(characteristic(battery_level).value_handle == handles_.battery &&
               characteristic(demo_text).value_handle == handles_.text &&
               characteristic(demo_alert).value_handle == handles_.alert,
           "discovery found wrong handles");
    tell("central", "discover",
         std::to_string(services_.size()) + " services with " + std::to_string(characteristics) +
             " characteristics, Battery Level at " + to_text(handles_.battery));
}

void Demo::read() {
    const Octets value = central_.read(handles_.battery);
    expect(value == Octets{100}, "Battery Level reads as " + value_to_text(Bytes{value}));
    tell("central", "read", "Battery Level is 100 %");
}

void Demo::write() {
    constexpr std::string_view text = "Hello from the other side!";
    central_.write(handles_.text, Bytes::of(text));
    tell("central", "write", "the text \"Hello from the other side!\", with response");
    expect(heard_.written == handles_.text, "the peripheral did not hear of the write");
    expect(peripheral_->gatts_read(handles_.text) == Bytes::of(text),
           "the peripheral has another text");
    tell("peripheral", "written", "the text now is \"Hello from the other side!\"");
}

void Demo::notify() {
    central_.subscribe(characteristic(battery_level));
    tell("central", "subscribe", "to notifications of Battery Level");
    for (std::uint8_t level = 99; level > 96; --level) {
        peripheral_->gatts_notify(*heard_.connection, handles_.battery,
                                  std::array<std::uint8_t, 1>{level});
        const std::string percent = std::to_string(level) + " %";
        tell("peripheral", "notify", "Battery Level " + percent);
        const auto value = central_.next_value();
        expect(value && !value->indicated && value->handle == handles_.battery &&
                   value->data == Octets{level},
               "the notification of " + percent + " did not arrive as sent");
        tell("central", "notified", "Battery Level " + percent);
    }
}

void Demo::indicate() {
    central_.subscribe(characteristic(demo_alert));
    tell("central", "subscribe", "to indications of Demo Alert");
    peripheral_->gatts_indicate(*heard_.connection, handles_.alert, Bytes::of("alert!"));
    tell("peripheral", "indicate", "Demo Alert \"alert!\"");
    const auto value = central_.next_value();
    expect(value && value->indicated && value->handle == handles_.alert &&
               Bytes{value->data} == Bytes::of("alert!"),
           "the indication did not arrive as sent");
    tell("central", "indicated", "Demo Alert \"alert!\"");
    loop_.run_until([&] { return heard_.indication_status.has_value(); });
    expect(*heard_.indication_status == 0, "the indication was not confirmed");
    tell("peripheral", "confirmed", "the central has the indication");
}

void Demo::disconnect() {
    central_.disconnect();
    tell("central", "disconnect", "the link is closed");
    loop_.run_until([&] { return heard_.disconnected; });
    tell("peripheral", "disconnected", "the central has left");
}

}  // namespace

void add_demo(CLI::App& app, Program& program) {
    CLI::App* const command = app.add_subcommand(
        "demo", "two devices in one process talk to each other on a virtual radio");
    command->callback([&program] {
        program.command = [&program] {
            if (!program.options.transport.empty())
                throw Failure{"demo always runs on the embedded virtual controller: leave out -t",
                              exit_usage};
            Demo{program.options}.run();
        };
    });
}

}  // namespace bluetooth::tool
