// SPDX-License-Identifier: MIT
#include "virtual_controller/virtual_transport.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "transport/h4_session.hpp"

namespace bluetooth::virtual_controller {

using transport::H4Framer;
using transport::Packet;
using transport::Receiver;

namespace {

constexpr std::size_t queue_capacity = 128;

/// The octets of a turn are copied out of the controller at once: a batch of packets stays where it
/// is while its receiver makes the controllers write new ones.
class Session final : public transport::H4Session,
                      public AirDriver::Port,
                      public std::enable_shared_from_this<Session> {
public:
    Session(std::shared_ptr<AirDriver> driver, const Profile& profile, std::string name)
        : H4Session(H4Framer::Direction::to_host, H4Framer::default_max_payload, queue_capacity,
                    std::move(name)),
          driver_(std::move(driver)),
          controller_(&driver_->attach(profile, *this)) {}

    void start(Receiver& receiver) {
        if (closed_) return;
        receiver_ = &receiver;
        driver_->wake(*controller_);
    }

    void flush() {
        if (closed_ || queue_.empty()) return;
        ++statistics_.write_calls;
        while (!queue_.empty()) {
            const Packet packet = queue_.pop();
            ++statistics_.packets_sent;
            statistics_.octets_sent += packet.size();
            driver_->receive(*controller_, whole(packet));
        }
    }

    void pause_reading() { paused_ = true; }
    void resume_reading() {
        paused_ = false;
        if (!closed_) driver_->wake(*controller_);
    }

    void close() {
        if (closed_) return;
        closed_ = true;
        receiver_ = nullptr;
        queue_.clear();
        driver_->detach(*std::exchange(controller_, nullptr));
        driver_.reset();
    }

    void on_output() override {
        if (receiver_ == nullptr || paused_) return;  // what there is waits in the controller
        const std::shared_ptr<Session> self = shared_from_this();
        if (drained_) read();
        hand_over();
        if (!closed_ && !paused_ && !controller_->pending().empty()) driver_->wake(*controller_);
    }

private:
    void read() {
        const Bytes pending = controller_->pending();
        const MutableBytes space = framer_.space();
        const std::size_t count = std::min(pending.size(), space.size());
        if (count == 0) return;
        std::memcpy(space.data(), pending.data(), count);
        framer_.commit(count);
        ++statistics_.read_calls;
        statistics_.octets_received += count;
        driver_->consume(*controller_, count);
    }

    // A packet as one piece: most are.
    Bytes whole(const Packet& packet) {
        if (packet.header_size == 0) return packet.payload.bytes();
        const Bytes header = packet.header_bytes();
        const Bytes payload = packet.payload.bytes();
        scratch_.assign(header.begin(), header.end());
        scratch_.insert(scratch_.end(), payload.begin(), payload.end());
        return scratch_;
    }

    std::shared_ptr<AirDriver> driver_;
    Controller* controller_;  // null when closed
    std::vector<std::uint8_t> scratch_;
};

using Opened = transport::Attempt<std::unique_ptr<transport::Transport>>;

// Null when the air is in use on another execution context.
std::shared_ptr<AirDriver> process_air(const asio::any_io_executor& executor) {
    // Opening is the one thing that two threads may do at the same time; it is no data path.
    static std::mutex mutex;
    // In use while a transport has it: the driver itself may live a little longer, in handlers that
    // its executor has yet to run.
    static std::weak_ptr<AirDriver> in_use;
    constexpr std::uint64_t seed = 1;
    const std::lock_guard lock{mutex};
    if (auto driver = in_use.lock()) {
        const auto context_of = [](const asio::any_io_executor& on) {
            return &asio::query(on, asio::execution::context);
        };
        return context_of(driver->executor()) == context_of(executor) ? driver : nullptr;
    }
    const auto lease =
        std::make_shared<std::shared_ptr<AirDriver>>(AirDriver::create(executor, seed));
    std::shared_ptr<AirDriver> driver{lease, lease->get()};
    in_use = driver;
    return driver;
}

OwnAir* own_air(const asio::any_io_executor& executor) {
    asio::execution_context& context = asio::query(executor, asio::execution::context);
    if (!asio::has_service<OwnAir>(context)) return nullptr;
    return &asio::use_service<OwnAir>(context);
}

Opened open(const asio::any_io_executor& executor, std::string_view argument) {
    const std::string name = "virtual:" + std::string{argument};
    OwnAir* const own = own_air(executor);
    Profile profile;
    if (own != nullptr && own->profiles.contains(argument)) {
        profile = own->profiles.find(argument)->second;
    } else if (!argument.empty()) {
        profile.public_address = Address::parse(argument);
        if (!profile.public_address)
            return transport::invalid_name(
                name +
                ": not an address; write virtual: or, for example, virtual:00:AA:01:02:03:04");
    }
    const auto driver = own != nullptr ? own->driver : process_air(executor);
    if (driver == nullptr)
        return transport::Failure{
            make_error(errc::busy),
            name +
                ": the virtual air of this process is in use on another io_context; run all of "
                "them "
                "on one io_context, or use the controllers that \"asioble controller --listen "
                "unix:PATH\" serves"};
    return make_virtual_transport(driver, profile, name);
}

}  // namespace

asio::execution_context::id OwnAir::id;

std::unique_ptr<transport::Transport> make_virtual_transport(std::shared_ptr<AirDriver> driver,
                                                             const Profile& profile,
                                                             std::string name) {
    return std::make_unique<transport::SessionTransport<Session>>(
        std::make_shared<Session>(std::move(driver), profile, std::move(name)));
}

void register_virtual_transport() {
    transport::register_scheme("virtual", "virtual:[ADDRESS]",
                               "a controller in software, on an air shared by all of this process",
                               [](const asio::any_io_executor& executor, std::string_view argument,
                                  transport::OpenHandler handler) {
                                   transport::complete(executor, std::move(handler),
                                                       open(executor, argument));
                               });
}

}  // namespace bluetooth::virtual_controller
