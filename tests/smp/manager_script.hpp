// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "smp/security_manager.hpp"
#include "tests/support/hex.hpp"
#include "tests/support/lines.hpp"

namespace bluetooth::test {

/// Hands out the octets that the test gives, in the order in which the air carries them, then
/// octets from a seed.
class GivenRandom final : public crypto::RandomSource {
public:
    explicit GivenRandom(std::uint64_t seed) : seeded_(seed) {}
    /// A number that the peer will see in this order, but the core draws the other way round.
    void give_number(Octets octets) {
        std::ranges::reverse(octets);
        give(octets);
    }
    void give(Bytes octets) { given_.insert(given_.end(), octets.begin(), octets.end()); }
    bool used_up() const { return given_.empty(); }
    void fill(MutableBytes out) override {
        if (given_.size() < out.size()) return seeded_.fill(out);
        std::copy_n(given_.begin(), out.size(), out.begin());
        given_.erase(given_.begin(), given_.begin() + static_cast<std::ptrdiff_t>(out.size()));
    }

private:
    Octets given_;
    crypto::SeededRandom seeded_;
};

inline smp::TypedAddress public_address(std::string_view text) {
    return {AddressType::public_device, Address::parse(text).value()};
}
inline smp::TypedAddress random_address(std::string_view text) {
    return {AddressType::random_device, Address::parse(text).value()};
}
template <std::size_t N> std::array<std::uint8_t, N> array_of(Bytes octets) {
    if (octets.size() != N) throw std::invalid_argument("array_of(): another size");
    std::array<std::uint8_t, N> out{};
    std::ranges::copy(octets, out.begin());
    return out;
}
/// A key of octets in the order of the air.
inline crypto::Key key_from_air(Bytes octets) {
    return crypto::Key{crypto::reversed(array_of<16>(octets))};
}
inline Octets on_air(const crypto::Key& key) {
    return Octets{Bytes{crypto::reversed(key.octets())}};
}

/// A security manager whose peer, controller, store and application are the test. What it wants
/// done comes back as lines of text; PDUs and keys in the order of the air.
class ManagerScript {
public:
    using Action = smp::Outbox::Action;

    explicit ManagerScript(smp::Role role, smp::TypedAddress ours, smp::TypedAddress peers)
        : manager_role(role),
          random(role == smp::Role::central ? 1 : 2),
          manager({role, ours, peers}, local) {
        local.identity = {ours, crypto::Key{{1, 2, 3, static_cast<std::uint8_t>(role)}}};
    }
    explicit ManagerScript(smp::Role role)
        : ManagerScript(role, address_of(role == smp::Role::central),
                        address_of(role != smp::Role::central)) {}
    /// Central c0:…:01, peripheral c0:…:02, both random static.
    static smp::TypedAddress address_of(bool central) {
        return random_address(central ? "c0:00:00:00:00:01" : "c0:00:00:00:00:02");
    }

    smp::Context context() { return {now, random, out}; }
    Lines receive(std::string_view octets) { return receive(Bytes{hex(octets)}); }
    Lines receive(Bytes octets) {
        manager.receive(context(), octets);
        return lines();
    }
    Lines connect() {
        manager.on_connected(context());
        return lines();
    }
    Lines pair(bool anew = false) {
        if (const error_code error = manager.pair(context(), anew)) return {error.message()};
        return lines();
    }
    Lines cancel() {
        if (const error_code error = manager.cancel(context())) return {error.message()};
        return lines();
    }
    Lines answer(smp::PasskeyAction action, std::uint32_t number) {
        if (const error_code error = manager.answer_passkey(context(), action, number))
            return {error.message()};
        return lines();
    }
    Lines keypress(smp::Keypress key) {
        if (const error_code error = manager.send_keypress(context(), key))
            return {error.message()};
        return lines();
    }
    Lines allow_weaker(bool allowed) {
        if (const error_code error = manager.allow_weaker(context(), allowed))
            return {error.message()};
        return lines();
    }
    /// EDIV and Rand as on the wire.
    Lines key_request(std::uint16_t diversifier = 0, std::string_view number = "0000000000000000") {
        manager.on_key_request(context(), array_of<8>(hex(number)), diversifier);
        return lines();
    }
    Lines encryption_change(std::uint8_t status = 0, bool enabled = true) {
        manager.on_encryption_change(context(), hci_error(status), enabled);
        return lines();
    }
    Lines key_refresh(std::uint8_t status = 0) {
        manager.on_key_refresh(context(), hci_error(status));
        return lines();
    }
    Lines encryption_refused(std::uint8_t status) {
        manager.on_encryption_refused(context(), hci_error(status));
        return lines();
    }
    Lines wait(Duration duration) {
        now += duration;
        if (now >= wake) {
            wake = never;
            manager.on_timer(context());
        }
        return lines();
    }
    Lines disconnect() {
        manager.on_disconnected(context());
        return lines();
    }

    /// What is to be done, in order; the store has answered already, where it is to.
    std::vector<Action> take() {
        std::vector<Action> all;
        while (!out.empty()) {
            std::vector<Action> batch(out.begin(), out.end());
            out.clear();
            for (const Action& action : batch) {
                if (std::holds_alternative<smp::LookUpBond>(action) && answers_lookups)
                    manager.on_bond(context(), stored);
                if (const auto* store = std::get_if<smp::StoreBond>(&action)) {
                    last_stored = store->bond;
                    replaces_better = store->replaces_better;
                    if (store_works) stored = store->bond;
                    if (answers_stores) manager.on_bond_stored(context(), store_works);
                }
            }
            all.insert(all.end(), batch.begin(), batch.end());
        }
        wake = std::min(wake, out.take_wake());
        return all;
    }
    Lines lines() {
        Lines result;
        for (const Action& action : take())
            std::visit([&](const auto& a) { describe(result, a); }, action);
        return result;
    }
    static error_code hci_error(std::uint8_t status) { return {status, hci_category()}; }

    smp::Role manager_role;
    smp::Local local;
    GivenRandom random;
    Time now{};
    Time wake = never;
    smp::Outbox out;
    smp::SecurityManager manager;
    std::optional<smp::Bond> stored;       ///< what is stored for the peer
    std::optional<smp::Bond> last_stored;  ///< what was to be stored
    bool replaces_better = false;          ///< of that
    bool answers_lookups = true;
    bool answers_stores = true;
    bool store_works = true;

private:
    static std::string strength(bool sc, bool authenticated, unsigned size) {
        return std::string{sc ? "sc " : "legacy "} + (authenticated ? "mitm " : "") +
               std::to_string(size);
    }
    static std::string strength(const smp::KeyStrength& s) {
        return strength(s.secure_connections, s.authenticated, s.key_size);
    }
    static std::string security(const LinkSecurity& s) {
        return (s.encrypted ? strength(s.secure_connections, s.authenticated, s.key_size)
                            : std::string{"plain"}) +
               (s.bonded ? " bonded" : "");
    }
    static void describe(Lines& to, const smp::Send& a) { to.push_back("send " + to_hex(a.pdu())); }
    static void describe(Lines& to, const smp::StartEncryption& a) {
        std::string name;
        if (a.ltk.encrypted_diversifier != 0)
            name = " ediv " + std::to_string(a.ltk.encrypted_diversifier) + " rand " +
                   to_hex(a.ltk.random_number);
        to.push_back("encrypt " + to_hex(on_air(a.ltk.value)) + name);
    }
    static void describe(Lines& to, const smp::AnswerKeyRequest& a) {
        to.push_back(a.key ? "key " + to_hex(on_air(*a.key)) : "no key");
    }
    static void describe(Lines&, const smp::LookUpBond&) {}
    static void describe(Lines& to, const smp::StoreBond& a) {
        to.push_back("store " + to_string(a.bond.peer) + " " + strength(a.bond.strength) +
                     (a.replaces_better ? " replaces better" : ""));
    }
    static void describe(Lines& to, const smp::PasskeyNeeded& a) {
        switch (a.action) {
        case smp::PasskeyAction::input: return to.push_back("input");
        case smp::PasskeyAction::display: return to.push_back("display");
        case smp::PasskeyAction::numeric_comparison:
            return to.push_back("compare " + std::to_string(a.number));
        }
    }
    static void describe(Lines& to, const smp::KeypressReceived& a) {
        to.push_back("keypress " + std::to_string(static_cast<int>(a.keypress)));
    }
    static void describe(Lines& to, const smp::WeakerPairing& a) {
        to.push_back("weaker: " + strength(a.wanted) + " than " + strength(a.present));
    }
    static void describe(Lines& to, const smp::SecurityChanged& a) {
        to.push_back("security " + security(a.security));
    }
    static void describe(Lines& to, const smp::SecurityDone& a) {
        to.push_back(a.error ? "failed: " + std::string{a.error.category().name()} + ' ' +
                                   std::to_string(a.error.value())
                             : "done" + (a.method ? ": " + std::string{smp::to_string(*a.method)}
                                                  : std::string{}));
    }
    static void describe(Lines& to, const smp::Disconnect&) { to.push_back("disconnect"); }
};

}  // namespace bluetooth::test
