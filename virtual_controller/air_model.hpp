// SPDX-License-Identifier: MIT
#pragma once

namespace bluetooth::virtual_controller {

/// What of real air an `Air` has. Without any of it everything in reach is heard, and what a host
/// sends on a link is there at once: the quickest air for tests and benchmarks.
struct AirModel {
    /// How likely a PDU is lost: 0 (never) to 1 (always). What is lost on a link is sent again.
    double loss = 0;
    /// Advertising PDUs that overlap on a channel destroy each other.
    bool collisions = false;
    /// Links take the time that connection interval, data length and PHY take.
    bool timing = false;
};

}  // namespace bluetooth::virtual_controller
