// SPDX-License-Identifier: MIT
//
// Which association model two devices pair by (Vol 3 Part H 2.3.5.1).
#pragma once

#include <cstdint>
#include <string_view>

#include "smp/pdus.hpp"

namespace bluetooth::smp {

enum class Method : std::uint8_t { just_works, passkey_entry, numeric_comparison, out_of_band };

constexpr std::string_view to_string(Method method) {
    switch (method) {
    case Method::just_works: return "Just Works";
    case Method::passkey_entry: return "Passkey Entry";
    case Method::numeric_comparison: return "Numeric Comparison";
    case Method::out_of_band: return "Out of Band";
    }
    return "?";
}

/// What the user of one side does in Passkey Entry.
enum class PasskeyTask : std::uint8_t { display, input };

struct AssociationModel {
    Method method = Method::just_works;
    PasskeyTask initiator = PasskeyTask::display;  ///< only with Passkey Entry
    PasskeyTask responder = PasskeyTask::display;

    /// Whether nobody can have come in between (2.3.5.1, Table 2.8).
    bool authenticated() const { return method != Method::just_works; }
};

/// Tables 2.6 to 2.8. The IO capabilities are valid.
constexpr AssociationModel association_model(const Features& initiator, const Features& responder,
                                             bool secure_connections) {
    const bool i_oob = initiator.oob_data_flag == OobDataFlag::present;
    const bool r_oob = responder.oob_data_flag == OobDataFlag::present;
    if (secure_connections ? i_oob || r_oob : i_oob && r_oob) return {Method::out_of_band};
    if (!initiator.has(auth_req::mitm) && !responder.has(auth_req::mitm)) return {};

    const IoCapability i = initiator.io_capability;
    const IoCapability r = responder.io_capability;
    const auto can_compare = [](IoCapability io) {
        return io == IoCapability::display_yes_no || io == IoCapability::keyboard_display;
    };
    const auto has_keyboard = [](IoCapability io) {
        return io == IoCapability::keyboard_only || io == IoCapability::keyboard_display;
    };
    if (i == IoCapability::no_input_no_output || r == IoCapability::no_input_no_output) return {};
    if (secure_connections && can_compare(i) && can_compare(r)) return {Method::numeric_comparison};
    if (!has_keyboard(i) && !has_keyboard(r)) return {};
    constexpr auto display = PasskeyTask::display;
    constexpr auto input = PasskeyTask::input;
    if (i == IoCapability::keyboard_only && r == IoCapability::keyboard_only)
        return {Method::passkey_entry, input, input};
    // Where both have a keyboard and a display, the initiator displays.
    if (has_keyboard(r) && i != IoCapability::keyboard_only)
        return {Method::passkey_entry, display, input};
    return {Method::passkey_entry, input, display};
}

}  // namespace bluetooth::smp
