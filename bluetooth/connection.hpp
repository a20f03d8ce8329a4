// SPDX-License-Identifier: MIT
//
// Private: everything that belongs to one link.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "att/bearer.hpp"
#include "base/address.hpp"
#include "base/connection_parameters.hpp"
#include "base/time.hpp"
#include "bluetooth/events.hpp"
#include "gatt/client.hpp"
#include "gatt/server.hpp"
#include "hci/codes.hpp"
#include "l2cap/link.hpp"
#include "smp/security_manager.hpp"

namespace bluetooth {

/// One bearer of ATT, which each side uses as client and as server.
struct AttBearer {
    AttBearer(gatt::Server& server, att::ClientState& client_state)
        : client(bearer), session(server, client_state, bearer) {}
    /// An enhanced one, on a credit-based channel.
    AttBearer(l2cap::Cid on, std::uint16_t mtu, gatt::Server& server,
              att::ClientState& client_state)
        : channel(on), bearer(mtu), client(bearer), session(server, client_state, bearer) {}

    /// What its cores have dropped of the peer's PDUs.
    std::uint64_t dropped() const {
        const gatt::ClientCounters& counters = client.counters();
        return session.dropped() + counters.unexpected + counters.malformed +
               counters.excess_indications;
    }

    l2cap::Cid channel = l2cap::Cid::att;
    att::Bearer bearer;
    gatt::Client client;
    att::ServerSession session;
};

struct Connection {
    /// How long after a request to disconnect the controller may take to report the end. A
    /// controller ends a link by itself after the supervision timeout, of 32 s at most.
    static constexpr std::chrono::seconds disconnect_limit{35};
    /// A controller that refuses to disconnect is asked so often, with this pause between.
    static constexpr std::uint8_t max_disconnect_tries = 3;
    static constexpr std::chrono::seconds disconnect_pause{1};
    /// The same for a request to update its parameters: the peer's answer may take 30 s (Vol 3
    /// Part A 6.2.1), or the link layer's procedure 40 s (Vol 6 Part B 5.2).
    static constexpr std::chrono::seconds update_limit{45};

    Connection(ConnectionHandle on, hci::Role our_role, AddressType type, const Address& address,
               const smp::LinkEnds& ends, smp::Local& local, gatt::Server& server,
               const l2cap::Listeners& listeners, BufferPool& of_channels)
        : handle(on),
          role(our_role),
          peer_type(type),
          peer(address),
          channel_buffers(of_channels),
          client_state(server),
          link(our_role == hci::Role::central ? l2cap::Role::central : l2cap::Role::peripheral,
               {listeners, client_state.security, of_channels}),
          security(ends, local),
          bond_peer{type, address},
          att(server, client_state) {}

    /// What its cores have dropped of the peer's packets.
    std::uint64_t dropped() const {
        std::uint64_t sum = link.dropped() + security.dropped() + att.dropped();
        for (const auto& bearer : enhanced) sum += bearer->dropped();
        return sum;
    }
    /// The bearer on this channel; null when there is none.
    AttBearer* bearer(l2cap::Cid channel) {
        if (channel == l2cap::Cid::att) return &att;
        for (const auto& one : enhanced)
            if (one->channel == channel) return one.get();
        return nullptr;
    }
    std::size_t bearer_count() const { return 1 + enhanced.size(); }
    /// By number: the fixed bearer is the first.
    AttBearer& bearer_at(std::size_t index) { return index == 0 ? att : *enhanced[index - 1]; }

    ConnectionHandle handle;
    hci::Role role;
    /// As the application knows it: the identity address of a bonded peer, public or random.
    AddressType peer_type;
    Address peer;
    Units1250us interval{};
    std::uint16_t latency = 0;
    Units10ms supervision_timeout{};

    BufferPool& channel_buffers;  ///< for what is sent on its channels
    att::ClientState client_state;
    l2cap::Link link;
    smp::SecurityManager security;
    smp::TypedAddress bond_peer;            ///< under which its bond is stored
    std::uint64_t next_sign_counter = 0;    ///< of ours; 0: none was used on this link
    std::uint64_t stored_sign_counter = 0;  ///< those below count as used, should we end now
    /// What the bond's store has of this client, once that counts: on a link under the bond's key.
    std::optional<std::vector<std::uint8_t>> client_record;
    bool client_restored = false;
    AttBearer att;                                     ///< on the fixed channel
    std::vector<std::unique_ptr<AttBearer>> enhanced;  ///< on credit-based channels

    Time disconnect_deadline = never;  ///< set while we are closing the link
    std::uint8_t refused_disconnects = 0;
    bool disconnect_again = false;  ///< at the deadline, as the last try was refused
    Time update_deadline = never;   ///< set while a parameter update of ours is in progress
    ConnectionParameters wanted_parameters{};  ///< of that update
    bool updates_by_l2cap = false;  ///< one of the link layers lacks the procedure for it
    std::uint16_t send_queue = 0;   ///< `config::send_queue` when the link began

    /// What was refused for want of room: `SendReady` is due when it would be taken.
    struct Refused {
        bool any = false;
        std::size_t packets = 0;                   ///< the most in one call
        std::size_t buffers = 0;                   ///< the same, beside those of the packets
        l2cap::Cid indication = l2cap::Cid::null;  ///< the bearer that refused one
    };
    Refused refused;
    /// A write command has been sent since the queue of the fixed channels was last empty.
    bool command_queued = false;
};

}  // namespace bluetooth
