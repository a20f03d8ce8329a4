// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "base/log.hpp"
#include "tests/smp/bonds.hpp"
#include "tests/smp/two_managers.hpp"

namespace bluetooth::test {

/// No lines while so much goes wrong on purpose.
class QuietLog {
public:
    QuietLog() { log::set_level(log::Level::off); }
    ~QuietLog() { log::set_level(before_); }
    QuietLog(const QuietLog&) = delete;
    QuietLog& operator=(const QuietLog&) = delete;

private:
    log::Level before_ = log::level();
};

/// Something that happens to a manager.
struct Input {
    std::string name;
    std::function<error_code(ManagerScript&)> apply;
    bool reports_encryption = false;  ///< of the controller
    bool begins = false;              ///< may begin something
    bool pairs = false;               ///< the application's `pair`
    unsigned confirms = 0;            ///< what a right peer or user confirms by it, bits of these:
    static constexpr unsigned confirm_value = 1, random_value = 2, check = 4, comparison = 8;
};

inline Input pdu_input(const std::string& name, const Octets& pdu, unsigned confirms = 0) {
    return {.name = name,
            .apply =
                [pdu](ManagerScript& s) {
                    s.manager.receive(s.context(), pdu);
                    return error_code{};
                },
            .begins = !pdu.empty() && (pdu[0] == 0x01 || pdu[0] == 0x0b),
            .confirms = confirms};
}
/// What a PDU of a right peer confirms.
inline unsigned confirmed_by(const Octets& pdu) {
    return pdu[0] == 0x03   ? Input::confirm_value
           : pdu[0] == 0x04 ? Input::random_value
           : pdu[0] == 0x0d ? Input::check
                            : 0u;
}
template <class F> Input call_input(const std::string& name, F f) {
    return {.name = name, .apply = [f](ManagerScript& s) {
                f(s);
                return error_code{};
            }};
}
inline Input answer_input(smp::PasskeyAction action, std::uint32_t number) {
    const bool agrees = action == smp::PasskeyAction::numeric_comparison && number != 0;
    return {
        .name = "answer " + std::to_string(static_cast<int>(action)) + ' ' + std::to_string(number),
        .apply =
            [=](ManagerScript& s) { return s.manager.answer_passkey(s.context(), action, number); },
        .confirms = agrees ? Input::comparison : 0};
}
inline Input key_request_input(std::uint16_t ediv, std::array<std::uint8_t, 8> number) {
    Input input = call_input("key request " + std::to_string(ediv), [=](ManagerScript& s) {
        s.manager.on_key_request(s.context(), number, ediv);
    });
    input.begins = true;
    return input;
}
inline Input encryption_input(std::uint8_t status, bool enabled) {
    Input input = call_input(
        "encryption change " + std::to_string(status) + (enabled ? " on" : " off"),
        [=](ManagerScript& s) {
            s.manager.on_encryption_change(s.context(), ManagerScript::hci_error(status), enabled);
        });
    input.reports_encryption = status == 0 && enabled;
    return input;
}
inline Input refresh_input(std::uint8_t status) {
    Input input = call_input("key refresh " + std::to_string(status), [=](ManagerScript& s) {
        s.manager.on_key_refresh(s.context(), ManagerScript::hci_error(status));
    });
    input.reports_encryption = status == 0;
    return input;
}
inline Input pair_input(bool anew) {
    return {.name = anew ? "pair anew" : "pair",
            .apply = [=](ManagerScript& s) { return s.manager.pair(s.context(), anew); },
            .begins = true,
            .pairs = true};
}
inline Input wait_input(Duration duration) {
    return call_input("wait", [=](ManagerScript& s) {
        s.now += duration;
        s.manager.on_timer(s.context());
    });
}

/// A way to pair, and which side of it is looked at.
struct Way {
    const char* name;
    bool sc;
    bool mitm;
    smp::IoCapability io[2];  ///< of central and peripheral
    bool bonded = false;      ///< better than what the pairing leads to
};

/// A right pairing, as one side lives through it.
struct Recording {
    Way way;
    smp::Role role;
    std::vector<Input> inputs;
    std::vector<Octets> received;
    crypto::Key key;
    unsigned needed = 0;  ///< bits of `Input::confirms` without which there is no key

    Recording(const Way& w, smp::Role r) : way(w), role(r) {
        const bool central = role == smp::Role::central;
        TwoManagers two;
        prepare(two.central);
        prepare(two.peripheral);
        two.pair();
        REQUIRE(two.of_central().succeeded());
        REQUIRE(two.of_peripheral().succeeded());
        key = *two.of_central().key;
        received = central ? two.of_peripheral().sent : two.of_central().sent;
        needed = way.sc ? Input::check : Input::confirm_value | Input::random_value;
        record();
    }

    /// Settings and key pair of a side of this pairing.
    void prepare(ManagerScript& side) const {
        const bool central = side.manager_role == smp::Role::central;
        side.local.settings.bonding = true;
        side.local.settings.secure_connections = way.sc;
        side.local.settings.mitm = way.mitm;
        side.local.settings.io = way.io[central ? 0 : 1];
        static const std::array<crypto::KeyPair, 2> pairs = [] {
            crypto::SeededRandom random{5};
            auto first = crypto::KeyPair::generate(random);
            return std::array{first, crypto::KeyPair::generate(random)};
        }();
        side.local.key_pair = pairs[central ? 0 : 1];
    }
    std::optional<smp::Bond> bond() const {
        return way.bonded ? std::optional{modern_bond(true)} : std::nullopt;
    }

private:
    /// Lives through it once more to see when the user and the controller have to say something.
    void record() {
        ManagerScript side{role};
        prepare(side);
        side.stored = bond();
        (void)side.connect();
        if (role == smp::Role::central) add(side, pair_input(true));
        bool encrypted = false;
        for (const Octets& pdu : received) {
            const bool is_key = pdu[0] >= 0x06 && pdu[0] <= 0x0a;
            if (is_key && !std::exchange(encrypted, true)) encrypt(side);
            add(side, pdu_input("right " + to_hex(Bytes{pdu}.first(1)), pdu, confirmed_by(pdu)));
        }
        REQUIRE_FALSE(side.manager.busy());
        REQUIRE(side.manager.security().encrypted);
    }
    void encrypt(ManagerScript& side) {
        if (role == smp::Role::peripheral) add(side, key_request_input(0, {}));
        add(side, encryption_input(0, true));
    }
    void add(ManagerScript& side, const Input& input) {
        REQUIRE_FALSE(input.apply(side));
        inputs.push_back(input);
        for (const ManagerScript::Action& action : side.take()) {
            if (const auto* asked = std::get_if<smp::PasskeyNeeded>(&action)) {
                const bool compare = asked->action == smp::PasskeyAction::numeric_comparison;
                if (compare) needed |= Input::comparison;
                add(side, answer_input(asked->action, compare ? 1 : 123'456));
            } else if (std::holds_alternative<smp::WeakerPairing>(action)) {
                add(side, call_input("allow", [](ManagerScript& s) {
                        (void)s.manager.allow_weaker(s.context(), true);
                    }));
            }
        }
    }
};

/// A manager whose every action is looked at. What must never be is collected in `wrong`.
class Watched {
public:
    explicit Watched(const Recording& recording) : recording_(recording), script(recording.role) {
        recording.prepare(script);
        script.stored = recording.bond();
        script.manager.on_connected(script.context());
        (void)script.take();
    }

    void apply(const Input& input) {
        const bool was_busy = script.manager.busy();
        const bool was_encrypted = script.manager.security().encrypted;
        if (!script.manager.pairing()) confirmed_ = 0;
        confirmed_ |= input.confirms;
        const bool key_was_out = key_out_;
        const bool accepted = !input.apply(script);
        if (input.pairs && accepted) {
            if (std::exchange(owed_, true)) complain("a pair was accepted before another ended");
        }
        int done = 0;
        bool failed = false;
        bool stores = false;
        for (const ManagerScript::Action& action : script.take()) {
            if (const auto* start = std::get_if<smp::StartEncryption>(&action))
                check_key(start->ltk.value);
            if (const auto* answer = std::get_if<smp::AnswerKeyRequest>(&action); answer)
                if (answer->key) check_key(*answer->key);
            if (const auto* change = std::get_if<smp::SecurityChanged>(&action))
                if (change->security.encrypted && !was_encrypted &&
                    !(input.reports_encryption && key_was_out))
                    complain("encrypted, though the controller has not said so under a key");
            stores |= std::holds_alternative<smp::StoreBond>(action);
            if (const auto* end = std::get_if<smp::SecurityDone>(&action)) {
                ++done;
                failed |= static_cast<bool>(end->error);
            }
        }
        if (done > 1) complain("it ended twice");
        if (done == 1 && !was_busy && !was_encrypted && !input.begins)
            complain("it ended without having begun");
        if (done == 1 && script.manager.busy()) complain("it ended and goes on");
        if (done == 1) owed_ = false;
        if (stores && (failed || done != 1 || !script.manager.security().encrypted))
            complain("a bond is stored without success");
        if (script.manager.security().encrypted && input.reports_encryption) key_out_ = false;
    }
    /// Silence: everything ends.
    void end() {
        apply(wait_input(std::chrono::seconds{30}));
        apply(wait_input(std::chrono::seconds{45}));
        if (script.manager.busy()) complain("it is stuck");
        if (owed_) complain("a pair has not ended");
    }

    std::string wrong;

private:
    const Recording& recording_;

public:
    ManagerScript script;

private:
    void complain(std::string_view text) { wrong += std::string{text} + "; "; }
    void check_key(const crypto::Key& key) {
        key_out_ = true;
        const auto& bond = script.stored;
        if (bond && bond->ours.ltk && key == bond->ours.ltk->value) return;
        if (bond && bond->peers.ltk && key == bond->peers.ltk->value) return;
        if (key != recording_.key) complain("an unknown key for the controller");
        if ((confirmed_ & recording_.needed) != recording_.needed)
            complain("a key for the controller that is not confirmed");
    }

    unsigned confirmed_ = 0;
    bool key_out_ = false;
    bool owed_ = false;
};

}  // namespace bluetooth::test
