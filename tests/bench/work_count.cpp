// SPDX-License-Identifier: MIT
#include "tests/bench/work_count.hpp"

namespace {
std::uint64_t blocks = 0;
}

/// The compiler puts a call of this into every basic block, but not into those of this file.
extern "C" void __sanitizer_cov_trace_pc();
extern "C" void __sanitizer_cov_trace_pc() { ++blocks; }

std::uint64_t bluetooth::test::work_count() { return blocks; }
