// SPDX-License-Identifier: MIT
#pragma once

#include "tools/asioble/output.hpp"

namespace bluetooth::tool {

/// Prints the profiles that virtual controllers can have, and what can be changed in them.
void list_profiles(const Output& out);

}  // namespace bluetooth::tool
