// SPDX-License-Identifier: MIT
#include "tools/asioble/served_controller.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace bluetooth::tool {
namespace {

using transport::PacketType;
using transport::SnoopWriter;

// No host that heeds its command and buffer credits sends as many at a time.
constexpr std::size_t packets_in_turn = 64;

/// The size of the H4 packet of a controller that `octets` begin with (Vol 4 Part E 5.4).
std::size_t packet_size(Bytes octets) {
    if (PacketType{octets[0]} == PacketType::acl) return 5u + octets[3] + (octets[4] << 8);
    return 3u + octets[2];
}

}  // namespace

ServedController::ServedController(std::shared_ptr<virtual_controller::AirDriver> driver,
                                   const virtual_controller::Profile& profile,
                                   std::unique_ptr<transport::Transport> host,
                                   std::optional<SnoopWriter> snoop, std::function<void()> on_gone)
    : driver_(std::move(driver)),
      host_(std::move(host)),
      snoop_(std::move(snoop)),
      on_gone_(std::move(on_gone)),
      controller_(driver_->attach(profile, *this)) {
    host_->start(*this);
}

ServedController::~ServedController() { driver_->detach(controller_); }

void ServedController::on_packet(PacketType type, Bytes packet) {
    packet_[0] = static_cast<std::uint8_t>(type);
    const std::size_t size = std::min(packet.size(), packet_.size() - 1);
    std::memcpy(packet_.data() + 1, packet.data(), size);
    const Bytes whole{packet_.data(), size + 1};
    if (snoop_) snoop_->write(SnoopWriter::Direction::sent, {}, whole, SnoopWriter::Clock::now());
    driver_->receive(controller_, whole);
    if (++taken_in_turn_ == packets_in_turn) host_->pause_reading();
}

// The rest of what a flooding host has sent waits until all others had their turn.
void ServedController::on_batch_end() {
    if (snoop_) snoop_->flush();
    if (std::exchange(taken_in_turn_, 0) >= packets_in_turn) host_->resume_reading();
}

void ServedController::on_sync_lost(Bytes offending) {
    driver_->receive(controller_, offending);  // is answered by Hardware Error
    host_->resynchronise();
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
        if (snoop_)
            snoop_->write(SnoopWriter::Direction::received, {}, rest.first(size),
                          SnoopWriter::Clock::now());
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
    if (snoop_) snoop_->flush();
}

}  // namespace bluetooth::tool
