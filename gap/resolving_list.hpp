// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "crypto/identity_resolver.hpp"
#include "gap/resolution_cache.hpp"
#include "hci/codes.hpp"
#include "hci/command.hpp"

namespace bluetooth::gap {

/// The peers whose Identity Resolving Keys are known. It resolves addresses of all of them, and
/// keeps the resolving list of the controller (Vol 4 Part E 7.8.38 to 7.8.44, 7.8.77) filled with
/// those that were added or used last, as many as it takes.
///
/// For the controller it gives out one command after the other; they may be sent only while neither
/// advertising, scanning nor initiating is enabled. What the controller refuses is resolved by the
/// host alone until the controller is reset.
class ResolvingList {
public:
    static constexpr std::size_t max_peers = 256;

    /// Adds a peer, or replaces what was known of it. `device_privacy`: the peer may also be heard
    /// under its identity address. A key of zeros means that the peer has none (Vol 3 Part
    /// H 3.6.4): it is then not, or no longer, a peer here. `errc::invalid_argument`: no identity
    /// address; `errc::no_buffers`: too many peers.
    error_code add(const Identity& peer, const crypto::Key& irk, bool device_privacy);
    void remove(const Identity& peer);
    void clear();
    /// Prefers the peer over those used before.
    void use(const Identity& peer);

    /// The peer that made a resolvable private address.
    std::optional<Identity> resolve(AddressType type, const Address& address);
    bool knows(const Identity& peer) const { return position(peer) != peers_.size(); }
    /// Whether the controller resolves the peer's addresses, so that commands may name the peer by
    /// its identity and reports do.
    bool in_controller(const Identity& peer) const;

    /// An empty list at a controller that was reset; 0: it has none. `privacy_modes`: whether it
    /// knows LE Set Privacy Mode.
    void reset(std::size_t capacity, bool privacy_modes);
    /// Whether there is a command to be sent. Not before the answer to the one before has come.
    bool has_next() const { return plan().step != Step::none; }
    /// The next command; its answer goes to `on_answer`.
    hci::EncodedCommand next();
    void on_answer(hci::Status status);

private:
    enum class Step : std::uint8_t { none, disable, clear, remove, add, set_mode, enable };
    struct Peer {
        Identity identity;
        crypto::Key irk;
        crypto::IdentityResolver resolver;
        bool device_privacy = false;
        bool listed = false;    // in the controller's list
        bool mode_set = false;  // there as `device_privacy` wants it
        bool refused = false;   // by the controller
    };
    struct Plan {
        Step step = Step::none;
        Identity subject{};
    };

    Plan plan() const;
    std::size_t position(const Identity& peer) const;
    void drop(std::size_t position);

    std::vector<Peer> peers_;      // those used last come first
    std::vector<Identity> stale_;  // in the controller's list, but no peers any more
    ResolutionCache cache_;
    // What the controller can and does.
    std::size_t capacity_ = 0;
    bool privacy_modes_ = false;
    bool enabled_ = false;   // it resolves addresses
    bool given_up_ = false;  // it does not let its list be changed or used
    // The command in flight.
    Plan sent_;
    bool subject_gone_ = false;  // its peer was removed or replaced meanwhile
};

}  // namespace bluetooth::gap
