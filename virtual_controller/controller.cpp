// SPDX-License-Identifier: MIT
#include "virtual_controller/controller.hpp"

#include <algorithm>
#include <utility>

#include "transport/transport.hpp"
#include "virtual_controller/air.hpp"
#include "virtual_controller/command_table.hpp"

namespace bluetooth::virtual_controller {
namespace {

// Vol 4 Part E 7.3.1 and 7.8.1: not before the host asks for them come LE events at all
constexpr std::uint64_t initial_event_mask = 0x0000'1fff'ffff'ffff;
constexpr std::uint64_t initial_le_event_mask = 0x1f;

// Command Complete of Read Local Supported Commands
constexpr std::size_t longest_answer = 1 + hci::event_header_size + 3 + 65;

// With the prefix that BlueZ's virtual controllers have, too; no two of an air are the same.
Address make_public_address(std::uint64_t seed, std::uint16_t number) {
    const std::uint64_t bits = mix(seed);
    return Address::from_display(
        {0x00, 0xaa, static_cast<std::uint8_t>(bits), static_cast<std::uint8_t>(bits >> 8),
         static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)});
}

}  // namespace

Controller::Controller(Air& air, const Profile& profile, std::size_t index, std::uint16_t number,
                       std::uint64_t seed)
    : air_(air),
      profile_(profile),
      index_(index),
      number_(number),
      random_(mix(seed) + number),
      outgoing_(std::max<std::size_t>(profile.outgoing_capacity, 16'384)),
      links_(std::min<std::size_t>(profile.max_connections, max_links)) {
    profile_.acl_length = std::clamp<std::uint16_t>(profile.acl_length, 27, 1024);
    profile_.acl_buffers = std::max<std::uint8_t>(profile.acl_buffers, 1);
    profile_.le_features &= Profile::all_features;
    if (profile_.has_public_address)
        public_address_ = profile.public_address.value_or(make_public_address(seed, number));
    supported_commands_ = CommandTable::supported_by(profile_);

    accept_list_.reserve(profile_.accept_list_size);
    const std::size_t buffers = profile_.acl_buffers;
    acl_memory_ = std::make_unique_for_overwrite<std::uint8_t[]>(buffers * profile_.acl_length);
    held_.reserve(buffers);
    empty_buffers_.reserve(buffers);
    for (std::size_t buffer = 0; buffer < buffers; ++buffer)
        empty_buffers_.push_back(static_cast<std::uint8_t>(buffer));
    free_buffers_ = buffers;

    advertising_timer_ = {this, Timer::Kind::advertising_event};
    for (std::size_t i = 0; i < links_.size(); ++i) {
        Link& link = links_[i];
        link.owner = this;
        link.handle = hci::ConnectionHandle{static_cast<std::uint16_t>(first_handle + i)};
        link.supervision = {this, Timer::Kind::supervision, static_cast<std::uint8_t>(i)};
        link.procedure = {this, Timer::Kind::procedure, static_cast<std::uint8_t>(i)};
    }
    to_initial_state();
}

void Controller::receive(Time now, Bytes h4_packet) {
    air_.advance(now);
    if (h4_packet.empty()) return hardware_error();
    const Bytes packet = h4_packet.subspan(1);
    switch (transport::PacketType{h4_packet[0]}) {
    case transport::PacketType::command: return receive_command(packet);
    case transport::PacketType::acl: return receive_acl(packet);
    case transport::PacketType::synchronous:
    case transport::PacketType::iso: ++counters_.refused_data; return;  // there are no such links
    case transport::PacketType::event: break;
    }
    hardware_error();
}

void Controller::receive_command(Bytes packet) {
    const auto command = hci::decode_command_packet(packet);
    if (!command) return hardware_error();
    // A command that could not be answered must not have been carried out.
    if (!outgoing_.fits(Share::reply, longest_answer)) {
        ++counters_.refused_commands;
        return;
    }
    CommandTable::execute(*this, command->opcode, command->parameters.octets);
    air_.settle();
}

Bytes Controller::pending() {
    if (completed_ != 0) report_completed();
    return outgoing_.pending();
}

void Controller::consume(std::size_t count) {
    outgoing_.consume(count);
    if (stuck_) {
        mark_unsettled();
        air_.settle();
    }
    if (completed_ != 0) announce();
    if (!peers_wait_) return;
    peers_wait_ = false;
    for (Link& link : links_)
        if (link.open && link.other != nullptr) link.other->owner->release_held();
}

void Controller::on_timer(Timer& timer, Time due) {
    switch (timer.kind) {
    case Timer::Kind::advertising_event: return on_advertising_event(due);
    case Timer::Kind::supervision: return on_supervision_timeout(links_[timer.link]);
    case Timer::Kind::procedure: return on_procedure_timeout(links_[timer.link]);
    }
}

// What a command has begun comes after the command's answer, and what was stuck after it came
// unstuck. A task may raise others, here or at peers: those are for the next round.
void Controller::settle() {
    unsettled_ = stuck_ = false;
    if (std::exchange(initiator_.cancelled, false))
        send_failed_connection(hci::Status::unknown_connection_identifier, hci::Role::central);
    for (Link& link : links_) {
        unsigned rest = link.tasks;
        for (; link.open && rest != 0; rest &= rest - 1) {
            const Task task{static_cast<std::uint16_t>(rest & (~rest + 1))};
            link.remove(task);
            if (perform(link, task)) continue;
            link.add(task);
            stuck_ = true;
        }
    }
}

void Controller::mark_unsettled() {
    if (unsettled_) return;
    unsettled_ = true;
    air_.unsettled_.push_back(this);
}

/// The peers are back in reach.
void Controller::try_again() {
    mark_unsettled();
    release_held();
}

// Vol 4 Part E 7.3.2. Peers are not told: they notice by their supervision timeouts.
void Controller::to_initial_state() {
    for (Link& link : links_) {
        if (!link.open) continue;
        if (link.other != nullptr) link.other->owner->lose(*link.other);
        drop(link);
    }
    stop_advertising();
    advertiser_ = {};
    scanner_ = {};
    initiator_ = {};
    update_listening();
    accept_list_.clear();
    event_mask_ = initial_event_mask;
    le_event_mask_ = initial_le_event_mask;
    random_address_ = {};
    has_random_address_ = false;
    channel_map_ = {0xff, 0xff, 0xff, 0xff, 0x1f};
    suggested_data_length_ = initial_data_length;
    default_tx_phys_ = default_rx_phys_ = supported_phys;
}

void Controller::announce() {
    if (announced_) return;
    announced_ = true;
    air_.announce(*this);
}

// Vol 4 Part E 7.3.1: bit n − 1 for event n, except for three that cannot be masked
bool Controller::is_unmasked(hci::EventCode code) const {
    switch (code) {
    case hci::EventCode::command_complete:
    case hci::EventCode::command_status:
    case hci::EventCode::number_of_completed_packets: return true;
    default: return (event_mask_ >> (static_cast<unsigned>(code) - 1) & 1) != 0;
    }
}

bool Controller::is_unmasked(hci::LeSubevent code) const {  // Vol 4 Part E 7.8.1
    return is_unmasked(hci::EventCode::le_meta) &&
           (le_event_mask_ >> (static_cast<unsigned>(code) - 1) & 1) != 0;
}

bool Controller::send_packet(Share share, Bytes packet) {
    if (!outgoing_.fits(share, packet.size())) return false;
    std::ranges::copy(packet, outgoing_.append(packet.size()).begin());
    announce();
    return true;
}

void Controller::hardware_error() {
    ++counters_.malformed_packets;
    (void)send(Share::data, hci::HardwareError{0x01});
}

}  // namespace bluetooth::virtual_controller
