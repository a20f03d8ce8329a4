// SPDX-License-Identifier: MIT
#include "virtual_controller/host_port.hpp"

#include <algorithm>

#include "virtual_controller/air.hpp"
#include "virtual_controller/controller.hpp"

namespace bluetooth::virtual_controller {
namespace {

// Vol 4 Part E 7.3.1 and 7.8.1: not before the host asks for them come LE events at all
constexpr std::uint64_t initial_event_mask = 0x0000'1fff'ffff'ffff;
constexpr std::uint64_t initial_le_event_mask = 0x1f;
// Vol 4 Part E 7.3.69
constexpr unsigned authenticated_payload_timeout_bit = 23;

bool is_set(std::uint64_t mask, unsigned bit) { return bit < 64 && (mask >> bit & 1) != 0; }

}  // namespace

HostPort::HostPort(Air& air, Controller& controller, std::size_t capacity)
    : air_(air), controller_(controller), outgoing_(capacity) {
    reset();
}

void HostPort::reset() {
    event_mask = initial_event_mask;
    event_mask_page_2 = 0;
    le_event_mask = initial_le_event_mask;
}

// Vol 4 Part E 7.3.1: bit n − 1 for event n, except for three that cannot be masked, and those of
// the second page
bool HostPort::is_unmasked(hci::EventCode code) const {
    switch (code) {
    case hci::EventCode::command_complete:
    case hci::EventCode::command_status:
    case hci::EventCode::number_of_completed_packets: return true;
    case hci::EventCode::authenticated_payload_timeout_expired:
        return is_set(event_mask_page_2, authenticated_payload_timeout_bit);
    default: return is_set(event_mask, static_cast<unsigned>(code) - 1);
    }
}

bool HostPort::is_unmasked(hci::LeSubevent code) const {  // Vol 4 Part E 7.8.1
    return is_unmasked(hci::EventCode::le_meta) &&
           is_set(le_event_mask, static_cast<unsigned>(code) - 1);
}

MutableBytes HostPort::append(std::size_t size) {
    announce();
    return outgoing_.append(size);
}

bool HostPort::send_packet(Share share, MutableBytes packet) {
    if (!fits(share, packet.size())) return false;
    constexpr std::size_t headers = 1 + hci::event_header_size;
    if (faults.corrupt_events > 0 && packet.size() > headers) {
        --faults.corrupt_events;
        const std::uint64_t bits = controller_.random().next();
        packet[headers + (bits >> 3) % (packet.size() - headers)] ^=
            static_cast<std::uint8_t>(1u << (bits & 7));
    }
    std::ranges::copy(packet, append(packet.size()).begin());
    return true;
}

void HostPort::hardware_error() {
    ++counters.malformed_packets;
    (void)send(Share::data, hci::HardwareError{0x01});
}

void HostPort::announce() {
    if (announced_) return;
    announced_ = true;
    air_.announce(controller_);
}

}  // namespace bluetooth::virtual_controller
