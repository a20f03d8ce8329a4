// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "tests/smp/manager_script.hpp"

namespace bluetooth::test {

/// A PDU that somebody has seen on the air, or in the capture of one side.
struct AirPdu {
    bool from_central = false;
    Octets pdu;
};
using Air = std::vector<AirPdu>;

inline bool is_features(Bytes pdu) { return pdu[0] == 0x01 || pdu[0] == 0x02; }

/// The features that we send when ours are to be those of `pdu`: all keys but the link key or none,
/// and of these those that `request` asks for.
inline Octets our_features(Octets pdu, const Octets* request) {
    const bool bonding = (pdu[3] & 3) == 1 && (request == nullptr || ((*request)[3] & 3) == 1);
    for (const std::size_t i : {5u, 6u}) {
        pdu[i] = bonding ? 0x07 : 0x00;
        if (request != nullptr) pdu[i] &= (*request)[i];
    }
    return pdu;
}

/// Our manager in the place of one side of a pairing that somebody else has done: draws the same
/// random numbers, hears the same PDUs, and should send the same ones. The key distribution is ours
/// to choose; where it differs, the confirm values of legacy pairing, into which it goes, are
/// computed anew from the same random numbers.
class Replay {
public:
    Replay(smp::Role role, smp::TypedAddress central, smp::TypedAddress peripheral, Air air)
        : script(role, role == smp::Role::central ? central : peripheral,
                 role == smp::Role::central ? peripheral : central),
          air_(std::move(air)),
          central_(central),
          peripheral_(peripheral) {
        script.manager.on_connected(script.context());
        (void)script.take();
        settle_features();
        for (const AirPdu& p : air_)
            if (is_ours(p)) prepare(p.pdu);
    }

    /// To be called before `run`, with the TK of both sides.
    void use_temporary_key(const crypto::Key& ours, const crypto::Key& theirs) {
        for (AirPdu& p : air_) {
            if (p.pdu[0] != 0x03) continue;
            const Octets* random = nullptr;
            for (const AirPdu& q : air_)
                if (q.pdu[0] == 0x04 && q.from_central == p.from_central) random = &q.pdu;
            if (random == nullptr) continue;  // never shown
            const auto value =
                smp::c1(is_ours(p) ? ours : theirs,
                        crypto::reversed(array_of<16>(Bytes{*random}.subspan(1))),
                        array_of<7>(find(0x01)), array_of<7>(find(0x02)), central_, peripheral_);
            const auto on_wire = crypto::reversed(value);
            std::ranges::copy(on_wire, p.pdu.begin() + 1);
        }
    }

    void run() {
        if (is_central()) {
            CHECK_FALSE(script.manager.pair(script.context()));
            collect();
        }
        for (const AirPdu& p : air_) {
            if (p.pdu[0] >= 0x06 && p.pdu[0] <= 0x0a) encrypt();
            if (is_ours(p)) {
                expected.push_back(p.pdu);
                CHECK(sent.size() >= expected.size());  // in time
            } else {
                script.manager.receive(script.context(), p.pdu);
                collect();
            }
        }
        encrypt();
        CHECK(script.random.used_up());
    }

    bool is_ours(const AirPdu& p) const { return p.from_central == is_central(); }
    /// The first PDU with this code.
    const Octets& find(std::uint8_t code) const {
        const auto found =
            std::ranges::find_if(air_, [code](const AirPdu& p) { return p.pdu[0] == code; });
        REQUIRE(found != air_.end());
        return found->pdu;
    }

    std::uint32_t passkey = 0;   ///< that our user displays or types
    bool agrees = true;          ///< that the numbers are the same
    bool same_features = false;  ///< as those that were recorded
    ManagerScript script;

    std::vector<Octets> expected;  ///< what that side has sent
    std::vector<Octets> sent;      ///< what we have sent
    std::optional<crypto::Key> key;
    std::optional<std::uint32_t> compared;
    std::vector<smp::SecurityDone> done;

private:
    bool is_central() const { return script.manager_role == smp::Role::central; }

    void settle_features() {
        same_features = true;
        const Octets* request = nullptr;
        for (AirPdu& p : air_) {
            if (!is_features(p.pdu)) continue;
            if (is_ours(p)) {
                const Octets ours = our_features(p.pdu, request);
                same_features = ours == p.pdu;
                p.pdu = ours;
            }
            request = &p.pdu;
        }
    }
    /// Makes us send this.
    void prepare(const Octets& pdu) {
        const Bytes value = Bytes{pdu}.subspan(1);
        smp::Settings& settings = script.local.settings;
        switch (pdu[0]) {
        case 0x01:
        case 0x02:
            settings.io = smp::IoCapability{pdu[1]};
            settings.bonding = (pdu[3] & 0x03) == 1;
            settings.mitm = (pdu[3] & 0x04) != 0;
            settings.secure_connections = (pdu[3] & 0x08) != 0;
            settings.keypress = (pdu[3] & 0x10) != 0;
            settings.max_key_size = pdu[4];
            break;
        case 0x04:
        case 0x06:
        case 0x0a: script.random.give_number(Octets{value}); break;
        case 0x07: script.random.give(value); break;
        case 0x08: script.local.identity.irk = key_from_air(value); break;
        case 0x09:
            script.local.identity.address = {AddressType{value[0]},
                                             Address::from_wire(array_of<6>(value.subspan(1)))};
            break;
        default: break;
        }
    }
    void encrypt() {
        if (std::exchange(encrypted_, true)) return;
        if (is_central() != key.has_value()) return;
        if (!is_central()) {
            if (script.manager.pairing()) script.manager.on_key_request(script.context(), {}, 0);
            collect();
            if (!key) return;
        }
        script.manager.on_encryption_change(script.context(), {}, true);
        collect();
    }
    void collect() {
        for (const ManagerScript::Action& action : script.take())
            std::visit([this](const auto& a) { execute(a); }, action);
        if (!script.out.empty()) collect();
    }
    void execute(const smp::Send& a) { sent.emplace_back(a.pdu()); }
    void execute(const smp::StartEncryption& a) { key = a.ltk.value; }
    void execute(const smp::AnswerKeyRequest& a) { key = a.key; }
    void execute(const smp::SecurityDone& a) { done.push_back(a); }
    void execute(const smp::PasskeyNeeded& a) {
        const bool comparison = a.action == smp::PasskeyAction::numeric_comparison;
        if (comparison) compared = a.number;
        CHECK_FALSE(script.manager.answer_passkey(script.context(), a.action,
                                                  comparison ? agrees : passkey));
    }
    template <class Other> void execute(const Other&) {}

    Air air_;
    smp::TypedAddress central_;
    smp::TypedAddress peripheral_;
    bool encrypted_ = false;
};

}  // namespace bluetooth::test
