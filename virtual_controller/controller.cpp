// SPDX-License-Identifier: MIT
#include "virtual_controller/controller.hpp"

#include <algorithm>
#include <utility>

#include "transport/transport.hpp"
#include "virtual_controller/air.hpp"
#include "virtual_controller/command_table.hpp"

namespace bluetooth::virtual_controller {
namespace {

// Command Complete of Read Local Supported Commands
constexpr std::size_t longest_answer = 1 + hci::event_header_size + 3 + 65;
// A host has to wait for answers before it sends more; beyond that commands are lost.
constexpr std::size_t max_late_commands = 16;

// With the prefix that BlueZ's virtual controllers have; of 65,536 in a row no two are the same.
Address make_public_address(std::uint64_t seed, std::uint16_t number) {
    const std::uint64_t bits = mix(seed);
    return Address::from_display(
        {0x00, 0xaa, static_cast<std::uint8_t>(bits), static_cast<std::uint8_t>(bits >> 8),
         static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)});
}

/// The profile with what it leaves open, and within its bounds.
Profile complete(Profile profile, std::uint64_t seed, std::uint16_t number) {
    profile.acl_length = std::clamp<std::uint16_t>(profile.acl_length, 27, 1024);
    profile.acl_buffers = std::max<std::uint8_t>(profile.acl_buffers, 1);
    profile.le_features &= Profile::all_features;
    profile.outgoing_capacity = std::max<std::size_t>(profile.outgoing_capacity, 16'384);
    if (!profile.has_public_address)
        profile.public_address.reset();
    else if (!profile.public_address)
        profile.public_address = make_public_address(seed, number);
    return profile;
}

}  // namespace

Controller::Controller(Air& air, const Profile& profile, std::size_t index, std::uint16_t number,
                       std::uint64_t seed)
    : air_(air),
      profile_(complete(profile, seed, number)),
      index_(index),
      number_(number),
      random_(mix(seed) + number),
      host_(air, *this, profile_.outgoing_capacity),
      supported_commands_(CommandTable::supported_by(profile_)),
      addresses_(*this),
      advertiser_(*this),
      initiator_(*this),
      scanner_(*this),
      synchronizer_(*this),
      links_(*this),
      command_timer_{this, Timer::Kind::command} {}

// ---- packets of the host

void Controller::receive(Time now, Bytes h4_packet) {
    air_.advance(now);
    if (faults().silent) return;
    if (h4_packet.empty()) return host_.hardware_error();
    const Bytes packet = h4_packet.subspan(1);
    switch (transport::PacketType{h4_packet[0]}) {
    case transport::PacketType::command: return receive_command(packet);
    case transport::PacketType::acl: links_.receive_acl(packet); return air_.settle();
    case transport::PacketType::synchronous:
    case transport::PacketType::iso: ++host_.counters.refused_data; return;  // no such links
    case transport::PacketType::event: break;
    }
    host_.hardware_error();
}

void Controller::receive_command(Bytes packet) {
    // This one is under no flow control of commands and has no answer, hence is never refused or
    // late (Vol 4 Part E 7.3.40).
    const auto command = hci::decode_command_packet(packet);
    if (command && command->opcode == hci::HostNumberOfCompletedPackets::opcode) {
        CommandTable::execute(*this, command->opcode, command->parameters.octets);
        return air_.settle();
    }
    if (faults().answer_delay == Duration::zero() && late_commands_.empty()) return execute(packet);
    if (late_commands_.size() == max_late_commands) {
        ++host_.counters.refused_commands;
        return;
    }
    late_commands_.push_back({air_.now() + faults().answer_delay, {packet.begin(), packet.end()}});
    if (command_timer_.position == Timer::disarmed)
        air_.timers().arm(command_timer_, late_commands_.front().due);
}

void Controller::execute_late() {
    const LateCommand command = std::move(late_commands_.front());
    late_commands_.erase(late_commands_.begin());
    if (!late_commands_.empty()) air_.timers().arm(command_timer_, late_commands_.front().due);
    execute(command.packet);
}

void Controller::execute(Bytes packet) {
    const auto command = hci::decode_command_packet(packet);
    if (!command) return host_.hardware_error();
    // A command that could not be answered must not have been carried out.
    if (!host_.fits(Share::reply, longest_answer)) {
        ++host_.counters.refused_commands;
        return;
    }
    CommandTable::execute(*this, command->opcode, command->parameters.octets);
    air_.settle();
}

Bytes Controller::pending() {
    if (links_.has_completed()) links_.report_completed();
    return host_.pending();
}

void Controller::consume(std::size_t count) {
    host_.consume(count);
    if (stuck_) mark_unsettled();
    if (links_.has_completed()) host_.announce();
    links_.on_host_room();
    air_.settle();
}

// ---- what happens by itself

bool Controller::uses_addresses() const {
    return advertiser_.active() || scanner_.enabled() || initiator_.active() ||
           synchronizer_.searching();
}

void Controller::update_listening() {
    const bool listening = scanner_.listening() || initiator_.active();
    if (listening == listening_) return;
    listening_ = listening;
    air_.set_listening(*this, listening);
}

void Controller::on_timer(const Timer& timer, Time due) {
    switch (timer.kind) {
    case Timer::Kind::advertising_event:
    case Timer::Kind::advertising_event_end:
    case Timer::Kind::advertising_end:
    case Timer::Kind::periodic_advertising_event: return advertiser_.on_timer(timer, due);
    case Timer::Kind::scan_end:
    case Timer::Kind::scan_period: return scanner_.on_timer(timer, due);
    case Timer::Kind::synchronization: return synchronizer_.on_timer(timer);
    case Timer::Kind::connection_event:
    case Timer::Kind::supervision:
    case Timer::Kind::procedure:
    case Timer::Kind::encryption:
    case Timer::Kind::authenticated_payload: return links_.on_timer(timer, due);
    case Timer::Kind::resolvable_address: return addresses_.on_timer(due);
    case Timer::Kind::command: return execute_late();
    }
}

void Controller::settle() {
    unsettled_ = false;
    // Not a chain of ||: each has its turn.
    const bool done[] = {initiator_.report_cancelled(), scanner_.report_timeout(),
                         synchronizer_.settle(), report_keys(), links_.settle()};
    stuck_ = std::ranges::find(done, false) != std::end(done);
}

void Controller::mark_unsettled() {
    if (unsettled_) return;
    unsettled_ = true;
    air_.add_unsettled(*this);
}

// Vol 4 Part E 7.3.2
void Controller::to_initial_state() {
    links_.reset();
    advertiser_.reset();
    scanner_.reset();
    initiator_.reset();
    synchronizer_.reset();
    addresses_.reset();
    host_.reset();
    command_set_ = CommandSet::undecided;
    tx_path_compensation_ = rx_path_compensation_ = 0;
    key_pair_.reset();
    reports_public_key_ = false;
    dh_key_.reset();
}

void Controller::shut_down() {
    to_initial_state();
    late_commands_.clear();
    air_.timers().disarm(command_timer_);
}

}  // namespace bluetooth::virtual_controller
