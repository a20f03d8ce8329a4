// SPDX-License-Identifier: MIT
//
// ACL data, and the buffers that the host counts (Vol 4 Part E 4.1).
#include <algorithm>
#include <cstring>

#include "virtual_controller/controller.hpp"

namespace bluetooth::virtual_controller {

namespace {
constexpr std::uint8_t acl_link_type = 0x01;  // Vol 4 Part E 7.7.26
constexpr std::size_t completed_entry_size = 4;
}  // namespace

void Controller::receive_acl(Bytes packet) {
    const auto acl = hci::decode_acl(packet);
    if (!acl) return hardware_error();
    Link* const link = find(acl->handle);
    if (link == nullptr) {  // perhaps sent before the host knew that the link had ended
        ++counters_.refused_data;
        return;
    }
    if (acl->data.size() > profile_.acl_length || free_buffers_ == 0) {
        ++counters_.refused_data;
        (void)send(Share::data, hci::DataBufferOverflow{acl_link_type});
        return;
    }
    --free_buffers_;
    // What a host must not send on LE (Vol 4 Part E 5.4.2) goes nowhere, but took a buffer.
    const bool allowed =
        acl->boundary <= PacketBoundary::continuing && acl->broadcast == 0 && !acl->data.empty();
    if (!allowed) {
        ++counters_.refused_data;
        return complete(*link);
    }
    if (link->held_packets == 0 && carry(*link, acl->boundary, acl->data)) return complete(*link);

    const std::uint8_t buffer = empty_buffers_.back();
    empty_buffers_.pop_back();
    std::ranges::copy(acl->data, acl_memory_.get() + std::size_t{buffer} * profile_.acl_length);
    const auto index = static_cast<std::uint8_t>(link - links_.data());
    held_.push_back({buffer, index, acl->boundary, static_cast<std::uint16_t>(acl->data.size())});
    ++link->held_packets;
}

/// Hands data to the peer's host; false when that has no room or is out of reach.
bool Controller::carry(Link& link, PacketBoundary boundary, Bytes data) {
    if (!reaches(link)) return false;
    Controller& peer = *link.other->owner;
    const std::size_t size = 1 + hci::acl_header_size + data.size();
    if (!peer.outgoing_.fits(Share::data, size)) {
        peer.peers_wait_ = true;
        return false;
    }
    // To a host the start of a PDU is marked in another way than from one (Vol 4 Part E 5.4.2).
    if (boundary == PacketBoundary::first_non_flushable) boundary = PacketBoundary::first_flushable;
    const auto header =
        hci::acl_header(link.other->handle, boundary, static_cast<std::uint16_t>(data.size()));
    std::uint8_t* const out = peer.outgoing_.append(size).data();
    out[0] = 0x02;  // H4's indicator of ACL data
    std::memcpy(out + 1, header.data(), header.size());
    std::memcpy(out + 1 + header.size(), data.data(), data.size());
    peer.announce();
    return true;
}

void Controller::complete(Link& link) {
    ++link.completed_packets;
    ++completed_;
    announce();
}

/// Carries what can be carried of the packets in our buffers, each link's in their order.
void Controller::release_held() {
    if (held_.empty()) return;
    std::uint64_t blocked = 0;  // links, of which there are 60 at most
    const auto carried = [&](const HeldPacket& packet) {
        const std::uint64_t bit = std::uint64_t{1} << packet.link;
        if ((blocked & bit) != 0) return false;
        Link& link = links_[packet.link];
        const std::uint8_t* const data =
            acl_memory_.get() + std::size_t{packet.buffer} * profile_.acl_length;
        if (!carry(link, packet.boundary, Bytes{data, packet.size})) {
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

/// The link has ended: the host takes its packets for done, without an event (Vol 4 Part E 4.1.1).
void Controller::discard_data(const Link& link) {
    free_buffers_ += std::size_t{link.held_packets} + link.completed_packets;
    completed_ -= link.completed_packets;
    if (link.held_packets == 0) return;
    const auto index = static_cast<std::uint8_t>(&link - links_.data());
    std::erase_if(held_, [&](const HeldPacket& packet) {
        if (packet.link != index) return false;
        empty_buffers_.push_back(packet.buffer);
        return true;
    });
}

/// One event for all links, at the moment when the host is about to take its packets.
void Controller::report_completed() {
    std::array<std::uint8_t, max_links * completed_entry_size> octets;
    Writer writer{octets};
    for (const Link& link : links_)
        if (link.completed_packets != 0)
            put(writer, hci::CompletedPackets{link.handle, link.completed_packets});
    const List<hci::CompletedPackets> completed{writer.written()};
    if (!send(Share::procedure, hci::NumberOfCompletedPackets{{completed}})) return;
    for (Link& link : links_) link.completed_packets = 0;
    free_buffers_ += completed_;
    completed_ = 0;
}

}  // namespace bluetooth::virtual_controller
