// SPDX-License-Identifier: MIT
#include "hci/acl_scheduler.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/log.hpp"

namespace bluetooth::hci {
namespace {

constexpr std::uint8_t h4_acl = 0x02;  // Vol 4 Part A 2

void write_header(MutableBytes out, ConnectionHandle handle, PacketBoundary boundary,
                  std::size_t length) {
    out[0] = h4_acl;
    std::ranges::copy(acl_header(handle, boundary, static_cast<std::uint16_t>(length)),
                      out.begin() + 1);
}

}  // namespace

void AclScheduler::configure(std::uint16_t data_packet_length, std::uint16_t data_packet_count) {
    for (Link& link : links_)
        if (link.in_use) remove_link(link.handle);
    data_packet_length_ = data_packet_length;
    credits_ = data_packet_count;
    kept_free_ = data_packet_count / 2u;
}

void AclScheduler::add_link(ConnectionHandle handle) {
    if (find(handle) != nullptr) return;
    auto slot = std::ranges::find(links_, false, &Link::in_use);
    if (slot == links_.end()) slot = links_.insert(slot, Link{.queue = Ring<Buffer>{queue_limit_}});
    if (slot->queue.capacity() != queue_limit_) slot->queue = Ring<Buffer>{queue_limit_};
    slot->handle = handle;
    slot->in_use = true;
    ++idle_links_;
}

bool AclScheduler::remove_link(ConnectionHandle handle) {
    Link* link = find(handle);
    if (link == nullptr) return false;
    credits_ = static_cast<std::uint16_t>(credits_ + link->outstanding);
    if (link->outstanding == 0) --idle_links_;
    link->queue.clear();
    link->dynamic.clear();
    link->outstanding = 0;
    link->in_use = link->mid_pdu = false;
    return true;
}

AclScheduler::Link* AclScheduler::find(ConnectionHandle handle) {
    for (Link& link : links_)
        if (link.handle == handle && link.in_use) return &link;
    return nullptr;
}
const AclScheduler::Link* AclScheduler::find(ConnectionHandle handle) const {
    return const_cast<AclScheduler*>(this)->find(handle);
}

std::size_t AclScheduler::room(ConnectionHandle handle) const {
    const Link* link = find(handle);
    return link == nullptr ? 0 : link->queue.capacity() - link->queue.size();
}

std::size_t AclScheduler::queued(ConnectionHandle handle, Traffic traffic) const {
    const Link* link = find(handle);
    if (link == nullptr) return 0;
    return traffic == Traffic::dynamic_channels ? link->dynamic.size() : link->queue.size();
}

error_code AclScheduler::submit(ConnectionHandle handle, Buffer&& pdu, Traffic traffic) {
    Link* link = find(handle);
    if (link == nullptr) return make_error(errc::not_connected);
    Ring<Buffer>& queue = traffic == Traffic::dynamic_channels ? link->dynamic : link->queue;
    if (!queue.push(std::move(pdu))) return make_error(errc::no_buffers);
    return {};
}

bool AclScheduler::next(Fragment& fragment) {
    if (credits_ == 0) return false;
    for (std::size_t tried = 0; tried < links_.size(); ++tried) {
        Link& link = links_[turn_];
        turn_ = turn_ + 1 < links_.size() ? turn_ + 1 : 0;
        if (link.queue.empty() && link.dynamic.empty()) continue;
        if (link.outstanding != 0 && credits_ <= std::min(idle_links_, kept_free_)) continue;
        --credits_;
        if (link.outstanding++ == 0) --idle_links_;
        cut(link, fragment);
        return true;
    }
    return false;
}

/// Takes the next fragment off the PDU that is under way, or off the one whose turn it is.
void AclScheduler::cut(Link& link, Fragment& fragment) {
    if (!link.mid_pdu)
        link.from_dynamic = link.queue.empty() || (!link.dynamic.empty() && !link.from_dynamic);
    Ring<Buffer>& queue = link.from_dynamic ? link.dynamic : link.queue;
    Buffer& pdu = queue.front();
    const std::size_t size = std::min<std::size_t>(pdu.size(), data_packet_length_);
    const bool last = size == pdu.size();
    const bool first = !std::exchange(link.mid_pdu, !last);
    if (last) {
        fragment.payload = queue.pop();
    } else {
        fragment.payload = pdu.share();
        fragment.payload.truncate(size);
        pdu.remove_prefix(size);
    }
    if (first) {
        // The data starts where the layers above left it, with its headroom in front.
        fragment.header_size = 0;
        write_header(fragment.payload.prepend(fragment.header.size()), link.handle,
                     PacketBoundary::first_non_flushable, size);
    } else {
        // In front of the data is the previous fragment, perhaps not yet sent.
        fragment.header_size = static_cast<std::uint8_t>(fragment.header.size());
        write_header(fragment.header, link.handle, PacketBoundary::continuing, size);
    }
}

void AclScheduler::on_completed(ConnectionHandle handle, std::uint16_t count) {
    if (count == 0) return;
    Link* link = find(handle);
    // On a link that we have given up packets may have been under way.
    if (link == nullptr) {
        ++wrong_completions_;
        return log::debug("hci", "completed packets on ", handle, ", which is no link");
    }
    const std::uint16_t held = link->outstanding;
    const std::uint16_t completed = std::min(count, held);
    if (completed < count) {
        ++wrong_completions_;
        log::warn("hci", "the controller completed ", count, " packets on ", handle,
                  " where it held ", held);
    }
    if (completed == 0) return;
    link->outstanding = static_cast<std::uint16_t>(held - completed);
    if (link->outstanding == 0) ++idle_links_;
    credits_ = static_cast<std::uint16_t>(credits_ + completed);
}

}  // namespace bluetooth::hci
