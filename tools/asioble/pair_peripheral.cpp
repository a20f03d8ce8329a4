// SPDX-License-Identifier: MIT
//
// asioble pair --advertise: a peripheral that waits for a central to pair.
#include "tools/asioble/demo_services.hpp"
#include "tools/asioble/device.hpp"
#include "tools/asioble/pair.hpp"

#include "bluetooth/advertising_data.hpp"

namespace bluetooth::tool {
namespace {

using namespace std::chrono_literals;

class PairingPeripheral {
public:
    PairingPeripheral(const Options& options, const PairArguments& arguments)
        : options_(options),
          arguments_(arguments),
          out_(options.json),
          device_(loop_, options),
          agent_(loop_, device_.ble(), out_, arguments.answers) {}

    void run() {
        if (arguments_.time)
            loop_.set_limit(std::chrono::duration_cast<Duration>(
                std::chrono::duration<double>{*arguments_.time}));
        device_.on_event([this](const Event& event) { on_event(event); });
        device_.activate();
        configure_pairing(device_.ble(), arguments_);
        device_->config(config::gap_name{arguments_.name});
        register_secret_service(device_.ble());
        do serve_one();
        while (arguments_.keep || !ended_);
        if (!failure_.empty()) throw Failure{failure_};
    }

private:
    void advertise();
    void serve_one();
    void on_event(const Event& event);
    void judge();

    const Options& options_;
    const PairArguments& arguments_;
    Loop loop_;
    Output out_;
    Device device_;
    PairingAgent agent_;
    bool left_ = false;
    bool ended_ = false;   // a pairing or an encryption has
    std::string failure_;  // of the last one
};

void PairingPeripheral::advertise() {
    AdvertisingData data;
    data.flags();
    AdvertisingData response;
    response.name(arguments_.name);
    error_code too_long;
    response.bytes(too_long);
    if (too_long) throw Failure{"the name is too long to be advertised", exit_usage};
    device_->gap_advertise(100ms, data.bytes(), {.resp_data = response.bytes()});
    const auto mac = device_->config<config::mac>();
    const std::string address = to_string(mac.address);
    const std::string type{to_string(mac.type)};
    out_.tell(
        "Advertising as " + out_.paint(Style::bold, '"' + arguments_.name + '"') + " at " +
            address + " (" + type + "): pair from the other device. Ctrl-C ends it.",
        Json{"advertising"}.add("name", arguments_.name).add("address", address).add("type", type));
}

void PairingPeripheral::serve_one() {
    advertise();
    left_ = false;
    while (!left_) {
        // Of a lost link the reason comes after the end of the pairing.
        loop_.run_until([&] { return left_ || (agent_.end() && !agent_.lost_link()); });
        if (agent_.end()) judge();
    }
}

/// Of a pairing or an encryption that has ended.
void PairingPeripheral::judge() {
    ended_ = true;
    if (agent_.succeeded()) {
        failure_.clear();
        agent_.tell_success(bonds_file_of(device_.ble(), options_), !arguments_.no_bond);
        return agent_.forget_end();
    }
    const std::string reason = agent_.failure();
    failure_ = "not paired: " + reason;
    agent_.forget_end();
    if (agent_.ask_for_weaker()) {
        out_.say("Now start the pairing on the other device again.");
        ended_ = false;
        return;
    }
    if (arguments_.keep)
        out_.tell(out_.paint(Style::bad, "Not paired") + ": " + reason,
                  Json{"failed"}.add("reason", reason));
}

void PairingPeripheral::on_event(const Event& event) {
    agent_.on_event(event);
    if (const auto* connect = std::get_if<CentralConnect>(&event)) {
        const std::string address = to_string(connect->addr);
        const std::string type{to_string(connect->addr_type)};
        out_.tell("Connected: " + address + " (" + type + ')',
                  Json{"connected"}.add("address", address).add("type", type));
        error_code error;
        if (arguments_.request) device_->gap_pair(connect->conn_handle, false, error);
        // The central may have been the first.
        if (error && error != errc::already_in_progress)
            loop_.fail("not paired: " + failure_text(error, agent_.peer()));
    } else if (const auto* disconnect = std::get_if<CentralDisconnect>(&event)) {
        const std::string reason = disconnect->reason.message();
        out_.tell("Disconnected: " + reason, Json{"disconnected"}.add("reason", reason));
        left_ = true;
    }
}

}  // namespace

void pair_as_peripheral(const Options& options, const PairArguments& arguments) {
    PairingPeripheral{options, arguments}.run();
}

}  // namespace bluetooth::tool
