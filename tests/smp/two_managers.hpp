// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <functional>

#include "tests/smp/manager_script.hpp"

namespace bluetooth::test {

/// Two security managers with a link between them: PDUs pass, and the controllers encrypt when both
/// sides give the same key. What one side sees of the other can be recorded, changed or cut off.
class TwoManagers {
public:
    /// What the one has stored of the other.
    explicit TwoManagers(const std::optional<smp::Bond>& of_the_central = {},
                         const std::optional<smp::Bond>& of_the_peripheral = {}) {
        central.stored = of_the_central;
        peripheral.stored = of_the_peripheral;
        for (ManagerScript* side : {&central, &peripheral}) {
            side->local.settings.bonding = true;
            side->connect();
        }
    }

    /// What the user of a side does; where a number is displayed, both know it.
    std::uint32_t passkey = 123'456;
    std::optional<std::uint32_t> typed;  ///< instead of the passkey
    bool agrees = true;                  ///< that the numbers are the same
    bool allows_weaker = true;
    bool answers = true;  ///< the users are there

    /// Sees each PDU on its way, which it may change or swallow (by making it empty).
    std::function<void(bool to_central, Octets& pdu)> on_the_way = [](bool, Octets&) {};

    /// Lets the central pair and everything happen that follows.
    void pair() {
        REQUIRE_FALSE(central.manager.pair(central.context()));
        run();
    }
    void run() {
        for (int i = 0; i < 1000; ++i) {
            collect(central);
            collect(peripheral);
            if (air_.empty()) return;
            auto [to_central, pdu] = std::move(air_.front());
            air_.pop_front();
            on_the_way(to_central, pdu);
            if (pdu.empty()) continue;
            ManagerScript& to = to_central ? central : peripheral;
            to.manager.receive(to.context(), pdu);
        }
        FAIL("the two never come to an end");
    }
    void wait(Duration duration) {
        for (ManagerScript* side : {&central, &peripheral}) {
            side->now += duration;
            side->manager.on_timer(side->context());
        }
        run();
    }

    /// What has come of it on one side.
    struct Outcome {
        std::vector<smp::SecurityDone> done;
        std::vector<std::uint32_t> compared;
        std::optional<crypto::Key> key;  ///< that its controller was given last
        bool disconnected = false;
        std::vector<Octets> sent;

        bool succeeded() const { return done.size() == 1 && !done[0].error; }
        error_code error() const { return done.empty() ? error_code{} : done.back().error; }
    };
    Outcome& outcome(const ManagerScript& side) { return outcomes_[&side == &central ? 0 : 1]; }
    Outcome& of_central() { return outcomes_[0]; }
    Outcome& of_peripheral() { return outcomes_[1]; }

    ManagerScript central{smp::Role::central};
    ManagerScript peripheral{smp::Role::peripheral};

private:
    void collect(ManagerScript& side) {
        for (const ManagerScript::Action& action : side.take())
            std::visit([&](const auto& a) { execute(side, a); }, action);
        if (!side.out.empty()) collect(side);
    }
    void execute(ManagerScript& side, const smp::Send& a) {
        outcome(side).sent.emplace_back(a.pdu());
        air_.emplace_back(&side == &peripheral, Octets{a.pdu()});
    }
    void execute(ManagerScript& side, const smp::StartEncryption& a) {
        outcome(side).key = a.ltk.value;
        const bool refresh = encrypted_;
        of_peripheral().key.reset();
        peripheral.manager.on_key_request(peripheral.context(), a.ltk.random_number,
                                          a.ltk.encrypted_diversifier);
        collect(peripheral);
        const auto& theirs = of_peripheral().key;
        const error_code error = ManagerScript::hci_error(!theirs                  ? 0x06
                                                          : *theirs != a.ltk.value ? 0x3d
                                                                                   : 0x00);
        encrypted_ = !error;
        const auto tell = [&](ManagerScript& to) {
            if (refresh)
                to.manager.on_key_refresh(to.context(), error);
            else
                to.manager.on_encryption_change(to.context(), error, !error);
        };
        tell(central);
        if (theirs) tell(peripheral);  // else its controller has nothing to tell
    }
    void execute(ManagerScript& side, const smp::AnswerKeyRequest& a) { outcome(side).key = a.key; }
    void execute(ManagerScript& side, const smp::PasskeyNeeded& a) {
        if (!answers) return;
        std::uint32_t number = passkey;
        if (a.action == smp::PasskeyAction::numeric_comparison) {
            outcome(side).compared.push_back(a.number);
            number = agrees ? 1 : 0;
        } else if (a.action == smp::PasskeyAction::input && typed) {
            number = *typed;
        }
        CHECK_FALSE(side.manager.answer_passkey(side.context(), a.action, number));
    }
    void execute(ManagerScript& side, const smp::WeakerPairing&) {
        CHECK_FALSE(side.manager.allow_weaker(side.context(), allows_weaker));
    }
    void execute(ManagerScript& side, const smp::SecurityDone& a) {
        outcome(side).done.push_back(a);
    }
    void execute(ManagerScript& side, const smp::Disconnect&) { outcome(side).disconnected = true; }
    template <class Other> void execute(ManagerScript&, const Other&) {}

    std::deque<std::pair<bool, Octets>> air_;
    std::array<Outcome, 2> outcomes_;
    bool encrypted_ = false;
};

}  // namespace bluetooth::test
