// SPDX-License-Identifier: MIT
//
// asioble controller: serves virtual controllers to other programs, all on one air.
#include <algorithm>
#include <cstring>
#include <list>

#include "base/buffer.hpp"
#include "tools/asioble/loop.hpp"
#include "tools/asioble/output.hpp"
#include "transport/h4_server.hpp"
#include "virtual_controller/air_driver.hpp"

namespace bluetooth::tool {
namespace {

using transport::PacketType;
using virtual_controller::AirDriver;

/// The longest packet between a controller and its host: ACL data, the most a profile can have.
constexpr std::size_t max_packet = 5 + 1024;

/// One virtual controller and the host that is connected to it.
class ServedController final : public transport::Receiver, public AirDriver::Port {
public:
    /// `on_gone` is called when the host has left.
    ServedController(std::shared_ptr<AirDriver> driver, std::unique_ptr<transport::Transport> host,
                     std::function<void()> on_gone)
        : driver_(std::move(driver)),
          host_(std::move(host)),
          on_gone_(std::move(on_gone)),
          controller_(driver_->attach({}, *this)) {
        host_->start(*this);
    }
    ServedController(const ServedController&) = delete;
    ServedController& operator=(const ServedController&) = delete;
    ~ServedController() { driver_->detach(controller_); }

    const Address& address() const { return controller_.public_address(); }

    // transport::Receiver
    void on_packet(PacketType type, Bytes packet) override {
        packet_[0] = static_cast<std::uint8_t>(type);
        const std::size_t size = std::min(packet.size(), packet_.size() - 1);
        std::memcpy(packet_.data() + 1, packet.data(), size);
        driver_->receive(controller_, Bytes{packet_.data(), size + 1});
    }
    void on_batch_end() override {}
    void on_sync_lost(Bytes offending) override {
        driver_->receive(controller_, offending);  // is answered by Hardware Error
        host_->resynchronise();
    }
    void on_lost(error_code, std::string_view) override { on_gone_(); }
    void on_writable() override { driver_->wake(controller_); }

    // AirDriver::Port
    void on_output() override;

private:
    std::size_t queue_pending();

    BufferPool buffers_{64, max_packet};  // outlives the transport, which holds its buffers
    std::shared_ptr<AirDriver> driver_;
    std::unique_ptr<transport::Transport> host_;
    std::function<void()> on_gone_;
    std::array<std::uint8_t, 1 + 4096> packet_{};  // the framer drops what is longer
    virtual_controller::Controller& controller_;
};

/// The size of the H4 packet of a controller that `octets` begin with (Vol 4 Part E 5.4).
std::size_t packet_size(Bytes octets) {
    if (PacketType{octets[0]} == PacketType::acl) return 5u + octets[3] + (octets[4] << 8);
    return 3u + octets[2];
}

/// Queues packets of the controller as far as there is room; returns how many octets.
std::size_t ServedController::queue_pending() {
    std::size_t taken = 0;
    for (Bytes rest = controller_.pending(); !rest.empty();) {
        const std::size_t size = packet_size(rest);
        transport::Packet packet;
        packet.payload = buffers_.acquire();
        if (!packet.payload || !packet.payload.append(rest.first(size)) ||
            !host_->send(std::move(packet)))
            break;
        rest = rest.subspan(size);
        taken += size;
    }
    return taken;
}

/// What is ready leaves in one write. What finds no room waits in the controller.
void ServedController::on_output() {
    std::size_t taken = 0;
    do {
        taken = queue_pending();
        host_->flush();
        driver_->consume(controller_, taken);
    } while (taken > 0 && !controller_.pending().empty());
}

struct ControllerArguments {
    std::vector<std::string> names;
    std::uint64_t seed = 1;
};

class Serve {
public:
    Serve(const Options& options, const ControllerArguments& arguments)
        : arguments_(arguments),
          out_(options.json),
          driver_(AirDriver::create(loop_.context().get_executor(), arguments.seed)) {}

    void run() {
        for (const std::string& name : arguments_.names) listen(name);
        out_.say("Every connection gets a controller of its own. Ctrl-C ends it.");
        loop_.run();
    }

private:
    void listen(const std::string& name) {
        auto server = transport::H4Server::listen(loop_.context().get_executor(), name);
        if (!server) throw Failure{server.error().message};
        servers_.push_back(std::move(*server));
        servers_.back().start(
            [this](std::unique_ptr<transport::Transport> host) { accept(std::move(host)); });
        const std::string reached_by{servers_.back().client_name()};
        out_.tell(
            "Serving controllers: use them with " + out_.paint(Style::bold, "-t " + reached_by),
            Json{"listening"}.add("transport", reached_by));
    }

    void accept(std::unique_ptr<transport::Transport> host) {
        const auto place = controllers_.emplace(controllers_.end());
        const std::size_t number = ++accepted_;
        *place =
            std::make_unique<ServedController>(driver_, std::move(host), [this, place, number] {
                tell("gone", number, "host has left", **place);
                asio::post(loop_.context(), [this, place] { controllers_.erase(place); });
            });
        tell("host", number, "host connected", **place);
    }

    void tell(std::string_view event, std::size_t number, const std::string& text,
              const ServedController& controller) const {
        const std::string address = to_string(controller.address());
        out_.tell(out_.paint(Style::dim, '[' + std::to_string(number) + "] ") + text +
                      ", controller " + address,
                  Json{event}.add("number", number).add("address", address));
    }

    const ControllerArguments& arguments_;
    Loop loop_;
    Output out_;
    std::shared_ptr<AirDriver> driver_;
    std::vector<transport::H4Server> servers_;
    std::list<std::unique_ptr<ServedController>> controllers_;
    std::size_t accepted_ = 0;
};

}  // namespace

void add_controller(CLI::App& app, Program& program) {
    CLI::App* const command =
        app.add_subcommand("controller", "serve virtual controllers on one air to other programs");
    const auto arguments = std::make_shared<ControllerArguments>();
    command->add_option("-l,--listen", arguments->names, "where hosts connect; several allowed")
        ->type_name("unix:PATH|tcp-server:127.0.0.1:PORT")
        ->required();
    command->add_option("--seed", arguments->seed, "of the air's randomness and addresses")
        ->type_name("N")
        ->capture_default_str();
    command->callback([&program, arguments] {
        program.command = [&program, arguments] {
            if (!program.options.transport.empty() || !program.options.snoop.empty())
                throw Failure{
                    "controller is itself a controller: it takes neither -t nor --snoop; "
                    "record on the side of its hosts",
                    exit_usage};
            Serve{program.options, *arguments}.run();
        };
    });
}

}  // namespace bluetooth::tool
