// SPDX-License-Identifier: MIT
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>

#include "tests/support/hex.hpp"

namespace bluetooth::test {

/// The JSON file `path` below the folder of third-party fixtures that `ASIOBLE_FIXTURES` names.
/// Where that is not set, nothing, and a message that the running test case is skipped.
std::optional<boost::json::value> fixture_json(const std::string& path);

/// A member that holds a text.
std::string text_at(const boost::json::value& object, const char* member);
/// A member that holds octets as hex digits.
Octets hex_at(const boost::json::value& object, const char* member);

}  // namespace bluetooth::test
