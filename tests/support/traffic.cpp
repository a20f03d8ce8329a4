// SPDX-License-Identifier: MIT
#include "tests/support/traffic.hpp"

#include <sys/socket.h>

#include <stdexcept>
#include <utility>

#include "bluetooth/advertising_data.hpp"
#include "transport/h4_stream.hpp"
#include "transport/open.hpp"
#include "virtual_controller/virtual_transport.hpp"

namespace bluetooth::test {

using namespace std::chrono_literals;
using transport::PacketType;
using transport::Transport;
using virtual_controller::AirDriver;

namespace {

constexpr const char* scheme = "traffic";

virtual_controller::Profile profile_of(std::uint8_t number) {
    virtual_controller::Profile profile;
    profile.public_address = Address::from_display({0x00, 0xaa, 0x01, 0x00, 0x00, number});
    return profile;
}

}  // namespace

// Every read of packets is handed over in one write, as by `asioble controller`.
class Traffic::Served final : private transport::Receiver, private AirDriver::Port {
public:
    Served(AirDriver& driver, const virtual_controller::Profile& profile,
           std::unique_ptr<Transport> host)
        : driver_(driver), host_(std::move(host)), controller_(driver_.attach(profile, *this)) {
        host_->start(*this);
    }
    Served(const Served&) = delete;
    Served& operator=(const Served&) = delete;
    ~Served() { driver_.detach(controller_); }

private:
    void on_packet(PacketType type, Bytes packet) override {
        packet_[0] = static_cast<std::uint8_t>(type);
        const auto end = std::ranges::copy(packet, packet_.begin() + 1).out;
        driver_.receive(controller_, Bytes{packet_.data(), end});
    }
    void on_batch_end() override {}
    void on_sync_lost(Bytes) override {}
    void on_lost(error_code, std::string_view) override {}
    void on_writable() override { driver_.wake(controller_); }
    void on_output() override {
        const Bytes pending = controller_.pending();
        transport::Packet packet;
        packet.payload = buffers_.acquire();
        const std::size_t count = std::min(pending.size(), packet.payload.tail().size());
        (void)packet.payload.append(pending.first(count));
        if (count == 0 || !host_->send(std::move(packet))) return;
        host_->flush();
        driver_.consume(controller_, count);
        if (!controller_.pending().empty()) driver_.wake(controller_);
    }

    BufferPool buffers_{64, 4096};  // outlives the transport, which holds its buffers
    AirDriver& driver_;
    std::unique_ptr<Transport> host_;
    std::array<std::uint8_t, 1 + transport::H4Framer::default_max_payload + 4> packet_{};
    virtual_controller::Controller& controller_;
};

Traffic::Traffic(Wire wire)
    : driver_(AirDriver::create(context_.get_executor(), 1, AirDriver::Pace::by_hand)),
      wire_(wire),
      peripheral_(context_.get_executor(), "traffic:"),
      central_(context_.get_executor(), "traffic:") {
    transport::register_scheme(
        scheme, "traffic:", "a controller of the test",
        [this](const asio::any_io_executor& executor, std::string_view,
               transport::OpenHandler handler) { open(executor, std::move(handler)); });
    bring_up(peripheral_);
    bring_up(central_);
    peripheral_.irq([this](const Event& event) { on_peripheral_event(event); });
    central_.irq([this](const Event& event) { on_central_event(event); });
    connect();
}

Traffic::~Traffic() = default;

void Traffic::open(const asio::any_io_executor& executor, transport::OpenHandler handler) {
    const auto profile = profile_of(++opened_);
    if (wire_ == Wire::memory)
        return transport::complete(executor, std::move(handler),
                                   virtual_controller::make_virtual_transport(driver_, profile));
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0)
        throw std::runtime_error{"no socket pair"};
    auto of_controller = transport::make_h4_stream(
        executor, transport::FileDescriptor{ends[1]},
        {.name = "controller", .direction = transport::H4Framer::Direction::to_controller});
    served_.emplace_back(*driver_, profile, std::move(of_controller.value()));
    transport::complete(
        executor, std::move(handler),
        transport::make_h4_stream(executor, transport::FileDescriptor{ends[0]}, {.name = "host"}));
}

void Traffic::bring_up(BLE& ble) {
    std::optional<error_code> outcome;
    ble.async_active(true, [&](error_code error) { outcome = error; });
    run_until([&] { return outcome.has_value(); });
    if (*outcome) throw system_error{*outcome, ble.last_message()};
    ble.config(config::mtu{max_size + 3});
}

void Traffic::connect() {
    const std::array services{
        Service{UUID{0xff10},
                {Characteristic{
                    UUID{0xff11},
                    FLAG_READ | FLAG_WRITE | FLAG_WRITE_NO_RESPONSE | FLAG_NOTIFY | FLAG_INDICATE,
                    {}}}}};
    value_ = peripheral_.gatts_register_services(services)[0][0];
    peripheral_.gatts_set_buffer(value_, max_size);
    peripheral_.gap_advertise(20ms);
    const auto own = peripheral_.config<config::mac>();
    central_.gap_connect(own.type, own.address);
    run_until([&] {
        pass_time();
        return at_central_ != no_connection && at_peripheral_ != no_connection;
    });
    central_.gattc_exchange_mtu(at_central_);
    run_until([&] { return mtu_ != 0; });
}

void Traffic::carry_out(Operation operation, std::size_t count, std::size_t size) {
    operation_ = operation;
    size_ = size;
    to_start_ = count;
    done_ = 0;
    switch (operation) {
    case Operation::notify:
    case Operation::write_command: send(); break;
    case Operation::read:
        peripheral_.gatts_write(value_, Bytes{octets_}.first(size));
        ask();
        break;
    case Operation::indicate:
    case Operation::write_request: ask(); break;
    case Operation::advertising_report: return scan(count);
    }
    run_until([&] { return done_ == count; });
}

void Traffic::scan(std::size_t count) {
    peripheral_.gap_advertise(20ms, Bytes{octets_}.first(size_), {.connectable = false});
    central_.gap_scan(0ms, {.interval = 10ms, .window = 10ms});
    run_until([&] {
        pass_time();
        return done_ >= count;
    });
    central_.gap_scan(std::nullopt);
    peripheral_.gap_advertise(std::nullopt);
}

/// Sends as many unanswered PDUs as there is room for; `SendReady` goes on.
void Traffic::send() {
    const Bytes value = Bytes{octets_}.first(size_);
    while (to_start_ > 0) {
        error_code error;
        if (operation_ == Operation::notify)
            peripheral_.gatts_notify(at_peripheral_, value_, value, error);
        else
            central_.gattc_write(at_central_, value_, value, false, error);
        if (error == errc::no_buffers) return;
        if (error) throw system_error{error};
        --to_start_;
    }
}

/// Starts the next of the operations that are answered.
void Traffic::ask() {
    if (to_start_ == 0) return;
    --to_start_;
    const Bytes value = Bytes{octets_}.first(size_);
    if (operation_ == Operation::read)
        central_.gattc_read(at_central_, value_);
    else if (operation_ == Operation::write_request)
        central_.gattc_write(at_central_, value_, value, true);
    else
        peripheral_.gatts_indicate(at_peripheral_, value_, value);
}

void Traffic::on_central_event(const Event& event) {
    if (const auto* connect = std::get_if<PeripheralConnect>(&event)) {
        at_central_ = connect->conn_handle;
    } else if (const auto* exchanged = std::get_if<MtuExchanged>(&event)) {
        mtu_ = exchanged->mtu;
    } else if (std::holds_alternative<SendReady>(event)) {
        send();
    } else if (std::holds_alternative<GattcNotify>(event) ||
               std::holds_alternative<ScanResult>(event)) {
        ++done_;
    } else if (std::holds_alternative<GattcReadDone>(event) ||
               std::holds_alternative<GattcWriteDone>(event)) {
        ++done_;
        ask();
    }
}

void Traffic::on_peripheral_event(const Event& event) {
    if (const auto* connect = std::get_if<CentralConnect>(&event)) {
        at_peripheral_ = connect->conn_handle;
    } else if (std::holds_alternative<SendReady>(event)) {
        send();
    } else if (std::holds_alternative<GattsWrite>(event)) {
        if (operation_ == Operation::write_command) ++done_;
    } else if (std::holds_alternative<GattsIndicateDone>(event)) {
        ++done_;
        ask();
    }
}

/// An advertising event on the air.
void Traffic::pass_time() { driver_->advance_to(now_ += 20ms); }

template <class Done> void Traffic::run_until(Done&& done) {
    while (!done()) {
        context_.restart();
        if (context_.poll_one() == 0) throw std::runtime_error{"nothing happens any more"};
    }
}

}  // namespace bluetooth::test
