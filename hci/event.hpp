// SPDX-License-Identifier: MIT
//
// How an event is declared, encoded and recognised; the events themselves are in events.hpp. Code
// and, for LE Meta, subevent code are part of the type, the members are what follows them.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>

#include "base/pdu.hpp"
#include "hci/codes.hpp"

namespace bluetooth::hci {

/// The parameters of an event take at most 255 octets (Vol 4 Part E 5.4.4).
inline constexpr std::size_t max_event_parameters = 255;
/// Code and length, in front of the parameters.
inline constexpr std::size_t event_header_size = 2;

#define BT_HCI_EVENT(Name, event_code, ...)                                                      \
    static constexpr ::bluetooth::hci::EventCode code = ::bluetooth::hci::EventCode::event_code; \
    BT_FIELDS(Name, __VA_ARGS__)

#define BT_HCI_LE_EVENT(Name, subevent, ...)                      \
    static constexpr ::bluetooth::hci::LeSubevent subevent_code = \
        ::bluetooth::hci::LeSubevent::subevent;                   \
    BT_HCI_EVENT(Name, le_meta, __VA_ARGS__)

/// An event inside LE Meta.
template <class E>
concept LeMetaEvent = requires {
    { E::subevent_code } -> std::convertible_to<LeSubevent>;
};

/// An event packet, without H4's indicator.
struct EventPacket {
    EventCode code{};
    Octets8 parameters{};
    BT_FIELDS(EventPacket, code, parameters);
};
/// Nothing when the length octet and the packet's size disagree.
inline std::optional<EventPacket> decode_event_packet(Bytes packet) {
    return decode_fields<EventPacket>(packet);
}

/// The event `E` out of its packet's parameters, for LE Meta events including the subevent code.
/// Nothing when they are too short, or another subevent; octets that later versions of the
/// specification append are ignored.
template <class E> std::optional<E> decode_event(Bytes parameters) {
    if constexpr (LeMetaEvent<E>) {
        if (parameters.empty() || LeSubevent{parameters[0]} != E::subevent_code)
            return std::nullopt;
        parameters = parameters.subspan(1);
    }
    return decode_prefix<E>(parameters);
}

/// The whole packet of `event`, without H4's indicator. Empty when `out` is too small or the
/// parameters exceed 255 octets; 257 octets of room are always enough.
template <class E> MutableBytes encode_event_packet(const E& event, MutableBytes out) {
    Writer writer{out.first(std::min(out.size(), event_header_size + max_event_parameters))};
    put(writer, E::code);
    put(writer, std::uint8_t{0});
    if constexpr (LeMetaEvent<E>) put(writer, E::subevent_code);
    put(writer, event);
    const MutableBytes packet = writer.written();
    if (!packet.empty()) packet[1] = static_cast<std::uint8_t>(packet.size() - event_header_size);
    return packet;
}

}  // namespace bluetooth::hci
