// SPDX-License-Identifier: MIT
#include "tools/asioble/pairing_agent.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "crypto/random.hpp"
#include "smp/methods.hpp"
#include "tools/asioble/bonds.hpp"
#include "tools/asioble/text.hpp"

namespace bluetooth::tool {
namespace {

constexpr std::uint32_t passkey_bound = 1'000'000;

std::string six_digits(std::uint32_t passkey) {
    std::string digits = std::to_string(passkey);
    return std::string(6 - std::min<std::size_t>(6, digits.size()), '0') + digits;
}

/// What was typed; people like to write it in two groups.
std::optional<std::uint32_t> passkey_in(std::string text) {
    std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\r'; });
    const auto is_digit = [](char c) { return '0' <= c && c <= '9'; };
    if (text.size() != 6 || !std::ranges::all_of(text, is_digit)) return std::nullopt;
    return static_cast<std::uint32_t>(std::stoul(text));
}

}  // namespace

void PairingAgent::on_event(const Event& event) {
    std::visit(Overloaded{
                   [&](const PeripheralConnect& e) { on_peer(e.addr_type, e.addr); },
                   [&](const CentralConnect& e) { on_peer(e.addr_type, e.addr); },
                   [&](const PeripheralDisconnect& e) { lost_ = e.reason; },
                   [&](const CentralDisconnect& e) { lost_ = e.reason; },
                   [&](const PasskeyAction& e) { on_passkey_action(e); },
                   [&](const WeakerPairing& e) {
                       e.answer(weaker_allowed_);
                       if (!weaker_allowed_) refused_ = Weaker{e.present, e.wanted};
                   },
                   [&](const SetSecret& e) { on_secret(e); },
                   [&](const EncryptionUpdate& e) { on_end(e); },
                   [](const auto&) {},
               },
               event);
}

void PairingAgent::on_peer(AddressType type, const Address& address) {
    // Identity addresses have the types 2 and 3 where a controller or a host has resolved them.
    if (address != peer_.address) weaker_allowed_ = false;  // that was for someone else
    peer_ = {AddressType{static_cast<std::uint8_t>(static_cast<unsigned>(type) & 1)}, address};
    end_.reset();
    lost_ = {};
}

/// A bond says who the peer is, whatever its address was when we met.
void PairingAgent::on_secret(const SetSecret& secret) {
    smp::BondKey key;
    if (secret.type != SecretType::peer_keys || !secret.value || secret.key.size() != key.size())
        return;
    std::ranges::copy(secret.key, key.begin());
    peer_ = {type_of(key), address_of(key)};
}

void PairingAgent::on_end(const EncryptionUpdate& update) {
    questions_.withdraw();
    end_ = update;
    weaker_ = std::exchange(refused_, {});
    if (!update.error) weaker_allowed_ = false;
}

// ---- numbers

void PairingAgent::on_passkey_action(const PasskeyAction& action) {
    given_up_.clear();
    switch (action.action) {
    case PasskeyActionType::numeric_comparison: return compare(action.conn_handle, action.passkey);
    case PasskeyActionType::input: return enter(action.conn_handle);
    case PasskeyActionType::display: return display(action.conn_handle);
    }
}

void PairingAgent::answer(ConnectionHandle link, PasskeyActionType action, std::uint32_t number) {
    error_code too_late;  // the pairing has ended, as its end will tell
    ble_.gap_passkey(link, action, number, too_late);
}

void PairingAgent::give_up(ConnectionHandle link, const std::string& why) {
    given_up_ = why;
    error_code too_late;
    ble_.gap_pair_cancel(link, too_late);
}

void PairingAgent::compare(ConnectionHandle link, std::uint32_t number) {
    const std::string digits = six_digits(number);
    out_.tell(
        "Numeric Comparison: " + out_.paint(Style::bold, digits) +
            " is shown here, and must be on the other device. Only compare: nobody is to type "
            "this number anywhere.",
        Json{"passkey"}.add("action", "compare").add("passkey", digits));
    const auto decide = [this, link](bool same) {
        answer(link, PasskeyActionType::numeric_comparison, same ? 1 : 0);
    };
    if (answers_.yes) return decide(true);
    if (answers_.passkey) return decide(*answers_.passkey == number);
    if (!Questions::possible())
        return give_up(link,
                       "nobody can be asked whether the numbers are the same, as standard input is "
                       "no terminal; --yes agrees unseen");
    questions_.ask("Does the other device show " + digits + "? [y/N]",
                   [decide](const Questions::Answer& given) { decide(is_yes(given)); });
}

void PairingAgent::enter(ConnectionHandle link) {
    out_.tell("Passkey Entry: the other device shows a number, which is to be entered here.",
              Json{"passkey"}.add("action", "input"));
    if (answers_.passkey) return answer(link, PasskeyActionType::input, *answers_.passkey);
    if (!Questions::possible())
        return give_up(link,
                       "nobody can be asked for the number on the other device, as standard input "
                       "is no terminal; --passkey says it");
    const auto on_answer = [this, link](const auto& self, const Questions::Answer& given) -> void {
        if (!given) return give_up(link, "no passkey was entered");
        if (const auto passkey = passkey_in(*given))
            return answer(link, PasskeyActionType::input, *passkey);
        questions_.ask("These are not 6 digits. Enter them again:",
                       [self](const auto& next) { self(self, next); });
    };
    questions_.ask("Enter the 6 digits that the other device shows:",
                   [on_answer](const auto& given) { on_answer(on_answer, given); });
}

void PairingAgent::display(ConnectionHandle link) {
    crypto::SystemRandom random;
    const std::uint32_t passkey = answers_.passkey.value_or(random.below(passkey_bound));
    const std::string digits = six_digits(passkey);
    out_.tell("Passkey Entry: enter " + out_.paint(Style::bold, digits) +
                  " on the other device, and nowhere else.",
              Json{"passkey"}.add("action", "display").add("passkey", digits));
    answer(link, PasskeyActionType::display, passkey);
}

// ---- a bond that would be replaced by a weaker one

bool PairingAgent::ask_for_weaker() {
    const auto weaker = std::exchange(weaker_, {});
    if (!weaker || !Questions::possible()) return false;
    out_.say("There is a bond with " + to_text(peer_) + ": " + strength_text(weaker->present) +
             ". The new pairing would be weaker: " + strength_text(weaker->wanted) +
             ". Somebody else may be behind it.");
    weaker_allowed_ = is_yes(questions_.ask_and_wait(
        "Are you sure that it is the same device, and want this all the same? [y/N]"));
    return weaker_allowed_;
}

// ---- the end

void PairingAgent::tell_success(const std::string& bonds_file, bool bond_wanted) const {
    const EncryptionUpdate& update = *end_;
    const KeyStrength strength{update.secure_connections, update.authenticated, update.key_size};
    Json json{"encrypted"};
    json.add("address", to_string(peer_.address))
        .add("type", to_string(peer_.type))
        .add("paired", update.method.has_value());
    if (update.method) json.add("method", smp::to_string(*update.method));
    json.add("secure_connections", update.secure_connections)
        .add("authenticated", update.authenticated)
        .add("key_size", update.key_size)
        .add("bonded", update.bonded);
    if (update.bonded) json.add("file", bonds_file);

    const std::string how =
        update.method ? " with " + to_text(peer_) + " by " + std::string{to_string(*update.method)}
                      : " with the key of the bond with " + to_text(peer_);
    out_.tell(out_.paint(Style::good, update.method ? "Paired" : "Encrypted") + how, json);
    out_.say("  The link is encrypted: " + strength_text(strength) + '.');
    if (!update.authenticated)
        out_.say("  Whoever was near when they paired may have come in between.");
    if (!update.secure_connections)
        out_.say("  Whoever has listened to the pairing can read along.");
    if (update.bonded)
        out_.say("  The bond is kept in " + bonds_file + "; `asioble bonds` shows and removes it.");
    else if (bond_wanted)
        out_.say("  There is no bond: the other device does not want one, or see above.");
    else
        out_.say("  There is no bond: the next link needs another pairing.");
}

std::string PairingAgent::failure() const {
    if (!given_up_.empty()) return given_up_;
    if (weaker_)
        return "the new pairing would be weaker than the bond there is, so it was refused. If the "
               "other device has lost its bond: `asioble bonds remove " +
               to_string(peer_.address) + "`, then pair again";
    const error_code error = end_ ? end_->error : make_error(errc::connection_lost);
    const std::string text = failure_text(error, peer_);
    return error == errc::connection_lost && lost_ ? text + " (" + lost_.message() + ')' : text;
}

}  // namespace bluetooth::tool
