// SPDX-License-Identifier: MIT
#include "virtual_controller/resolving_list.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "crypto/secret.hpp"

namespace bluetooth::virtual_controller {

using hci::Status;

namespace {

// Identities are public or static random (Vol 4 Part E 7.8.38), told apart by the first two values.
constexpr bool is_identity_type(AddressType type) { return type <= AddressType::random_device; }

// HCI carries keys with their least significant octet first.
crypto::Key key_of(const std::array<std::uint8_t, 16>& irk) {
    return crypto::Key{crypto::reversed(irk)};
}

crypto::Octets24 octets24(std::uint64_t random) {
    return {static_cast<std::uint8_t>(random), static_cast<std::uint8_t>(random >> 8),
            static_cast<std::uint8_t>(random >> 16)};
}

}  // namespace

Status ResolvingList::add(const hci::LeAddDeviceToResolvingList& command, SeededRandom& random) {
    if (!is_identity_type(command.peer_identity_address_type))
        return Status::invalid_hci_command_parameters;
    const Device identity{command.peer_identity_address_type, command.peer_identity_address};
    const crypto::Key none;
    const crypto::Key peer_irk = key_of(command.peer_irk);
    const crypto::Key local_irk = key_of(command.local_irk);
    const auto in_the_way = [&](const Entry& entry) {
        return entry.identity == identity || (peer_irk != none && entry.peer_irk_ == peer_irk);
    };
    if (std::ranges::any_of(entries_, in_the_way)) return Status::invalid_hci_command_parameters;
    if (entries_.size() == capacity_) return Status::memory_capacity_exceeded;

    Entry& entry = entries_.emplace_back();
    entry.identity = identity;
    entry.peer_irk_ = peer_irk;
    if (peer_irk != none) entry.peer_.emplace(peer_irk);
    if (local_irk != none) entry.local_.emplace(local_irk);
    generate(entry, random);
    cache_.reset();
    return Status::success;
}

Status ResolvingList::remove(const hci::LeRemoveDeviceFromResolvingList& command) {
    if (!is_identity_type(command.peer_identity_address_type))
        return Status::invalid_hci_command_parameters;
    const Entry* entry = find(command.peer_identity_address_type, command.peer_identity_address);
    if (entry == nullptr) return Status::unknown_connection_identifier;
    entries_.erase(entries_.begin() + (entry - entries_.data()));
    cache_.reset();
    return Status::success;
}

void ResolvingList::clear() { entries_.clear(); }

Status ResolvingList::set_privacy_mode(const hci::LeSetPrivacyMode& command) {
    if (!is_identity_type(command.peer_identity_address_type) ||
        command.privacy_mode > hci::PrivacyMode::device)
        return Status::invalid_hci_command_parameters;
    const Entry* entry = find(command.peer_identity_address_type, command.peer_identity_address);
    if (entry == nullptr) return Status::unknown_connection_identifier;
    own(*entry).privacy_mode = command.privacy_mode;
    return Status::success;
}

hci::LeReadPeerResolvableAddress::Return ResolvingList::read(
    const hci::LeReadPeerResolvableAddress& command) const {
    if (!is_identity_type(command.peer_identity_address_type))
        return {Status::invalid_hci_command_parameters, {}};
    const Entry* entry = find(command.peer_identity_address_type, command.peer_identity_address);
    if (entry == nullptr || !entry->peer_rpa) return {Status::unknown_connection_identifier, {}};
    return {Status::success, *entry->peer_rpa};
}

hci::LeReadLocalResolvableAddress::Return ResolvingList::read(
    const hci::LeReadLocalResolvableAddress& command) const {
    if (!is_identity_type(command.peer_identity_address_type))
        return {Status::invalid_hci_command_parameters, {}};
    const Entry* entry = find(command.peer_identity_address_type, command.peer_identity_address);
    if (entry == nullptr || !entry->local_rpa) return {Status::unknown_connection_identifier, {}};
    return {Status::success, *entry->local_rpa};
}

const ResolvingList::Entry* ResolvingList::find(const Device& identity) const {
    const auto entry = std::ranges::find(entries_, identity, &Entry::identity);
    return entry == entries_.end() ? nullptr : &*entry;
}

const ResolvingList::Entry* ResolvingList::resolve(const Address& rpa) {
    if (entries_.empty() || !rpa.is_resolvable_private()) return nullptr;
    std::optional<std::uint16_t> answer = cache_.find(rpa);
    if (!answer) {
        const auto maker = std::ranges::find_if(
            entries_, [&](Entry& entry) { return entry.peer_ && entry.peer_->resolves(rpa); });
        answer = maker == entries_.end() ? ResolutionCache::no_entry
                                         : static_cast<std::uint16_t>(maker - entries_.begin());
        cache_.remember(rpa, *answer);
    }
    if (*answer == ResolutionCache::no_entry) return nullptr;
    Entry& entry = entries_[*answer];
    entry.peer_rpa = rpa;
    return &entry;
}

bool ResolvingList::is_local_rpa(const Entry& entry, const Address& rpa) {
    std::optional<crypto::IdentityResolver>& local = own(entry).local_;
    return local && local->resolves(rpa);
}

bool ResolvingList::is_local_rpa(const Address& rpa) {
    return std::ranges::any_of(entries_,
                               [&](const Entry& entry) { return is_local_rpa(entry, rpa); });
}

void ResolvingList::refresh(SeededRandom& random) {
    for (Entry& entry : entries_) generate(entry, random);
}

void ResolvingList::generate(Entry& entry, SeededRandom& random) {
    if (entry.local_) entry.local_rpa = entry.local_->generate(octets24(random.next()));
    if (entry.peer_) entry.target_rpa = entry.peer_->generate(octets24(random.next()));
}

}  // namespace bluetooth::virtual_controller
