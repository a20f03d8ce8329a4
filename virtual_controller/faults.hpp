// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace bluetooth::virtual_controller {

/// What a controller does wrong on demand, to see what its host makes of it. Each holds until it is
/// set back; Reset does not. See also `Air::vanish` and `Air::reset`.
struct Faults {
    /// What the host sends from now on is swallowed: no answer ever, nothing is carried out.
    bool silent = false;
    /// Commands are carried out, and answered, so much later.
    Duration answer_delay{};
    /// So many of the next events have one random bit of their parameters flipped; counts down.
    unsigned corrupt_events = 0;
    /// Added to each count in Number Of Completed Packets; what would be below 0 is 0.
    int completed_packets_error = 0;
    /// Num_HCI_Command_Packets in the answers to commands.
    std::uint8_t command_credits = 1;
    /// So many of the next encrypted PDUs from the peers have one bit flipped on the air, which is
    /// a MIC failure. Counts down. Without encryption a real radio notices by the CRC.
    unsigned corrupt_data = 0;
};

}  // namespace bluetooth::virtual_controller
