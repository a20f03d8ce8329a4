// SPDX-License-Identifier: MIT
//
// What was discovered of peers, so that it need not be asked again. A server's Database Hash tells
// whether its services are still those of before (Vol 3 Part G 2.5.2.1, 7.3): clients remember by
// it, as BLE's robust caching has it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "att/pdus.hpp"
#include "base/address.hpp"
#include "base/uuid.hpp"
#include "gatt/client_context.hpp"

namespace bluetooth::gatt {

/// By what a peer is known again. What was learnt on links that are not encrypted with the key of a
/// bond is kept apart: there anybody may have taken on the address.
struct PeerIdentity {
    AddressType type{};
    Address address;
    bool bonded = false;
    friend bool operator==(const PeerIdentity&, const PeerIdentity&) = default;
};

using DatabaseHash = std::array<std::uint8_t, 16>;

/// What a discovery asks for.
struct DiscoveryQuery {
    enum class Kind : std::uint8_t {
        primary_services,
        secondary_services,
        included_services,
        characteristics,
        descriptors,
    };
    Kind kind{};
    att::Handle start{};
    att::Handle end{};
    std::optional<UUID> uuid{};
    friend bool operator==(const DiscoveryQuery&, const DiscoveryQuery&) = default;
};

using DiscoveryResult =
    std::variant<ServiceResult, IncludedServiceResult, CharacteristicResult, DescriptorResult>;
using DiscoveryResults = std::vector<DiscoveryResult>;

/// The answers to the discoveries of each peer, under the peer's Database Hash. One per host. When
/// it is full, the peer that was not verified for the longest time is forgotten.
class DiscoveryCache {
public:
    static constexpr std::size_t max_peers = 32;
    /// Of one peer; each remembered query counts as a result too. More is not remembered.
    static constexpr std::size_t max_results_per_peer = 4096;

    /// The peer has this hash now: what was remembered under another one is dropped.
    void verify(const PeerIdentity& identity, const DatabaseHash& hash);
    /// The peer's database may have changed: drops what was remembered of it.
    void forget(const PeerIdentity& identity);

    /// The answer to `query`, or null; valid until the cache is changed.
    const DiscoveryResults* find(const PeerIdentity& identity, const DatabaseHash& hash,
                                 const DiscoveryQuery& query) const;
    /// Does nothing when meanwhile the peer was forgotten or has shown another hash.
    void remember(const PeerIdentity& identity, const DatabaseHash& hash,
                  const DiscoveryQuery& query, DiscoveryResults&& results);

    /// Where the peer has its Service Changed value; 0 while that is not known. It outlives changes
    /// of the database: the handle stays the same while there is a bond (7.1).
    att::Handle service_changed(const PeerIdentity& identity) const;
    void service_changed_is(const PeerIdentity& identity, att::Handle value_handle);

private:
    struct Answer {
        DiscoveryQuery query;
        DiscoveryResults results;
    };
    struct Peer {
        PeerIdentity identity;
        std::optional<DatabaseHash> hash;
        std::vector<Answer> answers;
        att::Handle service_changed = att::no_handle;
    };
    static std::size_t size_of(const Peer& peer);
    const Peer* find(const PeerIdentity& identity) const;
    Peer* find(const PeerIdentity& identity);

    std::vector<Peer> peers_;  // the one verified last is the first
};

}  // namespace bluetooth::gatt
