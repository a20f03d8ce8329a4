// SPDX-License-Identifier: MIT
//
// A conformance case for an ATT/GATT server. The cases are written from Vol 3 Part F 3.4 and Part G
// 2.5, 3 and 7; tests/att/transcript.hpp explains their notation, and server_cases_test.cpp holds
// the attribute table to which all of them belong.
#pragma once

#include <cstdint>
#include <string_view>

#include "tests/att/transcript.hpp"

namespace bluetooth::test {

struct ServerCase {
    /// What the case begins with, beside the table.
    struct Given {
        LinkSecurity security{};
        bool application_asked = false;  ///< about reads
        bool strict = false;
        bool signing_key = false;  ///< the key K of RFC 4493, no counter of which was used
        std::uint16_t enhanced_mtu = 0;
    };
    std::string_view name;
    Transcript transcript;
    Given given{};
};

namespace given {
inline constexpr LinkSecurity bonded{.bonded = true};
inline constexpr LinkSecurity just_works{.encrypted = true, .key_size = 16};
inline constexpr LinkSecurity short_key{.encrypted = true, .key_size = 7};
inline constexpr LinkSecurity protected_from_mitm{
    .encrypted = true, .authenticated = true, .key_size = 16};
inline constexpr LinkSecurity authorized{.authorized = true};
}  // namespace given

}  // namespace bluetooth::test
