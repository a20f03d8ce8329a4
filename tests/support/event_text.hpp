// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "bluetooth/events.hpp"

namespace bluetooth::test {

/// What an event says, on one line: "GattcReadDone 0040 0016 status 0".
std::string describe(const Event& event);

}  // namespace bluetooth::test
