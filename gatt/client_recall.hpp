// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "gatt/cache.hpp"
#include "gatt/client_context.hpp"

namespace bluetooth::gatt {

/// One client's use of the `DiscoveryCache`. Before a discovery the peer's Database Hash is read,
/// if it is not known on this bearer yet; each discovery of services reads it anew, as that is what
/// an application begins with when it wants to be sure. Then either the answer is known, or it is
/// recorded as it comes. Without a cache, or with a peer that has no hash, nothing of this happens.
class Recall {
public:
    void use(DiscoveryCache& cache, const PeerIdentity& peer);

    /// A discovery begins.
    void begin(const DiscoveryQuery& query);
    /// Whether the Database Hash is to be read now, by these three, before anything else is asked.
    bool verifying() const { return phase_ == Phase::verify; }
    Buffer request(ClientContext& ctx) const;
    void on_response(Bytes pdu);
    void on_error();
    /// The known answer, or null: asked once, before the first request of the discovery.
    const DiscoveryResults* known();
    /// Takes in the results among the actions from the one at `first` on.
    void record(ClientOutbox& out, std::size_t first);
    /// The procedure has ended, discovery or not.
    void end(bool success);

    void on_indication(att::Handle value_handle);
    /// The peer's database may have changed.
    void invalidate();

private:
    enum class Phase : std::uint8_t {
        idle,     // nothing to do for the running procedure
        verify,   // its hash is being read
        look_up,  // the answer may be known
        record,   // the answer is coming
    };

    DiscoveryCache* cache_ = nullptr;  // null as well when this peer has no hash
    PeerIdentity peer_;
    std::optional<DatabaseHash> hash_;  // as last seen on this bearer

    Phase phase_ = Phase::idle;
    DiscoveryQuery query_;
    DiscoveryResults results_;
    bool invalidated_ = false;  // while the hash was being read
};

}  // namespace bluetooth::gatt
