// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "gatt/cache.hpp"
#include "gatt/client_context.hpp"
#include "gatt/subscription.hpp"

namespace bluetooth::gatt {

/// One client's use of the `DiscoveryCache`. Before a discovery the peer's Database Hash is read
/// on this bearer, unless it is fresh. Then either the answer is known, or it is recorded as it
/// comes. Without a cache, or with a peer that has no hash, nothing of this happens.
///
/// A hash is fresh for a second, so that discoveries in a row cost one read together; and for as
/// long as the peer would indicate a change, if it was read after this client had subscribed to
/// Service Changed here. An indication of Service Changed ends that.
class Recall {
public:
    static constexpr std::chrono::seconds hash_lifetime{1};

    void use(DiscoveryCache& cache, const PeerIdentity& peer);

    /// A discovery begins.
    void begin(Time now, const DiscoveryQuery& query);
    /// Whether the Database Hash is to be read now, by these three, before anything else is asked.
    bool verifying() const { return phase_ == Phase::verify; }
    Buffer request(ClientContext& ctx) const;
    void on_response(Time now, Bytes pdu);
    void on_error();
    /// The known answer, or null: asked once, before the first request of the discovery.
    const DiscoveryResults* known();
    /// Takes in the results among the actions from the one at `first` on.
    void record(ClientOutbox& out, std::size_t first);
    /// The procedure has ended, discovery or not.
    void end(bool success);

    /// The peer has taken in what it is to tell of this value's changes.
    void on_subscribed(att::Handle value_handle, att::Handle cccd, Subscription subscription);
    /// The application writes this attribute by itself.
    void on_write(att::Handle handle);
    void on_indication(att::Handle value_handle, Bytes value);
    /// The peer's database has changed.
    void invalidate();

private:
    enum class Phase : std::uint8_t {
        idle,     // nothing to do for the running procedure
        verify,   // its hash is being read
        look_up,  // the answer may be known
        record,   // the answer is coming
    };

    bool fresh(Time now) const;
    void distrust_hash();

    DiscoveryCache* cache_ = nullptr;  // null as well when this peer has no hash
    PeerIdentity peer_;
    std::optional<DatabaseHash> hash_;  // as last seen on this bearer, unless it is distrusted
    Time fresh_until_{};                // unless its changes are indicated
    att::Handle subscribed_ = att::no_handle;  // Service Changed, while it is to be indicated
    att::Handle cccd_ = att::no_handle;        // by which it was subscribed to

    Phase phase_ = Phase::idle;
    DiscoveryQuery query_;
    DiscoveryResults results_;
    bool distrusted_ = false;  // while the hash was being read
};

}  // namespace bluetooth::gatt
