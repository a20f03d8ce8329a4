// SPDX-License-Identifier: MIT
//
// ACL data, and the buffers that hosts count: ours, which the host fills (Vol 4 Part E 4.1.1), and
// the host's, which we fill (4.2).
#include <algorithm>
#include <cstring>

#include "hci/acl.hpp"
#include "virtual_controller/air.hpp"
#include "virtual_controller/controller.hpp"
#include "virtual_controller/links.hpp"

namespace bluetooth::virtual_controller {

using hci::Status;

namespace {
constexpr std::uint8_t acl_link_type = 0x01;  // Vol 4 Part E 7.7.26
constexpr std::size_t completed_entry_size = 4;
constexpr std::size_t acl_headers = 1 + hci::acl_header_size;
}  // namespace

// ---- from our host

void Links::receive_acl(Bytes packet) {
    HostPort& host = controller_.host();
    const auto acl = hci::decode_acl(packet);
    if (!acl) return host.hardware_error();
    Link* const link = find(acl->handle);
    if (link == nullptr) {  // perhaps sent before the host knew that the link had ended
        ++host.counters.refused_data;
        return;
    }
    if (acl->data.size() > controller_.profile().acl_length || free_buffers_ == 0) {
        ++host.counters.refused_data;
        (void)host.send(Share::data, hci::DataBufferOverflow{acl_link_type});
        return;
    }
    --free_buffers_;
    // What a host must not send on LE (Vol 4 Part E 5.4.2) goes nowhere, but took a buffer.
    const bool allowed =
        acl->boundary <= PacketBoundary::continuing && acl->broadcast == 0 && !acl->data.empty();
    if (!allowed) {
        ++host.counters.refused_data;
        return complete(*link);
    }
    // To a host the start of a PDU is marked in another way than from one (Vol 4 Part E 5.4.2).
    const PacketBoundary boundary = acl->boundary == PacketBoundary::first_non_flushable
                                        ? PacketBoundary::first_flushable
                                        : acl->boundary;
    const bool timing = controller_.air().model().timing;
    if (!timing && link->held_packets == 0 && carry(*link, boundary, acl->data))
        return complete(*link);
    hold(*link, boundary, acl->data);
    if (timing) schedule_event(*link);
}

void Links::hold(Link& link, PacketBoundary boundary, Bytes data) {
    HeldPacket packet;
    packet.buffer = empty_buffers_.back();
    packet.link = link.event.which;
    packet.boundary = boundary;
    packet.size = static_cast<std::uint16_t>(data.size());
    empty_buffers_.pop_back();
    std::ranges::copy(data, octets_of(packet).begin());
    held_.push_back(packet);
    ++link.held_packets;
}

MutableBytes Links::octets_of(const HeldPacket& packet) {
    return {acl_memory_.get() + std::size_t{packet.buffer} * controller_.profile().acl_length,
            packet.size};
}

/// Hands data to the peer's host at once; false when that has no room or is out of reach.
bool Links::carry(Link& link, PacketBoundary boundary, Bytes data) {
    if (!reaches(link) || link.starts_encryption) return false;
    Links& peer = *link.other->owner;
    if (!peer.has_room_for(*link.other, data.size())) return false;
    if (link.cipher) {
        decrypted_.assign(data.begin(), data.end());
        if (!pass_cipher(link, boundary, decrypted_)) {
            peer.on_mic_failure(*link.other);
            return true;  // it has left
        }
        data = decrypted_;
    }
    peer.deliver(*link.other, boundary, data);
    return true;
}

void Links::complete(Link& link) {
    ++link.completed_packets;
    ++completed_;
    controller_.host().announce();
}

/// Carries what can be carried of the packets in our buffers, each link's in their order.
void Links::release_held() {
    if (held_.empty()) return;
    if (controller_.air().model().timing) {
        for (Link& link : links_)
            if (link.held_packets > 0) schedule_event(link);
        return;
    }
    std::uint64_t blocked = 0;  // links, of which there are 60 at most
    const auto carried = [&](const HeldPacket& packet) {
        const std::uint64_t bit = std::uint64_t{1} << packet.link;
        if ((blocked & bit) != 0) return false;
        Link& link = links_[packet.link];
        if (!carry(link, packet.boundary, octets_of(packet))) {
            blocked |= bit;
            return false;
        }
        --link.held_packets;
        empty_buffers_.push_back(packet.buffer);
        complete(link);
        return true;
    };
    // Not std::erase_if, which need not ask in the order of the elements.
    std::size_t kept = 0;
    for (const HeldPacket packet : held_)
        if (!carried(packet)) held_[kept++] = packet;
    held_.resize(kept);
}

/// The link has ended: the host takes its packets for done, without an event, and those that it
/// was given for returned (Vol 4 Part E 4.1.1, 4.2).
void Links::discard_data(Link& link) {
    packets_at_host_ -= link.packets_at_host;
    if (link.packets_at_host > 0) controller_.mark_unsettled();  // the peers of others go on
    free_buffers_ += std::size_t{link.held_packets} + link.completed_packets;
    completed_ -= link.completed_packets;
    if (link.held_packets == 0) return;
    std::erase_if(held_, [&](const HeldPacket& packet) {
        if (packet.link != link.event.which) return false;
        empty_buffers_.push_back(packet.buffer);
        return true;
    });
}

/// One event for all links, at the moment when the host is about to take its packets.
void Links::report_completed() {
    const int error = controller_.faults().completed_packets_error;
    std::array<std::uint8_t, max_links * completed_entry_size> octets;
    Writer writer{octets};
    for (const Link& link : links_) {
        if (link.completed_packets == 0) continue;
        const int told = std::clamp(link.completed_packets + error, 0, 0xffff);
        put(writer, hci::CompletedPackets{link.handle, static_cast<std::uint16_t>(told)});
    }
    const List<hci::CompletedPackets> completed{writer.written()};
    if (!controller_.host().send(Share::procedure, hci::NumberOfCompletedPackets{{completed}}))
        return;
    for (Link& link : links_) link.completed_packets = 0;
    free_buffers_ += completed_;
    completed_ = 0;
}

// ---- to our host

/// Whether our host can take a packet with so many octets now. Where it cannot, `on_host_room` lets
/// the peers go on.
bool Links::has_room_for(const Link& link, std::size_t size) {
    const std::size_t length = host_packet_length_ != 0 ? host_packet_length_ : size;
    const std::size_t packets = (size + length - 1) / length;
    const bool counted = !host_flow_control_ || packets_at_host_ < host_packets_;
    if (counted && link.undelivered.empty() &&
        controller_.host().fits(Share::data, packets * acl_headers + size))
        return true;
    peers_wait_ = true;
    return false;
}

void Links::deliver(Link& link, PacketBoundary boundary, Bytes data) {
    const Bytes rest = deliver_fragments(link, boundary, data);
    if (rest.empty()) return;
    link.undelivered.assign(rest.begin(), rest.end());
    peers_wait_ = true;
}

/// As many fragments as the host has said it has buffers for; returns the rest.
Bytes Links::deliver_fragments(Link& link, PacketBoundary boundary, Bytes data) {
    while (!data.empty() && (!host_flow_control_ || packets_at_host_ < host_packets_)) {
        const std::size_t size = host_packet_length_ != 0
                                     ? std::min<std::size_t>(data.size(), host_packet_length_)
                                     : data.size();
        const auto header =
            hci::acl_header(link.handle, boundary, static_cast<std::uint16_t>(size));
        std::uint8_t* const out = controller_.host().append(acl_headers + size).data();
        out[0] = 0x02;  // H4's indicator of ACL data
        std::memcpy(out + 1, header.data(), header.size());
        std::memcpy(out + acl_headers, data.data(), size);
        data = data.subspan(size);
        boundary = PacketBoundary::continuing;
        if (!host_flow_control_) continue;
        ++link.packets_at_host;
        ++packets_at_host_;
    }
    return data;
}

void Links::on_host_room() {
    if (!peers_wait_) return;
    peers_wait_ = false;
    for (Link& link : links_) {
        if (!link.open) continue;
        if (!link.undelivered.empty()) {
            // Room in the queue was made sure of when the packet came, but others may have used it.
            if (!controller_.host().fits(Share::procedure, 2 * link.undelivered.size() + 64)) {
                peers_wait_ = true;
                continue;
            }
            const Bytes rest =
                deliver_fragments(link, PacketBoundary::continuing, link.undelivered);
            link.undelivered.erase(
                link.undelivered.begin(),
                link.undelivered.end() - static_cast<std::ptrdiff_t>(rest.size()));
        }
        if (link.other != nullptr) link.other->owner->release_held();
    }
}

Status Links::run(const hci::SetControllerToHostFlowControl& command) {  // Vol 4 Part E 7.3.38
    if (command.flow_control_enable > 3) return Status::invalid_hci_command_parameters;
    // Synchronous data, bit 1, there is none.
    if (command.flow_control_enable > 1) return Status::unsupported_feature_or_parameter_value;
    const bool on = command.flow_control_enable == 1;
    if (any_open() || (on && host_packets_ == 0)) return Status::command_disallowed;
    host_flow_control_ = on;
    return Status::success;
}

Status Links::run(const hci::HostBufferSize& command) {  // Vol 4 Part E 7.3.39
    if (command.host_acl_data_packet_length < 27 || command.host_total_num_acl_data_packets == 0)
        return Status::invalid_hci_command_parameters;
    if (any_open()) return Status::command_disallowed;
    host_packet_length_ = command.host_acl_data_packet_length;
    host_packets_ = command.host_total_num_acl_data_packets;
    return Status::success;
}

Status Links::run(const hci::HostNumberOfCompletedPackets& command) {  // Vol 4 Part E 7.3.40
    Status status = Status::success;
    for (const hci::CompletedPackets one : command.completed.elements) {
        Link* const link = find(one.connection_handle);
        if (link == nullptr) continue;  // told before the host knew that the link had ended
        if (one.count > link->packets_at_host) {
            status = Status::invalid_hci_command_parameters;
            continue;
        }
        link->packets_at_host -= one.count;
        packets_at_host_ -= one.count;
    }
    on_host_room();
    return status;
}

}  // namespace bluetooth::virtual_controller
