// SPDX-License-Identifier: MIT
//
// Connection events (Vol 6 Part B 4.5.1), for an air where links take time. An event is simulated
// only where one of the two ends has something to send: it is a row of exchanges, a packet of the
// central and one of the peripheral, for as long as there is more and the interval lasts. The timer
// runs to the end of each exchange, as long as what there is to send at its beginning makes it.
#include <algorithm>

#include "virtual_controller/air.hpp"
#include "virtual_controller/controller.hpp"
#include "virtual_controller/links.hpp"
#include "virtual_controller/radio.hpp"

namespace bluetooth::virtual_controller {

/// Sees to it that the link's next event is simulated, or a sooner one than was thought.
void Links::schedule_event(Link& link) {
    if (!link.open || !reaches(link)) return;
    Link& central = link.role == hci::Role::central ? link : *link.other;
    if (!has_work(central) && !central.other->owner->has_work(*central.other)) return;
    const Time due = next_event(central, controller_.air().now());
    if (central.event.position == Timer::disarmed || due < central.event_due)
        central.owner->arm_event(central, due);
}

/// The end of the first exchange in the first event at `from` or later that the peripheral attends:
/// with nothing to send it skips as many as its latency allows (Vol 6 Part B 4.5.1).
Time Links::next_event(Link& central, Time from) {
    Link& peripheral = *central.other;
    const Duration interval = central.parameters.interval;
    std::int64_t number = (from - central.anchor + interval - Duration{1}) / interval;
    const std::int64_t every = 1 + std::int64_t{central.parameters.latency};
    if (!peripheral.owner->has_work(peripheral)) number = (number + every - 1) / every * every;
    return central.anchor + number * interval + exchange_time(central);
}

void Links::arm_event(Link& central, Time due) {
    central.event_due = due;
    controller_.air().timers().arm(central.event, due);
}

void Links::on_connection_event(Link& central, Time due) {
    if (!reaches(central)) return;
    Link& peripheral = *central.other;
    Links& peer = *peripheral.owner;
    Air& air = controller_.air();
    bool continues = !air.loses();  // else the peripheral heard nothing, hence was silent
    if (continues) {
        perform_on_the_air(central);
        if (central.open && central.other == &peripheral) send_pdu(central);
        continues = !air.loses();
    }
    if (continues && peripheral.open && peripheral.other == &central) {
        peer.perform_on_the_air(peripheral);
        if (peripheral.open && peripheral.other == &central) peer.send_pdu(peripheral);
    }
    if (!central.open || central.other != &peripheral) return;
    if (!has_work(central) && !peer.has_work(peripheral)) return;

    const Duration interval = central.parameters.interval;
    const Time start = central.anchor + (due - central.anchor) / interval * interval;
    const Time next = due + exchange_time(central);
    if (continues && next + inter_frame_space <= start + interval)
        arm_event(central, next);
    else
        arm_event(central, next_event(central, start + interval));
}

void Links::perform_on_the_air(Link& link) {
    for (std::uint32_t rest = link.tasks & tasks_on_the_air; link.open && rest != 0;
         rest &= rest - 1) {
        const Task task{rest & (~rest + 1)};
        link.remove(task);
        if (!perform(link, task)) link.add(task);
    }
}

bool Links::has_work(Link& link) {
    return (link.tasks & tasks_on_the_air) != 0 || next_payload(link) > 0;
}

/// Of the PDU that the link would send now; 0 for one without payload.
std::size_t Links::next_payload(Link& link) {
    if (link.held_packets == 0 || link.starts_encryption) return 0;
    const auto packet = std::ranges::find(held_, link.event.which, &HeldPacket::link);
    if (!link.other->owner->has_room_for(*link.other, packet->size)) return 0;
    const std::size_t longest = std::min<std::size_t>(
        link.sent_data_length.octets, octets_within(link.tx_phy, link.sent_data_length.time));
    return std::min<std::size_t>(packet->size - packet->sent, longest);
}

/// Sends what `next_payload` says.
void Links::send_pdu(Link& link) {
    const std::size_t size = next_payload(link);
    if (size == 0) return;
    Links& peer = *link.other->owner;
    const auto packet = std::ranges::find(held_, link.event.which, &HeldPacket::link);
    if (link.cipher) {
        const PacketBoundary boundary =
            packet->sent == 0 ? packet->boundary : PacketBoundary::continuing;
        if (!pass_cipher(link, boundary, octets_of(*packet).subspan(packet->sent, size)))
            return peer.on_mic_failure(*link.other);
    }
    packet->sent = static_cast<std::uint16_t>(packet->sent + size);
    if (packet->sent < packet->size) return;
    peer.deliver(*link.other, packet->boundary, octets_of(*packet));
    empty_buffers_.push_back(packet->buffer);
    held_.erase(packet);
    --link.held_packets;
    complete(link);
}

/// A packet of each side, each with the space that follows it.
Duration Links::exchange_time(Link& central) {
    Link& peripheral = *central.other;
    const auto with_mic = [](const Link& link, std::size_t payload) {
        return payload > 0 && link.cipher ? payload + LinkCipher::mic_size : payload;
    };
    return air_time(central.tx_phy, with_mic(central, next_payload(central))) +
           air_time(peripheral.tx_phy,
                    with_mic(peripheral, peripheral.owner->next_payload(peripheral))) +
           2 * inter_frame_space;
}

}  // namespace bluetooth::virtual_controller
