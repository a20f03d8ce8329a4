// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "hci/events.hpp"
#include "virtual_controller/faults.hpp"
#include "virtual_controller/outgoing.hpp"

namespace bluetooth::virtual_controller {

class Air;
class Controller;

/// What went wrong at one controller, for tests and for the curious.
struct Counters {
    std::uint64_t malformed_packets = 0;  ///< dropped, and answered by Hardware Error
    std::uint64_t refused_commands = 0;   ///< dropped: the host did not read the answers
    std::uint64_t refused_data = 0;       ///< ACL packets that the host should not have sent
    std::uint64_t missed_reports = 0;     ///< advertising reports the host had no room for
    std::uint64_t mic_failures = 0;       ///< data PDUs that were not what the peer had encrypted
};

/// The way from a controller to its host: which events the host wants, and the queue of what waits
/// for it.
class HostPort {
public:
    HostPort(Air& air, Controller& controller, std::size_t capacity);

    /// The event masks as they are before the host sets them (Vol 4 Part E 7.3.2).
    void reset();

    bool is_unmasked(hci::EventCode code) const;
    bool is_unmasked(hci::LeSubevent code) const;

    /// Queues an event for the host, unless it is masked; false when there is no room for it.
    template <class Event> bool send(Share share, const Event& event);
    bool fits(Share share, std::size_t size) const { return outgoing_.fits(share, size); }
    /// Room for a packet behind the others; ask `fits` before.
    MutableBytes append(std::size_t size);
    void hardware_error();

    Bytes pending() const { return outgoing_.pending(); }
    void consume(std::size_t count) { outgoing_.consume(count); }
    /// Forgets what waits for the host.
    void clear() { outgoing_.clear(); }
    /// Tells the air that there is something for the host.
    void announce();
    /// The air has named the controller.
    void announcement_taken() { announced_ = false; }

    std::uint64_t event_mask = 0;
    std::uint64_t event_mask_page_2 = 0;
    std::uint64_t le_event_mask = 0;
    Counters counters;
    Faults faults;

private:
    bool send_packet(Share share, MutableBytes packet);

    Air& air_;
    Controller& controller_;
    Outgoing outgoing_;
    bool announced_ = false;  // stands in the air's list of those with news for their hosts
};

template <class Event> bool HostPort::send(Share share, const Event& event) {
    if constexpr (hci::LeMetaEvent<Event>) {
        if (!is_unmasked(Event::subevent_code)) return true;
    } else {
        if (!is_unmasked(Event::code)) return true;
    }
    std::array<std::uint8_t, 1 + hci::event_header_size + hci::max_event_parameters> packet;
    packet[0] = 0x04;  // H4's indicator of an event
    const std::size_t size =
        1 + hci::encode_event_packet(event, MutableBytes{packet}.subspan(1)).size();
    return send_packet(share, MutableBytes{packet}.first(size));
}

}  // namespace bluetooth::virtual_controller
