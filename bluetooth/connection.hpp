// SPDX-License-Identifier: MIT
//
// Private: everything that belongs to one link.
#pragma once

#include <cstdint>

#include "att/bearer.hpp"
#include "base/address.hpp"
#include "base/time.hpp"
#include "bluetooth/events.hpp"
#include "gatt/client.hpp"
#include "gatt/server.hpp"
#include "hci/codes.hpp"
#include "l2cap/link.hpp"

namespace bluetooth {

struct Connection {
    /// How long after a request to disconnect the controller may take to report the end. A
    /// controller ends a link by itself after the supervision timeout, of 32 s at most.
    static constexpr std::chrono::seconds disconnect_limit{35};

    Connection(ConnectionHandle on, hci::Role our_role, AddressType type, const Address& address,
               gatt::Server& server)
        : handle(on),
          role(our_role),
          peer_type(type),
          peer(address),
          link(our_role == hci::Role::central ? l2cap::Role::central : l2cap::Role::peripheral),
          client(bearer),
          session(server, bearer) {}

    ConnectionHandle handle;
    hci::Role role;
    AddressType peer_type;
    Address peer;
    Units1250us interval{};
    std::uint16_t latency = 0;
    Units10ms supervision_timeout{};

    l2cap::Link link;
    att::Bearer bearer;
    gatt::Client client;
    gatt::ServerSession session;

    Time disconnect_deadline = never;  ///< set while we are closing the link
    bool updating = false;             ///< a parameter update of ours is in progress
    bool wants_send_ready = false;     ///< something was refused for want of room
};

}  // namespace bluetooth
