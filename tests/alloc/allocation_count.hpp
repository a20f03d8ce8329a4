// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace bluetooth::test {

/// How often operator new was called so far, by this whole program. Programs that are linked with
/// allocation_count.cpp only.
std::uint64_t allocation_count();

}  // namespace bluetooth::test
