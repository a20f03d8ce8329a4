// SPDX-License-Identifier: MIT
#include "gatt/client_recall.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>

#include "att/attribute_types.hpp"
#include "base/log.hpp"
#include "gatt/client_transaction.hpp"

namespace bluetooth::gatt {
namespace {

/// The Database Hash in a Read By Type Response (Vol 3 Part G 7.3).
std::optional<DatabaseHash> decode_hash(Bytes pdu) {
    DatabaseHash hash{};
    const auto found = only_value(pdu);
    if (!found || found->value.size() != hash.size()) return std::nullopt;
    std::ranges::copy(found->value, hash.begin());
    return hash;
}

}  // namespace

void Recall::use(DiscoveryCache& cache, const PeerIdentity& peer) {
    cache_ = &cache;
    peer_ = peer;
    distrust_hash();  // of a discovery that is running nothing is remembered
    results_.clear();
}

bool Recall::fresh(Time now) const {
    const bool told_of_changes =
        subscribed_ != att::no_handle && subscribed_ == cache_->service_changed(peer_);
    return hash_ && (now < fresh_until_ || told_of_changes);
}

void Recall::begin(Time now, const DiscoveryQuery& query) {
    if (cache_ == nullptr) return;
    phase_ = fresh(now) ? Phase::look_up : Phase::verify;
    query_ = query;
    distrusted_ = false;
}

Buffer Recall::request(ClientContext& ctx) const {
    return request_only_value(ctx, att::type::database_hash);
}

void Recall::on_response(Time now, Bytes pdu) {
    const auto hash = decode_hash(pdu);
    if (!hash) {
        log::warn("gatt", "the peer's Database Hash is malformed");
        return on_error();
    }
    // When the database has changed meanwhile, the hash may be the old one.
    phase_ = distrusted_ ? Phase::idle : Phase::look_up;
    if (distrusted_) return;
    hash_ = hash;
    fresh_until_ = now + hash_lifetime;
    cache_->verify(peer_, *hash);
}

void Recall::on_error() {
    phase_ = Phase::idle;
    if (!distrusted_) cache_ = nullptr;
}

const DiscoveryResults* Recall::known() {
    if (phase_ != Phase::look_up) return nullptr;
    const DiscoveryResults* answer = cache_->find(peer_, *hash_, query_);
    phase_ = answer != nullptr ? Phase::idle : Phase::record;
    results_.clear();
    return answer;
}

void Recall::record(ClientOutbox& out, std::size_t first) {
    if (phase_ != Phase::record) return;
    const auto keep = [&](const auto& action) {
        using Action = std::decay_t<decltype(action)>;
        if constexpr (std::is_constructible_v<DiscoveryResult, const Action&>)
            results_.emplace_back(action);
        if constexpr (std::is_same_v<Action, CharacteristicResult>)
            if (action.uuid.same_as(att::type::service_changed))
                cache_->service_changed_is(peer_, action.value_handle);
    };
    for (std::size_t i = first; i < out.size(); ++i) std::visit(keep, out[i]);
    if (results_.size() >= DiscoveryCache::max_results_per_peer) {  // too many to be remembered
        phase_ = Phase::idle;
        results_ = {};
    }
}

void Recall::end(bool success) {
    if (phase_ == Phase::record && success)
        cache_->remember(peer_, *hash_, query_, std::exchange(results_, {}));
    phase_ = Phase::idle;
}

void Recall::on_subscribed(att::Handle value_handle, att::Handle cccd, Subscription subscription) {
    if (cache_ == nullptr || value_handle != cache_->service_changed(peer_)) return;
    const bool indications =
        subscription == Subscription::indications || subscription == Subscription::both;
    subscribed_ = indications ? value_handle : att::no_handle;
    cccd_ = cccd;
    // Of a change between the read of the hash and the subscription the peer tells nothing.
    distrust_hash();
}

void Recall::on_write(att::Handle handle) {
    if (subscribed_ == att::no_handle || handle != cccd_) return;
    subscribed_ = att::no_handle;  // perhaps: what is written is not looked at
    distrust_hash();
}

void Recall::on_indication(att::Handle value_handle, Bytes value) {
    if (cache_ == nullptr) return;
    const att::Handle service_changed = cache_->service_changed(peer_);
    if (value_handle == service_changed) return invalidate();
    // As long as it is not known which value is Service Changed, any may be that has its size
    // (Vol 3 Part G 7.1); whether the database has changed, the hash tells.
    if (service_changed == att::no_handle && value.size() == 2 * sizeof(att::Handle))
        distrust_hash();
}

void Recall::invalidate() {
    if (cache_ == nullptr) return;
    cache_->forget(peer_);
    distrust_hash();
}

void Recall::distrust_hash() {
    hash_.reset();
    distrusted_ = true;
    // What is being found goes on, but is not worth to be kept.
    if (phase_ != Phase::verify) phase_ = Phase::idle;
}

}  // namespace bluetooth::gatt
