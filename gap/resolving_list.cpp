// SPDX-License-Identifier: MIT
#include "gap/resolving_list.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "hci/commands.hpp"

namespace bluetooth::gap {
std::size_t ResolvingList::position(const Identity& peer) const {
    return static_cast<std::size_t>(std::ranges::find(peers_, peer, &Peer::identity) -
                                    peers_.begin());
}

error_code ResolvingList::add(const Identity& peer, const crypto::Key& irk, bool device_privacy) {
    if (!is_identity_address(peer.type, peer.address)) return make_error(errc::invalid_argument);
    const std::size_t known = position(peer);
    const bool has_key = irk != crypto::Key{};
    if (has_key && known == max_peers) return make_error(errc::no_buffers);
    if (known < peers_.size()) drop(known);
    if (!has_key) return {};
    peers_.insert(peers_.begin(), Peer{peer, irk, crypto::IdentityResolver{irk}, device_privacy});
    cache_.clear();
    return {};
}

void ResolvingList::remove(const Identity& peer) {
    if (const std::size_t known = position(peer); known < peers_.size()) drop(known);
}

void ResolvingList::drop(std::size_t position) {
    const Peer& peer = peers_[position];
    if (peer.listed) stale_.push_back(peer.identity);
    if (sent_.subject == peer.identity) subject_gone_ = true;
    peers_.erase(peers_.begin() + static_cast<std::ptrdiff_t>(position));
    cache_.clear();
}

void ResolvingList::clear() {
    while (!peers_.empty()) drop(peers_.size() - 1);
}

void ResolvingList::use(const Identity& peer) {
    if (const std::size_t known = position(peer); known < peers_.size()) {
        const auto found = peers_.begin() + static_cast<std::ptrdiff_t>(known);
        std::rotate(peers_.begin(), found, found + 1);
    }
}

std::optional<Identity> ResolvingList::resolve(AddressType type, const Address& address) {
    if (type != AddressType::random_device || !address.is_resolvable_private()) return {};
    return cache_.get(address, [&]() -> std::optional<Identity> {
        for (Peer& peer : peers_)
            if (peer.resolver.resolves(address)) return peer.identity;
        return {};
    });
}

bool ResolvingList::in_controller(const Identity& peer) const {
    const std::size_t known = position(peer);
    return enabled_ && known < peers_.size() && peers_[known].listed;
}

void ResolvingList::reset(std::size_t capacity, bool privacy_modes) {
    for (Peer& peer : peers_) peer.listed = peer.mode_set = peer.refused = false;
    stale_.clear();
    capacity_ = capacity;
    privacy_modes_ = privacy_modes;
    enabled_ = false;
    given_up_ = false;
    sent_ = {};
}

/// The first step on the way from the list that the controller has to the one that is wanted.
ResolvingList::Plan ResolvingList::plan() const {
    if (given_up_) return {};
    const Peer* surplus = nullptr;
    const Peer* missing = nullptr;
    const Peer* without_mode = nullptr;
    bool any_listed = !stale_.empty();
    std::size_t room = capacity_;
    for (const Peer& peer : peers_) {
        // Unless told otherwise a controller ignores a peer's identity address once it has the
        // peer's key (Vol 6 Part B 4.7): where it cannot be told, the host resolves.
        const bool wanted = room != 0 && !peer.refused && (privacy_modes_ || !peer.device_privacy);
        if (wanted) --room;
        any_listed |= peer.listed;
        if (peer.listed && !wanted && surplus == nullptr) surplus = &peer;
        if (!peer.listed && wanted && missing == nullptr) missing = &peer;
        if (peer.listed && wanted && peer.device_privacy && !peer.mode_set &&
            without_mode == nullptr)
            without_mode = &peer;
    }
    const bool any_wanted = room != capacity_;
    if (stale_.empty() && surplus == nullptr && missing == nullptr && without_mode == nullptr)
        return {any_listed && !enabled_ ? Step::enable : Step::none};
    if (enabled_) return {Step::disable};
    if (!any_wanted) return {Step::clear};
    if (!stale_.empty()) return {Step::remove, stale_.back()};
    if (surplus != nullptr) return {Step::remove, surplus->identity};
    if (missing != nullptr) return {Step::add, missing->identity};
    return {Step::set_mode, without_mode->identity};
}

hci::EncodedCommand ResolvingList::next() {
    sent_ = plan();
    subject_gone_ = false;
    const auto [type, address] = sent_.subject;
    switch (sent_.step) {
    case Step::none: break;
    case Step::disable:
    case Step::enable:
        return hci::encode_command(hci::LeSetAddressResolutionEnable{
            sent_.step == Step::enable ? hci::Enable::enabled : hci::Enable::disabled});
    case Step::clear:
        stale_.clear();
        for (Peer& peer : peers_) peer.listed = peer.mode_set = false;
        return hci::encode_command(hci::LeClearResolvingList{});
    case Step::remove:
        if (!stale_.empty())
            stale_.pop_back();
        else
            peers_[position(sent_.subject)].listed = peers_[position(sent_.subject)].mode_set =
                false;
        return hci::encode_command(hci::LeRemoveDeviceFromResolvingList{type, address});
    case Step::add:
        // No local key: we make our own addresses, and the controller makes none as long as the own
        // address type is not one of those that let it (Vol 6 Part B 6).
        return hci::encode_command(hci::LeAddDeviceToResolvingList{
            .peer_identity_address_type = type,
            .peer_identity_address = address,
            .peer_irk = crypto::reversed(peers_[position(sent_.subject)].irk.octets()),
            .local_irk = {}});
    case Step::set_mode:
        return hci::encode_command(hci::LeSetPrivacyMode{type, address, hci::PrivacyMode::device});
    }
    return {};
}

void ResolvingList::on_answer(hci::Status status) {
    const bool ok = status == hci::Status::success;
    const Plan done = std::exchange(sent_, {});
    const std::size_t known = subject_gone_ ? peers_.size() : position(done.subject);
    Peer* const peer = known < peers_.size() ? &peers_[known] : nullptr;
    switch (done.step) {
    case Step::none: return;
    case Step::disable:
    case Step::enable:
        if (ok)
            enabled_ = done.step == Step::enable;
        else
            given_up_ = true;
        break;
    case Step::clear:
    case Step::remove: break;  // if refused, most likely because it was not there
    case Step::add:
        if (ok && peer == nullptr) {
            stale_.push_back(done.subject);
        } else if (ok) {
            peer->listed = true;
        } else if (status == hci::Status::memory_capacity_exceeded) {
            capacity_ = stale_.size() +
                        static_cast<std::size_t>(std::ranges::count(peers_, true, &Peer::listed));
        } else if (peer != nullptr) {
            peer->refused = true;
        }
        break;
    case Step::set_mode:
        if (peer == nullptr) break;
        peer->mode_set = ok;
        peer->refused = !ok;
        break;
    }
    if (!ok)
        log::warn("gap",
                  "the controller refused a change of its resolving list, the host resolves "
                  "instead: ",
                  status);
}

}  // namespace bluetooth::gap
