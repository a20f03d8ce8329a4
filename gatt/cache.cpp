// SPDX-License-Identifier: MIT
#include "gatt/cache.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace bluetooth::gatt {

void DiscoveryCache::verify(const PeerIdentity& identity, const DatabaseHash& hash) {
    auto peer = std::ranges::find(peers_, identity, &Peer::identity);
    if (peer == peers_.end()) {
        if (peers_.size() == max_peers) peers_.pop_back();
        peer = peers_.insert(peers_.end(), Peer{identity, {}, {}});
    }
    if (peer->hash != hash) {
        peer->hash = hash;
        peer->answers.clear();
    }
    std::rotate(peers_.begin(), peer, peer + 1);
}

void DiscoveryCache::forget(const PeerIdentity& identity) {
    if (Peer* peer = find(identity)) {
        peer->hash.reset();
        peer->answers.clear();
    }
}

const DiscoveryResults* DiscoveryCache::find(const PeerIdentity& identity, const DatabaseHash& hash,
                                             const DiscoveryQuery& query) const {
    const Peer* peer = find(identity);
    if (peer == nullptr || peer->hash != hash) return nullptr;
    const auto answer = std::ranges::find(peer->answers, query, &Answer::query);
    return answer == peer->answers.end() ? nullptr : &answer->results;
}

void DiscoveryCache::remember(const PeerIdentity& identity, const DatabaseHash& hash,
                              const DiscoveryQuery& query, DiscoveryResults&& results) {
    Peer* peer = find(identity);
    if (peer == nullptr || peer->hash != hash) return;
    std::erase_if(peer->answers, [&](const Answer& answer) { return answer.query == query; });
    if (size_of(*peer) + 1 + results.size() > max_results_per_peer) return;
    peer->answers.push_back({query, std::move(results)});
}

att::Handle DiscoveryCache::service_changed(const PeerIdentity& identity) const {
    const Peer* peer = find(identity);
    return peer == nullptr ? att::no_handle : peer->service_changed;
}

void DiscoveryCache::service_changed_is(const PeerIdentity& identity, att::Handle value_handle) {
    if (Peer* peer = find(identity)) peer->service_changed = value_handle;
}

std::size_t DiscoveryCache::size_of(const Peer& peer) {
    return std::accumulate(
        peer.answers.begin(), peer.answers.end(), peer.answers.size(),
        [](std::size_t size, const Answer& answer) { return size + answer.results.size(); });
}

const DiscoveryCache::Peer* DiscoveryCache::find(const PeerIdentity& identity) const {
    const auto peer = std::ranges::find(peers_, identity, &Peer::identity);
    return peer == peers_.end() ? nullptr : &*peer;
}

DiscoveryCache::Peer* DiscoveryCache::find(const PeerIdentity& identity) {
    return const_cast<Peer*>(std::as_const(*this).find(identity));
}

}  // namespace bluetooth::gatt
