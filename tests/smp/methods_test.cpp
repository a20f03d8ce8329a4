// SPDX-License-Identifier: MIT
// Tables 2.6 to 2.8 of Vol 3 Part H, written out as they stand there: a line for each responder, a
// column for each initiator.
#include "smp/methods.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>

using namespace bluetooth::smp;

namespace {

constexpr std::array<IoCapability, 5> capabilities{
    IoCapability::display_only, IoCapability::display_yes_no, IoCapability::keyboard_only,
    IoCapability::no_input_no_output, IoCapability::keyboard_display};

// JW    Just Works, unauthenticated
// D>I   Passkey Entry: the initiator displays, the responder inputs
// I<D   Passkey Entry: the initiator inputs, the responder displays
// I+I   Passkey Entry: both input
// NC    Numeric Comparison
using Row = std::array<std::string_view, 5>;
using Table = std::array<Row, 5>;

// Initiator:   DisplayOnly DisplayYesNo KeyboardOnly NoInputNoOutput KeyboardDisplay
constexpr Table legacy_table{{
    /* DisplayOnly     */ {"JW", "JW", "I<D", "JW", "I<D"},
    /* DisplayYesNo    */ {"JW", "JW", "I<D", "JW", "I<D"},
    /* KeyboardOnly    */ {"D>I", "D>I", "I+I", "JW", "D>I"},
    /* NoInputNoOutput */ {"JW", "JW", "JW", "JW", "JW"},
    /* KeyboardDisplay */ {"D>I", "D>I", "I<D", "JW", "D>I"},
}};
constexpr Table secure_connections_table{{
    /* DisplayOnly     */ {"JW", "JW", "I<D", "JW", "I<D"},
    /* DisplayYesNo    */ {"JW", "NC", "I<D", "JW", "NC"},
    /* KeyboardOnly    */ {"D>I", "D>I", "I+I", "JW", "D>I"},
    /* NoInputNoOutput */ {"JW", "JW", "JW", "JW", "JW"},
    /* KeyboardDisplay */ {"D>I", "NC", "I<D", "JW", "NC"},
}};

std::string short_name(const AssociationModel& model) {
    switch (model.method) {
    case Method::just_works: return "JW";
    case Method::numeric_comparison: return "NC";
    case Method::out_of_band: return "OOB";
    case Method::passkey_entry: break;
    }
    const bool i_displays = model.initiator == PasskeyTask::display;
    const bool r_displays = model.responder == PasskeyTask::display;
    if (i_displays && r_displays) return "both display";
    return i_displays ? "D>I" : r_displays ? "I<D" : "I+I";
}

std::string model_of(IoCapability initiator, bool initiator_mitm, bool initiator_oob,
                     IoCapability responder, bool responder_mitm, bool responder_oob, bool sc) {
    const auto features = [](IoCapability io, bool mitm, bool oob) {
        return Features{.io_capability = io,
                        .oob_data_flag = oob ? OobDataFlag::present : OobDataFlag::not_present,
                        .auth_req = mitm ? auth_req::mitm : std::uint8_t{0}};
    };
    const AssociationModel model =
        association_model(features(initiator, initiator_mitm, initiator_oob),
                          features(responder, responder_mitm, responder_oob), sc);
    CHECK(model.authenticated() == (model.method != Method::just_works));
    return short_name(model);
}

}  // namespace

TEST_CASE("smp methods: Table 2.8 in full, where either side asks for MITM protection") {
    for (const bool sc : {false, true})
        for (std::size_t r = 0; r < 5; ++r)
            for (std::size_t i = 0; i < 5; ++i)
                for (const int mitm : {1, 2, 3}) {
                    CAPTURE(sc);
                    CAPTURE(i);
                    CAPTURE(r);
                    CAPTURE(mitm);
                    const auto expected = (sc ? secure_connections_table : legacy_table)[r][i];
                    CHECK(model_of(capabilities[i], (mitm & 1) != 0, false, capabilities[r],
                                   (mitm & 2) != 0, false, sc) == expected);
                }
}

TEST_CASE("smp methods: without MITM protection it is Just Works whatever the capabilities") {
    for (const bool sc : {false, true})
        for (const IoCapability i : capabilities)
            for (const IoCapability r : capabilities)
                CHECK(model_of(i, false, false, r, false, false, sc) == "JW");
}

TEST_CASE("smp methods: Tables 2.6 and 2.7: out of band needs both sides' data in legacy pairing") {
    for (const bool mitm : {false, true})
        for (const IoCapability i : capabilities)
            for (const IoCapability r : capabilities) {
                CHECK(model_of(i, mitm, true, r, mitm, true, false) == "OOB");
                CHECK(model_of(i, mitm, true, r, mitm, true, true) == "OOB");
                CHECK(model_of(i, mitm, true, r, mitm, false, true) == "OOB");
                CHECK(model_of(i, mitm, false, r, mitm, true, true) == "OOB");
                const std::string without = model_of(i, mitm, false, r, mitm, false, false);
                CHECK(model_of(i, mitm, true, r, mitm, false, false) == without);
                CHECK(model_of(i, mitm, false, r, mitm, true, false) == without);
            }
}

TEST_CASE("smp methods: each has the specification's name") {
    CHECK(to_string(Method::just_works) == "Just Works");
    CHECK(to_string(Method::passkey_entry) == "Passkey Entry");
    CHECK(to_string(Method::numeric_comparison) == "Numeric Comparison");
    CHECK(to_string(Method::out_of_band) == "Out of Band");
    CHECK(to_string(Method{99}) == "?");
}
