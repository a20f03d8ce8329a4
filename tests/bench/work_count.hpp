// SPDX-License-Identifier: MIT
//
// Work as a number that is the same on every machine and in every run: the basic blocks that were
// executed. The compiler counts them (-fsanitize-coverage=trace-pc, GCC and Clang) in the files
// that CMakeLists.txt names. Wall-clock time would depend on what else runs here, and the
// processor's own counters are not everybody's to read.
#pragma once

#include <cstdint>

namespace bluetooth::test {

/// The blocks executed so far.
std::uint64_t work_count();

}  // namespace bluetooth::test
