// SPDX-License-Identifier: MIT
//
// Secrets as the text of a file: a line that names the format and its version, then a line for each
// secret with its type, its key and its value in hex, and a check that finds damage.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bluetooth/secret_table.hpp"

namespace bluetooth {

/// A larger file is none of ours.
inline constexpr std::size_t max_secret_text_size = std::size_t{1} << 20;

struct ParsedSecrets {
    SecretTable table;
    /// One message for each line that was left out. None holds a key or a value.
    std::vector<std::string> damage;
    /// Not empty: what to do about a text of which nothing is understood, or too much is there.
    /// Whoever overwrites it loses what others have written.
    std::string refusal;
};

ParsedSecrets parse_secrets(Bytes text);
SecretOctets format_secrets(const SecretTable& table);

/// "keys of C0:00:00:00:00:01 (random)": what may be said of a secret.
std::string secret_name(SecretType type, Bytes key);

/// The first octets of a code that is the same for the same text only; not a secret.
std::array<std::uint8_t, 8> secret_text_check(std::string_view text);

}  // namespace bluetooth
