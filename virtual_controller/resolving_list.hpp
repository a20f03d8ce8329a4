// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/address.hpp"
#include "crypto/identity_resolver.hpp"
#include "hci/codes.hpp"
#include "hci/commands.hpp"
#include "virtual_controller/device.hpp"
#include "virtual_controller/random.hpp"
#include "virtual_controller/resolution_cache.hpp"

namespace bluetooth::virtual_controller {

/// The peers whose resolvable private addresses (RPAs) a controller knows, and to whom it shows
/// RPAs of its own (Vol 6 Part B 4.7 and 6).
///
/// Functions that take a command carry it out; whether the state of the controller allows it, and
/// when a new RPA is due, is for the caller to say. Entries are valid until the list changes.
class ResolvingList {
public:
    struct Entry {
        Device identity;
        hci::PrivacyMode privacy_mode = hci::PrivacyMode::network;
        /// Our address towards this peer; nothing when the local IRK is all zeros.
        std::optional<Address> local_rpa;
        /// The peer's address in what we direct to it; nothing when its IRK is all zeros.
        std::optional<Address> target_rpa;
        /// The address that this peer was last seen with.
        std::optional<Address> peer_rpa;

        /// Whether to take note of the peer when it shows its identity address. In network privacy
        /// mode one that has an IRK must hide it (Vol 6 Part B 4.7).
        bool accepts_identity_address() const {
            return !peer_ || privacy_mode == hci::PrivacyMode::device;
        }

    private:
        friend class ResolvingList;
        crypto::Key peer_irk_;
        std::optional<crypto::IdentityResolver> peer_;  // nothing for a key of zeros
        std::optional<crypto::IdentityResolver> local_;
    };

    explicit ResolvingList(std::uint8_t capacity) : capacity_(capacity) {}

    std::uint8_t capacity() const { return capacity_; }
    bool empty() const { return entries_.empty(); }

    /// The new entry has RPAs at once, in network privacy mode (Vol 4 Part E 7.8.38).
    hci::Status add(const hci::LeAddDeviceToResolvingList& command, SeededRandom& random);
    hci::Status remove(const hci::LeRemoveDeviceFromResolvingList& command);
    void clear();
    hci::Status set_privacy_mode(const hci::LeSetPrivacyMode& command);
    /// The address the peer was last seen with (Vol 4 Part E 7.8.42); zeros with an error status.
    hci::LeReadPeerResolvableAddress::Return read(
        const hci::LeReadPeerResolvableAddress& command) const;
    /// Our address towards the peer (Vol 4 Part E 7.8.43); zeros with an error status.
    hci::LeReadLocalResolvableAddress::Return read(
        const hci::LeReadLocalResolvableAddress& command) const;

    /// The entry of an identity, null when there is none.
    const Entry* find(const Device& identity) const;
    /// The entry of the peer that made `rpa`, null when there is none or `rpa` is an address of
    /// another kind. Takes down that the peer was seen with it. An address heard again
    /// costs no AES while it is remembered.
    const Entry* resolve(const Address& rpa);
    /// Whether `rpa` was made with our IRK for this peer, so that it means us.
    bool is_local_rpa(const Entry& entry, const Address& rpa);
    /// The same with our IRK for any peer.
    bool is_local_rpa(const Address& rpa);

    /// New `local_rpa` and `target_rpa` for all entries, for when the RPA timeout has passed
    /// (Vol 6 Part B 6.1).
    void refresh(SeededRandom& random);

private:
    static void generate(Entry& entry, SeededRandom& random);
    const Entry* find(AddressType type, const Address& address) const {
        return find(Device{type, address});
    }
    Entry& own(const Entry& entry) {
        return entries_[static_cast<std::size_t>(&entry - entries_.data())];
    }

    std::uint8_t capacity_;
    std::vector<Entry> entries_;
    ResolutionCache cache_;  // its answers are indices into entries_, so add and remove reset it
};

}  // namespace bluetooth::virtual_controller
