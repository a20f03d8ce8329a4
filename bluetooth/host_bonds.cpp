// SPDX-License-Identifier: MIT
//
// What is stored: our identity, bonds, and what bonded clients have configured. The application is
// asked first, by `GetSecret` and `SetSecret`; where it does not answer, the adapter's store is.
#include <algorithm>
#include <memory>
#include <utility>

#include "base/log.hpp"
#include "bluetooth/client_record.hpp"
#include "bluetooth/host_turn.hpp"
#include "crypto/secret.hpp"

namespace bluetooth {
namespace {

/// Of bonds that are looked at when the adapter is brought up.
constexpr std::size_t max_bonds = 256;

std::vector<std::uint8_t> key_of(std::string_view name) { return {name.begin(), name.end()}; }
std::vector<std::uint8_t> key_of(AddressType type, const Address& address) {
    const smp::BondKey key = smp::bond_key(type, address);
    return {key.begin(), key.end()};
}
std::vector<std::uint8_t> key_of(const smp::Bond& bond) {
    return key_of(bond.peer_type, bond.peer);
}

}  // namespace

// ---- the application, or the store

void Host::get_secret(SecretType type, std::size_t index, std::optional<SecretKey> key,
                      std::function<void(std::optional<Bytes>)> then) {
    const auto owned = std::make_shared<std::optional<SecretKey>>(std::move(key));
    const auto view = [owned] { return *owned ? std::optional{Bytes{**owned}} : std::nullopt; };
    const auto answered = [this, owned, view, type, index, then = std::move(then),
                           generation = generation_] {
        GetSecret::Answer answer = std::exchange(get_answer_, {});
        if (generation != generation_) return;
        if (!answer.given || delivery_.handler_failed())
            return then(secrets_->get(type, index, view()));
        then(answer.value ? std::optional{Bytes{*answer.value}} : std::nullopt);
        if (answer.value) crypto::cleanse(*answer.value);
    };
    delivery_.deliver(GetSecret{type, static_cast<std::uint8_t>(std::min<std::size_t>(index, 0xff)),
                                view(), &get_answer_},
                      answered);
}

void Host::set_secret(SecretType type, SecretKey key, std::optional<Bytes> value,
                      std::function<void(bool)> then) {
    struct Held {
        SecretKey key;
        std::optional<std::vector<std::uint8_t>> value;
        ~Held() {
            if (value) crypto::cleanse(*value);
        }
    };
    const auto held = std::make_shared<Held>();
    held->key = std::move(key);
    if (value) held->value.emplace(value->begin(), value->end());
    const auto view = [held] {
        return held->value ? std::optional{Bytes{*held->value}} : std::nullopt;
    };
    const auto answered = [this, held, view, type, then = std::move(then),
                           generation = generation_] {
        const SetSecret::Answer answer = std::exchange(set_answer_, {});
        if (generation != generation_) return;
        then(answer.given && !delivery_.handler_failed()
                 ? answer.stored
                 : secrets_->set(type, Bytes{held->key}, view()));
    };
    delivery_.deliver(SetSecret{type, Bytes{held->key}, view(), &set_answer_}, answered);
}

// ---- while the adapter is brought up: all that is stored, one after the other

void Host::load_secrets() {
    secrets_ = &environment_.secret_store(init_.info().public_address, bond_file_);
    load_bond(0);
}

void Host::load_bond(std::size_t index) {
    if (index == max_bonds) {
        log::warn("host", "there are more bonds than ", max_bonds,
                  ": the private addresses of the others are not recognised");
        return load_identity();
    }
    get_secret(SecretType::peer_keys, index, std::nullopt, [this, index](auto peer_keys) {
        if (!peer_keys) return load_identity();
        const auto key = smp::bond_key_of(*peer_keys);
        if (!key) {
            log::warn("host", "a stored bond is damaged: it counts as none");
            return load_bond(index + 1);
        }
        const AddressType type{(*key)[0]};
        std::array<std::uint8_t, 6> octets{};
        std::copy_n(key->begin() + 1, octets.size(), octets.begin());
        get_bond(type, Address::from_wire(octets), [this, index](const auto& bond) {
            if (bond) know_peer(*bond);
            load_bond(index + 1);
        });
    });
}

void Host::load_identity() {
    get_secret(SecretType::identity, 0, key_of("irk"), [this](std::optional<Bytes> irk) {
        if (irk && irk->size() == local_.identity.irk.octets().size()) {
            std::ranges::copy(*irk, local_.identity.irk.octets().begin());
            return load_static_address();
        }
        if (local_.identity.irk == crypto::Key{}) random_.fill(local_.identity.irk.octets());
        set_secret(SecretType::identity, key_of("irk"), Bytes{local_.identity.irk.octets()},
                   [this](bool) { load_static_address(); });
    });
}

/// Bonded peers know a controller without a public address by the random static one that we gave
/// it: so it must be the same each time.
void Host::load_static_address() {
    const hci::ControllerInfo& info = init_.info();
    if (info.public_address) {
        lasting_address_ = {AddressType::public_device, *info.public_address};
        return secrets_loaded();
    }
    get_secret(SecretType::identity, 0, key_of("address"), [this](std::optional<Bytes> stored) {
        Address address = init_.info().static_address;
        std::array<std::uint8_t, 6> octets = address.wire();
        if (stored && stored->size() == octets.size()) {
            std::ranges::copy(*stored, octets.begin());
            if (Address::from_wire(octets).is_static_random()) address = Address::from_wire(octets);
        }
        lasting_address_ = {AddressType::random_device, address};
        if (stored && address.wire() == octets) return secrets_loaded();
        octets = address.wire();
        set_secret(SecretType::identity, key_of("address"), Bytes{octets},
                   [this](bool) { secrets_loaded(); });
    });
}

// ---- bonds

/// From now on its private addresses are recognised.
void Host::know_peer(const smp::Bond& bond) {
    if (!bond.peers.irk) return;
    const error_code error = with_gap([&](gap::Context context) {
        return privacy_.add_peer(context, {bond.peer_type, bond.peer}, *bond.peers.irk,
                                 bond.device_privacy);
    });
    if (error)
        log::warn("host", "the private addresses of ", to_string(bond.peer),
                  " are not recognised: ", error);
}

void Host::forget_peer(AddressType type, const Address& address) {
    with_gap([&](gap::Context context) { privacy_.remove_peer(context, {type, address}); });
}

/// Both halves, or nothing.
void Host::get_bond(AddressType type, const Address& address,
                    std::function<void(const std::optional<smp::Bond>&)> then) {
    if (!is_identity_address(type, address)) return then(std::nullopt);  // it has no bond
    get_secret(SecretType::peer_keys, 0, key_of(type, address),
               [this, type, address, then = std::move(then)](std::optional<Bytes> peers) {
                   if (!peers) return then(std::nullopt);
                   std::vector<std::uint8_t> peer_keys{peers->begin(), peers->end()};
                   get_secret(SecretType::our_keys, 0, key_of(type, address),
                              [type, address, then, peer_keys](std::optional<Bytes> ours) mutable {
                                  auto bond =
                                      smp::decode_bond(smp::bond_key(type, address),
                                                       ours.value_or(Bytes{}), Bytes{peer_keys});
                                  crypto::cleanse(peer_keys);
                                  if (!bond)
                                      log::warn("host", "the stored bond with ", to_string(address),
                                                " is damaged: it counts as none");
                                  then(bond);
                              });
               });
}

/// Half a bond is none: should the second half not be stored, the first one becomes what it was.
void Host::set_bond(const smp::Bond& bond, const std::optional<smp::Bond>& present,
                    std::function<void(bool)> then) {
    const auto undo = [this, bond, present, then](bool complete) {
        if (!complete && present)
            set_secret(SecretType::our_keys, key_of(bond),
                       Bytes{smp::encode_our_keys(*present).octets()}, [](bool) {});
        else if (!complete)
            set_secret(SecretType::our_keys, key_of(bond), std::nullopt, [](bool) {});
        then(complete);
    };
    const auto store_other = [this, bond, undo, then](bool stored) {
        if (!stored) return then(false);
        set_secret(SecretType::peer_keys, key_of(bond), Bytes{smp::encode_peer_keys(bond).octets()},
                   undo);
    };
    set_secret(SecretType::our_keys, key_of(bond), Bytes{smp::encode_our_keys(bond).octets()},
               store_other);
}

void Host::store_bond(ConnectionHandle handle, const smp::StoreBond& action,
                      const std::optional<smp::Bond>& present) {
    const smp::Bond& bond = action.bond;
    const smp::TypedAddress identity{bond.peer_type, bond.peer};
    const auto tell = [this, handle](bool stored) {
        if (Connection* connection = find(handle))
            with_security(*connection, [&](auto context) {
                connection->security.on_bond_stored(context, stored);
            });
    };
    const Connection* const link = find(handle);
    if (link == nullptr) return;
    // The application was asked about the bond with the peer as it was known before.
    const bool may_replace = action.replaces_better && link->bond_peer == identity;
    if (present && !may_replace && !bond.strength.at_least(present->strength)) {
        log::warn("host", "kept the bond with ", to_string(bond.peer),
                  ", which is better than the new one");
        return tell(false);
    }
    set_bond(bond, present, [this, bond, identity, handle, tell](bool stored) {
        if (!stored)
            log::error("host", "the bond with ", to_string(bond.peer), " could not be stored");
        else
            know_peer(bond);
        if (Connection* connection = find(handle); connection != nullptr && stored) {
            connection->bond_peer = identity;
            connection->peer_proved = true;
            // What it has configured until now goes with the bond.
            connection->client_restored = true;
            connection->client_record.reset();
            connection->save_deadline = now_;
            environment_.wake_at(now_);
            connection->next_sign_counter = 0;
            connection->client_state.signing_key.reset();
            if (bond.peers.csrk)
                connection->client_state.signing_key =
                    att::SigningKey{*bond.peers.csrk, bond.peers.sign_counter};
        }
        tell(stored);
    });
}

error_code Host::unpair(AddressType type, const Address& address) {
    if (const error_code error = check_active()) return error;
    if (type > AddressType::random_identity) return make_error(errc::invalid_argument);
    const Turn turn{*this};
    type = AddressType{static_cast<std::uint8_t>(static_cast<unsigned>(type) & 1)};
    for (const auto& connection : connections_) {
        if (connection->bond_peer != smp::TypedAddress{type, address}) continue;
        connection->security.forget_bond();
        connection->client_state.security.bonded = false;
        connection->client_state.signing_key.reset();
        connection->client_restored = false;
    }
    forget_peer(type, address);
    const auto removed = std::make_shared<bool>(false);
    const std::uint64_t generation = generation_;
    for (const SecretType kind :
         {SecretType::our_keys, SecretType::peer_keys, SecretType::gatt_client}) {
        set_secret(kind, key_of(type, address), std::nullopt,
                   [removed](bool was_there) { *removed |= was_there; });
        if (generation != generation_) return make_error(errc::not_active);
    }
    // Inside a handler the answers come later.
    return *removed || delivery_.delivering() ? error_code{} : make_error(errc::no_such_procedure);
}

// ---- what bonded clients have configured

/// Once for each link, when it is encrypted with the bond's key: before that it may be anybody.
void Host::restore_client(Connection& connection) {
    if (std::exchange(connection.client_restored, true)) return;
    get_secret(SecretType::gatt_client, 0,
               key_of(connection.bond_peer.type, connection.bond_peer.address),
               [this, handle = connection.handle](std::optional<Bytes> stored) {
                   Connection* client = find(handle);
                   if (client == nullptr || !stored) return;
                   const auto record = decode_client_record(*stored);
                   if (!record) {
                       log::warn("host", "what was stored of a client's subscriptions is damaged");
                       return;
                   }
                   client->client_record.emplace(stored->begin(), stored->end());
                   server_->restore(client->client_state, *record);
                   with_server(*client, client->att, [&](auto context) {
                       server_->announce_change(context, client->att.session);
                   });
               });
}

/// Stores what has changed since.
void Host::save_client(Connection& connection) {
    if (!connection.client_restored || !connection.security.bond()) return;
    const gatt::ClientRecord record = server_->record(connection.client_state);
    if (!connection.client_record && record.configurations.empty() && record.features == 0) return;
    auto octets = encode_client_record(record);
    if (octets == connection.client_record) return;
    set_secret(SecretType::gatt_client,
               key_of(connection.bond_peer.type, connection.bond_peer.address), Bytes{octets},
               [](bool) {});
    connection.client_record = std::move(octets);
}

/// When everything ends at once there are no more events: only what the adapter's own store keeps
/// is brought up to date.
void Host::save_quietly(const Connection& connection) {
    const auto& bond = connection.security.bond();
    if (!bond || secrets_ == nullptr) return;
    const auto key = key_of(*bond);
    if (!secrets_->get(SecretType::peer_keys, 0, Bytes{key})) return;
    if (connection.client_restored)
        secrets_->set(SecretType::gatt_client, Bytes{key},
                      Bytes{encode_client_record(server_->record(connection.client_state))});
    smp::Bond present = *bond;
    if (connection.next_sign_counter != 0) present.ours.sign_counter = connection.next_sign_counter;
    if (const auto& verified = connection.client_state.signing_key)
        present.peers.sign_counter = verified->next_counter;
    if (present == *bond) return;
    secrets_->set(SecretType::our_keys, Bytes{key}, Bytes{smp::encode_our_keys(present).octets()});
    secrets_->set(SecretType::peer_keys, Bytes{key},
                  Bytes{smp::encode_peer_keys(present).octets()});
}

/// A SignCounter must never be used, or taken, twice.
void Host::save_counters(Connection& connection) {
    const auto& bond = connection.security.bond();
    if (!bond) return;
    const auto& verified = connection.client_state.signing_key;
    const std::uint64_t ours =
        connection.next_sign_counter != 0 ? connection.next_sign_counter : bond->ours.sign_counter;
    if (connection.next_sign_counter != 0 ||
        (verified && verified->next_counter != bond->peers.sign_counter))
        store_counters(connection, ours);
}

/// As long as the store has these very keys: the bond may have been removed or replaced meanwhile.
void Host::store_counters(Connection& connection, std::uint64_t ours) {
    smp::Bond bond = *connection.security.bond();
    bond.ours.sign_counter = ours;
    if (const auto& verified = connection.client_state.signing_key)
        bond.peers.sign_counter = verified->next_counter;
    get_bond(bond.peer_type, bond.peer, [this, bond](const std::optional<smp::Bond>& present) {
        if (present && present->ours.csrk == bond.ours.csrk &&
            present->peers.csrk == bond.peers.csrk)
            set_bond(bond, present, [](bool) {});
    });
}

}  // namespace bluetooth
